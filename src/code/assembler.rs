//! Writes cells one after the other, while they still can be changed.
//!
//! Until [`CodeBlock::new`](super::CodeBlock::new) finishes the code, word 0 of a cell holds
//! its opcode and its length, a branch target is a word offset and a callee is a function
//! index. So cells can be taken back, redirected and listed. Finishing replaces opcodes,
//! targets and callees by addresses.

use super::cells::{
    Branch, Copy, Copy2, Copy4, CopyThrough, CopyThrough2, Resume, ReturnSlot, Row,
};
use super::clauses::{self, Clause};
#[cfg(feature = "simd")]
use super::field::Lane;
use super::field::{FarSlot, FieldKind, ModuleMemory, NearSlot};
use super::fusion;
use super::input::{Access, Input};
use super::layout::{self, Cursor};
use super::opcode::{Op, Opcode};
use super::shape::*;
use alloc::vec::Vec;

/// A place in the code of a function, in words from its first cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offset(pub u32);

/// The kind of address that finishing puts into a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relocation {
    /// The address of a branch target.
    Target,
    /// The address of a callee's code, as it is when the caller is finished.
    Code,
    /// The address of the place where a callee's code is published.
    Entry,
    /// None: the word has been overwritten.
    Nothing,
}

impl Relocation {
    /// Returns the relocation of a field, if it needs one.
    pub(super) const fn of(kind: FieldKind) -> Option<Relocation> {
        match kind {
            FieldKind::Target => Some(Relocation::Target),
            FieldKind::CalleeCode => Some(Relocation::Code),
            FieldKind::CalleeEntry => Some(Relocation::Entry),
            _ => None,
        }
    }
}

/// The code of one function, under construction.
#[derive(Debug, Default)]
pub struct Assembler {
    pub(super) words: Vec<u64>,
    /// The words that finishing replaces by addresses, in order.
    pub(super) relocations: Vec<(u32, Relocation)>,
    /// The last cells since a label, oldest first.
    recent: Vec<u32>,
    /// The lowest cell that was taken back since the mark.
    taken_back: u32,
    /// The end of the code when [`Assembler::mark`] was called.
    mark: u32,
}

/// The most words to reserve memory for at once.
const MOST_RESERVED: usize = 4096;

/// The number of cells that are remembered as the last ones.
const RECENT: usize = 16;

/// The byte at which the result's slot stands in every cell that has one.
const RESULT: usize = Cursor::new().place(FieldKind::NearSlot).0;

impl Assembler {
    /// Creates an assembler with room for the code that a body of `bytes` bytes usually
    /// needs.
    pub fn for_body(bytes: usize) -> Assembler {
        Assembler {
            words: Vec::with_capacity(bytes.min(MOST_RESERVED)),
            relocations: Vec::with_capacity(bytes.min(MOST_RESERVED) / 8),
            recent: Vec::with_capacity(RECENT),
            ..Assembler::default()
        }
    }

    /// Returns the place of the next cell.
    pub fn here(&self) -> Offset {
        Offset(self.words.len() as u32)
    }

    /// Returns the last cell, unless a label stands behind it.
    pub fn last(&self) -> Option<Offset> {
        self.recent.last().copied().map(Offset)
    }

    /// Puts a label here: the next cell can be reached in other ways than from the last one.
    pub fn label(&mut self) -> Offset {
        self.recent.clear();
        self.here()
    }

    // --- writing cells ---

    /// Begins a cell of `words` words, all its fields zero.
    #[inline]
    fn begin(&mut self, opcode: Opcode, words: usize) -> usize {
        let at = self.words.len();
        if self.recent.len() == RECENT {
            self.recent.drain(..RECENT / 2);
        }
        self.recent.push(at as u32);
        let cell = [head(opcode, words), 0, 0, 0];
        if words <= cell.len() {
            // By an iterator: cells are short, and a call that fills memory is long.
            self.words.extend(cell.into_iter().take(words));
        } else {
            self.words.push(cell[0]);
            self.words.resize(at + words, 0);
        }
        at
    }

