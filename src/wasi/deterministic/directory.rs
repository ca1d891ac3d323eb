//! Directories and files of the file system in memory.

use super::VirtualTime;
use super::resolve::{Follow, Last, Place, resolve};
use super::tree::{Contents, Number, Tree};
use crate::support::sync::Mutex;
use crate::wasi::host::{Directory, DirectoryEntry, File, OpenOptions, Opened};
use crate::wasi::{Errno, FileStat, SetTime};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

/// Default capacity: 256 MiB.
const CAPACITY: u64 = 256 << 20;

/// An open inode. It is not freed while the handle exists.
pub(super) struct Handle {
    pub(super) tree: Arc<Mutex<Tree>>,
    pub(super) number: Number,
}

impl Handle {
    pub(super) fn new(tree: &Arc<Mutex<Tree>>, number: Number) -> Result<Handle, Errno> {
        tree.lock().open(number)?;
        Ok(Handle {
            tree: Arc::clone(tree),
            number,
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.tree.lock().close(self.number);
    }
}

/// A directory in memory, and everything below it. Clones refer to the same directory: an
/// embedder can keep one to inspect what a program has written.
///
/// ```
/// use backstitch::wasi::{Deterministic, MemoryDirectory, WasiCtxBuilder};
///
/// let host = Deterministic::new(1);
/// let files = MemoryDirectory::new(host.time());
/// files.write("input/names.txt", "Ada\n")?;
/// let wasi = WasiCtxBuilder::with_host(host)
///     .preopen(files.clone(), "/")
///     .build();
/// # let _ = wasi;
/// assert_eq!(files.read("input/names.txt")?, b"Ada\n");
/// # Ok::<(), backstitch::wasi::Errno>(())
/// ```
#[derive(Clone)]
pub struct MemoryDirectory(pub(super) Arc<Handle>);

impl MemoryDirectory {
    /// Creates the empty root of a new file system with a capacity of 256 MiB.
    pub fn new(time: VirtualTime) -> MemoryDirectory {
        MemoryDirectory::with_capacity(time, CAPACITY)
    }

    /// Creates the empty root of a new file system with a capacity in bytes. Each file and each
    /// name takes 128 bytes in addition to its contents. Writing more fails with
    /// [`Errno::Nospc`].
    pub fn with_capacity(time: VirtualTime, capacity: u64) -> MemoryDirectory {
        let tree = Arc::new(Mutex::new(Tree::new(time, capacity)));
        tree.lock().open(Tree::ROOT).expect("a new tree has a root");
        MemoryDirectory(Arc::new(Handle {
            tree,
            number: Tree::ROOT,
        }))
    }

    /// Writes a file and creates its parent directories.
    ///
    /// # Errors
    ///
    /// If one of them cannot be created or written.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> Result<(), Errno> {
        if let Some((directories, _)) = path.rsplit_once('/') {
            self.create_directories(directories)?;
        }
        let options = OpenOptions {
            follow: true,
            write: true,
            create: true,
            truncate: true,
            ..OpenOptions::default()
        };
        match self.open(path, options)? {
            Opened::File(file) => file.write_at(bytes.as_ref(), 0).map(drop),
            Opened::Directory(_) => Err(Errno::Isdir),
        }
    }

    /// Returns the contents of a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Errno> {
        let tree = self.0.tree.lock();
        let number = resolve(&tree, self.0.number, path, Follow::Always)?.found()?;
        if let Some(errno) = tree.denied(number)? {
            return Err(errno);
        }
        match tree.contents(number)? {
            Contents::File(bytes) => Ok(bytes.clone()),
            _ => Err(Errno::Isdir),
        }
    }

