//! The legacy instructions, with the host, the collector, continuations and observers.

use crate::{call, each, each_mode, module};
use backstitch::coredump::{CoreDump, Value};
use backstitch::{
    Caller, Error, ExnRef, ExnRefPre, ExnType, ExternRef, Func, FuncType, Instance, ModuleError,
    Rooted, Store, StoreLimits, StoreLimitsBuilder, Tag, TagType, ThrownException, Trap, Val,
    ValType, WasmCoreDump,
};

fn number(result: Result<Vec<Val>, Error>) -> i32 {
    let results = result.unwrap_or_else(|error| panic!("{error:?}"));
    results[0].i32().expect("a number")
}

/// A host function that throws what legacy code catches, and an exception that legacy code throws
/// again and the host receives.
#[test]
fn the_host_throws_and_receives_exceptions() {
    let text = r#"(module
        (import "" "e" (tag $e (param i32)))
        (import "" "throw" (func $throw (param i32)))
        (func (export "catch") (param i32) (result i32)
            try (result i32)
                (call $throw (local.get 0))
                (i32.const 0)
            catch $e
                (i32.add (i32.const 100))
            end)
        (func (export "again") (param i32) (result i32)
            try (result i32)
                (call $throw (local.get 0))
                (i32.const 0)
            catch_all
                try
                    (call $throw (i32.const 1))
                catch_all
                end
                (rethrow 0)
            end)
        (func (export "trap")
            try
                (call $throw (i32.const -1))
            catch_all
            end))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let ty = TagType::new(FuncType::new(engine, [ValType::I32], []));
        let e = Tag::new(&mut store, &ty).unwrap();
        let throw = move |mut caller: Caller<'_, ()>, value: i32| -> Result<(), Error> {
            if value < 0 {
                return Err(Error::msg("not an exception"));
            }
            let ty = ExnType::from_tag_type(&e.ty(&caller))?;
            let allocator = ExnRefPre::new(&mut caller, ty);
            let exception = ExnRef::new(&mut caller, &allocator, &e, &[Val::I32(value)])?;
            caller.throw(exception)
        };
        let host = Func::wrap(&mut store, throw);
        let imports = [e.into(), host.into()];
        let instance = Instance::new(&mut store, &module(engine, text), &imports).unwrap();
        let mut run =
            |name: &str, value: i32| call(&mut store, &instance, name, &[Val::I32(value)]);
        assert_eq!(number(run("catch", 7)), 107);
        assert!(run("again", 8).unwrap_err().is::<ThrownException>());
        let exception = store.take_pending_exception().unwrap();
        assert_eq!(exception.tag(&mut store).unwrap(), e);
        assert_eq!(exception.field(&mut store, 0).unwrap().i32(), Some(8));
        let error = call(&mut store, &instance, "trap", &[]).unwrap_err();
        assert!(format!("{error:?}").contains("not an exception"));
        assert!(!store.has_pending_exception());
    });
}

/// The reference of a catch part keeps its exception, and nothing else does.
#[test]
fn catch_parts_keep_their_exception() {
    let text = r#"(module
        (import "" "make" (func $make (param i32) (result externref)))
        (import "" "collect" (func $collect))
        (import "" "number" (func $number (param externref) (result i32)))
        (tag $e (param externref))
        (func $collects
            try
                (call $collect)
                (throw $e (ref.null extern))
            catch_all
                (call $collect)
            end)
        (func (export "run") (result i32)
            (local $round i32)
            try (result externref)
                (i32.const 40)
                try
                    (throw $e (call $make (i32.const 1)))
                catch $e
                    drop
                    try
                        (throw $e (call $make (i32.const 20)))
                    catch $e
                        (i64.const 300)
                        loop
                            (call $collects)
                            (local.set $round (i32.add (local.get $round) (i32.const 1)))
                            (br_if 0 (i32.lt_u (local.get $round) (i32.const 10)))
                        end
                        drop
                        (call $collect)
                        drop
                        (rethrow 1)
                    end
                end
                unreachable
            catch $e
                (call $collects)
            end
            (call $number)
            (i32.add (local.get $round))))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let make = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, ()>, number: i32| -> Result<Option<Rooted<ExternRef>>, Error> {
                ExternRef::new(&mut caller, number).map(Some)
            },
        );
        let collect = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| caller.gc(None));
        let number_of = Func::wrap(
            &mut store,
            |caller: Caller<'_, ()>, value: Option<Rooted<ExternRef>>| -> Result<i32, Error> {
                let value = value.expect("a value").data(&caller)?;
                let value = value.and_then(|value| value.downcast_ref::<i32>());
                Ok(*value.expect("the value is alive"))
            },
        );
        let imports = [make.into(), collect.into(), number_of.into()];
        let instance = Instance::new(&mut store, &module(engine, text), &imports).unwrap();
        assert_eq!(number(call(&mut store, &instance, "run", &[])), 11);
    });
}

