//! Vectors in all places where a value can be, with every dispatch backend.

use backstitch::{
    Caller, Config, Engine, Func, FuncType, Instance, Linker, Module, Outcome, Store, Suspension,
    Trap, V128, Val, ValType,
};
use spec_tests::engines::each_dispatch as each;
use std::fmt::Write;

/// Instantiates a module's text, with the imports of `linker`.
fn linked(store: &mut Store<()>, linker: &Linker<()>, text: &str) -> Instance {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let module = Module::new(store.engine(), &bytes).expect("the module is valid");
    let instance = linker.instantiate(&mut *store, &module);
    instance.expect("the imports are defined")
}

/// Instantiates a module's text, which imports nothing.
fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let linker = Linker::new(store.engine());
    linked(store, &linker, text)
}

/// Calls the export of a name.
fn call(
    store: &mut Store<()>,
    instance: &Instance,
    name: &str,
    arguments: &[Val],
) -> Result<Vec<Val>, backstitch::Error> {
    let function = instance.get_func(&mut *store, name);
    let function = function.expect("the export exists");
    let count = function.ty(&mut *store).results().len();
    let mut results = vec![Val::I32(0); count];
    function.call(&mut *store, arguments, &mut results)?;
    Ok(results)
}

fn vector(bits: u128) -> Val {
    Val::V128(V128::from(bits))
}

/// Returns the bits of vectors among values, and the bits of others.
fn bits(values: &[Val]) -> Vec<u128> {
    let bits = |value: &Val| match value {
        Val::V128(vector) => u128::from(*vector),
        Val::I32(value) => u128::from(value.cast_unsigned()),
        Val::I64(value) => u128::from(value.cast_unsigned()),
        Val::F32(bits) => u128::from(*bits),
        Val::F64(bits) => u128::from(*bits),
        other => panic!("{other:?}"),
    };
    values.iter().map(bits).collect()
}

const A: u128 = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff;
const B: u128 = 0xfedc_ba98_7654_3210_0123_4567_89ab_cdef;

#[test]
fn parameters_and_results_of_guests_and_hosts() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        let mixed = [ValType::I32, ValType::V128, ValType::F64, ValType::V128];
        let reversed = [ValType::V128, ValType::F64, ValType::V128, ValType::I32];
        let reverse = Func::new(
            &mut store,
            FuncType::new(engine, mixed, reversed),
            |_: Caller<'_, ()>, arguments, results| {
                for (result, argument) in results.iter_mut().zip(arguments.iter().rev()) {
                    *result = *argument;
                }
                Ok(())
            },
        );
        linker
            .define(&mut store, "host", "reverse", reverse)
            .unwrap();
        let text = r#"(module
            (import "host" "reverse" (func $host
                (param i32 v128 f64 v128) (result v128 f64 v128 i32)))
            (type $t (func (param i32 v128 f64 v128) (result v128 f64 v128 i32)))
            (table funcref (elem $guest $host))
            (func $guest (type $t)
                local.get 3 local.get 2 local.get 1 local.get 0)
            (func (export "host") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3 call $host)
            (func (export "direct") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3 call $guest)
            (func (export "tail") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3 return_call $guest)
            (func (export "indirect") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3
                (call_indirect (type $t) (i32.const 0)))
            (func (export "indirect_host") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3
                (return_call_indirect (type $t) (i32.const 1)))
            (func (export "one") (param v128 i32) (result v128)
                (i32x4.add (local.get 0) (i32x4.splat (local.get 1))))
            (func (export "same") (param v128) (result v128) local.get 0))"#;
        let instance = linked(&mut store, &linker, text);
        let arguments = [Val::I32(7), vector(A), Val::F64(42), vector(B)];
        for name in ["host", "direct", "tail", "indirect", "indirect_host"] {
            let results = call(&mut store, &instance, name, &arguments).unwrap();
            assert_eq!(bits(&results), [B, 42, A, 7], "{name}");
        }
        let sum = call(&mut store, &instance, "one", &[vector(A), Val::I32(1)]).unwrap();
        assert_eq!(bits(&sum), [A + 0x1_0000_0001_0000_0001_0000_0001]);
        let same = call(&mut store, &instance, "same", &[vector(B)]).unwrap();
        assert_eq!(bits(&same), [B]);
    });
}

