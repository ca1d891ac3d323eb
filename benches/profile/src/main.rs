//! Which cells run, alone and one behind the other, and how often: what a fusion of them
//! can save at most.
//!
//! ```sh
//! cd benches/profile
//! cargo run --release                             # all workloads, each with the same weight
//! cargo run --release -- 'json|kernels'           # those whose names contain one of these
//! cargo run --release -- FILE.wasm EXPORT NUMBER  # any program with such an export
//! FUSIONS=800 cargo run --release                 # the rows of `src/code/fusion_rows.rs`
//! ```
//!
//! `WORKLOADS` names other folders than `../workloads`, with a `checksums.txt` and modules
//! as there, one behind the other with colons between them.
//!
//! The report is a table of the cells, pairs and triples with the greatest shares of all
//! that run. A program's dispatches tell whether a fusion has been found: they must fall.
//!
//! What counts do not tell, two tools do, on a release build with readable symbols
//! (`RUSTFLAGS="-C symbol-mangling-version=v0"`), in which every cell is a function
//! `handler::<…>`:
//!
//! ```sh
//! valgrind --tool=callgrind backstitch run --invoke run program.wasm 10
//! callgrind_annotate callgrind.out.* | grep handler     # instructions, which no noise moves
//! perf record backstitch run --invoke run program.wasm 1000 && perf annotate
//! ```

mod choice;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use backstitch::{Config, Dispatch, DispatchCounts, Engine, Linker, Module, Store, Val};

/// How many rows each table has.
const ROWS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let programs = match arguments.as_slice() {
        [file, export, amount] => vec![Program {
            name: file.clone(),
            file: file.clone(),
            export: export.clone(),
            amount: amount.parse()?,
        }],
        [] => workloads(&[])?,
        [names] => workloads(&names.split('|').collect::<Vec<_>>())?,
        _ => return Err("expected nothing, names, or FILE EXPORT NUMBER".into()),
    };
    let fusions = match env::var("FUSIONS") {
        Ok(number) => Some(number.parse()?),
        Err(_) => None,
    };
    let mut counted = Vec::new();
    eprintln!("{:>12}  {:>12}  program", "cells", "dispatches");
    for program in &programs {
        let counts = program.run()?;
        let cells = counts.cells();
        eprintln!("{cells:12}  {:12}  {}", counts.dispatches, program.name);
        let share = |(stretch, count)| (stretch, count as f64 / cells as f64);
        counted.push(counts.stretches.into_iter().map(share).collect());
    }
    if let Some(fusions) = fusions {
        choice::print(&counted, fusions);
        return Ok(());
    }
    for (length, title) in (1..).zip(["cell", "pair", "triple"]) {
        println!("\n{:>7}  {title}", "share");
        for (name, share) in ranked(&counted, length).into_iter().take(ROWS) {
            println!("{:6.2}%  {name}", share * 100.0);
        }
    }
    Ok(())
}

/// The runs of so many cells within stretches, by their mean share, the greatest first.
fn ranked(programs: &[Vec<(Vec<u16>, f64)>], length: usize) -> Vec<(String, f64)> {
    let mut shares: BTreeMap<&[u16], f64> = BTreeMap::new();
    for (stretch, share) in programs.iter().flatten() {
        for cells in stretch.windows(length) {
            *shares.entry(cells).or_default() += share / programs.len() as f64;
        }
    }
    let mut ranked: Vec<_> = shares
        .into_iter()
        .map(|(cells, share)| {
            let names: Vec<_> = cells.iter().map(|&n| DispatchCounts::name(n)).collect();
            (names.join(" + "), share)
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

/// One call of one export.
struct Program {
    name: String,
    file: String,
    export: String,
    amount: i32,
}

impl Program {
    fn run(&self) -> Result<DispatchCounts, Box<dyn Error>> {
        let engine = Engine::new(Config::new().dispatch(Dispatch::Loop))?;
        let module = Module::new(&engine, fs::read(&self.file)?)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let Some(function) = instance.get_func(&mut store, &self.export) else {
            return Err(format!("{} has no function `{}`", self.file, self.export).into());
        };
        let mut results = vec![Val::I32(0); function.ty(&store).results().len()];
        DispatchCounts::take();
        function.call(&mut store, &[Val::I32(self.amount)], &mut results)?;
        Ok(DispatchCounts::take())
    }
}

/// The workloads of which a name is a part, or all, each with the lesser of its amounts.
fn workloads(names: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workloads");
    let folders = env::var("WORKLOADS").unwrap_or_else(|_| own.display().to_string());
    let mut programs = Vec::new();
    for folder in env::split_paths(&folders) {
        programs.extend(listed(&folder, names)?);
    }
    Ok(programs)
}

/// The workloads of a folder.
fn listed(folder: &Path, names: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    let list = fs::read_to_string(folder.join("checksums.txt"))?;
    let mut programs: BTreeMap<String, Program> = BTreeMap::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[module, export, amount, _] = fields.as_slice() else {
            return Err(format!("expected four fields: {line}").into());
        };
        let name = format!("{module}/{export}");
        if !names.is_empty() && !names.iter().any(|part| name.contains(part)) {
            continue;
        }
        let file = folder.join(format!("wasm/{module}.wasm"));
        programs.entry(name.clone()).or_insert(Program {
            name,
            file: file.display().to_string(),
            export: export.to_owned(),
            amount: amount.parse()?,
        });
    }
    Ok(programs.into_values().collect())
}
