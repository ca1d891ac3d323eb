//! Bulk operations on memories and tables, in bounded pieces.
//!
//! The driver polls, does one piece of an operation, and executes the same cell again with operands
//! that describe the rest, until nothing is left. So a program that is interrupted in a bulk
//! operation stops soon and continues there. If fuel is consumed, each byte and each element costs a
//! unit. A piece is no larger than the fuel that is left, and is charged before it is done. With no
//! fuel left the operation waits.
//!
//! * Bounds are checked before the first piece, and for the rest before each other piece. Memories
//!   and tables never shrink, so only a segment that other code of the store drops in the meantime
//!   ends the operation with a trap half-way.
//! * If source and destination overlap, a copy begins at the end at which it overwrites nothing
//!   that is still to be read.
//! * `memory.grow` and `table.grow` are one piece, since their new part is not visible before they
//!   are done. They take as long as the host's allocator, and are charged once they have succeeded.

use super::observed::Access;
use super::service::Operands;
use super::waiting::Wait;
use crate::code::Trap;
use crate::heap::{
    Failure, StoreInner, check_memory_init, check_table_init, memory_init, table_init,
};
use crate::ids::{InstanceIndex, MemoryIndex, TableIndex};
use core::ops::Range;

/// The number of bytes of a piece, which take a fraction of a millisecond. An element of a table
/// counts as eight bytes.
pub const PIECE: u64 = 1 << 20;
const ELEMENTS: u64 = PIECE / 8;

/// The progress of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is done: continue behind its cell.
    Done,
    /// It must be executed again: its operands describe the rest.
    More,
    /// No fuel is left for it. It must be executed again once there is some.
    OutOfFuel,
    /// There is no room for an object. It must be executed again after a collection, and traps if
    /// that has not helped.
    NoRoom,
    /// The instruction waits at an address of a shared memory. It must be executed again once the
    /// wait has ended.
    Waiting(Wait),
    /// A function whose entry is observed was entered. Continue behind the cell.
    Entered,
    /// The program stops for an observer. Continue behind the cell when it is resumed.
    Stopped,
    /// The program stops for an observer before this access. Continue behind the cell when it is
    /// resumed.
    Watched(Access),
    /// The next cell performs this access. Continue behind the cell, unless the access is observed.
    Accessing(Access),
}

/// The part of a bulk operation that is done next, in items from its beginning.
struct Piece {
    start: u64,
    len: u64,
}

impl Piece {
    /// Returns the first `most` items of those that the third operand counts, or fewer if there is
    /// not as much fuel, and charges them. None if no fuel is left.
    fn first(store: &mut StoreInner, operands: &Operands, most: u64) -> Option<Piece> {
        let size = operands.get(2);
        let mut len = size.min(most);
        if store.engine().tunables.consume_fuel {
            len = len.min(store.stacks.available_fuel());
            store.stacks.spend_fuel(len);
        }
        (len != 0 || size == 0).then_some(Piece { start: 0, len })
    }

    /// Returns the first piece, or the last one if the destination overlaps the rest of the source.
    fn of_copy(
        store: &mut StoreInner,
        operands: &Operands,
        most: u64,
        same: bool,
    ) -> Option<Piece> {
        let [to, from, size] = [operands.get(0), operands.get(1), operands.get(2)];
        let first = Piece::first(store, operands, most)?;
        let overwrites = same && to > from && to - from < size;
        let start = if overwrites { size - first.len } else { 0 };
        Some(Piece { start, ..first })
    }

    /// Updates the operands to describe the rest: destination and source, if there is one, begin
    /// behind the piece, unless the piece was the last part.
    fn finish(self, operands: &Operands, has_source: bool) -> Progress {
        let left = operands.get(2) - self.len;
        if left == 0 {
            return Progress::Done;
        }
        operands.put(2, left);
        if self.start == 0 {
            operands.put(0, operands.get(0) + self.len);
            if has_source {
                operands.put(1, operands.get(1) + self.len);
            }
        }
        Progress::More
    }

    /// Returns the piece's items, counted from the operand `first`.
    fn range(&self, first: u64) -> Range<usize> {
        let start = (first + self.start) as usize;
        start..start + self.len as usize
    }
}

/// `memory.fill`.
pub(super) fn fill_memory(
    store: &mut StoreInner,
    memory: MemoryIndex,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let len = store.memory(memory).byte_size();
    check(operands.get(0), operands.get(2), len).ok_or(Failure::Trap(Trap::MemoryOutOfBounds))?;
    let Some(piece) = Piece::first(store, operands, PIECE) else {
        return Ok(Progress::OutOfFuel);
    };
    let range = piece.range(operands.get(0));
    store.memory_mut(memory).fill(range, operands.get(1) as u8);
    Ok(piece.finish(operands, false))
}

