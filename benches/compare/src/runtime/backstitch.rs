//! Backstitch: the interpreter of this repository.

use std::time::{Duration, Instant};

use anyhow::Result;
use backstitch::{CompilationMode, Config, Engine, Linker, Module, Store};

use super::{BACKSTITCH, Loaded, Mode, Runtime};
use crate::{host, version};

pub struct Backstitch;

impl Runtime for Backstitch {
    fn key(&self) -> &'static str {
        BACKSTITCH
    }

    fn version(&self) -> String {
        format!("Backstitch {}", version::of("backstitch"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let engine = Engine::default();
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap(host::MODULE, host::NAME, host::tick)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Box::new(Guest { store, instance }))
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default, Mode::Lazy, Mode::Eager]
    }

    fn start_up(&self, bytes: &[u8], mode: Mode) -> Result<Duration> {
        let mut config = Config::new();
        config.compilation_mode(match mode {
            Mode::Default => CompilationMode::LazyTranslation,
            Mode::Lazy => CompilationMode::Lazy,
            Mode::Eager => CompilationMode::Eager,
        });
        let engine = Engine::new(&config)?;
        let start = Instant::now();
        let module = Module::new(&engine, bytes)?;
        let taken = start.elapsed();
        drop(module);
        Ok(taken)
    }
}

guest!(backstitch);
