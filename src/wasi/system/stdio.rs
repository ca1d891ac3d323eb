//! The process's standard streams, and files as streams.

use super::errno::errno;
use super::platform;
use crate::wasi::Errno;
use crate::wasi::host::{InputStream, OutputStream, Readiness};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};

/// An input stream of the operating system.
#[derive(Debug)]
pub struct SystemInput {
    file: File,
    /// True for the standard input of the process.
    is_stdin: bool,
}

/// Names of the standard streams of a process in saved contexts.
const STDIN: &str = "process:stdin";
const STDOUT: &str = "process:stdout";
const STDERR: &str = "process:stderr";

impl SystemInput {
    /// Returns the process's standard input. It is not buffered, because `poll_oneoff` would not
    /// see buffered bytes.
    ///
    /// # Errors
    ///
    /// If the process has no standard input.
    pub fn stdin() -> io::Result<SystemInput> {
        let file = platform_stdin()?;
        Ok(SystemInput {
            file,
            is_stdin: true,
        })
    }

    /// Creates a stream from an open file, pipe, socket or device.
    pub fn file(file: File) -> SystemInput {
        SystemInput {
            file,
            is_stdin: false,
        }
    }

    /// Returns the process's standard input if it has this name, and if there is one.
    pub(in crate::wasi) fn by_name(name: &str) -> Option<SystemInput> {
        match name {
            STDIN => SystemInput::stdin().ok(),
            _ => None,
        }
    }
}

#[cfg(unix)]
fn platform_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;

    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn platform_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Waits until a file can be read, until `nanoseconds` have passed, or until a signal arrives.
pub(super) fn wait(file: &File, nanoseconds: Option<u64>) -> Result<(), Errno> {
    match platform::wait(file, nanoseconds) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        waited => waited.map(drop).map_err(errno),
    }
}

impl InputStream for SystemInput {
    fn saved_name(&self) -> Option<&str> {
        self.is_stdin.then_some(STDIN)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.file.read(buffer).map_err(errno)
    }

    fn ready(&mut self) -> Result<Readiness, Errno> {
        platform::wait(&self.file, Some(0)).map_err(errno)
    }

    fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        wait(&self.file, nanoseconds)
    }

    fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }
}

/// An output stream of the operating system.
#[derive(Debug)]
pub struct SystemOutput(Target);

#[derive(Debug)]
enum Target {
    Stdout(io::Stdout),
    Stderr(io::Stderr),
    File(File),
}

impl SystemOutput {
    /// Returns the process's standard output.
    pub fn stdout() -> SystemOutput {
        SystemOutput(Target::Stdout(io::stdout()))
    }

    /// Returns the process's standard error.
    pub fn stderr() -> SystemOutput {
        SystemOutput(Target::Stderr(io::stderr()))
    }

    /// Creates a stream from an open file, pipe, socket or device.
    pub fn file(file: File) -> SystemOutput {
        SystemOutput(Target::File(file))
    }

    /// Returns the output of the process that has this name.
    pub(in crate::wasi) fn by_name(name: &str) -> Option<SystemOutput> {
        match name {
            STDOUT => Some(SystemOutput::stdout()),
            STDERR => Some(SystemOutput::stderr()),
            _ => None,
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match &mut self.0 {
            Target::Stdout(stdout) => stdout,
            Target::Stderr(stderr) => stderr,
            Target::File(file) => file,
        }
    }
}

impl OutputStream for SystemOutput {
    fn saved_name(&self) -> Option<&str> {
        match &self.0 {
            Target::Stdout(_) => Some(STDOUT),
            Target::Stderr(_) => Some(STDERR),
            Target::File(_) => None,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        self.writer().write(bytes).map_err(errno)
    }

    fn flush(&mut self) -> Result<(), Errno> {
        self.writer().flush().map_err(errno)
    }

    fn is_terminal(&self) -> bool {
        match &self.0 {
            Target::Stdout(stdout) => stdout.is_terminal(),
            Target::Stderr(stderr) => stderr.is_terminal(),
            Target::File(file) => file.is_terminal(),
        }
    }
}
