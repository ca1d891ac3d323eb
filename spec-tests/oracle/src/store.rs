//! The store: values, objects and instances.

use crate::coverage::{Coverage, Edge};
use crate::frame::{Continuation, Frame};
use crate::machine::Machine;
use crate::module::Module;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasmparser::types::CoreTypeId;
use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, Operator, TypeRef, ValType,
    Validator, WasmFeatures,
};

macro_rules! identities {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub usize);
    )*};
}

identities! {
    /// A function of a store.
    FuncId,
    /// An instance of a store.
    InstanceId,
    /// A tag of a store.
    TagId,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// An integer.
    I32(i32),
    /// An integer.
    I64(i64),
    /// The bits of a float.
    F32(u32),
    /// The bits of a float.
    F64(u64),
    /// The null reference of any type.
    Null,
    /// A function.
    Func(FuncId),
    /// A continuation, which may be consumed.
    Cont(usize),
    /// An exception.
    Exn(usize),
    /// A value of the host.
    Extern(u32),
}

impl Value {
    pub(crate) fn i32(self) -> i32 {
        match self {
            Value::I32(value) => value,
            other => unreachable!("validation: {other:?} is not an i32"),
        }
    }

    pub(crate) fn i64(self) -> i64 {
        match self {
            Value::I64(value) => value,
            other => unreachable!("validation: {other:?} is not an i64"),
        }
    }

    /// Returns the initial value of a local.
    pub(crate) fn default(ty: ValType) -> Value {
        match ty {
            ValType::I32 => Value::I32(0),
            ValType::I64 => Value::I64(0),
            ValType::F32 => Value::F32(0),
            ValType::F64 => Value::F64(0),
            ValType::V128 | ValType::Ref(_) => Value::Null,
        }
    }

    /// Returns whether the value is a non-null reference.
    pub fn is_object(self) -> bool {
        !matches!(
            self,
            Value::I32(_) | Value::I64(_) | Value::F32(_) | Value::F64(_) | Value::Null
        )
    }
}

/// Cause of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Trap {
    Unreachable,
    DivisionByZero,
    IntegerOverflow,
    MemoryOutOfBounds,
    TableOutOfBounds,
    NullElement,
    SignatureMismatch,
    NullFunction,
    NullContinuation,
    NullException,
    NullReference,
    ContinuationConsumed,
    UnhandledTag,
    StackExhausted,
}

/// Reason for which a call did not return.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// A trap.
    Trap(Trap),
    /// An exception that nothing caught.
    Exception(usize),
    /// An exit that the host requested, with its code.
    Host(i32),
    /// The module is invalid, or an import is missing.
    Refused(String),
    /// An instruction that this interpreter does not support.
    Unsupported(String),
}

impl From<Trap> for Failure {
    fn from(trap: Trap) -> Failure {
        Failure::Trap(trap)
    }
}

/// A host function.
pub type HostFunc<'a> = Rc<dyn Fn(&mut Store<'a>, &[Value]) -> Result<Vec<Value>, Failure> + 'a>;

/// An object that can be imported or exported.
#[derive(Clone)]
pub enum Extern<'a> {
    /// A function.
    Func(FuncId),
    /// A host function, which takes the type of its import.
    Host(HostFunc<'a>),
    /// A table's index in the store.
    Table(usize),
    /// A memory's index in the store.
    Memory(usize),
    /// A global's index in the store.
    Global(usize),
    /// A tag.
    Tag(TagId),
}

/// A function.
#[derive(Clone)]
pub(crate) struct Func<'a> {
    pub ty: CoreTypeId,
    pub results: usize,
    pub params: usize,
    pub instance: InstanceId,
    pub body: Body<'a>,
}

#[derive(Clone)]
pub(crate) enum Body<'a> {
    /// Index among the functions that the module defines.
    Wasm(usize),
    Host(HostFunc<'a>),
}

/// A memory: its bytes, and its maximum size in pages.
pub(crate) struct Memory {
    pub bytes: Vec<u8>,
    pub most: u64,
}

/// An exception.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exception {
    pub tag: TagId,
    pub values: Vec<Value>,
}

/// An instance. Each vector maps the module's indices to the store's.
pub(crate) struct Instance<'a> {
    pub module: Rc<Module<'a>>,
    pub funcs: Vec<FuncId>,
    pub tables: Vec<usize>,
    pub memories: Vec<usize>,
    pub globals: Vec<usize>,
    pub tags: Vec<TagId>,
}

