//! Assembly of atomic accesses to memories.

use super::assembler::{Assembler, Offset};
use super::field::{ModuleMemory, NearSlot};
use super::input::Input;
use super::opcode::Op;
use super::shape::{
    AtomicExchangeFields, AtomicLoadFields, AtomicStoreFields, AtomicUpdateFields, Out, Spec,
};

/// The address of an atomic access, in any memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomicAddress {
    /// The slot of the base.
    pub base: NearSlot,
    /// The memory.
    pub memory: ModuleMemory,
    /// The constant that is added to the base.
    pub offset: u64,
}

impl AtomicAddress {
    /// Returns the bits of the fields for base, memory and offset.
    pub(super) fn bits(self) -> [u64; 3] {
        let base = Input::Slot(self.base).bits();
        [base, u64::from(self.memory.0), self.offset]
    }
}

impl Assembler {
    /// Writes an atomic load; the result goes to the accumulator.
    pub fn emit_atomic_load(&mut self, op: Op, at: AtomicAddress) -> Offset {
        let [base, memory, offset] = at.bits();
        let fields = AtomicLoadFields {
            result: 0,
            base,
            memory,
            offset,
        };
        self.emit_shape(op, Spec::AtomicLoad { out: Out::Acc }, fields.to_bits())
    }

    /// Writes an atomic store.
    pub fn emit_atomic_store(&mut self, op: Op, at: AtomicAddress, value: NearSlot) -> Offset {
        let [base, memory, offset] = at.bits();
        let fields = AtomicStoreFields {
            base,
            value: Input::Slot(value).bits(),
            memory,
            offset,
        };
        self.emit_shape(op, Spec::AtomicStore {}, fields.to_bits())
    }

    /// Writes an atomic operation with an operand; the former value goes to the accumulator.
    pub fn emit_atomic_update(&mut self, op: Op, at: AtomicAddress, value: NearSlot) -> Offset {
        let [base, memory, offset] = at.bits();
        let fields = AtomicUpdateFields {
            result: 0,
            base,
            value: Input::Slot(value).bits(),
            memory,
            offset,
        };
        self.emit_shape(op, Spec::AtomicUpdate { out: Out::Acc }, fields.to_bits())
    }

    /// Writes an atomic exchange on the condition that an expected value is there; the former
    /// value goes to the accumulator.
    pub fn emit_atomic_exchange(
        &mut self,
        op: Op,
        at: AtomicAddress,
        expected: NearSlot,
        value: NearSlot,
    ) -> Offset {
        let [base, memory, offset] = at.bits();
        let fields = AtomicExchangeFields {
            result: 0,
            base,
            expected: Input::Slot(expected).bits(),
            value: Input::Slot(value).bits(),
            memory,
            offset,
        };
        let spec = Spec::AtomicExchange { out: Out::Acc };
        self.emit_shape(op, spec, fields.to_bits())
    }
}
