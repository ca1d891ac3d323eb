//! The ways of running a script: by dispatch, by translation, in one go or in steps.

use crate::script::Host;
use crate::script::driver::{Driver, call_directly};
use backstitch::{
    CompilationMode, Config, Dispatch, DispatchError, Engine, Error, Func, Instance, Linker,
    Module, Outcome, Result, Store, Suspension, Val,
};
use std::fmt;

/// Whether dispatch by tail calls is to be there: the workspace's profiles
/// optimise the engine, so that only the target decides.
const HAS_TAIL_CALLS: bool = cfg!(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
));

/// More suspensions than any call of a script needs: a call that suspends so
/// often gets nowhere.
const SUSPENSION_LIMIT: u64 = 1 << 28;

/// The dispatch backends of this build.
pub fn dispatches() -> Vec<Dispatch> {
    let mut all = vec![Dispatch::best()];
    if !all.contains(&Dispatch::Loop) {
        all.push(Dispatch::Loop);
    }
    all
}

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
    /// All modes that there are, in whichever build.
    pub fn all() -> Vec<Mode> {
        let mut modes = Vec::new();
        for dispatch in [Dispatch::Tail, Dispatch::Become, Dispatch::Loop] {
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

    /// An engine that runs in this mode; none where this build does not have its
    /// dispatch, and need not have it.
    pub fn engine(&self) -> Result<Option<Engine>> {
        let mut config = Config::new();
        config
            .dispatch(self.dispatch)
            .compilation_mode(self.compilation)
            .consume_fuel(self.stepwise);
        match Engine::new(&config) {
            Ok(engine) => Ok(Some(engine)),
            Err(error) if self.is_unavailable(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_unavailable(&self, error: &Error) -> bool {
        let unavailable = DispatchError::Unavailable(self.dispatch);
        let must_be_there = self.dispatch == Dispatch::Tail && HAS_TAIL_CALLS;
        error.downcast_ref() == Some(&unavailable) && !must_be_there
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

    /// Advances something that suspends until it is done, with one unit of fuel each time.
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
                        "suspended, but not for fuel: {other:?}"
                    )));
                }
            }
        }
        Err(Error::msg("suspended again and again"))
    }
}

/// How far something came that suspends.
enum Progress<R> {
    Done(R),
    Suspended(Suspension),
}

impl Driver for ModeDriver<'_> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn validate(&mut self, bytes: &[u8]) -> Result<()> {
        if self.mode.refuses_late() {
            // Making the module would accept what its first call refuses.
            Module::validate(self.engine, bytes)
        } else {
            Module::from_binary(self.engine, bytes).map(drop)
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
            Ok(match execution.resume(store)? {
                Outcome::Done(results) => Progress::Done(results),
                Outcome::Suspended(suspension) => Progress::Suspended(suspension),
            })
        })
    }
}
