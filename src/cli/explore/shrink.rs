//! Shortening of schedules.

use super::finding::Finding;
use super::run::{Order, Program, Run};
use crate::cli::failure::Failure;
use backstitch::scheduler::Schedule;

/// The most runs that shortening a schedule takes.
const MOST_RUNS: usize = 5_000;

/// The most switches of a schedule from which pairs are removed.
const MOST_PAIRED: usize = 40;

/// Removes switches from the schedule of a run as long as the fault stays. Returns the last run that
/// shows it.
///
/// First, runs of switches are removed, half of all to begin with (delta debugging, Zeller and
/// Hildebrandt, TSE 2002). Then, two switches that are not neighbours are removed at a time: a
/// schedule often leaves the usual order with one and returns to it with another one.
pub(super) fn shorten(
    program: &Program<'_>,
    run: Run,
    first: &Run,
    finding: &Finding,
) -> Result<Run, Failure> {
    let mut search = Shortening {
        program,
        first,
        finding,
        best: run,
        left: MOST_RUNS,
    };
    search.remove_runs()?;
    while search.remove_pair()? {
        search.remove_runs()?;
    }
    Ok(search.best)
}

struct Shortening<'a> {
    program: &'a Program<'a>,
    first: &'a Run,
    finding: &'a Finding,
    /// The run with the shortest schedule so far.
    best: Run,
    /// The number of runs that may still be made.
    left: usize,
}

impl Shortening<'_> {
    fn len(&self) -> usize {
        self.best.schedule.switches().len()
    }

    /// Removes the switches that are not kept, if the fault stays. Returns `false` if it does not.
    fn attempt(&mut self, keeps: impl Fn(usize) -> bool) -> Result<bool, Failure> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(false);
        };
        self.left = left;
        let switches = self.best.schedule.switches().iter().enumerate();
        let kept = switches.filter(|&(index, _)| keeps(index));
        let schedule = Schedule::new(kept.map(|(_, switch)| *switch));
        let run = self.program.run(Order::Replay(&schedule))?;
        let is_shorter = run.schedule.switches().len() < self.len();
        let found = is_shorter && Finding::of(&run, self.first).as_ref() == Some(self.finding);
        if found {
            self.best = run;
        }
        Ok(found)
    }

    /// Removes runs of switches, until no single one can be removed.
    fn remove_runs(&mut self) -> Result<(), Failure> {
        let mut size = self.len().div_ceil(2);
        while size != 0 {
            let mut removed = false;
            // From the end: what follows the fault has no effect, and goes first.
            let mut end = self.len();
            while end != 0 {
                let start = end.saturating_sub(size);
                removed |= self.attempt(|index| !(start..end).contains(&index))?;
                end = start.min(self.len());
            }
            size = match (size, removed) {
                (1, true) => 1,
                _ => size / 2,
            };
        }
        Ok(())
    }

    /// Removes two switches. Returns `false` if there are no two that can be removed.
    fn remove_pair(&mut self) -> Result<bool, Failure> {
        if self.len() > MOST_PAIRED {
            return Ok(false);
        }
        for second in (1..self.len()).rev() {
            for first in (0..second).rev() {
                if self.attempt(|index| index != first && index != second)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
