//! The locals and operands of one frame.

use super::coredump::extension::Value;
use super::{Frame, coredump, fault};
use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::translate::Variable;
use alloc::vec::Vec;

/// The values of a frame.
#[derive(Debug)]
pub struct FrameValues {
    /// The offset of the frame's instruction in the module.
    pub wasm: u32,
    /// The locals, parameters first.
    pub locals: Vec<Value>,
    /// The operands, lowest first.
    pub operands: Vec<Value>,
}

impl FrameValues {
    /// Reads the values of a frame whose stack does not run, before its instruction or in its call.
    /// `None` if they are not known, or if there is no memory.
    pub fn read(store: &StoreInner, frame: &Frame) -> Option<FrameValues> {
        let module = store.instance(frame.instance).module();
        let wasm = frame.module_offset(module)?;
        let map = frame.map(module, &[wasm]).ok()?;
        let operands = map.operands(wasm, frame.is_call)?;
        let stack = store.stacks.stack(StackId(frame.stack));
        let accumulators = store.stacks.accumulators();
        let value = |variable: &Variable| {
            let bits = fault::bits(variable, &accumulators, |distance| {
                stack.slot(frame.fp.checked_add_signed(distance)? as usize)
            });
            bits.map_or(Value::Missing, |bits| {
                coredump::value_of(variable.kind, bits)
            })
        };
        let mut values = FrameValues {
            wasm,
            locals: Vec::new(),
            operands: Vec::new(),
        };
        values.locals.try_reserve(map.locals().len()).ok()?;
        values.operands.try_reserve(operands.len()).ok()?;
        values.locals.extend(map.locals().iter().map(value));
        values.operands.extend(operands.iter().map(value));
        Some(values)
    }
}
