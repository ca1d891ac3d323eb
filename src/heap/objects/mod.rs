//! The heap of objects: structures and arrays.
//!
//! A reference is an address in a space of 32 bits, which consists of blocks of 64 KiB. A table
//! has the address of each block's memory, so blocks are allocated one by one and never move.
//!
//! * Small objects are in cells. All cells of a block have one size, that of its size class.
//!   Handlers take cells from a list of free ones for each class. When the list is empty, the
//!   driver refills it with those of an eighth of a block.
//! * A large object has a block number of its own, whose memory is as large as the object.
//!
//! # Marking and sweeping
//!
//! The collector marks objects by a bit for each 8 bytes of a block. Between collections, no
//! object is marked. Once everything reachable is marked, all lists of free cells are forgotten, and
//! each block is swept: cells without a mark become free, and all marks are removed. A block is swept
//! when its class needs cells, or by the collector's steps. So the work at one time is bounded, and
//! a cell is written only where it is about to be used.

mod access;
mod block;
mod core;
mod mark_stack;

pub use self::core::{
    AnyKind, BLOCK_BITS, EXTERN_NUMBERS, ObjectCore, SHADED, TypeEntry, is_object,
};

pub use self::mark_stack::MarkStack;

use super::collector::Reference;
use super::limits::{LimitError, copied};
use crate::ids::{ObjectRef, TypeId};
use crate::module::{ARRAY_HEADER, CompositeKind, ObjectLayout};
use crate::support::size_class::{CLASSES, LARGE, SIZES, size_class};
use ::core::cell::UnsafeCell;
use ::core::ptr::{self, NonNull};
use access::{FieldPlace, reference_in};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use block::{BLOCK, Block, END, Use};

/// Number of block numbers that references can distinguish.
const MOST_BLOCKS: usize = 1 << (32 - BLOCK_BITS);

/// Maximum number of bytes of an object.
const MOST_BYTES: u64 = if usize::BITS > 32 { 1 << 36 } else { 1 << 30 };

/// Number of spare blocks that are kept, in addition to as many as are in use.
const FEW_SPARE: usize = 16;

/// Number of blocks that are swept at once in search of free cells, unless the limit is reached.
const MOST_SWEPT: usize = 4;

/// The blocks of a size class.
#[derive(Clone, Copy, Debug, Default)]
struct Lists {
    /// First block with free cells.
    ready: u32,
    /// First block that has not been swept.
    unswept: u32,
}

/// Progress of sweeping.
#[derive(Clone, Copy, Debug, Default)]
pub struct SweepCursor {
    class: usize,
    block: usize,
}

/// The objects of a store.
#[derive(Debug)]
pub struct Objects {
    core: NonNull<UnsafeCell<ObjectCore>>,
    /// Address of each block, which `core` points to.
    bases: Vec<*mut u8>,
    blocks: Vec<Block>,
    lists: [Lists; CLASSES],
    /// First block with memory but without a use, and their number.
    spare: u32,
    spare_count: usize,
    /// First block number without memory.
    vacant: u32,
    /// Entries that `core` points to.
    types: Vec<TypeEntry>,
    /// Layouts that the entries point to.
    layouts: Vec<Arc<ObjectLayout>>,
    /// Number of bytes of all blocks.
    bytes: usize,
    /// Number of bytes that were given out and not counted yet.
    handed: usize,
    /// Objects to which the host may have references as numbers.
    seen: BTreeSet<u32>,
    /// Number of sweeps that have begun.
    sweeps: u64,
    /// True if a list of free cells that handlers use has one cell, so that the driver takes part in
    /// every allocation.
    one_by_one: bool,
}

/// Returns the block number and the offset of an object.
fn split(ObjectRef(bits): ObjectRef) -> (usize, u32) {
    ((bits >> BLOCK_BITS) as usize, bits & (BLOCK as u32 - 1))
}

