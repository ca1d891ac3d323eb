//! Memory of modules and idle instances. For each runtime, module and kind of object, a separate
//! process measures the growth of its resident set.
//!
//! # Why
//!
//! *Why the resident set?* It is the memory that a machine must have. It includes free memory that
//! an allocator keeps, and excludes parts of linear memories that have not been touched.
//!
//! *Why many objects at a time?* The first object also allocates memory that later ones reuse or
//! share.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::runtime::{BASELINE, Held, Runtime};
use crate::samples::geometric_mean;
use crate::startup::name;
use crate::table::Table;
use crate::workload::read_module;

/// Measured kinds with their titles and units in bytes. `None` stands for the module's size.
const KINDS: [(Held, &str, Option<f64>); 3] = [
    (Held::Validated, "module, B per B of Wasm", None),
    (Held::Translated, "all translated, B per B of Wasm", None),
    (Held::Instances, "idle instance, KiB", Some(1024.0)),
];

/// Measures everything and returns tables in Markdown.
pub fn measure(runtimes: &[Box<dyn Runtime>], modules: &[PathBuf]) -> Result<String> {
    let mut text = String::new();
    for (what, title, unit) in KINDS {
        let head = ["module".to_owned()].into_iter();
        let mut table = Table::new(head.chain(runtimes.iter().map(|it| it.key().to_owned())));
        let mut rows = Vec::new();
        for path in modules {
            let size = read_module(path)?.len() as f64;
            eprintln!("{} ({title})", name(path));
            let row: Vec<Option<f64>> = runtimes
                .iter()
                .map(|runtime| {
                    let bytes = ask(runtime.as_ref(), path, what).ok()?;
                    Some(bytes / unit.unwrap_or(size))
                })
                .collect();
            let cells = row.iter().map(|cell| shown(*cell));
            table.push([name(path)].into_iter().chain(cells));
            rows.push(row);
        }
        let base = runtimes.iter().position(|it| it.key() == BASELINE);
        if let Some(base) = base {
            let means = (0..runtimes.len()).map(|column| {
                let ratio = |row: &Vec<Option<f64>>| Some(row[column]? / row[base]?);
                shown(geometric_mean(
                    &rows.iter().filter_map(ratio).collect::<Vec<_>>(),
                ))
            });
            let title = format!("**geometric mean, relative to {BASELINE}**");
            table.push([title].into_iter().chain(means));
        }
        text += &format!("{title}:\n\n{}\n", table.markdown());
    }
    Ok(text)
}

fn shown(figure: Option<f64>) -> String {
    figure.map_or("–".to_owned(), |figure| format!("{figure:.2}"))
}

/// Returns the bytes per object, measured by a separate process.
fn ask(runtime: &dyn Runtime, path: &Path, what: Held) -> Result<f64> {
    let own = env::current_exe().context("cannot start this program again")?;
    let what = clap::ValueEnum::to_possible_value(&what).context("a kind without a name")?;
    let output = Command::new(own)
        .args([
            "memory",
            "--runtimes",
            runtime.key(),
            "--hold",
            what.get_name(),
        ])
        .arg(path)
        .output()
        .context("cannot start this program again")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .with_context(|| format!("not a number: {text}"))
}

/// Prints the bytes per object. Runs in the separate process.
pub fn hold(runtimes: &[Box<dyn Runtime>], modules: &[PathBuf], what: Held) -> Result<ExitCode> {
    let ([runtime], [path]) = (runtimes, modules) else {
        bail!("one runtime and one module at a time");
    };
    let bytes = read_module(path)?;
    let count = match what {
        Held::Validated | Held::Translated => 16,
        Held::Instances => 64,
    };
    let first = runtime.hold(&bytes, what, count)?;
    let before = resident()?;
    let more = runtime.hold(&bytes, what, count)?;
    let after = resident()?;
    println!("{}", (after - before) / count as f64);
    drop((first, more));
    Ok(ExitCode::SUCCESS)
}

/// Returns the size of this process's resident set, in bytes.
fn resident() -> Result<f64> {
    let path = "/proc/self/smaps_rollup";
    let text = fs::read_to_string(path).context(path)?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB"))
        .context("no resident set size")?;
    Ok(kib.trim().parse::<f64>()? * 1024.0)
}
