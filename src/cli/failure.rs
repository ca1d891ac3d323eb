//! Why a command did not succeed, and the exit code that says so.

use backstitch::wasi::I32Exit;
use backstitch::{Error, Trap, WasmBacktrace};
use std::io;
use std::process::ExitCode;

/// The exit code of a process that was ended by `abort`.
const TRAPPED: u8 = 134;

/// A command's failure.
pub(crate) enum Failure {
    /// The input was at fault; the text says what, where, and what there is instead.
    Input(String),
    /// The program trapped.
    Trap(Error),
    /// The program ended itself with this code; 0 is no failure, but an end all the same.
    Exit(u8),
    /// The command has reported its failures itself.
    Reported,
    /// Output could not be written.
    Output(io::Error),
}

impl Failure {
    /// The failure that an error of a running program is: its own will, or a trap, unless
    /// nothing had run yet.
    pub(crate) fn from_execution(file: &str, error: Error) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Failure::Exit(exit.process_exit_code());
        }
        let executed = error.downcast_ref::<Trap>().is_some()
            || error.downcast_ref::<WasmBacktrace>().is_some();
        if executed {
            Failure::Trap(error)
        } else {
            Failure::Input(format!("cannot run `{file}`: {error:#}"))
        }
    }

    /// Prints the failure to the standard error, and gives its exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Failure::Input(text) => {
                eprintln!("Error: {text}");
                ExitCode::FAILURE
            }
            Failure::Trap(error) => {
                eprintln!("Error: {error:?}");
                ExitCode::from(TRAPPED)
            }
            Failure::Exit(code) => ExitCode::from(code),
            Failure::Reported => ExitCode::FAILURE,
            // Whoever reads the output has seen enough, as `head` does.
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
