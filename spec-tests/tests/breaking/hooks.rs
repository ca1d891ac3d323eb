//! Hooks: every way into a side has a way out of it, and epoch callbacks let code run.

use crate::common::{call, call_func, each, each_default, module, numbers};
use backstitch::{
    AsContextMut, CallHook, Caller, Engine, Error, ExnRef, ExnRefPre, ExnType, Func, FuncType,
    Instance, Outcome, Result, Store, Suspension, Tag, TagType, UpdateDeadline, Val, ValType,
};

const GUEST: &str = r#"(module
    (import "" "host" (func $host (param i32)))
    (import "" "tag" (tag $tag))
    (func (export "f") (param i32) (call $host (local.get 0)))
    (func (export "tail") (param i32) (return_call $host (local.get 0)))
    (func (export "trap") (param i32) unreachable)
    (func (export "throw") (param i32) (throw $tag))
    (func (export "catch") (param i32)
        (block (try_table (catch_all 0) (call $host (local.get 0))))))"#;

/// The ways in which the host function ends.
const RETURNS: i32 = 0;
const FAILS: i32 = 1;
const THROWS: i32 = 2;
const CALLS_TRAP: i32 = 3;
const CALLS_THROW: i32 = 4;
const CALLS_ITSELF: i32 = 5;

#[derive(Default)]
struct Data {
    hooks: Vec<CallHook>,
    instance: Option<Instance>,
    tag: Option<Tag>,
}

fn host(mut caller: Caller<'_, Data>, what: i32) -> Result<()> {
    let guest = |caller: &mut Caller<'_, Data>, name: &str, what: i32| {
        let instance = caller.data().instance.expect("the guest is there");
        let func = instance.get_func(&mut *caller, name).unwrap();
        call_func(caller, &func, &[Val::I32(what)]).map(drop)
    };
    match what {
        RETURNS => Ok(()),
        FAILS => Err(Error::msg("the host fails")),
        THROWS => {
            let tag = caller.data().tag.unwrap();
            let ty = ExnType::from_tag_type(&tag.ty(&caller)).unwrap();
            let pre = ExnRefPre::new(&mut caller, ty);
            let exception = ExnRef::new(&mut caller, &pre, &tag, &[]).unwrap();
            caller.as_context_mut().throw(exception)
        }
        CALLS_TRAP => guest(&mut caller, "trap", 0),
        CALLS_THROW => guest(&mut caller, "throw", 0),
        _ => guest(&mut caller, "f", FAILS),
    }
}

fn scene(engine: &Engine) -> (Store<Data>, Instance) {
    let mut store = Store::new(engine, Data::default());
    store.call_hook(|mut store, hook| {
        store.data_mut().hooks.push(hook);
        Ok(())
    });
    let host = Func::wrap(&mut store, host);
    let ty = TagType::new(FuncType::new(engine, [], []));
    let tag = Tag::new(&mut store, &ty).unwrap();
    let imports = [host.into(), tag.into()];
    let instance = Instance::new(&mut store, &module(engine, GUEST), &imports).unwrap();
    store.data_mut().instance = Some(instance);
    store.data_mut().tag = Some(tag);
    (store, instance)
}

/// Fails unless each transition into a side is followed by the one out of it, in the order of
/// brackets. Returns the number of pairs.
#[track_caller]
fn check_pairs(hooks: &[CallHook]) -> usize {
    let mut open = Vec::new();
    for &hook in hooks {
        match hook {
            CallHook::CallingWasm | CallHook::CallingHost => open.push(hook),
            CallHook::ReturningFromWasm => {
                assert_eq!(open.pop(), Some(CallHook::CallingWasm), "{hooks:?}");
            }
            CallHook::ReturningFromHost => {
                assert_eq!(open.pop(), Some(CallHook::CallingHost), "{hooks:?}");
            }
        }
    }
    assert_eq!(open, [], "{hooks:?}");
    hooks.len() / 2
}

