//! `backstitch wast`: runs test scripts and reports the results.

use super::failure::Failure;
use super::names::{printable, printable_lines};
use super::script::{self, Driver, Report};
use super::{file_kind, input};
use backstitch::{Config, Engine, Error};
use clap::Args;
use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  backstitch wast tests/i32.wast
  backstitch wast --verbose tests/core tests/proposals";

/// The arguments of `backstitch wast`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Show what the scripts print
    #[arg(long)]
    verbose: bool,

    /// Scripts, or folders that are searched for `.wast` files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// Runs the scripts. Fails if an assertion failed.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let engine = Engine::new(&Config::new())
        .map_err(|error| Failure::Input(format!("cannot create an engine: {error:#}")))?;
    let engine = &engine;
    let mut total = Report::default();
    for file in find_scripts(&arguments.paths)? {
        let text = read_script(&file)?;
        let report = script::run(&text, &mut DirectDriver(Cow::Borrowed(engine)));
        print_report(&file, &report, arguments.verbose, out)?;
        // Flushed for each script, because a script may take a while.
        out.flush()?;
        total.add(&report);
    }
    writeln!(out, "{}", total.counts())?;
    if total.failed() == 0 {
        Ok(())
    } else {
        Err(Failure::Reported)
    }
}

/// Reads a script, without a byte-order mark.
fn read_script(path: &Path) -> Result<String, Failure> {
    let bytes = input::read_bytes(path)?;
    let file = input::name(path);
    let foreign = file_kind::foreign(&bytes).filter(|_| !bytes.trim_ascii().is_empty());
    if let Some(reason) = foreign {
        return Err(Failure::Input(format!("`{file}` {reason}")));
    }
    let text = std::str::from_utf8(file_kind::without_mark(&bytes));
    let text = text.map_err(|_| {
        Failure::Input(format!(
            "`{file}` is not a test script: it is not text in UTF-8"
        ))
    })?;
    Ok(text.to_string())
}

/// A driver that makes plain calls.
struct DirectDriver<'engine>(Cow<'engine, Engine>);

impl Driver for DirectDriver<'_> {
    fn engine(&self) -> &Engine {
        &self.0
    }

    fn count_instructions(&mut self) -> Result<(), Error> {
        let mut config = Config::new();
        config.consume_fuel(true);
        self.0 = Cow::Owned(Engine::new(&config)?);
        Ok(())
    }
}

fn print_report(
    file: &Path,
    report: &Report,
    verbose: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let file = file.display();
    if verbose {
        for line in &report.printed {
            writeln!(out, "{}", printable(line))?;
        }
    }
    match report.skip_reason {
        Some(reason) => writeln!(out, "{file}: {}: {reason}", report.counts())?,
        None => writeln!(out, "{file}: {}", report.counts())?,
    }
    for failure in &report.failures {
        let reason = printable_lines(&failure.reason);
        writeln!(out, "  {file}:{}: {reason}", failure.line)?;
    }
    Ok(())
}

/// Returns the scripts that the paths name: files in the given order, the contents of folders
/// sorted.
fn find_scripts(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut scripts = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| {
            Failure::Input(format!("cannot read `{}`: {error}", path.display()))
        })?;
        if !metadata.is_dir() {
            scripts.push(path.clone());
            continue;
        }
        let before = scripts.len();
        find_in_folder(path, &mut scripts).map_err(|error| {
            Failure::Input(format!(
                "cannot read the folder `{}`: {error}",
                path.display()
            ))
        })?;
        if scripts.len() == before {
            return Err(Failure::Input(format!(
                "the folder `{}` contains no .wast files",
                path.display()
            )));
        }
        scripts[before..].sort();
    }
    Ok(scripts)
}

fn find_in_folder(folder: &Path, scripts: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_in_folder(&path, scripts)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "wast")
        {
            scripts.push(path);
        }
    }
    Ok(())
}
