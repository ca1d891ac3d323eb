//! Breakpoints, watched bytes and single steps.

use super::memory::Memory;
use super::module::Module;
use super::store::Store;
use crate::heap::Watched;
use crate::probe;
use crate::support::error::Result;
#[cfg(feature = "debug")]
use crate::walk::coredump::{extension::Value, value};
use alloc::vec::Vec;
use core::ops::Range;

/// Bytes of a memory at accesses to which executions are suspended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchpoint {
    /// The memory.
    pub memory: Memory,
    /// The addresses of the bytes.
    pub bytes: Range<u64>,
    /// True to stop before the bytes are read.
    pub reads: bool,
    /// True to stop before the bytes are written.
    pub writes: bool,
}

/// # Debugging
///
/// A store that is debugged gets its own copies of its modules' code at the first call of one of these
/// methods. Other stores of the same modules never notice. Functions without a breakpoint keep
/// the code that they had.
///
/// Executions are suspended with [`Suspension::Breakpoint`] and [`Suspension::Watchpoint`]. Calls that
/// cannot be suspended, like [`Func::call`], trap with [`Trap::Interrupt`] instead. Code that a host
/// function calls does not stop. A store that is debugged cannot be recorded or forked.
///
/// [`Suspension::Breakpoint`]: crate::Suspension::Breakpoint
/// [`Suspension::Watchpoint`]: crate::Suspension::Watchpoint
/// [`Func::call`]: crate::Func::call
/// [`Trap::Interrupt`]: crate::Trap::Interrupt
impl<T: 'static> Store<T> {
    /// Suspends executions before the instruction at an offset in a module, in all instances of the
    /// module. Returns whether there was no breakpoint yet.
    ///
    /// An execution that is suspended there executes the instruction when it is resumed.
    ///
    /// # Errors
    ///
    /// Returns an error if no instance of the store is of the module, if no instruction begins at the
    /// offset, if the store is recorded, or if there is no memory.
    ///
    /// ```
    /// use backstitch::{Engine, Instance, Module, Outcome, Store, Suspension, Val};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///   (func (export "add") (param i32 i32) (result i32)
    ///     local.get 0
    ///     local.get 1
    ///     i32.add))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let add = instance.get_func(&mut store, "add").unwrap();
    ///
    /// let first = module.instruction_from(0).unwrap();
    /// let offset = module.instruction_from(first + 1).unwrap();
    /// store.add_breakpoint(&module, offset)?;
    /// let mut execution = add.start(&mut store, &[Val::I32(1), Val::I32(2)])?;
    /// let outcome = execution.resume(&mut store)?;
    /// assert!(matches!(outcome, Outcome::Suspended(Suspension::Breakpoint)));
    /// let backtrace = execution.backtrace(&store);
    /// assert_eq!(backtrace.frames()[0].module_offset(), Some(offset as usize));
    /// assert!(matches!(execution.resume(&mut store)?, Outcome::Done(_)));
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn add_breakpoint(&mut self, module: &Module, offset: u32) -> Result<bool> {
        Ok(!probe::set_breakpoint(
            &mut self.inner,
            &module.0,
            offset,
            true,
        )?)
    }

    /// Removes a breakpoint. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// As [`Store::add_breakpoint`].
    pub fn remove_breakpoint(&mut self, module: &Module, offset: u32) -> Result<bool> {
        probe::set_breakpoint(&mut self.inner, &module.0, offset, false)
    }

    /// Sets the bytes at accesses to which executions are suspended: before instructions of WebAssembly
    /// that read or write one of them. These replace those of earlier calls.
    ///
    /// Accesses of host functions do not stop.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is recorded, or if there is no memory.
    ///
    /// # Panics
    ///
    /// Panics if the store does not own one of the memories.
    pub fn watch(&mut self, watchpoints: &[Watchpoint]) -> Result<()> {
        let mut watched = Vec::new();
        watched.try_reserve_exact(watchpoints.len())?;
        for watchpoint in watchpoints {
            watched.push(Watched {
                memory: watchpoint.memory.index_in(&self.inner),
                bytes: watchpoint.bytes.clone(),
                reads: watchpoint.reads,
                writes: watchpoint.writes,
            });
        }
        probe::watch(&mut self.inner, watched)
    }

    /// Sets whether executions are suspended before each instruction.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is recorded, or if there is no memory.
    pub fn single_step(&mut self, enable: bool) -> Result<()> {
        probe::single_step(&mut self.inner, enable)
    }
}

/// What the server for debuggers reads of a store, by the indices of a core dump.
#[cfg(feature = "debug")]
impl<T: 'static> Store<T> {
    /// Returns the first memory of an instance.
    pub(crate) fn memory_of(&self, instance: u32) -> Option<Memory> {
        let instance = self.inner.instances().nth(instance as usize)?;
        let memory = *instance.parts().memories.first()?;
        Some(Memory::of(self.inner.id(), memory))
    }

    /// Returns the value of a global of an instance.
    pub(crate) fn global_of(&self, instance: u32, index: usize) -> Option<Value> {
        let instance = self.inner.instances().nth(instance as usize)?;
        let global = self.inner.global(*instance.parts().globals.get(index)?);
        Some(value(global.ty().value, global.get()))
    }
}
