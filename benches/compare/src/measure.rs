//! Interleaved measurement: every round gives each runtime a turn, so that slow phases of the
//! machine affect all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use crate::clock::Stopwatch;
use crate::probe::Probe;
use crate::runtime::Runtime;
use crate::samples::Samples;
use crate::value::Value;

/// Number of rounds and duration of samples.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rounds: u32,
    /// Minimum duration of a sample. Shorter calls are repeated within it.
    pub sample: Duration,
}

impl Effort {
    /// Does everything once without measuring.
    pub const PROBE: Self = Self {
        rounds: 0,
        sample: Duration::ZERO,
    };
}

/// Samples of one task on one runtime, or the error that prevented them.
pub type Outcome = Result<Samples>;

/// Takes one sample: the time in seconds per unit of work.
pub type Task<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// A task with its samples so far, or the error that ended it.
type Turn<'a> = Result<(Task<'a>, Samples)>;

/// Runs each task once per round, for `rounds` rounds. A task that has failed is not run again.
pub fn interleave(tasks: Vec<Result<Task<'_>>>, rounds: u32) -> Vec<Outcome> {
    let mut turns = turns(tasks);
    for round in 0..rounds as usize {
        take_turns(&mut turns, round);
    }
    outcomes(turns)
}

/// Runs the tasks of all groups in every round: those of a group in turn, one group after another.
/// `begin` is called with the number of each round.
///
/// A round takes long, so a change of the machine's state lies between rounds for most groups.
pub fn interleave_groups(
    groups: Vec<Vec<Result<Task<'_>>>>,
    rounds: u32,
    begin: impl Fn(u32),
) -> Vec<Vec<Outcome>> {
    let mut groups: Vec<Vec<Turn<'_>>> = groups.into_iter().map(turns).collect();
    for round in 0..rounds {
        begin(round);
        for turns in &mut groups {
            take_turns(turns, round as usize);
        }
    }
    groups.into_iter().map(outcomes).collect()
}

fn turns(tasks: Vec<Result<Task<'_>>>) -> Vec<Turn<'_>> {
    let with_samples = |task| (task, Samples::default());
    tasks
        .into_iter()
        .map(|task| task.map(with_samples))
        .collect()
}

/// Gives each task a turn. Each round starts with another task, so that no task always runs after the
/// same one.
fn take_turns(turns: &mut [Turn<'_>], round: usize) {
    let count = turns.len();
    for turn in 0..count {
        let slot = &mut turns[(round + turn) % count];
        if let Ok((task, samples)) = slot {
            match guarded(task) {
                Ok(seconds) => samples.push(seconds),
                Err(error) => *slot = Err(error),
            }
        }
    }
}

fn outcomes(turns: Vec<Turn<'_>>) -> Vec<Outcome> {
    turns
        .into_iter()
        .map(|turn| turn.map(|(_, samples)| samples))
        .collect()
}

/// Prepares a task on each runtime, and measures them in turn.
///
/// `prepare` loads the task, checks that it works, and warms it up.
pub fn measure<'a>(
    runtimes: &[Box<dyn Runtime>],
    task: &str,
    probe: &Probe,
    effort: Effort,
    prepare: impl Fn(&dyn Runtime) -> Result<Task<'a>>,
) -> Vec<Outcome> {
    let tasks = runtimes
        .iter()
        .map(|runtime| {
            let runtime = runtime.as_ref();
            probe.survives(runtime, task)?;
            guarded(|| prepare(runtime))
        })
        .collect();
    interleave(tasks, effort.rounds)
}

/// Creates a task that repeats `once` until a sample is long enough. `once` returns how many units
/// of work it did.
pub fn repeat<'a>(
    sample: Duration,
    mut once: impl FnMut() -> Result<u32> + 'a,
) -> Result<Task<'a>> {
    // The first call includes lazy translation; the second one is typical.
    once()?;
    if sample.is_zero() {
        return Ok(Box::new(|| Ok(0.0)));
    }
    let stopwatch = Stopwatch::start();
    once()?;
    let repetitions = repetitions(stopwatch.elapsed(), sample);
    Ok(Box::new(move || {
        let mut done = 0.0;
        let stopwatch = Stopwatch::start();
        for _ in 0..repetitions {
            done += f64::from(once()?);
        }
        Ok(stopwatch.elapsed().as_secs_f64() / done)
    }))
}

/// Fails unless a guest's result is the expected one.
pub fn check(result: Value, expected: i64) -> Result<()> {
    ensure!(
        result.bits() == expected,
        "WRONG RESULT: {:x} instead of {expected:x}",
        result.bits()
    );
    Ok(())
}

/// Returns how often to repeat work that takes `once`, so that a sample is long enough.
fn repetitions(once: Duration, sample: Duration) -> u32 {
    let count = sample.as_nanos().div_ceil(once.as_nanos().max(1));
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

/// Converts panics to errors, because some peers panic if they do not support something.
pub fn guarded<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(anyhow!("panicked: {message}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Statistic;

    #[test]
    fn tasks_are_interleaved_and_failures_do_not_affect_others() {
        let order = std::cell::RefCell::new(Vec::new());
        let task = |name: char| -> Result<Task<'_>> {
            let order = &order;
            Ok(Box::new(move || {
                order.borrow_mut().push(name);
                Ok(1.0)
            }))
        };
        let failing: Result<Task<'_>> = Ok(Box::new(|| panic!("no")));
        let outcomes = interleave(vec![task('a'), failing, task('b')], 2);
        assert_eq!(
            outcomes[0].as_ref().unwrap().summary(Statistic::Best),
            Some(1.0)
        );
        assert_eq!(
            outcomes[1].as_ref().unwrap_err().to_string(),
            "panicked: no"
        );
        assert_eq!(*order.borrow(), ['a', 'b', 'b', 'a']);
    }

    #[test]
    fn short_calls_are_repeated() {
        let sample = Duration::from_millis(10);
        assert_eq!(repetitions(Duration::from_millis(3), sample), 4);
        assert_eq!(repetitions(Duration::from_secs(1), sample), 1);
        assert_eq!(repetitions(Duration::ZERO, sample), 10_000_000);
    }
}
