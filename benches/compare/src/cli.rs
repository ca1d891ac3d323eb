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
    /// Time making a module ready, in each mode that a runtime has
    Startup {
        /// Modules, binary or text [default: the larger ones of the workloads]
        modules: Vec<PathBuf>,
    },
    /// Measure the resident memory of modules and of idle instances (Linux)
    Memory {
        /// Modules, binary or text [default: the larger ones of the workloads]
        modules: Vec<PathBuf>,
        /// Measure one thing in this process: what `memory.rs` starts
        #[arg(long, hide = true)]
        hold: Option<Held>,
    },
    /// Call each workload so many times, and measure nothing: for tools that count instructions
    Repeat {
        /// How many times: none only makes it ready
        times: u32,
    },
    /// Time calls: recursive, of a host function, from the host; suspensions and exceptions
    Calls,
}

#[derive(Args)]
pub struct Options {
    /// Programs, modules or kinds of calls to measure, by name
    #[arg(long, global = true, value_name = "REGEX")]
    pub only: Option<Regex>,

    /// Runtimes to run, in this order [default: all that are compiled in]
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',')]
    pub runtimes: Vec<String>,

    /// Run Backstitch alone: nothing is compared, times are absolute
    #[arg(long, global = true, conflicts_with = "runtimes")]
    pub backstitch_only: bool,

    /// How much work, where a program comes in two sizes
    #[arg(long, global = true, value_enum, default_value_t = Size::Small)]
    pub size: Size,

    /// How often each runtime has its turn
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,

    /// The least length of one sample, in milliseconds: shorter calls are repeated
    #[arg(long, global = true, default_value_t = 20, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: u64,

    /// How a runtime's samples become one number
    #[arg(long, global = true, value_enum, default_value_t = Statistic::Best)]
    pub statistic: Statistic,

    /// Also draw the ratios
    #[arg(long, global = true, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Do everything once and measure nothing: what `probe.rs` starts
    #[arg(long, global = true, hide = true)]
    pub probe: bool,

    /// The folder with `checksums.txt` and the modules it names
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
