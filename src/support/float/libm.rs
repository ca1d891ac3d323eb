//! Functions for targets without a system.

macro_rules! functions {
    ($($name:ident $function:ident $ty:ident)*) => {$(
        #[inline(always)]
        pub fn $name(value: $ty) -> $ty {
            ::libm::$function(value)
        }
    )*};
}

functions! {
    ceil32 ceilf f32 floor32 floorf f32 trunc32 truncf f32 nearest32 rintf f32 sqrt32 sqrtf f32
    ceil64 ceil f64 floor64 floor f64 trunc64 trunc f64 nearest64 rint f64 sqrt64 sqrt f64
}
