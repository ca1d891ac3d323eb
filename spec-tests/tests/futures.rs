//! Asynchronous calls, polled by hand.

#[path = "../../examples/async_calls/main.rs"]
mod async_calls;
#[path = "../../examples/generators/main.rs"]
mod generators;

use backstitch::{
    AsContextMut, Caller, Config, Engine, ExternRef, Func, FuncType, Instance, Linker, Module,
    RootScope, Store, Trap, UpdateDeadline, Val, ValType, WasmBacktrace, bail,
};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// Polls a future until it is ready. Returns the number of polls and the output.
fn finish<F: Future>(future: F) -> (usize, F::Output) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for polls in 1.. {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return (polls, output);
        }
    }
    unreachable!("the loop has no end")
}

/// Is pending when polled for the first time, and ready the second time.
async fn later() {
    let mut polled = false;
    poll_fn(|_| match std::mem::replace(&mut polled, true) {
        false => Poll::Pending,
        true => Poll::Ready(()),
    })
    .await;
}

const CALLS: &str = r#"(module
    (import "host" "ask" (func $ask (param i32 i64) (result i64 i32)))
    (func $f (param i32) (result i64)
        (local i64 i32)
        (call $ask (local.get 0) (i64.const 7)) (local.set 2) (local.set 1)
        (i64.add (local.get 1) (i64.extend_i32_s (local.get 2))))
    (func (export "run") (param i32) (result i64)
        (i64.add (call $f (local.get 0)) (call $f (i32.const 100)))))"#;

fn linked(engine: &Engine) -> (Store<usize>, Instance) {
    let mut linker: Linker<usize> = Linker::new(engine);
    let ask = |mut caller: Caller<'_, usize>, (a, b): (i32, i64)| {
        *caller.data_mut() += 1;
        async move {
            if a < 0 {
                bail!("nothing is known about {a}");
            }
            later().await;
            Ok((i64::from(a) * b, 1))
        }
    };
    linker.func_wrap_async("host", "ask", ask).unwrap();
    let mut store = Store::new(engine, 0);
    let module = Module::new(engine, CALLS).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

#[test]
fn a_call_is_pending_while_the_host_waits() {
    let (mut store, instance) = linked(&Engine::default());
    let run = instance
        .get_typed_func::<i32, i64>(&mut store, "run")
        .unwrap();
    let (polls, result) = finish(run.call_async(&mut store, 3));
    assert_eq!((polls, result.unwrap()), (3, 3 * 7 + 1 + 700 + 1));
    assert_eq!(*store.data(), 2);

    let run = instance.get_func(&mut store, "run").unwrap();
    let mut results = [Val::I64(0)];
    let (polls, ended) = finish(run.call_async(&mut store, &[Val::I32(0)], &mut results));
    ended.unwrap();
    assert_eq!((polls, results[0].unwrap_i64()), (3, 1 + 700 + 1));
}

#[test]
fn a_future_that_fails_ends_the_call_with_its_backtrace() {
    let (mut store, instance) = linked(&Engine::default());
    let run = instance
        .get_typed_func::<i32, i64>(&mut store, "run")
        .unwrap();
    let (_, result) = finish(run.call_async(&mut store, -1));
    let error = result.unwrap_err();
    assert!(format!("{error:#}").contains("nothing is known about -1"));
    let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
    let frames: Vec<u32> = backtrace.frames().iter().map(|f| f.func_index()).collect();
    assert_eq!(frames, [1, 2]);
    assert!(finish(run.call_async(&mut store, 1)).1.is_ok());
}

#[test]
fn a_synchronous_call_of_an_async_function_fails() {
    let (mut store, instance) = linked(&Engine::default());
    let run = instance
        .get_typed_func::<i32, i64>(&mut store, "run")
        .unwrap();
    assert!(run.call(&mut store, 1).is_err());
    assert!(finish(run.call_async(&mut store, 1)).1.is_ok());
}

