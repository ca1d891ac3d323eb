//! The store: owner of everything that guests and the host share.

use super::collector::{Collector, TraceStack};
use super::debugging::Debugging;
use super::exception::Exceptions;
use super::externs::Externs;
use super::failure::Failure;
use super::func::{FuncObject, HostFunc};
use super::global::Global;
use super::hooks::{CallHook, CellHook, EpochHook, LimiterHook, WaitHook};
use super::instance::{Instance, InstanceCore};
use super::memory::{Memory, MemoryCore};
use super::objects::Objects;
use super::probes::ProbeLog;
use super::recording::Recording;
use super::table::Table;
use super::tag::Tag;
use crate::ids::{
    ExnIndex, ExternIndex, GlobalIndex, InstanceIndex, MemoryIndex, StackId, StoreId, TableIndex,
    TagIndex,
};
use crate::module::{EngineInner, MemoryType};
use crate::stack::Stacks;
use crate::support::error::Error;
use crate::support::wait_queue::WaitQueue;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::ops::Range;

/// A store, without the type of the embedder's data.
pub struct StoreInner {
    id: StoreId,
    engine: Arc<EngineInner>,
    /// The embedder's data.
    pub data: Box<dyn Any>,
    /// All stacks, the activations, and the registers that running code shares with the host.
    pub stacks: Stacks,
    /// Hook of the API that makes an error of a failure while its frames can still be read.
    pub describe_failure: fn(&mut StoreInner, Failure) -> Error,
    /// Hook that returns the embedder's limiter.
    pub limiter: Option<LimiterHook>,
    /// Hook for epoch deadlines. Without one, code traps at a deadline.
    pub epoch_hook: Option<EpochHook>,
    /// Hook for passages between the host and WebAssembly.
    pub call_hook: Option<CallHook>,
    /// Hook that is called before each cell. It requires the loop backend.
    pub cell_hook: Option<CellHook>,
    /// Hook that is called before and after the thread is parked without a timeout.
    pub wait_hook: Option<WaitHook>,
    /// Log of the probes in code.
    pub probes: ProbeLog,
    /// What stops code for an observer; none if the store shares its modules' code with others.
    pub debugging: Option<Box<Debugging>>,
    /// Recorder of the actions of the host.
    pub recording: Option<Box<dyn Recording>>,
    pub(super) functions: Vec<FuncObject>,
    pub(super) host_functions: Vec<Arc<dyn HostFunc>>,
    pub(super) memories: Vec<Memory>,
    pub(super) tables: Vec<Table>,
    pub(super) globals: Vec<Global>,
    pub(super) tags: Vec<Tag>,
    pub(super) instances: Vec<Instance>,
    /// Host values that guests can refer to.
    pub externs: Externs,
    /// Structures and arrays.
    pub objects: Objects,
    /// The collector, which frees unreachable objects.
    pub collector: Collector,
    /// Hook of the API that visits the references in a stack's frames.
    pub trace_stack: TraceStack,
    /// Hook that returns the fuel that the youngest frame of a stack has used and not been charged.
    pub uncharged_cost: fn(&StoreInner, StackId) -> u32,
    empty_memory: Memory,
    /// Exceptions that may still be referred to.
    pub exceptions: Exceptions,
    /// Exception that belongs to a [`ThrownException`] error, of a call that has ended with it
    /// or of a host function that throws it.
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
    /// Creates an empty store.
    pub fn new(
        engine: Arc<EngineInner>,
        data: Box<dyn Any>,
        describe_failure: fn(&mut StoreInner, Failure) -> Error,
        trace_stack: TraceStack,
        uncharged_cost: fn(&StoreInner, StackId) -> u32,
    ) -> StoreInner {
        let empty = MemoryType {
            minimum: 0,
            maximum: Some(0),
            memory64: false,
            shared: false,
            page_size_log2: 16,
        };
        let pace = engine.tunables.collector;
        let objects = Objects::new(pace.stress);
        StoreInner {
            id: StoreId::next(),
            stacks: Stacks::new(&engine, objects.core()),
            objects,
            engine,
            data,
            describe_failure,
            limiter: None,
            epoch_hook: None,
            call_hook: None,
            cell_hook: None,
            wait_hook: None,
            probes: ProbeLog::default(),
            debugging: None,
            recording: None,
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
            uncharged_cost,
            empty_memory: Memory::new(empty, usize::MAX)
                .expect("an empty memory allocates no bytes"),
        }
    }

    /// Returns the store's identity.
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// Returns the store's engine.
    pub fn engine(&self) -> &Arc<EngineInner> {
        &self.engine
    }

    /// Returns the core of a memory of no bytes, for instances without a memory.
    pub fn empty_memory(&self) -> *mut MemoryCore {
        self.empty_memory.core()
    }

    // --- memories ---

    /// Returns memory `index`.
    pub fn memory(&self, index: MemoryIndex) -> &Memory {
        &self.memories[index.0 as usize]
    }

    /// Returns memory `index` for changes.
    pub fn memory_mut(&mut self, index: MemoryIndex) -> &mut Memory {
        &mut self.memories[index.0 as usize]
    }

