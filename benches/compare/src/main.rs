//! Compares WebAssembly runtimes in one process. Each runtime has a turn in every round, so that
//! ratios are reliable even if absolute times are not.
//!
//! # Building
//!
//! This is a separate workspace, so that building Backstitch does not require the compilers for the
//! two peers in C. On Debian:
//!
//! ```sh
//! apt-get install gcc g++ cmake libclang-dev
//! cd benches/compare
//! cargo build --release
//! ```
//!
//! `libclang` is needed only by bindgen. The C compiler is `cc`, or the one that `CC` names. It
//! affects the results: measured on an x86-64 Xeon, WAMR compiled by GCC 12 takes 0.91 of its time
//! with Clang 14, and wasm3 0.98. On the other hand, wasm3 has unlimited tail calls only with a
//! compiler that supports `musttail` (Clang 13, GCC 15). After a change of `CC`, run `cargo clean
//! --release -p wamrx-sys -p wasm3x-sys`.
//!
//! To omit a peer that does not build on a machine, name the others:
//! `cargo build --release --no-default-features --features wasmi,stitch,wasmtime`. This also makes
//! quick builds possible: `--features wasmi,backstitch` compiles no C and no Cranelift.
//!
//! tinywasm is not a default, as it states Rust 1.98 as its minimum. It builds with 1.95 if Cargo is
//! given `--ignore-rust-version`.
//!
//! ## Vectors
//!
//! wasmi and WAMR have SIMD only with the feature `simd`. It is not a default, because it is not
//! theirs either, and programs without vectors do not need it:
//!
//! ```sh
//! cargo build --release --ignore-rust-version --no-default-features \
//!     --features simd,wasmi,tinywasm,wasmtime,backstitch
//! ```
//!
//! With `wamr`, it fetches SIMDe from its repository. Without network, `apt-get install
//! libsimde-dev`, and set `CMAKE_TOOLCHAIN_FILE` to a file with the line
//! `set(FETCHCONTENT_SOURCE_DIR_SIMDE DIR CACHE PATH "")`, where `DIR/simde` is a link to
//! `/usr/include/simde`. wasm3 and Stitch have no SIMD. tinywasm has instructions of x86-64 for
//! SIMD only if all code is built for AVX2 (`RUSTFLAGS=-Ctarget-cpu=x86-64-v3`).
//!
//! ## Objects
//!
//! WAMR has structures and arrays only with the feature `gc`. It is not a default, because `fibonacci`
//! took 1.3 and 1.5 times as long with it in two runs beside other work. WAMR's heap for them has
//! 128 KiB, which is too small for most of ours, unless it is compiled with another size:
//!
//! ```sh
//! CFLAGS=-DGC_HEAP_SIZE_DEFAULT=67108864 cargo build --release --ignore-rust-version \
//!     --no-default-features --features gc,wamr,tinywasm,wasmtime,backstitch
//! ```
//!
//! # Using
//!
//! ```sh
//! compare                               # all workloads on all runtimes, as Markdown
//! compare --only 'fib|sort' --rounds 9  # some of them, with more rounds
//! compare --runtimes wasmi,backstitch   # some runtimes; ratios require wasmi
//! compare --svg chart.svg               # with a bar chart
//! compare vectors                       # programs with vectors, and their scalar builds
//! compare objects                       # programs on structures and arrays, with collectors and without
//! compare sets                          # programs that chose the fused cells, and others
//! compare calls                         # nanoseconds per call
//! compare startup spidermonkey.wasm     # compilation time, in each mode
//! compare memory                        # memory of modules and idle instances
//! compare --backstitch-only --only fib  # absolute times of Backstitch
//! ```
//!
//! Times are noisy, numbers of instructions are not. They indicate how times may compare on other
//! machines. `benches/compare/instructions` counts them, on x86-64 and on AArch64. On this machine
//! it also simulates an instruction cache and counts misses.
//!
//! The report is written to standard output, progress to standard error. If a runtime does not
//! support a workload, computes a wrong result or crashes, the table has a dash, and a footnote
//! gives the reason. The exit status is 1 if that runtime is Backstitch.
//!
//! # Why
//!
//! *Why the best of the rounds?* Disturbances only ever add time. The table of spreads shows
//! whether this assumption held. It is computed from pairs of samples of the same round, so spreads
//! are narrow if only the machine's speed varied, and wide if other programs ran.
//!
//! *Why default configurations?* They are what an embedder gets. Only Pulley is selected
//! explicitly, by a target, because Wasmtime uses Cranelift by default.
//!
//! *Why the small amount of work for each program?* A sample repeats short calls, and Pulley takes
//! minutes for a round with `--size large`.
//!
//! *Why one instance for all rounds?* The warm-up includes lazy translation. `compare startup`
//! measures that.