#[test]
fn blocks_branches_and_locals() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(
            &mut store,
            r#"(module
            (func (export "sum") (param $n i32) (param $step v128) (result v128 v128)
                (local $before v128)
                (v128.const i64x2 0 0)
                (loop $again (param v128) (result v128 v128)
                    (local.set $before)
                    (i64x2.add (local.get $before) (local.get $step))
                    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                    (br_if $again (local.get $n))
                    (local.get $before)))
            (func (export "which") (param i32) (result v128)
                (block $c (result v128)
                    (block $b (result v128)
                        (block $a (result v128)
                            (v128.const i32x4 1 2 3 4)
                            (br_table $a $b $c (local.get 0)))
                        (i32x4.neg))
                    (i32x4.add (v128.const i32x4 10 10 10 10))))
            (func (export "either") (param v128 v128 i32) (result v128)
                (if (result v128) (local.get 2)
                    (then (local.get 0)) (else (local.get 1))))
            (func (export "select") (param v128 v128 i32) (result v128)
                (select (local.get 0) (i8x16.neg (local.get 1)) (local.get 2)))
            (func (export "select_result") (param v128 v128 i32) (result v128)
                (v128.not (select (result v128) (local.get 0) (local.get 1)
                    (i32.eq (local.get 2) (i32.const 5)))))
            (func (export "tee") (param v128) (result v128 v128 v128)
                (local v128)
                (local.tee 0 (i8x16.add (local.get 0) (local.tee 1 (local.get 0))))
                (local.get 0) (local.get 1))
            (func (export "swap") (param v128 v128) (result v128 v128)
                (local.get 1) (local.get 0)
                (local.set 1) (local.set 0)
                (local.get 0) (local.get 1))
            (func (export "square") (param v128) (result v128)
                (i32x4.mul (local.tee 0 (i32x4.add (local.get 0) (local.get 0))) (local.get 0))))"#,
        );
        let mut run = |name: &str, arguments: &[Val]| {
            bits(&call(&mut store, &instance, name, arguments).unwrap())
        };
        let step = 1u128 << 64 | 3;
        assert_eq!(
            run("sum", &[Val::I32(5), vector(step)]),
            [5 << 64 | 15, 4 << 64 | 12]
        );
        let lanes = |lanes: [i32; 4]| {
            let bytes: Vec<u8> = lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect();
            u128::from_le_bytes(bytes.try_into().unwrap())
        };
        assert_eq!(run("which", &[Val::I32(0)]), [lanes([9, 8, 7, 6])]);
        assert_eq!(run("which", &[Val::I32(1)]), [lanes([11, 12, 13, 14])]);
        assert_eq!(run("which", &[Val::I32(2)]), [lanes([1, 2, 3, 4])]);
        for (condition, which) in [(1, A), (0, B)] {
            let arguments = [vector(A), vector(B), Val::I32(condition)];
            assert_eq!(run("either", &arguments), [which]);
        }
        let negated = u128::from_le_bytes(B.to_le_bytes().map(u8::wrapping_neg));
        assert_eq!(run("select", &[vector(A), vector(B), Val::I32(-1)]), [A]);
        assert_eq!(
            run("select", &[vector(A), vector(B), Val::I32(0)]),
            [negated]
        );
        assert_eq!(
            run("select_result", &[vector(A), vector(B), Val::I32(5)]),
            [!A]
        );
        assert_eq!(
            run("select_result", &[vector(A), vector(B), Val::I32(4)]),
            [!B]
        );
        let double = u128::from_le_bytes(A.to_le_bytes().map(|byte| byte.wrapping_mul(2)));
        assert_eq!(run("tee", &[vector(A)]), [double, double, A]);
        assert_eq!(run("swap", &[vector(A), vector(B)]), [B, A]);
        let four = lanes([1, 2, 3, 4]);
        assert_eq!(run("square", &[vector(four)]), [lanes([4, 16, 36, 64])]);
    });
}

