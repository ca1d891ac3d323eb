//! The code of a module, which is published function by function and shared by all threads.
//!
//! # Publication
//!
//! A function is translated at its first call, by the thread that calls it. Its block is first
//! inserted into a map and then published by an atomic store of its address ([`Entry`]). If two
//! threads translate the same function, the first to publish wins. So a thread that has loaded an
//! entry can run its code without a lock, and the map contains it.

use super::block::{CodeBlock, CodeHeader, Counter, HEADER_WORDS, HandlerTable};
use crate::support::sync::{Mutex, MutexGuard};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Address of a function's published code. Each function has one, and so has each call of it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Entry(AtomicPtr<CodeHeader>);

impl Entry {
    /// Returns the code to run: that of the function, or the stub.
    #[inline(always)]
    pub fn load(&self) -> *const CodeHeader {
        self.0.load(Ordering::Acquire)
    }

    /// Replaces the stub, or code that the function had before, by a function's code. If another thread
    /// does so too, it stores the same address: the code of a function that threads share never
    /// changes.
    pub fn replace(&self, code: *const CodeHeader) {
        self.0.store(code.cast_mut(), Ordering::Release);
    }
}

/// The code of a module.
#[derive(Debug)]
pub struct ModuleCode {
    handlers: &'static HandlerTable,
    entries: Box<[Entry]>,
    blocks: Mutex<Blocks>,
}

/// The code of a function.
#[derive(Debug)]
struct Published {
    function: u32,
    version: u16,
    block: CodeBlock,
}

/// All code, by the address of the first cell.
type Blocks = BTreeMap<usize, Published>;

/// The published code of a module. No code is published while this exists.
pub struct PublishedBlocks<'a> {
    blocks: MutexGuard<'a, Blocks>,
}

impl PublishedBlocks<'_> {
    /// Returns the code whose cells contain `address` or end there, and the distance from its first
    /// cell in words.
    pub fn find(&self, address: *const u64) -> Option<(&CodeBlock, u32)> {
        let (published, offset) = find(&self.blocks, address)?;
        Some((&published.block, offset))
    }
}

fn find(blocks: &Blocks, address: *const u64) -> Option<(&Published, u32)> {
    let address = address as usize;
    let (&start, published) = blocks.range(..=address).next_back()?;
    let offset = (address - start) / size_of::<u64>();
    (offset <= published.block.len()).then_some((published, offset as u32))
}

/// Returns the block of a function's code; that of the stub is none.
fn block_at(blocks: &mut Blocks, code: *const CodeHeader) -> Option<&mut CodeBlock> {
    let start = code.cast::<u64>().wrapping_add(HEADER_WORDS);
    let published = blocks.get_mut(&(start as usize))?;
    Some(&mut published.block)
}

/// Position of an instruction pointer in a module's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeLocation {
    /// Index of the function in its module.
    pub function: u32,
    /// Version of its code: 0, except in a store's own copy of a module's code.
    pub version: u16,
    /// Distance from the function's first cell, in words.
    pub offset: u32,
}

impl ModuleCode {
    /// Creates the code of a module with this many functions, none of which is translated.
    pub fn new(handlers: &'static HandlerTable, functions: usize) -> ModuleCode {
        let stub = handlers.fixed.stub.code().cast_mut();
        ModuleCode {
            handlers,
            entries: (0..functions)
                .map(|_| Entry(AtomicPtr::new(stub)))
                .collect(),
            blocks: Mutex::new(BTreeMap::new()),
        }
    }

    /// Returns the handlers that the code is made of.
    pub fn handlers(&self) -> &'static HandlerTable {
        self.handlers
    }

    /// Returns the entry of function `function`.
    pub fn entry(&self, function: u32) -> &Entry {
        &self.entries[function as usize]
    }

    /// Returns the address of all entries, by function index. They do not move.
    pub fn entries(&self) -> *const Entry {
        self.entries.as_ptr()
    }

    /// Returns the code of a function, if it was published.
    pub fn published(&self, function: u32) -> Option<*const CodeHeader> {
        let code = self.entry(function).load();
        (!core::ptr::eq(code, self.handlers.fixed.stub.code())).then_some(code)
    }

    /// Publishes a function's code. Returns the published code, which is that of another thread if
    /// that was first.
    pub fn publish(&self, function: u32, block: CodeBlock) -> *const CodeHeader {
        let mut blocks = self.blocks.lock();
        if let Some(code) = self.published(function) {
            return code;
        }
        let code = block.header();
        let published = Published {
            function,
            version: 0,
            block,
        };
        blocks.insert(published.block.start() as usize, published);
        self.entry(function).replace(code);
        code
    }

    /// Makes a block the code of a function from now on, and returns it. Code that the function had
    /// before stays, for frames that are in it; calls of it go to the new code.
    ///
    /// This is for the code of one store, none of which runs meanwhile.
    pub fn replace(&self, function: u32, version: u16, block: CodeBlock) -> *const CodeHeader {
        let code = block.header();
        let start = block.start() as usize;
        let published = Published {
            function,
            version,
            block,
        };
        self.blocks.lock().insert(start, published);
        self.select(function, code);
        code
    }

    /// Makes code that [`ModuleCode::replace`] has returned the code of its function again.
    pub fn select(&self, function: u32, code: *const CodeHeader) {
        self.close(function);
        if let Some(block) = block_at(&mut self.blocks.lock(), code) {
            block.open();
        }
        self.entry(function).replace(code);
    }

    /// Makes calls of a function's code go to the stub, until [`ModuleCode::open`] is called.
    ///
    /// This is for the code of one store, none of which runs meanwhile.
    pub fn close(&self, function: u32) {
        if let Some(block) = block_at(&mut self.blocks.lock(), self.entry(function).load()) {
            block.close(self.handlers);
        }
    }

    /// Undoes [`ModuleCode::close`].
    pub fn open(&self, function: u32) {
        if let Some(block) = block_at(&mut self.blocks.lock(), self.entry(function).load()) {
            block.open();
        }
    }

    /// Makes calls of a function go to the stub, until it gets code again.
    ///
    /// This is for the code of one store, none of which runs meanwhile.
    pub fn withdraw(&self, function: u32) {
        self.select(function, self.handlers.fixed.stub.code());
    }

    /// Sets all counters to zero. No code of the module runs.
    pub fn clear_counters(&self) {
        for published in self.blocks.lock().values_mut() {
            published.block.clear_counters();
        }
    }

    /// Visits the counters in all code that functions have or have had: the function, the counter, and the
    /// number of executions, as [`CodeBlock::counters`] returns it.
    pub fn counters(&self, mut visit: impl FnMut(u32, Counter, u64)) {
        for published in self.blocks.lock().values() {
            for (counter, count) in published.block.counters() {
                visit(published.function, counter, count);
            }
        }
    }

    /// Returns the position of an address: the function whose cells contain it or end there, and
    /// the offset.
    pub fn locate(&self, address: *const u64) -> Option<CodeLocation> {
        let blocks = self.blocks.lock();
        let (published, offset) = find(&blocks, address)?;
        Some(CodeLocation {
            function: published.function,
            version: published.version,
            offset,
        })
    }

    /// Returns the published code, for searches of many addresses.
    pub fn published_blocks(&self) -> PublishedBlocks<'_> {
        PublishedBlocks {
            blocks: self.blocks.lock(),
        }
    }
}