/// An exception that no `rethrow` needs is freed when it is caught; others by the collector.
#[test]
fn caught_exceptions_are_freed() {
    let text = r#"(module
        (tag $e (param i64 i64 i64 i64))
        (func (export "run") (param $rounds i32) (param $again i32) (result i32)
            loop
                try
                    try
                        (throw $e (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4))
                    catch $e
                        (i32.wrap_i64) (drop) (i32.wrap_i64) (drop) (drop) (drop)
                        (br_if 1 (i32.eqz (local.get $again)))
                        (rethrow 0)
                    end
                catch_all
                end
                (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
                (br_if 0 (local.get $rounds))
            end
            (i32.const 1)))"#;
    each(|engine| {
        let limits: StoreLimits = StoreLimitsBuilder::new().exception_bytes(8 << 10).build();
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let bytes = wat::parse_str(text).unwrap();
        let module = backstitch::Module::new(engine, bytes).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        for again in [0, 1] {
            let arguments = [Val::I32(10_000), Val::I32(again)];
            assert_eq!(number(call(&mut store, &instance, "run", &arguments)), 1);
        }
    });
}

/// A continuation is suspended in both parts of a `try`. An exception that is thrown at the
/// suspension is caught there.
#[test]
fn continuations_are_suspended_in_all_parts() {
    let text = r#"(module
        (import "" "collect" (func $collect))
        (type $f (func (result i32)))
        (type $c (cont $f))
        (type $g (func (param i32) (result i32)))
        (type $d (cont $g))
        (tag $e (param i32))
        (tag $give (param i32) (result i32))
        (elem declare func $body)
        (func $body (result i32)
            try (result i32)
                (i32.const 1000)
                try (result i32)
                    (suspend $give (i32.const 1))
                catch $e
                    (suspend $give)
                    (i32.const 7)
                    (suspend $give (i32.const 3))
                    (i32.add)
                    drop
                    drop
                    (rethrow 0)
                end
                (i32.add)
            catch $e
                (suspend $give)
                (i32.add (i32.const 5))
            end)
        ;; Resumes to the next suspension, with a number or with an exception.
        (func $next (param $k (ref null $d)) (param $value i32) (param $throw i32)
                (result i32 (ref null $d))
            (block $given (result i32 (ref null $d))
                (if (result i32) (local.get $throw)
                    (then (resume_throw $d $e (on $give $given)
                        (local.get $value) (local.get $k)))
                    (else (resume $d (on $give $given) (local.get $value) (local.get $k))))
                (ref.null $d)
                (return))
            (call $collect))
        (func (export "run") (param $throw i32) (result i32)
            (local $k (ref null $d))
            (local $given i32)
            (block $given (result i32 (ref null $d))
                (resume $c (on $give $given) (cont.new $c (ref.func $body)))
                (return))
            (local.set $k)
            (call $collect)
            (local.set $given)
            (loop $on
                (call $next (local.get $k) (i32.add (local.get $given) (i32.const 10))
                    (local.get $throw))
                (local.set $k)
                (local.set $given)
                (local.set $throw (i32.const 0))
                (br_if $on (i32.eqz (ref.is_null (local.get $k)))))
            (local.get $given)))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let collect = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| caller.gc(None));
        let module = module(engine, text);
        let instance = Instance::new(&mut store, &module, &[collect.into()]).unwrap();
        let mut run = |throw: i32| number(call(&mut store, &instance, "run", &[Val::I32(throw)]));
        // 1 is given, and 11 returned.
        assert_eq!(run(0), 1011);
        // 11 is thrown and given twice, and 21 returned.
        assert_eq!(run(1), 26);
    });
}