#[test]
fn dropping_the_future_ends_the_call() {
    let (mut store, instance) = linked(&Engine::default());
    let run = instance
        .get_typed_func::<i32, i64>(&mut store, "run")
        .unwrap();
    for _ in 0..100 {
        let mut call = pin!(run.call_async(&mut store, 1));
        let mut context = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(*store.data(), 100);
    assert!(finish(run.call_async(&mut store, 1)).1.is_ok());
}

#[test]
fn dynamically_typed_functions() {
    let engine = Engine::default();
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32, ValType::F64]);
    let mut store = Store::new(&engine, ());
    let answers = Func::new_async(&mut store, ty.clone(), |_, params| {
        let number = params[0].unwrap_i32();
        async move {
            later().await;
            Ok(match number {
                0 => vec![Val::I32(5), Val::F64(2.5f64.to_bits())],
                1 => vec![Val::I32(5)],
                _ => vec![Val::I32(5), Val::F32(0)],
            })
        }
    });
    let call = |store: &mut Store<()>, number| {
        let mut results = [Val::I32(0), Val::I32(0)];
        let ended = finish(answers.call_async(store, &[Val::I32(number)], &mut results)).1;
        ended.map(|()| (results[0].unwrap_i32(), results[1].unwrap_f64()))
    };
    assert_eq!(call(&mut store, 0).unwrap(), (5, 2.5));
    for (number, says) in [(1, "2 results returned 1"), (2, "result 1")] {
        let error = call(&mut store, number).unwrap_err();
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }

    let mut linker: Linker<()> = Linker::new(&engine);
    let again = linker.func_new_async("host", "f", ty, |_, _| async { Ok(Vec::new()) });
    assert!(again.is_ok());
    let wrapped = Func::wrap_async(&mut store, |_: Caller<'_, ()>, (x,): (i64,)| async move {
        later().await;
        Ok(x + 1)
    });
    let wrapped = wrapped.typed::<i64, i64>(&store).unwrap();
    assert_eq!(finish(wrapped.call_async(&mut store, 41)).1.unwrap(), 42);
}

#[test]
fn start_functions_wait() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "host" "wait" (func $wait)) (start $wait))"#,
    )
    .unwrap();
    let waits = Arc::new(AtomicUsize::new(0));
    let mut linker: Linker<()> = Linker::new(&engine);
    let count = Arc::clone(&waits);
    let wait = move |_: Caller<'_, ()>, (): ()| {
        let count = Arc::clone(&count);
        async move {
            later().await;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    };
    linker.func_wrap_async("host", "wait", wait).unwrap();
    let mut store = Store::new(&engine, ());
    let (polls, instance) = finish(linker.instantiate_async(&mut store, &module));
    assert!(instance.is_ok());
    assert_eq!((polls, waits.load(Ordering::Relaxed)), (2, 1));
    let pre = linker.instantiate_pre(&module).unwrap();
    assert!(finish(pre.instantiate_async(&mut store)).1.is_ok());
    let import = linker.get(&mut store, "host", "wait").unwrap();
    assert!(
        finish(Instance::new_async(&mut store, &module, &[import]))
            .1
            .is_ok()
    );
    assert_eq!(waits.load(Ordering::Relaxed), 3);
}

#[test]
fn epochs_yield_and_fuel_does_not() {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let text = r#"(module (func (export "run") (param i32)
        (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, 0);
    store.set_fuel(1_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<i32, ()>(&mut store, "run")
        .unwrap();
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        *store.as_context_mut().data_mut() += 1;
        Ok(UpdateDeadline::Yield(1))
    });
    engine.increment_epoch();
    let (polls, ended) = finish(run.call_async(&mut store, 10));
    ended.unwrap();
    assert_eq!((polls, *store.data()), (2, 1));
    let (_, ended) = finish(run.call_async(&mut store, 1_000_000));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&Trap::OutOfFuel));
}

#[test]
fn references_are_held_until_they_are_dropped() {
    let mut store = Store::new(&Engine::default(), ());
    let (owned, lost) = {
        let mut scope = RootScope::new(&mut store);
        let owned = ExternRef::new(&mut scope, 1).unwrap();
        let lost = ExternRef::new(&mut scope, 2).unwrap();
        (owned.to_owned_rooted(&mut scope).unwrap(), lost)
    };
    let copy = owned.clone();
    drop(owned);
    store.gc(None).unwrap();
    assert!(lost.data(&store).is_err());
    assert!(lost.to_owned_rooted(&mut store).is_err());
    let value = {
        let mut scope = RootScope::new(&mut store);
        let value = copy.to_rooted(&mut scope);
        assert!(value.data(scope.as_context_mut()).unwrap().is_some());
        value
    };
    drop(copy);
    store.gc(None).unwrap();
    assert!(value.data(&store).is_err());
    // Dropped references do not accumulate.
    for number in 0..100_000 {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, number).unwrap();
        drop(value.to_owned_rooted(&mut scope).unwrap());
    }
}

/// The examples contain assertions of their own.
#[test]
fn the_examples_succeed() {
    async_calls::main().unwrap();
    generators::main().unwrap();
}
