//! Ops and opcodes: an [`Op`] is a row of the op table, an [`Opcode`] a variant of one.

use super::cells::ROW_FIELDS;
use super::family::{Family, Variant};
use super::field::FieldKind;
use super::layout::{Cursor, is_same};
use super::scalar::Scalar;
use super::shape::{MOST_FIELDS, Out, Spec};
use super::table::for_each_op;

struct Row {
    family: Family,
    /// The name in Rust.
    path: &'static str,
    /// The name in listings.
    name: &'static str,
    operand: Option<Scalar>,
    result: Option<Scalar>,
}

/// Returns the only element of a list, if there is one.
macro_rules! optional {
    () => {
        None
    };
    ($value:ident) => {
        Some(Scalar::$value)
    };
}

macro_rules! define_ops {
    ([] $($(#[doc = $doc:literal])* $family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident: $ty:ty),*])?
        $({ |$($arg:ident),*| $body:expr })?)*) => {
        /// A row of the op table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Op {
            $($(#[doc = $doc])* $op,)*
        }

        const ROWS: &[Row] = &[$(Row {
            family: Family::$family,
            path: stringify!($op),
            name: $name,
            operand: optional!($($operand)?),
            result: optional!($($result)?),
        },)*];

        /// The documentation of each op.
        const DOCS: &[&str] = &[$(concat!($($doc),*),)*];

        impl Op {
            const ALL: &[Op] = &[$(Op::$op,)*];
        }
    };
}

for_each_op!(define_ops);

impl Op {
    /// The number of ops.
    pub const COUNT: usize = ROWS.len();

    /// Returns the op of a number.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub const fn new(number: u16) -> Op {
        Op::ALL[number as usize]
    }

    /// Returns the op whose name in Rust this is, if there is one. The instruction that an
    /// op carries out has the same name in `wasmparser`.
    pub const fn by_path(path: &str) -> Option<Op> {
        let mut row = 0;
        while row < ROWS.len() {
            if is_same(ROWS[row].path, path) {
                return Some(Op::ALL[row]);
            }
            row += 1;
        }
        None
    }

    /// Returns the name in listings.
    pub const fn name(self) -> &'static str {
        ROWS[self as usize].name
    }

    /// Returns one line of documentation.
    pub fn doc(self) -> &'static str {
        DOCS[self as usize].trim_ascii()
    }

    /// Returns the family.
    pub const fn family(self) -> Family {
        ROWS[self as usize].family
    }

    /// Returns the type of the operands, if the row gives one.
    pub const fn row_operand(self) -> Option<Scalar> {
        OPERANDS[self as usize]
    }

    /// Returns the type of the operands.
    ///
    /// # Panics
    ///
    /// If the row gives none.
    pub const fn operand(self) -> Scalar {
        match OPERANDS[self as usize] {
            Some(operand) => operand,
            None => panic!("the op has no operands of its own type"),
        }
    }

    /// Returns the type of the result, if the row gives one.
    pub const fn result(self) -> Option<Scalar> {
        ROWS[self as usize].result
    }

    /// Returns the number of bytes that a load or store accesses.
    ///
    /// # Panics
    ///
    /// If it is neither.
    pub const fn accessed_bytes(self) -> u64 {
        // The row of a load has the type in memory first, that of a store has it second.
        match (self.family(), self.result()) {
            (Family::Load | Family::AtomicLoad, _) => self.operand().size(),
            (_, Some(stored)) => stored.size(),
            (_, None) => panic!("the op accesses no memory"),
        }
    }

    /// Returns whether a constant with these bits can be an immediate operand.
    pub fn takes_immediate(self, bits: u64) -> bool {
        self.family() == Family::CommutativeWide || self.operand().fits_immediate(bits)
    }

    /// Returns the variant of a shape, whose result, if it has one, goes to the accumulator
    /// alone.
    pub(super) fn of_form(self, form: usize) -> Option<Opcode> {
        let variant = self.family().variant(form)?;
        Some(Opcode(FIRST[self as usize] + u16::from(variant)))
    }

    /// Returns the only variant.
    ///
    /// # Panics
    ///
    /// If there are several.
    pub const fn only(self) -> Opcode {
        assert!(self.family().variants().len() == 1);
        Opcode(FIRST[self as usize])
    }
}

/// The type of each op's operands. (A smaller table than that of the rows.)
static OPERANDS: [Option<Scalar>; Op::COUNT] = {
    let mut operands = [None; Op::COUNT];
    let mut row = 0;
    while row < Op::COUNT {
        operands[row] = ROWS[row].operand;
        row += 1;
    }
    operands
};

/// The number of a variant of an op: what a cell under assembly begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Opcode(u16);

impl Opcode {
    /// The number of opcodes.
    pub const COUNT: usize = {
        let last = ROWS.len() - 1;
        FIRST[last] as usize + ROWS[last].family.variants().len()
    };

