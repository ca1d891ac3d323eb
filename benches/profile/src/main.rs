//! Counts the cells that programs execute, and sequences of them. The counts are an upper bound for
//! the gain of fusing cells.
//!
//! ```sh
//! cd benches/profile
//! cargo run --release                             # all workloads, with equal weights
//! cargo run --release -- 'json|kernels'           # workloads whose names contain one of these
//! cargo run --release -- FILE.wasm EXPORT NUMBER  # any program with such an export
//! FUSIONS=800 cargo run --release                 # rows for `src/code/fusion_rows.rs`
//! POLLS=fuel cargo run --release                  # code that consumes fuel; or `interruptions`, `epochs`
//! ```
//!
//! `WORKLOADS` gives other folders than `../workloads`, separated by colons. Each must contain a
//! `checksums.txt` and modules in the same way. The present rows were chosen by the workloads and
//! by the [programs](../../programs/README.md). What all of these execute is committed in
//! `counts.txt.gz`, so that the rows can be checked without running them. Rows with vectors have a
//! table of their own, `src/code/vector_fusion_rows.rs`, which is chosen by the programs with vectors
//! (`vector-counts.txt.gz`) beside the other rows:
//!
//! ```sh
//! programs/build
//! WORKLOADS=../workloads:programs cargo run --release -- --counts counts.txt   # counts, 2 minutes
//! cargo run --release -- --rows counts.txt                                     # the rows
//! cargo run --release -- --vector-counts vector-counts.txt
//! cargo run --release -- --vector-rows counts.txt vector-counts.txt            # rows with vectors
//! gzip -9n counts.txt vector-counts.txt
//! ./check                                         # rows and counts fit together
//! ```
//!
//! With `HELD_OUT='sorting|strings'`, the rows are chosen without the programs whose names contain
//! one of these. Instead of the rows, the output has the number of dispatches per cell that the
//! rows leave, in the programs by which they were chosen and in the others. With several sets,
//! separated by commas, each is held out in turn.
//!
//! Some programs with vectors have no influence on the rows, so that the rows can be judged by them:
//! see [`EVALUATION_ONLY`]. They are run, but not counted for the choice.
//!
//! The report is a table of the cells, pairs and triples with the greatest shares of all executed
//! cells. A new fusion must reduce the number of dispatches of the programs that contain it.
//!
//! Other measurements need a release build with readable symbols (`RUSTFLAGS="-C
//! symbol-mangling-version=v0"`), in which the handler of each cell is a function `handler::<…>`:
//!
//! ```sh
//! valgrind --tool=callgrind backstitch run --invoke run program.wasm 10
//! callgrind_annotate callgrind.out.* | grep handler     # instructions, without noise
//! perf record backstitch run --invoke run program.wasm 1000 && perf annotate
//! ```

mod choice;
mod counts;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use choice::Counted;
use counts::Counts;

use backstitch::{Config, Dispatch, DispatchCounts, Engine, Linker, Module, Store, Val};

/// Number of rows of each table.
const ROWS: usize = 100;

/// The number of rows of `src/code/fusion_rows.rs`.
const FUSIONS: usize = 4000;

/// The number of rows of `src/code/vector_fusion_rows.rs`.
const VECTOR_FUSIONS: usize = 1200;

