//! Calls, returns and tail calls with many values, or in great number.

use crate::common::{call, each, each_default, module, numbers, trap};
use backstitch::{
    Engine, Func, FuncType, Instance, RefType, Store, Table, TableType, Trap, Val, ValType,
};
use std::fmt::Write;

/// Repeats `text` `count` times.
fn repeat(text: &str, count: usize) -> String {
    text.repeat(count)
}

/// Creates two instances that tail-call each other through a table, with different numbers of
/// parameters.
fn ping_pong(store: &mut Store<()>, engine: &Engine) -> Instance {
    let table_type = TableType::new(RefType::FUNCREF, 2, None);
    let table = Table::new(&mut *store, table_type, backstitch::Ref::Func(None)).unwrap();
    let ping = module(
        engine,
        r#"(module
            (type $pong (func (param i32 i64 f64 i32 i64 i32 i32) (result i64 i32)))
            (type $ping (func (param i32 i64) (result i64 i32)))
            (import "" "table" (table 2 funcref))
            (global $calls (export "calls") (mut i32) (i32.const 0))
            (elem (i32.const 0) func $ping)
            (func $ping (export "ping") (type $ping)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (if (i32.eqz (local.get 0))
                    (then (return (local.get 1) (i32.const 77))))
                (return_call_indirect (type $pong)
                    (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (f64.const 0.5)
                    (i32.const 3) (i64.const 4) (i32.const 5) (i32.const 6)
                    (i32.const 1))))"#,
    );
    let pong = module(
        engine,
        r#"(module
            (type $ping (func (param i32 i64) (result i64 i32)))
            (import "" "table" (table 2 funcref))
            (elem (i32.const 1) func $pong)
            (func $pong (param i32 i64 f64 i32 i64 i32 i32) (result i64 i32)
                (local i64 i64 i64)
                (if (i32.eqz (local.get 0))
                    (then (return (local.get 1) (i32.const 88))))
                (return_call_indirect (type $ping)
                    (i32.sub (local.get 0) (i32.const 1))
                    (i64.add (local.get 1) (i64.extend_i32_u
                        (i32.add (local.get 3) (i32.add (local.get 5) (local.get 6)))))
                    (i32.const 0))))"#,
    );
    let ping = Instance::new(&mut *store, &ping, &[table.into()]).unwrap();
    Instance::new(&mut *store, &pong, &[table.into()]).unwrap();
    ping
}

#[test]
fn a_million_cross_instance_tail_calls_run_in_one_frame() {
    each(
        |config| {
            config.max_wasm_stack(2_048);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let instance = ping_pong(&mut store, engine);
            let results = call(
                &mut store,
                &instance,
                "ping",
                &[Val::I32(1_000_000), Val::I64(1)],
            )
            .unwrap();
            assert_eq!(numbers(&results), [1 + 500_000 * 14, 77]);
            let results = call(
                &mut store,
                &instance,
                "ping",
                &[Val::I32(999_999), Val::I64(1)],
            )
            .unwrap();
            assert_eq!(numbers(&results), [1 + 499_999 * 14, 88]);
        },
    );
}

#[test]
fn a_million_tail_calls_of_an_import_and_of_references() {
    each(
        |config| {
            config.max_wasm_stack(2_048);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let near = module(
                engine,
                r#"(module
                    (type $f (func (param i32) (result i32)))
                    (table (export "table") 1 (ref null $f))
                    (func (export "set") (param (ref null $f))
                        (table.set (i32.const 0) (local.get 0)))
                    (func (export "near") (type $f)
                        (if (i32.eqz (local.get 0)) (then (return (i32.const -1))))
                        (return_call_ref $f (i32.sub (local.get 0) (i32.const 1))
                            (table.get (i32.const 0)))))"#,
            );
            let near = Instance::new(&mut store, &near, &[]).unwrap();
            let back = near.get_func(&mut store, "near").unwrap();
            let far = module(
                engine,
                r#"(module
                    (import "" "near" (func $near (param i32) (result i32)))
                    (func (export "far") (param i32) (result i32) (local i64 i64)
                        (return_call $near (i32.sub (local.get 0) (i32.const 1)))))"#,
            );
            let far = Instance::new(&mut store, &far, &[back.into()]).unwrap();
            let far = far.get_func(&mut store, "far").unwrap();
            call(&mut store, &near, "set", &[Val::FuncRef(Some(far))]).unwrap();
            let results = call(&mut store, &near, "near", &[Val::I32(1_000_000)]).unwrap();
            assert_eq!(numbers(&results), [-1]);
        },
    );
}

