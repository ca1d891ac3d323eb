//! The layout of cells: where each field stands.
//!
//! A cell is a run of 64-bit words. Word 0 holds the handler's address (under assembly: the
//! opcode). The fields follow it in the order in which the op's row or shape lists them,
//! each at the next multiple of its size:
//!
//! ```text
//!   byte  0        8       10      12      16
//!         handler  result  a       b               i32.add_ss.d: three near slots
//!         handler  result  a       immediate       i32.add_si.d: two, and 32 bits
//!         handler  (2)     a       immediate       i32.add_si:   the result's place is kept
//!         handler  a       b               target  i32.lt_s.br_if_ss
//! ```
//!
//! A [`Layout`] computes the places when the crate is compiled; a [`Cursor`] does the same
//! while cells are written and read. Nothing else knows where a field stands.

use super::field::{FieldKind, FieldType};
use core::marker::PhantomData;

/// The byte of a cell at which its fields begin.
const FIRST: usize = 8;

/// The bytes of a word.
const WORD: usize = 8;

/// The fewest words of a cell.
const LEAST_WORDS: usize = 2;

/// The most fields of a cell.
const MOST_FIELDS: usize = 8;

/// The place at which the next field of a cell stands.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    next: usize,
}

impl Cursor {
    /// The place of the first field.
    pub const fn new() -> Cursor {
        Cursor { next: FIRST }
    }

    /// Takes the place of a field: returns its byte in the cell, and the cursor behind it.
    pub const fn place(self, kind: FieldKind) -> (usize, Cursor) {
        let size = kind.size();
        let byte = self.next.next_multiple_of(size);
        let next = if kind.is_list() {
            byte + kind.least_words() * WORD
        } else {
            byte + size
        };
        (byte, Cursor { next })
    }

    /// Returns the number of words of a cell whose last field ends here.
    pub const fn words(self) -> usize {
        let words = self.next.div_ceil(WORD);
        if words < LEAST_WORDS {
            LEAST_WORDS
        } else {
            words
        }
    }
}

/// The fields of a cell by name, with their places.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    fields: [(&'static str, FieldKind, usize); MOST_FIELDS],
    count: usize,
    cursor: Cursor,
}

impl Layout {
    /// A cell without fields.
    pub const EMPTY: Layout = Layout {
        fields: [("", FieldKind::Unused, 0); MOST_FIELDS],
        count: 0,
        cursor: Cursor::new(),
    };

    /// Adds a field behind those that are there.
    #[must_use]
    pub const fn with(mut self, name: &'static str, kind: FieldKind) -> Layout {
        let (byte, cursor) = self.cursor.place(kind);
        self.fields[self.count] = (name, kind, byte);
        self.count += 1;
        self.cursor = cursor;
        self
    }

    /// Adds a field, if there is one.
    #[must_use]
    pub const fn with_some(self, name: &'static str, kind: Option<FieldKind>) -> Layout {
        match kind {
            Some(kind) => self.with(name, kind),
            None => self,
        }
    }

    /// Returns the byte at which a field begins.
    ///
    /// # Panics
    ///
    /// If there is no field of this name and kind.
    pub const fn byte(&self, name: &str, kind: FieldKind) -> usize {
        match self.find(name) {
            Some((found, byte)) => {
                assert!(
                    found as usize == kind as usize,
                    "the field has another type"
                );
                byte
            }
            None => panic!("the cell has no such field"),
        }
    }

    /// Returns the byte at which an operand's field begins; 0 if the operand needs none,
    /// because it is in an accumulator.
    pub const fn operand(&self, name: &str) -> usize {
        match self.find(name) {
            Some((_, byte)) => byte,
            None => 0,
        }
    }

    /// Returns the byte at which the field of an operand begins that has one of two fields, by
    /// its source.
    pub const fn either(&self, slot: &str, constant: &str) -> usize {
        match self.find(slot) {
            Some((_, byte)) => byte,
            None => self.operand(constant),
        }
    }

    const fn find(&self, name: &str) -> Option<(FieldKind, usize)> {
        let mut at = 0;
        while at < self.count {
            let (other, kind, byte) = self.fields[at];
            if is_same(other, name) {
                return Some((kind, byte));
            }
            at += 1;
        }
        None
    }

    /// Returns the kinds and places of the fields that finishing replaces by addresses.
    pub const fn relocated(&self) -> [Option<(FieldKind, usize)>; 2] {
        let mut relocated = [None; 2];
        let (mut at, mut count) = (0, 0);
        while at < self.count {
            let (_, kind, byte) = self.fields[at];
            if kind.is_relocated() {
                relocated[count] = Some((kind, byte));
                count += 1;
            }
            at += 1;
        }
        relocated
    }

    /// Returns the number of words of the cell, without the elements of a list.
    pub const fn words(&self) -> usize {
        self.cursor.words()
    }
}

/// Returns whether two strings are equal. Constants cannot use `==`.
pub const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The place of a field of type `T` in the cells of `C`.
///
/// A field's place is a constant of its cell's type and has the field's name, so that a cell
/// cannot be read as another one, nor a field as another type.
#[derive(Debug)]
pub struct At<C, T> {
    byte: usize,
    of: PhantomData<fn() -> (C, T)>,
}

impl<C, T> Clone for At<C, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, T> Copy for At<C, T> {}

impl<C, T: FieldType> At<C, T> {
    /// The place of the field `name` in `layout`, which is the layout of `C`.
    ///
    /// # Panics
    ///
    /// If there is no such field of type `T`.
    pub const fn new(layout: &Layout, name: &str) -> At<C, T> {
        At {
            byte: layout.byte(name, T::KIND),
            of: PhantomData,
        }
    }
}

impl<C, T> At<C, T> {
    /// Returns the byte of the cell at which the field begins.
    #[inline(always)]
    pub const fn byte(self) -> usize {
        self.byte
    }

    /// Returns the word of the cell in which the field stands.
    #[inline(always)]
    pub const fn word(self) -> usize {
        self.byte / WORD
    }
}

/// Writes a field of a cell under assembly.
pub fn write(words: &mut [u64], byte: usize, kind: FieldKind, bits: u64) {
    let word = &mut words[byte / WORD];
    if kind.size() == WORD {
        *word = bits;
    } else {
        let shift = byte % WORD * 8;
        let mask = (u64::MAX >> (u64::BITS as usize - 8 * kind.size())) << shift;
        *word = *word & !mask | (bits << shift) & mask;
    }
}

/// Reads a field of a cell under assembly.
pub fn read(words: &[u64], byte: usize, kind: FieldKind) -> u64 {
    let word = words[byte / WORD];
    if kind.size() == WORD {
        word
    } else {
        word >> (byte % WORD * 8) & (u64::MAX >> (u64::BITS as usize - 8 * kind.size()))
    }
}
