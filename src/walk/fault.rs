//! Faults: accesses of running code beyond the end of a linear memory.

use super::Backtrace;
use crate::heap::StoreInner;
use crate::ids::{InstanceIndex, MemoryIndex, StackId};
use crate::module::ValBits;
use crate::stack::StackImage;
use crate::translate::{Class, FrameMap, Kind, Size, Source, Variable};
use core::fmt;

/// The access of a trap with [`Trap::MemoryOutOfBounds`](crate::Trap::MemoryOutOfBounds).
///
/// It is a context of the trap's error, in the words of Wasmtime.
#[derive(Debug)]
pub struct MemoryFault {
    /// First address of the access that is beyond the end of the memory. With an offset, it may
    /// need more than 64 bits.
    address: u128,
    /// Size of the memory, in bytes.
    size: usize,
}

impl MemoryFault {
    /// Finds the access at which the youngest frame has trapped, while the frame is still on
    /// its stack.
    ///
    /// Returns `None` if the trap has another cause, such as a data segment that is too short,
    /// or if there is no memory for finding out.
    pub fn find(store: &StoreInner) -> Option<MemoryFault> {
        let frame = Backtrace::new(store, 1).into_frames().pop()?;
        if frame.is_call {
            return None;
        }
        let module = store.instance(frame.instance).module();
        let positions = frame.map(module, &[]).ok()?;
        let wasm = positions.wasm_offset(frame.code_offset)?;
        let map = frame.map(module, &[wasm]).ok()?;
        let stack = StackImage::new(store.stacks.stack(StackId(frame.stack)))?;
        let accumulators = store.stacks.accumulators();
        let value = |variable: &Variable| {
            let slot = |distance| stack.slot(frame.fp, distance);
            bits(variable, &accumulators, slot).map(|[low, _]| low)
        };
        let found = OutOfBounds::find(store, frame.instance, &map, wasm, value)?;
        let start = u128::from(found.address) + u128::from(found.offset);
        Some(MemoryFault {
            address: start.max(found.memory_size as u128),
            size: found.memory_size,
        })
    }
}

impl fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "memory fault at wasm address {:#x} in linear memory of size {:#x}",
            self.address, self.size
        )
    }
}

/// An access that is not within the bounds of its memory.
pub(super) struct OutOfBounds {
    /// Memory that is accessed.
    pub memory: MemoryIndex,
    /// Address operand of the instruction.
    pub address: u64,
    /// Offset that is added to it.
    pub offset: u64,
    /// Number of bytes.
    pub size: u64,
    /// Size of the memory, in bytes.
    pub memory_size: usize,
}

impl OutOfBounds {
    /// Finds the first access of an instruction that is out of bounds. `value` returns the bits of
    /// the instruction's operands.
    pub fn find(
        store: &StoreInner,
        instance: InstanceIndex,
        map: &FrameMap,
        wasm: u32,
        value: impl Fn(&Variable) -> Option<u64>,
    ) -> Option<OutOfBounds> {
        let operands = map.before(wasm)?;
        let operand = |from_top: u32| {
            let index = operands.len().checked_sub(1 + from_top as usize)?;
            value(&operands[index])
        };
        map.accesses(wasm).iter().find_map(|access| {
            let memory = store.instance(instance).parts().memories[access.memory as usize];
            let found = OutOfBounds {
                memory,
                address: operand(access.address)?,
                offset: access.offset,
                size: match access.size {
                    Size::Bytes(bytes) => bytes,
                    Size::Operand(from_top) => operand(from_top)?,
                },
                memory_size: store.memory(memory).byte_size(),
            };
            let end = u128::from(found.address) + u128::from(found.offset) + u128::from(found.size);
            (end > found.memory_size as u128).then_some(found)
        })
    }
}

/// Returns the bits of a value of a frame. `slot` returns the slot at a distance from the frame's
/// record.
pub(super) fn bits(
    variable: &Variable,
    accumulators: &[ValBits; Class::COUNT],
    slot: impl Fn(i32) -> Option<u64>,
) -> Option<ValBits> {
    let sum = |a: u64, b: u64| [u64::from((a as u32).wrapping_add(b as u32)), 0];
    Some(match variable.source {
        Source::Slot(distance) if variable.kind == Kind::V128 => {
            [slot(distance)?, slot(distance + 1)?]
        }
        Source::Slot(distance) => [slot(distance)?, 0],
        Source::Constant(bits) => [bits, 0],
        Source::Accumulator => accumulators[variable.kind.class() as usize],
        Source::Sum(a, b) => sum(slot(a)?, slot(b)?),
        Source::AccumulatorSum(b) => sum(accumulators[Class::Int as usize][0], slot(b)?),
    })
}