    /// Writes a cell whose row lists its fields.
    #[inline]
    pub fn emit<C: Row>(&mut self, cell: C) -> Offset {
        self.emit_as(C::OP, cell, 0)
    }

    /// Writes a cell of `op`, which has the fields of `C`, with a list of `more` words at its
    /// end.
    #[inline]
    fn emit_as<C: Row>(&mut self, op: Op, cell: C, more: usize) -> Offset {
        let opcode = op.only();
        debug_assert_eq!(opcode.words(), C::WORDS);
        let at = self.begin(opcode, C::WORDS + more);
        cell.encode(&mut self.words[at..]);
        for &(kind, byte) in C::LAYOUT.relocated().iter().flatten() {
            if let Some(relocation) = Relocation::of(kind) {
                let word = (at + byte / size_of::<u64>()) as u32;
                self.relocations.push((word, relocation));
            }
        }
        Offset(at as u32)
    }

    /// Writes a cell of a shape.
    #[inline]
    pub(super) fn emit_shape(&mut self, op: Op, spec: Spec, bits: [u64; MOST_FIELDS]) -> Offset {
        let Some(opcode) = op.of_form(spec.form()) else {
            unreachable!("{op:?} has no variant {spec:?}");
        };
        debug_assert_eq!(opcode.spec(), spec);
        let at = self.begin(opcode, opcode.words());
        let mut cursor = Cursor::new();
        let fields = spec.kinds(op.operand()).into_iter().zip(bits);
        for (kind, bits) in fields.filter_map(|(kind, bits)| Some((kind?, bits))) {
            let (byte, next) = cursor.place(kind);
            cursor = next;
            layout::write(&mut self.words[at..], byte, kind, bits);
            if let Some(relocation) = Relocation::of(kind) {
                let word = (at + byte / size_of::<u64>()) as u32;
                self.relocations.push((word, relocation));
            }
        }
        Offset(at as u32)
    }

    /// Writes an operation on two operands; the result goes to the accumulator.
    pub fn emit_binary(&mut self, op: Op, [a, b]: [Input; 2]) -> Offset {
        let fields = BinaryFields {
            result: 0,
            a: a.slot(),
            b: b.bits(),
            a_constant: a.immediate(),
        };
        let (a, b, out) = (a.place(op), b.place(op), Out::Acc);
        self.emit_shape(op, Spec::Binary { a, b, out }, fields.to_bits())
    }

    /// Writes a comparison; the result goes to the accumulator.
    pub fn emit_comparison(&mut self, op: Op, [a, b]: [Input; 2]) -> Offset {
        let fields = ComparisonFields {
            result: 0,
            a: a.bits(),
            b: b.bits(),
        };
        let (a, b, out) = (a.place(op), b.place(op), Out::Acc);
        self.emit_shape(op, Spec::Comparison { a, b, out }, fields.to_bits())
    }

    /// Writes an operation on one operand; the result goes to the accumulator.
    pub fn emit_unary(&mut self, op: Op, a: Input) -> Offset {
        let fields = UnaryFields {
            result: 0,
            a: a.bits(),
        };
        let (a, out) = (a.place(op), Out::Acc);
        self.emit_shape(op, Spec::Unary { a, out }, fields.to_bits())
    }

    /// Writes a branch on the outcome `when` of a comparison. Its target is to be set.
    pub fn emit_branch(&mut self, op: Op, when: When, [a, b]: [Input; 2]) -> Offset {
        let fields = BranchFields {
            a: a.bits(),
            b: b.bits(),
            target: 0,
        };
        let (a, b) = (a.place(op), b.place(op));
        self.emit_shape(op, Spec::Branch { a, b, when }, fields.to_bits())
    }

