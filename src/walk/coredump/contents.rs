//! The contents of the extension: everything in a store except stacks and the bytes of memories.

use super::capture::Capture;
use super::extension::{
    Extension, Field, Function, Global, Heap, Instance, Memory, Module, ObjectType, ReasonKind,
    RefKind, Run, Stack, StackState, Storage, Table, Tag, Thread, ThreadState, Type,
    TypeDefinition, Value,
};
use super::memory::Source;
use super::objects::{Objects, ReachedType};
use super::shown::Shown;
use crate::heap::{self, AnyKind, StoreInner};
use crate::ids::{FuncIndex, TypeId};
use crate::module::{
    self, CompositeType, FieldType, HeapType, RefType, StorageType, TypeNames, ValType,
};
use crate::stack;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Builds the extension's contents, except the elements of tables, the frames of threads and the
/// contents of objects, which are written directly from the store and the capture.
pub fn contents(
    store: &StoreInner,
    capture: &Capture,
    shown: &Shown,
    sources: &[Source<'_>],
    objects: &Objects<'_>,
) -> Extension {
    let mut types = Types::new(store);
    let functions = store.functions().iter();
    let functions = functions
        .map(|object| {
            if object.is_host() {
                Function::Host {
                    ty: types.index(object.ty),
                }
            } else {
                Function::Wasm {
                    instance: store.instance_of_core(object.instance).0,
                    index: object.index,
                }
            }
        })
        .collect();
    let globals = store.globals().iter();
    let globals = globals
        .map(|global| Global {
            ty: types.ty(global.ty().value),
            value: objects.numbered(value(global.ty().value, global.get())),
        })
        .collect();
    let tables = store.tables().iter();
    let tables = tables
        .map(|table| Table {
            ty: types.ty(ValType::Ref(table.ty().element)),
            table64: table.ty().table64,
            maximum: table.ty().maximum,
            elements: Vec::new(),
        })
        .collect();
    let tags = store.tags().iter();
    let tags = tags
        .map(|tag| Tag {
            ty: types.index(tag.ty()),
        })
        .collect();
    let names: Vec<_> = capture.modules.iter().map(|it| it.type_names()).collect();
    let object_types = objects.types.iter();
    let object_types = object_types
        .map(|ty| object_type(ty, &mut types, &capture.modules, &names))
        .collect();
    let instances = store.instances().zip(&capture.instances);
    let mut reason = capture.reason.clone();
    if let Some(access) = &mut reason.access {
        access.memory = shown.position(access.memory);
    }
    Extension {
        producer: concat!("backstitch ", env!("CARGO_PKG_VERSION")).to_string(),
        reason,
        configuration: configuration(store),
        fuel: (store.engine().tunables.consume_fuel).then(|| store.stacks.fuel()),
        types: types.finish(),
        modules: capture
            .modules
            .iter()
            .map(|module| of_module(module))
            .collect(),
        functions,
        instances: instances
            .map(|(instance, &module)| of_instance(instance, module))
            .collect(),
        memories: memories(store, shown, sources),
        globals,
        tables,
        tags,
        stacks: stacks(capture, objects),
        threads: capture
            .threads
            .iter()
            .map(|thread| Thread {
                name: thread.name.clone(),
                complete: thread.complete,
                frames: Vec::new(),
                state: thread.state.map(|state| match state {
                    ThreadState::Waiting { memory, address } => ThreadState::Waiting {
                        memory: shown.position(memory),
                        address,
                    },
                    state => state,
                }),
            })
            .collect(),
        object_types,
        objects: None,
        roots: objects.roots().collect(),
        snapshot: None,
        module_bytes: Vec::new(),
    }
}

/// Describes the type of objects: as the first module that defines it has it.
fn object_type(
    reached: &ReachedType,
    types: &mut Types<'_>,
    modules: &[Arc<module::Module>],
    names: &[TypeNames<'_>],
) -> ObjectType {
    let definitions = modules.iter().map(|module| &module.types);
    let place = (0..).zip(definitions).find_map(|(module, types)| {
        let index = types.iter().position(|ty| ty.id == reached.id)?;
        Some((module, index as u32))
    });
    let names = place.map(|(module, index)| (&names[module as usize], index));
    let field = |types: &mut Types<'_>, field: &FieldType, name: Option<&str>| Field {
        name: name.map(ToString::to_string),
        mutable: field.mutable,
        storage: match field.storage {
            StorageType::I8 => Storage::I8,
            StorageType::I16 => Storage::I16,
            StorageType::Val(ty) => Storage::Value(types.ty(ty)),
        },
    };
    let fields = match &reached.ty.composite {
        CompositeType::Struct(fields) => {
            let fields = (0..).zip(fields).map(|(at, ty)| {
                let name = names.and_then(|(names, index)| names.field(index, at));
                field(types, ty, name)
            });
            fields.collect()
        }
        CompositeType::Array(element) => [field(types, element, None)].into(),
        CompositeType::Func(_) | CompositeType::Cont(_) => Vec::new(),
    };
    ObjectType {
        ty: types.index(reached.id),
        array: matches!(reached.ty.composite, CompositeType::Array(_)),
        module: place.map(|(module, _)| module),
        index: place.map_or(0, |(_, index)| index),
        name: names
            .and_then(|(names, index)| names.ty(index))
            .map(ToString::to_string),
        supertype: reached.ty.supertype.map(|id| types.index(id)),
        fields,
    }
}

/// Returns the elements of a table as runs of equal elements.
pub fn runs<'a>(
    table: &'a heap::Table,
    objects: &'a Objects<'_>,
) -> impl Iterator<Item = Run> + 'a {
    let ty = ValType::Ref(table.ty().element);
    equal_runs(
        |index| table.get(index),
        move |bits| objects.numbered(value(ty, [bits, 0])),
    )
}

