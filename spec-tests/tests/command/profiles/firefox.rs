//! Profiles for the Firefox profiler, read by the types that it publishes (`src/types/profile.js` of
//! version 55 of its format, which has no published parser beside the profiler itself).

use super::{Stacks, WORK, folded, profile};
use crate::command::file;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The kind of a column's elements.
#[derive(Clone, Copy)]
enum Column {
    Number,
    Boolean,
    /// An index into another table, by its name.
    Index(&'static str),
    /// The same, or `null`.
    OptionalIndex(&'static str),
    /// The same, or -1.
    IndexOrNone(&'static str),
    /// A number, or `null`.
    OptionalNumber,
}

/// The columns that tables of a thread have.
const TABLES: &[(&str, &[(&str, Column)])] = &[
    (
        "samples",
        &[
            ("stack", Column::OptionalIndex("stackTable")),
            ("timeDeltas", Column::Number),
            ("weight", Column::Number),
            ("threadCPUDelta", Column::OptionalNumber),
        ],
    ),
    (
        "stackTable",
        &[
            ("frame", Column::Index("frameTable")),
            ("prefix", Column::OptionalIndex("stackTable")),
        ],
    ),
    (
        "frameTable",
        &[
            ("address", Column::Number),
            ("inlineDepth", Column::Number),
            ("category", Column::Index("categories")),
            ("subcategory", Column::Number),
            ("func", Column::Index("funcTable")),
            ("nativeSymbol", Column::OptionalIndex("nativeSymbols")),
            ("innerWindowID", Column::OptionalNumber),
            ("line", Column::OptionalNumber),
            ("column", Column::OptionalNumber),
        ],
    ),
    (
        "funcTable",
        &[
            ("name", Column::Index("stringArray")),
            ("isJS", Column::Boolean),
            ("relevantForJS", Column::Boolean),
            ("resource", Column::IndexOrNone("resourceTable")),
            ("fileName", Column::OptionalIndex("stringArray")),
            ("lineNumber", Column::OptionalNumber),
            ("columnNumber", Column::OptionalNumber),
        ],
    ),
    (
        "resourceTable",
        &[
            ("lib", Column::OptionalIndex("libs")),
            ("name", Column::Index("stringArray")),
            ("host", Column::OptionalIndex("stringArray")),
            ("type", Column::Number),
        ],
    ),
    (
        "nativeSymbols",
        &[
            ("libIndex", Column::Index("libs")),
            ("address", Column::Number),
            ("name", Column::Index("stringArray")),
            ("functionSize", Column::OptionalNumber),
        ],
    ),
    (
        "markers",
        &[
            ("name", Column::Index("stringArray")),
            ("startTime", Column::OptionalNumber),
            ("endTime", Column::OptionalNumber),
            ("phase", Column::Number),
            ("category", Column::Index("categories")),
        ],
    ),
];

/// Reads a profile with one thread, and checks its tables. Returns the thread.
fn read(path: &Path) -> Value {
    let profile: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let meta = &profile["meta"];
    assert_eq!(meta["preprocessedProfileVersion"], 55);
    for (key, is_right) in [
        ("interval", Value::is_number as fn(&Value) -> bool),
        ("startTime", Value::is_number),
        ("processType", Value::is_number),
        ("product", Value::is_string),
        ("version", Value::is_number),
        ("categories", Value::is_array),
        ("markerSchema", Value::is_array),
    ] {
        assert!(is_right(&meta[key]), "meta.{key}: {}", meta[key]);
    }
    assert!(profile["pages"].is_array() && profile["counters"].is_array());
    let mut threads = profile["threads"].as_array().unwrap().clone();
    assert_eq!(threads.len(), 1);
    let thread = threads.remove(0);
    for (key, is_right) in [
        ("name", Value::is_string as fn(&Value) -> bool),
        ("processType", Value::is_string),
        ("isMainThread", Value::is_boolean),
        ("pid", Value::is_string),
        ("processStartupTime", Value::is_number),
        ("registerTime", Value::is_number),
        ("pausedRanges", Value::is_array),
    ] {
        assert!(is_right(&thread[key]), "{key}: {}", thread[key]);
    }

    let length = |array: &Value| array.as_array().unwrap().len() as u64;
    let mut lengths = BTreeMap::from([
        ("stringArray", length(&thread["stringArray"])),
        ("categories", length(&meta["categories"])),
        ("libs", length(&profile["libs"])),
    ]);
    for (table, _) in TABLES {
        lengths.insert(table, thread[table]["length"].as_u64().unwrap());
    }
    for (table, columns) in TABLES {
        for (column, kind) in *columns {
            let values = thread[table][column].as_array();
            let values = values.unwrap_or_else(|| panic!("{table}.{column} is missing"));
            assert_eq!(values.len() as u64, lengths[table], "{table}.{column}");
            for value in values {
                assert!(fits(value, *kind, &lengths), "{table}.{column}: {value}");
            }
        }
    }
    // A stack stands behind that of its callers.
    let prefixes = thread["stackTable"]["prefix"].as_array().unwrap();
    for (index, prefix) in prefixes.iter().enumerate() {
        assert!(prefix.as_u64().is_none_or(|prefix| prefix < index as u64));
    }
    assert_eq!(thread["samples"]["weightType"], "samples");
    thread
}

/// Returns whether a value may be in a column.
fn fits(value: &Value, column: Column, lengths: &BTreeMap<&str, u64>) -> bool {
    let is_index = |table| value.as_u64().is_some_and(|index| index < lengths[table]);
    match column {
        Column::Number => value.is_number(),
        Column::Boolean => value.is_boolean(),
        Column::Index(table) => is_index(table),
        Column::OptionalIndex(table) => value.is_null() || is_index(table),
        Column::IndexOrNone(table) => value.as_i64() == Some(-1) || is_index(table),
        Column::OptionalNumber => value.is_null() || value.is_number(),
    }
}

/// Returns the time of each stack in nanoseconds, as in a file of folded stacks.
fn stacks(thread: &Value) -> Stacks {
    let index = |value: &Value| value.as_u64().map(|index| index as usize);
    let cell = |table: &str, column: &str, row: usize| thread[table][column][row].clone();
    let mut stacks = Stacks::new();
    for sample in 0..index(&thread["samples"]["length"]).unwrap() {
        let mut names = Vec::new();
        let mut stack = index(&cell("samples", "stack", sample));
        while let Some(node) = stack {
            let frame = index(&cell("stackTable", "frame", node)).unwrap();
            let function = index(&cell("frameTable", "func", frame)).unwrap();
            let name = index(&cell("funcTable", "name", function)).unwrap();
            names.push(thread["stringArray"][name].as_str().unwrap().to_string());
            stack = index(&cell("stackTable", "prefix", node));
        }
        names.reverse();
        // In microseconds.
        let time = cell("samples", "threadCPUDelta", sample);
        *stacks.entry(names.join(";")).or_default() += time.as_f64().unwrap() * 1000.0;
    }
    stacks
}

#[test]
fn d6_profiles_for_the_firefox_profiler_have_the_stacks_of_folded_ones() {
    let module = file("profiles/firefox.wat", WORK);
    let options = ["--profile-interval", "1e4"];
    let expected = folded(&profile(&module, "firefox.folded", &options, &[]));
    let thread = read(&profile(&module, "firefox.json", &options, &[]));
    let found = stacks(&thread);
    assert!(found.keys().eq(expected.keys()), "{found:?}");
    // Times are rounded to microseconds, here a tenth of the interval's.
    for (stack, time) in &expected {
        let difference = (found[stack] - time).abs() / time;
        assert!(difference < 0.05, "{stack}: {}, not {time}", found[stack]);
    }
}
