//! The collector of what guests can make without end: values of the host's, exceptions and
//! continuations.
//!
//! It marks from the roots and frees what was not reached. Roots are the tables and
//! globals of all instances, the stacks that run or can be advanced, and what the host
//! holds. What a frame refers to is known exactly, from its map; nothing is guessed.
//!
//! # When
//!
//! At allocations, once as many have been made since the last collection as that had
//! objects to keep and frames to look at: so where it happens depends on the program
//! alone, and the work is proportional to what is allocated. A store that allocates
//! nothing pays nothing.
//!
//! # Why it is not incremental
//!
//! Marking bit by bit would need a barrier in each cell that writes a reference into a
//! table, a global or a frame. All objects here are small or few; the pause is bounded by
//! their number, which the limiter bounds.

use super::store::{ExnIndex, ExternIndex, StoreInner};
use crate::module::{HeapType, ValType};
use crate::stack::{BOUNDARY_SLOTS, StackId, StackState};
use crate::support::error::Error;
use alloc::collections::TryReserveError;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A reference to something that can be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A value of the host's.
    Extern(ExternIndex),
    /// An exception.
    Exn(ExnIndex),
    /// A continuation, as a slot has it.
    Cont(u64),
}

impl Reference {
    /// The reference in a slot that has references of a type.
    pub fn new(ty: HeapType, bits: u64) -> Option<Reference> {
        let index = (bits as u32).checked_sub(1)?;
        match ty.top() {
            HeapType::Extern => Some(Reference::Extern(ExternIndex(index))),
            HeapType::Exn => Some(Reference::Exn(ExnIndex(index))),
            HeapType::Cont => Some(Reference::Cont(bits)),
            _ => None,
        }
    }

    /// The same, of a slot of any type.
    pub fn of_value(ty: ValType, bits: u64) -> Option<Reference> {
        match ty {
            ValType::Ref(ty) => Reference::new(ty.heap, bits),
            _ => None,
        }
    }
}

/// Visits all that the frames of a stack refer to: how many there are.
pub type TraceStack = fn(&StoreInner, StackId, &mut dyn FnMut(Reference)) -> Result<usize, Error>;

/// Fewer allocations than this lead to no collection.
const LEAST: usize = 4096;

/// When to collect, and what the host holds.
#[derive(Debug)]
pub struct Collector {
    allocated: usize,
    due: usize,
    /// While it is not zero, values may be where no map says so.
    paused: usize,
    /// What the host holds, the last taken last.
    held: Vec<Reference>,
    /// What it holds besides, as long as it has a copy of what stands with it.
    owned: Vec<(Reference, Arc<()>)>,
    /// How many of these there may be before some are looked for that it has dropped.
    owned_due: usize,
}

impl Default for Collector {
    fn default() -> Collector {
        Collector {
            allocated: 0,
            due: LEAST,
            paused: 0,
            held: Vec::new(),
            owned: Vec::new(),
            owned_due: LEAST,
        }
    }
}

impl Collector {
    /// Something has been allocated.
    pub fn count(&mut self) {
        self.allocated += 1;
    }

    /// Whether the next allocation should be preceded by a collection.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.allocated >= self.due && self.paused == 0
    }

    /// No collection until as many calls of [`Collector::resume`].
    pub fn pause(&mut self) {
        self.paused += 1;
    }

    /// Ends a pause.
    pub fn resume(&mut self) {
        self.paused -= 1;
    }

    fn hold(&mut self, reference: Reference) {
        if self.held.last() != Some(&reference) {
            self.held.push(reference);
        }
    }

    fn hold_until_dropped(&mut self, reference: Reference) -> Result<Arc<()>, TryReserveError> {
        if self.owned.len() >= self.owned_due {
            self.forget_dropped();
            self.owned_due = (2 * self.owned.len()).max(LEAST);
        }
        self.owned.try_reserve(1)?;
        let token = Arc::new(());
        self.owned.push((reference, Arc::clone(&token)));
        Ok(token)
    }

    fn forget_dropped(&mut self) {
        self.owned.retain(|(_, token)| Arc::strong_count(token) > 1);
    }

    /// How many references the host holds.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The host holds only the first so many references any more.
    pub fn let_go(&mut self, held: usize) {
        self.held.truncate(held);
    }
}

