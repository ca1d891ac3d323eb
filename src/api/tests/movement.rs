//! Tests of what moves while code runs: stacks that grow, memories that grow, changes of instance.
//!
//! They are small enough for Miri, which detects every use of an address that is no longer valid.

use super::*;
use alloc::vec::Vec;

/// Depth of recursion, at which the arena has grown several times.
const DEPTH: i32 = if cfg!(miri) { 700 } else { 20_000 };

#[test]
fn a_stack_moves_under_its_frames() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module (func $sum (export "sum") (param i32 i64) (result i64)
            (if (result i64) (i32.eqz (local.get 0))
                (then (local.get 1))
                (else
                    (i64.add (i64.extend_i32_u (local.get 0))
                        (call $sum (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let sum = instance
        .get_typed_func::<(i32, i64), i64>(&mut store, "sum")
        .unwrap();
    let expected = i64::from(DEPTH) * i64::from(DEPTH + 1) / 2;
    assert_eq!(sum.call(&mut store, (DEPTH, 5)).unwrap(), expected + 5);
    assert_eq!(sum.call(&mut store, (3, 0)).unwrap(), 6);
}

/// A host function calls back into the guest, which recurses, while the arguments of the outer
/// call are staged.
#[test]
fn the_host_calls_back_while_arguments_wait() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let module = module(
        &engine,
        r#"(module
            (import "" "back" (func $back (param i32) (result i32)))
            (func $down (export "down") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const 0))
                    (else (i32.add (i32.const 1)
                        (call $down (i32.sub (local.get 0) (i32.const 1)))))))
            (func $three (param i32 i32 i32) (result i32)
                (i32.add (i32.mul (local.get 0) (i32.const 100))
                    (i32.sub (local.get 1) (local.get 2))))
            (func (export "f") (param i32) (result i32)
                (call $three (i32.const 7) (call $back (local.get 0)) (call $back (i32.const 1)))))"#,
    );
    let back = Func::wrap(
        &mut store,
        |mut caller: Caller<'_, i32>, depth: i32| -> Result<i32> {
            *caller.data_mut() += 1;
            let Some(Extern::Func(down)) = caller.get_export("down") else {
                bail!("no export")
            };
            let depth = down.typed::<i32, i32>(&caller)?.call(&mut caller, depth)?;
            assert_eq!(WasmBacktrace::capture(&caller).frames().len(), 1);
            Ok(depth)
        },
    );
    let instance = Instance::new(&mut store, &module, &[back.into()]).unwrap();
    let f = instance
        .get_typed_func::<i32, i32>(&mut store, "f")
        .unwrap();
    assert_eq!(f.call(&mut store, DEPTH / 2).unwrap(), 700 + DEPTH / 2 - 1);
    assert_eq!(*store.data(), 2);
}

#[test]
fn a_memory_moves_between_its_uses() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module
            (memory (export "memory") 0 40)
            (func (export "fill") (param i32) (result i32)
                (local $end i32)
                (loop $next
                    (drop (memory.grow (i32.const 1)))
                    (local.set $end (i32.mul (memory.size) (i32.const 65536)))
                    (i32.store (i32.sub (local.get $end) (i32.const 4)) (local.get 0))
                    (memory.copy (i32.const 0) (i32.sub (local.get $end) (i32.const 4)) (i32.const 4))
                    (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (i32.load (i32.const 0))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let fill = instance
        .get_typed_func::<i32, i32>(&mut store, "fill")
        .unwrap();
    assert_eq!(fill.call(&mut store, 5).unwrap(), 1);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.data(&store)[5 * 65_536 - 4..], [1, 0, 0, 0]);
    assert_eq!(memory.data(&store)[65_532..65_536], [5, 0, 0, 0]);
}

/// Two instances call each other with ordinary and tail calls, directly and through the table of a
/// third.
#[test]
fn instances_call_each_other() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let table = module(&engine, r#"(module (table (export "t") 2 funcref))"#);
    let shared = Instance::new(&mut store, &table, &[]).unwrap();
    let table = shared.get_export(&mut store, "t").unwrap();
    let module = module(
        &engine,
        r#"(module
            (type $step (func (param i32 i64) (result i64)))
            (import "" "t" (table 2 funcref))
            (import "" "me" (global $me i32))
            (memory 1)
            (elem (global.get $me) func $step)
            (func $step (export "step") (type $step)
                (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
                (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
                (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 50)))
                    (then
                        (return (i64.add (i64.const 1000)
                            (call_indirect (type $step)
                                (i32.sub (local.get 0) (i32.const 1))
                                (local.get 1)
                                (i32.sub (i32.const 1) (global.get $me)))))))
                (return_call_indirect (type $step)
                    (i32.sub (local.get 0) (i32.const 1))
                    (i64.add (local.get 1) (i64.const 1))
                    (i32.sub (i32.const 1) (global.get $me))))
            (func (export "count") (result i32) (i32.load (i32.const 0))))"#,
    );
    let ty = GlobalType::new(ValType::I32, Mutability::Const);
    let instances: Vec<_> = [0, 1]
        .into_iter()
        .map(|me| {
            let me = Global::new(&mut store, ty.clone(), Val::I32(me)).unwrap();
            Instance::new(&mut store, &module, &[table, me.into()]).unwrap()
        })
        .collect();
    let step = instances[0]
        .get_typed_func::<(i32, i64), i64>(&mut store, "step")
        .unwrap();
    assert_eq!(step.call(&mut store, (201, 0)).unwrap(), 4_000 + 197);
    for instance in instances {
        let count = instance
            .get_typed_func::<(), i32>(&mut store, "count")
            .unwrap();
        assert_eq!(count.call(&mut store, ()).unwrap(), 101);
    }
}

/// Two executions are suspended and resumed in turns, each on a growing stack of its own.
#[test]
fn executions_take_turns() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module (func $depth (export "depth") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
                (then (i32.const 0))
                (else (i32.add (i32.const 1)
                    (call $depth (i32.sub (local.get 0) (i32.const 1))))))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let depth = instance.get_func(&mut store, "depth").unwrap();
    let mut turns = 0;
    let mut executions: Vec<_> = [300, 200]
        .into_iter()
        .map(|levels| {
            (
                levels,
                depth.start(&mut store, &[Val::I32(levels)]).unwrap(),
            )
        })
        .collect();
    let mut index = 0;
    while !executions.is_empty() {
        index = (index + 1) % executions.len();
        store.set_fuel(400).unwrap();
        let (levels, execution) = &mut executions[index];
        if let Outcome::Done(results) = execution.resume(&mut store).unwrap() {
            assert_eq!(results[0].unwrap_i32(), *levels);
            drop(executions.remove(index));
            index = 0;
        }
        turns += 1;
    }
    assert!(turns > 6);

    // A dropped execution does not affect those that follow.
    store.set_fuel(100).unwrap();
    let mut abandoned = depth.start(&mut store, &[Val::I32(100)]).unwrap();
    assert!(matches!(
        abandoned.resume(&mut store).unwrap(),
        Outcome::Suspended(_)
    ));
    drop(abandoned);
    store.set_fuel(100_000).unwrap();
    let depth = depth.typed::<i32, i32>(&store).unwrap();
    assert_eq!(depth.call(&mut store, 50).unwrap(), 50);
}
