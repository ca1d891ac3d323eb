//! The state of a store whose code stops for an observer: see `probe`.
//!
//! Such a store has its own copies of its modules' code, so that other stores of the same modules never
//! notice.

use super::store::StoreInner;
use crate::code::AccessKind;
use crate::ids::{InstanceIndex, MemoryIndex, StackId};
use crate::module::{Counts, Module};
use crate::support::error::Error;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// Hook that is called when running code has just entered a function whose entrance is closed.
pub type Entered = fn(&mut StoreInner, InstanceIndex, u32) -> Result<(), Error>;

/// Hook that is called when a frame, whose record is at a number of slots from the base of a stack, is about
/// to catch an exception, while code stops before each instruction.
pub type Catches = fn(&mut StoreInner, StackId, usize) -> Result<(), Error>;

/// The state of a store whose code stops for an observer.
#[derive(Debug)]
pub struct Debugging {
    /// True if code stops before each instruction.
    pub stepping: bool,
    /// The way in which executions of code are counted.
    pub counts: Counts,
    /// The bytes of memories that are watched.
    pub watched: Vec<Watched>,
    /// See [`Entered`].
    pub entered: Entered,
    /// See [`Catches`].
    pub catches: Catches,
}

/// Bytes of a memory at accesses to which code stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The memory.
    pub memory: MemoryIndex,
    /// The addresses of the bytes.
    pub bytes: Range<u64>,
    /// True if code stops before it reads them.
    pub reads: bool,
    /// True if code stops before it writes them.
    pub writes: bool,
}

impl StoreInner {
    /// Returns whether code can be suspended for an observer now. Code that a host function has called
    /// cannot.
    fn can_stop(&self) -> bool {
        self.stacks.depth() == 1
    }

    /// Returns whether code stops before each instruction now.
    pub fn steps(&self) -> bool {
        let debugging = self.debugging.as_ref();
        debugging.is_some_and(|debugging| debugging.stepping) && self.can_stop()
    }

    /// Returns whether code stops at the probe before an instruction: that at an offset in an instance's
    /// module.
    pub fn stops_at(&self, instance: InstanceIndex, offset: u32) -> bool {
        let own = self.instance(instance).module().own_probes.as_ref();
        self.steps()
            || self.can_stop() && own.is_some_and(|own| own.lock().breakpoints.contains(&offset))
    }

    /// Returns whether code stops before an access to `size` bytes of a memory.
    pub fn stops_before(
        &self,
        memory: MemoryIndex,
        address: u64,
        size: u64,
        kind: AccessKind,
    ) -> bool {
        let Some(debugging) = &self.debugging else {
            return false;
        };
        let end = address.saturating_add(size);
        let touched = debugging.watched.iter().any(|watched| {
            let (writes, reads) = match kind {
                AccessKind::AtomicUpdate => (true, true),
                kind => (kind.writes(), !kind.writes()),
            };
            watched.memory == memory
                && (writes && watched.writes || reads && watched.reads)
                && address < watched.bytes.end
                && end > watched.bytes.start
        });
        touched && self.can_stop()
    }

    /// Records that code of an instance has executed the instruction at an offset in its module.
    pub fn note_execution(&mut self, instance: InstanceIndex, offset: u32) {
        let module = self.instance(instance).module();
        let (Some(own), Some(function)) = (&module.own_probes, module.function_at(offset)) else {
            return;
        };
        if own.lock().executed(function, offset) {
            module.code.close(function);
        }
    }

    /// Returns the module of a new instance: in a store whose code stops, a copy with code of its own.
    ///
    /// # Errors
    ///
    /// As [`Module::with_own_code`].
    pub(super) fn module_of_new_instance(&self, module: Arc<Module>) -> Result<Arc<Module>, Error> {
        #[cfg(feature = "validate")]
        if self.debugging.is_some() && module.own_probes.is_none() {
            return self.own_copy(&module);
        }
        Ok(module)
    }

    /// Returns the copy of a module with code of this store's own.
    #[cfg(feature = "validate")]
    fn own_copy(&self, module: &Module) -> Result<Arc<Module>, Error> {
        let mut own = self.instances.iter().map(|instance| instance.module());
        if let Some(own) = own.find(|own| own.is_copy_of(module)) {
            return Ok(Arc::clone(own));
        }
        let copy = module.with_own_code()?;
        if let (Some(own), Some(debugging)) = (&copy.own_probes, &self.debugging) {
            let mut own = own.lock();
            own.counts = debugging.counts;
            own.reads = debugging.watched.iter().any(|it| it.reads);
            own.writes = debugging.watched.iter().any(|it| it.writes);
        }
        Ok(copy)
    }

    /// Replaces the modules of all instances by copies, by instance.
    ///
    /// No code runs, and the caller moves the frames to the code of the copies.
    pub fn replace_modules(&mut self, copies: Vec<Arc<Module>>) {
        for (instance, copy) in self.instances.iter_mut().zip(copies) {
            instance.replace_module(copy);
        }
        for index in 0..self.functions.len() {
            let function = self.functions[index];
            if !function.is_host() {
                let module = self
                    .instance(self.instance_of_core(function.instance))
                    .module();
                self.functions[index].entry = module.code.entry(function.index);
            }
        }
    }
}
