//! Fuel: what code costs, and that it stops where there is none left.

use crate::common::{call, call_func, each, module, numbers, trap};
use backstitch::{
    Config, Engine, ExternRef, Func, Instance, Outcome, Result, Store, Suspension, Trap,
    UpdateDeadline, Val,
};
use std::cell::RefCell;
use std::fs;
use std::path::Path;

fn metered(config: &mut Config) {
    config.consume_fuel(true);
}

const PLENTY: u64 = 1 << 40;

/// Runs `test`, which returns fuel that was spent, with all engines, and checks that they agree.
fn each_agrees(test: impl Fn(&Engine) -> Vec<u64>) {
    let spent: RefCell<Option<Vec<u64>>> = RefCell::new(None);
    each(metered, |engine| {
        let now = test(engine);
        let before = spent.borrow_mut().replace(now.clone());
        assert!(before.is_none_or(|before| before == now));
    });
}

/// The definitions that the examples of the page use, and a function `f` of an example.
fn example_module(body: &str) -> String {
    format!(
        r#"(module
            (type $ft (func)) (type $c (cont $ft))
            (import "" "host" (func $host))
            (memory 1) (table $t 10 funcref) (global $g (mut i32) (i32.const 0))
            (tag $tag) (tag $suspended) (type $array (array (mut i32)))
            (data $data "abcdef") (elem $elem func $empty $empty $suspends)
            (func $empty)
            (func $suspends (suspend $suspended))
            (func (export "f") {body}))"#
    )
}

/// Each row of the page's table holds, and the page has the version of the crate.
#[test]
fn the_page_has_the_costs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fuel.md");
    let page = fs::read_to_string(path).unwrap();
    let version = format!("**Version {}.**", backstitch::FUEL_VERSION);
    assert!(page.contains(&version));
    let rows: Vec<(&str, u64)> = page
        .lines()
        .filter_map(|line| {
            let (rest, fuel) = line.strip_suffix(" |")?.rsplit_once(" | ")?;
            let (_, example) = rest.strip_suffix('`')?.rsplit_once(" | `")?;
            Some((example, fuel.parse().ok()?))
        })
        .collect();
    assert_eq!(rows.len(), 26);
    each(metered, |engine| {
        for &(body, fuel) in &rows {
            // The example with a label needs one.
            let body = match body.contains("$l)") {
                true => format!("(block $l (result (ref null $c)) {body} (return)) drop"),
                false => body.to_owned(),
            };
            let mut store = Store::new(engine, ());
            let host = Func::wrap(&mut store, || {});
            let text = example_module(&body);
            let instance =
                Instance::new(&mut store, &module(engine, &text), &[host.into()]).unwrap();
            store.set_fuel(PLENTY).unwrap();
            let before = store.fuel_spent().unwrap();
            let _ = call(&mut store, &instance, "f", &[]);
            let spent = store.fuel_spent().unwrap() - before;
            assert_eq!(spent, fuel, "{body}");
            assert_eq!(store.get_fuel().unwrap(), PLENTY - fuel, "{body}");
        }
    });
}

