//! The traits that a host of preview 1 implements.
//!
//! [`Host`] provides what exists once per program (clocks, randomness, scheduling). Streams,
//! files and directories are objects that descriptors own. The default method of a function that
//! a host does not implement returns [`Errno::Nosys`] to the program.

use super::abi::{Clock, Errno, FileStat, FileType, SetTime};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;

/// Clocks, randomness, scheduling and exit of one program.
///
/// Methods that an implementation leaves out return [`Errno::Nosys`].
pub trait Host: Send + 'static {
    /// Returns `self` as `Any` if [`WasiCtx::save`](super::WasiCtx::save) may find out the type. It
    /// saves the hosts, streams and files of this crate that are independent of the operating
    /// system.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// Called at the start of each function of preview 1. `fuel_spent` is the number of
    /// instructions that the store has executed so far, if fuel is counted.
    fn called(&mut self, fuel_spent: Option<u64>) {
        let _ = fuel_spent;
    }

    /// Returns the resolution of a clock in nanoseconds.
    ///
    /// # Errors
    ///
    /// If the host does not have this clock.
    fn clock_resolution(&mut self, clock: Clock) -> Result<u64, Errno> {
        let _ = clock;
        Err(Errno::Nosys)
    }

    /// Returns the time of a clock in nanoseconds.
    ///
    /// # Errors
    ///
    /// If the host does not have this clock.
    fn clock_time(&mut self, clock: Clock) -> Result<u64, Errno> {
        let _ = clock;
        Err(Errno::Nosys)
    }

    /// Fills `bytes` with random bytes that the program cannot predict.
    ///
    /// # Errors
    ///
    /// If the host has no source of randomness.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Errno> {
        let _ = bytes;
        Err(Errno::Nosys)
    }

    /// Yields the processor to other threads or tasks.
    ///
    /// # Errors
    ///
    /// If the host cannot yield.
    fn yield_now(&mut self) -> Result<(), Errno> {
        Err(Errno::Nosys)
    }

    /// Sleeps for at most `nanoseconds`. It may return early: the caller reads the clock again.
    ///
    /// # Errors
    ///
    /// If the host cannot sleep.
    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Errno> {
        let _ = nanoseconds;
        Err(Errno::Nosys)
    }

    /// Called when the program exits with `code`.
    fn exit(&mut self, code: u32) {
        let _ = code;
    }
}

/// The state of a stream for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// A read would wait.
    Pending,
    /// A read would not wait.
    Ready {
        /// Lower bound of the number of bytes that can be read, or 0 if unknown.
        bytes: u64,
        /// Set if no input follows these bytes.
        hangup: bool,
    },
}

/// A stream that a program reads from, such as its standard input.
pub trait InputStream: Send + 'static {
    /// Returns `self` as `Any` if [`WasiCtx::save`](super::WasiCtx::save) may find out the type.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// Returns the name by which a saved context refers to this stream, whose state is not a part
    /// of it. The stream of this name must be given when the context is restored
    /// ([`WasiCtxRestorer::input`](super::WasiCtxRestorer::input)). A context that has another stream,
    /// without a name, cannot be saved. [`Named`](super::Named) gives a stream a name.
    fn saved_name(&self) -> Option<&str> {
        None
    }

    /// Reads up to `buffer.len()` bytes and returns their number; 0 at the end of the input.
    ///
    /// A stream that does not block returns [`Errno::Again`] while it has no input.
    /// [`InputStream::wait`] is then called before the next read.
    ///
    /// # Errors
    ///
    /// If the stream cannot be read.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Returns whether a read would block.
    ///
    /// # Errors
    ///
    /// If the state cannot be determined.
    fn ready(&mut self) -> Result<Readiness, Errno> {
        Ok(Readiness::Ready {
            bytes: 1,
            hangup: false,
        })
    }

    /// Waits until the stream can be read, or until `nanoseconds` have passed. It may return
    /// early.
    ///
    /// # Errors
    ///
    /// If the stream cannot wait, or if the wait would never end.
    fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        let _ = nanoseconds;
        Err(Errno::Nosys)
    }

    /// Returns whether the stream is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// A stream that a program writes to, such as its standard output or standard error.