/// `memory.copy`.
pub(super) fn copy_memory(
    store: &mut StoreInner,
    to: MemoryIndex,
    from: MemoryIndex,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let size = operands.get(2);
    check(operands.get(0), size, store.memory(to).byte_size())
        .and_then(|()| check(operands.get(1), size, store.memory(from).byte_size()))
        .ok_or(Failure::Trap(Trap::MemoryOutOfBounds))?;
    let Some(piece) = Piece::of_copy(store, operands, PIECE, to == from) else {
        return Ok(Progress::OutOfFuel);
    };
    let (to_range, from_range) = (piece.range(operands.get(0)), piece.range(operands.get(1)));
    if to == from {
        let memory = store.memory_mut(to);
        memory.copy_within(from_range, to_range.start);
    } else {
        let (to, from) = store.two_memories(to, from);
        to.copy_from(from, from_range, to_range.start);
    }
    Ok(piece.finish(operands, true))
}

/// `memory.init`.
pub(super) fn init_memory(
    store: &mut StoreInner,
    instance: InstanceIndex,
    memory: MemoryIndex,
    segment: u32,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let [to, from, size] = [operands.get(0), operands.get(1), operands.get(2)];
    check_memory_init(store, instance, memory, segment, [to, from, size]).map_err(Failure::Trap)?;
    let Some(piece) = Piece::first(store, operands, PIECE) else {
        return Ok(Progress::OutOfFuel);
    };
    memory_init(store, instance, memory, segment, [to, from, piece.len]).map_err(Failure::Trap)?;
    Ok(piece.finish(operands, true))
}

/// `table.fill`.
pub(super) fn fill_table(
    store: &mut StoreInner,
    table: TableIndex,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let len = store.table(table).len();
    check(operands.get(0), operands.get(2), len).ok_or(Failure::Trap(Trap::TableOutOfBounds))?;
    let Some(piece) = Piece::first(store, operands, ELEMENTS) else {
        return Ok(Progress::OutOfFuel);
    };
    let table = store.table_mut(table);
    table.fill(piece.range(operands.get(0)), operands.get(1));
    Ok(piece.finish(operands, false))
}

/// `table.copy`.
pub(super) fn copy_table(
    store: &mut StoreInner,
    to: TableIndex,
    from: TableIndex,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let size = operands.get(2);
    check(operands.get(0), size, store.table(to).len())
        .and_then(|()| check(operands.get(1), size, store.table(from).len()))
        .ok_or(Failure::Trap(Trap::TableOutOfBounds))?;
    let Some(piece) = Piece::of_copy(store, operands, ELEMENTS, to == from) else {
        return Ok(Progress::OutOfFuel);
    };
    let (to_range, from_range) = (piece.range(operands.get(0)), piece.range(operands.get(1)));
    if to == from {
        store.table_mut(to).copy_within(from_range, to_range.start);
    } else {
        store.copy_table(to, to_range.start, from, from_range);
    }
    Ok(piece.finish(operands, true))
}

/// `table.init`.
pub(super) fn init_table(
    store: &mut StoreInner,
    instance: InstanceIndex,
    table: TableIndex,
    segment: u32,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let [to, from, size] = [operands.get(0), operands.get(1), operands.get(2)];
    check_table_init(store, instance, table, segment, [to, from, size]).map_err(Failure::Trap)?;
    let Some(piece) = Piece::first(store, operands, ELEMENTS) else {
        return Ok(Progress::OutOfFuel);
    };
    table_init(store, instance, table, segment, [to, from, piece.len]).map_err(Failure::Trap)?;
    Ok(piece.finish(operands, true))
}

/// The number of bytes by which a memory grows for a unit of fuel.
const GROWN_BYTES: u64 = 64;

/// `memory.grow`. Returns the former size in pages, or `None` if the memory has not grown.
pub(super) fn grow_memory(
    store: &mut StoreInner,
    memory: MemoryIndex,
    delta: u64,
) -> Result<Option<u64>, Failure> {
    let grown = store.grow_memory(memory, delta).map_err(Failure::Host)?;
    if grown.is_some() && store.engine().tunables.consume_fuel {
        let bytes = store.memory(memory).byte_len(delta).unwrap_or(usize::MAX);
        store.stacks.spend_fuel(bytes as u64 / GROWN_BYTES);
    }
    Ok(grown)
}

/// `table.grow`. Returns the former size, or `None` if the table has not grown.
pub(super) fn grow_table(
    store: &mut StoreInner,
    table: TableIndex,
    delta: u64,
    init: u64,
) -> Result<Option<u64>, Failure> {
    let grown = store
        .grow_table(table, delta, init)
        .map_err(Failure::Host)?;
    if grown.is_some() && store.engine().tunables.consume_fuel {
        store.stacks.spend_fuel(delta);
    }
    Ok(grown)
}

/// Checks that `size` items from `start` on are within `len`.
fn check(start: u64, size: u64, len: usize) -> Option<()> {
    let end = start.checked_add(size)?;
    (end <= len as u64).then_some(())
}
