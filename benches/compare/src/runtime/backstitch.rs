//! Backstitch: the interpreter of this repository.

use std::any::Any;
use std::time::{Duration, Instant};

use anyhow::Result;
use backstitch::{CompilationMode, Config, Engine, Linker, Module, Store};

use super::{BACKSTITCH, Held, Loaded, Mode, Runtime};
use crate::{host, version};

pub struct Backstitch {
    key: &'static str,
    // Number of allocations after which a collection may begin, if not the default one.
    threshold: Option<usize>,
}

impl Backstitch {
    pub fn new() -> Self {
        Self {
            key: BACKSTITCH,
            threshold: None,
        }
    }

    pub fn without_collections() -> Self {
        Self {
            key: "backstitch-null",
            threshold: Some(usize::MAX),
        }
    }
}

impl Runtime for Backstitch {
    fn key(&self) -> &'static str {
        self.key
    }

    fn version(&self) -> String {
        format!("{} {}", self.key, version::of("backstitch"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let mut config = Config::new();
        if let Some(threshold) = self.threshold {
            config.gc_threshold(threshold);
        }
        let engine = Engine::new(&config)?;
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
        let engine = engine(mode)?;
        let start = Instant::now();
        let module = Module::new(&engine, bytes)?;
        let taken = start.elapsed();
        drop(module);
        Ok(taken)
    }

    fn hold(&self, bytes: &[u8], what: Held, count: usize) -> Result<Box<dyn Any>> {
        let modules = |mode| -> Result<Box<dyn Any>> {
            let module = |_| Ok(Module::new(&engine(mode)?, bytes)?);
            Ok(Box::new(
                (0..count).map(module).collect::<Result<Vec<_>>>()?,
            ))
        };
        match what {
            Held::Validated => modules(Mode::Default),
            Held::Translated => modules(Mode::Eager),
            Held::Instances => {
                let engine = Engine::default();
                let module = Module::new(&engine, bytes)?;
                let mut linker = Linker::new(&engine);
                linker.func_wrap(host::MODULE, host::NAME, host::tick)?;
                let guest = |_| {
                    let mut store = Store::new(&engine, ());
                    let instance = linker.instantiate(&mut store, &module)?;
                    Ok(Guest { store, instance })
                };
                Ok(Box::new((0..count).map(guest).collect::<Result<Vec<_>>>()?))
            }
        }
    }
}

fn engine(mode: Mode) -> Result<Engine> {
    let mut config = Config::new();
    config.compilation_mode(match mode {
        Mode::Default => CompilationMode::LazyTranslation,
        Mode::Lazy => CompilationMode::Lazy,
        Mode::Eager => CompilationMode::Eager,
    });
    Ok(Engine::new(&config)?)
}

guest!(backstitch);
