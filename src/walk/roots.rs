//! The references in the frames of a stack.

use super::frame::{Frame, Locator};
use crate::format_err;
use crate::heap::{FrameRoots, KeptFrameRoots, StoreInner, TracedFrames};
use crate::ids::StackId;
use crate::module::HeapType;
use crate::stack::{ExitPoint, RawFrame, RawFrames};
use crate::support::error::Error;
use crate::translate::{Class, Kind, Source, Variable};

/// Finds the references that a frame needs after the call that it waits for; of the youngest frame,
/// also the operands of its instruction.
fn roots_of(store: &StoreInner, frame: Frame) -> Result<FrameRoots, Error> {
    let module = store.instance(frame.instance).module();
    let missing = || {
        format_err!(
            "function {} has no frame map at its current position",
            frame.function
        )
    };
    let map = frame.map(module, &[])?;
    let wasm = map.wasm_offset(frame.code_offset).ok_or_else(missing)?;
    let map = frame.map(module, &[wasm])?;
    let operands = map.operands(wasm, frame.is_call).ok_or_else(missing)?;
    let mut roots = FrameRoots::default();
    for &Variable { kind, source } in map.locals().iter().chain(operands).chain(map.caught(wasm)) {
        let heap = match kind {
            Kind::ExternRef => HeapType::Extern,
            Kind::ExnRef => HeapType::Exn,
            Kind::ContRef => HeapType::Cont,
            Kind::AnyRef => HeapType::Any,
            Kind::I32 | Kind::I64 | Kind::F32 | Kind::F64 | Kind::V128 => continue,
            // Functions are not collected.
            Kind::FuncRef => continue,
        };
        match source {
            Source::Slot(distance) => {
                roots.slots.try_reserve(1)?;
                roots.slots.push((heap, distance));
            }
            Source::Accumulator => roots.accumulator = Some(heap),
            // Null is the only reference constant, and no reference is a sum.
            Source::Constant(_) | Source::Sum(..) | Source::AccumulatorSum(_) => {}
        }
    }
    Ok(roots)
}

/// Finds the references of a frame, and keeps their places for others at its position. Returns the index
/// of the places; `None` if it is no frame of a function.
#[cold]
fn keep_roots_of(
    store: &StoreInner,
    stack: StackId,
    raw: &RawFrame,
    kept: &mut KeptFrameRoots,
) -> Result<Option<usize>, Error> {
    let Some(frame) = Frame::new(store, stack, raw, &mut Locator::new()) else {
        return Ok(None);
    };
    kept.keep(raw.position(), roots_of(store, frame)?).map(Some)
}

/// Visits the references in frames of a stack that has exited: in at most `most` of them, from
/// a position on, or from the youngest one. For a frame that waits for a call, the
/// references that it needs afterwards are visited; for the youngest frame, the operands of its
/// instruction as well.
///
/// # Errors
///
/// If a frame's map cannot be made.
pub fn trace_stack(
    store: &StoreInner,
    id: StackId,
    from: Option<ExitPoint>,
    most: usize,
    kept: &mut KeptFrameRoots,
    visit: &mut dyn FnMut(HeapType, u64),
) -> Result<TracedFrames, Error> {
    let stack = store.stacks.stack(id);
    let mut traced = TracedFrames {
        frames: 0,
        next: None,
    };
    if stack.exit.ip.is_null() {
        return Ok(traced);
    }
    let accumulator = store.stacks.accumulators()[Class::Int as usize][0];
    let mut frames = RawFrames::new(stack, from.unwrap_or(stack.exit));
    while traced.frames < most {
        let Some(raw) = frames.next() else {
            return Ok(traced);
        };
        let known = match kept.find(raw.position()) {
            Some(index) => Some(index),
            None => keep_roots_of(store, id, &raw, kept)?,
        };
        let Some(roots) = known.and_then(|index| kept.at(index)) else {
            continue;
        };
        let slot = |distance: i32| stack.slot(raw.fp.checked_add_signed(distance)? as usize);
        for &(heap, distance) in &roots.slots {
            if let Some(bits) = slot(distance) {
                visit(heap, bits);
            }
        }
        if let Some(heap) = roots.accumulator {
            visit(heap, accumulator);
        }
        traced.frames += 1;
    }
    traced.next = frames.position();
    Ok(traced)
}