    /// Creates a directory and its parent directories unless they exist.
    ///
    /// # Errors
    ///
    /// If one of them cannot be created.
    pub fn create_directories(&self, path: &str) -> Result<(), Errno> {
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends.chain([path.len()]) {
            match self.create_directory(&path[..end]) {
                Ok(()) | Err(Errno::Exist) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Makes the file or directory at `path` unreadable: programs that open it get `errno`, such
    /// as [`Errno::Acces`]. Its attributes can still be read, and its names changed.
    ///
    /// # Errors
    ///
    /// If the path does not exist.
    pub fn deny(&self, path: &str, errno: Errno) -> Result<(), Errno> {
        self.at(path, Follow::Always, |tree, place| {
            let number = place.found()?;
            tree.deny(number, errno)
        })
    }

    /// Resolves a path and calls `operation` with the result.
    fn at<R>(
        &self,
        path: &str,
        follow: Follow,
        operation: impl FnOnce(&mut Tree, Place) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        let mut tree = self.0.tree.lock();
        let place = resolve(&tree, self.0.number, path, follow)?;
        operation(&mut tree, place)
    }

    /// Creates an inode at a path that does not exist.
    fn create(&self, path: &str, contents: Contents) -> Result<(), Errno> {
        let takes_slash = matches!(contents, Contents::Directory(_));
        let follow = if takes_slash {
            Follow::Never
        } else {
            Follow::BeforeSlash
        };
        self.at(path, follow, |tree, place| match place.last {
            Last::Name {
                found: Some(found), ..
            } if place.slash && !takes_slash && !tree.is_directory(found) => Err(Errno::Notdir),
            Last::Directory(_) | Last::Name { found: Some(_), .. } => Err(Errno::Exist),
            Last::Name { .. } if place.slash && !takes_slash => Err(Errno::Noent),
            Last::Name {
                directory, name, ..
            } => tree.create(directory, &name, contents).map(drop),
        })
    }

    /// Returns the second directory of an operation on two, which must belong to the same file
    /// system.
    fn other<'a>(&self, to: &'a dyn Directory) -> Result<&'a MemoryDirectory, Errno> {
        let to: &MemoryDirectory = to.as_any().downcast_ref().ok_or(Errno::Xdev)?;
        if Arc::ptr_eq(&self.0.tree, &to.0.tree) {
            Ok(to)
        } else {
            Err(Errno::Xdev)
        }
    }

    fn opened(&self, number: Number) -> Result<Opened, Errno> {
        let is_directory = self.0.tree.lock().is_directory(number);
        let handle = Handle::new(&self.0.tree, number)?;
        Ok(if is_directory {
            Opened::Directory(Box::new(MemoryDirectory(Arc::new(handle))))
        } else {
            Opened::File(Box::new(MemoryFile(handle)))
        })
    }
}

/// Returns directory, name and number of an existing entry, or `unnamed` if the path has no
/// name.
fn named(tree: &Tree, place: Place, unnamed: Errno) -> Result<(Number, String, Number), Errno> {
    match place.last {
        Last::Directory(_) => Err(unnamed),
        Last::Name { found: None, .. } => Err(Errno::Noent),
        Last::Name {
            found: Some(found), ..
        } if place.slash && !tree.is_directory(found) => Err(Errno::Notdir),
        Last::Name {
            directory,
            name,
            found: Some(found),
        } => Ok((directory, name, found)),
    }
}

/// Opens the inode at a place, or creates it.
fn open(tree: &mut Tree, place: Place, options: OpenOptions) -> Result<Number, Errno> {
    let made = options.create && options.exclusive;
    let writes = options.write || options.create || options.truncate;
    let number = match place.last {
        Last::Directory(number) => number,
        Last::Name { .. } if place.slash && options.create => return Err(Errno::Isdir),
        Last::Name {
            found: Some(number),
            ..
        } => number,
        Last::Name { .. } if !options.create => return Err(Errno::Noent),
        Last::Name {
            directory, name, ..
        } => return tree.create(directory, &name, Contents::File(Vec::new())),
    };
    match tree.contents(number)? {
        _ if made => Err(Errno::Exist),
        Contents::Link(_) => Err(Errno::Loop),
        _ if let Some(errno) = tree.denied(number)? => Err(errno),
        Contents::Directory(_) if writes => Err(Errno::Isdir),
        Contents::Directory(_) => Ok(number),
        Contents::File(_) if place.slash || options.directory => Err(Errno::Notdir),
        Contents::File(_) => {
            if options.truncate {
                tree.set_size(number, 0)?;
            }
            Ok(number)
        }
    }
}

impl Directory for MemoryDirectory {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn filestat(&self) -> Result<FileStat, Errno> {
        self.0.tree.lock().filestat(self.0.number)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
        let mut tree = self.0.tree.lock();
        tree.set_times(self.0.number, accessed, modified)
    }

    fn sync(&self, _: bool) -> Result<(), Errno> {
        Ok(())
    }

    fn entries(&self, limit: usize) -> Result<Vec<DirectoryEntry>, Errno> {
        let tree = self.0.tree.lock();
        let entries = tree.entries(self.0.number)?;
        if entries.len() > limit {
            return Err(Errno::Nomem);
        }
        entries
            .iter()
            .map(|(name, &number)| {
                Ok(DirectoryEntry {
                    name: String::from(&**name),
                    inode: Tree::inode_number(number),
                    file_type: tree.file_type(number)?,
                })
            })
            .collect()
    }

    fn open(&self, path: &str, options: OpenOptions) -> Result<Opened, Errno> {
        // A file cannot be created before a slash, so a link there is not followed.
        let creates = options.create && (options.exclusive || path.ends_with('/'));
        let follow = match (options.follow, creates) {
            (_, true) => Follow::Never,
            (true, false) => Follow::Always,
            (false, false) => Follow::BeforeSlash,
        };
        let number = self.at(path, follow, |tree, place| open(tree, place, options))?;
        self.opened(number)
    }

