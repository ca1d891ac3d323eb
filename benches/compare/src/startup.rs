//! Compilation of modules, in each mode that a runtime has.

use std::path::{Path, PathBuf};
use std::{fs, iter};

use anyhow::{Context, Result};

use crate::measure::{Task, guarded, interleave};
use crate::probe::Probe;
use crate::report::{Column, Line, Report, Unit};
use crate::runtime::{BASELINE, Mode, Runtime};
use crate::samples::Statistic;
use crate::workload::{self, Group, read_module};

/// Size in bytes below which modules are not in the default list. Their times are mostly the fixed
/// costs of an engine.
const LEAST_SIZE: u64 = 32 << 10;

/// Measures every module on every runtime in every mode.
pub fn measure(
    runtimes: &[Box<dyn Runtime>],
    modules: &[PathBuf],
    probe: impl Fn(&Path) -> Probe,
    rounds: u32,
    statistic: Statistic,
) -> Result<Report> {
    let columns = columns(runtimes);
    let mut lines = Vec::new();
    for path in modules {
        let name = name(path);
        eprintln!("{name}");
        let bytes = read_module(path)?;
        let probe = probe(path);
        let tasks = columns
            .iter()
            .map(|&(runtime, mode)| {
                probe.survives(runtime, &name)?;
                guarded(|| prepare(runtime, mode, &bytes))
            })
            .collect();
        lines.push(Line {
            task: format!("{name} ({:.1} KiB)", bytes.len() as f64 / 1024.0),
            group: Some(Group::Program),
            outcomes: interleave(tasks, rounds),
        });
    }
    Ok(Report {
        columns: labels(&columns),
        lines,
        statistic,
        unit: Unit::Milliseconds,
        // Work on other threads must not count, because it saves time.
        clock: "wall-clock time",
    })
}

fn prepare<'a>(runtime: &'a dyn Runtime, mode: Mode, bytes: &'a [u8]) -> Result<Task<'a>> {
    let once = move || Ok(runtime.start_up(bytes, mode)?.as_secs_f64());
    once()?;
    Ok(Box::new(once))
}

/// Returns the name of a module for `--only` and for the report.
pub fn name(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Returns the modules of the workloads that are not too small, without those for `compare vectors`.
pub fn default_modules(workloads: &Path) -> Result<Vec<PathBuf>> {
    let folder = workloads.join("wasm");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut modules = Vec::new();
    for entry in entries {
        let (path, size) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?.len())))?;
        let group = workload::group(workloads, &name(&path));
        if size >= LEAST_SIZE
            && Group::PLAIN.contains(&group)
            && path.extension().is_some_and(|kind| kind == "wasm")
        {
            modules.push(path);
        }
    }
    modules.sort();
    Ok(modules)
}

fn columns(runtimes: &[Box<dyn Runtime>]) -> Vec<(&dyn Runtime, Mode)> {
    runtimes
        .iter()
        .flat_map(|runtime| iter::repeat(runtime.as_ref()).zip(runtime.modes().iter().copied()))
        .collect()
}

/// Returns the columns' labels and baselines. A mode is compared with the same mode of the
/// baseline, because modes differ in the amount of work.
fn labels(columns: &[(&dyn Runtime, Mode)]) -> Vec<Column> {
    columns
        .iter()
        .map(|(runtime, mode)| Column {
            label: format!("{} {mode}", runtime.key()),
            baseline: columns
                .iter()
                .position(|(base, other)| base.key() == BASELINE && other == mode),
        })
        .collect()
}
