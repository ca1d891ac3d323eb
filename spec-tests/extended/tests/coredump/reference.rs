//! Compares dumps with those that Wasmtime writes at the same traps: of workloads, at many depths,
//! and of random programs.
//!
//! The comparison excludes known defects of Wasmtime's writer: it writes no locals and operands,
//! gives each frame the last instance of its module, and omits the end of a memory whose size is
//! not a multiple of the chunk size.

use super::countdown::{COUNTER, with_countdown};
use super::generator::{self, imports, values};
use super::parsed::{Parsed, ParsedFrame, parse};
use super::random::Random;
use super::subject::arguments;
use spec_tests::engines::dispatches;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, thread};

/// Default number of moments of each export's run that are compared, in addition to its first and its
/// last.
const MOMENTS: u64 = 2;

/// Number of random programs.
const PROGRAMS: u64 = 6;

fn workloads() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/workloads")
}

fn workload(name: &str) -> Vec<u8> {
    let path = workloads().join("wasm").join(name).with_extension("wasm");
    fs::read(path).expect("the workload exists")
}

/// Returns the exports of each workload that return, with the arguments for tests. Workloads with
/// relaxed instructions are not among them: Wasmtime rounds multiplication and addition once.
fn exports() -> BTreeMap<String, Vec<(String, i32)>> {
    let checksums = fs::read_to_string(workloads().join("checksums.txt"));
    let checksums = checksums.expect("the checksums exist");
    let mut seen = BTreeSet::new();
    let mut exports: BTreeMap<String, Vec<(String, i32)>> = BTreeMap::new();
    for line in checksums.lines().filter(|line| !line.starts_with('#')) {
        let [name, export, n, _] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not a checksum: {line}");
        };
        if name.starts_with("relaxed_") {
            continue;
        }
        // The first line of each export has the argument for tests.
        if seen.insert((name, export)) {
            let call = (export.to_string(), n.parse().expect("a number"));
            exports.entry(name.to_string()).or_default().push(call);
        }
    }
    exports
}

/// Calls `work` with each of the items, on all processors.
fn on_all_processors<T: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    let items = Mutex::new(items.into_iter().collect::<Vec<T>>());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let item = items.lock().unwrap().pop();
                    let Some(item) = item else { break };
                    work(item);
                }
            });
        }
    });
}

#[test]
fn c13_dumps_of_panics_are_those_of_wasmtime() {
    let bytes = workload("panic");
    let (ours, theirs) = (our_modules(&bytes), their_module(&bytes));
    for fault in 0..=10 {
        let expected = theirs::dump(&theirs, ("panic", fault), None);
        for ours in &ours {
            let found = ours::dump(ours, ("panic", fault), None);
            compare(&found, &expected, &format!("panic({fault})"));
        }
    }
}

/// Each call and each round of a loop is a moment at which the program may be stopped.
#[test]
fn c13_dumps_of_programs_stopped_at_any_moment_are_those_of_wasmtime() {
    let moments = env::var("BACKSTITCH_MOMENTS");
    let wanted: u64 = moments.map_or(MOMENTS, |text| text.parse().expect("a number"));
    let depths = Mutex::new(BTreeMap::new());
    on_all_processors(exports(), |(name, exports)| {
        let bytes = with_countdown(&workload(&name));
        let (ours, theirs) = (our_modules(&bytes), their_module(&bytes));
        for (export, n) in exports {
            let call = (&*export, n);
            let moments = ours::moments(&ours[0], call);
            let mut random = Random::new(moments);
            let mut chosen = BTreeSet::from([1, moments]);
            chosen.extend((0..wanted).map(|_| 1 + random.bits() % moments));
            for moment in chosen {
                let place = format!("{name} {export}({n}) at {moment} of {moments}");
                let expected = theirs::dump(&theirs, call, Some(moment));
                for ours in &ours {
                    compare(&ours::dump(ours, call, Some(moment)), &expected, &place);
                }
                let depth = expected.stacks[0].1.len();
                *depths.lock().unwrap().entry(depth).or_insert(0) += 1;
            }
        }
    });
    let depths = depths.into_inner().unwrap();
    println!(
        "{} moments, by their numbers of frames: {depths:?}",
        depths.values().sum::<i32>()
    );
    assert!(depths.len() > 10, "{depths:?}");
}

#[test]
fn c13_dumps_of_random_programs_are_those_of_wasmtime() {
    on_all_processors(0..PROGRAMS, |seed| {
        let bytes = wat::parse_str(generator::program(seed)).expect("the program is valid");
        let arguments = arguments(seed);
        let expected = theirs::traps(&their_module(&bytes), &arguments);
        for ours in our_modules(&bytes) {
            let found = ours::traps(&ours, &arguments);
            for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                compare(found, expected, &format!("program {seed}, f{index}"));
            }
            assert_eq!(found.len(), generator::FUNCTIONS);
        }
    });
}

