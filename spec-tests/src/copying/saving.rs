//! Copies by snapshots, which are restored in other engines, in every second one with modules from
//! archives.

use super::{Copied, Copying};
use crate::engines;
use backstitch::{
    CompilationMode, Config, Engine, Error, Execution, Instance, Linker, Module, Result, Snapshot,
    SnapshotHost, SnapshotOptions, Store,
};
use std::collections::BTreeMap;

/// The embedder of stores that are saved.
pub trait Embedder<T: 'static>: SnapshotHost<T> {
    /// Defines the functions that modules import.
    ///
    /// # Errors
    ///
    /// The errors of the linker.
    fn link(&mut self, linker: &mut Linker<T>, modules: &[Module]) -> Result<()>;

    /// Makes a store ready that was restored, with its instances.
    fn ready(&mut self, store: &mut Store<T>, instances: &[Instance]);

    /// Returns what is compared of the data of stores: see [`Copying::compare`].
    fn compare(&mut self, data: &T) -> Vec<u8> {
        let _ = data;
        Vec::new()
    }
}

/// Copies by snapshots, which are restored in other engines.
pub struct Saving<E> {
    embedder: E,
    others: Vec<Other>,
    /// Number of copies.
    saved: usize,
}

/// An engine in which snapshots are restored.
struct Other {
    engine: Engine,
    /// True if modules come from archives.
    archived: bool,
    /// The modules that are known, by hash.
    known: BTreeMap<[u8; 32], Module>,
}

/// Returns an engine of each dispatch backend and of two compilation modes, all of which count fuel.
pub fn others(configure: impl Fn(&mut Config)) -> Vec<Engine> {
    let mut others = Vec::new();
    for dispatch in engines::dispatches() {
        for mode in [CompilationMode::Eager, CompilationMode::Lazy] {
            let mut config = Config::new();
            config
                .consume_fuel(true)
                .dispatch(dispatch)
                .compilation_mode(mode);
            configure(&mut config);
            others.push(Engine::new(&config).expect("the engine exists"));
        }
    }
    others
}

impl<E> Saving<E> {
    /// Creates a way to copy stores to each of the engines, in turn.
    pub fn new(embedder: E, others: &[Engine]) -> Saving<E> {
        let others = others.iter().enumerate().map(|(at, engine)| Other {
            engine: engine.clone(),
            archived: at % 2 == 1,
            known: BTreeMap::new(),
        });
        Saving {
            embedder,
            others: others.collect(),
            saved: 0,
        }
    }
}

impl<T: 'static, E: Embedder<T>> Copying<T> for Saving<E> {
    const NAME: &'static str = "saved and restored";
    // A snapshot does not contain the host's references.
    const KEEPS_HANDLES: bool = false;

    fn copy(&mut self, store: &mut Store<T>, execution: &Execution) -> Result<Copied<T>> {
        let mut bytes = Vec::new();
        let mut options = SnapshotOptions::new();
        options.embed_modules(true);
        store.snapshot(&mut self.embedder, &mut bytes, &options)?;
        let snapshot = Snapshot::parse(&bytes)?;
        let at = self.saved % self.others.len();
        let Other {
            engine,
            archived,
            known,
        } = &mut self.others[at];
        for module in snapshot.modules() {
            if let (None, Some(bytes)) = (known.get(module.sha256), module.bytes) {
                let mut loaded = Module::from_binary(engine, bytes)?;
                if *archived {
                    loaded = Module::deserialize_checked(engine, loaded.serialize()?)?;
                }
                known.insert(*module.sha256, loaded);
            }
        }
        let modules: Vec<Module> = known.values().cloned().collect();
        let mut linker = Linker::new(engine);
        self.embedder.link(&mut linker, &modules)?;
        let restored = Store::restore(engine, &linker, &modules, &snapshot, &mut self.embedder)?;
        let mut store = restored.store;
        self.embedder.ready(&mut store, &restored.instances);
        let number = execution.number();
        let mut executions = restored.executions.into_iter();
        let execution = executions.find(|execution| execution.number() == number);
        let execution = execution.ok_or_else(|| Error::msg("the execution is missing"))?;
        let mut again = Vec::new();
        store.snapshot(&mut self.embedder, &mut again, &options)?;
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

    fn compare(&mut self, data: &T) -> Vec<u8> {
        self.embedder.compare(data)
    }
}
