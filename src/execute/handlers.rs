//! Handlers: which type gives each opcode its meaning.
//!
//! [`ops`] makes a type of each row with a body, [`cell`](super::cell)'s `Apply` makes cells
//! of it and a shape, and each backend makes handlers of cells. Which opcodes there are, and
//! in which order, is the matter of [`code`](crate::code) alone.

use super::atomic::{ExchangeOp, UpdateOp};
use super::cell::{Apply, Cell, Fused, OpType};
use super::memory::{LoadOp, StoreOp};
use super::numeric::{BinaryOp, CompareOp, UnaryOp, WideMultiplyOp, WideOp};
use super::service::ServiceCell;
#[cfg(feature = "simd")]
use super::vector::{ReplaceLaneOp, ShiftOp, ShuffleOp, TernaryOp};
use crate::code::cells::*;
use crate::code::family::{for_each_variant, with_shared_loads, with_shared_stores};
use crate::code::fusion_rows::for_each_fusion;
use crate::code::table::for_each_op;
use crate::code::{
    CodeHeader, CodeLength, FixedCell, FixedCells, HandlerAddress, HandlerTable, Op, Opcode, Stub,
    Trap,
};
use crate::support::float;

/// The ops of families, as types.
pub mod ops {
    use super::*;
    use crate::execute::numeric;
    use crate::support::vector::Level;
    #[cfg(feature = "simd")]
    use crate::support::vector::{V128 as v128, ops as vector};

