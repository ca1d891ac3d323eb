//! Path resolution in the file system in memory.

use super::tree::{Contents, Number, Tree};
use crate::wasi::Errno;
use alloc::string::String;
use alloc::vec::Vec;

/// Largest number of symbolic links that one path may follow.
const MAX_LINKS: u32 = 40;

/// Largest length of a name, in bytes.
pub(super) const MAX_NAME: usize = 255;

/// Treatment of a symbolic link in the last component.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Do not follow it.
    Never,
    /// Follow it if the path ends in a slash.
    BeforeSlash,
    /// Follow it.
    Always,
}

/// The result of path resolution.
pub(super) struct Place {
    pub last: Last,
    /// True if the path ends in a slash and therefore must lead to a directory.
    pub slash: bool,
}

/// The last component of a path.
pub(super) enum Last {
    /// A directory without a name: the base itself, or one reached by `.` or `..`.
    Directory(Number),
    /// A name in a directory, and the inode that has this name.
    Name {
        directory: Number,
        name: String,
        found: Option<Number>,
    },
}

impl Place {
    /// Returns the inode at this place.
    pub(super) fn found(&self) -> Result<Number, Errno> {
        match self.last {
            Last::Directory(number) => Ok(number),
            Last::Name { found, .. } => found.ok_or(Errno::Noent),
        }
    }
}

/// Resolves a path relative to a directory, which it must not leave.
pub(super) fn resolve(
    tree: &Tree,
    base: Number,
    path: &str,
    follow: Follow,
) -> Result<Place, Errno> {
    // The directories from the base to the current one, and the remaining names in reverse
    // order.
    let mut way = alloc::vec![base];
    let mut names: Vec<String> = Vec::new();
    let mut links = 0;
    let mut slash = push_names(&mut names, path);
    while let Some(name) = names.pop() {
        let here = way.last().copied().unwrap_or(base);
        match &*name {
            "." => {}
            ".." => {
                way.pop();
                if way.is_empty() {
                    return Err(Errno::Perm);
                }
            }
            _ if name.len() > MAX_NAME => return Err(Errno::Nametoolong),
            _ => {
                let found = tree.entries(here)?.get(&*name).copied();
                let is_last = names.is_empty();
                match found.map(|number| tree.contents(number)).transpose()? {
                    Some(Contents::Link(text)) if !is_last || follows(follow, slash) => {
                        links += 1;
                        if links > MAX_LINKS {
                            return Err(Errno::Loop);
                        }
                        if text.starts_with('/') {
                            return Err(Errno::Perm);
                        }
                        let ends = push_names(&mut names, text);
                        slash |= is_last && ends;
                    }
                    _ if is_last => {
                        let directory = here;
                        return Ok(Place {
                            last: Last::Name {
                                directory,
                                name,
                                found,
                            },
                            slash,
                        });
                    }
                    Some(Contents::Directory(_)) => way.extend(found),
                    Some(_) => return Err(Errno::Notdir),
                    None => return Err(Errno::Noent),
                }
            }
        }
    }
    Ok(Place {
        last: Last::Directory(way.last().copied().unwrap_or(base)),
        slash: true,
    })
}

fn follows(follow: Follow, slash: bool) -> bool {
    match follow {
        Follow::Never => false,
        Follow::BeforeSlash => slash,
        Follow::Always => true,
    }
}

/// Pushes the names of a path in front of the remaining ones. Returns whether the path ends in a
/// slash.
fn push_names(names: &mut Vec<String>, path: &str) -> bool {
    let parts = path.split('/').filter(|part| !part.is_empty());
    names.extend(parts.rev().map(String::from));
    path.ends_with('/')
}
