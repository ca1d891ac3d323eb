//! Services on structures and arrays: creation where a handler finds no free cell, and the
//! instructions on many elements.
//!
//! Instructions on many elements are done in pieces, as [`bulk`](super::bulk) describes; each element
//! costs a unit of fuel. An array whose elements come from a value or a segment is created in two
//! cells: the first one creates the array, with elements that are zero, and the second one fills it.
//! Between the two, the array is in a hidden slot, and the number of its filled elements behind
//! that.

use super::bulk::{PIECE, Progress};
use super::service::{Operands, ServiceCall};
use crate::code::cells::*;
use crate::code::{ModuleData, ModuleElements, Op, Trap};
use crate::heap::{Failure, StoreInner, segment_item};
use crate::ids::{InstanceIndex, ObjectRef, TypeId};
use crate::module::Storage;
use crate::support::size_class::{LARGE, size_class};

/// Carries out a service on objects.
pub(super) fn carry_out(op: Op, call: ServiceCall<'_>) -> Result<Progress, Failure> {
    let trap = |trap| Err(Failure::Trap(trap));
    match op {
        Op::StructSetRef | Op::ArraySetRef => {
            call.store.empty_shaded();
            Ok(Progress::More)
        }
        Op::StructSetTraced => {
            let operands = call.operands(StructSetTraced::operands);
            let Some(object) = object(operands.get(0)) else {
                return trap(Trap::NullReference);
            };
            let field = call.get(StructSetTraced::field);
            call.store.set_field(object, field, [operands.get(1), 0]);
            Ok(Progress::Done)
        }
        Op::ArraySetTraced => {
            let operands = call.operands(ArraySetTraced::operands);
            let Some(array) = object(operands.get(0)) else {
                return trap(Trap::NullReference);
            };
            let bits = [operands.get(2), 0];
            if !call.store.set_field(array, operands.get(1) as u32, bits) {
                return trap(Trap::ArrayOutOfBounds);
            }
            Ok(Progress::Done)
        }
        Op::StructNew => {
            let operands = call.operands(StructNew::operands);
            let class = call.get(StructNew::class) as u8;
            let ty = call.get(StructNew::ty);
            new_struct(call, &operands, ty, class, true)
        }
        Op::StructNew1 => {
            let class = call.get(StructNew1::class);
            Ok(refill(call.store, class as u8))
        }
        Op::StructNew2 => {
            let class = call.get(StructNew2::class);
            Ok(refill(call.store, class as u8))
        }
        Op::StructNew3 => {
            let class = call.get(StructNew3::class);
            Ok(refill(call.store, class as u8))
        }
        Op::StructNew4 => {
            let class = call.get(StructNew4::class);
            Ok(refill(call.store, class as u8))
        }
        Op::StructNewDefault => {
            let operands = call.operands(StructNewDefault::operands);
            let class = call.get(StructNewDefault::class) as u8;
            let ty = call.get(StructNewDefault::ty);
            new_struct(call, &operands, ty, class, false)
        }
        Op::ArrayNewFixed => {
            let operands = call.operands(ArrayNewFixed::operands);
            let (ty, len) = (call.get(ArrayNewFixed::ty), call.get(ArrayNewFixed::count));
            new_fixed(call, &operands, ty, len)
        }
        Op::ArrayNewDefault => {
            let operands = call.operands(ArrayNewDefault::operands);
            let (ty, len) = (call.get(ArrayNewDefault::ty), operands.get(0) as u32);
            Ok(match new_array(call.store, ty, len) {
                Some(array) => {
                    charge_zeros(call.store, array);
                    call.created(&operands, array);
                    Progress::Done
                }
                None => Progress::NoRoom,
            })
        }
        Op::ArrayNew => {
            let ty = call.get(ArrayNew::ty);
            let len_at = value_slots(call.store, ty);
            let len = call.operands(ArrayNew::operands).get(len_at) as u32;
            let hidden = call.operands(ArrayNew::hidden);
            Ok(begin_array(call.store, &hidden, ty, len))
        }
        Op::ArrayNewData => {
            let ty = call.get(ArrayNewData::ty);
            let operands = call.operands(ArrayNewData::operands);
            let ModuleData(data) = call.get(ArrayNewData::data);
            let size = element(call.store, ty).size();
            check_data(call.store, call.instance, data, &operands, 0, size)?;
            let hidden = call.operands(ArrayNewData::hidden);
            Ok(begin_array(call.store, &hidden, ty, operands.get(1) as u32))
        }
        Op::ArrayNewElem => {
            let ty = call.get(ArrayNewElem::ty);
            let operands = call.operands(ArrayNewElem::operands);
            let ModuleElements(elements) = call.get(ArrayNewElem::elements);
            check_elements(call.store, call.instance, elements, &operands, 0)?;
            let hidden = call.operands(ArrayNewElem::hidden);
            Ok(begin_array(call.store, &hidden, ty, operands.get(1) as u32))
        }
        Op::ArrayNewRest => {
            let operands = call.operands(ArrayNewRest::operands);
            let hidden = call.operands(ArrayNewRest::hidden);
            let Some((array, piece)) = Piece::of_new(call.store, &hidden) else {
                return Ok(Progress::OutOfFuel);
            };
            let slots = value_slots(call.store, call.get(ArrayNewRest::ty));
            fill(call.store, array, &piece, value(&operands, 0, slots));
            Ok(piece.finish_new(call.store, &operands, &hidden, array))
        }
        Op::ArrayNewDataRest => {
            let operands = call.operands(ArrayNewDataRest::operands);
            let hidden = call.operands(ArrayNewDataRest::hidden);
            let ModuleData(data) = call.get(ArrayNewDataRest::data);
            let size = element(call.store, call.get(ArrayNewDataRest::ty)).size();
            check_data(call.store, call.instance, data, &operands, 0, size)?;
            let Some((array, piece)) = Piece::of_new(call.store, &hidden) else {
                return Ok(Progress::OutOfFuel);
            };
            let from = operands.get(0) as u32 as usize + (piece.start * size) as usize;
            init_data(call.store, call.instance, data, array, &piece, from);
            Ok(piece.finish_new(call.store, &operands, &hidden, array))
        }
        Op::ArrayNewElemRest => {
            let operands = call.operands(ArrayNewElemRest::operands);
            let hidden = call.operands(ArrayNewElemRest::hidden);
            let ModuleElements(elements) = call.get(ArrayNewElemRest::elements);
            check_elements(call.store, call.instance, elements, &operands, 0)?;
            let Some((array, piece)) = Piece::of_new(call.store, &hidden) else {
                return Ok(Progress::OutOfFuel);
            };
            let from = operands.get(0) as u32 + piece.start;
            init_elements(call.store, call.instance, elements, array, &piece, from);
            Ok(piece.finish_new(call.store, &operands, &hidden, array))
        }
        Op::ArrayFill => {
            let operands = call.operands(ArrayFill::operands);
            let slots = value_slots(call.store, call.get(ArrayFill::ty));
            let len_at = 2 + slots;
            let Some(array) = object(operands.get(0)) else {
                return trap(Trap::NullReference);
            };
            check(call.store, array, operands.get(1), operands.get(len_at))?;
            let Some(piece) = Piece::first(call.store, array, &operands, 1, len_at) else {
                return Ok(Progress::OutOfFuel);
            };
            fill(call.store, array, &piece, value(&operands, 2, slots));
            Ok(piece.finish(&operands, &[1], len_at))
        }
        Op::ArrayCopy => {
            let operands = call.operands(ArrayCopy::operands);
            let (Some(to), Some(from)) = (object(operands.get(0)), object(operands.get(2))) else {
                return trap(Trap::NullReference);
            };
            copy(call.store, to, from, &operands)
        }
        Op::ArrayInitData => {
            let operands = call.operands(ArrayInitData::operands);
            let ModuleData(data) = call.get(ArrayInitData::data);
            let Some(array) = object(operands.get(0)) else {
                return trap(Trap::NullReference);
            };
            let size = element(call.store, call.get(ArrayInitData::ty)).size();
            check(call.store, array, operands.get(1), operands.get(3))?;
            check_data(call.store, call.instance, data, &operands, 2, size)?;
            let Some(piece) = Piece::first(call.store, array, &operands, 1, 3) else {
                return Ok(Progress::OutOfFuel);
            };
            let from = operands.get(2) as u32 as usize;
            init_data(call.store, call.instance, data, array, &piece, from);
            // The source is counted in bytes.
            let next = operands.get(2) + u64::from(piece.len) * u64::from(size);
            let progress = piece.finish(&operands, &[1], 3);
            operands.put(2, next);
            Ok(progress)
        }
        Op::ArrayInitElem => {
            let operands = call.operands(ArrayInitElem::operands);
            let ModuleElements(elements) = call.get(ArrayInitElem::elements);
            let Some(array) = object(operands.get(0)) else {
                return trap(Trap::NullReference);
            };
            check(call.store, array, operands.get(1), operands.get(3))?;
            check_elements(call.store, call.instance, elements, &operands, 2)?;
            let Some(piece) = Piece::first(call.store, array, &operands, 1, 3) else {
                return Ok(Progress::OutOfFuel);
            };
            let from = operands.get(2) as u32;
            init_elements(call.store, call.instance, elements, array, &piece, from);
            Ok(piece.finish(&operands, &[1, 2], 3))
        }
        other => unreachable!("{other:?} is no service"),
    }
}

