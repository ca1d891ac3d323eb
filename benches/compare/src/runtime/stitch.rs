//! [Stitch](https://docs.rs/makepad-stitch): threaded code in Rust, which relies on tail calls that
//! LLVM makes without a guarantee. (The crate named `stitch` is a different one.)

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use makepad_stitch::{Engine, Func, Instance, Linker, Module, Store, Val};

use super::{Loaded, Mode, Runtime};
use crate::{host, value::Value, version};

pub struct Stitch;

impl Runtime for Stitch {
    fn key(&self) -> &'static str {
        "stitch"
    }

    fn version(&self) -> String {
        format!("Stitch {}", version::of("makepad-stitch"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let engine = Engine::new();
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(engine);
        let mut linker = Linker::new();
        let tick = Func::wrap(&mut store, host::tick);
        linker.define(host::MODULE, host::NAME, tick);
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Box::new(Guest { store, instance }))
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default]
    }

    fn start_up(&self, bytes: &[u8], _mode: Mode) -> Result<Duration> {
        let engine = Engine::new();
        let start = Instant::now();
        let module = Module::new(&engine, bytes)?;
        let taken = start.elapsed();
        drop(module);
        Ok(taken)
    }
}

struct Guest {
    store: Store,
    instance: Instance,
}

impl Guest {
    fn func(&self, export: &str) -> Result<Func> {
        self.instance
            .exported_func(export)
            .with_context(|| format!("no function `{export}` is exported"))
    }
}

impl Loaded for Guest {
    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Value> {
        let func = self.func(export)?;
        let arguments: Vec<Val> = arguments.iter().copied().map(to_val).collect();
        // Stitch reads the types of results from the values in the slice.
        let mut results: Vec<Val> = func
            .type_(&self.store)
            .results()
            .iter()
            .copied()
            .map(Val::default)
            .collect();
        func.call(&mut self.store, &arguments, &mut results)?;
        from_val(results.first().context("the export has no result")?)
    }

    fn call_repeatedly(&mut self, export: &str, count: u32) -> Result<i32> {
        let func = self.func(export)?;
        let mut results = [Val::I32(0)];
        for _ in 0..count {
            let arguments = results;
            func.call(&mut self.store, &arguments, &mut results)?;
        }
        results[0].to_i32().context("the result is not an i32")
    }
}

conversions!(makepad_stitch);
