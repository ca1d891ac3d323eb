//! Blocks: the units in which the heap of objects takes memory and gives it back.
//!
//! ```text
//!   small   marks: a bit for each 8 bytes │ cells of one size class, 64 KiB
//!   large   one object
//! ```

use super::core::BLOCK_BITS;
use crate::support::raw::RawBytes;
use crate::support::size_class::SIZES;
use core::ptr;

/// Number of bytes of the cells of a small block.
pub const BLOCK: usize = 1 << BLOCK_BITS;
/// Number of bytes of the marks of a small block.
const MARKS: usize = BLOCK / 8 / 8;
/// Number of lists of free cells of a block.
const LISTS: usize = 8;
/// Base-2 logarithm of the number of bytes whose free cells are in one list.
const LIST_BITS: u32 = BLOCK_BITS - 3;

/// The end of a list of blocks.
pub const END: u32 = 0;

/// The use of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// None: the block has no memory.
    Vacant,
    /// None: the block has the memory of a small block.
    Spare,
    /// Cells of a size class.
    Small(u8),
    /// One large object.
    Large {
        /// True if it is marked.
        marked: bool,
        /// True if it has not been swept since marking ended.
        unswept: bool,
    },
}

/// A list of free cells.
#[derive(Clone, Copy, Debug, Default)]
pub struct FreeCells {
    /// First cell, or 0.
    pub first: u32,
    /// Number of cells.
    pub count: u32,
}

/// A block.
#[derive(Debug)]
pub struct Block {
    memory: Option<RawBytes>,
    /// Use of the memory.
    pub purpose: Use,
    /// Next block of the list that the block is in.
    pub next: u32,
    /// Number of the first list of `free` that may have cells.
    next_list: u8,
    /// Free cells, by the part of the block in which they begin.
    free: [FreeCells; LISTS],
}

impl Block {
    /// Creates a block without memory.
    pub fn vacant() -> Block {
        Block {
            memory: None,
            purpose: Use::Vacant,
            next: END,
            next_list: 0,
            free: [FreeCells::default(); LISTS],
        }
    }

    /// Copies the block for the fork of its store. Returns `None` if the allocator fails.
    pub fn fork(&self) -> Option<Block> {
        let memory = match &self.memory {
            // SAFETY: objects contain no pointers; the store is borrowed, so no handler runs.
            Some(memory) => Some(unsafe { memory.try_clone_sparse() }?),
            None => None,
        };
        Some(Block { memory, ..*self })
    }

    /// Takes the memory of a small block from the allocator. Returns whether there was any.
    pub fn make_spare(&mut self) -> bool {
        self.memory = RawBytes::zeroed(MARKS + BLOCK);
        self.purpose = match self.memory {
            Some(_) => Use::Spare,
            None => Use::Vacant,
        };
        self.memory.is_some()
    }

    /// Takes the memory of a large object, which is zero, from the allocator. Returns whether there
    /// was any.
    pub fn make_large(&mut self, bytes: usize) -> bool {
        self.memory = RawBytes::zeroed(bytes);
        self.purpose = match self.memory {
            Some(_) => Use::Large {
                marked: false,
                unswept: false,
            },
            None => Use::Vacant,
        };
        self.memory.is_some()
    }

    /// Returns the memory to the allocator, and the number of its bytes.
    pub fn release(&mut self) -> usize {
        let bytes = self.bytes();
        self.memory = None;
        self.purpose = Use::Vacant;
        bytes
    }

    /// Returns the number of bytes of the memory.
    pub fn bytes(&self) -> usize {
        self.memory.as_ref().map_or(0, RawBytes::len)
    }

    /// Returns the address of the first cell or of the large object; null without memory.
    pub fn base(&self) -> *mut u8 {
        match (&self.memory, self.purpose) {
            (None, _) => ptr::null_mut(),
            (Some(memory), Use::Large { .. }) => memory.as_ptr(),
            // SAFETY: the marks are at the beginning of the memory of a small block.
            (Some(memory), _) => unsafe { memory.as_ptr().add(MARKS) },
        }
    }

    /// Returns the number of bytes of a small block that its memory takes.
    pub const fn small_bytes() -> usize {
        MARKS + BLOCK
    }

    /// Returns the marks of a small block.
    fn marks(&mut self) -> &mut [u64] {
        match (&self.memory, self.purpose) {
            // SAFETY: the marks are at the beginning of the memory, which is aligned to 16 bytes,
            // and nothing else accesses them.
            (Some(memory), Use::Small(_) | Use::Spare) => unsafe {
                core::slice::from_raw_parts_mut(memory.as_ptr().cast(), MARKS / 8)
            },
            _ => &mut [],
        }
    }

