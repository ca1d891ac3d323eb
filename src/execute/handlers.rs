//! From opcodes to cells: which type carries out each opcode.
//!
//! The order of the variants is the one that [`layout`](crate::code::layout) lists; that
//! the sizes of the cells agree is checked when this is compiled.

use super::call::*;
use super::cell::Cell;
use super::continuation::*;
use super::control::*;
use super::memory::*;
use super::numeric::*;
use super::operand::{D, I, Late, R, S, W};
use super::service::ServiceCell;
use super::transfer::*;
use crate::code::table::for_each_op;
use crate::code::{
    CodeHeader, FixedCell, FixedCells, HandlerAddress, HandlerTable, Op, Opcode, Stub, Trap,
};
use crate::support::float;

/// The ops of the table, as types: what each does to its operands.
pub mod ops {
    use super::*;
    use crate::execute::numeric;

    macro_rules! define {
        ([] $($family:ident $op:ident $name:literal
            $(($operand:ident) -> $result:ident)? $([$($field:ident),*])?
            $({ |$($arg:ident),*| $body:expr })?)*) => {
            $(op!($family $op $(($operand) -> $result)? $({ |$($arg),*| $body })?);)*
        };
    }

    macro_rules! op {
        (commutative $($row:tt)*) => { op!(binary $($row)*); };
        (commutative_wide $($row:tt)*) => { op!(binary $($row)*); };
        (binary $op:ident ($operand:ident) -> $result:ident { |$a:ident, $b:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Binary for $op {
                type Operand = $operand;
                type Result = $result;
                #[inline(always)]
                fn apply($a: $operand, $b: $operand) -> Result<$result, Trap> {
                    Ok($body)
                }
            }
        };
        (partial $op:ident ($operand:ident) -> $result:ident { |$a:ident, $b:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Binary for $op {
                type Operand = $operand;
                type Result = $result;
                #[inline(always)]
                fn apply($a: $operand, $b: $operand) -> Result<$result, Trap> {
                    $body
                }
            }
        };
        (compare_float $($row:tt)*) => { op!(compare $($row)*); };
        (compare $op:ident ($operand:ident) -> $result:ident { |$a:ident, $b:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Compare for $op {
                type Operand = $operand;
                #[inline(always)]
                fn holds($a: $operand, $b: $operand) -> bool {
                    $body
                }
            }
        };
        (unary $op:ident ($operand:ident) -> $result:ident { |$a:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Unary for $op {
                type Operand = $operand;
                type Result = $result;
                #[inline(always)]
                fn apply($a: $operand) -> Result<$result, Trap> {
                    Ok($body)
                }
            }
        };
        (partial_unary $op:ident ($operand:ident) -> $result:ident { |$a:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Unary for $op {
                type Operand = $operand;
                type Result = $result;
                #[inline(always)]
                fn apply($a: $operand) -> Result<$result, Trap> {
                    $body
                }
            }
        };
        (load $op:ident ($stored:ident) -> $result:ident { |$a:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Load for $op {
                type Stored = $stored;
                type Result = $result;
                #[inline(always)]
                fn extend($a: $stored) -> $result {
                    $body
                }
            }
        };
        (store_float $($row:tt)*) => { op!(store $($row)*); };
        (store $op:ident ($operand:ident) -> $stored:ident { |$a:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Store for $op {
                type Operand = $operand;
                type Stored = $stored;
                #[inline(always)]
                fn wrap($a: $operand) -> $stored {
                    $body
                }
            }
        };
        (wide $op:ident { |$a:ident, $b:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl Wide for $op {
                #[inline(always)]
                fn apply($a: u128, $b: u128) -> u128 {
                    $body
                }
            }
        };
        (wide_multiply $op:ident { |$a:ident, $b:ident| $body:expr }) => {
            #[doc = "See the op table."]
            pub struct $op;
            impl WideMultiply for $op {
                #[inline(always)]
                fn apply($a: u64, $b: u64) -> u128 {
                    $body
                }
            }
        };
        (control $($row:tt)*) => {};
        (service $($row:tt)*) => {};
    }

    for_each_op!(define);
}

type Ss<O, Out> = BinaryCell<O, S<1>, S<2>, Out>;
type Rs<O, Out> = BinaryCell<O, R, S<2>, Out>;
type Si<O, Out> = BinaryCell<O, S<1>, I, Out>;
type Ri<O, Out> = BinaryCell<O, R, I, Out>;
type Sr<O, Out> = BinaryCell<O, S<1>, R, Out>;
type Is<O, Out> = BinaryCell<O, I, S<1>, Out>;
type Sw<O, Out> = BinaryCell<O, S<1>, W, Out>;
type Rw<O, Out> = BinaryCell<O, R, W, Out>;
type Ir<O, Out> = BinaryCell<O, I, R, Out>;

/// The cells of each variant of an op, each visited by `$visit!`.
macro_rules! variants {
    ($visit:ident $with:ident commutative $op:ident) => {
        &[
            $visit!($with Ss<ops::$op, R>), $visit!($with Ss<ops::$op, D>),
            $visit!($with Rs<ops::$op, R>), $visit!($with Rs<ops::$op, D>),
            $visit!($with Si<ops::$op, R>), $visit!($with Si<ops::$op, D>),
            $visit!($with Ri<ops::$op, R>), $visit!($with Ri<ops::$op, D>),
        ]
    };
    ($visit:ident $with:ident commutative_wide $op:ident) => {
        &[
            $visit!($with Ss<ops::$op, R>), $visit!($with Ss<ops::$op, D>),
            $visit!($with Rs<ops::$op, R>), $visit!($with Rs<ops::$op, D>),
            $visit!($with Si<ops::$op, R>), $visit!($with Si<ops::$op, D>),
            $visit!($with Ri<ops::$op, R>), $visit!($with Ri<ops::$op, D>),
            $visit!($with Sw<ops::$op, R>), $visit!($with Sw<ops::$op, D>),
            $visit!($with Rw<ops::$op, R>), $visit!($with Rw<ops::$op, D>),
        ]
    };
    ($visit:ident $with:ident binary $op:ident) => {
        &[
            $visit!($with Ss<ops::$op, R>), $visit!($with Ss<ops::$op, D>),
            $visit!($with Rs<ops::$op, R>), $visit!($with Rs<ops::$op, D>),
            $visit!($with Si<ops::$op, R>), $visit!($with Si<ops::$op, D>),
            $visit!($with Ri<ops::$op, R>), $visit!($with Ri<ops::$op, D>),
            $visit!($with Sr<ops::$op, R>), $visit!($with Sr<ops::$op, D>),
            $visit!($with Is<ops::$op, R>), $visit!($with Is<ops::$op, D>),
            $visit!($with Ir<ops::$op, R>), $visit!($with Ir<ops::$op, D>),
        ]
    };
    ($visit:ident $with:ident partial $op:ident) => { variants!($visit $with binary $op) };
    ($visit:ident $with:ident compare $op:ident) => {
        &[
            $visit!($with CompareCell<ops::$op, S<1>, S<2>, R>), $visit!($with CompareCell<ops::$op, S<1>, S<2>, D>),
            $visit!($with CompareCell<ops::$op, R, S<2>, R>), $visit!($with CompareCell<ops::$op, R, S<2>, D>),
            $visit!($with CompareCell<ops::$op, S<1>, I, R>), $visit!($with CompareCell<ops::$op, S<1>, I, D>),
            $visit!($with CompareCell<ops::$op, R, I, R>), $visit!($with CompareCell<ops::$op, R, I, D>),
            $visit!($with BranchCell<ops::$op, S<1>, S<2>, true>),
            $visit!($with BranchCell<ops::$op, R, S<2>, true>),
            $visit!($with BranchCell<ops::$op, S<1>, I, true>),
            $visit!($with BranchCell<ops::$op, R, I, true>),
            $visit!($with SelectCell<ops::$op, S<3>, S<4>>),
            $visit!($with SelectCell<ops::$op, R, S<4>>),
            $visit!($with SelectCell<ops::$op, S<3>, Late>),
            $visit!($with SelectCell<ops::$op, R, Late>),
            $visit!($with CountCell<ops::$op, S<2>>),
            $visit!($with CountCell<ops::$op, Bound>),
        ]
    };
    ($visit:ident $with:ident compare_float $op:ident) => {
        &[
            $visit!($with CompareCell<ops::$op, S<1>, S<2>, R>), $visit!($with CompareCell<ops::$op, S<1>, S<2>, D>),
            $visit!($with CompareCell<ops::$op, R, S<2>, R>), $visit!($with CompareCell<ops::$op, R, S<2>, D>),
            $visit!($with CompareCell<ops::$op, S<1>, I, R>), $visit!($with CompareCell<ops::$op, S<1>, I, D>),
            $visit!($with CompareCell<ops::$op, R, I, R>), $visit!($with CompareCell<ops::$op, R, I, D>),
            $visit!($with BranchCell<ops::$op, S<1>, S<2>, true>),
            $visit!($with BranchCell<ops::$op, R, S<2>, true>),
            $visit!($with BranchCell<ops::$op, S<1>, I, true>),
            $visit!($with BranchCell<ops::$op, R, I, true>),
            $visit!($with SelectCell<ops::$op, S<3>, S<4>>),
            $visit!($with SelectCell<ops::$op, R, S<4>>),
            $visit!($with SelectCell<ops::$op, S<3>, Late>),
            $visit!($with SelectCell<ops::$op, R, Late>),
            $visit!($with BranchCell<ops::$op, S<1>, S<2>, false>),
            $visit!($with BranchCell<ops::$op, R, S<2>, false>),
            $visit!($with BranchCell<ops::$op, S<1>, I, false>),
            $visit!($with BranchCell<ops::$op, R, I, false>),
        ]
    };
    ($visit:ident $with:ident unary $op:ident) => {
        &[
            $visit!($with UnaryCell<ops::$op, S<1>, R>), $visit!($with UnaryCell<ops::$op, S<1>, D>),
            $visit!($with UnaryCell<ops::$op, R, R>), $visit!($with UnaryCell<ops::$op, R, D>),
        ]
    };
    ($visit:ident $with:ident partial_unary $op:ident) => { variants!($visit $with unary $op) };
    ($visit:ident $with:ident load $op:ident) => {
        &[
            $visit!($with LoadCell<ops::$op, Based<S<1>>, R>), $visit!($with LoadCell<ops::$op, Based<S<1>>, D>),
            $visit!($with LoadCell<ops::$op, Based<R>, R>), $visit!($with LoadCell<ops::$op, Based<R>, D>),
            $visit!($with LoadCell<ops::$op, Fixed, R>), $visit!($with LoadCell<ops::$op, Fixed, D>),
            $visit!($with LoadCell<ops::$op, Indexed<S<1>, S<2>>, R>), $visit!($with LoadCell<ops::$op, Indexed<S<1>, S<2>>, D>),
            $visit!($with LoadCell<ops::$op, Indexed<R, S<2>>, R>), $visit!($with LoadCell<ops::$op, Indexed<R, S<2>>, D>),
            $visit!($with LoadAnyCell<ops::$op, R>), $visit!($with LoadAnyCell<ops::$op, D>),
        ]
    };
    ($visit:ident $with:ident store $op:ident) => {
        &[
            $visit!($with StoreCell<ops::$op, Based<S<0>>, S<1>>),
            $visit!($with StoreCell<ops::$op, Based<R>, S<1>>),
            $visit!($with StoreCell<ops::$op, Fixed, S<1>>),
            $visit!($with StoreCell<ops::$op, Based<S<0>>, W>),
            $visit!($with StoreCell<ops::$op, Based<R>, W>),
            $visit!($with StoreCell<ops::$op, Fixed, W>),
            $visit!($with StoreCell<ops::$op, Based<S<0>>, R>),
            $visit!($with StoreCell<ops::$op, Fixed, R>),
            $visit!($with StoreAnyCell<ops::$op>),
        ]
    };
    ($visit:ident $with:ident store_float $op:ident) => {
        &[$visit!($with StoreCell<ops::$op, Based<S<0>>, R>), $visit!($with StoreCell<ops::$op, Fixed, R>)]
    };
    ($visit:ident $with:ident wide $op:ident) => { &[$visit!($with WideCell<ops::$op>)] };
    ($visit:ident $with:ident wide_multiply $op:ident) => { &[$visit!($with WideMultiplyCell<ops::$op>)] };
    ($visit:ident $with:ident control $op:ident) => { &[$visit!($with $op)] };
    ($visit:ident $with:ident service $op:ident) => { &[$visit!($with ServiceCell<{ Op::$op as u8 }>)] };
}

/// Visits the cells of all opcodes with a macro that is given `$with` and a cell's type.
macro_rules! rows {
    ([$visit:ident $with:ident] $($family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        &[$(variants!($visit $with $family $op)),*]
    };
}

macro_rules! words_of {
    (cell $cell:ty) => {
        <$cell as Cell>::WORDS as u8
    };
}

macro_rules! address_of {
    ($handler:ident $cell:ty) => {
        HandlerAddress($handler::<$cell> as *const ())
    };
}

const fn flatten<T: core::marker::Copy>(rows: &[&[T]], fill: T) -> [T; Opcode::COUNT] {
    let mut all = [fill; Opcode::COUNT];
    let mut next = 0;
    let mut row = 0;
    while row < rows.len() {
        let mut variant = 0;
        while variant < rows[row].len() {
            all[next] = rows[row][variant];
            next += 1;
            variant += 1;
        }
        row += 1;
    }
    assert!(next == Opcode::COUNT, "each variant has one cell");
    all
}

// Both sides of the table agree on the size of every cell.
const _: () = {
    let cells: [u8; Opcode::COUNT] = flatten(for_each_op!(rows words_of cell), 0);
    let mut i = 0;
    while i < Opcode::COUNT {
        assert!(cells[i] as usize == Opcode::new(i as u16).words());
        i += 1;
    }
};

/// The handlers and fixed cells of a backend.
macro_rules! backend {
    ($(#[$attribute:meta])* $table:ident, $cells:ident, $module:ident, $name:literal) => {
        $(#[$attribute])*
        pub static $table: HandlerTable = {
            use super::dispatch::$module::handler;
            HandlerTable {
                name: $name,
                handlers: flatten(
                    for_each_op!(rows address_of handler),
                    HandlerAddress(core::ptr::null()),
                ),
                fixed: &$cells,
            }
        };

        $(#[$attribute])*
        static $cells: FixedCells = {
            use super::dispatch::$module::handler;
            FixedCells {
                stub: Stub {
                    header: CodeHeader { extent: 0 },
                    cell: FixedCell::new(address_of!(handler Translate)),
                },
                return_boundary: FixedCell::new(address_of!(handler ReturnBoundary)),
                return_host: FixedCell::new(address_of!(handler ReturnHost)),
                return_continuation: FixedCell::new(address_of!(handler ReturnContinuation)),
                start_host: FixedCell::new(address_of!(handler StartHost)),
                probe: FixedCell::new(address_of!(handler Nop)),
            }
        };
    };
}

backend!(
    /// The loop backend.
    LOOP, LOOP_CELLS, looped, "loop"
);

backend!(
    /// The tail-call backend.
    #[cfg(all(backstitch_tail, not(debug_assertions)))]
    TAIL, TAIL_CELLS, tail, "tail"
);

backend!(
    /// The backend with guaranteed tail calls.
    #[cfg(backstitch_become)]
    BECOME, BECOME_CELLS, r#become, "become"
);
