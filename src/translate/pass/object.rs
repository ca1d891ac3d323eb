//! Instructions on structures, arrays and types of references.

use super::frame::far;
use super::function::Function;
use super::operand::{Class, Kind, Operand, Place};
use crate::code::cells::*;
use crate::code::{CastTarget, CastTest, FarSlot, ModuleData, ModuleElements, Offset, Op, Target};
use crate::ids::TypeId;
use crate::module::{
    CompositeType, FieldLayout, HeapType, Module, ObjectLayout, Storage, StorageType, ValType,
};
use crate::support::size_class::size_class;
use alloc::sync::Arc;

/// Byte of an array at which its length is.
const LENGTH: u32 = 4;

/// The part of a field that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// All of it.
    None,
    /// A packed integer, with its sign extended.
    Signed,
    /// A packed integer, extended with zeros.
    Unsigned,
}

/// The ops that access a field or an element of a type.
#[derive(Clone, Copy, Debug)]
struct Accesses {
    get: [Op; 8],
    set: [Op; 5],
}

const STRUCT: Accesses = Accesses {
    get: [
        Op::StructGet8S,
        Op::StructGet8U,
        Op::StructGet16S,
        Op::StructGet16U,
        Op::StructGetI32,
        Op::StructGetI64,
        Op::StructGetF32,
        Op::StructGetF64,
    ],
    set: [
        Op::StructSet8,
        Op::StructSet16,
        Op::StructSet32,
        Op::StructSet64,
        Op::StructSetRef,
    ],
};

const ARRAY: Accesses = Accesses {
    get: [
        Op::ArrayGet8S,
        Op::ArrayGet8U,
        Op::ArrayGet16S,
        Op::ArrayGet16U,
        Op::ArrayGetI32,
        Op::ArrayGetI64,
        Op::ArrayGetF32,
        Op::ArrayGetF64,
    ],
    set: [
        Op::ArraySet8,
        Op::ArraySet16,
        Op::ArraySet32,
        Op::ArraySet64,
        Op::ArraySetRef,
    ],
};

impl Accesses {
    /// Returns the op that reads a field of a type, and the kind of the result. Vectors have ops of
    /// their own.
    fn get(&self, ty: StorageType, extension: Extension) -> (Op, Kind) {
        let signed = extension == Extension::Signed;
        let (index, kind) = match ty {
            StorageType::I8 => (if signed { 0 } else { 1 }, Kind::I32),
            StorageType::I16 => (if signed { 2 } else { 3 }, Kind::I32),
            StorageType::Val(ty) => {
                let kind = Kind::from(ty);
                let index = match kind {
                    Kind::F32 => 6,
                    Kind::F64 => 7,
                    Kind::I64 | Kind::ContRef => 5,
                    _ => 4,
                };
                (index, kind)
            }
        };
        (self.get[index], kind)
    }

    /// Returns the op that writes a field, if it is not one with cells of its own.
    fn set(&self, storage: Storage) -> Option<Op> {
        Some(match storage {
            Storage::I8 => self.set[0],
            Storage::I16 => self.set[1],
            Storage::Word => self.set[2],
            Storage::Double => self.set[3],
            Storage::Object => self.set[4],
            Storage::Vector | Storage::Exn | Storage::Cont => return None,
        })
    }
}

/// Returns the type of a field of a structure, or of the elements of an array.
fn storage_type(module: &Module, ty: u32, field: u32) -> StorageType {
    match &module.types[ty as usize].ty.composite {
        CompositeType::Struct(fields) => fields[field as usize].storage,
        CompositeType::Array(element) => element.storage,
        other => unreachable!("{other:?} has no fields"),
    }
}

