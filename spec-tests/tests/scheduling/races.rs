//! Schedules of steps, and the detection of data races.

use backstitch::scheduler::{
    Event, Listener, Policy, Position, Race, RaceDetector, Schedule, Scheduler, Switch, ThreadId,
};
use backstitch::{Access, AccessKind, Config, Engine, Instance, Memory, Module, Store};
use std::sync::{Arc, Mutex};

/// A listener that detects races, and records which thread accesses memory.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    races: RaceDetector,
    order: Vec<u32>,
    switches: Vec<Switch>,
}

impl Listener for Watch {
    fn added(&mut self, thread: ThreadId, by: Option<ThreadId>) {
        self.0.lock().unwrap().races.added(thread, by);
    }

    fn switched(&mut self, switch: Switch, _: Option<&Position<'_>>, _: &Position<'_>) {
        self.0.lock().unwrap().switches.push(switch);
    }

    fn accesses(&mut self, access: Access, position: &Position<'_>) {
        let mut watched = self.0.lock().unwrap();
        watched.order.push(position.thread.0);
        watched.races.accesses(access, position);
    }

    fn woken(&mut self, thread: ThreadId, memory: Memory, address: u64) {
        self.0.lock().unwrap().races.woken(thread, memory, address);
    }
}

impl Watch {
    fn order(&self) -> Vec<u32> {
        self.0.lock().unwrap().order.clone()
    }

    fn schedule(&self) -> Schedule {
        Schedule::new(self.0.lock().unwrap().switches.iter().copied())
    }
}

/// Runs exported functions of a module as threads, to their ends.
fn run(text: &str, names: &[&str], scheduler: impl FnOnce(Watch) -> Scheduler) -> Watch {
    let mut config = Config::new();
    config.consume_fuel(true).observe_accesses(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let watch = Watch::default();
    let mut scheduler = scheduler(watch.clone());
    for name in names {
        let function = instance.get_func(&mut store, name).unwrap();
        scheduler.add(function.start(&mut store, &[]).unwrap());
    }
    while !scheduler.is_empty() {
        match scheduler.step(&mut store).unwrap() {
            Event::Switched(_) | Event::Done(..) => {}
            event => panic!("{event:?}"),
        }
    }
    watch
}

/// Runs the functions under several schedules, and returns the races of each.
fn races(text: &str, names: &[&str]) -> Vec<Vec<Race>> {
    let races = |seed| {
        let policy = Policy::Random {
            seed,
            slice: seed % 5,
        };
        let watch = run(text, names, |watch| Scheduler::at_accesses(policy, watch));
        let watched = watch.0.lock().unwrap();
        watched.races.races().to_vec()
    };
    (0..50).map(races).collect()
}

/// Asserts that no schedule has a race.
#[track_caller]
fn no_race(text: &str, names: &[&str]) {
    for races in races(text, names) {
        assert!(races.is_empty(), "{races:?}");
    }
}

/// Asserts that each schedule has a race.
#[track_caller]
fn always_races(text: &str, names: &[&str]) -> Vec<Vec<Race>> {
    let races = races(text, names);
    assert!(races.iter().all(|races| !races.is_empty()));
    races
}

/// Returns a module in which one thread sends a number to another one, with instructions that store
/// and load the flag.
fn message(store: &str, load: &str) -> String {
    format!(
        r#"(module (memory 1 1 shared)
            (func (export "send")
              (i32.store (i32.const 64) (i32.const 42))
              ({store} (i32.const 0) (i32.const 1)))
            (func (export "receive")
              (loop $again (br_if $again (i32.eqz ({load} (i32.const 0)))))
              (drop (i32.load (i32.const 64)))))"#
    )
}

#[test]
fn an_atomic_flag_orders_a_message() {
    let text = message("i32.atomic.store", "i32.atomic.load");
    no_race(&text, &["send", "receive"]);
    no_race(&text, &["receive", "send"]);
}

#[test]
fn a_plain_flag_is_a_race_and_so_is_the_message() {
    let text = message("i32.store", "i32.load");
    for races in always_races(&text, &["send", "receive"]) {
        let addresses: Vec<_> = races.iter().map(|race| race.address).collect();
        assert!(
            addresses.contains(&0) && addresses.contains(&64),
            "{races:?}"
        );
        for race in &races {
            assert_ne!(race.first.thread, race.second.thread);
            for access in [&race.first, &race.second] {
                let frame = &access.backtrace.frames()[0];
                assert!(frame.module_offset().is_some());
                assert_eq!(access.size, 4);
            }
        }
    }
}

#[test]
fn an_atomic_and_a_plain_access_race() {
    let text = message("i32.atomic.store", "i32.load");
    for races in always_races(&text, &["send", "receive"]) {
        let of_flag = races.iter().find(|race| race.address == 0).unwrap();
        let mut kinds = [of_flag.first.kind, of_flag.second.kind];
        kinds.sort();
        assert_eq!(kinds, [AccessKind::Load, AccessKind::AtomicStore]);
    }
}