/// Beginnings of the names of workloads that do not influence the choice: some of the programs with
/// vectors, the builds of the same programs without vectors and with relaxed ones, and programs on
/// objects, whose fusions are in a table of their own.
const EVALUATION_ONLY: &[&str] = &[
    "objects_",
    "relaxed_",
    "scalar_",
    "simd_align/",
    "simd_neural/",
    "simd_scene/",
    "simd_yuv/",
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--counts", file] => return count(file, false),
        ["--vector-counts", file] => return count(file, true),
        ["--rows", file] => {
            print!("{}", rows(file)?);
            return Ok(());
        }
        ["--vector-rows", scalar, file] => {
            print!("{}", vector_rows(scalar, file)?);
            return Ok(());
        }
        ["--check", file, table] => return check(&rows(file)?, file, table),
        ["--vector-check", scalar, file, table] => {
            return check(&vector_rows(scalar, file)?, file, table);
        }
        ["--sample", file, names] => return sample(file, &names.split('|').collect::<Vec<_>>()),
        _ => {}
    }
    let programs = match arguments.as_slice() {
        [file, export, amount] => vec![Program {
            name: file.clone(),
            file: file.clone(),
            export: export.clone(),
            amount: amount.parse()?,
            checksum: None,
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
        counted.push(Counted {
            weight: if program.is_crate() { 2.0 } else { 1.0 },
            stretches: counts.stretches.into_iter().map(share).collect(),
        });
    }
    if let Some(fusions) = fusions {
        let Ok(held_out) = env::var("HELD_OUT") else {
            let choosing = programs.iter().zip(&counted);
            let choosing = choosing.filter(|(program, _)| program.influences_choice());
            let choosing: Vec<_> = choosing.map(|(_, counted)| counted).collect();
            print!(
                "{}",
                choice::text(&choice::choose(&choosing, fusions), fusions)
            );
            return Ok(());
        };
        for names in held_out.split(',') {
            judge(&programs, &counted, fusions, names);
        }
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

/// Counts what all programs execute that influence the choice of the rows with vectors, or of the
/// others, and writes it to the file.
fn count(file: &str, vectors: bool) -> Result<(), Box<dyn Error>> {
    let mut all = Vec::new();
    for program in workloads(&[])?
        .into_iter()
        .filter(|program| program.influences_choice() && program.has_vectors() == vectors)
    {
        let counted = program.run()?;
        let counts = Counts {
            weight: if program.is_crate() { 2.0 } else { 1.0 },
            cells: counted.cells(),
            name: program.name,
            stretches: counted.stretches,
        };
        eprintln!("{:8} stretches  {}", counts.stretches.len(), counts.name);
        all.push(counts);
    }
    fs::write(file, counts::write(&all))?;
    Ok(())
}

/// Fails unless the programs with such names execute what the file says.
fn sample(file: &str, names: &[&str]) -> Result<(), Box<dyn Error>> {
    let counts = counts::read(&fs::read_to_string(file)?)?;
    let programs = workloads(names)?;
    for program in &programs {
        let counted = program.run()?;
        let of_program = |counts: &&Counts| counts.name == program.name;
        let Some(counts) = counts.iter().find(of_program) else {
            return Err(format!("{file} does not have {}", program.name).into());
        };
        if counts.cells != counted.cells() || counts.stretches != counted.stretches {
            return Err(format!(
                "{} executes other cells than {file} has: count again, and generate the rows",
                program.name
            )
            .into());
        }
    }
    println!("{} programs execute what {file} says", programs.len());
    Ok(())
}

/// The rows that are chosen by the counts in the file, as lines of the table.
fn rows(file: &str) -> Result<String, Box<dyn Error>> {
    let counts = counts::read(&fs::read_to_string(file)?)?;
    let counted: Vec<Counted> = counts.iter().map(Counts::counted).collect();
    let counted: Vec<&Counted> = counted.iter().collect();
    Ok(choice::text(&choice::choose(&counted, FUSIONS), FUSIONS))
}

/// The rows with vectors that are chosen by the counts in the file, beside the rows that are chosen
/// by the counts in `scalar`, as lines of the table.
fn vector_rows(scalar: &str, file: &str) -> Result<String, Box<dyn Error>> {
    let read = |file| -> Result<Vec<Counted>, Box<dyn Error>> {
        let counts = counts::read(&fs::read_to_string(file)?)?;
        Ok(counts.iter().map(Counts::counted).collect())
    };
    let (scalar, counted) = (read(scalar)?, read(file)?);
    let present = choice::choose(&scalar.iter().collect::<Vec<_>>(), FUSIONS);
    let counted: Vec<&Counted> = counted.iter().collect();
    let rows = choice::choose_vectors(&counted, &present, VECTOR_FUSIONS);
    Ok(format!(";\n{}", choice::lines(&rows)))
}

/// Fails unless the table has the chosen rows, which follow from the counts in the file.
fn check(chosen: &str, file: &str, table: &str) -> Result<(), Box<dyn Error>> {
    let is_row = |line: &&str| *line == ";" || line.starts_with('[') && line.ends_with(']');
    let text = fs::read_to_string(table)?;
    let present = text.lines().map(str::trim).filter(is_row);
    let mut number = 0;
    for pair in present.clone().zip(chosen.lines()) {
        number += 1;
        if pair.0 != pair.1 {
            return Err(format!("row {number} of {table} is {}, not {}", pair.0, pair.1).into());
        }
    }
    let (present, chosen) = (present.count(), chosen.lines().count());
    if present != chosen {
        return Err(format!("{table} has {present} rows, not {chosen}").into());
    }
    println!("{table} has the {chosen} lines that {file} gives");
    Ok(())
}

/// Chooses rows without the programs with these names, and prints the dispatches that the rows
/// leave in each of these programs, and the means of both sets of programs.
fn judge(programs: &[Program], counted: &[Counted], fusions: usize, names: &str) {
    let names: Vec<&str> = names.split('|').collect();
    let (held_out, own): (Vec<_>, Vec<_>) = programs
        .iter()
        .zip(counted)
        .partition(|(program, _)| program.is_one_of(&names));
    let own: Vec<_> = own
        .into_iter()
        .filter(|(program, _)| program.influences_choice())
        .collect();
    let chosen_by: Vec<&Counted> = own.iter().map(|(_, counted)| *counted).collect();
    let rows = choice::choose(&chosen_by, fusions);
    let mean = |all: &[(&Program, &Counted)]| {
        let left: f64 = all
            .iter()
            .map(|(_, counted)| counted.dispatches(&rows))
            .sum();
        left / all.len() as f64
    };
    for (program, counted) in &held_out {
        println!("{:.3}  {}", counted.dispatches(&rows), program.name);
    }
    println!(
        "{:.4}  mean of {} held out",
        mean(&held_out),
        held_out.len()
    );
    println!("{:.4}  mean of {} others\n", mean(&own), own.len());
}

/// Returns the sequences of `length` cells by their mean share, the greatest first.
fn ranked(programs: &[Counted], length: usize) -> Vec<(String, f64)> {
    let mut shares: BTreeMap<&[u16], f64> = BTreeMap::new();
    for (stretch, share) in programs.iter().flat_map(|counted| &counted.stretches) {
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

/// A call of an export.
struct Program {
    name: String,
    file: String,
    export: String,
    amount: i32,
    /// Expected result, if known.
    checksum: Option<i64>,
}

impl Program {
    /// Returns whether the export is `run`, as in crates and in a few small hand-written modules.
    fn is_crate(&self) -> bool {
        self.export == "run"
    }

    /// Returns whether the program influences the choice of rows.
    fn influences_choice(&self) -> bool {
        !EVALUATION_ONLY
            .iter()
            .any(|start| self.name.starts_with(start))
    }

    /// Returns whether the program uses vectors.
    fn has_vectors(&self) -> bool {
        self.name.starts_with("simd_")
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|part| self.name.contains(part))
    }

    fn run(&self) -> Result<DispatchCounts, Box<dyn Error>> {
        let polls = env::var("POLLS").unwrap_or_default();
        let mut config = Config::new();
        config.dispatch(Dispatch::Loop);
        match &*polls {
            "" => {}
            "fuel" => _ = config.consume_fuel(true),
            "interruptions" => _ = config.interruptible(true),
            "epochs" => _ = config.epoch_interruption(true),
            _ => return Err("POLLS is `fuel`, `interruptions` or `epochs`".into()),
        }
        let engine = Engine::new(&config)?;
        let module = Module::new(&engine, fs::read(&self.file)?)?;
        let mut store = Store::new(&engine, ());
        if polls == "fuel" {
            store.set_fuel(u64::MAX)?;
        }
        store.set_epoch_deadline(u64::MAX);
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let Some(function) = instance.get_func(&mut store, &self.export) else {
            return Err(format!("{} has no function `{}`", self.file, self.export).into());
        };
        let mut results = vec![Val::I32(0); function.ty(&store).results().len()];
        DispatchCounts::take();
        function.call(&mut store, &[Val::I32(self.amount)], &mut results)?;
        if let Some(checksum) = self.checksum
            && results.first().and_then(Val::i64) != Some(checksum)
        {
            return Err(format!("{} returned {results:?}, not {checksum:016x}", self.name).into());
        }
        Ok(DispatchCounts::take())
    }
}

/// Returns the workloads whose names contain one of `names` (all if it is empty), with the lesser
/// amount of each.
fn workloads(names: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workloads");
    let folders = env::var("WORKLOADS").unwrap_or_else(|_| own.display().to_string());
    let mut programs = Vec::new();
    for folder in env::split_paths(&folders) {
        programs.extend(listed(&folder, names)?);
    }
    Ok(programs)
}

/// Returns the workloads of a folder.
fn listed(folder: &Path, names: &[&str]) -> Result<Vec<Program>, Box<dyn Error>> {
    let list = fs::read_to_string(folder.join("checksums.txt"))?;
    let mut programs: BTreeMap<String, Program> = BTreeMap::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[module, export, amount, checksum] = fields.as_slice() else {
            return Err(format!("expected four fields: {line}").into());
        };
        let name = format!("{module}/{export}");
        let program = Program {
            file: folder
                .join(format!("wasm/{module}.wasm"))
                .display()
                .to_string(),
            name: name.clone(),
            export: export.to_owned(),
            amount: amount.parse()?,
            checksum: Some(u64::from_str_radix(checksum, 16)?.cast_signed()),
        };
        if names.is_empty() || program.is_one_of(names) {
            programs.entry(name).or_insert(program);
        }
    }
    Ok(programs.into_values().collect())
}
