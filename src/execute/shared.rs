//! Loads from and stores to memories that threads of the operating system may share.
//!
//! They are relaxed atomic accesses, which take the same instructions as others on the usual
//! processors, but must be aligned. The memory may become larger at any time, but never moves.

use super::cell::{Apply, Cell};
use super::memory::{Fields, Form, LoadOp, StoreOp, Stored};
use super::operand::{Sink, Source};
use super::regs::{Regs, Step};
use crate::code::shape::{LoadShared, LoadSharedAny, StoreShared, StoreSharedAny};
use crate::support::vector::Level;

impl<O: LoadOp, A: Form, R: Sink<O::Result>> Cell for Apply<O, LoadShared<A, R>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X3, S1, H3.
        unsafe {
            let end = A::end(r, const { Fields::of(&Self::LAYOUT) });
            let address = r.within_shared(end, O::Stored::SIZE);
            Self::finish_load::<L, R>(r, address, |address| O::Stored::load_relaxed(address))
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
            let address = Self::any_address(r, O::Stored::SIZE);
            Self::finish_load::<L, R>(r, address, |address| O::Stored::load_relaxed(address))
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
            let end = A::end(r, const { Fields::of(&Self::LAYOUT) });
            let address = r.within_shared(end, O::Stored::SIZE);
            Self::finish_store(r, address, |r, address| {
                let value = const { Self::LAYOUT.either("value", "value_constant") };
                O::wrap(V::read(r, value)).store_relaxed(address);
            })
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
            let address = Self::any_address(r, O::Stored::SIZE);
            Self::finish_store(r, address, |r, address| {
                O::wrap(Self::any_value::<O::Operand>(r)).store_relaxed(address);
            })
        }
    }
}
