//! Globals.

use crate::module::{GlobalType, ValBits};
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The value of a global: one slot, or two for a vector.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct GlobalCell {
    /// The value's bits, as in a stack slot.
    pub bits: ValBits,
}

/// A global.
#[derive(Debug)]
pub struct Global {
    cell: NonNull<UnsafeCell<GlobalCell>>,
    ty: GlobalType,
}

impl Global {
    /// A global with a first value.
    pub fn new(ty: GlobalType, bits: ValBits) -> Global {
        let cell = UnsafeCell::new(GlobalCell { bits });
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

    /// Returns its value's bits.
    pub fn get(&self) -> ValBits {
        // SAFETY: H1 keeps the cell alive; H2.
        unsafe { (*self.cell()).bits }
    }

    /// Changes its value. The caller has checked the type and the mutability.
    pub fn set(&mut self, bits: ValBits) {
        // SAFETY: H1 keeps the cell alive; H2.
        unsafe { (*self.cell()).bits = bits };
    }
}

impl Drop for Global {
    fn drop(&mut self) {
        // SAFETY: the cell came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.cell.as_ptr()) });
    }
}
