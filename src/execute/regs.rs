//! The registers of running code, and the functions with which handlers read their cells.

use super::opaque::unindexed;
use crate::code::cells::Row;
use crate::code::{At, CalleeCode, Entry, FarSlot, FieldKind, FieldType, NearSlot, Trap};
use crate::heap::MemoryCore;
use crate::stack::{Context, Exit, LivePoint};
use crate::support::vector::V128;
use core::mem::offset_of;

/// The way on from a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Continue with the cell at `ip`, which is the one behind this.
    Next,
    /// Continue with the cell at `ip`, which may be any.
    Jump,
    /// Exit to the driver for the reason in `Context::exit`; `ip` is that of this cell.
    Exit,
}

/// The registers of the interpreter. Handlers get them by value, and each backend keeps them
/// in registers of the processor if it can, so no address of a `Regs` may escape.
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
    /// The running store's context (X2).
    pub ctx: *mut Context,
    /// The accumulator of integers and references.
    pub acc: u64,
    /// The accumulator of 32-bit floats.
    pub f32acc: f32,
    /// The accumulator of 64-bit floats.
    pub f64acc: f64,
    /// The accumulator of vectors; without the feature `simd` it takes no space.
    pub v128acc: V128,
}

/// Returns the distance of a field from the beginning of its cell in memory: a field is a
/// part of a word, whose bytes are in the target's order.
const fn distance(byte: usize, size: usize) -> usize {
    if cfg!(target_endian = "little") {
        byte
    } else {
        byte / 8 * 8 + (8 - size - byte % 8)
    }
}

/// Reads a field of the cell at an address.
///
/// # Safety
///
/// The cell is one of `C`, of finished code.
#[inline(always)]
pub(super) unsafe fn read_field<C, T: FieldType>(cell: *const u64, at: At<C, T>) -> T {
    // SAFETY: as promised: the field is there, and aligned to its size.
    T::from_bits(unsafe {
        let field = cell.byte_add(distance(at.byte(), T::KIND.size()));
        match T::KIND.size() {
            2 => u64::from(*field.cast::<u16>()),
            4 => u64::from(*field.cast::<u32>()),
            _ => *field,
        }
    })
}

/// Reading cells. All of these rest on X1: `ip` is the address of a cell whose handler runs,
/// so the fields that the cell's type lists are there.
impl Regs {
    /// Returns the address of a field.
    #[inline(always)]
    unsafe fn field<T>(&self, byte: usize, kind: FieldKind) -> *const T {
        // SAFETY: X1.
        unsafe { self.ip.byte_add(distance(byte, kind.size())).cast() }
    }

    /// Reads a 16-bit field.
    #[inline(always)]
    pub unsafe fn u16_at(&self, byte: usize) -> u16 {
        // SAFETY: X1.
        unsafe { *self.field(byte, FieldKind::U16) }
    }

    /// Reads a 32-bit field.
    #[inline(always)]
    pub unsafe fn u32_at(&self, byte: usize) -> u32 {
        // SAFETY: X1.
        unsafe { *self.field(byte, FieldKind::U32) }
    }

    /// Reads a 64-bit field.
    #[inline(always)]
    pub unsafe fn u64_at(&self, byte: usize) -> u64 {
        // SAFETY: X1.
        unsafe { *self.field(byte, FieldKind::U64) }
    }

    /// Reads a field that holds an address.
    #[inline(always)]
    pub unsafe fn address_at(&self, byte: usize) -> *const u64 {
        // SAFETY: X1.
        unsafe { *self.field(byte, FieldKind::Target) }
    }

    /// Returns the slot that a 16-bit field names.
    #[inline(always)]
    pub unsafe fn slot_at(&self, byte: usize) -> *mut u64 {
        // SAFETY: X1.
        unindexed(unsafe { self.indexed_slot_at(byte) })
    }

    /// Returns the slot that a 16-bit field names, with one instruction less. Reading the slot
    /// may then take some cycles more after it was written (see [`unindexed`]), which does not
    /// matter for floats, nor where it was written long ago.
    #[inline(always)]
    pub unsafe fn indexed_slot_at(&self, byte: usize) -> *mut u64 {
        // SAFETY: X1, and S1: operands lie within the frame.
        unsafe {
            let distance: i16 = *self.field(byte, FieldKind::NearSlot);
            self.fp.byte_offset(distance as isize)
        }
    }

    /// Returns the address of the part of a slot that a 16-bit field names.
    #[cfg(feature = "simd")]
    #[inline(always)]
    pub unsafe fn lane_at(&self, byte: usize) -> *const u8 {
        // SAFETY: X1, and S1: operands lie within the frame.
        unsafe {
            let distance: i16 = *self.field(byte, FieldKind::Lane);
            self.fp.cast::<u8>().offset(distance as isize)
        }
    }

