//! Why bytes are not a core dump that can be read.

use alloc::string::String;

/// Why a core dump cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreDumpError {
    /// The bytes do not follow the format.
    #[error("{section} is malformed at offset {offset:#x}: {message}")]
    Malformed {
        /// The part of the dump, as in "the `corestack` section".
        section: &'static str,
        /// Where in the bytes.
        offset: u64,
        /// What is wrong there.
        message: String,
    },
    /// A WebAssembly module, but not a core dump.
    #[error(
        "this is a module and not a core dump: it has neither a `core` nor a `corestack` section"
    )]
    NotADump,
    /// A read of memory that is not there.
    #[error(
        "{len} bytes at address {address:#x} are not within the memory, which has {size:#x} bytes"
    )]
    OutOfBounds {
        /// The first byte's address.
        address: u64,
        /// The number of bytes.
        len: u64,
        /// The number of bytes in the memory.
        size: u64,
    },
}
