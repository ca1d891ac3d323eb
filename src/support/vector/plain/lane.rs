//! Moving of lanes: splats, single lanes, swizzles and shuffles.

use super::super::lanes::Lanes;
use super::super::v128::V128;
use core::array::from_fn;

/// Defines the copying of a value to all lanes, and the replacement of a lane. Only the low bits
/// of a value count that fit into a lane, and only those of a lane's number.
macro_rules! values {
    ($($value:ty: [$lane:ty; $count:literal], $splat:ident, $replace:ident;)*) => {$(
        #[inline(always)]
        pub fn $splat(value: $value) -> V128 {
            [value as $lane; $count].into_vector()
        }

        #[inline(always)]
        pub fn $replace(a: V128, value: $value, lane: u8) -> V128 {
            let a = <[$lane; $count]>::from_vector(a);
            let replaced = usize::from(lane) % $count;
            from_fn::<$lane, $count, _>(|lane| if lane == replaced { value as $lane } else { a[lane] })
                .into_vector()
        }
    )*};
}

values! {
    u32: [u8; 16], i8x16_splat, i8x16_replace_lane;
    u32: [u16; 8], i16x8_splat, i16x8_replace_lane;
    u32: [u32; 4], i32x4_splat, i32x4_replace_lane;
    u64: [u64; 2], i64x2_splat, i64x2_replace_lane;
    f32: [f32; 4], f32x4_splat, f32x4_replace_lane;
    f64: [f64; 2], f64x2_splat, f64x2_replace_lane;
}

/// Returns the bytes of `a` whose numbers are in `b`, and 0 for numbers from 16.
#[inline(always)]
pub fn i8x16_swizzle(a: V128, b: V128) -> V128 {
    gather(
        [a, V128::ZERO],
        V128::from_bytes(b.to_bytes().map(|number| number.min(16))),
    )
}

/// Returns the bytes of `a` and `b` whose numbers are in `lanes`; 16 is the first byte of `b`.
/// Numbers are below 32.
#[inline(always)]
pub fn i8x16_shuffle(a: V128, b: V128, lanes: V128) -> V128 {
    gather([a, b], lanes)
}

/// Returns the bytes of two vectors with the given numbers.
#[inline(always)]
fn gather(vectors: [V128; 2], numbers: V128) -> V128 {
    // By shifts, without an array: a handler with memory of its own could not end in a jump.
    let [a, b] = [u128::from(vectors[0]), u128::from(vectors[1])];
    let numbers = u128::from(numbers);
    let mut gathered = 0;
    let mut lane = 0;
    while lane < 16 {
        let number = (numbers >> (8 * lane)) as u32;
        let vector = if number & 16 == 0 { a } else { b };
        gathered |= u128::from((vector >> (8 * (number % 16))) as u8) << (8 * lane);
        lane += 1;
    }
    V128::from(gathered)
}

/// Returns `bits` in the low lane. The others are zero.
#[inline(always)]
pub fn v128_load32_zero(bits: u32) -> V128 {
    V128::from_slots(bits.into(), 0)
}

/// Returns `bits` in the low lane. The other is zero.
#[inline(always)]
pub fn v128_load64_zero(bits: u64) -> V128 {
    V128::from_slots(bits, 0)
}
