//! The formats of profiles.

use super::interval::Interval;
use backstitch::{GuestProfiler, Result};
use std::io::Write;
use std::path::Path;

/// The format of a profile, which the name of its file selects.
pub(super) enum Format {
    Firefox,
    FlameGraph,
    Pprof,
    Folded,
}

impl Format {
    /// Returns the format of a file with the given path.
    pub(super) fn of(path: &Path) -> Format {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".json"]) {
            Format::Firefox
        } else if ends(&[".svg"]) {
            Format::FlameGraph
        } else if ends(&[".pb.gz", ".pb", ".pprof"]) {
            Format::Pprof
        } else {
            Format::Folded
        }
    }

    /// Writes the profile.
    pub(super) fn write(
        self,
        profiler: GuestProfiler,
        interval: Interval,
        out: impl Write,
    ) -> Result<()> {
        match self {
            Format::Firefox => profiler.finish(out),
            Format::FlameGraph => profiler.write_flame_graph(interval.unit(), out),
            Format::Pprof => profiler.write_pprof(interval.unit(), out),
            Format::Folded => profiler.write_folded(out),
        }
    }
}
