//! Host functions that re-enter WebAssembly, grow the stack or memory, panic, or fail.

use crate::common::{call, call_func, each, each_default, error_names, module, names, numbers};
use backstitch::{
    Caller, Engine, Error, ExecutionError, Func, Instance, Result, Store, Trap, Val, WasmBacktrace,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls an export of the instance that has called the host.
fn call_back(caller: &mut Caller<'_, u32>, name: &str, arguments: &[Val]) -> Result<Vec<Val>> {
    let func = caller
        .get_export(name)
        .expect("the export exists")
        .into_func()
        .unwrap();
    call_func(caller, &func, arguments)
}

#[test]
fn a_host_function_re_enters_while_arguments_are_staged() {
    let text = r#"(module
        (import "" "host" (func $host (param i32 i64) (result i64 i32)))
        (memory (export "memory") 1 100)
        (global $g (mut i32) (i32.const 0))
        (func $deep (export "deep") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1)
                    (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                (else (global.set $g (i32.add (global.get $g) (i32.const 1)))
                    (drop (memory.grow (i32.const 1))) (i32.const 0))))
        (func $nine (param i32 i64 f64 i64 i32 f32 i32 i32 i64) (result i64)
            (i64.add (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1))
                (i64.add (i64.trunc_f64_s (local.get 2))
                (i64.add (local.get 3) (i64.add (i64.extend_i32_s (local.get 4))
                (i64.add (i64.trunc_f32_s (local.get 5))
                (i64.add (i64.extend_i32_s (local.get 6))
                (i64.add (i64.extend_i32_s (local.get 7)) (local.get 8)))))))))
        (func $f (export "f") (param i32) (result i64 i32 i32)
            (i32.store (i32.const 100) (i32.const 5))
            (call $nine (i32.const 1) (i64.const 20) (f64.const 300)
                (call $host (i32.const 7) (i64.const 4000))
                (f32.const 500000) (i32.load (i32.const 100)) (global.get $g) (i64.const 6000000))
            (call $deep (local.get 0))
            (i32.load (i32.const 100)))
        (func (export "middle") (param i32) (result i64 i32 i32)
            (call $f (local.get 0))))"#;
    each(
        |config| {
            config.max_wasm_stack(32 << 20);
        },
        |engine| {
            let mut store = Store::new(engine, 0);
            let host = Func::wrap(&mut store, |mut caller: Caller<'_, u32>, a: i32, b: i64| {
                *caller.data_mut() += 1;
                // Deep enough to need more than the initial stack.
                let depth = call_back(&mut caller, "deep", &[Val::I32(10_000)])?;
                assert_eq!(numbers(&depth), [10_000]);
                if *caller.data() == 1 {
                    // The same function is re-entered.
                    let inner = call_back(&mut caller, "middle", &[Val::I32(3_000)])?;
                    assert_eq!(numbers(&inner)[1..], [3_000, 5]);
                }
                let memory = caller.get_export("memory").unwrap().into_memory().unwrap();
                memory.grow(&mut caller, 1)?;
                Ok::<_, Error>((b, a))
            });
            let instance =
                Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
            for name in ["f", "middle"] {
                *store.data_mut() = 0;
                let results = call(&mut store, &instance, name, &[Val::I32(20_000)]).unwrap();
                let [sum, depth, loaded] = numbers(&results)[..] else {
                    panic!("three")
                };
                let inner_calls = if name == "f" { 3 } else { 7 };
                assert_eq!(
                    sum,
                    1 + 20 + 300 + 4000 + 7 + 500_000 + 5 + inner_calls + 6_000_000
                );
                assert_eq!((depth, loaded), (20_000, 5));
            }
        },
    );
}