/// Returns the object of a reference, unless it is null.
fn object(bits: u64) -> Option<ObjectRef> {
    (bits as u32 != 0).then_some(ObjectRef(bits as u32))
}

fn element(store: &StoreInner, ty: TypeId) -> Storage {
    store.objects.layout(ty).element()
}

/// Returns the number of slots of an element of an array type.
fn value_slots(store: &StoreInner, ty: TypeId) -> usize {
    match element(store, ty) {
        Storage::Vector => 2,
        _ => 1,
    }
}

/// Returns the value in one or two operands.
fn value(operands: &Operands, at: usize, slots: usize) -> [u64; 2] {
    let high = if slots > 1 { operands.get(at + 1) } else { 0 };
    [operands.get(at), high]
}

// --- creation ---

/// Makes sure that a handler finds a free cell of a size class.
fn refill(store: &mut StoreInner, class: u8) -> Progress {
    match store.refill_objects(class) {
        Ok(()) => Progress::More,
        Err(_) => Progress::NoRoom,
    }
}

fn new_struct(
    call: ServiceCall<'_>,
    operands: &Operands,
    ty: TypeId,
    class: u8,
    has_fields: bool,
) -> Result<Progress, Failure> {
    if class != LARGE {
        return Ok(refill(call.store, class));
    }
    let Ok(structure) = call.store.new_struct(ty) else {
        return Ok(Progress::NoRoom);
    };
    if has_fields {
        let fields = call.store.objects.layout(ty).fields.len() as u32;
        let mut slot = 0;
        for index in 0..fields {
            let storage = call.store.objects.layout(ty).fields[index as usize].storage;
            let slots = if storage == Storage::Vector { 2 } else { 1 };
            call.store
                .set_field(structure, index, value(operands, slot, slots));
            slot += slots;
        }
    }
    call.created(operands, structure);
    Ok(Progress::Done)
}

