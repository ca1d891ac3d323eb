//! Tests of the types of references.

use super::cell::Execute;
use super::regs::{Regs, Step};
use crate::code::cells::{
    BrOnCast, BrOnCastAny, BrOnCastFail, BrOnCastFailAny, RefCast, RefCastAny, RefTest, RefTestAny,
};
use crate::code::{CastTarget, CastTest, Trap};
use crate::heap::{ObjectCore, is_object};
use crate::ids::TypeId;
use crate::module::CompositeKind;

impl Regs {
    /// Returns whether a reference is of a structure or array type, or null if that passes.
    #[inline(always)]
    unsafe fn is_object_of(&self, bits: u32, test: CastTest, ty: TypeId) -> bool {
        if bits == 0 {
            return test.accepts_null();
        }
        // SAFETY: X2, H5: an instance has the type of each object.
        is_object(bits)
            && unsafe {
                let core = (*self.ctx).objects;
                let of = ObjectCore::type_of(core, bits);
                ObjectCore::is_subtype(core, of, ty.0, test.depth())
            }
    }

    /// Returns whether a reference is of any other type, or null if that passes.
    #[inline(always)]
    unsafe fn is_of(&self, bits: u32, test: CastTest, ty: TypeId) -> bool {
        if bits == 0 {
            return test.accepts_null();
        }
        if test.accepts_kind(bits) {
            return true;
        }
        match test.target() {
            CastTarget::None | CastTarget::All | CastTarget::Eq | CastTarget::I31 => false,
            // SAFETY: X2, H5.
            CastTarget::Struct => unsafe { self.is_of_kind(bits, CompositeKind::Struct) },
            // SAFETY: X2, H5.
            CastTarget::Array => unsafe { self.is_of_kind(bits, CompositeKind::Array) },
            // SAFETY: X2, H5.
            CastTarget::Object => unsafe { self.is_object_of(bits, test, ty) },
            // SAFETY: X2, H1, H4: the store has the function, and knows its type if that is not
            // the one of the cast.
            CastTarget::Func => unsafe {
                let function = (*self.ctx).functions.add(bits as usize - 1);
                let core = (*self.ctx).objects;
                ObjectCore::is_known_subtype(core, (*function).ty.0, ty.0, test.depth())
            },
        }
    }

    #[inline(always)]
    unsafe fn is_of_kind(&self, bits: u32, kind: CompositeKind) -> bool {
        // SAFETY: X2, H5: an instance has the type of each object.
        is_object(bits)
            && unsafe {
                let core = (*self.ctx).objects;
                let ty = ObjectCore::type_of(core, bits);
                (*ObjectCore::type_entry(core, ty)).kind as u8 == kind as u8
            }
    }
}

/// Defines a cast, a test and two branches for a way of testing.
macro_rules! casts {
    ($test:ident: $cast:ident $value:ident $branch:ident $branch_fail:ident) => {
        impl Execute for $cast {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Step {
                // SAFETY: X1, X2, S1, H5.
                unsafe {
                    let bits = *r.slot($cast::reference) as u32;
                    if r.$test(bits, r.get($cast::test), r.get($cast::ty)) {
                        r.next::<Self>()
                    } else {
                        r.trap(Trap::CastFailure)
                    }
                }
            }
        }

        impl Execute for $value {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Step {
                // SAFETY: X1, X2, S1, H5.
                unsafe {
                    let bits = *r.slot($value::reference) as u32;
                    let holds = r.$test(bits, r.get($value::test), r.get($value::ty));
                    r.acc = u64::from(holds);
                    *r.slot($value::result) = r.acc;
                    r.next::<Self>()
                }
            }
        }

        impl Execute for $branch {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Step {
                // SAFETY: X1, X2, S1, H5.
                unsafe {
                    let bits = *r.slot($branch::reference) as u32;
                    if r.$test(bits, r.get($branch::test), r.get($branch::ty)) {
                        r.ip = r.address($branch::target);
                        Step::Jump
                    } else {
                        r.next::<Self>()
                    }
                }
            }
        }

        impl Execute for $branch_fail {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Step {
                // SAFETY: X1, X2, S1, H5.
                unsafe {
                    let bits = *r.slot($branch_fail::reference) as u32;
                    if r.$test(bits, r.get($branch_fail::test), r.get($branch_fail::ty)) {
                        r.next::<Self>()
                    } else {
                        r.ip = r.address($branch_fail::target);
                        Step::Jump
                    }
                }
            }
        }
    };
}

casts!(is_object_of: RefCast RefTest BrOnCast BrOnCastFail);
casts!(is_of: RefCastAny RefTestAny BrOnCastAny BrOnCastFailAny);
