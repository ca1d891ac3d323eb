//! Executions that are suspended, resumed out of order, or dropped.

use crate::common::{call_func, each, each_default, module, names, numbers, trap};
use backstitch::{
    Caller, Engine, Error, Execution, Func, Instance, Linker, Outcome, Result, Store, Suspension,
    Trap, Val, WasmBacktrace,
};

const ASKING: &str = r#"(module $asking
    (import "" "ask" (func $ask (param i32) (result i64 i32)))
    (global $sum (export "sum") (mut i64) (i64.const 0))
    (func $one (param i32) (result i64) (local i64)
        (local.set 1 (i64.const 1000000))
        (call $ask (local.get 0))
        (i64.extend_i32_s) (i64.add) (i64.add (local.get 1)))
    (func $f (export "f") (param i32) (result i64)
        (local i64)
        (loop
            (local.set 1 (i64.add (local.get 1) (call $one (local.get 0))))
            (global.set $sum (i64.add (global.get $sum) (i64.const 1)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
    (func $tail (export "tail") (param i32) (result i64 i32) (return_call $ask (local.get 0)))
    (func $from_tail (export "from_tail") (param i32) (result i64 i32)
        (call $tail (i32.add (local.get 0) (i32.const 1)))))"#;

fn asking(engine: &Engine) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let ask = Func::wrap(&mut store, |question: i32| -> Result<(i64, i32)> {
        Err(Error::suspend(question))
    });
    let instance = Instance::new(&mut store, &module(engine, ASKING), &[ask.into()]).unwrap();
    (store, instance)
}

fn start(store: &mut Store<()>, instance: &Instance, name: &str, argument: i32) -> Execution {
    let func = instance.get_func(&mut *store, name).unwrap();
    func.start(store, &[Val::I32(argument)]).unwrap()
}

/// Returns the number that a suspended execution passes to the host.
fn question(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Suspended(Suspension::Host(request)) => *request.downcast_ref().unwrap(),
        other => panic!("not suspended with a question: {other:?}"),
    }
}

fn done(outcome: Outcome) -> Vec<i64> {
    match outcome {
        Outcome::Done(results) => numbers(&results),
        other => panic!("not done: {other:?}"),
    }
}

#[test]
fn a_suspended_host_function_receives_its_results() {
    each_default(|engine| {
        let (mut store, instance) = asking(engine);
        let mut execution = start(&mut store, &instance, "f", 3);
        let mut outcome = execution.resume(&mut store).unwrap();
        for expected in [3, 2, 1] {
            assert_eq!(question(outcome), expected);
            // It can be resumed only with an answer of the right type.
            assert!(execution.resume(&mut store).is_err());
            assert!(execution.resume_with(&mut store, &[Val::I64(1)]).is_err());
            assert!(
                execution
                    .resume_with(&mut store, &[Val::I32(1), Val::I32(1)])
                    .is_err()
            );
            let answer = [Val::I64(i64::from(expected) * 10), Val::I32(-expected)];
            outcome = execution.resume_with(&mut store, &answer).unwrap();
        }
        assert_eq!(done(outcome), [3_000_000 + 60 - 6]);
        for name in ["tail", "from_tail"] {
            let mut execution = start(&mut store, &instance, name, 8);
            let asked = question(execution.resume(&mut store).unwrap());
            assert_eq!(asked, if name == "tail" { 8 } else { 9 });
            let outcome = execution
                .resume_with(&mut store, &[Val::I64(5), Val::I32(6)])
                .unwrap();
            assert_eq!(done(outcome), [5, 6]);
        }
    });
}

#[test]
fn two_executions_advance_in_turn() {
    each_default(|engine| {
        let (mut store, instance) = asking(engine);
        let mut a = start(&mut store, &instance, "f", 3);
        assert_eq!(question(a.resume(&mut store).unwrap()), 3);
        let mut b = start(&mut store, &instance, "f", 2);
        assert_eq!(question(b.resume(&mut store).unwrap()), 2);
        let answer = [Val::I64(0), Val::I32(1)];
        assert_eq!(question(a.resume_with(&mut store, &answer).unwrap()), 2);
        assert_eq!(question(b.resume_with(&mut store, &answer).unwrap()), 1);
        assert_eq!(question(a.resume_with(&mut store, &answer).unwrap()), 1);
        // A call in between, which runs on another stack.
        let func = instance.get_func(&mut store, "tail").unwrap();
        assert!(call_func(&mut store, &func, &[Val::I32(0)]).is_err());
        assert_eq!(
            done(a.resume_with(&mut store, &answer).unwrap()),
            [3_000_003]
        );
        let mut c = start(&mut store, &instance, "f", 1);
        assert_eq!(question(c.resume(&mut store).unwrap()), 1);
        assert_eq!(
            done(b.resume_with(&mut store, &answer).unwrap()),
            [2_000_002]
        );
        assert!(b.resume_with(&mut store, &answer).is_err());
        assert_eq!(
            done(c.resume_with(&mut store, &answer).unwrap()),
            [1_000_001]
        );
        let sum = instance.get_global(&mut store, "sum").unwrap();
        assert_eq!(sum.get(&mut store).unwrap_i64(), 6);
        assert!(WasmBacktrace::capture(&store).frames().is_empty());
    });
}

#[test]
fn an_execution_started_inside_another_one_outlives_it() {
    let text = r#"(module
        (import "" "begin" (func $begin))
        (func $outer (export "outer") (call $begin))
        (func $inner (export "inner") (param i32) (result i32) (local i32)
            (loop
                (local.set 1 (i32.add (local.get 1) (local.get 0)))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))"#;
    each(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let mut store = Store::new(engine, None::<Execution>);
            type Host<'a> = Caller<'a, Option<Execution>>;
            let begin = Func::wrap(&mut store, |mut caller: Host<'_>| {
                let inner = caller.get_export("inner").unwrap().into_func().unwrap();
                let mut execution = inner.start(&mut caller, &[Val::I32(10)]).unwrap();
                let fuel = caller.get_fuel().unwrap();
                caller.set_fuel(30).unwrap();
                let outcome = execution.resume(&mut caller).unwrap();
                assert!(matches!(outcome, Outcome::Suspended(Suspension::Fuel)));
                assert_eq!(names(&WasmBacktrace::capture(&caller)), ["outer"]);
                caller.set_fuel(fuel).unwrap();
                *caller.data_mut() = Some(execution);
            });
            let instance =
                Instance::new(&mut store, &module(engine, text), &[begin.into()]).unwrap();
            store.set_fuel(10_000).unwrap();
            let outer = instance.get_func(&mut store, "outer").unwrap();
            call_func(&mut store, &outer, &[]).unwrap();
            let mut execution = store.data_mut().take().unwrap();
            // Other calls use the free stacks in the meantime.
            for _ in 0..3 {
                call_func(&mut store, &outer, &[]).unwrap();
            }
            let outcome = execution.resume(&mut store).unwrap();
            assert_eq!(done(outcome), [55]);
            let mut other = store.data_mut().take().unwrap();
            assert_eq!(done(other.resume(&mut store).unwrap()), [55]);
        },
    );
}

