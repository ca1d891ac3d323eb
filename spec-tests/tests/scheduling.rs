//! Threads of one store: the scheduler, and programs that start threads through WASI.

#[path = "scheduling/accesses.rs"]
mod accesses;
#[path = "scheduling/races.rs"]
mod races;
#[path = "scheduling/saved.rs"]
mod saved;

use backstitch::scheduler::{Event, Policy, Scheduler, ThreadId};
use backstitch::wasi::threads::Deadlock;
use backstitch::wasi::{self, Deterministic, I32Exit, Program, Threads, WasiCtx};
use backstitch::{Config, Engine, Error, Instance, Linker, Module, Store, Suspension, Trap, Val};
use std::collections::BTreeSet;
use std::time::Duration;

fn counting() -> Engine {
    let mut config = Config::new();
    config.consume_fuel(true);
    Engine::new(&config).unwrap()
}

fn policies() -> [Policy; 3] {
    [
        Policy::RoundRobin { slice: 10 },
        Policy::Random { seed: 7, slice: 10 },
        Policy::Priorities {
            seed: 7,
            changes: 3,
            length: 1_000,
        },
    ]
}

/// Functions that two threads run.
const SHARED: &str = r#"(module
    (memory (export "memory") 1 1 shared)
    (func $pause)
    ;; Adds to a number without any synchronisation. A slice can end between read and write.
    (func (export "lose") (param $n i32) (result i32) (local $old i32)
      (loop $again
        (local.set $old (i32.load (i32.const 0)))
        (call $pause)
        (i32.store (i32.const 0) (i32.add (local.get $old) (i32.const 1)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.const 0))
    (func (export "add") (param $n i32) (result i32)
      (loop $again
        (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.const 0))
    ;; Spins until another thread has stored a number.
    (func (export "spin") (param i32) (result i32)
      (loop $again (br_if $again (i32.eqz (i32.atomic.load (i32.const 8)))))
      (i32.const 1))
    (func (export "set") (param i32) (result i32)
      (i32.atomic.store (i32.const 8) (i32.const 1))
      (i32.const 2))
    (func (export "wait") (param $milliseconds i32) (result i32)
      (memory.atomic.wait32 (i32.const 12) (i32.const 0)
        (i64.mul (i64.extend_i32_s (local.get $milliseconds)) (i64.const 1000000))))
    (func (export "trap") (param i32) (result i32) unreachable))"#;

struct World {
    store: Store<()>,
    instance: Instance,
    scheduler: Scheduler,
}

impl World {
    fn new(policy: Policy) -> World {
        let engine = counting();
        let bytes = wat::parse_str(SHARED).unwrap();
        let module = Module::new(&engine, &bytes).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(1_000_000).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        World {
            store,
            instance,
            scheduler: Scheduler::new(policy),
        }
    }

    fn add(&mut self, name: &str, argument: i32) -> ThreadId {
        let function = self.instance.get_func(&mut self.store, name).unwrap();
        let execution = function.start(&mut self.store, &[Val::I32(argument)]);
        self.scheduler.add(execution.unwrap())
    }

    /// Runs until a thread ends or none can run, and returns that event.
    fn next(&mut self) -> Event {
        loop {
            match self.scheduler.step(&mut self.store).unwrap() {
                Event::Switched(_) => {}
                event => return event,
            }
        }
    }

    /// Runs all threads to their ends, and returns their numbers in this order.
    fn all(&mut self) -> Vec<u32> {
        let mut ended = Vec::new();
        while !self.scheduler.is_empty() {
            match self.next() {
                Event::Done(thread, _) => ended.push(thread.0),
                other => panic!("{other:?}"),
            }
        }
        ended
    }

    fn number(&mut self, at: usize) -> u32 {
        let memory = self.instance.get_memory(&mut self.store, "memory").unwrap();
        let mut bytes = [0; 4];
        memory.read(&self.store, at, &mut bytes).unwrap();
        u32::from_le_bytes(bytes)
    }
}

#[test]
fn atomic_additions_are_not_lost() {
    for policy in policies() {
        let mut world = World::new(policy);
        for _ in 0..4 {
            world.add("add", 100);
        }
        world.all();
        assert_eq!(world.number(4), 400, "{policy:?}");
    }
}

#[test]
fn a_lost_update_depends_on_the_seed_and_repeats() {
    let sum = |seed| {
        let mut world = World::new(Policy::Random { seed, slice: 9 });
        for _ in 0..2 {
            world.add("lose", 100);
        }
        let order = world.all();
        (world.number(0), order, world.store.fuel_spent())
    };
    let sums: Vec<_> = (0..30).map(sum).collect();
    assert_eq!(sums, (0..30).map(sum).collect::<Vec<_>>());
    let numbers: BTreeSet<u32> = sums.iter().map(|(number, ..)| *number).collect();
    assert!(numbers.iter().all(|number| (2..=200).contains(number)));
    assert!(numbers.len() > 3, "{numbers:?}");
}

#[test]
fn threads_that_spin_make_way() {
    for policy in policies() {
        let mut world = World::new(policy);
        world.store.set_fuel(100_000_000).unwrap();
        world.add("spin", 0);
        world.add("spin", 0);
        world.add("set", 0);
        let mut ended = world.all();
        ended.sort_unstable();
        assert_eq!(ended, [0, 1, 2], "{policy:?}");
    }
}

#[test]
fn the_scheduler_says_when_all_wait() {
    for policy in policies() {
        let mut world = World::new(policy);
        let long = world.add("wait", 20);
        let short = world.add("wait", 5);
        let time = Duration::from_millis;
        let Event::Idle { timeout } = world.next() else {
            panic!("both wait")
        };
        assert_eq!(timeout, Some(time(5)));
        world.scheduler.pass(&mut world.store, time(4));
        assert!(matches!(world.next(), Event::Idle { timeout: Some(left) } if left == time(1)));
        world.scheduler.pass(&mut world.store, time(2));
        let event = world.next();
        assert!(
            matches!(&event, Event::Done(thread, values) if *thread == short && values[0].unwrap_i32() == 2)
        );
        assert!(matches!(world.next(), Event::Idle { timeout: Some(left) } if left == time(14)));
        let memory = world.instance.get_memory(&mut world.store, "memory");
        let woken = memory.unwrap().atomic_notify(&mut world.store, 12, 9);
        assert_eq!(woken, Ok(1));
        let event = world.next();
        assert!(
            matches!(&event, Event::Done(thread, values) if *thread == long && values[0].unwrap_i32() == 0)
        );
        world.add("wait", -1);
        assert!(matches!(world.next(), Event::Idle { timeout: None }));
        let backtraces = world.scheduler.backtraces(&world.store);
        assert_eq!(backtraces.len(), 1);
        assert_eq!(backtraces[0].1.frames().len(), 1);
    }
}

#[test]
fn failures_and_exhausted_fuel_name_their_thread() {
    let mut world = World::new(Policy::RoundRobin { slice: 10 });
    world.add("spin", 0);
    let failing = world.add("trap", 0);
    let Event::Failed(thread, error) = world.next() else {
        panic!("it traps")
    };
    assert_eq!(thread, failing);
    assert_eq!(
        error.downcast_ref(),
        Some(&Trap::UnreachableCodeReached),
        "{error:?}"
    );
    world.store.set_fuel(100).unwrap();
    assert!(matches!(world.next(), Event::OutOfFuel(ThreadId(0))));
    assert_eq!(world.store.get_fuel().unwrap(), 0);
    // It goes on with more fuel.
    world.store.set_fuel(1000).unwrap();
    world.add("set", 0);
    assert_eq!(world.all(), [2, 0]);
}

#[test]
fn the_embedder_resumes_threads_that_it_suspended() {
    let engine = counting();
    let text = r#"(module
        (import "host" "ask" (func $ask (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (i32.add (call $ask (local.get 0)) (i32.const 1))))"#;
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1000).unwrap();
    let mut linker = Linker::new(&engine);
    let ask = |question: i32| -> Result<i32, Error> { Err(Error::suspend(question)) };
    linker.func_wrap("host", "ask", ask).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut scheduler = Scheduler::new(Policy::RoundRobin { slice: 100 });
    for argument in [10, 20] {
        let execution = run.start(&mut store, &[Val::I32(argument)]).unwrap();
        scheduler.add(execution);
    }
    let mut questions = Vec::new();
    while let Event::Suspended(thread, Suspension::Host(request)) =
        scheduler.step(&mut store).unwrap()
    {
        questions.push((thread, *request.downcast_ref::<i32>().unwrap()));
    }
    assert_eq!(questions, [(ThreadId(0), 10), (ThreadId(1), 20)]);
    assert!(scheduler.resume_with(ThreadId(1), vec![Val::I32(41)]));
    assert!(
        !scheduler.resume_with(ThreadId(1), vec![]),
        "it is not suspended"
    );
    let event = scheduler.step(&mut store).unwrap();
    assert!(
        matches!(&event, Event::Done(ThreadId(1), values) if values[0].unwrap_i32() == 42),
        "{event:?}"
    );
    let event = scheduler.step(&mut store).unwrap();
    assert!(matches!(event, Event::Idle { timeout: None }), "{event:?}");
}

struct Host {
    wasi: WasiCtx,
    threads: Threads<Host>,
}

/// A program that has not run.
struct Prepared {
    store: Store<Host>,
    module: Module,
    instance: Instance,
    program: Program<Host>,
}

impl Prepared {
    /// Creates a program with these bodies of its first thread and of the others.
    fn new(policy: Policy, first: &str, other: &str) -> Prepared {
        let text = format!(
            r#"(module
              (import "env" "memory" (memory 1 1 shared))
              (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
              (export "memory" (memory 0))
              ;; Sleeps for some milliseconds, by a subscription at 1024 and the thread's own.
              (func $sleep (param $milliseconds i32) (param $at i32)
                (i64.store offset=24 (local.get $at)
                  (i64.mul (i64.extend_i32_u (local.get $milliseconds)) (i64.const 1000000)))
                (i32.store offset=16 (local.get $at) (i32.const 1))
                (drop (call $poll (local.get $at) (i32.add (local.get $at) (i32.const 64))
                  (i32.const 1) (i32.add (local.get $at) (i32.const 128)))))
              (func (export "wasi_thread_start") (param $number i32) (param $argument i32) {other})
              (func (export "_start") (result i32) (local $n i32) {first}))"#
        );
        let engine = counting();
        let module = Module::new(&engine, wat::parse_str(&text).unwrap()).unwrap();
        assert!(wasi::threads::has_threads(&module));
        let host = Host {
            wasi: WasiCtx::builder(Deterministic::new(1))
                .suspend_when_blocked(true)
                .build(),
            threads: Threads::new(5),
        };
        let mut store = Store::new(&engine, host);
        store.set_fuel(10_000_000).unwrap();
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).unwrap();
        wasi::threads::add_to_linker(&mut linker, &mut store, &module, |host: &mut Host| {
            &mut host.threads
        })
        .unwrap();
        let program = Prepared::empty(policy);
        let instance = program.instantiate(&mut store, &linker, &module).unwrap();
        Prepared {
            store,
            module,
            instance,
            program,
        }
    }

    /// Creates the execution of a program that has no threads yet.
    fn empty(policy: Policy) -> Program<Host> {
        Program::new(
            policy,
            |host: &mut Host| &mut host.wasi,
            |host: &mut Host| &mut host.threads,
        )
    }

    /// Starts the first thread.
    fn start(&mut self) {
        let start = self.instance.get_func(&mut self.store, "_start").unwrap();
        let first = start.start(&mut self.store, &[]).unwrap();
        self.program.start(&mut self.store, first);
    }
}

/// Runs a program whose first thread executes `first`, and the others `other`, which have the
/// thread's number and argument as locals 0 and 1.
fn program(policy: Policy, first: &str, other: &str) -> (Result<Vec<Val>, Error>, Store<Host>) {
    let mut prepared = Prepared::new(policy, first, other);
    prepared.start();
    let ended = prepared.program.finish(&mut prepared.store);
    (ended, prepared.store)
}

#[test]
fn a_program_starts_threads_and_waits_for_them() {
    for policy in policies() {
        let (ended, _) = program(
            policy,
            // Five can be live; the sixth cannot be started.
            "(loop $again
               (if (i32.le_s (call $spawn (local.get $n)) (i32.const 0))
                 (then (i32.atomic.store (i32.const 0) (i32.const 1000))))
               (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                 (i32.const 5))))
             (loop $again
               (drop (memory.atomic.wait32 (i32.const 4) (local.tee $n
                 (i32.atomic.load (i32.const 4))) (i64.const -1)))
               (br_if $again (i32.lt_u (i32.atomic.load (i32.const 4)) (i32.const 5))))
             (i32.atomic.load (i32.const 0))",
            "(call $sleep (local.get $argument) (i32.mul (i32.const 1024) (local.get $number)))
             (drop (i32.atomic.rmw.add (i32.const 0) (local.get $argument)))
             (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
             (drop (memory.atomic.notify (i32.const 4) (i32.const 1)))",
        );
        assert_eq!(ended.unwrap()[0].unwrap_i32(), 10, "{policy:?}");
    }
}

