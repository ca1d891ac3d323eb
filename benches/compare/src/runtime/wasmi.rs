//! [wasmi](https://docs.rs/wasmi): the interpreter that is the baseline.

use std::any::Any;
use std::time::{Duration, Instant};

use anyhow::Result;
use wasmi::{CompilationMode, Config, Engine, Linker, Module, Store};

use super::{BASELINE, Held, Loaded, Mode, Runtime};
use crate::{host, version};

pub struct Wasmi;

impl Runtime for Wasmi {
    fn key(&self) -> &'static str {
        BASELINE
    }

    fn version(&self) -> String {
        format!("wasmi {}", version::of("wasmi"))
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>> {
        let engine = Engine::default();
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap(host::MODULE, host::NAME, host::tick)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        Ok(Box::new(Guest { store, instance }))
    }

    fn is_probed(&self) -> bool {
        false
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default, Mode::Lazy, Mode::Eager]
    }

    fn start_up(&self, bytes: &[u8], mode: Mode) -> Result<Duration> {
        let engine = engine(mode);
        let start = Instant::now();
        let module = Module::new(&engine, bytes)?;
        let taken = start.elapsed();
        drop(module);
        Ok(taken)
    }

    fn hold(&self, bytes: &[u8], what: Held, count: usize) -> Result<Box<dyn Any>> {
        let modules = |mode| -> Result<Box<dyn Any>> {
            let module = |_| Ok(Module::new(&engine(mode), bytes)?);
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
                    let instance = linker.instantiate_and_start(&mut store, &module)?;
                    Ok(Guest { store, instance })
                };
                Ok(Box::new((0..count).map(guest).collect::<Result<Vec<_>>>()?))
            }
        }
    }
}

fn engine(mode: Mode) -> Engine {
    let mut config = Config::default();
    config.compilation_mode(match mode {
        Mode::Default => CompilationMode::LazyTranslation,
        Mode::Lazy => CompilationMode::Lazy,
        Mode::Eager => CompilationMode::Eager,
    });
    Engine::new(&config)
}

guest!(wasmi);
