//! Schedulers and programs with threads that are saved as bytes and restored.

use super::*;
use backstitch::scheduler::{Listener, Position, Schedule, Switch};
use backstitch::wasi::WasiCtxRestorer;
use backstitch::wasi::threads::Progress;
use backstitch::{Access, Memory};
use std::mem;
use std::sync::{Arc, Mutex};

/// Replaces the scheduler by its restored copy, which gets its executions. Returns its bytes.
fn replace(world: &mut World) -> Vec<u8> {
    let memory = world.instance.get_memory(&mut world.store, "memory");
    let memory = memory.expect("the module exports its memory");
    let number = |of: Memory| {
        assert_eq!(of, memory);
        Ok(7)
    };
    let mut bytes = Vec::new();
    world.scheduler.save(&mut bytes, number).unwrap();
    let empty = Scheduler::new(Policy::RoundRobin { slice: 1 });
    let executions = mem::replace(&mut world.scheduler, empty).into_executions();
    let restored = Scheduler::restore(&bytes, executions, |number| {
        assert_eq!(number, 7);
        Ok(memory)
    });
    world.scheduler = restored.unwrap();
    let mut again = Vec::new();
    world.scheduler.save(&mut again, number).unwrap();
    assert_eq!(again, bytes);
    bytes
}

/// Adds threads that do something of each kind.
fn busy(policy: Policy) -> World {
    let mut world = World::new(policy);
    world.add("lose", 30);
    world.add("wait", 5);
    world.add("spin", 0);
    world.add("lose", 30);
    world.add("wait", 9);
    world.add("set", 0);
    world.store.set_fuel(u64::MAX).unwrap();
    world
}

/// Runs all threads to their ends, and calls `before` before each step. Returns what happened.
fn events(world: &mut World, mut before: impl FnMut(&mut World)) -> Vec<String> {
    let mut events = Vec::new();
    while !world.scheduler.is_empty() {
        before(world);
        let event = world.scheduler.step(&mut world.store).unwrap();
        if let Event::Idle { timeout } = event {
            let time = timeout.expect("the waits have timeouts");
            world.scheduler.pass(&mut world.store, time);
        }
        events.push(format!("{event:?}"));
        assert!(events.len() < 100_000, "the threads end");
    }
    events.push(format!("{} {}", world.number(0), world.number(4)));
    events
}

#[test]
fn a_restored_scheduler_goes_on_in_the_same_way() {
    for policy in policies() {
        let whole = events(&mut busy(policy), |_| {});
        let parts = events(&mut busy(policy), |world| drop(replace(world)));
        assert_eq!(parts, whole, "{policy:?}");
    }
}

#[test]
fn fuel_in_parts_does_not_change_the_schedule() {
    for policy in policies() {
        let mut whole = busy(policy);
        events(&mut whole, |_| {});
        let mut parts = busy(policy);
        parts.store.set_fuel(0).unwrap();
        let mut ran_out = 0;
        while !parts.scheduler.is_empty() {
            match parts.scheduler.step(&mut parts.store).unwrap() {
                Event::OutOfFuel(_) => {
                    ran_out += 1;
                    // One of the policies lets a thread spin for long.
                    let most = if ran_out < 1_000 { 13 } else { 9_973 };
                    parts.store.set_fuel(1 + ran_out % most).unwrap();
                    replace(&mut parts);
                }
                Event::Idle { timeout } => parts.scheduler.pass(&mut parts.store, timeout.unwrap()),
                _ => {}
            }
        }
        assert!(ran_out > 50);
        // A different number of additions is lost with each order.
        assert_eq!(parts.number(0), whole.number(0), "{policy:?}");
    }
}