#[test]
fn globals() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(
            &mut store,
            r#"(module
            (global $a (export "a") (mut v128) (v128.const i64x2 1 2))
            (global $b v128 (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
            (func (export "swap") (param v128) (result v128 v128)
                (global.get $a) (global.set $a (local.get 0)) (global.get $b))
            (func (export "add") (result v128)
                (global.set $a (i64x2.add (global.get $a) (global.get $a)))
                (global.get $a)))"#,
        );
        let results = call(&mut store, &instance, "swap", &[vector(A)]).unwrap();
        let constant = u128::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(bits(&results), [2 << 64 | 1, constant]);
        let global = instance.get_global(&mut store, "a").unwrap();
        assert_eq!(bits(&[global.get(&mut store)]), [A]);
        global.set(&mut store, vector(7 << 64 | 5)).unwrap();
        let results = call(&mut store, &instance, "add", &[]).unwrap();
        assert_eq!(bits(&results), [14 << 64 | 10]);
    });
}

#[test]
fn exceptions_carry_vectors() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(
            &mut store,
            r#"(module
            (tag $t (param i32 v128 i64))
            (func $throw (param v128)
                (throw $t (i32.const 1) (i16x8.neg (local.get 0)) (i64.const 2)))
            (func (export "caught") (param v128) (result i32 v128 i64 v128)
                (local v128)
                (local.set 1 (v128.not (local.get 0)))
                (block $handler (result i32 v128 i64)
                    (try_table (catch $t $handler) (call $throw (local.get 0)))
                    unreachable)
                (local.get 1)))"#,
        );
        let results = call(&mut store, &instance, "caught", &[vector(1)]).unwrap();
        assert_eq!(bits(&results), [1, 0xffff, 2, !1]);
    });
}

#[test]
fn continuations_pass_and_hold_vectors() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(
            &mut store,
            r#"(module
            (type $f (func (param i32 v128 v128) (result v128)))
            (type $c (cont $f))
            (type $g (func (param v128) (result v128)))
            (type $d (cont $g))
            (tag $yield (param v128 i32) (result v128))
            (func $body (type $f)
                (local $kept v128)
                (local.set $kept (i32x4.add (local.get 1) (i32x4.splat (local.get 0))))
                (i32x4.sub
                    (local.get $kept)
                    (i32x4.add
                        (i32x4.mul (local.get 2) (local.get 2))
                        (suspend $yield (local.get 1) (i32.const 9)))))
            (elem declare func $body)
            (func (export "run") (param v128 v128 v128) (result v128 i32 v128)
                (local $k (ref $d)) (local $yielded v128) (local $number i32)
                (block $on (result v128 i32 (ref $d))
                    (resume $d (on $yield $on)
                        (local.get 1)
                        (cont.bind $c $d (i32.const 1) (local.get 0) (cont.new $c (ref.func $body))))
                    unreachable)
                (local.set $k) (local.set $number) (local.set $yielded)
                (local.get $yielded) (local.get $number)
                (resume $d (local.get 2) (local.get $k))))"#,
        );
        let lanes = |lane: i32| {
            let bits = u128::from(lane.cast_unsigned());
            bits | bits << 32 | bits << 64 | bits << 96
        };
        let arguments = [vector(lanes(100)), vector(lanes(3)), vector(lanes(20))];
        let results = call(&mut store, &instance, "run", &arguments).unwrap();
        // 100 + 1 - (3 * 3 + 20)
        assert_eq!(bits(&results), [lanes(100), 9, lanes(72)]);
    });
}