impl Objects {
    /// Creates an empty heap. If `one_by_one`, the driver takes part in every allocation.
    pub fn new(one_by_one: bool) -> Objects {
        let core = ObjectCore {
            blocks: ptr::null(),
            types: ptr::null(),
            type_count: 0,
            is_marking: 0,
            shaded_len: 0,
            free: [0; CLASSES],
            shaded: [0; SHADED],
        };
        Objects {
            core: NonNull::from(Box::leak(Box::new(UnsafeCell::new(core)))),
            bases: Vec::new(),
            blocks: Vec::new(),
            lists: [Lists::default(); CLASSES],
            spare: END,
            spare_count: 0,
            vacant: END,
            types: Vec::new(),
            layouts: Vec::new(),
            bytes: 0,
            handed: 0,
            seen: BTreeSet::new(),
            sweeps: 0,
            one_by_one,
        }
    }

    /// Copies the heap for the fork of its store. Objects keep their addresses in the heap.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate the copy.
    pub fn fork(&self) -> Result<Objects, LimitError> {
        let mut fork = Objects::new(self.one_by_one);
        fork.blocks
            .try_reserve_exact(self.blocks.len())
            .map_err(|_| LimitError::Allocation)?;
        for block in &self.blocks {
            let block = block.fork().ok_or(LimitError::Allocation)?;
            fork.blocks.push(block);
        }
        fork.bases = copied(&self.bases)?;
        for (base, block) in fork.bases.iter_mut().zip(&fork.blocks) {
            *base = block.base();
        }
        fork.lists = self.lists;
        (fork.spare, fork.spare_count, fork.vacant) = (self.spare, self.spare_count, self.vacant);
        // The layouts, which the entries point to, belong to the engine.
        fork.types = copied(&self.types)?;
        fork.layouts.clone_from(&self.layouts);
        (fork.bytes, fork.handed) = (self.bytes, self.handed);
        fork.seen.clone_from(&self.seen);
        let (blocks, types) = (fork.bases.as_ptr(), fork.types.as_ptr());
        // SAFETY: H1 keeps the cores alive; H2.
        unsafe {
            *fork.core() = ObjectCore {
                blocks,
                types,
                ..*self.core()
            };
        }
        Ok(fork)
    }

    /// Returns the address of the part that handlers use, which is stable for the store's life (H1).
    pub fn core(&self) -> *mut ObjectCore {
        UnsafeCell::raw_get(self.core.as_ptr())
    }

    // --- types ---

    /// Makes a type known, so that objects of it can be created and tested.
    ///
    /// # Errors
    ///
    /// An error if there is no memory for it.
    pub fn know_type(&mut self, id: TypeId, layout: &Arc<ObjectLayout>) -> Result<(), LimitError> {
        const UNKNOWN: TypeEntry = TypeEntry {
            layout: ptr::null(),
            display: ptr::null(),
            depth: 0,
            kind: CompositeKind::Func,
        };
        let index = id.0 as usize;
        if let Some(entry) = self.types.get(index)
            && !entry.layout.is_null()
        {
            return Ok(());
        }
        self.layouts
            .try_reserve(1)
            .map_err(|_| LimitError::Allocation)?;
        if index >= self.types.len() {
            let more = index + 1 - self.types.len();
            self.types
                .try_reserve(more)
                .map_err(|_| LimitError::Allocation)?;
            self.types.resize(index + 1, UNKNOWN);
        }
        self.layouts.push(Arc::clone(layout));
        self.types[index] = TypeEntry {
            layout: Arc::as_ptr(layout),
            display: layout.display.as_ptr(),
            depth: layout.depth(),
            kind: layout.kind,
        };
        let (types, count) = (self.types.as_ptr(), self.types.len() as u32);
        // SAFETY: H1 keeps the core alive; H2.
        unsafe {
            (*self.core()).types = types;
            (*self.core()).type_count = count;
        }
        Ok(())
    }

    /// Returns the layout of a known type.
    ///
    /// # Panics
    ///
    /// If the type is not known.
    pub fn layout(&self, ty: TypeId) -> &ObjectLayout {
        let layout = self.types[ty.0 as usize].layout;
        assert!(!layout.is_null(), "an instance has the type");
        // SAFETY: `layouts` keeps it alive.
        unsafe { &*layout }
    }