fn new_fixed(
    call: ServiceCall<'_>,
    operands: &Operands,
    ty: TypeId,
    len: u32,
) -> Result<Progress, Failure> {
    let size = call.store.objects.layout(ty).array_size(len);
    if size <= 2048 {
        return Ok(refill(call.store, size_class(size as u32)));
    }
    let Some(array) = new_array(call.store, ty, len) else {
        return Ok(Progress::NoRoom);
    };
    let slots = value_slots(call.store, ty);
    for index in 0..len {
        let bits = value(operands, index as usize * slots, slots);
        call.store.set_field(array, index, bits);
    }
    call.created(operands, array);
    Ok(Progress::Done)
}

fn new_array(store: &mut StoreInner, ty: TypeId, len: u32) -> Option<ObjectRef> {
    store.new_array(ty, len).ok()
}

/// The number of bytes of elements that are set to zero for a unit of fuel.
const ZEROED_BYTES: u64 = 64;

fn charge_zeros(store: &mut StoreInner, array: ObjectRef) {
    if store.engine().tunables.consume_fuel {
        let bytes = store.objects.size_of(array);
        store.stacks.spend_fuel(bytes / ZEROED_BYTES);
    }
}

/// Creates an array that is filled afterwards.
fn begin_array(store: &mut StoreInner, hidden: &Operands, ty: TypeId, len: u32) -> Progress {
    match new_array(store, ty, len) {
        Some(array) => {
            hidden.put(0, array.0.into());
            hidden.put(1, 0);
            Progress::Done
        }
        None => Progress::NoRoom,
    }
}

// --- pieces ---

/// The elements of an array that are written next.
struct Piece {
    start: u32,
    len: u32,
}

/// Returns the number of elements of the next piece of `left`, and charges them. `None` if no fuel is
/// left.
fn piece_len(store: &mut StoreInner, array: ObjectRef, left: u32) -> Option<u32> {
    let size = store.objects.layout_of(array).element().size();
    let most = PIECE / u64::from(size.max(8));
    let mut len = u64::from(left).min(most);
    if store.engine().tunables.consume_fuel {
        len = len.min(store.stacks.available_fuel());
        store.stacks.spend_fuel(len);
    }
    (len != 0 || left == 0).then_some(len as u32)
}

impl Piece {
    /// Returns the next piece of an array that was created.
    fn of_new(store: &mut StoreInner, hidden: &Operands) -> Option<(ObjectRef, Piece)> {
        let array = ObjectRef(hidden.get(0) as u32);
        let start = hidden.get(1) as u32;
        let left = store.objects.array_len(array) - start;
        let len = piece_len(store, array, left)?;
        Some((array, Piece { start, len }))
    }

    /// Records that a piece of an array that was created is done.
    fn finish_new(
        self,
        store: &StoreInner,
        operands: &Operands,
        hidden: &Operands,
        array: ObjectRef,
    ) -> Progress {
        let len = store.objects.array_len(array);
        let filled = self.start + self.len;
        hidden.put(1, filled.into());
        if filled == len {
            operands.put(0, array.0.into());
            return Progress::Done;
        }
        Progress::More
    }

