//! Ops and opcodes: an [`Op`] is a row of the table, an [`Opcode`] one of its variants.

use super::layout::{self, Family, Field};
use super::table::for_each_op;

struct Row {
    family: Family,
    name: &'static str,
    wide: bool,
    fields: &'static [Field],
}

macro_rules! family {
    (commutative) => {
        Family::Commutative
    };
    (commutative_wide) => {
        Family::CommutativeWide
    };
    (binary) => {
        Family::Binary
    };
    (partial) => {
        Family::Partial
    };
    (compare) => {
        Family::Compare
    };
    (compare_float) => {
        Family::CompareFloat
    };
    (unary) => {
        Family::Unary
    };
    (partial_unary) => {
        Family::PartialUnary
    };
    (load) => {
        Family::Load
    };
    (store) => {
        Family::Store
    };
    (store_float) => {
        Family::StoreFloat
    };
    (wide) => {
        Family::Wide
    };
    (wide_multiply) => {
        Family::WideMultiply
    };
    (control) => {
        Family::Control
    };
    (service) => {
        Family::Service
    };
}

/// Whether an op's operand type is a 64-bit float, whose immediates take their own word.
macro_rules! is_wide {
    (f64) => {
        true
    };
    ($other:ident) => {
        false
    };
    () => {
        false
    };
}

macro_rules! define_ops {
    ([] $($family:ident $op:ident $name:literal
        $(($operand:ident) -> $result:ident)? $([$($field:ident),*])? $({ |$($arg:ident),*| $body:expr })?)*) => {
        /// A row of the op table.
        #[allow(missing_docs, reason = "the table documents them")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op {
            $($op,)*
        }

        const ROWS: &[Row] = &[$(Row {
            family: family!($family),
            name: $name,
            wide: is_wide!($($operand)?),
            fields: &[$($(Field::$field),*)?],
        },)*];

        impl Op {
            const ALL: &[Op] = &[$(Op::$op,)*];
        }
    };
}

for_each_op!(define_ops);

impl Op {
    /// The number of ops.
    pub const COUNT: usize = ROWS.len();

    /// The op of this number.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub const fn new(number: u8) -> Op {
        Op::ALL[number as usize]
    }

    /// The family it belongs to.
    pub const fn family(self) -> Family {
        ROWS[self as usize].family
    }

    /// Whether its immediates take a word of their own.
    pub const fn wide(self) -> bool {
        ROWS[self as usize].wide
    }

    /// One of its variants.
    pub const fn variant(self, variant: u8) -> Opcode {
        debug_assert!(variant < self.family().variants());
        Opcode(FIRST[self as usize] + variant as u16)
    }

    /// Its only variant.
    pub const fn opcode(self) -> Opcode {
        debug_assert!(self.family().variants() == 1);
        Opcode(FIRST[self as usize])
    }
}

/// The number of an op's variant: what a cell under assembly begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Opcode(u16);

impl Opcode {
    /// The number of opcodes.
    pub const COUNT: usize = {
        let last = ROWS.len() - 1;
        FIRST[last] as usize + ROWS[last].family.variants() as usize
    };

    /// The opcode of this number.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub const fn new(number: u16) -> Opcode {
        assert!((number as usize) < Opcode::COUNT);
        Opcode(number)
    }

    /// The opcode of the variant of `op` whose name this is.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub const fn named(op: Op, variant: &str) -> Opcode {
        let mut number = FIRST[op as usize];
        loop {
            let opcode = Opcode::new(number);
            assert!(
                opcode.parts().0 as usize == op as usize,
                "no variant of this name"
            );
            if opcode.is_variant(variant) {
                return opcode;
            }
            number += 1;
        }
    }

    /// Whether this is the name of its variant: what the variant adds to the op's name when
    /// it is printed, as an identifier; or `cell`, if that is nothing.
    pub const fn is_variant(self, name: &str) -> bool {
        let (_, printed) = self.name();
        let (name, printed) = (name.as_bytes(), printed.as_bytes());
        if printed.is_empty() {
            return matches!(name, b"cell");
        }
        if printed.len() != name.len() + 1 {
            return false;
        }
        let mut i = 0;
        while i < name.len() {
            let same = match printed[i + 1] {
                b'.' => name[i] == b'_',
                other => name[i] == other,
            };
            if !same {
                return false;
            }
            i += 1;
        }
        true
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Its op and variant.
    pub const fn parts(self) -> (Op, u8) {
        PARTS[self.0 as usize]
    }

    /// The same, with the result in a slot as well.
    pub const fn with_slot_result(self) -> Opcode {
        Opcode(self.0 + 1)
    }

    /// The fields of its cells.
    pub const fn fields(self) -> &'static [Field] {
        let (op, variant) = self.parts();
        match op.family() {
            Family::Control | Family::Service => ROWS[op as usize].fields,
            family => family.fields(variant, op.wide()),
        }
    }

    /// The number of words of its cells, before any branch table.
    pub const fn words(self) -> usize {
        WORDS[self.0 as usize] as usize
    }

    /// Its op's name, and what the variant adds to it.
    pub const fn name(self) -> (&'static str, &'static str) {
        let (op, variant) = self.parts();
        (ROWS[op as usize].name, op.family().suffix(variant))
    }
}

/// The first opcode of each op.
const FIRST: [u16; ROWS.len()] = {
    let mut first = [0; ROWS.len()];
    let mut i = 1;
    while i < ROWS.len() {
        first[i] = first[i - 1] + ROWS[i - 1].family.variants() as u16;
        i += 1;
    }
    first
};

const PARTS: [(Op, u8); Opcode::COUNT] = {
    let mut parts = [(Op::ALL[0], 0); Opcode::COUNT];
    let mut op = 0;
    while op < ROWS.len() {
        let mut variant = 0;
        while variant < ROWS[op].family.variants() {
            parts[FIRST[op] as usize + variant as usize] = (Op::ALL[op], variant);
            variant += 1;
        }
        op += 1;
    }
    parts
};

const WORDS: [u8; Opcode::COUNT] = {
    let mut words = [0; Opcode::COUNT];
    let mut i = 0;
    while i < Opcode::COUNT {
        words[i] = layout::words(Opcode(i as u16).fields()) as u8;
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
}
