//! Host functions that throw, catch and rethrow exceptions.

use crate::{call, each, module};
use backstitch::{
    Caller, Engine, Error, ExnRef, ExnRefPre, ExnType, Extern, Func, FuncType, Instance, Linker,
    Rooted, Store, Tag, TagType, ThrownException, Val, ValType, WasmBacktrace,
};

fn exception(
    mut store: impl backstitch::AsContextMut,
    tag: &Tag,
    fields: &[Val],
) -> Result<Rooted<ExnRef>, Error> {
    let ty = ExnType::from_tag_type(&tag.ty(&store))?;
    let allocator = ExnRefPre::new(&mut store, ty);
    ExnRef::new(&mut store, &allocator, tag, fields)
}

fn tag(store: &mut Store<()>, params: &[ValType]) -> Tag {
    let ty = FuncType::new(store.engine(), params.iter().cloned(), []);
    Tag::new(store, &TagType::new(ty)).unwrap()
}

#[test]
fn an_uncaught_exception_is_an_error_with_payload_and_backtrace() {
    each(|engine| {
        let text = r#"(module
            (tag $e (export "e") (param i32 externref))
            (func $inner (param externref) (throw $e (i32.const 3) (local.get 0)))
            (func (export "run") (param externref) (call $inner (local.get 0))))"#;
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        let value = backstitch::ExternRef::new(&mut store, 5_u8).unwrap();
        let error = call(&mut store, &instance, "run", &[value.into()]).unwrap_err();
        assert!(error.is::<ThrownException>());
        assert!(format!("{error:?}").contains("thrown Wasm exception"));
        let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
        let frames: Vec<_> = trace.frames().iter().map(|f| f.func_index()).collect();
        assert_eq!(frames, [0, 1]);
        assert!(trace.frames()[0].func_offset().is_some());

        assert!(store.has_pending_exception());
        let exception = store.take_pending_exception().unwrap();
        assert!(!store.has_pending_exception() && store.take_pending_exception().is_none());
        let e = instance.get_tag(&mut store, "e").unwrap();
        assert_eq!(exception.tag(&mut store).unwrap(), e);
        assert_eq!(exception.field(&mut store, 0).unwrap().i32(), Some(3));
        let kept = exception.field(&mut store, 1).unwrap();
        assert!(Rooted::ref_eq(&store, kept.unwrap_externref().unwrap(), &value).unwrap());
        assert!(exception.field(&mut store, 2).is_err());
        let ty = exception.ty(&store).unwrap();
        assert_eq!(ty, ExnType::from_tag_type(&e.ty(&store)).unwrap());
        assert_eq!(ty.fields().len(), 2);
    });
}

#[test]
fn a_host_function_throws_what_webassembly_catches() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let e = tag(&mut store, &[ValType::I32, ValType::F64]);
        let other = tag(&mut store, &[ValType::I32, ValType::F64]);
        let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, which: i32| {
            let tag = if which == 0 { e } else { other };
            let exception = exception(&mut caller, &tag, &[Val::I32(which + 7), 0.5.into()])?;
            caller.throw::<()>(exception)
        });
        let text = r#"(module
            (import "" "e" (tag $e (param i32 f64)))
            (import "" "throw" (func $throw (param i32)))
            (func $deeper (param i32) (call $throw (local.get 0)))
            (func $tail (param i32) (return_call $throw (local.get 0)))
            (func (export "run") (param i32) (result i32 f64)
                (try_table (catch $e 0) (call $throw (local.get 0)))
                (unreachable))
            (func (export "deep") (param i32) (result i32 f64)
                (try_table (catch $e 0) (call $deeper (local.get 0)))
                (unreachable))
            (func (export "tail") (param i32) (result i32 f64)
                (try_table (catch $e 0) (call $tail (local.get 0)))
                (unreachable)))"#;
        let imports = [Extern::Tag(e), throw.into()];
        let instance = Instance::new(&mut store, &module(engine, text), &imports).unwrap();
        for name in ["run", "deep", "tail"] {
            let results = call(&mut store, &instance, name, &[Val::I32(0)]).unwrap();
            assert_eq!((results[0].i32(), results[1].f64()), (Some(7), Some(0.5)));
            assert!(!store.has_pending_exception());
            // An exception with another tag of the same type is not caught.
            let error = call(&mut store, &instance, name, &[Val::I32(1)]).unwrap_err();
            assert!(error.is::<ThrownException>() && error.is::<WasmBacktrace>());
            let thrown = store.take_pending_exception().unwrap();
            assert_eq!(thrown.tag(&mut store).unwrap(), other);
        }
    });
}