/// Loads and stores of every form, in memories that the fast cells serve and in others.
#[test]
fn memories() {
    for memory in ["", "1", "2"] {
        each(|engine| {
            let mut store = Store::new(engine, ());
            let at = if memory == "2" {
                "i64.extend_i32_u "
            } else {
                ""
            };
            let address = if at.is_empty() {
                "(local.get 0)".to_string()
            } else {
                "(i64.extend_i32_u (local.get 0))".to_string()
            };
            let instance = instance(
                &mut store,
                &format!(
                    r#"(module (memory 1) (memory 1) (memory i64 1)
                (func (export "store") (param i32 v128)
                    (v128.store {memory} offset=16 {address} (local.get 1)))
                (func (export "load") (param i32) (result v128)
                    (v128.load {memory} offset=16 {address}))
                (func (export "load8") (param i32 v128) (result v128)
                    (v128.load8_lane {memory} offset=16 15 {address} (i8x16.neg (local.get 1))))
                (func (export "load64") (param i32 v128) (result v128)
                    (v128.load64_lane {memory} offset=16 1 {address} (local.get 1)))
                (func (export "store8") (param i32 v128)
                    (v128.store8_lane {memory} offset=16 14 {address} (local.get 1)))
                (func (export "store16") (param i32 v128)
                    (v128.store16_lane {memory} offset=16 5 {address} (local.get 1)))
                (func (export "store32") (param i32 v128)
                    (v128.store32_lane {memory} offset=16 3 {address} (v128.not (local.get 1))))
                (func (export "store64") (param i32 v128)
                    (v128.store64_lane {memory} offset=16 0 {address} (local.get 1)))
                (func (export "splat16") (param i32) (result v128)
                    (v128.load16_splat {memory} offset=16 {address}))
                (func (export "wide") (param i32) (result v128)
                    (v128.load8x8_s {memory} offset=16 {address}))
                (func (export "zero") (param i32) (result v128)
                    (v128.load32_zero {memory} offset=16 {address})))"#
                ),
            );
            let mut run = |name: &str, arguments: &[Val]| {
                call(&mut store, &instance, name, arguments).map(|results| bits(&results))
            };
            let zero = Val::I32(0);
            run("store", &[zero, vector(A)]).unwrap();
            assert_eq!(run("load", &[zero]).unwrap(), [A]);
            assert_eq!(run("splat16", &[zero]).unwrap()[0] >> 96, 0xeeff_eeff);
            let wide = 0xff88_ff99_ffaa_ffbb_ffcc_ffdd_ffee_ffff_u128;
            assert_eq!(run("wide", &[zero]).unwrap(), [wide]);
            assert_eq!(run("zero", &[zero]).unwrap(), [0xccdd_eeff]);
            let loaded = run("load8", &[zero, vector(0)]).unwrap();
            assert_eq!(loaded, [0xff << 120]);
            let loaded = run("load64", &[zero, vector(B)]).unwrap();
            assert_eq!(loaded, [A << 64 | B & u128::from(u64::MAX)]);
            for (name, bytes, lane) in [
                ("store8", 1, B >> 112),
                ("store16", 2, B >> 80),
                ("store32", 4, !B >> 96),
                ("store64", 8, B),
            ] {
                run("store", &[zero, vector(A)]).unwrap();
                run(name, &[zero, vector(B)]).unwrap();
                let mask = (1 << (8 * bytes)) - 1;
                let expected = A & !mask | lane & mask;
                assert_eq!(run("load", &[zero]).unwrap(), [expected], "{name}");
                // The last place where the lane fits, and the first where it does not.
                let last = 65_536 - 16 - bytes;
                run(name, &[Val::I32(last), vector(B)]).unwrap();
                let error = run(name, &[Val::I32(last + 1), vector(B)]).unwrap_err();
                assert_eq!(
                    error.downcast_ref(),
                    Some(&Trap::MemoryOutOfBounds),
                    "{name}"
                );
            }
            let last = 65_536 - 32;
            run("store", &[Val::I32(last), vector(B)]).unwrap();
            assert_eq!(run("load", &[Val::I32(last)]).unwrap(), [B]);
            for name in ["store", "load"] {
                let arguments = [Val::I32(last + 1), vector(0)];
                let count = if name == "store" { 2 } else { 1 };
                let error = run(name, &arguments[..count]).unwrap_err();
                assert_eq!(
                    error.downcast_ref(),
                    Some(&Trap::MemoryOutOfBounds),
                    "{name}"
                );
            }
        });
    }
}

