//! Copies of a replay that has paused: in the same engine, and in another one.

use super::advance::Active;
use super::player::{Function, Player, Stop, host_func};
use super::replayer::ReplayState;
use crate::api::execution::Execution;
use crate::api::{Config, Engine, Func, Module, Store, snapshot};
use crate::heap::{Memory, StoreInner};
use crate::ids::{FuncIndex, MemoryIndex, StackId};
use crate::module::ProbeSet;
use crate::restore::{self, Host};
use crate::support::error::{Context, Error, Result};
use crate::walk::coredump::extension::ReasonKind;
use crate::walk::coredump::reader::CoreDump;
use crate::walk::coredump::{Capture, Cause, HostPart, Options, Writer};
use crate::{bail, format_err};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

/// An engine, with the modules of a replay.
#[derive(Debug)]
pub(super) struct World {
    pub engine: Engine,
    /// The modules by SHA-256.
    modules: BTreeMap<[u8; 32], Module>,
}

impl World {
    /// Creates an engine that has the given probes in its code.
    pub(super) fn new(config: &Config, probes: Option<ProbeSet>) -> Result<World> {
        let mut config = config.clone();
        config.tunables.probes = probes.map(Arc::new);
        Ok(World {
            engine: Engine::new(&config)?,
            modules: BTreeMap::new(),
        })
    }

    /// Returns what a module of another engine is in this one.
    pub(super) fn module(&mut self, module: &Module) -> Result<Module> {
        let sha256 = *module.0.sha256();
        if let Some(module) = self.modules.get(&sha256) {
            return Ok(module.clone());
        }
        let copy = Module::from_binary(&self.engine, &module.0.bytes)?;
        let module = Module(copy.0.with_debug_files_of(&module.0));
        self.modules.insert(sha256, module.clone());
        Ok(module)
    }

    fn all(&mut self, modules: &[Module]) -> Result<Vec<Module>> {
        modules.iter().map(|module| self.module(module)).collect()
    }
}

fn state(store: &Store<ReplayState>) -> &Player {
    &store.data().0
}

/// Completes a copy of a replay with the handles of what its store has.
fn complete(
    store: &mut Store<ReplayState>,
    executions: Vec<Option<Execution>>,
    active: Option<Active>,
    functions: Vec<Function>,
) {
    let player = &mut store.data_mut().0;
    player.executions = executions;
    player.functions = functions;
    player.active.extend(active);
    store.limiter(|state| &mut state.0);
    store.set_epoch_deadline(u64::MAX);
}

impl Function {
    /// Returns the same function of a copy of the store, where it is `func`.
    fn copy(&self, func: Func) -> Function {
        Function {
            func,
            ty: self.ty.clone(),
            module: self.module.clone(),
            name: self.name.clone(),
            shape: self.shape.clone(),
            defined: self.defined,
        }
    }
}

/// Returns a copy of a replay that can go on.
pub(super) fn fork(store: &Store<ReplayState>) -> Result<Store<ReplayState>> {
    let player = state(store);
    let mut fork = store.fork_with(ReplayState(player.fork()), |value| {
        Some(Box::new(*value.downcast_ref::<u32>()?))
    })?;
    let executions = player.executions.iter();
    let executions = executions
        .map(|it| it.as_ref().map(|it| fork.get(it)))
        .collect();
    let active = player.active.last().map(|active| Active {
        execution: fork.get(&active.execution),
        number: active.number,
    });
    let functions = player.functions.iter();
    let functions = functions.map(|it| it.copy(fork.get(&it.func))).collect();
    let mut fork = fork.into_store();
    complete(&mut fork, executions, active, functions);
    Ok(fork)
}

