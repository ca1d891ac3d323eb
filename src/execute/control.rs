//! Branches, returns, and the cells that test whether running code must stop.

use super::cell::Execute;
use super::regs::{Regs, Step};
use crate::code::cells::*;
use crate::code::{At, Length, Targets, Trap};
use crate::stack::{Exit, Record};
use core::ptr;

impl Execute for Unreachable {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.trap(Trap::UnreachableCodeReached) }
    }
}

impl Execute for Branch {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1: a target is the address of a cell of the same function.
        unsafe {
            // Volatile keeps it apart from the target of a conditional branch that it is fused
            // with: a load from a computed place would be predicted worse than a branch.
            r.ip = r.address_again(Branch::target);
            Step::Jump
        }
    }
}

impl Regs {
    /// Branches to target `index` of a branch table with `count` targets, or to the last one.
    #[inline(always)]
    unsafe fn branch_table<C>(&mut self, at: At<C, Targets>, count: Length, index: u32) -> Step {
        // SAFETY: X1: a table has one target at least.
        unsafe {
            let index = index.min(count.0 - 1) as usize;
            let target = self.ip.add(at.word() + index);
            self.ip = *target.cast::<*const u64>();
        }
        Step::Jump
    }

    /// Returns to the caller after `write` has written the results. A caller finds a single
    /// integer in the accumulator as well. The record is read first: the results of a
    /// function that has more of them than parameters overwrite it.
    #[inline(always)]
    pub(super) unsafe fn return_to_caller(&mut self, write: impl FnOnce(&Regs)) -> Step {
        // SAFETY: S1, S2: `fp` is the address of the running frame's record.
        unsafe {
            let record = Record(self.fp);
            let return_ip = record.return_ip();
            let caller = self.fp.byte_sub(record.link() as usize);
            write(self);
            self.fp = caller;
            self.ip = return_ip;
        }
        Step::Jump
    }
}

impl Execute for BranchTableSlot {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: the targets follow the fields.
        unsafe {
            let index = *r.slot(BranchTableSlot::index) as u32;
            let count = r.get(BranchTableSlot::count);
            r.branch_table(BranchTableSlot::targets, count, index)
        }
    }
}

impl Execute for BranchTableAcc {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1: the targets follow the fields.
        unsafe {
            let count = r.get(BranchTableAcc::count);
            r.branch_table(BranchTableAcc::targets, count, r.acc as u32)
        }
    }
}

impl Execute for Charge {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            let left = (*r.ctx).fuel;
            (*r.ctx).fuel = left.wrapping_sub(r.get(Charge::cost).into());
            r.next::<Self>()
        }
    }
}

impl Execute for Refund {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            let left = (*r.ctx).fuel;
            (*r.ctx).fuel = left.wrapping_add(r.get(Refund::cost).into());
            r.next::<Self>()
        }
    }
}

impl Execute for ChargePoll {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            let left = (*r.ctx).fuel;
            let left = left.wrapping_sub(r.get(ChargePoll::cost).into());
            (*r.ctx).fuel = left;
            // The next cell is where code continues after the poll: the cost is paid.
            let next = r.next::<Self>();
            if left < 0 { r.exit(Exit::Poll) } else { next }
        }
    }
}

impl Execute for PollFuel {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            if (*r.ctx).fuel < 0 {
                r.exit(Exit::Poll)
            } else {
                r.next::<Self>()
            }
        }
    }
}

impl Execute for ProbeStep {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            if (*r.ctx).fuel < 0 {
                // This tells the handler from that of another cell, which the compiler would merge.
                (*r.ctx).service = ProbeStep::OP as u16;
                r.exit(Exit::Poll)
            } else {
                r.next::<Self>()
            }
        }
    }
}

impl Execute for ProbeStore {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1: the address is in a slot of the frame.
        unsafe {
            let base = *r.far_slot(ProbeStore::address);
            let start = base.saturating_add(r.get(ProbeStore::offset));
            let end = start.saturating_add(u64::from(r.get(ProbeStore::size)));
            if start < (*r.ctx).watch_end && end > (*r.ctx).watch_start {
                (*r.ctx).service = ProbeStore::OP as u16;
                r.exit(Exit::Service)
            } else {
                r.next::<Self>()
            }
        }
    }
}

impl Execute for ProbeCount {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2; only the thread that uses the store reads and writes its own code.
        unsafe {
            let count = r.ip.add(ProbeCount::count.word()).cast_mut();
            *count = (*count).wrapping_add(1);
            r.next::<Self>()
        }
    }
}

impl Execute for ProbePast {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe { r.next::<Self>() }
    }
}

impl Execute for PollInterrupt {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            if (*(*r.ctx).interrupt).is_raised() {
                r.exit(Exit::Poll)
            } else {
                r.next::<Self>()
            }
        }
    }
}

impl Execute for PollEpoch {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2.
        unsafe {
            if (*(*r.ctx).epoch).now() >= (*r.ctx).epoch_deadline {
                r.exit(Exit::Poll)
            } else {
                r.next::<Self>()
            }
        }
    }
}

impl Execute for Return {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe { r.return_to_caller(|_| ()) }
    }
}

impl Execute for ReturnSlot {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe {
            let value = *r.slot(ReturnSlot::from);
            r.acc = value;
            r.return_to_caller(|r| *r.slot(ReturnSlot::to) = value)
        }
    }
}

impl Execute for ReturnAcc {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe { r.return_to_caller(|r| *r.slot(ReturnAcc::to) = r.acc) }
    }
}

impl Execute for ReturnAccF32 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe { r.return_to_caller(|r| *r.slot(ReturnAccF32::to) = u64::from(r.f32acc.to_bits())) }
    }
}

impl Execute for ReturnAccF64 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe { r.return_to_caller(|r| *r.slot(ReturnAccF64::to) = r.f64acc.to_bits()) }
    }
}

impl Execute for ReturnConst32 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe {
            let value = u64::from(r.get(ReturnConst32::value));
            r.acc = value;
            r.return_to_caller(|r| *r.slot(ReturnConst32::to) = value)
        }
    }
}

impl Execute for ReturnMany {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe {
            let count = r.get(ReturnMany::count) as usize;
            r.return_to_caller(|r| {
                ptr::copy(
                    r.far_slot(ReturnMany::from),
                    r.far_slot(ReturnMany::to),
                    count,
                );
            })
        }
    }
}

impl Execute for ReturnHost {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.exit(Exit::Done) }
    }
}

impl Execute for Nop {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe {
            let left = r.acc.wrapping_sub(1);
            r.acc = left;
            if left == 0 {
                r.exit(Exit::Probe)
            } else {
                Step::Jump
            }
        }
    }
}
