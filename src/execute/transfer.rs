//! Moving values between slots, accumulators, globals and tables.

use super::cell::Execute;
use super::opaque::unindexed;
use super::regs::{Regs, Step};
use crate::code::cells::*;
use crate::code::{At, ModuleGlobal, ModuleTable, Trap};
use crate::heap::{CARD, GlobalCell};
use core::ptr;

impl Execute for Copy {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.slot(Copy::to) = *r.slot(Copy::from);
            r.next::<Self>()
        }
    }
}

impl Execute for CopyThrough {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            r.acc = *r.slot(CopyThrough::from);
            *r.slot(CopyThrough::to) = r.acc;
            r.next::<Self>()
        }
    }
}

impl Execute for CopyThrough2 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            r.acc = *r.slot(CopyThrough2::from);
            *r.slot(CopyThrough2::to) = r.acc;
            *r.slot(CopyThrough2::to2) = *r.slot(CopyThrough2::from2);
            r.next::<Self>()
        }
    }
}

impl Execute for Copy2 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.slot(Copy2::to) = *r.slot(Copy2::from);
            *r.slot(Copy2::to2) = *r.slot(Copy2::from2);
            r.next::<Self>()
        }
    }
}

impl Execute for Copy4 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.slot(Copy4::to) = *r.slot(Copy4::from);
            *r.slot(Copy4::to2) = *r.slot(Copy4::from2);
            *r.slot(Copy4::to3) = *r.slot(Copy4::from3);
            *r.slot(Copy4::to4) = *r.slot(Copy4::from4);
            r.next::<Self>()
        }
    }
}

impl Execute for CopyFar {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.far_slot(CopyFar::to) = *r.far_slot(CopyFar::from);
            r.next::<Self>()
        }
    }
}

impl Execute for CopyMany {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: both runs of slots lie within the frame.
        unsafe {
            let count = r.get(CopyMany::count) as usize;
            ptr::copy(r.far_slot(CopyMany::from), r.far_slot(CopyMany::to), count);
            r.next::<Self>()
        }
    }
}

impl Execute for CopyAcc {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.slot(CopyAcc::to) = r.acc;
            r.next::<Self>()
        }
    }
}

impl Execute for CopyAccF32 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.indexed_slot(CopyAccF32::to) = u64::from(r.f32acc.to_bits());
            r.next::<Self>()
        }
    }
}

impl Execute for CopyAccF64 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.indexed_slot(CopyAccF64::to) = r.f64acc.to_bits();
            r.next::<Self>()
        }
    }
}

impl Execute for Const32 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.slot(Const32::to) = u64::from(r.get(Const32::value));
            r.next::<Self>()
        }
    }
}

impl Execute for Const64 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            *r.slot(Const64::to) = r.get(Const64::value);
            r.next::<Self>()
        }
    }
}

impl Execute for ZeroLocals {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: the locals lie within the frame, and the red zone behind all frames.
        unsafe {
            // Four at a time: slots beyond the locals are those of operands, of which there are
            // none yet, or the red zone. Volatile keeps it a loop: a call of `memset` would cost
            // the handler a frame.
            let mut slot = r.far_slot(ZeroLocals::first);
            let end = slot.add(r.get(ZeroLocals::count) as usize);
            while slot < end {
                slot.write_volatile(0);
                slot.add(1).write_volatile(0);
                slot.add(2).write_volatile(0);
                slot.add(3).write_volatile(0);
                slot = slot.add(4);
            }
            r.next::<Self>()
        }
    }
}

impl Regs {
    /// Returns the address of the global that a field names.
    #[inline(always)]
    pub(super) unsafe fn global<C>(&self, at: At<C, ModuleGlobal>) -> *mut GlobalCell {
        // SAFETY: X1, X2, H1: the instance has such a global, by validation.
        unsafe { *(*self.ctx).globals.add(self.get(at).0 as usize) }
    }
}

impl Execute for GlobalGet {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, H1: the instance has such a global, by validation.
        unsafe {
            r.acc = (*r.global(GlobalGet::global)).bits[0];
            r.next::<Self>()
        }
    }
}

impl Execute for GlobalGetSlot {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, H1: the instance has such a global, by validation.
        unsafe {
            r.acc = (*r.global(GlobalGetSlot::global)).bits[0];
            *r.slot(GlobalGetSlot::result) = r.acc;
            r.next::<Self>()
        }
    }
}

