//! Modules, instances and globals of a core dump.

use super::{Type, Value};
use crate::support::sha256::sha256;
use alloc::string::String;
use alloc::vec::Vec;

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The module's name. Writers invent one for a module without a name.
    pub name: String,
    /// Size and hash of the module's binary.
    pub identity: Option<ModuleIdentity>,
}

/// Size and hash of a module's binary, which identify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleIdentity {
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256.
    pub sha256: [u8; 32],
}

impl ModuleIdentity {
    /// Computes the identity of a module's binary.
    pub fn of(binary: &[u8]) -> ModuleIdentity {
        ModuleIdentity {
            size: binary.len() as u64,
            sha256: sha256(binary),
        }
    }
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The instance's module.
    pub module: u32,
    /// The memories, imported ones first. A memory that the dump does not contain is
    /// `u32::MAX`.
    pub memories: Vec<u32>,
    /// The globals, imported ones first.
    pub globals: Vec<u32>,
    /// Details that only Backstitch's dumps contain.
    pub details: Option<InstanceDetails>,
}

/// Details of an instance that only Backstitch's dumps contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceDetails {
    /// The imported functions, as indices into
    /// [`CoreDump::functions`](super::CoreDump::functions).
    pub imported_functions: Vec<u32>,
    /// The tables, imported ones first.
    pub tables: Vec<u32>,
    /// The tags, imported ones first.
    pub tags: Vec<u32>,
    /// The dropped data segments.
    pub dropped_data: Vec<u32>,
    /// The dropped element segments.
    pub dropped_elements: Vec<u32>,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The type of the value.
    pub ty: Type,
    /// `true` if the global is mutable. Some writers mark all globals as immutable.
    pub mutable: bool,
    /// The value.
    pub value: Value,
}
