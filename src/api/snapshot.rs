//! Snapshots: stores as bytes, from which their programs go on.

use super::engine::Engine;
use super::execution::Execution;
use super::func::Func;
use super::instance::Instance;
use super::linker::Linker;
use super::memory::Memory;
use super::module::Module;
use super::store::{Store, data};
use crate::heap::StoreInner;
use crate::ids::{InstanceIndex, MemoryIndex, StackId};
use crate::restore::{self, Host};
use crate::support::error::{Context, Result};
use crate::support::write::Write;
use crate::walk::coredump::extension::ReasonKind;
use crate::walk::coredump::reader::CoreDump;
use crate::walk::coredump::{Capture, Cause, HostPart, Options, Writer};
use crate::{bail, ensure, format_err};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

/// The embedder's part of snapshots: the data of a store, and host values that guests refer to.
///
/// `()` is the part of an embedder whose stores have no data and whose guests refer to no host values.
pub trait SnapshotHost<T> {
    /// Returns the data of a store as bytes.
    ///
    /// # Errors
    ///
    /// An error if that is not possible. No snapshot is made then.
    fn save_data(&mut self, data: &T) -> Result<Vec<u8>>;

    /// Returns the data that [`SnapshotHost::save_data`] has made bytes of. The bytes may be any, as a
    /// snapshot may come from anywhere.
    ///
    /// # Errors
    ///
    /// An error if that is not possible. The snapshot is not restored then.
    fn restore_data(&mut self, bytes: &[u8]) -> Result<T>;

    /// Returns a host value as bytes. This is not possible by default.
    ///
    /// # Errors
    ///
    /// As [`SnapshotHost::save_data`].
    fn save_value(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        let _ = value;
        bail!("the embedder does not save host values (`SnapshotHost::save_value`)")
    }

    /// Returns the host value that [`SnapshotHost::save_value`] has made bytes of.
    ///
    /// # Errors
    ///
    /// As [`SnapshotHost::restore_data`].
    fn restore_value(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        let _ = bytes;
        bail!("the embedder does not restore host values (`SnapshotHost::restore_value`)")
    }
}

impl SnapshotHost<()> for () {
    fn save_data(&mut self, (): &()) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn restore_data(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// Options for writing a snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotOptions {
    name: Option<String>,
    embed_modules: bool,
}

impl SnapshotOptions {
    /// Creates the default options.
    pub fn new() -> SnapshotOptions {
        SnapshotOptions::default()
    }

    /// Sets the name of the program in the snapshot: for example, a path. The default is the name of
    /// the first module.
    pub fn name(&mut self, name: &str) -> &mut SnapshotOptions {
        self.name = Some(name.to_string());
        self
    }

    /// Selects whether the snapshot contains the modules. Otherwise, and by default, it contains their
    /// hashes, and they must be given when it is restored.
    pub fn embed_modules(&mut self, enable: bool) -> &mut SnapshotOptions {
        self.embed_modules = enable;
        self
    }
}

/// A snapshot: a store as bytes.
///
/// [`Store::snapshot`] writes one, and [`Store::restore`] makes a store of it, in which the program
/// goes on: in another process, later, under another dispatch backend or compilation mode, on another
/// target. A snapshot is a [core dump](CoreDump) that has everything.
///
/// ```
/// use backstitch::{Config, Engine, Instance, Linker, Module, Outcome, Snapshot, SnapshotOptions};
/// use backstitch::{Store, Suspension};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// let module = Module::new(&engine, r#"
///     (module
///         (func (export "sum") (param $n i32) (result i32)
///             (local $sum i32)
///             (loop $again
///                 (local.set $sum (i32.add (local.get $sum) (local.get $n)))
///                 (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
///             (local.get $sum)))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// store.set_fuel(100)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let sum = instance.get_func(&mut store, "sum").unwrap();
/// let mut execution = sum.start(&mut store, &[100.into()])?;
/// assert!(matches!(execution.resume(&mut store)?, Outcome::Suspended(Suspension::Fuel)));
///
/// let mut bytes = Vec::new();
/// store.snapshot(&mut (), &mut bytes, SnapshotOptions::new().embed_modules(true))?;
/// drop((store, execution));
///
/// // In another process, perhaps:
/// let snapshot = Snapshot::parse(&bytes)?;
/// let restored = Store::restore(&engine, &Linker::new(&engine), &[], &snapshot, &mut ())?;
/// let (mut store, mut execution) = (restored.store, restored.executions.into_iter().next().unwrap());
/// store.set_fuel(100_000)?;
/// let Outcome::Done(results) = execution.resume(&mut store)? else {
///     panic!("there is enough fuel");
/// };
/// assert_eq!(results[0].unwrap_i32(), 5050);
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot<'a> {
    dump: CoreDump<'a>,
}