    fn filestat_at(&self, path: &str, follow: bool) -> Result<FileStat, Errno> {
        self.at(path, at_least_before_slash(follow), |tree, place| {
            let number = existing(tree, &place)?;
            tree.filestat(number)
        })
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<(), Errno> {
        self.at(path, at_least_before_slash(follow), |tree, place| {
            let number = existing(tree, &place)?;
            tree.set_times(number, accessed, modified)
        })
    }

    fn create_directory(&self, path: &str) -> Result<(), Errno> {
        self.create(path, Contents::Directory(BTreeMap::new()))
    }

    fn remove_directory(&self, path: &str) -> Result<(), Errno> {
        self.at(path, Follow::Never, |tree, place| {
            let (directory, name, number) = named(tree, place, Errno::Inval)?;
            if !tree.entries(number)?.is_empty() {
                return Err(Errno::Notempty);
            }
            tree.remove_name(directory, &name)
        })
    }

    fn unlink_file(&self, path: &str) -> Result<(), Errno> {
        self.at(path, Follow::Never, |tree, place| {
            let (directory, name, number) = named(tree, place, Errno::Isdir)?;
            if tree.is_directory(number) {
                return Err(Errno::Isdir);
            }
            tree.remove_name(directory, &name)
        })
    }

    fn symlink(&self, text: &str, path: &str) -> Result<(), Errno> {
        self.create(path, Contents::Link(text.into()))
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        self.at(path, Follow::BeforeSlash, |tree, place| {
            match tree.contents(existing(tree, &place)?)? {
                Contents::Link(text) => Ok(String::from(&**text)),
                _ => Err(Errno::Inval),
            }
        })
    }

    fn rename(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno> {
        let to = self.other(to)?.0.number;
        self.at(path, Follow::Never, |tree, place| {
            let (directory, name, number) = named(tree, place, Errno::Busy)?;
            let is_directory = tree.is_directory(number);
            let target = resolve(tree, to, to_path, Follow::Never)?;
            let Last::Name {
                directory: to_directory,
                name: to_name,
                found,
            } = target.last
            else {
                return Err(Errno::Busy);
            };
            if target.slash && !is_directory {
                return Err(Errno::Notdir);
            }
            // The two paths may be the same name, or two names of one file.
            if found == Some(number) {
                return Ok(());
            }
            if is_directory && tree.is_inside(to_directory, number) {
                return Err(Errno::Inval);
            }
            if let Some(replaced) = found {
                match (is_directory, tree.is_directory(replaced)) {
                    (true, false) => return Err(Errno::Notdir),
                    (false, true) => return Err(Errno::Isdir),
                    (true, true) if !tree.entries(replaced)?.is_empty() => {
                        return Err(Errno::Notempty);
                    }
                    _ => tree.remove_name(to_directory, &to_name)?,
                }
            }
            tree.add_name(to_directory, &to_name, number)?;
            tree.remove_name(directory, &name)
        })
    }

    fn link(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno> {
        let to = self.other(to)?.0.number;
        self.at(path, Follow::BeforeSlash, |tree, place| {
            let (_, _, number) = named(tree, place, Errno::Perm)?;
            if tree.is_directory(number) {
                return Err(Errno::Perm);
            }
            let target = resolve(tree, to, to_path, Follow::BeforeSlash)?;
            match target.last {
                Last::Name {
                    found: Some(found), ..
                } if target.slash && !tree.is_directory(found) => Err(Errno::Notdir),
                Last::Directory(_) | Last::Name { found: Some(_), .. } => Err(Errno::Exist),
                Last::Name { .. } if target.slash => Err(Errno::Noent),
                Last::Name {
                    directory, name, ..
                } => tree.add_name(directory, &name, number),
            }
        })
    }
}

fn at_least_before_slash(follow: bool) -> Follow {
    if follow {
        Follow::Always
    } else {
        Follow::BeforeSlash
    }
}

/// Returns the inode at a place, which must be a directory if the path ends in a slash.
fn existing(tree: &Tree, place: &Place) -> Result<Number, Errno> {
    let number = place.found()?;
    if place.slash && !tree.is_directory(number) {
        return Err(Errno::Notdir);
    }
    Ok(number)
}

impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryDirectory")
    }
}

/// An open file in memory.
pub(super) struct MemoryFile(pub(super) Handle);

impl File for MemoryFile {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn filestat(&self) -> Result<FileStat, Errno> {
        self.0.tree.lock().filestat(self.0.number)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        self.0.tree.lock().read(self.0.number, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
        self.0.tree.lock().write(self.0.number, bytes, offset)
    }

    fn set_size(&self, size: u64) -> Result<(), Errno> {
        self.0.tree.lock().set_size(self.0.number, size)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
        let mut tree = self.0.tree.lock();
        tree.set_times(self.0.number, accessed, modified)
    }

    fn sync(&self, _: bool) -> Result<(), Errno> {
        Ok(())
    }
}
