//! Guests and start functions that never return.

use crate::guard::on_small_stack;
use backstitch::{
    CompilationMode, Config, Dispatch, Engine, Error, Linker, Module, Result, Store, Suspension,
    Trap,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Modules whose start functions do not return.
const ENDLESS: [&str; 5] = [
    "(module (func $s (loop (br 0))) (start $s))",
    "(module (func $s (return_call $s)) (start $s))",
    "(module (func $s (param i32) (return_call $t (local.get 0)))
        (func $t (param i32) (return_call $s (local.get 0)))
        (func $b (call $s (i32.const 1))) (start $b))",
    "(module (func $s (local i64)
        (loop (local.set 0 (i64.add (local.get 0) (i64.const 1)))
            (br_if 0 (i64.ne (local.get 0) (i64.const 0))))) (start $s))",
    "(module (memory 1) (func $s
        (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0))) (start $s))",
];

fn each_engine(set: impl Fn(&mut Config), mut test: impl FnMut(&Engine)) {
    for mode in [
        CompilationMode::Eager,
        CompilationMode::LazyTranslation,
        CompilationMode::Lazy,
    ] {
        for dispatch in [None, Some(Dispatch::Loop)] {
            let mut config = Config::new();
            config.compilation_mode(mode);
            if let Some(dispatch) = dispatch {
                config.dispatch(dispatch);
            }
            set(&mut config);
            test(&Engine::new(&config).unwrap());
        }
    }
}

fn start(store: &mut Store<()>, text: &str) -> Result<()> {
    let engine = store.engine().clone();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    Linker::new(&engine).instantiate(store, &module).map(drop)
}

#[track_caller]
fn ends_with(error: &Error, trap: Trap) {
    assert_eq!(error.downcast_ref(), Some(&trap), "{error:?}");
}

#[test]
fn end_when_fuel_runs_out() {
    on_small_stack(|| {
        each_engine(
            |config| {
                config.consume_fuel(true);
            },
            |engine| {
                for text in ENDLESS {
                    let mut store = Store::new(engine, ());
                    for fuel in [0, 1, 2, 3, 10, 5_000] {
                        store.set_fuel(fuel).unwrap();
                        ends_with(&start(&mut store, text).unwrap_err(), Trap::OutOfFuel);
                        assert_eq!(store.get_fuel().unwrap(), 0);
                    }
                }
            },
        );
    });
}

#[test]
fn suspend_repeatedly() {
    on_small_stack(|| {
        each_engine(
            |config| {
                config.consume_fuel(true);
            },
            |engine| {
                for text in ENDLESS {
                    let mut store = Store::new(engine, ());
                    let module = Module::new(engine, wat::parse_str(text).unwrap()).unwrap();
                    store.set_fuel(0).unwrap();
                    let mut start = Linker::new(engine)
                        .instantiate_resumable(&mut store, &module)
                        .unwrap();
                    for _ in 0..1000 {
                        let suspension = start.resume(&mut store).unwrap();
                        assert!(
                            matches!(suspension, Some(Suspension::Fuel)),
                            "{suspension:?}"
                        );
                        store.set_fuel(7).unwrap();
                    }
                }
            },
        );
    });
}

#[test]
fn end_at_a_deadline() {
    on_small_stack(|| {
        each_engine(
            |config| {
                config.epoch_interruption(true);
            },
            |engine| {
                for text in ENDLESS {
                    let mut store = Store::new(engine, ());
                    store.set_epoch_deadline(1);
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            thread::sleep(Duration::from_millis(2));
                            engine.increment_epoch();
                        });
                        ends_with(&start(&mut store, text).unwrap_err(), Trap::Interrupt);
                    });
                }
            },
        );
    });
}

#[test]
fn end_when_interrupted() {
    on_small_stack(|| {
        each_engine(
            |config| {
                config.interruptible(true);
            },
            |engine| {
                for text in ENDLESS {
                    let mut store = Store::new(engine, ());
                    let handle = store.interrupt_handle().unwrap();
                    let ended = AtomicBool::new(false);
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            while !ended.load(Ordering::Relaxed) {
                                handle.interrupt();
                                thread::sleep(Duration::from_millis(1));
                            }
                        });
                        let outcome = start(&mut store, text);
                        ended.store(true, Ordering::Relaxed);
                        ends_with(&outcome.unwrap_err(), Trap::Interrupt);
                    });
                }
            },
        );
    });
}
