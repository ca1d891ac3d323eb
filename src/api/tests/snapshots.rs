//! Snapshots of stores, and what is restored from them.

use super::*;
use crate::{Snapshot, SnapshotHost, SnapshotOptions};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;

/// Makes objects, exceptions and continuations, asks the host, and calls through a table.
const PROGRAM: &str = r#"
(module $program
    (type $node (struct (field (mut (ref null $node))) (field i32)))
    (type $f (func (param i32) (result i32))) (type $k (cont $f))
    (import "host" "ask" (func $ask (param externref) (result i32)))
    (tag $yield (param i32) (result i32)) (tag $thrown (param (ref null $node)))
    (memory 1) (table 2 funcref) (elem (i32.const 1) func $list)
    (global $caught (mut exnref) (ref.null exn))
    (global $value (mut externref) (ref.null extern))
    (func $list (param $n i32) (result (ref null $node))
        (if (result (ref null $node)) (local.get $n)
            (then (struct.new $node
                (call_indirect (param i32) (result (ref null $node))
                    (i32.sub (local.get $n) (i32.const 1)) (i32.const 1))
                (local.get $n)))
            (else (ref.null $node))))
    (func $sum (param $list (ref null $node)) (result i32) (local $sum i32)
        (loop $again
            (if (ref.is_null (local.get $list)) (then (return (local.get $sum))))
            (local.set $sum (i32.add (local.get $sum) (struct.get $node 1 (local.get $list))))
            (local.set $list (struct.get $node 0 (local.get $list)))
            (br $again))
        (unreachable))
    (func $body (param i32) (result i32)
        (local.set 0 (suspend $yield (local.get 0)))
        (i32.add (local.get 0) (suspend $yield (i32.const 7))))
    (func $throws (throw $thrown (call $list (i32.const 2))))
    (func $resume_all (param $n i32) (result i32) (local $k (ref null $k))
        (local.set $k (cont.new $k (ref.func $body)))
        (loop $again (result i32)
            (block $on (result i32 (ref $k))
                (resume $k (on $yield $on) (local.get $n) (local.get $k))
                (return))
            (local.set $k)
            (local.set $n)
            (br $again)))
    (elem declare func $body)
    (func (export "main") (param $value externref) (result i32)
        (local $list (ref null $node))
        (global.set $value (local.get $value))
        (local.set $list (call $list (i32.const 3)))
        (block $h (result (ref null $node) exnref)
            (try_table (catch_ref $thrown $h) (call $throws))
            (unreachable))
        (global.set $caught)
        (call $sum)
        (i32.add (call $sum (local.get $list)))
        (i32.add (call $resume_all (i32.const 5)))
        (i32.store (i32.const 8) (i32.const 1000))
        (i32.add (call $ask (global.get $value)))
        (i32.add (i32.load (i32.const 8)))))"#;

struct Numbers;

impl SnapshotHost<u32> for Numbers {
    fn save_data(&mut self, data: &u32) -> Result<Vec<u8>> {
        Ok(data.to_le_bytes().to_vec())
    }

    fn restore_data(&mut self, bytes: &[u8]) -> Result<u32> {
        Ok(u32::from_le_bytes(bytes.try_into()?))
    }

    fn save_value(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        let number = value.downcast_ref::<u32>();
        Ok(number.expect("values are numbers").to_le_bytes().to_vec())
    }

    fn restore_value(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(u32::from_le_bytes(bytes.try_into()?)))
    }
}

/// Returns a linker whose function asks the host, once it has read the value.
fn linker(engine: &Engine) -> Linker<u32> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap(
            "host",
            "ask",
            |caller: Caller<'_, u32>, value: Option<Rooted<ExternRef>>| -> Result<i32> {
                let value = value.expect("the program has it");
                let number = value.data(&caller)?.and_then(|it| it.downcast_ref::<u32>());
                Err(Error::suspend(*number.expect("it is a number")))
            },
        )
        .unwrap();
    linker
}

