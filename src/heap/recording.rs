//! The actions of the host, as a recorder receives them.

use super::instantiate::Extern;
use super::store::StoreInner;
use crate::ids::{FuncIndex, GlobalIndex, MemoryIndex, StackId, TableIndex, TagIndex, TypeId};
use crate::module::{GlobalType, MemoryType, Module, TableType, ValBits};
use crate::support::error::Error;
use alloc::boxed::Box;
use alloc::sync::Arc;

/// An action of the host, or a passage between the host and WebAssembly.
#[derive(Clone, Copy, Debug)]
pub enum HostEvent<'a> {
    /// A host function is called. The slots are its arguments.
    Entered(FuncIndex, &'a [u64]),
    /// The host function that was called last returns these slots or this error.
    Returned(Result<&'a [u64], &'a Error>),
    /// The host calls a function, which cannot be suspended. The slots are its arguments.
    Called(FuncIndex, &'a [u64]),
    /// The host prepares an execution. The slots are the arguments of its function.
    Started {
        /// Stack of the execution.
        stack: StackId,
        /// Function that it calls.
        function: FuncIndex,
        /// Arguments of the function.
        arguments: &'a [u64],
        /// Tags that the host handles.
        handles: &'a [TagIndex],
    },
    /// The host resumes the execution of a stack, with the slots of the results that it waits for.
    Advanced(StackId, Option<&'a [u64]>),
    /// Code that the host has called or resumed stops.
    Left(Left),
    /// The host ends the wait of the execution of a stack.
    TimedOut(StackId),
    /// The host names the execution of a stack.
    Named(StackId, &'a str),
    /// The host instantiates a module. [`HostEvent::Left`] follows.
    Instantiates(&'a Arc<Module>, &'a [Extern]),
    /// The host has written these bytes to a memory, from an address on.
    Wrote(MemoryIndex, u64, &'a [u8]),
    /// The host borrows the bytes of a memory, and changes them until the next event.
    Borrows(MemoryIndex),
    /// The host wakes waits at an address: the number at most.
    Notifies(MemoryIndex, u64, u32),
    /// The host grows a memory by a number of pages.
    GrowsMemory(MemoryIndex, u64),
    /// The host creates a memory.
    CreatesMemory(MemoryType),
    /// The host creates a global with this value.
    CreatesGlobal(GlobalType, ValBits),
    /// The host sets a global.
    SetsGlobal(GlobalIndex, ValBits),
    /// The host creates a table with this element.
    CreatesTable(TableType, u64),
    /// The host grows a table by a number of elements, with this element.
    GrowsTable(TableIndex, u64, u64),
    /// The host sets elements of a table: from an index on, the number, to this element.
    FillsTable(TableIndex, u64, u64, u64),
    /// The host copies elements of a table.
    CopiesTable {
        /// Table to which they are copied, and the index of the first one there.
        to: (TableIndex, u64),
        /// Table from which they are copied, and the index of the first one there.
        from: (TableIndex, u64),
        /// Number of elements.
        len: u64,
    },
    /// The host creates a tag.
    CreatesTag(TypeId),
    /// The host sets the fuel.
    SetsFuel(u64),
    /// The limiter is called for the growth of a memory or table. All calls are numbered.
    AsksToGrow,
    /// The last growth for which the limiter was called does not take place.
    DeniesGrowth,
    /// The limiter ends the execution because of that growth, with this error.
    FailsGrowth(&'a Error),
    /// Code is interrupted, in the way with this number.
    Interrupts(u8),
    /// A function becomes one of the store: the host creates it, or looks it up in an instance.
    AddsFunction(FuncIndex),
    /// The host adds these bytes, which a replay returns.
    Notes(&'a [u8]),
    /// The host does something that cannot be recorded.
    Refused(&'static str),
}

/// The way in which code stops that the host has called or resumed.
#[derive(Clone, Copy, Debug)]
pub enum Left {
    /// The function has returned.
    Done,
    /// The function has failed.
    Failed,
    /// The function is suspended, for the reason with this number.
    Suspended(u8),
}

/// A recorder of a store.
pub trait Recording: Send + Sync {
    /// Records an event.
    ///
    /// # Errors
    ///
    /// An error if it cannot be recorded, also at later events. A host function returns it.
    fn record(&mut self, store: &StoreInner, event: HostEvent<'_>) -> Result<(), Error>;

    /// Records bytes that the host has written to a memory, from an address on, while the store
    /// is borrowed.
    fn wrote(&mut self, memory: MemoryIndex, address: u64, bytes: &[u8]);

    /// Ends the recording with a number and a text, which a replay returns.
    ///
    /// # Errors
    ///
    /// The first error of the recording.
    fn end(&mut self, store: &StoreInner, code: u32, text: &str) -> Result<(), Error>;
}

impl StoreInner {
    /// Records an event, if the store is recorded.
    ///
    /// # Errors
    ///
    /// An error if it cannot be recorded.
    #[inline]
    pub fn record(&mut self, event: HostEvent<'_>) -> Result<(), Error> {
        match self.recording.take() {
            None => Ok(()),
            Some(recording) => self.record_by(recording, event),
        }
    }

    /// Records an event that cannot fail. If it cannot be recorded, the next event that can fail
    /// does.
    #[inline]
    pub fn note(&mut self, event: HostEvent<'_>) {
        // The recorder keeps its first error.
        let _ = self.record(event);
    }

    #[cold]
    fn record_by(
        &mut self,
        mut recording: Box<dyn Recording>,
        event: HostEvent<'_>,
    ) -> Result<(), Error> {
        let recorded = recording.record(self, event);
        self.recording = Some(recording);
        recorded
    }
}

/// The limits of a store that do not depend on what grows.
#[derive(Clone, Copy, Debug)]
pub struct FixedLimits {
    /// Maximum number of instances.
    pub instances: usize,
    /// Maximum number of tables.
    pub tables: usize,
    /// Maximum number of memories.
    pub memories: usize,
    /// Maximum number of continuations.
    pub continuations: usize,
    /// Maximum number of bytes of all stacks together.
    pub stack_bytes: usize,
    /// Maximum number of bytes of all exceptions together.
    pub exception_bytes: usize,
    /// Maximum number of bytes that the heap of structures and arrays takes.
    pub object_bytes: usize,
}
