//! The exported symbol from which a debugger finds every store, stack and module of the process.
//!
//! ```text
//! backstitch_root_… ─► fields    name, offset and size of everything below
//!                   ─► stores    list ─► context ─► stacks       the stack directory
//!                   │                           ├─► running      the stack whose code runs
//!                   │                           ├─► activations  oldest first
//!                   │                           └─► ip, fp, live the registers now
//!                   └─► modules  list ─► bytes                   with the functions' names
//!                                    └─► entries ─► header       each function's code
//! ```
//!
//! The symbol's name ends with the version of this crate, as in `backstitch_root_0_1_0`, so
//! that several versions can be linked into one program. Each has a root of its own.
//!
//! Most of this exists for running code. The rest costs a few stores for each call from the
//! host, and handlers contribute nothing. Two programs show how to read it:
//! `spec-tests/src/naive.rs`, whose frames a test compares with the library's own walk at
//! every cell, and `examples/gdb/backstitch.py`.
//!
//! # The registers now
//!
//! If an activation is in the host (`exited`), the registers are in the `exit` of its stack.
//! Otherwise it is the newest activation, its stack is `running`, and `live` gives the
//! location of `ip` and `fp`: the context, two registers of the machine, or the address that
//! `live` is. Handlers change them one after the other: both are valid while the machine is at
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

/// All stores of the process that use this version of the crate.
pub(super) static STORES: List<ListedStore> = List::new();

/// Entry of a store in the list of stores.
#[derive(Debug)]
#[repr(C)]
pub(super) struct ListedStore {
    /// Context of the store.
    pub context: *const Context,
}

/// Description of a field of a structure, of a structure, or of a constant.
#[derive(Debug)]
#[repr(C)]
struct Field {
    /// `Structure.field`, `Structure` or `CONSTANT`, filled up with zeros.
    name: [u8; NAME],
    /// Offset of a field in bytes, zero for a structure, or the value of a constant.
    offset: u64,
    /// Size in bytes.
    size: u64,
}

const NAME: usize = 48;
const SLOT: usize = size_of::<u64>();

/// Structure that the symbol names.
#[derive(Debug)]
#[repr(C)]
struct Root {
    /// `backstit`, by which readers of a memory image recognise the structure.
    magic: [u8; 8],
    /// Version of this structure and of the meanings of the names in `fields`. New names do
    /// not change it.
    version: u64,
    /// Descriptions of all structures that readers need.
    fields: *const Field,
    /// Number of descriptions.
    field_count: u64,
    /// List of [`ListedStore`]s.
    stores: *const (),
    /// List of [`ListedModule`]s.
    modules: *const (),
}

shared!(
    /// The structure is constant.
    Root
);

/// The root of this version of the crate.
#[used]
#[unsafe(export_name = concat!(
    "backstitch_root_", env!("CARGO_PKG_VERSION_MAJOR"),
    "_", env!("CARGO_PKG_VERSION_MINOR"),
    "_", env!("CARGO_PKG_VERSION_PATCH"),
))]
static ROOT: Root = Root {
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

/// Describes a slot of a record.
const fn slot(name: &str, slot: usize) -> Field {
    entry(name, slot * SLOT, SLOT)
}

/// Describes a field that is an address.
const fn address(name: &str, offset: usize) -> Field {
    entry(name, offset, size_of::<*const ()>())
}

/// Describes a constant.
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