    /// Writes a selection: the slot `first` where the comparison of `a` and `b` holds, else
    /// the slot `second`.
    pub fn emit_select(
        &mut self,
        op: Op,
        result: NearSlot,
        [first, second]: [NearSlot; 2],
        [a, b]: [Input; 2],
    ) -> Offset {
        let slot = |slot| Input::Slot(slot).bits();
        let fields = SelectFields {
            result: slot(result),
            first: slot(first),
            second: slot(second),
            a: a.bits(),
            b: b.bits(),
        };
        let (a, b) = (a.place(op), b.place(op));
        self.emit_shape(op, Spec::Select { a, b }, fields.to_bits())
    }

    /// Writes an addition of `step` to the slot `a`, and a branch where the comparison of the
    /// sum with `bound` holds. Its target is to be set.
    pub fn emit_count(
        &mut self,
        op: Op,
        result: NearSlot,
        a: NearSlot,
        step: u32,
        bound: Input,
    ) -> Offset {
        let fields = CountFields {
            result: Input::Slot(result).bits(),
            a: Input::Slot(a).bits(),
            bound: bound.slot(),
            step: u64::from(step),
            bound_constant: bound.immediate(),
            target: 0,
        };
        let bound = bound.place(op);
        self.emit_shape(op, Spec::Count { bound }, fields.to_bits())
    }

    /// Writes a load from memory 0, which is `shared` with other threads or not; the result goes to
    /// the accumulator.
    ///
    /// # Panics
    ///
    /// If the op has no variant for the address: those of loads from shared memories are few.
    pub fn emit_load(&mut self, op: Op, access: Access, shared: bool) -> Offset {
        let [base, index, offset] = access.bits();
        let fields = LoadFields {
            result: 0,
            base,
            index,
            offset: offset + op.accessed_bytes(),
        };
        let (address, out) = (access.form(), Out::Acc);
        let spec = match shared {
            true => Spec::LoadShared { address, out },
            false => Spec::LoadFrom { address, out },
        };
        self.emit_shape(op, spec, fields.to_bits())
    }

    /// Writes a load from any memory, which is `shared` with other threads or not; the result goes
    /// to the accumulator.
    pub fn emit_load_any(
        &mut self,
        op: Op,
        base: NearSlot,
        memory: ModuleMemory,
        offset: u64,
        shared: bool,
    ) -> Offset {
        let fields = LoadAnyFields {
            result: 0,
            base: Input::Slot(base).bits(),
            memory: u64::from(memory.0),
            offset,
        };
        let out = Out::Acc;
        let spec = match shared {
            true => Spec::LoadSharedAny { out },
            false => Spec::LoadAny { out },
        };
        self.emit_shape(op, spec, fields.to_bits())
    }

    /// Writes a store to memory 0, which is `shared` with other threads or not.
    ///
    /// # Panics
    ///
    /// If the op has no variant for the address and the source of the value: those of stores
    /// from a float's accumulator, and of stores to shared memories, are few.
    pub fn emit_store(&mut self, op: Op, access: Access, value: Input, shared: bool) -> Offset {
        let [base, _, offset] = access.bits();
        let fields = StoreFields {
            base,
            value: value.slot(),
            offset: offset + op.accessed_bytes(),
            value_constant: value.immediate(),
        };
        let value = match value {
            // Immediates of stores have 64 bits, whatever the type.
            Input::Imm(_) => Place::Wide,
            other => other.place(op),
        };
        let address = access.form();
        let spec = match shared {
            true => Spec::StoreShared { address, value },
            false => Spec::StoreTo { address, value },
        };
        self.emit_shape(op, spec, fields.to_bits())
    }

    /// Writes a store to any memory, which is `shared` with other threads or not.
    pub fn emit_store_any(
        &mut self,
        op: Op,
        base: NearSlot,
        value: NearSlot,
        memory: ModuleMemory,
        offset: u64,
        shared: bool,
    ) -> Offset {
        let fields = StoreAnyFields {
            base: Input::Slot(base).bits(),
            value: Input::Slot(value).bits(),
            memory: u64::from(memory.0),
            offset,
        };
        let spec = match shared {
            true => Spec::StoreSharedAny {},
            false => Spec::StoreAny {},
        };
        self.emit_shape(op, spec, fields.to_bits())
    }

