//! Frames in which code goes on that leaves more than one frame at once.
//!
//! While code stops before each instruction, their functions get such probes too, so that no step is
//! longer than an instruction.

use super::moving::frames_from;
use super::values::read;
use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::walk::Frame;
use alloc::vec::Vec;

/// Returns the frames in which an execution may go on whose next instruction is the one of `youngest`, on
/// the stack `innermost`, if the instruction switches to another stack.
pub fn of_switch(store: &StoreInner, innermost: StackId, youngest: &Frame) -> Vec<Frame> {
    let module = store.instance(youngest.instance).module();
    let Some(wasm) = youngest.module_offset(module) else {
        return Vec::new();
    };
    if youngest.is_call || !module.switches_stacks(wasm) {
        return Vec::new();
    }
    // The stacks that wait for this one, which may handle a suspension.
    let waiting = store.stacks.stacks_from(innermost).skip(1);
    let named = named_continuation(store, youngest, wasm);
    let stacks = waiting.chain(named);
    stacks
        .filter_map(|stack| frames_from(store, stack).next())
        .collect()
}

/// Returns the innermost stack of the continuation that an instruction resumes or switches to, if it is
/// suspended.
fn named_continuation(store: &StoreInner, frame: &Frame, wasm: u32) -> Option<StackId> {
    let module = store.instance(frame.instance).module();
    let map = frame.map(module, &[wasm]).ok()?;
    let reference = map.before(wasm)?.last()?;
    let stack = store.stacks.stack(StackId(frame.stack));
    let [bits, _] = read(stack, frame.fp, reference);
    let of = store.stacks.continuation(bits)?;
    Some(store.stacks.stack(of).innermost())
}

/// Returns the frame of a stack whose record is at `fp` slots from the stack's base.
pub fn frame_at(store: &StoreInner, stack: StackId, fp: usize) -> Option<Frame> {
    let mut frames = frames_from(store, stack);
    frames.find(|frame| (frame.stack, frame.fp as usize) == (stack.0, fp))
}
