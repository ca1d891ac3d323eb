//! The store: everything that guests and the host share in one world.

use super::collector::{Collector, Reference, TraceStack};
use super::exception::Exceptions;
use super::externs::Externs;
use super::func::{FuncObject, FuncRef, HostFunc};
use super::global::Global;
use super::instance::{Instance, InstanceCore, InstanceParts};
use super::limits::{LimitError, Limiter};
use super::memory::{Memory, MemoryCore};
use super::table::Table;
use super::tag::Tag;
use crate::code::Trap;
use crate::format_err;
use crate::module::{
    EngineInner, FuncType, GlobalType, MemoryType, Module, TableType, TypeId, ValType,
};
use crate::stack::{StackId, Stacks};
use crate::support::error::Error;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Which store something belongs to. Unique within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(usize);

impl StoreId {
    fn next() -> StoreId {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        StoreId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);
    )*};
}

indices! {
    /// A function of a store.
    FuncIndex,
    /// A memory of a store.
    MemoryIndex,
    /// A table of a store.
    TableIndex,
    /// A global of a store.
    GlobalIndex,
    /// A tag of a store.
    TagIndex,
    /// An instance of a store.
    InstanceIndex,
    /// A value of the host's that guests may refer to.
    ExternIndex,
    /// An exception of a store.
    ExnIndex,
}

/// What an execution ended with, other than results.
#[derive(Debug)]
pub enum Failure {
    /// A trap of WebAssembly's.
    Trap(Trap),
    /// An error returned by a host function.
    Host(Error),
    /// An exception that nothing has caught.
    Exception(ExnIndex),
}

/// Picks the limiter out of the embedder's data.
pub type LimiterHook =
    Box<dyn for<'a> FnMut(&'a mut dyn Any) -> Box<dyn Limiter + 'a> + Send + Sync>;
/// What an epoch deadline does: `Some(n)` continues with a deadline `n` ticks beyond the
/// present one, `None` ends with [`Trap::Interrupt`], an error with that error.
pub type EpochHook = Box<dyn FnMut(&mut StoreInner) -> Result<EpochDecision, Error> + Send + Sync>;
/// Called on each passage between the host and WebAssembly.
pub type CallHook = Box<dyn FnMut(&mut StoreInner, Crossing) -> Result<(), Error> + Send + Sync>;

/// Called before each cell.
pub type CellHook = Box<dyn FnMut(&StoreInner) + Send + Sync>;

/// What to do when an epoch deadline has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochDecision {
    /// Trap.
    Trap,
    /// Go on until that many ticks from now.
    Continue(u64),
    /// Suspend the execution; set a deadline that many ticks from now for its resumption.
    Yield(u64),
}

/// A passage between the host and WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// The host calls WebAssembly.
    CallingWasm,
    /// WebAssembly returns to the host.
    ReturningFromWasm,
    /// WebAssembly calls the host.
    CallingHost,
    /// The host returns to WebAssembly.
    ReturningFromHost,
}

/// A store, with the embedder's data erased.
pub struct StoreInner {
    id: StoreId,
    engine: Arc<EngineInner>,
    /// The embedder's data.
    pub data: Box<dyn Any>,
    /// All stacks, the chain, and the registers that running code shares with the host.
    pub stacks: Stacks,
    /// Makes an error of a failure while its frames still stand. Set by the API.
    pub describe_failure: fn(&mut StoreInner, Failure) -> Error,
    /// The embedder's limiter.
    pub limiter: Option<LimiterHook>,
    /// What happens at an epoch deadline; a trap where nothing is said.
    pub epoch_hook: Option<EpochHook>,
    /// Called between host and guest.
    pub call_hook: Option<CallHook>,
    /// Called before each cell, where the engine dispatches by the loop.
    pub cell_hook: Option<CellHook>,
    functions: Vec<FuncObject>,
    host_functions: Vec<Arc<dyn HostFunc>>,
    memories: Vec<Memory>,
    tables: Vec<Table>,
    globals: Vec<Global>,
    tags: Vec<Tag>,
    instances: Vec<Instance>,
    /// The host's values that guests may refer to.
    pub externs: Externs,
    /// Frees what guests cannot reach any more.
    pub collector: Collector,
    /// What a stack's frames refer to. Set by the API.
    pub trace_stack: TraceStack,
    empty_memory: Memory,
    /// What was thrown and may still be referred to.
    pub exceptions: Exceptions,
    /// The exception that the host is told of by a [`ThrownException`], or throws with one.
    ///
    /// [`ThrownException`]: super::ThrownException
    pub pending_exception: Option<ExnIndex>,
}