/// A module that a snapshot needs.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotModule<'s> {
    /// The name in the module's name section, or a text if it has none.
    pub name: &'s str,
    /// The SHA-256 hash of the binary.
    pub sha256: &'s [u8; 32],
    /// The binary, if the snapshot contains it.
    pub bytes: Option<&'s [u8]>,
}

impl<'a> Snapshot<'a> {
    /// Parses a snapshot. The bytes of memories are borrowed from `bytes`.
    ///
    /// # Errors
    ///
    /// If the bytes are not a core dump, or if the core dump is not a snapshot.
    pub fn parse(bytes: &'a [u8]) -> Result<Snapshot<'a>> {
        let dump = CoreDump::parse(bytes)?;
        ensure!(
            dump.snapshot().is_some(),
            "the core dump is not a snapshot: it does not contain all that its program needs"
        );
        Ok(Snapshot { dump })
    }

    /// Returns the snapshot as a core dump.
    pub fn dump(&self) -> &CoreDump<'a> {
        &self.dump
    }

    /// Returns the modules of the snapshot's instances.
    pub fn modules(&self) -> impl Iterator<Item = SnapshotModule<'_>> {
        let modules = (0..).zip(self.dump.modules());
        modules.filter_map(|(index, module)| {
            let identity = module.identity.as_ref()?;
            Some(SnapshotModule {
                name: &module.name,
                sha256: &identity.sha256,
                bytes: self.dump.module_bytes(index),
            })
        })
    }
}

/// A store that was restored from a snapshot.
pub struct Restored<T: 'static> {
    /// The store.
    pub store: Store<T>,
    /// The executions that the embedder had and that had not ended, by ascending
    /// [`Execution::number`].
    pub executions: Vec<Execution>,
    /// All instances, in the order in which they were created.
    pub instances: Vec<Instance>,
    /// All memories, by ascending [`Memory::number`].
    pub memories: Vec<Memory>,
}

