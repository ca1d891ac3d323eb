//! Instructions on x86-64: with SSE2, and with those of x86-64-v3 where the level allows them.

mod compare;
mod float;
mod integer;
mod lane;
mod round;
mod width;

pub use compare::*;
pub use float::*;
pub use integer::*;
pub use lane::*;
pub use round::*;
pub use width::*;

use core::arch::x86_64::*;

/// Defines instructions by an expression on native vectors, in which `L` is the level.
macro_rules! vectors {
    ($($name:ident($($arg:ident),+) = $result:expr;)*) => {$(
        #[inline(always)]
        #[allow(unused_unsafe)]
        pub fn $name<L: Level>($($arg: V128),+) -> V128 {
            $(let $arg = $arg.0;)+
            // SAFETY: instructions beyond SSE2 are only used if the level allows them.
            V128(unsafe { $result })
        }
    )*};
}

/// Defines instructions on lanes of `f32`, as `vectors`.
macro_rules! singles {
    ($($name:ident($($arg:ident),+) = $result:expr;)*) => {
        vectors! {$(
            $name($($arg),+) = {
                $(let $arg = _mm_castsi128_ps($arg);)+
                _mm_castps_si128($result)
            };
        )*}
    };
}

/// Defines instructions on lanes of `f64`, as `vectors`.
macro_rules! doubles {
    ($($name:ident($($arg:ident),+) = $result:expr;)*) => {
        vectors! {$(
            $name($($arg),+) = {
                $(let $arg = _mm_castsi128_pd($arg);)+
                _mm_castpd_si128($result)
            };
        )*}
    };
}

/// Defines functions on native vectors, as `vectors`.
macro_rules! helpers {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident$(<$level:ident: Level>)?($($arg:ident: $ty:ty),*) -> $result:ty
            $body:block
    )*) => {$(
        $(#[$attribute])*
        #[inline(always)]
        #[allow(unused_unsafe)]
        $visibility fn $name$(<$level: Level>)?($($arg: $ty),*) -> $result {
            // SAFETY: instructions beyond SSE2 are only used if the level allows them.
            unsafe { $body }
        }
    )*};
}
use {doubles, helpers, singles, vectors};

helpers! {
/// Returns the bits of `a` where those of `mask` are set, and those of `b` elsewhere.
fn select(mask: __m128i, a: __m128i, b: __m128i) -> __m128i {
    _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b))
}

/// Returns all bits inverted.
fn not(a: __m128i) -> __m128i {
    _mm_xor_si128(a, _mm_set1_epi32(-1))
}
}
