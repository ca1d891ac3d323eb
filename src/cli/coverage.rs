//! `run --coverage`: which lines and functions of a program's source were executed.

use super::failure::Failure;
use super::host::Host;
use super::names::printable;
use backstitch::{
    CoverageKind, Error, Module, ModuleCoverage, Result, Store, demangle_without_hash,
};
use clap::Args;
use lcov::report::section::{Key, Value, function, line};
use lcov::{Reader, Report};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// The options for coverage.
#[derive(Args)]
pub(crate) struct Covering {
    /// Write the lines and functions of the source that the program executed to this file of LCOV, for
    /// `genhtml` and others; if it exists, this run is added to those in it. Threads take turns
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["snapshot", "record"]
    )]
    coverage: Option<PathBuf>,

    /// Count each execution of a line or function, not only whether it was executed; slower
    #[arg(long, requires = "coverage")]
    coverage_counts: bool,
}

/// Coverage that is being measured.
pub(super) struct Coverage {
    path: PathBuf,
    module: Module,
    /// What the file has from other runs.
    earlier: Option<Report>,
}

impl Covering {
    /// Returns whether the user has asked for coverage.
    pub(super) fn is_some(&self) -> bool {
        self.coverage.is_some()
    }

    /// Reads the file to which this run is added, if there is one, and checks that the run of a module can
    /// be added to it.
    pub(super) fn prepare(&self, module: &Module, file: &str) -> Result<Option<Coverage>, Failure> {
        let Some(path) = &self.coverage else {
            return Ok(None);
        };
        let cannot = |error: &dyn fmt::Display| {
            Failure::Input(format!("cannot measure the coverage of `{file}`: {error}"))
        };
        let nothing = report(&ModuleCoverage::new(module));
        let nothing = nothing.map_err(|error| cannot(&format!("{error:#}")))?;
        if nothing.sections.is_empty() {
            return Err(cannot(
                &"it has no debugging information; compile and link it with `-g` (C, C++) or with \
                  `-C debuginfo=2` (Rust), and do not strip it",
            ));
        }
        let shown = path.display();
        let earlier = read(path).map_err(|error| {
            let hint = "choose another name, or delete it";
            Failure::Input(format!(
                "cannot add to the coverage in `{shown}`: {error}; {hint}"
            ))
        })?;
        if let Some(earlier) = &earlier {
            earlier.clone().merge(nothing).map_err(|error| {
                Failure::Input(format!(
                    "cannot add to the coverage in `{shown}`, which is of another state of the source: \
                     {error}; choose another name, or delete it"
                ))
            })?;
        }
        Ok(Some(Coverage {
            path: path.clone(),
            module: module.clone(),
            earlier,
        }))
    }

    /// Begins to count in a store, if the user has asked for coverage.
    pub(super) fn start(&self, store: &mut Store<Host>) -> Result<()> {
        let kind = match self.coverage_counts {
            true => CoverageKind::Counts,
            false => CoverageKind::Once,
        };
        match self.coverage {
            Some(_) => store.count_executions(Some(kind)),
            None => Ok(()),
        }
    }
}

impl Coverage {
    /// Writes the coverage of the program in a store, with that of earlier runs.
    pub(super) fn finish(self, store: &Store<Host>) -> Result<(), Failure> {
        let path = self.path.display();
        let cannot = |error: &dyn fmt::Display| {
            Failure::Input(format!("cannot write the coverage `{path}`: {error}"))
        };
        // A program that could not be instantiated has no code in the store.
        let executed = store.coverage().into_iter().next();
        let executed = executed.unwrap_or_else(|| ModuleCoverage::new(&self.module));
        let mut run = report(&executed).map_err(|error| cannot(&format!("{error:#}")))?;
        let done = match self.earlier {
            None => "written to",
            Some(earlier) => {
                limit(&mut run, &earlier);
                run.merge(earlier).map_err(|error| cannot(&error))?;
                "added to that in"
            }
        };
        let summary = Summary::of(&run);
        write(&self.path, run).map_err(|error| cannot(&error))?;
        eprintln!("Coverage {done} `{path}`: {summary}");
        Ok(())
    }
}

/// Reads the report in a file, if that exists.
fn read(path: &Path) -> Result<Option<Report>, Error> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(Error::new)?,
    };
    let report = Report::from_reader(Reader::new(BufReader::new(file)));
    let report =
        report.map_err(|error| Error::msg(format!("it is not a file of LCOV ({error})")))?;
    Ok(Some(report))
}

/// Returns the coverage of a module as a report of LCOV.
fn report(coverage: &ModuleCoverage) -> Result<Report> {
    let mut report = Report::new();
    for (file, source) in coverage.sources()? {
        let mut value = Value::default();
        for (number, count) in source.lines() {
            let executed = line::Value {
                count,
                checksum: None,
            };
            value.lines.insert(line::Key { line: number }, executed);
        }
        // Functions of the same name, by line.
        let mut functions: BTreeMap<String, BTreeMap<u32, u64>> = BTreeMap::new();
        for (start, name, calls) in source.functions() {
            let name = printable(&demangle_without_hash(name)).into_owned();
            let sum = functions.entry(name).or_default().entry(start).or_default();
            *sum = sum.saturating_add(calls);
        }
        for (name, places) in functions {
            let is_unique = places.len() == 1;
            for (start, count) in places {
                let key = match is_unique {
                    true => name.clone(),
                    false => format!("{name}:{start}"),
                };
                let called = function::Value {
                    start_line: Some(start),
                    count,
                };
                value.functions.insert(function::Key { name: key }, called);
            }
        }
        let key = Key {
            test_name: String::new(),
            source_file: PathBuf::from(&*printable(&file)),
        };
        report.sections.insert(key, value);
    }
    Ok(report)
}

/// Limits the counts of a run, so that those of earlier ones can be added.
fn limit(run: &mut Report, earlier: &Report) {
    for (key, value) in &mut run.sections {
        let Some(earlier) = earlier.sections.get(key) else {
            continue;
        };
        for (line, executed) in &mut value.lines {
            let before = earlier.lines.get(line).map_or(0, |line| line.count);
            executed.count = executed.count.min(u64::MAX - before);
        }
    }
}

/// Writes a report to a file, which has either its old contents or the new ones at any time.
fn write(path: &Path, report: Report) -> io::Result<()> {
    let mut text = String::new();
    for record in report.into_records() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{record}");
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // There is nothing more to do if it cannot be removed either.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// The numbers of a report.
struct Summary {
    files: usize,
    /// The lines that were executed, and all lines.
    lines: (usize, usize),
    /// The functions that were called, and all functions.
    functions: (usize, usize),
}

impl Summary {
    fn of(report: &Report) -> Summary {
        let mut summary = Summary {
            files: report.sections.len(),
            lines: (0, 0),
            functions: (0, 0),
        };
        for value in report.sections.values() {
            summary.lines.0 += value.lines.values().filter(|it| it.count > 0).count();
            summary.lines.1 += value.lines.len();
            let called = value.functions.values().filter(|it| it.count > 0);
            summary.functions.0 += called.count();
            summary.functions.1 += value.functions.len();
        }
        summary
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.files == 1 { "file" } else { "files" };
        write!(f, "{} {noun}", self.files)?;
        for ((part, all), noun) in [(self.lines, "lines"), (self.functions, "functions")] {
            write!(f, ", {part} of {all} {noun}")?;
            // Rounded down, so that only everything is 100 %.
            if let Some(tenths) = (part * 1000).checked_div(all) {
                write!(f, " ({}.{} %)", tenths / 10, tenths % 10)?;
            }
        }
        Ok(())
    }
}
