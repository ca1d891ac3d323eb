//! Compares Backstitch with the oracle on random programs with continuations.
//!
//! The oracle (the crate `oracle` in this package's folder) is a plain interpreter that shares no
//! code with the engine. A test runs the official scripts on it. Each program is generated from a
//! seed. It runs in the oracle and in every mode of the engine. Results, traps, exceptions with
//! their payloads, logs, and the contents of globals, tables and memories must be equal.
//!
//! ```text
//! cargo test -p extended-tests --test oracle -- --nocapture               a fixed sample
//! ORACLE_PROGRAMS=1000000 cargo test --release -p extended-tests --test oracle -- --nocapture
//! ORACLE_PROGRAMS=17..18 cargo test -p extended-tests --test oracle       one program
//! ```
//!
//! A program that differs is minimised and printed as text.
//!
//! Wasmtime runs a sample of the programs in a separate process, on targets on which it supports
//! stack switching:
//!
//! ```text
//! ORACLE_WASMTIME=10000 cargo test --release -p extended-tests --test oracle wasmtime -- --nocapture
//! ```

#[path = "oracle/body.rs"]
mod body;
#[path = "oracle/choices.rs"]
mod choices;
#[path = "oracle/engines.rs"]
mod engines;
#[path = "oracle/generator.rs"]
mod generator;
#[path = "oracle/minimise.rs"]
mod minimise;
#[path = "oracle/observation.rs"]
mod observation;
#[path = "oracle/reference.rs"]
mod reference;
#[path = "oracle/runner.rs"]
mod runner;
#[path = "oracle/scripts.rs"]
mod scripts;
#[path = "oracle/switching.rs"]
mod switching;
#[path = "oracle/types.rs"]
mod types;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[path = "oracle/wasmtime.rs"]
mod wasmtime;

use choices::Choices;
use engines::Subject;
use generator::{Options, Program};
use oracle::{Coverage, Edge};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, thread};

/// Default number of programs. They run within seconds.
const QUICK: u64 = 3_000;

/// Number of programs from which on every instruction and edge must occur at least [`OFTEN`] times.
const MANY: u64 = 1_000_000;

/// Required number of occurrences of each instruction and edge.
const OFTEN: u64 = 1_000;

/// Instructions that must occur, with `wasmparser`'s names.
const OPERATORS: &[&str] = &[
    "ContNew",
    "ContBind",
    "Suspend",
    "Resume",
    "ResumeThrow",
    "ResumeThrowRef",
    "Switch",
    "Throw",
    "ThrowRef",
    "TryTable",
];

/// Every program whose seed is a multiple of this also runs with the `loop` dispatch backend.
const LOOP: u64 = 3;
/// Every program whose seed is a multiple of this also runs with one unit of fuel at a time.
const STEPWISE: u64 = 8;
/// Every program whose seed is a multiple of this also goes on from snapshots of its calls.
const SAVED: u64 = 24;

/// Number of failures after which the test stops.
const ENOUGH: usize = 3;

/// Size in bytes of a thread's native stack. Host functions that call back need native stack.
const NATIVE_STACK: usize = 256 << 20;

