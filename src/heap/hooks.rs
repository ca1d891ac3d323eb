//! Hooks: functions of the embedder that a store calls.

use super::limits::Limiter;
use super::store::StoreInner;
use crate::support::error::Error;
use crate::support::wait_queue::Ticket;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;

/// Hook that returns the limiter in the embedder's data.
pub type LimiterHook =
    Box<dyn for<'a> FnMut(&'a mut dyn Any) -> Box<dyn Limiter + 'a> + Send + Sync>;

/// Hook that is called when an epoch deadline has passed. An error ends the execution.
pub type EpochHook = Box<dyn FnMut(&mut StoreInner) -> Result<EpochDecision, Error> + Send + Sync>;

/// Hook that is called on each passage between the host and WebAssembly.
pub type CallHook = Box<dyn FnMut(&mut StoreInner, Crossing) -> Result<(), Error> + Send + Sync>;

/// Hook that is called before each cell.
pub type CellHook = Box<dyn FnMut(&StoreInner) + Send + Sync>;

/// Hook that is called before a thread is parked for a wait without a timeout, with the wait, and
/// after it, with none.
pub type WaitHook = Arc<dyn Fn(Option<&Arc<Ticket>>) + Send + Sync>;

/// Decision of an epoch hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochDecision {
    /// Trap with [`Trap::Interrupt`](crate::code::Trap::Interrupt).
    Trap,
    /// Continue, with a deadline this many ticks from now.
    Continue(u64),
    /// Suspend the execution, with a deadline this many ticks from now.
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

impl StoreInner {
    /// Calls the call hook for a passage between the host and WebAssembly.
    ///
    /// # Errors
    ///
    /// The hook's error. The passage does not take place then.
    #[inline]
    pub fn cross(&mut self, crossing: Crossing) -> Result<(), Error> {
        match self.call_hook {
            None => Ok(()),
            Some(_) => self.call_hook(crossing),
        }
    }

    #[cold]
    fn call_hook(&mut self, crossing: Crossing) -> Result<(), Error> {
        // The hook is taken out while it runs, so it is not called for its own calls.
        let Some(mut hook) = self.call_hook.take() else {
            return Ok(());
        };
        // Arguments and results are on stacks that have not left, or have ended, where the
        // collector does not find them.
        self.collector.pause();
        let crossed = hook(self, crossing);
        self.collector.resume();
        // Unless the hook has set another one.
        self.call_hook.get_or_insert(hook);
        crossed
    }
}
