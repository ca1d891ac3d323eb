//! Test scripts whose calls are copied while they are suspended. Each call runs with one unit of fuel
//! after the other. The copies and the call itself must end with the same results, fuel, traps and core
//! dumps.

use crate::harness::{self, Arguments, Test};
use crate::script::{self, Host, driver::Driver};
use crate::suite;
use backstitch::coredump::RootKind;
use backstitch::{
    CoreDump, Engine, Error, Execution, Func, Instance, Linker, Module, Outcome, Result, Store,
    Suspension, Val, WasmCoreDump,
};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Suspensions of a call after which it is left alone.
const MOST: u64 = 5_000;
/// Bytes of memories above which stores are not copied, as some scripts have memories of 4 GiB.
const LARGE: usize = 8 << 20;

/// A way to copy a store.
pub trait Copying {
    /// Name of the copies, in messages.
    const NAME: &'static str;
    /// True if copies have the references that only the host has.
    const KEEPS_HANDLES: bool;

    /// Copies a store with a suspended call. Returns the copy, the call there, and the number of bytes
    /// that were written, if the copy is made of bytes.
    ///
    /// # Errors
    ///
    /// An error if the store cannot be copied, or if the copy differs.
    fn copy(&mut self, store: &mut Store<Host>, execution: &Execution) -> Result<Copied>;
}

/// A copied call.
pub struct Copied {
    /// The copy of the store.
    pub store: Store<Host>,
    /// The call in the copy.
    pub execution: Execution,
    /// Number of bytes that were written.
    pub bytes: usize,
}

/// The end of a call, for comparison.
#[derive(Debug, PartialEq)]
struct End {
    outcome: String,
    fuel: Option<u64>,
    suspensions: u64,
    dump: Vec<u8>,
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
fn end(
    store: &mut Store<Host>,
    outcome: &Result<Vec<Val>>,
    suspensions: u64,
    keeps_handles: bool,
) -> End {
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
    let mut dump = WasmCoreDump::capture(&mut *store).serialize(&mut *store, "end");
    let parsed = CoreDump::parse(&dump).expect("a core dump");
    let mut roots = parsed.other_roots().iter();
    if !keeps_handles && roots.any(|root| root.kind == RootKind::Host) {
        dump.clear();
    }
    End {
        outcome,
        fuel: store.fuel_spent(),
        suspensions,
        dump,
    }
}

/// A driver that copies suspended calls.
struct Copier<C> {
    engine: Engine,
    copying: C,
    /// True if a call is copied at every suspension, and false if only at those whose numbers are
    /// powers of 8.
    every: bool,
    copies: u64,
    bytes: u64,
    /// Description of the first difference.
    difference: Option<String>,
}

impl<C: Copying> Copier<C> {
    /// Copies a suspended call, unless memories are too large.
    fn copy(&mut self, store: &mut Store<Host>, execution: &Execution) -> Option<Copied> {
        let dump = execution.core_dump(&*store);
        let memories = dump.memories().iter();
        let size: usize = memories.map(|memory| memory.data_size(&*store)).sum();
        if size > LARGE {
            return None;
        }
        match self.copying.copy(store, execution) {
            Ok(mut copied) => {
                copied.store.limiter(|host| &mut host.limits);
                self.copies += 1;
                self.bytes += copied.bytes as u64;
                Some(copied)
            }
            Err(error) => {
                let text = format!("not {}: {error:?}", C::NAME);
                self.difference.get_or_insert(text);
                None
            }
        }
    }
}

impl<C: Copying> Driver for Copier<C> {
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
        let mut copies = Vec::new();
        let (mut suspensions, mut next) = (0, 0);
        let outcome = loop {
            if suspensions == next && suspensions <= MOST {
                next = match self.every {
                    true => next + 1,
                    false => (next * 8).max(1),
                };
                let copied = self.copy(store, &execution);
                copies.extend(copied.map(|copied| (suspensions, copied)));
            }
            if suspensions > MOST {
                store.set_fuel(1 << 40)?;
                return match execution.resume(&mut *store)? {
                    Outcome::Done(values) => Ok(values),
                    Outcome::Suspended(_) => Err(Error::msg("suspended")),
                };
            }
            if let Some(outcome) = step(&mut execution, store, &mut suspensions) {
                break outcome;
            }
        };
        if copies.is_empty() {
            return outcome;
        }
        let expected = end(store, &outcome, suspensions, C::KEEPS_HANDLES);
        for (began, copied) in copies {
            let (mut store, mut execution, mut steps) = (copied.store, copied.execution, began);
            let outcome = loop {
                if let Some(outcome) = step(&mut execution, &mut store, &mut steps) {
                    break outcome;
                }
                if steps > suspensions {
                    break Err(Error::msg("the copy goes on"));
                }
            };
            let mut found = end(&mut store, &outcome, steps, C::KEEPS_HANDLES);
            if !C::KEEPS_HANDLES && (expected.dump.is_empty() || found.dump.is_empty()) {
                found.dump.clone_from(&expected.dump);
            }
            if found != expected {
                let text = format!(
                    "{} after {began} suspensions: {} {:?} {} instead of {} {:?} {}, dumps equal: {}",
                    C::NAME,
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

/// Runs the scripts that the arguments of the process select. `copiers` returns the engines of a script,
/// by its index, and a way to copy for each. The calls are copied at every suspension if the environment
/// has `variable` with the value `all`.
pub fn run<C: Copying>(
    variable: &str,
    copiers: impl Fn(usize, bool) -> Vec<(Engine, C)> + Sync,
) -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    let every = std::env::var(variable).is_ok_and(|value| value == "all");
    // Scripts of one name in several suites are much the same.
    let mut names = BTreeSet::new();
    let mut scripts = suite::scripts();
    scripts.retain(|script| {
        let name = script.name.rsplit('/').next().unwrap_or_default();
        every || names.insert(name.to_string())
    });
    let (copies, bytes) = (&AtomicU64::new(0), &AtomicU64::new(0));
    let copiers = &copiers;
    let tests: Vec<Test<'_>> = scripts
        .iter()
        .enumerate()
        .filter(|(_, script)| arguments.selects(&script.name))
        .map(|(index, script)| Test {
            name: &script.name,
            run: Box::new(move || {
                for (engine, copying) in copiers(index, every) {
                    let mut driver = Copier {
                        engine,
                        copying,
                        every,
                        copies: 0,
                        bytes: 0,
                        difference: None,
                    };
                    script::run(&script.text, &mut driver);
                    copies.fetch_add(driver.copies, Ordering::Relaxed);
                    bytes.fetch_add(driver.bytes, Ordering::Relaxed);
                    if let Some(difference) = driver.difference {
                        return Err(difference);
                    }
                }
                Ok(())
            }),
        })
        .collect();
    let skipped = scripts.len() - tests.len();
    let totals = || {
        let (copies, bytes) = (
            copies.load(Ordering::Relaxed),
            bytes.load(Ordering::Relaxed),
        );
        format!("{copies} calls {}, {bytes} bytes", C::NAME)
    };
    match harness::run(&arguments, &tests, skipped, totals) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
