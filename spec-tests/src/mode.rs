//! Modes in which scripts run: dispatch backend, compilation mode or archives, and at once or stepwise.

use crate::script::Host;
use crate::script::driver::{Driver, call_directly};
use backstitch::{
    CompilationMode, Config, Dispatch, DispatchError, Engine, Error, Func, Instance, Linker,
    Module, Outcome, Result, Store, Suspension, Val,
};
use std::borrow::Cow;
use std::fmt;

/// True if the engine must have the `tail` backend. The workspace's profiles optimise the engine,
/// so that only the target decides.
const HAS_TAIL_CALLS: bool = cfg!(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
));

/// Number of suspensions after which a call counts as making no progress. No call of a script needs
/// so many.
const SUSPENSION_LIMIT: u64 = 1 << 28;

/// A mode in which scripts run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    dispatch: Dispatch,
    compilation: CompilationMode,
    /// True if a call gets one unit of fuel at a time, so that it suspends and is resumed at every
    /// possible point.
    stepwise: bool,
    /// True if modules are written as archives, and run from these.
    archived: bool,
}

impl Mode {
    /// Returns all modes, including those that this build does not support.
    pub fn all() -> Vec<Mode> {
        let mut modes = Vec::new();
        for dispatch in [Dispatch::Tail, Dispatch::Become, Dispatch::Loop] {
            for compilation in [CompilationMode::Eager, CompilationMode::LazyTranslation] {
                for stepwise in [false, true] {
                    modes.push(Mode {
                        dispatch,
                        compilation,
                        stepwise,
                        archived: false,
                    });
                }
            }
            modes.push(Mode {
                dispatch,
                compilation: CompilationMode::Lazy,
                stepwise: false,
                archived: false,
            });
            for stepwise in [false, true] {
                modes.push(Mode {
                    dispatch,
                    compilation: CompilationMode::LazyTranslation,
                    stepwise,
                    archived: true,
                });
            }
        }
        modes
    }

    /// Returns whether every script runs in this mode: at once, as engines compile by default.
    pub fn is_default(&self) -> bool {
        self.compilation == CompilationMode::default() && !self.stepwise && !self.archived
    }

    /// Creates an engine for this mode. Returns `None` if the mode's dispatch backend is neither
    /// available nor required in this build.
    pub fn engine(&self) -> Result<Option<Engine>> {
        match self.new_engine(self.stepwise) {
            Ok(engine) => Ok(Some(engine)),
            Err(error) if self.is_unavailable(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn new_engine(&self, counts: bool) -> Result<Engine> {
        let mut config = Config::new();
        config
            .dispatch(self.dispatch)
            .compilation_mode(self.compilation)
            .consume_fuel(counts);
        Engine::new(&config)
    }

    fn is_unavailable(&self, error: &Error) -> bool {
        let unavailable = DispatchError::Unavailable(self.dispatch);
        let must_be_there = self.dispatch == Dispatch::Tail && HAS_TAIL_CALLS;
        error.downcast_ref() == Some(&unavailable) && !must_be_there
    }

    /// Returns whether a module may be refused later than at its creation, so that a script with
    /// unsupported features fails at other directives.
    pub fn refuses_late(&self) -> bool {
        self.compilation == CompilationMode::Lazy
    }

    /// Returns whether scripts run stepwise, so that suspensions can be counted.
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
            _ if self.archived => "archive",
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
    engine: Cow<'engine, Engine>,
    suspensions: u64,
}

impl<'engine> ModeDriver<'engine> {
    /// Creates a driver for a mode; `engine` must be an engine of that mode.
    pub fn new(mode: Mode, engine: &'engine Engine) -> Self {
        ModeDriver {
            mode,
            engine: Cow::Borrowed(engine),
            suspensions: 0,
        }
    }

    /// Returns the number of suspensions of all calls of the script.
    pub fn suspensions(&self) -> u64 {
        self.suspensions
    }

    /// Calls `advance` with one unit of fuel at a time until it is done.
    fn step<R>(
        &mut self,
        store: &mut Store<Host>,
        mut advance: impl FnMut(&mut Store<Host>) -> Result<Progress<R>>,
    ) -> Result<R> {
        for _ in 0..SUSPENSION_LIMIT {
            store.set_fuel(1)?;
            match advance(store)? {
                Progress::Done(result) => return Ok(result),
                Progress::Suspended(Suspension::Fuel) => self.suspensions += 1,
                Progress::Suspended(other) => {
                    return Err(Error::msg(format!(
                        "suspended for another reason than fuel: {other:?}"
                    )));
                }
            }
        }
        Err(Error::msg("suspended too often"))
    }
}

/// Progress of a resumable call or instantiation.
enum Progress<R> {
    Done(R),
    Suspended(Suspension),
}

impl Driver for ModeDriver<'_> {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn count_instructions(&mut self) -> Result<()> {
        if !self.mode.stepwise {
            self.engine = Cow::Owned(self.mode.new_engine(true)?);
        }
        Ok(())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<Module> {
        let module = Module::from_binary(&self.engine, bytes)?;
        match self.mode.archived {
            true => Module::deserialize_checked(&self.engine, module.serialize()?),
            false => Ok(module),
        }
    }

    fn validate(&mut self, bytes: &[u8]) -> Result<()> {
        if self.mode.refuses_late() {
            // `Module::from_binary` would accept functions that the first call refuses.
            Module::validate(&self.engine, bytes)
        } else {
            Module::from_binary(&self.engine, bytes).map(drop)
        }
    }

    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        if !self.mode.stepwise {
            return linker.instantiate(store, module);
        }
        let mut instantiation = linker.instantiate_resumable(&mut *store, module)?;
        self.step(store, |store| {
            Ok(match instantiation.resume(store)? {
                None => Progress::Done(instantiation.instance()),
                Some(suspension) => Progress::Suspended(suspension),
            })
        })
    }

    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        if !self.mode.stepwise {
            return call_directly(store, function, arguments);
        }
        let mut execution = function.start(&mut *store, arguments)?;
        self.step(store, |store| {
            let mut outcome = execution.resume(&mut *store)?;
            // No other thread of the script runs during a call, so a wait ends with its timeout.
            while let Outcome::Suspended(Suspension::Wait {
                timeout: Some(_), ..
            }) = outcome
            {
                execution.time_out(&mut *store);
                outcome = execution.resume(&mut *store)?;
            }
            Ok(match outcome {
                Outcome::Done(results) => Progress::Done(results),
                Outcome::Suspended(suspension) => Progress::Suspended(suspension),
            })
        })
    }
}
