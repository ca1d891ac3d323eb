//! Faults: accesses of running code beyond the end of a linear memory.

use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::stack::StackImage;
use crate::translate::{self, Size, Source, Variable};
use crate::walk::{Backtrace, Frame};
use core::fmt;

/// The access of a trap with [`Trap::MemoryOutOfBounds`](crate::Trap::MemoryOutOfBounds).
///
/// It is a context of the trap's error, in the words of Wasmtime.
#[derive(Debug)]
pub(super) struct MemoryFault {
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
    pub(super) fn find(store: &StoreInner) -> Option<MemoryFault> {
        let frame = Backtrace::new(store, 1).into_frames().pop()?;
        if frame.is_call {
            return None;
        }
        let instance = store.instance(frame.instance);
        let (module, function) = (instance.module(), frame.function);
        let positions = translate::frame_map(module, function, &[]).ok()?;
        let wasm = positions.wasm_offset(frame.code_offset)?;
        let map = translate::frame_map(module, function, &[wasm]).ok()?;
        let operands = map.before(wasm)?;
        let values = Values {
            stack: StackImage::new(store.stacks.stack(StackId(frame.stack)))?,
            accumulators: store.stacks.accumulators(),
            frame,
        };
        let operand = |from_top: u32| {
            let index = operands.len().checked_sub(1 + from_top as usize)?;
            values.get(&operands[index])
        };
        map.accesses(wasm).iter().find_map(|access| {
            let len = match access.size {
                Size::Bytes(bytes) => bytes,
                Size::Operand(from_top) => operand(from_top)?,
            };
            let start = u128::from(operand(access.address)?) + u128::from(access.offset);
            let memory = instance.parts().memories[access.memory as usize];
            let size = store.memory(memory).byte_size();
            (start + u128::from(len) > size as u128).then(|| MemoryFault {
                address: start.max(size as u128),
                size,
            })
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

/// The values of a frame.
struct Values {
    frame: Frame,
    stack: StackImage,
    accumulators: [u64; 3],
}

impl Values {
    fn get(&self, variable: &Variable) -> Option<u64> {
        let slot = |distance| self.stack.slot(self.frame.fp, distance);
        let sum = |a: u64, b: u64| u64::from((a as u32).wrapping_add(b as u32));
        Some(match variable.source {
            Source::Slot(distance) => slot(distance)?,
            Source::Constant(bits) => bits,
            Source::Accumulator => self.accumulators[variable.kind.class() as usize],
            Source::Sum(a, b) => sum(slot(a)?, slot(b)?),
            Source::AccumulatorSum(b) => sum(self.accumulators[0], slot(b)?),
        })
    }
}