    // --- allocation ---

    /// Returns the number of bytes of memory that the heap has taken.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of bytes that were given out since the last call.
    pub fn take_handed(&mut self) -> usize {
        ::core::mem::take(&mut self.handed)
    }

    /// Adds a block number. Returns `None` if there are no more, or no memory.
    fn add_number(&mut self) -> Option<u32> {
        if self.vacant != END {
            let number = self.vacant;
            self.vacant = self.blocks[number as usize].next;
            return Some(number);
        }
        // The first number is never used, so that no object has the bits of null.
        let more = if self.blocks.is_empty() { 2 } else { 1 };
        if self.blocks.len() + more > MOST_BLOCKS {
            return None;
        }
        self.blocks.try_reserve(more).ok()?;
        self.bases.try_reserve(more).ok()?;
        for _ in 0..more {
            self.blocks.push(Block::vacant());
            self.bases.push(ptr::null_mut());
        }
        let bases = self.bases.as_ptr();
        // SAFETY: H1 keeps the core alive; H2.
        unsafe { (*self.core()).blocks = bases };
        Some(self.blocks.len() as u32 - 1)
    }

    fn make_vacant(&mut self, number: u32) {
        let block = &mut self.blocks[number as usize];
        self.bytes -= block.release();
        block.next = self.vacant;
        self.vacant = number;
        self.bases[number as usize] = ptr::null_mut();
    }

    /// Returns a block with the memory of a small one.
    fn take_spare(&mut self, limit: usize) -> Option<u32> {
        if self.spare != END {
            let number = self.spare;
            self.spare = self.blocks[number as usize].next;
            self.spare_count -= 1;
            return Some(number);
        }
        let bytes = self.bytes + Block::small_bytes();
        if bytes > limit {
            return None;
        }
        let number = self.add_number()?;
        let block = &mut self.blocks[number as usize];
        if !block.make_spare() {
            self.make_vacant(number);
            return None;
        }
        self.bytes = bytes;
        self.bases[number as usize] = block.base();
        Some(number)
    }

    fn add_spare(&mut self, number: u32) {
        let in_use = self.bytes / BLOCK - self.spare_count;
        if self.spare_count >= in_use + FEW_SPARE {
            return self.make_vacant(number);
        }
        let block = &mut self.blocks[number as usize];
        block.purpose = Use::Spare;
        block.next = self.spare;
        self.spare = number;
        self.spare_count += 1;
    }

    /// Makes sure that there is a free cell of a size class.
    ///
    /// # Errors
    ///
    /// An error if the heap would take more than `limit` bytes, or there is no memory.
    pub fn refill(&mut self, class: u8, limit: usize) -> Result<(), LimitError> {
        let index = class as usize;
        // SAFETY: H1 keeps the core alive; H2.
        if unsafe { (*self.core()).free[index] } != 0 {
            return Ok(());
        }
        let mut swept = 0;
        loop {
            let number = self.lists[index].ready;
            if number != END {
                let block = &mut self.blocks[number as usize];
                if !block.has_free() {
                    self.lists[index].ready = block.next;
                    continue;
                }
                let cells = match self.one_by_one {
                    true => block.take_one_free(),
                    false => block.take_free(),
                };
                self.handed += (cells.count * SIZES[index]) as usize;
                // SAFETY: H1 keeps the core alive; H2.
                unsafe { (*self.core()).free[index] = cells.first };
                return Ok(());
            }
            // Blocks without free cells must not make a pause long.
            let spare = if swept < MOST_SWEPT {
                None
            } else {
                self.take_spare(limit)
            };
            let number = match spare.or_else(|| self.take_unswept(index)) {
                Some(number) => number,
                None => self.take_spare(limit).ok_or(LimitError::Limit)?,
            };
            swept += 1;
            let block = &mut self.blocks[number as usize];
            block.sweep(number, class);
            if block.has_free() {
                block.next = self.lists[index].ready;
                self.lists[index].ready = number;
            }
        }
    }

