//! Fuel: where code is charged for, and where it polls.
//!
//! What instructions cost is added up while they are translated, and charged by one cell at the latest
//! where it matters: at polls, calls, exits to the driver and throws. So fuel is exact wherever a program
//! or the host can see it. In between, `cost` is what is not charged yet, on every way to the current
//! instruction; if an instruction traps, the driver charges it by the records of the frame map.
//!
//! Where ways join, that cost must be the same on all. The first branch to a label brings what it owes,
//! and so decides; another way charges the difference, or refunds it, before it branches, or, if it is a
//! conditional branch, once that is taken. An `if` whose condition costs three and whose arms cost five and
//! six is charged once: one unit, in the second arm.
//!
//! The header of a loop charges what the first branch back owes, and polls. What comes from above pays the
//! rest of what it owes before the header, or gets a refund if it owes less. A clause that catches an
//! exception or a suspension owes nothing where it continues.

use super::control::{BlockKind, Pending};
use super::function::Function;
use super::places::Variable;
use crate::code::cells::{Branch, Charge, ChargePoll, PollEpoch, PollFuel, PollInterrupt, Refund};
use crate::code::{Offset, Target};
use core::cmp::Ordering;

/// The cost of a function's code up to a return above which the return polls for interruptions and
/// epochs. Fewer instructions follow the last poll otherwise.
const LONG: u32 = 256;

/// The uncharged cost at a label, which is the same on all ways to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The first branch to the label decides.
    Open,
    /// The first branch to the header of a loop decides. This is the cost on the way from above, and the
    /// cell before the header that charges it.
    OpenLoop(u32, Offset),
    /// It is decided.
    Fixed(u32),
}

/// A piece of code, behind that of all instructions, by way of which a conditional branch goes to its
/// label: it charges or refunds, and branches. So a branch that is not taken costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Detour {
    branch: Offset,
    /// The uncharged cost before the branch.
    cost: u32,
    /// The uncharged cost at the label.
    due: u32,
    /// The place of the label, once it is known.
    pub label: Option<Offset>,
}

