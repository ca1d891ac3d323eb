//! The interval between two samples of a profile.

use crate::cli::quantity;
use std::fmt;
use std::time::Duration;

/// The interval between two samples.
#[derive(Clone, Copy)]
pub(super) enum Interval {
    /// A number of WebAssembly instructions.
    Instructions(u64),
    /// A time of the clock.
    Time(Duration),
}

impl Interval {
    /// Parses a number of instructions, or a time with its unit.
    pub(super) fn parse(text: &str) -> Result<Interval, String> {
        let interval = match quantity::is_duration(text) {
            true => Interval::Time(quantity::duration(text)?),
            false => Interval::Instructions(quantity::count(text)?),
        };
        match interval {
            Interval::Instructions(0) => {
                Err("an interval has at least one instruction".to_string())
            }
            Interval::Time(Duration::ZERO) => {
                Err("an interval has at least one nanosecond".to_string())
            }
            interval => Ok(interval),
        }
    }

    /// Returns the interval in the time of the profile, in which an instruction counts as a nanosecond.
    pub(super) fn duration(self) -> Duration {
        match self {
            Interval::Instructions(count) => Duration::from_nanos(count),
            Interval::Time(time) => time,
        }
    }

    /// Returns the name of what counts as a nanosecond.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Interval::Instructions(_) => "instructions",
            Interval::Time(_) => "nanoseconds",
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interval::Instructions(count) => write!(f, "{count} instructions"),
            Interval::Time(time) => write!(f, "{time:?}"),
        }
    }
}
