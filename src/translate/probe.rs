//! Cells for observers, if the engine's configuration or a store requires them: polls and stops before
//! instructions, comparisons of accesses with the bytes that are watched, records of instructions.
//!
//! They stand before the cells of an instruction, and belong to it.

use super::access::{Access, Size};
use super::frame::far;
use super::function::Function;
use crate::code::cells::{
    Charge, ProbeEntry, ProbePlace, ProbeRun, ProbeStep, ProbeStop, ProbeStore,
};
use crate::code::{AccessKind, ModuleMemory, Offset};

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