/// Bulk operations in a row are polled, and stop where the fuel ends.
#[test]
fn bulk_operations_in_a_row_stop_in_the_middle() {
    let fills = "(memory.fill (i32.const 16) (local.get 0) (i32.const 1048576))".repeat(2000);
    let text = format!(
        r#"(module (import "" "tick" (func $tick)) (memory (export "memory") 17)
            (func (export "f") (param i32) {fills})
            (func (export "late") (param i32) (call $tick) {fills}))"#
    );
    each_agrees(|engine| {
        let mut store = Store::new(engine, ());
        let tick = Func::wrap(&mut store, || {});
        let instance = Instance::new(&mut store, &module(engine, &text), &[tick.into()]).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let mut all = Vec::new();
        // The entry and four instructions cost 5.
        for (fuel, written) in [(0, 0), (1, 0), (5, 0), (6, 1), (1000, 995)] {
            memory.data_mut(&mut store).fill(0);
            store.set_fuel(fuel).unwrap();
            let before = store.fuel_spent().unwrap();
            let called = call(&mut store, &instance, "f", &[Val::I32(7)]);
            assert_eq!(trap(called), Some(Trap::OutOfFuel));
            assert_eq!(store.get_fuel().unwrap(), 0);
            let spent = store.fuel_spent().unwrap() - before;
            assert_eq!(spent, fuel.max(5), "with {fuel}");
            all.push(spent);
            let data = memory.data(&store);
            assert!(data[16..16 + written].iter().all(|&byte| byte == 7));
            assert!(data[16 + written..].iter().all(|&byte| byte == 0));
        }
        all
    });
    // A deadline and an interruption that come once the code runs.
    each(
        |config| {
            config.epoch_interruption(true).interruptible(true);
        },
        |engine| {
            for epoch in [true, false] {
                let mut store = Store::new(engine, ());
                store.set_epoch_deadline(1);
                let handle = store.interrupt_handle().unwrap();
                let weak = engine.clone();
                let tick = Func::wrap(&mut store, move || match epoch {
                    true => weak.increment_epoch(),
                    false => handle.interrupt(),
                });
                let module = module(engine, &text);
                let instance = Instance::new(&mut store, &module, &[tick.into()]).unwrap();
                let memory = instance.get_memory(&mut store, "memory").unwrap();
                let called = call(&mut store, &instance, "late", &[Val::I32(7)]);
                assert_eq!(trap(called), Some(Trap::Interrupt));
                assert!(memory.data(&store).iter().all(|&byte| byte == 0));
            }
        },
    );
}

