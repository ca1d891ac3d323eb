//! Memories that stores on several threads of the operating system share.

use backstitch::{
    Config, Engine, Linker, MemoryType, Module, SharedMemory, Store, Trap, WaitResult, WasmParams,
    WasmResults,
};
use spec_tests::engines::{each_dispatch, each_mode};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread;
use std::time::{Duration, Instant};

#[path = "parallel/litmus.rs"]
mod litmus;
#[path = "parallel/programs.rs"]
mod programs;

/// A module with a shared memory that it imports, and the memory.
struct World {
    engine: Engine,
    linker: Linker<()>,
    module: Module,
    memory: SharedMemory,
}

impl World {
    /// Creates a module with these functions, and a memory of one page that may have 64.
    fn new(engine: &Engine, functions: &str) -> World {
        let memory = r#"(import "env" "memory" (memory 1 64 shared))"#;
        let text = format!("(module {memory} {functions})");
        let module = Module::new(engine, &text).unwrap();
        let memory = SharedMemory::new(engine, MemoryType::shared(1, 64)).unwrap();
        let mut linker = Linker::new(engine);
        linker
            .define_shared_memory("env", "memory", &memory)
            .unwrap();
        World {
            engine: engine.clone(),
            linker,
            module,
            memory,
        }
    }

    /// Calls a function in a new store, which `prepare` prepares.
    fn call_in<P: WasmParams, R: WasmResults>(
        &self,
        name: &str,
        params: P,
        prepare: impl FnOnce(&mut Store<()>),
    ) -> backstitch::Result<R> {
        let mut store = Store::new(&self.engine, ());
        prepare(&mut store);
        let instance = self.linker.instantiate(&mut store, &self.module).unwrap();
        let function = instance.get_typed_func::<P, R>(&mut store, name).unwrap();
        function.call(&mut store, params)
    }

    /// Calls a function in a new store.
    fn call<P: WasmParams, R: WasmResults>(&self, name: &str, params: P) -> R {
        self.call_in(name, params, |_| {}).unwrap()
    }

    fn word(&self, address: usize) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(address, &mut bytes).unwrap();
        u32::from_le_bytes(bytes)
    }
}

#[test]
fn atomic_updates_of_threads_are_not_lost() {
    each_dispatch(|engine| {
        let world = World::new(
            engine,
            r#"(func (export "add") (param $n i32)
                 (loop $again
                   (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                   (drop (i32.atomic.rmw16.sub_u (i32.const 6) (i32.const 1)))
                   (drop (i64.atomic.rmw.xor (i32.const 8) (i64.const 5)))
                   (loop $exchange
                     (br_if $exchange (i32.ne
                       (i32.atomic.rmw8.cmpxchg_u (i32.const 16)
                         (i32.atomic.load8_u (i32.const 17)) (i32.const 0))
                       (i32.atomic.load8_u (i32.const 17)))))
                   (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"#,
        );
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| world.call::<_, ()>("add", 4_000));
            }
        });
        assert_eq!(world.word(0), 12_000);
        assert_eq!(world.word(4) >> 16, 65_536 - 12_000);
        assert_eq!(world.word(8), 0);
    });
}

#[test]
fn a_memory_grows_while_others_read_it() {
    each_dispatch(|engine| {
        let world = World::new(
            engine,
            r#"(func (export "grow")
                 (loop $again
                   (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
                     (then
                       (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))
                         (i32.const 7))
                       (br $again)))))
               ;; Reads the last word of the memory, with the fast and the general form of loads.
               (func (export "read") (local $end i32) (local $sum i32)
                 (loop $again
                   (local.set $end (i32.mul (memory.size) (i32.const 65536)))
                   (local.set $sum (i32.add (local.get $sum)
                     (i32.load (i32.sub (local.get $end) (i32.const 4)))))
                   (i32.store8 (i32.sub (local.get $end) (i32.const 5)) (local.get $sum))
                   (br_if $again (i32.lt_u (local.get $end) (i32.const 4194304)))))"#,
        );
        thread::scope(|scope| {
            scope.spawn(|| world.call::<_, ()>("read", ()));
            scope.spawn(|| world.call::<_, ()>("grow", ()));
            scope.spawn(|| world.call::<_, ()>("grow", ()));
        });
        assert_eq!(world.memory.size(), 64);
        assert!(world.memory.grow(1).is_err());
        assert_eq!(world.word(64 * 65536 - 4), 7);
    });
}

