//! External limits on a run: fuel, epochs, interruption, limiters and hooks.

use crate::common::{call, call_func, each, each_default, error_names, module, numbers, trap};
use backstitch::{
    CallHook, Error, Func, Instance, Outcome, ResourceLimiter, Result, Store, StoreLimitsBuilder,
    Suspension, Trap, UpdateDeadline, Val, WasmBacktrace,
};
use std::thread;
use std::time::Duration;

/// Calls, loops, branches, tail calls and a host function, with an effect at each stage.
const BUSY: &str = r#"(module
    (import "" "host" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $trail (export "trail") (mut i64) (i64.const 1))
    (func $mark (param i64)
        (global.set $trail (i64.add (i64.mul (global.get $trail) (i64.const 31)) (local.get 0))))
    (func $sum (param i32) (result i32) (local i32 i32)
        (loop
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (call $mark (i64.extend_i32_u (local.get 0)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.store (i32.const 64) (local.get 1))
        (local.get 1))
    (func $odd (param i32 f64) (result i64)
        (if (i32.eqz (local.get 0)) (then (return (i64.const 0))))
        (return_call $even (f64.const 3) (i32.sub (local.get 0) (i32.const 1))))
    (func $even (param f64 i32) (result i64)
        (if (i32.eqz (local.get 1)) (then (return (i64.const 1))))
        (return_call $odd (i32.sub (local.get 1) (i32.const 1)) (local.get 0)))
    (func (export "f") (param i32) (result i64 i32 f32)
        (f32.const 1.5) (drop)
        (call $odd (local.get 0) (f64.const 2))
        (i32.add
            (call $host (call $sum (local.get 0)))
            (block (result i32)
                (br_table 0 0 (i32.const 5) (local.get 0))))
        (call $mark (i64.const 1000))
        (f32.convert_i32_s (call $sum (i32.const 3)))))"#;

/// Instantiates [`BUSY`].
fn busy(store: &mut Store<()>) -> Instance {
    let host = Func::wrap(&mut *store, |value: i32| value * 2);
    let busy = module(&store.engine().clone(), BUSY);
    Instance::new(store, &busy, &[host.into()]).unwrap()
}

fn trail(store: &mut Store<()>, instance: &Instance) -> i64 {
    instance
        .get_global(&mut *store, "trail")
        .unwrap()
        .get(store)
        .unwrap_i64()
}

#[test]
fn fuel_runs_out_at_every_position() {
    each(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let plenty = 1 << 40;
            let mut store = Store::new(engine, ());
            store.set_fuel(plenty).unwrap();
            let instance = busy(&mut store);
            let f = instance.get_func(&mut store, "f").unwrap();
            store.set_fuel(plenty).unwrap();
            let expected = numbers(&call_func(&mut store, &f, &[Val::I32(6)]).unwrap());
            let spent = plenty - store.get_fuel().unwrap();
            let end = trail(&mut store, &instance);
            assert!(spent > 100);
            for fuel in 0..=spent + 1 {
                let mut store = Store::new(engine, ());
                store.set_fuel(plenty).unwrap();
                let instance = busy(&mut store);
                let f = instance.get_func(&mut store, "f").unwrap();
                // A call that cannot suspend traps, and leaves a usable store.
                store.set_fuel(fuel).unwrap();
                match call_func(&mut store, &f, &[Val::I32(6)]) {
                    Ok(results) => {
                        assert_eq!(numbers(&results), expected);
                        assert_eq!(store.get_fuel().unwrap(), fuel.saturating_sub(spent));
                    }
                    Err(error) => {
                        assert!(fuel < spent);
                        assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
                        let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
                        assert!(!backtrace.frames().is_empty());
                        let mut frames = backtrace.frames().iter();
                        assert!(frames.all(|frame| frame.module_offset().is_some()));
                    }
                }
                // An execution continues after fuel is added, with the same results.
                let mut store = Store::new(engine, ());
                store.set_fuel(plenty).unwrap();
                let instance = busy(&mut store);
                let f = instance.get_func(&mut store, "f").unwrap();
                store.set_fuel(fuel).unwrap();
                let mut execution = f.start(&mut store, &[Val::I32(6)]).unwrap();
                let mut outcome = execution.resume(&mut store).unwrap();
                if let Outcome::Suspended(suspension) = outcome {
                    assert!(matches!(suspension, Suspension::Fuel));
                    assert_eq!(store.get_fuel().unwrap(), 0);
                    store.set_fuel(plenty).unwrap();
                    outcome = execution.resume(&mut store).unwrap();
                }
                let Outcome::Done(results) = outcome else {
                    panic!("expected the results")
                };
                assert_eq!(numbers(&results), expected, "with {fuel} units first");
                assert_eq!(trail(&mut store, &instance), end);
            }
        },
    );
}