/// The size of a page in bytes.
pub(crate) const PAGE: u64 = 65536;

/// Context in which a host function was called.
#[derive(Clone, Default)]
pub(crate) struct Caller {
    /// True if a continuation was running.
    pub on_continuation: bool,
    /// Tags that the running code could suspend with.
    pub handled: Vec<TagId>,
    /// Failure of the last call that the host function made; `None` if that call returned.
    pub failure: Option<Failure>,
}

/// State that instances share.
pub struct Store<'a> {
    /// Counts of executed instructions and edges.
    pub coverage: Coverage,
    /// Maximum number of active calls on one stack.
    pub frame_limit: usize,
    pub(crate) validator: Validator,
    pub(crate) funcs: Vec<Func<'a>>,
    pub(crate) tables: Vec<Vec<Value>>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) globals: Vec<Value>,
    /// Number of values and type of each tag.
    pub(crate) tags: Vec<(usize, CoreTypeId)>,
    /// Uses of each tag so far: thrown, suspended with, switched with.
    pub(crate) uses: BTreeMap<TagId, [bool; 3]>,
    pub(crate) exceptions: Vec<Exception>,
    /// Continuations; `None` for those that are consumed.
    pub(crate) continuations: Vec<Option<Continuation<'a>>>,
    pub(crate) instances: Vec<Instance<'a>>,
    pub(crate) serial: u64,
    /// Contexts of the active host functions.
    pub(crate) callers: Vec<Caller>,
}

impl Default for Store<'_> {
    fn default() -> Self {
        Store::new()
    }
}

