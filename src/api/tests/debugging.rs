//! Breakpoints, watched bytes and single steps (D3).

use super::timelines::Log;
use crate::coredump::Value;
use crate::{
    Config, CoverageKind, Dispatch, Engine, Execution, Instance, Module, Outcome, Recorder,
    Replayer, Result, Store, Suspension, Timeline, TimelineOptions, Val, Watchpoint,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Functions that call each other, a generator, and writes to a memory.
const TEXT: &str = r#"(module
  (type $f (func))
  (type $k (cont $f))
  (tag $yield (param i32))
  (memory (export "memory") 1)
  (func $square (param $n i32) (result i32)
    (i32.mul (local.get $n) (local.get $n)))
  (func $count
    (suspend $yield (call $square (i32.const 3)))
    (i32.store (i32.const 16) (i32.const 7))
    (suspend $yield (call $square (i32.const 5))))
  (elem declare func $count)
  (func (export "run") (result i32) (local $sum i32) (local $k (ref null $k))
    (local.set $k (cont.new $k (ref.func $count)))
    (loop $next
      (block $yielded (result i32 (ref $k))
        (resume $k (on $yield $yielded) (local.get $k))
        (return (local.get $sum)))
      (local.set $k)
      (local.set $sum (i32.add (local.get $sum)))
      (i32.store (i32.const 32) (local.get $sum))
      (br $next))
    (unreachable)))"#;

/// Suspensions, resumptions and exceptions that leave or enter several frames at once.
const JUMPS: &str = r#"(module
  (type $f (func))
  (type $k (cont $f))
  (tag $yield (param i32))
  (tag $wrong)
  (global $other (mut (ref null $k)) (ref.null $k))
  (func $yield (param $n i32)
    (if (i32.ge_u (local.get $n) (i32.const 10)) (then (throw $wrong)))
    (suspend $yield (local.get $n)))
  (func $deep (param $n i32)
    (if (local.get $n)
      (then (call $deep (i32.sub (local.get $n) (i32.const 1))))
      (else (call $yield (i32.const 4)) (call $yield (i32.const 10)))))
  (func $generator
    (block $caught
      (try_table (catch $wrong $caught)
        (call $deep (i32.const 3))))
    (call $yield (i32.const 30)))
  (func $handled
    (block $caught
      (try_table (catch_all $caught) (call $outer))
      (return))
    (call $inner))
  (func $outer (call $inner))
  (func $inner (call $deep (i32.const 2)))
  (elem declare func $generator $handled)
  (func $next (param $k (ref null $k)) (result i32 (ref null $k))
    (block $yielded (result i32 (ref $k))
      (resume $k (on $yield $yielded) (local.get $k))
      (return (i32.const 0) (ref.null $k))))
  (func $begin (result i32)
    (call $next (cont.new $k (ref.func $generator)))
    (global.set $other))
  (func (export "run") (result i32) (local $sum i32) (local $k (ref null $k))
    (local.set $sum (call $begin))
    (local.set $k (cont.new $k (ref.func $handled)))
    (block $ended
      (try_table (catch $wrong $ended)
        (loop $more
          (call $next (local.get $k))
          (local.set $k)
          (local.set $sum (i32.add (local.get $sum)))
          (br_if $more (i32.eqz (ref.is_null (local.get $k)))))))
    (block $ended
      (try_table (catch $wrong $ended)
        (call $next (global.get $other))
        (drop) (drop)))
    (i32.add (local.get $sum) (i32.const 22))))"#;

fn engine(dispatch: Dispatch) -> Engine {
    let mut config = Config::new();
    config.dispatch(dispatch).consume_fuel(true);
    config.wasm_stack_switching(true);
    Engine::new(&config).unwrap()
}

fn start(store: &mut Store<()>, module: &Module) -> (Instance, Execution) {
    store.set_fuel(1 << 20).unwrap();
    let instance = Instance::new(&mut *store, module, &[]).unwrap();
    let run = instance.get_func(&mut *store, "run").unwrap();
    let execution = run.start(&mut *store, &[]).unwrap();
    (instance, execution)
}

