//! Fusions: runs of cells that one handler carries out.
//!
//! A fused cell is the cells that it is made of, one behind the other, as they are: only
//! the handler in the first one's word 0 does what the others do as well. So
//!
//! * a branch to the second cell finds it whole;
//! * a part that traps or calls does so with `ip` at its own cell, and with everything
//!   that earlier parts did done: state is precise, and frame maps know nothing of this;
//! * the composition is one generic type in `execute`, and each op is still defined once.
//!
//! A dispatch is saved for each part but the first. Each cell begins the longest run there
//! is, whether or not it is a part of one that begins before it.
//!
//! Which runs are fused is said in [`fusion_rows`](super::fusion_rows).

use super::fusion_rows::for_each_fusion;
use super::opcode::{Op, Opcode};

macro_rules! define_rows {
    ([] $([$($op:ident::$variant:ident)*])*) => {
        /// The opcodes of each row.
        const ROWS: &[&[Opcode]] = &[$(&[$(Opcode::named(Op::$op, stringify!($variant))),*]),*];
    };
}

for_each_fusion!(define_rows);

/// The number of fusions.
const FUSIONS: usize = ROWS.len();

/// No entry of [`TABLE`].
const NONE: u16 = u16::MAX;

const BITS: u32 = (2 * FUSIONS + 1).next_power_of_two().ilog2();

/// A hash table with open addressing: what two handlers' numbers make together.
static TABLE: [[u16; 3]; 1 << BITS] = {
    let mut table = [[NONE; 3]; 1 << BITS];
    let mut row = 0;
    while row < FUSIONS {
        let (left, right) = match *ROWS[row] {
            [first, second] => (first.number(), second.number()),
            [first, second, third] => {
                let Some(left) = lookup(&table, first.number(), second.number()) else {
                    panic!("a run of three follows that of its first two");
                };
                (left, third.number())
            }
            _ => panic!("a row has two cells or three"),
        };
        assert!(
            lookup(&table, left, right).is_none(),
            "a fusion stands twice"
        );
        let mut at = start(left, right);
        while table[at][2] != NONE {
            at = (at + 1) % table.len();
        }
        table[at] = [left, right, (Opcode::COUNT + row) as u16];
        row += 1;
    }
    table
};

/// Where a pair stands, if others do not.
const fn start(left: u16, right: u16) -> usize {
    let hash = (left as u32)
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add((right as u32).wrapping_mul(0x85eb_ca77));
    (hash >> (32 - BITS)) as usize
}

const fn lookup(table: &[[u16; 3]; 1 << BITS], left: u16, right: u16) -> Option<u16> {
    let mut at = start(left, right);
    loop {
        let [l, r, number] = table[at];
        if number == NONE {
            return None;
        }
        if l == left && r == right {
            return Some(number);
        }
        at = (at + 1) % table.len();
    }
}

/// The number of the handler that does what handler `left` and then the cell of `right`
/// does, if there is one.
fn fused(left: u16, right: Opcode) -> Option<u16> {
    if cfg!(feature = "small") {
        return None;
    }
    lookup(&TABLE, left, right.number())
}

/// The number of the handler for the longest run of the cells from a place on, and how
/// many they are.
///
/// # Panics
///
/// If there are none.
pub fn longest(cells: impl IntoIterator<Item = Opcode>) -> (u16, usize) {
    let mut cells = cells.into_iter();
    let first = cells.next().expect("a cell stands there").number();
    let (mut number, mut count) = (first, 1);
    for cell in cells {
        let Some(longer) = fused(number, cell) else {
            break;
        };
        number = longer;
        count += 1;
    }
    (number, count)
}
