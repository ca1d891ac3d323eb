//! The registers of running code, and how handlers read their cells.

use super::opaque::unindexed;
use crate::code::Trap;
use crate::heap::MemoryCore;
use crate::stack::{Context, Exit, LivePoint};
use core::mem::offset_of;

/// What a handler decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on with the cell at `ip`, which is the one behind this.
    Next,
    /// Go on with the cell at `ip`, wherever that is.
    Jump,
    /// Leave running code: `Context::exit` says why, and `ip` stays where it is.
    Exit,
}

/// The registers. Handlers get them by value; every backend keeps them where they are
/// cheapest, so no address of a `Regs` may escape.
///
/// `ip` and `fp` come first, as a [`LivePoint`] has them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Regs {
    /// The cell that runs (X1).
    pub ip: *const u64,
    /// The record of the running frame (S1).
    pub fp: *mut u64,
    /// The first byte of memory 0.
    pub mem: *mut u8,
    /// The size of memory 0 in bytes.
    pub len: usize,
    /// Everything else.
    pub ctx: *mut Context,
    /// The accumulator of integers and references.
    pub acc: u64,
    /// The accumulator of 32-bit floats.
    pub f32acc: f32,
    /// The accumulator of 64-bit floats.
    pub f64acc: f64,
}

/// The distance of 16-bit field `field` from the beginning of its cell, in bytes.
const fn half(field: usize) -> usize {
    let byte = 8 + 2 * field;
    if cfg!(target_endian = "little") {
        byte
    } else {
        byte / 8 * 8 + (6 - byte % 8)
    }
}

/// The distance of the 32 bits at `byte` of a cell from its beginning, in bytes.
const fn word32(byte: usize) -> usize {
    if cfg!(target_endian = "little") {
        byte
    } else {
        byte / 8 * 8 + (4 - byte % 8)
    }
}

/// The distance of the low byte of the 16 bits at `byte`.
const fn word16(byte: usize) -> usize {
    if cfg!(target_endian = "little") {
        byte
    } else {
        byte / 8 * 8 + (6 - byte % 8)
    }
}

/// Reading cells. All of these rest on X1: `ip` is the address of a cell of the op whose
/// handler runs, so the fields that the op's layout lists are there.
impl Regs {
    /// A 16-bit field.
    #[inline(always)]
    pub unsafe fn field<const F: usize>(&self) -> isize {
        // SAFETY: X1.
        unsafe { *self.ip.byte_add(half(F)).cast::<i16>() as isize }
    }

    /// The 16-bit immediate at a byte of the cell.
    #[inline(always)]
    pub unsafe fn u16_at<const BYTE: usize>(&self) -> u16 {
        // SAFETY: X1.
        unsafe { *self.ip.byte_add(word16(BYTE)).cast::<u16>() }
    }

    /// The address of the 32-bit immediate at a byte of the cell.
    #[inline(always)]
    pub unsafe fn u32_address<const BYTE: usize>(&self) -> *const u32 {
        // SAFETY: X1.
        unsafe { self.ip.byte_add(word32(BYTE)).cast::<u32>() }
    }

    /// The 32-bit immediate at a byte of the cell.
    #[inline(always)]
    pub unsafe fn u32_at<const BYTE: usize>(&self) -> u32 {
        // SAFETY: X1.
        unsafe { *self.u32_address::<BYTE>() }
    }

    /// The 64-bit immediate in a word of the cell.
    #[inline(always)]
    pub unsafe fn word_at<const WORD: usize>(&self) -> u64 {
        // SAFETY: X1.
        unsafe { *self.ip.add(WORD) }
    }

    /// The address in a word of the cell.
    #[inline(always)]
    pub unsafe fn address_at<const WORD: usize>(&self) -> *const u64 {
        // SAFETY: X1.
        unsafe { *self.ip.add(WORD).cast::<*const u64>() }
    }

    /// The slot that a 16-bit field names.
    #[inline(always)]
    pub unsafe fn slot<const F: usize>(&self) -> *mut u64 {
        // SAFETY: X1.
        unindexed(unsafe { self.indexed_slot::<F>() })
    }

    /// The same with one instruction less, where no core hands values on: to registers of
    /// floats; or where what it hands on would often be wrong, which costs more than it saves.
    #[inline(always)]
    pub unsafe fn indexed_slot<const F: usize>(&self) -> *mut u64 {
        // SAFETY: X1, and S1: operands lie within the frame.
        unsafe { self.fp.byte_offset(self.field::<F>()) }
    }

    /// The slot that the 32 bits at a byte of the cell name.
    #[inline(always)]
    pub unsafe fn far_slot<const BYTE: usize>(&self) -> *mut u64 {
        // SAFETY: X1, and S1: operands lie within the frame.
        unsafe { self.fp.byte_offset(self.u32_at::<BYTE>() as i32 as isize) }
    }

    /// Goes on behind this cell.
    #[inline(always)]
    pub unsafe fn advance(&mut self, words: usize) -> Step {
        // SAFETY: X1: another cell follows.
        self.ip = unsafe { self.ip.add(words) };
        Step::Next
    }

    /// Leaves running code.
    #[inline(always)]
    pub unsafe fn exit(&mut self, exit: Exit) -> Step {
        // SAFETY: X2.
        unsafe { (*self.ctx).exit = exit };
        Step::Exit
    }

    /// Traps.
    #[inline(always)]
    pub unsafe fn trap(&mut self, trap: Trap) -> Step {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).trap = trap as u8;
            self.exit(Exit::Trap)
        }
    }

    /// The registers with which running code goes on, or which it has left.
    pub unsafe fn restore(ctx: *mut Context) -> Regs {
        // SAFETY: X2.
        unsafe {
            let mut r = Regs {
                ip: (*ctx).ip,
                fp: (*ctx).fp,
                mem: core::ptr::null_mut(),
                len: 0,
                ctx,
                acc: (*ctx).acc,
                f32acc: (*ctx).f32acc,
                f64acc: (*ctx).f64acc,
            };
            r.load_instance();
            r
        }
    }

    /// Leaves the registers to the driver.
    #[inline(always)]
    pub unsafe fn save(&self) {
        // SAFETY: X2.
        unsafe {
            let ctx = self.ctx;
            (*ctx).ip = self.ip;
            (*ctx).fp = self.fp;
            (*ctx).acc = self.acc;
            (*ctx).f32acc = self.f32acc;
            (*ctx).f64acc = self.f64acc;
            (*ctx).native_stack = (&raw const *self).addr();
        }
    }

    /// Says where a debugger finds `ip` and `fp` from now on.
    #[inline(always)]
    pub unsafe fn say_live(ctx: *mut Context, live: *const LivePoint) {
        // SAFETY: X2. Volatile: nobody reads it but whoever stops the process.
        unsafe { (&raw mut (*ctx).live).write_volatile(live) };
    }

    /// Loads what depends on the running instance.
    #[inline(always)]
    pub unsafe fn load_instance(&mut self) {
        // SAFETY: X2, H1.
        unsafe {
            let memory: *mut MemoryCore = (*(*self.ctx).instance).memory0;
            self.mem = (*memory).base;
            self.len = (*memory).len;
        }
    }
}

const _: () = {
    assert!(offset_of!(Regs, ip) == offset_of!(LivePoint, ip));
    assert!(offset_of!(Regs, fp) == offset_of!(LivePoint, fp));
};
