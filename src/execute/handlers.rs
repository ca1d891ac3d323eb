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

/// Calls `$callback!` with whatever else it was given, and the cells of each variant of an op,
/// by the names of the variants.
macro_rules! variants {
    ($callback:ident [$($extra:tt)*] commutative $op:ident) => {
        variants! { $callback [$($extra)*] arithmetic $op }
    };
    ($callback:ident [$($extra:tt)*] commutative_wide $op:ident) => {
        variants! { $callback [$($extra)*] arithmetic $op,
            sw: Sw<ops::$op, R>, sw_d: Sw<ops::$op, D>,
            rw: Rw<ops::$op, R>, rw_d: Rw<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] binary $op:ident) => {
        variants! { $callback [$($extra)*] arithmetic $op,
            sr: Sr<ops::$op, R>, sr_d: Sr<ops::$op, D>,
            is: Is<ops::$op, R>, is_d: Is<ops::$op, D>,
            ir: Ir<ops::$op, R>, ir_d: Ir<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] arithmetic $op:ident $(, $own:ident: $cell:ty)*) => {
        $callback! { [$($extra)*]
            ss: Ss<ops::$op, R>, ss_d: Ss<ops::$op, D>,
            rs: Rs<ops::$op, R>, rs_d: Rs<ops::$op, D>,
            si: Si<ops::$op, R>, si_d: Si<ops::$op, D>,
            ri: Ri<ops::$op, R>, ri_d: Ri<ops::$op, D>
            $(, $own: $cell)*
        }
    };
    ($callback:ident [$($extra:tt)*] partial $op:ident) => { variants! { $callback [$($extra)*] binary $op } };
    ($callback:ident [$($extra:tt)*] compare $op:ident) => {
        variants! { $callback [$($extra)*] comparison $op,
            count_br_if_s: CountCell<ops::$op, S<2>>,
            count_br_if_i: CountCell<ops::$op, Bound>
        }
    };
    ($callback:ident [$($extra:tt)*] compare_float $op:ident) => {
        variants! { $callback [$($extra)*] comparison $op,
            br_unless_ss: BranchCell<ops::$op, S<1>, S<2>, false>,
            br_unless_rs: BranchCell<ops::$op, R, S<2>, false>,
            br_unless_si: BranchCell<ops::$op, S<1>, I, false>,
            br_unless_ri: BranchCell<ops::$op, R, I, false>
        }
    };
    ($callback:ident [$($extra:tt)*] comparison $op:ident $(, $own:ident: $cell:ty)*) => {
        $callback! { [$($extra)*]
            ss: CompareCell<ops::$op, S<1>, S<2>, R>, ss_d: CompareCell<ops::$op, S<1>, S<2>, D>,
            rs: CompareCell<ops::$op, R, S<2>, R>, rs_d: CompareCell<ops::$op, R, S<2>, D>,
            si: CompareCell<ops::$op, S<1>, I, R>, si_d: CompareCell<ops::$op, S<1>, I, D>,
            ri: CompareCell<ops::$op, R, I, R>, ri_d: CompareCell<ops::$op, R, I, D>,
            br_if_ss: BranchCell<ops::$op, S<1>, S<2>, true>,
            br_if_rs: BranchCell<ops::$op, R, S<2>, true>,
            br_if_si: BranchCell<ops::$op, S<1>, I, true>,
            br_if_ri: BranchCell<ops::$op, R, I, true>,
            select_ss: SelectCell<ops::$op, S<3>, S<4>>,
            select_rs: SelectCell<ops::$op, R, S<4>>,
            select_si: SelectCell<ops::$op, S<3>, Late>,
            select_ri: SelectCell<ops::$op, R, Late>
            $(, $own: $cell)*
        }
    };
    ($callback:ident [$($extra:tt)*] unary $op:ident) => {
        $callback! { [$($extra)*]
            s: UnaryCell<ops::$op, S<1>, R>, s_d: UnaryCell<ops::$op, S<1>, D>,
            r: UnaryCell<ops::$op, R, R>, r_d: UnaryCell<ops::$op, R, D>
        }
    };
    ($callback:ident [$($extra:tt)*] partial_unary $op:ident) => { variants! { $callback [$($extra)*] unary $op } };
    ($callback:ident [$($extra:tt)*] load $op:ident) => {
        $callback! { [$($extra)*]
            s: LoadCell<ops::$op, Based<S<1>>, R>, s_d: LoadCell<ops::$op, Based<S<1>>, D>,
            r: LoadCell<ops::$op, Based<R>, R>, r_d: LoadCell<ops::$op, Based<R>, D>,
            i: LoadCell<ops::$op, Fixed, R>, i_d: LoadCell<ops::$op, Fixed, D>,
            indexed_ss: LoadCell<ops::$op, Indexed<S<1>, S<2>>, R>,
            indexed_ss_d: LoadCell<ops::$op, Indexed<S<1>, S<2>>, D>,
            indexed_rs: LoadCell<ops::$op, Indexed<R, S<2>>, R>,
            indexed_rs_d: LoadCell<ops::$op, Indexed<R, S<2>>, D>,
            any: LoadAnyCell<ops::$op, R>, any_d: LoadAnyCell<ops::$op, D>
        }
    };
    ($callback:ident [$($extra:tt)*] store $op:ident) => {
        $callback! { [$($extra)*]
            ss: StoreCell<ops::$op, Based<S<0>>, S<1>>,
            rs: StoreCell<ops::$op, Based<R>, S<1>>,
            is: StoreCell<ops::$op, Fixed, S<1>>,
            si: StoreCell<ops::$op, Based<S<0>>, W>,
            ri: StoreCell<ops::$op, Based<R>, W>,
            ii: StoreCell<ops::$op, Fixed, W>,
            sr: StoreCell<ops::$op, Based<S<0>>, R>,
            ir: StoreCell<ops::$op, Fixed, R>,
            any: StoreAnyCell<ops::$op>
        }
    };
    ($callback:ident [$($extra:tt)*] store_float $op:ident) => {
        $callback! { [$($extra)*]
            sr: StoreCell<ops::$op, Based<S<0>>, R>, ir: StoreCell<ops::$op, Fixed, R>
        }
    };
    ($callback:ident [$($extra:tt)*] wide $op:ident) => { $callback! { [$($extra)*]
            cell: WideCell<ops::$op>
        }
    };
    ($callback:ident [$($extra:tt)*] wide_multiply $op:ident) => { $callback! { [$($extra)*]
            cell: WideMultiplyCell<ops::$op>
        }
    };
    ($callback:ident [$($extra:tt)*] control $op:ident) => { $callback! { [$($extra)*]
            cell: $op
        }
    };
    ($callback:ident [$($extra:tt)*] service $op:ident) => { $callback! { [$($extra)*]
            cell: ServiceCell<{ Op::$op as u8 }>
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
    ([$visit:ident $with:ident] $($variant:ident: $cell:ty),*) => {
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

/// The cells of each op by the names of their variants: `named::I32Add::ss`.
///
/// They are paths because the compiler finds them at once: a trait that opcodes' numbers
/// implement takes it half a minute, for each is compared with all others.
#[allow(
    non_snake_case,
    non_camel_case_types,
    unused,
    reason = "the names of the table"
)]
mod named {
    use super::*;

    macro_rules! name_ops {
        ([] $($family:ident $op:ident $name:literal
            $(($operand:ident) -> $result:ident)? $([$($field:ident),*])?
            $({ |$($arg:ident),*| $body:expr })?)*) => {
            $(variants! { name_cells [$op] $family $op })*
        };
    }

    macro_rules! name_cells {
        ([$op:ident] $($variant:ident: $cell:ty),*) => {
            pub mod $op {
                use super::super::*;
                $(pub type $variant = $cell;)*
            }
        };
    }

    for_each_op!(name_ops);
}

macro_rules! name_of_variant {
    (name $variant:ident) => {
        stringify!($variant)
    };
}

macro_rules! visit_names {
    ([$visit:ident $with:ident] $($variant:ident: $cell:ty),*) => {
        &[$($visit!($with $variant)),*]
    };
}

macro_rules! name_rows {
    ([] $($family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        &[$(variants!{visit_names [name_of_variant name] $family $op}),*]
    };
}

// And on the variants' names.
const _: () = {
    let names: [&str; Opcode::COUNT] = flatten(for_each_op!(name_rows), "");
    let mut i = 0;
    while i < Opcode::COUNT {
        assert!(Opcode::new(i as u16).is_variant(names[i]));
        i += 1;
    }
};

macro_rules! fused {
    ($first:ident::$a:ident $second:ident::$b:ident) => {
        Fused<named::$first::$a, named::$second::$b>
    };
    ($first:ident::$a:ident $second:ident::$b:ident $third:ident::$c:ident) => {
        Fused<named::$first::$a, Fused<named::$second::$b, named::$third::$c>>
    };
}

macro_rules! fusions {
    ([$handler:ident]
        $([$($op:ident::$variant:ident)*])*;
        $([$($other_op:ident::$other_variant:ident)*])*
    ) => {
        [
            $(address_of!($handler fused!($($op::$variant)*)),)*
            $(
                #[cfg(target_pointer_width = "64")]
                address_of!($handler fused!($($other_op::$other_variant)*)),
            )*
        ]
    };
}

/// Whether there are handlers for fusions.
const FUSES: bool = cfg!(not(any(feature = "small", all(test, not(miri)))));

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