    /// Returns the opcode of a number.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub const fn new(number: u16) -> Opcode {
        assert!((number as usize) < Opcode::COUNT);
        Opcode(number)
    }

    /// Returns the opcode of the variant of `op` with a name in Rust.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub const fn named(op: Op, variant: &str) -> Opcode {
        let variants = op.family().variants();
        let mut at = 0;
        while !is_same(variants[at].name, variant) {
            at += 1;
        }
        Opcode(FIRST[op as usize] + at as u16)
    }

    /// Returns the number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Returns a number that is the same in every build that has the opcode: that of the op, and above
    /// it that of the variant.
    pub const fn portable(self) -> u16 {
        let (op, variant) = PARTS[self.0 as usize];
        op as u16 | (variant as u16) << OP_BITS
    }

    /// Returns the opcode of a number that [`Opcode::portable`] has returned in some build, if this build
    /// has it.
    pub fn from_portable(number: u16) -> Option<Opcode> {
        let (op, variant) = (number % (1 << OP_BITS), number >> OP_BITS);
        let &op = Op::ALL.get(usize::from(op))?;
        let has_variant = usize::from(variant) < op.family().variants().len();
        has_variant.then_some(Opcode(FIRST[op as usize] + variant))
    }

    /// Returns the op.
    pub const fn op(self) -> Op {
        PARTS[self.0 as usize].0
    }

    /// Returns the variant.
    pub const fn variant(self) -> &'static Variant {
        let (op, variant) = PARTS[self.0 as usize];
        &op.family().variants()[variant as usize]
    }

    /// Returns the shape of the cells.
    pub const fn spec(self) -> Spec {
        self.variant().spec
    }

    /// Returns whether the cells are comparisons whose result goes to the accumulator alone.
    pub fn is_comparison_in_acc(self) -> bool {
        matches!(self.spec(), Spec::Comparison { out: Out::Acc, .. })
    }

    /// Returns the opcode whose cells put their result into a slot as well.
    ///
    /// # Panics
    ///
    /// If the op has no result in an accumulator.
    pub(super) fn with_slot_result(self) -> Opcode {
        let (op, variant) = PARTS[self.0 as usize];
        if op as u16 == Op::GlobalGet as u16 {
            return Op::GlobalGetSlot.only();
        }
        let variant = op.family().with_slot_result(variant);
        let variant = variant.expect("the op has a result in an accumulator");
        Opcode(FIRST[op as usize] + u16::from(variant))
    }

    /// Returns whether the cells put their result into a slot, which is their first field.
    pub(super) fn has_slot_result(self) -> bool {
        let mut first = None;
        self.for_each_field(|kind, _| {
            first.get_or_insert(kind);
        });
        first == Some(FieldKind::NearSlot)
    }

    /// Returns the opcode of the same variant of another op of the family.
    pub(super) fn of_op(self, other: Op) -> Opcode {
        let (op, variant) = PARTS[self.0 as usize];
        debug_assert_eq!(op.family(), other.family());
        Opcode(FIRST[other as usize] + u16::from(variant))
    }

    /// Calls `field` with the encoding and the place of each field.
    pub(super) fn for_each_field(self, mut field: impl FnMut(FieldKind, usize)) {
        let op = self.op();
        let mut cursor = Cursor::new();
        let mut place = |kind: FieldKind| {
            let (byte, next) = cursor.place(kind);
            cursor = next;
            field(kind, byte);
        };
        match self.spec() {
            Spec::Row => ROW_FIELDS[op as usize].iter().for_each(|&kind| place(kind)),
            spec => spec
                .kinds(op.operand())
                .into_iter()
                .flatten()
                .for_each(place),
        }
    }

    /// Returns the number of words of the cells, without the elements of a list.
    pub const fn words(self) -> usize {
        WORDS[self.0 as usize] as usize
    }

    /// Returns the name of the op, and what the variant adds to it.
    pub const fn name(self) -> (&'static str, &'static str) {
        (self.op().name(), self.variant().suffix)
    }
}

/// The bits of an op's number in a portable number.
const OP_BITS: u32 = 10;

const _: () = assert!(Op::COUNT <= 1 << OP_BITS);

/// The first opcode of each op.
static FIRST: [u16; ROWS.len()] = {
    let mut first = [0; ROWS.len()];
    let mut i = 1;
    while i < ROWS.len() {
        first[i] = first[i - 1] + ROWS[i - 1].family.variants().len() as u16;
        i += 1;
    }
    first
};

/// The op and the variant's number of each opcode.
static PARTS: [(Op, u8); Opcode::COUNT] = {
    let mut parts = [(Op::ALL[0], 0); Opcode::COUNT];
    let mut op = 0;
    while op < ROWS.len() {
        let mut variant = 0;
        while variant < ROWS[op].family.variants().len() {
            assert!(variant < 1 << (u16::BITS - OP_BITS));
            parts[FIRST[op] as usize + variant] = (Op::ALL[op], variant as u8);
            variant += 1;
        }
        op += 1;
    }
    parts
};

/// The number of words of each opcode's cells.
static WORDS: [u8; Opcode::COUNT] = {
    let mut words = [0; Opcode::COUNT];
    let mut i = 0;
    while i < Opcode::COUNT {
        let (op, variant) = PARTS[i];
        let mut cursor = Cursor::new();
        match ROWS[op as usize].family.variants()[variant as usize].spec {
            Spec::Row => {
                let fields = ROW_FIELDS[op as usize];
                let mut at = 0;
                while at < fields.len() {
                    (_, cursor) = cursor.place(fields[at]);
                    at += 1;
                }
            }
            spec => {
                let kinds = spec.kinds(op.operand());
                let mut at = 0;
                while at < MOST_FIELDS {
                    if let Some(kind) = kinds[at] {
                        (_, cursor) = cursor.place(kind);
                    }
                    at += 1;
                }
            }
        }
        words[i] = cursor.words() as u8;
        i += 1;
    }
    words
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_has_one_name() {
        let mut names: alloc::vec::Vec<_> = (0..Opcode::COUNT)
            .map(|i| Opcode::new(i as u16).name())
            .collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn every_op_has_a_line_of_documentation() {
        for &op in Op::ALL {
            assert!(op.doc().ends_with('.'), "{op:?}");
        }
    }
}
