//! Forks: independent copies of a store.
//!
//! A fork has the same contents at the same indices, so references in slots, tables, globals and
//! objects are copied as they are. Addresses are not: cores, functions and boundaries of the fork
//! have those of its own instances. Modules, and with them translated code, are shared.

use super::externs::CopyHostValue;
use super::func::FuncObject;
use super::global::Global;
use super::limits::{LimitError, copied};
use super::memory::Memory;
use super::store::StoreInner;
use super::table::Table;
use crate::ids::InstanceIndex;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use thiserror::Error as ThisError;

/// Reason for which a store cannot be forked.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum ForkError {
    /// The host cannot allocate the copy.
    #[error("the host cannot allocate a copy of the store")]
    Allocation,
    /// A memory is shared with other stores, which may change it at any time. This is its index in
    /// the store.
    #[error("memory {0} of the store is shared with other stores, so the store cannot be forked")]
    SharedMemory(u32),
    /// The store has probes, and with them code of its own.
    #[error("the store has breakpoints or other probes, so it cannot be forked")]
    Probes,
    /// A host value was not copied. This is its number in the store.
    #[error("host value {0} of the store cannot be copied (`Store::fork_with` copies host values)")]
    HostValue(u32),
}

impl From<LimitError> for ForkError {
    fn from(_: LimitError) -> ForkError {
        ForkError::Allocation
    }
}

/// Applies a function to each item of a list, and returns the results.
fn each<T, U>(
    list: &[T],
    fork: impl Fn(&T) -> Result<U, LimitError>,
) -> Result<Vec<U>, LimitError> {
    let mut all = Vec::new();
    all.try_reserve_exact(list.len())
        .map_err(|_| LimitError::Allocation)?;
    for item in list {
        all.push(fork(item)?);
    }
    Ok(all)
}

impl StoreInner {
    /// Returns the number of bytes that a fork copies, approximately.
    pub fn copied_by_fork(&self) -> usize {
        let memories: usize = self.memories.iter().map(Memory::copied_by_fork).sum();
        let tables: usize = self
            .tables
            .iter()
            .map(|table| table.len() * size_of::<u64>())
            .sum();
        memories + tables + self.stacks.bytes() + self.objects.bytes() + self.exceptions.bytes()
    }

    /// Returns a copy of the store with the embedder's data `data`. Host values are copied with
    /// `copy`. The embedder's hooks are not copied. No code of the store runs.
    ///
    /// # Errors
    ///
    /// A [`ForkError`].
    pub fn fork(
        &self,
        data: Box<dyn Any>,
        copy: &mut CopyHostValue<'_>,
    ) -> Result<StoreInner, ForkError> {
        debug_assert_eq!(self.stacks.depth(), 0, "no code runs");
        if self.debugging.is_some() {
            return Err(ForkError::Probes);
        }
        let shared = self
            .memories
            .iter()
            .position(|memory| !memory.is_exclusive());
        if let Some(index) = shared {
            return Err(ForkError::SharedMemory(index as u32));
        }
        let mut fork = StoreInner::new(
            Arc::clone(self.engine()),
            data,
            self.describe_failure,
            self.trace_stack,
            self.uncharged_cost,
        );
        fork.memories = each(&self.memories, Memory::fork)?;
        fork.tables = each(&self.tables, Table::fork)?;
        fork.globals = each(&self.globals, |global| {
            Ok(Global::new(*global.ty(), global.get()))
        })?;
        fork.tags = copied(&self.tags)?;
        for (index, instance) in self.instances.iter().enumerate() {
            let instance = instance.fork(&fork, InstanceIndex(index as u32));
            fork.instances.push(instance);
        }
        fork.functions = each(&self.functions, |function| {
            Ok(FuncObject {
                instance: match function.is_host() {
                    true => function.instance,
                    false => fork
                        .instance(self.instance_of_core(function.instance))
                        .core(),
                },
                ..*function
            })
        })?;
        fork.host_functions.clone_from(&self.host_functions);
        fork.externs = self.externs.fork(copy).map_err(ForkError::HostValue)?;
        fork.exceptions = self.exceptions.fork()?;
        fork.pending_exception = self.pending_exception;
        fork.collector = self.collector.fork()?;
        let objects = self.objects.fork()?;
        let stacks = self.stacks.fork(
            fork.engine(),
            objects.core(),
            |instance| fork.instance(instance).core(),
            |queue| fork.memory(self.memory_of_queue(queue)?).waiters().cloned(),
        );
        // Both are replaced together: the stacks have the address of the objects.
        fork.stacks = stacks.ok_or(ForkError::Allocation)?;
        fork.objects = objects;
        fork.stacks.set_functions(fork.functions.as_ptr());
        Ok(fork)
    }
}
