//! Runs programs in Wasmtime, in a separate process, because some programs crash it.
//!
//! The test starts itself again with a range of seeds in the environment ([`serve`]). That process
//! writes a line to its standard output when it begins a program, and another one with the verdict.
//! If it crashes or hangs, the program that it had begun is skipped, and another process continues
//! with the next.

use crate::choices::Choices;
use crate::generator::{self, Options, Program};
use crate::observation::{End, Observation, Step};
use crate::{ENOUGH, NATIVE_STACK, reference, seeds, text};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use std::{env, panic, process, thread};

/// Default number of programs.
const QUICK: u64 = 300;

/// Number of programs per process.
const BATCH: u64 = 50;

/// Environment variable with the seeds of the programs that [`serve`] runs.
const SEEDS: &str = "ORACLE_WASMTIME_SEEDS";

/// Prefix of the lines for the other process. The test harness prints lines without it.
const MARK: &str = "@ ";

/// Time without output after which the process counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// Size of each stack for WebAssembly, in bytes. Host functions use the rest of [`STACK`].
const WASM_STACK: usize = 4 << 20;
/// Total size of each stack, in bytes.
const STACK: usize = 8 << 20;

/// Texts of Wasmtime's refusals and panics at its own limits, each with the limit.
const REFUSALS: &[(&str, &str)] = &[
    (
        "cont.bind does not support GC types",
        "cont.bind cannot bind references to exceptions",
    ),
    (
        "machinst/lower.rs",
        "no references to exceptions can be live across a stack switch",
    ),
];

/// Returns whether the limit explains the difference between an expected step and the found one.
type Shows = fn(&Step, &Step) -> bool;

/// Limits of Wasmtime that show as differences, each with its name and a test for it.
const LIMITS: &[(&str, Shows)] = &[("its native frames overflow a stack", |expected, found| {
    let overflow = End::Trap("StackOverflow".into());
    let caught = expected.caught.iter().zip(&found.caught);
    let first = caught
        .into_iter()
        .find(|(expected, found)| expected != found);
    found.end == overflow || first.is_some_and(|(_, &found)| found == overflow.code())
})];

