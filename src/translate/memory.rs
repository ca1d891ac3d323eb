//! Operators on memories, tables, globals and references.

use super::frame::far;
use super::function::Function;
use super::mapping::Source;
use super::operand::{Class, Kind, Location, Operand, Place};
use crate::code::layout::{
    LOAD_ANY, LOAD_INDEXED, Mode, STORE_ANY, STORE_FLOAT_MODES, STORE_MODES,
};
use crate::code::{Op, mode_index};
use wasmparser::{MemArg, MemArgTarget};

/// How the address of an access to memory 0 is formed.
enum Address {
    /// In a slot or accumulator, with an offset.
    Based(Place, u32),
    /// A sum of two slots or accumulators, with a small offset.
    Indexed([Place; 2], u16),
    /// Known.
    Fixed(u32),
}

/// The memory that an access goes to.
fn memory_of(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(memory) => memory,
        other => unreachable!("validation refuses accesses to {other:?}"),
    }
}

impl Function<'_> {
    /// The kind of a memory's addresses.
    pub fn memory_index(&self, memory: u32) -> Kind {
        if self.module.memories[memory as usize].memory64 {
            Kind::I64
        } else {
            Kind::I32
        }
    }

    /// The kind of a table's indices.
    pub fn table_index(&self, table: u32) -> Kind {
        if self.module.tables[table as usize].table64 {
            Kind::I64
        } else {
            Kind::I32
        }
    }

    /// Whether accesses go to memory 0 by 32-bit addresses, for which there are cells
    /// that know its base and size.
    fn is_fast(&self, memory: u32) -> bool {
        memory == 0 && self.memory_index(0) == Kind::I32
    }

    /// The address that a popped operand and an offset form.
    fn address(&mut self, operand: &Operand, offset: u32) -> Address {
        match self.values.place(operand) {
            Place::Immediate(bits) => match (bits as u32).checked_add(offset) {
                Some(address) => Address::Fixed(address),
                None => Address::Based(Place::Slot(self.values.slot(operand)), offset),
            },
            place => Address::Based(place, offset),
        }
    }

    /// As [`Function::address`], where a sum that was just formed can be part of it: an
    /// addition that was the last cell, and whose result nothing else wants.
    fn address_of_load(&mut self, operand: &Operand, offset: u32) -> Address {
        let Location::Acc(cell) = operand.location else {
            return self.address(operand, offset);
        };
        let assembler = &mut self.values.assembler;
        let Ok(small) = u16::try_from(offset) else {
            return self.address(operand, offset);
        };
        if cfg!(feature = "small") || assembler.last() != Some(cell) {
            return self.address(operand, offset);
        }
        let opcode = assembler.opcode_at(cell);
        // Variants 0 and 2 of an addition have a slot or the accumulator, and a slot.
        if opcode != Op::I32Add.variant(0) && opcode != Op::I32Add.variant(2) {
            return self.address(operand, offset);
        }
        let taken = assembler.take_back();
        let slot = |field: usize| i32::from(taken.slot(field)) / 8;
        let (first, sum) = if opcode == Op::I32Add.variant(0) {
            (Place::Slot(slot(1)), Source::Sum(slot(1), slot(2)))
        } else {
            (Place::Acc, Source::AccumulatorSum(slot(2)))
        };
        if let Some(mapping) = &mut self.mapping {
            mapping.address_is(sum);
        }
        Address::Indexed([first, Place::Slot(slot(2))], small)
    }

    /// A load.
    pub fn load(&mut self, op: Op, memarg: &MemArg, result: Kind) {
        let operand = self.values.pop();
        if !self.is_fast(memory_of(memarg)) {
            let slot = self.values.slot(&operand);
            let source = self.values.source(slot, 1);
            self.values.free_acc(result.class());
            let cell = self.values.assembler.cell(op.variant(LOAD_ANY));
            let offset = cell.offset();
            cell.field(1, source)
                .u32(12, memory_of(memarg))
                .word(2, memarg.offset);
            self.values.push_acc(result, offset);
            return;
        }
        let address = self.address_of_load(&operand, memarg.offset as u32);
        let cell = match address {
            Address::Based(Place::Slot(slot), offset) => {
                let source = self.values.source(slot, 1);
                self.values.free_acc(result.class());
                self.values
                    .assembler
                    .cell(op.variant(0))
                    .field(1, source)
                    .u32(12, offset)
            }
            Address::Based(_, offset) => {
                self.values.free_acc(result.class());
                self.values.assembler.cell(op.variant(2)).u32(12, offset)
            }
            Address::Fixed(address) => {
                self.values.free_acc(result.class());
                self.values.assembler.cell(op.variant(4)).u32(12, address)
            }
            Address::Indexed([first, second], offset) => {
                let Place::Slot(second) = second else {
                    unreachable!("the second operand of the addition was a slot")
                };
                let second = self.values.source(second, 2);
                let first = match first {
                    Place::Slot(slot) => Some(self.values.source(slot, 1)),
                    _ => None,
                };
                self.values.free_acc(result.class());
                let variant = LOAD_INDEXED + if first.is_some() { 0 } else { 2 };
                let cell = self.values.assembler.cell(op.variant(variant));
                let cell = if let Some(first) = first {
                    cell.field(1, first)
                } else {
                    cell
                };
                cell.field(2, second).u16(14, offset)
            }
        };
        let offset = cell.offset();
        self.values.push_acc(result, offset);
    }

    /// A store of an integer.
    pub fn store(&mut self, op: Op, memarg: &MemArg) {
        let value = self.values.pop();
        let address = self.values.pop();
        let place = self.values.place(&value);
        self.store_place(op, memarg, &address, &value, place);
    }

    /// A store of a float: from its accumulator by an op of its own, else as an integer.
    pub fn store_float(&mut self, op: Op, as_integer: Op, memarg: &MemArg) {
        let value = self.values.pop();
        let address = self.values.pop();
        let place = self.values.place(&value);
        if place != Place::Acc || !self.is_fast(memory_of(memarg)) {
            return self.store_place(as_integer, memarg, &address, &value, place);
        }
        let (mode, slot, immediate) = match self.address(&address, memarg.offset as u32) {
            Address::Fixed(address) => (Mode::I, None, address),
            Address::Based(_, offset) => (Mode::S, Some(self.values.slot(&address)), offset),
            Address::Indexed(..) => unreachable!("stores have no sums"),
        };
        let source = slot.map(|slot| self.values.source(slot, 0));
        let variant = STORE_FLOAT_MODES
            .iter()
            .position(|&m| m == mode)
            .unwrap_or(0);
        let cell = self.values.assembler.cell(op.variant(variant as u8));
        let cell = if let Some(source) = source {
            cell.field(0, source)
        } else {
            cell
        };
        cell.u32(12, immediate);
    }

    /// A store of a value from its place: to memory 0 by a 32-bit address, not from the
    /// accumulator of a float.
    fn store_place(
        &mut self,
        op: Op,
        memarg: &MemArg,
        address: &Operand,
        value: &Operand,
        place: Place,
    ) {
        if !self.is_fast(memory_of(memarg)) {
            let value = self.values.slot(value);
            let address = self.values.slot(address);
            let (address, value) = (self.values.source(address, 0), self.values.source(value, 1));
            let cell = self.values.assembler.cell(op.variant(STORE_ANY));
            cell.field(0, address)
                .field(1, value)
                .u32(12, memory_of(memarg))
                .word(2, memarg.offset);
            return;
        }
        let (base, immediate) = match self.address(address, memarg.offset as u32) {
            // Only one of the two can be read from the accumulator.
            Address::Based(Place::Acc, offset) if place == Place::Acc => {
                (Place::Slot(self.values.slot(address)), offset)
            }
            Address::Based(place, offset) => (place, offset),
            Address::Fixed(address) => (Place::Immediate(0), address),
            Address::Indexed(..) => unreachable!("stores have no sums"),
        };
        let base_slot = match base {
            Place::Slot(slot) => Some(self.values.source(slot, 0)),
            _ => None,
        };
        let value_slot = match place {
            Place::Slot(slot) => Some(self.values.source(slot, 1)),
            _ => None,
        };
        let modes = (base.mode(), place.mode());
        let variant = mode_index(&STORE_MODES, modes).expect("all pairs but two accumulators");
        let mut cell = self
            .values
            .assembler
            .cell(op.variant(variant))
            .u32(12, immediate);
        if let Some(slot) = base_slot {
            cell = cell.field(0, slot);
        }
        if let Some(slot) = value_slot {
            cell = cell.field(1, slot);
        }
        if let Place::Immediate(bits) = place {
            cell.word(2, bits);
        }
    }

    // --- results in slots ---

    /// A cell whose result goes to the slot of a new operand, and to no accumulator.
    fn slot_result(&mut self, op: Op, kind: Kind, source: Option<i16>, immediate: u32) {
        let slot = self.values.frame.temp(self.values.height());
        let field = self.values.destination(slot);
        let cell = self
            .values
            .assembler
            .cell(op.opcode())
            .field(0, field)
            .u32(12, immediate);
        let offset = cell.offset();
        if let Some(source) = source {
            cell.field(1, source);
        }
        self.values.push_made(kind, offset);
        self.values.put(slot);
    }

    /// `memory.size`.
    pub fn memory_size(&mut self, memory: u32) {
        let ty = &self.module.memories[memory as usize];
        let immediate = memory | ty.page_size_log2 << 16;
        self.slot_result(Op::MemorySize, self.memory_index(memory), None, immediate);
    }

    /// `table.size`.
    pub fn table_size(&mut self, table: u32) {
        self.slot_result(Op::TableSize, self.table_index(table), None, table);
    }

    /// `table.get`.
    pub fn table_get(&mut self, table: u32) {
        let index = self.values.pop();
        let slot = self.values.slot(&index);
        let source = self.values.source(slot, 1);
        let kind = self.module.tables[table as usize].element.into();
        let op = match kind {
            Kind::ContRef => Op::TableGetWide,
            _ => Op::TableGet,
        };
        self.slot_result(op, kind, Some(source), table);
    }

    /// `table.set`.
    pub fn table_set(&mut self, table: u32) {
        let value = self.values.pop();
        let index = self.values.pop();
        let (index, value) = (self.values.slot(&index), self.values.slot(&value));
        let (index, value) = (self.values.source(index, 0), self.values.source(value, 1));
        let op = match self.module.tables[table as usize].element.into() {
            Kind::ContRef => Op::TableSetWide,
            _ => Op::TableSet,
        };
        let cell = self.values.assembler.cell(op.opcode());
        cell.field(0, index).field(1, value).u32(12, table);
    }

    /// `global.get`.
    pub fn global_get(&mut self, global: u32) {
        let kind: Kind = self.module.globals[global as usize].value.into();
        self.values.free_acc(Class::Int);
        if kind.class() != Class::Int {
            return self.slot_result(Op::GlobalGetSlot, kind, None, global);
        }
        let cell = self
            .values
            .assembler
            .cell(Op::GlobalGet.opcode())
            .u32(12, global);
        let offset = cell.offset();
        self.values.push_acc(kind, offset);
    }

    /// `global.set`.
    pub fn global_set(&mut self, global: u32) {
        let value = self.values.pop();
        if value.kind.class() == Class::Int && self.values.place(&value) == Place::Acc {
            self.values
                .assembler
                .cell(Op::GlobalSetAcc.opcode())
                .u32(12, global);
            return;
        }
        let slot = self.values.slot(&value);
        let source = self.values.source(slot, 1);
        self.values
            .assembler
            .cell(Op::GlobalSet.opcode())
            .field(1, source)
            .u32(12, global);
    }

    /// `select`.
    pub fn select(&mut self) {
        let condition = self.condition();
        let second = self.values.pop();
        let first = self.values.pop();
        let kind = first.kind;
        let (first, second) = (self.values.slot(&first), self.values.slot(&second));
        let (first, second) = (self.values.source(first, 3), self.values.source(second, 4));
        let slot = self.values.frame.temp(self.values.height());
        let field = self.values.destination(slot);
        self.values.free_acc(Class::Int);
        let cell = self.select_on(condition, field, first, second);
        self.values.push_made(kind, cell);
        self.values.put(slot);
        if kind.class() == Class::Int {
            self.values.mirror_top();
        }
    }

    /// `ref.as_non_null`.
    pub fn ref_as_non_null(&mut self) {
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        let source = self.values.source(slot, 1);
        self.values
            .assembler
            .cell(Op::RefAsNonNull.opcode())
            .field(1, source);
        self.values.push_slot(&reference);
    }

    // --- operands in consecutive slots ---

    /// `i64.add128` and its kin: operands and results in the same slots.
    pub fn wide(&mut self, op: Op, operands: u32) {
        let slot = self.operands_in_slots(operands);
        self.values.assembler.cell(op.opcode()).u32(8, far(slot));
        for index in 0..2 {
            self.values.push_temp(Kind::I64);
            self.values.wrote_slot(slot + index);
        }
    }

    /// `memory.copy`.
    pub fn memory_copy(&mut self, to: u32, from: u32) {
        if self.is_fast(to) && self.is_fast(from) {
            self.bulk(Op::MemoryCopy);
        } else {
            self.service(Op::MemoryCopyAny, 3, to, from, None);
        }
    }

    /// `memory.fill`.
    pub fn memory_fill(&mut self, memory: u32) {
        if self.is_fast(memory) {
            self.bulk(Op::MemoryFill);
        } else {
            self.service(Op::MemoryFillAny, 3, memory, 0, None);
        }
    }

    fn bulk(&mut self, op: Op) {
        let slot = self.operands_in_slots(3);
        // Where there is much to do, the program can be suspended before it is done.
        self.values.free_accs();
        self.charge_size(slot + 2);
        self.values.assembler.cell(op.opcode()).u32(8, far(slot));
    }

    /// Charges what an operator costs beyond its own unit, by its size in a slot.
    fn charge_size(&mut self, size: i32) {
        if self.tunables.consume_fuel {
            self.values
                .assembler
                .cell(Op::ChargeSize.opcode())
                .u32(8, far(size));
        }
    }

    /// What the driver does, on `operands` operands in consecutive slots.
    pub fn service(
        &mut self,
        op: Op,
        operands: u32,
        first: u32,
        second: u32,
        result: Option<Kind>,
    ) {
        let slot = self.operands_in_slots(operands);
        self.values.free_accs();
        match op {
            Op::MemoryCopyAny | Op::MemoryFillAny | Op::MemoryInit => self.charge_size(slot + 2),
            Op::TableCopy | Op::TableFill | Op::TableInit => self.charge_size(slot + 2),
            Op::TableGrow => self.charge_size(slot + 1),
            _ => {}
        }
        let cell = self
            .values
            .assembler
            .cell(op.opcode())
            .u32(8, far(slot))
            .u32(12, first);
        if op.opcode().words() > 2 {
            cell.u32(16, second);
        }
        if let Some(kind) = result {
            self.values.push_temp(kind);
            self.values.wrote_slot(slot);
        }
    }

    /// `ref.func`.
    pub fn ref_func(&mut self, function: u32) {
        self.service(Op::RefFunc, 0, function, 0, Some(Kind::FuncRef));
    }
}