#[test]
fn an_execution_cannot_be_advanced_from_inside_itself() {
    let text = r#"(module (import "" "host" (func $host)) (func (export "f") (call $host)))"#;
    each_default(|engine| {
        type Shared = std::sync::Arc<std::sync::Mutex<Option<Execution>>>;
        let shared = Shared::default();
        let mut store = Store::new(engine, ());
        let inside = Shared::clone(&shared);
        let host = Func::wrap(&mut store, move |_: Caller<'_, ()>| {
            // The lock of the running execution is held, so that it is not mistaken for another
            // one.
            assert!(inside.try_lock().is_err());
        });
        let instance = Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
        let func = instance.get_func(&mut store, "f").unwrap();
        *shared.lock().unwrap() = Some(func.start(&mut store, &[]).unwrap());
        let mut execution = shared.lock().unwrap();
        let outcome = execution.as_mut().unwrap().resume(&mut store).unwrap();
        assert!(done(outcome).is_empty());
    });
}

#[test]
fn suspended_executions_are_dropped() {
    each_default(|engine| {
        let (mut store, instance) = asking(engine);
        let mut kept = start(&mut store, &instance, "f", 1);
        assert_eq!(question(kept.resume(&mut store).unwrap()), 1);
        for round in 0..5_000 {
            // Some executions are fresh, some are suspended, and some have ended or failed.
            let mut execution = start(&mut store, &instance, "f", 2);
            if round % 3 > 0 {
                assert_eq!(question(execution.resume(&mut store).unwrap()), 2);
            }
            if round % 3 > 1 {
                let answer = [Val::I64(0), Val::I32(0)];
                let outcome = execution.resume_with(&mut store, &answer).unwrap();
                assert_eq!(question(outcome), 1);
            }
        }
        let answer = [Val::I64(0), Val::I32(0)];
        assert_eq!(
            done(kept.resume_with(&mut store, &answer).unwrap()),
            [1_000_000]
        );
        drop(kept);
        // The store may be dropped before the execution.
        let mut execution = start(&mut store, &instance, "f", 1);
        assert_eq!(question(execution.resume(&mut store).unwrap()), 1);
        drop(store);
        drop(execution);
    });
}

