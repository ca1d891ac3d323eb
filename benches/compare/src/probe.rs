//! Trying a task in a process of its own first, so that a peer that dies costs a dash in the table
//! and not the table.
//!
//! Peers do die: C code by its bugs, Stitch by running out of native stack wherever LLVM did not
//! turn its calls into jumps. No `catch_unwind` survives that. A peer that merely fails is kept out of
//! the measuring process too.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::report::Report;
use crate::runtime::Runtime;

/// How to start this program for one task on one runtime.
pub struct Probe {
    // None within a probe, which must not probe in turn.
    arguments: Option<Vec<OsString>>,
}

impl Probe {
    /// Probes with a subcommand and its arguments.
    pub fn new(arguments: &[&OsStr]) -> Self {
        Self {
            arguments: Some(arguments.iter().map(Into::into).collect()),
        }
    }

    /// Lets every runtime try everything in this process.
    pub fn none() -> Self {
        Self { arguments: None }
    }

    /// Fails if a task kills the process it runs in, or does not work there: a runtime that traps
    /// where it should not may have harmed more than its own state.
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
            // It would follow the last words.
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
        // The progress line is all that a process writes that dies silently.
        let words = if words == task {
            "no last words"
        } else {
            words
        };
        bail!("dies, {}: {words}", output.status);
    }
}

/// Ends a probe: its last words are the reason why nothing came of it.
pub fn end(report: &Report) -> ExitCode {
    match report.refusal() {
        None => ExitCode::SUCCESS,
        Some(reason) => {
            eprintln!("{}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}
