//! Backstitch's modes, and runs of programs in them.

use crate::generator::Program;
use crate::observation::Observation;

/// Maximum size of a stack in bytes. No terminating program needs as much.
const STACK: usize = 2 << 20;

/// Backstitch in one of its modes.
pub struct Subject {
    engine: backstitch::Engine,
    stepwise: bool,
    /// Name of the mode, for messages.
    pub name: String,
}

mod at_once {
    use crate::runner::runner;

    runner!(backstitch, true);
}

mod in_steps {
    use crate::runner::runner;
    use backstitch::{Outcome, Suspension};

    runner!(backstitch, call, inner, true);

    /// Amount of fuel that no call can spend.
    const PLENTY: u64 = 1 << 40;

    fn call(
        func: &Func,
        store: &mut Store<Host>,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        store.set_fuel(0)?;
        let mut execution = func.start(&mut *store, arguments)?;
        loop {
            match execution.resume(&mut *store)? {
                Outcome::Done(values) => {
                    results.copy_from_slice(&values);
                    return Ok(());
                }
                Outcome::Suspended(Suspension::Fuel) => store.set_fuel(1)?,
                Outcome::Suspended(other) => panic!("unexpected suspension: {other:?}"),
            }
        }
    }

    /// Calls a function in a host function, where it cannot be suspended.
    fn inner(func: &Func, caller: &mut Caller<'_, Host>) -> Result<(), Error> {
        let before = caller.get_fuel()?;
        caller.set_fuel(PLENTY)?;
        let ended = func.call(&mut *caller, &[], &mut []);
        caller.set_fuel(before)?;
        ended
    }
}

impl Subject {
    /// Returns all modes of this build.
    pub fn all() -> Vec<Subject> {
        use backstitch::{CompilationMode, Config, Dispatch, Engine};
        let mut dispatches = vec![Dispatch::best()];
        if !dispatches.contains(&Dispatch::Loop) {
            dispatches.push(Dispatch::Loop);
        }
        let mut subjects = Vec::new();
        for stepwise in [false, true] {
            for &dispatch in &dispatches {
                let mut config = Config::new();
                config
                    .dispatch(dispatch)
                    .compilation_mode(CompilationMode::LazyTranslation)
                    .consume_fuel(stepwise)
                    // Keeps a collection in progress all the time, which advances by the smallest
                    // step at each allocation.
                    .gc_threshold(1)
                    .gc_step(1)
                    .max_nested_calls(1000)
                    .wasm_backtrace(false)
                    .max_wasm_stack(STACK);
                subjects.push(Subject {
                    engine: Engine::new(&config).expect("the backend is available"),
                    stepwise,
                    name: format!("{dispatch:?}, stepwise={stepwise}"),
                });
            }
        }
        subjects
    }

    /// Runs a program and returns the observation.
    pub fn observe(&self, program: &Program) -> Result<Observation, String> {
        let observed = match self.stepwise {
            true => in_steps::observe(&self.engine, program),
            false => at_once::observe(&self.engine, program),
        };
        observed.map_err(|error| format!("{error:?}"))
    }
}