/// What has been reached.
#[derive(Debug, Default)]
struct Marks {
    /// The host's values, some of them more than once.
    externs: Vec<ExternIndex>,
    exceptions: Bits,
    stacks: Bits,
    /// What has been reached and not been looked into.
    pending: Vec<Reference>,
    /// Whether there was no room for all marks.
    failed: bool,
}

impl Marks {
    fn mark(&mut self, reference: Reference) {
        let marked = match reference {
            Reference::Extern(index) if self.externs.last() == Some(&index) => Some(false),
            Reference::Extern(index) => {
                let room = self.externs.try_reserve(1);
                room.ok().map(|()| {
                    self.externs.push(index);
                    false
                })
            }
            Reference::Exn(index) => self.exceptions.insert(index.0),
            Reference::Cont(bits) => self.stacks.insert(bits as u32),
        };
        match marked {
            Some(true) if self.pending.try_reserve(1).is_ok() => self.pending.push(reference),
            Some(false) => {}
            _ => self.failed = true,
        }
    }
}

/// A set of small numbers.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// Whether the number is new; `None` where there is no room for it.
    fn insert(&mut self, number: u32) -> Option<bool> {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if word >= self.0.len() {
            let more = word + 1 - self.0.len();
            self.0.try_reserve(more).ok()?;
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        Some(is_new)
    }

    fn contains(&self, number: u32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word & 1 << (number % 64) != 0)
    }
}

impl StoreInner {
    /// The host has got a reference, and may use it until it lets it go.
    pub fn hold(&mut self, reference: Reference) {
        if let Reference::Exn(index) = reference {
            self.exceptions.seen(index);
        }
        self.collector.hold(reference);
    }

    /// The host has got a reference, and may use it until it has dropped what this gives.
    pub fn hold_until_dropped(&mut self, reference: Reference) -> Result<Arc<()>, Error> {
        if let Reference::Exn(index) = reference {
            self.exceptions.seen(index);
        }
        Ok(self.collector.hold_until_dropped(reference)?)
    }

    /// Collects, if that is due.
    pub fn collect_if_due(&mut self) {
        if self.collector.is_due() {
            self.collect();
        }
    }

    /// Frees what cannot be reached any more. All activations have left.
    pub fn collect(&mut self) {
        self.collector.allocated = 0;
        self.collector.forget_dropped();
        let mut marks = Marks::default();
        match self.mark_all(&mut marks) {
            Ok(frames) if !marks.failed => {
                let live = self.sweep(marks);
                log::debug!("collected: {live} objects are alive, {frames} frames were seen");
                self.collector.due = live.saturating_add(frames).max(LEAST);
            }
            // Where not all is known, nothing may be freed.
            Ok(_) => log::warn!("no collection: there is no room for marks"),
            Err(error) => log::warn!("no collection: {error:#}"),
        }
    }

    /// Marks what a reference names: nothing, if that is a continuation which has been
    /// resumed since.
    fn reach(&self, marks: &mut Marks, reference: Reference) {
        match reference {
            Reference::Cont(bits) if self.stacks.continuation(bits).is_none() => {}
            reference => marks.mark(reference),
        }
    }

    /// Marks what can be reached: how many frames that took.
    fn mark_all(&self, marks: &mut Marks) -> Result<usize, Error> {
        let mut frames = self.visit_roots(&mut |reference| self.reach(marks, reference))?;
        while let Some(reference) = marks.pending.pop() {
            match reference {
                Reference::Extern(_) => {}
                Reference::Exn(index) => {
                    self.visit_exception(index, &mut |reference| self.reach(marks, reference));
                }
                Reference::Cont(bits) => {
                    if let Some(stack) = self.stacks.continuation(bits) {
                        frames +=
                            self.visit_chain(stack, &mut |reference| self.reach(marks, reference))?;
                    }
                }
            }
        }
        Ok(frames)
    }

