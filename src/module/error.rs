//! Why bytes are not a module that can be run.

use alloc::string::String;
use core::fmt;
use wasmparser::WasmFeatures;

/// Why a module was refused. An [`Error`](crate::Error) of `Module::new` downcasts to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The bytes are malformed, or do not follow the rules of WebAssembly.
    #[error("{place} is invalid at offset {offset:#x}: {message}")]
    Invalid {
        /// The part of the module.
        place: Place,
        /// Where in the bytes.
        offset: u64,
        /// What is wrong there, and where that helps what would be right.
        message: String,
    },
    /// The module is valid, but uses a part of WebAssembly that cannot be run yet.
    #[error(
        "{place} at offset {offset:#x} ({what}) needs the {proposal} proposal, which \
         backstitch does not support yet"
    )]
    Unsupported {
        /// The part of the module.
        place: Place,
        /// Where in the bytes.
        offset: u64,
        /// The instruction or type that needs the proposal.
        what: String,
        /// The proposal's name.
        proposal: &'static str,
    },
    /// There are more bytes than the engine's configuration allows.
    #[error("a module of {size} bytes is larger than the engine's limit of {limit} bytes")]
    TooLarge {
        /// The number of bytes there are.
        size: usize,
        /// The number of bytes allowed.
        limit: usize,
    },
}

/// A part of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// What is around the sections: the header, or the order of sections.
    Module,
    /// All of it: a component, not a module.
    Component,
    /// A section, by its name in the specification.
    Section(&'static str),
    /// The body of the function of this index, imported ones counted.
    Function(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Module | Place::Component => f.write_str("the module"),
            Place::Section(name) => write!(f, "the {name} section"),
            Place::Function(index) => write!(f, "function {index}"),
        }
    }
}

/// What the validator found, and the part in which it did.
#[derive(Debug)]
pub(super) struct Fault {
    pub place: Place,
    pub error: Complaint,
}

/// What is wrong there.
#[derive(Debug)]
pub(super) enum Complaint {
    Validator(wasmparser::Error),
    /// A limit that the validator does not have.
    Limit {
        offset: u64,
        message: &'static str,
    },
}

impl Complaint {
    pub(super) fn offset(&self) -> u64 {
        match self {
            Complaint::Validator(error) => error.offset(),
            Complaint::Limit { offset, .. } => *offset,
        }
    }

    pub(super) fn message(&self) -> &str {
        match self {
            Complaint::Validator(error) => error.message(),
            Complaint::Limit { message, .. } => message,
        }
    }

    /// The features of the validator's without which this is not valid.
    pub(super) fn missing_features(&self) -> Option<WasmFeatures> {
        match self {
            Complaint::Validator(error) => error.missing_wasm_feature(),
            Complaint::Limit { .. } => None,
        }
    }
}

impl From<wasmparser::Error> for Complaint {
    fn from(error: wasmparser::Error) -> Complaint {
        Complaint::Validator(error)
    }
}

impl Fault {
    /// The fault as a mistake of the module's.
    pub(super) fn into_invalid(self) -> ModuleError {
        ModuleError::Invalid {
            place: self.place,
            offset: self.error.offset(),
            message: self.error.message().into(),
        }
    }
}
