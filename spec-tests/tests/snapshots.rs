//! Programs go on in another engine as they do in theirs: calls of the test scripts are saved while
//! they are suspended, restored under another dispatch backend and compilation mode, and both end
//! with the same results, fuel, traps and core dumps.
//!
//! `SNAPSHOTS=all cargo test -p spec-tests --test snapshots` saves at every suspension, which takes much
//! longer.

use backstitch::coredump::RootKind;
use backstitch::{
    CompilationMode, Config, CoreDump, Engine, Error, Execution, ExternType, Func, Instance,
    Linker, Module, Outcome, Result, Snapshot, SnapshotHost, SnapshotOptions, Store, Suspension,
    Val, WasmCoreDump,
};
use spec_tests::engines;
use spec_tests::harness::{self, Arguments, Test};
use spec_tests::script::{self, Host, driver::Driver};
use spec_tests::suite;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Suspensions of a call after which it is left alone.
const MOST: u64 = 5_000;
/// Bytes of memories above which stores are not saved, as some scripts have memories of 4 GiB.
const LARGE: usize = 8 << 20;

/// A driver that saves suspended calls, and restores them in other engines.
struct Saving {
    engine: Engine,
    /// The engines, each with the modules of the script.
    others: Vec<(Engine, BTreeMap<[u8; 32], Module>)>,
    /// True if a call is saved at every suspension, and false if only at those whose numbers are
    /// powers of 8.
    every: bool,
    saved: u64,
    bytes: u64,
    /// Description of the first difference.
    difference: Option<String>,
}

/// The part of scripts' stores that only the host knows.
struct Values;

impl SnapshotHost<Host> for Values {
    fn save_data(&mut self, _: &Host) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn restore_data(&mut self, _: &[u8]) -> Result<Host> {
        Ok(Host::default())
    }

    fn save_value(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        let number = value.downcast_ref::<u32>();
        let number = number.ok_or_else(|| Error::msg("scripts have numbers as host values"))?;
        Ok(number.to_le_bytes().to_vec())
    }

    fn restore_value(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(u32::from_le_bytes(bytes.try_into()?)))
    }
}

/// The end of a call, for comparison.
#[derive(Debug, PartialEq)]
struct End {
    outcome: String,
    fuel: Option<u64>,
    suspensions: u64,
    dump: Vec<u8>,
}

/// A restored call.
struct Restored {
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
    // A snapshot does not contain the host's references.
    let parsed = CoreDump::parse(&dump).expect("a core dump");
    let mut roots = parsed.other_roots().iter();
    let dump = match roots.any(|root| root.kind == RootKind::Host) {
        true => Vec::new(),
        false => dump,
    };
    End {
        outcome,
        fuel: store.fuel_spent(),
        suspensions,
        dump,
    }
}

impl Saving {
    /// Saves a suspended call, and restores it. Returns `None` if memories are too large.
    fn restore(&mut self, store: &mut Store<Host>, execution: &Execution) -> Option<Restored> {
        let dump = execution.core_dump(&*store);
        let memories = dump.memories().iter();
        let size: usize = memories.map(|memory| memory.data_size(&*store)).sum();
        if size > LARGE {
            return None;
        }
        match self.try_restore(store, execution) {
            Ok(restored) => Some(restored),
            Err(error) => {
                self.difference
                    .get_or_insert(format!("not restored: {error:?}"));
                None
            }
        }
    }

    fn try_restore(&mut self, store: &mut Store<Host>, execution: &Execution) -> Result<Restored> {
        let mut bytes = Vec::new();
        let mut options = SnapshotOptions::new();
        options.embed_modules(true);
        store.snapshot(&mut Values, &mut bytes, &options)?;
        let snapshot = Snapshot::parse(&bytes)?;
        let at = self.saved as usize % self.others.len();
        let (engine, known) = &mut self.others[at];
        for module in snapshot.modules() {
            if let (None, Some(bytes)) = (known.get(module.sha256), module.bytes) {
                known.insert(*module.sha256, Module::from_binary(engine, bytes)?);
            }
        }
        let modules: Vec<Module> = known.values().cloned().collect();
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        for module in &modules {
            for import in module.imports() {
                if let ExternType::Func(ty) = import.ty() {
                    linker.func_new(import.module(), import.name(), ty, |_, _, _| Ok(()))?;
                }
            }
        }
        let restored = Store::restore(engine, &linker, &modules, &snapshot, &mut Values)?;
        let mut store = restored.store;
        store.limiter(|host| &mut host.limits);
        let number = execution.number();
        let mut executions = restored.executions.into_iter();
        let execution = executions.find(|execution| execution.number() == number);
        let execution = execution.ok_or_else(|| Error::msg("the execution is missing"))?;
        let mut again = Vec::new();
        store.snapshot(&mut Values, &mut again, &options)?;
        if bytes != again {
            let at = bytes.iter().zip(&again).position(|(a, b)| a != b);
            return Err(Error::msg(format!(
                "another snapshot after restoring: {} and {} bytes, different at {at:?}",
                bytes.len(),
                again.len()
            )));
        }
        self.saved += 1;
        self.bytes += bytes.len() as u64;
        Ok(Restored {
            store,
            execution,
            suspensions: 0,
        })
    }
}

