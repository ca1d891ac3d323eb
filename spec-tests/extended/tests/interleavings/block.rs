//! Code blocks, as far as their publication goes: a header whose reads and writes `loom`
//! watches, in the place of the cells.

use loom::cell::UnsafeCell;

/// What all code begins with.
#[derive(Debug)]
pub struct CodeHeader {
    extent: UnsafeCell<u32>,
    cells: [u64; 4],
}

// SAFETY: the extent is written before the code is published, which `loom` checks.
unsafe impl Sync for CodeHeader {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for CodeHeader {}

impl CodeHeader {
    fn new(extent: u32) -> CodeHeader {
        CodeHeader {
            extent: UnsafeCell::new(extent),
            cells: [0; 4],
        }
    }

    /// The extent, as a call reads it.
    ///
    /// # Safety
    ///
    /// The code has been published.
    pub unsafe fn read(&self) -> u32 {
        // SAFETY: it does not change any more.
        self.extent.with(|extent| unsafe { *extent })
    }
}

/// The stub, where the library's handler tables have it.
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
    /// A table for one run of a model.
    pub fn leak() -> &'static HandlerTable {
        let stub = Stub {
            header: CodeHeader::new(0),
        };
        Box::leak(Box::new(HandlerTable {
            fixed: Fixed { stub },
        }))
    }
}

/// Finished code.
#[derive(Debug)]
pub struct CodeBlock {
    header: &'static CodeHeader,
}

impl CodeBlock {
    /// Translates a function.
    pub fn of_function(function: u32) -> CodeBlock {
        let header = Box::leak(Box::new(CodeHeader::new(0)));
        // Writing it when it has its place is what a translator does, and what publication
        // has to order.
        // SAFETY: nobody else knows of it yet.
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

    /// Where the cells of code stand.
    pub fn start_of(code: *const CodeHeader) -> *const u64 {
        // SAFETY: it points to a header; only an address is formed.
        unsafe { (&raw const (*code).cells).cast() }
    }

    pub fn len(&self) -> usize {
        self.header.cells.len()
    }
}
