//! Dumps of stores with several threads.

use super::parsed::parse;
use super::shop::{dump_of, engines, fail};
use backstitch::coredump::{Boundary, Position, ReasonKind, ThreadState, Value};
use backstitch::scheduler::Policy;
use backstitch::wasi::{self, Deterministic, Program, Threads, WasiCtx};
use backstitch::{
    Config, CoreDump, CoreDumpOptions, Engine, Error, Execution, Func, Instance, Linker, Module,
    Outcome, Store, WasmBacktrace, WasmCoreDump,
};

struct Host {
    wasi: WasiCtx,
    threads: Threads<Host>,
}

/// Runs a program that fails. Its first thread starts one thread for each of `arguments`, which
/// execute `others` with their number and argument as locals, and then executes `first`. Returns
/// the file of the core dump.
fn dump(arguments: &[i32], first: &str, others: &str, fuel: u64) -> Vec<u8> {
    let spawn = |argument| format!("(drop (call $spawn (i32.const {argument})))");
    let spawns: String = arguments.iter().map(spawn).collect();
    let text = format!(
        r#"(module $ring
          (import "env" "memory" (memory 1 1 shared))
          (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
          (export "memory" (memory 0))
          (func $wait (param $address i32)
            (drop (memory.atomic.wait32 (local.get $address) (i32.const 0) (i64.const -1))))
          ;; Sleeps for an hour, by a subscription at 1024.
          (func $sleep
            (i64.store (i32.const 1048) (i64.const 3600000000000))
            (i32.store (i32.const 1040) (i32.const 1))
            (drop (call $poll
              (i32.const 1024) (i32.const 1088) (i32.const 1) (i32.const 1152))))
          (func $spin (loop $again (br $again)))
          (func $fail (param $place i32) (unreachable))
          (func (export "wasi_thread_start") (param $number i32) (param $argument i32) {others})
          (func (export "_start") {spawns} {first}))"#
    );
    let mut config = Config::new();
    config.consume_fuel(true).coredump_on_trap(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat::parse_str(&text).unwrap()).unwrap();
    let host = Host {
        wasi: WasiCtx::builder(Deterministic::new(1))
            .suspend_when_blocked(true)
            .build(),
        threads: Threads::new(5),
    };
    let mut store = Store::new(&engine, host);
    store.set_fuel(fuel).unwrap();
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).unwrap();
    wasi::threads::add_to_linker(&mut linker, &mut store, &module, |host: &mut Host| {
        &mut host.threads
    })
    .unwrap();
    let policy = Policy::RoundRobin { slice: 50 };
    let program = Program::new(
        policy,
        |host: &mut Host| &mut host.wasi,
        |host| &mut host.threads,
    );
    let instance = program.instantiate(&mut store, &linker, &module).unwrap();
    let start = instance.get_func(&mut store, "_start").unwrap();
    let start = start.start(&mut store, &[]).unwrap();
    let error = program.run(&mut store, start).unwrap_err();
    let (dump, _) = error.pop_context::<WasmCoreDump>().expect("a dump");
    dump.serialize(&mut store, "ring.wasm")
}

/// Returns the name, the state and the number of frames of each thread.
fn threads<'a>(dump: &'a CoreDump<'_>) -> Vec<(&'a str, Option<ThreadState>, usize)> {
    let threads = dump.threads().iter();
    threads
        .map(|thread| (&*thread.name, thread.state, thread.frames.len()))
        .collect()
}

fn waiting(address: u64) -> Option<ThreadState> {
    Some(ThreadState::Waiting { memory: 0, address })
}

