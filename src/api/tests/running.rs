//! Tests of running code: calls, traps, fuel, epochs, hooks, re-entry.

use super::*;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

const FACTORIAL: &str = r#"(module $math
    (func $fac (export "fac") (param i64) (result i64)
        (if (result i64) (i64.eqz (local.get 0))
            (then (i64.const 1))
            (else (i64.mul (local.get 0) (call $fac (i64.sub (local.get 0) (i64.const 1)))))))
    (func (export "spin") (loop $l (br $l)))
    (func $deep (export "deep") (call $deep) (call $deep)))"#;

#[test]
fn typed_and_untyped_calls_agree() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, FACTORIAL), &[]).unwrap();
    let fac = instance
        .get_typed_func::<i64, i64>(&mut store, "fac")
        .unwrap();
    assert_eq!(fac.call(&mut store, 20).unwrap(), 2_432_902_008_176_640_000);
    let mut results = [Val::I32(0)];
    fac.func()
        .call(&mut store, &[Val::I64(5)], &mut results)
        .unwrap();
    assert_eq!(results[0].unwrap_i64(), 120);
}

/// The results below the block are the same on all ways to its end.
#[test]
fn a_block_ends_the_function_above_other_results() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module (func (export "f") (param i32) (result f64 i32)
            (f64.const 101.375)
            (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 11)))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let f = instance
        .get_typed_func::<i32, (f64, i32)>(&mut store, "f")
        .unwrap();
    assert_eq!(f.call(&mut store, 1).unwrap(), (101.375, 1));
    assert_eq!(f.call(&mut store, 0).unwrap(), (101.375, 11));
}

#[test]
fn a_trap_shows_where_it_happened() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module $m
            (func $inner unreachable)
            (func (export "outer") (call $inner)))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let outer = instance
        .get_typed_func::<(), ()>(&mut store, "outer")
        .unwrap();
    let error = outer.call(&mut store, ()).unwrap_err();
    assert_eq!(
        error.downcast_ref::<Trap>(),
        Some(&Trap::UnreachableCodeReached)
    );
    let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
    let [inner, outer] = backtrace.frames() else {
        panic!("two frames")
    };
    assert_eq!((inner.func_index(), inner.func_name()), (0, Some("inner")));
    assert_eq!((outer.func_index(), outer.func_name()), (1, None));
    assert_eq!(
        (inner.func_offset(), outer.func_offset()),
        (Some(1), Some(1))
    );
    assert_eq!(inner.module().name(), Some("m"));
    assert_eq!(inner.instance(), instance);
    let at = inner.module_offset().unwrap();
    assert_eq!(outer.module_offset(), Some(at + 4));
    assert_eq!(
        format!("{error:?}"),
        format!(
            "error while executing at wasm backtrace:\n    0: {at:#8x} - m!inner\n    1: {:#8x} - \
             m!<wasm function 1>\n\nCaused by:\n    wasm trap: wasm `unreachable` instruction executed",
            at + 4
        )
    );
}

#[test]
fn a_host_function_sees_its_callers() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, Vec::new());
    let module = module(
        &engine,
        r#"(module
            (import "" "look" (func $look))
            (memory (export "memory") 1)
            (func $f (export "f") (call $look)))"#,
    );
    let look = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<usize>>| {
        let frames = WasmBacktrace::capture(&caller).frames().len();
        if let Some(memory) = caller.get_export("memory") {
            memory.into_memory().unwrap().data_mut(&mut caller)[0] = 1;
        }
        caller.data_mut().push(frames);
    });
    let instance = Instance::new(&mut store, &module, &[look.into()]).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    f.call(&mut store, ()).unwrap();
    look.call(&mut store, &[], &mut []).unwrap();
    assert_eq!(*store.data(), [1, 0]);
    assert!(WasmBacktrace::capture(&store).frames().is_empty());
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.data(&store)[0], 1);
}

#[test]
fn fuel_suspends_or_traps() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, FACTORIAL), &[]).unwrap();
    let fac = instance
        .get_typed_func::<i64, i64>(&mut store, "fac")
        .unwrap();
    let error = fac.call(&mut store, 3).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));

    let mut execution = fac.func().start(&mut store, &[Val::I64(10)]).unwrap();
    let mut suspensions = 0;
    let results = loop {
        match execution.resume(&mut store).unwrap() {
            Outcome::Done(results) => break results,
            Outcome::Suspended(suspension) => {
                assert!(matches!(suspension, Suspension::Fuel));
                suspensions += 1;
                store.set_fuel(5).unwrap();
            }
        }
    };
    assert_eq!(results[0].unwrap_i64(), 3_628_800);
    assert!(suspensions > 5);
}