    /// Returns the slot that a 32-bit field names.
    #[inline(always)]
    pub unsafe fn far_slot_at(&self, byte: usize) -> *mut u64 {
        // SAFETY: X1, and S1: operands lie within the frame.
        unsafe {
            let distance: i32 = *self.field(byte, FieldKind::FarSlot);
            self.fp.byte_offset(distance as isize)
        }
    }

    /// Reads a field.
    #[inline(always)]
    pub unsafe fn get<C, T: FieldType>(&self, at: At<C, T>) -> T {
        // SAFETY: X1.
        unsafe { read_field(self.ip, at) }
    }

    /// Returns the slot that a field names.
    #[inline(always)]
    pub unsafe fn slot<C>(&self, at: At<C, NearSlot>) -> *mut u64 {
        // SAFETY: X1.
        unsafe { self.slot_at(at.byte()) }
    }

    /// Returns the slot that a field names: see [`Regs::indexed_slot_at`].
    #[inline(always)]
    pub unsafe fn indexed_slot<C>(&self, at: At<C, NearSlot>) -> *mut u64 {
        // SAFETY: X1.
        unsafe { self.indexed_slot_at(at.byte()) }
    }

    /// Returns the slot that a far field names.
    #[inline(always)]
    pub unsafe fn far_slot<C>(&self, at: At<C, FarSlot>) -> *mut u64 {
        // SAFETY: X1.
        unsafe { self.far_slot_at(at.byte()) }
    }

    /// Reads a 32-bit field anew. Keeping its value from an earlier read would take one
    /// register more than a handler has.
    #[inline(always)]
    pub unsafe fn get_again<C, T: FieldType>(&self, at: At<C, T>) -> T {
        const { assert!(T::KIND.size() == 4) };
        // SAFETY: X1.
        T::from_bits(u64::from(unsafe {
            self.field::<u32>(at.byte(), FieldKind::U32).read_volatile()
        }))
    }

    /// Reads the address of a branch target or a callee.
    #[inline(always)]
    pub unsafe fn address<C, T>(&self, at: At<C, T>) -> *const u64 {
        // SAFETY: X1.
        unsafe { self.address_at(at.byte()) }
    }

    /// Reads the address of a branch target anew, whatever was read before.
    #[inline(always)]
    pub unsafe fn address_again<C, T>(&self, at: At<C, T>) -> *const u64 {
        // SAFETY: X1.
        unsafe {
            self.field::<*const u64>(at.byte(), FieldKind::Target)
                .read_volatile()
        }
    }

    /// Returns the address of a callee's patchable word.
    #[inline(always)]
    pub unsafe fn callee_code<C>(&self, at: At<C, CalleeCode>) -> *const Entry {
        // SAFETY: X1.
        unsafe { self.field(at.byte(), FieldKind::CalleeCode) }
    }

    /// Continues with the cell behind this one, which is of `C`.
    #[inline(always)]
    pub unsafe fn next<C: Row>(&mut self) -> Step {
        // SAFETY: X1.
        unsafe { self.advance(C::WORDS) }
    }

    /// Continues with the cell that is `words` words behind this one.
    #[inline(always)]
    pub unsafe fn advance(&mut self, words: usize) -> Step {
        // SAFETY: X1: another cell follows.
        self.ip = unsafe { self.ip.add(words) };
        Step::Next
    }

    /// Exits to the driver.
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

    /// Returns the registers that [`Regs::save`] saved.
    #[inline]
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
                v128acc: V128::restore((*ctx).v128acc),
            };
            r.load_instance();
            r
        }
    }

    /// Saves the registers in the context.
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
            (*ctx).v128acc = self.v128acc.save();
            (*ctx).native_stack = (&raw const *self).addr();
        }
    }

    /// Publishes the location of `ip` and `fp` for debuggers.
    #[inline(always)]
    pub unsafe fn say_live(ctx: *mut Context, live: *const LivePoint) {
        // SAFETY: X2. Volatile, since only debuggers read it.
        unsafe { (&raw mut (*ctx).live).write_volatile(live) };
    }

    /// Loads the registers that depend on the running instance.
    #[inline(always)]
    pub unsafe fn load_instance(&mut self) {
        // SAFETY: X2, H1.
        unsafe {
            let memory: *mut MemoryCore = (*(*self.ctx).instance).memory0;
            self.mem = (*memory).base;
            self.len = (*memory).len();
        }
    }
}

const _: () = {
    assert!(offset_of!(Regs, ip) == offset_of!(LivePoint, ip));
    assert!(offset_of!(Regs, fp) == offset_of!(LivePoint, fp));
};