impl<'a> Store<'a> {
    /// Creates an empty store.
    pub fn new() -> Store<'a> {
        Store {
            coverage: Coverage::default(),
            frame_limit: 4_000,
            validator: Validator::new_with_features(WasmFeatures::all()),
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            uses: BTreeMap::new(),
            exceptions: Vec::new(),
            continuations: Vec::new(),
            instances: Vec::new(),
            serial: 0,
            callers: Vec::new(),
        }
    }

    /// Instantiates a module. `import` returns the object for a module name and a field name. Types
    /// of imports are not checked.
    ///
    /// # Errors
    ///
    /// Fails if the module is invalid, an import is missing, or instantiation traps.
    pub fn instantiate(
        &mut self,
        bytes: &'a [u8],
        import: &mut dyn FnMut(&str, &str) -> Option<Extern<'a>>,
    ) -> Result<InstanceId, Failure> {
        let module = Rc::new(Module::new(&mut self.validator, bytes)?);
        self.instantiate_module(module, import)
    }

    /// Instantiates the module of an instance again.
    ///
    /// # Errors
    ///
    /// Fails as [`Store::instantiate`] does.
    pub fn instantiate_again(
        &mut self,
        instance: InstanceId,
        import: &mut dyn FnMut(&str, &str) -> Option<Extern<'a>>,
    ) -> Result<InstanceId, Failure> {
        let module = Rc::clone(&self.instances[instance.0].module);
        self.instantiate_module(module, import)
    }

    fn instantiate_module(
        &mut self,
        module: Rc<Module<'a>>,
        import: &mut dyn FnMut(&str, &str) -> Option<Extern<'a>>,
    ) -> Result<InstanceId, Failure> {
        let id = InstanceId(self.instances.len());
        let mut instance = Instance {
            module: module.clone(),
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
        };
        for declared in &module.imports {
            let missing = || Failure::Refused(format!("{}.{}", declared.module, declared.name));
            let found = import(declared.module, declared.name).ok_or_else(missing)?;
            match (found, declared.ty) {
                (Extern::Func(func), _) => instance.funcs.push(func),
                (Extern::Host(body), TypeRef::Func(ty) | TypeRef::FuncExact(ty)) => {
                    instance
                        .funcs
                        .push(self.add_func(&module, ty, id, Body::Host(body)));
                }
                (Extern::Host(_), _) => return Err(missing()),
                (Extern::Table(table), _) => instance.tables.push(table),
                (Extern::Memory(memory), _) => instance.memories.push(memory),
                (Extern::Global(global), _) => instance.globals.push(global),
                (Extern::Tag(tag), _) => instance.tags.push(tag),
            }
        }
        for (index, &ty) in module.functions.iter().enumerate() {
            instance
                .funcs
                .push(self.add_func(&module, ty, id, Body::Wasm(index)));
        }
        for &(initial, maximum) in &module.memories {
            instance.memories.push(self.memories.len());
            self.memories.push(Memory {
                bytes: vec![0; (initial * PAGE) as usize],
                most: maximum.unwrap_or(65536),
            });
        }
        for &ty in &module.tags {
            let ty = &module.types[ty as usize];
            instance.tags.push(TagId(self.tags.len()));
            self.tags.push((ty.params, ty.id));
        }
        for expr in &module.globals {
            let value = self.constant(&instance, expr)?;
            instance.globals.push(self.globals.len());
            self.globals.push(value);
        }
        for (size, expr) in &module.tables {
            let value = match expr {
                Some(expr) => self.constant(&instance, expr)?,
                None => Value::Null,
            };
            instance.tables.push(self.tables.len());
            self.tables.push(vec![value; *size as usize]);
        }
        self.instances.push(instance);
        self.fill_tables(id, &module)?;
        self.fill_memories(id, &module)?;
        if let Some(start) = module.start {
            let start = self.instances[id.0].funcs[start as usize];
            self.call(start, &[])?;
        }
        Ok(id)
    }

    fn add_func(
        &mut self,
        module: &Module<'a>,
        ty: u32,
        instance: InstanceId,
        body: Body<'a>,
    ) -> FuncId {
        let ty = &module.types[ty as usize];
        self.funcs.push(Func {
            ty: ty.id,
            params: ty.params,
            results: ty.results,
            instance,
            body,
        });
        FuncId(self.funcs.len() - 1)
    }

    fn fill_tables(&mut self, id: InstanceId, module: &Module<'a>) -> Result<(), Failure> {
        for element in &module.elements {
            let ElementKind::Active {
                table_index,
                offset_expr,
            } = &element.kind
            else {
                continue;
            };
            let instance = &self.instances[id.0];
            let offset = self.constant(instance, offset_expr)?.i32() as u32 as usize;
            let mut values = Vec::new();
            match &element.items {
                ElementItems::Functions(functions) => {
                    for function in functions.clone() {
                        let function =
                            function.map_err(|error| Failure::Refused(error.to_string()))?;
                        values.push(Value::Func(instance.funcs[function as usize]));
                    }
                }
                ElementItems::Expressions(_, exprs) => {
                    for expr in exprs.clone() {
                        let expr = expr.map_err(|error| Failure::Refused(error.to_string()))?;
                        values.push(self.constant(instance, &expr)?);
                    }
                }
            }
            let table = instance.tables[table_index.unwrap_or(0) as usize];
            let table = &mut self.tables[table];
            let place = table.get_mut(offset..offset + values.len());
            place
                .ok_or(Trap::TableOutOfBounds)?
                .copy_from_slice(&values);
        }
        Ok(())
    }

    fn fill_memories(&mut self, id: InstanceId, module: &Module<'a>) -> Result<(), Failure> {
        for data in &module.data {
            let DataKind::Active {
                memory_index,
                offset_expr,
            } = &data.kind
            else {
                continue;
            };
            let instance = &self.instances[id.0];
            let offset = self.constant(instance, offset_expr)?.i32() as u32 as usize;
            let memory = instance.memories[*memory_index as usize];
            let place = self.memories[memory]
                .bytes
                .get_mut(offset..offset + data.data.len());
            place
                .ok_or(Trap::MemoryOutOfBounds)?
                .copy_from_slice(data.data);
        }
        Ok(())
    }

    fn constant(&self, instance: &Instance<'a>, expr: &ConstExpr<'a>) -> Result<Value, Failure> {
        let mut operators = expr.get_operators_reader();
        match operators
            .read()
            .map_err(|error| Failure::Refused(error.to_string()))?
        {
            Operator::I32Const { value } => Ok(Value::I32(value)),
            Operator::I64Const { value } => Ok(Value::I64(value)),
            Operator::F32Const { value } => Ok(Value::F32(value.bits())),
            Operator::F64Const { value } => Ok(Value::F64(value.bits())),
            Operator::RefNull { .. } => Ok(Value::Null),
            Operator::RefFunc { function_index } => {
                Ok(Value::Func(instance.funcs[function_index as usize]))
            }
            Operator::GlobalGet { global_index } => {
                Ok(self.globals[instance.globals[global_index as usize]])
            }
            other => Err(Failure::Unsupported(format!("{other:?}"))),
        }
    }

    /// Returns an instance's export.
    pub fn export(&self, instance: InstanceId, name: &str) -> Option<Extern<'a>> {
        let instance = &self.instances[instance.0];
        let export = instance
            .module
            .exports
            .iter()
            .find(|export| export.name == name)?;
        let index = export.index as usize;
        Some(match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => Extern::Func(instance.funcs[index]),
            ExternalKind::Table => Extern::Table(instance.tables[index]),
            ExternalKind::Memory => Extern::Memory(instance.memories[index]),
            ExternalKind::Global => Extern::Global(instance.globals[index]),
            ExternalKind::Tag => Extern::Tag(instance.tags[index]),
        })
    }

    /// Calls a function from the host.
    ///
    /// # Errors
    ///
    /// Fails if the function does not return.
    pub fn call(&mut self, func: FuncId, arguments: &[Value]) -> Result<Vec<Value>, Failure> {
        if self
            .callers
            .last()
            .is_some_and(|caller| caller.on_continuation)
        {
            self.coverage.edge(Edge::ReentryOnContinuation);
        }
        let ended = Machine::new(func, arguments).run(self);
        if let Some(caller) = self.callers.last_mut() {
            caller.failure = ended.as_ref().err().cloned();
        }
        ended
    }

    /// Returns the numbers of a function's parameters and results.
    pub fn arity(&self, func: FuncId) -> (usize, usize) {
        let func = &self.funcs[func.0];
        (func.params, func.results)
    }

    /// Returns a global's value.
    pub fn global(&self, index: usize) -> Value {
        self.globals[index]
    }

    /// Sets a global.
    pub fn set_global(&mut self, index: usize, value: Value) {
        self.globals[index] = value;
    }

    /// Returns a table's elements.
    pub fn table(&self, index: usize) -> &[Value] {
        &self.tables[index]
    }

    /// Returns a memory's bytes.
    pub fn memory(&self, index: usize) -> &[u8] {
        &self.memories[index].bytes
    }

    /// Returns an exception's tag and payload.
    pub fn exception(&self, index: usize) -> (TagId, &[Value]) {
        let exception = &self.exceptions[index];
        (exception.tag, &exception.values)
    }

    /// Counts the suspended continuations that can no longer be reached, and removes them. Returns
    /// the number of remaining continuations. Must not be called while WebAssembly runs.
    pub fn collect(&mut self) -> usize {
        let mut marked = vec![false; self.continuations.len()];
        let mut exceptions = vec![false; self.exceptions.len()];
        let mut grey: Vec<Value> = self.globals.clone();
        grey.extend(self.tables.iter().flatten());
        while let Some(value) = grey.pop() {
            match value {
                Value::Cont(id) if !marked[id] => {
                    marked[id] = true;
                    for frame in self.continuations[id].iter().flat_map(|cont| &cont.frames) {
                        match frame {
                            Frame::Call(call) => {
                                grey.extend(call.locals.iter().chain(&call.operands))
                            }
                            Frame::Enter(_, values) => grey.extend(values),
                            Frame::Prompt(_) => {}
                        }
                    }
                }
                Value::Exn(id) if !exceptions[id] => {
                    exceptions[id] = true;
                    grey.extend(&self.exceptions[id].values);
                }
                _ => {}
            }
        }
        let mut left = 0;
        for (id, marked) in marked.into_iter().enumerate() {
            let Some(continuation) = &self.continuations[id] else {
                continue;
            };
            let suspended = !continuation.is_fresh();
            if marked {
                left += 1;
                let in_cycle = suspended && self.is_in_table_of_own(id);
                self.coverage.edge_if(in_cycle, Edge::InCycle);
            } else {
                self.coverage.edge_if(suspended, Edge::Unreachable);
                self.continuations[id] = None;
            }
        }
        left
    }

    /// Returns whether a continuation is in a table or global of an instance whose code it runs.
    fn is_in_table_of_own(&self, id: usize) -> bool {
        let frames = self.continuations[id].iter().flat_map(|cont| &cont.frames);
        let mut instances = frames.filter_map(|frame| match frame {
            Frame::Call(call) => Some(&self.instances[call.instance.0]),
            _ => None,
        });
        let wanted = Value::Cont(id);
        instances.any(|instance| {
            let mut tables = instance.tables.iter();
            let mut globals = instance.globals.iter();
            tables.any(|&table| self.tables[table].contains(&wanted))
                || globals.any(|&global| self.globals[global] == wanted)
        })
    }
}
