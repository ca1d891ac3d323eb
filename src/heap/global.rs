//! Globals.

use crate::module::{GlobalType, ValBits};
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The value of a global.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct GlobalCell {
    /// Bits of the value, as in stack slots.
    pub bits: ValBits,
}

/// A global.
#[derive(Debug)]
pub struct Global {
    cell: NonNull<UnsafeCell<GlobalCell>>,
    ty: GlobalType,
}

impl Global {
    /// Creates a global with a first value.
    pub fn new(ty: GlobalType, bits: ValBits) -> Global {
        let cell = UnsafeCell::new(GlobalCell { bits });
        Global {
            cell: NonNull::from(Box::leak(Box::new(cell))),
            ty,
        }
    }

    /// Returns the address of its cell, which is stable for the store's life (H1).
    pub fn cell(&self) -> *mut GlobalCell {
        UnsafeCell::raw_get(self.cell.as_ptr())
    }

    /// Returns its type.
    pub fn ty(&self) -> &GlobalType {
        &self.ty
    }

    /// Returns its value's bits.
    pub fn get(&self) -> ValBits {
        // SAFETY: H1 keeps the cell alive; H2.
        unsafe { (*self.cell()).bits }
    }

    /// Sets its value. The caller has checked the type and the mutability.
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
