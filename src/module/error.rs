//! Errors of creating a module.

use alloc::string::String;
use core::fmt;
use wasmparser::WasmFeatures;

/// The reason why a module was refused. Get it by downcasting the [`Error`](crate::Error) of
/// `Module::new`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The bytes are malformed or invalid.
    #[error("{place} is invalid at offset {offset:#x}: {message}")]
    Invalid {
        /// Part of the module that contains the error.
        place: Place,
        /// Offset in the bytes.
        offset: u64,
        /// Description of the error, with the expected value if that is helpful.
        message: String,
    },
    /// The module is valid but uses a proposal that is not supported.
    #[error(
        "{place} at offset {offset:#x} ({what}) needs the {proposal} proposal, which \
         {}",
        why_unsupported(proposal)
    )]
    Unsupported {
        /// Part of the module that uses the proposal.
        place: Place,
        /// Offset in the bytes.
        offset: u64,
        /// Instruction or type that requires the proposal.
        what: String,
        /// Name of the proposal.
        proposal: &'static str,
    },
    /// The module is larger than the engine's configuration allows.
    #[error("a module of {size} bytes is larger than the engine's limit of {limit} bytes")]
    TooLarge {
        /// Size of the module in bytes.
        size: usize,
        /// Largest allowed size in bytes.
        limit: usize,
    },
}

/// Returns why a proposal is not supported.
fn why_unsupported(proposal: &str) -> &'static str {
    match proposal {
        "simd" | "relaxed-simd" => "this build of backstitch leaves out (the feature `simd`)",
        _ => "backstitch does not support yet",
    }
}

/// A part of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The parts outside sections: the header and the order of the sections.
    Module,
    /// The whole binary, which is a component and not a module.
    Component,
    /// A section. The value is its name in the specification.
    Section(&'static str),
    /// The body of a function. The value is its index; imports are counted.
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

/// An error of the validator with the part of the module that contains it.
#[derive(Debug)]
pub(super) struct Fault {
    pub place: Place,
    pub error: Complaint,
}

/// An error in a part of a module.
#[derive(Debug)]
pub(super) enum Complaint {
    Validator(wasmparser::Error),
    /// A limit of ours in addition to the validator's.
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

    /// Returns the validator features without which this is invalid.
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
    /// Returns the fault for an error of the parser.
    pub(super) fn of_parser(error: &wasmparser::Error) -> Fault {
        Fault {
            place: Place::Module,
            error: Complaint::Validator(error.clone()),
        }
    }

    /// Converts the fault to an error for an invalid module.
    pub(super) fn into_invalid(self) -> ModuleError {
        ModuleError::Invalid {
            place: self.place,
            offset: self.error.offset(),
            message: self.error.message().into(),
        }
    }
}
