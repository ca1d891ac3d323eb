//! Finished code: the cells of one function, at the addresses where they run.

use super::assembler::{Assembler, Offset, Relocation, opcode_of, words_of};
use super::catch::CatchTable;
use super::cells::ProbeCount;
use super::module_code::Entry;
use super::opcode::Opcode;
use crate::support::words::Words;
use alloc::vec::Vec;
use core::mem::offset_of;

/// The addresses of all handlers of one dispatch backend, by number.
#[derive(Debug)]
pub struct HandlerTable {
    /// The handlers of opcodes.
    pub handlers: [HandlerAddress; Opcode::COUNT],
    /// The handlers of fused cells; none if the backend fuses no cells.
    pub fusions: &'static [HandlerAddress],
    /// The cells that belong to no function.
    pub fixed: &'static FixedCells,
}

impl HandlerTable {
    /// Returns the handler of the cell at a word of `assembler`, which may execute cells behind it
    /// as well.
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

/// The header before the cells of a function.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct CodeHeader {
    /// The extent of a frame in bytes: record, locals and operands.
    pub extent: usize,
    /// The number of words of the cells.
    pub length: CodeLength,
}

/// A number of words, which takes a word on every target.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct CodeLength(pub usize);

/// Cells that every engine of a backend shares.
#[derive(Debug)]
pub struct FixedCells {
    /// The stub: the code of a function that has not been translated.
    pub stub: Stub,
    /// The cell to which a call into another instance returns.
    pub return_boundary: FixedCell,
    /// The cell to which a call from the host returns.
    pub return_host: FixedCell,
    /// The cell to which the function of a continuation returns.
    pub return_continuation: FixedCell,
    /// The cell at which a continuation of a host function begins.
    pub start_host: FixedCell,
    /// The cell that a probe of the backend runs repeatedly.
    pub probe: FixedCell,
}

impl FixedCells {
    /// Returns whether `ip` is the address of a cell to which calls return.
    pub fn contains(&self, ip: *const u64) -> bool {
        ip == self.return_boundary.address()
            || ip == self.return_host.address()
            || ip == self.return_continuation.address()
    }
}

/// The code of a function that has not been translated. Its frame has only a record.
#[derive(Debug)]
#[repr(C, align(8))]
pub struct Stub {
    /// The header.
    pub header: CodeHeader,
    /// The cell, which translates the function.
    pub cell: FixedCell,
}

impl Stub {
    /// Returns the address as code. It is derived from the whole stub, so that the cell can be
    /// read through it.
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
    /// Creates a cell with a handler.
    pub const fn new(handler: HandlerAddress) -> FixedCell {
        FixedCell {
            handler,
            operands: [0],
        }
    }

    /// Returns the address.
    pub fn address(&self) -> *const u64 {
        core::ptr::from_ref(self).cast()
    }
}

/// The number of words of a [`CodeHeader`].
pub const HEADER_WORDS: usize = size_of::<CodeHeader>() / size_of::<u64>();

/// The beginning of a straight run of code whose executions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The offset in the module of the run's first instruction.
    pub wasm: u32,
    /// The way in which they are counted.
    pub kind: CounterKind,
}

/// The way in which the executions of a straight run of code are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterKind {
    /// By a `ProbeCount` at this place.
    Counted(Offset),
    /// By a `ProbeOnce`, which is gone if there was an execution.
    Once,
    /// The run is never executed.
    Dead,
}

/// The finished code of one function.
#[derive(Debug)]
pub struct CodeBlock {
    words: Words,
    catches: CatchTable,
    counters: Vec<Counter>,
    /// The handler of the first cell while that of the stub is in its place: see
    /// [`CodeBlock::close`].
    entrance: Option<HandlerAddress>,
}

impl CodeBlock {
    /// Finishes the code in `assembler`, with the counters in it. `extent` is the extent of a frame in
    /// bytes, and `entry` returns the entry of a function of the same module.
    pub fn new<'e>(
        assembler: &Assembler,
        handlers: &HandlerTable,
        extent: usize,
        catches: CatchTable,
        counters: Vec<Counter>,
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
        CodeBlock {
            words,
            catches,
            counters,
            entrance: None,
        }
    }

    /// Makes calls of this code go to the stub, which finds the function's present code. Frames that
    /// are in this code go on with it.
    ///
    /// No code of the module runs meanwhile, and no cell branches to the first one.
    pub fn close(&mut self, handlers: &HandlerTable) {
        let stub = handlers.fixed.stub.cell.handler;
        let first = self.words.exchange(HEADER_WORDS, stub.0);
        self.entrance.get_or_insert(HandlerAddress(first));
    }

    /// Undoes [`CodeBlock::close`].
    pub fn open(&mut self) {
        if let Some(handler) = self.entrance.take() {
            self.words.replace(HEADER_WORDS, handler.0);
        }
    }

    /// Returns the address of the header.
    pub fn header(&self) -> *const CodeHeader {
        self.words.address(0).cast()
    }

    /// Returns the address of the first cell.
    pub fn start(&self) -> *const u64 {
        self.words.address(HEADER_WORDS)
    }

    /// Returns the address of the cell at an offset.
    pub fn cell(&self, offset: Offset) -> *const u64 {
        self.words.address(HEADER_WORDS + offset.0 as usize)
    }

    /// Returns the clauses that catch exceptions.
    pub fn catches(&self) -> &CatchTable {
        &self.catches
    }

    /// Returns the beginnings of straight runs of code that are counted, with the number of executions
    /// for those of `ProbeCount`s.
    pub fn counters(&self) -> impl Iterator<Item = (Counter, u64)> + '_ {
        self.counters.iter().map(|&counter| {
            let count = match counter.kind {
                CounterKind::Counted(Offset(cell)) => {
                    let word = cell as usize + ProbeCount::count.word();
                    self.words.number(HEADER_WORDS + word)
                }
                CounterKind::Once | CounterKind::Dead => 0,
            };
            (counter, count)
        })
    }

    /// Sets all counters to zero. The code does not run.
    pub fn clear_counters(&mut self) {
        for counter in &self.counters {
            if let CounterKind::Counted(Offset(cell)) = counter.kind {
                let word = cell as usize + ProbeCount::count.word();
                self.words.set_all(HEADER_WORDS + word, &[0]);
            }
        }
    }

    /// Returns the number of words of the cells.
    pub fn len(&self) -> usize {
        self.words.len() - HEADER_WORDS
    }
}