#[test]
fn a_store_can_be_used_after_a_host_function_has_panicked() {
    let text = r#"(module
        (import "" "host" (func $host (param i32) (result i32)))
        (func $inner (param i32) (result i32) (call $host (local.get 0)))
        (func $outer (export "outer") (param i32) (result i32)
            (i32.add (i32.const 100) (call $inner (local.get 0)))))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, 0_u32);
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, u32>, what: i32| {
            let seen = names(&WasmBacktrace::capture(&caller));
            match what {
                0 => assert_eq!(seen.len() % 2, 0),
                1 => panic!("requested panic"),
                _ => {
                    // The panic of an inner call is caught during an outer call.
                    let inner = what - 1;
                    let caught = catch_unwind(AssertUnwindSafe(|| {
                        call_back(&mut caller, "outer", &[Val::I32(inner)])
                    }));
                    assert_eq!(caught.is_err(), inner == 1);
                    assert_eq!(names(&WasmBacktrace::capture(&caller)), seen);
                    let again = call_back(&mut caller, "outer", &[Val::I32(0)]).unwrap();
                    assert_eq!(numbers(&again), [100]);
                    assert_eq!(names(&WasmBacktrace::capture(&caller)), seen);
                }
            }
            what
        });
        let instance = Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
        for round in 0..20 {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                call(&mut store, &instance, "outer", &[Val::I32(1)])
            }));
            assert!(caught.is_err(), "round {round}");
            assert!(WasmBacktrace::capture(&store).frames().is_empty());
            for depth in [0, 2, 3, 5] {
                let results = call(&mut store, &instance, "outer", &[Val::I32(depth)]).unwrap();
                assert_eq!(numbers(&results), [100 + i64::from(depth)]);
            }
        }
    });
}

#[test]
fn a_panic_in_an_execution_ends_only_that_execution() {
    let text = r#"(module
        (import "" "host" (func $host (param i32)))
        (func (export "f") (param i32) (call $host (local.get 0))))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let host = Func::wrap(&mut store, |panics: i32| {
            assert!(panics == 0, "requested panic")
        });
        let instance = Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
        let f = instance.get_func(&mut store, "f").unwrap();
        let mut execution = f.start(&mut store, &[Val::I32(1)]).unwrap();
        let caught = catch_unwind(AssertUnwindSafe(|| execution.resume(&mut store)));
        assert!(caught.is_err());
        assert!(execution.resume(&mut store).is_err());
        assert!(WasmBacktrace::capture(&store).frames().is_empty());
        call_func(&mut store, &f, &[Val::I32(0)]).unwrap();
    });
}

#[test]
fn errors_of_host_functions_pass_through_wasm() {
    let text = r#"(module
        (import "" "host" (func $host))
        (func $a (export "a") (call $host))
        (func $b (export "b") (return_call $host)))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let host = Func::wrap(&mut store, || -> Result<()> {
            Err(Error::msg("out of yarn"))
        });
        let instance = Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
        let error = call(&mut store, &instance, "a", &[]).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "out of yarn");
        assert_eq!(error_names(&error), ["a"]);
        let error = call(&mut store, &instance, "b", &[]).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "out of yarn");
        assert!(error.downcast_ref::<Trap>().is_none());
    });
}

/// Creates an instance whose function and a host function call each other without end.
fn endless(engine: &Engine) -> (Store<u32>, Instance) {
    let mut store = Store::new(engine, 0);
    let host = Func::wrap(&mut store, |mut caller: Caller<'_, u32>| {
        *caller.data_mut() += 1;
        call_back(&mut caller, "f", &[]).map(drop)
    });
    let text = r#"(module (import "" "host" (func $host)) (func $f (export "f") (call $host)))"#;
    let instance = Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
    (store, instance)
}

#[test]
fn endless_host_re_entry_traps() {
    each_default(|engine| {
        let (mut store, instance) = endless(engine);
        let limit = |error: Error| {
            assert_eq!(
                error.root_cause().to_string(),
                "the limit of 100 nested calls from the host was reached \
                 (`Config::max_nested_calls` sets it)"
            );
            error.downcast_ref::<ExecutionError>().copied()
        };
        let error = call(&mut store, &instance, "f", &[]).unwrap_err();
        assert_eq!(limit(error), Some(ExecutionError::TooManyNestedCalls(100)));
        let depth = *store.data();
        *store.data_mut() = 0;
        assert!(depth > 5, "{depth}");
        let error = call(&mut store, &instance, "f", &[]).unwrap_err();
        assert_eq!(limit(error), Some(ExecutionError::TooManyNestedCalls(100)));
        assert_eq!(*store.data(), depth);
    });
}
