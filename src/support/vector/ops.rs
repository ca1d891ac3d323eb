//! One function for each instruction, named as the instruction with `_` for `.`.

use super::instructions::instructions;
use super::{Level, V128};

#[cfg(all(target_arch = "x86_64", not(miri)))]
use super::x86_64 as form;

macro_rules! functions {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {$(
        #[doc = concat!("The instruction `", stringify!($name), "`, where the first `_` is a `.`.")]
        #[inline(always)]
        pub fn $name<L: Level>($($arg: $ty),*) -> $result {
            form::$name::<L>($($arg),*)
        }
    )*};
}

instructions!(functions);
