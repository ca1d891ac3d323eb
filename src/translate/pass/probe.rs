//! Cells for observers, if the engine's configuration or a store requires them: polls and stops before
//! instructions, comparisons of accesses with the bytes that are watched, records of instructions.
//!
//! They stand before the cells of an instruction, and belong to it.

use super::access::{Access, Size};
use super::frame::far;
use super::function::Function;
use crate::code::cells::{
    Charge, ProbeCount, ProbeEntry, ProbeOnce, ProbePlace, ProbeRun, ProbeStep, ProbeStop,
    ProbeStore,
};
use crate::code::{AccessKind, Counter, CounterKind, ModuleMemory, Offset};
use crate::module::Counts;
use alloc::vec::Vec;

/// The straight runs of a function's code, for counters.
#[derive(Debug, Default)]
pub struct Runs {
    /// Their beginnings, up to the current instruction.
    pub counters: Vec<Counter>,
    /// The opcode of the last instruction, with the one that follows a prefix.
    last: Option<[u8; 2]>,
    /// True if the current run is never executed.
    dead: bool,
}

/// Returns whether an instruction may go on elsewhere, or the next one may be reached from elsewhere. Of
/// the end of a block, only the translation knows.
fn ends_run(opcode: [u8; 2]) -> bool {
    const LOOP: u8 = 0x03;
    const CATCH_ALL: u8 = 0x19;
    const BR_IF: u8 = 0x0D;
    const TRY_TABLE: u8 = 0x1F;
    const BR_ON_NULL: u8 = 0xD5;
    const BR_ON_NON_NULL: u8 = 0xD6;
    const SUSPEND: u8 = 0xE2;
    const SWITCH: u8 = 0xE6;
    const GC: u8 = 0xFB;
    const BR_ON_CAST: u8 = 0x18;
    const BR_ON_CAST_FAIL: u8 = 0x19;
    match opcode {
        // `loop`, `if`, `else`, `try`, `catch`; instructions that suspend and resume.
        [
            LOOP..=0x07
            | CATCH_ALL
            | SUSPEND..=SWITCH
            | BR_IF
            | TRY_TABLE
            | BR_ON_NULL
            | BR_ON_NON_NULL,
            _,
        ] => true,
        [GC, second] => matches!(second, BR_ON_CAST | BR_ON_CAST_FAIL),
        _ => false,
    }
}

impl Function<'_> {
    /// Writes a cell that suspends at the function's entry, if that is observed.
    pub fn probe_entry(&mut self) {
        if self.probes.as_ref().is_some_and(|probes| probes.entry) {
            self.values.assembler.emit(ProbeEntry {});
        }
    }

    /// Writes cells before an instruction that costs fuel, if code can pause before each of them. All
    /// operands are in slots there, and the code before is charged.
    #[cold]
    pub fn probe_step(&mut self) {
        if !self.probes.as_ref().is_some_and(|probes| probes.polls) {
            return;
        }
        self.settle_for_observer(0);
        self.charge_before();
        self.values.assembler.emit(ProbeStep {});
    }

    /// Writes the cell before the current instruction that counts, if a straight run begins there.
    #[cold]
    pub fn probe_run(&mut self) {
        const END: u8 = 0x0B;
        let Some(probes) = &self.probes else {
            return;
        };
        if probes.counts == Counts::None {
            return;
        }
        let (wasm, is_dead) = (self.offset as u32, self.unreachable.is_some());
        let at = self.offset as usize;
        let opcode = [0, 1].map(|next| self.module.bytes.get(at + next).copied().unwrap_or(0));
        let begins = match self.runs.last.replace(opcode) {
            None => true,
            Some([END, _]) => self.joined_at == self.values.assembler.here(),
            Some(last) => ends_run(last),
        };
        if is_dead && self.runs.dead || !is_dead && !self.runs.dead && !begins {
            return;
        }
        self.runs.dead = is_dead;
        let kind = if is_dead {
            CounterKind::Dead
        } else if probes.counts == Counts::All {
            let count = 0;
            let cell = ProbeCount {
                offset: wasm,
                count,
            };
            CounterKind::Counted(self.values.assembler.emit(cell))
        } else {
            if !probes.omitted.contains(&wasm) {
                self.values.assembler.emit(ProbeOnce { offset: wasm });
            }
            CounterKind::Once
        };
        self.runs.counters.push(Counter { wasm, kind });
    }

    /// Writes the cells before the current instruction that stop there, or record its execution.
    #[cold]
    pub fn probe_place(&mut self) {
        let Some(probes) = &self.probes else {
            return;
        };
        if self.unreachable.is_some() {
            return;
        }
        let (offset, cost) = (self.offset as u32, self.cost);
        let stops = probes.stops.contains(offset);
        if probes.records.binary_search(&offset).is_ok() {
            self.settle_for_observer(0);
            self.values.assembler.emit(ProbePlace { cost });
        }
        if stops {
            self.settle_for_observer(0);
            if let Some(mapping) = &mut self.mapping {
                mapping.stopped(&self.values);
            }
            self.values.assembler.emit(ProbeStop { offset });
        }
    }

    /// Keeps a loop from beginning at the function's first cell, if that may be replaced: see
    /// [`CodeBlock::close`](crate::code::CodeBlock::close).
    pub fn probe_loop(&mut self) {
        if self.module.own_probes.is_some() && self.values.assembler.here() == Offset(0) {
            self.values.assembler.emit(Charge { cost: 0 });
        }
    }

    /// Returns whether accesses of a kind are compared with the bytes that are watched.
    pub fn probes_access(&self, kind: AccessKind) -> bool {
        self.probes
            .as_ref()
            .is_some_and(|probes| probes.watch(kind))
    }

    /// Writes a cell that compares an access of the current instruction, whose own cost is one, with
    /// the bytes that are watched.
    pub fn probe_access(&mut self, access: &Access, kind: AccessKind) {
        self.settle_for_observer(0);
        let address = self.height_of(access.address);
        let cost = self.cost - 1;
        let slot = |height| far(self.values.frame.temp(height));
        let (address, memory) = (slot(address), ModuleMemory(access.memory));
        if let Some(mapping) = &mut self.mapping {
            mapping.watched(&self.values);
        }
        match access.size {
            Size::Bytes(size) => self.values.assembler.emit(ProbeStore {
                address,
                memory,
                size: size as u32,
                kind,
                cost,
                offset: access.offset,
            }),
            Size::Operand(operand) => {
                let size = slot(self.height_of(operand));
                self.values.assembler.emit(ProbeRun {
                    address,
                    size,
                    memory,
                    kind,
                    cost,
                })
            }
        };
    }
}
