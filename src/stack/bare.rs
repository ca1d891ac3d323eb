//! Stacks without frames, for tests that run no code.

use super::directory::{Stack, StackState};
use super::record::{BOUNDARY_TAG, BoundaryKind, Record};
use crate::ids::StackId;
use core::ptr;

impl Stack {
    /// Makes it the stack of a suspended call from the host or continuation.
    pub fn lay_bare(&mut self, kind: BoundaryKind) {
        self.state = StackState::Suspended;
        // SAFETY: the stack has room for a boundary.
        unsafe {
            Record(self.base).write(ptr::null(), BOUNDARY_TAG);
            Record(self.base).write_boundary(kind, ptr::null_mut(), 0);
        }
        if kind == BoundaryKind::Continuation {
            self.set_other_end(self.id());
        }
    }

    /// Sets the stack that waits for it.
    pub fn wait_for(&mut self, parent: StackId) {
        // SAFETY: a boundary is at the base.
        unsafe { Record(self.base).set_parent(parent, 0) };
    }
}