/// Two threads that hand each other the turn.
const TURNS: &str = r#"
    (func (export "play") (param $me i32) (param $rounds i32)
      (loop $again
        ;; Waits until it is this thread's turn.
        (block $mine
          (loop $wait
            (br_if $mine (i32.eq (i32.atomic.load (i32.const 0)) (local.get $me)))
            (drop (memory.atomic.wait32 (i32.const 0) (i32.sub (i32.const 1) (local.get $me))
              (i64.const -1)))
            (br $wait)))
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
        (i32.atomic.store (i32.const 0) (i32.sub (i32.const 1) (local.get $me)))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))))))
    (func (export "wait") (param $expected i32) (param $timeout i64) (result i32)
      (memory.atomic.wait32 (i32.const 64) (local.get $expected) (local.get $timeout)))
    (func (export "notify") (param $count i32) (result i32)
      (memory.atomic.notify (i32.const 64) (local.get $count)))"#;

#[test]
fn threads_wait_and_wake_each_other() {
    each_dispatch(|engine| {
        let world = World::new(engine, TURNS);
        thread::scope(|scope| {
            for me in [0, 1] {
                let world = &world;
                scope.spawn(move || world.call::<_, ()>("play", (me, 500)));
            }
        });
        assert_eq!(world.word(4), 1_000);
    });
}

/// Repeats `attempt` until it succeeds, for as long as a waiting thread may take to begin.
fn soon(mut attempt: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !attempt() {
        assert!(begin.elapsed() < Duration::from_secs(60));
        thread::yield_now();
    }
}

#[test]
fn the_host_and_guests_wake_each_other() {
    let world = &World::new(&Engine::default(), TURNS);
    thread::scope(|scope| {
        let guest = scope.spawn(|| world.call::<_, i32>("wait", (0, -1_i64)));
        soon(|| world.memory.atomic_notify(64, 1).unwrap() == 1);
        assert_eq!(guest.join().unwrap(), 0);

        let host = scope.spawn(|| world.memory.atomic_wait32(64, 0, None));
        soon(|| world.call::<_, i32>("notify", 1) == 1);
        assert_eq!(host.join().unwrap(), Ok(WaitResult::Ok));
    });
    let moment = Some(Duration::from_millis(1));
    let memory = &world.memory;
    assert_eq!(memory.atomic_wait32(64, 1, None), Ok(WaitResult::Mismatch));
    assert_eq!(memory.atomic_wait64(64, 1, None), Ok(WaitResult::Mismatch));
    assert_eq!(
        memory.atomic_wait64(64, 0, moment),
        Ok(WaitResult::TimedOut)
    );
    assert_eq!(memory.atomic_wait64(68, 0, None), Err(Trap::HeapMisaligned));
    assert_eq!(
        memory.atomic_wait32(65536, 0, None),
        Err(Trap::MemoryOutOfBounds)
    );
    assert_eq!(world.call::<_, i32>("wait", (1, -1_i64)), 1);
    assert_eq!(world.call::<_, i32>("wait", (0, 1_000_000_i64)), 2);
}

#[test]
fn a_thread_that_waits_can_be_interrupted() {
    let mut config = Config::new();
    config.interruptible(true);
    let world = &World::new(&Engine::new(&config).unwrap(), TURNS);
    let (send, handle) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let guest = scope.spawn(move || {
            world.call_in::<_, i32>("wait", (0, -1_i64), |store| {
                send.send(store.interrupt_handle().unwrap()).unwrap();
            })
        });
        thread::sleep(Duration::from_millis(20));
        handle.recv().unwrap().interrupt();
        let error = guest.join().unwrap().unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    });
    // Nothing waits any more.
    assert_eq!(world.memory.atomic_notify(64, 1), Ok(0));
}

#[test]
fn an_epoch_ends_a_wait() {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let world = &World::new(&engine, TURNS);
    thread::scope(|scope| {
        let guest = scope.spawn(|| {
            world.call_in::<_, i32>("wait", (0, -1_i64), |store| store.set_epoch_deadline(1))
        });
        thread::sleep(Duration::from_millis(20));
        engine.increment_epoch();
        let error = guest.join().unwrap().unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    });
}

/// A waker that counts its calls.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn asynchronous_calls_of_one_thread_wake_each_other() {
    let world = &World::new(&Engine::default(), TURNS);
    let play = |me: i32| async move {
        let mut store = Store::new(&world.engine, ());
        let instance = world.linker.instantiate(&mut store, &world.module)?;
        let play = instance.get_typed_func::<(i32, i32), ()>(&mut store, "play")?;
        play.call_async(&mut store, (me, 100)).await
    };
    // Each task is polled when its waker was called, and never else.
    let mut tasks = [0, 1].map(|me| (Some(Box::pin(play(me))), Arc::new(Woken(1.into()))));
    let mut polls = 0;
    while tasks.iter().any(|(task, _)| task.is_some()) {
        let before = polls;
        for (task, woken) in &mut tasks {
            let Some(future) = task
                .as_mut()
                .filter(|_| woken.0.swap(0, Ordering::Relaxed) > 0)
            else {
                continue;
            };
            polls += 1;
            let waker = Arc::clone(woken).into();
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => {
                    result.unwrap();
                    *task = None;
                }
                Poll::Pending => {}
            }
        }
        assert!(polls > before, "no task is woken");
    }
    assert_eq!(world.word(4), 200);
    // No task is woken without a cause.
    assert!(polls <= 210, "{polls} polls");
}

