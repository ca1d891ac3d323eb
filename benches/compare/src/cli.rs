//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use regex::Regex;

use crate::measure::Effort;
use crate::runtime::Held;
use crate::samples::Statistic;
use crate::workload::Size;

/// Runs several WebAssembly runtimes interleaved in one process and prints their times as ratios.
#[derive(Parser)]
#[command(name = "compare")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub options: Options,
}

#[derive(Default, Subcommand)]
pub enum Command {
    /// Time the workloads (the default)
    #[default]
    Execution,
    /// Time the compilation of modules, in each mode that a runtime has
    Startup {
        /// Modules, binary or text [default: the larger ones of the workloads]
        modules: Vec<PathBuf>,
    },
    /// Measure the resident memory of modules and of idle instances (Linux)
    Memory {
        /// Modules, binary or text [default: the larger ones of the workloads]
        modules: Vec<PathBuf>,
        /// Measure one kind of object in this process (used by `memory.rs`)
        #[arg(long, hide = true)]
        hold: Option<Held>,
    },
    /// Call each workload a number of times without measuring, for tools that count instructions
    Repeat {
        /// Number of calls; 0 only loads the modules
        times: u32,
    },
    /// Time the programs with vector instructions, and their scalar builds
    Vectors,
    /// Time the programs on structures and arrays, also without collections
    Objects,
    /// Time the three sets: programs that chose the fused cells, others of these kinds, and other kinds
    Sets {
        /// Folder with the programs that had no influence, and their list
        #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../held-out"))]
        held_out: PathBuf,
        /// Folder with further programs that chose, if they have been built
        #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../profile/programs"))]
        choosing: PathBuf,
    },
    /// Time calls: recursive, of a host function, from the host; suspensions and exceptions
    Calls,
}

#[derive(Args)]
pub struct Options {
    /// Programs, modules or kinds of calls to measure, selected by name
    #[arg(long, global = true, value_name = "REGEX")]
    pub only: Option<Regex>,

    /// Runtimes to run, in this order [default: all that are compiled in]
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',')]
    pub runtimes: Vec<String>,

    /// Run Backstitch only, with absolute times and no ratios
    #[arg(long, global = true, conflicts_with = "runtimes")]
    pub backstitch_only: bool,

    /// Amount of work, for programs with two amounts
    #[arg(long, global = true, value_enum, default_value_t = Size::Small)]
    pub size: Size,

    /// Number of rounds; each runtime has one turn per round
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,

    /// Minimum duration of a sample, in milliseconds: shorter calls are repeated
    #[arg(long, global = true, default_value_t = 20, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: u64,

    /// Statistic that summarises a runtime's samples
    #[arg(long, global = true, value_enum, default_value_t = Statistic::Best)]
    pub statistic: Statistic,

    /// Also draw the ratios as a bar chart
    #[arg(long, global = true, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Do everything once without measuring (used by `probe.rs`)
    #[arg(long, global = true, hide = true)]
    pub probe: bool,

    /// Folder with `checksums.txt` and the modules that it names
    #[arg(long, global = true, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../workloads"))]
    pub workloads: PathBuf,
}

impl Options {
    pub fn effort(&self) -> Effort {
        Effort {
            rounds: self.rounds,
            sample: Duration::from_millis(self.sample),
        }
    }
}
