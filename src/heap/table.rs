//! Tables of references.

use super::limits::LimitError;
use crate::module::TableType;
use crate::support::raw::RawBytes;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The part of a table that handlers read (see H1 to H3).
#[derive(Debug)]
#[repr(C)]
pub struct TableCore {
    /// The first element: a reference as H4 describes it.
    pub elements: *mut u32,
    /// The number of elements.
    pub len: usize,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    core: NonNull<UnsafeCell<TableCore>>,
    bytes: RawBytes,
    ty: TableType,
}

impl Table {
    /// A table of its type's minimal size, all elements `init`.
    pub fn new(ty: TableType, init: u32) -> Result<Table, LimitError> {
        let len = byte_len(ty.minimum).ok_or(LimitError::Allocation)?;
        let bytes = RawBytes::zeroed(len).ok_or(LimitError::Allocation)?;
        let core = TableCore {
            elements: bytes.as_ptr().cast(),
            len: len / SIZE,
        };
        let core = NonNull::from(Box::leak(Box::new(UnsafeCell::new(core))));
        let mut table = Table { core, bytes, ty };
        if init != 0 {
            table.elements_mut().fill(init);
        }
        Ok(table)
    }

    /// The address of its core, stable for the store's life (H1).
    pub fn core(&self) -> *mut TableCore {
        UnsafeCell::raw_get(self.core.as_ptr())
    }

    /// Its type, as declared.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// Its number of elements.
    pub fn size(&self) -> u64 {
        (self.bytes.len() / SIZE) as u64
    }

    /// The number of elements that its type allows at the most.
    pub fn maximum(&self) -> u64 {
        let addressable = if self.ty.table64 {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        self.ty.maximum.unwrap_or(u64::MAX).min(addressable)
    }

    /// Grows to `size` elements, the new ones `init`. The caller has asked the limiter
    /// and checked [`Table::maximum`].
    pub fn grow_to(&mut self, size: u64, init: u32) -> Result<(), LimitError> {
        let old = self.elements().len();
        let len = byte_len(size).ok_or(LimitError::Allocation)?;
        if !self.bytes.grow_zeroed(len) {
            return Err(LimitError::Allocation);
        }
        let core = TableCore {
            elements: self.bytes.as_ptr().cast(),
            len: len / SIZE,
        };
        // SAFETY: H1 keeps the core alive; H2: no reference to it is held elsewhere.
        unsafe { *self.core() = core };
        if init != 0 {
            self.elements_mut()[old..].fill(init);
        }
        Ok(())
    }

    /// Its elements.
    pub fn elements(&self) -> &[u32] {
        // SAFETY: H3; the store that owns this table is borrowed, so no handler runs.
        unsafe { core::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.bytes.len() / SIZE) }
    }

    /// Its elements, to change.
    pub fn elements_mut(&mut self) -> &mut [u32] {
        // SAFETY: as for `elements`, and the store is borrowed mutably.
        unsafe {
            core::slice::from_raw_parts_mut(self.bytes.as_ptr().cast(), self.bytes.len() / SIZE)
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: the core came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
    }
}

const SIZE: usize = size_of::<u32>();

fn byte_len(elements: u64) -> Option<usize> {
    usize::try_from(elements)
        .ok()?
        .checked_mul(SIZE)
        .filter(|&bytes| isize::try_from(bytes).is_ok())
}