    fn take_unswept(&mut self, class: usize) -> Option<u32> {
        let number = self.lists[class].unswept;
        if number == END {
            return None;
        }
        self.lists[class].unswept = self.blocks[number as usize].next;
        Some(number)
    }

    /// Allocates an object. Its contents are zero, apart from its type and, of an array, its length.
    ///
    /// # Errors
    ///
    /// As for [`Objects::refill`].
    fn allocate(&mut self, ty: TypeId, bytes: u64, limit: usize) -> Result<ObjectRef, LimitError> {
        let class = match u32::try_from(bytes) {
            Ok(bytes) => size_class(bytes),
            Err(_) => LARGE,
        };
        let (object, address) = if class == LARGE {
            let object = self.allocate_large(bytes, limit)?;
            (object.0, self.address(object))
        } else {
            self.refill(class, limit)?;
            // SAFETY: H5: there is a free cell of the class, which is at least as large as the
            // object.
            unsafe {
                let taken = ObjectCore::take_cell(self.core(), class as usize);
                let (object, address) = taken.ok_or(LimitError::Allocation)?;
                ptr::write_bytes(address, 0, bytes as usize);
                (object, address)
            }
        };
        // SAFETY: the object is at least 8 bytes long and aligned to that.
        unsafe { address.cast::<u32>().write(ty.0) };
        Ok(ObjectRef(object))
    }

    fn allocate_large(&mut self, bytes: u64, limit: usize) -> Result<ObjectRef, LimitError> {
        let size = match usize::try_from(bytes) {
            Ok(size) if bytes <= MOST_BYTES => size,
            _ => return Err(LimitError::Limit),
        };
        if self.bytes.saturating_add(size) > limit {
            // Spare blocks are not needed by anything.
            while self.spare != END {
                let number = self.spare;
                self.spare = self.blocks[number as usize].next;
                self.spare_count -= 1;
                self.make_vacant(number);
            }
            if self.bytes.saturating_add(size) > limit {
                return Err(LimitError::Limit);
            }
        }
        let number = self.add_number().ok_or(LimitError::Allocation)?;
        let block = &mut self.blocks[number as usize];
        if !block.make_large(size) {
            self.make_vacant(number);
            return Err(LimitError::Allocation);
        }
        self.bytes += size;
        self.handed += size;
        self.bases[number as usize] = block.base();
        Ok(ObjectRef(number << BLOCK_BITS))
    }

    /// Creates a structure whose fields are zero and null.
    ///
    /// # Errors
    ///
    /// An error if the heap would take more than `limit` bytes, or there is no memory.
    pub fn new_struct(&mut self, ty: TypeId, limit: usize) -> Result<ObjectRef, LimitError> {
        let bytes = self.layout(ty).size;
        self.allocate(ty, bytes.into(), limit)
    }

    /// Creates an array whose elements are zero or null.
    ///
    /// # Errors
    ///
    /// As for [`Objects::new_struct`].
    pub fn new_array(
        &mut self,
        ty: TypeId,
        len: u32,
        limit: usize,
    ) -> Result<ObjectRef, LimitError> {
        let bytes = self.layout(ty).array_size(len);
        let array = self.allocate(ty, bytes, limit)?;
        // SAFETY: an array has its length in the second word.
        unsafe { self.address(array).cast::<u32>().add(1).write(len) };
        Ok(array)
    }

    // --- access ---

    /// Returns the address of an object.
    fn address(&self, object: ObjectRef) -> *mut u8 {
        let (block, offset) = split(object);
        self.bases[block].wrapping_add(offset as usize)
    }

    /// Returns the type of an object.
    pub fn type_of(&self, object: ObjectRef) -> TypeId {
        // SAFETY: H5: references are those of live objects, which begin with their type.
        TypeId(unsafe { *self.address(object).cast::<u32>() })
    }

    /// Returns the layout of an object.
    pub fn layout_of(&self, object: ObjectRef) -> &ObjectLayout {
        self.layout(self.type_of(object))
    }