impl Function<'_> {
    fn layout(&self, ty: u32) -> (TypeId, Arc<ObjectLayout>) {
        let ty = &self.module.types[ty as usize];
        (ty.id, Arc::clone(&ty.layout))
    }

    /// Returns the place of an operand that is no immediate.
    fn place_of(&mut self, operand: &Operand) -> Place {
        match self.values.place(operand) {
            Place::Immediate(_) => Place::Slot(self.values.slot(operand)),
            place => place,
        }
    }

    /// Returns the place of a value that is written to an object. A float is read from a slot.
    fn place_of_value(&mut self, value: &Operand) -> Place {
        match value.kind.class() {
            Class::Int => self.values.place(value),
            _ => match self.values.place(value) {
                Place::Acc => Place::Slot(self.values.slot(value)),
                place => place,
            },
        }
    }

    // --- structures ---

    /// `struct.get` and the like.
    pub fn struct_get(&mut self, ty: u32, field: u32, extension: Extension) {
        let (_, layout) = self.layout(ty);
        let FieldLayout { offset, storage } = layout.fields[field as usize];
        let object = self.values.pop();
        if storage == Storage::Vector {
            let slot = self.values.slot(&object);
            let object = self.values.source(slot, 2);
            return self.slot_result(Kind::V128, |result| StructGetV128 {
                result,
                object,
                offset,
            });
        }
        let (op, kind) = STRUCT.get(storage_type(self.module, ty, field), extension);
        self.get_field(op, kind, &object, offset);
    }

    /// Reads a field at a byte of an object.
    fn get_field(&mut self, op: Op, kind: Kind, object: &Operand, offset: u32) {
        let place = self.place_of(object);
        let object = self.input(place, 1);
        self.values.free_acc(kind.class());
        let cell = self.values.assembler.emit_get_field(op, object, offset);
        self.values.push_acc(kind, cell);
    }

    /// `struct.set`.
    pub fn struct_set(&mut self, ty: u32, field: u32) {
        let (_, layout) = self.layout(ty);
        let FieldLayout { offset, storage } = layout.fields[field as usize];
        let Some(op) = STRUCT.set(storage) else {
            if storage == Storage::Vector {
                let value = self.values.pop();
                let object = self.values.pop();
                let (value, object) = (self.values.slot(&value), self.values.slot(&object));
                let value = self.values.source_of(Class::Vector, value, 1);
                let object = self.values.source(object, 2);
                self.values.assembler.emit(StructSetV128 {
                    object,
                    value,
                    offset,
                });
            } else {
                self.service(2, None, |operands| StructSetTraced { operands, field });
            }
            return;
        };
        let value = self.values.pop();
        let object = self.values.pop();
        let value = self.place_of_value(&value);
        let object = match self.place_of(&object) {
            Place::Acc if value == Place::Acc => Place::Slot(self.values.slot(&object)),
            place => place,
        };
        let (object, value) = (self.input(object, 1), self.input(value, 2));
        let assembler = &mut self.values.assembler;
        assembler.emit_set_field(op, object, offset, value);
    }

    /// `struct.new`.
    pub fn struct_new(&mut self, ty: u32) {
        let (ty, layout) = self.layout(ty);
        let class = size_class(layout.size);
        let is_word = |field: &FieldLayout| field.storage.size() == 4;
        if (1..=4).contains(&layout.fields.len()) && layout.fields.iter().all(is_word) {
            return self.small_struct(layout.fields.len(), ty, class.into());
        }
        let slots = layout.fields.iter().map(slots_of).sum();
        let class = u32::from(class);
        self.creation(slots, |operands| StructNew {
            operands,
            ty,
            class,
        });
    }

    /// Creates a structure of up to four 32-bit fields, whose values can be in any slots.
    fn small_struct(&mut self, fields: usize, ty: TypeId, class: u16) {
        let mut slots = [0; 4];
        for slot in slots[..fields].iter_mut().rev() {
            let operand = self.values.pop();
            *slot = self.values.slot(&operand);
        }
        self.values.free_acc(Class::Int);
        let mut field = |index: usize| self.values.source(slots[index], index + 1);
        let kind = Kind::AnyRef;
        match fields {
            1 => {
                let a = field(0);
                self.slot_result(kind, |result| StructNew1 {
                    result,
                    a,
                    class,
                    ty,
                });
            }
            2 => {
                let (a, b) = (field(0), field(1));
                self.slot_result(kind, |result| StructNew2 {
                    result,
                    a,
                    b,
                    class,
                    ty,
                });
            }
            3 => {
                let (a, b, c) = (field(0), field(1), field(2));
                self.slot_result(kind, |result| StructNew3 {
                    result,
                    a,
                    b,
                    c,
                    ty,
                    class,
                });
            }
            _ => {
                let (a, b, c, d) = (field(0), field(1), field(2), field(3));
                self.slot_result(kind, |result| StructNew4 {
                    result,
                    a,
                    b,
                    c,
                    d,
                    class,
                    ty,
                });
            }
        }
        self.values.mirror_top();
    }

    /// `struct.new_default`.
    pub fn struct_new_default(&mut self, ty: u32) {
        let (ty, layout) = self.layout(ty);
        let class = u32::from(size_class(layout.size));
        self.creation(0, |operands| StructNewDefault {
            operands,
            ty,
            class,
        });
    }

    /// Writes a cell that creates an object of operands, which take `slots` slots.
    fn creation<C: Row>(&mut self, slots: u32, cell: impl FnOnce(FarSlot) -> C) {
        self.service(slots, Some(Kind::AnyRef), cell);
        self.values.mirror_top();
    }

    // --- arrays ---

    /// `array.new_default`.
    pub fn array_new_default(&mut self, ty: u32) {
        let (ty, _) = self.layout(ty);
        let metered = self.tunables.consume_fuel.into();
        self.creation(1, |operands| ArrayNewDefault {
            operands,
            ty,
            metered,
        });
    }

    /// `array.new_fixed`.
    pub fn array_new_fixed(&mut self, ty: u32, count: u32) {
        let (ty, layout) = self.layout(ty);
        let slots = count * slots_of(&layout.fields[0]);
        self.creation(slots, |operands| ArrayNewFixed {
            operands,
            ty,
            count,
        });
    }

    /// `array.new`.
    pub fn array_new(&mut self, ty: u32) {
        let (ty, layout) = self.layout(ty);
        let slots = slots_of(&layout.fields[0]) + 1;
        let metered = self.tunables.consume_fuel.into();
        self.filled_array(slots, |f, operands, hidden| {
            f.values.assembler.emit(ArrayNew {
                operands,
                ty,
                hidden,
                metered,
            });
            f.map_continues();
            f.values.assembler.emit(ArrayNewRest {
                operands,
                ty,
                hidden,
            });
        });
    }

    /// `array.new_data`.
    pub fn array_new_data(&mut self, ty: u32, data: u32) {
        let (ty, _) = self.layout(ty);
        let data = ModuleData(data);
        self.filled_array(2, |f, operands, hidden| {
            f.values.assembler.emit(ArrayNewData {
                operands,
                ty,
                hidden,
                data,
            });
            f.map_continues();
            f.values.assembler.emit(ArrayNewDataRest {
                operands,
                ty,
                hidden,
                data,
            });
        });
    }

    /// `array.new_elem`.
    pub fn array_new_elem(&mut self, ty: u32, elements: u32) {
        let (ty, _) = self.layout(ty);
        let elements = ModuleElements(elements);
        self.filled_array(2, |f, operands, hidden| {
            f.values.assembler.emit(ArrayNewElem {
                operands,
                ty,
                hidden,
                elements,
            });
            f.map_continues();
            f.values.assembler.emit(ArrayNewElemRest {
                operands,
                ty,
                hidden,
                elements,
            });
        });
    }

    /// Writes the cells that create an array and fill it. Between them, the array is in a hidden slot
    /// above the operands, and the number of its filled elements behind that.
    fn filled_array(&mut self, slots: u32, cells: impl FnOnce(&mut Self, FarSlot, FarSlot)) {
        let first = self.values.height() - slots;
        self.values.settle_from(first);
        self.values.free_accs();
        let hidden = self.values.frame.temp(self.values.height());
        self.values.push_hidden(Kind::AnyRef);
        self.values.push_temp(Kind::I32);
        self.values.pop();
        self.map_hidden();
        if let Some(mapping) = &mut self.mapping {
            mapping.fills(hidden + 1);
        }
        self.charge();
        self.values.drop_to(first);
        let operands = self.values.frame.temp(first);
        cells(self, far(operands), far(hidden));
        self.values.wrote(Class::Int, hidden);
        self.values.wrote(Class::Int, hidden + 1);
        self.values.push_temp(Kind::AnyRef);
        self.values.wrote_slot(operands);
    }

    /// `array.get` and the like.
    pub fn array_get(&mut self, ty: u32, extension: Extension) {
        let index = self.values.pop();
        let array = self.values.pop();
        let ty = storage_type(self.module, ty, 0);
        if ty == StorageType::Val(ValType::V128) {
            let (index, array) = (self.values.slot(&index), self.values.slot(&array));
            let (index, array) = (self.values.source(index, 1), self.values.source(array, 2));
            return self.slot_result(Kind::V128, |result| ArrayGetV128 {
                result,
                array,
                index,
            });
        }
        let (op, kind) = ARRAY.get(ty, extension);
        let index = self.values.place(&index);
        let array = match self.place_of(&array) {
            Place::Acc if index == Place::Acc => Place::Slot(self.values.slot(&array)),
            place => place,
        };
        let (array, index) = (self.input(array, 1), self.input(index, 2));
        self.values.free_acc(kind.class());
        let cell = self.values.assembler.emit_get_element(op, array, index);
        self.values.push_acc(kind, cell);
    }

    /// `array.set`.
    pub fn array_set(&mut self, ty: u32) {
        let storage = Storage::of(storage_type(self.module, ty, 0));
        let Some(op) = ARRAY.set(storage) else {
            if storage == Storage::Vector {
                let value = self.values.pop();
                let index = self.values.pop();
                let array = self.values.pop();
                let value = self.values.slot(&value);
                let (index, array) = (self.values.slot(&index), self.values.slot(&array));
                let value = self.values.source_of(Class::Vector, value, 1);
                let (index, array) = (self.values.source(index, 2), self.values.source(array, 3));
                self.values.assembler.emit(ArraySetV128 {
                    array,
                    index,
                    value,
                });
            } else {
                self.service(3, None, |operands| ArraySetTraced { operands });
            }
            return;
        };
        let value = self.values.pop();
        let index = self.values.pop();
        let array = self.values.pop();
        let value = self.place_of_value(&value);
        let index = match self.values.place(&index) {
            Place::Acc if value == Place::Acc => Place::Slot(self.values.slot(&index)),
            place => place,
        };
        let array = self.values.slot(&array);
        let array = self.values.source(array, 3);
        let (index, value) = (self.input(index, 1), self.input(value, 2));
        let assembler = &mut self.values.assembler;
        assembler.emit_set_element(op, array, index, value);
    }

    /// `array.len`.
    pub fn array_len(&mut self) {
        let array = self.values.pop();
        self.get_field(Op::StructGetI32, Kind::I32, &array, LENGTH);
    }

    /// `array.fill`.
    pub fn array_fill(&mut self, ty: u32) {
        let (ty, layout) = self.layout(ty);
        let slots = 3 + slots_of(&layout.fields[0]);
        self.bulk_service(slots, None, |operands| ArrayFill { operands, ty });
    }

    /// `array.copy`.
    pub fn array_copy(&mut self, ty: u32) {
        let (ty, _) = self.layout(ty);
        let metered = self.tunables.consume_fuel.into();
        self.bulk_service(5, None, |operands| ArrayCopy {
            operands,
            ty,
            metered,
        });
    }

    /// `array.init_data`.
    pub fn array_init_data(&mut self, ty: u32, data: u32) {
        let (ty, _) = self.layout(ty);
        let data = ModuleData(data);
        self.bulk_service(4, None, |operands| ArrayInitData { operands, ty, data });
    }

    /// `array.init_elem`.
    pub fn array_init_elem(&mut self, ty: u32, elements: u32) {
        let (ty, _) = self.layout(ty);
        let elements = ModuleElements(elements);
        self.bulk_service(4, None, |operands| ArrayInitElem {
            operands,
            ty,
            elements,
        });
    }

    // --- references ---

    /// `ref.eq`: equal references have equal bits.
    pub fn ref_eq(&mut self) {
        self.binary(Op::I32Eq, Kind::I32);
    }

    /// `ref.i31`.
    pub fn ref_i31(&mut self) {
        self.unary(Op::RefI31, Kind::AnyRef);
    }

    /// `any.convert_extern` and `extern.convert_any`, which change no bits.
    pub fn convert(&mut self, kind: Kind) {
        let reference = self.values.pop();
        self.values.push_as(&reference, kind);
    }

    /// Returns the test of a cast, the type, and whether the cast is to a structure or array type.
    fn cast_test(&self, nullable: bool, ty: wasmparser::HeapType) -> (CastTest, TypeId, bool) {
        use wasmparser::AbstractHeapType as Abstract;
        let none = TypeId::NONE;
        match ty {
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let index = index.as_module_index().expect("bodies name types by index");
                let (id, layout) = self.layout(index);
                let heap = HeapType::concrete(layout.kind, id);
                let (target, is_object) = match heap.top() {
                    HeapType::Func => (CastTarget::Func, false),
                    HeapType::Cont => (CastTarget::All, false),
                    _ => (CastTarget::Object, true),
                };
                (
                    CastTest::new(target, nullable, layout.depth()),
                    id,
                    is_object,
                )
            }
            wasmparser::HeapType::Abstract { ty, .. } => {
                let target = match ty {
                    Abstract::Eq => CastTarget::Eq,
                    Abstract::I31 => CastTarget::I31,
                    Abstract::Struct => CastTarget::Struct,
                    Abstract::Array => CastTarget::Array,
                    Abstract::None
                    | Abstract::NoFunc
                    | Abstract::NoExtern
                    | Abstract::NoExn
                    | Abstract::NoCont => CastTarget::None,
                    _ => CastTarget::All,
                };
                (CastTest::new(target, nullable, 0), none, false)
            }
        }
    }

    /// `ref.cast`.
    pub fn ref_cast(&mut self, nullable: bool, ty: wasmparser::HeapType) {
        let (test, id, is_object) = self.cast_test(nullable, ty);
        let operand = self.values.pop();
        let slot = self.values.slot(&operand);
        let reference = self.values.source(slot, 1);
        let ty = id;
        if is_object {
            self.values.assembler.emit(RefCast {
                reference,
                test,
                ty,
            });
        } else {
            self.values.assembler.emit(RefCastAny {
                reference,
                test,
                ty,
            });
        }
        self.values.push_slot(&operand);
    }

    /// `ref.test`.
    pub fn ref_test(&mut self, nullable: bool, ty: wasmparser::HeapType) {
        let (test, ty, is_object) = self.cast_test(nullable, ty);
        let operand = self.values.pop();
        let slot = self.values.slot(&operand);
        let reference = self.values.source(slot, 1);
        self.values.free_acc(Class::Int);
        if is_object {
            self.slot_result(Kind::I32, |result| RefTest {
                result,
                reference,
                test,
                ty,
            });
        } else {
            self.slot_result(Kind::I32, |result| RefTestAny {
                result,
                reference,
                test,
                ty,
            });
        }
        self.values.mirror_top();
    }

    /// `br_on_cast`, or `br_on_cast_fail`: the reference stays on the stack on both ways.
    pub fn br_on_cast(&mut self, relative: u32, to: wasmparser::RefType, fails: bool) {
        let cast = self.cast_test(to.is_nullable(), to.heap_type());
        let depth = self.control.len() - 1 - relative as usize;
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        self.values.push_slot(&reference);
        if depth != 0 && self.in_place(depth) {
            self.settle_label(depth);
            let branch = self.branch_on_cast(slot, cast, !fails);
            self.aim_conditional(depth, branch);
            return;
        }
        self.settle_carried(depth);
        let skip = self.branch_on_cast(slot, cast, fails);
        self.branch_around(relative, skip);
    }

    /// Writes a branch on the outcome of a cast of a reference in a slot. The target is to be set.
    fn branch_on_cast(
        &mut self,
        slot: i32,
        (test, ty, is_object): (CastTest, TypeId, bool),
        holds: bool,
    ) -> Offset {
        let reference = self.values.source(slot, 1);
        let assembler = &mut self.values.assembler;
        let target = Target(0);
        match (is_object, holds) {
            (true, true) => assembler.emit(BrOnCast {
                reference,
                test,
                ty,
                target,
            }),
            (true, false) => assembler.emit(BrOnCastFail {
                reference,
                test,
                ty,
                target,
            }),
            (false, true) => assembler.emit(BrOnCastAny {
                reference,
                test,
                ty,
                target,
            }),
            (false, false) => assembler.emit(BrOnCastFailAny {
                reference,
                test,
                ty,
                target,
            }),
        }
    }
}

/// Returns the number of slots that the value of a field takes.
fn slots_of(field: &FieldLayout) -> u32 {
    match field.storage {
        Storage::Vector => 2,
        _ => 1,
    }
}