impl fmt::Debug for StoreInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl StoreInner {
    /// An empty store.
    pub fn new(
        engine: Arc<EngineInner>,
        data: Box<dyn Any>,
        describe_failure: fn(&mut StoreInner, Failure) -> Error,
        trace_stack: TraceStack,
    ) -> StoreInner {
        let empty = MemoryType {
            minimum: 0,
            maximum: Some(0),
            memory64: false,
            shared: false,
            page_size_log2: 16,
        };
        let pace = engine.tunables.collector;
        StoreInner {
            id: StoreId::next(),
            stacks: Stacks::new(&engine),
            engine,
            data,
            describe_failure,
            limiter: None,
            epoch_hook: None,
            call_hook: None,
            cell_hook: None,
            functions: Vec::new(),
            host_functions: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            instances: Vec::new(),
            exceptions: Exceptions::default(),
            pending_exception: None,
            externs: Externs::default(),
            collector: Collector::new(pace),
            trace_stack,
            empty_memory: Memory::new(empty).expect("an empty memory allocates no bytes"),
        }
    }

    /// Which store this is.
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// Its engine.
    pub fn engine(&self) -> &Arc<EngineInner> {
        &self.engine
    }

    /// The core of a memory of no bytes, for instances without memory 0.
    pub fn empty_memory(&self) -> *mut MemoryCore {
        self.empty_memory.core()
    }

    /// Tells the call hook of a passage between the host and WebAssembly.
    ///
    /// # Errors
    ///
    /// What the hook says: then the passage does not take place.
    #[inline]
    pub fn cross(&mut self, crossing: Crossing) -> Result<(), Error> {
        // The hook is not there while it runs, so it is not called for what it does.
        let Some(mut hook) = self.call_hook.take() else {
            return Ok(());
        };
        // Arguments and results lie on stacks that have not left, or have ended.
        self.collector.pause();
        let crossed = hook(self, crossing);
        self.collector.resume();
        self.call_hook.get_or_insert(hook);
        crossed
    }

    // --- functions ---

    /// Function `index`.
    pub fn func(&self, index: FuncIndex) -> &FuncObject {
        &self.functions[index.0 as usize]
    }

    /// The number of functions that have become values.
    pub fn func_count(&self) -> usize {
        self.functions.len()
    }

    /// The host function behind a [`FuncObject`] for which `is_host` holds.
    pub fn host_func(&self, object: &FuncObject) -> Arc<dyn HostFunc> {
        Arc::clone(&self.host_functions[object.index as usize])
    }

    /// Where the host function behind a [`FuncObject`] is: valid as long as the store, since
    /// none is ever removed and each lies in an allocation of its own. Calling it through
    /// this spares the two atomic operations that a clone of its `Arc` costs.
    pub fn host_func_address(&self, object: &FuncObject) -> *const dyn HostFunc {
        Arc::as_ptr(&self.host_functions[object.index as usize])
    }

    /// Adds a function of the host's.
    pub fn add_host_func(&mut self, ty: TypeId, func: Arc<dyn HostFunc>) -> FuncIndex {
        let index = self.host_functions.len() as u32;
        self.host_functions.push(func);
        let signature = self.engine.types.func(ty);
        self.add_func(FuncObject {
            entry: ptr::null(),
            instance: ptr::null_mut(),
            ty,
            index,
            params: signature.params.len() as u16,
            results: signature.results.len() as u16,
            traced: is_traced(&signature),
        })
    }

    /// The value of function `index` of an instance, made at its first use.
    pub fn instance_func(&mut self, instance: InstanceIndex, index: u32) -> FuncIndex {
        let owner = &mut self.instances[instance.0 as usize];
        if let Some(func) = FuncRef(*owner.function_slot(index)).get() {
            return func;
        }
        let module = Arc::clone(owner.module());
        let core = owner.core();
        let signature = module.func_type(index);
        let func = self.add_func(FuncObject {
            entry: module.code.entry(index),
            instance: core,
            ty: module.type_of_function(index),
            index,
            params: signature.params.len() as u16,
            results: signature.results.len() as u16,
            traced: is_traced(signature),
        });
        *self.instances[instance.0 as usize].function_slot(index) = FuncRef::new(func).0;
        func
    }

