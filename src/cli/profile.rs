//! `run --profile`: where a program spends its instructions.

use super::failure::Failure;
use super::host::Host;
use super::quantity;
use backstitch::{
    Engine, Error, Execution, GuestProfiler, Module, Outcome, Result, Store, Suspension, Trap, Val,
};
use clap::Args;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The options for a profile.
#[derive(Args)]
pub(crate) struct Profiling {
    /// Write a profile of the program to this file: for the Firefox profiler (`.json`), as a flame graph
    /// (`.svg`), or as folded stacks (any other name)
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["snapshot", "record"]
    )]
    profile: Option<PathBuf>,

    /// Number of WebAssembly instructions between two samples of a profile
    #[arg(
        long,
        value_name = "N",
        requires = "profile",
        default_value = "500000",
        value_parser = interval
    )]
    profile_interval: u64,
}

/// Parses a number of instructions between two samples.
fn interval(text: &str) -> Result<u64, String> {
    match quantity::count(text)? {
        0 => Err("an interval has at least one instruction".to_string()),
        interval => Ok(interval),
    }
}

/// A profile that is being made.
pub(super) struct Profile {
    path: PathBuf,
    /// Number of instructions between two samples.
    interval: u64,
    profiler: GuestProfiler,
}

impl Profiling {
    /// Returns whether the user has asked for a profile.
    pub(super) fn is_some(&self) -> bool {
        self.profile.is_some()
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
        // An instruction counts as a nanosecond.
        let interval = Duration::from_nanos(self.profile_interval);
        Ok(Some(Profile {
            path: path.clone(),
            interval: self.profile_interval,
            profiler: GuestProfiler::new(engine, &name, interval, modules)?,
        }))
    }
}

impl Profile {
    /// Runs an execution to its end, with a sample each time that the interval has passed.
    pub(super) fn run(
        &mut self,
        store: &mut Store<Host>,
        mut execution: Execution,
    ) -> Result<Vec<Val>> {
        let mut left = store.get_fuel()?;
        let mut slice = self.interval;
        loop {
            let given = slice.min(left);
            store.set_fuel(given)?;
            let outcome = execution.resume(&mut *store)?;
            let spent = given - store.get_fuel()?.min(given);
            match outcome {
                Outcome::Done(results) => return Ok(results),
                Outcome::Suspended(Suspension::Fuel) => {}
                Outcome::Suspended(other) => {
                    return Err(Error::msg(format!(
                        "the program waits for something that this command cannot give: {other:?}"
                    )));
                }
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
                _ => self.interval,
            };
        }
    }

    /// Writes the profile, if it has samples.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.profiler.is_empty() {
            eprintln!(
                "No profile was written: the program ended before {} instructions; choose a smaller \
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
        let ending = self.path.extension().and_then(|ending| ending.to_str());
        let written = match ending {
            Some("json") => self.profiler.finish(&mut file),
            Some("svg") => self.profiler.write_flame_graph("instructions", &mut file),
            _ => self.profiler.write_folded(&mut file),
        };
        written.map_err(|error| cannot(&format!("{error:#}")))?;
        file.flush().map_err(|error| cannot(&error))?;
        let noun = if samples == 1 { "sample" } else { "samples" };
        eprintln!("Profile of {samples} {noun} written to `{path}`");
        Ok(())
    }
}