#[test]
fn bulk_instructions_cost_fuel_by_size() {
    // An instruction costs 1, entering a function 1, and each byte or element 1.
    let cases = [
        (
            "(memory.fill (i32.const 0) (i32.const 1) (local.get 0))",
            1 + 4 + 100,
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 9) (local.get 0))",
            1 + 4 + 100,
        ),
        (
            "(memory.copy $m $n (i32.const 0) (i32.const 9) (local.get 0))",
            1 + 4 + 100,
        ),
        (
            "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))",
            1 + 4 + 3,
        ),
        (
            "(table.fill $t (i32.const 0) (ref.null func) (i32.const 7))",
            1 + 4 + 7,
        ),
        (
            "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 5))",
            1 + 4 + 5,
        ),
        (
            "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))",
            1 + 4 + 2,
        ),
        (
            "(drop (table.grow $t (ref.null func) (i32.const 6)))",
            1 + 3 + 6,
        ),
        // A page has 65,536 bytes, and 64 of them cost 1.
        ("(drop (memory.grow (i32.const 2)))", 1 + 2 + 2 * 1024),
    ];
    each(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            for (body, cost) in cases {
                let text = format!(
                    r#"(module (memory $m 1) (memory $n 1) (table $t 10 funcref)
                        (data $d "abcdef") (elem $e func $f $f $f)
                        (func $f (export "f") (param i32) {body}))"#
                );
                let mut store = Store::new(engine, ());
                let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
                store.set_fuel(10_000).unwrap();
                call(&mut store, &instance, "f", &[Val::I32(100)]).unwrap();
                assert_eq!(10_000 - store.get_fuel().unwrap(), cost, "{body}");
            }
        },
    );
}

const SPIN: &str = r#"(module
    (global $count (export "count") (mut i64) (i64.const 0))
    (func $loop (export "loop")
        (loop (global.set $count (i64.add (global.get $count) (i64.const 1))) (br 0)))
    (func $calls (export "calls") (return_call $calls))
    (func (export "deep") (call $loop))
    (func (export "count_to") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 7)))"#;

#[test]
fn epoch_deadlines_call_back() {
    each(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let mut store = Store::new(engine, 0_u64);
            store.set_epoch_deadline(1);
            let instance = Instance::new(&mut store, &module(engine, SPIN), &[]).unwrap();
            for name in ["loop", "calls", "deep"] {
                *store.data_mut() = 0;
                store.set_epoch_deadline(1);
                store.epoch_deadline_callback(|mut store| {
                    *store.data_mut() += 1;
                    assert!(!WasmBacktrace::capture(&store).frames().is_empty());
                    store.engine().increment_epoch();
                    Ok(match *store.data() {
                        ..5 => UpdateDeadline::Continue(0),
                        5..8 => UpdateDeadline::Yield(0),
                        8 => UpdateDeadline::Interrupt,
                        _ => return Err(Error::msg("enough")),
                    })
                });
                engine.increment_epoch();
                let func = instance.get_func(&mut store, name).unwrap();
                let mut execution = func.start(&mut store, &[]).unwrap();
                for count in 5..8 {
                    let outcome = execution.resume(&mut store).unwrap();
                    assert!(matches!(outcome, Outcome::Suspended(Suspension::Epoch)));
                    assert_eq!(*store.data(), count);
                }
                assert_eq!(trap(execution.resume(&mut store)), Some(Trap::Interrupt));
                assert!(execution.resume(&mut store).is_err());
                let error = call_func(&mut store, &func, &[]).unwrap_err();
                assert_eq!(error.root_cause().to_string(), "enough");
                // A synchronous call cannot yield.
                *store.data_mut() = 4;
                assert_eq!(
                    trap(call_func(&mut store, &func, &[])),
                    Some(Trap::Interrupt)
                );
                store.epoch_deadline_trap();
                assert_eq!(
                    trap(call_func(&mut store, &func, &[])),
                    Some(Trap::Interrupt)
                );
            }
            // Without a new epoch the callback is not called.
            store.set_epoch_deadline(1);
            let results = call(&mut store, &instance, "count_to", &[Val::I32(1_000)]).unwrap();
            assert_eq!(numbers(&results), [7]);
        },
    );
}

#[test]
fn another_thread_interrupts() {
    each(
        |config| {
            config.interruptible(true);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, SPIN), &[]).unwrap();
            for name in ["loop", "calls", "deep"] {
                let func = instance.get_func(&mut store, name).unwrap();
                let handle = store.interrupt_handle().unwrap();
                let other = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(5));
                    handle.interrupt();
                });
                let mut execution = func.start(&mut store, &[]).unwrap();
                let outcome = execution.resume(&mut store).unwrap();
                assert!(matches!(outcome, Outcome::Suspended(Suspension::Interrupt)));
                other.join().unwrap();
                store.interrupt_handle().unwrap().interrupt();
                assert_eq!(
                    trap(call_func(&mut store, &func, &[])),
                    Some(Trap::Interrupt)
                );
                // An interruption has no effect after it has been taken.
                let results = call(&mut store, &instance, "count_to", &[Val::I32(50)]).unwrap();
                assert_eq!(numbers(&results), [7]);
            }
        },
    );
}

