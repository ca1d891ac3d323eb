//! Frames so large that near slot operands cannot reach all of their slots.
//!
//! Each function exists twice, once with its few locals near and once behind 49,900 others. Both
//! must return the same results.

use crate::common::{call, dispatches, each, each_default, module, numbers};
use backstitch::{Config, Engine, Instance, Store, Val};
use std::fmt::Write;

/// Bodies of functions with parameters of types `i32`, `i64`, `f32` and `f64`. They use the locals
/// `$i $j` (`i32`), `$k $l` (`i64`), `$x $y` (`f32`) and `$u $v` (`f64`), the first of each pair
/// being the parameter. The result type is before the colon.
const BODIES: &[&str] = &[
    "i32: (i32.add (local.get $i) (local.get $j))",
    "i32: (i32.sub (local.get $i) (i32.const 5))",
    "i32: (i32.sub (i32.const 5) (local.get $i))",
    "i32: (i32.add (i32.mul (local.get $i) (local.get $j)) (local.get $i))",
    "i32: (i32.sub (local.get $i) (i32.mul (local.get $i) (local.get $i)))",
    "i32: (i32.shl (local.tee $j (i32.const 70000)) (local.get $i))",
    "i32: (i32.clz (local.get $i))",
    "i32: (i32.extend8_s (local.get $i))",
    "i32: (i32.wrap_i64 (local.get $k))",
    "i32: (i32.eqz (local.get $i))",
    "i32: (i64.eqz (local.get $k))",
    "i32: (i32.lt_s (local.get $i) (local.get $j))",
    "i32: (i64.gt_u (local.get $k) (i64.const 123456789012345))",
    "i32: (f32.lt (local.get $x) (local.get $y))",
    "i32: (f64.ge (local.get $u) (f64.const 0.1))",
    "i32: (i32.rem_s (local.get $i) (i32.or (local.get $i) (i32.const 1)))",
    "i32: (i32.trunc_sat_f32_s (local.get $x))",
    "i32: (i32.reinterpret_f32 (local.get $x))",
    "i64: (i64.add (local.get $k) (i64.const 0x123456789abcdef0))",
    "i64: (i64.const 0x123456789abcdef0)",
    "i64: (local.set $l (i64.const 0x7edcba9876543210)) (local.get $l)",
    "i64: (i64.mul (local.get $k) (i64.const -0x123456789abcdef))",
    "i64: (i64.rotl (local.get $k) (local.tee $l (i64.const 13)))",
    "i64: (i64.extend_i32_s (local.get $i))",
    "i64: (i64.trunc_sat_f64_u (local.get $u))",
    "i64: (i64.mul_wide_s (local.get $k) (local.get $k)) (i64.xor)",
    "i64: (i64.add128 (local.get $k) (local.get $l) (local.get $k) (i64.const -1)) (i64.sub)",
    "f32: (f32.mul (f32.add (local.get $x) (f32.const 1.5)) (local.get $x))",
    "f32: (f32.sqrt (f32.abs (local.get $x)))",
    "f32: (f32.copysign (local.get $x) (f32.const -1))",
    "f32: (f32.demote_f64 (local.get $u))",
    "f32: (f32.convert_i64_s (local.get $k))",
    "f64: (f64.div (local.get $u) (f64.const 3.3333333333333))",
    "f64: (local.set $v (f64.const 1e300)) (f64.min (local.get $v) (local.get $u))",
    "f64: (f64.promote_f32 (local.get $x))",
    "f64: (f64.reinterpret_i64 (local.get $k))",
    "i32: (select (local.get $i) (local.get $j) (i32.lt_u (local.get $i) (i32.const 9)))",
    "i64: (select (local.get $k) (local.get $l) (local.get $i))",
    "f32: (select (local.get $x) (local.get $y) (local.get $i))",
    "f64: (select (f64.const 2) (local.get $u) (f64.lt (local.get $u) (local.get $v)))",
    "i32: (if (result i32) (local.get $i) (then (local.get $i)) (else (local.get $j)))",
    "i32: (if (result i32) (i32.gt_s (local.get $i) (i32.const 3)) (then (i32.const 1))
        (else (i32.const 2)))",
    "i64: (block (result i64) (local.get $k) (br_if 0 (local.get $i)) (drop) (local.get $l))",
    "f64: (block (result f64 i64) (local.get $u) (local.get $k) (br_if 0 (local.get $i))
        (drop) (drop) (local.get $v) (local.get $l)) (drop)",
    "i64: (block $a (result i64) (block $b (result i64) (local.get $k)
        (br_table $a $b $a (local.get $i))) (i64.const 5) (i64.add))",
    "i32: (loop (local.set $j (i32.add (local.get $j) (i32.const 3)))
        (br_if 0 (i32.lt_u (local.get $j) (i32.const 100)))) (local.get $j)",
    "i64: (local.set $j (i32.const 10)) (loop
        (local.set $l (i64.add (local.get $l) (local.get $k)))
        (br_if 0 (local.tee $j (i32.sub (local.get $j) (i32.const 1))))) (local.get $l)",
    "i32: (i32.store (i32.const 16) (local.get $i))
        (local.set $j (i32.const 16)) (i32.load (local.get $j))",
    "i64: (local.set $j (i32.const 24)) (i64.store offset=8 (local.get $j) (local.get $k))
        (i64.load offset=24 (i32.const 8))",
    "f32: (f32.store (i32.const 40) (local.get $x)) (f32.load (i32.const 40))",
    "f64: (local.set $j (i32.const 48)) (f64.store (local.get $j) (local.get $u))
        (f64.load (local.get $j))",
    "i32: (local.set $j (i32.const 99)) (i32.store8 (local.get $j) (local.get $i))
        (i32.load8_s (local.get $j))",
    "i32: (i64.store $m64 (i64.and (local.get $k) (i64.const 0xff)) (local.get $k))
        (i32.load16_u $m64 offset=2 (i64.and (local.get $k) (i64.const 0xff)))",
    "i32: (local.set $j (i32.const 8)) (memory.fill (i32.const 200) (local.get $i) (local.get $j))
        (memory.copy (i32.const 202) (i32.const 200) (local.get $j)) (i32.load (i32.const 203))",
    "i32: (memory.size) (local.set $j) (i32.add (local.get $j) (memory.grow (i32.const 0)))",
    "i64: (global.set $g (local.get $k)) (local.set $l (global.get $g)) (local.get $l)",
    "f32: (global.set $h (local.get $x)) (global.get $h)",
    "i64: (call $help (local.get $i) (local.get $k) (local.get $u)) (local.set $l) (drop)
        (local.get $l)",
    "f64: (call $help (i32.const 3) (local.get $k) (f64.const 2)) (drop)",
    "i64: (call_indirect (type $help) (local.get $i) (local.get $k) (local.get $u)
        (local.tee $j (i32.const 0))) (local.set $l) (drop)
        (local.get $l)",
    "i64: (return (i64.add (local.get $k) (local.get $l)))",
    "f64: (return_call $identity (local.get $u))",
    "i32: (local.set $r (ref.func $help)) (ref.is_null (local.get $r))",
    "i32: (table.set (i32.const 1) (ref.null func)) (local.set $r (table.get (i32.const 1)))
        (ref.is_null (local.get $r))",
    "i32: (block (local.get $r) (br_on_null 0) (drop) (return (i32.const 4))) (i32.const 5)",
    "i32: (local.set $r (ref.func $help)) (block (local.get $r) (br_on_null 0) (drop)
        (return (i32.const 4))) (i32.const 5)",
    "i32: (local.get $i) (local.set $i (i32.const 7)) (i32.sub (local.get $i))",
    "i64: (local.get $k) (local.get $k) (local.set $k (local.get $l)) (i64.mul)
        (i64.add (local.get $k))",
    "f64: (local.get $u) (local.get $v) (local.set $u (local.get $v)) (f64.sub)
        (f64.add (local.get $u))",
];