/// Observers see the operands that the module has, without the references of catch parts.
#[test]
fn references_of_catch_parts_are_no_operands() {
    let text = r#"(module
        (tag $e (param i64))
        (func $inner (param i32)
            (i32.const 5)
            try
                (throw $e (i64.const 8))
            catch_all
                (i32.const 6)
                try
                    (throw $e (i64.const 9))
                catch $e
                    (i32.div_u (i32.const 1) (local.get 0))
                    drop
                    drop
                    (rethrow 1)
                end
                drop
            end
            drop)
        (func (export "run") (param i32)
            (i32.const 1)
            try (param i32)
                drop
                (throw $e (i64.const 2))
            catch $e
                (i32.const 3)
                (call $inner (local.get 0))
                drop
                drop
                (rethrow 0)
            end))"#;
    each_mode(
        |config| {
            config.coredump_on_trap(true);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
            let error = call(&mut store, &instance, "run", &[Val::I32(0)]).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
            let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
            let file = dump.serialize(&mut store, "x");
            let dump = CoreDump::parse(&file).unwrap();
            let frames = &dump.threads()[0].frames;
            let operands: Vec<_> = frames.iter().map(|frame| &frame.operands[..]).collect();
            let i32 = Value::I32;
            let inner = [i32(5), i32(6), Value::I64(9), i32(1), i32(0)];
            let outer = [Value::I64(2), i32(3)];
            assert_eq!(operands, [&inner[..], &outer[..]]);
        },
    );
}

/// Vectors pass the slot of the reference, which is of another size.
#[test]
fn vectors_pass_through_catch_parts() {
    let text = r#"(module
        (tag $e (param v128 i32 v128))
        (func (export "run") (param i32) (result i64)
            (local v128)
            (v128.const i64x2 1 10)
            try (result v128 v128)
                (throw $e (v128.const i64x2 2 20) (i32.const 3) (v128.const i64x2 4 40))
            catch $e
                (local.set 1)
                drop
                try
                    (br_if 1 (v128.const i64x2 5 50) (local.get 1) (local.get 0))
                    drop
                    drop
                    (rethrow 1)
                catch_all
                end
                (local.get 1)
            end
            (i64x2.sub)
            (i64x2.add)
            (local.tee 1)
            (i64x2.extract_lane 0)
            (i64x2.extract_lane 1 (local.get 1))
            (i64.add)))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        for (branch, expected) in [(1, 11 + 55 - 44), (0, 11 + 22 - 44)] {
            let result = call(&mut store, &instance, "run", &[Val::I32(branch)]).unwrap();
            assert_eq!(result[0].i64(), Some(expected));
        }
    });
}

/// A frame with more slots than a field of a cell reaches.
#[test]
fn large_frames_have_catch_parts() {
    let locals = "i64 ".repeat(5000);
    let text = format!(
        r#"(module
            (tag $e (param i32 i64))
            (func (export "run") (param i32) (result i64)
                (local {locals})
                (i64.const 1)
                try (result i64)
                    try (result i32 i64)
                        (throw $e (i32.const 2) (i64.const 30))
                    catch $e
                        (br_if 0 (local.get 0))
                        (rethrow 0)
                    end
                    (local.set 5000)
                    (drop)
                    (i64.const 400)
                    (i64.add (local.get 5000))
                catch $e
                    (local.set 4999)
                    (drop)
                    (local.get 4999)
                end
                (i64.add)))"#
    );
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
        for (branch, expected) in [(1, 431), (0, 31)] {
            let result = call(&mut store, &instance, "run", &[Val::I32(branch)]).unwrap();
            assert_eq!(result[0].i64(), Some(expected));
        }
    });
}

/// Without the proposal, or without exceptions, a module is invalid.
#[test]
fn the_proposal_can_be_turned_off() {
    for (legacy, exceptions) in [(false, true), (true, false)] {
        let mut config = backstitch::Config::new();
        config
            .wasm_legacy_exceptions(legacy)
            .wasm_exceptions(exceptions);
        let engine = backstitch::Engine::new(&config).unwrap();
        let refuses = |text: &str| {
            let bytes = wat::parse_str(text).unwrap();
            backstitch::Module::new(&engine, &bytes).unwrap_err()
        };
        let error = refuses("(module (tag) (func try (throw 0) catch 0 end))");
        let error = error.downcast_ref::<ModuleError>().unwrap();
        assert!(matches!(error, ModuleError::Invalid { .. }), "{error}");
        if !legacy {
            let message = "legacy_exceptions feature required for try instruction";
            assert!(error.to_string().contains(message), "{error}");
        }
        for text in ["rethrow 0", "catch 0", "catch_all", "delegate 0"] {
            refuses(&format!("(module (func block {text} end))"));
        }
    }
}
