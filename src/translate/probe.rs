//! Cells for observers, if the engine's configuration requires them: polls before instructions,
//! comparisons of writes with the bytes that are watched, and records of instructions.
//!
//! They stand before the cells of an instruction, and belong to it.

use super::access::{Access, Size};
use super::frame::far;
use super::function::Function;
use crate::code::ModuleMemory;
use crate::code::cells::{ProbeEntry, ProbePlace, ProbeRun, ProbeStep, ProbeStore};
use crate::module::ExportItem;

impl Function<'_> {
    /// Writes a cell that suspends at the function's entry, if it is exported under a name that is
    /// observed.
    pub fn probe_entry(&mut self, function: u32) {
        let Some(probes) = &self.tunables.probes else {
            return;
        };
        let exported = |name: &str| self.module.export(name) == Some(ExportItem::Func(function));
        if probes.exports.iter().any(|name| exported(name)) {
            self.values.assembler.emit(ProbeEntry {});
        }
    }

    /// Writes cells before an instruction that costs fuel, if code can stop before each of them. All
    /// operands are in slots there, and the code before is charged.
    #[cold]
    pub fn probe_step(&mut self) {
        if !self.tunables.probes.as_ref().is_some_and(|it| it.steps) {
            return;
        }
        self.settle_for_observer(0);
        self.charge_before();
        self.values.assembler.emit(ProbeStep {});
    }

    /// Writes a cell before the current instruction, if its execution is recorded.
    pub fn probe_place(&mut self) {
        let Some(probes) = &self.tunables.probes else {
            return;
        };
        if probes.places.is_empty() || self.unreachable.is_some() {
            return;
        }
        let place = (*self.module.sha256(), self.offset as u32);
        if probes.places.binary_search(&place).is_ok() {
            self.settle_for_observer(0);
            let cost = self.cost;
            self.values.assembler.emit(ProbePlace { cost });
        }
    }

    /// Writes a cell that compares a write of the current instruction, whose own cost is one, with
    /// the bytes that are watched.
    pub fn probe_write(&mut self, access: &Access) {
        let address = self.height_of(access.address);
        self.settle_for_observer(address);
        let cost = self.cost - 1;
        let slot = |height| far(self.values.frame.temp(height));
        let (address, memory) = (slot(address), ModuleMemory(access.memory));
        match access.size {
            Size::Bytes(size) => self.values.assembler.emit(ProbeStore {
                address,
                memory,
                size: size as u32,
                cost,
                offset: access.offset,
            }),
            Size::Operand(operand) => {
                let size = slot(self.height_of(operand));
                self.values.assembler.emit(ProbeRun {
                    address,
                    size,
                    memory,
                    cost,
                })
            }
        };
    }
}
