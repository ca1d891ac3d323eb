//! The ways of running a script: by dispatch, by translation, in one go or in steps.

use crate::script::Host;
use crate::script::driver::{Driver, call_directly};
use backstitch::{
    CompilationMode, Config, Dispatch, Engine, Error, Func, Instance, Linker, Module, Outcome,
    Result, Store, Suspension, Val,
};
use std::fmt;

/// Fuel for what is to run in one go.
const PLENTY: u64 = u64::MAX / 2;

/// More suspensions than any call of a script needs: a call that suspends so
/// often gets nowhere.
const SUSPENSION_LIMIT: u64 = 1 << 28;

/// One way of running scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    dispatch: Dispatch,
    compilation: CompilationMode,
    /// Whether a call gets one unit of fuel at a time, so that it suspends and
    /// is resumed wherever it can be.
    stepwise: bool,
}

impl Mode {
    /// All modes that this build of the engine has: the fastest dispatch, which
    /// is by tail calls where they are optimised, and the loop.
    pub fn all() -> Vec<Mode> {
        let mut dispatches = vec![Dispatch::best()];
        if !dispatches.contains(&Dispatch::Loop) {
            dispatches.push(Dispatch::Loop);
        }
        let mut modes = Vec::new();
        for dispatch in dispatches {
            for compilation in [CompilationMode::Eager, CompilationMode::LazyTranslation] {
                for stepwise in [false, true] {
                    modes.push(Mode {
                        dispatch,
                        compilation,
                        stepwise,
                    });
                }
            }
            modes.push(Mode {
                dispatch,
                compilation: CompilationMode::Lazy,
                stepwise: false,
            });
        }
        modes
    }

    /// An engine that runs in this mode.
    pub fn engine(&self) -> Result<Engine> {
        let mut config = Config::new();
        config
            .dispatch(self.dispatch)
            .compilation_mode(self.compilation)
            .consume_fuel(self.stepwise);
        Engine::new(&config)
    }

    /// Whether a module's refusal may come later than where the module is made,
    /// so that a script that the engine does not support fails in other places.
    pub fn refuses_late(&self) -> bool {
        self.compilation == CompilationMode::Lazy
    }

    /// Whether scripts are run in steps, so that the suspensions can be counted.
    pub fn is_stepwise(&self) -> bool {
        self.stepwise
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dispatch = match self.dispatch {
            Dispatch::Tail => "tail",
            Dispatch::Loop => "loop",
            Dispatch::Become => "become",
            _ => "other",
        };
        let compilation = match self.compilation {
            CompilationMode::Eager => "eager",
            CompilationMode::LazyTranslation => "lazy-translation",
            CompilationMode::Lazy => "lazy",
            _ => "other",
        };
        let steps = if self.stepwise { "stepwise" } else { "at-once" };
        write!(f, "{dispatch}/{compilation}/{steps}")
    }
}

/// Runs a script in a mode.
pub struct ModeDriver<'engine> {
    mode: Mode,
    engine: &'engine Engine,
    suspensions: u64,
}

impl<'engine> ModeDriver<'engine> {
    /// A driver for a mode; `engine` is of that mode.
    pub fn new(mode: Mode, engine: &'engine Engine) -> Self {
        ModeDriver {
            mode,
            engine,
            suspensions: 0,
        }
    }

    /// How often the script's calls were suspended, all together.
    pub fn suspensions(&self) -> u64 {
        self.suspensions
    }

    fn call_stepwise(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        store.set_fuel(1)?;
        let mut execution = function.start(&mut *store, arguments)?;
        for _ in 0..SUSPENSION_LIMIT {
            match execution.resume(&mut *store)? {
                Outcome::Done(results) => return Ok(results),
                Outcome::Suspended(Suspension::Fuel) => {
                    self.suspensions += 1;
                    store.set_fuel(1)?;
                }
                _ => return Err(Error::msg("suspended, but not for want of fuel")),
            }
        }
        Err(Error::msg("suspended again and again"))
    }
}

impl Driver for ModeDriver<'_> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn new_store(&mut self) -> Result<Store<Host>> {
        let mut store = Store::new(self.engine, Host::default());
        if self.mode.stepwise {
            store.set_fuel(PLENTY)?;
        }
        Ok(store)
    }

    fn validate(&mut self, bytes: &[u8]) -> Result<()> {
        if self.mode.refuses_late() {
            // Making the module would accept what its first call refuses.
            Module::validate(self.engine, bytes)
        } else {
            Module::new(self.engine, bytes).map(drop)
        }
    }

    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        if self.mode.stepwise {
            store.set_fuel(PLENTY)?;
        }
        linker.instantiate(store, module)
    }

    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        if self.mode.stepwise {
            self.call_stepwise(store, function, arguments)
        } else {
            call_directly(store, function, arguments)
        }
    }
}
