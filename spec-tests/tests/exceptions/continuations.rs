//! Exceptions that leave continuations.

use crate::{call, each, module};
use backstitch::{
    Caller, Error, ExnRef, ExnRefPre, ExnType, Func, FuncType, Instance, Store, Tag, TagType,
    ThrownException, Trap, Val, ValType, WasmBacktrace,
};

/// Each continuation resumes the next one. The innermost throws, or calls a host function that
/// throws.
const TEXT: &str = r#"(module
    (type $f (func (param i32)))
    (type $c (cont $f))
    (import "" "e" (tag $e (param i32)))
    (import "" "throw" (func $host (param i32)))
    (tag $other)
    (tag $pause)
    (global $kept (mut (ref null $c)) (ref.null $c))
    (elem declare func $level $host $throw)
    (func $throw (param i32)
        (if (i32.eq (local.get 0) (i32.const -1)) (then (return_call $host (i32.const 7))))
        (throw $e (local.get 0)))
    ;; As many levels as the argument, each with a handler for another tag.
    (func $level (param $left i32)
        (if (i32.le_s (local.get $left) (i32.const 0))
            (then (call $throw (local.get $left)) (unreachable)))
        (block $h
            (try_table (catch $other $h)
                (resume $c (i32.sub (local.get $left) (i32.const 1))
                    (cont.new $c (ref.func $level)))))
        (unreachable))
    (func (export "run") (param $levels i32) (result i32)
        (local $below i64)
        (local.set $below (i64.const 40))
        (i32.wrap_i64 (local.get $below))
        (block $h (result i32)
            (try_table (catch $e $h)
                (local.set $below (i64.const 2))
                (resume $c (local.get $levels) (cont.new $c (ref.func $level))))
            (unreachable))
        (i32.add)
        (i32.add (i32.wrap_i64 (local.get $below))))
    ;; A host function as a continuation.
    (func (export "host") (result i32)
        (try_table (catch $e 0) (resume $c (i32.const 5) (cont.new $c (ref.func $host))))
        (unreachable))
    (func (export "uncaught") (param $levels i32)
        (resume $c (local.get $levels) (cont.new $c (ref.func $level))))
    ;; A continuation that has ended with an exception is consumed.
    (func (export "again")
        (global.set $kept (cont.new $c (ref.func $throw)))
        (block $h (result i32)
            (try_table (catch $e $h) (resume $c (i32.const 1) (global.get $kept)))
            (unreachable))
        (drop)
        (resume $c (i32.const 1) (global.get $kept))))"#;

fn instance(store: &mut Store<()>, engine: &backstitch::Engine) -> (Instance, Tag) {
    let ty = TagType::new(FuncType::new(engine, [ValType::I32], []));
    let e = Tag::new(&mut *store, &ty).unwrap();
    let throw = move |mut caller: Caller<'_, ()>, value: i32| -> Result<(), Error> {
        let ty = ExnType::from_tag_type(&e.ty(&caller))?;
        let allocator = ExnRefPre::new(&mut caller, ty);
        let exception = ExnRef::new(&mut caller, &allocator, &e, &[Val::I32(value)])?;
        caller.throw(exception)
    };
    let host = Func::wrap(&mut *store, throw);
    let imports = [e.into(), host.into()];
    let instance = Instance::new(&mut *store, &module(engine, TEXT), &imports).unwrap();
    (instance, e)
}

#[test]
fn an_exception_crosses_all_the_stacks_to_its_handler() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (instance, _) = instance(&mut store, engine);
        for levels in [0, 1, 2, 10, 3_000] {
            for _ in 0..3 {
                let results = call(&mut store, &instance, "run", &[Val::I32(levels)]).unwrap();
                assert_eq!(results[0].i32(), Some(42), "{levels}");
            }
        }
        let results = call(&mut store, &instance, "run", &[Val::I32(-1)]).unwrap();
        assert_eq!(results[0].i32(), Some(49));
        let results = call(&mut store, &instance, "host", &[]).unwrap();
        assert_eq!(results[0].i32(), Some(5));
    });
}

#[test]
fn an_uncaught_exception_shows_the_frames_of_all_stacks() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (instance, e) = instance(&mut store, engine);
        for levels in [3, -1] {
            let error = call(&mut store, &instance, "uncaught", &[Val::I32(levels)]).unwrap_err();
            assert!(error.is::<ThrownException>());
            let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
            let names: Vec<_> = trace.frames().iter().map(|f| f.func_name()).collect();
            let expected: &[_] = match levels {
                3 => &["throw", "level", "level", "level", "level"],
                // The tail call to the host has left no frame.
                _ => &["level"],
            };
            let expected: Vec<_> = expected.iter().copied().map(Some).chain([None]).collect();
            assert_eq!(names, expected);
            let exception = store.take_pending_exception().unwrap();
            assert_eq!(exception.tag(&mut store).unwrap(), e);
        }
    });
}

#[test]
fn a_continuation_that_threw_is_consumed() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (instance, _) = instance(&mut store, engine);
        let error = call(&mut store, &instance, "again", &[]).unwrap_err();
        assert_eq!(
            error.downcast_ref(),
            Some(&Trap::ContinuationAlreadyConsumed)
        );
    });
}