#[test]
fn a_caller_continues_after_cross_instance_tail_calls() {
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let inner = ping_pong(&mut store, engine);
        let ping = inner.get_func(&mut store, "ping").unwrap();
        let outer = module(
            engine,
            r#"(module
                (import "" "ping" (func $ping (param i32 i64) (result i64 i32)))
                (memory 1)
                (global $g (mut i64) (i64.const 1000))
                (func (export "f") (param i32 i64) (result i64 i64 i32 i64)
                    (i64.store (i32.const 8) (i64.const 5))
                    (local.get 1)
                    (call $ping (local.get 0) (i64.const 3))
                    (global.set $g (i64.add (global.get $g) (i64.load (i32.const 8))))
                    (global.get $g)))"#,
        );
        let outer = Instance::new(&mut store, &outer, &[ping.into()]).unwrap();
        for (calls, by) in [(0, 77), (1, 88), (2, 77), (7, 88)] {
            let results = call(&mut store, &outer, "f", &[Val::I32(calls), Val::I64(-9)]).unwrap();
            let results = numbers(&results);
            let sum = 3 + i64::from(calls / 2) * 14;
            assert_eq!(results[..3], [-9, sum, by]);
        }
    });
}

#[test]
fn a_tail_call_to_a_host_function_with_a_thousand_results() {
    for stack in [20_000, 24_000, 1 << 20] {
        each(
            |config| {
                config.max_wasm_stack(stack);
            },
            |engine| {
                let mut store = Store::new(engine, ());
                let ty = FuncType::new(engine, [], vec![ValType::I32; 1_000]);
                let host = Func::new(&mut store, ty, |_, _, results| {
                    for (index, result) in results.iter_mut().enumerate() {
                        *result = Val::I32(index as i32 + 1);
                    }
                    Ok(())
                });
                let text = format!(
                    r#"(module
                        (type $many (func (result {many})))
                        (import "" "host" (func $host (type $many)))
                        (table funcref (elem $host))
                        (func $small (export "small") (type $many) (return_call $host))
                        (func (export "indirect") (type $many)
                            (return_call_indirect (type $many) (i32.const 0)))
                        (func (export "sum") (param i32) (result i32)
                            (local.get 0) (call $small) {adds})
                        (func (export "twice") (type $many)
                            (call $small) {drops} (return_call $host)))"#,
                    many = repeat("i32 ", 1_000),
                    adds = repeat("i32.add ", 1_000),
                    drops = repeat("drop ", 1_000),
                );
                let instance =
                    Instance::new(&mut store, &module(engine, &text), &[host.into()]).unwrap();
                for name in ["small", "indirect", "twice"] {
                    let results = call(&mut store, &instance, name, &[]).unwrap();
                    assert!(numbers(&results).into_iter().eq(1..=1_000));
                }
                let results = call(&mut store, &instance, "sum", &[Val::I32(7)]).unwrap();
                assert_eq!(numbers(&results), [7 + 500_500]);
            },
        );
    }
}

#[test]
fn a_host_function_without_room_for_its_results_overflows_the_stack() {
    each(
        |config| {
            config.max_wasm_stack(4_096);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let ty = FuncType::new(engine, [], vec![ValType::I32; 1_000]);
            let host = Func::new(&mut store, ty, |_, _, _| {
                panic!("the call overflows the stack")
            });
            let text = format!(
                r#"(module
                    (import "" "host" (func $host (result {})))
                    (func (export "f") (call $host) {}))"#,
                repeat("i32 ", 1_000),
                repeat("drop ", 1_000),
            );
            let instance =
                Instance::new(&mut store, &module(engine, &text), &[host.into()]).unwrap();
            let result = call(&mut store, &instance, "f", &[]);
            assert_eq!(trap(result), Some(Trap::StackOverflow));
        },
    );
}

/// Types for functions with many parameters.
const KINDS: [&str; 4] = ["i32", "i64", "f32", "f64"];

