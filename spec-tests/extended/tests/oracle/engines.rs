//! Backstitch's modes, and runs of programs in them.

use crate::generator::Program;
use crate::observation::Observation;
use backstitch::{Caller, CompilationMode, Config, Engine, Func};

/// Maximum size of a stack in bytes. No terminating program needs as much.
const STACK: usize = 2 << 20;

/// Amount of fuel that no call can spend.
const PLENTY: u64 = 1 << 40;

/// The way in which calls are made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Calls {
    AtOnce,
    /// With one unit of fuel at a time.
    InSteps,
    /// In steps, and also from snapshots that are made between them.
    Saved,
}

/// Backstitch in one of its modes.
pub struct Subject {
    engine: Engine,
    calls: Calls,
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

    runner!(backstitch, call, super::inner, true);

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
}

mod saved {
    use crate::runner::runner;
    use backstitch::SnapshotHost;
    use spec_tests::copying::Copier;
    use spec_tests::copying::saving::{self, Embedder, Saving};
    use std::sync::LazyLock;

    runner!(backstitch, call, super::inner, true);

    static OTHERS: LazyLock<Vec<Engine>> = LazyLock::new(|| saving::others(super::limit));

    /// The host functions and the log.
    struct Logging;

    impl SnapshotHost<Host> for Logging {
        fn save_data(&mut self, host: &Host) -> Result<Vec<u8>, Error> {
            let lists = [&host.log, &host.caught];
            let bytes = lists.map(|list| list.iter().flat_map(|item| item.to_le_bytes()).collect());
            let [mut bytes, mut rest]: [Vec<u8>; 2] = bytes;
            bytes.splice(..0, (host.log.len() as u32).to_le_bytes());
            bytes.append(&mut rest);
            Ok(bytes)
        }

        fn restore_data(&mut self, bytes: &[u8]) -> Result<Host, Error> {
            let (numbers, _) = bytes.as_chunks();
            let mut numbers = numbers.iter().map(|&bytes| i32::from_le_bytes(bytes));
            let logged = numbers.next().expect("a length") as usize;
            Ok(Host {
                log: numbers.by_ref().take(logged).collect(),
                caught: numbers.collect(),
                tags: Vec::new(),
            })
        }
    }

    impl Embedder<Host> for Logging {
        fn link(&mut self, linker: &mut Linker<Host>, _: &[Module]) -> Result<(), Error> {
            functions(linker)
        }

        fn ready(&mut self, store: &mut Store<Host>, instances: &[Instance]) {
            note_tags(store, instances);
        }

        fn compare(&mut self, host: &Host) -> Vec<u8> {
            self.save_data(host).expect("the log can be saved")
        }
    }

    fn call(
        func: &Func,
        store: &mut Store<Host>,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        store.set_fuel(0)?;
        let mut copier = Copier::new(Saving::new(Logging, &OTHERS), false);
        let ended = copier.call(store, func, arguments);
        match copier.difference {
            Some(difference) => Err(Error::msg(difference)),
            None => ended.map(|values| results.copy_from_slice(&values)),
        }
    }
}

/// Calls a function in a host function, where it cannot be suspended.
fn inner<T: 'static>(func: &Func, caller: &mut Caller<'_, T>) -> backstitch::Result<()> {
    let before = caller.get_fuel()?;
    caller.set_fuel(PLENTY)?;
    let ended = func.call(&mut *caller, &[], &mut []);
    caller.set_fuel(before)?;
    ended
}

/// Sets limits that no terminating program needs.
fn limit(config: &mut Config) {
    config
        // Keeps a collection in progress all the time, which advances by the smallest step at each
        // allocation.
        .gc_threshold(1)
        .gc_step(1)
        .max_nested_calls(1000)
        .wasm_backtrace(false)
        .max_wasm_stack(STACK);
}

impl Subject {
    /// Returns all modes of this build.
    pub fn all() -> Vec<Subject> {
        let dispatches = spec_tests::engines::dispatches();
        let mut subjects = Vec::new();
        for calls in [Calls::AtOnce, Calls::InSteps, Calls::Saved] {
            for &dispatch in &dispatches {
                let mut config = Config::new();
                config
                    .dispatch(dispatch)
                    .compilation_mode(CompilationMode::LazyTranslation)
                    .consume_fuel(calls != Calls::AtOnce);
                limit(&mut config);
                subjects.push(Subject {
                    engine: Engine::new(&config).expect("the backend is available"),
                    calls,
                    name: format!("{dispatch:?}, {calls:?}"),
                });
            }
        }
        subjects
    }

    /// Runs a program and returns the observation.
    pub fn observe(&self, program: &Program) -> Result<Observation, String> {
        let observe = match self.calls {
            Calls::AtOnce => at_once::observe,
            Calls::InSteps => in_steps::observe,
            Calls::Saved => saved::observe,
        };
        let observed = observe(&self.engine, program);
        observed.map_err(|error| format!("{error:?}"))
    }
}
