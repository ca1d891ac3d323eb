//! One cell at a time, for whoever wants to look between.
//!
//! Only the loop backend comes back after a cell, so the others have no part in this and
//! pay nothing for it.

use super::dispatch::looped;
use super::driver::Linked;
use super::regs::Regs;
use crate::heap::StoreInner;

impl Linked<'_> {
    /// Runs the running stack's code until it leaves, and calls the store's hook before each
    /// cell: then all is as it is in a call of the host's, but for what has called it.
    ///
    /// # Safety
    ///
    /// X1 to X3, and the code is made of the loop's handlers.
    pub(super) unsafe fn run_by_cells(&mut self) {
        loop {
            self.leave(false);
            if let Some(mut hook) = self.store.cell_hook.take() {
                hook(self.store);
                self.store.cell_hook = Some(hook);
            }
            self.come_back();
            // SAFETY: as promised; the hook has changed nothing.
            if !unsafe { looped::step(Regs::restore(self.ctx)) } {
                return;
            }
        }
    }
}

/// Whether the cells of a store's modules can be run one at a time.
pub fn has_steps(store: &StoreInner) -> bool {
    core::ptr::eq(store.engine().handlers, &raw const super::handlers::LOOP)
}