#[test]
fn any_bytes_are_an_error_or_a_scheduler() {
    let mut sources = Vec::new();
    for policy in policies() {
        let mut world = busy(policy);
        for _ in 0..30 {
            let threads = world.scheduler.threads().count();
            sources.push((threads, replace(&mut world)));
            world.scheduler.step(&mut world.store).unwrap();
        }
    }
    let mut seed = 1_u64;
    let mut random = move |limit: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % limit
    };
    let (mut accepted, mut refused) = (0, 0);
    let mut world = busy(Policy::RoundRobin { slice: 5 });
    for number in 0..100_000 {
        let (threads, mut bytes) = sources[number % sources.len()].clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(5) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = [0, 1, 2, 0x7f, 0xff][random(5)],
                2 => bytes.insert(at, random(256) as u8),
                3 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes[at] = bytes[at].wrapping_add(1),
            }
        }
        if world.scheduler.threads().count() < threads {
            world = busy(Policy::RoundRobin { slice: 5 });
        }
        let empty = Scheduler::new(Policy::RoundRobin { slice: 1 });
        let mut executions = mem::replace(&mut world.scheduler, empty).into_executions();
        executions.truncate(threads);
        let memory = world.instance.get_memory(&mut world.store, "memory");
        let memory = memory.expect("the module exports its memory");
        let restored = Scheduler::restore(&bytes, executions, |number| match number {
            7 => Ok(memory),
            _ => Err(Error::msg("there is one memory")),
        });
        let Ok(scheduler) = restored else {
            refused += 1;
            continue;
        };
        accepted += 1;
        world.scheduler = scheduler;
        world.store.set_fuel(1_000).unwrap();
        for _ in 0..8 {
            world.scheduler.step(&mut world.store).unwrap();
        }
        world.add("add", 1);
        world.scheduler.step(&mut world.store).unwrap();
    }
    println!("{refused} mutants are refused, {accepted} accepted");
    assert!(accepted > 5_000 && refused > 10_000);
}

#[test]
fn executions_must_be_as_many_as_threads() {
    let mut world = busy(Policy::RoundRobin { slice: 5 });
    let bytes = replace(&mut world);
    let none = |_| Err(Error::msg("no thread waits"));
    let mut executions = mem::replace(
        &mut world.scheduler,
        Scheduler::new(Policy::RoundRobin { slice: 1 }),
    )
    .into_executions();
    executions.pop();
    let error = Scheduler::restore(&bytes, executions, none).unwrap_err();
    assert!(error.to_string().contains("more threads"), "{error}");
    let mut other = busy(Policy::RoundRobin { slice: 5 });
    other.add("set", 0);
    let executions = other.scheduler.into_executions();
    let error = Scheduler::restore(&bytes, executions, none).unwrap_err();
    assert!(error.to_string().contains("fewer threads"), "{error}");
}

/// Records the accesses of threads and the switches between them.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Listener for Recorder {
    fn switched(&mut self, switch: Switch, _: Option<&Position<'_>>, _: &Position<'_>) {
        self.0.lock().unwrap().push(switch.to_string());
    }

    fn accesses(&mut self, access: Access, position: &Position<'_>) {
        let text = format!("{:?} {access:?}", position.thread);
        self.0.lock().unwrap().push(text);
    }
}

#[test]
fn steps_that_end_before_accesses_go_on_in_the_same_way() {
    let mut config = Config::new();
    config.consume_fuel(true).observe_accesses(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat::parse_str(SHARED).unwrap()).unwrap();
    let run = |make: &dyn Fn(Recorder) -> Scheduler, saves: bool| {
        let mut store = Store::new(&engine, ());
        store.set_fuel(1_000_000).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let recorder = Recorder::default();
        let mut scheduler = make(recorder.clone());
        scheduler.lower_priority_at(ThreadId(1), 0, 3);
        for _ in 0..3 {
            let lose = instance.get_func(&mut store, "lose").unwrap();
            scheduler.add(lose.start(&mut store, &[Val::I32(20)]).unwrap());
        }
        while !scheduler.is_empty() {
            if saves {
                let mut bytes = Vec::new();
                scheduler.save(&mut bytes, |_| Ok(3)).unwrap();
                let executions = scheduler.into_executions();
                scheduler = Scheduler::restore_at_accesses(
                    &bytes,
                    executions,
                    |_| Ok(memory),
                    recorder.clone(),
                )
                .unwrap();
            }
            scheduler.step(&mut store).unwrap();
        }
        mem::take(&mut *recorder.0.lock().unwrap())
            .iter()
            // The stores differ.
            .map(|text| text.split("store").next().unwrap_or_default().to_string())
            .collect::<Vec<_>>()
    };
    let schedule: Schedule = "0@5:2,2@7:1,1@4:0".parse().unwrap();
    let replay = move |recorder| Scheduler::replay(schedule.clone(), recorder);
    let mut makes: Vec<Box<dyn Fn(Recorder) -> Scheduler>> = vec![Box::new(replay)];
    for policy in policies() {
        makes.push(Box::new(move |recorder| {
            Scheduler::at_accesses(policy, recorder)
        }));
    }
    for make in makes {
        let whole = run(&*make, false);
        assert!(whole.len() > 100);
        assert_eq!(run(&*make, true), whole);
    }
}

