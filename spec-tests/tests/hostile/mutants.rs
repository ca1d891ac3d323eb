//! 100,000 truncated and mutated modules, loaded and run in every compilation mode.
//!
//! The three modes must agree on the outcome for a module: its refusal, its results, its traps with
//! their backtraces, and the fuel spent. The exception is an invalid function, which `Lazy` may
//! refuse later.

use crate::corpus::Corpus;
use crate::guard::{on_small_stack, panics, peak_of, survives};
use crate::mutation::mutate;
use crate::random::Random;
use backstitch::{
    CompilationMode, Config, Dispatch, Engine, Error, Extern, ExternType, Linker, Module,
    ModuleError, Place, Store, StoreLimits, StoreLimitsBuilder, Val,
};
use std::fmt::Write;
use std::thread;

/// Seeds, each of which gives one mutant.
const SEEDS: std::ops::Range<u64> = 0..100_000;

/// Number of mutants per set of engines. An engine keeps the types of all modules, so it is
/// replaced from time to time.
const BATCH: u64 = 2_000;

/// Average number of mutants for each one that is made from a large module.
const LARGE: usize = 100;

/// Amount of fuel for an instantiation, and for each call.
const FUEL: u64 = 2_000;

/// Maximum number of bytes allocated at a time for one mutant, in addition to 64 times its size.
/// This includes its memories of up to a mebibyte each, and its stacks.
const MEMORY: usize = 24 << 20;

const MODES: [CompilationMode; 3] = [
    CompilationMode::Eager,
    CompilationMode::LazyTranslation,
    CompilationMode::Lazy,
];

#[test]
fn mutants() {
    panics();
    let corpus = Corpus::new();
    assert!(
        corpus.small.len() > 500 && corpus.large.len() >= 3,
        "the corpus is complete"
    );
    if let Ok(seed) = std::env::var("HOSTILE_SEED") {
        let seed: u64 = seed.parse().expect("a seed is a number");
        let (bytes, outcomes) = on_small_stack(|| run(&corpus, &engines(), seed));
        println!("{}\n{outcomes:#?}", hex(&bytes));
        return;
    }
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4) as u64;
    let mut tally = thread::scope(|scope| {
        let corpus = &corpus;
        let work = move |worker: u64| {
            let mut tally = Tally::default();
            for batch in (SEEDS.start / BATCH..SEEDS.end / BATCH).skip(worker as usize) {
                if (batch - SEEDS.start / BATCH - worker).is_multiple_of(workers) {
                    let engines = engines();
                    for seed in batch * BATCH..(batch + 1) * BATCH {
                        tally.add(&run(corpus, &engines, seed).1);
                    }
                }
            }
            tally
        };
        let tallies: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || on_small_stack(|| work(worker))))
            .collect();
        let mut tally = Tally::default();
        for one in tallies {
            let one = one
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            tally.refused += one.refused;
            tally.linked += one.linked;
            tally.called += one.called;
        }
        tally
    });
    assert_eq!(panics(), 0, "a panic was caught");
    let ran = std::mem::take(&mut tally.called);
    println!(
        "{} refused, {} instantiated, {ran} functions called",
        tally.refused, tally.linked
    );
    // The mutations are useful only if many of the modules are still valid.
    assert!(tally.refused > 20_000 && tally.linked > 5_000 && ran > 20_000);
}

#[derive(Default)]
struct Tally {
    refused: usize,
    linked: usize,
    called: usize,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Refused(_) => self.refused += 1,
            Outcome::Ran { calls, linked, .. } => {
                self.linked += usize::from(*linked);
                self.called += calls;
            }
        }
    }
}

fn engines() -> [Engine; 3] {
    MODES.map(|mode| {
        let mut config = Config::new();
        config
            .compilation_mode(mode)
            .consume_fuel(true)
            .max_wasm_stack(64 << 10);
        // One mode uses the `loop` backend, which is in every build, so that the backends are
        // compared, too.
        if mode == CompilationMode::Eager {
            config.dispatch(Dispatch::Loop);
        }
        Engine::new(&config).expect("the backends are in every build")
    })
}

/// Makes the mutant of a seed and runs it in all modes. Returns it with the outcome in the first
/// mode.
fn run(corpus: &Corpus, engines: &[Engine; 3], seed: u64) -> (Vec<u8>, Outcome) {
    let mut random = Random::new(seed);
    let pool = if random.once_in(LARGE) {
        &corpus.large
    } else {
        &corpus.small
    };
    let module = &pool[random.below(pool.len())];
    let other = &corpus.small[random.below(corpus.small.len())];
    let bytes = mutate(module, other, &mut random);
    let (first, other) = (&engines[0], &engines[1..]);
    let outcome = observe(first, MODES[0], &bytes, seed);
    for (engine, mode) in other.iter().zip(&MODES[1..]) {
        let another = observe(engine, *mode, &bytes, seed);
        if *mode == CompilationMode::Lazy && outcome.is_late_refusal() {
            continue;
        }
        assert_eq!(
            another, outcome,
            "seed {seed}: {mode:?} differs from {:?}",
            MODES[0]
        );
    }
    (bytes, outcome)
}

/// Outcome of loading and running a module.
#[derive(Debug, PartialEq)]
enum Outcome {
    Refused(ModuleError),
    Ran {
        /// Record of everything observable.
        log: String,
        linked: bool,
        calls: usize,
    },
}

