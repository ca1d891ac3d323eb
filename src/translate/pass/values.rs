//! The symbolic operand stack, and the cells that bring values where they are needed.
//!
//! `local.get` and constants emit nothing: they push an alias or a constant. A result stays in the
//! accumulator. If it is still on the stack when the accumulator is needed for another value, the
//! cell that produced it is changed to write it to its slot as well, which takes no cell. So a value
//! is copied only if the local that it is an alias of changes, or if it must be in a certain slot.
//!
//! Reading a slot that was written just now takes some cycles more. Therefore, the slots whose value
//! is also in an accumulator are tracked, and values that are copied or selected are put into the
//! accumulator as well, so that chains of operations need not wait. (Of 130 programs, this leaves
//! 92 % of the time in CoreMark, 81 % in an edit distance, 90 % in a linked list, 98.5 % overall.)
//!
//! # Invariants
//!
//! * At most one entry of a class is in the accumulator, and nothing has written the accumulator
//!   since.
//! * A mirrored slot holds the value in the accumulator of its class.
//! * Entries below `settled` are temporaries or constants.
//!
//! All of this takes time linear in the size of the function: aliases of a local are linked, and no
//! loop visits an entry twice without having changed it.

use super::TooLarge;
use super::frame::{Frame, far, near};
use super::operand::{Class, Kind, Location, Operand, Place};
use super::places::{Source, Variable};
use super::vector;
use crate::code::cells::{
    Const32, Const64, CopyAcc, CopyAccF32, CopyAccF64, CopyFar, CopyMany, CopyThrough,
};
use crate::code::{Assembler, NearSlot, Offset};
use alloc::vec::Vec;
use core::ops::Range;
use smallvec::SmallVec;

/// The slots whose value is also in an accumulator, the last one first.
type Mirrored = [Option<i32>; 2];

/// A field in the place of a slot that no field reaches: the attempt has failed.
const UNREACHABLE: NearSlot = NearSlot(0);

/// Few functions have more operands on the stack.
const USUAL_HEIGHT: usize = 16;

/// The operand stack and the code under construction.
#[derive(Debug)]
pub struct Values {
    /// The code.
    pub assembler: Assembler,
    /// The frame.
    pub frame: Frame,
    /// An entry for each slot: that of a value's first slot describes the value.
    entries: Vec<Operand>,
    /// The number of entries from below that are temporaries or constants.
    settled: usize,
    max_height: u32,
    /// For each local, by its first slot, its highest alias on the stack, plus one.
    aliases: Vec<u32>,
    /// The entry in the accumulator of each class.
    pending: [Option<u32>; Class::COUNT],
    /// The slots that the accumulator of each class mirrors.
    mirrored: [Mirrored; Class::COUNT],
    /// The copies to emit: destination, source, and the class of the value.
    copies: SmallVec<[(i32, i32, Class); 8]>,
    failed: Option<TooLarge>,
}

impl Values {
    /// Creates an empty stack for a function whose locals, parameters included, take `locals`
    /// slots, and whose body has `body` bytes.
    pub fn new(frame: Frame, locals: usize, body: usize) -> Values {
        Values {
            assembler: Assembler::for_body(body),
            frame,
            entries: Vec::with_capacity(USUAL_HEIGHT),
            settled: 0,
            max_height: 0,
            aliases: alloc::vec![0; locals],
            pending: [None; Class::COUNT],
            mirrored: [[None; 2]; Class::COUNT],
            copies: SmallVec::new(),
            failed: None,
        }
    }

