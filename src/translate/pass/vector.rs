//! Instructions on vectors.
//!
//! A vector takes two slots, the lower half first, and has an accumulator of its own.

use super::frame::far;
use super::function::Function;
use super::memory::{Address, memory_of};
use super::operand::{Class, Kind, Operand, Place};
use crate::code::cells::{
    CopyAccV128, CopyThroughV128, CopyV128, GlobalGetV128, GlobalSetV128, ReturnAccV128,
    ReturnV128, SelectV128,
};
use crate::code::{
    Assembler, FarSlot, Input, Lane, ModuleGlobal, ModuleMemory, NearSlot, Offset, Op, Scalar,
};
use wasmparser::MemArg;

/// The two words of a vector, the lower half first.
type Halves = [u64; 2];

/// Returns the words of a vector whose bytes these are.
fn halves(bytes: [u8; 16]) -> Halves {
    let bits = u128::from_le_bytes(bytes);
    [bits as u64, (bits >> 64) as u64]
}

/// Writes a copy of a vector between slots.
pub fn copy(assembler: &mut Assembler, to: NearSlot, from: NearSlot) {
    assembler.emit(CopyV128 { to, from });
}

/// Writes a copy of a vector between slots, by way of the accumulator.
pub fn copy_through(assembler: &mut Assembler, to: NearSlot, from: NearSlot) {
    assembler.emit(CopyThroughV128 { to, from });
}

/// Writes a copy of the accumulator to slots.
pub fn copy_acc(assembler: &mut Assembler, to: NearSlot) -> Offset {
    assembler.emit(CopyAccV128 { to })
}

