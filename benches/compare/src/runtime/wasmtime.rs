//! [Wasmtime](https://docs.rs/wasmtime) in two variants: Pulley, its portable interpreter, and
//! Cranelift, whose native code shows the distance of interpreters to it.

use std::time::{Duration, Instant};

use anyhow::Result;
use wasmtime::{Collector, Config, Engine, Linker, Module, Store};

use super::{Loaded, Mode, Runtime};
use crate::{host, version};

pub struct Wasmtime {
    key: &'static str,
    // One engine for all modules, because an engine for native code sets up signal handlers and a
    // thread pool.
    engine: Engine,
}

impl Wasmtime {
    fn new(key: &'static str, config: &Config) -> Result<Self> {
        let engine = Engine::new(config)?;
        Ok(Self { key, engine })
    }

    pub fn pulley() -> Result<Self> {
        Self::new("pulley", pulley()?.collector(REFERENCE_COUNTING))
    }

    pub fn pulley_without_collections() -> Result<Self> {
        Self::new("pulley-null", pulley()?.collector(Collector::Null))
    }

    pub fn cranelift() -> Result<Self> {
        Self::new("cranelift", cranelift().collector(REFERENCE_COUNTING))
    }

    pub fn cranelift_without_collections() -> Result<Self> {
        Self::new("cranelift-null", cranelift().collector(Collector::Null))
    }
}

/// Wasmtime's default collector in this build.
const REFERENCE_COUNTING: Collector = Collector::DeferredReferenceCounting;

fn pulley() -> Result<Config> {
    let mut config = Config::new();
    config.target("pulley64")?.wasm_gc(true);
    Ok(config)
}

fn cranelift() -> Config {
    let mut config = Config::new();
    config
        .wasm_gc(true)
        .wasm_function_references(true)
        .wasm_exceptions(true)
        .wasm_stack_switching(cfg!(all(target_arch = "x86_64", unix)));
    config
}

impl Runtime for Wasmtime {
    fn key(&self) -> &'static str {
        self.key
    }

    fn version(&self) -> String {
        format!("{} of Wasmtime {}", self.key, version::of("wasmtime"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let module = Module::new(&self.engine, bytes)?;
        let mut store = Store::new(&self.engine, ());
        let mut linker = Linker::new(&self.engine);
        linker.func_wrap(host::MODULE, host::NAME, host::tick)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Box::new(Guest { store, instance }))
    }

    fn is_probed(&self) -> bool {
        false
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

guest!(wasmtime);