fn argument(kind: usize, index: usize) -> Val {
    let number = index as u32 * 3 + 1;
    match kind {
        0 => Val::I32(number as i32),
        1 => Val::I64(i64::from(number) << 33 | 5),
        2 => Val::F32((number as f32).to_bits()),
        _ => Val::F64((f64::from(number) / 8.0).to_bits()),
    }
}

/// Returns functions that return their parameters in another order, each in several ways.
fn permutation(kinds: &[usize], order: &[usize]) -> String {
    let types = |indices: &mut dyn Iterator<Item = usize>| -> String {
        indices
            .map(|index| KINDS[kinds[index]])
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (params, results) = (
        types(&mut (0..kinds.len())),
        types(&mut order.iter().copied()),
    );
    let pushed = |indices: &mut dyn Iterator<Item = usize>| -> String {
        indices.fold(String::new(), |mut text, index| {
            let _ = write!(text, "local.get {index} ");
            text
        })
    };
    let (gets, straight) = (
        pushed(&mut order.iter().copied()),
        pushed(&mut (0..kinds.len())),
    );
    // The parameters are also passed through a block's results and a branch's values.
    format!(
        r#"(module
            (type $f (func (param {params}) (result {results})))
            (func $plain (export "plain") (type $f) {gets})
            (func (export "returned") (type $f) (block (drop (i32.const 0))) {gets} return)
            (func (export "branched") (type $f)
                (block (result {results}) {gets} (br_if 0 (i32.const 1)) (br 1)))
            (func (export "from_loop") (type $f)
                {straight} (loop (param {params}) (result {results}) {sets} {gets}))
            (func (export "called") (type $f) {straight} (call $plain))
            (func (export "tail") (type $f) {straight} (return_call $plain))
            (func $with_more (param {params}) (param i64 i32 f64) (result {results}) {gets})
            (func (export "tail_longer") (type $f)
                {straight} (i64.const 9) (i32.const 8) (f64.const 7) (return_call $with_more))
            (func $with_less (param i32) (result i32 i32) (local.get 0) (i32.const 3))
            (func (export "chosen") (type $f)
                {gets} (block (param {results}) (result {results})
                    (br_table 0 0 0 (drop (call $with_less (i32.const 1)))))))"#,
        sets = (0..kinds.len())
            .rev()
            .fold(String::new(), |mut text, index| {
                let _ = write!(text, "local.set {index} ");
                text
            }),
    )
}

#[test]
fn parameters_are_returned_in_another_order() {
    let mut random = crate::common::Shuffle(7);
    let mut cases: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for arity in 1..=12 {
        for _ in 0..6 {
            let kinds: Vec<usize> = (0..arity).map(|_| random.below(4)).collect();
            let mut order: Vec<usize> = (0..arity).collect();
            random.shuffle(&mut order);
            cases.push((kinds.clone(), order));
            // Some parameters are returned twice, others not at all.
            let count = 1 + random.below(arity + 3);
            cases.push((kinds, (0..count).map(|_| random.below(arity)).collect()));
        }
    }
    // The maximum number of parameters of a function, less the three additional ones of one
    // function.
    let most = 997;
    cases.push((
        (0..most).map(|index| index % 4).collect(),
        (1..most).chain([0]).collect(),
    ));
    cases.push(((0..most).map(|_| 1).collect(), (0..most).rev().collect()));
    each_default(|engine| {
        for (kinds, order) in &cases {
            let text = permutation(kinds, order);
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
            let arguments: Vec<Val> = kinds
                .iter()
                .enumerate()
                .map(|(index, &kind)| argument(kind, index))
                .collect();
            let permuted: Vec<Val> = order.iter().map(|&index| arguments[index]).collect();
            for name in [
                "plain",
                "returned",
                "branched",
                "from_loop",
                "called",
                "tail",
                "tail_longer",
                "chosen",
            ] {
                let results = call(&mut store, &instance, name, &arguments).unwrap();
                assert_eq!(numbers(&results), numbers(&permuted), "{name} of {order:?}");
            }
        }
    });
}