    /// Returns the first piece of the elements that begin at the number in operand `start` and are
    /// as many as operand `len`.
    fn first(
        store: &mut StoreInner,
        array: ObjectRef,
        operands: &Operands,
        start: usize,
        len: usize,
    ) -> Option<Piece> {
        let len = piece_len(store, array, operands.get(len) as u32)?;
        let start = operands.get(start) as u32;
        Some(Piece { start, len })
    }

    /// Makes the operands describe the rest.
    fn finish(self, operands: &Operands, starts: &[usize], len: usize) -> Progress {
        let left = operands.get(len) as u32 - self.len;
        if left == 0 {
            return Progress::Done;
        }
        operands.put(len, left.into());
        for &start in starts {
            operands.put(start, operands.get(start) + u64::from(self.len));
        }
        Progress::More
    }
}

/// Checks that `len` elements from `start` on are within an array.
fn check(store: &StoreInner, array: ObjectRef, start: u64, len: u64) -> Result<(), Failure> {
    let end = u64::from(start as u32) + u64::from(len as u32);
    if end <= u64::from(store.objects.array_len(array)) {
        Ok(())
    } else {
        Err(Failure::Trap(Trap::ArrayOutOfBounds))
    }
}

/// Checks that a data segment has the bytes for the elements that two operands describe, from
/// operand `at` on: the first byte, and the number of elements, which is the last operand.
fn check_data(
    store: &StoreInner,
    instance: InstanceIndex,
    data: u32,
    operands: &Operands,
    at: usize,
    size: u32,
) -> Result<(), Failure> {
    let bytes = u64::from(operands.get(at + 1) as u32) * u64::from(size);
    let end = u64::from(operands.get(at) as u32) + bytes;
    if end <= store.instance(instance).data(data).len() as u64 {
        Ok(())
    } else {
        Err(Failure::Trap(Trap::MemoryOutOfBounds))
    }
}

/// As [`check_data`], of an element segment.
fn check_elements(
    store: &StoreInner,
    instance: InstanceIndex,
    elements: u32,
    operands: &Operands,
    at: usize,
) -> Result<(), Failure> {
    let end = u64::from(operands.get(at) as u32) + u64::from(operands.get(at + 1) as u32);
    if end <= store.instance(instance).element_count(elements) {
        Ok(())
    } else {
        Err(Failure::Trap(Trap::TableOutOfBounds))
    }
}

// --- work ---

fn fill(store: &mut StoreInner, array: ObjectRef, piece: &Piece, bits: [u64; 2]) {
    store.shade(store.objects.reference(array, piece.start, bits[0]));
    store.objects.fill(array, piece.start, piece.len, bits);
}

fn copy(
    store: &mut StoreInner,
    to: ObjectRef,
    from: ObjectRef,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let len = operands.get(4);
    check(store, to, operands.get(1), len)?;
    check(store, from, operands.get(3), len)?;
    let Some(piece) = piece_len(store, to, len as u32) else {
        return Ok(Progress::OutOfFuel);
    };
    let (to_start, from_start) = (operands.get(1) as u32, operands.get(3) as u32);
    let overlaps = to == from && to_start > from_start && to_start - from_start < len as u32;
    // If the destination overlaps the rest of the source, the end is copied first.
    let offset = if overlaps { len as u32 - piece } else { 0 };
    store.shade_elements(from, from_start + offset, piece);
    store
        .objects
        .copy(to, to_start + offset, from, from_start + offset, piece);
    let starts: &[usize] = if overlaps { &[] } else { &[1, 3] };
    let piece = Piece {
        start: to_start,
        len: piece,
    };
    Ok(piece.finish(operands, starts, 4))
}

fn init_data(
    store: &mut StoreInner,
    instance: InstanceIndex,
    data: u32,
    array: ObjectRef,
    piece: &Piece,
    from: usize,
) {
    let size = store.objects.layout_of(array).element().size() as usize;
    let module = store.instance(instance).module().clone();
    let bytes = match store.instance(instance).data_dropped(data) {
        true => &[],
        false => module.data_bytes(data),
    };
    let range = from..from + piece.len as usize * size;
    let bytes = bytes.get(range).unwrap_or_default();
    store.objects.write_bytes(array, piece.start, bytes);
}

fn init_elements(
    store: &mut StoreInner,
    instance: InstanceIndex,
    elements: u32,
    array: ObjectRef,
    piece: &Piece,
    from: u32,
) {
    for index in 0..piece.len {
        let bits = segment_item(store, instance, elements, (from + index) as usize);
        store.set_field(array, piece.start + index, [bits, 0]);
    }
}
