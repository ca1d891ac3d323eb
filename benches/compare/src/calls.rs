//! What a call costs: between guest functions, out to the host, and in from the host.

use anyhow::Result;
use regex::Regex;

use crate::clock;
use crate::measure::{self, Effort, check, repeat};
use crate::probe::Probe;
use crate::report::{Column, Line, Report, Unit};
use crate::runtime::{Loaded, Runtime};
use crate::samples::Statistic;
use crate::value::Value;

/// All three kinds of call in one module.
const MODULE: &str = r#"(module
  (import "host" "tick" (func $tick (param i32) (result i32)))

  ;; Naive on purpose: one comparison, two subtractions and an addition around two calls.
  (func $fibonacci (export "fibonacci") (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fibonacci (i32.sub (local.get $n) (i32.const 1)))
          (call $fibonacci (i32.sub (local.get $n) (i32.const 2)))))))

  ;; Calls the host $n times.
  (func (export "ticks") (param $n i32) (result i32)
    (local $count i32)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $again
        (local.set $count (call $tick (local.get $count)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $count))

  ;; The guest's side of a call from the host.
  (func (export "increment") (param $n i32) (result i32)
    (i32.add (local.get $n) (i32.const 1))))"#;

const FIBONACCI: i32 = 27;
const FIBONACCI_RESULT: i64 = 196_418;
/// `fibonacci(n)` takes `2 * fibonacci(n + 1) - 1` calls.
const FIBONACCI_CALLS: u32 = 2 * 317_811 - 1;

const TICKS: i32 = 100_000;
const ENTRIES: u32 = 100_000;

/// Runs one kind of call many times, and says how many.
type Calls = fn(&mut dyn Loaded) -> Result<u32>;

/// Measures every kind of call on every runtime.
pub fn measure(
    runtimes: &[Box<dyn Runtime>],
    only: Option<&Regex>,
    probe: &Probe,
    effort: Effort,
    statistic: Statistic,
) -> Result<Report> {
    let bytes = wat::parse_str(MODULE)?;
    let kinds: [(&str, Calls); 3] = [
        ("recursive call and return", recursive),
        ("host function called and back", out),
        ("export called by the host and back", into),
    ];
    let lines = kinds
        .into_iter()
        .filter(|(task, _)| only.is_none_or(|only| only.is_match(task)))
        .map(|(task, calls)| Line {
            task: task.to_owned(),
            group: None,
            outcomes: measure::measure(runtimes, task, probe, effort, |runtime| {
                let mut guest = runtime.load(&bytes)?;
                repeat(effort.sample, move || calls(guest.as_mut()))
            }),
        })
        .collect();
    Ok(Report {
        columns: Column::each(runtimes),
        lines,
        statistic,
        unit: Unit::Nanoseconds,
        clock: clock::KIND,
    })
}

fn recursive(guest: &mut dyn Loaded) -> Result<u32> {
    let result = guest.call("fibonacci", &[Value::I32(FIBONACCI)])?;
    check(result, FIBONACCI_RESULT)?;
    Ok(FIBONACCI_CALLS)
}

fn out(guest: &mut dyn Loaded) -> Result<u32> {
    let result = guest.call("ticks", &[Value::I32(TICKS)])?;
    check(result, TICKS.into())?;
    Ok(TICKS.unsigned_abs())
}

fn into(guest: &mut dyn Loaded) -> Result<u32> {
    let result = guest.call_repeatedly("increment", ENTRIES)?;
    check(Value::I32(result), ENTRIES.into())?;
    Ok(ENTRIES)
}