#[test]
fn a_suspension_inside_a_synchronous_call_is_an_error() {
    let text = r#"(module
        (import "" "outer" (func $outer (result i64 i32)))
        (func (export "f") (result i64 i32) (call $outer)))"#;
    each_default(|engine| {
        let (mut store, asking) = asking(engine);
        let tail = asking.get_func(&mut store, "tail").unwrap();
        let outer = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
            let results = call_func(&mut caller, &tail, &[Val::I32(4)])?;
            Ok::<_, Error>((results[0].unwrap_i64(), results[1].unwrap_i32()))
        });
        let instance = Instance::new(&mut store, &module(engine, text), &[outer.into()]).unwrap();
        let func = instance.get_func(&mut store, "f").unwrap();
        let mut execution = func.start(&mut store, &[]).unwrap();
        let error = execution.resume(&mut store).unwrap_err();
        assert!(error.is::<backstitch::HostRequest>());
        assert!(format!("{error:#}").contains("cannot be suspended"));
    });
}

#[test]
fn a_trap_after_a_suspension_shows_the_earlier_frames() {
    let text = r#"(module
        (import "" "ask" (func $ask))
        (func $inner (call $ask) (unreachable))
        (func $outer (export "outer") (call $inner)))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let ask = Func::wrap(&mut store, || -> Result<()> { Err(Error::suspend(())) });
        let instance = Instance::new(&mut store, &module(engine, text), &[ask.into()]).unwrap();
        let outer = instance.get_func(&mut store, "outer").unwrap();
        let mut execution = outer.start(&mut store, &[]).unwrap();
        let outcome = execution.resume(&mut store).unwrap();
        assert!(matches!(outcome, Outcome::Suspended(Suspension::Host(_))));
        let error = execution.resume(&mut store).unwrap_err();
        assert_eq!(crate::common::error_names(&error), ["inner", "outer"]);
        assert_eq!(trap::<()>(Err(error)), Some(Trap::UnreachableCodeReached));
        assert!(execution.resume(&mut store).is_err());
    });
}

#[test]
fn a_start_function_suspends_and_continues() {
    let text = r#"(module
        (import "" "ask" (func $ask (param i32) (result i64 i32)))
        (global $result (export "result") (mut i64) (i64.const 0))
        (func $start (call $ask (i32.const 9)) (drop) (global.set $result))
        (start $start))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        let ask = |question: i32| -> Result<(i64, i32)> { Err(Error::suspend(question)) };
        linker.func_wrap("", "ask", ask).unwrap();
        let module = module(engine, text);
        assert!(linker.instantiate(&mut store, &module).is_err());
        let mut instantiation = linker.instantiate_resumable(&mut store, &module).unwrap();
        let suspension = instantiation
            .resume(&mut store)
            .unwrap()
            .expect("it suspends");
        assert!(matches!(suspension, Suspension::Host(_)));
        let answer = [Val::I64(44), Val::I32(0)];
        assert!(
            instantiation
                .resume_with(&mut store, &answer)
                .unwrap()
                .is_none()
        );
        let instance = instantiation.instance();
        let result = instance.get_global(&mut store, "result").unwrap();
        assert_eq!(result.get(&mut store).unwrap_i64(), 44);
    });
}