/// No call returns with more fuel spent than there was, whatever the kinds of its results, and an
/// execution that is suspended before its return has them afterwards.
#[test]
fn a_return_needs_the_fuel_that_was_spent() {
    let text = r#"(module
        (import "" "host" (func $host))
        (func (export "none") (drop (i32.add (i32.const 1) (i32.const 2))))
        (func (export "i32") (param i64 f32 f64 externref) (result i32)
            (i32.wrap_i64 (i64.add (local.get 0) (i64.const 2))))
        (func (export "i64") (param i64 f32 f64 externref) (result i64)
            (i64.add (local.get 0) (i64.const 2)))
        (func (export "f32") (param i64 f32 f64 externref) (result f32)
            (f32.add (local.get 1) (f32.const 2)))
        (func (export "f64") (param i64 f32 f64 externref) (result f64)
            (f64.add (local.get 2) (f64.const 2)))
        (global $g (mut externref) (ref.null extern))
        (func (export "extern") (param i64 f32 f64 externref) (result externref)
            (global.set $g (local.get 3)) (local.set 3 (ref.null extern))
            (global.get $g) (global.set $g (ref.null extern)))
        (func (export "const") (param i64 f32 f64 externref) (result i32)
            (drop (i32.add (i32.const 1) (i32.const 2))) (i32.const 9))
        (func (export "many") (param i64 f32 f64 externref) (result i64 f64 externref f32)
            (i64.add (local.get 0) (i64.const 1)) (f64.add (local.get 2) (f64.const 1))
            (local.get 3) (f32.add (local.get 1) (f32.const 1)))
        (func (export "if") (param i64 f32 f64 externref) (result i64)
            (if (result i64) (i64.eqz (local.get 0))
                (then (i64.const 1)) (else (i64.add (local.get 0) (i64.const 2)))))
        (func (export "early") (param i64 f32 f64 externref) (result i64)
            (i64.add (local.get 0) (i64.const 2))
            (br_if 0 (i32.const 1)) (drop) (i64.const 3))
        (func (export "tail") (param i64 f32 f64 externref) (return_call $host)))"#;
    each_agrees(|engine| {
        let mut all = Vec::new();
        for name in [
            "none", "i32", "i64", "f32", "f64", "extern", "const", "many", "if", "early", "tail",
        ] {
            let mut store = Store::new(engine, 0);
            let host = Func::wrap(&mut store, |mut caller: backstitch::Caller<'_, u32>| {
                *caller.data_mut() += 1;
            });
            let instance =
                Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
            let func = instance.get_func(&mut store, name).unwrap();
            let mut arguments = Vec::new();
            if name != "none" {
                let value = ExternRef::new(&mut store, 77_u64).unwrap();
                let numbers = [
                    Val::I64(40),
                    Val::F32(1.5_f32.to_bits()),
                    Val::F64(2.5_f64.to_bits()),
                ];
                arguments.extend(numbers);
                arguments.push(Val::ExternRef(Some(value)));
            }
            let show = |store: &Store<u32>, results: &[Val]| {
                let show = |value: &Val| match value {
                    Val::ExternRef(Some(value)) => {
                        let data = value.data(store).unwrap().unwrap();
                        format!("{:?}", data.downcast_ref::<u64>())
                    }
                    other => format!("{other:?}"),
                };
                results.iter().map(show).collect::<Vec<_>>()
            };
            store.set_fuel(PLENTY).unwrap();
            let results = call_func(&mut store, &func, &arguments).unwrap();
            let spent = PLENTY - store.get_fuel().unwrap();
            let expected = show(&store, &results);
            all.push(spent);
            *store.data_mut() = 0;
            for fuel in 0..=spent {
                store.set_fuel(fuel).unwrap();
                let called = call_func(&mut store, &func, &arguments);
                assert_eq!(
                    called.is_ok(),
                    fuel == spent,
                    "{name} with {fuel} of {spent}"
                );
                if fuel < spent {
                    assert_eq!(trap(called), Some(Trap::OutOfFuel), "{name}");
                    assert_eq!(*store.data(), 0, "the host is called without fuel");
                }
                store.set_fuel(fuel).unwrap();
                *store.data_mut() = 0;
                let mut execution = func.start(&mut store, &arguments).unwrap();
                let mut outcome = execution.resume(&mut store).unwrap();
                if let Outcome::Suspended(suspension) = outcome {
                    assert!(matches!(suspension, Suspension::Fuel));
                    assert!(!execution.backtrace(&store).frames().is_empty());
                    // Without more fuel, nothing happens.
                    if store.fuel_spent() > Some(0) && fuel < spent {
                        let again = execution.resume(&mut store).unwrap();
                        assert!(matches!(again, Outcome::Suspended(Suspension::Fuel)));
                    }
                    // Other code changes the accumulators, and what is lost is collected.
                    store.set_fuel(PLENTY).unwrap();
                    let other = instance.get_func(&mut store, "many").unwrap();
                    let nulls = [
                        Val::I64(1),
                        Val::F32(0),
                        Val::F64(0),
                        Val::null_extern_ref(),
                    ];
                    call_func(&mut store, &other, &nulls).unwrap();
                    store.gc(None).unwrap();
                    store.set_fuel(0).unwrap();
                    outcome = execution.resume(&mut store).unwrap();
                    if matches!(outcome, Outcome::Suspended(Suspension::Fuel)) {
                        store.set_fuel(PLENTY).unwrap();
                        outcome = execution.resume(&mut store).unwrap();
                    }
                }
                let Outcome::Done(results) = outcome else {
                    panic!("expected the results")
                };
                assert_eq!(show(&store, &results), expected, "{name} with {fuel} first");
                *store.data_mut() = 0;
            }
        }
        all
    });
}

