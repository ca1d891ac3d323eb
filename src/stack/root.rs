//! What a debugger begins with: one exported symbol, from which it finds every store,
//! stack and module of the process.
//!
//! ```text
//! backstitch_root ─► fields    name, offset, size of everything below, by name
//!                 ─► stores    list ─► context ─► stacks       the directory
//!                 │                           ├─► running      the stack whose code runs
//!                 │                           ├─► activations  oldest first
//!                 │                           └─► ip, fp, live where code is now
//!                 └─► modules  list ─► bytes                   with the names of functions
//!                                  └─► entries ─► header       where each function's code is
//! ```
//!
//! All of it is there for running code's own sake, or costs a few stores for each call
//! from the host; handlers know nothing of it. How to walk it is written down twice: in
//! `spec-tests/src/naive.rs`, which is held against the library's own walk at every cell,
//! and in `examples/gdb/backstitch.py`.
//!
//! # Where code is now
//!
//! The stack of an activation that is in the host (`exited`) says so in its `exit`. Else
//! the newest activation's stack is `running`, and its `ip` and `fp` are where `live`
//! says: in the context; in two registers of the machine; or, where `live` is an address,
//! there. Handlers change them one after the other: both are true when the machine is at
//! the first instruction of the handler that the word at `ip` names.

use super::chain::{Activation, StackChain};
use super::context::{Context, LivePoint};
use super::directory::{ExitPoint, Stack, StackState};
use super::record::{BELOW, BOUNDARY_TAG, BoundaryKind, KIND, LINK, RETURN_IP};
use crate::code::CodeHeader;
use crate::heap::InstanceCore;
use crate::module::{ListedModule, MODULES};
use crate::support::registry::List;
use crate::support::send::shared;
use core::mem::offset_of;

/// All stores of the process.
pub(super) static STORES: List<ListedStore> = List::new();

/// A store, as a debugger finds it.
#[derive(Debug)]
#[repr(C)]
pub(super) struct ListedStore {
    /// Its context.
    pub context: *const Context,
}

/// Where something stands: a field in its structure, or a structure's size, or a number.
#[derive(Debug)]
#[repr(C)]
struct Field {
    /// `Structure.field`, `Structure` or `NUMBER`; zeros follow.
    name: [u8; NAME],
    /// The field's offset in bytes, zero for a structure; the number.
    offset: u64,
    /// In bytes.
    size: u64,
}

const NAME: usize = 48;
const SLOT: usize = size_of::<u64>();

/// What the symbol names.
#[derive(Debug)]
#[repr(C)]
struct Root {
    /// `backstit`, so that whoever reads a memory image can make sure.
    magic: [u8; 8],
    /// Of these five fields, and of what the names in `fields` mean. New names do not
    /// change it.
    version: u64,
    /// What everything else needs.
    fields: *const Field,
    /// How many those are.
    field_count: u64,
    stores: *const (),
    modules: *const (),
}

shared!(
    /// It is constant.
    Root
);

/// The root. A process has one: two copies of this library do not link.
#[used]
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "what a debugger's user types")]
static backstitch_root: Root = Root {
    magic: *b"backstit",
    version: 1,
    fields: FIELDS.as_ptr(),
    field_count: FIELDS.len() as u64,
    stores: (&raw const STORES).cast(),
    modules: (&raw const MODULES).cast(),
};

const fn entry(name: &str, offset: usize, size: usize) -> Field {
    let mut bytes = [0; NAME];
    let (filled, _) = bytes.split_at_mut(name.len());
    filled.copy_from_slice(name.as_bytes());
    Field {
        name: bytes,
        offset: offset as u64,
        size: size as u64,
    }
}

const fn size<S, F>(_: fn(&S) -> *const F) -> usize {
    size_of::<F>()
}

macro_rules! field {
    ($structure:ident) => {
        entry(stringify!($structure), 0, size_of::<$structure>())
    };
    ($structure:ident.$field:ident) => {
        entry(
            concat!(stringify!($structure), ".", stringify!($field)),
            offset_of!($structure, $field),
            size(|structure: &$structure| &raw const structure.$field),
        )
    };
}

/// A slot of a record.
const fn slot(name: &str, slot: usize) -> Field {
    entry(name, slot * SLOT, SLOT)
}

/// An address elsewhere.
const fn address(name: &str, offset: usize) -> Field {
    entry(name, offset, size_of::<*const ()>())
}

/// A number, as wide as a slot.
const fn number(name: &str, value: usize) -> Field {
    entry(name, value, SLOT)
}

static FIELDS: &[Field] = &[
    address("List.first", List::<ListedStore>::FIRST),
    address("Node.next", List::<ListedStore>::NEXT),
    address("Node.store", List::<ListedStore>::VALUE),
    address("Node.module", List::<ListedModule>::VALUE),
    field!(ListedStore.context),
    field!(Context.stacks),
    field!(Context.stack_count),
    field!(Context.running),
    field!(Context.instance),
    field!(Context.activations),
    field!(Context.activation_count),
    field!(Context.live),
    field!(Context.ip),
    field!(Context.fp),
    number("LIVE_IN_ARGUMENTS", LivePoint::IN_ARGUMENTS),
    number("LIVE_IN_PRESERVE_NONE", LivePoint::IN_PRESERVE_NONE),
    field!(LivePoint.ip),
    field!(LivePoint.fp),
    field!(Activation),
    field!(Activation.chain),
    field!(Activation.exited),
    field!(Activation.native_stack),
    entry("StackChain.first", StackChain::FIRST, size_of::<u32>()),
    field!(Stack),
    field!(Stack.base),
    field!(Stack.limit),
    field!(Stack.exit),
    field!(Stack.state),
    number("STATE_FREE", StackState::Free as usize),
    number("STATE_FRESH", StackState::Fresh as usize),
    number("STATE_RUNNING", StackState::Running as usize),
    number("STATE_SUSPENDED", StackState::Suspended as usize),
    number("STATE_RETURNED", StackState::Returned as usize),
    number("STATE_TRAPPED", StackState::Trapped as usize),
    field!(ExitPoint.ip),
    field!(ExitPoint.instance),
    field!(ExitPoint.fp),
    field!(ExitPoint.is_return),
    address("Record.return_ip", RETURN_IP * SLOT),
    slot("Record.link", LINK),
    slot("Boundary.kind", KIND),
    address("Boundary.instance", BELOW * SLOT),
    slot("Boundary.parent", BELOW),
    number("BOUNDARY_TAG", BOUNDARY_TAG as usize),
    number("BOUNDARY_HOST", BoundaryKind::Host as usize),
    number("BOUNDARY_INSTANCE", BoundaryKind::Instance as usize),
    number("BOUNDARY_CONTINUATION", BoundaryKind::Continuation as usize),
    field!(InstanceCore.index),
    field!(InstanceCore.module),
    field!(ListedModule.bytes),
    field!(ListedModule.bytes_len),
    field!(ListedModule.entries),
    field!(ListedModule.functions),
    field!(ListedModule.imported_functions),
    field!(CodeHeader),
    field!(CodeHeader.length),
];