#[test]
fn an_interruption_wakes_an_asynchronous_call() {
    let mut config = Config::new();
    config.interruptible(true);
    let world = World::new(&Engine::new(&config).unwrap(), TURNS);
    let mut store = Store::new(&world.engine, ());
    let handle = store.interrupt_handle().unwrap();
    let instance = world.linker.instantiate(&mut store, &world.module).unwrap();
    let wait = instance
        .get_typed_func::<(i32, i64), i32>(&mut store, "wait")
        .unwrap();
    let mut call = pin!(wait.call_async(&mut store, (0, -1)));
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    let mut context = Context::from_waker(&waker);
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    handle.interrupt();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
        panic!("an interruption ends the call");
    };
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
}

#[test]
fn a_memory_of_a_module_is_given_to_other_stores() {
    each_mode(
        |_| {},
        |engine| {
            let owner =
                r#"(module (memory (export "memory") 1 2 shared) (data (i32.const 8) "abcd"))"#;
            let mut store = Store::new(engine, ());
            let instance = Linker::new(engine)
                .instantiate(&mut store, &Module::new(engine, owner).unwrap())
                .unwrap();
            let memory = instance.get_memory(&mut store, "memory").unwrap();
            let shared = memory.to_shared(&mut store).unwrap();
            assert_eq!(shared.in_store(&mut store).unwrap(), memory);

            let mut other = Store::new(engine, ());
            let again = shared.in_store(&mut other).unwrap();
            let mut bytes = [0; 4];
            again.read(&other, 8, &mut bytes).unwrap();
            assert_eq!(&bytes, b"abcd");
            memory.write(&mut store, 65534, b"xy").unwrap();
            assert!(memory.write(&mut store, 65535, b"xy").is_err());
            assert_eq!(again.grow(&mut other, 1).unwrap(), 1);
            assert_eq!(memory.size(&store), 2);
            memory.read(&store, 65534, &mut bytes).unwrap();
            assert_eq!(&bytes, b"xy\0\0");

            let plain = backstitch::Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
            assert!(plain.to_shared(&mut store).is_err());
            assert!(SharedMemory::new(engine, MemoryType::new(1, None)).is_err());
        },
    );
}

/// Bulk operations on a memory of several stores give the same bytes as those on other memories.
#[test]
fn bulk_operations_copy_shared_bytes() {
    let functions = r#"
        (data $bytes "0123456789abcdefghijklmnopqrstuvwxyz")
        (func (export "run") (param $to i32) (param $from i32) (param $len i32)
          (memory.init $bytes (i32.const 3) (i32.const 1) (i32.const 30))
          (memory.fill (i32.const 40) (i32.const 9) (local.get $len))
          (memory.copy (local.get $to) (local.get $from) (local.get $len)))
        (func (export "many")
          (memory.fill (i32.const 1) (i32.const 5) (i32.const 60000))
          (memory.copy (i32.const 3001) (i32.const 2) (i32.const 62000)))"#;
    let plain = format!(r#"(module (memory (export "memory") 1) {functions})"#);
    each_dispatch(|engine| {
        let world = World::new(engine, functions);
        let mut store = Store::new(engine, ());
        let instance = Linker::new(engine)
            .instantiate(&mut store, &Module::new(engine, &plain).unwrap())
            .unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let same = |store: &Store<()>| {
            let mut bytes = vec![0; 65536];
            world.memory.read(0, &mut bytes).unwrap();
            assert!(bytes == memory.data(store));
        };
        let run = instance
            .get_typed_func::<(i32, i32, i32), ()>(&mut store, "run")
            .unwrap();
        for (to, from, len) in [(5, 4, 20), (4, 5, 20), (17, 3, 9), (64, 1, 64), (0, 0, 0)] {
            run.call(&mut store, (to, from, len)).unwrap();
            world.call::<_, ()>("run", (to, from, len));
            same(&store);
        }
        let many = instance
            .get_typed_func::<(), ()>(&mut store, "many")
            .unwrap();
        many.call(&mut store, ()).unwrap();
        world.call::<_, ()>("many", ());
        same(&store);
        let outside = world.call_in::<_, ()>("run", (65530, 0, 7), |_| {});
        let error = outside.unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    });
}
