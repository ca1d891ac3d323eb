//! `backstitch completions`: a script that completes the command line in a shell.

use super::CommandLine;
use super::failure::Failure;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// The arguments of `backstitch completions`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The shell to create completions for
    shell: Shell,
}

/// Prints the completion script.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    // Built in memory first because the generator panics if a write fails.
    let mut script = Vec::new();
    let mut command = CommandLine::command();
    clap_complete::generate(arguments.shell, &mut command, "backstitch", &mut script);
    Ok(out.write_all(&script)?)
}
