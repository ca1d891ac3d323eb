//! Restoring a store from a snapshot.
//!
//! Input: a core dump whose extension is complete, which may be any bytes that have the format; the
//! modules; and functions for what only the embedder can provide. Output: the contents of an empty
//! store. Never allowed: to believe the dump. Translated code relies on validation, so each value is
//! compared with the type of its place, each frame with the map of its function, and each link with
//! what it leads to.
//!
//! ```text
//!   entities   memories, tables, globals, tags, functions and instances
//!   objects    structures, arrays and exceptions
//!   values     values, checked against types
//!   numbers    the numbers of stacks
//!   functions  the functions and instructions at which frames are
//!   stacks     frames on stacks, and the links between stacks
//!   layout     where the records of frames and boundaries are
//!   frame      one frame
//! ```
//!
//! # Positions
//!
//! A frame's position is its function, the offset of its instruction, and the kind of place there:
//! before the instruction, in its call, or at the function's entry. The frame map of this engine's
//! translation leads from there to a cell. So a program can go on under another dispatch backend,
//! with other fused cells, and on another target.
//!
//! # Order
//!
//! Entities are created first, without contents. Then come objects, whose fields may refer to each
//! other, and then all contents. Stacks are last. References to continuations are checked once
//! their stacks exist.

mod entities;
mod frame;
mod functions;
mod layout;
mod numbers;
mod objects;
mod stacks;
mod values;

use crate::heap::{Memory, StoreInner};
use crate::ids::{ExternIndex, FuncIndex, MemoryIndex, StackId};
use crate::module::Module;
use crate::support::error::{Context, Result};
use crate::walk::coredump::extension::{RefKind, Snapshot, Value};
use crate::walk::coredump::reader::CoreDump;
use crate::{bail, ensure, format_err};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use values::{Made, Values};

/// A host value, as the embedder restores it.
pub type HostValue = Box<dyn Any + Send + Sync>;

/// The functions and values that the embedder provides.
pub struct Host<'h> {
    /// Adds the host function with a name to the store.
    pub function: &'h mut dyn FnMut(&mut StoreInner, &str, &str) -> Result<FuncIndex>,
    /// Restores a host value.
    pub value: &'h mut dyn FnMut(&[u8]) -> Result<HostValue>,
    /// Returns the memories, whose bytes are not in the dump; `None` if they are.
    pub memory: Option<&'h dyn Fn(MemoryIndex) -> Result<Memory>>,
}

/// Restores the contents of an empty store from a dump, which is a snapshot. `modules` are those of
/// the dump, in its order. Returns the stacks of the executions that the embedder had, by ascending
/// number.
///
/// # Errors
///
/// If the snapshot is not consistent, or does not fit the modules, the host functions or the engine's
/// configuration. The store must not be used then.
pub fn restore(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    modules: &[Arc<Module>],
    host: &mut Host<'_>,
) -> Result<Vec<StackId>> {
    let Some(snapshot) = dump.snapshot() else {
        bail!("the core dump is not a snapshot: it does not contain all that its program needs");
    };
    check_configuration(store, dump)?;
    let mut values = Values::new(&snapshot.numbers);
    entities::create(store, dump, modules, snapshot, host)?;
    restore_host_values(store, snapshot, host)?;
    objects::create(store, dump, modules, &mut values).context("the objects of the snapshot")?;
    objects::fill(store, dump, snapshot, &mut values).context("the objects of the snapshot")?;
    entities::fill(store, dump, snapshot, &mut values)?;
    if let Some(value) = snapshot.pending {
        let Value::Ref(RefKind::Exn, Some(number)) = value else {
            bail!("the pending exception is {value:?}");
        };
        match usize::try_from(number).map(|number| values.objects.get(number)) {
            Ok(Some(&Made::Exception(index))) => store.pending_exception = Some(index),
            _ => bail!("there is no exception {number}"),
        }
    }
    numbers::restore(store, snapshot, dump.stacks())?;
    let executions = stacks::restore(store, dump, modules, snapshot, &mut values)?;
    stacks::check_continuations(store, &values)?;
    let now = store.engine().epoch.now();
    let stacks = &mut store.stacks;
    stacks.set_epoch_deadline(now.saturating_add(snapshot.epoch));
    stacks.restore_fuel(
        dump.fuel().unwrap_or_default(),
        snapshot.debt,
        snapshot.spent,
    );
    Ok(executions)
}

/// Checks that the engine counts and polls as that of the snapshot.
fn check_configuration(store: &StoreInner, dump: &CoreDump<'_>) -> Result<()> {
    let tunables = &store.engine().tunables;
    let named = |name: &str| {
        let mut configuration = dump.configuration().iter();
        configuration.find(|(of, _)| of == name).map(|(_, on)| *on)
    };
    for (name, on) in [
        ("consume_fuel", tunables.consume_fuel),
        ("epoch_interruption", tunables.epoch_interruption),
    ] {
        let was = named(name).unwrap_or_default() != 0;
        ensure!(
            was == on,
            format_err!(
                "the snapshot was made with `Config::{name}` {}, and it is {} in this engine",
                state(was),
                state(on)
            )
        );
    }
    Ok(())
}

fn state(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn restore_host_values(
    store: &mut StoreInner,
    snapshot: &Snapshot,
    host: &mut Host<'_>,
) -> Result<()> {
    ensure!(
        store.externs.restore_next(snapshot.next_value),
        "there are too many host values"
    );
    for value in &snapshot.host_values {
        let number = value.number;
        let restored = (host.value)(&value.bytes);
        let restored = restored.with_context(|| alloc::format!("host value {number}"))?;
        let index = ExternIndex(number);
        ensure!(
            store.externs.restore(index, restored),
            format_err!("host value {number} cannot have this number")
        );
    }
    Ok(())
}