/// Returns a module that exports each body under its number, with `padding` locals before the
/// others.
fn text(padding: usize) -> String {
    let padding = "i64 ".repeat(padding);
    let mut text = String::from(
        r#"(module
        (type $help (func (param i32 i64 f64) (result f64 i64)))
        (memory 1 1) (memory $m64 i64 1 1)
        (table 2 2 funcref) (elem (i32.const 0) func $help)
        (global $g (mut i64) (i64.const 0)) (global $h (mut f32) (f32.const 0))
        (func $identity (param f64) (result f64) (local.get 0))
        (func $help (type $help)
            (f64.add (local.get 2) (f64.convert_i32_s (local.get 0)))
            (i64.mul (local.get 1) (i64.const 3)))"#,
    );
    for (index, body) in BODIES.iter().enumerate() {
        let (result, body) = body.split_once(": ").expect("a type and a body");
        let _ = write!(
            text,
            r#"(func (export "{index}") (param i32 i64 f32 f64) (result {result})
                (local {padding}) (local $i i32) (local $j i32) (local $k i64) (local $l i64)
                (local $x f32) (local $y f32) (local $u f64) (local $v f64) (local $r funcref)
                (local.set $i (local.get 0)) (local.set $j (local.get 0))
                (local.set $k (local.get 1)) (local.set $l (local.get 1))
                (local.set $x (local.get 2)) (local.set $y (f32.const 7))
                (local.set $u (local.get 3)) (local.set $v (f64.const 7.25))
                {body})"#
        );
    }
    text.push(')');
    text
}

