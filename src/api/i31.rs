//! Integers of 31 bits.

use super::any_ref::kind;
use super::rooted::Root;
use crate::heap::{AnyKind, StoreInner};
use crate::support::error::Result;
use core::fmt;

/// An integer of 31 bits, which guests have as an `i31ref`.
///
/// ```
/// use backstitch::I31;
///
/// assert_eq!(I31::wrapping_i32(-1).get_i32(), -1);
/// assert_eq!(I31::wrapping_i32(-1).get_u32(), 0x7fff_ffff);
/// assert_eq!(I31::new_u32(1 << 31), None);
/// ```
///
/// Corresponds to [`wasmtime::I31`](https://docs.rs/wasmtime/latest/wasmtime/struct.I31.html).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct I31(u32);

/// Bits of the integer.
const MASK: u32 = u32::MAX >> 1;

impl I31 {
    /// Returns an integer with this value, or `None` if it is above 2^31 - 1.
    pub const fn new_u32(value: u32) -> Option<I31> {
        if value <= MASK {
            Some(I31(value))
        } else {
            None
        }
    }

    /// Returns an integer with this value, or `None` if it is below -2^30 or above 2^30 - 1.
    pub const fn new_i32(value: i32) -> Option<I31> {
        let wrapped = I31::wrapping_i32(value);
        if wrapped.get_i32() == value {
            Some(wrapped)
        } else {
            None
        }
    }

    /// Returns an integer with the lowest 31 bits of this value.
    pub const fn wrapping_u32(value: u32) -> I31 {
        I31(value & MASK)
    }

    /// Returns an integer with the lowest 31 bits of this value.
    pub const fn wrapping_i32(value: i32) -> I31 {
        I31::wrapping_u32(value as u32)
    }

    /// Returns the value as an unsigned integer.
    pub const fn get_u32(&self) -> u32 {
        self.0
    }

    /// Returns the value as a signed integer.
    pub const fn get_i32(&self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }

    /// Returns the bits of a reference to the integer.
    pub(super) fn bits(self) -> u32 {
        AnyKind::I31(self.0).bits() as u32
    }

    /// Returns the integer to which the bits of a reference refer, if they do.
    pub(super) fn from_bits(bits: u64) -> Option<I31> {
        match AnyKind::of(bits)? {
            AnyKind::I31(value) => Some(I31(value)),
            AnyKind::Extern(_) | AnyKind::Object(_) => None,
        }
    }

    /// Returns the integer to which a reference refers, if it does.
    pub(super) fn of(root: Root, store: &StoreInner) -> Result<Option<I31>> {
        Ok(I31::from_bits(kind(root, store)?.bits()))
    }
}

impl fmt::Debug for I31 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("I31")
            .field("as_u32", &self.get_u32())
            .field("as_i32", &self.get_i32())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_at_their_bounds() {
        for (signed, fits) in [
            (0, true),
            (-1, true),
            ((1 << 30) - 1, true),
            (1 << 30, false),
            (-(1 << 30), true),
            (-(1 << 30) - 1, false),
            (i32::MAX, false),
            (i32::MIN, false),
        ] {
            assert_eq!(I31::new_i32(signed).is_some(), fits, "{signed}");
            let wrapped = I31::wrapping_i32(signed);
            assert_eq!(wrapped.get_i32() == signed, fits);
            assert_eq!(wrapped.get_u32(), signed as u32 & 0x7fff_ffff);
            assert_eq!(I31::from_bits(wrapped.bits().into()), Some(wrapped));
        }
        assert_eq!(I31::new_u32(MASK).map(|it| it.get_i32()), Some(-1));
        assert_eq!(I31::new_u32(MASK + 1), None);
        assert_eq!(I31::wrapping_u32(u32::MAX).get_u32(), MASK);
    }
}