    /// Defines a type for each row that has a body.
    macro_rules! define_ops {
        ([] $($(#[doc = $doc:literal])* $family:ident $op:ident $name:literal
            $(($operand:ident) -> $result:ident)? $([$($field:ident: $ty:ty),*])?
            $({ |$($arg:ident),*| $body:expr })?)*) => {$(
            $(
                /// The op of the row with this name.
                pub struct $op;

                impl OpType for $op {
                    const OP: Op = Op::$op;
                }

                define_op! { $family $op $operand $result |$($arg),*| $body }
            )?
        )*};
    }

    /// Gives the type of a row the meaning of the row's body.
    macro_rules! define_op {
        (Commutative $($row:tt)*) => { define_op! { total BinaryOp $($row)* } };
        (CommutativeWide $($row:tt)*) => { define_op! { total BinaryOp $($row)* } };
        (Binary $($row:tt)*) => { define_op! { total BinaryOp $($row)* } };
        (Partial $($row:tt)*) => { define_op! { partial BinaryOp $($row)* } };
        (VectorCommutative $($row:tt)*) => { define_op! { total BinaryOp $($row)* } };
        (VectorBinary $($row:tt)*) => { define_op! { total BinaryOp $($row)* } };
        (Unary $($row:tt)*) => { define_op! { total UnaryOp $($row)* } };
        (PartialUnary $($row:tt)*) => { define_op! { partial UnaryOp $($row)* } };
        (total $trait:ident $op:ident $operand:ident $result:ident |$($arg:ident),*| $body:expr) => {
            define_op! { partial $trait $op $operand $result |$($arg),*| Ok($body) }
        };
        (partial $trait:ident $op:ident $operand:ident $result:ident |$($arg:ident),*| $body:expr) => {
            impl $trait for $op {
                type Operand = $operand;
                type Result = $result;
                #[inline(always)]
                fn apply<L: Level>($($arg: $operand),*) -> Result<$result, Trap> {
                    $body
                }
            }
        };
        (CompareFloat $($row:tt)*) => { define_op! { Compare $($row)* } };
        (Compare $op:ident $operand:ident $result:ident |$a:ident, $b:ident| $body:expr) => {
            impl CompareOp for $op {
                type Operand = $operand;
                #[inline(always)]
                fn holds($a: $operand, $b: $operand) -> bool {
                    $body
                }
            }
        };
        (Load $op:ident $stored:ident $result:ident |$a:ident| $body:expr) => {
            impl LoadOp for $op {
                type Stored = $stored;
                type Result = $result;
                #[inline(always)]
                fn extend<L: Level>($a: $stored) -> $result {
                    $body
                }
            }
        };
        (ExtractLane $($row:tt)*) => { define_op! { Load $($row)* } };
        (VectorStore $($row:tt)*) => { define_op! { Store $($row)* } };
        (Shift $op:ident $operand:ident $result:ident |$a:ident, $b:ident| $body:expr) => {
            impl ShiftOp for $op {
                #[inline(always)]
                fn apply<L: Level>($a: v128, $b: u32) -> v128 {
                    $body
                }
            }
        };
        (Ternary $op:ident $operand:ident $result:ident
            |$a:ident, $b:ident, $c:ident| $body:expr) => {
            impl TernaryOp for $op {
                #[inline(always)]
                fn apply<L: Level>($a: v128, $b: v128, $c: v128) -> v128 {
                    $body
                }
            }
        };
        (Shuffle $op:ident $operand:ident $result:ident
            |$a:ident, $b:ident, $lanes:ident| $body:expr) => {
            impl ShuffleOp for $op {
                #[inline(always)]
                fn apply<L: Level>($a: v128, $b: v128, $lanes: v128) -> v128 {
                    $body
                }
            }
        };
        (ReplaceLane $op:ident $operand:ident $result:ident
            |$a:ident, $b:ident, $lane:ident| $body:expr) => {
            impl ReplaceLaneOp for $op {
                type Lane = $operand;
                #[inline(always)]
                fn apply<L: Level>($a: v128, $b: $operand, $lane: u8) -> v128 {
                    $body
                }
            }
        };
        (Constant $($row:tt)*) => {};
        (StoreFloat $($row:tt)*) => { define_op! { Store $($row)* } };
        (Store $op:ident $operand:ident $stored:ident |$a:ident| $body:expr) => {
            impl StoreOp for $op {
                type Operand = $operand;
                type Stored = $stored;
                #[inline(always)]
                fn wrap($a: $operand) -> $stored {
                    $body
                }
            }
        };
        (FieldGet $($row:tt)*) => { define_op! { Load $($row)* } };
        (ElementGet $($row:tt)*) => { define_op! { Load $($row)* } };
        (FieldSet $($row:tt)*) => { define_op! { Store $($row)* } };
        (ElementSet $($row:tt)*) => { define_op! { Store $($row)* } };
        (AtomicLoad $($row:tt)*) => { define_op! { Load $($row)* } };
        (AtomicStore $($row:tt)*) => { define_op! { Store $($row)* } };
        (AtomicUpdate $op:ident $stored:ident $result:ident |$old:ident, $value:ident| $body:expr) => {
            impl UpdateOp for $op {
                type Stored = $stored;
                type Result = $result;
                #[inline(always)]
                fn update($old: $stored, $value: $stored) -> $stored {
                    $body
                }
            }
        };
        (AtomicExchange $op:ident $stored:ident $result:ident
            |$old:ident, $expected:ident| $body:expr) => {
            impl ExchangeOp for $op {
                type Stored = $stored;
                type Result = $result;
                #[inline(always)]
                fn replaces($old: $stored, $expected: $stored) -> bool {
                    $body
                }
            }
        };
        (Wide $op:ident $operand:ident $result:ident |$a:ident, $b:ident| $body:expr) => {
            impl WideOp for $op {
                #[inline(always)]
                fn apply($a: u128, $b: u128) -> u128 {
                    $body
                }
            }
        };
        (WideMultiply $op:ident $operand:ident $result:ident |$a:ident, $b:ident| $body:expr) => {
            impl WideMultiplyOp for $op {
                #[inline(always)]
                fn apply($a: u64, $b: u64) -> u128 {
                    $body
                }
            }
        };
    }

    for_each_op!(define_ops);
}

/// The cells of each op by the names of their variants: `named::I32Add::ss`.
///
/// They are paths because the compiler resolves these at once. Looking the type up through a
/// trait on the opcode's number takes it half a minute, since each implementation is compared
/// with all others.
#[allow(
    non_snake_case,
    non_camel_case_types,
    unused,
    reason = "the names of the table"
)]
mod named {
    use super::*;