#[test]
fn recursion_ends_at_the_same_depth_everywhere() {
    let text = r#"(module
        (global $depth (export "depth") (mut i32) (i32.const 0))
        (func $plain (export "plain")
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (call $plain))
        (func $fused (export "fused") (param i32 i64) (result i32) (local i32 i32 i32)
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (local.set 2 (i32.add (local.get 0) (i32.const 1)))
            (loop (br_if 0 (i32.lt_s (local.tee 3 (i32.add (local.get 3) (i32.const 1)))
                (i32.const 4))))
            (i32.add (call $fused (local.get 2) (i64.add (local.get 1) (i64.const 1)))
                (i32.mul (local.get 3) (local.get 0))))
        (table funcref (elem $indirect))
        (func $indirect (export "indirect") (result f64)
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (f64.add (f64.const 1) (call_indirect (result f64) (i32.const 0)))))"#;
    let mut depths = Vec::new();
    for fuel in [false, true] {
        let found = std::cell::RefCell::new(Vec::new());
        each(
            |config| {
                config.consume_fuel(fuel).max_wasm_stack(100_000);
            },
            |engine| {
                let mut store = Store::new(engine, ());
                if fuel {
                    store.set_fuel(1 << 40).unwrap();
                }
                let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
                let depth = instance.get_global(&mut store, "depth").unwrap();
                let mut each_depth = Vec::new();
                for (name, arguments) in [
                    ("plain", &[][..]),
                    ("fused", &[Val::I32(1), Val::I64(2)]),
                    ("indirect", &[]),
                ] {
                    depth.set(&mut store, Val::I32(0)).unwrap();
                    let result = call(&mut store, &instance, name, arguments);
                    assert_eq!(trap(result), Some(Trap::StackOverflow));
                    each_depth.push(depth.get(&mut store).unwrap_i32());
                }
                found.borrow_mut().push(each_depth);
            },
        );
        depths.extend(found.into_inner());
    }
    assert!(depths.iter().all(|depth| *depth == depths[0]), "{depths:?}");
    assert!(depths[0].iter().all(|&depth| depth > 500), "{depths:?}");
}

#[test]
fn results_that_are_nan_are_canonical() {
    let nan32 = 0xffc1_2345_u32;
    let nan64 = 0xfff8_0000_1234_5678_u64;
    let text = r#"(module
        (func (export "sqrt32") (param f32) (result f32) (f32.sqrt (f32.const -2)))
        (func (export "root32") (param f32) (result f32) (f32.sqrt (local.get 0)))
        (func (export "add32") (param f32) (result f32) (f32.add (local.get 0) (f32.const 1)))
        (func (export "div32") (param f32) (result f32)
            (f32.div (f32.const 0) (f32.sub (local.get 0) (local.get 0))))
        (func (export "min32") (param f32) (result f32) (f32.min (f32.const 1) (local.get 0)))
        (func (export "ceil32") (param f32) (result f32) (f32.ceil (local.get 0)))
        (func (export "nearest32") (param f32) (result f32) (f32.nearest (local.get 0)))
        (func (export "sqrt64") (param f64) (result f64) (f64.sqrt (f64.const -2)))
        (func (export "root64") (param f64) (result f64) (f64.sqrt (local.get 0)))
        (func (export "mul64") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0)))
        (func (export "max64") (param f64) (result f64) (f64.max (local.get 0) (f64.const 1)))
        (func (export "trunc64") (param f64) (result f64) (f64.trunc (local.get 0)))
        (func (export "floor64") (param f64) (result f64) (f64.floor (local.get 0)))
        (func (export "promote") (param f32) (result f64) (f64.promote_f32 (local.get 0)))
        (func (export "demote") (param f64) (result f32) (f32.demote_f64 (local.get 0))))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let module = module(engine, text);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        for export in module.exports() {
            let ty = export.ty().unwrap_func().clone();
            let argument = match ty.param(0) {
                Some(ValType::F32) => Val::F32(nan32),
                _ => Val::F64(nan64),
            };
            let results = call(&mut store, &instance, export.name(), &[argument]).unwrap();
            let canonical = match ty.result(0) {
                Some(ValType::F32) => 0x7fc0_0000,
                _ => 0x7ff8_0000_0000_0000,
            };
            assert_eq!(numbers(&results), [canonical], "{}", export.name());
        }
    });
}
