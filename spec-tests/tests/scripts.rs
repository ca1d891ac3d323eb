//! Runs the test scripts in every mode. The library's documentation describes the arguments.

use backstitch::Engine;
use spec_tests::harness::{self, Arguments, Test};
use spec_tests::mode::Mode;
use spec_tests::ratchet::{Entry, Ratchet};
use spec_tests::suite::{self, Script};
use spec_tests::verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let all = suite::scripts();
    let selected: Vec<&Script> = all
        .iter()
        .filter(|script| arguments.selects(&script.name))
        .collect();
    if arguments.list {
        for script in &selected {
            println!("{}: test", script.name);
        }
        println!("\n{} tests, 0 benchmarks", selected.len());
        return Ok(true);
    }

    let modes = engines(&arguments)?;
    let mut ratchet = Ratchet::read()?;
    let names: BTreeSet<&str> = all.iter().map(|script| script.name.as_str()).collect();
    for stale in ratchet.stale(&names) {
        if !arguments.bless {
            return Err(format!(
                "the ratchet has `{stale}`, which does not exist; run with `--bless`"
            ));
        }
        ratchet.remove(&stale);
    }

    let found: Mutex<BTreeMap<&str, Entry>> = Mutex::default();
    let judge = |script: &'_ Script| -> Result<Entry, String> {
        let verdict = verdict::judge(script, &modes, ratchet.get(&script.name));
        if verdict.complaint.is_empty() || (arguments.bless && verdict.blessable) {
            Ok(verdict.entry)
        } else {
            Err(verdict.complaint)
        }
    };
    let tests: Vec<Test<'_>> = selected
        .iter()
        .map(|&script| Test {
            name: &script.name,
            run: Box::new(|| {
                let entry = judge(script)?;
                let mut found = found.lock().unwrap_or_else(|lock| lock.into_inner());
                found.insert(&script.name, entry);
                Ok(())
            }),
        })
        .collect();
    let passed = harness::run(&arguments, &tests, all.len() - selected.len(), || {
        let found = found.lock().unwrap_or_else(|lock| lock.into_inner());
        totals(&found, &modes)
    });
    drop(tests);

    let found = found.into_inner().unwrap_or_else(|lock| lock.into_inner());
    if arguments.bless {
        for (name, entry) in found {
            ratchet.set(name, entry);
        }
        ratchet.write()?;
    }
    Ok(passed)
}

/// Creates an engine for each mode, which all scripts and threads share.
fn engines(arguments: &Arguments) -> Result<Vec<(Mode, Engine)>, String> {
    let wanted = |mode: &Mode| match &arguments.mode {
        Some(name) => mode.to_string().contains(name.as_str()),
        None => true,
    };
    let mut engines = Vec::new();
    for mode in Mode::all().into_iter().filter(wanted) {
        let engine = mode
            .engine()
            .map_err(|error| format!("cannot make an engine for {mode}: {error:#}"))?;
        if let Some(engine) = engine {
            engines.push((mode, engine));
        }
    }
    if engines.is_empty() {
        return Err("no mode of this build has that name".to_string());
    }
    Ok(engines)
}

fn totals(found: &BTreeMap<&str, Entry>, modes: &[(Mode, Engine)]) -> String {
    let sum = |count: fn(&Entry) -> usize| -> usize { found.values().map(count).sum() };
    let names: Vec<String> = modes.iter().map(|(mode, _)| mode.to_string()).collect();
    format!(
        "{} scripts as expected: {} passed, {} failed, {} skipped, in each of {}",
        found.len(),
        sum(|entry| entry.passed),
        sum(|entry| entry.failed),
        sum(|entry| entry.skipped),
        names.join(", ")
    )
}