    /// Writes an operation on three vectors; the result goes to the accumulator.
    #[cfg(feature = "simd")]
    pub fn emit_ternary(&mut self, op: Op, [a, b, c]: [Input; 3]) -> Offset {
        let fields = TernaryFields {
            result: 0,
            a: a.slot(),
            b: b.slot(),
            c: c.slot(),
        };
        let (a, b, c, out) = (a.place(op), b.place(op), c.place(op), Out::Acc);
        self.emit_shape(op, Spec::Ternary { a, b, c, out }, fields.to_bits())
    }

    /// Writes a shift of a vector; the result goes to the accumulator.
    #[cfg(feature = "simd")]
    pub fn emit_shift(&mut self, op: Op, a: Input, count: Input) -> Offset {
        let fields = ShiftFields {
            result: 0,
            a: a.slot(),
            count: count.bits(),
        };
        let (a, b, out) = (a.place(op), count.place(op), Out::Acc);
        self.emit_shape(op, Spec::Shift { a, b, out }, fields.to_bits())
    }

    /// Writes a selection of bytes of two vectors, by the indices in the bytes of `low` and
    /// `high`; the result goes to the accumulator.
    #[cfg(feature = "simd")]
    pub fn emit_shuffle(&mut self, op: Op, [a, b]: [Input; 2], [low, high]: [u64; 2]) -> Offset {
        let fields = ShuffleFields {
            result: 0,
            a: a.slot(),
            b: b.slot(),
            low,
            high,
        };
        let (a, b, out) = (a.place(op), b.place(op), Out::Acc);
        self.emit_shape(op, Spec::Shuffle { a, b, out }, fields.to_bits())
    }

    /// Writes a replacement of a lane of the vector `a` by the scalar `b`; the result goes to
    /// the accumulator.
    #[cfg(feature = "simd")]
    pub fn emit_replace_lane(&mut self, op: Op, [a, b]: [Input; 2], lane: u8) -> Offset {
        let fields = ReplaceLaneFields {
            result: 0,
            a: a.slot(),
            b: b.slot(),
            lane: u64::from(lane),
        };
        let (a, b, out) = (a.place(op), b.place(op), Out::Acc);
        self.emit_shape(op, Spec::ReplaceLane { a, b, out }, fields.to_bits())
    }

    /// Writes a read of a lane; the result goes to the accumulator.
    #[cfg(feature = "simd")]
    pub fn emit_extract_lane(&mut self, op: Op, Lane(lane): Lane) -> Offset {
        let fields = ExtractLaneFields {
            result: 0,
            a: u64::from(lane.cast_unsigned()),
        };
        let out = Out::Acc;
        self.emit_shape(op, Spec::ExtractLane { out }, fields.to_bits())
    }

    /// Writes a constant vector, which goes to the accumulator.
    #[cfg(feature = "simd")]
    pub fn emit_vector(&mut self, op: Op, [low, high]: [u64; 2]) -> Offset {
        let fields = ConstantFields {
            result: 0,
            low,
            high,
        };
        let out = Out::Acc;
        self.emit_shape(op, Spec::Constant { out }, fields.to_bits())
    }

    /// Writes an operation with a 128-bit result, whose operands are in consecutive slots.
    pub fn emit_wide(&mut self, op: Op, FarSlot(operands): FarSlot) -> Offset {
        let operands = u64::from(operands.cast_unsigned());
        let spec = op.only().spec();
        let fields = WideBinaryFields { operands };
        self.emit_shape(op, spec, fields.to_bits())
    }

    /// Writes a branch table, whose number of targets `cell` has. They are to be set.
    pub fn emit_table<C: Row>(&mut self, cell: C, targets: u32) -> Offset {
        let offset = self.emit_as(C::OP, cell, targets as usize);
        let first = offset.0 + C::WORDS as u32;
        self.relocations
            .extend((first..first + targets).map(|word| (word, Relocation::Target)));
        offset
    }