/// A host function is not called with more fuel spent than there was.
#[test]
fn the_host_is_not_called_without_fuel() {
    let text = r#"(module
        (type $t (func (param externref i32) (result i32)))
        (import "" "host" (func $host (type $t)))
        (table 1 funcref) (elem (i32.const 0) $host) (elem declare func $host)
        (func (export "call") (param externref) (result i32)
            (i32.const 5)
            (call $host (local.get 0) (i32.add (i32.const 1) (i32.const 2))) (i32.add))
        (func (export "indirect") (param externref) (result i32)
            (i32.const 5)
            (call_indirect (type $t) (local.get 0) (i32.const 3)
                (i32.sub (i32.const 1) (i32.const 1))) (i32.add))
        (func (export "reference") (param externref) (result i32)
            (i32.const 5)
            (call_ref $t (local.get 0) (i32.const 3) (ref.func $host)) (i32.add)))"#;
    each(metered, |engine| {
        for name in ["call", "indirect", "reference"] {
            let mut store = Store::new(engine, 0);
            let host = Func::wrap(
                &mut store,
                |mut caller: backstitch::Caller<'_, u32>,
                 value: Option<backstitch::Rooted<ExternRef>>,
                 number: i32|
                 -> Result<i32> {
                    let value = value.unwrap().data(&caller)?.unwrap();
                    assert_eq!(value.downcast_ref(), Some(&77_u64));
                    *caller.data_mut() += 1;
                    Ok(number * 10)
                },
            );
            let instance =
                Instance::new(&mut store, &module(engine, text), &[host.into()]).unwrap();
            let func = instance.get_func(&mut store, name).unwrap();
            store.set_fuel(2).unwrap();
            let value = ExternRef::new(&mut store, 77_u64).unwrap();
            let arguments = [Val::ExternRef(Some(value))];
            let called = call_func(&mut store, &func, &arguments);
            assert_eq!(trap(called), Some(Trap::OutOfFuel));
            assert_eq!(*store.data(), 0);
            store.set_fuel(2).unwrap();
            let mut execution = func.start(&mut store, &arguments).unwrap();
            let outcome = execution.resume(&mut store).unwrap();
            assert!(matches!(outcome, Outcome::Suspended(Suspension::Fuel)));
            assert_eq!(*store.data(), 0);
            store.gc(None).unwrap();
            store.set_fuel(PLENTY).unwrap();
            let Outcome::Done(results) = execution.resume(&mut store).unwrap() else {
                panic!("expected the results")
            };
            assert_eq!(numbers(&results), [35]);
            assert_eq!(*store.data(), 1);
        }
    });
}

/// Operations that fail are not charged by their size.
#[test]
fn failures_cost_nothing_by_size() {
    let cases = [
        (
            "(drop (table.grow $t (ref.null func) (i32.const -1)))",
            4,
            None,
        ),
        (
            "(drop (table.grow $t (ref.null func) (i32.const 91)))",
            4,
            None,
        ),
        ("(drop (memory.grow (i32.const -1)))", 3, None),
        (
            "(memory.fill (i32.const 0) (i32.const 1) (i32.const -1))",
            5,
            Some(Trap::MemoryOutOfBounds),
        ),
        (
            "(memory.fill $wide (i64.const 0) (i32.const 1) (i64.const 0x1000000000000))",
            5,
            Some(Trap::MemoryOutOfBounds),
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 1) (i32.const 65536))",
            5,
            Some(Trap::MemoryOutOfBounds),
        ),
        (
            "(memory.init $data (i32.const 0) (i32.const 0) (i32.const 7))",
            5,
            Some(Trap::MemoryOutOfBounds),
        ),
        (
            "(table.fill $t (i32.const 0) (ref.null func) (i32.const 11))",
            5,
            Some(Trap::TableOutOfBounds),
        ),
        (
            "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const -1))",
            5,
            Some(Trap::TableOutOfBounds),
        ),
        (
            "(table.init $t $elem (i32.const 0) (i32.const 0) (i32.const 4))",
            5,
            Some(Trap::TableOutOfBounds),
        ),
    ];
    each(metered, |engine| {
        for (body, cost, expected) in cases {
            let text = format!(
                r#"(module (memory 1) (memory $wide i64 1) (table $t 10 100 funcref)
                    (data $data "abcdef") (elem $elem func $f $f $f)
                    (func $f (export "f") {body}))"#
            );
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
            store.set_fuel(cost).unwrap();
            let called = call(&mut store, &instance, "f", &[]);
            assert_eq!(called.is_ok(), expected.is_none(), "{body}");
            if expected.is_some() {
                assert_eq!(trap(called), expected, "{body}");
            }
            assert_eq!(store.fuel_spent(), Some(cost), "{body}");
        }
    });
}