    fn visit_roots(&self, visit: &mut dyn FnMut(Reference)) -> Result<usize, Error> {
        let mut frames = 0;
        self.collector.held.iter().copied().for_each(&mut *visit);
        for &(reference, _) in &self.collector.owned {
            visit(reference);
        }
        self.pending_exception.map(Reference::Exn).map(&mut *visit);
        for global in self.globals() {
            if let Some(reference) = Reference::of_value(global.ty().value, global.get()) {
                visit(reference);
            }
        }
        for table in self.tables() {
            let heap = table.ty().element.heap;
            if !matches!(
                heap.top(),
                HeapType::Extern | HeapType::Exn | HeapType::Cont
            ) {
                continue;
            }
            (0..table.size() as usize)
                .filter_map(|index| Reference::new(heap, table.get(index)?))
                .for_each(&mut *visit);
        }
        for activation in &self.stacks.activations {
            if let Some(first) = activation.chain.first().filter(|_| activation.exited) {
                frames += self.visit_chain(first, visit)?;
            }
        }
        for (id, stack) in self.stacks.in_use() {
            if stack.is_held() {
                match stack.state {
                    StackState::Fresh => frames += self.visit_chain(id, visit)?,
                    StackState::Suspended => {
                        frames += self.visit_chain(stack.innermost(), visit)?
                    }
                    _ => {}
                }
            }
        }
        Ok(frames)
    }

    /// Visits what a stack and those that wait for it refer to: how many frames they have.
    fn visit_chain(
        &self,
        first: StackId,
        visit: &mut dyn FnMut(Reference),
    ) -> Result<usize, Error> {
        let mut frames = 0;
        for id in self.stacks.stacks_from(first) {
            let stack = self.stacks.stack(id);
            self.given(id)
                .filter_map(|(ty, bits)| Reference::of_value(ty, bits))
                .for_each(&mut *visit);
            if stack.state == StackState::Fresh {
                continue;
            }
            frames += (self.trace_stack)(self, id, visit)?;
        }
        Ok(frames)
    }

    /// The values that a stack was given and has not taken yet: the arguments of a call that
    /// has not begun, or those that are bound to a continuation.
    pub fn given(&self, id: StackId) -> impl Iterator<Item = (ValType, u64)> + '_ {
        let stack = self.stacks.stack(id);
        let (ty, count, first) = match stack.state {
            StackState::Fresh => {
                let ty = self.engine().types.func(self.func(stack.function).ty);
                let count = if stack.is_continuation() {
                    stack.bound() as usize
                } else {
                    ty.params.len()
                };
                (Some(ty), count, BOUNDARY_SLOTS)
            }
            _ if stack.bound() != 0 => {
                let ty = self.engine().types.func(stack.bound_type);
                let count = stack.bound() as usize;
                (Some(ty), count, stack.wanted() - count)
            }
            _ => (None, 0, 0),
        };
        (0..count).filter_map(move |index| {
            let ty = *ty.as_ref()?.params.get(index)?;
            Some((ty, stack.slot(first + index)?))
        })
    }

    /// The continuations that somebody can reach, or that run, by ascending numbers; `None`
    /// if that cannot be found out.
    pub fn reachable_continuations(&self) -> Option<Vec<StackId>> {
        let mut marks = Marks::default();
        self.mark_all(&mut marks).ok()?;
        if marks.failed {
            return None;
        }
        let resumable = |id| {
            self.stacks
                .continuation(self.stacks.stack(id).reference)
                .is_some()
        };
        let stacks = self.stacks.in_use().map(|(id, _)| id);
        Some(
            stacks
                .filter(|&id| self.stacks.stack(id).is_continuation())
                .filter(|&id| !resumable(id) || marks.stacks.contains(id.0))
                .collect(),
        )
    }

    fn visit_exception(&self, index: ExnIndex, visit: &mut dyn FnMut(Reference)) {
        let Some(exception) = self.exceptions.get(index) else {
            return;
        };
        let ty = self.engine().types.func(self.tag(exception.tag).ty());
        ty.params
            .iter()
            .zip(&exception.fields)
            .filter_map(|(&ty, &bits)| Reference::of_value(ty, bits))
            .for_each(visit);
    }

    /// Frees what was not reached; how much is left.
    fn sweep(&mut self, mut marks: Marks) -> usize {
        marks.externs.sort_unstable();
        let externs = self.retain_externs(|index| marks.externs.binary_search(&index).is_ok());
        let exceptions = self
            .exceptions
            .retain(|index| marks.exceptions.contains(index.0));
        let continuations = self
            .stacks
            .retain_continuations(|id| marks.stacks.contains(id.0));
        externs + exceptions + continuations
    }
}