#[test]
fn c19_a_trap_shows_every_thread_and_the_shared_memory() {
    let file = dump(
        &[10, 20, 30],
        "(i32.store (i32.const 8) (i32.const 77)) (call $wait (i32.const 16))",
        "(if (i32.eq (local.get $argument) (i32.const 10)) (then (call $sleep)))
         (if (i32.eq (local.get $argument) (i32.const 20))
           (then (i32.atomic.store (i32.const 12) (i32.const 1)) (call $spin)))
         ;; The last thread waits until the others have begun.
         (loop $again (br_if $again (i32.eqz (i32.atomic.load (i32.const 12)))))
         (call $fail (local.get $argument))",
        1_000_000,
    );
    let dump = CoreDump::parse(&file).unwrap();
    assert_eq!(dump.reason().unwrap().kind, ReasonKind::Trap);
    assert_eq!(
        threads(&dump),
        [
            ("thread 3", Some(ThreadState::Running), 2),
            ("main", waiting(16), 2),
            ("thread 1", Some(ThreadState::Blocked), 2),
            ("thread 2", Some(ThreadState::Ready), 2),
        ]
    );
    let youngest = |thread: usize| &dump.threads()[thread].frames[0];
    assert_eq!(
        youngest(0).locals,
        [Value::I32(30)],
        "the argument of $fail"
    );
    let positions: Vec<_> = (0..4)
        .map(|thread| youngest(thread).details.unwrap().position)
        .collect();
    assert_eq!(
        positions,
        [
            Position::Trapped,
            Position::Before,
            Position::Calling,
            Position::Before
        ]
    );
    // Each thread has an instance of its own, and all have the same memory.
    let instances: Vec<_> = (0..4).map(|thread| youngest(thread).instance).collect();
    assert_eq!(instances, [3, 0, 1, 2]);
    assert!(dump.instances().iter().all(|all| all.memories == [0]));
    let [memory] = dump.memories() else {
        panic!("one memory")
    };
    assert!(memory.is_shared());
    let mut bytes = [0; 8];
    memory.read(8, &mut bytes).unwrap();
    assert_eq!(bytes, [77, 0, 0, 0, 1, 0, 0, 0]);
    // Readers of the standard sections find the same.
    let standard = parse(&file);
    let names: Vec<_> = standard.stacks.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["thread 3", "main", "thread 1", "thread 2"]);
    assert_eq!(standard.memories[0][8], 77);
    assert_eq!(standard.stacks[0].1[0].locals, ["i32 30"]);
}

#[test]
fn c19_a_deadlock_shows_every_thread() {
    let file = dump(
        &[1, 2],
        "(call $wait (i32.const 16))",
        "(call $wait (i32.mul (local.get $number) (i32.const 32)))",
        1_000_000,
    );
    let dump = CoreDump::parse(&file).unwrap();
    let reason = dump.reason().unwrap();
    assert_eq!(
        (reason.kind, &*reason.message),
        (
            ReasonKind::Deadlock,
            "deadlock: all threads wait for a notification"
        )
    );
    assert_eq!(
        threads(&dump),
        [
            ("main", waiting(16), 2),
            ("thread 1", waiting(32), 2),
            ("thread 2", waiting(64), 2),
        ]
    );
}

#[test]
fn c19_exhausted_fuel_shows_every_thread() {
    let file = dump(&[1], "(call $wait (i32.const 16))", "(call $spin)", 10_000);
    let dump = CoreDump::parse(&file).unwrap();
    let reason = dump.reason().unwrap();
    assert_eq!(reason.kind, ReasonKind::OutOfFuel, "{reason:?}");
    assert_eq!(dump.fuel(), Some(0));
    assert_eq!(
        threads(&dump),
        [
            ("thread 1", Some(ThreadState::Ready), 2),
            ("main", waiting(16), 2),
        ]
    );
}

/// A shared memory between two others, and functions that wait.
const WELLS: &str = r#"(module $wells
  (type $f (func)) (type $c (cont $f))
  (import "host" "ask" (func $ask))
  (memory 1) (memory 1 2 shared) (memory 1)
  (elem declare func $wait)
  (func $wait (drop (memory.atomic.wait32 1 (i32.const 24) (i32.const 0) (i64.const -1))))
  (func (export "in a continuation") (resume $c (cont.new $c (ref.func $wait))))
  (func (export "ask") (call $ask))
  (func (export "nothing"))
  (func (export "fail")
    (i32.store 0 (i32.const 4) (i32.const 1))
    (i32.store 1 (i32.const 4) (i32.const 2))
    (i32.store 2 (i32.const 4) (i32.const 3))
    (drop (i32.load 2 (i32.const 65536)))))"#;

fn wells(engine: &Engine) -> (Store<()>, Instance) {
    let module = Module::new(engine, wat::parse_str(WELLS).unwrap()).unwrap();
    let mut store = Store::new(engine, ());
    let ask = || -> Result<(), Error> { Err(Error::suspend("which?")) };
    let ask = Func::wrap(&mut store, ask);
    let instance = Instance::new(&mut store, &module, &[ask.into()]).unwrap();
    (store, instance)
}

fn started(store: &mut Store<()>, instance: &Instance, name: &str) -> Execution {
    let function = instance.get_func(&mut *store, name).unwrap();
    function.start(store, &[]).unwrap()
}

