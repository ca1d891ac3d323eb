//! The host of a program that `run` executes: imports and limits.

use backstitch::wasi::{self, WasiCtx};
use backstitch::{Linker, Module, Result, Store, StoreLimits};

use super::failure::Failure;
use super::signature;

/// The store's data while a program runs.
pub(crate) struct Host {
    /// Limits that the user set.
    pub(crate) limits: StoreLimits,
    /// The program's WASI state.
    pub(crate) wasi: WasiCtx,
}

/// Defines the host's functions.
pub(crate) fn link(linker: &mut Linker<Host>) -> Result<()> {
    wasi::add_to_linker(linker, |host| &mut host.wasi)
}

/// Returns an error that lists all imports of a module that the linker does not provide.
pub(crate) fn check_imports(
    file: &str,
    module: &Module,
    linker: &Linker<Host>,
    store: &mut Store<Host>,
) -> Result<(), Failure> {
    let missing: Vec<String> = module
        .imports()
        .filter(|import| linker.get_by_import(&mut *store, import).is_none())
        .map(|import| {
            let kind = signature::of_extern(&import.ty());
            format!("\n  {}::{}: {kind}", import.module(), import.name())
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Input(format!(
        "`{file}` imports what `backstitch run` does not provide:{}\n\
         It provides WASI preview 1 (`wasi_snapshot_preview1`); the module must define everything \
         else that it calls.",
        missing.concat()
    )))
}
