//! Shortening of schedules.

use super::finding::Finding;
use super::run::{Order, Program, Run};
use crate::cli::failure::Failure;
use backstitch::scheduler::{Schedule, Switch};

/// The most runs that shortening a schedule takes.
const MOST_RUNS: usize = 5_000;

/// Removes switches from the schedule of a run as long as the fault stays (delta debugging, Zeller
/// and Hildebrandt, TSE 2002). Returns the last run that shows it.
pub(super) fn shorten(
    program: &Program<'_>,
    run: Run,
    first: &Run,
    finding: &Finding,
) -> Result<Run, Failure> {
    let mut best = run;
    let mut left = MOST_RUNS;
    let mut size = best.schedule.switches().len().div_ceil(2);
    while size != 0 {
        let mut removed = false;
        // From the end: what follows the fault has no effect, and goes first.
        let mut end = best.schedule.switches().len();
        while end != 0 && left != 0 {
            let start = end.saturating_sub(size);
            let rest = without(best.schedule.switches(), start, end);
            left -= 1;
            let run = program.run(Order::Replay(&rest))?;
            let is_shorter = run.schedule.switches().len() < best.schedule.switches().len();
            if is_shorter && Finding::of(&run, first).as_ref() == Some(finding) {
                best = run;
                removed = true;
            }
            end = start.min(best.schedule.switches().len());
        }
        // With single switches, until no one can be removed.
        size = match (size, removed) {
            (1, true) if left != 0 => 1,
            _ => size / 2,
        };
    }
    Ok(best)
}

fn without(switches: &[Switch], start: usize, end: usize) -> Schedule {
    let rest = switches[..start].iter().chain(&switches[end..]);
    Schedule::new(rest.copied())
}