#[test]
fn fifty_thousand_locals_do_not_change_results() {
    let (near, far) = (text(0), text(49_900));
    let arguments: Vec<[Val; 4]> = [
        (0, 0, 0.0, 0.0),
        (1, -1, -1.5, 2.5),
        (2, 0x1234_5678_9abc_def0, f32::NAN, f64::NEG_INFINITY),
        (-77, i64::MIN, 1e30, -1e-300),
        (i32::MAX, 255, -0.0, 9e99),
    ]
    .into_iter()
    .map(|(i, k, x, u): (i32, i64, f32, f64)| [i.into(), k.into(), x.into(), u.into()])
    .collect();
    // Millions of locals in total take a while, so each dispatch backend runs once only.
    for dispatch in dispatches() {
        let mut config = Config::new();
        config.dispatch(dispatch).max_wasm_stack(2 << 20);
        let engine = &Engine::new(&config).unwrap();
        let mut store = Store::new(engine, ());
        let near = Instance::new(&mut store, &module(engine, &near), &[]).unwrap();
        let far = Instance::new(&mut store, &module(engine, &far), &[]).unwrap();
        for (index, body) in BODIES.iter().enumerate() {
            let name = index.to_string();
            for arguments in &arguments {
                let expected = call(&mut store, &near, &name, arguments).unwrap();
                let found = call(&mut store, &far, &name, arguments).unwrap();
                assert_eq!(numbers(&found), numbers(&expected), "{body} {arguments:?}");
            }
        }
    }
}

#[test]
fn each_of_fifty_thousand_locals_keeps_its_value() {
    // A few hundred locals are written and then summed. They stand for all of them, so that the
    // module stays small.
    let count = 50_000;
    let some: Vec<usize> = (0..count)
        .step_by(97)
        .chain(4_080..4_110)
        .chain([count - 1])
        .collect();
    let mut body = String::new();
    for &local in &some {
        let _ = write!(
            body,
            "(local.set {local} (i64.const {}))",
            local * 1_000_003
        );
    }
    body.push_str("(i64.const 0)");
    for &local in &some {
        let _ = write!(
            body,
            "(i64.add (i64.rotl (local.get {local}) (i64.const 1))) "
        );
        let _ = write!(body, "(i64.add (local.get {}))", (local + 50) % 97);
    }
    let text = format!(
        r#"(module (func (export "f") (result i64) (local {}) {body}))"#,
        "i64 ".repeat(count)
    );
    let mut locals = vec![0; 97 + count];
    for &local in &some {
        locals[local] = local as i64 * 1_000_003;
    }
    let sum: i64 = some
        .iter()
        .map(|&local| locals[local].rotate_left(1) + locals[(local + 50) % 97])
        .sum();
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
        for _ in 0..2 {
            let results = call(&mut store, &instance, "f", &[]).unwrap();
            assert_eq!(numbers(&results), [sum]);
        }
    });
}

#[test]
fn a_thousand_parameters_and_fifty_thousand_locals() {
    let params = 1_000;
    let gets = |order: &mut dyn Iterator<Item = usize>| {
        order.fold(String::new(), |mut text, index| {
            let _ = write!(text, "(local.get {index}) ");
            text
        })
    };
    let types = "i32 ".repeat(params);
    let text = format!(
        r#"(module
            (type $f (func (param {types}) (result {types})))
            (type $sum (func (param {types}) (result i64)))
            (table funcref (elem $reverse))
            (func $reverse (export "reverse") (type $f) (local {padding} i32)
                (local.set 49999 (local.get 3)) (local.set 3 (i32.const -1))
                (local.set 3 (local.get 49999))
                {reversed})
            (func $sum (export "sum") (type $sum) (local {padding} i32)
                (local.set 49999 (i32.const 0))
                {straight} {adds}
                (i64.extend_i32_s))
            (func (export "both") (type $sum) (local {padding} i64)
                (local.set 49999 (i64.const 0x1_0000_0000))
                (i64.add
                    (call $sum (call $reverse (call_indirect (type $f) {straight} (i32.const 0))))
                    (local.get 49999)))
            (func (export "tail") (type $sum) (local {padding} i64)
                (return_call $sum {reversed}))
            (func (export "block") (type $f) (local {padding} i32)
                {straight}
                (block (param {types}) (result {types})
                    (br_if 0 (local.tee 49999 (local.get 5))))))"#,
        padding = "i64 ".repeat(50_000 - params - 1),
        reversed = gets(&mut (0..params).rev()),
        straight = gets(&mut (0..params)),
        adds = "(i32.add) ".repeat(params - 1),
    );
    let values: Vec<i32> = (0..params as i32).map(|index| index * 7 - 100).collect();
    let arguments: Vec<Val> = values.iter().map(|&value| value.into()).collect();
    let straight: Vec<i64> = values.iter().map(|&value| value.into()).collect();
    let reversed: Vec<i64> = straight.iter().rev().copied().collect();
    let sum: i64 = straight.iter().sum();
    each(
        |config| {
            config.max_wasm_stack(4 << 20);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
            let mut run =
                |name: &str| numbers(&call(&mut store, &instance, name, &arguments).unwrap());
            assert_eq!(run("reverse"), reversed);
            assert_eq!(run("sum"), [sum]);
            assert_eq!(run("both"), [sum + (1 << 32)]);
            assert_eq!(run("tail"), [sum]);
            assert_eq!(run("block"), straight);
        },
    );
}