pub trait OutputStream: Send + 'static {
    /// Returns `self` as `Any` if [`WasiCtx::save`](super::WasiCtx::save) may find out the type.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// Returns the name by which a saved context refers to this stream, whose state is not a part
    /// of it. The stream of this name must be given when the context is restored
    /// ([`WasiCtxRestorer::output`](super::WasiCtxRestorer::output)). A context that has another stream,
    /// without a name, cannot be saved. [`Named`](super::Named) gives a stream a name.
    fn saved_name(&self) -> Option<&str> {
        None
    }

    /// Writes a prefix of `bytes` and returns its length.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno>;

    /// Waits until all written bytes have reached their destination.
    ///
    /// # Errors
    ///
    /// If they cannot be delivered.
    fn flush(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    /// Returns whether the stream is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// An open file. It has no position: the position belongs to the descriptor.
pub trait File: Send + 'static {
    /// Returns `self` as `Any` if [`WasiCtx::save`](super::WasiCtx::save) may find out the type.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// Returns the file's attributes.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn filestat(&self) -> Result<FileStat, Errno>;

    /// Returns the file's type.
    fn file_type(&self) -> FileType {
        FileType::RegularFile
    }

    /// Returns whether a read would block. Only called for streams, which are files that are
    /// neither regular files nor block devices, such as pipes.
    ///
    /// # Errors
    ///
    /// If the state cannot be determined.
    fn ready(&self) -> Result<Readiness, Errno> {
        Ok(Readiness::Ready {
            bytes: 0,
            hangup: false,
        })
    }

    /// Sets whether reads and writes that would block fail with [`Errno::Again`] instead. Only
    /// called for streams.
    ///
    /// # Errors
    ///
    /// If the mode cannot be set.
    fn set_nonblock(&self, nonblock: bool) -> Result<(), Errno> {
        let _ = nonblock;
        Ok(())
    }

    /// Waits until the file can be read, or until `nanoseconds` have passed. It may return
    /// early. Only called for streams.
    ///
    /// # Errors
    ///
    /// If the file cannot wait, or if the wait would never end.
    fn wait(&self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        let _ = nanoseconds;
        Err(Errno::Nosys)
    }

    /// Reads at `offset` and returns the number of bytes; 0 at the end of the file. Streams
    /// ignore the offset.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno>;

    /// Writes a prefix of `bytes` at `offset` and returns its length. A regular file grows as
    /// needed. Streams ignore the offset.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize, Errno>;

    /// Truncates the file to `size` bytes, or extends it with zeros.
    ///
    /// # Errors
    ///
    /// If the size cannot be changed.
    fn set_size(&self, size: u64) -> Result<(), Errno>;

    /// Sets the file's times.
    ///
    /// # Errors
    ///
    /// If they cannot be set.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno>;

    /// Waits until the data, and also the attributes unless `data_only` is set, are on permanent
    /// storage.
    ///
    /// # Errors
    ///
    /// If they cannot be stored.
    fn sync(&self, data_only: bool) -> Result<(), Errno>;
}

/// Options for opening a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Follow a symbolic link in the last component.
    pub follow: bool,
    /// Open for reading.
    pub read: bool,
    /// Open for writing.
    pub write: bool,
    /// Create a file if the path does not exist.
    pub create: bool,
    /// With `create`: fail if the path exists.
    pub exclusive: bool,
    /// Truncate the file to 0 bytes.
    pub truncate: bool,
    /// Fail unless the path leads to a directory.
    pub directory: bool,
    /// Do not block while opening.
    pub nonblock: bool,
}

/// The result of [`Directory::open`].
pub enum Opened {
    /// A file.
    File(Box<dyn File>),
    /// A directory.
    Directory(Box<dyn Directory>),
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Name within the directory.
    pub name: String,
    /// Inode number of the entry.
    pub inode: u64,
    /// Type of the entry.
    pub file_type: FileType,
}

/// An open directory, and everything below it.
///
/// Paths are relative, not empty, without NUL, and at most 4096 bytes long. The implementation
/// must keep every path inside the directory, also when it contains `..` or passes symbolic
/// links, and must return [`Errno::Perm`] for a path that leaves it.
pub trait Directory: Send + 'static {
    /// Returns `self` as `Any`. Operations on two directories use it to find out whether both
    /// belong to the same host.
    fn as_any(&self) -> &dyn Any;

    /// Returns the directory's attributes.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn filestat(&self) -> Result<FileStat, Errno>;

    /// Sets the directory's times.
    ///
    /// # Errors
    ///
    /// If they cannot be set.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno>;

    /// Waits until the entries, and also the attributes unless `data_only` is set, are on
    /// permanent storage.
    ///
    /// # Errors
    ///
    /// If they cannot be stored.
    fn sync(&self, data_only: bool) -> Result<(), Errno>;

    /// Returns the entries except `.` and `..`, sorted by name.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read; [`Errno::Nomem`] if it has more than `limit` entries.
    fn entries(&self, limit: usize) -> Result<Vec<DirectoryEntry>, Errno>;

    /// Opens a file or a directory.
    ///
    /// # Errors
    ///
    /// If the path cannot be opened with these options.
    fn open(&self, path: &str, options: OpenOptions) -> Result<Opened, Errno>;

    /// Returns the attributes of the file at `path`.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn filestat_at(&self, path: &str, follow: bool) -> Result<FileStat, Errno>;

    /// Sets the times of the file at `path`.
    ///
    /// # Errors
    ///
    /// If they cannot be set.
    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<(), Errno>;

    /// Creates a directory.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    fn create_directory(&self, path: &str) -> Result<(), Errno>;

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    fn remove_directory(&self, path: &str) -> Result<(), Errno>;

    /// Removes the name of a file that is not a directory.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    fn unlink_file(&self, path: &str) -> Result<(), Errno>;

    /// Creates a symbolic link at `path` with the target `text`.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    fn symlink(&self, text: &str, path: &str) -> Result<(), Errno>;

    /// Returns the target of a symbolic link.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn read_link(&self, path: &str) -> Result<String, Errno>;

    /// Renames a file or directory. `to` may be another directory.
    ///
    /// # Errors
    ///
    /// If it cannot be renamed.
    fn rename(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno>;

    /// Creates a hard link `to_path` to the file at `path`. `to` may be another directory. A
    /// symbolic link in the last component is not followed.
    ///
    /// # Errors
    ///
    /// If the link cannot be created.
    fn link(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno>;
}