mod calls;
mod chart;
mod cli;
mod clock;
mod counting;
mod execution;
mod host;
mod machine;
mod measure;
mod memory;
mod probe;
mod relative;
mod report;
mod runtime;
mod samples;
mod sets;
mod startup;
mod table;
mod value;
mod vectors;
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
use workload::{Group, Workload};

fn main() -> Result<ExitCode> {
    let Cli { command, options } = Cli::parse();
    let all = match command {
        Some(Command::Objects) => runtime::with_objects()?,
        // Its programs can be those with objects.
        Some(Command::Repeat { .. }) => runtime::every()?,
        _ => runtime::all()?,
    };
    let runtimes = select(all, &options)?;
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
        let workloads = Workload::read_all(
            &options.workloads,
            Group::ALL,
            options.only.as_ref(),
            options.size,
        )?;
        execution::repeat(&runtimes, &workloads, times)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::Sets { held_out, choosing }) = &command {
        let programs = sets::read_all(&options, held_out, choosing)?;
        let report = sets::measure(&runtimes, &programs, options.effort(), options.statistic);
        println!("{}\n{report}", machine::describe(&runtimes));
        return Ok(ExitCode::SUCCESS);
    }
    let head = machine::describe(&runtimes);
    let Measured { report, more } = measure(command.unwrap_or_default(), &runtimes, &options)?;
    if options.probe {
        return Ok(probe::end(&report));
    }
    println!("{head}\n{}", report.markdown());
    if let Some(more) = more {
        println!("{more}");
    }
    if let Some(path) = &options.svg {
        chart::draw(&report, path).with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::from(u8::from(report.is_failure())))
}

/// Results of a subcommand.
struct Measured {
    report: Report,
    /// Text behind the report: the CoreMark scores, or tables of the vector programs.
    more: Option<String>,
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
        Command::Execution | Command::Vectors | Command::Objects => {
            let folder = &options.workloads;
            let size = options.size.name();
            let (name, groups) = match command {
                Command::Vectors => ("vectors", Group::VECTORS),
                Command::Objects => ("objects", Group::OBJECTS),
                _ => ("execution", Group::PLAIN),
            };
            let probe = probe(&[
                name.as_ref(),
                "--size".as_ref(),
                size.as_ref(),
                "--workloads".as_ref(),
                folder.as_ref(),
            ]);
            let workloads = Workload::read_all(folder, groups, only, options.size)?;
            let report = execution::measure(runtimes, &workloads, &probe, effort, statistic);
            let more = match command {
                Command::Vectors => Some(vectors::markdown(&report, &workloads)),
                Command::Objects => {
                    let names = workloads.iter().map(|workload| workload.name.as_str());
                    let programs: Vec<_> = names.zip(0..).collect();
                    relative::backstitch(&report, &programs)
                }
                _ => execution::coremark(&report, &workloads),
            };
            Ok(Measured { report, more })
        }
        Command::Memory { .. } => unreachable!("`main` handles this command"),
        Command::Repeat { .. } => unreachable!("`main` handles this command"),
        Command::Sets { .. } => unreachable!("`main` handles this command"),
        Command::Startup { modules } => {
            let modules = chosen(modules, options)?;
            let probe = |path: &Path| probe(&["startup".as_ref(), path.as_ref()]);
            let report = startup::measure(runtimes, &modules, probe, effort.rounds, statistic)?;
            Ok(Measured { report, more: None })
        }
        Command::Calls => {
            let probe = probe(&["calls".as_ref()]);
            let report = calls::measure(runtimes, only, &probe, effort, statistic)?;
            Ok(Measured { report, more: None })
        }
    }
}

/// Returns the modules selected on the command line.
fn chosen(mut modules: Vec<PathBuf>, options: &Options) -> Result<Vec<PathBuf>> {
    if modules.is_empty() {
        modules = startup::default_modules(&options.workloads)?;
    }
    let only = options.only.as_ref();
    modules.retain(|path| only.is_none_or(|only| only.is_match(&startup::name(path))));
    Ok(modules)
}

/// Returns the runtimes selected on the command line, in its order.
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