/// Code before a trap costs as much as before `unreachable`, whichever instruction traps and
/// whichever cells precede it.
#[test]
fn code_before_a_trap_is_charged() {
    let before = "(local.set 1 (i32.add (local.get 1) (i32.mul (local.get 0) (i32.const 3))))";
    let traps = [
        ("unreachable", 0),
        ("(drop (i32.load (i32.const -4)))", 2),
        // The addition is a part of the load's cell.
        ("(drop (i32.load (i32.add (local.get 2) (local.get 0))))", 4),
        ("(drop (i64.load $wide (i64.const -9)))", 2),
        (
            "(i32.store (local.get 2) (i32.add (local.get 1) (i32.const 1)))",
            5,
        ),
        ("(f64.store (local.get 2) (f64.const 1))", 3),
        ("(drop (i32.div_s (local.get 0) (i32.const 0)))", 3),
        ("(drop (i64.rem_u (i64.const 7) (i64.const 0)))", 3),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", 2),
        ("(drop (table.get $t (i32.const 10)))", 2),
        ("(table.set $t (i32.const 10) (ref.null func))", 3),
        ("(drop (ref.as_non_null (ref.null func)))", 2),
        ("(call_indirect $t (type $none) (i32.const 1))", 2),
        ("(call_ref $none (ref.null $none))", 2),
        ("(return_call_indirect $t (type $none) (i32.const 1))", 2),
        ("(drop (cont.new $c (ref.null $none)))", 2),
        (
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const -1))",
            4,
        ),
        ("(throw_ref (ref.null exn))", 2),
        (
            "(if (local.get 0) (then (drop (i32.load (i32.const -4)))))",
            4,
        ),
        ("(block (br_if 0 (i32.eqz (local.get 0))) unreachable)", 3),
        ("(loop (drop (i32.load (i32.const -4))))", 2),
        (
            "(drop (i32.load (i32.const 0))) (drop (i32.load (i32.const -4)))",
            4,
        ),
        ("(call $empty) (drop (i32.load (i32.const -4)))", 4),
    ];
    each_agrees(|engine| {
        let mut all = Vec::new();
        for (at, cost) in traps {
            for times in [0, 1, 100] {
                let run = before.repeat(times);
                let text = format!(
                    r#"(module
                        (type $none (func)) (type $c (cont $none))
                        (memory 1) (memory $wide i64 1) (table $t 10 funcref)
                        (func $empty)
                        (func (export "f") (param i32) (local i32 i32)
                            (local.set 2 (i32.const -4)) {run} {at} {run}))"#
                );
                let mut store = Store::new(engine, ());
                let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
                store.set_fuel(PLENTY).unwrap();
                call(&mut store, &instance, "f", &[Val::I32(2)]).unwrap_err();
                let spent = store.fuel_spent().unwrap();
                assert_eq!(spent, 3 + 6 * times as u64 + cost, "{times} × {at}");
                assert_eq!(store.get_fuel().unwrap(), PLENTY - spent);
                all.push(spent);
            }
        }
        all
    });
    // Ten units pay for one such call, and for none after it.
    let run = before.repeat(1_000);
    let text = format!(
        r#"(module (memory 1) (func (export "f") (param i32) (local i32)
            {run} (drop (i32.load (i32.const -4)))))"#
    );
    each(metered, |engine| {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
        store.set_fuel(10).unwrap();
        let called = call(&mut store, &instance, "f", &[Val::I32(2)]);
        assert_eq!(trap(called), Some(Trap::MemoryOutOfBounds));
        assert_eq!(store.get_fuel().unwrap(), 0);
        let called = call(&mut store, &instance, "f", &[Val::I32(2)]);
        assert_eq!(trap(called), Some(Trap::OutOfFuel));
    });
}

