//! The engines, and how they run.

use crate::generator::Program;
use crate::observation::Observation;

/// The stack of a continuation: more than anything needs that ends.
const STACK: usize = 2 << 20;

/// Backstitch, in one of its modes.
pub struct Subject {
    engine: backstitch::Engine,
    stepwise: bool,
    /// For messages.
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

    /// More than any call needs.
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
                Outcome::Suspended(other) => panic!("suspended for {other:?}"),
            }
        }
    }

    /// A call within a host function cannot be suspended.
    fn inner(func: &Func, caller: &mut Caller<'_, Host>) -> Result<(), Error> {
        let before = caller.get_fuel()?;
        caller.set_fuel(PLENTY)?;
        let ended = func.call(&mut *caller, &[], &mut []);
        caller.set_fuel(before)?;
        ended
    }
}

impl Subject {
    /// Every mode of this build.
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
                    // A collection is always under way, and goes on at each allocation by the
                    // least that it can.
                    .gc_threshold(1)
                    .gc_step(1)
                    .max_nested_calls(1000)
                    .wasm_backtrace(false)
                    .max_wasm_stack(STACK);
                subjects.push(Subject {
                    engine: Engine::new(&config).expect("the backend works"),
                    stepwise,
                    name: format!("{dispatch:?}, stepwise={stepwise}"),
                });
            }
        }
        subjects
    }

    /// What the program does.
    pub fn observe(&self, program: &Program) -> Result<Observation, String> {
        let observed = match self.stepwise {
            true => in_steps::observe(&self.engine, program),
            false => at_once::observe(&self.engine, program),
        };
        observed.map_err(|error| format!("{error:?}"))
    }
}