impl Execute for GlobalSet {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, H1: the instance has such a global, by validation.
        unsafe {
            (*r.global(GlobalSet::global)).bits[0] = *r.slot(GlobalSet::value);
            r.next::<Self>()
        }
    }
}

impl Execute for GlobalSetAcc {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, H1: the instance has such a global, by validation.
        unsafe {
            (*r.global(GlobalSetAcc::global)).bits[0] = r.acc;
            r.next::<Self>()
        }
    }
}

impl Regs {
    /// Returns the address of an element of a table, if it is within bounds.
    #[inline(always)]
    pub(super) unsafe fn element(&self, table: ModuleTable, index: u64) -> Option<*mut u32> {
        // SAFETY: X2, H1: the instance has such a table, by validation; H3.
        unsafe {
            let core = *(*(*self.ctx).instance).tables.add(table.0 as usize);
            (index < (*core).len as u64).then(|| (*core).elements.add(index as usize))
        }
    }

    /// Marks the card of an element that was written, which is within the bounds of the table
    /// that a field names: the collector reads the element anew. Handlers have few registers,
    /// so the table's index is read from the cell again, and the card's address is computed in
    /// one register.
    #[inline(always)]
    unsafe fn mark_card<C>(&self, at: At<C, ModuleTable>, index: u64) {
        // SAFETY: as in `element`; each element has a card.
        unsafe {
            let table = self.get_again(at);
            let core = *(*(*self.ctx).instance).tables.add(table.0 as usize);
            let card = (*core).cards.add(index as usize >> CARD);
            *unindexed(card.cast()).cast::<u8>() = 1;
        }
    }

    /// Returns the address of a 64-bit element of a table, if it is within bounds.
    #[inline(always)]
    unsafe fn wide_element(&self, table: ModuleTable, index: u64) -> Option<*mut u64> {
        // SAFETY: as in `element`; the allocation is aligned to whole slots.
        unsafe {
            let core = *(*(*self.ctx).instance).tables.add(table.0 as usize);
            let first = (*core).elements.cast::<u64>();
            (index < (*core).len as u64).then(|| first.add(index as usize))
        }
    }
}

impl Execute for TableGet {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H1: the instance has such a table, by validation; H3.
        unsafe {
            let index = *r.slot(TableGet::index);
            match r.element(r.get(TableGet::table), index) {
                Some(element) => {
                    *r.slot(TableGet::result) = u64::from(*element);
                    r.next::<Self>()
                }
                None => r.trap(Trap::TableOutOfBounds),
            }
        }
    }
}

impl Execute for TableSet {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H1: the instance has such a table, by validation; H3.
        unsafe {
            let index = *r.slot(TableSet::index);
            match r.element(r.get(TableSet::table), index) {
                Some(element) => {
                    *element = *r.slot(TableSet::value) as u32;
                    r.mark_card(TableSet::table, index);
                    r.next::<Self>()
                }
                None => r.trap(Trap::TableOutOfBounds),
            }
        }
    }
}

impl Execute for TableGetWide {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H1: the instance has such a table, by validation; H3.
        unsafe {
            let index = *r.slot(TableGetWide::index);
            match r.wide_element(r.get(TableGetWide::table), index) {
                Some(element) => {
                    *r.slot(TableGetWide::result) = *element;
                    r.next::<Self>()
                }
                None => r.trap(Trap::TableOutOfBounds),
            }
        }
    }
}

impl Execute for TableSetWide {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H1: the instance has such a table, by validation; H3.
        unsafe {
            let index = *r.slot(TableSetWide::index);
            match r.wide_element(r.get(TableSetWide::table), index) {
                Some(element) => {
                    *element = *r.slot(TableSetWide::value);
                    r.mark_card(TableSetWide::table, index);
                    r.next::<Self>()
                }
                None => r.trap(Trap::TableOutOfBounds),
            }
        }
    }
}

impl Execute for TableSize {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H1: the instance has such a table, by validation; H3.
        unsafe {
            let table = r.get(TableSize::table).0 as usize;
            let core = *(*(*r.ctx).instance).tables.add(table);
            *r.slot(TableSize::result) = (*core).len as u64;
            r.next::<Self>()
        }
    }
}

impl Execute for RefAsNonNull {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            if *r.slot(RefAsNonNull::reference) as u32 == 0 {
                r.trap(Trap::NullReference)
            } else {
                r.next::<Self>()
            }
        }
    }
}
