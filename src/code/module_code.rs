//! The code of a module: published function by function, shared by all threads.
//!
//! # Why publish
//!
//! A function is translated at its first call, by whichever thread calls it. The block is
//! entered in the map first and published afterwards, by one atomic store of its address
//! ([`Entry`]); two threads may translate the same function, and the first to publish
//! wins. A thread that has loaded an entry can therefore run its code and find it in the
//! map without a lock.

use super::block::{CodeBlock, CodeHeader, HandlerTable};
use crate::support::sync::{Mutex, MutexGuard};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Where a function's code is published: for all, and once more in each call of it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Entry(AtomicPtr<CodeHeader>);

impl Entry {
    /// The code to run: the function's, or the stub's.
    #[inline(always)]
    pub fn load(&self) -> *const CodeHeader {
        self.0.load(Ordering::Acquire)
    }

    /// Puts a function's code in the place of the stub. Another thread may have been
    /// first; a function's code never changes, so it is the same.
    pub fn replace(&self, stub: *const CodeHeader, code: *const CodeHeader) {
        let (stub, code) = (stub.cast_mut(), code.cast_mut());
        let _ = self
            .0
            .compare_exchange(stub, code, Ordering::Release, Ordering::Relaxed);
    }
}

/// The code of a module.
#[derive(Debug)]
pub struct ModuleCode {
    handlers: &'static HandlerTable,
    entries: Box<[Entry]>,
    blocks: Mutex<Blocks>,
}

/// The function of each block, and the block, by the address of its first cell.
type Blocks = BTreeMap<usize, (u32, CodeBlock)>;

/// The code that is published now: no more is while this is held.
pub struct PublishedBlocks<'a> {
    blocks: MutexGuard<'a, Blocks>,
}

impl PublishedBlocks<'_> {
    /// The code whose cells contain `address`, or end there, and the distance from its
    /// first cell in words.
    pub fn find(&self, address: *const u64) -> Option<(&CodeBlock, u32)> {
        let (_, block, offset) = find(&self.blocks, address)?;
        Some((block, offset))
    }
}

fn find(blocks: &Blocks, address: *const u64) -> Option<(u32, &CodeBlock, u32)> {
    let address = address as usize;
    let (&start, (function, block)) = blocks.range(..=address).next_back()?;
    let offset = (address - start) / size_of::<u64>();
    (offset <= block.len()).then_some((*function, block, offset as u32))
}

/// Where an instruction pointer points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLocation {
    /// The function's index in its module.
    pub function: u32,
    /// The distance from the function's first cell, in words.
    pub offset: u32,
}

impl ModuleCode {
    /// No code yet, for as many functions.
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

    /// The handlers that the code is made of.
    pub fn handlers(&self) -> &'static HandlerTable {
        self.handlers
    }

    /// Where function `function` is published.
    pub fn entry(&self, function: u32) -> &Entry {
        &self.entries[function as usize]
    }

    /// Where all functions are published, by index. They do not move.
    pub fn entries(&self) -> *const Entry {
        self.entries.as_ptr()
    }

    /// The code of a function, if it has been published.
    pub fn published(&self, function: u32) -> Option<*const CodeHeader> {
        let code = self.entry(function).load();
        (!core::ptr::eq(code, self.handlers.fixed.stub.code())).then_some(code)
    }

    /// Publishes a function's code, and returns what is published now: another thread may
    /// have been first.
    pub fn publish(&self, function: u32, block: CodeBlock) -> *const CodeHeader {
        let mut blocks = self.blocks.lock();
        if let Some(code) = self.published(function) {
            return code;
        }
        let code = block.header();
        blocks.insert(block.start() as usize, (function, block));
        self.entry(function)
            .0
            .store(code.cast_mut(), Ordering::Release);
        code
    }

    /// The function whose cells contain `address`, or end there, and where in it that is.
    pub fn locate(&self, address: *const u64) -> Option<CodeLocation> {
        let blocks = self.blocks.lock();
        let (function, _, offset) = find(&blocks, address)?;
        Some(CodeLocation { function, offset })
    }

    /// The code that is published, to look for many addresses in.
    pub fn published_blocks(&self) -> PublishedBlocks<'_> {
        PublishedBlocks {
            blocks: self.blocks.lock(),
        }
    }

    /// The bytes that the translated code takes.
    pub fn bytes(&self) -> usize {
        let blocks = self.blocks.lock();
        blocks
            .values()
            .map(|(_, block)| block.len() * size_of::<u64>())
            .sum()
    }
}