    macro_rules! name_ops {
        ([] $($(#[doc = $doc:literal])* $family:ident $op:ident $name:literal
            $(($operand:ident) -> $result:ident)? $([$($field:ident: $ty:ty),*])?
            $({ |$($arg:ident),*| $body:expr })?)*) => {
            $(for_each_variant! { name_cells [$family $op] $family })*
        };
    }

    macro_rules! name_cells {
        ([Service $op:ident] $variant:ident $suffix:literal row) => {
            pub mod $op {
                pub type $variant = super::ServiceCell<super::super::$op>;
            }
        };
        ([Control $op:ident] $variant:ident $suffix:literal row) => {
            pub mod $op {
                pub type $variant = super::super::$op;
            }
        };
        ([$family:ident $op:ident] $($variant:ident $suffix:literal $shape:ty),* $(,)?) => {
            pub mod $op {
                use crate::code::shape::*;
                $(pub type $variant = super::Apply<super::ops::$op, $shape>;)*
            }
        };
    }

    for_each_op!(name_ops);
}

/// A constant for each type of cells.
trait Visit<C: Cell> {
    /// The type of the constants.
    type Item;
    /// The constant.
    const ITEM: Self::Item;
}

/// Makes an array of the constants that `$visitor` has for the cells of all opcodes, in the
/// order of the opcodes.
macro_rules! visit_ops {
    ([$visitor:ty] $($(#[doc = $doc:literal])* $family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident: $ty:ty),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        flatten(&[$(for_each_variant! { visit_cells [$visitor; $op] $family }),*])
    };
}

macro_rules! visit_cells {
    ([$visitor:ty; $op:ident] $($variant:ident $suffix:literal $shape:ty),* $(,)?) => {
        &[$(<$visitor as Visit<named::$op::$variant>>::ITEM),*]
    };
}

/// Joins the constants of all ops.
const fn flatten<T: core::marker::Copy>(ops: &[&[T]]) -> [T; Opcode::COUNT] {
    let mut all = [ops[0][0]; Opcode::COUNT];
    let (mut op, mut next) = (0, 0);
    while op < ops.len() {
        let mut variant = 0;
        while variant < ops[op].len() {
            all[next] = ops[op][variant];
            next += 1;
            variant += 1;
        }
        op += 1;
    }
    assert!(next == Opcode::COUNT, "each variant has one cell");
    all
}

/// Visits the number of words.
struct Words;

impl<C: Cell> Visit<C> for Words {
    type Item = usize;
    const ITEM: usize = C::WORDS;
}

// Handlers advance by the size that the assembler gives a cell.
const _: () = {
    let words: [usize; Opcode::COUNT] = for_each_op!(visit_ops Words);
    let mut opcode = 0;
    while opcode < Opcode::COUNT {
        assert!(words[opcode] == Opcode::new(opcode as u16).words());
        opcode += 1;
    }
};

/// Visits the name of the type.
#[cfg(feature = "profile")]
struct Names;

#[cfg(feature = "profile")]
impl<C: Cell> Visit<C> for Names {
    type Item = fn() -> &'static str;
    const ITEM: Self::Item = core::any::type_name::<C>;
}

/// The names of the cells' types, by opcode.
#[cfg(feature = "profile")]
pub static CELL_NAMES: [fn() -> &'static str; Opcode::COUNT] = for_each_op!(visit_ops Names);

/// Makes an array of the constants that `$visitor` has for fused cells.
macro_rules! fusions {
    ([$visitor:ident]
        $([$($op:ident::$variant:ident)*])*;
        $([$($other_op:ident::$other_variant:ident)*])*;
        $([$($vector_op:ident::$vector_variant:ident)*])*;
        $([$($object_op:ident::$object_variant:ident)*])*;
        $([$($fuel_op:ident::$fuel_variant:ident)*])*
    ) => {
        [
            $(<$visitor as Visit<fusions!(fused $($op::$variant)*)>>::ITEM,)*
            $(
                #[cfg(target_pointer_width = "64")]
                <$visitor as Visit<fusions!(fused $($other_op::$other_variant)*)>>::ITEM,
            )*
            $(
                #[cfg(target_pointer_width = "64")]
                <$visitor as Visit<fusions!(fused $($vector_op::$vector_variant)*)>>::ITEM,
            )*
            $(
                #[cfg(target_pointer_width = "64")]
                <$visitor as Visit<fusions!(fused $($object_op::$object_variant)*)>>::ITEM,
            )*
            $(
                #[cfg(target_pointer_width = "64")]
                <$visitor as Visit<fusions!(fused $($fuel_op::$fuel_variant)*)>>::ITEM,
            )*
        ]
    };
    (fused $first:ident::$a:ident $second:ident::$b:ident) => {
        Fused<named::$first::$a, named::$second::$b>
    };
    (fused $first:ident::$a:ident $second:ident::$b:ident $third:ident::$c:ident) => {
        Fused<named::$first::$a, Fused<named::$second::$b, named::$third::$c>>
    };
}

/// Whether there are handlers for fusions. Unit tests are compiled without them, which saves a
/// minute; the tests in `spec-tests` run with them.
const FUSES: bool = cfg!(not(any(feature = "small", all(test, not(miri)))));

/// Whether the loop has handlers for fusions: only where it is the best backend. Elsewhere it
/// serves comparisons, and its handlers would double the time that fusions take to compile.
const LOOP_FUSES: bool = FUSES
    && cfg!(any(
        feature = "profile",
        not(backstitch_tail),
        debug_assertions
    ));

/// Defines the handlers and fixed cells of a backend. The last argument is the handler of the
/// cells of a type.
macro_rules! backend {
    ($(#[$attribute:meta])* $table:ident, $visitor:ident, $fuses:expr, |$cell:ident| $handler:expr) => {
        $(#[$attribute])*
        struct $visitor;

        $(#[$attribute])*
        impl<$cell: Cell> Visit<$cell> for $visitor {
            type Item = HandlerAddress;
            const ITEM: HandlerAddress = HandlerAddress($handler);
        }

        $(#[$attribute])*
        pub static $table: HandlerTable = {
            static CELLS: FixedCells = FixedCells {
                stub: Stub {
                    header: CodeHeader {
                        extent: 0,
                        length: CodeLength(0),
                    },
                    cell: FixedCell::new(<$visitor as Visit<Translate>>::ITEM),
                },
                return_boundary: FixedCell::new(<$visitor as Visit<ReturnBoundary>>::ITEM),
                return_host: FixedCell::new(<$visitor as Visit<ReturnHost>>::ITEM),
                return_continuation: FixedCell::new(<$visitor as Visit<ReturnContinuation>>::ITEM),
                start_host: FixedCell::new(<$visitor as Visit<StartHost>>::ITEM),
                probe: FixedCell::new(<$visitor as Visit<Nop>>::ITEM),
            };
            HandlerTable {
                handlers: for_each_op!(visit_ops $visitor),
                fusions: if $fuses { &for_each_fusion!(fusions $visitor) } else { &[] },
                fixed: &CELLS,
            }
        };
    };
}

backend!(
    /// The loop backend.
    LOOP, Loop, LOOP_FUSES, |C| super::dispatch::looped::handler::<C> as *const ()
);

backend!(
    /// The tail-call backend.
    #[cfg(all(backstitch_tail, not(debug_assertions)))]
    TAIL, Tail, FUSES, |C| super::dispatch::tail::handler::<C> as *const ()
);

backend!(
    /// The tail-call backend, on a processor with AVX2.
    #[cfg(all(backstitch_avx2, not(debug_assertions)))]
    TAIL_AVX2, TailAvx2, FUSES, |C| {
        if C::VECTOR {
            super::dispatch::tail::avx2_handler::<C> as *const ()
        } else {
            super::dispatch::tail::handler::<C> as *const ()
        }
    }
);

backend!(
    /// The backend with guaranteed tail calls.
    #[cfg(backstitch_become)]
    BECOME, Become, FUSES, |C| super::dispatch::r#become::handler::<C> as *const ()
);
