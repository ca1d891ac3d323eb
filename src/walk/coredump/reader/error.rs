//! Errors of reading core dumps.

use alloc::string::String;

/// The reason why a core dump cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreDumpError {
    /// The bytes do not follow the format.
    #[error("{section} is malformed at offset {offset:#x}: {message}")]
    Malformed {
        /// The part of the dump, as in "the `corestack` section".
        section: &'static str,
        /// Offset in the dump's bytes.
        offset: u64,
        /// Description of the fault.
        message: String,
    },
    /// The bytes are a WebAssembly module, but not a core dump.
    #[error(
        "this is a module and not a core dump: it has neither a `core` nor a `corestack` section"
    )]
    NotADump,
    /// A read beyond the end of a memory.
    #[error(
        "{len} bytes at address {address:#x} are not within the memory, which has {size:#x} bytes"
    )]
    OutOfBounds {
        /// Address of the first byte.
        address: u64,
        /// Number of bytes to read.
        len: u64,
        /// Size of the memory in bytes.
        size: u64,
    },
}