/// A host function calls back, and receives the exception that the inner call ends with.
#[test]
fn a_host_function_catches_and_rethrows() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let wrapped = tag(&mut store, &[ValType::EXNREF]);
        let between = Func::wrap(
            &mut store,
            move |mut caller: Caller<'_, ()>, what: i32| -> Result<i32, Error> {
                let inner = caller
                    .get_export("inner")
                    .and_then(Extern::into_func)
                    .unwrap();
                let inner = inner.typed::<i32, i32>(&caller)?;
                let error = match inner.call(&mut caller, what) {
                    Ok(result) => return Ok(result),
                    Err(error) => error,
                };
                assert!(error.is::<ThrownException>());
                match what {
                    // Propagates the error.
                    1 => Err(error),
                    // Catches the exception.
                    2 => {
                        let exception = caller.take_pending_exception().unwrap();
                        let field = exception.field(&mut caller, 0)?;
                        Ok(field.unwrap_i32() + 1000)
                    }
                    // Catches the exception and throws it again.
                    3 => {
                        let exception = caller.take_pending_exception().unwrap();
                        caller.throw(exception)
                    }
                    // Throws another exception whose payload is the first.
                    _ => {
                        let first = caller.take_pending_exception().unwrap();
                        let second = exception(&mut caller, &wrapped, &[first.into()])?;
                        caller.throw(second)
                    }
                }
            },
        );
        let text = r#"(module
            (import "" "wrapped" (tag $wrapped (param exnref)))
            (import "" "between" (func $between (param i32) (result i32)))
            (tag $e (param i32))
            (func (export "inner") (param i32) (result i32)
                (if (local.get 0) (then (throw $e (i32.add (local.get 0) (i32.const 10)))))
                (i32.const -1))
            (func (export "run") (param i32) (result i32)
                (block $w (result exnref)
                    (block $h (result i32)
                        (try_table (catch $e $h) (catch $wrapped $w)
                            (return (call $between (local.get 0))))
                        (unreachable))
                    (return (i32.add (i32.const 100))))
                (drop)
                (i32.const 5)))"#;
        let imports = [Extern::Tag(wrapped), between.into()];
        let instance = Instance::new(&mut store, &module(engine, text), &imports).unwrap();
        for (what, expected) in [(0, -1), (1, 111), (2, 1012), (3, 113), (4, 5)] {
            let results = call(&mut store, &instance, "run", &[Val::I32(what)]).unwrap();
            assert_eq!(results[0].i32(), Some(expected), "{what}");
            assert!(!store.has_pending_exception());
        }
    });
}

#[test]
fn an_error_of_the_host_is_not_caught_by_webassembly() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let fail = Func::wrap(&mut store, || -> Result<(), Error> {
            Err(Error::msg("of the host's"))
        });
        // The error claims that an exception was thrown, but there is none.
        let nothing = Func::wrap(&mut store, || -> Result<(), Error> {
            Err(ThrownException.into())
        });
        let text = r#"(module
            (import "" "f" (func $f))
            (func (export "run") (block $h (try_table (catch_all $h) (call $f)))))"#;
        let module = module(engine, text);
        for (func, says) in [(fail, "of the host's"), (nothing, "thrown Wasm exception")] {
            let instance = Instance::new(&mut store, &module, &[func.into()]).unwrap();
            let error = call(&mut store, &instance, "run", &[]).unwrap_err();
            assert!(format!("{error:?}").contains(says), "{error:?}");
            assert!(store.take_pending_exception().is_none());
        }
    });
}

#[test]
fn a_start_function_may_throw_and_catch() {
    each(|engine| {
        let text = r#"(module
            (import "" "e" (tag $e (param i32)))
            (global $seen (export "seen") (mut i32) (i32.const 0))
            (func $throw (throw $e (i32.const 9)))
            (func $start
                (global.set $seen (block $h (result i32)
                    (try_table (catch $e $h) (call $throw))
                    (unreachable)))
                (call $throw))
            (start $start))"#;
        let mut store = Store::new(engine, ());
        let e = tag(&mut store, &[ValType::I32]);
        let mut linker = Linker::new(engine);
        linker.define(&store, "", "e", e).unwrap();
        let module = module(engine, text);
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert!(error.is::<ThrownException>());
        let exception = store.take_pending_exception().unwrap();
        assert_eq!(exception.tag(&mut store).unwrap(), e);
        let mut made = linker.instantiate_resumable(&mut store, &module).unwrap();
        assert!(made.resume(&mut store).unwrap_err().is::<ThrownException>());
        let seen = made.instance().get_global(&mut store, "seen").unwrap();
        assert_eq!(seen.get(&mut store).i32(), Some(9));
    });
}

#[test]
fn exceptions_are_checked_against_the_type_of_their_tag() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let e = tag(&mut store, &[ValType::I32]);
    let says = |error: Error| format!("{error:#}");
    let mut make = |fields: &[Val]| exception(&mut store, &e, fields).map_err(says);
    assert!(make(&[Val::I32(1)]).is_ok());
    assert_eq!(
        make(&[]).unwrap_err(),
        "expected 1 values of payload, found 0"
    );
    assert_eq!(
        make(&[Val::I64(1)]).unwrap_err(),
        "value 0 of the payload: type mismatch: expected i32, found i64"
    );
    let other = ExnType::new(&engine, [ValType::I64]).unwrap();
    let allocator = ExnRefPre::new(&mut store, other);
    assert!(ExnRef::new(&mut store, &allocator, &e, &[Val::I32(1)]).is_err());
    let suspends = FuncType::new(&engine, [], [ValType::I32]);
    assert!(ExnType::from_tag_type(&TagType::new(suspends)).is_err());
    let raw = exception(&mut store, &e, &[Val::I32(4)]).unwrap();
    let number = raw.to_raw(&mut store).unwrap();
    let same = ExnRef::from_raw(&mut store, number).unwrap();
    assert!(Rooted::ref_eq(&store, &same, &raw).unwrap());
    assert!(ExnRef::from_raw(&mut store, 0).is_none());
    assert!(ExnRef::from_raw(&mut store, 99).is_none());
    let mut elsewhere = Store::new(&engine, ());
    assert!(raw.tag(&mut elsewhere).is_err());
}
