//! `run --profile`: where a program spends its instructions, or its time.
//!
//! * Input: a call of a program, an interval, and the path of a file.
//! * Output: the file, in the format that its name selects.
//! * Rules: a sample is taken whenever the program is suspended: when the fuel of an interval is spent, or
//!   when a thread interrupts it. Only the latter looks at a clock.

mod format;
mod interval;

use super::failure::Failure;
use super::host::Host;
use super::ticker::Ticker;
use backstitch::{
    Engine, Error, Execution, GuestProfiler, Module, Outcome, Result, Store, Suspension, Trap, Val,
};
use clap::Args;
use format::Format;
use interval::Interval;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The options for a profile.
#[derive(Args)]
pub(crate) struct Profiling {
    /// Write a profile of the program to this file: for the Firefox profiler (`.json`), for pprof
    /// (`.pb.gz`, `.pb` or `.pprof`), as a flame graph (`.svg`), or as folded stacks (any other name)
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["snapshot", "record"]
    )]
    profile: Option<PathBuf>,

    /// Number of WebAssembly instructions between two samples of a profile, or a time such as `1ms`, with
    /// which two profiles differ
    #[arg(
        long,
        value_name = "N|TIME",
        requires = "profile",
        default_value = "500000",
        value_parser = Interval::parse
    )]
    profile_interval: Interval,
}

/// A profile that is being made.
pub(super) struct Profile {
    path: PathBuf,
    interval: Interval,
    profiler: GuestProfiler,
}

impl Profiling {
    /// Returns whether the user has asked for a profile.
    pub(super) fn is_some(&self) -> bool {
        self.profile.is_some()
    }

    /// Returns whether the profile needs an engine that counts instructions.
    pub(super) fn counts(&self) -> bool {
        self.is_some() && matches!(self.profile_interval, Interval::Instructions(_))
    }

    /// Returns whether the profile needs an engine whose executions can be interrupted.
    pub(super) fn interrupts(&self) -> bool {
        self.is_some() && matches!(self.profile_interval, Interval::Time(_))
    }

    /// Begins the profile that the user has asked for, of a module in the given file.
    pub(super) fn start(&self, module: &Module, file: &str) -> Result<Option<Profile>> {
        let Some(path) = &self.profile else {
            return Ok(None);
        };
        let name = Path::new(file).file_name();
        let name = name.map_or(file.into(), |name| name.to_string_lossy());
        let engine: &Engine = module.engine();
        let modules = [(name.to_string(), module.clone())];
        let interval = self.profile_interval;
        Ok(Some(Profile {
            path: path.clone(),
            interval,
            profiler: GuestProfiler::new(engine, &name, interval.duration(), modules)?,
        }))
    }
}

impl Profile {
    /// Runs an execution to its end, with a sample each time that the interval has passed.
    pub(super) fn run(
        &mut self,
        store: &mut Store<Host>,
        execution: Execution,
    ) -> Result<Vec<Val>> {
        match self.interval {
            Interval::Instructions(count) => self.run_by_instructions(store, execution, count),
            Interval::Time(time) => self.run_by_time(store, execution, time),
        }
    }

    fn run_by_instructions(
        &mut self,
        store: &mut Store<Host>,
        mut execution: Execution,
        interval: u64,
    ) -> Result<Vec<Val>> {
        let mut left = store.get_fuel()?;
        let mut slice = interval;
        loop {
            let given = slice.min(left);
            store.set_fuel(given)?;
            let outcome = execution.resume(&mut *store)?;
            let spent = given - store.get_fuel()?.min(given);
            match outcome {
                Outcome::Done(results) => return Ok(results),
                Outcome::Suspended(Suspension::Fuel) => {}
                Outcome::Suspended(other) => return Err(unexpected(&other)),
            }
            let time = Duration::from_nanos(spent);
            self.profiler.sample_suspended(&*store, &execution, time);
            if given == left {
                return Err(execution.fail(&*store, Trap::OutOfFuel.into()));
            }
            left -= spent;
            // Instructions are counted in groups, and a group may have more than the interval.
            slice = match spent {
                0 => slice.saturating_mul(2),
                _ => interval,
            };
        }
    }

    fn run_by_time(
        &mut self,
        store: &mut Store<Host>,
        mut execution: Execution,
        interval: Duration,
    ) -> Result<Vec<Val>> {
        let _ticker = Ticker::new(store.interrupt_handle()?, interval);
        let mut last = Instant::now();
        loop {
            match execution.resume(&mut *store)? {
                Outcome::Done(results) => return Ok(results),
                Outcome::Suspended(Suspension::Interrupt) => {}
                Outcome::Suspended(Suspension::Fuel) => {
                    return Err(execution.fail(&*store, Trap::OutOfFuel.into()));
                }
                Outcome::Suspended(other) => return Err(unexpected(&other)),
            }
            let now = Instant::now();
            let time = now.duration_since(last);
            last = now;
            self.profiler.sample_suspended(&*store, &execution, time);
        }
    }

    /// Writes the profile, if it has samples.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.profiler.is_empty() {
            eprintln!(
                "No profile was written: the program ended before {}; choose a smaller \
                 --profile-interval",
                self.interval
            );
            return Ok(());
        }
        let path = self.path.display().to_string();
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::Input(format!("cannot write the profile `{path}`: {error}"))
        };
        let file = File::create(&self.path).map_err(|error| cannot(&error))?;
        let mut file = BufWriter::new(file);
        let samples = self.profiler.len();
        let format = Format::of(&self.path);
        let written = format.write(self.profiler, self.interval, &mut file);
        written.map_err(|error| cannot(&format!("{error:#}")))?;
        file.flush().map_err(|error| cannot(&error))?;
        let noun = if samples == 1 { "sample" } else { "samples" };
        eprintln!("Profile of {samples} {noun} written to `{path}`");
        Ok(())
    }
}

fn unexpected(suspension: &Suspension) -> Error {
    Error::msg(format!(
        "the program waits for something that this command cannot give: {suspension:?}"
    ))
}
