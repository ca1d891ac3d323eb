//! Failures of commands, and their exit codes.

use super::input::Source;
use super::names::printable_lines;
use backstitch::wasi::I32Exit;
use backstitch::wasi::threads::Deadlock;
use backstitch::{Error, Trap, WasmBacktrace};
use std::io;
use std::process::ExitCode;

/// Exit code of a process that was ended by `abort`.
const TRAPPED: u8 = 134;

/// Exit code of a search that has found something.
const FOUND: u8 = 3;

/// A failure of a command.
pub(crate) enum Failure {
    /// The input is invalid; the text describes the fault and the alternatives.
    Input(String),
    /// The program trapped; the text is the error with its backtrace.
    Trap(String),
    /// The program exited with this code, which may be 0.
    Exit(u8),
    /// The program ended in a way that a recording describes: its exit code and the text.
    Recorded(u8, String),
    /// The command has already reported its failures.
    Reported,
    /// The command has found a schedule, and has reported it.
    Found,
    /// Output could not be written.
    Output(io::Error),
}

impl Failure {
    /// Classifies an error of a running program: an exit, a trap, or an error before any code
    /// ran.
    pub(crate) fn from_execution(source: &Source, error: Error) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Failure::Exit(exit.process_exit_code());
        }
        let executed = error.downcast_ref::<Trap>().is_some()
            || error.downcast_ref::<WasmBacktrace>().is_some()
            || error.downcast_ref::<Deadlock>().is_some();
        if executed {
            Failure::Trap(source.describe_in_full(&error))
        } else {
            Failure::refused(source, &error)
        }
    }

    /// Returns the failure of a program that could not be started.
    pub(crate) fn refused(source: &Source, error: &Error) -> Self {
        let description = source.describe(error);
        Failure::Input(format!("cannot run `{}`: {description}", source.file))
    }

    /// Returns the exit code and the text of a failure of a program, for its recording.
    pub(crate) fn recorded(&self) -> (u8, &str) {
        match self {
            Failure::Trap(text) => (TRAPPED, text),
            Failure::Exit(code) => (*code, ""),
            Failure::Input(text) | Failure::Recorded(_, text) => (1, text),
            Failure::Reported | Failure::Found | Failure::Output(_) => (1, ""),
        }
    }

    /// Prints the failure to standard error and returns its exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Failure::Input(text) => {
                eprintln!("Error: {}", printable_lines(&text));
                ExitCode::FAILURE
            }
            Failure::Trap(text) => {
                eprintln!("Error: {}", printable_lines(&text));
                ExitCode::from(TRAPPED)
            }
            Failure::Exit(code) => ExitCode::from(code),
            Failure::Recorded(code, text) => {
                if !text.is_empty() {
                    eprintln!("Error: {}", printable_lines(&text));
                }
                ExitCode::from(code)
            }
            Failure::Reported => ExitCode::FAILURE,
            Failure::Found => ExitCode::from(FOUND),
            // The reader closed the output early, as `head` does.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Failure::Output(error) => {
                eprintln!("Error: cannot write the output: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}
