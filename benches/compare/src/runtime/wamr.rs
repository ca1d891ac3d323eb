//! [WAMR](https://docs.rs/wamrx)'s fast interpreter: written in C, translates at load time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use wamrx::{Engine, FuncType, Instance, Linker, Module, Val, ValType};

use super::{Loaded, Mode, Runtime};
use crate::{host, value::Value, version};

pub struct Wamr {
    engine: Engine,
    // WAMR resolves imports when it loads a module, from a registry of the process. So the linker
    // must define them before, and they apply to all modules.
    linker: Linker,
}

impl Wamr {
    pub fn new() -> Result<Self> {
        let engine = Engine::new()?;
        let mut linker = Linker::new(&engine);
        let ty = FuncType::new([ValType::I32], [ValType::I32]);
        linker.define_func(host::MODULE, host::NAME, ty, |arguments, results| {
            if let (&[Val::I32(count)], [result]) = (arguments, results) {
                *result = Val::I32(host::tick(count));
            }
        })?;
        Ok(Self { engine, linker })
    }
}

impl Runtime for Wamr {
    fn key(&self) -> &'static str {
        "wamr"
    }

    fn version(&self) -> String {
        format!("WAMR fast interpreter (wamrx {})", version::of("wamrx"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let module = Module::new(&self.engine, bytes)?;
        let instance = self.linker.instantiate(module)?;
        Ok(Box::new(Guest { instance }))
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Eager]
    }

    fn start_up(&self, bytes: &[u8], _mode: Mode) -> Result<Duration> {
        let start = Instant::now();
        let module = Module::new(&self.engine, bytes)?;
        let taken = start.elapsed();
        drop(module);
        Ok(taken)
    }
}

struct Guest {
    instance: Instance,
}

impl Loaded for Guest {
    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Value> {
        let arguments: Vec<Val> = arguments.iter().copied().map(to_val).collect();
        let mut results = [Val::I32(0)];
        self.instance
            .get_func(export)?
            .call(&arguments, &mut results)?;
        from_val(&results[0])
    }

    fn call_repeatedly(&mut self, export: &str, count: u32) -> Result<i32> {
        let func = self.instance.get_func(export)?;
        let mut results = [Val::I32(0)];
        for _ in 0..count {
            let arguments = results;
            func.call(&arguments, &mut results)?;
        }
        match results {
            [Val::I32(value)] => Ok(value),
            [other] => bail!("the result {other:?} is not an i32"),
        }
    }
}

conversions!(wamrx);
