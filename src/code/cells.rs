//! The cells whose rows list their fields, as structures.
//!
//! A structure is a cell under assembly: [`Assembler::emit`](super::Assembler::emit) writes
//! it. Its type names the cells in `execute`, and has a constant for the place of each field,
//! with the field's name.

use super::clauses::Awaits;
use super::field::*;
use super::layout::{self, At, Cursor, Layout};
use super::observed::AccessKind;
use super::opcode::{Op, Opcode};
use super::table::for_each_op;
use crate::ids::TypeId;

/// A cell whose row lists its fields.
pub trait Row: Sized {
    /// The op.
    const OP: Op;
    /// The opcode, which is the op's only one.
    const OPCODE: Opcode = Self::OP.only();
    /// The places of the fields.
    const LAYOUT: Layout;
    /// The number of words, without the elements of a list.
    const WORDS: usize = Self::LAYOUT.words();

    /// Writes the fields to the words of a cell.
    fn encode(&self, words: &mut [u64]);

    /// Reads the fields from the words of a cell under assembly.
    fn decode(words: &[u64]) -> Self;
}

/// Defines the structures, and the kinds of their fields.
macro_rules! define_cells {
    ([] $($(#[doc = $doc:literal])* $family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident: $ty:ty),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        $(define_cell! { $(#[doc = $doc])* $op $([$($field: $ty),*])? })*

        /// The fields that the row of each op lists.
        pub(super) const ROW_FIELDS: &[&[FieldKind]] =
            &[$(&[$($(<$ty as FieldType>::KIND),*)?]),*];
    };
}

macro_rules! define_cell {
    ($(#[doc = $doc:literal])* $op:ident) => {};
    ($(#[doc = $doc:literal])* $op:ident [$($field:ident: $ty:ty),*]) => {
        $(#[doc = $doc])*
        #[allow(missing_docs, reason = "the op table documents cells")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $op {
            $(pub $field: $ty),*
        }

        #[allow(non_upper_case_globals, reason = "a place has the name of its field")]
        #[allow(dead_code, reason = "fields that cells share are read as those of one of them")]
        impl $op {
            $(
                /// The place of the field of this name.
                pub const $field: At<$op, $ty> =
                    At::new(&<$op as Row>::LAYOUT, stringify!($field));
            )*
        }

        impl Row for $op {
            const OP: Op = Op::$op;
            const LAYOUT: Layout =
                Layout::EMPTY$(.with(stringify!($field), <$ty as FieldType>::KIND))*;

            #[inline]
            fn encode(&self, _words: &mut [u64]) {
                let _cursor = Cursor::new();
                $(
                    let kind = <$ty as FieldType>::KIND;
                    let (byte, _cursor) = _cursor.place(kind);
                    if !kind.is_list() {
                        layout::write(_words, byte, kind, self.$field.to_bits());
                    }
                )*
            }

            #[inline]
            fn decode(_words: &[u64]) -> $op {
                let _cursor = Cursor::new();
                $(
                    let kind = <$ty as FieldType>::KIND;
                    let (byte, _cursor) = _cursor.place(kind);
                    let $field = if kind.is_list() {
                        <$ty>::from_bits(0)
                    } else {
                        <$ty>::from_bits(layout::read(_words, byte, kind))
                    };
                )*
                $op { $($field),* }
            }
        }
    };
}

for_each_op!(define_cells);

/// Asserts that cells have the same fields, so that one may be read as the other.
macro_rules! same_fields {
    ($first:ident: $($other:ident)*) => {
        $(const _: () = {
            let (a, b) = (ROW_FIELDS[Op::$first as usize], ROW_FIELDS[Op::$other as usize]);
            assert!(a.len() == b.len());
            let mut at = 0;
            while at < a.len() {
                assert!(a[at] as usize == b[at] as usize);
                at += 1;
            }
        };)*
    };
}

same_fields!(Resume: ResumeValues ResumeThrow ResumeThrowRef);
same_fields!(Copy: CopyThrough);
same_fields!(Suspend: SuspendValues SuspendShared Switch);