impl Driver for Saving {
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
        let mut all = Vec::new();
        let (mut suspensions, mut next) = (0, 0);
        let outcome = loop {
            if suspensions == next && suspensions <= MOST {
                next = if self.every {
                    next + 1
                } else {
                    (next * 8).max(1)
                };
                if let Some(mut restored) = self.restore(store, &execution) {
                    restored.suspensions = suspensions;
                    all.push(restored);
                }
            }
            if suspensions > MOST {
                store.set_fuel(1 << 40)?;
                all.clear();
                match execution.resume(&mut *store)? {
                    Outcome::Done(values) => return Ok(values),
                    Outcome::Suspended(_) => return Err(Error::msg("suspended")),
                }
            }
            if let Some(outcome) = step(&mut execution, store, &mut suspensions) {
                break outcome;
            }
        };
        if all.is_empty() {
            return outcome;
        }
        let expected = end(store, &outcome, suspensions);
        for mut restored in all {
            let began = restored.suspensions;
            let outcome = loop {
                let ended = step(
                    &mut restored.execution,
                    &mut restored.store,
                    &mut restored.suspensions,
                );
                if let Some(outcome) = ended {
                    break outcome;
                }
                if restored.suspensions > suspensions {
                    break Err(Error::msg("the restored call goes on"));
                }
            };
            let mut found = end(&mut restored.store, &outcome, restored.suspensions);
            // A snapshot does not contain the host's references.
            if expected.dump.is_empty() || found.dump.is_empty() {
                found.dump.clone_from(&expected.dump);
            }
            if found != expected {
                let text = format!(
                    "restored after {began} suspensions: {} {:?} {} instead of {} {:?} {}, dumps equal: {}",
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
    let every = std::env::var("SNAPSHOTS").is_ok_and(|snapshots| snapshots == "all");
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).expect("the default engine exists");
    // Scripts of one name in several suites are much the same.
    let mut names = BTreeSet::new();
    let mut scripts = suite::scripts();
    scripts.retain(|script| {
        let name = script.name.rsplit('/').next().unwrap_or_default();
        every || names.insert(name.to_string())
    });
    let mut others = Vec::new();
    for dispatch in engines::dispatches() {
        for mode in [CompilationMode::Eager, CompilationMode::Lazy] {
            config.dispatch(dispatch).compilation_mode(mode);
            others.push(Engine::new(&config).expect("the engine exists"));
        }
    }
    let (saved, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let tests: Vec<Test<'_>> = scripts
        .iter()
        .filter(|script| arguments.selects(&script.name))
        .map(|script| Test {
            name: &script.name,
            run: Box::new(|| {
                let others = others.iter().cloned();
                let mut driver = Saving {
                    engine: engine.clone(),
                    others: others.map(|engine| (engine, BTreeMap::new())).collect(),
                    every,
                    saved: 0,
                    bytes: 0,
                    difference: None,
                };
                script::run(&script.text, &mut driver);
                saved.fetch_add(driver.saved, Ordering::Relaxed);
                bytes.fetch_add(driver.bytes, Ordering::Relaxed);
                match driver.difference {
                    None => Ok(()),
                    Some(difference) => Err(difference),
                }
            }),
        })
        .collect();
    let skipped = scripts.len() - tests.len();
    let totals = || {
        let bytes = bytes.load(Ordering::Relaxed);
        format!("{} snapshots, {bytes} bytes", saved.load(Ordering::Relaxed))
    };
    let passed = harness::run(&arguments, &tests, skipped, totals);
    match passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
