//! What `run` gives a program beside its own code: its host imports and its limits.

use backstitch::wasi::{self, WasiCtx};
use backstitch::{Linker, Module, Result, Store, StoreLimits};

use super::failure::Failure;
use super::signature;

/// The store's data while a program runs.
pub(crate) struct Host {
    /// What the program may allocate, where the user has said so.
    pub(crate) limits: StoreLimits,
    /// What it sees of the system.
    pub(crate) wasi: WasiCtx,
}

/// Defines the host's functions.
pub(crate) fn link(linker: &mut Linker<Host>) -> Result<()> {
    wasi::add_to_linker(linker, |host| &mut host.wasi)
}

/// Refuses a module that imports what the linker does not have, and lists all of it.
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
         It provides WASI preview 1 (`wasi_snapshot_preview1`); a module must bring all else \
         that it calls.",
        missing.concat()
    )))
}
