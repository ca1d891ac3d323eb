//! Atomic instructions.

use super::function::Function;
use super::memory::memory_of;
use super::operand::Kind;
use crate::code::cells::{AtomicFence, MemoryAtomicNotify, MemoryAtomicWait32, MemoryAtomicWait64};
use crate::code::{AtomicAddress, Family, ModuleMemory, NearSlot, Op};
use wasmparser::MemArg;

/// The atomic instructions on 64-bit integers that an op on 32-bit integers carries out.
pub const NARROW_ATOMICS: &[(&str, Op)] = &[
    ("I64AtomicLoad8U", Op::I32AtomicLoad8U),
    ("I64AtomicLoad16U", Op::I32AtomicLoad16U),
    ("I64AtomicLoad32U", Op::I32AtomicLoad),
    ("I64AtomicStore8", Op::I32AtomicStore8),
    ("I64AtomicStore16", Op::I32AtomicStore16),
    ("I64AtomicStore32", Op::I32AtomicStore),
    ("I64AtomicRmw8AddU", Op::I32AtomicRmw8AddU),
    ("I64AtomicRmw16AddU", Op::I32AtomicRmw16AddU),
    ("I64AtomicRmw32AddU", Op::I32AtomicRmwAdd),
    ("I64AtomicRmw8SubU", Op::I32AtomicRmw8SubU),
    ("I64AtomicRmw16SubU", Op::I32AtomicRmw16SubU),
    ("I64AtomicRmw32SubU", Op::I32AtomicRmwSub),
    ("I64AtomicRmw8AndU", Op::I32AtomicRmw8AndU),
    ("I64AtomicRmw16AndU", Op::I32AtomicRmw16AndU),
    ("I64AtomicRmw32AndU", Op::I32AtomicRmwAnd),
    ("I64AtomicRmw8OrU", Op::I32AtomicRmw8OrU),
    ("I64AtomicRmw16OrU", Op::I32AtomicRmw16OrU),
    ("I64AtomicRmw32OrU", Op::I32AtomicRmwOr),
    ("I64AtomicRmw8XorU", Op::I32AtomicRmw8XorU),
    ("I64AtomicRmw16XorU", Op::I32AtomicRmw16XorU),
    ("I64AtomicRmw32XorU", Op::I32AtomicRmwXor),
    ("I64AtomicRmw8XchgU", Op::I32AtomicRmw8XchgU),
    ("I64AtomicRmw16XchgU", Op::I32AtomicRmw16XchgU),
    ("I64AtomicRmw32XchgU", Op::I32AtomicRmwXchg),
    ("I64AtomicRmw8CmpxchgU", Op::I32AtomicRmw8CmpxchgU),
    ("I64AtomicRmw16CmpxchgU", Op::I32AtomicRmw16CmpxchgU),
    ("I64AtomicRmw32CmpxchgU", Op::I32AtomicRmwCmpxchg),
];

impl Function<'_> {
    /// An atomic store.
    pub fn atomic_store(&mut self, op: Op, memarg: &MemArg) {
        let [base, value] = self.operand_slots();
        let at = address(base, memarg);
        self.values.assembler.emit_atomic_store(op, at, value);
    }

    /// An atomic load, or an operation on a value in memory, whose op is a row with a body.
    pub fn atomic_access(&mut self, op: Op, result: Kind, memarg: &MemArg) {
        let class = result.class();
        let cell = match op.family() {
            Family::AtomicLoad => {
                let [base] = self.operand_slots();
                let at = address(base, memarg);
                self.values.free_acc(class);
                self.values.assembler.emit_atomic_load(op, at)
            }
            Family::AtomicUpdate => {
                let [base, value] = self.operand_slots();
                let at = address(base, memarg);
                self.values.free_acc(class);
                self.values.assembler.emit_atomic_update(op, at, value)
            }
            _ => {
                let [base, expected, value] = self.operand_slots();
                let at = address(base, memarg);
                self.values.free_acc(class);
                let assembler = &mut self.values.assembler;
                assembler.emit_atomic_exchange(op, at, expected, value)
            }
        };
        self.values.push_acc(result, cell);
    }

    /// Pops operands and returns their slots, as fields of the next cell.
    fn operand_slots<const N: usize>(&mut self) -> [NearSlot; N] {
        let mut slots = [0; N];
        // The topmost operand may be in the accumulator, which copies of the others change.
        for slot in slots.iter_mut().rev() {
            let operand = self.values.pop();
            *slot = self.values.slot(&operand);
        }
        let mut scratch = 0;
        slots.map(|slot| {
            scratch += 1;
            self.values.source(slot, scratch)
        })
    }

    /// `atomic.fence`.
    pub fn atomic_fence(&mut self) {
        self.values.assembler.emit(AtomicFence {});
    }

    /// `memory.atomic.notify`.
    pub fn atomic_notify(&mut self, memarg: &MemArg) {
        let (memory, offset) = (ModuleMemory(memory_of(memarg)), memarg.offset);
        self.service(2, Some(Kind::I32), |operands| MemoryAtomicNotify {
            operands,
            memory,
            offset,
        });
    }

    /// `memory.atomic.wait32`.
    pub fn atomic_wait32(&mut self, memarg: &MemArg) {
        let (memory, offset) = (ModuleMemory(memory_of(memarg)), memarg.offset);
        self.waiting_service(3, Kind::I32, |operands| MemoryAtomicWait32 {
            operands,
            memory,
            offset,
        });
    }

    /// `memory.atomic.wait64`.
    pub fn atomic_wait64(&mut self, memarg: &MemArg) {
        let (memory, offset) = (ModuleMemory(memory_of(memarg)), memarg.offset);
        self.waiting_service(3, Kind::I32, |operands| MemoryAtomicWait64 {
            operands,
            memory,
            offset,
        });
    }
}

/// Returns the address that a base in a slot and the immediate of an instruction form.
fn address(base: NearSlot, memarg: &MemArg) -> AtomicAddress {
    AtomicAddress {
        base,
        memory: ModuleMemory(memory_of(memarg)),
        offset: memarg.offset,
    }
}
