//! The engine: what modules and stores have in common.

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
    /// Shared by all that runs together: the configuration, the types, the epoch.
    ///
    /// Clones are the same engine. Modules, linkers and stores of different engines do not
    /// go together.
    #[derive(Clone)]
    pub struct Engine(Arc<EngineInner>);
}

impl Engine {
    /// An engine.
    ///
    /// # Errors
    ///
    /// If this build cannot run code in the configured way.
    pub fn new(config: &Config) -> Result<Engine, Error> {
        let handlers = config.dispatch.unwrap_or_else(Dispatch::best).handlers()?;
        let tunables = config.tunables.clone();
        Ok(Engine(Arc::new(EngineInner::new(
            tunables,
            handlers,
            translate::translate,
        ))))
    }

    /// Whether these are clones of one engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// A handle that does not keep the engine alive: for a thread that increments the
    /// epoch.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(Arc::downgrade(&self.0))
    }

    /// The configuration that the engine was made with, and the way of dispatch that it
    /// chose.
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

    /// Increments the epoch: executions whose store's deadline has come notice soon.
    ///
    /// It may be called from any thread, and from a signal handler.
    pub fn increment_epoch(&self) {
        self.0.epoch.advance();
    }
}

impl Default for Engine {
    /// An engine with the default configuration.
    ///
    /// # Panics
    ///
    /// If this build cannot run code at all; see [`Engine::new`].
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
#[derive(Clone)]
pub struct EngineWeak(Weak<EngineInner>);

impl EngineWeak {
    /// The engine, if it is still there.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

impl fmt::Debug for EngineWeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EngineWeak").field(&self.0.as_ptr()).finish()
    }
}
