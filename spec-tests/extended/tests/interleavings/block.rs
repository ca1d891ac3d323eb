//! Code blocks, as far as their publication is concerned: `loom` checks the accesses to a header
//! that stands for the cells.

use loom::cell::UnsafeCell;

/// Header at the beginning of each code block.
#[derive(Debug)]
pub struct CodeHeader {
    extent: UnsafeCell<u32>,
    cells: [u64; 4],
}

// SAFETY: the extent is written before the code is published; `loom` checks that.
unsafe impl Sync for CodeHeader {}
// SAFETY: it contains nothing that is bound to a thread.
unsafe impl Send for CodeHeader {}

impl CodeHeader {
    fn new(extent: u32) -> CodeHeader {
        CodeHeader {
            extent: UnsafeCell::new(extent),
            cells: [0; 4],
        }
    }

    /// Reads the extent, as a call does.
    ///
    /// # Safety
    ///
    /// The code must have been published.
    pub unsafe fn read(&self) -> u32 {
        // SAFETY: it is no longer modified after the publication.
        self.extent.with(|extent| unsafe { *extent })
    }
}

/// Has the stub at the same place as the library's handler tables.
#[derive(Debug)]
pub struct HandlerTable {
    pub fixed: Fixed,
}

#[derive(Debug)]
pub struct Fixed {
    pub stub: Stub,
}

#[derive(Debug)]
pub struct Stub {
    header: CodeHeader,
}

impl Stub {
    pub fn code(&self) -> *const CodeHeader {
        &raw const self.header
    }
}

impl HandlerTable {
    /// Creates a table for one run of a model.
    pub fn leak() -> &'static HandlerTable {
        let stub = Stub {
            header: CodeHeader::new(0),
        };
        Box::leak(Box::new(HandlerTable {
            fixed: Fixed { stub },
        }))
    }
}

/// A code block.
#[derive(Debug)]
pub struct CodeBlock {
    header: &'static CodeHeader,
}

impl CodeBlock {
    /// Translates a function.
    pub fn of_function(function: u32) -> CodeBlock {
        let header = Box::leak(Box::new(CodeHeader::new(0)));
        // Like a translator, writes the extent when the block has its final address. The
        // publication must order this write.
        //
        // SAFETY: no other code has a pointer to the block yet.
        header
            .extent
            .with_mut(|extent| unsafe { *extent = 10 + function });
        CodeBlock { header }
    }

    pub fn header(&self) -> *const CodeHeader {
        self.header
    }

    pub fn start(&self) -> *const u64 {
        CodeBlock::start_of(self.header())
    }

    /// Returns the address of the code's cells.
    pub fn start_of(code: *const CodeHeader) -> *const u64 {
        // SAFETY: it points to a header, and only an address is computed.
        unsafe { (&raw const (*code).cells).cast() }
    }

    pub fn len(&self) -> usize {
        self.header.cells.len()
    }

    /// Does nothing: entrances are those of code that one thread uses.
    pub fn open(&mut self) {}

    /// Does nothing, as [`CodeBlock::open`].
    pub fn close(&mut self, _: &HandlerTable) {}

    /// Returns nothing: code that threads share has no counters.
    pub fn counters(&self) -> impl Iterator<Item = (Counter, u64)> {
        std::iter::empty()
    }

    /// Does nothing, as there are no counters.
    pub fn clear_counters(&mut self) {}
}

/// The number of words of a header.
pub const HEADER_WORDS: usize = size_of::<CodeHeader>() / size_of::<u64>();

/// A counter of executions.
#[derive(Clone, Copy, Debug)]
pub struct Counter;