fn compare(found: &Parsed, expected: &Parsed, name: &str) {
    assert_eq!(found.name, expected.name, "{name}");
    assert_eq!(found.modules, expected.modules, "{name}");
    assert_eq!(found.instances, expected.instances, "{name}");
    assert_eq!(found.globals, expected.globals, "{name}");
    type Frames = Vec<(u32, u32, u32)>;
    let frames = |parsed: &Parsed| -> Vec<(String, Frames)> {
        let frame = |frame: &ParsedFrame| (frame.instance, frame.function, frame.offset);
        let stack =
            |(name, frames): &(String, Vec<_>)| (name.clone(), frames.iter().map(frame).collect());
        parsed.stacks.iter().map(stack).collect()
    };
    assert_eq!(frames(found), frames(expected), "{name}");
    assert_eq!(found.memories.len(), expected.memories.len(), "{name}");
    for (index, (found, expected)) in found.memories.iter().zip(&expected.memories).enumerate() {
        assert_eq!(found.len(), expected.len(), "{name}: memory {index}");
        let differs = found.iter().zip(expected).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{name}: memory {index}");
    }
    // Adjacent chunks are written as one segment.
    assert!(found.segments <= expected.segments, "{name}");
}

/// Defines the same functions for an engine.
macro_rules! engine {
    ($name:ident, $engine:ident) => {
        mod $name {
            use super::*;
            use $engine::{Caller, Config, Engine, Error, Instance, Linker, Module, Store, Val};

            pub fn module(config: &mut Config, bytes: &[u8]) -> Module {
                let engine = Engine::new(config.coredump_on_trap(true)).unwrap();
                Module::new(&engine, bytes).unwrap()
            }

            fn parsed(store: &mut Store<()>, error: &Error) -> Parsed {
                let dump = error.downcast_ref::<$engine::WasmCoreDump>();
                parse(&dump.expect("the call traps").serialize(store, "program"))
            }

            /// Makes a call that traps after the given number of moments. Returns its outcome, and
            /// the number of moments left.
            fn run(
                store: &mut Store<()>,
                module: &Module,
                (export, argument): (&str, i32),
                moments: Option<u64>,
            ) -> (Result<i64, Error>, u64) {
                let instance = Instance::new(&mut *store, module, &[]).unwrap();
                let counter = moments.map(|moments| {
                    let counter = instance.get_global(&mut *store, COUNTER).unwrap();
                    counter.set(&mut *store, Val::I64(moments as i64)).unwrap();
                    counter
                });
                let call = instance.get_typed_func(&mut *store, export).unwrap();
                let outcome = call.call(&mut *store, argument);
                let left = counter.map_or(0, |counter| counter.get(store).unwrap_i64());
                (outcome, left as u64)
            }

            /// Returns the number of moments of a call that returns.
            #[allow(dead_code)]
            pub fn moments(module: &Module, call: (&str, i32)) -> u64 {
                let enough = i64::MAX as u64;
                let mut store = Store::new(module.engine(), ());
                let (outcome, left) = run(&mut store, module, call, Some(enough));
                outcome.expect("the call returns");
                enough - left
            }

            /// Returns the dump of a call that traps by itself, or at a moment.
            pub fn dump(module: &Module, call: (&str, i32), moment: Option<u64>) -> Parsed {
                let mut store = Store::new(module.engine(), ());
                let (outcome, _) = run(&mut store, module, call, moment);
                parsed(&mut store, &outcome.unwrap_err())
            }

            /// Returns the dumps of the calls of a random program.
            pub fn traps(module: &Module, arguments: &[[u64; 5]]) -> Vec<Parsed> {
                let mut linker = Linker::new(module.engine());
                imports!(linker, Caller<'_, ()>, |_: Caller<'_, ()>| {});
                let mut store = Store::new(module.engine(), ());
                let instance = linker.instantiate(&mut store, module).unwrap();
                let call = |(index, &arguments): (usize, &[u64; 5])| {
                    let func = instance.get_func(&mut store, &format!("f{index}")).unwrap();
                    let arguments = values!(Val, arguments);
                    let error = func.call(&mut store, &arguments, &mut []).unwrap_err();
                    parsed(&mut store, &error)
                };
                arguments.iter().enumerate().map(call).collect()
            }
        }
    };
}

engine!(theirs, wasmtime);
engine!(ours, backstitch);

fn their_module(bytes: &[u8]) -> wasmtime::Module {
    let mut config = wasmtime::Config::new();
    config
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(wasmtime::OptLevel::None)
        .wasm_function_references(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(100_000));
    theirs::module(&mut config, bytes)
}

/// Returns the module in an engine for each dispatch backend.
fn our_modules(bytes: &[u8]) -> Vec<backstitch::Module> {
    let module = |dispatch| {
        let mut config = backstitch::Config::new();
        ours::module(config.dispatch(dispatch), bytes)
    };
    dispatches().into_iter().map(module).collect()
}
