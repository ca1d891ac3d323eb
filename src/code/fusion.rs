//! Fused cells: runs of cells that one handler executes.
//!
//! Fusing does not change cells. Only the handler in word 0 of the first cell executes the others
//! as well. Therefore
//!
//! * a branch to the second cell finds that cell complete;
//! * a part that traps or calls does so with `ip` at its own cell, after all effects of earlier
//!   parts: the state is precise, and frame maps do not depend on fusions;
//! * the composition is one generic type in `execute`, and each op is defined once.
//!
//! Each part but the first saves a dispatch. Each cell gets the handler of the longest run that
//! begins with it, whether or not it is a part of a run that begins before it.
//!
//! The runs are listed in [`fusion_rows`](super::fusion_rows).

use super::fusion_rows::for_each_fusion;
use super::opcode::{Op, Opcode};

macro_rules! define_rows {
    ([]
        $([$($op:ident::$variant:ident)*])*;
        $([$($other_op:ident::$other_variant:ident)*])*;
        $([$($vector_op:ident::$vector_variant:ident)*])*;
        $([$($object_op:ident::$object_variant:ident)*])*;
        $([$($fuel_op:ident::$fuel_variant:ident)*])*
    ) => {
        /// The opcodes of each row.
        const ROWS: &[&[Opcode]] = &[
            $(&[$(Opcode::named(Op::$op, stringify!($variant))),*],)*
            $(
                #[cfg(target_pointer_width = "64")]
                &[$(Opcode::named(Op::$other_op, stringify!($other_variant))),*],
            )*
            $(
                #[cfg(target_pointer_width = "64")]
                &[$(Opcode::named(Op::$vector_op, stringify!($vector_variant))),*],
            )*
            $(
                #[cfg(target_pointer_width = "64")]
                &[$(Opcode::named(Op::$object_op, stringify!($object_variant))),*],
            )*
            $(
                #[cfg(target_pointer_width = "64")]
                &[$(Opcode::named(Op::$fuel_op, stringify!($fuel_variant))),*],
            )*
        ];
    };
}

for_each_fusion!(define_rows);

/// The number of fusions.
const FUSIONS: usize = ROWS.len();

/// An empty place: no pair of handlers has this number.
const NO_PAIR: u32 = u32::MAX;

/// The number of pairs in a bucket of [`TABLE`].
const WAYS: usize = 4;
const BUCKETS: usize = (FUSIONS / 2 + 1).next_power_of_two();

/// A hash table from the numbers of two handlers to that of the handler for both.
///
/// Half of the lookups succeed, which no processor predicts. So that nothing else is
/// unpredictable, a lookup compares all pairs of a bucket, and few buckets are full.
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
        // The driver continues behind the cells that poll, which it knows by their handlers.
        assert!(
            !matches!(
                ROWS[row][0].op(),
                Op::PollFuel
                    | Op::PollInterrupt
                    | Op::PollEpoch
                    | Op::ProbeStep
                    | Op::ProbeStop
                    | Op::ProbeStore
                    | Op::ProbeRun
            ),
            "a fusion begins with a poll or a probe"
        );
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

/// Returns the first bucket in which a pair may be.
const fn first_bucket(left: u16, right: u16) -> usize {
    let hash = (left as u32)
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add((right as u32).wrapping_mul(0x85eb_ca77));
    (hash >> (u32::BITS - BUCKETS.ilog2())) as usize
}

/// Returns the number of the handler that executes the cells of handler `left` and then one of
/// `right`, if there is one.
fn fused(left: u16, right: Opcode) -> Option<u16> {
    if cfg!(any(feature = "small", all(test, not(miri)))) {
        return None;
    }
    TABLE.get(left, right.number())
}

/// Returns the number of the handler for the longest run that begins with `cells`, and the number
/// of cells of the run.
///
/// # Panics
///
/// If there are no cells.
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
