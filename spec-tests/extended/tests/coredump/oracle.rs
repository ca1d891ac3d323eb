//! Compares every local and operand of every frame, at calls and traps, with Wasmtime's debugger.
//!
//! ```text
//! cargo test -p extended-tests --test coredump oracle
//! cargo test -p extended-tests --test coredump --features small oracle      without fusions
//! ```

use super::debugger::{self, Frame, Looks, Value};
use super::generator;
use super::subject::{self, Seen, Site};
use backstitch::Module;
use spec_tests::engines::dispatches;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, thread};

/// Minimum number of sites that are compared: a fifth of them in cells that execute several
/// instructions, and a fifth with a vector on the operand stack.
const SITES: usize = 3_000;

#[derive(Default)]
struct Tally {
    programs: u64,
    frames: usize,
    sites: usize,
    /// Number of sites whose cell executes several instructions.
    fused: usize,
    /// Number of sites with a vector on the operand stack.
    vectors: usize,
    failures: Vec<String>,
}

impl Tally {
    fn is_enough(&self, wanted: usize) -> bool {
        self.sites >= wanted && self.fused.min(self.vectors) * 5 >= wanted
    }
}

#[test]
fn c11_locals_and_operands_are_those_of_wasmtimes_debugger() {
    let wanted = env::var("BACKSTITCH_SITES").map_or(SITES, |text| text.parse().unwrap());
    let tally = Mutex::new(Tally::default());
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let work = || {
                loop {
                    let so_far = tally.lock().unwrap();
                    if so_far.is_enough(wanted) || !so_far.failures.is_empty() {
                        break;
                    }
                    drop(so_far);
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    compare(seed, &tally);
                }
            };
            let builder = thread::Builder::new().stack_size(16 << 20);
            builder.spawn_scoped(scope, work).expect("a thread starts");
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "{} programs, {} frames at {} sites, {} of them in fused cells, {} with vectors",
        tally.programs, tally.frames, tally.sites, tally.fused, tally.vectors
    );
    assert!(tally.failures.is_empty(), "\n{}", tally.failures.join("\n"));
}

fn compare(seed: u64, tally: &Mutex<Tally>) {
    let text = generator::program(seed);
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"));
    let arguments = subject::arguments(seed);
    let expected = debugger::looks(&bytes, &arguments);
    let mut sites: BTreeSet<Site> = BTreeSet::new();
    let mut vectors: BTreeSet<Site> = BTreeSet::new();
    let mut found = Tally::default();
    for dispatch in dispatches() {
        for fuel in [false, true] {
            let module = subject::module(dispatch, fuel, &bytes);
            let seen = subject::looks(&module, &arguments);
            for (index, (expected, seen)) in expected.iter().zip(&seen).enumerate() {
                found.frames += seen.sites.len();
                if let Some(difference) = difference(&bytes, expected, seen) {
                    let name = format!("program {seed}, f{index}, {dispatch:?}, fuel {fuel}");
                    found.failures.push(format!("{name}: {difference}"));
                }
                sites.extend(&seen.sites);
                let frames = seen.looks.iter().flatten();
                let has_vector = |(frame, _): &(&Frame, &Site)| {
                    let mut operands = frame.operands.iter();
                    operands.any(|value| matches!(value, Value::Bits128(_)))
                };
                let with_vectors = frames.zip(&seen.sites).filter(has_vector);
                vectors.extend(with_vectors.map(|(_, site)| site));
            }
            if sites.len() > found.sites {
                found.sites = sites.len();
                found.fused = fused(&module, &sites);
            }
        }
    }
    found.vectors = vectors.len();
    let mut tally = tally.lock().unwrap();
    tally.programs += 1;
    tally.frames += found.frames;
    tally.sites += found.sites;
    tally.fused += found.fused;
    tally.vectors += found.vectors;
    tally.failures.extend(found.failures.into_iter().take(3));
}

fn difference(bytes: &[u8], expected: &Looks, seen: &Seen) -> Option<String> {
    let mut sites = seen.sites.iter().zip(&seen.calling);
    for (look, (expected, found)) in expected.iter().zip(&seen.looks).enumerate() {
        for (depth, (expected, found)) in expected.iter().zip(found).enumerate() {
            let (&(_, offset), &calling) = sites.next()?;
            let mut expected = expected.clone();
            if calling {
                // At a call, the debugger's operands still include the arguments, which belong to
                // the callee already, and its offset is that of the instruction after the call.
                let taken = generator::arguments(&bytes[offset as usize..]);
                expected.operands.truncate(expected.operands.len() - taken);
                expected.offset = offset;
            }
            if expected != *found {
                return Some(format!(
                    "look {look}, frame {depth}:\n  Wasmtime {expected:x?}\n  found    {found:x?}"
                ));
            }
        }
        if expected.len() != found.len() {
            return Some(format!(
                "look {look}: {} frames, not {}",
                found.len(),
                expected.len()
            ));
        }
    }
    (expected.len() != seen.looks.len())
        .then(|| format!("{} looks, not {}", seen.looks.len(), expected.len()))
}

/// Returns the number of sites in cells that execute several instructions: those with an immediate
/// or a known address, which was a constant instruction, and those that contain a sum.
fn fused(module: &Module, sites: &BTreeSet<Site>) -> usize {
    let mut listings: BTreeMap<u32, String> = BTreeMap::new();
    let is_fused = |&&(function, offset): &&Site| {
        let listing = listings.entry(function).or_insert_with(|| {
            let listing = module
                .disassemble(function)
                .expect("the function is translated");
            listing.to_string()
        });
        let wanted = format!("{offset:#x}");
        listing
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace().skip(1);
                (words.next()? == wanted).then(|| words.next())?
            })
            .any(|name| {
                let modes = name
                    .trim_end_matches(".d")
                    .rsplit_once('_')
                    .map(|(_, modes)| modes);
                name.contains("_indexed")
                    || matches!(
                        modes,
                        Some("i" | "si" | "ri" | "is" | "ir" | "ii" | "sw" | "rw")
                    )
            })
    };
    sites.iter().filter(is_fused).count()
}
