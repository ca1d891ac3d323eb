//! The engine: state that modules and stores share.

use super::config::Config;
use crate::execute::Dispatch;
use crate::module::EngineInner;
use crate::support::error::Error;
use crate::support::transparent::transparent;
use crate::translate;
use alloc::sync::{Arc, Weak};
use core::fmt;
use core::ptr;

transparent! {
    /// Global state that modules, linkers and stores share: configuration, types and epoch.
    ///
    /// Clones refer to the same engine. Modules, linkers and stores of different engines cannot be
    /// used together.
    ///
    /// Corresponds to
    /// [`wasmtime::Engine`](https://docs.rs/wasmtime/latest/wasmtime/struct.Engine.html).
    #[derive(Clone)]
    pub struct Engine(Arc<EngineInner>);
}

impl Engine {
    /// Creates an engine.
    ///
    /// # Errors
    ///
    /// Returns a [`DispatchError`](crate::DispatchError) if this build does not have the configured
    /// dispatch backend.
    pub fn new(config: &Config) -> Result<Engine, Error> {
        let handlers = config.dispatch.unwrap_or_else(Dispatch::best).handlers()?;
        let tunables = config.tunables.clone();
        Ok(Engine(Arc::new(EngineInner::new(
            tunables,
            handlers,
            translate::translate,
        ))))
    }

    /// Returns whether `a` and `b` refer to the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// Creates a handle that does not keep the engine alive, for example for a thread that
    /// increments the epoch.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(Arc::downgrade(&self.0))
    }

    /// Returns the configuration of the engine, with the dispatch backend that was chosen.
    pub fn config(&self) -> Config {
        let is_used = |dispatch: &Dispatch| {
            dispatch
                .handlers()
                .is_ok_and(|handlers| ptr::eq(handlers, self.0.handlers))
        };
        let all = [Dispatch::Loop, Dispatch::Tail, Dispatch::Become];
        let dispatch = all.into_iter().find(is_used);
        Config {
            tunables: self.0.tunables.clone(),
            dispatch,
        }
    }

    /// Returns whether errors of executions carry core dumps.
    #[cfg(feature = "wasi-core")]
    pub(crate) fn has_core_dumps(&self) -> bool {
        self.0.tunables.coredump_on_trap
    }

    /// Increments the epoch.
    ///
    /// Executions whose deadline is reached stop at their next poll; see
    /// [`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline). This function may be called
    /// from any thread, and from a signal handler.
    pub fn increment_epoch(&self) {
        self.0.epoch.advance();
    }
}

impl Default for Engine {
    /// Creates an engine with the default configuration.
    ///
    /// # Panics
    ///
    /// Panics if this build has no dispatch backend; see [`Engine::new`].
    fn default() -> Engine {
        Engine::new(&Config::new()).expect("the default configuration works")
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine")
            .field(&Arc::as_ptr(&self.0))
            .finish()
    }
}

/// A handle to an [`Engine`] that does not keep it alive.
///
/// Corresponds to
/// [`wasmtime::EngineWeak`](https://docs.rs/wasmtime/latest/wasmtime/struct.EngineWeak.html).
#[derive(Clone)]
pub struct EngineWeak(Weak<EngineInner>);

impl EngineWeak {
    /// Returns the engine if it still exists.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

impl fmt::Debug for EngineWeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EngineWeak").field(&self.0.as_ptr()).finish()
    }
}