/// Wasmtime behaves as the oracle does, except for its known limits.
#[test]
fn programs_behave_the_same() {
    let seeds = seeds("ORACLE_WASMTIME", QUICK);
    let next = AtomicU64::new(seeds.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut all = Outcome::default();
    thread::scope(|scope| {
        let work = || {
            let mut outcome = Outcome::default();
            loop {
                let start = next.fetch_add(BATCH, Ordering::Relaxed);
                if start >= seeds.end {
                    return outcome;
                }
                outcome.add(compare_some(start..seeds.end.min(start + BATCH)));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            all.add(thread.join().expect("no worker panics"));
        }
    });
    println!("{} programs behave the same in Wasmtime", all.same);
    for (limit, count) in &all.limits {
        println!("{count:12} {limit}");
    }
    let describe = |(seed, difference): &(u64, String)| {
        let program = generator::program(&mut Choices::random(*seed), options(*seed));
        format!("seed {seed}: {difference}\n{}", text(&program))
    };
    let shown = all.differences.iter().take(ENOUGH).map(describe);
    let shown = shown.collect::<String>();
    assert!(
        all.differences.is_empty(),
        "{} differences\n{shown}",
        all.differences.len()
    );
    let limited = all.limits.values().sum::<u64>();
    if seeds.end - seeds.start >= QUICK {
        assert!(
            limited * 10 <= all.same,
            "Wasmtime's limits exclude too many programs"
        );
    }
}

/// The separate process, which the test above starts with seeds. Does nothing without seeds.
#[test]
fn in_a_process_of_its_own() {
    let thread = thread::Builder::new().stack_size(NATIVE_STACK);
    let served = thread.spawn(serve).expect("a thread starts");
    served.join().expect("no worker panics");
}

mod observe {
    use crate::runner::runner;

    runner!(wasmtime, false);
}

fn engine() -> wasmtime::Result<wasmtime::Engine> {
    let mut config = wasmtime::Config::new();
    config
        .wasm_exceptions(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_stack_switching(true)
        .wasm_tail_call(true)
        .wasm_backtrace_max_frames(None)
        .cranelift_opt_level(wasmtime::OptLevel::None)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(STACK);
    wasmtime::Engine::new(&config)
}

/// Returns the options for a seed. Few programs have references to exceptions, because with debug
/// assertions Cranelift panics if one is live across a stack switch.
fn options(seed: u64) -> Options {
    let exceptions = !seed.is_multiple_of(4);
    Options {
        exceptions,
        references: exceptions && seed.is_multiple_of(5),
    }
}

/// Verdict on a program.
enum Verdict {
    Same,
    /// The program meets the named limit of Wasmtime.
    Limit(String),
    Differs(String),
}

fn compare(engine: &wasmtime::Engine, program: &Program) -> Verdict {
    let mut expected = match reference::observe(program) {
        Ok((expected, _)) => expected,
        Err(error) => return Verdict::Differs(format!("the oracle refuses it: {error}")),
    };
    // Removes what Wasmtime's API cannot read.
    for step in &mut expected.steps {
        step.tables.clear();
        for globals in &mut step.globals {
            globals.truncate(generator::FIRST_HELD as usize);
        }
    }
    match observe::observe(engine, program) {
        Ok(found) if found == expected => Verdict::Same,
        Ok(found) => difference(&expected, &found),
        Err(error) => refusal(&format!("refused: {error:?}")),
    }
}

fn refusal(text: &str) -> Verdict {
    match REFUSALS.iter().find(|(said, _)| text.contains(said)) {
        Some((_, limit)) => Verdict::Limit((*limit).into()),
        None => Verdict::Differs(text.into()),
    }
}

fn difference(expected: &Observation, found: &Observation) -> Verdict {
    let steps = expected.steps.iter().zip(&found.steps);
    let Some((index, (expected, found))) = steps.enumerate().find(|(_, (a, b))| a != b) else {
        return Verdict::Differs("different number of steps".into());
    };
    for (name, is_limit) in LIMITS {
        if is_limit(expected, found) {
            return Verdict::Limit((*name).into());
        }
    }
    Verdict::Differs(format!(
        "step {index}: expected {expected:?}, found {found:?}"
    ))
}

/// Compares the programs of the seeds in the environment. Runs in the separate process.
fn serve() {
    let Ok(seeds) = env::var(SEEDS) else {
        return;
    };
    let engine = engine().expect("Wasmtime supports this machine");
    panic::set_hook(Box::new(|panic| {
        // The process cannot continue after a panic.
        say(refusal(&format!("panics: {panic}")));
        process::exit(1);
    }));
    for seed in crate::range(&seeds) {
        println!("{MARK}begin {seed}");
        let mut choices = Choices::random(seed);
        let program = generator::program(&mut choices, options(seed));
        say(compare(&engine, &program));
    }
}

fn say(verdict: Verdict) {
    match verdict {
        Verdict::Same => println!("{MARK}same"),
        Verdict::Limit(name) => println!("{MARK}limit {name}"),
        // A verdict is one line.
        Verdict::Differs(how) => println!("{MARK}differs {}", how.replace('\n', " ")),
    }
}

/// Verdicts on several programs.
#[derive(Default)]
struct Outcome {
    same: u64,
    /// Occurrences of each of Wasmtime's limits, including crashes and hangs.
    limits: BTreeMap<String, u64>,
    differences: Vec<(u64, String)>,
}

impl Outcome {
    fn add(&mut self, other: Outcome) {
        self.same += other.same;
        for (name, count) in other.limits {
            *self.limits.entry(name).or_default() += count;
        }
        self.differences.extend(other.differences);
    }
}

/// Compares the programs of some seeds, in as many processes as necessary.
fn compare_some(mut seeds: Range<u64>) -> Outcome {
    let mut outcome = Outcome::default();
    while !seeds.is_empty() {
        let mut other = start(&seeds);
        let lines = lines(&mut other);
        let mut last = None;
        let mut answered = true;
        let stood_still = loop {
            let line = match lines.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => break false,
                Err(RecvTimeoutError::Timeout) => break true,
            };
            answered = true;
            match line.split_once(' ') {
                Some(("begin", seed)) => {
                    last = seed.parse::<u64>().ok();
                    answered = false;
                }
                Some(("limit", name)) => {
                    *outcome.limits.entry(name.into()).or_default() += 1;
                }
                Some(("differs", how)) => {
                    let difference = last.map(|seed| (seed, how.into()));
                    outcome.differences.extend(difference);
                }
                _ => outcome.same += 1,
            }
        };
        // The process may have ended already.
        let _ = other.kill();
        let status = other.wait().expect("a child can be waited for");
        if !answered {
            let how = match stood_still {
                true => "Wasmtime hung".into(),
                false => format!("Wasmtime crashed: {status}"),
            };
            *outcome.limits.entry(how).or_default() += 1;
        }
        seeds.start = match last {
            _ if status.success() => seeds.end,
            Some(last) => last + 1,
            None => panic!("the other process does not work: {status}"),
        };
    }
    outcome
}

fn start(seeds: &Range<u64>) -> Child {
    let own = env::current_exe().expect("this program has a file");
    Command::new(own)
        .args(["--exact", "wasmtime::in_a_process_of_its_own"])
        .args(["--nocapture", "--test-threads=1"])
        .env(SEEDS, format!("{}..{}", seeds.start, seeds.end))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program can be started again")
}

/// Returns the lines of the other process, without those of the test harness.
fn lines(other: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let stdout = other.stdout.take().expect("the output is piped");
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // The harness's first output does not end with a newline.
            if let Some((_, said)) = line.split_once(MARK)
                && sender.send(said.to_owned()).is_err()
            {
                break;
            }
        }
    });
    receiver
}