/// Returns elements as runs of equal elements. `get` returns the bits of an element, or `None` behind
/// the last one, and `value` converts them.
pub fn equal_runs<T: Copy + PartialEq>(
    get: impl Fn(usize) -> Option<T>,
    value: impl Fn(T) -> Value,
) -> impl Iterator<Item = Run> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let (start, bits) = (next, get(next)?);
        while get(next) == Some(bits) {
            next += 1;
        }
        Some(Run {
            count: (next - start) as u64,
            value: value(bits),
        })
    })
}

/// Converts bits to a value of a type.
pub fn value(ty: ValType, [bits, high]: [u64; 2]) -> Value {
    match ty {
        ValType::I32 => Value::I32(bits as u32),
        ValType::I64 => Value::I64(bits),
        ValType::F32 => Value::F32(bits as u32),
        ValType::F64 => Value::F64(bits),
        ValType::V128 => Value::V128(u128::from(bits) | u128::from(high) << 64),
        ValType::Ref(ty) => match ty.heap.top() {
            HeapType::Extern => reference(RefKind::Extern, bits),
            HeapType::Exn => reference(RefKind::Exn, bits),
            HeapType::Cont => reference(RefKind::Cont, bits),
            HeapType::Any => reference(RefKind::Any, bits),
            _ => reference(RefKind::Func, bits),
        },
    }
}

/// Converts the bits of a reference to a value.
///
/// Null is zero. References to functions and exceptions are their numbers plus one, and those of the
/// `any` and `extern` hierarchies the bits of an [`AnyKind`]. Stacks are numbered from 1; the
/// revision is in the bits above the number. The numbers of structures, arrays and exceptions are
/// those of the store, which [`Objects::numbered`] replaces.
pub fn reference(kind: RefKind, bits: u64) -> Value {
    match kind {
        RefKind::Cont => Value::Ref(kind, Some(bits).filter(|&bits| bits != 0)),
        RefKind::Extern | RefKind::Any | RefKind::I31 => match AnyKind::of(bits) {
            None => Value::Ref(kind, None),
            Some(AnyKind::I31(value)) => Value::Ref(RefKind::I31, Some(value.into())),
            Some(AnyKind::Extern(index)) => Value::Ref(RefKind::Extern, Some(index.0.into())),
            Some(AnyKind::Object(object)) => Value::Ref(RefKind::Any, Some(object.0.into())),
        },
        RefKind::Func | RefKind::Exn => {
            Value::Ref(kind, (bits as u32).checked_sub(1).map(u64::from))
        }
    }
}

/// The types that other items refer to, in the order in which they are first met.
struct Types<'a> {
    store: &'a StoreInner,
    indices: BTreeMap<TypeId, u32>,
    /// The types, by index.
    ids: Vec<TypeId>,
}

impl<'a> Types<'a> {
    fn new(store: &'a StoreInner) -> Types<'a> {
        Types {
            store,
            indices: BTreeMap::new(),
            ids: Vec::new(),
        }
    }

    fn index(&mut self, id: TypeId) -> u32 {
        *self.indices.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.ids.len() as u32 - 1
        })
    }

    fn ty(&mut self, ty: ValType) -> Type {
        match ty {
            ValType::I32 => Type::I32,
            ValType::I64 => Type::I64,
            ValType::F32 => Type::F32,
            ValType::F64 => Type::F64,
            ValType::V128 => Type::V128,
            ValType::Ref(RefType { nullable, heap }) => Type::Ref {
                nullable,
                heap: match heap {
                    HeapType::NoExn => Heap::Abstract(0x74),
                    HeapType::NoFunc => Heap::Abstract(0x73),
                    HeapType::NoExtern => Heap::Abstract(0x72),
                    HeapType::None => Heap::Abstract(0x71),
                    HeapType::Func => Heap::Abstract(0x70),
                    HeapType::Extern => Heap::Abstract(0x6f),
                    HeapType::Any => Heap::Abstract(0x6e),
                    HeapType::Eq => Heap::Abstract(0x6d),
                    HeapType::I31 => Heap::Abstract(0x6c),
                    HeapType::Struct => Heap::Abstract(0x6b),
                    HeapType::Array => Heap::Abstract(0x6a),
                    HeapType::Exn => Heap::Abstract(0x69),
                    HeapType::Cont => Heap::Abstract(0x68),
                    HeapType::NoCont => Heap::Abstract(0x75),
                    HeapType::ConcreteFunc(id)
                    | HeapType::ConcreteStruct(id)
                    | HeapType::ConcreteArray(id)
                    | HeapType::ConcreteCont(id) => Heap::Concrete(self.index(id)),
                },
            },
        }
    }

    /// Returns the definitions. Describing a definition may append others.
    fn finish(mut self) -> Vec<TypeDefinition> {
        let mut definitions = Vec::new();
        while let Some(&id) = self.ids.get(definitions.len()) {
            definitions.push(match &self.store.engine().types.get(id).composite {
                CompositeType::Func(ty) => {
                    let params = ty.params.iter().map(|&ty| self.ty(ty)).collect();
                    let results = ty.results.iter().map(|&ty| self.ty(ty)).collect();
                    TypeDefinition::Func(params, results)
                }
                CompositeType::Cont(of) => TypeDefinition::Cont(self.index(*of)),
                CompositeType::Struct(_) | CompositeType::Array(_) => TypeDefinition::Other,
            });
        }
        definitions
    }
}

