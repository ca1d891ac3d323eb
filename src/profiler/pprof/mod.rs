//! Profiles for pprof.
//!
//! * Input: how often each stack was sampled, and for how long.
//! * Output: the message of `profile.proto`, compressed by gzip as the format wants it.
//! * Rules: an address is an offset in a module, and 2³² for each module before that one.

mod message;
mod strings;

use super::stack_tree::{Place, Stack, StackTree};
use super::symbols::{NO_FUNCTION, Symbol, Symbols};
use crate::api::{Module, Result};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use flate2::Compression;
use flate2::write::GzEncoder;
use message::{Function, Line, Location, Mapping, Profile, Sample, ValueType};
use prost::Message;
use std::io::Write;
use std::time::Duration;
use strings::Strings;

/// The unit of a clock's time.
const NANOSECONDS: &str = "nanoseconds";

/// The contents of a profile for pprof.
pub(super) struct Input<'p> {
    pub(super) modules: &'p [(String, Module)],
    pub(super) stacks: &'p StackTree,
    /// The stack of each sample, and the time since the one before.
    pub(super) samples: &'p [(Stack, Duration)],
    /// The usual time between two samples.
    pub(super) interval: Duration,
    /// The name of the unit of time, of which one counts as a nanosecond.
    pub(super) unit: &'p str,
}

pub(super) fn write(input: &Input<'_>, out: impl Write) -> Result<()> {
    let mut builder = Builder::new(Symbols::new(input.modules));
    let mut totals: BTreeMap<Stack, (i64, Duration)> = BTreeMap::new();
    let mut all = Duration::ZERO;
    for &(stack, time) in input.samples {
        let (count, total) = totals.entry(stack).or_default();
        *count += 1;
        *total = total.saturating_add(time);
        all = all.saturating_add(time);
    }
    for (stack, (count, time)) in totals {
        builder.add(input.stacks.frames(stack), vec![count, nanos(time)]);
    }
    let mut profile = builder.finish(input);
    profile.period = nanos(input.interval);
    if input.unit == NANOSECONDS {
        profile.duration_nanos = nanos(all);
    }
    // Its header has no time of day.
    let mut compressed = GzEncoder::new(out, Compression::default());
    compressed.write_all(&profile.encode_to_vec())?;
    compressed.finish()?;
    Ok(())
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// The tables of a profile, to which samples are added.
struct Builder<'m> {
    symbols: Symbols<'m>,
    profile: Profile,
    strings: Strings,
    /// The id of each location. The one without a place is that of empty stacks.
    locations: BTreeMap<Option<Place>, u64>,
    /// The id of each function, by its name, its raw name and its file.
    functions: BTreeMap<(i64, i64, i64), u64>,
}

impl<'m> Builder<'m> {
    fn new(symbols: Symbols<'m>) -> Builder<'m> {
        Builder {
            symbols,
            profile: Profile::default(),
            strings: Strings::new(),
            locations: BTreeMap::new(),
            functions: BTreeMap::new(),
        }
    }

    /// Adds the samples of a stack, the youngest frame first.
    fn add(&mut self, frames: impl Iterator<Item = Place>, values: Vec<i64>) {
        let mut locations: Vec<u64> = frames.map(|place| self.location(Some(place))).collect();
        if locations.is_empty() {
            locations.push(self.location(None));
        }
        self.profile.samples.push(Sample { locations, values });
    }

    /// Returns the id of a location.
    fn location(&mut self, place: Option<Place>) -> u64 {
        if let Some(&id) = self.locations.get(&place) {
            return id;
        }
        let id = self.locations.len() as u64 + 1;
        self.locations.insert(place, id);
        let location = match place {
            Some(place) => {
                let symbols = self.symbols.of(place);
                let offset = self.symbols.offset(place).unwrap_or_default();
                let innermost_first = symbols.iter().rev();
                Location {
                    id,
                    mapping: mapping_id(place.module),
                    address: start(place.module) + u64::from(offset),
                    lines: innermost_first.map(|symbol| self.line(symbol)).collect(),
                }
            }
            None => Location {
                id,
                lines: vec![self.line(&Symbol {
                    name: NO_FUNCTION.into(),
                    ..Symbol::default()
                })],
                ..Location::default()
            },
        };
        self.profile.locations.push(location);
        id
    }

    fn line(&mut self, symbol: &Symbol) -> Line {
        let name = self.strings.index(&symbol.name);
        let system_name = self.strings.index(&symbol.raw_name);
        let file = self
            .strings
            .index(symbol.file.as_deref().unwrap_or_default());
        let next = self.functions.len() as u64 + 1;
        let id = *self
            .functions
            .entry((name, system_name, file))
            .or_insert(next);
        if id == next {
            self.profile.functions.push(Function {
                id,
                name,
                system_name,
                file,
            });
        }
        Line {
            function: id,
            line: symbol.line.unwrap_or_default().into(),
        }
    }

    fn finish(mut self, input: &Input<'_>) -> Profile {
        let value = match input.unit {
            NANOSECONDS => self.value_type("time", NANOSECONDS),
            unit => self.value_type(unit, "count"),
        };
        self.profile.sample_types = vec![self.value_type("samples", "count"), value];
        self.profile.period_type = Some(value);
        for (module, (name, code)) in input.modules.iter().enumerate() {
            let has_source = self.symbols.has_source(module);
            self.profile.mappings.push(Mapping {
                id: mapping_id(module),
                start: start(module),
                limit: start(module) + code.binary().len() as u64,
                file: self.strings.index(name),
                has_functions: true,
                has_files: has_source,
                has_lines: has_source,
                has_inlined: has_source,
            });
        }
        self.profile.strings = self.strings.into_list();
        self.profile
    }

    fn value_type(&mut self, kind: &str, unit: &str) -> ValueType {
        ValueType {
            kind: self.strings.index(kind),
            unit: self.strings.index(unit),
        }
    }
}

fn mapping_id(module: usize) -> u64 {
    module as u64 + 1
}

/// Returns the address of a module's first byte. That of the first module is 0, so its addresses are its
/// offsets.
fn start(module: usize) -> u64 {
    (module as u64) << 32
}