    /// Marks the object at an offset. Returns whether it was not marked before.
    #[inline]
    pub fn mark(&mut self, offset: u32) -> bool {
        if let Use::Large { marked, .. } = &mut self.purpose {
            return !core::mem::replace(marked, true);
        }
        let (word, bit) = (offset as usize / 512, 1 << (offset / 8 % 64));
        match self.marks().get_mut(word) {
            Some(word) => {
                let is_new = *word & bit == 0;
                *word |= bit;
                is_new
            }
            None => false,
        }
    }

    /// Returns whether the object at an offset is marked.
    pub fn is_marked(&mut self, offset: u32) -> bool {
        if let Use::Large { marked, .. } = self.purpose {
            return marked;
        }
        let word = self.marks().get(offset as usize / 512);
        word.is_some_and(|word| word & 1 << (offset / 8 % 64) != 0)
    }

    /// Returns the offset of the first marked object from `offset` on.
    pub fn next_marked(&mut self, offset: u32) -> Option<u32> {
        if let Use::Large { marked, .. } = self.purpose {
            return (marked && offset == 0).then_some(0);
        }
        let mut word = offset as usize / 512;
        let marks = self.marks();
        let mut bits = marks.get(word)? & (u64::MAX << (offset / 8 % 64));
        while bits == 0 {
            word += 1;
            bits = *marks.get(word)?;
        }
        Some(word as u32 * 512 + bits.trailing_zeros() * 8)
    }

    /// Removes all marks.
    pub fn clear_marks(&mut self) {
        if let Use::Large { marked, .. } = &mut self.purpose {
            *marked = false;
        }
        self.marks().fill(0);
    }

    /// Returns whether the block has no marked object.
    pub fn is_unmarked(&mut self) -> bool {
        match self.purpose {
            Use::Large { marked, .. } => !marked,
            _ => self.marks().iter().all(|&word| word == 0),
        }
    }

    /// Frees all cells of a small block, whose number this is, that are not marked, and removes all
    /// marks.
    pub fn sweep(&mut self, number: u32, class: u8) {
        self.purpose = Use::Small(class);
        self.free = [FreeCells::default(); LISTS];
        self.next_list = 0;
        let size = SIZES[class as usize];
        let base = self.base();
        let mut free = [FreeCells::default(); LISTS];
        let marks = self.marks();
        let mut offset = BLOCK as u32 / size * size;
        while offset > 0 {
            offset -= size;
            if marks[offset as usize / 512] & 1 << (offset / 8 % 64) == 0 {
                let list = &mut free[(offset >> LIST_BITS) as usize];
                // SAFETY: the cell is within the block, and aligned to 8 bytes.
                unsafe { base.add(offset as usize).cast::<u32>().write(list.first) };
                list.first = number << BLOCK_BITS | offset;
                list.count += 1;
            }
        }
        marks.fill(0);
        self.free = free;
    }

    /// Returns the number of the cells, which have a size, that are in no list of the block.
    pub fn used_cells(&self, size: u32) -> u32 {
        let lists = self.free.iter().skip(self.next_list as usize);
        let free: u32 = lists.map(|list| list.count).sum();
        BLOCK as u32 / size - free
    }

    /// Returns whether the block has lists of free cells.
    pub fn has_free(&mut self) -> bool {
        while let Some(list) = self.free.get(self.next_list as usize) {
            if list.first != 0 {
                return true;
            }
            self.next_list += 1;
        }
        false
    }

    /// Takes a list of free cells.
    pub fn take_free(&mut self) -> FreeCells {
        match self.free.get_mut(self.next_list as usize) {
            Some(list) => {
                self.next_list += 1;
                *list
            }
            None => FreeCells::default(),
        }
    }

    /// Takes a list of one free cell, if there is any.
    pub fn take_one_free(&mut self) -> FreeCells {
        if !self.has_free() {
            return FreeCells::default();
        }
        let address = self.base();
        let list = &mut self.free[self.next_list as usize];
        let first = list.first;
        // SAFETY: a free cell is within the block, and begins with the next one.
        let next = unsafe { address.add(first as usize & (BLOCK - 1)).cast::<u32>() };
        // SAFETY: as above.
        list.first = unsafe { next.replace(0) };
        list.count -= 1;
        FreeCells { first, count: 1 }
    }
}