fn of_module(module: &module::Module) -> Module {
    Module {
        name: module.name().map(ToString::to_string),
        size: module.bytes.len() as u64,
        sha256: *module.sha256(),
    }
}

fn of_instance(instance: &heap::Instance, module: u32) -> Instance {
    let parts = instance.parts();
    let declared = instance.module();
    let data = 0..declared.data.len() as u32;
    let elements = 0..declared.elements.len() as u32;
    Instance {
        module,
        imported_functions: parts.imported_functions.clone(),
        tables: parts.tables.iter().map(|table| table.0).collect(),
        tags: parts.tags.iter().map(|tag| tag.0).collect(),
        dropped_data: data.filter(|&at| instance.data_dropped(at)).collect(),
        dropped_elements: elements
            .filter(|&at| instance.element_dropped(at))
            .collect(),
    }
}

/// Describes the memories: those that are written, and then those that are left out.
pub fn memories(store: &StoreInner, shown: &Shown, sources: &[Source<'_>]) -> Vec<Memory> {
    let memory = |source: &Source<'_>| Memory {
        size: source.bytes.len() as u64,
        shared: source.shared,
        kept: source
            .kept
            .iter()
            .map(|range| (range.start as u64, range.len() as u64))
            .collect(),
    };
    let left_out = |(_, memory): (usize, &heap::Memory)| Memory {
        size: memory.byte_size() as u64,
        shared: memory.ty().shared,
        kept: Vec::new(),
    };
    let others = shown.left_out(store).map(left_out);
    sources.iter().map(memory).chain(others).collect()
}

fn stacks(capture: &Capture, objects: &Objects<'_>) -> Vec<Stack> {
    let index = |id: crate::ids::StackId| {
        let at = capture.stacks.binary_search_by_key(&id, |stack| stack.id);
        at.ok().map(|at| at as u32)
    };
    let main = &capture.threads.first().map(|main| &main.frames);
    let newest = main.and_then(|frames| Some(frames.first()?.stack));
    let stacks = capture.stacks.iter();
    let resumed = stacks.clone().filter(|stack| stack.continuation);
    let parents: BTreeSet<_> = resumed.filter_map(|stack| stack.parent).collect();
    stacks
        .map(|stack| Stack {
            number: stack.id.0,
            continuation: stack.continuation,
            state: match stack.state {
                // The stack is marked as trapped only after all hooks have been called.
                stack::StackState::Running
                    if capture.reason.kind == ReasonKind::Trap && newest == Some(stack.id.0) =>
                {
                    StackState::Trapped
                }
                stack::StackState::Fresh => StackState::Fresh,
                stack::StackState::Running if parents.contains(&stack.id) => StackState::Parent,
                stack::StackState::Running => StackState::Running,
                stack::StackState::Suspended => StackState::Suspended,
                stack::StackState::Free | stack::StackState::Returned => StackState::Returned,
                stack::StackState::Trapped => StackState::Trapped,
            },
            parent: stack.parent.and_then(index),
            function: Some(stack.function).map(|FuncIndex(index)| index),
            revision: u64::from(stack.revision),
            bound: (stack.given.iter())
                .map(|&value| objects.captured(value))
                .collect(),
            handlers: stack.handlers.clone(),
        })
        .collect()
}

/// Returns the part of the configuration that a guest can observe.
fn configuration(store: &StoreInner) -> Vec<(alloc::string::String, u64)> {
    let tunables = &store.engine().tunables;
    let mut configuration: Vec<_> = [
        ("consume_fuel", u64::from(tunables.consume_fuel)),
        ("epoch_interruption", u64::from(tunables.epoch_interruption)),
        ("interruptible", u64::from(tunables.interruptible)),
        ("max_wasm_stack", tunables.max_stack as u64),
        ("max_nested_calls", tunables.max_nested_calls as u64),
    ]
    .map(|(name, value)| (name.to_string(), value))
    .into();
    let features = tunables.features.iter_names();
    configuration.extend(features.map(|(name, _)| (name.to_ascii_lowercase(), 1)));
    configuration
}
