//! The references in the frames of a stack.

use super::frame::{Frame, Locator};
use crate::format_err;
use crate::heap::{Reference, StoreInner, TracedFrames};
use crate::ids::StackId;
use crate::module::HeapType;
use crate::stack::{ExitPoint, RawFrames};
use crate::support::error::Error;
use crate::translate::{self, Class, Kind, Source, Variable};
use alloc::vec::Vec;

/// The places of the references of all frames at one site.
#[derive(Debug)]
struct Places {
    /// A frame at the site.
    frame: Frame,
    /// Distances of slots from a frame's record.
    slots: Vec<(HeapType, i32)>,
    /// Type of a reference in the accumulator.
    accumulator: Option<HeapType>,
}

impl Places {
    /// Finds the references that a frame needs after the call that it waits for; of the youngest frame,
    /// also the operands of its instruction.
    fn find(store: &StoreInner, frame: Frame) -> Result<Places, Error> {
        let module = store.instance(frame.instance).module();
        let missing = || {
            format_err!(
                "function {} has no frame map at its current position",
                frame.function
            )
        };
        let map = translate::frame_map(module, frame.function, &[])?;
        let wasm = map.wasm_offset(frame.code_offset).ok_or_else(missing)?;
        let map = translate::frame_map(module, frame.function, &[wasm])?;
        let operands = map.calling(wasm).filter(|_| frame.is_call);
        let operands = operands.or_else(|| map.before(wasm)).ok_or_else(missing)?;
        let mut places = Places {
            frame,
            slots: Vec::new(),
            accumulator: None,
        };
        for &Variable { kind, source } in
            map.locals().iter().chain(operands).chain(map.caught(wasm))
        {
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
                    places.slots.try_reserve(1)?;
                    places.slots.push((heap, distance));
                }
                Source::Accumulator => places.accumulator = Some(heap),
                // Null is the only reference constant, and no reference is a sum.
                Source::Constant(_) | Source::Sum(..) | Source::AccumulatorSum(_) => {}
            }
        }
        Ok(places)
    }

    /// Returns whether a frame is at the same site.
    fn are_of(&self, frame: &Frame) -> bool {
        self.frame.code_offset == frame.code_offset
            && self.frame.function == frame.function
            && self.frame.instance == frame.instance
            && self.frame.is_call == frame.is_call
    }
}

/// Number of sites whose places are kept while a stack is visited.
const KEPT: usize = 8;

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
    visit: &mut dyn FnMut(Reference),
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
    let mut locator = Locator::new();
    // Deep stacks have few distinct sites.
    let mut kept: [Option<Places>; KEPT] = [const { None }; KEPT];
    let mut frames = RawFrames::new(stack, from.unwrap_or(stack.exit));
    while traced.frames < most {
        let Some(raw) = frames.next() else {
            return Ok(traced);
        };
        let Some(frame) = Frame::new(store, id, &raw, &mut locator) else {
            continue;
        };
        let entry = &mut kept[frame.code_offset as usize % KEPT];
        let places = match entry {
            Some(places) if places.are_of(&frame) => places,
            _ => entry.insert(Places::find(store, frame)?),
        };
        let slot = |distance: i32| stack.slot(frame.fp.checked_add_signed(distance)? as usize);
        for &(heap, distance) in &places.slots {
            if let Some(reference) = slot(distance).and_then(|bits| Reference::new(heap, bits)) {
                visit(reference);
            }
        }
        if let Some(heap) = places.accumulator {
            Reference::new(heap, accumulator)
                .into_iter()
                .for_each(&mut *visit);
        }
        traced.frames += 1;
    }
    traced.next = frames.position();
    Ok(traced)
}
