//! [tinywasm](https://docs.rs/tinywasm): an interpreter in safe Rust.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tinywasm::types::WasmValue;
use tinywasm::{HostFunction, Imports, ModuleInstance, Store};

use super::{Loaded, Mode, Runtime};
use crate::{host, value::Value, version};

pub struct Tinywasm;

impl Runtime for Tinywasm {
    fn key(&self) -> &'static str {
        "tinywasm"
    }

    fn version(&self) -> String {
        format!("tinywasm {}", version::of("tinywasm"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let module = tinywasm::parse_bytes(bytes)?;
        let mut store = Store::default();
        let mut imports = Imports::new();
        let tick = HostFunction::from(|_, count: i32| Ok(host::tick(count)));
        imports.define(host::MODULE, host::NAME, tick);
        let instance = ModuleInstance::instantiate(&mut store, &module, Some(&imports))?;
        Ok(Box::new(Guest { store, instance }))
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Eager]
    }

    fn start_up(&self, bytes: &[u8], _mode: Mode) -> Result<Duration> {
        let start = Instant::now();
        let module = tinywasm::parse_bytes(bytes)?;
        let taken = start.elapsed();
        drop(module);
        Ok(taken)
    }
}

struct Guest {
    store: Store,
    instance: ModuleInstance,
}

impl Loaded for Guest {
    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Value> {
        let func = self.instance.func_untyped(&self.store, export)?;
        let arguments: Vec<_> = arguments.iter().copied().map(to_val).collect();
        let mut results = [WasmValue::I32(0)];
        func.call(&mut self.store, &arguments, &mut results)?;
        match results {
            [WasmValue::I32(value)] => Ok(Value::I32(value)),
            [WasmValue::I64(value)] => Ok(Value::I64(value)),
            [other] => bail!("the result {other:?} is not an integer"),
        }
    }

    fn call_repeatedly(&mut self, export: &str, count: u32) -> Result<i32> {
        let func = self.instance.func::<i32, i32>(&self.store, export)?;
        let mut value = 0;
        for _ in 0..count {
            value = func.call(&mut self.store, value)?;
        }
        Ok(value)
    }
}

fn to_val(value: Value) -> WasmValue {
    match value {
        Value::I32(value) => WasmValue::I32(value),
        Value::I64(value) => WasmValue::I64(value),
    }
}
