//! Wasmtime, in a process of its own: there are programs that end it.
//!
//! The test starts itself again with a range of seeds in the environment ([`serve`]). That
//! process says on its standard output which program it begins and what came of it, a line
//! each; where it dies or stands still, the one that it had begun is skipped, and another
//! process goes on with the next.

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

/// So many programs run by default.
const QUICK: u64 = 300;

/// So many in one process.
const BATCH: u64 = 50;

/// Holds the seeds of the programs that [`serve`] runs.
const SEEDS: &str = "ORACLE_WASMTIME_SEEDS";

/// What lines for the other process begin with; the test harness has its own.
const MARK: &str = "@ ";

/// No program takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// WebAssembly's share of each stack, and all of it: host functions run there too.
const WASM_STACK: usize = 4 << 20;
const STACK: usize = 8 << 20;

/// What Wasmtime says, refusing a program or panicking, where a limit of its own is met.
const REFUSALS: &[(&str, &str)] = &[
    (
        "cont.bind does not support GC types",
        "it binds no references to exceptions",
    ),
    (
        "machinst/lower.rs",
        "it keeps no references to exceptions across a switch of stacks",
    ),
];

/// Whether it shows in what was expected of a program's step and what was found.
type Shows = fn(&Step, &Step) -> bool;

/// Differences that are limits of Wasmtime's: what they are called, and how they are known.
const LIMITS: &[(&str, Shows)] = &[(
    "its frames, which are the machine's, take more room than a stack has",
    |expected, found| {
        let overflow = End::Trap("StackOverflow".into());
        let caught = expected.caught.iter().zip(&found.caught);
        let first = caught
            .into_iter()
            .find(|(expected, found)| expected != found);
        found.end == overflow || first.is_some_and(|(_, &found)| found == overflow.code())
    },
)];

/// Wasmtime does what the oracle does, but for what it cannot.
#[test]
fn it_does_the_same() {
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
            all.add(thread.join().expect("no run panics"));
        }
    });
    println!("{} programs do the same under Wasmtime", all.same);
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
        assert!(limited * 10 <= all.same, "Wasmtime does hardly any of them");
    }
}

/// What the test above starts, with seeds; without any it has nothing to do.
#[test]
fn in_a_process_of_its_own() {
    let thread = thread::Builder::new().stack_size(NATIVE_STACK);
    let served = thread.spawn(serve).expect("a thread starts");
    served.join().expect("no run panics");
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

/// What is generated for a seed. Few have references to exceptions: with debug assertions
/// Cranelift refuses to keep them across a switch of stacks.
fn options(seed: u64) -> Options {
    let exceptions = !seed.is_multiple_of(4);
    Options {
        exceptions,
        references: exceptions && seed.is_multiple_of(5),
    }
}

/// What came of a program.
enum Verdict {
    Same,
    /// The name of a limit of Wasmtime's.
    Limit(String),
    Differs(String),
}

fn compare(engine: &wasmtime::Engine, program: &Program) -> Verdict {
    let mut expected = match reference::observe(program) {
        Ok((expected, _)) => expected,
        Err(error) => return Verdict::Differs(format!("the oracle refuses it: {error}")),
    };
    // What Wasmtime cannot show to its host.
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
        return Verdict::Differs("another number of steps".into());
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

/// In the other process: compares the programs of the seeds in the environment.
fn serve() {
    let Ok(seeds) = env::var(SEEDS) else {
        return;
    };
    let engine = engine().expect("Wasmtime works here");
    panic::set_hook(Box::new(|panic| {
        // Nothing can be said about what goes on after that.
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
        // On one line.
        Verdict::Differs(how) => println!("{MARK}differs {}", how.replace('\n', " ")),
    }
}

/// What came of some programs.
#[derive(Default)]
struct Outcome {
    same: u64,
    /// How often each of Wasmtime's limits was met, its death among them.
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

/// Compares the programs of some seeds, in as many processes as it takes.
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
        // Where it has ended already there is nothing to kill.
        let _ = other.kill();
        let status = other.wait().expect("a child can be waited for");
        if !answered {
            let how = match stood_still {
                true => "Wasmtime stood still".into(),
                false => format!("Wasmtime died: {status}"),
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

/// What the other process says, without what the test harness does.
fn lines(other: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let stdout = other.stdout.take().expect("it is piped");
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // The harness ends its first words without a line's end.
            if let Some((_, said)) = line.split_once(MARK)
                && sender.send(said.to_owned()).is_err()
            {
                break;
            }
        }
    });
    receiver
}