    /// Returns memory `index` and the embedder's data, both for changes.
    pub fn memory_and_data_mut(&mut self, index: MemoryIndex) -> (&mut Memory, &mut dyn Any) {
        (&mut self.memories[index.0 as usize], &mut *self.data)
    }

    /// Returns memory `index`, the embedder's data and the recorder, all for changes.
    pub fn memory_data_and_recording_mut(
        &mut self,
        index: MemoryIndex,
    ) -> (
        &mut Memory,
        &mut dyn Any,
        Option<&mut (dyn Recording + 'static)>,
    ) {
        (
            &mut self.memories[index.0 as usize],
            &mut *self.data,
            self.recording.as_deref_mut(),
        )
    }

    /// Returns all memories by index, and the stacks for changes.
    pub fn memories_and_stacks_mut(&mut self) -> (&[Memory], &mut Stacks) {
        (&self.memories, &mut self.stacks)
    }

    /// Returns two memories, the first for changes.
    ///
    /// # Panics
    ///
    /// If they are the same.
    pub fn two_memories(&mut self, to: MemoryIndex, from: MemoryIndex) -> (&mut Memory, &Memory) {
        let [to, from] = self
            .memories
            .get_disjoint_mut([to.0 as usize, from.0 as usize])
            .expect("two different memories of the store");
        (to, from)
    }

    /// Returns the memory whose waits are in a queue, if it is one of the store's.
    pub fn memory_of_queue(&self, queue: &Arc<WaitQueue>) -> Option<MemoryIndex> {
        let is_its = |memory: &Memory| memory.waiters().is_some_and(|it| Arc::ptr_eq(it, queue));
        let index = self.memories.iter().position(is_its)?;
        Some(MemoryIndex(index as u32))
    }

    /// Returns all memories, by index.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    // --- tables ---

    /// Returns table `index`.
    pub fn table(&self, index: TableIndex) -> &Table {
        &self.tables[index.0 as usize]
    }

    /// Returns table `index` for changes.
    pub fn table_mut(&mut self, index: TableIndex) -> &mut Table {
        &mut self.tables[index.0 as usize]
    }

    /// Copies elements between two different tables. Both have these elements, and the types
    /// match.
    ///
    /// # Panics
    ///
    /// If the tables are the same.
    pub fn copy_table(
        &mut self,
        to: TableIndex,
        start: usize,
        from: TableIndex,
        range: Range<usize>,
    ) {
        let [to, from] = self
            .tables
            .get_disjoint_mut([to.0 as usize, from.0 as usize])
            .expect("two different tables of the store");
        to.copy_from(start, from, range);
    }

    /// Returns all tables, by index.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Clears the dirty bit of a card of a table, and returns whether it was set.
    pub(super) fn clean_card(&mut self, table: usize, card: usize) -> bool {
        self.tables[table].clean_card(card)
    }

    // --- globals and tags ---

    /// Returns global `index`.
    pub fn global(&self, index: GlobalIndex) -> &Global {
        &self.globals[index.0 as usize]
    }

    /// Returns global `index` for changes.
    pub fn global_mut(&mut self, index: GlobalIndex) -> &mut Global {
        &mut self.globals[index.0 as usize]
    }

    /// Returns all globals, by index.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// Returns tag `index`.
    pub fn tag(&self, index: TagIndex) -> &Tag {
        &self.tags[index.0 as usize]
    }

    /// Returns all tags, by index.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    // --- instances ---

    /// Returns instance `index`.
    pub fn instance(&self, index: InstanceIndex) -> &Instance {
        &self.instances[index.0 as usize]
    }

    /// Returns instance `index` for changes.
    pub fn instance_mut(&mut self, index: InstanceIndex) -> &mut Instance {
        &mut self.instances[index.0 as usize]
    }

    /// Returns all instances, in the order in which they were created.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &Instance> {
        self.instances.iter()
    }

    /// Returns the index of the instance that has this core.
    pub fn instance_of_core(&self, core: *const InstanceCore) -> InstanceIndex {
        // SAFETY: cores live as long as their store (H1), and none is borrowed (H2).
        unsafe { (*core).index }
    }

    // --- references of the host ---

    /// Returns a host value, or `None` if it was freed.
    pub fn extern_value(&self, index: ExternIndex) -> Option<&(dyn Any + Send + Sync)> {
        self.externs.get(index)
    }

    /// Returns a host value for changes, or `None` if it was freed.
    pub fn extern_value_mut(&mut self, index: ExternIndex) -> Option<&mut (dyn Any + Send + Sync)> {
        self.externs.get_mut(index)
    }
}

// SAFETY: all raw pointers in a store point into allocations that the store owns, and are used
// only through the store, under Rust's rules for `&` and `&mut`. The embedder's data may not be
// `Send`. But only `api::Store<T>` owns a `StoreInner`, and that type and the contexts that
// borrow it are marked with `T`, so they are `Send` only if the data is. Hooks, host functions
// and host values are `Send` by their types.
unsafe impl Send for StoreInner {}
// SAFETY: as above; a shared store gives access to nothing that changes it.
unsafe impl Sync for StoreInner {}