/// A program whose threads sleep and add numbers, with the number of its slices.
#[test]
fn a_restored_program_goes_on_in_the_same_way() {
    let first = "(drop (call $spawn (i32.const 1))) (drop (call $spawn (i32.const 2)))
        (call $sleep (i32.const 3) (i32.const 1024))
        (drop (call $spawn (i32.const 3)))
        (loop $again
          (drop (memory.atomic.wait32 (i32.const 4) (local.get $n) (i64.const 2000000)))
          (local.set $n (i32.atomic.load (i32.const 4)))
          (br_if $again (i32.lt_u (local.get $n) (i32.const 3))))
        (i32.load (i32.const 0))";
    let other = "(local $n i32)
        (call $sleep (local.get $argument) (i32.shl (local.get $number) (i32.const 12)))
        (loop $again
          (i32.store (i32.const 0) (i32.add (i32.mul (i32.load (i32.const 0)) (i32.const 31))
            (local.get $number)))
          (br_if $again (i32.lt_u
            (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20))))
        (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
        (drop (memory.atomic.notify (i32.const 4) (i32.const 1)))";
    for policy in policies() {
        let (whole, store) = program(policy, first, other);
        let whole = (whole.unwrap()[0].unwrap_i32(), store.fuel_spent().unwrap());
        let mut prepared = Prepared::new(policy, first, other);
        let memory = prepared.instance.get_memory(&mut prepared.store, "memory");
        let memory = memory.unwrap();
        prepared.start();
        let mut slices = 0;
        let results = loop {
            let store = &mut prepared.store;
            let mut bytes = Vec::new();
            let number = |of: Memory| {
                assert_eq!(of, memory);
                Ok(0)
            };
            prepared.program.save(store, &mut bytes, number).unwrap();
            let mut context = Vec::new();
            store.data().wasi.save(&mut context).unwrap();
            let empty = Prepared::empty(policy);
            let executions = mem::replace(&mut prepared.program, empty).into_executions();
            store.data_mut().wasi = WasiCtxRestorer::new().restore(&context).unwrap();
            store.data_mut().threads = Threads::new(0);
            let mut linker = Linker::new(store.engine());
            wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).unwrap();
            wasi::threads::add_spawn_to_linker(&mut linker, |host: &mut Host| &mut host.threads)
                .unwrap();
            let (module, program) = (&prepared.module, &mut prepared.program);
            program
                .restore(store, &mut linker, module, &bytes, executions, |_| {
                    Ok(memory)
                })
                .unwrap();
            let mut again = Vec::new();
            program.save(store, &mut again, number).unwrap();
            assert_eq!(again, bytes);
            slices += 1;
            match program.step(store).unwrap() {
                Progress::Running => {}
                Progress::Done(results) => break results,
                other => panic!("{other:?}"),
            }
        };
        assert!(slices > 10);
        let spent = prepared.store.fuel_spent().unwrap();
        assert_eq!((results[0].unwrap_i32(), spent), whole, "{policy:?}");
    }
}
