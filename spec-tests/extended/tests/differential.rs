//! Compares Backstitch with Wasmtime on random programs.
//!
//! Each program is generated from a seed, so that everyone tests the same programs. A program is
//! instantiated and its functions are called in both engines. Everything observable must be equal:
//! results bit for bit, traps, the offsets of whole backtraces, the arguments of host functions and
//! the frames visible to them, the contents of memories, globals and tables, and the fuel spent.
//! Vectors are among them; of the relaxed instructions, all whose results do not differ between the
//! engines by design.
//!
//! Among the modes are those in which a step of the collector, or a complete collection, precedes
//! every allocation. Wasmtime runs without a collector.
//!
//! Calls of programs with objects also go on from snapshots, and are compared with themselves.
//!
//! ```text
//! cargo test -p extended-tests --test differential
//! BACKSTITCH_DIFFERENTIAL=100000 cargo test --release -p extended-tests --test differential
//! BACKSTITCH_DIFFERENTIAL=17..18 cargo test -p extended-tests --test differential      one program
//! ```
//!
//! With `BACKSTITCH_DIFFERENTIAL_MODES=one`, the seed also chooses the one mode in which a program
//! runs, or that its calls go on from snapshots. So many more programs run in the same time.
//!
//! `BACKSTITCH_DIFFERENTIAL_DUMP=FOLDER` writes the modules that fail to a folder.

#[path = "differential/engines.rs"]
mod engines;
#[path = "differential/generator.rs"]
mod generator;
#[path = "differential/object_code.rs"]
mod object_code;
#[path = "differential/object_types.rs"]
mod object_types;
#[path = "differential/object_writes.rs"]
mod object_writes;
#[path = "differential/objects.rs"]
mod objects;
#[path = "differential/observation.rs"]
mod observation;
#[path = "differential/observer.rs"]
mod observer;
#[path = "differential/operators.rs"]
mod operators;
#[path = "differential/prices.rs"]
mod prices;
#[path = "differential/random.rs"]
mod random;
#[path = "differential/saved.rs"]
mod saved;
#[path = "differential/smith.rs"]
mod smith;
#[path = "differential/walk.rs"]
mod walk;

use engines::{NATIVE_STACK, Reference, Subject};
use observation::{End, difference};
use prices::Prices;
use saved::Others;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, thread};

/// Default number of programs of each kind.
const QUICK: u64 = 50;

/// Default number of programs of nested expressions, which take most of the time.
const QUICK_NESTED: u64 = 15;

/// Number of failures after which the test stops.
const ENOUGH: usize = 10;

#[test]
fn modules_of_wasm_smith() {
    compare_all("smith", QUICK, smith::program);
}

#[test]
fn modules_of_wasm_smith_with_objects() {
    compare_all("smith-objects", QUICK, smith::program_with_objects);
}

#[test]
fn modules_with_objects() {
    compare_all("objects", QUICK, objects::program);
}

#[test]
fn modules_of_nested_expressions() {
    compare_all("nested", QUICK_NESTED, generator::program);
}

