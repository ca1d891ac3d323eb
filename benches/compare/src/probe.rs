//! Probing: each task is first tried in a separate process, so that a peer that crashes leaves a
//! dash in the table and does not end the measurement.
//!
//! Peers do crash: C code because of bugs, Stitch because it overflows the native stack wherever
//! LLVM did not turn its calls into jumps. `catch_unwind` cannot catch such crashes. A peer that
//! only fails is not run in the measuring process, either.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::report::Report;
use crate::runtime::Runtime;

/// Arguments for starting this program for one task on one runtime.
pub struct Probe {
    // `None` in a probe, which must not start probes itself.
    arguments: Option<Vec<OsString>>,
}

impl Probe {
    /// Creates probes with a subcommand and its arguments.
    pub fn new(arguments: &[&OsStr]) -> Self {
        Self {
            arguments: Some(arguments.iter().map(Into::into).collect()),
        }
    }

    /// Creates a probe that does nothing, so that every task runs in this process.
    pub fn none() -> Self {
        Self { arguments: None }
    }

    /// Runs a task in a separate process. Fails if the task crashes that process or does not work:
    /// a runtime with an unexpected trap may have corrupted more than its own state.
    pub fn survives(&self, runtime: &dyn Runtime, task: &str) -> Result<()> {
        let Some(arguments) = &self.arguments else {
            return Ok(());
        };
        if !runtime.is_probed() {
            return Ok(());
        }
        let own = env::current_exe().context("cannot start this program again")?;
        let output = Command::new(own)
            .args(arguments)
            .args(["--probe", "--runtimes", runtime.key(), "--only"])
            .arg(format!("^{}$", regex::escape(task)))
            // A backtrace would follow the error message, which is the last line.
            .env("RUST_BACKTRACE", "0")
            .output()
            .context("cannot start this program again")?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let words = errors.lines().map(str::trim).rfind(|line| !line.is_empty());
        let words = words.unwrap_or_default();
        if output.status.code().is_some() {
            bail!("{words}");
        }
        // The last line of a process that crashes without a message is the progress line.
        let words = if words == task { "no message" } else { words };
        bail!("crashes, {}: {words}", output.status);
    }
}

/// Ends a probe. If the task failed, the last line of standard error is the reason.
pub fn end(report: &Report) -> ExitCode {
    match report.refusal() {
        None => ExitCode::SUCCESS,
        Some(reason) => {
            eprintln!("{}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}
