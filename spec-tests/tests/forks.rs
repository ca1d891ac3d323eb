//! Forks go on as their stores do: calls of the test scripts are forked while they are suspended, and
//! both end with the same results, fuel, traps and core dumps.
//!
//! `FORKS=all cargo test -p spec-tests --test forks` forks at every suspension, which takes much longer.

use backstitch::{
    Config, Engine, Error, Execution, Func, Instance, Linker, Module, Outcome, Result, Store,
    Suspension, Val, WasmCoreDump,
};
use spec_tests::harness::{self, Arguments, Test};
use spec_tests::script::{self, Host, driver::Driver};
use spec_tests::suite;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Suspensions of a call after which it is left alone.
const MOST: u64 = 5_000;
/// Bytes of memories above which stores are not forked, as some scripts have memories of 4 GiB.
const LARGE: usize = 8 << 20;

/// A driver that forks suspended calls.
struct Forking {
    engine: Engine,
    /// True if a call is forked at every suspension, and false if only at those whose numbers are
    /// powers of 8.
    every: bool,
    forks: u64,
    /// Description of the first difference.
    difference: Option<String>,
}

/// The end of a call, for comparison.
#[derive(Debug, PartialEq)]
struct End {
    outcome: String,
    fuel: Option<u64>,
    suspensions: u64,
    dump: Vec<u8>,
}

/// A forked call.
struct Forked {
    store: Store<Host>,
    execution: Execution,
    suspensions: u64,
}

/// Advances a call by a unit of fuel. Returns its outcome at its end.
fn step(
    execution: &mut Execution,
    store: &mut Store<Host>,
    suspensions: &mut u64,
) -> Option<Result<Vec<Val>>> {
    if let Err(error) = store.set_fuel(1) {
        return Some(Err(error));
    }
    let mut outcome = execution.resume(&mut *store);
    while let Ok(Outcome::Suspended(Suspension::Wait { timeout, .. })) = &outcome {
        if timeout.is_none() {
            return Some(Err(Error::msg("deadlock")));
        }
        execution.time_out(&mut *store);
        outcome = execution.resume(&mut *store);
    }
    match outcome {
        Ok(Outcome::Suspended(_)) => {
            *suspensions += 1;
            None
        }
        Ok(Outcome::Done(values)) => Some(Ok(values)),
        Err(error) => Some(Err(error)),
    }
}

/// Describes the end of a call. Handles of references name stores, so they are left out.
fn end(store: &mut Store<Host>, outcome: &Result<Vec<Val>>, suspensions: u64) -> End {
    let value = |value: &Val| match value {
        Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => {
            format!("{value:?}")
        }
        other => format!(
            "reference, null: {}",
            other.ref_().is_none_or(|it| it.is_null())
        ),
    };
    let outcome = match outcome {
        Ok(values) => values.iter().map(|it| value(it) + "\n").collect(),
        Err(error) => format!("{error:?}"),
    };
    let dump = WasmCoreDump::capture(&mut *store).serialize(&mut *store, "end");
    End {
        outcome,
        fuel: store.fuel_spent(),
        suspensions,
        dump,
    }
}

impl Forking {
    /// Forks a suspended call. Returns `None` if the store has something that cannot be forked.
    fn fork(&mut self, store: &mut Store<Host>, execution: &Execution) -> Option<Forked> {
        let dump = execution.core_dump(&*store);
        let memories = dump.memories().iter();
        if memories
            .map(|memory| memory.data_size(&*store))
            .sum::<usize>()
            > LARGE
        {
            return None;
        }
        let fork = store.fork_with(Host::default(), |value| {
            Some(Box::new(*value.downcast_ref::<u32>()?))
        });
        let mut fork = match fork {
            Ok(fork) => fork,
            Err(error) => {
                self.difference.get_or_insert(format!("no fork: {error}"));
                return None;
            }
        };
        let execution = fork.get(execution);
        let mut forked = fork.into_store();
        forked.limiter(|host| &mut host.limits);
        let copy = execution.core_dump(&forked);
        if dump.serialize(&mut *store, "x") != copy.serialize(&mut forked, "x") {
            self.difference
                .get_or_insert("another dump after a fork".to_string());
        }
        self.forks += 1;
        Some(Forked {
            store: forked,
            execution,
            suspensions: 0,
        })
    }
}