/// Returns a copy of a replay in another engine, of which `store` is a fork that is not needed any
/// more. Its memories share pages with those of the fork.
pub(super) fn move_to(
    world: &mut World,
    mut store: Store<ReplayState>,
) -> Result<Store<ReplayState>> {
    let bytes = contents(&mut store)?;
    let dump = CoreDump::parse(&bytes)?;
    let player = state(&store);
    let mut copy = player.fork();
    copy.modules = world.all(&player.modules)?;
    copy.given = world.all(&player.given)?;
    let types: Result<Vec<_>, Stop> = (player.functions.iter())
        .map(|it| {
            it.defined
                .in_engine(&world.engine, &copy.modules, &player.log)
        })
        .collect();
    let types = types.map_err(Stop::into_error)?;
    let numbers: BTreeMap<FuncIndex, usize> = (player.functions.iter().enumerate())
        .map(|(number, it)| (it.func.index(), number))
        .collect();
    let modules = modules_of(&dump, &copy.modules)?;

    let mut moved = Store::new(&world.engine, ReplayState(copy));
    let mut function = |store: &mut StoreInner, _: &str, _: &str| {
        let index = FuncIndex(store.functions().len() as u32);
        let Some(&number) = numbers.get(&index) else {
            bail!("function {} is none of the recording", index.0);
        };
        Ok(host_func(number, &types[number]).add_to(store).index())
    };
    let memories = store.inner.memories();
    let fork_memory = |index: MemoryIndex| -> Result<Memory> {
        memories[index.0 as usize].fork().map_err(Error::new)
    };
    let mut host = Host {
        function: &mut function,
        value: &mut |bytes| Ok(Box::new(u32::from_le_bytes(bytes.try_into()?))),
        memory: Some(&fork_memory),
    };
    let stacks = restore::restore(&mut moved.inner, &dump, &modules, &mut host)
        .context("the replay cannot go on with other code")?;
    let mut restored: BTreeMap<u32, Execution> = snapshot::executions(&moved.inner, stacks)
        .into_iter()
        .map(|execution| (execution.number(), execution))
        .collect();
    let active = player.active.last().and_then(|active| {
        Some(Active {
            execution: restored.remove(&active.execution.number())?,
            number: active.number,
        })
    });
    let executions = player.executions.iter().map(|execution| {
        let number = execution.as_ref()?.number();
        restored.remove(&number)
    });
    let executions = executions.collect();
    let id = moved.inner.id();
    let functions = player.functions.iter().zip(types).map(|(it, ty)| Function {
        ty,
        ..it.copy(Func::of(id, it.func.index()))
    });
    let functions = functions.collect();
    complete(&mut moved, executions, active, functions);
    Ok(moved)
}

/// Writes everything that a store has, without the bytes of its memories.
fn contents(store: &mut Store<ReplayState>) -> Result<Vec<u8>> {
    let active = state(store).active.last();
    let active = active.map(|active| StackId(active.execution.number()));
    let inner = &mut *store.inner;
    inner.stacks.reclaim_all();
    inner.collect();
    let capture = Capture::new(inner, Cause::Other(ReasonKind::Requested, ""), active);
    let mut values = |value: &(dyn Any + Send + Sync)| {
        let number = value.downcast_ref::<u32>();
        let number = number.ok_or_else(|| format_err!("a host value is none of a replay"))?;
        Ok(number.to_le_bytes().to_vec())
    };
    let options = Options {
        memory_ranges: Some(Vec::new()),
        shared_memories: true,
        snapshot: Some(HostPart {
            values: &mut values,
            data: Vec::new(),
            modules: false,
            unnamed_functions: true,
        }),
        ..Options::default()
    };
    let mut bytes = Vec::new();
    Writer::new(inner, &capture, "", options)?.write(&mut bytes)?;
    Ok(bytes)
}

/// Returns the modules of a dump, in its order.
fn modules_of(dump: &CoreDump<'_>, modules: &[Module]) -> Result<Vec<Arc<crate::module::Module>>> {
    let found = dump.modules().iter().map(|needed| {
        let sha256 = needed.identity.as_ref().map(|identity| &identity.sha256);
        let mut all = modules.iter().map(|module| &module.0);
        let module = all.find(|module| Some(module.sha256()) == sha256);
        let module = module
            .ok_or_else(|| format_err!("the module `{}` is none of the recording", needed.name))?;
        Ok(Arc::clone(module))
    });
    found.collect()
}

/// Returns the name of a host function.
pub(super) fn name_of(store: &Store<ReplayState>, function: FuncIndex) -> String {
    let player = state(store);
    let mut functions = player.functions.iter();
    let number = functions.position(|it| it.func.index() == function);
    player.name(number.unwrap_or(usize::MAX))
}
