//! Loads from and stores to memories that threads of the operating system may share.
//!
//! They are relaxed atomic accesses, which take the same instructions as others on the usual
//! processors, but must be aligned. The memory may become larger at any time, but never moves.

use super::cell::{Apply, Cell};
use super::memory::{Fields, Form, LoadOp, StoreOp, Stored};
use super::operand::{Sink, Source, Value};
use super::regs::{Regs, Step};
use crate::code::shape::{LoadShared, LoadSharedAny, StoreShared, StoreSharedAny};
use crate::code::{FieldKind, Trap};
use crate::support::vector::Level;

impl<O: LoadOp, A: Form, R: Sink<O::Result>> Cell for Apply<O, LoadShared<A, R>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X3, S1, H3.
        unsafe {
            let at = A::effective(r, const { Fields::of(&Self::LAYOUT) });
            match r.within_shared(at, O::Stored::SIZE) {
                Some(address) => {
                    let value = O::extend::<L>(O::Stored::load_relaxed(address));
                    R::write(r, const { Self::LAYOUT.operand("result") }, value);
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

impl<O: LoadOp, R: Sink<O::Result>> Cell for Apply<O, LoadSharedAny<R>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let base = *r.slot_at(const { Self::LAYOUT.byte("base", FieldKind::NearSlot) });
            let memory = r.u32_at(const { Self::LAYOUT.byte("memory", FieldKind::U32) });
            let offset = r.u64_at(const { Self::LAYOUT.byte("offset", FieldKind::U64) });
            match r.within_any(memory, base, offset, O::Stored::SIZE) {
                Some(address) => {
                    let value = O::extend::<L>(O::Stored::load_relaxed(address));
                    R::write(r, const { Self::LAYOUT.operand("result") }, value);
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

impl<O: StoreOp, A: Form, V: Source<O::Operand>> Cell for Apply<O, StoreShared<A, V>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X3, S1, H3.
        unsafe {
            let at = A::effective(r, const { Fields::of(&Self::LAYOUT) });
            match r.within_shared(at, O::Stored::SIZE) {
                Some(address) => {
                    let value = const { Self::LAYOUT.either("value", "value_constant") };
                    O::wrap(V::read(r, value)).store_relaxed(address);
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

impl<O: StoreOp> Cell for Apply<O, StoreSharedAny> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let base = *r.slot_at(const { Self::LAYOUT.byte("base", FieldKind::NearSlot) });
            let memory = r.u32_at(const { Self::LAYOUT.byte("memory", FieldKind::U32) });
            let offset = r.u64_at(const { Self::LAYOUT.byte("offset", FieldKind::U64) });
            match r.within_any(memory, base, offset, O::Stored::SIZE) {
                Some(address) => {
                    let slot = r.slot_at(const { Self::LAYOUT.byte("value", FieldKind::NearSlot) });
                    O::wrap(O::Operand::read(slot)).store_relaxed(address);
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}