    /// Returns the number of elements of an array.
    ///
    /// # Panics
    ///
    /// If the object is no array.
    pub fn array_len(&self, array: ObjectRef) -> u32 {
        assert_eq!(self.layout_of(array).kind, CompositeKind::Array);
        // SAFETY: an array has its length in the second word.
        unsafe { *self.address(array).cast::<u32>().add(1) }
    }

    /// Returns the number of bytes of an object.
    pub fn size_of(&self, object: ObjectRef) -> u64 {
        let layout = self.layout_of(object);
        match layout.kind {
            CompositeKind::Array => layout.array_size(self.array_len(object)),
            _ => layout.size.into(),
        }
    }

    // --- the host's numbers of objects ---

    /// Records that the host may have a reference to an object as a number.
    pub fn see(&mut self, ObjectRef(object): ObjectRef) {
        self.seen.insert(object);
    }

    /// Returns whether a number is the reference to a live object that the host has seen.
    pub fn is_live(&self, ObjectRef(object): ObjectRef) -> bool {
        self.seen.contains(&object)
    }

    // --- marking ---

    /// Begins or ends marking: handlers report the references that they write, or no longer do.
    pub fn set_marking(&mut self, is_marking: bool) {
        // SAFETY: H1 keeps the core alive; H2.
        unsafe {
            (*self.core()).is_marking = is_marking.into();
            (*self.core()).shaded_len = 0;
        }
    }

    /// Returns whether references that are written to objects must be marked.
    pub fn is_marking(&self) -> bool {
        // SAFETY: H1 keeps the core alive; H2.
        unsafe { (*self.core()).is_marking != 0 }
    }

    /// Takes a reference that was written to an object while the collector marked.
    pub fn take_shaded(&mut self) -> Option<u32> {
        // SAFETY: H1 keeps the core alive; H2.
        unsafe {
            let core = self.core();
            let len = (*core).shaded_len.checked_sub(1)?;
            (*core).shaded_len = len;
            Some((*core).shaded[len as usize])
        }
    }

    /// Marks an object. Returns whether it was not marked before.
    #[inline]
    pub fn mark(&mut self, object: ObjectRef) -> bool {
        let (block, offset) = split(object);
        self.blocks[block].mark(offset)
    }

    /// Returns the first marked object from block `block` and an offset in it on, in that block.
    pub fn next_marked(&mut self, block: usize, offset: u32) -> Option<ObjectRef> {
        let offset = self.blocks.get_mut(block)?.next_marked(offset)?;
        Some(ObjectRef((block as u32) << BLOCK_BITS | offset))
    }

    /// Returns the number of block numbers.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// Visits the references in an object, from item `from` of those that the collector visits on,
    /// at most `most`. Marks objects, and adds those that were not marked before to `grey`. Returns
    /// the number of the next item, if there are more.
    pub fn trace(
        &mut self,
        object: ObjectRef,
        from: u32,
        most: u32,
        grey: &mut MarkStack,
        mut other: impl FnMut(Reference),
    ) -> Option<u32> {
        let layout: *const ObjectLayout = self.layout_of(object);
        // SAFETY: `layouts` keeps it alive.
        let layout = unsafe { &*layout };
        let address = self.address(object);
        let mut visit = |storage, offset| {
            let address = address.wrapping_add(offset);
            let [bits, _] = FieldPlace { address, storage }.get();
            match reference_in(storage, bits) {
                Some(Reference::Object(object)) if self.mark(object) => grey.push(object),
                Some(Reference::Object(_)) | None => {}
                Some(reference) => other(reference),
            }
        };
        if layout.traced.is_empty() {
            return None;
        }
        let from = from as usize;
        if layout.kind != CompositeKind::Array {
            let end = (from + most as usize).min(layout.traced.len());
            for field in &layout.traced[from..end] {
                visit(field.storage, field.offset as usize);
            }
            return (end < layout.traced.len()).then_some(end as u32);
        }
        // SAFETY: an array has its length in the second word.
        let len = unsafe { *address.cast::<u32>().add(1) } as usize;
        let end = (from + most as usize).min(len);
        let storage = layout.element();
        let size = storage.size() as usize;
        for index in from..end {
            visit(storage, ARRAY_HEADER as usize + index * size);
        }
        (end < len).then_some(end as u32)
    }