    fn add_func(&mut self, object: FuncObject) -> FuncIndex {
        let index = FuncIndex(self.functions.len() as u32);
        self.functions.push(object);
        self.stacks.set_functions(self.functions.as_ptr());
        index
    }

    // --- memories, tables, globals ---

    /// Memory `index`.
    pub fn memory(&self, index: MemoryIndex) -> &Memory {
        &self.memories[index.0 as usize]
    }

    /// Memory `index`, to change.
    pub fn memory_mut(&mut self, index: MemoryIndex) -> &mut Memory {
        &mut self.memories[index.0 as usize]
    }

    /// The bytes of memory `index` and the embedder's data, both to change.
    pub fn memory_and_data_mut(&mut self, index: MemoryIndex) -> (&mut [u8], &mut dyn Any) {
        (self.memories[index.0 as usize].bytes_mut(), &mut *self.data)
    }

    /// Two different memories, the first to change.
    pub fn two_memories(&mut self, to: MemoryIndex, from: MemoryIndex) -> (&mut Memory, &Memory) {
        let [to, from] = self
            .memories
            .get_disjoint_mut([to.0 as usize, from.0 as usize])
            .expect("two different memories of the store");
        (to, from)
    }

    /// Adds a memory, if the limiter agrees.
    pub fn add_memory(&mut self, ty: MemoryType) -> Result<MemoryIndex, Error> {
        if self.memories.len() >= self.limit(|limiter| limiter.memories(), DEFAULT_MEMORIES) {
            return Err(too_many("memory", self.memories.len() + 1));
        }
        let bytes = |pages: u64| usize::try_from(pages.checked_mul(1 << ty.page_size_log2)?).ok();
        let minimum = bytes(ty.minimum).unwrap_or(usize::MAX);
        if !self.ask_memory(0, minimum, ty.maximum.and_then(bytes))? {
            return Err(format_err!(
                "memory minimum size of {} pages exceeds memory limits",
                ty.minimum
            ));
        }
        let memory = Memory::new(ty).map_err(|error| {
            Error::new(error).context(format!("a memory of {} pages", ty.minimum))
        })?;
        self.memories.push(memory);
        Ok(MemoryIndex(self.memories.len() as u32 - 1))
    }

    /// Grows a memory by `delta` pages. The former number of pages, or `None` where its
    /// type, the limits or the host do not allow it; an error where the limiter raised one.
    pub fn grow_memory(&mut self, index: MemoryIndex, delta: u64) -> Result<Option<u64>, Error> {
        let memory = self.memory(index);
        let current = memory.pages();
        if delta == 0 {
            return Ok(Some(current));
        }
        let bytes = memory.byte_size();
        let maximum = memory.ty().maximum.and_then(|pages| memory.byte_len(pages));
        let desired = current
            .checked_add(delta)
            .filter(|&pages| pages <= memory.maximum_pages())
            .and_then(|pages| Some((pages, memory.byte_len(pages)?)));
        let Some((desired, desired_bytes)) = desired else {
            self.memory_grow_failed(LimitError::Type)?;
            return Ok(None);
        };
        if !self.ask_memory(bytes, desired_bytes, maximum)? {
            return Ok(None);
        }
        match self.memory_mut(index).grow_to(desired) {
            Ok(()) => Ok(Some(current)),
            Err(error) => {
                self.memory_grow_failed(error)?;
                Ok(None)
            }
        }
    }

    /// Table `index`.
    pub fn table(&self, index: TableIndex) -> &Table {
        &self.tables[index.0 as usize]
    }

    /// Table `index`, to change.
    pub fn table_mut(&mut self, index: TableIndex) -> &mut Table {
        &mut self.tables[index.0 as usize]
    }

    /// Two different tables, the first to change.
    pub fn two_tables(&mut self, to: TableIndex, from: TableIndex) -> (&mut Table, &Table) {
        let [to, from] = self
            .tables
            .get_disjoint_mut([to.0 as usize, from.0 as usize])
            .expect("two different tables of the store");
        (to, from)
    }

    /// Whether elements of a card of a table were written since this was last asked.
    pub(super) fn clean_card(&mut self, table: usize, card: usize) -> bool {
        self.tables[table].clean_card(card)
    }

