//! Interleaving: every round gives each runtime its turn, so that a slow minute of the machine
//! falls on all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use crate::clock::Stopwatch;
use crate::probe::Probe;
use crate::runtime::Runtime;
use crate::samples::Samples;
use crate::value::Value;

/// How often, and how long, to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rounds: u32,
    /// A sample lasts at least this long: shorter calls are repeated within it.
    pub sample: Duration,
}

impl Effort {
    /// Everything once, and nothing measured.
    pub const PROBE: Self = Self {
        rounds: 0,
        sample: Duration::ZERO,
    };
}

/// What came of one task on one runtime: samples, or why there are none.
pub type Outcome = Result<Samples>;

/// Something to time: takes one sample, in seconds for whatever counts as once.
pub type Task<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// Gives each task its turn, `rounds` times. A task that fails once is not asked again.
///
/// Each round starts with another task, so that none always runs in the wake of the same one.
pub fn interleave(tasks: Vec<Result<Task<'_>>>, rounds: u32) -> Vec<Outcome> {
    let count = tasks.len();
    let mut turns: Vec<Result<(Task<'_>, Samples)>> = tasks
        .into_iter()
        .map(|task| task.map(|task| (task, Samples::default())))
        .collect();
    for round in 0..rounds as usize {
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
    turns
        .into_iter()
        .map(|turn| turn.map(|(_, samples)| samples))
        .collect()
}

/// Prepares a task on each runtime, and measures them in turn.
///
/// `prepare` gets what is needed ready, checks that it works, and warms it up.
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

/// A task that repeats `once` until a sample is long enough. `once` says how much it did: the
/// sample is the time for one of that.
pub fn repeat<'a>(
    sample: Duration,
    mut once: impl FnMut() -> Result<u32> + 'a,
) -> Result<Task<'a>> {
    // The first time translates what is translated lazily; the second time is typical.
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

/// Fails unless a guest computed what it should.
pub fn check(result: Value, expected: i64) -> Result<()> {
    ensure!(
        result.bits() == expected,
        "WRONG RESULT: {:x} instead of {expected:x}",
        result.bits()
    );
    Ok(())
}

/// How often to do what takes `once`, so that a sample lasts long enough.
fn repetitions(once: Duration, sample: Duration) -> u32 {
    let count = sample.as_nanos().div_ceil(once.as_nanos().max(1));
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

/// A peer that panics is a peer that does not support something.
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
    fn turns_interleave_and_failures_stay_apart() {
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