/// Runs the program in single steps, and returns the position of each.
fn steps(engine: &Engine, module: &Module) -> Vec<(u32, u32)> {
    let mut store = Store::new(engine, ());
    let (_, mut execution) = start(&mut store, module);
    store.single_step(true).unwrap();
    let mut steps = Vec::new();
    let mut outcome = execution.resume(&mut store);
    while is_stop(&outcome) {
        steps.push(position(&store, &execution));
        outcome = execution.resume(&mut store);
    }
    assert!(is_done(&outcome), "{outcome:?}");
    steps
}

/// Returns the positions of a replay of a program.
fn replayed(engine: &Engine, text: &str) -> Vec<(u32, u32)> {
    let log = Log::default();
    let mut store = Store::new(engine, ());
    let recorder = Recorder::new(log.clone()).embed_modules(true);
    recorder.start(&mut store).unwrap();
    let module = Module::new(engine, text).unwrap();
    let (_, mut execution) = start(&mut store, &module);
    assert!(is_done(&execution.resume(&mut store)));
    store.end_recording(0, "").unwrap();
    let replayer = Replayer::new(log.bytes()).unwrap();
    let mut timeline = Timeline::new(replayer, &TimelineOptions::new()).unwrap();
    timeline.seek(0).unwrap();
    let mut positions = Vec::new();
    loop {
        if let Some(frame) = timeline.backtrace().frames().first() {
            positions.push((frame.func_index(), frame.module_offset().unwrap() as u32));
        }
        if !timeline.step().unwrap() {
            return positions;
        }
    }
}

/// Returns the function and the offset of the youngest frame.
fn position(store: &Store<()>, execution: &Execution) -> (u32, u32) {
    let backtrace = execution.backtrace(store);
    let frame = &backtrace.frames()[0];
    (frame.func_index(), frame.module_offset().unwrap() as u32)
}

fn is_stop(outcome: &Result<Outcome>) -> bool {
    matches!(outcome, Ok(Outcome::Suspended(Suspension::Breakpoint)))
}

fn is_done(outcome: &Result<Outcome>) -> bool {
    matches!(outcome, Ok(Outcome::Done(values)) if matches!(values[..], [Val::I32(34)]))
}

/// Returns the steps of a program, after comparing them with the positions of a replay, which stops at
/// instructions that cost fuel.
fn compared_steps(engine: &Engine, text: &str) -> Vec<(u32, u32)> {
    let module = Module::new(engine, text).unwrap();
    let steps = steps(engine, &module);
    let replayed = replayed(engine, text);
    let counted = |step: &&(u32, u32)| replayed.contains(step);
    let counted: Vec<(u32, u32)> = steps.iter().filter(counted).copied().collect();
    assert_eq!(counted, replayed);
    assert!(steps.len() > replayed.len());
    steps
}

#[test]
fn jumps_across_frames_are_steps() {
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        compared_steps(&engine(dispatch), JUMPS);
    }
}

#[test]
fn steps_visit_every_instruction_and_breakpoints_the_same_places() {
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = engine(dispatch);
        let module = Module::new(&engine, TEXT).unwrap();
        let steps = compared_steps(&engine, TEXT);

        // Breakpoints at a third of them, set while the program is suspended, stop at the same places.
        let mut store = Store::new(&engine, ());
        let (_, mut execution) = start(&mut store, &module);
        store.single_step(true).unwrap();
        assert!(is_stop(&execution.resume(&mut store)));
        store.single_step(false).unwrap();
        let chosen: Vec<(u32, u32)> = steps.iter().copied().step_by(3).skip(1).collect();
        for &(_, offset) in &chosen {
            store.add_breakpoint(&module, offset).unwrap();
        }
        let expected = steps.iter().skip(1).filter(|step| chosen.contains(step));
        for expected in expected {
            assert!(is_stop(&execution.resume(&mut store)));
            assert_eq!(position(&store, &execution), *expected);
        }
        assert!(is_done(&execution.resume(&mut store)));
    }
}

#[test]
fn other_stores_do_not_stop() {
    let engine = engine(Dispatch::best());
    let module = Module::new(&engine, TEXT).unwrap();
    let (mut stopped, mut free) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let (_, mut first) = start(&mut stopped, &module);
    let (_, mut second) = start(&mut free, &module);
    let offset = module.instruction_from(0).unwrap();
    assert!(stopped.add_breakpoint(&module, offset).unwrap());
    assert!(!stopped.add_breakpoint(&module, offset).unwrap());
    assert!(is_stop(&first.resume(&mut stopped)));
    assert!(is_done(&second.resume(&mut free)));
    // A new instance of the module has the breakpoint too.
    let (_, mut third) = start(&mut stopped, &module);
    assert!(is_stop(&third.resume(&mut stopped)));
    assert!(stopped.remove_breakpoint(&module, offset).unwrap());
    assert!(is_done(&first.resume(&mut stopped)));
    assert!(is_done(&third.resume(&mut stopped)));
}