#[test]
fn every_transition_has_its_return_on_errors_too() {
    each_default(|engine| {
        let (mut store, instance) = scene(engine);
        for name in ["f", "tail", "catch", "trap", "throw"] {
            let whats = match name {
                "trap" | "throw" => RETURNS..=RETURNS,
                _ => RETURNS..=CALLS_ITSELF,
            };
            for what in whats {
                let inner = match (name, what) {
                    ("trap" | "throw", _) => 0,
                    (_, CALLS_TRAP | CALLS_THROW) => 1,
                    (_, CALLS_ITSELF) => 2,
                    _ => 0,
                };
                let own = if inner == 0 && matches!(name, "trap" | "throw") {
                    1
                } else {
                    2
                };
                store.data_mut().hooks.clear();
                let called = call(&mut store, &instance, name, &[Val::I32(what)]);
                let caught = name == "catch" && matches!(what, THROWS | CALLS_THROW);
                let returns = !matches!(name, "trap" | "throw") && what == RETURNS;
                assert_eq!(called.is_ok(), returns || caught, "{name} {what}");
                let pairs = check_pairs(&store.data().hooks);
                assert_eq!(pairs, own + inner, "{name} {what}");
                store.take_pending_exception();

                // The same call, which can be suspended.
                store.data_mut().hooks.clear();
                let func = instance.get_func(&mut store, name).unwrap();
                let mut execution = func.start(&mut store, &[Val::I32(what)]).unwrap();
                let resumed = execution.resume(&mut store);
                assert_eq!(resumed.is_ok(), returns || caught, "{name} {what}");
                assert_eq!(check_pairs(&store.data().hooks), pairs, "{name} {what}");
                store.take_pending_exception();
            }
        }
        // A host function that the host calls, and a start function.
        let host = Func::wrap(&mut store, || -> Result<()> { Err(Error::msg("no")) });
        store.data_mut().hooks.clear();
        call_func(&mut store, &host, &[]).unwrap_err();
        assert_eq!(check_pairs(&store.data().hooks), 2);
        let start = module(engine, r#"(module (func $f unreachable) (start $f))"#);
        store.data_mut().hooks.clear();
        Instance::new(&mut store, &start, &[]).unwrap_err();
        assert_eq!(check_pairs(&store.data().hooks), 1);
    });
}

/// An error of the hook takes the place of the error that it is called for.
#[test]
fn a_hooks_error_takes_the_place_of_others() {
    each_default(|engine| {
        let (mut store, instance) = scene(engine);
        for at in [CallHook::ReturningFromHost, CallHook::ReturningFromWasm] {
            store.call_hook(move |_, hook| match hook == at {
                true => Err(Error::msg("shut")),
                false => Ok(()),
            });
            let error = call(&mut store, &instance, "f", &[Val::I32(FAILS)]).unwrap_err();
            assert_eq!(error.root_cause().to_string(), "shut");
        }
    });
}

/// A deadline that has passed again at once does not keep code from running up to the next poll.
#[test]
fn an_epoch_callback_without_ticks_lets_code_run() {
    let text = r#"(module (memory 1)
        (func (export "loop") (param i32) (result i32) (local i32)
            (loop
                (local.set 1 (i32.add (local.get 1) (i32.const 3)))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1))
        (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
        (func (export "calls") (param i32) (result i32)
            (call $leaf (call $leaf (i32.const 0))))
        (func (export "bulk") (param i32) (result i32)
            (memory.fill (i32.const 0) (i32.const 6) (i32.const 9))
            (i32.load8_u (i32.const 0))))"#;
    each(
        |config| {
            config.epoch_interruption(true).consume_fuel(true);
        },
        |engine| {
            let mut store = Store::new(engine, 0);
            store.set_fuel(1 << 40).unwrap();
            let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
            // Polls: at the entry, and at the loop's header, in each callee, or before the fill.
            for (name, polls) in [("loop", 3), ("calls", 3), ("bulk", 2)] {
                store.set_epoch_deadline(0);
                *store.data_mut() = 0;
                store.epoch_deadline_callback(|mut store| {
                    *store.data_mut() += 1;
                    Ok(UpdateDeadline::Continue(0))
                });
                let results = call(&mut store, &instance, name, &[Val::I32(2)]).unwrap();
                assert_eq!(numbers(&results), [6], "{name}");
                assert_eq!(*store.data(), polls, "{name}");

                store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(0)));
                let func = instance.get_func(&mut store, name).unwrap();
                let mut execution = func.start(&mut store, &[Val::I32(2)]).unwrap();
                let mut yields = 0;
                let results = loop {
                    match execution.resume(&mut store).unwrap() {
                        Outcome::Done(results) => break results,
                        Outcome::Suspended(Suspension::Epoch) => yields += 1,
                        Outcome::Suspended(other) => panic!("{other:?}"),
                    }
                };
                assert_eq!(numbers(&results), [6], "{name}");
                assert_eq!(yields, polls, "{name}");

                // The deadline counts from the continuation.
                store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
                let mut execution = func.start(&mut store, &[Val::I32(2)]).unwrap();
                let outcome = execution.resume(&mut store).unwrap();
                assert!(matches!(outcome, Outcome::Suspended(Suspension::Epoch)));
                for _ in 0..3 {
                    engine.increment_epoch();
                }
                let outcome = execution.resume(&mut store).unwrap();
                assert!(matches!(outcome, Outcome::Done(_)), "{name}");
            }
        },
    );
}

