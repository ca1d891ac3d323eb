//! Programs go on in another engine as they do in theirs: calls of the test scripts are saved while
//! they are suspended, restored under another dispatch backend and compilation mode, and both end
//! with the same results, fuel, traps and core dumps.
//!
//! `SNAPSHOTS=all cargo test -p spec-tests --test snapshots` saves at every suspension, which takes much
//! longer.

use backstitch::{
    Config, Engine, Error, ExternType, Instance, Linker, Module, Result, SnapshotHost, Store,
};
use spec_tests::copying::saving::{self, Embedder, Saving};
use spec_tests::copying::scripts;
use spec_tests::script::Host;
use std::any::Any;
use std::process::ExitCode;

/// The part of scripts' stores that only the host knows.
struct Values;

impl SnapshotHost<Host> for Values {
    fn save_data(&mut self, _: &Host) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn restore_data(&mut self, _: &[u8]) -> Result<Host> {
        Ok(Host::default())
    }

    fn save_value(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        let number = value.downcast_ref::<u32>();
        let number = number.ok_or_else(|| Error::msg("scripts have numbers as host values"))?;
        Ok(number.to_le_bytes().to_vec())
    }

    fn restore_value(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(u32::from_le_bytes(bytes.try_into()?)))
    }
}

impl Embedder<Host> for Values {
    fn link(&mut self, linker: &mut Linker<Host>, modules: &[Module]) -> Result<()> {
        linker.allow_shadowing(true);
        for module in modules {
            for import in module.imports() {
                if let ExternType::Func(ty) = import.ty() {
                    linker.func_new(import.module(), import.name(), ty, |_, _, _| Ok(()))?;
                }
            }
        }
        Ok(())
    }

    fn ready(&mut self, store: &mut Store<Host>, _: &[Instance]) {
        store.limiter(|host| &mut host.limits);
    }
}

fn main() -> ExitCode {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).expect("the default engine exists");
    let others = saving::others(|_| {});
    scripts::run("SNAPSHOTS", |_, _| {
        vec![(engine.clone(), Saving::new(Values, &others))]
    })
}
