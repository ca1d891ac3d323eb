//! Tables of references.

use super::limits::LimitError;
use crate::module::TableType;
use crate::support::raw::RawBytes;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ops::Range;
use core::ptr::NonNull;

/// The part of a table that handlers read (see H1 to H3).
#[derive(Debug)]
#[repr(C)]
pub struct TableCore {
    /// Address of the first element. Elements are references (H4): 64 bits each if they refer to
    /// continuations, and 32 bits otherwise.
    pub elements: *mut u32,
    /// Number of elements.
    pub len: usize,
    /// A byte for each card of 2^[`CARD`] elements. It is not zero if one of them was written
    /// since the collector last visited the card.
    pub cards: *mut u8,
}

/// Base-2 logarithm of the number of elements of a card.
pub const CARD: u32 = 9;

/// A table.
#[derive(Debug)]
pub struct Table {
    core: NonNull<UnsafeCell<TableCore>>,
    bytes: RawBytes,
    cards: RawBytes,
    ty: TableType,
}

impl Table {
    /// Creates a table of its type's minimum size, with elements `init`.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn new(ty: TableType, init: u64) -> Result<Table, LimitError> {
        let size = element_size(&ty);
        let len = byte_len(ty.minimum, size).ok_or(LimitError::Allocation)?;
        let bytes = RawBytes::zeroed(len).ok_or(LimitError::Allocation)?;
        let cards = RawBytes::zeroed(cards(len / size)).ok_or(LimitError::Allocation)?;
        let core = TableCore {
            elements: bytes.as_ptr().cast(),
            len: len / size,
            cards: cards.as_ptr(),
        };
        let core = NonNull::from(Box::leak(Box::new(UnsafeCell::new(core))));
        let mut table = Table {
            core,
            bytes,
            cards,
            ty,
        };
        if init != 0 {
            table.fill(0..table.len(), init);
        }
        Ok(table)
    }

    /// Copies the table for the fork of its store.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate the copy.
    pub(super) fn fork(&self) -> Result<Table, LimitError> {
        let bytes = self.bytes.try_clone().ok_or(LimitError::Allocation)?;
        let cards = self.cards.try_clone().ok_or(LimitError::Allocation)?;
        let core = TableCore {
            elements: bytes.as_ptr().cast(),
            len: self.len(),
            cards: cards.as_ptr(),
        };
        Ok(Table {
            core: NonNull::from(Box::leak(Box::new(UnsafeCell::new(core)))),
            bytes,
            cards,
            ty: self.ty,
        })
    }

    /// Returns the address of its core, which is stable for the store's life (H1).
    pub fn core(&self) -> *mut TableCore {
        UnsafeCell::raw_get(self.core.as_ptr())
    }

    /// Returns its type, as declared.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// Returns the number of elements.
    pub fn size(&self) -> u64 {
        self.len() as u64
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / element_size(&self.ty)
    }

    /// Returns the maximum number of elements that its type allows.
    pub fn maximum(&self) -> u64 {
        let addressable = if self.ty.table64 {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        self.ty.maximum.unwrap_or(u64::MAX).min(addressable)
    }

    /// Grows to `size` elements. New elements are `init`. The caller has checked the limiter and
    /// [`Table::maximum`].
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn grow_to(&mut self, size: u64, init: u64) -> Result<(), LimitError> {
        let old = self.len();
        let len = byte_len(size, element_size(&self.ty)).ok_or(LimitError::Allocation)?;
        // The cards first: if there is no memory for the elements, additional cards do no harm.
        let cards = cards(len / element_size(&self.ty)).max(self.cards.len());
        if !self.cards.grow_zeroed(cards) {
            return Err(LimitError::Allocation);
        }
        let grown = self.bytes.grow_zeroed(len);
        let core = TableCore {
            elements: self.bytes.as_ptr().cast(),
            len: self.len(),
            cards: self.cards.as_ptr(),
        };
        // SAFETY: H1 keeps the core alive; H2: no reference to it is held elsewhere.
        unsafe { *self.core() = core };
        if !grown {
            return Err(LimitError::Allocation);
        }
        if init != 0 {
            self.fill(old..self.len(), init);
        }
        Ok(())
    }

    /// Returns an element, or `None` out of bounds.
    pub fn get(&self, index: usize) -> Option<u64> {
        match self.elements() {
            Elements::Narrow(elements) => elements.get(index).copied().map(u64::from),
            Elements::Wide(elements) => elements.get(index).copied(),
        }
    }

    /// Sets an element.
    ///
    /// # Panics
    ///
    /// If `index` is out of bounds.
    pub fn set(&mut self, index: usize, bits: u64) {
        self.fill(index..index + 1, bits);
    }

    /// Sets a range of elements.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds.
    pub fn fill(&mut self, range: Range<usize>, bits: u64) {
        self.mark_cards(range.clone());
        match self.elements_mut() {
            ElementsMut::Narrow(elements) => elements[range].fill(bits as u32),
            ElementsMut::Wide(elements) => elements[range].fill(bits),
        }
    }

    /// Copies a range of elements to others of the same table, from element `to` on.
    ///
    /// # Panics
    ///
    /// If one of the ranges is out of bounds.
    pub fn copy_within(&mut self, range: Range<usize>, to: usize) {
        self.mark_cards(to..to + range.len());
        match self.elements_mut() {
            ElementsMut::Narrow(elements) => elements.copy_within(range, to),
            ElementsMut::Wide(elements) => elements.copy_within(range, to),
        }
    }

    /// Copies a range of elements of another table, whose type matches, to the elements from `to`
    /// on.
    ///
    /// # Panics
    ///
    /// If one of the ranges is out of bounds.
    pub fn copy_from(&mut self, to: usize, from: &Table, range: Range<usize>) {
        let to = to..to + range.len();
        self.mark_cards(to.clone());
        match (self.elements_mut(), from.elements()) {
            (ElementsMut::Narrow(elements), Elements::Narrow(from)) => {
                elements[to].copy_from_slice(&from[range]);
            }
            (ElementsMut::Wide(elements), Elements::Wide(from)) => {
                elements[to].copy_from_slice(&from[range]);
            }
            _ => unreachable!("references of one kind have one size"),
        }
    }

    /// Returns the number of cards.
    pub fn cards(&self) -> usize {
        self.cards.len()
    }

    /// Returns the elements of a card: none if it begins after the last element.
    pub fn elements_of_card(&self, card: usize) -> Range<usize> {
        let end = ((card + 1) << CARD).min(self.len());
        (card << CARD).min(end)..end
    }

    /// Clears the dirty bit of a card, and returns whether it was set.
    pub fn clean_card(&mut self, card: usize) -> bool {
        core::mem::replace(&mut self.cards_mut()[card], 0) != 0
    }

    /// Sets the dirty bits of the cards of a range of elements.
    fn mark_cards(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.cards_mut()[range.start >> CARD..=(range.end - 1) >> CARD].fill(1);
        }
    }

    fn cards_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `elements_mut`.
        unsafe { core::slice::from_raw_parts_mut(self.cards.as_ptr(), self.cards.len()) }
    }

    fn elements(&self) -> Elements<'_> {
        let (start, len) = (self.bytes.as_ptr(), self.len());
        // SAFETY: H3; the store that owns this table is borrowed, so no handler runs.
        unsafe {
            if is_wide(&self.ty) {
                Elements::Wide(core::slice::from_raw_parts(start.cast(), len))
            } else {
                Elements::Narrow(core::slice::from_raw_parts(start.cast(), len))
            }
        }
    }

    fn elements_mut(&mut self) -> ElementsMut<'_> {
        let (start, len) = (self.bytes.as_ptr(), self.len());
        // SAFETY: as for `elements`, and the store is borrowed mutably.
        unsafe {
            if is_wide(&self.ty) {
                ElementsMut::Wide(core::slice::from_raw_parts_mut(start.cast(), len))
            } else {
                ElementsMut::Narrow(core::slice::from_raw_parts_mut(start.cast(), len))
            }
        }
    }
}

