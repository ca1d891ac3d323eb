//! Faults that are found in a run.

use super::run::{End, Run};

/// The fault that a run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A thread has trapped, for this reason.
    Trap(String),
    /// A thread has failed in another way, for this reason.
    Error(String),
    /// All threads wait for each other.
    Deadlock,
    /// The program has ended in another way than in the first run.
    Exit(Option<i32>),
    /// The program has printed something else than in the first run.
    Output,
    /// Two threads have accessed memory without synchronisation.
    Race,
    /// No run has ended.
    Livelock,
}

impl Finding {
    /// Returns the fault that a run shows, compared with the first one.
    pub(super) fn of(run: &Run, first: &Run) -> Option<Finding> {
        Some(match &run.end {
            End::Trapped(trap) => Finding::Trap(trap.clone()),
            End::Failed(reason) => Finding::Error(reason.clone()),
            End::Deadlock => Finding::Deadlock,
            _ if !run.races.is_empty() => Finding::Race,
            _ if !run.is_finished() || !first.is_finished() => return None,
            end if *end != first.end => Finding::Exit(match end {
                End::Exited(code) => Some(*code),
                _ => None,
            }),
            _ if run.output != first.output => Finding::Output,
            _ => return None,
        })
    }

    /// Returns the name in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Finding::Trap(_) => "trap",
            Finding::Error(_) => "error",
            Finding::Deadlock => "deadlock",
            Finding::Exit(_) => "exit",
            Finding::Output => "output",
            Finding::Race => "race",
            Finding::Livelock => "livelock",
        }
    }
}

/// Returns the end of a run as a part of a sentence.
pub(super) fn described(end: &End) -> String {
    match end {
        End::Returned => "returns".to_string(),
        End::Exited(code) => format!("exits with code {code}"),
        End::Trapped(trap) => format!("traps: {trap}"),
        End::Deadlock => "deadlocks".to_string(),
        End::Failed(reason) => format!("fails: {reason}"),
        End::Unfinished => "does not end".to_string(),
    }
}