    /// Returns the height of the stack: the number of slots that its values take.
    pub fn height(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Returns the largest height that the stack had.
    pub fn max_height(&self) -> u32 {
        self.max_height
    }

    /// Returns the error of a cell that could not reach a slot.
    pub fn failed(&self) -> Option<TooLarge> {
        self.failed
    }

    // --- pushing and popping ---

    fn push(&mut self, kind: Kind, location: Location) {
        let height = self.height();
        self.entries.push(Operand {
            kind,
            location,
            height,
        });
        for slot in 1..kind.slots() {
            self.entries.push(Operand {
                kind,
                location: Location::Upper,
                height: height + slot,
            });
        }
        self.max_height = self.max_height.max(height + kind.slots());
    }

    /// Pushes a value that is in the slot of its height.
    pub fn push_temp(&mut self, kind: Kind) {
        self.push(kind, Location::Temp);
    }

    /// Pushes a value that `cell` has put into the slot of its height.
    pub fn push_made(&mut self, kind: Kind, cell: Offset) {
        self.push(kind, Location::Made(cell));
    }

    /// Pushes a constant.
    pub fn push_const(&mut self, kind: Kind, bits: u64) {
        self.push(kind, Location::Const(bits));
    }

    /// Pushes an alias of the local with this first slot.
    pub fn push_local(&mut self, kind: Kind, local: u32) {
        let lower = self.aliases[local as usize];
        self.aliases[local as usize] = self.height() + 1;
        self.push(kind, Location::Local(local, lower));
    }

    /// Pushes a value that `cell` has put into the accumulator.
    pub fn push_acc(&mut self, kind: Kind, cell: Offset) {
        let class = kind.class() as usize;
        debug_assert!(self.pending[class].is_none());
        self.mirrored[class] = [None; 2];
        self.pending[class] = Some(self.height());
        self.push(kind, Location::Acc(cell));
    }

    /// Returns the topmost value.
    fn top(&self) -> Option<&Operand> {
        let is_value = |operand: &&Operand| operand.location != Location::Upper;
        self.entries.iter().rev().find(is_value)
    }

    /// Returns the kind of the value below the topmost one.
    pub fn below_top(&self) -> Option<Kind> {
        let top = self.top()?;
        Some(self.entries[(top.height as usize).checked_sub(1)?].kind)
    }

    /// Records that the topmost value, in its slot, is in the accumulator of its class too.
    pub fn mirror_top(&mut self) {
        if let Some(top) = self.top() {
            let slot = self.frame.temp(top.height);
            self.mirrored[top.kind.class() as usize] = [Some(slot), None];
        }
    }

    /// Pushes a popped value again, as a value of another kind of the same class.
    pub fn push_as(&mut self, operand: &Operand, kind: Kind) {
        debug_assert_eq!(operand.kind.class(), kind.class());
        debug_assert_eq!(operand.height, self.height());
        match operand.location {
            Location::Local(local, _) => self.push_local(kind, local),
            Location::Acc(_) => {
                self.pending[kind.class() as usize] = Some(self.height());
                self.push(kind, operand.location);
            }
            other => self.push(kind, other),
        }
    }

    /// Pops a value.
    pub fn pop(&mut self) -> Operand {
        let operand = *self.top().expect("validation counts operands");
        self.entries.truncate(operand.height as usize);
        self.forget(&operand);
        self.settled = self.settled.min(self.entries.len());
        operand
    }

    /// Unlinks a value that leaves the stack or its location.
    fn forget(&mut self, operand: &Operand) {
        match operand.location {
            Location::Local(local, lower) => self.aliases[local as usize] = lower,
            Location::Acc(_) => self.pending[operand.kind.class() as usize] = None,
            Location::Temp
            | Location::Made(_)
            | Location::Const(_)
            | Location::Upper
            | Location::Hidden => {}
        }
    }

    /// Pops values until the stack has a height.
    pub fn drop_to(&mut self, height: u32) {
        while self.height() > height {
            self.pop();
        }
    }

    /// Puts a popped value back, after [`Values::slot`] has put it into a slot.
    pub fn push_slot(&mut self, operand: &Operand) {
        debug_assert_eq!(operand.height, self.height());
        match operand.location {
            Location::Local(local, _) => self.push_local(operand.kind, local),
            _ => self.push_temp(operand.kind),
        }
    }

    /// Pushes a reference that is in the slot of its height, and that is no operand.
    pub fn push_hidden(&mut self, kind: Kind) {
        self.push(kind, Location::Hidden);
    }

    /// Returns whether the topmost entry is no operand.
    pub fn top_is_hidden(&self) -> bool {
        self.top()
            .is_some_and(|top| top.location == Location::Hidden)
    }

    /// Returns where the references are that are no operands, the lowest first.
    pub fn hidden(&self) -> Vec<Variable> {
        let hidden = self.entries.iter();
        hidden
            .filter(|entry| entry.location == Location::Hidden)
            .map(|entry| Variable::in_slot(entry.kind, self.frame.temp(entry.height)))
            .collect()
    }

    /// Returns where an observer finds the operands on the stack, the lowest first.
    pub fn variables(&self) -> Vec<Variable> {
        let variable = |operand: &Operand| {
            let source = match operand.location {
                Location::Temp | Location::Made(_) => Source::Slot(self.frame.temp(operand.height)),
                Location::Local(local, _) => Source::Slot(self.frame.local(local)),
                Location::Const(bits) => Source::Constant(bits),
                Location::Acc(_) => Source::Accumulator,
                Location::Upper | Location::Hidden => return None,
            };
            let kind = operand.kind;
            Some(Variable { kind, source })
        };
        self.entries.iter().filter_map(variable).collect()
    }

    /// Returns the value whose first slot has a height.
    pub fn operand(&self, height: u32) -> Operand {
        self.entries[height as usize]
    }

    /// Returns the cell that has put the topmost value into an accumulator, if it is in one.
    pub fn top_in_acc(&self) -> Option<Offset> {
        match self.top()?.location {
            Location::Acc(cell) => Some(cell),
            _ => None,
        }
    }

    // --- places ---

    /// Returns the place of a popped value, for a cell that is about to be written.
    pub fn place(&mut self, operand: &Operand) -> Place {
        let slot = match operand.location {
            Location::Const(bits) => return Place::Immediate(bits),
            Location::Acc(_) => return Place::Acc,
            Location::Local(local, _) => self.frame.local(local),
            Location::Temp | Location::Made(_) | Location::Upper | Location::Hidden => {
                self.frame.temp(operand.height)
            }
        };
        if self.mirrors(operand.kind.class(), slot) {
            Place::Acc
        } else {
            Place::Slot(slot)
        }
    }

    /// Returns a slot that holds a popped value. A constant, or a value in the accumulator, is put
    /// into its slot.
    pub fn slot(&mut self, operand: &Operand) -> i32 {
        match operand.location {
            Location::Local(local, _) => self.frame.local(local),
            Location::Temp | Location::Made(_) | Location::Upper | Location::Hidden => {
                self.frame.temp(operand.height)
            }
            Location::Const(_) | Location::Acc(_) => {
                let slot = self.frame.temp(operand.height);
                self.move_to(operand, slot);
                slot
            }
        }
    }

    /// Returns a slot as a field of the next cell. If no field reaches it, it is copied to scratch slot
    /// `scratch`.
    pub fn source(&mut self, slot: i32, scratch: usize) -> NearSlot {
        self.source_of(Class::Int, slot, scratch)
    }

    /// As [`Values::source`], of a value of a class, which may take several slots.
    pub fn source_of(&mut self, class: Class, slot: i32, scratch: usize) -> NearSlot {
        if let Some(field) = near(slot) {
            return field;
        }
        if !self.frame.is_large() {
            self.failed = Some(TooLarge);
            return UNREACHABLE;
        }
        let through = self.frame.scratch(scratch);
        self.copy_far(class, through, slot);
        near(through).expect("scratch slots are near the record")
    }

    /// Returns the slot to which a cell can write a result for `slot`. Call [`Values::put`] after the
    /// cell.
    pub fn destination(&mut self, slot: i32) -> NearSlot {
        match near(slot) {
            Some(field) => field,
            None if self.frame.is_large() => {
                near(self.frame.scratch(0)).expect("scratch slots are near the record")
            }
            None => {
                self.failed = Some(TooLarge);
                UNREACHABLE
            }
        }
    }

    /// Completes a cell that has written its result, of a class, to the slot of
    /// [`Values::destination`].
    pub fn put(&mut self, class: Class, slot: i32) {
        self.wrote(class, slot);
        if near(slot).is_none() && self.frame.is_large() {
            let from = self.frame.scratch(0);
            self.copy_far(class, slot, from);
        }
    }

    fn copy_far(&mut self, class: Class, to: i32, from: i32) {
        for slot in 0..class.slots().cast_signed() {
            self.assembler.emit(CopyFar {
                to: far(to + slot),
                from: far(from + slot),
            });
        }
    }

    // --- changes that the accumulators and slots see ---

    /// Returns whether the accumulator of a class mirrors a slot.
    fn mirrors(&self, class: Class, slot: i32) -> bool {
        self.mirrored[class as usize].contains(&Some(slot))
    }

    /// Records that the value in the accumulator of a class was put into a slot as well.
    fn mirrors_too(&mut self, class: Class, slot: i32) {
        let [last, _] = self.mirrored[class as usize];
        self.mirrored[class as usize] = [Some(slot), last];
    }

    /// Records that a slot was written.
    pub fn wrote_slot(&mut self, slot: i32) {
        self.wrote(Class::Int, slot);
    }

    /// Records that a value of a class was written to slots, of which this is the first.
    pub fn wrote(&mut self, class: Class, slot: i32) {
        self.wrote_slots(slot..slot + class.slots().cast_signed());
    }

    fn wrote_slots(&mut self, written: Range<i32>) {
        for class in Class::ALL {
            for mirrored in &mut self.mirrored[class as usize] {
                let overlaps = |first: i32| {
                    first < written.end && written.start < first + class.slots().cast_signed()
                };
                if mirrored.is_some_and(overlaps) {
                    *mirrored = None;
                }
            }
        }
    }

    /// Puts the value in an accumulator, which is about to be written, into its slot.
    pub fn free_acc(&mut self, class: Class) {
        if let Some(height) = self.pending[class as usize] {
            self.settle_acc(height);
        }
        self.mirrored[class as usize] = [None; 2];
    }

    /// Puts the values in all accumulators, which are about to be lost, into their slots.
    pub fn free_accs(&mut self) {
        for class in Class::ALL {
            self.free_acc(class);
        }
    }

    /// Puts the values in accumulators into their slots as well.
    pub fn settle_accs(&mut self) {
        for class in Class::ALL {
            if let Some(height) = self.pending[class as usize] {
                self.settle_acc(height);
            }
        }
    }

    /// Begins code that can be reached in several ways, where nothing is known of accumulators.
    pub fn join(&mut self) -> Offset {
        debug_assert!(self.pending.iter().all(Option::is_none));
        self.mirrored = [[None; 2]; Class::COUNT];
        self.assembler.label()
    }

    fn settle_acc(&mut self, height: u32) {
        let operand = self.entries[height as usize];
        let slot = self.frame.temp(height);
        self.move_to(&operand, slot);
        self.forget(&operand);
        self.entries[height as usize].location = Location::Temp;
    }

    // --- bringing values into slots ---

    /// Puts a value that is popped, or about to be, into a slot.
    pub fn move_to(&mut self, operand: &Operand, slot: i32) {
        let class = operand.kind.class();
        match operand.location {
            Location::Temp | Location::Upper | Location::Hidden => {
                self.copy(class, slot, self.frame.temp(operand.height));
            }
            Location::Made(cell) => match near(slot) {
                Some(field) if self.assembler.last() == Some(cell) => {
                    self.assembler.set_result(cell, field);
                    let own = self.frame.temp(operand.height);
                    let mirrored = self.mirrors(class, own);
                    self.wrote(class, own);
                    self.wrote(class, slot);
                    if mirrored {
                        self.mirrors_too(class, slot);
                    }
                }
                _ => self.copy(class, slot, self.frame.temp(operand.height)),
            },
            Location::Local(local, _) => {
                self.copy(class, slot, self.frame.local(local));
            }
            Location::Const(bits) => self.constant(slot, bits),
            Location::Acc(cell) => {
                let own = self.frame.temp(operand.height);
                let direct = slot == own || self.assembler.last() == Some(cell);
                match near(slot) {
                    Some(field) if direct => self.assembler.put_result(cell, field),
                    _ => self.copy_acc(class, slot),
                }
                self.wrote(class, slot);
                self.mirrors_too(class, slot);
            }
        }
    }

    /// Sets a local, whose slot this is, to a popped value. If the value is in another slot and the
    /// accumulator mirrors none, it passes through the accumulator, so that the next reader of the
    /// local need not wait for the slot.
    pub fn set(&mut self, operand: &Operand, slot: i32) {
        let class = operand.kind.class();
        let from = match operand.location {
            Location::Temp | Location::Made(_) => self.frame.temp(operand.height),
            Location::Local(local, _) => self.frame.local(local),
            _ => return self.move_to(operand, slot),
        };
        if matches!(operand.location, Location::Made(cell) if self.assembler.last() == Some(cell)) {
            return self.move_to(operand, slot);
        }
        let is_free =
            self.pending[class as usize].is_none() && self.mirrored[class as usize] == [None; 2];
        match (near(slot), near(from)) {
            (Some(to), Some(from_field)) if slot != from && !self.assembler.copies_last() => {
                if self.mirrors(class, from) {
                    self.copy_acc(class, slot);
                    self.mirrors_too(class, slot);
                } else if is_free && self.copy_through(class, to, from_field) {
                    self.wrote(class, slot);
                    self.mirrors_too(class, slot);
                } else {
                    self.copy(class, slot, from);
                }
            }
            _ => self.move_to(operand, slot),
        }
    }

    /// Copies a value by way of the accumulator of its class, if there is a cell for that.
    fn copy_through(&mut self, class: Class, to: NearSlot, from: NearSlot) -> bool {
        match class {
            Class::Int => {
                self.assembler.emit(CopyThrough { to, from });
            }
            Class::Vector => vector::copy_through(&mut self.assembler, to, from),
            Class::F32 | Class::F64 => return false,
        }
        true
    }

    /// Copies the accumulator of a class to a slot.
    fn copy_acc(&mut self, class: Class, slot: i32) {
        let to = self.destination(slot);
        match class {
            Class::Int => self.assembler.emit(CopyAcc { to }),
            Class::F32 => self.assembler.emit(CopyAccF32 { to }),
            Class::F64 => self.assembler.emit(CopyAccF64 { to }),
            Class::Vector => vector::copy_acc(&mut self.assembler, to),
        };
        self.put(class, slot);
    }

    fn constant(&mut self, slot: i32, bits: u64) {
        let to = self.destination(slot);
        match u32::try_from(bits) {
            Ok(value) => self.assembler.emit(Const32 { to, value }),
            Err(_) => self.assembler.emit(Const64 { to, value: bits }),
        };
        self.put(Class::Int, slot);
    }

    /// Collects the copy of a value of a kind, for [`Values::emit_copies`].
    fn collect_copy(&mut self, kind: Kind, to: i32, from: i32) {
        self.copies.push((to, from, kind.class()));
    }

    /// Copies a value of a class from slots to other slots.
    fn copy(&mut self, class: Class, to: i32, from: i32) {
        if to == from {
            return;
        }
        match (near(to), near(from)) {
            (Some(to), Some(from)) => match class {
                Class::Vector => vector::copy(&mut self.assembler, to, from),
                Class::Int | Class::F32 | Class::F64 => self.assembler.copy(to, from),
            },
            _ if self.frame.is_large() => self.copy_far(class, to, from),
            _ => self.failed = Some(TooLarge),
        }
        self.wrote(class, to);
    }

    /// Copies a run of `count` slots of values, which are in the slots of their heights, to the
    /// slots of lower heights.
    pub fn copy_run(&mut self, from: u32, to: u32, count: u32) {
        self.assembler.emit(CopyMany {
            to: far(self.frame.temp(to)),
            from: far(self.frame.temp(from)),
            count,
        });
        self.wrote_slots(self.frame.temp(to)..self.frame.temp(to + count));
    }

    /// Puts the topmost values, from `height` on, into the slots of their heights.
    pub fn settle_from(&mut self, height: u32) {
        // Accumulators first: that changes earlier cells, and emits none.
        for class in Class::ALL {
            if let Some(pending) = self.pending[class as usize].filter(|&at| at >= height) {
                self.settle_acc(pending);
            }
        }
        let from = (height as usize).max(self.settled);
        for at in from..self.entries.len() {
            let operand = self.entries[at];
            match operand.location {
                Location::Temp
                | Location::Made(_)
                | Location::Acc(_)
                | Location::Upper
                | Location::Hidden => {}
                Location::Const(bits) => {
                    self.constant(self.frame.temp(operand.height), bits);
                    self.entries[at].location = Location::Temp;
                }
                Location::Local(local, lower) => {
                    let slot = self.frame.temp(operand.height);
                    self.collect_copy(operand.kind, slot, self.frame.local(local));
                    self.entries[at].location = Location::Temp;
                    // Entries are visited upwards, so the lowest alias that is settled
                    // says which one below it remains.
                    if lower as usize <= from {
                        self.aliases[local as usize] = lower;
                    }
                }
            }
        }
        self.emit_copies();
        for at in (height as usize).min(self.settled)..self.settled {
            if let Location::Const(bits) = self.entries[at].location {
                self.constant(self.frame.temp(at as u32), bits);
                self.entries[at].location = Location::Temp;
            }
        }
    }

    /// Puts all values but constants into the slots of their heights, so that changes of locals and
    /// accumulators in a block do not affect them.
    pub fn settle_all(&mut self) {
        self.settle_accs();
        for at in self.settled..self.entries.len() {
            let Operand { kind, location, .. } = self.entries[at];
            if let Location::Local(local, lower) = location {
                let slot = self.frame.temp(at as u32);
                self.collect_copy(kind, slot, self.frame.local(local));
                self.entries[at].location = Location::Temp;
                if lower as usize <= self.settled {
                    self.aliases[local as usize] = lower;
                }
            }
        }
        self.emit_copies();
        self.settled = self.entries.len();
    }

    /// Copies the aliases of a local, which is about to change, to the slots of their heights.
    pub fn release_local(&mut self, local: u32) {
        let mut next = core::mem::take(&mut self.aliases[local as usize]);
        while let Some(at) = next.checked_sub(1) {
            let Operand { kind, location, .. } = self.entries[at as usize];
            let Location::Local(_, lower) = location else {
                unreachable!("aliases are linked");
            };
            self.collect_copy(kind, self.frame.temp(at), self.frame.local(local));
            self.entries[at as usize].location = Location::Temp;
            next = lower;
        }
        self.emit_copies();
    }

    /// Returns whether a local has aliases on the stack.
    pub fn has_aliases(&self, local: u32) -> bool {
        self.aliases[local as usize] != 0
    }

    /// Emits the collected copies. None reads a slot that another one writes.
    fn emit_copies(&mut self) {
        if self.copies.is_empty() {
            return;
        }
        let mut copies = core::mem::take(&mut self.copies);
        for (to, from, class) in copies.drain(..) {
            self.copy(class, to, from);
        }
        self.copies = copies;
    }
}
