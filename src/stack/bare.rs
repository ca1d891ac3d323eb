//! Stacks on which no code stands, for tests of what knows nothing of code.

use super::directory::{Stack, StackState};
use super::record::{BOUNDARY_TAG, BoundaryKind, Record};
use crate::ids::StackId;
use core::ptr;

impl Stack {
    /// Makes it that of a call of the host's, or a continuation, that waits.
    pub fn lay_bare(&mut self, kind: BoundaryKind) {
        self.state = StackState::Suspended;
        // SAFETY: it has room for a boundary.
        unsafe {
            Record(self.base).write(ptr::null(), BOUNDARY_TAG);
            Record(self.base).write_boundary(kind, ptr::null_mut(), 0);
        }
        if kind == BoundaryKind::Continuation {
            self.set_other_end(self.id());
        }
    }

    /// Says of a continuation who waits for it.
    pub fn wait_for(&mut self, parent: StackId) {
        // SAFETY: there is a boundary.
        unsafe { Record(self.base).set_parent(parent, 0) };
    }
}