enum Elements<'a> {
    Narrow(&'a [u32]),
    Wide(&'a [u64]),
}

enum ElementsMut<'a> {
    Narrow(&'a mut [u32]),
    Wide(&'a mut [u64]),
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: the core came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
    }
}

fn is_wide(ty: &TableType) -> bool {
    ty.element.heap.is_wide()
}

fn element_size(ty: &TableType) -> usize {
    if is_wide(ty) {
        size_of::<u64>()
    } else {
        size_of::<u32>()
    }
}

/// Returns the number of cards for a number of elements.
fn cards(elements: usize) -> usize {
    elements.div_ceil(1 << CARD)
}

fn byte_len(elements: u64, size: usize) -> Option<usize> {
    usize::try_from(elements)
        .ok()?
        .checked_mul(size)
        .filter(|&bytes| isize::try_from(bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::{HeapType, RefType};
    use alloc::vec::Vec;

    #[test]
    fn elements_are_as_wide_as_their_references() {
        for (heap, bits, read) in [
            (HeapType::Func, 7, 7),
            (HeapType::Exn, u64::from(u32::MAX), u64::from(u32::MAX)),
            (HeapType::NoCont, 5 << 32 | 3, 5 << 32 | 3),
            (HeapType::Cont, u64::MAX, u64::MAX),
        ] {
            let element = RefType {
                nullable: true,
                heap,
            };
            let ty = TableType {
                element,
                minimum: 3,
                maximum: None,
                table64: false,
            };
            let mut table = Table::new(ty, bits).unwrap();
            table.set(1, 0);
            table.grow_to(6, 0).unwrap();
            table.copy_within(0..2, 4);
            let mut other = Table::new(ty, 0).unwrap();
            other.copy_from(1, &table, 1..3);
            let all = |table: &Table| (0..6).map_while(|at| table.get(at)).collect::<Vec<_>>();
            assert_eq!(all(&table), [read, 0, read, 0, read, 0]);
            assert_eq!(all(&other), [0, 0, read]);
            assert_eq!(table.size(), 6);
        }
    }
}