/// The oracle passes the official scripts.
#[test]
fn the_oracle_passes_the_scripts() {
    for script in spec_tests::suite::scripts() {
        let wanted = scripts::SCRIPTS
            .iter()
            .find(|(name, _)| *name == script.name);
        let Some((name, least)) = wanted else {
            continue;
        };
        match scripts::run(&script.text) {
            Ok(held) => {
                println!("{name}: {held} assertions hold");
                assert!(held >= *least, "{name}: only {held} assertions were run");
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

/// The engine gives the same results as the oracle.
#[test]
fn random_programs_behave_the_same() {
    let seeds = seeds("ORACLE_PROGRAMS", QUICK);
    let next = AtomicU64::new(seeds.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let reports: Vec<Report> = thread::scope(|scope| {
        let spawn = |_| {
            let thread = thread::Builder::new().stack_size(NATIVE_STACK);
            let run = || compare_some(&next, seeds.end);
            thread.spawn_scoped(scope, run).expect("a thread starts")
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Report>| thread.join();
        let joined = threads.into_iter().map(join);
        joined
            .map(|report| report.expect("no worker panics"))
            .collect()
    });
    let mut all = Report::default();
    for report in reports {
        all.add(report);
    }
    println!("{}", all.text());
    assert!(all.failures.is_empty(), "\n{}", all.failures.join("\n"));
    if seeds.end - seeds.start >= MANY {
        let seldom = all.coverage_below(OFTEN);
        assert!(
            seldom.is_empty(),
            "occurred less than {OFTEN} times: {seldom:?}"
        );
    }
}

/// Returns the seeds from an environment variable, or the first `quick` seeds.
fn seeds(variable: &str, quick: u64) -> Range<u64> {
    env::var(variable).map_or(0..quick, |wanted| range(&wanted))
}

/// Parses `A..B`, or `B` as `0..B`.
fn range(wanted: &str) -> Range<u64> {
    let number = |text: &str| text.parse().expect("a range of seeds is N or A..B");
    match wanted.split_once("..") {
        Some((start, end)) => number(start)..number(end),
        None => 0..number(wanted),
    }
}

/// Outcome of several programs.
#[derive(Default)]
struct Report {
    programs: u64,
    failures: Vec<String>,
    ends: BTreeMap<String, u64>,
    coverage: Coverage,
}

impl Report {
    fn add(&mut self, other: Report) {
        self.programs += other.programs;
        self.failures.extend(other.failures);
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.coverage.add(&other.coverage);
    }

    /// Returns the instructions and edges that occurred less than `least` times.
    fn coverage_below(&self, least: u64) -> Vec<&'static str> {
        let counts: BTreeMap<_, _> = self.coverage.operators().collect();
        let mut seldom = Vec::new();
        for name in counts.keys().chain(OPERATORS) {
            if counts.get(name).is_none_or(|&count| count < least) {
                seldom.push(*name);
            }
        }
        for &edge in Edge::ALL {
            if self.coverage.count(edge) < least {
                seldom.push(edge.text());
            }
        }
        seldom
    }

    fn text(&self) -> String {
        let mut text = format!("{} programs; ends of their steps:\n", self.programs);
        for (end, count) in &self.ends {
            writeln!(text, "{count:12} {end}").expect("writing to a string cannot fail");
        }
        text.push_str("instructions:\n");
        for (name, count) in self.coverage.operators() {
            writeln!(text, "{count:12} {name}").expect("writing to a string cannot fail");
        }
        text.push_str("edges:\n");
        for &edge in Edge::ALL {
            let count = self.coverage.count(edge);
            writeln!(text, "{count:12} {}", edge.text()).expect("writing to a string cannot fail");
        }
        text
    }
}

/// Returns the generator's options for a seed.
fn options(seed: u64) -> Options {
    let exceptions = !seed.is_multiple_of(4);
    Options {
        exceptions,
        references: exceptions,
    }
}

fn compare_some(next: &AtomicU64, end: u64) -> Report {
    let mut report = Report::default();
    let subjects = Subject::all();
    while report.failures.len() < ENOUGH {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let options = options(seed);
        let mut choices = Choices::random(seed);
        let program = generator::program(&mut choices, options);
        report.programs += 1;
        let all = subjects.len();
        let some = if seed.is_multiple_of(SAVED) {
            &subjects[..]
        } else if seed.is_multiple_of(STEPWISE) {
            &subjects[..all / 3 * 2]
        } else if seed.is_multiple_of(LOOP) {
            &subjects[..all / 3]
        } else {
            &subjects[..1]
        };
        let found = compare(&program, some);
        if let Some(coverage) = &found.coverage {
            report.coverage.add(coverage);
        }
        for end in found.ends {
            *report.ends.entry(end).or_default() += 1;
        }
        if let Some(difference) = found.difference {
            let fails = |mut choices: Choices| {
                let program = generator::program(&mut choices, options);
                let differs = compare(&program, some).difference.is_some();
                differs.then_some(choices.made)
            };
            let list = minimise::minimise(choices.made, &fails);
            let smaller = generator::program(&mut Choices::replay(list), options);
            let again = compare(&smaller, some).difference.unwrap_or_default();
            report.failures.push(format!(
                "seed {seed}: {difference}\nminimised: {again}\n{}",
                text(&smaller)
            ));
        }
    }
    report
}

/// Outcome of a comparison.
#[derive(Default)]
struct Found {
    difference: Option<String>,
    ends: Vec<String>,
    coverage: Option<Coverage>,
}

fn compare(program: &Program, subjects: &[Subject]) -> Found {
    let mut found = Found::default();
    let (expected, coverage) = match reference::observe(program) {
        Ok(observed) => observed,
        Err(error) => {
            found.difference = Some(format!("the oracle refuses it: {error}"));
            return found;
        }
    };
    for step in &expected.steps {
        found.ends.push(match &step.end {
            observation::End::Returned(_) => "returned".into(),
            observation::End::Trap(name) => name.clone(),
            observation::End::Exception(..) => "exception".into(),
            observation::End::Exit(_) => "exit".into(),
            observation::End::Failed(_) => "failed".into(),
        });
    }
    found.coverage = Some(coverage);
    for subject in subjects {
        let observed = catch_unwind(AssertUnwindSafe(|| subject.observe(program)));
        found.difference = match observed {
            Ok(Ok(observed)) if observed == expected => continue,
            Ok(Ok(observed)) => {
                let steps = expected.steps.iter().zip(&observed.steps).enumerate();
                let differs = steps.filter(|(_, (a, b))| a != b).map(|(index, (a, b))| {
                    format!("step {index}: expected\n  {a:?}, found\n  {b:?}")
                });
                let first = differs.take(1).collect::<String>();
                Some(format!("{}: {first}", subject.name))
            }
            Ok(Err(error)) => Some(format!("{}: refused: {error}", subject.name)),
            Err(_) => Some(format!("{}: the engine panics", subject.name)),
        };
        break;
    }
    found
}

/// Prints a program as text.
fn text(program: &Program) -> String {
    let print =
        |bytes: &[u8]| wasmprinter::print_bytes(bytes).unwrap_or_else(|error| error.to_string());
    format!(
        "steps (argument, fuel): {:?}\n;; a and b\n{}\n;; main\n{}",
        program.steps,
        print(&program.library),
        print(&program.main)
    )
}
