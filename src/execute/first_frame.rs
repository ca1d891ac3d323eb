//! The first frame of a stack.

use super::call::first_cell;
use crate::code::CodeHeader;
use crate::heap::{FuncObject, InstanceCore};
use crate::stack::{BOUNDARY_SLOTS, BOUNDARY_TAG, BoundaryKind, ExitPoint, Record, Stack};
use core::ptr;

/// Contents of a stack on which nothing has run yet: a boundary, the arguments, and, unless the
/// function is a host function, its record.
#[derive(Clone, Copy, Debug)]
pub struct FirstFrame {
    code: Option<*const CodeHeader>,
    /// Number of slots from the record on.
    extent: usize,
    param_slots: usize,
    result_slots: usize,
    instance: *mut InstanceCore,
    index: u32,
}

impl FirstFrame {
    /// Returns the first frame of a call of a function.
    pub fn of(function: &FuncObject) -> FirstFrame {
        let (code, extent) = if function.is_host() {
            (None, 0)
        } else {
            // SAFETY: the module that the entry belongs to is held by its instance.
            unsafe {
                let code: *const CodeHeader = (*function.entry).load();
                (Some(code), (*code).extent.div_ceil(size_of::<u64>()))
            }
        };
        FirstFrame {
            code,
            extent,
            param_slots: function.param_slots.into(),
            result_slots: function.result_slots.into(),
            instance: function.instance,
            index: function.index,
        }
    }

    /// Returns the number of slots that it takes, at least as many as the results need.
    pub fn slots(&self) -> usize {
        BOUNDARY_SLOTS + self.result_slots.max(self.param_slots + self.extent)
    }

    /// Writes everything but the arguments, and sets the exit point of the stack to the
    /// function's first cell, if it is one of WebAssembly. The function returns to the cell at
    /// `return_cell`.
    ///
    /// # Safety
    ///
    /// The stack has [`FirstFrame::slots`] slots.
    pub unsafe fn lay_out(&self, stack: &mut Stack, kind: BoundaryKind, return_cell: *const u64) {
        let base = stack.base;
        stack.exit = ExitPoint {
            instance: self.instance,
            ..ExitPoint::NONE
        };
        // A stub takes the function's index from the accumulator.
        stack.acc = u64::from(self.index);
        // SAFETY: the stack has room for all of this.
        unsafe {
            Record(base).write(ptr::null(), BOUNDARY_TAG);
            Record(base).write_boundary(kind, ptr::null_mut(), self.result_slots);
            if let Some(code) = self.code {
                let fp = BOUNDARY_SLOTS + self.param_slots;
                let record = base.add(fp);
                Record(record).write(return_cell, (fp * size_of::<u64>()) as u64);
                stack.exit.ip = first_cell(code);
                stack.exit.fp = fp as u32;
                stack.deliver = -((self.param_slots * size_of::<u64>()) as i32);
            }
        }
    }
}