impl Driver for Forking {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn count_instructions(&mut self) -> Result<()> {
        Ok(())
    }

    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        store.set_fuel(1 << 40)?;
        linker.instantiate(store, module)
    }

    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        let mut execution = function.start(&mut *store, arguments)?;
        let mut forks = Vec::new();
        let (mut suspensions, mut next) = (0, 0);
        let outcome = loop {
            if suspensions == next && suspensions <= MOST {
                next = if self.every {
                    next + 1
                } else {
                    (next * 8).max(1)
                };
                if let Some(mut forked) = self.fork(store, &execution) {
                    forked.suspensions = suspensions;
                    forks.push(forked);
                }
            }
            if suspensions > MOST {
                store.set_fuel(1 << 40)?;
                forks.clear();
                match execution.resume(&mut *store)? {
                    Outcome::Done(values) => return Ok(values),
                    Outcome::Suspended(_) => return Err(Error::msg("suspended")),
                }
            }
            if let Some(outcome) = step(&mut execution, store, &mut suspensions) {
                break outcome;
            }
        };
        if forks.is_empty() {
            return outcome;
        }
        let expected = end(store, &outcome, suspensions);
        for mut forked in forks {
            let began = forked.suspensions;
            let outcome = loop {
                let ended = step(
                    &mut forked.execution,
                    &mut forked.store,
                    &mut forked.suspensions,
                );
                if let Some(outcome) = ended {
                    break outcome;
                }
                if forked.suspensions > suspensions {
                    break Err(Error::msg("the fork goes on"));
                }
            };
            let found = end(&mut forked.store, &outcome, forked.suspensions);
            if found != expected {
                let text = format!(
                    "forked after {began} suspensions: {} {:?} {} instead of {} {:?} {}, dumps equal: {}",
                    found.outcome,
                    found.fuel,
                    found.suspensions,
                    expected.outcome,
                    expected.fuel,
                    expected.suspensions,
                    found.dump == expected.dump,
                );
                self.difference.get_or_insert(text);
            }
        }
        outcome
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    let every = std::env::var("FORKS").is_ok_and(|forks| forks == "all");
    // Forks copy memories, or share their pages. Every other script has the one or the other.
    let engines = [usize::MAX, 0].map(|size| {
        let mut config = Config::new();
        config.consume_fuel(true).copy_on_write_from(size);
        Engine::new(&config).expect("the default engine exists")
    });
    // Scripts of one name in several suites are much the same.
    let mut names = BTreeSet::new();
    let mut scripts = suite::scripts();
    scripts.retain(|script| {
        let name = script.name.rsplit('/').next().unwrap_or_default();
        every || names.insert(name.to_string())
    });
    let (engines, forks) = (&engines, &AtomicU64::new(0));
    let tests: Vec<Test<'_>> = scripts
        .iter()
        .enumerate()
        .filter(|(_, script)| arguments.selects(&script.name))
        .map(|(index, script)| Test {
            name: &script.name,
            run: Box::new(move || {
                let engines = match every {
                    true => &engines[..],
                    false => &engines[index % 2..][..1],
                };
                for engine in engines {
                    let mut driver = Forking {
                        engine: engine.clone(),
                        every,
                        forks: 0,
                        difference: None,
                    };
                    script::run(&script.text, &mut driver);
                    forks.fetch_add(driver.forks, Ordering::Relaxed);
                    if let Some(difference) = driver.difference {
                        return Err(difference);
                    }
                }
                Ok(())
            }),
        })
        .collect();
    let skipped = scripts.len() - tests.len();
    let totals = || format!("{} forks", forks.load(Ordering::Relaxed));
    let passed = harness::run(&arguments, &tests, skipped, totals);
    match passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