#[test]
fn c19_executions_are_threads_in_the_order_of_their_names() {
    for engine in engines() {
        let (mut store, instance) = wells(&engine);
        let mut unnamed = started(&mut store, &instance, "ask");
        let mut dropped = started(&mut store, &instance, "ask");
        let mut waiting = started(&mut store, &instance, "in a continuation");
        let fresh = started(&mut store, &instance, "nothing");
        let mut ended = started(&mut store, &instance, "nothing");
        fresh.set_name(&mut store, "later");
        for (execution, name) in [(&waiting, "b"), (&ended, "ended"), (&dropped, "dropped")] {
            execution.set_name(&mut store, name);
        }
        waiting.set_name(&mut store, "well");
        for execution in [&mut unnamed, &mut dropped, &mut waiting] {
            let outcome = execution.resume(&mut store).unwrap();
            assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome:?}");
        }
        let outcome = ended.resume(&mut store).unwrap();
        assert!(matches!(outcome, Outcome::Done(_)));
        drop(dropped);

        let all = [
            ("later", Some(ThreadState::Ready), 0),
            ("well", Some(WAITS), 2),
            ("stack 1 (suspended)", Some(ThreadState::Blocked), 1),
        ];
        // Outside of all calls, no thread runs.
        let captured = WasmCoreDump::capture(&mut store);
        let names: Vec<_> = captured.threads().collect();
        assert_eq!(names, ["main", "later", "well", "stack 1 (suspended)"]);
        let file = captured.serialize(&mut store, "wells");
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(threads(&dump)[0], ("main", None, 0));
        assert_eq!(threads(&dump)[1..], all);
        let bottom = &dump.threads()[2].frames[0];
        let boundary = bottom.details.unwrap().boundary;
        assert_eq!(boundary, Boundary::Continuation);

        // An execution can be the first one, and need not be the one that was named first.
        let captured = waiting.core_dump_because(&store, ReasonKind::Deadlock, "dry");
        let file = captured.serialize(&mut store, "wells");
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(dump.reason().unwrap().message, "dry");
        assert_eq!(threads(&dump), [all[1], all[0], all[2]]);

        // A trap outside of them, in a call without a name.
        let error = fail(&mut store, &instance, "fail");
        let file = dump_of(&error).serialize(&mut store, "wells");
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(threads(&dump)[0], ("main", Some(ThreadState::Running), 1));
        assert_eq!(threads(&dump)[1..], all);
    }
}

/// The state of a thread that waits in [`WELLS`].
const WAITS: ThreadState = ThreadState::Waiting {
    memory: 1,
    address: 24,
};

#[test]
fn c19_errors_that_end_a_suspended_execution_carry_a_dump() {
    for engine in engines() {
        let (mut store, instance) = wells(&engine);
        let mut waiting = started(&mut store, &instance, "in a continuation");
        waiting.resume(&mut store).unwrap();
        let error = waiting.fail(&store, Error::msg("given up"));
        let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
        assert_eq!(backtrace.frames().len(), 2);
        let file = dump_of(&error).serialize(&mut store, "wells");
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(dump.reason().unwrap().message, "given up");
        assert_eq!(threads(&dump), [("main", Some(WAITS), 2)]);
        // It has both already.
        let again = waiting.fail(&store, error);
        let (_, inner) = again.pop_context::<WasmCoreDump>().unwrap();
        assert!(!inner.is::<WasmCoreDump>());
    }
}

#[test]
fn c04_shared_memories_that_are_left_out_keep_their_places() {
    for engine in engines() {
        let (mut store, instance) = wells(&engine);
        let mut waiting = started(&mut store, &instance, "in a continuation");
        waiting.resume(&mut store).unwrap();
        let error = fail(&mut store, &instance, "fail");
        let captured = dump_of(&error);

        let whole = captured.serialize(&mut store, "wells");
        let standard = parse(&whole);
        assert_eq!(standard.instances[0].1, [0, 1, 2]);
        let first: Vec<_> = standard.memories.iter().map(|bytes| bytes[4]).collect();
        assert_eq!(first, [1, 2, 3]);
        let dump = CoreDump::parse(&whole).unwrap();
        let shared: Vec<_> = dump.memories().iter().map(|m| m.is_shared()).collect();
        assert_eq!(shared, [false, true, false]);
        assert_eq!(dump.reason().unwrap().access.unwrap().memory, 2);

        let mut file = Vec::new();
        let mut options = CoreDumpOptions::new();
        options.shared_memories(false);
        captured
            .serialize_to(&store, "wells", &mut file, &options)
            .unwrap();
        let standard = parse(&file);
        assert_eq!(standard.instances[0].1, [0, u32::MAX, 1]);
        let first: Vec<_> = standard.memories.iter().map(|bytes| bytes[4]).collect();
        assert_eq!(first, [1, 3]);
        // The access was to the memory that is now the second one. The one that is left out has
        // the number behind it.
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(dump.memories().len(), 2);
        assert_eq!(dump.reason().unwrap().access.unwrap().memory, 1);
        let waits = ThreadState::Waiting {
            memory: 2,
            address: 24,
        };
        assert_eq!(threads(&dump)[1], ("stack 1 (suspended)", Some(waits), 2));
    }
}
