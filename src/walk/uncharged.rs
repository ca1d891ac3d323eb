//! The fuel of code that has ended before it was charged.

use super::frame::{Frame, Locator};
use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::stack::RawFrames;

/// Returns the fuel that the instructions since the last charge cost, in the youngest frame of a
/// stack that has exited: up to the one at which the frame stands, including it. Zero if the stack
/// has no frame.
pub fn uncharged_cost(store: &StoreInner, id: StackId) -> u32 {
    let stack = store.stacks.stack(id);
    let find = || {
        let raw = RawFrames::new(stack, stack.exit).next()?;
        let frame = Frame::new(store, id, &raw, &mut Locator::new())?;
        let module = store.instance(frame.instance).module();
        let map = frame.map(module, &[]).ok()?;
        Some(map.uncharged_cost(frame.code_offset))
    };
    find().unwrap_or_default()
}