    /// Writes a cell of `op`, which suspends.
    pub fn emit_suspend(&mut self, op: Op, cell: super::cells::Suspend) -> Offset {
        self.emit_as(op, cell, 0)
    }

    /// Writes a cell of `op`, which resumes, with its clauses. The targets of the clauses and
    /// of the return are to be set (see [`clauses`]).
    pub fn emit_resume(&mut self, op: Op, cell: Resume, list: &[Clause]) -> Offset {
        debug_assert_eq!(cell.count.0 as usize, list.len() + 1);
        let offset = self.emit_as(op, cell, clauses::words(list.len()) - Resume::WORDS);
        let at = offset.0 as usize;
        for (index, clause) in list.iter().enumerate() {
            self.words[at + clauses::clause_word(index + 1)] = clause.encode();
            let target = at + clauses::target_word(index + 1);
            self.relocations.push((target as u32, Relocation::Target));
        }
        let end = at + clauses::words(list.len()) - 1;
        self.words[end] = clauses::END;
        offset
    }

    // --- changing cells ---

    /// Removes the last cell and returns it. Its results must not have been read.
    ///
    /// # Panics
    ///
    /// If there is no last cell.
    pub fn take_back(&mut self) -> TakenCell {
        let at = self.recent.pop().expect("there is a last cell") as usize;
        let mut words = [0; 4];
        words[..self.words.len() - at].copy_from_slice(&self.words[at..]);
        self.words.truncate(at);
        self.taken_back = self.taken_back.min(at as u32);
        while self
            .relocations
            .last()
            .is_some_and(|&(word, _)| word as usize >= at)
        {
            self.relocations.pop();
        }
        TakenCell {
            opcode: opcode_of(words[0]),
            words,
        }
    }

    /// Marks the present end of the code, for [`Assembler::taken_back_to`].
    pub fn mark(&mut self) {
        self.mark = self.here().0;
        self.taken_back = self.mark;
    }

    /// Returns where the code ended in the meantime, if cells from before the mark were taken
    /// back.
    pub fn taken_back_to(&self) -> Option<Offset> {
        (self.taken_back < self.mark).then_some(Offset(self.taken_back))
    }

    /// Returns the opcode of a cell.
    pub fn opcode_at(&self, cell: Offset) -> Opcode {
        opcode_of(self.words[cell.0 as usize])
    }

    /// Returns the number of the handler for the cell at `cell` and those behind it, and how
    /// many cells it executes: see [`fusion`].
    pub(super) fn handler_at(&self, cell: Offset) -> (u16, usize) {
        let mut at = cell.0 as usize;
        fusion::longest(core::iter::from_fn(|| {
            let &head = self.words.get(at)?;
            at += words_of(head);
            Some(opcode_of(head))
        }))
    }

    /// Makes a cell one of another op of the same family.
    pub fn set_op(&mut self, cell: Offset, op: Op) {
        let opcode = self.opcode_at(cell).of_op(op);
        self.words[cell.0 as usize] = head(opcode, opcode.words());
    }

    /// Makes a cell whose result goes to the accumulator put it into a slot as well.
    pub fn put_result(&mut self, cell: Offset, slot: NearSlot) {
        let at = cell.0 as usize;
        let opcode = self.opcode_at(cell).with_slot_result();
        self.words[at] = head(opcode, opcode.words());
        self.set_result(cell, slot);
    }

    /// Makes a cell that puts its result into a slot put it into another one.
    pub fn set_result(&mut self, cell: Offset, slot: NearSlot) {
        let at = cell.0 as usize;
        debug_assert!(self.opcode_at(cell).has_slot_result());
        let bits = Input::Slot(slot).bits();
        layout::write(&mut self.words[at..], RESULT, FieldKind::NearSlot, bits);
    }

    /// Returns the fields of a cell of `C`.
    fn decode<C: Row>(&self, cell: Offset) -> C {
        C::decode(&self.words[cell.0 as usize..])
    }

