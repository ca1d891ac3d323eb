//! Profiles for pprof, read by the messages of another publisher.

use super::{LOOP, Stacks, WORK, folded, profile, run_out_of_fuel};
use crate::command::file;
use flate2::read::GzDecoder;
use libdd_profiling_protobuf::prost_impls::{Location, Profile};
use prost::Message;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Reads a profile, and checks its tables.
fn read(path: &Path) -> Profile {
    let mut bytes = Vec::new();
    let mut file = GzDecoder::new(fs::File::open(path).unwrap());
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(file.header().unwrap().mtime(), 0);
    let profile = Profile::decode(&*bytes).unwrap();
    assert_eq!(profile.string_table[0], "");
    for (index, mapping) in profile.mappings.iter().enumerate() {
        assert_eq!(mapping.id, index as u64 + 1);
    }
    for (index, function) in profile.functions.iter().enumerate() {
        assert_eq!(function.id, index as u64 + 1);
        assert!(!text(&profile, function.name).is_empty());
    }
    for (index, location) in profile.locations.iter().enumerate() {
        assert_eq!(location.id, index as u64 + 1);
        let mapping = &profile.mappings[location.mapping_id as usize - 1];
        assert!((mapping.memory_start..mapping.memory_limit).contains(&location.address));
        let functions = 1..=profile.functions.len() as u64;
        let mut lines = location.lines.iter();
        assert!(lines.all(|line| functions.contains(&line.function_id)));
    }
    for sample in &profile.samples {
        assert_eq!(sample.values.len(), profile.sample_types.len());
    }
    profile
}

fn text(profile: &Profile, index: i64) -> &str {
    &profile.string_table[index as usize]
}

/// Returns the types of the values of samples.
fn types(profile: &Profile) -> Vec<(&str, &str)> {
    let types = profile.sample_types.iter();
    types
        .map(|it| (text(profile, it.r#type), text(profile, it.unit)))
        .collect()
}

/// Returns the names of a location's functions, the innermost first.
fn names<'p>(profile: &'p Profile, location: &Location) -> impl Iterator<Item = &'p str> {
    let lines = location.lines.clone().into_iter();
    lines.map(|line| {
        let function = &profile.functions[line.function_id as usize - 1];
        text(profile, function.name)
    })
}

/// Returns the time of each stack, as in a file of folded stacks.
fn stacks(profile: &Profile) -> Stacks {
    let mut stacks = Stacks::new();
    for sample in &profile.samples {
        let locations = sample.location_ids.iter();
        let locations = locations.map(|&id| &profile.locations[id as usize - 1]);
        let mut names: Vec<_> = locations.flat_map(|it| names(profile, it)).collect();
        names.reverse();
        *stacks.entry(names.join(";")).or_default() += sample.values[1] as f64;
    }
    stacks
}

#[test]
fn d6_profiles_for_pprof_have_the_stacks_of_folded_ones() {
    let module = file("profiles/pprof.wat", WORK);
    let options = ["--profile-interval", "1e4"];
    let expected = folded(&profile(&module, "pprof.folded", &options, &[]));
    for ending in ["pb.gz", "pb", "pprof"] {
        let profile = read(&profile(&module, &format!("work.{ending}"), &options, &[]));
        assert_eq!(stacks(&profile), expected);
        let kinds = [("samples", "count"), ("instructions", "count")];
        assert_eq!(types(&profile), kinds);
        assert_eq!(profile.period_type, Some(profile.sample_types[1]));
        assert_eq!(profile.period, 10_000);
        assert_eq!((profile.time_nanos, profile.duration_nanos), (0, 0));
        let [mapping] = &profile.mappings[..] else {
            panic!("{:?}", profile.mappings);
        };
        assert_eq!(text(&profile, mapping.filename), "pprof.wat");
        assert!(mapping.has_functions && !mapping.has_line_numbers);
    }
}

#[test]
fn d6_profiles_for_pprof_have_inlined_functions_and_lines() {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/modules/shapes_optimised.wasm");
    let options = ["--profile-interval", "4"];
    let expected = folded(&profile(&module, "shapes_2.folded", &options, &["0"]));
    let profile = read(&profile(&module, "shapes.pb.gz", &options, &["0"]));
    assert_eq!(stacks(&profile), expected);
    assert!(profile.mappings[0].has_inline_frames);
    let location = profile.locations.iter().find(|it| it.lines.len() > 1);
    let location = location.unwrap();
    for line in &location.lines {
        let function = profile.functions[line.function_id as usize - 1];
        assert!(text(&profile, function.filename).ends_with("shapes.cpp"));
        assert!(line.line > 0);
    }
    let names: Vec<_> = names(&profile, location).collect();
    assert_eq!(names.last(), Some(&"run"), "{names:?}");
    let mangled = profile.functions.iter().find(|function| {
        let name = text(&profile, function.name);
        name.starts_with("run::$_0::operator()")
    });
    let raw_name = text(&profile, mangled.unwrap().system_name);
    assert!(raw_name.starts_with("_ZZ"), "{raw_name}");
}

#[test]
fn profiles_by_time_have_nanoseconds() {
    let module = file("profiles/pprof_time.wat", LOOP);
    let profile = read(&run_out_of_fuel(&module, "time.pb.gz"));
    let kinds = [("samples", "count"), ("time", "nanoseconds")];
    assert_eq!(types(&profile), kinds);
    assert_eq!(profile.period, 100_000);
    let time: i64 = profile.samples.iter().map(|sample| sample.values[1]).sum();
    assert_eq!(profile.duration_nanos, time);
}
