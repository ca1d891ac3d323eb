//! The references in the frames of a stack.

use super::frame::{Frame, Locator};
use crate::format_err;
use crate::heap::{Reference, StoreInner};
use crate::ids::StackId;
use crate::module::HeapType;
use crate::stack::RawFrames;
use crate::support::error::Error;
use crate::translate::{self, Class, Kind, Source, Variable};

/// Visits the references in all frames of a stack that has exited, and returns the number of
/// frames. For a frame that waits for a call, the references that it needs afterwards are
/// visited; for the youngest frame, the operands of its instruction as well.
///
/// # Errors
///
/// If a frame's map cannot be made.
pub fn trace_stack(
    store: &StoreInner,
    id: StackId,
    visit: &mut dyn FnMut(Reference),
) -> Result<usize, Error> {
    let stack = store.stacks.stack(id);
    if stack.exit.ip.is_null() {
        return Ok(0);
    }
    let mut frames = 0;
    let accumulator = store.stacks.accumulators()[Class::Int as usize][0];
    let mut locator = Locator::new();
    for raw in RawFrames::new(stack, stack.exit) {
        let Some(frame) = Frame::new(store, id, &raw, &mut locator) else {
            continue;
        };
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
        let bits = |variable: &Variable| match variable.source {
            Source::Slot(distance) => stack.slot(frame.fp.checked_add_signed(distance)? as usize),
            Source::Accumulator => Some(accumulator),
            // Null is the only reference constant, and no reference is a sum.
            Source::Constant(_) | Source::Sum(..) | Source::AccumulatorSum(_) => None,
        };
        map.locals()
            .iter()
            .chain(operands)
            .chain(map.caught(wasm))
            .filter_map(|variable| {
                let heap = match variable.kind {
                    Kind::ExternRef => HeapType::Extern,
                    Kind::ExnRef => HeapType::Exn,
                    Kind::ContRef => HeapType::Cont,
                    Kind::I32 | Kind::I64 | Kind::F32 | Kind::F64 | Kind::V128 => return None,
                    Kind::AnyRef => HeapType::Any,
                    // Functions are not collected.
                    Kind::FuncRef => return None,
                };
                Reference::new(heap, bits(variable)?)
            })
            .for_each(&mut *visit);
        frames += 1;
    }
    Ok(frames)
}
