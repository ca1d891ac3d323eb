//! Globals.

use crate::module::GlobalType;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The value of a global: one slot, or two for a vector.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct GlobalCell {
    /// The value's bits, as in a stack slot.
    pub bits: [u64; 2],
}

/// A global.
#[derive(Debug)]
pub struct Global {
    cell: NonNull<UnsafeCell<GlobalCell>>,
    ty: GlobalType,
}

impl Global {
    /// A global with a first value.
    pub fn new(ty: GlobalType, bits: u64) -> Global {
        let cell = UnsafeCell::new(GlobalCell { bits: [bits, 0] });
        Global {
            cell: NonNull::from(Box::leak(Box::new(cell))),
            ty,
        }
    }

    /// The address of its cell, stable for the store's life (H1).
    pub fn cell(&self) -> *mut GlobalCell {
        UnsafeCell::raw_get(self.cell.as_ptr())
    }

    /// Its type.
    pub fn ty(&self) -> &GlobalType {
        &self.ty
    }

    /// Its value's bits.
    pub fn get(&self) -> u64 {
        // SAFETY: H1 keeps the cell alive; H2.
        unsafe { (*self.cell()).bits[0] }
    }

    /// All of its bits: a vector's high half stands in the second word.
    pub fn get_all(&self) -> [u64; 2] {
        // SAFETY: H1 keeps the cell alive; H2.
        unsafe { (*self.cell()).bits }
    }

    /// Changes its value. The caller has checked the type and the mutability.
    pub fn set(&mut self, bits: u64) {
        // SAFETY: H1 keeps the cell alive; H2.
        unsafe { (*self.cell()).bits[0] = bits };
    }
}

impl Drop for Global {
    fn drop(&mut self) {
        // SAFETY: the cell came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.cell.as_ptr()) });
    }
}