impl Function<'_> {
    /// `v128.const`.
    pub fn vector(&mut self, bytes: [u8; 16]) {
        self.values.free_acc(Class::Vector);
        let assembler = &mut self.values.assembler;
        let cell = assembler.emit_vector(Op::V128Const, halves(bytes));
        self.values.push_acc(Kind::V128, cell);
    }

    /// Returns operands of a cell that reads at most one of them from the accumulator.
    fn vector_inputs<const N: usize>(&mut self, operands: [&Operand; N]) -> [Input; N] {
        let mut in_acc = false;
        let mut places = [Place::Acc; N];
        for (place, operand) in places.iter_mut().zip(operands) {
            *place = match self.values.place(operand) {
                Place::Acc if in_acc => Place::Slot(self.values.slot(operand)),
                place => place,
            };
            in_acc |= *place == Place::Acc;
        }
        let mut scratch = 0;
        places.map(|place| {
            scratch += 1;
            self.input_of(Class::Vector, place, scratch)
        })
    }

    /// Returns an operand of a cell, which is a scalar and no immediate.
    fn scalar_input(&mut self, operand: &Operand, scratch: usize) -> Input {
        let place = match self.values.place(operand) {
            Place::Immediate(_) => Place::Slot(self.values.slot(operand)),
            place => place,
        };
        self.input(place, scratch)
    }

    /// An op on three vectors.
    pub fn ternary(&mut self, op: Op) {
        let c = self.values.pop();
        let b = self.values.pop();
        let a = self.values.pop();
        let inputs = self.vector_inputs([&a, &b, &c]);
        self.values.free_acc(Class::Vector);
        let cell = self.values.assembler.emit_ternary(op, inputs);
        self.values.push_acc(Kind::V128, cell);
    }

    /// A shift.
    pub fn shift(&mut self, op: Op) {
        let count = self.values.pop();
        let a = self.values.pop();
        let count = match self.values.place(&count) {
            Place::Acc => Place::Slot(self.values.slot(&count)),
            place => place,
        };
        let [a] = self.vector_inputs([&a]);
        let count = self.input(count, 2);
        self.values.free_acc(Class::Vector);
        let cell = self.values.assembler.emit_shift(op, a, count);
        self.values.push_acc(Kind::V128, cell);
    }

    /// `i8x16.shuffle`.
    pub fn shuffle(&mut self, lanes: [u8; 16]) {
        let b = self.values.pop();
        let a = self.values.pop();
        let inputs = self.vector_inputs([&a, &b]);
        self.values.free_acc(Class::Vector);
        let assembler = &mut self.values.assembler;
        let cell = assembler.emit_shuffle(Op::I8x16Shuffle, inputs, halves(lanes));
        self.values.push_acc(Kind::V128, cell);
    }

    /// An instruction on one lane.
    pub fn lane(&mut self, op: Op, result: Kind, lane: u8) {
        match result {
            Kind::V128 => {
                let scalar = self.values.pop();
                let vector = self.values.pop();
                self.replace_lane(op, &vector, &scalar, lane);
            }
            _ => {
                let vector = self.values.pop();
                self.extract_lane(op, &vector, lane, result);
            }
        }
    }

    fn replace_lane(&mut self, op: Op, vector: &Operand, scalar: &Operand, lane: u8) {
        let [a] = self.vector_inputs([vector]);
        let b = self.scalar_input(scalar, 2);
        self.values.free_acc(Class::Vector);
        let cell = self.values.assembler.emit_replace_lane(op, [a, b], lane);
        self.values.push_acc(Kind::V128, cell);
    }

    /// Pushes a lane of a vector, which is read from the vector's slots: that takes no more than to
    /// read a scalar, whereas a lane of the accumulator would have to be selected when the cell runs.
    fn extract_lane(&mut self, op: Op, vector: &Operand, lane: u8, result: Kind) {
        let slot = self.values.slot(vector);
        let NearSlot(first) = self.values.source_of(Class::Vector, slot, 1);
        let place = Lane(first + lane_offset(op.operand(), lane));
        self.values.free_acc(result.class());
        let cell = self.values.assembler.emit_extract_lane(op, place);
        self.values.push_acc(result, cell);
    }

    /// `select` of vectors.
    pub fn select_vector(&mut self) {
        let condition = self.values.pop();
        let second = self.values.pop();
        let first = self.values.pop();
        let condition = self.values.slot(&condition);
        let (first, second) = (self.values.slot(&first), self.values.slot(&second));
        let condition = self.values.source(condition, 1);
        let first = self.values.source_of(Class::Vector, first, 2);
        let second = self.values.source_of(Class::Vector, second, 3);
        self.vector_result(|result| SelectV128 {
            result,
            first,
            second,
            condition,
        });
    }

    /// Pushes the vector that a cell puts into a slot as well as into the accumulator.
    fn vector_result<C: crate::code::cells::Row>(&mut self, cell: impl FnOnce(NearSlot) -> C) {
        self.values.free_acc(Class::Vector);
        self.slot_result(Kind::V128, cell);
        self.values.mirror_top();
    }

    /// `global.get` of a vector.
    pub fn global_get_vector(&mut self, global: ModuleGlobal) {
        self.vector_result(|result| GlobalGetV128 { result, global });
    }

    /// `global.set` of a vector.
    pub fn global_set_vector(&mut self, global: ModuleGlobal, value: &Operand) {
        let slot = self.values.slot(value);
        let value = self.values.source_of(Class::Vector, slot, 1);
        self.values.assembler.emit(GlobalSetV128 { value, global });
    }

    /// Returns a vector.
    pub fn return_vector(&mut self, value: &Operand, base: i32) {
        let FarSlot(to) = far(base);
        let to = NearSlot(i16::try_from(to).expect("parameters are near the record"));
        match self.values.place(value) {
            Place::Acc => self.values.assembler.emit(ReturnAccV128 { to }),
            _ => {
                let slot = self.values.slot(value);
                let from = self.values.source_of(Class::Vector, slot, 1);
                self.values.assembler.emit(ReturnV128 { to, from })
            }
        };
    }

    /// `v128.store`.
    pub fn store_vector(&mut self, op: Op, memarg: &MemArg) {
        let value = self.values.pop();
        let address = self.values.pop();
        let memory = memory_of(memarg);
        let shared = self.is_shared(memory);
        if !self.is_near(memarg) {
            let value = self.values.slot(&value);
            let address = self.values.slot(&address);
            let base = self.values.source(address, 0);
            let value = self.values.source_of(Class::Vector, value, 1);
            let (memory, offset) = (ModuleMemory(memory), memarg.offset);
            let assembler = &mut self.values.assembler;
            assembler.emit_store_any(op, base, value, memory, offset, shared);
            return;
        }
        let place = self.values.place(&value);
        let form = match self.address_in(shared, &address, memarg.offset as u32) {
            // Stores to shared memories read one of the two from an accumulator.
            Address::Based(Place::Acc, offset) if shared && place == Place::Acc => {
                Address::Based(Place::Slot(self.values.slot(&address)), offset)
            }
            form => form,
        };
        let access = self.access(form, 0);
        let value = self.input_of(Class::Vector, place, 1);
        self.values.assembler.emit_store(op, access, value, shared);
    }

    /// A load or store of a lane.
    pub fn lane_access(&mut self, lanes: &LaneAccess, memarg: &MemArg, lane: u8) {
        if lanes.stores {
            self.store_lane(lanes, memarg, lane);
        } else {
            self.load_lane(lanes, memarg, lane);
        }
    }

    /// `v128.load8_lane` and the like: a load, and a replacement of the lane by what was loaded.
    fn load_lane(&mut self, lanes: &LaneAccess, memarg: &MemArg, lane: u8) {
        let vector = self.values.pop();
        self.load(lanes.load, memarg, lanes.kind);
        let scalar = self.values.pop();
        self.replace_lane(lanes.replace, &vector, &scalar, lane);
    }

    /// `v128.store8_lane` and the like: a read of the lane, and a store of that.
    fn store_lane(&mut self, lanes: &LaneAccess, memarg: &MemArg, lane: u8) {
        // The address must be where an observer looks for it if the store traps. So it leaves the
        // accumulator before, and the vector stays on the stack while the lane is pushed above it.
        self.values.free_acc(Class::Int);
        if let Some(mapping) = &mut self.mapping {
            mapping.settled(&self.values, None);
        }
        let vector = self
            .values
            .operand(self.values.height() - Kind::V128.slots());
        self.extract_lane(lanes.extract, &vector, lane, lanes.kind);
        let value = self.values.pop();
        self.values.pop();
        let address = self.values.pop();
        let place = self.values.place(&value);
        self.store_place(lanes.store, memarg, &address, &value, place);
    }
}

