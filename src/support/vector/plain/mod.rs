//! All instructions on arrays of lanes, for every target.

// Targets with forms of their own use none or few of these, except in tests.
#![allow(dead_code, unused_imports)]

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

/// Defines instructions that do the same with each lane. In the expression, the names of the
/// parameters are those of single lanes.
macro_rules! lanewise {
    ($($name:ident($($arg:ident: $from:ty),+) -> [$to:ty; $count:literal] = $result:expr;)*) => {$(
        #[inline(always)]
        pub fn $name($($arg: V128),+) -> V128 {
            $(let $arg = <[$from; $count]>::from_vector($arg);)+
            from_fn::<$to, $count, _>(|lane| {
                $(let $arg = $arg[lane];)+
                $result
            })
            .into_vector()
        }
    )*};
}
use lanewise;
