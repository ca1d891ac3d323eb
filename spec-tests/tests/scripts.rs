//! Runs the test scripts in the default mode of each dispatch backend, and in a sample of the other
//! modes. The library's documentation describes the arguments.

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
    let sample = Sample::new(&arguments);
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
        let modes = sample.of(script, &modes);
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
        totals(&found, &modes, &sample)
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

/// Selects the modes in which a script runs.
enum Sample {
    /// All of them.
    All,
    /// The default mode of each dispatch backend. One script in [`COMPLETE`] runs in all other
    /// modes as well, and the rest in one of them.
    Some,
}

/// One script in this many runs in all modes.
const COMPLETE: usize = 4;

impl Sample {
    /// Selects all modes if `SCRIPTS` is `all`, or if the arguments name modes or scripts.
    fn new(arguments: &Arguments) -> Sample {
        let all = std::env::var("SCRIPTS").is_ok_and(|scripts| scripts == "all");
        match all || arguments.mode.is_some() || arguments.has_filters() {
            true => Sample::All,
            false => Sample::Some,
        }
    }

    /// Returns the modes of a script, which depend only on its name.
    fn of<'a>(&self, script: &Script, modes: &'a [(Mode, Engine)]) -> Vec<&'a (Mode, Engine)> {
        let name = script.name.bytes();
        let hash = name.fold(0_usize, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(byte.into())
        });
        if matches!(self, Sample::All) || hash.is_multiple_of(COMPLETE) {
            return modes.iter().collect();
        }
        let others = modes.iter().filter(|(mode, _)| !mode.is_default()).count();
        let chosen = (hash / COMPLETE).checked_rem(others);
        let mut index = 0;
        let is_selected = |(mode, _): &&(Mode, Engine)| {
            let selected = mode.is_default() || Some(index) == chosen;
            index += usize::from(!mode.is_default());
            selected
        };
        modes.iter().filter(is_selected).collect()
    }
}

fn totals(found: &BTreeMap<&str, Entry>, modes: &[(Mode, Engine)], sample: &Sample) -> String {
    let sum = |count: fn(&Entry) -> usize| -> usize { found.values().map(count).sum() };
    let names = |wanted: fn(&Mode) -> bool| {
        let modes = modes.iter().map(|(mode, _)| mode);
        let names = modes.filter(|mode| wanted(mode)).map(Mode::to_string);
        names.collect::<Vec<_>>().join(", ")
    };
    let modes = match sample {
        Sample::All => format!("in each of {}", names(|_| true)),
        Sample::Some => format!(
            "in each of {}; a sample also in {}",
            names(Mode::is_default),
            names(|mode| !mode.is_default())
        ),
    };
    format!(
        "{} scripts as expected: {} passed, {} failed, {} skipped, {modes}",
        found.len(),
        sum(|entry| entry.passed),
        sum(|entry| entry.failed),
        sum(|entry| entry.skipped),
    )
}
