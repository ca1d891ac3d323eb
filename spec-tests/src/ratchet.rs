//! The ratchet: the committed file with the expected results of each script.
//!
//! Each line has a script's name, the number of assertions that pass, the number of directives that
//! fail, the number of assertions that are skipped, and the reason for skipping. A script with a
//! worse result than its line fails the test. So does a script with a better result, so that the
//! improvement is recorded and cannot be lost again.

use crate::script::Report;
use crate::suite;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Expected or actual results of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Number of assertions that pass.
    pub passed: usize,
    /// Number of directives that fail.
    pub failed: usize,
    /// Number of assertions that are skipped.
    pub skipped: usize,
    /// Reason for which assertions are skipped.
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
    /// Reads the committed file. Returns an empty ratchet if there is none.
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

    /// Returns the expected results of a script.
    pub fn get(&self, script: &str) -> Option<&Entry> {
        self.entries.get(script)
    }

    /// Sets the expected results of a script.
    pub fn set(&mut self, script: &str, entry: Entry) {
        self.entries.insert(script.to_string(), entry);
    }

    /// Returns the scripts with an entry that no longer exist: those that are not in `scripts`,
    /// except for suites that some machines do not have.
    pub fn stale(&self, scripts: &BTreeSet<&str>) -> Vec<String> {
        let is_stale =
            |name: &&String| !scripts.contains(name.as_str()) && !suite::may_be_absent(name);
        self.entries.keys().filter(is_stale).cloned().collect()
    }

    /// Removes the entry of a script.
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
    fn malformed_lines_are_refused() {
        for text in ["core/a.wast", "core/a.wast 1 2", "core/a.wast 1 2 x"] {
            assert!(Ratchet::parse(text).is_err(), "{text}");
        }
    }
}
