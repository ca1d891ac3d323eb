//! Tests of the collector while many objects or frames are alive.

use super::*;
use alloc::vec::Vec;

/// Number of objects of each kind that stay alive, and of frames of a suspended continuation.
const LIVE: i32 = if cfg!(miri) { 200 } else { 20_000 };

/// Each of the first exports creates objects and keeps them. `lose` creates garbage.
const TEXT: &str = r#"(module
    (type $s (struct (field i32) (field (ref null $s))))
    (type $a (array (mut (ref null $s))))
    (type $f (func)) (type $k (cont $f))
    (tag $yield) (tag $e (param i32))
    (import "" "new" (func $new (result externref)))
    (global $structures (mut (ref null $a)) (ref.null $a))
    (table $values 0 externref)
    (table $exceptions 0 exnref)
    (table $continuations 0 (ref null $k))
    (global $deep (mut (ref null $k)) (ref.null $k))
    (elem declare func $once $start)
    (func $once (suspend $yield))

    (func (export "structures") (param $n i32)
        (global.set $structures (array.new_default $a (local.get $n)))
        (loop $again
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (array.set $a (global.get $structures) (local.get $n)
                (struct.new $s (local.get $n) (array.get $a (global.get $structures) (i32.const 0))))
            (br_if $again (local.get $n))))
    (func (export "values") (param $n i32)
        (drop (table.grow $values (ref.null extern) (local.get $n)))
        (loop $again
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (table.set $values (local.get $n) (call $new))
            (br_if $again (local.get $n))))
    (func (export "exceptions") (param $n i32)
        (drop (table.grow $exceptions (ref.null exn) (local.get $n)))
        (loop $again
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (table.set $exceptions (local.get $n)
                (block $caught (result exnref)
                    (try_table (catch_all_ref $caught) (throw $e (i32.const 1)))
                    (unreachable)))
            (br_if $again (local.get $n))))
    (func (export "continuations") (param $n i32)
        (drop (table.grow $continuations (ref.null $k) (local.get $n)))
        (loop $again
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (table.set $continuations (local.get $n)
                (block $suspended (result (ref $k))
                    (resume $k (on $yield $suspended) (cont.new $k (ref.func $once)))
                    (unreachable)))
            (br_if $again (local.get $n))))

    (global $depth (mut i32) (i32.const 0))
    (func $start (drop (call $down (global.get $depth))))
    (func $down (param $depth i32) (result i32)
        (local $s (ref $s))
        (local.set $s (struct.new $s (local.get $depth) (ref.null $s)))
        (if (local.get $depth)
            (then
                (drop (call $down (i32.sub (local.get $depth) (i32.const 1)))))
            (else (suspend $yield)))
        (struct.get $s 0 (local.get $s)))
    (func (export "deep") (param $n i32)
        (global.set $depth (local.get $n))
        (block $suspended (result (ref $k))
            (resume $k (on $yield $suspended) (cont.new $k (ref.func $start)))
            (unreachable))
        (global.set $deep))
    ;; The frames still have their structures: all numbers up to the depth are there.
    (func (export "check") (result i32)
        (resume $k (global.get $deep))
        (struct.get $s 0 (array.get $a (global.get $structures) (i32.const 5))))

    (func (export "lose") (param $n i32)
        (loop $again
            (drop (struct.new $s (i32.const 1) (ref.null $s)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

#[test]
#[cfg_attr(miri, ignore = "it makes many objects")]
fn steps_are_short_while_many_objects_are_alive() {
    const STEP: usize = 1 << 12;
    let mut config = Config::new();
    config
        .wasm_stack_switching(true)
        .max_wasm_stack(1 << 26)
        .gc_threshold(LIVE as usize)
        .gc_step(STEP);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, TEXT);
    let new = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
        ExternRef::new(&mut caller, 1).map(Some)
    });
    let instance = Instance::new(&mut store, &module, &[new.into()]).unwrap();
    for kind in [
        "structures",
        "values",
        "exceptions",
        "continuations",
        "deep",
    ] {
        let keep = instance
            .get_typed_func::<i32, ()>(&mut store, kind)
            .unwrap();
        keep.call(&mut store, LIVE).unwrap();
    }
    let lose = instance
        .get_typed_func::<i32, ()>(&mut store, "lose")
        .unwrap();
    let before = store.inner.collector.number();
    while store.inner.collector.number() < before + 3 {
        lose.call(&mut store, LIVE).unwrap();
    }
    // Up to eight steps are done at once, and the last item of each may be large.
    let longest = store.inner.collector.longest;
    assert!(longest <= 8 * STEP + (1 << 14), "a step of {longest} bytes");
    let check = instance
        .get_typed_func::<(), i32>(&mut store, "check")
        .unwrap();
    assert_eq!(check.call(&mut store, ()).unwrap(), 5);
}

#[test]
#[cfg_attr(miri, ignore = "it makes many stacks")]
fn stacks_of_dropped_executions_are_used_again_while_many_are_alive() {
    const LIVE: usize = 3_000;
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, r#"(module (func (export "f")))"#);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut alive = Vec::new();
    for _ in 0..LIVE {
        alive.push(f.start(&mut store, &[]).unwrap());
        // Dropped ones are among them.
        drop(f.start(&mut store, &[]).unwrap());
    }
    for _ in 0..20 * LIVE {
        drop(f.start(&mut store, &[]).unwrap());
    }
    // They are searched for when there are twice as many stacks as there were after the last search.
    let stacks = store.inner.stacks.entries();
    assert!(stacks <= 5 * LIVE, "{stacks} stacks");
    for mut execution in alive {
        assert!(matches!(
            execution.resume(&mut store).unwrap(),
            Outcome::Done(_)
        ));
    }
}

#[test]
#[cfg_attr(miri, ignore = "it translates many functions")]
fn frames_at_many_positions_keep_their_objects() {
    const FUNCTIONS: usize = 100;
    const DEPTH: i32 = 3_000;
    let mut text = String::from(
        r#"(module
            (type $s (struct (field i32)))
            (func (export "sum") (param i32) (result i32) (call $down0 (local.get 0)))
            (func $lose
                (local $n i32)
                (loop $again
                    (drop (struct.new $s (i32.const -1)))
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $n) (i32.const 200000)))))"#,
    );
    for index in 0..FUNCTIONS {
        let next = (index + 1) % FUNCTIONS;
        // The place of the reference depends on the function.
        let before = "(local i64)".repeat(index % 7);
        text += &format!(
            r#"(func $down{index} (param $depth i32) (result i32)
                {before} (local $s (ref null $s))
                (local.set $s (struct.new $s (local.get $depth)))
                (if (result i32) (local.get $depth)
                    (then (call $down{next} (i32.sub (local.get $depth) (i32.const 1))))
                    (else (call $lose) (i32.const 0)))
                (i32.add (struct.get $s 0 (local.get $s))))"#
        );
    }
    text += ")";
    let mut config = Config::new();
    config.gc_threshold(1_000).gc_step(1 << 12);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, &text);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let sum = instance
        .get_typed_func::<i32, i32>(&mut store, "sum")
        .unwrap();
    let total = sum.call(&mut store, DEPTH).unwrap();
    assert_eq!(total, DEPTH * (DEPTH + 1) / 2);
    let collections = store.inner.collector.number();
    assert!(collections >= 2, "{collections} collections");
}
