//! From opcodes to cells: which type carries out each opcode.
//!
//! The order of the variants is the one that [`layout`](crate::code::layout) lists; that
//! the sizes of the cells agree is checked when this is compiled.

use super::call::*;
use super::cell::{Cell, Fused};
use super::continuation::*;
use super::control::*;
use super::memory::*;
use super::numeric::*;
use super::operand::{D, I, Late, R, S, W};
use super::service::ServiceCell;
use super::transfer::*;
use crate::code::fusion_rows::for_each_fusion;
use crate::code::table::for_each_op;
use crate::code::{
    CodeHeader, CodeLength, FixedCell, FixedCells, HandlerAddress, HandlerTable, Op, Opcode, Stub,
    Trap,
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

/// Calls `$callback!` with whatever else it was given, and the cells of each variant of an op.
macro_rules! variants {
    ($callback:ident [$($extra:tt)*] commutative $op:ident) => {
        $callback! { [$($extra)*]
            Ss<ops::$op, R>, Ss<ops::$op, D>,
            Rs<ops::$op, R>, Rs<ops::$op, D>,
            Si<ops::$op, R>, Si<ops::$op, D>,
            Ri<ops::$op, R>, Ri<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] commutative_wide $op:ident) => {
        $callback! { [$($extra)*]
            Ss<ops::$op, R>, Ss<ops::$op, D>,
            Rs<ops::$op, R>, Rs<ops::$op, D>,
            Si<ops::$op, R>, Si<ops::$op, D>,
            Ri<ops::$op, R>, Ri<ops::$op, D>,
            Sw<ops::$op, R>, Sw<ops::$op, D>,
            Rw<ops::$op, R>, Rw<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] binary $op:ident) => {
        $callback! { [$($extra)*]
            Ss<ops::$op, R>, Ss<ops::$op, D>,
            Rs<ops::$op, R>, Rs<ops::$op, D>,
            Si<ops::$op, R>, Si<ops::$op, D>,
            Ri<ops::$op, R>, Ri<ops::$op, D>,
            Sr<ops::$op, R>, Sr<ops::$op, D>,
            Is<ops::$op, R>, Is<ops::$op, D>,
            Ir<ops::$op, R>, Ir<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] partial $op:ident) => { variants! { $callback [$($extra)*] binary $op } };
    ($callback:ident [$($extra:tt)*] compare $op:ident) => {
        $callback! { [$($extra)*]
            CompareCell<ops::$op, S<1>, S<2>, R>, CompareCell<ops::$op, S<1>, S<2>, D>,
            CompareCell<ops::$op, R, S<2>, R>, CompareCell<ops::$op, R, S<2>, D>,
            CompareCell<ops::$op, S<1>, I, R>, CompareCell<ops::$op, S<1>, I, D>,
            CompareCell<ops::$op, R, I, R>, CompareCell<ops::$op, R, I, D>,
            BranchCell<ops::$op, S<1>, S<2>, true>,
            BranchCell<ops::$op, R, S<2>, true>,
            BranchCell<ops::$op, S<1>, I, true>,
            BranchCell<ops::$op, R, I, true>,
            SelectCell<ops::$op, S<3>, S<4>>,
            SelectCell<ops::$op, R, S<4>>,
            SelectCell<ops::$op, S<3>, Late>,
            SelectCell<ops::$op, R, Late>,
            CountCell<ops::$op, S<2>>,
            CountCell<ops::$op, Bound>
        }
    };
    ($callback:ident [$($extra:tt)*] compare_float $op:ident) => {
        $callback! { [$($extra)*]
            CompareCell<ops::$op, S<1>, S<2>, R>, CompareCell<ops::$op, S<1>, S<2>, D>,
            CompareCell<ops::$op, R, S<2>, R>, CompareCell<ops::$op, R, S<2>, D>,
            CompareCell<ops::$op, S<1>, I, R>, CompareCell<ops::$op, S<1>, I, D>,
            CompareCell<ops::$op, R, I, R>, CompareCell<ops::$op, R, I, D>,
            BranchCell<ops::$op, S<1>, S<2>, true>,
            BranchCell<ops::$op, R, S<2>, true>,
            BranchCell<ops::$op, S<1>, I, true>,
            BranchCell<ops::$op, R, I, true>,
            SelectCell<ops::$op, S<3>, S<4>>,
            SelectCell<ops::$op, R, S<4>>,
            SelectCell<ops::$op, S<3>, Late>,
            SelectCell<ops::$op, R, Late>,
            BranchCell<ops::$op, S<1>, S<2>, false>,
            BranchCell<ops::$op, R, S<2>, false>,
            BranchCell<ops::$op, S<1>, I, false>,
            BranchCell<ops::$op, R, I, false>
        }
    };
    ($callback:ident [$($extra:tt)*] unary $op:ident) => {
        $callback! { [$($extra)*]
            UnaryCell<ops::$op, S<1>, R>, UnaryCell<ops::$op, S<1>, D>,
            UnaryCell<ops::$op, R, R>, UnaryCell<ops::$op, R, D>
        }
    };
    ($callback:ident [$($extra:tt)*] partial_unary $op:ident) => { variants! { $callback [$($extra)*] unary $op } };
    ($callback:ident [$($extra:tt)*] load $op:ident) => {
        $callback! { [$($extra)*]
            LoadCell<ops::$op, Based<S<1>>, R>, LoadCell<ops::$op, Based<S<1>>, D>,
            LoadCell<ops::$op, Based<R>, R>, LoadCell<ops::$op, Based<R>, D>,
            LoadCell<ops::$op, Fixed, R>, LoadCell<ops::$op, Fixed, D>,
            LoadCell<ops::$op, Indexed<S<1>, S<2>>, R>, LoadCell<ops::$op, Indexed<S<1>, S<2>>, D>,
            LoadCell<ops::$op, Indexed<R, S<2>>, R>, LoadCell<ops::$op, Indexed<R, S<2>>, D>,
            LoadAnyCell<ops::$op, R>, LoadAnyCell<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] store $op:ident) => {
        $callback! { [$($extra)*]
            StoreCell<ops::$op, Based<S<0>>, S<1>>,
            StoreCell<ops::$op, Based<R>, S<1>>,
            StoreCell<ops::$op, Fixed, S<1>>,
            StoreCell<ops::$op, Based<S<0>>, W>,
            StoreCell<ops::$op, Based<R>, W>,
            StoreCell<ops::$op, Fixed, W>,
            StoreCell<ops::$op, Based<S<0>>, R>,
            StoreCell<ops::$op, Fixed, R>,
            StoreAnyCell<ops::$op>
        }
    };
    ($callback:ident [$($extra:tt)*] store_float $op:ident) => {
        $callback! { [$($extra)*]
            StoreCell<ops::$op, Based<S<0>>, R>, StoreCell<ops::$op, Fixed, R>
        }
    };
    ($callback:ident [$($extra:tt)*] wide $op:ident) => { $callback! { [$($extra)*]
            WideCell<ops::$op>
        }
    };
    ($callback:ident [$($extra:tt)*] wide_multiply $op:ident) => { $callback! { [$($extra)*]
            WideMultiplyCell<ops::$op>
        }
    };
    ($callback:ident [$($extra:tt)*] control $op:ident) => { $callback! { [$($extra)*]
            $op
        }
    };
    ($callback:ident [$($extra:tt)*] service $op:ident) => { $callback! { [$($extra)*]
            ServiceCell<{ Op::$op as u8 }>
        }
    };
}

/// Visits the cells of all opcodes with a macro that is given `$with` and a cell's type.
macro_rules! rows {
    ([$visit:ident $with:ident] $($family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        &[$(variants!{visit_cells [$visit $with] $family $op}),*]
    };
}

macro_rules! visit_cells {
    ([$visit:ident $with:ident] $($cell:ty),*) => {
        &[$($visit!($with $cell)),*]
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

#[cfg(feature = "profile")]
macro_rules! name_of {
    (cell $cell:ty) => {
        core::any::type_name::<$cell> as fn() -> &'static str
    };
}

/// The names of the cells' types, by opcode.
#[cfg(feature = "profile")]
pub const CELL_NAMES: [fn() -> &'static str; Opcode::COUNT] =
    flatten(for_each_op!(rows name_of cell), || "");

/// An opcode, as a type.
struct Numbered<const NUMBER: u16>;

/// The cell of an opcode.
trait HasCell {
    type Cell: Cell;
}

macro_rules! number_ops {
    ([] $($family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        $(variants! { number_cells [$op, 0] $family $op })*
    };
}

macro_rules! number_cells {
    ([$op:ident, $variant:expr]) => {};
    ([$op:ident, $variant:expr] $cell:ty $(, $rest:ty)*) => {
        impl HasCell for Numbered<{ Op::$op.variant($variant).number() }> {
            type Cell = $cell;
        }
        number_cells! { [$op, $variant + 1] $($rest),* }
    };
}

for_each_op!(number_ops);

macro_rules! named {
    ($name:literal) => {
        <Numbered<{ Opcode::named($name).number() }> as HasCell>::Cell
    };
}

macro_rules! fused {
    ($first:literal $second:literal) => {
        Fused<named!($first), named!($second)>
    };
    ($first:literal $second:literal $third:literal) => {
        Fused<named!($first), Fused<named!($second), named!($third)>>
    };
}

macro_rules! fusions {
    ([$handler:ident] $([$($name:literal)*])*) => {
        [$(address_of!($handler fused!($($name)*))),*]
    };
}

/// Whether there are handlers for fusions.
const FUSES: bool = cfg!(not(feature = "small"));

/// Whether the loop has handlers for fusions: where it is the best backend. Elsewhere it is
/// there to be compared with, and would double what they cost to compile.
const LOOP_FUSES: bool = FUSES
    && cfg!(any(
        feature = "profile",
        not(backstitch_tail),
        debug_assertions
    ));

/// The handlers and fixed cells of a backend.
macro_rules! backend {
    ($(#[$attribute:meta])* $table:ident, $cells:ident, $module:ident, $name:literal, $fuses:expr) => {
        $(#[$attribute])*
        pub static $table: HandlerTable = {
            use super::dispatch::$module::handler;
            HandlerTable {
                name: $name,
                handlers: flatten(
                    for_each_op!(rows address_of handler),
                    HandlerAddress(core::ptr::null()),
                ),
                fusions: if $fuses { &for_each_fusion!(fusions handler) } else { &[] },
                fixed: &$cells,
            }
        };

        $(#[$attribute])*
        static $cells: FixedCells = {
            use super::dispatch::$module::handler;
            FixedCells {
                stub: Stub {
                    header: CodeHeader {
                        extent: 0,
                        length: CodeLength(0),
                    },
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
    LOOP, LOOP_CELLS, looped, "loop", LOOP_FUSES
);

backend!(
    /// The tail-call backend.
    #[cfg(all(backstitch_tail, not(debug_assertions)))]
    TAIL, TAIL_CELLS, tail, "tail", FUSES
);

backend!(
    /// The backend with guaranteed tail calls.
    #[cfg(backstitch_become)]
    BECOME, BECOME_CELLS, r#become, "become", FUSES
);