/// Runs the programs of all requested seeds, by default `quick` of them, and panics if any of them
/// differ.
fn compare_all(kind: &str, quick: u64, program: fn(u64) -> Option<Vec<u8>>) {
    let seeds = seeds(quick);
    let next = AtomicU64::new(seeds.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let run = || compare_some(kind, program, &next, seeds.end);
    let reports: Vec<Report> = thread::scope(|scope| {
        let spawn = |_| {
            let thread = thread::Builder::new().stack_size(NATIVE_STACK);
            thread.spawn_scoped(scope, run).expect("a thread starts")
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no worker panics"))
            .collect()
    });
    let mut all = Report::default();
    for report in reports {
        all.programs += report.programs;
        all.failures.extend(report.failures);
        for (end, count) in report.ends {
            *all.ends.entry(end).or_default() += count;
        }
    }
    println!(
        "{kind}: {} programs; ends of their calls: {:?}",
        all.programs, all.ends
    );
    assert!(all.failures.is_empty(), "\n{}", all.failures.join("\n"));
}

fn seeds(quick: u64) -> Range<u64> {
    let Ok(wanted) = env::var("BACKSTITCH_DIFFERENTIAL") else {
        return 0..quick;
    };
    let number = |text: &str| text.parse().expect("BACKSTITCH_DIFFERENTIAL is N or A..B");
    match wanted.split_once("..") {
        Some((start, end)) => number(start)..number(end),
        None => 0..number(&wanted),
    }
}

/// Returns whether a program runs only in the mode that its seed chooses.
fn runs_in_one_mode() -> bool {
    match env::var("BACKSTITCH_DIFFERENTIAL_MODES").as_deref() {
        Ok("one") => true,
        Err(_) | Ok("all") => false,
        Ok(other) => panic!("BACKSTITCH_DIFFERENTIAL_MODES is `one` or `all`, not `{other}`"),
    }
}

#[derive(Default)]
struct Report {
    programs: u64,
    failures: Vec<String>,
    ends: BTreeMap<String, u64>,
}

fn compare_some(
    kind: &str,
    program: fn(u64) -> Option<Vec<u8>>,
    next: &AtomicU64,
    end: u64,
) -> Report {
    let mut report = Report::default();
    let reference = Reference::new();
    let subjects = Subject::all();
    let others = (kind == "objects").then(Others::new);
    let one_mode = runs_in_one_mode();
    let choices = subjects.len() + usize::from(others.is_some());
    while report.failures.len() < ENOUGH {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let Some(bytes) = program(seed) else { continue };
        let expected = match reference.observe(&bytes, seed) {
            Ok(expected) => expected,
            Err(error) => {
                report
                    .failures
                    .push(format!("{kind} {seed}: Wasmtime refuses it: {error:?}"));
                continue;
            }
        };
        report.programs += 1;
        // Snapshots are the choice behind the modes.
        let is_chosen = |choice: usize| !one_mode || seed % choices as u64 == choice as u64;
        for step in &expected.steps {
            let end = match &step.end {
                End::Returned(_) => "returned",
                End::Trapped { trap, .. } => trap,
                End::Threw(_) => "threw",
                End::Failed { .. } => "failed",
            };
            *report.ends.entry(end.into()).or_default() += 1;
        }
        if let Some(others) = &others
            && is_chosen(subjects.len())
        {
            match others.difference(&bytes, seed) {
                Ok(None) => {}
                Ok(Some(difference)) => {
                    report.failures.push(format!("{kind} {seed}: {difference}"))
                }
                Err(error) => report
                    .failures
                    .push(format!("{kind} {seed}, saved: {error:?}")),
            }
        }
        let prices = Prices::of(&bytes);
        for (choice, subject) in subjects.iter().enumerate() {
            if !is_chosen(choice) {
                continue;
            }
            let mut difference = match subject.observe(&bytes, seed, &expected) {
                Ok(found) => difference(&expected, &found, prices),
                Err(error) => Some(format!("the module is refused: {error:#}")),
            };
            if difference.is_none()
                && let Some(others) = &others
            {
                let engine = if subject.fuelled {
                    &subject.engine
                } else {
                    &others.first
                };
                difference = match walk::difference(engine, &bytes, seed) {
                    Ok(difference) => difference,
                    Err(error) => Some(format!("its objects cannot be walked: {error:?}")),
                };
            }
            let Some(difference) = difference else {
                continue;
            };
            report
                .failures
                .push(format!("{kind} {seed}, {}: {difference}", subject.name));
            if let Ok(folder) = env::var("BACKSTITCH_DIFFERENTIAL_DUMP") {
                let path = format!("{folder}/{kind}-{seed}.wasm");
                fs::write(&path, &bytes).expect("the module can be written");
            }
            break;
        }
    }
    report
}
