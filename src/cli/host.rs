//! The host of a program that `run` executes: imports and limits.

use backstitch::wasi::{self, Threads, WasiCtx};
use backstitch::{Linker, Module, Result, Store, StoreLimits};

use super::failure::Failure;
use super::input::Source;
use super::names;
use super::signature;

/// The store's data while a program runs.
pub(crate) struct Host {
    /// Limits that the user set.
    pub(crate) limits: StoreLimits,
    /// The program's WASI state.
    pub(crate) wasi: WasiCtx,
    /// The program's threads.
    pub(crate) threads: Threads<Host>,
    /// The state of the threads in a snapshot that is written or read.
    pub(crate) saved: Option<SavedThreads>,
}

/// The threads of a program in a snapshot.
#[derive(Debug)]
pub(crate) struct SavedThreads {
    /// The numbers of the threads' executions, in the order of the scheduler.
    pub(crate) executions: Vec<u32>,
    /// The bytes of [`wasi::Program::save`].
    pub(crate) program: Vec<u8>,
}

/// Defines the host's functions, and the shared memories that the module imports.
pub(crate) fn link(
    linker: &mut Linker<Host>,
    store: &mut Store<Host>,
    module: &Module,
) -> Result<()> {
    wasi::add_to_linker(linker, |host| &mut host.wasi)?;
    wasi::threads::add_to_linker(linker, store, module, |host| &mut host.threads)
}

/// Defines the host's functions, and no memories: those of a snapshot are restored.
pub(crate) fn link_functions(linker: &mut Linker<Host>) -> Result<()> {
    wasi::add_to_linker(linker, |host: &mut Host| &mut host.wasi)?;
    wasi::threads::add_spawn_to_linker(linker, |host: &mut Host| &mut host.threads)
}

/// Returns an error that lists all imports of a module that the linker does not provide.
pub(crate) fn check_imports<T: 'static>(
    source: &Source,
    module: &Module,
    linker: &Linker<T>,
    store: &mut Store<T>,
) -> Result<(), Failure> {
    let file = &source.file;
    let missing: String = module
        .imports()
        .filter(|import| linker.get_by_import(&mut *store, import).is_none())
        .map(|import| {
            let kind = signature::of_extern(&import.ty());
            let module = names::printable(import.module());
            let name = names::shown(import.name());
            format!("\n  {module}::{name}: {kind}")
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if source.symbols()?.is_object {
        return Err(Failure::Input(format!(
            "`{file}` is an object file, and not a whole program; link it to a module with \
             wasm-ld, or with the compiler that made it"
        )));
    }
    Err(Failure::Input(format!(
        "`{file}` imports what `backstitch run` does not provide:{missing}\n\
         It provides WASI preview 1 (`wasi_snapshot_preview1`), threads of WASI \
         (`wasi::thread-spawn`) and shared memories; the module must define everything else that \
         it calls."
    )))
}
