//! Programs go on in another engine as they do in theirs: calls of the test scripts are saved while
//! they are suspended, restored under another dispatch backend and compilation mode, and both end
//! with the same results, fuel, traps and core dumps.
//!
//! `SNAPSHOTS=all cargo test -p spec-tests --test snapshots` saves at every suspension, which takes much
//! longer.

use backstitch::{
    CompilationMode, Config, Engine, Error, Execution, ExternType, Linker, Module, Result,
    Snapshot, SnapshotHost, SnapshotOptions, Store,
};
use spec_tests::copying::{self, Copied, Copying};
use spec_tests::engines;
use spec_tests::script::Host;
use std::any::Any;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Copies by snapshots, which are restored in other engines.
struct Saving {
    /// The engines, each with the modules of the script.
    others: Vec<(Engine, BTreeMap<[u8; 32], Module>)>,
    /// Number of copies.
    saved: usize,
}

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

impl Copying for Saving {
    const NAME: &'static str = "saved and restored";
    // A snapshot does not contain the host's references.
    const KEEPS_HANDLES: bool = false;

    fn copy(&mut self, store: &mut Store<Host>, execution: &Execution) -> Result<Copied> {
        let mut bytes = Vec::new();
        let mut options = SnapshotOptions::new();
        options.embed_modules(true);
        store.snapshot(&mut Values, &mut bytes, &options)?;
        let snapshot = Snapshot::parse(&bytes)?;
        let at = self.saved % self.others.len();
        let (engine, known) = &mut self.others[at];
        for module in snapshot.modules() {
            if let (None, Some(bytes)) = (known.get(module.sha256), module.bytes) {
                known.insert(*module.sha256, Module::from_binary(engine, bytes)?);
            }
        }
        let modules: Vec<Module> = known.values().cloned().collect();
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        for module in &modules {
            for import in module.imports() {
                if let ExternType::Func(ty) = import.ty() {
                    linker.func_new(import.module(), import.name(), ty, |_, _, _| Ok(()))?;
                }
            }
        }
        let restored = Store::restore(engine, &linker, &modules, &snapshot, &mut Values)?;
        let mut store = restored.store;
        let number = execution.number();
        let mut executions = restored.executions.into_iter();
        let execution = executions.find(|execution| execution.number() == number);
        let execution = execution.ok_or_else(|| Error::msg("the execution is missing"))?;
        let mut again = Vec::new();
        store.snapshot(&mut Values, &mut again, &options)?;
        if bytes != again {
            let at = bytes.iter().zip(&again).position(|(a, b)| a != b);
            return Err(Error::msg(format!(
                "another snapshot after restoring: {} and {} bytes, different at {at:?}",
                bytes.len(),
                again.len()
            )));
        }
        self.saved += 1;
        Ok(Copied {
            store,
            execution,
            bytes: bytes.len(),
        })
    }
}

fn main() -> ExitCode {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).expect("the default engine exists");
    let mut others = Vec::new();
    for dispatch in engines::dispatches() {
        for mode in [CompilationMode::Eager, CompilationMode::Lazy] {
            config.dispatch(dispatch).compilation_mode(mode);
            others.push(Engine::new(&config).expect("the engine exists"));
        }
    }
    copying::run("SNAPSHOTS", |_, _| {
        let others = others.iter().cloned();
        let saving = Saving {
            others: others.map(|engine| (engine, BTreeMap::new())).collect(),
            saved: 0,
        };
        vec![(engine.clone(), saving)]
    })
}
