//! Finished code: the cells of one function, at the addresses where they run.

use super::assembler::{Assembler, Offset, Relocation, opcode_of, words_of};
use super::catch::CatchTable;
use super::module_code::Entry;
use super::opcode::Opcode;
use crate::support::words::Words;
use core::mem::offset_of;

/// The addresses of all handlers of one dispatch backend, by number.
#[derive(Debug)]
pub struct HandlerTable {
    /// The handlers of opcodes.
    pub handlers: [HandlerAddress; Opcode::COUNT],
    /// Those of fusions, or none: then nothing is fused.
    pub fusions: &'static [HandlerAddress],
    /// The cells that belong to no function.
    pub fixed: &'static FixedCells,
}

impl HandlerTable {
    /// The handler of the cell at a word of `assembler`, and of those behind it that are
    /// fused with it.
    fn handler(&self, assembler: &Assembler, at: usize) -> HandlerAddress {
        let number = if self.fusions.is_empty() {
            opcode_of(assembler.words[at]).number()
        } else {
            assembler.handler_at(Offset(at as u32)).0
        };
        match usize::from(number).checked_sub(Opcode::COUNT) {
            None => self.handlers[usize::from(number)],
            Some(fusion) => self.fusions[fusion],
        }
    }
}

/// The address of a handler.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct HandlerAddress(pub *const ());

crate::support::send::shared!(
    /// Code addresses are constants.
    HandlerAddress
);

/// What stands before the cells of a function.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct CodeHeader {
    /// The bytes that a frame takes from its record on: record, locals, operands.
    pub extent: usize,
    /// The number of words of its cells.
    pub length: CodeLength,
}

/// A number of words, in a word of its own on every target.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct CodeLength(pub usize);

/// Cells that every engine of a backend shares.
#[derive(Debug)]
pub struct FixedCells {
    /// The code of a function that has none yet: its one cell asks for it.
    pub stub: Stub,
    /// Where a call into another instance returns to.
    pub return_boundary: FixedCell,
    /// Where a call from the host returns to.
    pub return_host: FixedCell,
    /// Where a continuation's function returns to.
    pub return_continuation: FixedCell,
    /// Where a continuation begins whose function is the host's.
    pub start_host: FixedCell,
    /// What a probe of the backend runs again and again.
    pub probe: FixedCell,
}

impl FixedCells {
    /// Whether `ip` is that of a cell to which calls return.
    pub fn contains(&self, ip: *const u64) -> bool {
        ip == self.return_boundary.address()
            || ip == self.return_host.address()
            || ip == self.return_continuation.address()
    }
}

/// The code of a function that has none yet. Its frame has a record alone.
#[derive(Debug)]
#[repr(C, align(8))]
pub struct Stub {
    /// As before all code.
    pub header: CodeHeader,
    /// The cell.
    pub cell: FixedCell,
}

impl Stub {
    /// Its address as code: that of the whole, as the cell is read through it.
    pub fn code(&self) -> *const CodeHeader {
        core::ptr::from_ref(self).cast()
    }
}

/// A cell without operands, outside any function.
#[derive(Debug)]
#[repr(C, align(8))]
pub struct FixedCell {
    handler: HandlerAddress,
    operands: [u64; 1],
}

impl FixedCell {
    /// A cell of a handler.
    pub const fn new(handler: HandlerAddress) -> FixedCell {
        FixedCell {
            handler,
            operands: [0],
        }
    }

    /// Its address.
    pub fn address(&self) -> *const u64 {
        core::ptr::from_ref(self).cast()
    }
}

/// The words of a [`CodeHeader`].
pub const HEADER_WORDS: usize = size_of::<CodeHeader>() / size_of::<u64>();

/// The finished code of one function.
#[derive(Debug)]
pub struct CodeBlock {
    words: Words,
    catches: CatchTable,
}

impl CodeBlock {
    /// Finishes what `assembler` holds. `extent` is in bytes, from the record on;
    /// `entry` is where a function of the same module is published.
    pub fn new<'e>(
        assembler: &Assembler,
        handlers: &HandlerTable,
        extent: usize,
        catches: CatchTable,
        entry: impl Fn(u32) -> &'e Entry,
    ) -> CodeBlock {
        let mut words = Words::zeroed(HEADER_WORDS + assembler.words.len());
        words.set_size(0, extent);
        words.set_size(
            offset_of!(CodeHeader, length) / size_of::<u64>(),
            assembler.words.len(),
        );
        words.set_all(HEADER_WORDS, &assembler.words);
        let mut at = 0;
        while at < assembler.words.len() {
            let handler = handlers.handler(assembler, at);
            words.replace(HEADER_WORDS + at, handler.0);
            at += words_of(assembler.words[at]);
        }
        for &(index, relocation) in &assembler.relocations {
            let value = assembler.words[index as usize];
            let address = match relocation {
                Relocation::Target => words.address(HEADER_WORDS + value as usize).cast(),
                Relocation::Code => entry(value as u32).load().cast(),
                Relocation::Entry => core::ptr::from_ref(entry(value as u32)).cast(),
                Relocation::Nothing => continue,
            };
            words.replace(HEADER_WORDS + index as usize, address);
        }
        CodeBlock { words, catches }
    }

    /// Its first word.
    pub fn header(&self) -> *const CodeHeader {
        self.words.address(0).cast()
    }

    /// The address of its first cell.
    pub fn start(&self) -> *const u64 {
        self.words.address(HEADER_WORDS)
    }

    /// The address of the cell at a distance from the first.
    pub fn cell(&self, offset: Offset) -> *const u64 {
        self.words.address(HEADER_WORDS + offset.0 as usize)
    }

    /// What it catches.
    pub fn catches(&self) -> &CatchTable {
        &self.catches
    }

    /// The number of words of its cells.
    pub fn len(&self) -> usize {
        self.words.len() - HEADER_WORDS
    }
}
