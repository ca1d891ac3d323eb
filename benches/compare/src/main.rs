//! Compares WebAssembly runtimes: each has its turn in every round, in one process, so that their
//! ratios hold even where absolute times do not.
//!
//! # Building
//!
//! This is a workspace of its own: two peers are written in C, and nobody should need their
//! compilers to build Backstitch. On Debian:
//!
//! ```sh
//! apt-get install gcc g++ cmake libclang-dev
//! cd benches/compare
//! cargo build --release
//! ```
//!
//! `libclang` is for bindgen alone. The C compiler is `cc` unless `CC` names another, and matters:
//! seen on an x86-64 Xeon, GCC 12's WAMR takes 0.91 and its wasm3 0.98 of the time of Clang 14's. In
//! return wasm3 runs unbounded tail calls only if the compiler knows `musttail` (Clang 13, GCC 15).
//! After a change of `CC`: `cargo clean --release -p wamrx-sys -p wasm3x-sys`.
//!
//! A peer that does not build on some machine is left out by naming the others:
//! `cargo build --release --no-default-features --features wasmi,stitch,wasmtime`. That is also how to
//! build quickly: `--features wasmi,backstitch` compiles no C and no Cranelift.
//!
//! # Using
//!
//! ```sh
//! compare                               # all workloads on all runtimes, as Markdown
//! compare --only 'fib|sort' --rounds 9  # a few of them, longer
//! compare --runtimes wasmi,backstitch   # only these; ratios need wasmi among them
//! compare --svg chart.svg               # and a bar chart
//! compare calls                         # nanoseconds for a call
//! compare startup spidermonkey.wasm     # from bytes to a module, in each mode
//! compare memory                        # what modules and idle instances take
//! compare --backstitch-only --only fib  # absolute times, for work on one thing
//! ```
//!
//! Times are noisy; the numbers of instructions are not, and say what time on some other machine may
//! depend on. `benches/compare/instructions` counts them, on x86-64 and on AArch64.
//!
//! Standard output is the report; what is going on is told on standard error. A workload that a
//! runtime does not support, or computes wrongly, or dies of, is a dash in the table and a footnote
//! with the reason. The exit status is 1 if that runtime is Backstitch.
//!
//! # Why
//!
//! *Why the best of the rounds?* What disturbs a run only ever adds to it. The spread table shows
//! whether that assumption held: it is taken from pairs of samples that stood next to each other,
//! so it is narrow when only the machine's speed varied, and wide when something else ran.
//!
//! *Why default configurations?* They are what an embedder gets. Only Pulley is chosen by a target,
//! because Wasmtime picks Cranelift on its own.
//!
//! *Why the small size of each program?* A sample repeats what is short, and Pulley takes minutes for a
//! round of what `--size large` runs.
//!
//! *Why one instance for all rounds?* Lazy translation is paid in the warm-up; `compare startup` is
//! where it belongs.

mod calls;
mod chart;
mod cli;
mod clock;
mod execution;
mod host;
mod machine;
mod measure;
mod memory;
mod probe;
mod report;
mod runtime;
mod samples;
mod startup;
mod table;
mod value;
mod version;
mod workload;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Command, Options};
use measure::Effort;
use probe::Probe;
use report::Report;
use runtime::Runtime;
use workload::Workload;

fn main() -> Result<ExitCode> {
    let Cli { command, options } = Cli::parse();
    let runtimes = select(runtime::all()?, &options)?;
    if let Some(Command::Memory { modules, hold }) = command {
        let modules = chosen(modules, &options)?;
        if let Some(what) = hold {
            return memory::hold(&runtimes, &modules, what);
        }
        let table = memory::measure(&runtimes, &modules)?;
        println!("{}\n{table}", machine::describe(&runtimes));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::Repeat { times }) = command {
        let workloads =
            Workload::read_all(&options.workloads, options.only.as_ref(), options.size)?;
        execution::repeat(&runtimes, &workloads, times)?;
        return Ok(ExitCode::SUCCESS);
    }
    let head = machine::describe(&runtimes);
    let Measured { report, score } = measure(command.unwrap_or_default(), &runtimes, &options)?;
    if options.probe {
        return Ok(probe::end(&report));
    }
    println!("{head}\n{}", report.markdown());
    if let Some(score) = score {
        println!("{score}");
    }
    if let Some(path) = &options.svg {
        chart::draw(&report, path).with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::from(u8::from(report.is_failure())))
}

/// What a subcommand came to.
struct Measured {
    report: Report,
    /// The line of CoreMark scores.
    score: Option<String>,
}

fn measure(command: Command, runtimes: &[Box<dyn Runtime>], options: &Options) -> Result<Measured> {
    let only = options.only.as_ref();
    let statistic = options.statistic;
    let (effort, probe): (_, fn(&[&OsStr]) -> Probe) = if options.probe {
        (Effort::PROBE, |_| Probe::none())
    } else {
        (options.effort(), Probe::new)
    };
    match command {
        Command::Execution => {
            let folder = &options.workloads;
            let size = options.size.name();
            let probe = probe(&[
                "--size".as_ref(),
                size.as_ref(),
                "--workloads".as_ref(),
                folder.as_ref(),
            ]);
            let workloads = Workload::read_all(folder, only, options.size)?;
            let report = execution::measure(runtimes, &workloads, &probe, effort, statistic);
            let score = execution::coremark(&report, &workloads);
            Ok(Measured { report, score })
        }
        Command::Memory { .. } => unreachable!("it makes a table of its own"),
        Command::Repeat { .. } => unreachable!("it measures nothing"),
        Command::Startup { modules } => {
            let modules = chosen(modules, options)?;
            let probe = |path: &Path| probe(&["startup".as_ref(), path.as_ref()]);
            let report = startup::measure(runtimes, &modules, probe, effort.rounds, statistic)?;
            Ok(Measured {
                report,
                score: None,
            })
        }
        Command::Calls => {
            let probe = probe(&["calls".as_ref()]);
            let report = calls::measure(runtimes, only, &probe, effort, statistic)?;
            Ok(Measured {
                report,
                score: None,
            })
        }
    }
}

/// The modules that the command line asks for.
fn chosen(mut modules: Vec<PathBuf>, options: &Options) -> Result<Vec<PathBuf>> {
    if modules.is_empty() {
        modules = startup::default_modules(&options.workloads)?;
    }
    let only = options.only.as_ref();
    modules.retain(|path| only.is_none_or(|only| only.is_match(&startup::name(path))));
    Ok(modules)
}

/// The runtimes that the command line asks for, in its order.
fn select(all: Vec<Box<dyn Runtime>>, options: &Options) -> Result<Vec<Box<dyn Runtime>>> {
    let keys = if options.backstitch_only {
        &[runtime::BACKSTITCH.to_owned()][..]
    } else {
        &options.runtimes
    };
    if keys.is_empty() {
        return Ok(all);
    }
    let mut all: Vec<_> = all.into_iter().map(Some).collect();
    keys.iter()
        .map(|key| {
            all.iter_mut()
                .find(|slot| slot.as_ref().is_some_and(|runtime| runtime.key() == key))
                .and_then(Option::take)
                .with_context(|| format!("no runtime `{key}` is compiled in"))
        })
        .collect()
}