/// Returns the distance of a lane from the first slot of its vector, in bytes.
fn lane_offset(ty: Scalar, lane: u8) -> i16 {
    let size = ty.size() as i16;
    let byte = i16::from(lane) * size;
    if cfg!(target_endian = "little") {
        byte
    } else {
        byte / 8 * 8 + (8 - size - byte % 8)
    }
}

/// The ops that carry out loads and stores of a lane.
pub struct LaneAccess {
    /// True if the instruction is a store.
    stores: bool,
    /// The load of a scalar.
    load: Op,
    /// The replacement of a lane.
    replace: Op,
    /// The read of a lane.
    extract: Op,
    /// The store of a scalar.
    store: Op,
    /// The kind of the scalar.
    kind: Kind,
}

impl LaneAccess {
    /// Returns the ops of an instruction, by its name in `wasmparser`.
    pub const fn of(instruction: &str) -> Option<LaneAccess> {
        use Op::*;
        let (load, replace, extract, store, kind) = match instruction.as_bytes() {
            b"V128Load8Lane" | b"V128Store8Lane" => (
                I32Load8U,
                I8x16ReplaceLane,
                I8x16ExtractLaneU,
                I32Store8,
                Kind::I32,
            ),
            b"V128Load16Lane" | b"V128Store16Lane" => (
                I32Load16U,
                I16x8ReplaceLane,
                I16x8ExtractLaneU,
                I32Store16,
                Kind::I32,
            ),
            b"V128Load32Lane" | b"V128Store32Lane" => (
                I32Load,
                I32x4ReplaceLane,
                I32x4ExtractLane,
                I32Store,
                Kind::I32,
            ),
            b"V128Load64Lane" | b"V128Store64Lane" => (
                I64Load,
                I64x2ReplaceLane,
                I64x2ExtractLane,
                I64Store,
                Kind::I64,
            ),
            _ => return None,
        };
        let name = instruction.as_bytes();
        Some(LaneAccess {
            stores: name[b"V128".len()] == b'S',
            load,
            replace,
            extract,
            store,
            kind,
        })
    }

    /// Returns whether the instruction is a store.
    pub fn stores(&self) -> bool {
        self.stores
    }

    /// Returns the number of bytes of the access.
    pub fn size(&self) -> u64 {
        self.load.operand().size()
    }
}