    /// Adds a table of elements `init`, if the limiter agrees.
    pub fn add_table(&mut self, ty: TableType, init: u64) -> Result<TableIndex, Error> {
        if self.tables.len() >= self.limit(|limiter| limiter.tables(), DEFAULT_TABLES) {
            return Err(too_many("table", self.tables.len() + 1));
        }
        let elements = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        if !self.ask_table(0, elements(ty.minimum), ty.maximum.map(elements))? {
            return Err(format_err!(
                "table minimum size of {} elements exceeds table limits",
                ty.minimum
            ));
        }
        let table = Table::new(ty, init).map_err(|error| {
            Error::new(error).context(format!("a table of {} elements", ty.minimum))
        })?;
        self.tables.push(table);
        Ok(TableIndex(self.tables.len() as u32 - 1))
    }

    /// Grows a table by `delta` elements, as [`StoreInner::grow_memory`] does a memory.
    pub fn grow_table(
        &mut self,
        index: TableIndex,
        delta: u64,
        init: u64,
    ) -> Result<Option<u64>, Error> {
        let table = self.table(index);
        let current = table.size();
        if delta == 0 {
            return Ok(Some(current));
        }
        let elements = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let maximum = table.ty().maximum.map(elements);
        let desired = current
            .checked_add(delta)
            .filter(|&size| size <= table.maximum());
        let Some(desired) = desired else {
            self.table_grow_failed(LimitError::Type)?;
            return Ok(None);
        };
        if !self.ask_table(elements(current), elements(desired), maximum)? {
            return Ok(None);
        }
        match self.table_mut(index).grow_to(desired, init) {
            Ok(()) => Ok(Some(current)),
            Err(error) => {
                self.table_grow_failed(error)?;
                Ok(None)
            }
        }
    }

    /// Copies elements between two different tables. Both have them, and the types match.
    ///
    /// # Panics
    ///
    /// If the tables are one.
    pub fn copy_table(
        &mut self,
        to: TableIndex,
        start: usize,
        from: TableIndex,
        range: core::ops::Range<usize>,
    ) {
        let (to, from) = self.two_tables(to, from);
        to.copy_from(start, from, range);
    }

    /// Global `index`.
    pub fn global(&self, index: GlobalIndex) -> &Global {
        &self.globals[index.0 as usize]
    }

    /// Global `index`, to change.
    pub fn global_mut(&mut self, index: GlobalIndex) -> &mut Global {
        &mut self.globals[index.0 as usize]
    }

    /// Adds a global.
    pub fn add_global(&mut self, ty: GlobalType, bits: u64) -> GlobalIndex {
        self.globals.push(Global::new(ty, bits));
        GlobalIndex(self.globals.len() as u32 - 1)
    }

    /// Tag `index`.
    pub fn tag(&self, index: TagIndex) -> &Tag {
        &self.tags[index.0 as usize]
    }

    /// Adds a tag of a function type, which is different from all others.
    pub fn add_tag(&mut self, ty: TypeId) -> TagIndex {
        let fields = self.engine.types.func(ty).params.len() as u16;
        self.tags.push(Tag::new(ty, fields));
        TagIndex(self.tags.len() as u32 - 1)
    }

    // --- instances, values of the host's ---

    /// Instance `index`.
    pub fn instance(&self, index: InstanceIndex) -> &Instance {
        &self.instances[index.0 as usize]
    }

    /// Instance `index`, to change.
    pub fn instance_mut(&mut self, index: InstanceIndex) -> &mut Instance {
        &mut self.instances[index.0 as usize]
    }