impl Outcome {
    /// Returns whether `Lazy` may refuse the module only at a call.
    fn is_late_refusal(&self) -> bool {
        match self {
            Outcome::Refused(
                ModuleError::Invalid { place, .. } | ModuleError::Unsupported { place, .. },
            ) => matches!(place, Place::Function(_)),
            _ => false,
        }
    }
}

fn observe(engine: &Engine, mode: CompilationMode, bytes: &[u8], seed: u64) -> Outcome {
    let what = || format!("seed {seed} in {mode:?}");
    let (outcome, peak) = peak_of(|| survives(what, || load(engine, bytes)));
    assert!(
        peak < MEMORY + 64 * bytes.len(),
        "{}: {peak} bytes allocated at a time",
        what()
    );
    outcome
}

fn load(engine: &Engine, bytes: &[u8]) -> Outcome {
    let module = match Module::from_binary(engine, bytes) {
        Ok(module) => module,
        Err(error) => {
            let text = error.to_string();
            let Ok(refusal) = error.downcast::<ModuleError>() else {
                panic!("the refusal is not a `ModuleError`: {text}");
            };
            assert!(
                text.contains(" offset 0x"),
                "the refusal has no offset: {text}"
            );
            return Outcome::Refused(refusal);
        }
    };
    let mut log = String::new();
    let limits = StoreLimitsBuilder::new()
        .memory_size(1 << 20)
        .table_elements(10_000)
        .instances(4)
        .memories(8)
        .tables(8)
        .build();
    let mut store: Store<StoreLimits> = Store::new(engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL).expect("fuel is configured");
    let mut calls = 0;
    let linked = match instantiate(&mut store, engine, &module) {
        Ok(instance) => {
            let exports: Vec<(String, Extern)> = instance
                .exports(&mut store)
                .map(|e| (e.name().into(), e.into_extern()))
                .collect();
            for (name, export) in exports {
                calls += usize::from(matches!(export, Extern::Func(_)));
                examine(&mut store, &name, export, &mut log);
            }
            true
        }
        Err(error) => {
            describe(&mut log, "instantiation", &error);
            false
        }
    };
    Outcome::Ran { log, linked, calls }
}

fn instantiate(
    store: &mut Store<StoreLimits>,
    engine: &Engine,
    module: &Module,
) -> Result<backstitch::Instance, Error> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    for import in module.imports() {
        if !matches!(import.ty(), ExternType::Func(_)) {
            let item = import.ty().default_value(&mut *store)?;
            linker.define(&mut *store, import.module(), import.name(), item)?;
        }
    }
    linker.define_unknown_imports_as_traps(module)?;
    linker.instantiate(store, module)
}

/// Calls a function, or records the contents of another export.
fn examine(store: &mut Store<StoreLimits>, name: &str, export: Extern, log: &mut String) {
    match export {
        Extern::Func(function) => {
            let ty = function.ty(&*store);
            let arguments: Option<Vec<Val>> = ty.params().map(|ty| ty.default_value()).collect();
            let Some(arguments) = arguments else { return };
            let mut results = vec![Val::I32(0); ty.results().len()];
            store.set_fuel(FUEL).expect("fuel is configured");
            match function.call(&mut *store, &arguments, &mut results) {
                Ok(()) => {
                    for result in &results {
                        let _ = write!(log, "{} ", bits(result));
                    }
                }
                Err(error) => describe(log, name, &error),
            }
            let _ = writeln!(
                log,
                "fuel {}",
                store.get_fuel().expect("fuel is configured")
            );
        }
        Extern::Memory(memory) => {
            let sum = memory
                .data(&*store)
                .iter()
                .take(1 << 12)
                .fold(0u64, |sum, &byte| {
                    (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                });
            let _ = writeln!(log, "{} pages, {sum:x}", memory.size(&*store));
        }
        Extern::Table(table) => {
            let _ = writeln!(log, "{} elements", table.size(&*store));
        }
        Extern::Global(global) => {
            let value = global.get(&mut *store);
            let _ = writeln!(log, "{}", bits(&value));
        }
        Extern::Tag(tag) => {
            let _ = writeln!(log, "a tag of type {}", tag.ty(&*store).ty());
        }
        other => panic!("unexpected export {other:?}"),
    }
}

/// Prints a value without the identity of its store.
fn bits(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => format!("{bits:#x}"),
        Val::F64(bits) => format!("{bits:#x}"),
        Val::FuncRef(function) => format!("function {}", function.is_some()),
        Val::ExternRef(value) => format!("value {}", value.is_some()),
        other => match other.ref_() {
            Some(reference) => format!("reference {}", reference.is_non_null()),
            None => panic!("unexpected value {other:?}"),
        },
    }
}

fn describe(log: &mut String, what: &str, error: &Error) {
    let text = format!("{error:?}");
    assert!(text.len() > 8, "{what}: unclear error: {text:?}");
    for internal in ["cannot translate", "does not support the instruction"] {
        assert!(
            !text.contains(internal),
            "{what}: internal error of the translator: {text}"
        );
    }
    let _ = writeln!(log, "{what}: {}", without_type_numbers(&text));
}

/// Removes the numbers of concrete types from messages. They differ between engines, because they
/// depend on the modules that an engine has compiled before.
fn without_type_numbers(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("func ") {
        let (before, behind) = rest.split_at(at + "func ".len());
        plain.push_str(before);
        rest = behind
            .trim_start_matches('#')
            .trim_start_matches(|c: char| c.is_ascii_digit());
    }
    plain + rest
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
