//! Execution of one cell at a time, for observers that read the store between cells.
//!
//! Only the loop backend returns after a cell. The other backends have no part in this and
//! pay nothing for it.

use super::chain_guard::ChainGuard;
use super::dispatch::looped;
use super::handlers;
use super::regs::Regs;
use crate::heap::StoreInner;

/// Runs the running stack's code until it exits, and calls the store's cell hook before each
/// cell. The hook sees the store as a host function does, but there is no call.
///
/// # Safety
///
/// X1 to X3, and the code is made of the loop's handlers.
pub(super) unsafe fn run_by_cells(guard: &mut ChainGuard<'_>) {
    loop {
        guard.leave(false);
        if let Some(mut hook) = guard.store.cell_hook.take() {
            hook(guard.store);
            guard.store.cell_hook = Some(hook);
        }
        guard.come_back();
        // SAFETY: as promised; the hook has changed nothing.
        if !unsafe { looped::step(Regs::restore(guard.ctx)) } {
            return;
        }
    }
}

/// Returns whether the cells of a store's modules can be run one at a time.
pub fn has_steps(store: &StoreInner) -> bool {
    core::ptr::eq(store.engine().handlers, &raw const handlers::LOOP)
}
