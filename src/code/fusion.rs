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
    ([]
        $([$($op:ident::$variant:ident)*])*;
        $([$($other_op:ident::$other_variant:ident)*])*
    ) => {
        /// The opcodes of each row.
        const ROWS: &[&[Opcode]] = &[
            $(&[$(Opcode::named(Op::$op, stringify!($variant))),*],)*
            $(
                #[cfg(target_pointer_width = "64")]
                &[$(Opcode::named(Op::$other_op, stringify!($other_variant))),*],
            )*
        ];
    };
}

for_each_fusion!(define_rows);

/// The number of fusions.
const FUSIONS: usize = ROWS.len();

/// No pair: handlers have lower numbers.
const NO_PAIR: u32 = u32::MAX;

/// How many pairs a bucket of [`TABLE`] has room for.
const WAYS: usize = 4;
const BUCKETS: usize = (FUSIONS / 2 + 1).next_power_of_two();

/// A hash table: what two handlers' numbers make together.
///
/// Half of the pairs asked for are there, which no processor foresees; so that this is the
/// one thing that it cannot foresee, all pairs of a bucket are looked at, and few buckets
/// are full.
struct Table {
    pairs: [[u32; WAYS]; BUCKETS],
    made: [[u16; WAYS]; BUCKETS],
}

static TABLE: Table = {
    let mut table = Table {
        pairs: [[NO_PAIR; WAYS]; BUCKETS],
        made: [[0; WAYS]; BUCKETS],
    };
    let mut row = 0;
    while row < FUSIONS {
        let (left, right) = match *ROWS[row] {
            [first, second] => (first.number(), second.number()),
            [first, second, third] => {
                let Some(left) = table.get(first.number(), second.number()) else {
                    panic!("a run of three follows that of its first two");
                };
                (left, third.number())
            }
            _ => panic!("a row has two cells or three"),
        };
        assert!(table.get(left, right).is_none(), "a fusion stands twice");
        let mut bucket = first_bucket(left, right);
        let mut way = 0;
        while table.pairs[bucket][way] != NO_PAIR {
            way = (way + 1) % WAYS;
            if way == 0 {
                bucket = (bucket + 1) % BUCKETS;
            }
        }
        table.pairs[bucket][way] = pair(left, right);
        table.made[bucket][way] = (Opcode::COUNT + row) as u16;
        row += 1;
    }
    table
};

impl Table {
    const fn get(&self, left: u16, right: u16) -> Option<u16> {
        let wanted = pair(left, right);
        let mut bucket = first_bucket(left, right);
        loop {
            let pairs = &self.pairs[bucket];
            let mut found = WAYS;
            let mut way = 0;
            while way < WAYS {
                if pairs[way] == wanted {
                    found = way;
                }
                way += 1;
            }
            if found < WAYS {
                return Some(self.made[bucket][found]);
            }
            if pairs[WAYS - 1] == NO_PAIR {
                return None;
            }
            bucket = (bucket + 1) % BUCKETS;
        }
    }
}

const fn pair(left: u16, right: u16) -> u32 {
    left as u32 | (right as u32) << 16
}

/// The bucket of a pair, if others have not filled it.
const fn first_bucket(left: u16, right: u16) -> usize {
    let hash = (left as u32)
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add((right as u32).wrapping_mul(0x85eb_ca77));
    (hash >> (u32::BITS - BUCKETS.ilog2())) as usize
}

/// The number of the handler that does what handler `left` and then the cell of `right`
/// does, if there is one.
fn fused(left: u16, right: Opcode) -> Option<u16> {
    if cfg!(any(feature = "small", all(test, not(miri)))) {
        return None;
    }
    TABLE.get(left, right.number())
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
