//! Garbage collection: values that guests and the host can no longer reach are freed, and no
//! others. Also suspensions that the host handles.

use backstitch::{
    AsContext, Caller, ContState, Engine, Error, ExternRef, Func, Global, GlobalType, HeapType,
    Instance, Linker, Module, Mutability, Outcome, RefType, RootScope, Rooted, Store,
    StoreLimitsBuilder, Suspension, Trap, Val, ValType,
};
use spec_tests::engines::each_dispatch as each;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A host value that counts the living values of its kind.
struct Counted(Arc<AtomicUsize>, i32);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>, number: i32) -> Counted {
        alive.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(alive), number)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Creates a linker with `make`, which gives a guest a value made from a number, `number`, which
/// returns that number, and `collect`, which collects.
fn linker(engine: &Engine, alive: &Arc<AtomicUsize>) -> Linker<()> {
    let mut linker = Linker::new(engine);
    let counter = Arc::clone(alive);
    linker
        .func_wrap("host", "make", move |mut caller: Caller<'_, ()>, n: i32| {
            ExternRef::new(&mut caller, Counted::new(&counter, n)).map(Some)
        })
        .unwrap();
    linker
        .func_wrap("host", "collect", |mut caller: Caller<'_, ()>| {
            caller.gc(None)
        })
        .unwrap();
    linker
        .func_wrap(
            "host",
            "number",
            |caller: Caller<'_, ()>, value: Option<Rooted<ExternRef>>| -> Result<i32, Error> {
                let value = value.expect("a value");
                let data = value.data(&caller)?.expect("the value is alive");
                Ok(data
                    .downcast_ref::<Counted>()
                    .expect("the value is a `Counted`")
                    .1)
            },
        )
        .unwrap();
    linker
}

fn run(engine: &Engine, text: &str) -> (i32, usize) {
    let alive = Arc::new(AtomicUsize::new(0));
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    let instance = linker(engine, &alive)
        .instantiate(&mut store, &module)
        .unwrap();
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    let result = run.call(&mut store, ()).unwrap();
    store.gc(None).unwrap();
    let left = alive.load(Ordering::Relaxed);
    drop(store);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
    (result, left)
}

const IMPORTS: &str = r#"
    (import "host" "make" (func $make (param i32) (result externref)))
    (import "host" "collect" (func $collect))
    (import "host" "number" (func $number (param externref) (result i32)))"#;

#[test]
fn locals_operands_and_arguments_keep_values() {
    each(|engine| {
        let text = format!(
            r#"(module {IMPORTS}
                (func $callee (param externref) (result externref)
                    (call $collect) (local.get 0))
                (func (export "run") (result i32)
                    (local $kept externref)
                    (local.set $kept (call $make (i32.const 1)))
                    (drop (call $make (i32.const 100)))
                    (i32.add
                        (call $number (call $make (i32.const 20)))
                        (i32.add
                            (call $number (call $callee (call $make (i32.const 300))))
                            (call $number (local.get $kept))))))"#
        );
        assert_eq!(run(engine, &text), (321, 0));
    });
}

#[test]
fn globals_tables_and_exceptions_keep_values() {
    each(|engine| {
        let text = format!(
            r#"(module {IMPORTS}
                (tag $e (param externref))
                (global $g (mut externref) (ref.null extern))
                (global $thrown (mut exnref) (ref.null exn))
                (table $t 4 externref)
                (func $throw (throw $e (call $make (i32.const 300))))
                (func (export "run") (result i32)
                    (global.set $g (call $make (i32.const 1)))
                    (table.set $t (i32.const 2) (call $make (i32.const 20)))
                    (block $h (result exnref)
                        (try_table (catch_all_ref $h) (call $throw))
                        (unreachable))
                    (global.set $thrown)
                    (call $collect)
                    (i32.add (call $number (global.get $g))
                        (i32.add (call $number (table.get $t (i32.const 2)))
                            (call $number
                                (block $h (result externref)
                                    (try_table (catch $e $h)
                                        (throw_ref (global.get $thrown)))
                                    (unreachable)))))))"#
        );
        assert_eq!(run(engine, &text), (321, 3));
    });
}