#[test]
fn call_hooks_are_called_on_every_transition_including_nested_calls() {
    use CallHook::{CallingHost, CallingWasm, ReturningFromHost, ReturningFromWasm};
    let text = r#"(module
        (import "" "host" (func $host (param i32)))
        (func (export "f") (param i32) (call $host (local.get 0)))
        (func (export "tail") (param i32) (return_call $host (local.get 0))))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, Vec::new());
        store.call_hook(|mut store, hook| {
            store.data_mut().push(hook);
            Ok(())
        });
        type Caller<'a> = backstitch::Caller<'a, Vec<CallHook>>;
        let host = Func::wrap(
            &mut store,
            |mut caller: Caller<'_>, depth: i32| -> Result<()> {
                match depth {
                    0 => Ok(()),
                    -1 => Err(Error::msg("no")),
                    _ => {
                        let f = caller.get_export("f").unwrap().into_func().unwrap();
                        call_func(&mut caller, &f, &[Val::I32(depth - 1)]).map(drop)
                    }
                }
            },
        );
        let instance = Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
        for name in ["f", "tail"] {
            store.data_mut().clear();
            call(&mut store, &instance, name, &[Val::I32(1)]).unwrap();
            let inner = [
                CallingWasm,
                CallingHost,
                ReturningFromHost,
                ReturningFromWasm,
            ];
            let mut expected = vec![CallingWasm, CallingHost];
            expected.extend(inner);
            expected.extend([ReturningFromHost, ReturningFromWasm]);
            assert_eq!(*store.data(), expected, "{name}");
        }
        // An error of the hook ends the call at that transition.
        for place in 0..4 {
            let mut seen = 0;
            store.call_hook(move |_, _| {
                seen += 1;
                if seen > place {
                    Err(Error::msg("shut"))
                } else {
                    Ok(())
                }
            });
            let error = call(&mut store, &instance, "f", &[Val::I32(0)]).unwrap_err();
            assert_eq!(error.root_cause().to_string(), "shut");
            assert!(WasmBacktrace::capture(&store).frames().is_empty());
        }
    });
}

#[test]
fn a_limiter_denies_growth_and_instances() {
    let text = r#"(module
        (memory (export "memory") 1 10) (table (export "table") 4 funcref)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "grow_table") (param i32) (result i32)
            (table.grow (ref.null func) (local.get 0))))"#;
    each_default(|engine| {
        let limits = StoreLimitsBuilder::new()
            .memory_size(3 << 16)
            .table_elements(6)
            .instances(2)
            .memories(2)
            .tables(2)
            .build();
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let limited = module(engine, text);
        let instance = Instance::new(&mut store, &limited, &[]).unwrap();
        let mut run = |name: &str, by: i32| {
            numbers(&call(&mut store, &instance, name, &[Val::I32(by)]).unwrap())[0]
        };
        assert_eq!(
            [
                run("grow", 1),
                run("grow", 2),
                run("grow", 1),
                run("grow", 1)
            ],
            [1, -1, 2, -1]
        );
        assert_eq!(run("grow", -1), -1);
        assert_eq!(
            [
                run("grow_table", 3),
                run("grow_table", 2),
                run("grow_table", 1)
            ],
            [-1, 4, -1]
        );
        assert_eq!([run("grow", 0), run("grow_table", 0)], [3, 6]);
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        assert!(memory.grow(&mut store, 1).is_err());
        Instance::new(&mut store, &limited, &[]).unwrap();
        assert!(Instance::new(&mut store, &limited, &[]).is_err());
    });
}

/// A limiter that returns errors.
struct Refusing;

impl ResourceLimiter for Refusing {
    fn memory_growing(&mut self, current: usize, _: usize, _: Option<usize>) -> Result<bool> {
        if current == 0 {
            Ok(true)
        } else {
            Err(Error::msg("memory refused"))
        }
    }

    fn table_growing(&mut self, current: usize, _: usize, _: Option<usize>) -> Result<bool> {
        if current == 0 {
            Ok(true)
        } else {
            Err(Error::msg("table refused"))
        }
    }
}

#[test]
fn a_limiters_error_is_raised_at_the_guests_instruction() {
    let text = r#"(module
        (memory 1) (table 1 funcref)
        (func $grow (export "grow") (drop (memory.grow (i32.const 1))))
        (func $grow_table (export "grow_table")
            (drop (table.grow (ref.null func) (i32.const 1)))))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, Refusing);
        store.limiter(|limiter| limiter);
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        for (name, message) in [("grow", "memory refused"), ("grow_table", "table refused")] {
            let error = call(&mut store, &instance, name, &[]).unwrap_err();
            assert_eq!(error.root_cause().to_string(), message);
            assert_eq!(error_names(&error), [name]);
        }
    });
}
