//! Branches, returns, and the cells at which running code may be asked to stop.

use super::cell::Cell;
use super::regs::{Regs, Step};
use super::transfer::cell;
use crate::code::Trap;
use crate::stack::{Exit, Record};
use core::ptr;

cell!(
    /// `unreachable`.
    Unreachable, 2, |r| {
        r.trap(Trap::UnreachableCodeReached)
    }
);

cell!(
    /// A branch.
    Branch, 2, |r| {
        // Volatile keeps it apart from the target of a conditional branch that it is fused
        // with: one load from a computed place would make of the processor's guess a wait.
        r.ip = r.ip.add(1).cast::<*const u64>().read_volatile();
        Step::Jump
    }
);

/// Branches to the target of this number, or to the last one.
#[inline(always)]
unsafe fn branch_table(r: &mut Regs, index: u32) -> Step {
    // SAFETY: X1: a table has one target at least, and they follow the cell's two words.
    unsafe {
        let last = r.u32_at::<12>() - 1;
        let target = r.ip.add(2 + index.min(last) as usize);
        r.ip = *target.cast::<*const u64>();
    }
    Step::Jump
}

cell!(
    /// A branch by a slot.
    BranchTableSlot, 2, |r| {
        let index = *r.slot::<1>() as u32;
        branch_table(r, index)
    }
);

cell!(
    /// A branch by the accumulator.
    BranchTableAcc, 2, |r| {
        let index = r.acc as u32;
        branch_table(r, index)
    }
);

cell!(
    /// Takes fuel for the stretch of code that ends here.
    Charge, 2, |r| {
        (*r.ctx).fuel -= i64::from(r.u32_at::<12>());
        r.advance(2)
    }
);

cell!(
    /// Takes fuel for an operator whose size is known only now: a unit for each byte or
    /// element.
    ChargeSize, 2, |r| {
        // What has just been copied was within bounds: no memory is as large as the bound
        // here, which keeps the fuel from wrapping.
        let size = (*r.far_slot::<8>()).min(1 << 48);
        (*r.ctx).fuel = (*r.ctx).fuel.wrapping_sub(size.cast_signed());
        r.advance(2)
    }
);

cell!(
    /// Stops where no fuel is left.
    PollFuel, 2, |r| {
        if (*r.ctx).fuel < 0 { r.exit(Exit::Poll) } else { r.advance(2) }
    }
);

cell!(
    /// Stops where another thread wants it.
    PollInterrupt, 2, |r| {
        if (*(*r.ctx).interrupt).is_raised() { r.exit(Exit::Poll) } else { r.advance(2) }
    }
);

cell!(
    /// Stops where the deadline has passed.
    PollEpoch, 2, |r| {
        if (*(*r.ctx).epoch).now() >= (*r.ctx).epoch_deadline {
            r.exit(Exit::Poll)
        } else {
            r.advance(2)
        }
    }
);

/// Goes back to the caller, who finds a single integer in the accumulator as well. The
/// record is read before the result is written: where a
/// function has more results than parameters, they overwrite it.
macro_rules! return_to_caller {
    ($r:ident, $($write:tt)*) => {{
        let record = Record($r.fp);
        let return_ip = record.return_ip();
        let caller = $r.fp.byte_sub(record.link() as usize);
        $($write)*
        $r.fp = caller;
        $r.ip = return_ip;
        Step::Jump
    }};
}

cell!(
    /// Returns; the results, if there are any, stand in place.
    Return, 2, |r| {
        return_to_caller!(r,)
    }
);

cell!(
    /// Returns a slot.
    ReturnSlot, 2, |r| {
        let value = *r.slot::<1>();
        r.acc = value;
        return_to_caller!(r, *r.slot::<0>() = value;)
    }
);

cell!(
    /// Returns the integer accumulator.
    ReturnAcc, 2, |r| {
        return_to_caller!(r, *r.slot::<0>() = r.acc;)
    }
);

cell!(
    /// Returns the accumulator of 32-bit floats.
    ReturnAccF32, 2, |r| {
        return_to_caller!(r, *r.slot::<0>() = u64::from(r.f32acc.to_bits());)
    }
);

cell!(
    /// Returns the accumulator of 64-bit floats.
    ReturnAccF64, 2, |r| {
        return_to_caller!(r, *r.slot::<0>() = r.f64acc.to_bits();)
    }
);

cell!(
    /// Returns a constant below 2³².
    ReturnConst32, 2, |r| {
        let value = u64::from(r.u32_at::<12>());
        r.acc = value;
        return_to_caller!(r, *r.slot::<0>() = value;)
    }
);

cell!(
    /// Returns a run of slots.
    ReturnMany, 3, |r| {
        let count = r.u32_at::<16>() as usize;
        return_to_caller!(r, ptr::copy(r.far_slot::<12>(), r.far_slot::<8>(), count);)
    }
);

cell!(
    /// The end of a call from the host.
    ReturnHost, 2, |r| {
        r.exit(Exit::Done)
    }
);

cell!(
    /// Nothing: what a probe of the backend runs.
    Nop, 2, |r| {
        let left = r.acc.wrapping_sub(1);
        r.acc = left;
        if left == 0 { r.exit(Exit::Probe) } else { Step::Jump }
    }
);