impl Function<'_> {
    /// Adds what an instruction costs.
    pub fn spend(&mut self, cost: u32) {
        self.cost += cost;
        self.passed = self.passed.saturating_add(cost);
    }

    /// Returns the fuel that running code owes here.
    pub fn uncharged(&self) -> u32 {
        if self.tunables.consume_fuel {
            self.cost
        } else {
            0
        }
    }

    // --- charges ---

    /// Charges the code up to here, with the current instruction.
    pub fn charge(&mut self) {
        self.charge_before();
        self.map_charge();
    }

    /// Charges the code before the current instruction, whose own cost is added later.
    pub fn charge_before(&mut self) {
        self.charge_down_to(0);
    }

    /// Charges the code up to here so that the cost that is left is `due`.
    fn charge_down_to(&mut self, due: u32) {
        let cost = core::mem::replace(&mut self.cost, due);
        if self.tunables.consume_fuel {
            self.write_charge(cost, due);
        }
    }

    /// Writes the cell, if one is needed, after which code that owes `cost` owes `due`.
    fn write_charge(&mut self, cost: u32, due: u32) {
        let assembler = &mut self.values.assembler;
        match cost.cmp(&due) {
            Ordering::Greater => {
                let cost = cost - due;
                assembler.emit(Charge { cost });
            }
            Ordering::Equal => {}
            Ordering::Less => {
                let cost = due - cost;
                assembler.emit(Refund { cost });
            }
        }
    }

    /// Sets the cost of the code up to here that is not charged yet, on a way that was left for another
    /// one.
    pub fn owe(&mut self, cost: u32) {
        self.cost = cost;
        self.map_charge();
    }

    /// Records how much of the code up to here has been charged.
    fn map_charge(&mut self) {
        let cost = self.uncharged();
        if let Some(mapping) = &mut self.mapping {
            mapping.charged(&self.values, cost);
        }
    }

    // --- labels ---

    /// Charges the code up to here, but for what is due at the label at `depth`, to which a branch
    /// follows.
    pub fn charge_for(&mut self, depth: usize) {
        let due = self.due_at(depth);
        self.charge_down_to(due);
        self.map_charge();
    }

    /// Sets the target of a conditional branch to the label at `depth`. If something else is due there
    /// than the code up to here owes, the branch makes a detour.
    pub fn aim_conditional(&mut self, depth: usize, branch: Offset) {
        let pending = if self.is_due(depth) {
            Pending::Conditional(branch)
        } else {
            let due = self.due_at(depth);
            self.detours.push(Detour {
                branch,
                cost: self.cost,
                due,
                label: None,
            });
            Pending::Detour(self.detours.len() - 1)
        };
        self.aim(depth, pending);
    }

    /// Writes the detours, behind the code of all instructions.
    pub fn write_detours(&mut self) {
        for detour in core::mem::take(&mut self.detours) {
            let here = self.values.assembler.label();
            self.values.assembler.set_target(detour.branch, here);
            self.write_charge(detour.cost, detour.due);
            let target = Target(0);
            let branch = self.values.assembler.emit(Branch { target });
            let label = detour.label.expect("all blocks have ended");
            self.values.assembler.set_target(branch, label);
        }
    }

    /// Returns whether a branch to the label at `depth` need not be charged before it.
    pub fn is_due(&mut self, depth: usize) -> bool {
        !self.tunables.consume_fuel || self.due_at(depth) == self.cost
    }

    /// Returns the uncharged cost at the label at `depth`. If nothing has decided it yet, it is that of
    /// the code up to here.
    pub fn due_at(&mut self, depth: usize) -> u32 {
        let cost = self.cost;
        let control = &mut self.control[depth];
        let kind = control.kind();
        let due = core::mem::replace(control.due(), Due::Fixed(cost));
        match (due, kind) {
            (Due::Fixed(due), _) => {
                *control.due() = Due::Fixed(due);
                return due;
            }
            (Due::OpenLoop(before, entry), BlockKind::Loop(header)) => {
                let assembler = &mut self.values.assembler;
                assembler.replace(header, Charge { cost });
                match before.checked_sub(cost) {
                    Some(cost) => assembler.replace(entry, Charge { cost }),
                    None => {
                        let cost = cost - before;
                        assembler.replace(entry, Refund { cost });
                    }
                }
            }
            _ => {}
        }
        cost
    }

    /// Continues at a label: the cost of the code up to here is what is due there.
    pub fn arrive(&mut self, due: Due) {
        if let Due::Fixed(due) = due {
            self.cost = due;
        }
    }

    /// Charges the code before a loop. Returns what is due at its header.
    pub fn charge_at_loop(&mut self) -> Due {
        let cost = core::mem::take(&mut self.cost);
        if self.tunables.consume_fuel {
            // A cell that costs nothing is needed too: branches back may change it.
            let entry = self.values.assembler.emit(Charge { cost });
            Due::OpenLoop(cost, entry)
        } else {
            Due::Open
        }
    }

    /// Writes the cells at the header of a loop, at which nothing is owed but what is due.
    pub fn poll_at_header(&mut self, due: Due) {
        let depth = self.control.len() - 1;
        *self.control[depth].due() = due;
        if self.tunables.consume_fuel {
            self.values.assembler.emit(Charge { cost: 0 });
            self.map_charge();
        }
        self.map_continues();
        self.poll();
    }

    // --- polls ---

    /// Charges the code up to here, at the end of a function, and polls. The operands are in slots
    /// afterwards, as the program can be suspended; `above` is one that was popped.
    ///
    /// All returns poll for fuel, so that a call whose fuel is negative does not return. For
    /// interruptions and epochs, those of long functions suffice.
    pub fn charge_at_end(&mut self, above: Option<Variable>) {
        let cost = core::mem::take(&mut self.cost);
        let is_long = self.passed > LONG && self.tunables.polls();
        if !self.tunables.consume_fuel && !is_long {
            return;
        }
        self.values.free_accs();
        self.map_settled(above);
        if self.tunables.consume_fuel {
            self.values.assembler.emit(ChargePoll { cost });
            self.map_charge();
        }
        self.map_continues();
        if is_long {
            self.poll_time();
        }
    }

    /// Writes the cells that poll.
    pub fn poll(&mut self) {
        if self.tunables.consume_fuel {
            self.values.assembler.emit(PollFuel {});
        }
        self.poll_time();
    }

    /// Writes the cells that poll for interruptions and epochs.
    pub fn poll_time(&mut self) {
        let assembler = &mut self.values.assembler;
        if self.tunables.interruptible {
            assembler.emit(PollInterrupt {});
        }
        if self.tunables.epoch_interruption {
            assembler.emit(PollEpoch {});
        }
    }
}
