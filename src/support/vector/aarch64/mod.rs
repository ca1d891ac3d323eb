//! Instructions on little-endian AArch64, with NEON.

// Vectors of bytes have the native type already, and results have many types.
#![allow(clippy::useless_transmute, clippy::missing_transmute_annotations)]

mod compare;
mod float;
mod integer;
mod lane;
mod width;

pub use compare::*;
pub use float::*;
pub use integer::*;
pub use lane::*;
pub use width::*;

/// Defines instructions by an expression on native vectors, whose types tell the lanes.
macro_rules! neon {
    ($($name:ident($($arg:ident: $ty:ty),+) = $result:expr;)*) => {$(
        #[inline(always)]
        pub fn $name($($arg: V128),+) -> V128 {
            // SAFETY: all processors of this kind have NEON, and all types are plain data of 16
            // bytes.
            unsafe {
                $(let $arg = transmute::<uint8x16_t, $ty>($arg.0);)+
                V128(transmute::<_, uint8x16_t>($result))
            }
        }
    )*};
}
use neon;
