//! Costs of calls: between functions of a guest, of a host function, and from the host. Also costs
//! of suspensions and exceptions.

use anyhow::Result;
use regex::Regex;

use crate::clock;
use crate::measure::{self, Effort, check, repeat};
use crate::probe::Probe;
use crate::report::{Column, Line, Report, Unit};
use crate::runtime::{Loaded, Runtime};
use crate::samples::Statistic;
use crate::value::Value;

/// Module with all three kinds of calls.
const MODULE: &str = r#"(module
  (import "host" "tick" (func $tick (param i32) (result i32)))

  ;; Deliberately naive: one comparison, two subtractions and an addition for two calls.
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

/// Module with continuations and exceptions, which most runtimes do not support.
const STACKS: &str = r#"(module
  (import "host" "tick" (func $tick (param i32) (result i32)))
  (type $thread (func)) (type $cont (cont $thread))
  (tag $yield) (tag $problem (param i32))
  (elem declare func $endless $once)

  (func $endless (loop $again (suspend $yield) (br $again)))
  (func $once (suspend $yield))

  ;; Resumes a continuation $n times, which suspends each time.
  (func (export "switches") (param $n i32) (result i32)
    (local $left i32) (local $thread (ref $cont))
    (local.set $left (local.get $n))
    (local.set $thread (cont.new $cont (ref.func $endless)))
    (loop $again
      (block $suspended (result (ref $cont))
        (resume $cont (on $yield $suspended) (local.get $thread))
        (unreachable))
      (local.set $thread)
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $n))

  ;; The same loop with a call instead of the resumption.
  (func $nothing)
  (func (export "loops") (param $n i32) (result i32)
    (local $left i32)
    (local.set $left (local.get $n))
    (loop $again
      (call $nothing)
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $n))

  ;; Creates $n continuations, each of which suspends once and is then dropped.
  (func (export "lives") (param $n i32) (result i32)
    (local $left i32)
    (local.set $left (local.get $n))
    (loop $again
      (block $suspended (result (ref $cont))
        (resume $cont (on $yield $suspended) (cont.new $cont (ref.func $once)))
        (unreachable))
      (drop)
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $n))

  (func $descend (param $depth i32) (result i32)
    (if (i32.eqz (local.get $depth)) (then (throw $problem (i32.const 1))))
    (i32.add (call $descend (i32.sub (local.get $depth) (i32.const 1))) (i32.const 0)))

  ;; Catches $n exceptions, each thrown ten frames down.
  (func (export "throws") (param $n i32) (result i32)
    (local $caught i32)
    (loop $again
      (local.set $caught
        (i32.add (local.get $caught)
          (block $handler (result i32)
            (try_table (result i32) (catch $problem $handler)
              (call $descend (i32.const 9))))))
      (br_if $again (i32.lt_u (local.get $caught) (local.get $n))))
    (local.get $caught)))"#;

const SWITCHES: i32 = 100_000;
/// A small number, because Wasmtime keeps stacks until the store is dropped.
const LIVES: i32 = 1_000;
const THROWS: i32 = 10_000;

const FIBONACCI: i32 = 27;
const FIBONACCI_RESULT: i64 = 196_418;
/// `fibonacci(n)` takes `2 * fibonacci(n + 1) - 1` calls.
const FIBONACCI_CALLS: u32 = 2 * 317_811 - 1;

const TICKS: i32 = 100_000;
const ENTRIES: u32 = 100_000;

/// Runs one kind of call many times and returns the number of calls.
type Calls = fn(&mut dyn Loaded) -> Result<u32>;

/// Measures every kind of call on every runtime.
pub fn measure(
    runtimes: &[Box<dyn Runtime>],
    only: Option<&Regex>,
    probe: &Probe,
    effort: Effort,
    statistic: Statistic,
) -> Result<Report> {
    let (bytes, stacks) = (wat::parse_str(MODULE)?, wat::parse_str(STACKS)?);
    let kinds: [(&str, &[u8], Calls); 7] = [
        ("recursive call and return", &bytes, recursive),
        ("call of a host function", &bytes, out),
        ("call of an export by the host", &bytes, into),
        ("suspension and resumption, in a loop", &stacks, switched),
        ("the same loop with an empty call", &stacks, looped),
        ("continuation created, run and dropped", &stacks, lived),
        ("exception caught ten frames up", &stacks, thrown),
    ];
    let lines = kinds
        .into_iter()
        .filter(|(task, ..)| only.is_none_or(|only| only.is_match(task)))
        .map(|(task, bytes, calls)| Line {
            task: task.to_owned(),
            group: None,
            outcomes: measure::measure(runtimes, task, probe, effort, |runtime| {
                let mut guest = runtime.load(bytes)?;
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

fn switched(guest: &mut dyn Loaded) -> Result<u32> {
    counted(guest, "switches", SWITCHES)
}

fn looped(guest: &mut dyn Loaded) -> Result<u32> {
    counted(guest, "loops", SWITCHES)
}

fn lived(guest: &mut dyn Loaded) -> Result<u32> {
    counted(guest, "lives", LIVES)
}

fn thrown(guest: &mut dyn Loaded) -> Result<u32> {
    counted(guest, "throws", THROWS)
}

/// Calls an export that repeats an operation `count` times and returns `count`.
fn counted(guest: &mut dyn Loaded, export: &str, count: i32) -> Result<u32> {
    let result = guest.call(export, &[Value::I32(count)])?;
    check(result, count.into())?;
    Ok(count.unsigned_abs())
}