impl<T: fmt::Debug + 'static> fmt::Debug for Restored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restored")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Store<T> {
    /// Writes a snapshot of the store to `out`. See [`Snapshot`].
    ///
    /// No code of the store may run, but any number of executions can be suspended: because of fuel, an
    /// interruption, an epoch deadline, a host function's request, or a tag; and any number may not
    /// have begun. Garbage is collected first.
    ///
    /// A snapshot contains everything that guests can reach, with the remaining fuel, the deadline of
    /// epochs, and the names of executions. It does not contain handles of the host: objects that only
    /// the host refers to, and executions that have ended. The limiter and the hooks are the
    /// embedder's.
    ///
    /// # Errors
    ///
    /// Returns the errors of `host` and of `out`, and an error if the store contains something that no
    /// snapshot can contain: a memory that other stores share, or a host function that no module
    /// imports, so that it has no name.
    pub fn snapshot(
        &mut self,
        host: &mut impl SnapshotHost<T>,
        out: &mut impl Write,
        options: &SnapshotOptions,
    ) -> Result<()> {
        let store = &mut *self.inner;
        let shared = store.memories().iter().position(|it| !it.is_exclusive());
        if let Some(index) = shared {
            bail!("memory {index} of the store is shared with other stores");
        }
        store.stacks.reclaim_all();
        store.collect();
        let data = host.save_data(data(store))?;
        let first = store.stacks.suspended().next();
        let cause = Cause::Other(ReasonKind::Requested, "");
        let capture = Capture::new(store, cause, first);
        let options_of_dump = Options {
            shared_memories: true,
            snapshot: Some(HostPart {
                values: &mut |value| host.save_value(value),
                data,
                modules: options.embed_modules,
                unnamed_functions: false,
            }),
            ..Options::default()
        };
        let name = match (&options.name, capture.modules.first()) {
            (Some(name), _) => name,
            (None, Some(module)) => module.name().unwrap_or_default(),
            (None, None) => "",
        };
        Writer::new(store, &capture, name, options_of_dump)?.write(out)
    }

    /// Creates a store from a snapshot. Its program can go on: see [`Snapshot`].
    ///
    /// `modules` are the modules of the snapshot, in any order; those that the snapshot contains are not
    /// needed. Host functions are those of `linker` with the names under which modules import them.
    /// Memories, tables, globals and tags that the host has created are restored, and not taken from the
    /// linker. The configuration of `engine` must count fuel and epochs if that of the snapshot did.
    ///
    /// A snapshot may be any bytes. What is restored is safe to use, whatever it contains.
    ///
    /// # Errors
    ///
    /// Returns the errors of `host`, and an error if a module or a host function is missing, or if the
    /// snapshot is damaged.
    ///
    /// # Panics
    ///
    /// Panics if `linker` or a module belongs to another engine.
    pub fn restore(
        engine: &Engine,
        linker: &Linker<T>,
        modules: &[Module],
        snapshot: &Snapshot<'_>,
        host: &mut impl SnapshotHost<T>,
    ) -> Result<Restored<T>> {
        let modules = find_modules(engine, modules, snapshot)?;
        let saved = snapshot.dump.snapshot();
        let saved = saved.ok_or_else(|| format_err!("the core dump is not a snapshot"))?;
        let mut store = Store::new(engine, host.restore_data(&saved.data)?);
        let inner = &mut *store.inner;
        let mut function = |store: &mut StoreInner, module: &str, name: &str| {
            linker.add_host_function(store, module, name)
        };
        let mut host = Host {
            function: &mut function,
            value: &mut |bytes| host.restore_value(bytes),
            memory: None,
        };
        let stacks = restore::restore(inner, &snapshot.dump, &modules, &mut host)
            .context("the snapshot cannot be restored")?;
        let id = inner.id();
        let executions = executions(inner, stacks);
        // The next collection begins as it does in the store that was saved.
        inner.collect();
        let instances = 0..inner.instances().len() as u32;
        let memories = 0..inner.memories().len() as u32;
        Ok(Restored {
            executions,
            memories: memories
                .map(|index| Memory::of(id, MemoryIndex(index)))
                .collect(),
            instances: instances
                .map(|index| Instance::of(id, InstanceIndex(index)))
                .collect(),
            store,
        })
    }
}

/// Returns the executions on stacks that were restored.
pub(super) fn executions(store: &StoreInner, stacks: Vec<StackId>) -> Vec<Execution> {
    let execution = |stack| {
        let owner = store.stacks.stack(stack).owner()?;
        let execution = crate::execute::Execution::of(store, stack, owner);
        let ty = Func::of(store.id(), execution.function()).inner_type(store);
        Some(Execution::new(execution, ty))
    };
    stacks.into_iter().filter_map(execution).collect()
}

/// Returns the modules of a snapshot, in its order.
fn find_modules(
    engine: &Engine,
    modules: &[Module],
    snapshot: &Snapshot<'_>,
) -> Result<Vec<Arc<crate::module::Module>>> {
    for module in modules {
        assert!(
            Engine::same(engine, module.engine()),
            "the module belongs to another engine"
        );
    }
    let needed = snapshot.modules();
    let found: Result<Vec<_>> = needed
        .map(|needed| {
            let mut given = modules.iter().map(|module| &module.0);
            if let Some(module) = given.find(|module| module.sha256() == needed.sha256) {
                return Ok(Arc::clone(module));
            }
            let hash = Hash(needed.sha256);
            let Some(bytes) = needed.bytes else {
                bail!("missing module `{}` with SHA-256 {hash}", needed.name);
            };
            let module = crate::module::Module::new(&engine.0, bytes)
                .with_context(|| alloc::format!("the module `{}`", needed.name))?;
            ensure!(
                module.sha256() == needed.sha256,
                "the snapshot contains a module `{}` that has not the SHA-256 {hash}",
                needed.name
            );
            Ok(module)
        })
        .collect();
    let found = found?;
    ensure!(
        found.len() == snapshot.dump.modules().len(),
        "the snapshot does not identify all modules"
    );
    Ok(found)
}

/// A hash, displayed as hexadecimal digits.
struct Hash<'h>(&'h [u8; 32]);

impl fmt::Display for Hash<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
