//! Modules, instances and globals of a core dump.

use super::{Type, Value};
use crate::support::sha256::sha256;
use alloc::string::String;
use alloc::vec::Vec;

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name: writers make one up for a module that has none.
    pub name: String,
    /// What tells its binary from others.
    pub identity: Option<ModuleIdentity>,
}

/// What tells a module's binary from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleIdentity {
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

impl ModuleIdentity {
    /// That of a module's binary.
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
    /// Its module.
    pub module: u32,
    /// Its memories, imported ones first. A memory that the dump does not hold, because it
    /// is shared, is `u32::MAX`.
    pub memories: Vec<u32>,
    /// Its globals, imported ones first.
    pub globals: Vec<u32>,
    /// What only Backstitch's dumps say.
    pub details: Option<InstanceDetails>,
}

/// What of an instance only Backstitch's dumps say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceDetails {
    /// Its imported functions, as indices into [`CoreDump::functions`](super::CoreDump::functions).
    pub imported_functions: Vec<u32>,
    /// Its tables, imported ones first.
    pub tables: Vec<u32>,
    /// Its tags, imported ones first.
    pub tags: Vec<u32>,
    /// The data segments that have been dropped.
    pub dropped_data: Vec<u32>,
    /// The element segments that have been dropped.
    pub dropped_elements: Vec<u32>,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The type of its value.
    pub ty: Type,
    /// Whether it can change. Some writers say of all that they cannot.
    pub mutable: bool,
    /// Its value.
    pub value: Value,
}
