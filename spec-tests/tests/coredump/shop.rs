//! A program that traps, and the engines in which it runs.

use backstitch::{Config, Engine, Error, Instance, Store, WasmCoreDump};
use spec_tests::engines::dispatches;

/// Returns an engine for each dispatch backend, with core dumps at errors.
pub fn engines() -> Vec<Engine> {
    let engine = |dispatch| {
        let mut config = Config::new();
        config.dispatch(dispatch).coredump_on_trap(true);
        Engine::new(&config).expect("the backend is available")
    };
    dispatches().into_iter().map(engine).collect()
}

/// Calls an export that must fail.
pub fn fail(store: &mut Store<()>, instance: &Instance, name: &str) -> Error {
    let func = instance
        .get_typed_func::<(), ()>(&mut *store, name)
        .unwrap();
    func.call(store, ()).unwrap_err()
}

pub fn dump_of(error: &Error) -> &WasmCoreDump {
    error.downcast_ref().expect("the error has a dump")
}

pub const SHOP: &str = r#"(module $shop
    (memory (export "memory") 1 5)
    (data (i32.const 5000) "sold out")
    (global (mut i32) (i32.const -3)) (global i64 (i64.const 1234567890123))
    (global (mut f32) (f32.const -0.0)) (global f64 (f64.const 0.1))
    (global (mut funcref) (ref.func $sell)) (global externref (ref.null extern))
    (table 3 funcref) (elem (i32.const 1) func $sell)
    (data $passive "passive") (data $dropped "dropped")
    (func $sell (param i32 i64) (local f32 f64 funcref)
        (local.set 2 (f32.const 1.5)) (local.set 3 (f64.const -2.5))
        (local.set 4 (ref.func $sell))
        (i32.store offset=16 (i32.add (local.get 0) (i32.const -8)) (i32.const 99)))
    (func (export "open") (data.drop $dropped)
        (i64.const 7) (call $sell (i32.const -20) (i64.const -1)) (drop)))"#;
