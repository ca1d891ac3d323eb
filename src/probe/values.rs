//! The values of frames that do not run, and new ones for them.

use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::module::{ValBits, ValType};
use crate::stack::Stack;
use crate::support::error::Result;
use crate::translate::{Kind, Source, Variable};
use crate::walk::Frame;
use crate::{ensure, format_err};
use alloc::collections::BTreeMap;
use alloc::vec;
use core::fmt;

/// A value of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameValue {
    /// The local with this index; parameters come first.
    Local(usize),
    /// The operand with this index, counted from the bottom.
    Operand(usize),
}

impl fmt::Display for FrameValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameValue::Local(index) => write!(f, "local {index}"),
            FrameValue::Operand(index) => write!(f, "operand {index}"),
        }
    }
}

/// The place of a value in a frame, which can get another one.
#[derive(Debug)]
pub struct ValuePlace {
    /// The type of the value, which is no reference.
    pub ty: ValType,
    stack: StackId,
    fp: u32,
    variable: Variable,
}

impl ValuePlace {
    /// Finds the place of a value in a frame whose stack does not run.
    ///
    /// # Errors
    ///
    /// An error if the frame has no such value, if it is a reference, if it is not in a slot of its own,
    /// if the function has not begun, or if there is no memory.
    pub fn find(store: &StoreInner, frame: &Frame, value: FrameValue) -> Result<ValuePlace> {
        let module = store.instance(frame.instance).module();
        let unknown = || format_err!("the frame's instruction is not known");
        let wasm = frame.module_offset(module).ok_or_else(unknown)?;
        let map = frame.map(module, &[wasm])?;
        ensure!(
            frame.is_call || !map.entry().contains(&frame.code_offset),
            "the function has not begun"
        );
        let operands = map.operands(wasm, frame.is_call).ok_or_else(unknown)?;
        let mut types = module.operand_types(&BTreeMap::from([(frame.function, vec![wasm])]))?;
        let types = types.remove(&frame.function).ok_or_else(unknown)?;
        let site = types.instructions.get(&wasm).ok_or_else(unknown)?;
        let (variables, types, index) = match value {
            FrameValue::Local(index) => (map.locals(), &types.locals, index),
            FrameValue::Operand(index) => (operands, &site.before, index),
        };
        let (Some(&variable), Some(&ty)) = (variables.get(index), types.get(index)) else {
            return Err(format_err!("the frame has no {value}"));
        };
        ensure!(
            !matches!(ty, ValType::Ref(_)),
            "{value} is a reference, which cannot be set"
        );
        let Source::Slot(slot) = variable.source else {
            return Err(format_err!("{value} is not in a slot, and cannot be set"));
        };
        let locals = map.locals().iter().enumerate();
        let locals = locals.map(|(at, local)| (FrameValue::Local(at), local));
        let operands = operands.iter().enumerate();
        let operands = operands.map(|(at, operand)| (FrameValue::Operand(at), operand));
        let other = locals
            .chain(operands)
            .find(|(other, variable)| *other != value && reads(variable.source, slot));
        if let Some((other, _)) = other {
            return Err(format_err!(
                "{value} is in the same slot as {other} here, and cannot be set"
            ));
        }
        Ok(ValuePlace {
            ty,
            stack: StackId(frame.stack),
            fp: frame.fp,
            variable,
        })
    }

    /// Sets the value.
    pub fn set(&self, store: &mut StoreInner, bits: ValBits) {
        let stack = store.stacks.stack_mut(self.stack);
        write(stack, self.fp, &self.variable, bits);
    }
}

/// Returns whether a value depends on a slot.
fn reads(source: Source, slot: i32) -> bool {
    match source {
        Source::Slot(at) | Source::AccumulatorSum(at) => at == slot,
        Source::Sum(a, b) => a == slot || b == slot,
        Source::Constant(_) | Source::Accumulator => false,
    }
}

/// Returns a value of a frame.
pub(super) fn read(stack: &Stack, fp: u32, variable: &Variable) -> ValBits {
    match variable.source {
        Source::Slot(distance) => {
            let slot = (fp as usize).wrapping_add_signed(distance as isize);
            let high = match variable.kind {
                Kind::V128 => stack.slot(slot + 1),
                _ => None,
            };
            [stack.slot(slot).unwrap_or(0), high.unwrap_or(0)]
        }
        Source::Constant(bits) => [bits, 0],
        // Nothing is in an accumulator or a sum where a program can stop.
        Source::Accumulator | Source::Sum(..) | Source::AccumulatorSum(_) => [0, 0],
    }
}

/// Sets a value of a frame, if it is in a slot.
pub(super) fn write(stack: &mut Stack, fp: u32, variable: &Variable, bits: ValBits) {
    if let Source::Slot(distance) = variable.source {
        let slot = (fp as usize).wrapping_add_signed(distance as isize);
        stack.put(slot, bits[0]);
        if variable.kind == Kind::V128 {
            stack.put(slot + 1, bits[1]);
        }
    }
}
