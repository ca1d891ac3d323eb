//! What the functions of preview 1 stand on: the traits that a host implements.
//!
//! [`Host`] is what there is one of (clocks, randomness, scheduling); streams, files and
//! directories are objects that descriptors hold. Whatever a host does not have it leaves
//! to the default, which tells the program [`Errno::Nosys`].

use super::abi::{Clock, Errno, FileStat, FileType, SetTime};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;

/// Clocks, randomness, scheduling, and the end.
///
/// A method that is left out is one that the host does not have.
pub trait Host: Send + 'static {
    /// A program calls any function of preview 1. `fuel_spent` is the number of operators
    /// that its store has executed so far, where fuel is counted.
    fn called(&mut self, fuel_spent: Option<u64>) {
        let _ = fuel_spent;
    }

    /// How finely a clock counts, in nanoseconds.
    ///
    /// # Errors
    ///
    /// If there is no such clock.
    fn clock_resolution(&mut self, clock: Clock) -> Result<u64, Errno> {
        let _ = clock;
        Err(Errno::Nosys)
    }

    /// What a clock shows, in nanoseconds.
    ///
    /// # Errors
    ///
    /// If there is no such clock.
    fn clock_time(&mut self, clock: Clock) -> Result<u64, Errno> {
        let _ = clock;
        Err(Errno::Nosys)
    }

    /// Fills `bytes` with what the program cannot foretell.
    ///
    /// # Errors
    ///
    /// If there is no such thing.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Errno> {
        let _ = bytes;
        Err(Errno::Nosys)
    }

    /// Lets others run.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn yield_now(&mut self) -> Result<(), Errno> {
        Err(Errno::Nosys)
    }

    /// Waits for so many nanoseconds, or for less: whoever asked looks at the clock again.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Errno> {
        let _ = nanoseconds;
        Err(Errno::Nosys)
    }

    /// The program ends with this code.
    fn exit(&mut self, code: u32) {
        let _ = code;
    }
}

/// Whether something can be read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// A read would wait.
    Pending,
    /// A read would not wait.
    Ready {
        /// How many bytes there are at least, where that is known.
        bytes: u64,
        /// Whether nothing comes after them.
        hangup: bool,
    },
}

/// Where a program reads from: its standard input.
pub trait InputStream: Send + 'static {
    /// Reads what there is, up to the buffer's length; nothing at the end. A stream that
    /// need not wait for input gives [`Errno::Again`] while there is none, and
    /// [`InputStream::wait`] is called before it is asked again.
    ///
    /// # Errors
    ///
    /// If nothing can be read.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Whether it can be read at once.
    ///
    /// # Errors
    ///
    /// If that cannot be known.
    fn ready(&mut self) -> Result<Readiness, Errno> {
        Ok(Readiness::Ready {
            bytes: 1,
            hangup: false,
        })
    }

    /// Waits until it can be read, or for so many nanoseconds.
    ///
    /// # Errors
    ///
    /// If it cannot wait, or would wait for ever.
    fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        let _ = nanoseconds;
        Err(Errno::Nosys)
    }

    /// Whether a person types it.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// Where a program writes to: its standard output, its standard error.
pub trait OutputStream: Send + 'static {
    /// Writes these bytes or the first of them, and says how many.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno>;

    /// Waits until what was written has arrived.
    ///
    /// # Errors
    ///
    /// If it does not.
    fn flush(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    /// Whether a person reads it.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// An open file. It has no position: its descriptor has one.
pub trait File: Send + 'static {
    /// What describes it.
    ///
    /// # Errors
    ///
    /// If that cannot be known.
    fn filestat(&self) -> Result<FileStat, Errno>;

    /// Its kind.
    fn file_type(&self) -> FileType {
        FileType::RegularFile
    }

    /// Reads at an offset, which only matters in a regular file; nothing at the end.
    ///
    /// # Errors
    ///
    /// If nothing can be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno>;

    /// Writes at an offset, which only matters in a regular file; the file grows where it
    /// must.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize, Errno>;

    /// Makes it so long, by zeros or by forgetting its end.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn set_size(&self, size: u64) -> Result<(), Errno>;

    /// Sets its times.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno>;

    /// Waits until what was written has arrived where it stays: the data, and what describes
    /// the file where `data_only` is not set.
    ///
    /// # Errors
    ///
    /// If it does not.
    fn sync(&self, data_only: bool) -> Result<(), Errno>;
}

/// How a path is to be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// A symbolic link in the last place is followed.
    pub follow: bool,
    /// It will be read.
    pub read: bool,
    /// It will be written.
    pub write: bool,
    /// A file is made where there is none.
    pub create: bool,
    /// With `create`: there must be none.
    pub exclusive: bool,
    /// It is emptied.
    pub truncate: bool,
    /// It must be a directory.
    pub directory: bool,
    /// It is not waited for.
    pub nonblock: bool,
}

/// What was opened.
pub enum Opened {
    /// A file.
    File(Box<dyn File>),
    /// A directory.
    Directory(Box<dyn Directory>),
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its name.
    pub name: String,
    /// The number of what it names.
    pub inode: u64,
    /// The kind of what it names.
    pub file_type: FileType,
}

/// An open directory, and all below it.
///
/// Paths are relative, not empty, have no NUL and at most 4096 bytes. Where they lead, by
/// `..` or by symbolic links, must be inside the directory: whoever implements this answers
/// for that, and gives [`Errno::Perm`] otherwise.
pub trait Directory: Send + 'static {
    /// Itself, for those who know its type: two directories of the same file system.
    fn as_any(&self) -> &dyn Any;

    /// What describes it.
    ///
    /// # Errors
    ///
    /// If that cannot be known.
    fn filestat(&self) -> Result<FileStat, Errno>;

    /// Sets its times.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno>;

    /// Waits until its entries have arrived where they stay.
    ///
    /// # Errors
    ///
    /// If they do not.
    fn sync(&self, data_only: bool) -> Result<(), Errno>;

    /// Its entries but `.` and `..`, in the order of their names, and at most so many.
    ///
    /// # Errors
    ///
    /// If it cannot be read; [`Errno::Nomem`] if there are more.
    fn entries(&self, limit: usize) -> Result<Vec<DirectoryEntry>, Errno>;

    /// Opens a file or a directory.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn open(&self, path: &str, options: OpenOptions) -> Result<Opened, Errno>;

    /// What describes a file.
    ///
    /// # Errors
    ///
    /// If that cannot be known.
    fn filestat_at(&self, path: &str, follow: bool) -> Result<FileStat, Errno>;

    /// Sets the times of a file.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<(), Errno>;

    /// Makes a directory.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn create_directory(&self, path: &str) -> Result<(), Errno>;

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn remove_directory(&self, path: &str) -> Result<(), Errno>;

    /// Removes a name of something that is not a directory.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn unlink_file(&self, path: &str) -> Result<(), Errno>;

    /// Makes a symbolic link with this text.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn symlink(&self, text: &str, path: &str) -> Result<(), Errno>;

    /// The text of a symbolic link.
    ///
    /// # Errors
    ///
    /// If that cannot be known.
    fn read_link(&self, path: &str) -> Result<String, Errno>;

    /// Moves a file or directory, perhaps to another directory.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn rename(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno>;

    /// Gives a file another name, perhaps in another directory. A symbolic link in the last
    /// place is not followed.
    ///
    /// # Errors
    ///
    /// If that cannot be done.
    fn link(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno>;
}