/// Deep recursion whose frames have long code behind their calls is polled on the way back.
#[test]
fn long_returns_poll() {
    let long = "(local.set 1 (i32.add (local.get 1) (i32.const 1)))".repeat(100);
    let text = format!(
        r#"(module (func $f (export "f") (param i32) (result i32) (local i32)
            (if (local.get 0) (then
                (local.set 1 (call $f (i32.sub (local.get 0) (i32.const 1))))))
            {long}
            (i32.add (local.get 1) (i32.const 1))))"#
    );
    each(
        |config| {
            config.epoch_interruption(true).interruptible(true);
        },
        |engine| {
            let mut store = Store::new(engine, 0);
            store.set_epoch_deadline(0);
            store.epoch_deadline_callback(|mut store| {
                *store.data_mut() += 1;
                Ok(UpdateDeadline::Continue(0))
            });
            let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
            let results = call(&mut store, &instance, "f", &[Val::I32(9)]).unwrap();
            assert_eq!(numbers(&results), [1010]);
            assert_eq!(*store.data(), 20);
        },
    );
}

/// The reference with which a table is filled stays alive while the operation waits for fuel.
#[test]
fn a_fill_that_waits_keeps_its_reference() {
    let text = r#"(module
        (global $g (mut externref) (ref.null extern)) (table (export "t") 10 externref)
        (func (export "f") (param externref)
            (global.set $g (local.get 0)) (local.set 0 (ref.null extern))
            (table.fill (i32.const 0)
                (block (result externref) (global.get $g) (global.set $g (ref.null extern)))
                (i32.const 10))))"#;
    each(metered, |engine| {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        let func = instance.get_func(&mut store, "f").unwrap();
        let mut execution = {
            let mut scope = backstitch::RootScope::new(&mut store);
            let value = ExternRef::new(&mut scope, 77_u64).unwrap();
            func.start(&mut scope, &[Val::ExternRef(Some(value))])
                .unwrap()
        };
        let mut suspended = 0;
        loop {
            store.set_fuel(3).unwrap();
            if let Outcome::Done(_) = execution.resume(&mut store).unwrap() {
                break;
            }
            store.gc(None).unwrap();
            suspended += 1;
        }
        assert!(suspended > 3);
        store.gc(None).unwrap();
        let table = instance.get_table(&mut store, "t").unwrap();
        for at in 0..10 {
            let element = table.get(&mut store, at).unwrap();
            let value = element.unwrap_extern().unwrap();
            let data = value.data(&store).unwrap().unwrap();
            assert_eq!(data.downcast_ref(), Some(&77_u64));
        }
    });
}

/// A suspension costs by the number of continuations that it passes.
#[test]
fn suspensions_cost_by_their_distance() {
    let text = r#"(module
        (type $ft (func (param i32))) (type $c (cont $ft))
        (type $none (func)) (type $rest (cont $none))
        (tag $tag)
        (func $deep (param i32)
            (if (local.get 0)
                (then (resume $c (i32.sub (local.get 0) (i32.const 1))
                    (cont.new $c (ref.func $deep))))
                (else (suspend $tag))))
        (elem declare func $deep)
        (func (export "f") (param i32)
            (block $l (result (ref null $rest))
                (resume $c (on $tag $l) (local.get 0) (cont.new $c (ref.func $deep)))
                (return))
            (drop)))"#;
    each_agrees(|engine| {
        let spent = |depth| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
            store.set_fuel(PLENTY).unwrap();
            call(&mut store, &instance, "f", &[Val::I32(depth)]).unwrap();
            store.fuel_spent().unwrap()
        };
        let all: Vec<u64> = (0..5).map(spent).collect();
        // Each level costs its entry and 8 instructions, and is passed once.
        for pair in all.windows(2) {
            assert_eq!(pair[1] - pair[0], 10, "{all:?}");
        }
        all
    });
}
