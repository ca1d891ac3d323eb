//! [wasm3](https://docs.rs/wasm3x): threaded code in C, translated at the first call.

use std::time::{Duration, Instant};

use anyhow::Result;
use wasm3x::{CompilationMode, Config, Engine, Linker, Module, Store};

use super::{Loaded, Mode, Runtime};
use crate::{host, version};

pub struct Wasm3;

impl Runtime for Wasm3 {
    fn key(&self) -> &'static str {
        "wasm3"
    }

    fn version(&self) -> String {
        let calls = if wasm3x::has_guaranteed_tail_calls() {
            "guaranteed tail calls"
        } else {
            "no `musttail` in this C compiler"
        };
        format!("wasm3 0.9 (wasm3x {}, {calls})", version::of("wasm3x"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let engine = Engine::default();
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        let instance = linker(&engine)?.instantiate_and_start(&mut store, &module)?;
        Ok(Box::new(Guest { store, instance }))
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Lazy, Mode::Eager]
    }

    /// Compiles a module. `Module::new` only parses it, and instantiation parses it again and
    /// translates eagerly. So the time for the eager mode is that of an instantiation.
    fn start_up(&self, bytes: &[u8], mode: Mode) -> Result<Duration> {
        let mut config = Config::new();
        config.compilation_mode(match mode {
            Mode::Eager => CompilationMode::Eager,
            Mode::Default | Mode::Lazy => CompilationMode::Lazy,
        });
        let engine = Engine::new(&config);
        let start = Instant::now();
        let module = Module::new(&engine, bytes)?;
        let parsed = start.elapsed();
        if mode != Mode::Eager {
            return Ok(parsed);
        }
        let mut store = Store::new(&engine, ());
        let linker = Linker::new(&engine);
        let start = Instant::now();
        linker.instantiate(&mut store, &module)?;
        Ok(start.elapsed())
    }
}

fn linker(engine: &Engine) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(host::MODULE, host::NAME, host::tick)?;
    Ok(linker)
}

guest!(wasm3x);
