//! Instructions whose operands and results have lanes of different widths: extension, narrowing
//! and sums of products.

use super::super::lanes::Lanes;
use super::super::v128::V128;
use core::array::from_fn;

/// Defines the extension of one half of the lanes, and the products of extended lanes.
macro_rules! halves {
    ($([$from:ty; $from_count:literal] -> [$to:ty; $count:literal]:
        $low:ident, $high:ident, $low_product:ident, $high_product:ident;)*) => {$(
        #[inline(always)]
        pub fn $low(a: V128) -> V128 {
            let a = <[$from; $from_count]>::from_vector(a);
            from_fn::<$to, $count, _>(|lane| a[lane].into()).into_vector()
        }

        #[inline(always)]
        pub fn $high(a: V128) -> V128 {
            let a = <[$from; $from_count]>::from_vector(a);
            from_fn::<$to, $count, _>(|lane| a[$count + lane].into()).into_vector()
        }

        #[inline(always)]
        pub fn $low_product(a: V128, b: V128) -> V128 {
            let a = <[$to; $count]>::from_vector($low(a));
            let b = <[$to; $count]>::from_vector($low(b));
            from_fn::<$to, $count, _>(|lane| a[lane] * b[lane]).into_vector()
        }

        #[inline(always)]
        pub fn $high_product(a: V128, b: V128) -> V128 {
            let a = <[$to; $count]>::from_vector($high(a));
            let b = <[$to; $count]>::from_vector($high(b));
            from_fn::<$to, $count, _>(|lane| a[lane] * b[lane]).into_vector()
        }
    )*};
}

halves! {
    [i8; 16] -> [i16; 8]:
        i16x8_extend_low_i8x16_s, i16x8_extend_high_i8x16_s,
        i16x8_extmul_low_i8x16_s, i16x8_extmul_high_i8x16_s;
    [u8; 16] -> [u16; 8]:
        i16x8_extend_low_i8x16_u, i16x8_extend_high_i8x16_u,
        i16x8_extmul_low_i8x16_u, i16x8_extmul_high_i8x16_u;
    [i16; 8] -> [i32; 4]:
        i32x4_extend_low_i16x8_s, i32x4_extend_high_i16x8_s,
        i32x4_extmul_low_i16x8_s, i32x4_extmul_high_i16x8_s;
    [u16; 8] -> [u32; 4]:
        i32x4_extend_low_i16x8_u, i32x4_extend_high_i16x8_u,
        i32x4_extmul_low_i16x8_u, i32x4_extmul_high_i16x8_u;
    [i32; 4] -> [i64; 2]:
        i64x2_extend_low_i32x4_s, i64x2_extend_high_i32x4_s,
        i64x2_extmul_low_i32x4_s, i64x2_extmul_high_i32x4_s;
    [u32; 4] -> [u64; 2]:
        i64x2_extend_low_i32x4_u, i64x2_extend_high_i32x4_u,
        i64x2_extmul_low_i32x4_u, i64x2_extmul_high_i32x4_u;
}

/// Defines the sums of the two lanes of each pair.
macro_rules! pairs {
    ($($name:ident: [$from:ty; $from_count:literal] -> [$to:ty; $count:literal];)*) => {$(
        #[inline(always)]
        pub fn $name(a: V128) -> V128 {
            let a = <[$from; $from_count]>::from_vector(a);
            from_fn::<$to, $count, _>(|lane| {
                <$to>::from(a[2 * lane]) + <$to>::from(a[2 * lane + 1])
            })
            .into_vector()
        }
    )*};
}

pairs! {
    i16x8_extadd_pairwise_i8x16_s: [i8; 16] -> [i16; 8];
    i16x8_extadd_pairwise_i8x16_u: [u8; 16] -> [u16; 8];
    i32x4_extadd_pairwise_i16x8_s: [i16; 8] -> [i32; 4];
    i32x4_extadd_pairwise_i16x8_u: [u16; 8] -> [u32; 4];
}

/// Defines the narrowing of the lanes of two vectors, which are signed, to the range of lanes of
/// half of the width.
macro_rules! narrowings {
    ($($name:ident: [$from:ty; $from_count:literal] -> [$to:ty; $count:literal];)*) => {$(
        #[inline(always)]
        pub fn $name(a: V128, b: V128) -> V128 {
            let a = <[$from; $from_count]>::from_vector(a);
            let b = <[$from; $from_count]>::from_vector(b);
            from_fn::<$to, $count, _>(|lane| {
                let wide = if lane < $from_count { a[lane] } else { b[lane - $from_count] };
                wide.clamp(<$to>::MIN.into(), <$to>::MAX.into()) as $to
            })
            .into_vector()
        }
    )*};
}

narrowings! {
    i8x16_narrow_i16x8_s: [i16; 8] -> [i8; 16];
    i8x16_narrow_i16x8_u: [i16; 8] -> [u8; 16];
    i16x8_narrow_i32x4_s: [i32; 4] -> [i16; 8];
    i16x8_narrow_i32x4_u: [i32; 4] -> [u16; 8];
}

/// Returns the sums of two products each.
#[inline(always)]
pub fn i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 {
    let a = <[i16; 8]>::from_vector(a);
    let b = <[i16; 8]>::from_vector(b);
    let product = |lane: usize| i32::from(a[lane]) * i32::from(b[lane]);
    from_fn::<i32, 4, _>(|lane| product(2 * lane).wrapping_add(product(2 * lane + 1))).into_vector()
}

/// Returns the sums of two products each, which saturate.
#[inline(always)]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 {
    let a = <[i8; 16]>::from_vector(a);
    let b = <[i8; 16]>::from_vector(b);
    let product = |lane: usize| i16::from(a[lane]) * i16::from(b[lane]);
    from_fn::<i16, 8, _>(|lane| product(2 * lane).saturating_add(product(2 * lane + 1)))
        .into_vector()
}

/// Adds the sums of two pairs each of [`i16x8_relaxed_dot_i8x16_i7x16_s`] to `c`.
#[inline(always)]
pub fn i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 {
    let sums = <[i16; 8]>::from_vector(i16x8_relaxed_dot_i8x16_i7x16_s(a, b));
    let c = <[i32; 4]>::from_vector(c);
    from_fn::<i32, 4, _>(|lane| {
        let pair = i32::from(sums[2 * lane]) + i32::from(sums[2 * lane + 1]);
        pair.wrapping_add(c[lane])
    })
    .into_vector()
}

/// Defines the extension of 64 bits in memory.
macro_rules! loads {
    ($($name:ident, $extend:ident;)*) => {$(
        #[inline(always)]
        pub fn $name(bits: u64) -> V128 {
            $extend(V128::from_slots(bits, 0))
        }
    )*};
}

loads! {
    v128_load8x8_s, i16x8_extend_low_i8x16_s;
    v128_load8x8_u, i16x8_extend_low_i8x16_u;
    v128_load16x4_s, i32x4_extend_low_i16x8_s;
    v128_load16x4_u, i32x4_extend_low_i16x8_u;
    v128_load32x2_s, i64x2_extend_low_i32x4_s;
    v128_load32x2_u, i64x2_extend_low_i32x4_u;
}