#[test]
fn watched_bytes_stop_before_they_are_written() {
    let engine = engine(Dispatch::best());
    let module = Module::new(&engine, TEXT).unwrap();
    let mut store = Store::new(&engine, ());
    let (instance, mut execution) = start(&mut store, &module);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let watch = |store: &mut Store<()>, bytes| {
        let (reads, writes) = (false, true);
        let watchpoint = Watchpoint {
            memory,
            bytes,
            reads,
            writes,
        };
        store.watch(&[watchpoint]).unwrap();
    };
    watch(&mut store, 18..19);
    let outcome = execution.resume(&mut store).unwrap();
    let Outcome::Suspended(Suspension::Watchpoint(access)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((access.address, access.size), (16, 4));
    assert_eq!(memory.data(&store)[16], 0);
    assert_eq!(position(&store, &execution).0, 1);
    watch(&mut store, 32..36);
    // The first sum was written before, while these bytes were not watched.
    let outcome = execution.resume(&mut store).unwrap();
    let stopped = matches!(outcome, Outcome::Suspended(Suspension::Watchpoint(_)));
    assert!(stopped, "{outcome:?}");
    assert_eq!((memory.data(&store)[16], memory.data(&store)[32]), (7, 9));
    assert!(is_done(&execution.resume(&mut store)));
}

#[test]
fn probes_are_refused_where_they_cannot_be() {
    let engine = engine(Dispatch::best());
    let module = Module::new(&engine, TEXT).unwrap();
    let mut store = Store::new(&engine, ());
    let first = module.instruction_from(0).unwrap();
    let error = store.add_breakpoint(&module, first).unwrap_err();
    assert!(error.to_string().contains("no instance"), "{error}");
    let _ = start(&mut store, &module);
    let error = store.add_breakpoint(&module, first + 1).unwrap_err();
    assert!(error.to_string().contains("no instruction"), "{error}");
    let error = store.fork(()).unwrap_err();
    assert!(error.to_string().contains("breakpoints"), "{error}");
}

#[test]
#[cfg_attr(miri, ignore = "it takes long")]
fn modules_from_archives_stop_at_the_same_places() {
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = engine(dispatch);
        let module = Module::new(&engine, TEXT).unwrap();
        let archive = module.serialize().unwrap();
        let archived = Module::deserialize_checked(&engine, archive).unwrap();
        assert_eq!(steps(&engine, &archived), steps(&engine, &module));
    }
}

#[test]
fn counts_are_those_of_single_steps() {
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = engine(dispatch);
        let module = Module::new(&engine, TEXT).unwrap();
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for (_, offset) in steps(&engine, &module) {
            *counts.entry(offset).or_default() += 1;
        }
        for kind in [CoverageKind::Counts, CoverageKind::Once] {
            let mut store = Store::new(&engine, ());
            store.count_executions(Some(kind)).unwrap();
            for calls in 1..4 {
                let (_, mut execution) = start(&mut store, &module);
                assert!(is_done(&execution.resume(&mut store)));
                let coverage = &store.coverage()[0];
                let mut next = module.instruction_from(0);
                while let Some(offset) = next {
                    let of_steps = counts.get(&offset).copied().unwrap_or(0);
                    let expected = match kind {
                        CoverageKind::Counts => of_steps * calls,
                        CoverageKind::Once => of_steps.min(1),
                    };
                    assert_eq!(coverage.count_at(offset), expected, "at {offset:#x}");
                    next = module.instruction_from(offset + 1);
                }
            }
        }
    }
}

