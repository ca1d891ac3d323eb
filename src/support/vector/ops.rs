//! One function for each instruction, named as the instruction with `_` for `.`.

use super::instructions::instructions;
use super::plain as form;
use super::{Level, V128};

macro_rules! functions {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {$(
        #[doc = concat!("The instruction `", stringify!($name), "`, where the first `_` is a `.`.")]
        #[inline(always)]
        pub fn $name<L: Level>($($arg: $ty),*) -> $result {
            form::$name($($arg),*)
        }
    )*};
}

macro_rules! groups {
    (
        binary { $($binary:ident)* }
        unary { $($unary:ident)* }
        test { $($test:ident)* }
        shift { $($shift:ident)* }
        ternary { $($ternary:ident)* }
        other { $($other:tt)* }
    ) => {
        functions! {
            $($binary(a: V128, b: V128) -> V128;)*
            $($unary(a: V128) -> V128;)*
            $($test(a: V128) -> u32;)*
            $($shift(a: V128, count: u32) -> V128;)*
            $($ternary(a: V128, b: V128, c: V128) -> V128;)*
            $($other)*
        }
    };
}

instructions!(groups);