    /// All instances, in the order of their making.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &Instance> {
        self.instances.iter()
    }

    /// The instance whose core this is.
    pub fn instance_of_core(&self, core: *const InstanceCore) -> InstanceIndex {
        // SAFETY: cores live as long as their store (H1), and none is borrowed (H2).
        unsafe { (*core).index }
    }

    /// Adds an instance made of complete, matching parts, if the limiter agrees.
    pub fn add_instance(
        &mut self,
        module: Arc<Module>,
        parts: InstanceParts,
    ) -> Result<InstanceIndex, Error> {
        if self.instances.len() >= self.limit(|limiter| limiter.instances(), DEFAULT_INSTANCES) {
            return Err(too_many("instance", self.instances.len() + 1));
        }
        let index = InstanceIndex(self.instances.len() as u32);
        let instance = Instance::new(self, index, module, parts);
        self.instances.push(instance);
        Ok(index)
    }

    /// A value of the host's, by the bits of a non-null reference less one; none if it was
    /// freed.
    pub fn extern_value(&self, index: ExternIndex) -> Option<&(dyn Any + Send + Sync)> {
        self.externs.get(index)
    }

    /// A value of the host's, to change.
    pub fn extern_value_mut(&mut self, index: ExternIndex) -> Option<&mut (dyn Any + Send + Sync)> {
        self.externs.get_mut(index)
    }

    /// Adds a value of the host's, for guests to refer to. It lives as long as somebody
    /// does.
    pub fn add_extern(&mut self, value: Box<dyn Any + Send + Sync>) -> Result<ExternIndex, Error> {
        self.collect_if_due();
        let index = self.externs.add(value, DEFAULT_EXTERNS).ok_or_else(|| {
            format_err!(
                "resource limit exceeded: a store holds at most {DEFAULT_EXTERNS} host values"
            )
        })?;
        self.collector.count();
        Ok(index)
    }

    /// The host gets values of these types, and holds what they refer to.
    pub fn hold_values(&mut self, types: &[ValType], values: &[u64]) {
        for (&ty, &bits) in types.iter().zip(values) {
            if let Some(reference) = Reference::of_value(ty, bits) {
                self.hold(reference);
            }
        }
    }

    // --- everything, for observers ---

    /// All functions that have become values, by index.
    pub fn functions(&self) -> &[FuncObject] {
        &self.functions
    }

    /// All memories, by index.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// All tables, by index.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// All globals, by index.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// All tags, by index.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// A stack of at least `slots` slots for a continuation of a function, if the limiter
    /// agrees.
    pub fn add_continuation(
        &mut self,
        function: FuncIndex,
        slots: usize,
    ) -> Result<StackId, Error> {
        if self.continuations_are_full() {
            return Err(too_many(
                "continuation",
                self.stacks.continuation_count() + 1,
            ));
        }
        // A few more than the first frame takes: most functions call others.
        let generous = slots + CONTINUATION_SLOTS;
        let stack = self.stacks.acquire(function, slots, generous, None);
        self.collector.count();
        stack.ok_or_else(|| {
            format_err!("resource limit exceeded: there is no room for another continuation")
        })
    }

    /// Whether there can be no more continuations than there are.
    pub fn continuations_are_full(&mut self) -> bool {
        let limit = self.limit(|limiter| limiter.continuations(), DEFAULT_CONTINUATIONS);
        self.stacks.continuation_count() >= limit
            || self.stacks.bytes()
                >= self.limit(|limiter| limiter.stack_bytes(), DEFAULT_STACK_BYTES)
    }

    /// Adds an exception, if the limiter agrees. The payload is as long as the tag says.
    pub fn add_exception(
        &mut self,
        tag: TagIndex,
        payload: impl ExactSizeIterator<Item = u64>,
    ) -> Result<ExnIndex, LimitError> {
        let limit = self.limit(|limiter| limiter.exception_bytes(), DEFAULT_EXCEPTION_BYTES);
        self.exceptions.add(tag, payload, limit)
    }

    /// Whether there can be no more exceptions than there are.
    pub fn exceptions_are_full(&mut self) -> bool {
        let limit = self.limit(|limiter| limiter.exception_bytes(), DEFAULT_EXCEPTION_BYTES);
        self.exceptions.is_full(limit)
    }

    /// Grows a stack so that it has at least `slots` slots. False where its limit, the
    /// limiter or the host does not allow that.
    pub fn grow_stack(&mut self, id: StackId, slots: usize) -> bool {
        let more = slots.saturating_sub(self.stacks.stack(id).slots());
        let bytes = (self.stacks.bytes()).saturating_add(more.saturating_mul(size_of::<u64>()));
        bytes <= self.limit(|limiter| limiter.stack_bytes(), DEFAULT_STACK_BYTES)
            && self.stacks.grow(id, slots)
    }

    // --- making instances ---

    /// How much there is of everything, to come back to with [`StoreInner::roll_back`].
    pub(super) fn mark(&self) -> Mark {
        Mark {
            memories: self.memories.len(),
            tables: self.tables.len(),
            globals: self.globals.len(),
            tags: self.tags.len(),
        }
    }

    /// Drops the memories, tables, globals and tags made since `mark`. No instance, no handle
    /// and no reference to them has been handed out.
    pub(super) fn roll_back(&mut self, mark: Mark) {
        self.memories.truncate(mark.memories);
        self.tables.truncate(mark.tables);
        self.globals.truncate(mark.globals);
        self.tags.truncate(mark.tags);
    }

    /// Refuses an instance before anything is made for it, if the limiter does not agree
    /// to so many more memories and tables and one more instance.
    pub(super) fn check_counts(&mut self, memories: usize, tables: usize) -> Result<(), Error> {
        let instances = self.instances.len() + 1;
        if instances > self.limit(|limiter| limiter.instances(), DEFAULT_INSTANCES) {
            return Err(too_many("instance", instances));
        }
        let memories = self.memories.len() + memories;
        if memories > self.limit(|limiter| limiter.memories(), DEFAULT_MEMORIES) {
            return Err(too_many("memory", memories));
        }
        let tables = self.tables.len() + tables;
        if tables > self.limit(|limiter| limiter.tables(), DEFAULT_TABLES) {
            return Err(too_many("table", tables));
        }
        Ok(())
    }

    // --- limits ---

    fn limit(&mut self, ask: impl FnOnce(&dyn Limiter) -> usize, default: usize) -> usize {
        match &mut self.limiter {
            Some(hook) => ask(&*hook(&mut *self.data)),
            None => default,
        }
    }

    fn ask_memory(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).memory_growing(current, desired, maximum),
            None => Ok(desired as u64 <= DEFAULT_MEMORY_BYTES),
        }
    }

    fn ask_table(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).table_growing(current, desired, maximum),
            None => Ok(desired <= DEFAULT_TABLE_ELEMENTS),
        }
    }

    fn memory_grow_failed(&mut self, error: LimitError) -> Result<(), Error> {
        match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).memory_grow_failed(error.into()),
            None => Ok(()),
        }
    }

    fn table_grow_failed(&mut self, error: LimitError) -> Result<(), Error> {
        match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).table_grow_failed(error.into()),
            None => Ok(()),
        }
    }
}