    /// Removes all marks, of a collection that is given up.
    pub fn clear_marks(&mut self) {
        for block in &mut self.blocks {
            block.clear_marks();
        }
        self.set_marking(false);
    }

    /// Returns the number of bytes of all cells that are not free. All blocks must have been swept.
    #[cfg(test)]
    pub fn live_bytes(&self) -> usize {
        self.sum_live(|class| SIZES[class] as usize, Block::bytes)
    }

    /// Returns the number of objects. All blocks must have been swept.
    pub fn live_count(&self) -> usize {
        self.sum_live(|_| 1, |_| 1)
    }

    /// Returns the sum of a number for each cell of a size class that is not free and one for each
    /// block of a large object.
    fn sum_live(&self, cell: impl Fn(usize) -> usize, large: impl Fn(&Block) -> usize) -> usize {
        let (mut used, mut listed) = (0, 0);
        // SAFETY: H1 keeps the core alive; H2.
        let lists = unsafe { (*self.core()).free };
        for (class, mut free) in lists.into_iter().enumerate() {
            while free != 0 {
                listed += cell(class);
                // SAFETY: a free cell begins with the next one.
                free = unsafe { *self.address(ObjectRef(free)).cast::<u32>() };
            }
        }
        for block in &self.blocks {
            used += match block.purpose {
                Use::Small(class) => {
                    block.used_cells(SIZES[class as usize]) as usize * cell(class as usize)
                }
                Use::Large { .. } => large(block),
                Use::Vacant | Use::Spare => 0,
            };
        }
        used - listed
    }

    // --- sweeping ---

    /// Ends marking: everything that is not marked is free from now on.
    pub fn begin_sweep(&mut self) {
        self.set_marking(false);
        let blocks = &mut self.blocks;
        self.seen.retain(|&object| {
            let (block, offset) = split(ObjectRef(object));
            blocks[block].is_marked(offset)
        });
        self.sweeps += 1;
        // SAFETY: H1 keeps the core alive; H2.
        unsafe { (*self.core()).free = [0; CLASSES] };
        self.lists = [Lists::default(); CLASSES];
        for number in (0..self.blocks.len()).rev() {
            let block = &mut self.blocks[number];
            match &mut block.purpose {
                &mut Use::Small(class) => {
                    block.next = self.lists[class as usize].unswept;
                    self.lists[class as usize].unswept = number as u32;
                }
                Use::Large { unswept, .. } => *unswept = true,
                Use::Vacant | Use::Spare => {}
            }
        }
    }

    /// Returns the number of sweeps that have begun. While it is the same, all objects are live that
    /// were reachable before.
    pub fn sweeps(&self) -> u64 {
        self.sweeps
    }

    /// Sweeps a block. Returns false if all are swept.
    pub fn sweep_one(&mut self, cursor: &mut SweepCursor) -> bool {
        while cursor.class < CLASSES {
            let Some(number) = self.take_unswept(cursor.class) else {
                cursor.class += 1;
                continue;
            };
            let block = &mut self.blocks[number as usize];
            if block.is_unmarked() {
                self.add_spare(number);
            } else {
                block.sweep(number, cursor.class as u8);
                if block.has_free() {
                    block.next = self.lists[cursor.class].ready;
                    self.lists[cursor.class].ready = number;
                }
            }
            return true;
        }
        while cursor.block < self.blocks.len() {
            let number = cursor.block;
            cursor.block += 1;
            if let Use::Large {
                marked,
                unswept: true,
            } = self.blocks[number].purpose
            {
                if marked {
                    self.blocks[number].purpose = Use::Large {
                        marked: false,
                        unswept: false,
                    };
                } else {
                    self.make_vacant(number as u32);
                }
                return true;
            }
        }
        false
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // SAFETY: the core came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
    }
}

#[cfg(test)]
mod tests;