#[test]
fn suspended_stacks_and_bound_arguments_keep_values() {
    each(|engine| {
        let text = format!(
            r#"(module {IMPORTS}
                (type $f (func (param externref externref) (result i32)))
                (type $k (cont $f))
                (type $f1 (func (param externref) (result i32)))
                (type $k1 (cont $f1))
                (type $f0 (func (result i32)))
                (type $k0 (cont $f0))
                (tag $y (result externref))
                (elem declare func $gen)
                (func $gen (type $f)
                    (local $third externref)
                    (local.set $third (suspend $y))
                    (i32.add (call $number (local.get 0))
                        (i32.add (call $number (local.get 1)) (call $number (local.get $third)))))
                (func $start (result (ref $k1))
                    (local $fresh (ref $k1))
                    ;; a fresh continuation with a bound argument
                    (local.set $fresh
                        (cont.bind $k $k1 (call $make (i32.const 1)) (cont.new $k (ref.func $gen))))
                    (call $collect)
                    (block $h (result (ref $k1))
                        (resume $k1 (on $y $h) (call $make (i32.const 20)) (local.get $fresh))
                        (unreachable)))
                (func (export "run") (result i32)
                    (local $bound (ref $k0))
                    ;; a suspended one with a bound argument
                    (local.set $bound
                        (cont.bind $k1 $k0 (call $make (i32.const 300)) (call $start)))
                    (call $collect)
                    (resume $k0 (local.get $bound))))"#
        );
        assert_eq!(run(engine, &text), (321, 0));
    });
}

#[test]
fn unreachable_continuations_are_freed_and_nothing_in_them_runs() {
    each(|engine| {
        let text = r#"(module
            (type $f (func)) (type $k (cont $f)) (tag $y)
            (elem declare func $once)
            (global $ran (export "ran") (mut i32) (i32.const 0))
            (func $once (suspend $y) (global.set $ran (i32.const 1)))
            (func (export "run") (param $n i32)
                (loop $l
                    (block $h (result (ref $k))
                        (resume $k (on $y $h) (cont.new $k (ref.func $once)))
                        (unreachable))
                    (drop)
                    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
        let mut store = Store::new(engine, ());
        let module = Module::new(engine, text).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<i32, ()>(&mut store, "run")
            .unwrap();
        run.call(&mut store, 100_000).unwrap();
        // Continuations made since the last collection may remain.
        let left = store.continuations().count();
        assert!(left < 20_000, "{left} continuations are left");
        let all: Vec<_> = store.continuations().collect();
        assert!(all.iter().all(|c| c.state(&store) == ContState::Suspended));
        store.gc(None).unwrap();
        assert_eq!(store.continuations().count(), 0);
        assert!(all.iter().all(|c| c.state(&store) == ContState::Ended));
        let ran = instance.get_global(&mut store, "ran").unwrap();
        assert_eq!(ran.get(&mut store).i32(), Some(0));
    });
}

#[test]
fn rooted_references_live_as_long_as_their_scope() {
    let engine = Engine::default();
    let alive = Arc::new(AtomicUsize::new(0));
    let mut store = Store::new(&engine, ());
    let outside = ExternRef::new(&mut store, Counted::new(&alive, 1)).unwrap();
    let inside = {
        let mut scope = RootScope::new(&mut store);
        let inside = ExternRef::new(&mut scope, Counted::new(&alive, 2)).unwrap();
        assert!(inside.data(scope.as_context()).unwrap().is_some());
        inside
    };
    store.gc(None).unwrap();
    assert_eq!(alive.load(Ordering::Relaxed), 1);
    assert!(outside.data(&store).unwrap().is_some());
    // A reference whose scope has ended is refused. It never refers to another value.
    let other = ExternRef::new(&mut store, Counted::new(&alive, 3)).unwrap();
    assert!(inside.data(&store).is_err());
    let ty = GlobalType::new(
        ValType::Ref(RefType::new(true, HeapType::Extern)),
        Mutability::Var,
    );
    let global = Global::new(&mut store, ty, other.into()).unwrap();
    assert!(global.set(&mut store, inside.into()).is_err());
    let identity = Func::wrap(&mut store, |value: Option<Rooted<ExternRef>>| value);
    let identity = identity
        .typed::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&store)
        .unwrap();
    assert!(identity.call(&mut store, Some(inside)).is_err());
    let same = identity.call(&mut store, Some(other)).unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &same, &other).unwrap());
    let Val::ExternRef(Some(value)) = global.get(&mut store) else {
        panic!("a value is in the global");
    };
    assert!(Rooted::ref_eq(&store, &value, &other).unwrap());
}