/// Frames have their values on both sides of a continuation's end.
#[test]
fn d3_frames_of_suspended_executions_have_their_values() {
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = engine(dispatch);
        let module = Module::new(&engine, TEXT).unwrap();
        let mut store = Store::new(&engine, ());
        let (instance, mut execution) = start(&mut store, &module);
        assert!(execution.frame_state(&store, 0).is_none());
        // Before the multiplication.
        let body = module.0.bodies[0].clone();
        let mut offset = module.instruction_from(body.start as u32).unwrap();
        for _ in 0..2 {
            offset = module.instruction_from(offset + 1).unwrap();
        }
        store.add_breakpoint(&module, offset).unwrap();
        let outcome = execution.resume(&mut store).unwrap();
        assert!(matches!(
            outcome,
            Outcome::Suspended(Suspension::Breakpoint)
        ));
        let youngest = execution.frame_state(&store, 0).unwrap();
        assert_eq!(youngest.instance(), instance);
        assert_eq!(youngest.module_offset(), offset);
        assert_eq!(youngest.locals(), [Value::I32(3)]);
        assert_eq!(youngest.operands(), [Value::I32(3), Value::I32(3)]);
        assert!(!youngest.is_calling());
        let (count, run) = (
            execution.frame_state(&store, 1).unwrap(),
            execution.frame_state(&store, 2).unwrap(),
        );
        assert_eq!((count.func_index(), run.func_index()), (1, 2));
        assert!(count.is_calling() && count.operands().is_empty());
        assert_eq!(count.stack(), youngest.stack());
        assert!(count.fp() < youngest.fp());
        assert_eq!(run.locals()[0], Value::I32(0));
        assert_eq!(execution.stacks(&store), [count.stack(), run.stack()]);
        assert!(execution.frame_state(&store, 3).is_none());
    }
}

#[test]
fn d3_values_of_stopped_frames_can_be_set() {
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = engine(dispatch);
        let module = Module::new(&engine, TEXT).unwrap();
        let mut store = Store::new(&engine, ());
        let (_, mut execution) = start(&mut store, &module);
        let error = execution.set_local(&mut store, 0, 0, Val::I32(1));
        assert!(error.is_err());
        let square = module.0.bodies[0].start as u32;
        let square = module.instruction_from(square).unwrap();
        store.add_breakpoint(&module, square).unwrap();
        execution.resume(&mut store).unwrap();
        execution.set_local(&mut store, 0, 0, Val::I32(9)).unwrap();
        execution
            .set_local(&mut store, 2, 0, Val::I32(1000))
            .unwrap();
        for (frame, local, value, message) in [
            (0, 0, Val::I64(1), "expected i32, found i64"),
            (0, 1, Val::I32(1), "no local 1"),
            (2, 1, Val::I32(1), "is a reference"),
            (3, 0, Val::I32(1), "no frame 3"),
        ] {
            let error = execution.set_local(&mut store, frame, local, value);
            let error = format!("{:#}", error.unwrap_err());
            assert!(error.contains(message), "{error}");
        }
        store.remove_breakpoint(&module, square).unwrap();
        // Before the multiplication, a value on the operand stack is not the local any more.
        store.single_step(true).unwrap();
        for _ in 0..2 {
            execution.resume(&mut store).unwrap();
        }
        execution.set_local(&mut store, 0, 0, Val::I32(1)).unwrap();
        execution
            .set_operand(&mut store, 0, 1, Val::I32(10))
            .unwrap();
        store.single_step(false).unwrap();
        let Outcome::Done(results) = execution.resume(&mut store).unwrap() else {
            panic!("it stopped");
        };
        assert_eq!(results[0].unwrap_i32(), 1000 + 9 * 10 + 25);
    }
}

#[test]
fn d3_values_that_share_a_slot_cannot_be_set() {
    let engine = engine(Dispatch::best());
    let text = r#"(module
      (func $one (result i32) (i32.const 1))
      (func (export "run") (param i32) (result i32)
        (i32.add (local.get 0) (i32.add (i32.const 3) (call $one)))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut execution = run.start(&mut store, &[Val::I32(5)]).unwrap();
    let one = module.instruction_from(0).unwrap();
    store.add_breakpoint(&module, one).unwrap();
    execution.resume(&mut store).unwrap();
    // The caller's code reads the parameter and the constant when the call has returned.
    for (error, message) in [
        (
            execution.set_local(&mut store, 1, 0, Val::I32(1)),
            "local 0 is in the same slot as operand 0 here",
        ),
        (
            execution.set_operand(&mut store, 1, 0, Val::I32(1)),
            "operand 0 is in the same slot as local 0 here",
        ),
        (
            execution.set_operand(&mut store, 1, 1, Val::I32(1)),
            "operand 1 is not in a slot",
        ),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
