//! Instructions on memories.

use super::frame::slot_of;
use super::function::Function;
use super::operand::{Kind, Location, Operand, Place};
use super::places::Source;
use crate::code::cells::{
    DataDrop, MemoryCopy, MemoryCopyAny, MemoryCopyMetered, MemoryFill, MemoryFillAny,
    MemoryFillMetered, MemoryGrow, MemoryInit, MemorySize,
};
use crate::code::shape::{Out, Place as From, Spec};
use crate::code::{Access, Input, ModuleData, ModuleMemory, Op, PagedMemory};
use wasmparser::{MemArg, MemArgTarget};

/// The form of an address in memory 0.
pub enum Address {
    /// A slot or accumulator, plus an offset.
    Based(Place, u32),
    /// The sum of a slot or accumulator and a slot, plus a small offset.
    Indexed([Place; 2], u16),
    /// A constant.
    Fixed(u32),
}

/// The most bytes that an instruction accesses.
const LARGEST: u16 = 16;

/// Returns the index of the memory that an instruction accesses.
pub fn memory_of(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(memory) => memory,
        other => unreachable!("validation refuses accesses to {other:?}"),
    }
}

impl Function<'_> {
    /// Returns the kind of a memory's addresses.
    pub fn memory_index(&self, memory: u32) -> Kind {
        if self.module.memories[memory as usize].memory64 {
            Kind::I64
        } else {
            Kind::I32
        }
    }

    /// Returns whether a memory is memory 0 and has 32-bit addresses: then there are cells that
    /// find its base and size in registers.
    pub fn is_fast(&self, memory: u32) -> bool {
        memory == 0 && self.memory_index(0) == Kind::I32
    }

    /// Returns whether an instruction accesses memory 0, which has 32-bit addresses, at an offset that
    /// the fields of these cells hold.
    pub fn is_near(&self, memarg: &MemArg) -> bool {
        self.is_fast(memory_of(memarg)) && memarg.offset <= u64::from(u32::MAX - u32::from(LARGEST))
    }

    /// Returns whether threads may share a memory: then there are cells that access it with atomic
    /// instructions.
    pub fn is_shared(&self, memory: u32) -> bool {
        cfg!(backstitch_threads) && self.module.memories[memory as usize].shared
    }

    /// Returns the address that a popped operand and an offset form in memory 0, which is shared or
    /// not. Cells that access shared memories have no constant addresses.
    pub fn address_in(&mut self, shared: bool, operand: &Operand, offset: u32) -> Address {
        if shared && let Place::Immediate(_) = self.values.place(operand) {
            return Address::Based(Place::Slot(self.values.slot(operand)), offset);
        }
        self.address(operand, offset)
    }

    /// Returns the address that a popped operand and an offset form.
    pub fn address(&mut self, operand: &Operand, offset: u32) -> Address {
        match self.values.place(operand) {
            Place::Immediate(bits) => match (bits as u32).checked_add(offset) {
                Some(address) if address <= u32::MAX - u32::from(LARGEST) => {
                    Address::Fixed(address)
                }
                _ => Address::Based(Place::Slot(self.values.slot(operand)), offset),
            },
            place => Address::Based(place, offset),
        }
    }

    /// As [`Function::address`], of a load: if the last cell is an addition whose sum is the
    /// operand, takes it back, and returns the sum of its operands.
    fn address_of_load(&mut self, operand: &Operand, offset: u32) -> Address {
        let Location::Acc(cell) = operand.location else {
            return self.address(operand, offset);
        };
        let assembler = &mut self.values.assembler;
        let small = match u16::try_from(offset) {
            Ok(small) if small <= u16::MAX - LARGEST => small,
            _ => return self.address(operand, offset),
        };
        if cfg!(feature = "small") || assembler.last() != Some(cell) {
            return self.address(operand, offset);
        }
        let opcode = assembler.opcode_at(cell);
        let sums = matches!(
            opcode.spec(),
            Spec::Binary {
                a: From::Slot | From::Acc,
                b: From::Slot,
                out: Out::Acc
            }
        );
        if opcode.op() != Op::I32Add || !sums {
            return self.address(operand, offset);
        }
        let [a, b] = assembler.take_back().operation().operands;
        let Input::Slot(index) = b else {
            unreachable!("the shape of the cell says so");
        };
        let index = slot_of(index);
        let (base, sum) = match a {
            Input::Slot(base) => {
                let base = slot_of(base);
                (Place::Slot(base), Source::Sum(base, index))
            }
            _ => (Place::Acc, Source::AccumulatorSum(index)),
        };
        if let Some(mapping) = &mut self.mapping {
            mapping.address_is(sum);
        }
        Address::Indexed([base, Place::Slot(index)], small)
    }

    /// A load.
    pub fn load(&mut self, op: Op, memarg: &MemArg, result: Kind) {
        let operand = self.values.pop();
        let memory = memory_of(memarg);
        if !self.is_near(memarg) {
            let slot = self.values.slot(&operand);
            let base = self.values.source(slot, 1);
            self.values.free_acc(result.class());
            let shared = self.is_shared(memory);
            let (memory, offset) = (ModuleMemory(memory), memarg.offset);
            let assembler = &mut self.values.assembler;
            let cell = assembler.emit_load_any(op, base, memory, offset, shared);
            self.values.push_acc(result, cell);
            return;
        }
        let shared = self.is_shared(memory);
        let address = match shared {
            true => self.address_in(true, &operand, memarg.offset as u32),
            false => self.address_of_load(&operand, memarg.offset as u32),
        };
        let access = self.access(address, 1);
        self.values.free_acc(result.class());
        let cell = self.values.assembler.emit_load(op, access, shared);
        self.values.push_acc(result, cell);
    }

    /// Returns an address of a cell, through scratch slots from `scratch` on if no field
    /// reaches its slots.
    pub fn access(&mut self, address: Address, scratch: usize) -> Access {
        match address {
            Address::Based(Place::Slot(slot), offset) => {
                Access::BasedSlot(self.values.source(slot, scratch), offset)
            }
            Address::Based(_, offset) => Access::BasedAcc(offset),
            Address::Fixed(address) => Access::Fixed(address),
            Address::Indexed([base, index], offset) => {
                let Place::Slot(index) = index else {
                    unreachable!("the second operand of the addition was in a slot")
                };
                let index = self.values.source(index, scratch + 1);
                match base {
                    Place::Slot(slot) => {
                        Access::IndexedSlot(self.values.source(slot, scratch), index, offset)
                    }
                    _ => Access::IndexedAcc(index, offset),
                }
            }
        }
    }

    /// A store of an integer.
    pub fn store(&mut self, op: Op, memarg: &MemArg) {
        let value = self.values.pop();
        let address = self.values.pop();
        let place = self.values.place(&value);
        self.store_place(op, memarg, &address, &value, place);
    }

    /// A store of a float: from its accumulator by `op`, else by the store of the integer with
    /// the same bits.
    pub fn store_float(&mut self, op: Op, as_integer: Op, memarg: &MemArg) {
        let value = self.values.pop();
        let address = self.values.pop();
        let place = self.values.place(&value);
        let memory = memory_of(memarg);
        if place == Place::Acc && self.is_near(memarg) && self.is_shared(memory) {
            let place = Place::Slot(self.values.slot(&value));
            return self.store_place(as_integer, memarg, &address, &value, place);
        }
        if place != Place::Acc || !self.is_near(memarg) {
            return self.store_place(as_integer, memarg, &address, &value, place);
        }
        let form = match self.address(&address, memarg.offset as u32) {
            Address::Based(_, offset) => {
                Address::Based(Place::Slot(self.values.slot(&address)), offset)
            }
            form => form,
        };
        let access = self.access(form, 0);
        let assembler = &mut self.values.assembler;
        assembler.emit_store(op, access, Input::Acc, false);
    }

    /// A store of a value that is in `place`, which is not the accumulator of a float.
    pub fn store_place(
        &mut self,
        op: Op,
        memarg: &MemArg,
        address: &Operand,
        value: &Operand,
        place: Place,
    ) {
        let memory = memory_of(memarg);
        if !self.is_near(memarg) {
            let value = self.values.slot(value);
            let address = self.values.slot(address);
            let (base, value) = (self.values.source(address, 0), self.values.source(value, 1));
            let shared = self.is_shared(memory);
            let (memory, offset) = (ModuleMemory(memory), memarg.offset);
            let assembler = &mut self.values.assembler;
            assembler.emit_store_any(op, base, value, memory, offset, shared);
            return;
        }
        let shared = self.is_shared(memory);
        let place = match place {
            // Stores to shared memories have no immediates.
            Place::Immediate(_) if shared => Place::Slot(self.values.slot(value)),
            place => place,
        };
        let form = match self.address_in(shared, address, memarg.offset as u32) {
            // Only one of the two can be read from the accumulator.
            Address::Based(Place::Acc, offset) if place == Place::Acc => {
                Address::Based(Place::Slot(self.values.slot(address)), offset)
            }
            form => form,
        };
        let access = self.access(form, 0);
        let value = self.input(place, 1);
        let assembler = &mut self.values.assembler;
        assembler.emit_store(op, access, value, shared);
    }

    /// `memory.size`.
    pub fn memory_size(&mut self, memory: u32) {
        let page_size_log2 = self.module.memories[memory as usize].page_size_log2;
        let memory_and_page = PagedMemory::new(memory, page_size_log2);
        self.slot_result(self.memory_index(memory), |result| MemorySize {
            result,
            memory: memory_and_page,
        });
    }

    /// `memory.grow`.
    pub fn memory_grow(&mut self, memory: u32) {
        let result = self.memory_index(memory);
        self.bulk_service(1, Some(result), |operands| MemoryGrow {
            operands,
            memory: ModuleMemory(memory),
        });
    }

    /// `memory.copy`.
    pub fn memory_copy(&mut self, to: u32, from: u32) {
        if self.is_fast(to) && self.is_fast(from) && !self.is_shared(0) {
            self.short_service(
                3,
                |operands| MemoryCopy { operands },
                |operands| MemoryCopyMetered { operands },
            );
        } else {
            self.bulk_service(3, None, |operands| MemoryCopyAny {
                operands,
                to: ModuleMemory(to),
                from: ModuleMemory(from),
            });
        }
    }

    /// `memory.fill`.
    pub fn memory_fill(&mut self, memory: u32) {
        if self.is_fast(memory) && !self.is_shared(memory) {
            self.short_service(
                3,
                |operands| MemoryFill { operands },
                |operands| MemoryFillMetered { operands },
            );
        } else {
            self.bulk_service(3, None, |operands| MemoryFillAny {
                operands,
                memory: ModuleMemory(memory),
            });
        }
    }

    /// `memory.init`.
    pub fn memory_init(&mut self, data: u32, memory: u32) {
        self.bulk_service(3, None, |operands| MemoryInit {
            operands,
            data: ModuleData(data),
            memory: ModuleMemory(memory),
        });
    }

    /// `data.drop`.
    pub fn data_drop(&mut self, data: u32) {
        self.service(0, None, |operands| DataDrop {
            operands,
            data: ModuleData(data),
        });
    }
}