#[test]
fn a_flag_in_another_place_orders_nothing() {
    // The receiver reads the neighbour of the flag first, which another thread stores.
    let text = r#"(module (memory 1 1 shared)
        (func (export "send")
          (i32.store (i32.const 64) (i32.const 42))
          (i32.atomic.store (i32.const 0) (i32.const 1)))
        (func (export "other") (i32.atomic.store (i32.const 4) (i32.const 1)))
        (func (export "receive")
          (loop $again (br_if $again (i32.eqz (i32.atomic.load (i32.const 4)))))
          (drop (i32.load (i32.const 64)))))"#;
    always_races(text, &["send", "other", "receive"]);
}

#[test]
fn a_notification_orders() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "wait")
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
          (drop (i32.load (i32.const 64))))
        (func (export "notify")
          (i32.store (i32.const 64) (i32.const 42))
          (loop $again
            (br_if $again
              (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))))"#;
    no_race(text, &["wait", "notify"]);
}

#[test]
fn a_lock_orders_and_reads_do_not_race() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "add")
          (loop $again
            (br_if $again (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
          (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
          (i32.atomic.store (i32.const 0) (i32.const 0))
          (drop (i32.load (i32.const 128)))))"#;
    no_race(text, &["add", "add", "add"]);
}

#[test]
fn bulk_operations_race_byte_by_byte() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "low") (memory.fill (i32.const 100) (i32.const 1) (i32.const 1000)))
        (func (export "high") (memory.fill (i32.const 1100) (i32.const 1) (i32.const 1000)))
        (func (export "copy") (memory.copy (i32.const 5000) (i32.const 1099) (i32.const 2))))"#;
    no_race(text, &["low", "high"]);
    for races in always_races(text, &["low", "high", "copy"]) {
        let mut addresses: Vec<_> = races.iter().map(|race| race.address).collect();
        addresses.sort_unstable();
        assert_eq!(addresses, [1099, 1100]);
    }
}

#[test]
fn races_at_the_same_places_are_reported_once() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "write") (local $n i32)
          (loop $again
            (i32.store (i32.mul (local.get $n) (i32.const 4)) (i32.const 1))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const 20))))))"#;
    for races in always_races(text, &["write", "write"]) {
        assert_eq!(races.len(), 1);
    }
}

#[test]
fn a_schedule_repeats_a_run() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "work") (local $n i32)
          (loop $again
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const 20))))))"#;
    let names = ["work", "work", "work"];
    let usual = run(text, &names, |watch| {
        Scheduler::replay(Schedule::default(), watch)
    });
    let order = usual.order();
    assert!(order.is_sorted() && order.len() == 60, "{order:?}");
    assert!(usual.schedule().switches().is_empty());
    let policies = |seed| {
        [
            Policy::RoundRobin { slice: 1 + seed },
            Policy::Random { seed, slice: seed },
            Policy::Priorities {
                seed,
                changes: 4,
                length: 60,
            },
        ]
    };
    for policy in (0..10).flat_map(policies) {
        let watch = run(text, &names, |watch| Scheduler::at_accesses(policy, watch));
        let again: Schedule = watch.schedule().to_string().parse().unwrap();
        let repeated = run(text, &names, |watch| Scheduler::replay(again, watch));
        assert_eq!(repeated.order(), watch.order(), "{policy:?}");
        assert_eq!(repeated.schedule(), watch.schedule(), "{policy:?}");
    }
}

#[test]
fn a_thread_that_spins_makes_way() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "spin")
          (loop $again (br_if $again (i32.eqz (i32.atomic.load (i32.const 0))))))
        (func (export "set") (i32.atomic.store (i32.const 0) (i32.const 1))))"#;
    let policies = (0..20).map(|seed| Policy::Priorities {
        seed,
        changes: 0,
        length: 1,
    });
    for policy in policies {
        run(text, &["spin", "set"], |watch| {
            Scheduler::at_accesses(policy, watch)
        });
    }
    let watch = run(text, &["spin", "set"], |watch| {
        Scheduler::replay(Schedule::default(), watch)
    });
    assert!(watch.order().len() > 100);
}

#[test]
fn texts_that_are_no_schedules_are_refused() {
    for text in ["0", "0@1", "0@1:", "0@x:1", "0@1:2;", "-1@1:2", "0@1:2,3"] {
        let error = text.parse::<Schedule>().unwrap_err();
        assert!(
            format!("{error:#}").contains("is not a switch"),
            "{error:#}"
        );
    }
    assert_eq!("".parse::<Schedule>().unwrap(), Schedule::default());
}

#[test]
fn a_priority_is_lowered_before_an_access() {
    let text = r#"(module (memory 1 1 shared)
        (func (export "work")
          (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
          (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
          (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
          (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#;
    let names = ["work", "work"];
    let policy = Policy::Priorities {
        seed: 3,
        changes: 0,
        length: 1,
    };
    let plain = run(text, &names, |watch| Scheduler::at_accesses(policy, watch));
    let (first, second) = (plain.order()[0], 1 - plain.order()[0]);
    assert_eq!(plain.order(), [[first; 4], [second; 4]].concat());
    // The second access at address 0 is the third of all.
    let lowered = run(text, &names, |watch| {
        let mut scheduler = Scheduler::at_accesses(policy, watch);
        scheduler.lower_priority_at(ThreadId(first), 0, 2);
        scheduler
    });
    let expected = [&[first; 2][..], &[second; 4], &[first; 2]].concat();
    assert_eq!(lowered.order(), expected);
}
