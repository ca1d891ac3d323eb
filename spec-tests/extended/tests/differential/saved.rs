//! Runs programs whose calls are saved while they are suspended, and go on in other engines.

use super::random::Random;
use super::walk;
use backstitch::{
    Config, Engine, Instance, Linker, Module, Result, RootScope, SnapshotHost, Store,
};
use spec_tests::copying::Copier;
use spec_tests::copying::saving::{self, Embedder, Saving};

/// Engines in which calls end that began in another one.
pub struct Others {
    /// Engine that counts fuel.
    pub first: Engine,
    others: Vec<Engine>,
}

/// The embedder of the programs, whose stores have no data.
struct Numbers;

impl SnapshotHost<()> for Numbers {
    fn save_data(&mut self, (): &()) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn restore_data(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

impl Embedder<()> for Numbers {
    fn link(&mut self, linker: &mut Linker<()>, _: &[Module]) -> Result<()> {
        linker.func_wrap("host", "number", walk::host)?;
        Ok(())
    }

    fn ready(&mut self, _: &mut Store<()>, _: &[Instance]) {}
}

impl Others {
    /// Creates engines of every dispatch backend that collect garbage at every allocation.
    pub fn new() -> Others {
        let configure = |config: &mut Config| {
            config.gc_stress(true).gc_step(64);
        };
        let mut config = Config::new();
        configure(config.consume_fuel(true));
        Others {
            first: Engine::new(&config).expect("the default engine exists"),
            others: saving::others(configure),
        }
    }

    /// Runs a program of [`objects`](super::objects). Returns a description of the first difference
    /// between a call and its copies.
    ///
    /// # Errors
    ///
    /// An error if the program cannot be instantiated.
    pub fn difference(&self, bytes: &[u8], seed: u64) -> Result<Option<String>> {
        let module = Module::new(&self.first, bytes)?;
        let mut store = Store::new(&self.first, ());
        store.set_fuel(1 << 40)?;
        let mut linker = Linker::new(&self.first);
        Numbers.link(&mut linker, &[])?;
        let instance = linker.instantiate(&mut store, &module)?;
        let mut copier = Copier::new(Saving::new(Numbers, &self.others), false);
        let mut random = Random::new(seed);
        for export in module.exports() {
            if !export.name().starts_with("run") {
                continue;
            }
            let mut scope = RootScope::new(&mut store);
            let function = instance.get_func(&mut scope, export.name());
            let function = function.expect("the module exports it");
            let arguments = walk::arguments(&mut random, &function.ty(&scope));
            drop(scope);
            // How a call ends is compared elsewhere.
            if copier.call(&mut store, &function, &arguments).is_err() {
                store.take_pending_exception();
            }
        }
        Ok(copier.difference)
    }
}
