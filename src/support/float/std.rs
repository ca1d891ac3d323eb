//! The system's functions.

macro_rules! functions {
    ($($name:ident $method:ident $ty:ident)*) => {$(
        #[inline(always)]
        pub fn $name(value: $ty) -> $ty {
            value.$method()
        }
    )*};
}

functions! {
    ceil32 ceil f32 floor32 floor f32 trunc32 trunc f32 nearest32 round_ties_even f32 sqrt32 sqrt f32
    ceil64 ceil f64 floor64 floor f64 trunc64 trunc f64 nearest64 round_ties_even f64 sqrt64 sqrt f64
}