    /// Replaces the last cell.
    fn replace_last<C: Row>(&mut self, at: Offset, cell: C) {
        let at = at.0 as usize;
        self.words.resize(at + C::WORDS, 0);
        self.words[at] = head(C::OPCODE, C::WORDS);
        cell.encode(&mut self.words[at..]);
    }

    /// Replaces a cell by another one of the same size.
    pub fn replace<C: Row>(&mut self, cell: Offset, by: C) {
        let words = &mut self.words[cell.0 as usize..];
        debug_assert_eq!(words_of(words[0]), C::WORDS);
        words[0] = head(C::OPCODE, C::WORDS);
        by.encode(words);
    }

    /// Returns whether the last cell copies slots.
    pub fn copies_last(&self) -> bool {
        self.last().is_some_and(|at| {
            matches!(
                self.opcode_at(at).op(),
                Op::Copy | Op::Copy2 | Op::Copy4 | Op::CopyThrough | Op::CopyThrough2
            )
        })
    }

    /// Copies a slot to another one: as one more copy of the last cell, if that can take it.
    /// The copies of a cell are made one after the other. Accumulators stay as they are.
    pub fn copy(&mut self, to: NearSlot, from: NearSlot) {
        let last = self.last().map(|at| (at, self.opcode_at(at).op()));
        match last {
            Some((at, Op::Copy)) => {
                let first: Copy = self.decode(at);
                let pair = Copy2 {
                    to: first.to,
                    from: first.from,
                    to2: to,
                    from2: from,
                };
                self.replace_last(at, pair);
            }
            Some((at, Op::CopyThrough)) => {
                let first: CopyThrough = self.decode(at);
                let pair = CopyThrough2 {
                    to: first.to,
                    from: first.from,
                    to2: to,
                    from2: from,
                };
                self.replace_last(at, pair);
            }
            Some((at, Op::Copy2)) => {
                let Copy2 {
                    to: to1,
                    from: from1,
                    to2,
                    from2,
                } = self.decode(at);
                // The third copy is made twice, until there is a fourth.
                let four = Copy4 {
                    to: to1,
                    from: from1,
                    to2,
                    from2,
                    to3: to,
                    from3: from,
                    to4: to,
                    from4: from,
                };
                self.replace_last(at, four);
            }
            Some((at, Op::Copy4)) => {
                let four: Copy4 = self.decode(at);
                if (four.to3, four.from3) == (four.to4, four.from4) {
                    let four = Copy4 {
                        to4: to,
                        from4: from,
                        ..four
                    };
                    self.replace_last(at, four);
                } else {
                    self.emit(Copy { to, from });
                }
            }
            _ => {
                self.emit(Copy { to, from });
            }
        }
    }

    /// Replaces a plain branch by the last cell, which is a return, stands where the branch
    /// leads to, and is as long. Where that returns what the copy before the branch has
    /// copied, it replaces the copy, and returns the copy's source.
    pub fn thread(&mut self, branch: Offset, copy: Option<Offset>) {
        let Some(last) = self.last() else {
            return;
        };
        let (at, return_at) = (branch.0 as usize, last.0 as usize);
        debug_assert_eq!(self.opcode_at(branch), Branch::OPCODE);
        debug_assert_eq!(self.words.len() - return_at, Branch::WORDS);
        self.words
            .copy_within(return_at..return_at + Branch::WORDS, at);
        if let Some(copy_at) = copy
            && self.opcode_at(last) == ReturnSlot::OPCODE
        {
            let copy: Copy = self.decode(copy_at);
            let returned: ReturnSlot = self.decode(last);
            if copy.to == returned.from {
                let copy_at = copy_at.0 as usize;
                let returned = ReturnSlot {
                    from: copy.from,
                    ..returned
                };
                self.words[copy_at] = head(ReturnSlot::OPCODE, ReturnSlot::WORDS);
                returned.encode(&mut self.words[copy_at..]);
            }
        }
        let word = at as u32 + Branch::target.word() as u32;
        if let Ok(index) = self
            .relocations
            .binary_search_by_key(&word, |&(word, _)| word)
        {
            self.relocations[index].1 = Relocation::Nothing;
        }
    }

