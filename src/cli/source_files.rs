//! Source files on this machine, by the paths that debugging information has for them.
//!
//! A module may be hostile, and what is read here becomes a part of pages that people send to others. So
//! files are only read below directories that the user names, and nothing else is even looked for: on
//! some systems, asking whether a path exists opens a connection to another machine.

use super::failure::Failure;
use clap::Args;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{self, Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;

/// Size of a file, in bytes, above which it is not read.
const LARGEST: u64 = 4 << 20;

/// Number of characters of a line that are shown.
const LONGEST: usize = 300;

/// Number of columns between tab stops.
const TAB: usize = 4;

/// The options that allow source files to be read.
#[derive(Args)]
#[group(id = "source_files")]
pub(crate) struct Arguments {
    /// Show the text of source files in this directory, for `--frame` and `--html`
    #[arg(long = "source-path", value_name = "DIR", conflicts_with = "json")]
    directories: Vec<PathBuf>,

    /// Show the text of source files in the directory TO, for those that the debugging information has
    /// in FROM
    #[arg(long = "source-map", value_name = "FROM=TO", conflicts_with = "json")]
    mappings: Vec<Mapping>,
}

/// A directory in debugging information, and where it is on this machine.
#[derive(Clone)]
struct Mapping {
    from: String,
    to: PathBuf,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Mapping, String> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok(Mapping {
                from: from.to_string(),
                to: to.into(),
            }),
            _ => Err("it is not of the form FROM=TO".to_string()),
        }
    }
}

/// The lines of a file, or the reason why there are none.
type Lines = Rc<Result<Vec<String>, String>>;

/// The source files that may be read.
#[derive(Default)]
pub(crate) struct SourceFiles {
    directories: Vec<Directory>,
    /// The files that were read, by their paths in debugging information.
    known: RefCell<BTreeMap<String, Lines>>,
}

/// A directory whose files may be read.
struct Directory {
    /// The beginning of the paths of its files. Without one, these are relative.
    from: Option<String>,
    /// The directory, without symbolic links.
    to: PathBuf,
}

impl SourceFiles {
    /// Returns the files that the user allows to be read.
    ///
    /// # Errors
    ///
    /// If one of the directories does not exist.
    pub(crate) fn new(arguments: &Arguments) -> Result<SourceFiles, Failure> {
        let mut files = SourceFiles::default();
        let mut add = |from: Option<String>, to: &Path| {
            files.directories.push(Directory {
                from,
                to: to.to_path_buf(),
            })
        };
        for mapping in &arguments.mappings {
            let to = directory(&mapping.to)?;
            add(Some(mapping.from.clone()), &to);
        }
        for named in &arguments.directories {
            let to = directory(named)?;
            // A compiler may have seen the path with its symbolic links, or without.
            for from in [Some(to.clone()), path::absolute(named).ok()] {
                add(from.and_then(|from| Some(from.to_str()?.to_string())), &to);
            }
            add(None, &to);
        }
        Ok(files)
    }

    /// Returns whether any file may be read.
    pub(crate) fn are_allowed(&self) -> bool {
        !self.directories.is_empty()
    }

    /// Returns the lines of a file, for its path in debugging information. An error is the reason why
    /// there are none.
    pub(crate) fn lines(&self, name: &str) -> Lines {
        let mut known = self.known.borrow_mut();
        if let Some(lines) = known.get(name) {
            return Rc::clone(lines);
        }
        let lines = Rc::new(self.read(name));
        known.insert(name.to_string(), Rc::clone(&lines));
        lines
    }

    fn read(&self, name: &str) -> Result<Vec<String>, String> {
        let mut reason = "it is in no directory of `--source-path` or `--source-map`".to_string();
        for directory in &self.directories {
            let Some(inner) = directory.inner(name) else {
                continue;
            };
            match read(&directory.to, inner) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    return Ok(text.lines().map(line).collect());
                }
                Err(error) => reason = error.to_string(),
            }
        }
        Err(reason)
    }
}

impl Directory {
    /// Returns a file's path in the directory, if it is there.
    fn inner<'n>(&self, name: &'n str) -> Option<&'n str> {
        let is_separator = |character: char| matches!(character, '/' | '\\');
        let Some(from) = &self.from else {
            let has_drive = name.get(1..2) == Some(":");
            return (!name.starts_with(is_separator) && !has_drive).then_some(name);
        };
        let inner = name.strip_prefix(from.trim_end_matches(is_separator))?;
        inner.starts_with(is_separator).then_some(inner)
    }
}

fn directory(path: &Path) -> Result<PathBuf, Failure> {
    let cannot = |reason: &dyn std::fmt::Display| {
        Failure::Input(format!(
            "cannot read sources in `{}`: {reason}",
            path.display()
        ))
    };
    let found = fs::canonicalize(path).map_err(|error| cannot(&error))?;
    match found.is_dir() {
        true => Ok(found),
        false => Err(cannot(&"it is not a directory")),
    }
}

/// Reads a file in a directory.
fn read(directory: &Path, inner: &str) -> io::Result<Vec<u8>> {
    let mut path = directory.to_path_buf();
    // Paths of Windows may have been written by a compiler on any system.
    let separators: &[char] = match inner.contains('/') && !cfg!(windows) {
        true => &['/'],
        false => &['/', '\\'],
    };
    path.extend(inner.split(separators).filter(|part| !part.is_empty()));
    let path = fs::canonicalize(path)?;
    if !path.starts_with(directory) {
        return Err(io::Error::other("its path leads out of the directory"));
    }
    // Opening a pipe would wait for its writer.
    if !fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!(
            "it has more than {LARGEST} bytes"
        )));
    }
    Ok(bytes)
}

/// Returns a line as it is shown: without tabs, and cut off if it is very long.
fn line(text: &str) -> String {
    let mut line = String::new();
    let mut columns = 0;
    for character in text.chars() {
        if columns >= LONGEST {
            line.push('…');
            break;
        }
        let width = match character {
            '\t' => TAB - columns % TAB,
            _ => 1,
        };
        match character {
            '\t' => line.extend(std::iter::repeat_n(' ', width)),
            _ => line.push(character),
        }
        columns += width;
    }
    line
}
