//! What `run` gives a program beside its own code: its host imports and its limits.
//!
//! No host interface is provided yet, so a program with imports is refused. One
//! that comes (WASI) adds its functions in [`link`] and its state to [`Host`].

use backstitch::{Linker, Module, Result, Store, StoreLimits};

use super::failure::Failure;
use super::signature;

/// The store's data while a program runs.
pub(crate) struct Host {
    /// What the program may allocate, where the user has said so.
    pub(crate) limits: StoreLimits,
}

/// Defines the host's functions.
pub(crate) fn link(_linker: &mut Linker<Host>) -> Result<()> {
    Ok(())
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
         It provides no imports, so a module must bring all that it calls.",
        missing.concat()
    )))
}