    /// Sets the target of a branch.
    pub fn set_target(&mut self, cell: Offset, target: Offset) {
        let at = cell.0 as usize;
        let words = &mut self.words[at..];
        let opcode = opcode_of(words[0]);
        opcode.for_each_field(|kind, byte| {
            if kind == FieldKind::Target {
                layout::write(words, byte, kind, u64::from(target.0));
            }
        });
    }

    /// Sets the target of a clause, from 1 on, or of the return, 0.
    pub fn set_clause_target(&mut self, cell: Offset, index: u32, target: Offset) {
        self.words[cell.0 as usize + clauses::target_word(index as usize)] = u64::from(target.0);
    }

    /// Sets the slot into which a clause, from 1 on, puts the reference to the suspended
    /// continuation.
    pub fn set_clause_slot(&mut self, cell: Offset, index: u32, FarSlot(slot): FarSlot) {
        let word = clauses::clause_word(index as usize) + clauses::SUSPENDED;
        self.words[cell.0 as usize + word] = i64::from(slot).cast_unsigned();
    }

    /// Sets a target of a branch table.
    pub fn set_table_target(&mut self, cell: Offset, index: u32, target: Offset) {
        let first = cell.0 as usize + self.opcode_at(cell).words();
        self.words[first + index as usize] = u64::from(target.0);
    }
}

/// A cell that was taken back.
#[derive(Clone, Copy, Debug)]
pub struct TakenCell {
    opcode: Opcode,
    words: [u64; 4],
}

/// The result's slot and the operands of an operation on two operands.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The op.
    pub op: Op,
    /// The slot of the result; meaningless if it goes to the accumulator alone.
    pub result: NearSlot,
    /// The operands.
    pub operands: [Input; 2],
}

impl TakenCell {
    /// Returns the fields of an operation on two operands, or of a comparison.
    ///
    /// # Panics
    ///
    /// If the cell is neither.
    pub fn operation(&self) -> Operation {
        let op = self.opcode.op();
        let spec = self.opcode.spec();
        let mut bits = [0; MOST_FIELDS];
        let mut cursor = Cursor::new();
        for (kind, bits) in spec.kinds(op.operand()).into_iter().zip(&mut bits) {
            if let Some(kind) = kind {
                let (byte, next) = cursor.place(kind);
                cursor = next;
                *bits = layout::read(&self.words, byte, kind);
            }
        }
        let (places, result, [a, b]) = match spec {
            Spec::Binary { a, b, .. } => {
                let fields = BinaryFields::from_bits(bits);
                // The first operand has one of two fields, by its source.
                let first = fields.a | fields.a_constant;
                ([a, b], fields.result, [first, fields.b])
            }
            Spec::Comparison { a, b, .. } => {
                let fields = ComparisonFields::from_bits(bits);
                ([a, b], fields.result, [fields.a, fields.b])
            }
            _ => panic!("{op:?} has not two operands and a result"),
        };
        Operation {
            op,
            result: NearSlot(result as i16),
            operands: [
                Input::from_bits(op.operand(), places[0], a),
                Input::from_bits(op.operand(), places[1], b),
            ],
        }
    }
}

/// Returns word 0 of a cell under assembly: its opcode, and the number of its words.
pub(super) fn head(opcode: Opcode, words: usize) -> u64 {
    u64::from(opcode.number()) | (words as u64) << 16
}

/// Returns the opcode in word 0 of a cell under assembly.
pub(super) fn opcode_of(head: u64) -> Opcode {
    Opcode::new(head as u16)
}

/// Returns the number of words of the cell under assembly whose word 0 this is.
pub(super) fn words_of(head: u64) -> usize {
    (head >> 16) as usize
}
