//! Functions and source positions of instructions.

use alloc::string::String;

/// Name and source position of a function.
///
/// Corresponds to
/// [`wasmtime::FrameSymbol`](https://docs.rs/wasmtime/latest/wasmtime/struct.FrameSymbol.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSymbol {
    pub(super) name: Option<String>,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

impl FrameSymbol {
    /// Returns the function's name, which may be mangled.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the path of the source file.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Returns the line number, starting from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// Returns the column number, starting from 1.
    pub fn column(&self) -> Option<u32> {
        self.column
    }
}
