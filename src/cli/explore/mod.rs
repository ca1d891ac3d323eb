//! `backstitch explore`: runs a program with threads under many schedules, until one shows a fault.
//!
//! Every run has the same arguments, files, random numbers and clock, so only the schedule makes a
//! difference. The first run has the usual schedule, in which a thread runs until it waits. The
//! others are compared with it.

mod finding;
mod progress;
mod report;
mod run;
mod shrink;
mod survey;

use super::failure::Failure;
use super::input::Source;
use super::{quantity, run as command, wasi};
use backstitch::scheduler::{Policy, Schedule};
use backstitch::wasi::threads::has_threads;
use clap::{Args, ValueEnum};
use finding::Finding;
use progress::Progress;
use report::{Report, Search};
use run::{Order, Program, Run};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use survey::{Random, Step};

const EXAMPLES: &str = "\
Examples:
  backstitch explore program.wasm
  backstitch explore --races --runs 1e4 program.wasm argument
  backstitch explore --policy pct --depth 4 --seed 7 program.wasm
  backstitch explore --replay 0@5:1,1@12:2 program.wasm

Exit codes: 0 nothing was found; 1 an error in the file, an import, an export or an argument;
2 wrong usage; 3 a schedule was found.";

/// The rule by which schedules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Threads take turns of a fixed number of steps: one in the second run, then two, and so on
    Turns,
    /// Chance decides after each step, or after a random number of steps
    Random,
    /// Threads have random priorities, which change at random steps with accesses on which several
    /// threads depend (probabilistic concurrency testing)
    Pct,
    /// `random` and `pct` in turns
    Mixed,
}

/// The data races that are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RaceKind {
    /// At least one of the accesses is not atomic
    All,
    /// None of the accesses is atomic
    Plain,
}

/// The arguments of `backstitch explore`.
#[derive(Args)]
#[command(
    override_usage = "backstitch explore [OPTIONS] <FILE> [ARGS]...",
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// Run the program under at most this many schedules
    #[arg(long, value_name = "N", default_value = "1000", value_parser = quantity::count::<u64>)]
    runs: u64,

    /// Choose schedules by this rule
    #[arg(long, value_name = "RULE", value_enum, default_value = "mixed")]
    policy: Choice,

    /// Derive the schedules, and the random numbers that the program gets, from this number
    #[arg(long, value_name = "SEED", default_value = "0", value_parser = quantity::count::<u64>)]
    seed: u64,

    /// Look for faults that need this many ordered steps of several threads, with `--policy pct`
    #[arg(long, value_name = "N", default_value = "3", value_parser = quantity::count::<u32>)]
    depth: u32,

    /// Report data races too: accesses to the same bytes that are neither ordered nor both atomic;
    /// with `=plain`, only those of which neither is atomic
    #[arg(
        long,
        value_name = "KIND",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all"
    )]
    races: Option<RaceKind>,

    /// End a run after this many instructions of all its threads
    #[arg(long, value_name = "N", default_value = "1e7", value_parser = quantity::count::<u64>)]
    fuel: u64,

    /// Run the program under this schedule only, which an earlier search has printed
    #[arg(long, value_name = "SCHEDULE")]
    replay: Option<Schedule>,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,

    /// Give the program a copy of this directory and everything below it, under the name GUEST
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,

    /// Set an environment variable of the program, to this value or to the present one
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,

    /// Read the program's standard input from this file
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,

    /// Limit the number of threads that the program may have at once besides the first one
    #[arg(long, value_name = "N", value_parser = quantity::count::<usize>)]
    max_threads: Option<usize>,

    /// The program, binary or text (`-` reads standard input), followed by its arguments
    #[arg(
        value_name = "FILE [ARGS]",
        required = true,
        num_args = 1..,
        allow_hyphen_values = true,
        trailing_var_arg = true
    )]
    command: Vec<OsString>,
}

impl Arguments {
    /// Returns what the program is given.
    fn given(&self) -> wasi::Given {
        wasi::Given::deterministic(
            self.seed,
            self.dir.clone(),
            self.env.clone(),
            self.stdin.clone(),
            self.max_threads,
        )
    }

