//! What is expected of each script: a committed file that only gets better.
//!
//! A line a script: its name, how many of its assertions pass, how many of its
//! directives fail, how many assertions are skipped, and why. A script that does
//! worse than its line fails the test, and one that does better fails it too,
//! so that the improvement is written down and cannot be lost again.

use crate::script::Report;
use crate::suite;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

/// What is expected of a script, or what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// How many assertions pass.
    pub passed: usize,
    /// How many directives fail.
    pub failed: usize,
    /// How many assertions are skipped.
    pub skipped: usize,
    /// Why they are skipped.
    pub reason: String,
}

impl From<&Report> for Entry {
    fn from(report: &Report) -> Self {
        Entry {
            passed: report.passed,
            failed: report.failed(),
            skipped: report.skipped,
            reason: report.skip_reason.unwrap_or_default().to_string(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.passed, self.failed, self.skipped)?;
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason)?;
        }
        Ok(())
    }
}

/// The entries of all scripts, by name.
#[derive(Default)]
pub struct Ratchet {
    entries: BTreeMap<String, Entry>,
}

impl Ratchet {
    /// Reads the committed file; where there is none, nothing is expected yet.
    pub fn read() -> Result<Self, String> {
        match fs::read_to_string(path()) {
            Ok(text) => Ratchet::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ratchet::default()),
            Err(error) => Err(format!("cannot read {}: {error}", path().display())),
        }
    }

    /// Writes the committed file.
    pub fn write(&self) -> Result<(), String> {
        fs::write(path(), self.print())
            .map_err(|error| format!("cannot write {}: {error}", path().display()))
    }

    /// What is expected of a script.
    pub fn get(&self, script: &str) -> Option<&Entry> {
        self.entries.get(script)
    }

    /// Expects this of a script from now on.
    pub fn set(&mut self, script: &str, entry: Entry) {
        self.entries.insert(script.to_string(), entry);
    }

    /// The entries of scripts that are gone: neither among those given, nor
    /// among those that some machines do not have.
    pub fn stale(&self, scripts: &BTreeSet<&str>) -> Vec<String> {
        let is_stale =
            |name: &&String| !scripts.contains(name.as_str()) && !suite::may_be_absent(name);
        self.entries.keys().filter(is_stale).cloned().collect()
    }

    /// Expects nothing of a script any more.
    pub fn remove(&mut self, script: &str) {
        self.entries.remove(script);
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut entries = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let (name, entry) = parse_line(line).ok_or_else(|| {
                format!(
                    "{}:{}: expected `suite/file passed failed skipped reason`, found `{line}`",
                    path().display(),
                    index + 1
                )
            })?;
            entries.insert(name.to_string(), entry);
        }
        Ok(Ratchet { entries })
    }

    fn print(&self) -> String {
        let line = |(name, entry)| format!("{name} {entry}\n");
        self.entries.iter().map(line).collect()
    }
}

fn parse_line(line: &str) -> Option<(&str, Entry)> {
    let mut words = line.splitn(5, ' ');
    let name = words.next()?;
    let mut number = || words.next()?.parse().ok();
    let (passed, failed, skipped) = (number()?, number()?, number()?);
    let reason = words.next().unwrap_or_default().to_string();
    let entry = Entry {
        passed,
        failed,
        skipped,
        reason,
    };
    Some((name, entry))
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ratchet.txt")
}

#[cfg(test)]
mod tests {
    use super::Ratchet;

    #[test]
    fn round_trip() {
        let text = "core/a.wast 3 0 0\ncore/b.wast 0 0 7 `thread` is not supported\n";
        let ratchet = Ratchet::parse(text).unwrap();
        assert_eq!(ratchet.print(), text);
        assert_eq!(ratchet.get("core/b.wast").unwrap().skipped, 7);
    }

    #[test]
    fn what_is_no_entry() {
        for text in ["core/a.wast", "core/a.wast 1 2", "core/a.wast 1 2 x"] {
            assert!(Ratchet::parse(text).is_err(), "{text}");
        }
    }
}
