//! Moving values between slots, accumulators, globals and tables.

use super::cell::Cell;
use super::opaque::unindexed;
use super::regs::{Regs, Step};
use crate::code::Trap;
use crate::heap::{CARD, GlobalCell};
use core::ptr;

/// Defines a cell: its words, and what it does with the registers.
macro_rules! cell {
    ($(#[$doc:meta])* $name:ident, $words:literal, |$r:ident| $body:block) => {
        $(#[$doc])*
        pub struct $name;

        impl Cell for $name {
            const WORDS: usize = $words;

            #[inline(always)]
            unsafe fn run($r: &mut Regs) -> Step {
                // SAFETY: X1 to X3, and S1: the operands lie within the frame.
                unsafe { $body }
            }
        }
    };
}

pub(super) use cell;

cell!(
    /// One slot to another.
    Copy, 2, |r| {
        *r.slot::<0>() = *r.slot::<1>();
        r.advance(2)
    }
);

cell!(
    /// One slot to another, and to the integer accumulator.
    CopyThrough, 2, |r| {
        r.acc = *r.slot::<1>();
        *r.slot::<0>() = r.acc;
        r.advance(2)
    }
);

cell!(
    /// Two slots to two others, one after the other, the first one to the integer
    /// accumulator as well.
    CopyThrough2, 2, |r| {
        r.acc = *r.slot::<1>();
        *r.slot::<0>() = r.acc;
        *r.slot::<2>() = *r.slot::<3>();
        r.advance(2)
    }
);

cell!(
    /// Two slots to two others, one after the other.
    Copy2, 2, |r| {
        *r.slot::<0>() = *r.slot::<1>();
        *r.slot::<2>() = *r.slot::<3>();
        r.advance(2)
    }
);

cell!(
    /// Four slots to four others, one after the other.
    Copy4, 3, |r| {
        *r.slot::<0>() = *r.slot::<1>();
        *r.slot::<2>() = *r.slot::<3>();
        *r.slot::<4>() = *r.slot::<5>();
        *r.slot::<6>() = *r.slot::<7>();
        r.advance(3)
    }
);

cell!(
    /// One slot to another, anywhere in a large frame.
    CopyFar, 2, |r| {
        *r.far_slot::<8>() = *r.far_slot::<12>();
        r.advance(2)
    }
);

cell!(
    /// A run of slots to another, which may overlap it.
    CopyMany, 3, |r| {
        ptr::copy(r.far_slot::<12>(), r.far_slot::<8>(), r.u32_at::<16>() as usize);
        r.advance(3)
    }
);

cell!(
    /// The integer accumulator to a slot.
    CopyAcc, 2, |r| {
        *r.slot::<0>() = r.acc;
        r.advance(2)
    }
);

cell!(
    /// The accumulator of 32-bit floats to a slot.
    CopyAccF32, 2, |r| {
        *r.indexed_slot::<0>() = u64::from(r.f32acc.to_bits());
        r.advance(2)
    }
);

cell!(
    /// The accumulator of 64-bit floats to a slot.
    CopyAccF64, 2, |r| {
        *r.indexed_slot::<0>() = r.f64acc.to_bits();
        r.advance(2)
    }
);

cell!(
    /// A constant below 2³² to a slot.
    Const32, 2, |r| {
        *r.slot::<0>() = u64::from(r.u32_at::<12>());
        r.advance(2)
    }
);

cell!(
    /// A constant to a slot.
    Const64, 3, |r| {
        *r.slot::<0>() = r.word_at::<2>();
        r.advance(3)
    }
);

cell!(
    /// Zeros to a run of slots.
    ZeroLocals, 2, |r| {
        // Four at a time: what is written beyond the locals are operands, of which there
        // are none yet, or the red zone. Volatile keeps it a loop, where `memset` would
        // cost the handler a frame.
        let mut slot = r.far_slot::<8>();
        let end = slot.add(r.u32_at::<12>() as usize);
        while slot < end {
            slot.write_volatile(0);
            slot.add(1).write_volatile(0);
            slot.add(2).write_volatile(0);
            slot.add(3).write_volatile(0);
            slot = slot.add(4);
        }
        r.advance(2)
    }
);

#[inline(always)]
unsafe fn global(r: &Regs) -> *mut GlobalCell {
    // SAFETY: X1, X2, H1: the instance has such a global, by validation.
    unsafe { *(*r.ctx).globals.add(r.u32_at::<12>() as usize) }
}

cell!(
    /// A global's value to the integer accumulator.
    GlobalGet, 2, |r| {
        r.acc = (*global(r)).bits[0];
        r.advance(2)
    }
);

cell!(
    /// The same, and to a slot.
    GlobalGetSlot, 2, |r| {
        r.acc = (*global(r)).bits[0];
        *r.slot::<0>() = r.acc;
        r.advance(2)
    }
);

cell!(
    /// A slot to a global.
    GlobalSet, 2, |r| {
        (*global(r)).bits[0] = *r.slot::<1>();
        r.advance(2)
    }
);

cell!(
    /// The integer accumulator to a global.
    GlobalSetAcc, 2, |r| {
        (*global(r)).bits[0] = r.acc;
        r.advance(2)
    }
);

impl Regs {
    /// The address of an element of table `table`, if it is within bounds.
    #[inline(always)]
    pub(super) unsafe fn element(&self, table: u32, index: u64) -> Option<*mut u32> {
        // SAFETY: X2, H1: the instance has such a table, by validation; H3.
        unsafe {
            let core = *(*(*self.ctx).instance).tables.add(table as usize);
            (index < (*core).len as u64).then(|| (*core).elements.add(index as usize))
        }
    }

    /// Says to the collector that an element, which is within bounds, was written in the table
    /// that the cell names. A handler has no register for the table's index meanwhile, so it is
    /// read anew, and none for two parts of an address.
    #[inline(always)]
    unsafe fn soil(&self, index: u64) {
        // SAFETY: as in `element`; each element has a card.
        unsafe {
            let table = self.u32_address::<12>().read_volatile();
            let core = *(*(*self.ctx).instance).tables.add(table as usize);
            let card = (*core).cards.add(index as usize >> CARD);
            *unindexed(card.cast()).cast::<u8>() = 1;
        }
    }

    /// The address of an element of 64 bits of table `table`, if it is within bounds.
    #[inline(always)]
    unsafe fn wide_element(&self, table: u32, index: u64) -> Option<*mut u64> {
        // SAFETY: as in `element`; the allocation is aligned to whole slots.
        unsafe {
            let core = *(*(*self.ctx).instance).tables.add(table as usize);
            let first = (*core).elements.cast::<u64>();
            (index < (*core).len as u64).then(|| first.add(index as usize))
        }
    }
}

cell!(
    /// An element of a table to a slot.
    TableGet, 2, |r| {
        match r.element(r.u32_at::<12>(), *r.slot::<1>()) {
            Some(element) => {
                *r.slot::<0>() = u64::from(*element);
                r.advance(2)
            }
            None => r.trap(Trap::TableOutOfBounds),
        }
    }
);

cell!(
    /// A slot to an element of a table.
    TableSet, 2, |r| {
        let index = *r.slot::<0>();
        match r.element(r.u32_at::<12>(), index) {
            Some(element) => {
                *element = *r.slot::<1>() as u32;
                r.soil(index);
                r.advance(2)
            }
            None => r.trap(Trap::TableOutOfBounds),
        }
    }
);

cell!(
    /// A wide element of a table to a slot.
    TableGetWide, 2, |r| {
        match r.wide_element(r.u32_at::<12>(), *r.slot::<1>()) {
            Some(element) => {
                *r.slot::<0>() = *element;
                r.advance(2)
            }
            None => r.trap(Trap::TableOutOfBounds),
        }
    }
);

cell!(
    /// A slot to a wide element of a table.
    TableSetWide, 2, |r| {
        let index = *r.slot::<0>();
        match r.wide_element(r.u32_at::<12>(), index) {
            Some(element) => {
                *element = *r.slot::<1>();
                r.soil(index);
                r.advance(2)
            }
            None => r.trap(Trap::TableOutOfBounds),
        }
    }
);

cell!(
    /// The size of a table to a slot.
    TableSize, 2, |r| {
        let core = *(*(*r.ctx).instance).tables.add(r.u32_at::<12>() as usize);
        *r.slot::<0>() = (*core).len as u64;
        r.advance(2)
    }
);

cell!(
    /// Traps where a slot holds null.
    RefAsNonNull, 2, |r| {
        if *r.slot::<1>() as u32 == 0 {
            r.trap(Trap::NullReference)
        } else {
            r.advance(2)
        }
    }
);