fn saved(store: &mut Store<u32>, with_modules: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    store
        .snapshot(
            &mut Numbers,
            &mut bytes,
            SnapshotOptions::new().embed_modules(with_modules),
        )
        .unwrap();
    bytes
}

#[test]
fn a_program_is_restored_at_each_suspension() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = Module::new(&engine, PROGRAM).unwrap();
    let mut store = Store::new(&engine, 41);
    store.set_fuel(1000).unwrap();
    let instance = linker(&engine).instantiate(&mut store, &module).unwrap();
    let main = instance.get_func(&mut store, "main").unwrap();
    let value = ExternRef::new(&mut store, 9_u32).unwrap();
    let mut execution = main.start(&mut store, &[value.into()]).unwrap();
    let mut suspensions = 0;
    loop {
        // With Miri, each step takes seconds.
        store.set_fuel(if cfg!(miri) { 60 } else { 1 }).unwrap();
        let mut outcome = execution.resume(&mut store).unwrap();
        if let Outcome::Suspended(Suspension::Host(request)) = &outcome {
            assert_eq!(request.downcast_ref(), Some(&9_u32));
            let bytes = saved(&mut store, false);
            let restored = restore(&engine, &module, &bytes);
            (store, execution) = restored;
            outcome = execution.resume_with(&mut store, &[Val::I32(100)]).unwrap();
        }
        if let Outcome::Done(results) = outcome {
            assert_eq!(results[0].unwrap_i32(), 3 + 6 + 12 + 100 + 1000);
            break;
        }
        suspensions += 1;
        let bytes = saved(&mut store, false);
        let spent = store.fuel_spent();
        (store, execution) = restore(&engine, &module, &bytes);
        assert_eq!(store.fuel_spent(), spent);
        assert_eq!(*store.data(), 41);
        assert_eq!(saved(&mut store, false), bytes);
    }
    assert!(suspensions > if cfg!(miri) { 1 } else { 20 });
}

fn restore(engine: &Engine, module: &Module, bytes: &[u8]) -> (Store<u32>, Execution) {
    let snapshot = Snapshot::parse(bytes).unwrap();
    let modules = core::slice::from_ref(module);
    let linker = linker(engine);
    let restored = Store::restore(engine, &linker, modules, &snapshot, &mut Numbers).unwrap();
    let mut executions = restored.executions.into_iter();
    let execution = executions.next().expect("the program has a call");
    assert!(executions.next().is_none());
    (restored.store, execution)
}

#[test]
fn what_is_missing_is_named() {
    let engine = Engine::default();
    let module = Module::new(&engine, PROGRAM).unwrap();
    let mut store = Store::new(&engine, 0);
    linker(&engine).instantiate(&mut store, &module).unwrap();
    let bytes = saved(&mut store, false);
    let snapshot = Snapshot::parse(&bytes).unwrap();
    let restore = |engine: &Engine, linker: &Linker<u32>, modules: &[Module]| {
        Store::restore(engine, linker, modules, &snapshot, &mut Numbers)
    };
    says(
        restore(&engine, &linker(&engine), &[]),
        "missing module `program` with SHA-256 ",
    );
    says(
        restore(&engine, &Linker::new(&engine), &[module]),
        "missing host function `host::ask`",
    );
    let counting = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = Module::new(&counting, PROGRAM).unwrap();
    says(
        restore(&counting, &linker(&counting), &[module]),
        "`Config::consume_fuel` off, and it is on",
    );

    let embedded = saved(&mut store, true);
    assert!(embedded.len() > bytes.len());
    let snapshot = Snapshot::parse(&embedded).unwrap();
    let linker = linker(&engine);
    let restored = Store::restore(&engine, &linker, &[], &snapshot, &mut Numbers).unwrap();
    assert_eq!(
        (restored.executions.len(), restored.instances.len()),
        (0, 1)
    );
    assert!(Snapshot::parse(b"\0asm\x01\0\0\0").is_err());
}
