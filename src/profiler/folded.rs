//! Folded stacks, and flame graphs of them.

use super::guest_profiler::Sample;
use super::symbols::NO_FUNCTION;
use crate::api::Result;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io::Write;

/// Returns a line for each stack, sorted.
fn lines(samples: &[Sample]) -> Vec<String> {
    let mut times: BTreeMap<String, u128> = BTreeMap::new();
    for sample in samples {
        *times.entry(stack(&sample.names)).or_default() += sample.time.as_nanos();
    }
    let lines = times.into_iter();
    lines
        .map(|(stack, time)| format!("{stack} {time}"))
        .collect()
}

/// Joins the names of a stack's functions. A semicolon separates them, and a line break stacks, so names
/// have others instead.
fn stack(names: &[Rc<str>]) -> String {
    let names = names.iter().map(|name| {
        name.replace(';', ":")
            .replace(|character: char| character.is_control(), " ")
    });
    let joined = names.collect::<Vec<_>>().join(";");
    match joined.is_empty() {
        true => NO_FUNCTION.to_string(),
        false => joined,
    }
}

pub(super) fn write(samples: &[Sample], mut out: impl Write) -> Result<()> {
    for line in lines(samples) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

pub(super) fn write_flame_graph(
    title: &str,
    unit: &str,
    samples: &[Sample],
    out: impl Write,
) -> Result<()> {
    let mut options = inferno::flamegraph::Options::default();
    options.title = title.to_string();
    options.count_name = unit.to_string();
    options.deterministic = true;
    let lines = lines(samples);
    let lines = lines.iter().map(String::as_str);
    inferno::flamegraph::from_lines(&mut options, lines, out)?;
    Ok(())
}