/// In a frame with more slots than a field of a cell reaches, operands pass through slots near the
/// record.
#[test]
fn large_frames() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let mut text = String::from(
            r#"(module (memory 1) (global $g (mut v128) (v128.const i64x2 0 0))
            (func $callee (param v128 i32) (result v128)
                (i32x4.add (local.get 0) (i32x4.splat (local.get 1))))
            (func (export "run") (param v128 v128 i32) (result v128)
                (local"#,
        );
        for _ in 0..3_000 {
            text.push_str(" v128");
        }
        let far = 2_900;
        write!(
            text,
            r#")
            (local.set {a} (local.get 0))
            (local.set {b} (i32x4.sub (local.get 1) (local.get {a})))
            (local.set {c} (v128.bitselect (local.get {a}) (local.get {b}) (local.get 1)))
            (global.set $g (local.get {c}))
            (local.set {d} (select (global.get $g) (local.get {a}) (local.get 2)))
            (v128.store (i32.const 8) (local.get {d}))
            (v128.store32_lane 3 (i32.const 8) (local.get {b}))
            (local.set {d} (i16x8.replace_lane 2 (local.get {d}) (local.get 2)))
            (local.set {d} (i8x16.shuffle 16 1 18 3 20 5 22 7 24 9 26 11 28 13 30 15
                (local.get {d}) (v128.load (i32.const 8))))
            (local.set {d} (i32x4.shl (local.get {d}) (i32.and (local.get 2) (i32.const 7))))
            (local.set {d} (v128.load16_lane 0 (i32.const 8) (local.get {d})))
            (i32x4.add
                (call $callee (local.get {d}) (i32x4.extract_lane 1 (local.get {c})))
                (i32x4.add (local.get {a}) (local.get {b})))))"#,
            a = far,
            b = far + 1,
            c = far + 2,
            d = far + 3,
        )
        .unwrap();
        let large = instance(&mut store, &text);
        let small = text.replace(&" v128".repeat(2_990), "");
        let mut small = small.replace(&format!("{}", far + 3), "6");
        for (from, to) in [(far + 2, "5"), (far + 1, "4"), (far, "3")] {
            small = small.replace(&from.to_string(), to);
        }
        let small = instance(&mut store, &small);
        for condition in [0, 1, 13] {
            let arguments = [vector(A), vector(B), Val::I32(condition)];
            let expected = call(&mut store, &small, "run", &arguments).unwrap();
            let results = call(&mut store, &large, "run", &arguments).unwrap();
            assert_eq!(bits(&results), bits(&expected));
        }
    });
}

/// A call that runs out of fuel between any two pieces goes on with the same vectors.
#[test]
fn interrupted_calls_keep_vectors() {
    let text = r#"(module (func (export "run") (param i32 v128) (result v128)
        (local.get 1)
        (loop $again (param v128) (result v128)
            (i64x2.add (i8x16.swizzle
                (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0)) (local.get 1))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let bytes = wat::parse_str(text).unwrap();
    let module = Module::new(&engine, &bytes).unwrap();
    let run = |fuel: u64| {
        let mut store = Store::new(&engine, ());
        store.set_fuel(fuel).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_func(&mut store, "run")
            .expect("the export exists");
        let mut execution = run.start(&mut store, &[Val::I32(100), vector(A)]).unwrap();
        let mut pauses = 0;
        loop {
            match execution.resume(&mut store).unwrap() {
                Outcome::Done(results) => break (pauses, bits(&results)),
                Outcome::Suspended(Suspension::Fuel) => {
                    pauses += 1;
                    store.set_fuel(fuel).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let (_, expected) = run(1_000_000);
    let (pauses, results) = run(7);
    assert!(pauses > 20);
    assert_eq!(results, expected);
}
