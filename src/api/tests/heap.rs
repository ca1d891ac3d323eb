//! Structures and arrays under a collector that does a step at every opportunity.

use super::*;

/// Calls `test` with engines whose collectors are at work all the time, or hardly ever.
fn each(test: impl Fn(&Engine)) {
    if cfg!(miri) {
        return test(&Engine::new(Config::new().gc_threshold(1).gc_step(1)).unwrap());
    }
    for dispatch in [Dispatch::Loop, Dispatch::Tail] {
        for (threshold, step) in [(1, 1), (1, 1000), (4096, 16 << 10)] {
            for fuel in [false, true] {
                let mut config = Config::new();
                config
                    .dispatch(dispatch)
                    .consume_fuel(fuel)
                    .gc_threshold(threshold)
                    .gc_step(step);
                if let Ok(engine) = Engine::new(&config) {
                    test(&engine);
                }
            }
        }
    }
}

fn call(engine: &Engine, text: &str, arguments: &[i32]) -> Result<i32> {
    let mut store = Store::new(engine, ());
    let _ = store.set_fuel(u64::MAX >> 2);
    let instance = Instance::new(&mut store, &module(engine, text), &[])?;
    let run = instance.get_func(&mut store, "run").unwrap();
    let arguments: alloc::vec::Vec<Val> = arguments.iter().map(|&it| Val::I32(it)).collect();
    let mut results = [Val::I32(0)];
    run.call(&mut store, &arguments, &mut results)?;
    Ok(results[0].unwrap_i32())
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn trees_that_change_while_they_are_marked() {
    // A tree of 2^12 leaves whose subtrees are exchanged and replaced at random.
    let text = r#"(module
        (rec (type $t (struct (field $l (mut (ref null $t))) (field $r (mut (ref null $t)))
                              (field $n (mut i32)))))
        (global $seed (mut i32) (i32.const 12345))
        (func $random (result i32)
            (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
            (i32.shr_u (global.get $seed) (i32.const 16)))
        (func $make (param $depth i32) (result (ref null $t))
            (if (result (ref null $t)) (i32.eqz (local.get $depth))
                (then (struct.new $t (ref.null $t) (ref.null $t) (i32.const 1)))
                (else (struct.new $t
                    (call $make (i32.sub (local.get $depth) (i32.const 1)))
                    (call $make (i32.sub (local.get $depth) (i32.const 1)))
                    (i32.const 1)))))
        (func $count (param $t (ref null $t)) (result i32)
            (if (result i32) (ref.is_null (local.get $t))
                (then (i32.const 0))
                (else (i32.add (struct.get $t $n (local.get $t)) (i32.add
                    (call $count (struct.get $t $l (local.get $t)))
                    (call $count (struct.get $t $r (local.get $t))))))))
        (func $change (param $t (ref null $t)) (param $depth i32)
            (local $x (ref null $t))
            (if (i32.eqz (local.get $depth)) (then (return)))
            (local.set $x (struct.get $t $l (local.get $t)))
            (struct.set $t $l (local.get $t) (struct.get $t $r (local.get $t)))
            (struct.set $t $r (local.get $t) (local.get $x))
            (if (i32.and (call $random) (i32.const 1))
                (then (struct.set $t $l (local.get $t)
                    (call $make (i32.sub (local.get $depth) (i32.const 1))))))
            (call $change (struct.get $t $l (local.get $t)) (i32.sub (local.get $depth) (i32.const 1)))
            (if (i32.and (call $random) (i32.const 1)) (then
                (call $change (struct.get $t $r (local.get $t)) (i32.sub (local.get $depth) (i32.const 1))))))
        (func (export "run") (param $rounds i32) (result i32)
            (local $t (ref null $t))
            (local.set $t (call $make (i32.const 8)))
            (loop $again
                (call $change (local.get $t) (i32.const 8))
                (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
                (br_if $again (local.get $rounds)))
            (call $count (local.get $t))))"#;
    each(|engine| assert_eq!(call(engine, text, &[40]).unwrap(), 511));
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn arrays_of_references() {
    let text = r#"(module
        (type $a (array (mut eqref)))
        (type $b (array (mut i16)))
        (func (export "run") (param $n i32) (result i32)
            (local $a (ref null $a)) (local $b (ref null $a)) (local $i i32) (local $sum i32)
            (local.set $a (array.new $a (array.new $b (i32.const 7) (i32.const 3)) (local.get $n)))
            (local.set $b (array.new_default $a (local.get $n)))
            (loop $again
                (array.set $a (local.get $a) (local.get $i)
                    (array.new_fixed $a 3 (ref.i31 (local.get $i)) (ref.null eq) (ref.i31 (i32.const 1))))
                (array.copy $a $a (local.get $b) (i32.const 1) (local.get $a) (i32.const 0)
                    (i32.sub (local.get $n) (i32.const 1)))
                (array.copy $a $a (local.get $a) (i32.const 0) (local.get $b) (i32.const 1)
                    (i32.sub (local.get $n) (i32.const 1)))
                (local.set $i (i32.add (local.get $i) (i32.const 3)))
                (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            (array.fill $a (local.get $b) (i32.const 0) (ref.i31 (i32.const 5)) (i32.const 2))
            (local.set $i (i32.const 0))
            (loop $again
                (block $not (result eqref)
                    (local.set $sum (i32.add (local.get $sum) (i31.get_s (ref.cast (ref i31)
                        (array.get $a
                            (br_on_cast_fail $not eqref (ref $a) (array.get $a (local.get $a) (local.get $i)))
                            (i32.const 0))))))
                    (ref.null eq))
                drop
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            (local.set $i (i32.const 0))
            (loop $again
                (block $not (result eqref)
                    (local.set $sum (i32.add (local.get $sum) (array.get_u $b
                        (br_on_cast_fail $not eqref (ref $b) (array.get $a (local.get $a) (local.get $i)))
                        (i32.const 2))))
                    (ref.null eq))
                drop
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $sum)))"#;
    each(|engine| {
        assert_eq!(
            call(engine, text, &[300]).unwrap(),
            99 * 100 / 2 * 3 + 200 * 7
        )
    });
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn large_arrays_are_filled_in_pieces() {
    let text = r#"(module
        (type $i (array (mut i64)))
        (type $s (struct (field i32)))
        (type $a (array (mut (ref null $s))))
        (data $d "\01\02\03\04")
        (func (export "run") (param $n i32) (result i32)
            (local $a (ref null $a))
            (local.set $a (array.new $a (struct.new $s (i32.const 9)) (local.get $n)))
            (array.fill $a (local.get $a) (i32.const 1) (struct.new $s (i32.const 4)) (i32.const 2))
            (i32.add
                (struct.get $s 0 (array.get $a (local.get $a) (i32.sub (local.get $n) (i32.const 1))))
                (i32.add
                    (struct.get $s 0 (array.get $a (local.get $a) (i32.const 2)))
                    (i32.wrap_i64 (array.get $i
                        (array.new $i (i64.const 100) (local.get $n))
                        (i32.sub (local.get $n) (i32.const 1))))))))"#;
    each(|engine| assert_eq!(call(engine, text, &[300_000]).unwrap(), 113));
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn a_full_heap_traps() {
    struct Limits(StoreLimits);
    let text = r#"(module
        (type $t (struct (field (mut (ref null $t))) (field i64)))
        (type $a (array i8))
        (global $list (mut (ref null $t)) (ref.null $t))
        (func (export "array") (param $n i32) (result i32)
            (array.len (array.new_default $a (local.get $n))))
        (func (export "clear") (global.set $list (ref.null $t)))
        (func (export "run") (param $n i32) (param $keep i32) (result i32)
            (local $i i32)
            (loop $again
                (global.set $list (struct.new $t
                    (if (result (ref null $t)) (local.get $keep)
                        (then (global.get $list))
                        (else (ref.null $t)))
                    (i64.const 0)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $i)))"#;
    each(|engine| {
        let limits = StoreLimitsBuilder::new().gc_heap_bytes(1 << 20).build();
        let mut store = Store::new(engine, Limits(limits));
        store.limiter(|data| &mut data.0);
        let _ = store.set_fuel(u64::MAX >> 2);
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        let run = instance.get_typed_func::<(i32, i32), i32>(&mut store, "run");
        let clear = instance
            .get_typed_func::<(), ()>(&mut store, "clear")
            .unwrap();
        let array = instance
            .get_typed_func::<i32, i32>(&mut store, "array")
            .unwrap();
        let run = run.unwrap();
        for _ in 0..2 {
            let trap = run.call(&mut store, (1_000_000, 1)).unwrap_err();
            assert_eq!(trap.downcast_ref(), Some(&Trap::AllocationTooLarge));
            clear.call(&mut store, ()).unwrap();
            assert_eq!(run.call(&mut store, (200_000, 0)).unwrap(), 200_000);
        }
        assert_eq!(run.call(&mut store, (20_000, 1)).unwrap(), 20_000);
        assert_eq!(array.call(&mut store, 100_000).unwrap(), 100_000);
        for too_large in [1 << 20, i32::MAX, -1] {
            let trap = array.call(&mut store, too_large).unwrap_err();
            assert_eq!(trap.downcast_ref(), Some(&Trap::AllocationTooLarge));
        }
        clear.call(&mut store, ()).unwrap();
        for _ in 0..20 {
            assert_eq!(array.call(&mut store, 300_000).unwrap(), 300_000);
        }
        store.gc(None).unwrap();
        assert!(store.inner.objects.bytes() <= 32 * 67_000);
        assert_eq!(store.inner.objects.live_bytes(), 0);
    });
}

#[test]
fn objects_in_exceptions_and_continuations() {
    // A structure refers to an exception whose payload is a structure, and another one to a
    // suspended continuation with a structure in a local.
    let text = r#"(module
        (type $s (struct (field (mut i32)) (field exnref)))
        (type $f (func (result (ref $s))))
        (type $k (cont $f))
        (type $g (func (param i32) (result (ref $s))))
        (type $resumed (cont $g))
        (type $h (struct (field (ref null $resumed))))
        (tag $e (param (ref $s)))
        (tag $y (result i32))
        (func $garbage (local $i i32)
            (loop $again
                (drop (struct.new $s (i32.const 1) (ref.null exn)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (i32.const 2000)))))
        (func $thrown (result exnref) (local $x exnref)
            (block $caught (result (ref $s) exnref)
                (try_table (catch_ref $e $caught)
                    (throw $e (struct.new $s (i32.const 30) (ref.null exn))))
                (unreachable))
            (local.set $x)
            (drop)
            (call $garbage)
            (struct.get $s 1 (struct.new $s (i32.const 0) (local.get $x))))
        (func $suspends (type $f) (local $s (ref null $s))
            (local.set $s (struct.new $s (i32.const 5) (ref.null exn)))
            (struct.set $s 0 (local.get $s) (i32.add (suspend $y) (struct.get $s 0 (local.get $s))))
            (ref.as_non_null (local.get $s)))
        (elem declare func $suspends)
        (func (export "run") (result i32) (local $suspended (ref null $h)) (local $kept (ref null $s))
            (local.set $kept (struct.new $s (i32.const 0) (call $thrown)))
            (block $on (result (ref $resumed))
                (resume $k (on $y $on) (cont.new $k (ref.func $suspends)))
                (unreachable))
            (local.set $suspended (struct.new $h))
            (call $garbage)
            (block $caught (result (ref $s))
                (try_table (catch $e $caught) (throw_ref (struct.get $s 1 (local.get $kept))))
                (unreachable))
            (struct.get $s 0)
            (struct.get $s 0
                (resume $resumed (i32.const 7) (struct.get $h 0 (local.get $suspended))))
            (i32.add)))"#;
    each(|engine| assert_eq!(call(engine, text, &[]).unwrap(), 42));
}
