//! The values and types of an instance, as its module can express them.

use crate::heap::{self, AnyKind, FuncRef, StoreInner};
use crate::ids::{InstanceIndex, TypeId};
use crate::module::{HeapType, Module, RefType, ValBits, ValType};
use alloc::collections::BTreeMap;
use wasm_encoder::{AbstractHeapType, ConstExpr, Ieee32, Ieee64, Instruction};

/// Converts the values of an instance to constant expressions.
pub struct Values<'a> {
    store: &'a StoreInner,
    instance: InstanceIndex,
    module: &'a Module,
    /// Indices of imported functions in the module, by their indices in the store.
    imports: BTreeMap<u32, u32>,
    /// Indices of types in the module.
    types: BTreeMap<TypeId, u32>,
}

/// A kind of value that a constant expression cannot create, as a noun with an article.
pub type Unwritable = &'static str;

impl<'a> Values<'a> {
    /// Prepares the conversion for an instance.
    pub fn new(store: &'a StoreInner, instance: InstanceIndex) -> Values<'a> {
        let owner: &heap::Instance = store.instance(instance);
        let module = owner.module();
        let mut imports = BTreeMap::new();
        for (index, &function) in owner.parts().imported_functions.iter().enumerate() {
            imports.entry(function).or_insert(index as u32);
        }
        let mut types = BTreeMap::new();
        for (index, ty) in module.types.iter().enumerate() {
            types.entry(ty.id).or_insert(index as u32);
        }
        Values {
            store,
            instance,
            module,
            imports,
            types,
        }
    }

    /// Returns an expression with a value.
    ///
    /// # Errors
    ///
    /// If there is no such expression.
    pub fn expression(&self, ty: ValType, bits: ValBits) -> Result<ConstExpr, Unwritable> {
        let [low, high] = bits;
        Ok(match ty {
            ValType::I32 => ConstExpr::i32_const(low as i32),
            ValType::I64 => ConstExpr::i64_const(low as i64),
            ValType::F32 => ConstExpr::f32_const(Ieee32::new(low as u32)),
            ValType::F64 => ConstExpr::f64_const(Ieee64::new(low)),
            ValType::V128 => {
                ConstExpr::v128_const((u128::from(low) | u128::from(high) << 64) as i128)
            }
            ValType::Ref(ty) => self.reference(ty.heap, low)?,
        })
    }

    fn reference(&self, heap: HeapType, bits: u64) -> Result<ConstExpr, Unwritable> {
        if bits == 0 {
            return Ok(ConstExpr::ref_null(self.heap_type(heap)));
        }
        match heap.top() {
            HeapType::Func => self.function(bits).map(ConstExpr::ref_func),
            HeapType::Exn => Err("an exception"),
            HeapType::Cont => Err("a continuation"),
            top => match AnyKind::of(bits) {
                Some(AnyKind::I31(value)) => {
                    let number = [Instruction::I32Const(value as i32), Instruction::RefI31];
                    let outside =
                        (top == HeapType::Extern).then_some(Instruction::ExternConvertAny);
                    Ok(ConstExpr::extended(number.into_iter().chain(outside)))
                }
                Some(AnyKind::Object(_)) => Err("a structure or an array"),
                Some(AnyKind::Extern(_)) => Err("a value of the host"),
                None => Ok(ConstExpr::ref_null(self.heap_type(heap))),
            },
        }
    }

    /// Returns the index in the module of the function to which a reference that is not null
    /// refers.
    ///
    /// # Errors
    ///
    /// If it is not a function of the module.
    pub fn function(&self, bits: u64) -> Result<u32, Unwritable> {
        let unknown = "a function that the module neither defines nor imports";
        let func = FuncRef(bits as u32).get().ok_or(unknown)?;
        if let Some(&index) = self.imports.get(&func.0) {
            return Ok(index);
        }
        let object = self.store.func(func);
        let own =
            !object.is_host() && self.store.instance_of_core(object.instance) == self.instance;
        own.then_some(object.index).ok_or(unknown)
    }

    /// Converts a type of the module.
    pub fn val_type(&self, ty: ValType) -> wasm_encoder::ValType {
        match ty {
            ValType::I32 => wasm_encoder::ValType::I32,
            ValType::I64 => wasm_encoder::ValType::I64,
            ValType::F32 => wasm_encoder::ValType::F32,
            ValType::F64 => wasm_encoder::ValType::F64,
            ValType::V128 => wasm_encoder::ValType::V128,
            ValType::Ref(ty) => wasm_encoder::ValType::Ref(self.ref_type(ty)),
        }
    }

    /// Converts a reference type of the module.
    pub fn ref_type(&self, ty: RefType) -> wasm_encoder::RefType {
        wasm_encoder::RefType {
            nullable: ty.nullable,
            heap_type: self.heap_type(ty.heap),
        }
    }

    fn heap_type(&self, ty: HeapType) -> wasm_encoder::HeapType {
        let ty = match ty {
            HeapType::Func => AbstractHeapType::Func,
            HeapType::NoFunc => AbstractHeapType::NoFunc,
            HeapType::Extern => AbstractHeapType::Extern,
            HeapType::NoExtern => AbstractHeapType::NoExtern,
            HeapType::Any => AbstractHeapType::Any,
            HeapType::Eq => AbstractHeapType::Eq,
            HeapType::I31 => AbstractHeapType::I31,
            HeapType::Struct => AbstractHeapType::Struct,
            HeapType::Array => AbstractHeapType::Array,
            HeapType::None => AbstractHeapType::None,
            HeapType::Exn => AbstractHeapType::Exn,
            HeapType::NoExn => AbstractHeapType::NoExn,
            HeapType::Cont => AbstractHeapType::Cont,
            HeapType::NoCont => AbstractHeapType::NoCont,
            HeapType::ConcreteFunc(id)
            | HeapType::ConcreteStruct(id)
            | HeapType::ConcreteArray(id)
            | HeapType::ConcreteCont(id) => {
                // The module's own declarations refer to types that it defines.
                let index = self.types.get(&id).copied();
                debug_assert!(index.is_some(), "{:?} defines no type {id:?}", self.module);
                return wasm_encoder::HeapType::Concrete(index.unwrap_or_default());
            }
        };
        wasm_encoder::HeapType::Abstract { shared: false, ty }
    }
}