/// Whether some of the values of a function can be references to what is collected.
fn is_traced(ty: &FuncType) -> bool {
    let mut values = ty.params.iter().chain(&ty.results);
    values.any(|&ty| Reference::of_value(ty, 1).is_some())
}

/// See [`StoreInner::mark`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    memories: usize,
    tables: usize,
    globals: usize,
    tags: usize,
}

#[cold]
fn too_many(what: &str, count: usize) -> Error {
    format_err!("resource limit exceeded: {what} count too high at {count}")
}

// SAFETY: everything in a store that is a raw pointer points into allocations that the
// store owns, and is used only through the store, under Rust's rules for `&` and `&mut`.
// The embedder's data is the one part that may not be `Send`: `api::Store<T>`, which alone
// owns a `StoreInner`, and the contexts that borrow it are marked with a `T`, and so are
// `Send` only where the data is. Hooks, host functions and host values are `Send` by
// their types.
unsafe impl Send for StoreInner {}
// SAFETY: as above; a shared store gives out nothing that changes it.
unsafe impl Sync for StoreInner {}

/// Without a limiter, a memory holds at most this many bytes: all that 32-bit addresses
/// reach.
pub const DEFAULT_MEMORY_BYTES: u64 = 1 << 32;
/// The slots of a continuation at first, beyond those of its first frame.
const CONTINUATION_SLOTS: usize = 16;
/// A store holds at most this many values of the host's.
pub const DEFAULT_EXTERNS: usize = 1 << 24;
/// Without a limiter, a store holds at most this many continuations.
pub const DEFAULT_CONTINUATIONS: usize = 1 << 22;
/// Without a limiter, the stacks of a store take at most this many bytes: as many as 32-bit
/// targets can count, and so the same everywhere.
pub const DEFAULT_STACK_BYTES: usize = 1 << 31;
/// Without a limiter, the exceptions of a store take at most this many bytes.
pub const DEFAULT_EXCEPTION_BYTES: usize = 1 << 28;
/// Without a limiter, a store holds at most this many instances.
pub const DEFAULT_INSTANCES: usize = 10_000;
/// Without a limiter, a store holds at most this many tables.
pub const DEFAULT_TABLES: usize = 10_000;
/// Without a limiter, a store holds at most this many memories.
pub const DEFAULT_MEMORIES: usize = 10_000;
/// Without a limiter, a table holds at most this many elements.
pub const DEFAULT_TABLE_ELEMENTS: usize = 20_000_000;
