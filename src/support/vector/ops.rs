//! One function for each instruction, named as the instruction with `_` for `.`.

use super::instructions::instructions;
use super::{Level, V128};

/// Calls the form of an instruction for the target.
#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! call {
    ($level:ident, $name:ident($($arg:ident),*)) => {
        super::x86_64::$name::<$level>($($arg),*)
    };
}

/// Calls the form of an instruction for the target.
#[cfg(all(target_arch = "aarch64", target_endian = "little", not(miri)))]
macro_rules! call {
    ($level:ident, $name:ident($($arg:ident),*)) => {
        super::aarch64::$name($($arg),*)
    };
}

/// Calls the form of an instruction for the target.
#[cfg(any(
    miri,
    not(any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_endian = "little")
    ))
))]
macro_rules! call {
    ($level:ident, $name:ident($($arg:ident),*)) => {
        super::plain::$name($($arg),*)
    };
}

macro_rules! functions {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {$(
        #[doc = concat!("The instruction `", stringify!($name), "`, where the first `_` is a `.`.")]
        #[inline(always)]
        pub fn $name<L: Level>($($arg: $ty),*) -> $result {
            call!(L, $name($($arg),*))
        }
    )*};
}

instructions!(functions);
