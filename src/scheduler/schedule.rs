//! Schedules that can be written down and repeated.

use super::ThreadId;
use crate::support::error::{Error, Result};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// A switch between threads that would not take place by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Switch {
    /// The thread that has run last; before the first step, thread 0.
    pub from: ThreadId,
    /// The number of steps that this thread has taken.
    pub after: u64,
    /// The thread that runs next.
    pub to: ThreadId,
}

/// The schedule of threads whose steps end before accesses to shared memories: the switches by which
/// it differs from the usual order.
///
/// In the usual order, a thread runs until it waits or ends, or until it has taken
/// [`Schedule::PATIENCE`] steps in a row; then the next one that can run takes its place, by number.
/// A schedule without switches is therefore complete as well.
///
/// Its text is a list such as `0@5:1,1@12:2`: after 5 steps of thread 0, thread 1 runs; after 12
/// steps of thread 1, thread 2.
///
/// ```
/// use backstitch::scheduler::{Schedule, Switch, ThreadId};
///
/// let schedule: Schedule = "0@5:1,1@12:2".parse()?;
/// let [first, _] = schedule.switches() else { panic!("there are two") };
/// assert_eq!(*first, Switch { from: ThreadId(0), after: 5, to: ThreadId(1) });
/// assert_eq!(schedule.to_string(), "0@5:1,1@12:2");
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    switches: Vec<Switch>,
}

impl Schedule {
    /// The number of steps that a thread takes in the usual order before another one runs.
    pub const PATIENCE: u64 = 1_000;

    /// Creates a schedule of switches. Of several after the same step of a thread, the first one
    /// counts.
    pub fn new(switches: impl IntoIterator<Item = Switch>) -> Schedule {
        Schedule {
            switches: switches.into_iter().collect(),
        }
    }

    /// Returns the switches.
    pub fn switches(&self) -> &[Switch] {
        &self.switches
    }

    /// Returns the thread that runs after a step of the thread that has run last, if the schedule
    /// names one.
    pub(super) fn next(&self, from: ThreadId, after: u64) -> Option<ThreadId> {
        let here = |switch: &&Switch| (switch.from, switch.after) == (from, after);
        self.switches.iter().find(here).map(|switch| switch.to)
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.from.0, self.after, self.to.0)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, switch) in self.switches.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{switch}")?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = Error;

    /// Reads a schedule. An empty text is one without switches.
    fn from_str(text: &str) -> Result<Schedule> {
        let switches = text.split(',').filter(|part| !part.is_empty());
        Ok(Schedule {
            switches: switches.map(str::parse).collect::<Result<_>>()?,
        })
    }
}

impl FromStr for Switch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Switch> {
        let parse = || {
            let (from, rest) = text.split_once('@')?;
            let (after, to) = rest.split_once(':')?;
            Some(Switch {
                from: ThreadId(from.parse().ok()?),
                after: after.parse().ok()?,
                to: ThreadId(to.parse().ok()?),
            })
        };
        parse().ok_or_else(|| {
            Error::msg(alloc::format!(
                "`{text}` is not a switch such as `0@5:1` (after 5 steps of thread 0, thread 1 runs)"
            ))
        })
    }
}