/// A host function that suspends the execution has returned to WebAssembly for the hook.
#[test]
fn a_suspension_by_the_host_pairs_its_transitions() {
    each_default(|engine| {
        let (mut store, _) = scene(engine);
        let asks = Func::new(
            &mut store,
            FuncType::new(engine, [], [ValType::I32]),
            |_, _, _| Err(Error::suspend(())),
        );
        let text = r#"(module (import "" "asks" (func $asks (result i32)))
            (func (export "f") (result i32) (call $asks)))"#;
        let instance = Instance::new(&mut store, &module(engine, text), &[asks.into()]).unwrap();
        let f = instance.get_func(&mut store, "f").unwrap();
        store.data_mut().hooks.clear();
        let mut execution = f.start(&mut store, &[]).unwrap();
        let outcome = execution.resume(&mut store).unwrap();
        assert!(matches!(outcome, Outcome::Suspended(Suspension::Host(_))));
        assert_eq!(check_pairs(&store.data().hooks), 2);
        let outcome = execution.resume_with(&mut store, &[Val::I32(7)]).unwrap();
        let Outcome::Done(results) = outcome else {
            panic!("expected the results")
        };
        assert_eq!(numbers(&results), [7]);
        assert_eq!(check_pairs(&store.data().hooks), 3);
    });
}

/// A callback at a deadline may run other code, which calls the host and does bulk operations.
#[test]
fn an_epoch_callback_runs_code() {
    let text = r#"(module
        (import "" "host" (func $host (param i32) (result i32)))
        (memory (export "memory") 1) (memory $n 1) (table $t 10 funcref)
        (func (export "other") (param i32)
            (drop (call $host (i32.const 1000)))
            (memory.fill $n (i32.const 0) (local.get 0) (i32.const 10)))
        (func (export "f") (param i32) (result i32)
            (memory.copy $n 0 (i32.const 0) (i32.const 0) (i32.const 0))
            (table.fill $t (i32.const 0) (ref.null func) (i32.const 10))
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 20))
            (i32.add (call $host (local.get 0)) (i32.load8_u (i32.const 19)))))"#;
    each(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let mut store = Store::new(engine, (Vec::new(), None::<Instance>));
            type Data = (Vec<i32>, Option<Instance>);
            let host = Func::wrap(&mut store, |mut caller: Caller<'_, Data>, number: i32| {
                caller.data_mut().0.push(number);
                number + 1
            });
            let instance =
                Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
            store.data_mut().1 = Some(instance);
            store.set_epoch_deadline(0);
            store.epoch_deadline_callback(|mut store| {
                let instance = store.data().1.expect("the instance is there");
                store.set_epoch_deadline(9);
                call(&mut store, &instance, "other", &[Val::I32(5)]).map(drop)?;
                Ok(UpdateDeadline::Continue(0))
            });
            let results = call(&mut store, &instance, "f", &[Val::I32(30)]).unwrap();
            assert_eq!(numbers(&results), [38]);
            let numbers = &store.data().0;
            assert_eq!(*numbers, [1000, 1000, 1000, 1000, 1000, 30]);
        },
    );
}