#[test]
fn the_number_of_threads_is_limited() {
    let (ended, _) = program(
        Policy::RoundRobin { slice: 1000 },
        "(loop $again
           (br_if $again (i32.gt_s (call $spawn (i32.const 0)) (local.tee $n
             (i32.add (local.get $n) (i32.const 1))))) )
         (local.get $n)",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
    );
    // Threads 1 to 5 were started; the next call fails.
    let _ = ended.unwrap();
    let (ended, _) = program(
        Policy::RoundRobin { slice: 1000 },
        "(drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 0)))
         (drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 0)))
         (drop (call $spawn (i32.const 0))) (call $spawn (i32.const 0))",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
    );
    assert_eq!(ended.unwrap()[0].unwrap_i32(), -6);
}

#[test]
fn any_thread_ends_the_program() {
    let forever = "(drop (call $spawn (i32.const 9))) (loop $again (br $again)) (i32.const 0)";
    for policy in policies() {
        let (ended, _) = program(policy, forever, "(call $exit (local.get $argument))");
        let error = ended.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&I32Exit(9)), "{error:?}");

        let (ended, _) = program(policy, forever, "unreachable");
        let error = ended.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
        assert!(error.to_string().contains("thread 1"), "{error}");
    }
}

#[test]
fn a_deadlock_is_reported_with_all_threads() {
    let wait = "(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))";
    for policy in policies() {
        let first = format!("(drop (call $spawn (i32.const 0))) {wait}");
        let (ended, _) = program(policy, &first, &format!("(drop {wait})"));
        let error = ended.unwrap_err();
        let deadlock: &Deadlock = error.downcast_ref().unwrap();
        let numbers: Vec<i32> = deadlock
            .backtraces
            .iter()
            .map(|(number, _)| *number)
            .collect();
        assert_eq!(numbers, [0, 1]);
        for (_, backtrace) in &deadlock.backtraces {
            assert_eq!(backtrace.frames().len(), 1);
        }
        let shown = deadlock.to_string();
        assert!(shown.contains("\nthread 1: "), "{shown}");
    }
}

/// Sleeping advances the clock of the host, and nothing else: the program sleeps for an hour.
#[test]
fn time_passes_while_all_threads_sleep() {
    let (ended, mut store) = program(
        Policy::RoundRobin { slice: 100 },
        "(drop (call $spawn (i32.const 3600000)))
         (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 9000000000000)))
         (i32.atomic.load (i32.const 0))",
        "(call $sleep (local.get $argument) (i32.const 1024))
         (i32.atomic.store (i32.const 0) (i32.const 5))
         (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))",
    );
    assert_eq!(ended.unwrap()[0].unwrap_i32(), 5);
    let _ = store.data_mut();
}

#[test]
fn a_program_without_fuel_stops() {
    let (ended, _) = program(
        Policy::RoundRobin { slice: 1000 },
        "(drop (call $spawn (i32.const 0))) (loop $again (br $again)) (i32.const 0)",
        "(loop $again (br $again))",
    );
    let error = ended.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel), "{error:?}");
}