#[test]
fn unreachable_values_do_not_accumulate() {
    each(|engine| {
        let text = format!(
            r#"(module {IMPORTS}
                (func (export "run") (result i32)
                    (local $n i32)
                    (local.set $n (i32.const 50000))
                    (loop $l
                        (drop (call $make (local.get $n)))
                        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (i32.const 7)))"#
        );
        assert_eq!(run(engine, &text), (7, 0));
    });
}

#[test]
fn continuations_are_limited_and_unreachable_ones_make_room() {
    each(|engine| {
        let text = r#"(module
            (type $f (func)) (type $k (cont $f)) (tag $y)
            (elem declare func $once)
            (table $kept 100 (ref null $k))
            (func $once (suspend $y))
            (func $new (result (ref $k))
                (block $h (result (ref $k))
                    (resume $k (on $y $h) (cont.new $k (ref.func $once)))
                    (unreachable)))
            (func (export "drop") (param $n i32)
                (loop $l
                    (drop (call $new))
                    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
            (func (export "keep") (param $n i32)
                (loop $l
                    (table.set $kept (local.get $n) (call $new))
                    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
        let limits = StoreLimitsBuilder::new().continuations(50).build();
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let module = Module::new(engine, text).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let call = |store: &mut Store<_>, name: &str, n: i32| {
            let func = instance
                .get_typed_func::<i32, ()>(&mut *store, name)
                .unwrap();
            func.call(store, n)
        };
        call(&mut store, "drop", 1000).unwrap();
        call(&mut store, "keep", 49).unwrap();
        let error = call(&mut store, "keep", 60).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("continuation count too high at 51"), "{text}");
    });
}

#[test]
fn the_host_handles_tags_that_no_guest_does() {
    each(|engine| {
        let text = r#"(module
            (type $f (func (result i32))) (type $k (cont $f))
            (tag $ask (export "ask") (param i32 i64) (result i32 i32))
            (tag $other (export "other"))
            (elem declare func $inner)
            (func $inner (result i32)
                (i32.sub (suspend $ask (i32.const 7) (i64.const 8))))
            (func (export "run") (result i32)
                ;; from a continuation, whose resumer handles another tag
                (block $h (result (ref $k))
                    (return (i32.add (i32.const 1000)
                        (resume $k (on $other $h) (cont.new $k (ref.func $inner))))))
                (drop) (i32.const 0))
            (func (export "unhandled") (suspend $other)))"#;
        let mut store = Store::new(engine, ());
        let module = Module::new(engine, text).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let ask = instance.get_tag(&mut store, "ask").unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();

        let mut execution = run.start_handling(&mut store, &[], &[ask]).unwrap();
        let outcome = execution.resume(&mut store).unwrap();
        let Outcome::Suspended(Suspension::Tag(tag, payload)) = outcome else {
            panic!("expected a suspension with the tag, got {outcome:?}");
        };
        assert_eq!(
            (tag, payload[0].i32(), payload[1].i64()),
            (ask, Some(7), Some(8))
        );
        let frames = execution.backtrace(&store);
        let functions: Vec<_> = frames.frames().iter().map(|f| f.func_index()).collect();
        assert_eq!(functions, [0, 1]);
        // A suspended execution keeps its continuation alive, although there is no reference to it.
        store.gc(None).unwrap();
        assert!(execution.resume(&mut store).is_err());
        assert!(execution.resume_with(&mut store, &[Val::I32(1)]).is_err());
        let answers = [Val::I32(50), Val::I32(8)];
        let outcome = execution.resume_with(&mut store, &answers).unwrap();
        let Outcome::Done(results) = outcome else {
            panic!("expected results, got {outcome:?}");
        };
        assert_eq!(results[0].i32(), Some(1042));

        // A tag that the host does not handle traps, and so does any tag in a plain call.
        let unhandled = instance.get_func(&mut store, "unhandled").unwrap();
        let mut execution = unhandled.start_handling(&mut store, &[], &[ask]).unwrap();
        let error = execution.resume(&mut store).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnhandledTag));
        let error = run.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnhandledTag));
    });
}
