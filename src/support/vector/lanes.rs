//! Vectors as arrays of lanes.

use super::v128::V128;
use core::mem::transmute;

/// An array of lanes that fills a vector. Lane 0 is the first element, on all targets.
pub trait Lanes: Copy {
    /// Splits a vector into lanes.
    fn from_vector(vector: V128) -> Self;

    /// Joins lanes into a vector.
    fn into_vector(self) -> V128;
}

macro_rules! lanes {
    ($($lane:ty as $bits:ty, $count:literal, $from:expr, $into:expr;)*) => {$(
        // Bytes are the image themselves.
        #[allow(clippy::useless_transmute)]
        impl Lanes for [$lane; $count] {
            #[inline(always)]
            fn from_vector(vector: V128) -> Self {
                // SAFETY: both types are plain data of 16 bytes.
                let image = unsafe { transmute::<[u8; 16], [$bits; $count]>(vector.to_bytes()) };
                image.map(|bits| $from(<$bits>::from_le(bits)))
            }

            #[inline(always)]
            fn into_vector(self) -> V128 {
                let image = self.map(|lane| <$bits>::to_le($into(lane)));
                // SAFETY: both types are plain data of 16 bytes.
                V128::from_bytes(unsafe { transmute::<[$bits; $count], [u8; 16]>(image) })
            }
        }
    )*};
}

lanes! {
    i8 as u8, 16, u8::cast_signed, i8::cast_unsigned;
    u8 as u8, 16, u8::from, u8::from;
    i16 as u16, 8, u16::cast_signed, i16::cast_unsigned;
    u16 as u16, 8, u16::from, u16::from;
    i32 as u32, 4, u32::cast_signed, i32::cast_unsigned;
    u32 as u32, 4, u32::from, u32::from;
    i64 as u64, 2, u64::cast_signed, i64::cast_unsigned;
    u64 as u64, 2, u64::from, u64::from;
    f32 as u32, 4, f32::from_bits, f32::to_bits;
    f64 as u64, 2, f64::from_bits, f64::to_bits;
}