    /// Returns the order of a run. The first one has performed `steps` accesses, with `conflicts`.
    fn order(&self, number: u64, steps: u64, conflicts: &[Vec<Step>]) -> Order<'static> {
        let seed = self.seed.wrapping_add(number);
        match (self.policy, number % 2) {
            (Choice::Turns, _) => Order::Policy(Policy::RoundRobin { slice: number }),
            (Choice::Random, _) => random(seed, number, steps),
            (Choice::Mixed, 0) => random(seed, number / 2, steps),
            (Choice::Pct, _) => self.by_priorities(seed, number, steps, conflicts),
            (Choice::Mixed, _) => self.by_priorities(seed, number / 2, steps, conflicts),
        }
    }

    /// Returns an order by priorities. They change at up to `depth - 1` steps. The first is a random
    /// step of one of the places in the code that have conflicts, which take turns, so that none is
    /// left out and those that are executed often are not preferred. The others are random.
    fn by_priorities(
        &self,
        seed: u64,
        number: u64,
        steps: u64,
        conflicts: &[Vec<Step>],
    ) -> Order<'static> {
        let mut random = Random(seed);
        let most = self.depth.saturating_sub(1);
        if conflicts.is_empty() || most == 0 {
            return Order::Policy(Policy::Priorities {
                seed,
                changes: most,
                length: steps,
            });
        }
        let count = 1 + random.below(most as usize);
        let changes = (0..count).map(|index| {
            let place = match index {
                0 => (number % conflicts.len() as u64) as usize,
                _ => random.below(conflicts.len()),
            };
            let steps = &conflicts[place];
            steps[random.below(steps.len())]
        });
        Order::Priorities {
            changes: changes.collect(),
            policy: Policy::Priorities {
                seed,
                changes: 0,
                length: steps,
            },
        }
    }

    /// Returns the command that repeats a schedule.
    fn repetition(&self, schedule: &Schedule) -> String {
        let mut words = vec![
            "backstitch".to_string(),
            "explore".to_string(),
            "--replay".to_string(),
            schedule.to_string(),
        ];
        let mut option = |name: &str, value: String| words.extend([name.to_string(), value]);
        if self.seed != 0 {
            option("--seed", self.seed.to_string());
        }
        if self.fuel != 10_000_000 {
            option("--fuel", self.fuel.to_string());
        }
        for directory in &self.dir {
            option("--dir", directory.clone());
        }
        for variable in &self.env {
            option("--env", variable.clone());
        }
        if let Some(path) = &self.stdin {
            option("--stdin", path.display().to_string());
        }
        if let Some(count) = self.max_threads {
            option("--max-threads", count.to_string());
        }
        match self.races {
            None => {}
            Some(RaceKind::All) => words.push("--races".to_string()),
            Some(RaceKind::Plain) => words.push("--races=plain".to_string()),
        }
        words.extend(self.command.iter().map(|word| word.display().to_string()));
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

/// Returns a random order.
fn random(seed: u64, number: u64, steps: u64) -> Order<'static> {
    Order::Policy(Policy::Random {
        seed,
        slice: slice(number, steps),
    })
}

/// Returns the mean number of steps between random choices in a run: 0, 1, 4, 16 and so on in turns.
/// Several choices are made in a run of `steps` steps.
fn slice(number: u64, steps: u64) -> u64 {
    let levels = 2 + (steps / 4).max(4).ilog(4);
    match (number % u64::from(levels)) as u32 {
        0 => 0,
        level => 4_u64.pow(level - 1),
    }
}

/// Returns a word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:@,%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Runs the program until a schedule is found.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (path, texts) = command::split_command(&arguments.command)?;
    let source = Source::read(path)?;
    let program = load(arguments, &source, path, &texts)?;
    let first = program.run_first()?;
    let search = match &arguments.replay {
        Some(schedule) => replay(&program, schedule, &first)?,
        None => search(arguments, &program, &first)?,
    };
    let report = Report::new(arguments, &program, &first, &search)?;
    if arguments.json {
        report.write_json(out)?;
    } else {
        report.write_text(out)?;
    }
    match search.found {
        Some(_) => Err(Failure::Found),
        None => Ok(()),
    }
}

fn load<'a>(
    arguments: &'a Arguments,
    source: &'a Source,
    path: &'a Path,
    texts: &'a [String],
) -> Result<Program<'a>, Failure> {
    let program = Program::load(arguments, source, path, texts)?;
    if !has_threads(program.module()) {
        return Err(Failure::Input(format!(
            "`{}` starts no threads: it does not import `wasi::thread-spawn`",
            source.file
        )));
    }
    Ok(program)
}

/// Runs the program under one schedule.
fn replay(program: &Program<'_>, schedule: &Schedule, first: &Run) -> Result<Search, Failure> {
    let run = program.run(Order::Replay(schedule))?;
    let unfinished = u64::from(!run.is_finished());
    let finding = match run.is_finished() {
        true => Finding::of(&run, first),
        false => Finding::of(&run, first).or(Some(Finding::Livelock)),
    };
    let found = finding.map(|finding| (finding, run));
    Ok(Search {
        runs: 1,
        unfinished,
        found_in: None,
        found,
    })
}

/// Runs the program under schedules of the policy, and shortens the first one that is found.
fn search(arguments: &Arguments, program: &Program<'_>, first: &Run) -> Result<Search, Failure> {
    let progress = Progress::new(arguments.runs);
    let mut unfinished = 0;
    let conflicts = first.survey.conflicts();
    for number in 0..arguments.runs {
        let run = match number {
            0 => first.clone(),
            _ => program.run(arguments.order(number, first.steps, &conflicts))?,
        };
        progress.ended();
        if let Some(finding) = Finding::of(&run, first) {
            progress.shortening();
            let run = shrink::shorten(program, run, first, &finding)?;
            return Ok(Search {
                runs: number + 1,
                unfinished,
                found_in: Some(number + 1),
                found: Some((finding, run)),
            });
        }
        unfinished += u64::from(!run.is_finished());
    }
    // If no run ends, the program hardly can.
    let is_livelock = unfinished != 0 && unfinished == arguments.runs;
    Ok(Search {
        runs: arguments.runs,
        unfinished,
        found_in: None,
        found: is_livelock.then(|| (Finding::Livelock, first.clone())),
    })
}