#[test]
fn epochs_trap_continue_and_yield() {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = Instance::new(&mut store, &module(&engine, FACTORIAL), &[]).unwrap();
    let spin = instance
        .get_typed_func::<(), ()>(&mut store, "spin")
        .unwrap();
    store.set_epoch_deadline(1);
    engine.increment_epoch();
    let error = spin.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));

    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        Ok(match *store.data() {
            1 => UpdateDeadline::Continue(0),
            2 => UpdateDeadline::Yield(0),
            _ => UpdateDeadline::Interrupt,
        })
    });
    let mut execution = spin.func().start(&mut store, &[]).unwrap();
    let outcome = execution.resume(&mut store).unwrap();
    assert!(matches!(outcome, Outcome::Suspended(Suspension::Epoch)));
    assert_eq!(*store.data(), 2);
    let error = execution.resume(&mut store).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    assert_eq!(*store.data(), 3);
}

#[test]
fn interruption_suspends() {
    let mut config = Config::new();
    config.interruptible(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, FACTORIAL), &[]).unwrap();
    let spin = instance
        .get_typed_func::<(), ()>(&mut store, "spin")
        .unwrap();
    let handle = store.interrupt_handle().unwrap();
    handle.interrupt();
    let mut execution = spin.func().start(&mut store, &[]).unwrap();
    let outcome = execution.resume(&mut store).unwrap();
    assert!(matches!(outcome, Outcome::Suspended(Suspension::Interrupt)));
    handle.interrupt();
    let error = spin.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
}

#[test]
fn a_stack_has_an_end() {
    let mut config = Config::new();
    config.max_wasm_stack(if cfg!(miri) { 32 << 10 } else { 8 << 20 });
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, FACTORIAL), &[]).unwrap();
    let deep = instance
        .get_typed_func::<(), ()>(&mut store, "deep")
        .unwrap();
    let error = deep.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
    assert_eq!(
        error
            .downcast_ref::<WasmBacktrace>()
            .unwrap()
            .frames()
            .len(),
        20
    );
    let fac = instance
        .get_typed_func::<i64, i64>(&mut store, "fac")
        .unwrap();
    assert_eq!(fac.call(&mut store, 3).unwrap(), 6);
}

#[test]
fn a_call_hook_sees_every_passage() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, Vec::new());
    store.call_hook(|mut store, hook| {
        store.data_mut().push(hook);
        Ok(())
    });
    let module = module(
        &engine,
        r#"(module (import "" "h" (func $h)) (func (export "f") (call $h)))"#,
    );
    let h = Func::wrap(&mut store, || {});
    let instance = Instance::new(&mut store, &module, &[h.into()]).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    f.call(&mut store, ()).unwrap();
    assert_eq!(
        *store.data(),
        [
            CallHook::CallingWasm,
            CallHook::CallingHost,
            CallHook::ReturningFromHost,
            CallHook::ReturningFromWasm,
        ]
    );
    store.call_hook(|_, _| bail!("closed"));
    says(f.call(&mut store, ()), "closed");
}

#[test]
fn functions_cross_from_instance_to_instance() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let add = module(
        &engine,
        r#"(module (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1))))"#,
    );
    linker.module(&mut store, "math", &add).unwrap();
    let twice = module(
        &engine,
        r#"(module (import "math" "add" (func $add (param i32 i32) (result i32)))
            (func (export "twice") (param i32) (result i32)
                (call $add (local.get 0) (local.get 0))))"#,
    );
    let instance = linker.instantiate(&mut store, &twice).unwrap();
    let twice = instance
        .get_typed_func::<i32, i32>(&mut store, "twice")
        .unwrap();
    assert_eq!(twice.call(&mut store, 21).unwrap(), 42);
}

#[test]
fn a_panicking_host_function_leaves_the_store_usable() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module (import "" "h" (func $h (param i32)))
            (func (export "f") (param i32) (call $h (local.get 0))))"#,
    );
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let h = Func::wrap(&mut store, move |panics: i32| {
        seen.fetch_add(1, Ordering::Relaxed);
        assert!(panics == 0, "as it was told");
    });
    let instance = Instance::new(&mut store, &module, &[h.into()]).unwrap();
    let f = instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap();
    let caught = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
        let _ = f.call(&mut store, 1);
    }));
    assert!(caught.is_err());
    f.call(&mut store, 0).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert!(WasmBacktrace::capture(&store).frames().is_empty());
}

#[test]
fn growing_traps_where_the_limits_say_so() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new()
        .memory_size(1 << 16)
        .trap_on_grow_failure(true);
    let mut store = Store::new(&engine, limits.build());
    store.limiter(|limits| limits);
    let module = module(
        &engine,
        r#"(module (memory 1) (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let grow = instance
        .get_typed_func::<(), i32>(&mut store, "grow")
        .unwrap();
    let error = grow.call(&mut store, ()).unwrap_err();
    assert!(
        error
            .root_cause()
            .to_string()
            .contains("forcing trap when growing memory")
    );
    store.limiter(|limits| {
        *limits = StoreLimits::default();
        limits
    });
    assert_eq!(grow.call(&mut store, ()).unwrap(), 1);
}
