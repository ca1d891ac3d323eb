//! A collection: marks what is reachable and frees the rest, in steps between which the program
//! runs.
//!
//! # Changes during a collection
//!
//! An object is white until it is found, grey until it is visited, and black afterwards. When
//! marking ends, no black object may refer to a white one.
//!
//! * Exceptions never change.
//! * While marking is under way, handlers report each reference that they write to a structure or
//!   an array, and it is marked. That is one test where such a field is written.
//! * A continuation changes only while it runs, and when values are bound to it. A grey or black
//!   stack is marked as such in the word that `resume` reads anyway ([`Stack::is_traced`]). So
//!   only resumptions of such stacks take the slow path, which makes the stack white again. When
//!   it is suspended again, a new reference to it is created, by which it is found once more.
//!   Therefore its frames can be visited a few at a time: the position of the next one is valid for as
//!   long as the stack is grey, and is forgotten when it is resumed.
//! * Roots that change without any sign (globals, the running stacks and those that wait for
//!   them) are visited last, all at once, and then what they lead to. If the latter is more than
//!   a step may do, the program continues, and all this is repeated.
//! * Each table has a dirty bit for each card, a run of a few hundred elements. Every write of an
//!   element sets it, and a dirty card is visited again.
//! * References that the host holds until the end of a scope are in a list that grows and shrinks
//!   at its end. Others of the host are marked when they are added to their list.
//! * New objects are white during marking, and are not freed once marking has ended.
//!
//! [`Stack::is_traced`]: crate::stack::Stack::is_traced
//!
//! # Termination
//!
//! Each allocation makes one object white, and so does each resumption that takes the slow path.
//! For each of them, more than one object becomes black.
//!
//! # Length of a pause
//!
//! A pause is as long as one step, or as what is visited at once: the globals, and the frames of
//! the running stack and of those that wait for it. In addition, freeing a stack or a host value
//! takes as long as the allocator or the value's `Drop` does.
//!
//! Nothing tells which frames of a running stack have changed, as a return tests nothing. So they
//! are visited at once, and again if the program continues before marking has ended. A frame takes one
//! or two tens of nanoseconds, as the places of its references are found once for each call site. Their
//! number is bounded by the size of stacks.
//!
//! *Why not in pieces, as those of suspended stacks?* Something would have to tell below which frame
//! nothing has run since. There are two places for it:
//!
//! * The record above a visited frame, which the next call of this frame writes anew: a mark beside
//!   its link would be gone then. But returns would have to remove marks from links, which is an
//!   instruction more for each return of all programs, on x86-64 and AArch64.
//! * The return address in this record: it could be that of a cell that informs the collector. This
//!   costs nothing while there is no collection, but everything that reads records would have to
//!   put the true address in its place: walks, unwinding, tail calls and debuggers outside the process.

use super::collector::{BYTES_PER_ALLOCATION, Reference, TracedFrames};
use super::exception;
use super::frame_roots::KeptFrameRoots;
use super::limits::{LimitError, copied};
use super::objects::{MarkStack, SweepCursor};
use super::store::StoreInner;
use crate::format_err;
use crate::ids::{ExnIndex, ObjectRef, StackId};
use crate::stack::ExitPoint;
use crate::support::error::Error;
use crate::support::segments::Segments;
use alloc::vec::Vec;

/// A collection under way.
#[derive(Debug)]
pub struct Collection {
    /// Number of the collection, with which it marks.
    number: u32,
    /// Grey objects.
    grey: Segments<Grey>,
    /// Grey structures and arrays.
    objects: MarkStack,
    /// Object that has been visited in part, and its next item.
    partly: Option<(ObjectRef, u32)>,
    /// Place from which marked objects are visited again, as there was no memory to record some grey
    /// ones.
    again: Option<(usize, u32)>,
    /// Bytes of marked structures and arrays.
    bytes: usize,
    /// Stacks that are being visited.
    tracing: Option<Tracing>,
    /// Places of the references in frames.
    frame_roots: KeptFrameRoots,
    /// References that have just been found. Their objects may be white.
    found: Vec<Reference>,
    /// Progress among the roots.
    roots: Roots,
    /// Progress of freeing, once all is marked.
    sweep: Option<Sweep>,
    /// Number of marked objects and visited frames.
    kept: usize,
    /// True if there was no memory to record a grey object.
    failed: bool,
}

/// A grey object.
#[derive(Clone, Copy, Debug)]
enum Grey {
    Exception(ExnIndex),
    /// A continuation or an execution of the embedder, with the stacks suspended with it.
    Stacks(StackId),
}

/// Progress among the stacks that were suspended at once.
#[derive(Clone, Copy, Debug)]
struct Tracing {
    /// Stack that represents all of them.
    of: StackId,
    /// Stack that is visited next.
    next: StackId,
    /// Position of its next frame, if some have been visited.
    from: Option<ExitPoint>,
}

/// Numbers of the roots of each kind that have been visited.
#[derive(Clone, Debug, Default)]
struct Roots {
    held: usize,
    owned: usize,
    stacks: usize,
    tables: usize,
    /// Cards of the next table.
    cards: usize,
    /// Passes over all tables. The first one visits every card, later ones the dirty cards.
    passes: usize,
    /// Cards that were visited in this pass.
    written: usize,
}

/// Progress of freeing, by kind of object.
#[derive(Clone, Debug, Default)]
struct Sweep {
    objects: SweepCursor,
    stacks: usize,
    /// Remaining stack of a continuation that is being freed.
    freeing: Option<StackId>,
    exceptions: usize,
    /// First number that has not been visited.
    externs: u32,
}

/// Work that a step may still do.
struct Work {
    bytes: usize,
    /// Items that are visited even if `bytes` is zero, so that there is progress.
    items: usize,
    /// Work that was done.
    #[cfg(test)]
    done: usize,
}

/// Work of visiting a frame, in bytes: its map must be found.
const FRAME: usize = 256;
/// Number of frames whose references are collected before they are marked.
const FRAMES: usize = 32;
/// Work of visiting a small item, in bytes.
const ENTRY: usize = 64;
/// Work of visiting a structure or an array, in bytes, in addition to its size.
const OBJECT: usize = 24;
/// Maximum work of visiting an object at once: parts without references are not read.
const MOST_SPENT: usize = 1 << 12;
/// Maximum number of references in an object that are visited at once.
const AT_ONCE: u32 = 1 << 10;
/// Work of sweeping a block, in bytes.
const SWEPT: usize = 1 << 13;
/// Maximum number of passes over the tables before the last roots are visited.
const PASSES: usize = 8;
/// Number of dirty cards in a pass up to which there is no further one.
const FEW: usize = 16;
/// Number of adjacent references that are visited at once.
const CHUNK: usize = 32;

impl Work {
    fn new(bytes: usize) -> Work {
        Work {
            bytes,
            items: 2,
            #[cfg(test)]
            done: 0,
        }
    }

    fn is_left(&self) -> bool {
        self.bytes > 0 || self.items > 0
    }

    fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.items = self.items.saturating_sub(1);
        #[cfg(test)]
        {
            self.done += bytes;
        }
    }
}

impl Collection {
    /// Creates a collection that has not begun. No object may have its number as a mark.
    pub fn new(number: u32) -> Collection {
        Collection {
            number,
            grey: Segments::default(),
            objects: MarkStack::default(),
            partly: None,
            again: None,
            bytes: 0,
            tracing: None,
            frame_roots: KeptFrameRoots::default(),
            found: Vec::new(),
            roots: Roots::default(),
            sweep: None,
            kept: 0,
            failed: false,
        }
    }

    /// Returns the number of references without a token that were visited among those that the host
    /// holds.
    pub fn visited_held(&mut self) -> &mut usize {
        &mut self.roots.held
    }

    /// Returns the number of the collection, if it has marked all that is reachable.
    pub fn sweeps(&self) -> Option<u32> {
        self.sweep.as_ref().map(|_| self.number)
    }

    /// Returns the mark that new objects get.
    fn new_mark(&self) -> u32 {
        match self.sweep {
            None => self.number.wrapping_sub(1),
            Some(_) => self.number,
        }
    }

    /// Does a step. Returns whether the collection has ended.
    fn advance(&mut self, store: &mut StoreInner, work: &mut Work) -> Result<bool, Error> {
        if self.sweep.is_none() {
            if !store.objects.is_marking() {
                store.objects.set_marking(true);
            }
            if !self.mark(store, work)? {
                return Ok(false);
            }
            self.kept += self.bytes / BYTES_PER_ALLOCATION;
            store.objects.begin_sweep();
            self.sweep = Some(Sweep::default());
        }
        Ok(self.sweep(store, work))
    }

    /// Copies the collection for the fork of its store, in which the host owns no references.
    pub fn fork(&self) -> Result<Collection, LimitError> {
        Ok(Collection {
            grey: self
                .grey
                .try_copy(|&grey| Some(grey))
                .ok_or(LimitError::Allocation)?,
            // A position has an address of the store's instance.
            tracing: self.tracing.map(|tracing| Tracing {
                from: None,
                ..tracing
            }),
            // The fork finds them again.
            frame_roots: KeptFrameRoots::default(),
            objects: self.objects.try_clone().ok_or(LimitError::Allocation)?,
            found: copied(&self.found)?,
            roots: Roots {
                owned: 0,
                ..self.roots.clone()
            },
            sweep: self.sweep.clone(),
            ..*self
        })
    }

    /// Ends the collection early. Unless all is marked already, nothing is freed.
    pub fn give_up(&mut self, store: &mut StoreInner) {
        match &mut self.sweep {
            None => store.objects.clear_marks(),
            Some(sweep) => while store.objects.sweep_one(&mut sweep.objects) {},
        }
    }

    // --- marking ---

    /// Marks. Returns whether everything reachable is marked.
    fn mark(&mut self, store: &mut StoreInner, work: &mut Work) -> Result<bool, Error> {
        while work.is_left() {
            if self.trace(store, work)? || self.visit_noticed_roots(store, work) {
                continue;
            }
            self.visit_unnoticed_roots(store, work)?;
            while work.is_left() && self.trace(store, work)? {}
            return Ok(self.grey.is_empty() && self.tracing.is_none() && self.has_no_objects());
        }
        Ok(false)
    }

    /// Visits a grey object. Returns whether there was one.
    fn trace(&mut self, store: &mut StoreInner, work: &mut Work) -> Result<bool, Error> {
        if self.failed {
            return Err(format_err!("there is no room for marks"));
        }
        if self.trace_objects(store, work) {
            return Ok(true);
        }
        if let Some(Tracing { of, next, from }) = self.tracing.take() {
            // Otherwise they run again, or have ended.
            if self.is_marked(store, of) {
                let from = self.visit_frames(store, next, from, work)?;
                let next = match from {
                    Some(_) => Some(next),
                    None => store.stacks.stack(next).parent(),
                };
                self.tracing = next.map(|next| Tracing { of, next, from });
            }
            return Ok(true);
        }
        match self.grey.pop() {
            None => return Ok(false),
            Some(Grey::Exception(index)) => {
                let size = store.exceptions.get(index).map(|it| it.fields.len());
                work.spend(exception::size(size.unwrap_or_default()));
                let found = &mut self.found;
                let mut found = Found::new(found, &mut self.failed);
                store.visit_exception(index, &mut |reference| found.push(reference));
                self.mark_found(store);
            }
            Some(Grey::Stacks(of)) => {
                if self.is_marked(store, of) {
                    let next = store.stacks.stack(of).innermost();
                    let from = None;
                    self.tracing = Some(Tracing { of, next, from });
                }
            }
        }
        Ok(true)
    }

    /// Returns whether no structure or array is grey.
    fn has_no_objects(&self) -> bool {
        self.objects.is_complete() && self.partly.is_none() && self.again.is_none()
    }

    /// Visits grey structures and arrays. Returns whether there were any.
    fn trace_objects(&mut self, store: &mut StoreInner, work: &mut Work) -> bool {
        while let Some(bits) = store.objects.take_shaded() {
            if let Some(reference) = Reference::of_any(bits.into()) {
                self.mark_reference(store, reference);
            }
        }
        let mut some = false;
        while let Some((object, from)) = self.next_grey(store) {
            some = true;
            self.visit_object(store, object, from, work);
            if !work.is_left() {
                break;
            }
        }
        some
    }

    /// Returns the structure or array that is visited next, and its first item that has not been.
    fn next_grey(&mut self, store: &mut StoreInner) -> Option<(ObjectRef, u32)> {
        if let Some(partly) = self.partly.take() {
            return Some(partly);
        }
        loop {
            if let Some(object) = self.objects.pop() {
                return Some((object, 0));
            }
            // A pass over all marked objects ends before the next one begins.
            let (mut block, mut offset) = match self.again {
                Some(place) => place,
                None if self.objects.take_overflow() => (0, 0),
                None => return None,
            };
            while block < store.objects.block_count() {
                if let Some(object) = store.objects.next_marked(block, offset) {
                    let ObjectRef(bits) = object;
                    let size = store.objects.size_of(object).min(1 << 16) as u32;
                    offset = (bits & 0xffff) + size;
                    self.again = Some(if offset > 0xffff {
                        (block + 1, 0)
                    } else {
                        (block, offset)
                    });
                    return Some((object, 0));
                }
                (block, offset) = (block + 1, 0);
            }
            self.again = None;
        }
    }

    fn visit_object(
        &mut self,
        store: &mut StoreInner,
        object: ObjectRef,
        from: u32,
        work: &mut Work,
    ) {
        let mut found = Found::new(&mut self.found, &mut self.failed);
        let grey = &mut self.objects;
        let next = store
            .objects
            .trace(object, from, AT_ONCE, grey, |reference| {
                found.push(reference);
            });
        let size = match next {
            Some(next) => {
                self.partly = Some((object, next));
                AT_ONCE as usize * size_of::<u32>()
            }
            None => {
                let size = store.objects.size_of(object) as usize;
                self.bytes += size;
                size.saturating_sub(from as usize * size_of::<u32>())
            }
        };
        work.spend(OBJECT + size.min(MOST_SPENT));
        if !self.found.is_empty() {
            self.mark_found(store);
        }
    }

    /// Visits some frames of a stack, from a position on. Returns the position of the next one, if
    /// there are more.
    fn visit_frames(
        &mut self,
        store: &mut StoreInner,
        id: StackId,
        from: Option<ExitPoint>,
        work: &mut Work,
    ) -> Result<Option<ExitPoint>, Error> {
        // The stack may be suspended on its own before stacks are freed.
        store.stacks.stack_mut(id).mark = self.number;
        let mut found = Found::new(&mut self.found, &mut self.failed);
        let visit = &mut |heap, bits| {
            if let Some(reference) = Reference::new(heap, bits) {
                found.push(reference);
            }
        };
        let kept = &mut self.frame_roots;
        let TracedFrames { frames, next } = store.visit_stack(id, from, FRAMES, kept, visit)?;
        work.spend(ENTRY + frames.saturating_mul(FRAME));
        self.kept += frames;
        self.mark_found(store);
        Ok(next)
    }

    fn mark_found(&mut self, store: &mut StoreInner) {
        while let Some(reference) = self.found.pop() {
            self.mark_reference(store, reference);
        }
    }

    /// Marks what a reference refers to.
    pub fn mark_reference(&mut self, store: &mut StoreInner, reference: Reference) {
        match reference {
            Reference::Extern(index) => {
                self.kept += usize::from(store.externs.mark(index, self.number));
            }
            Reference::Exn(index) => {
                if store.exceptions.mark(index, self.number) {
                    self.add_grey(Grey::Exception(index));
                }
            }
            Reference::Cont(bits) => {
                if let Some(id) = store.stacks.continuation(bits) {
                    self.mark_stacks(store, id);
                }
            }
            Reference::Object(object) => {
                if store.objects.mark(object) {
                    self.objects.push(object);
                }
            }
        }
    }

    /// Marks the stacks that were suspended at once and are represented by `of`.
    fn mark_stacks(&mut self, store: &mut StoreInner, of: StackId) {
        if self.is_marked(store, of) {
            return;
        }
        let stack = store.stacks.stack_mut(of);
        stack.mark = self.number;
        stack.trace();
        // The stacks may have been resumed and suspended while they were visited.
        self.tracing = self.tracing.filter(|tracing| tracing.of != of);
        self.add_grey(Grey::Stacks(of));
    }

    /// Returns whether the stacks that are represented by `of` are grey or black.
    fn is_marked(&self, store: &StoreInner, of: StackId) -> bool {
        let stack = store.stacks.stack(of);
        stack.is_traced() && stack.mark == self.number
    }

    fn add_grey(&mut self, grey: Grey) {
        self.kept += 1;
        self.failed |= !self.grey.push(grey);
    }

    /// Visits some of the roots whose changes are noticed. Returns whether any were left.
    fn visit_noticed_roots(&mut self, store: &mut StoreInner, work: &mut Work) -> bool {
        let host = &mut store.collector.roots;
        let mut found = Found::new(&mut self.found, &mut self.failed);
        let roots = &mut self.roots;
        if roots.held < host.held() {
            let mut visited = 0;
            for reference in host.held_from(roots.held).take(CHUNK) {
                visited += 1;
                if let Some(reference) = reference {
                    found.push(reference);
                }
            }
            roots.held += visited;
            work.spend(visited * ENTRY);
        } else if roots.owned < host.owned() {
            for _ in 0..CHUNK.min(host.owned() - roots.owned) {
                work.spend(ENTRY);
                if let Some(reference) = host.visit_owned(roots.owned) {
                    found.push(reference);
                }
                roots.owned += 1;
            }
        } else if roots.stacks < store.stacks.entries() {
            let id = StackId(roots.stacks as u32);
            roots.stacks += 1;
            work.spend(ENTRY);
            if store.waits_for_host(id) {
                self.mark_stacks(store, id);
            }
        } else if let Some(table) = store.tables().get(roots.tables) {
            if roots.cards < table.cards() {
                let (table, card) = (roots.tables, roots.cards);
                roots.cards += 1;
                work.spend(1);
                let is_written = store.clean_card(table, card);
                if roots.passes == 0 || is_written {
                    roots.written += 1;
                    self.visit_card(store, table, card, work);
                }
            } else {
                (roots.tables, roots.cards) = (roots.tables + 1, 0);
            }
        } else if roots.passes < PASSES && roots.written > FEW {
            (roots.tables, roots.cards) = (0, 0);
            (roots.passes, roots.written) = (roots.passes + 1, 0);
        } else {
            return false;
        }
        self.mark_found(store);
        true
    }

    /// Visits the elements of a card whose dirty bit has been cleared.
    fn visit_card(&mut self, store: &mut StoreInner, table: usize, card: usize, work: &mut Work) {
        let range = store.tables()[table].elements_of_card(card);
        work.spend(ENTRY + range.len() * size_of::<u64>());
        let mut found = Found::new(&mut self.found, &mut self.failed);
        store.visit_elements(table, range, &mut |reference| found.push(reference));
        self.mark_found(store);
    }

    /// Visits the roots whose changes are not noticed.
    fn visit_unnoticed_roots(
        &mut self,
        store: &mut StoreInner,
        work: &mut Work,
    ) -> Result<(), Error> {
        let mut found = Found::new(&mut self.found, &mut self.failed);
        store.visit_globals(&mut |reference| found.push(reference));
        if let Some(index) = store.pending_exception {
            found.push(Reference::Exn(index));
        }
        work.spend(store.globals().len() * ENTRY);
        self.mark_found(store);
        for table in 0..store.tables().len() {
            for card in 0..store.tables()[table].cards() {
                if store.clean_card(table, card) {
                    self.visit_card(store, table, card, work);
                }
            }
        }
        for activation in 0..store.stacks.activations.len() {
            let activation = store.stacks.activations[activation];
            let mut next = Some(activation.chain.first());
            while let Some(id) = next {
                store.stacks.stack_mut(id).mark = self.number;
                if activation.exited {
                    let mut from = self.visit_frames(store, id, None, work)?;
                    while from.is_some() {
                        from = self.visit_frames(store, id, from, work)?;
                    }
                }
                next = store.stacks.stack(id).parent();
            }
        }
        Ok(())
    }

    // --- freeing ---

    /// Frees white objects. Returns whether all are freed.
    fn sweep(&mut self, store: &mut StoreInner, work: &mut Work) -> bool {
        let number = self.number;
        let Some(sweep) = &mut self.sweep else {
            return false;
        };
        while work.is_left() {
            if store.objects.sweep_one(&mut sweep.objects) {
                work.spend(SWEPT);
                continue;
            }
            work.spend(ENTRY);
            if let Some(id) = sweep.freeing {
                sweep.freeing = store.stacks.free_innermost(id);
            } else if sweep.stacks < store.stacks.entries() {
                let id = StackId(sweep.stacks as u32);
                sweep.stacks += 1;
                let stack = store.stacks.stack(id);
                if stack.mark == number {
                    store.stacks.stack_mut(id).change();
                } else {
                    sweep.freeing = store.stacks.continuation(stack.reference);
                }
            } else if sweep.exceptions < store.exceptions.numbers() {
                let index = ExnIndex(sweep.exceptions as u32);
                sweep.exceptions += 1;
                store.exceptions.sweep(index, number);
            } else if let Some((seen, next)) = store.externs.sweep(sweep.externs, number) {
                work.spend(seen * ENTRY);
                sweep.externs = next;
            } else {
                return true;
            }
        }
        false
    }
}

/// Collects references as long as there is memory for them.
struct Found<'a> {
    found: &'a mut Vec<Reference>,
    failed: &'a mut bool,
}

impl<'a> Found<'a> {
    fn new(found: &'a mut Vec<Reference>, failed: &'a mut bool) -> Found<'a> {
        Found { found, failed }
    }

    fn push(&mut self, reference: Reference) {
        match self.found.try_reserve(1) {
            Ok(()) => self.found.push(reference),
            Err(_) => *self.failed = true,
        }
    }
}

impl StoreInner {
    /// Does a step of the collection under way, of `bytes` of work. Once the collection has ended,
    /// returns the number of objects and frames that it has kept.
    pub(super) fn step(&mut self, bytes: usize) -> Option<usize> {
        let mut collection = self.collector.collection.take()?;
        let mut work = Work::new(bytes);
        let advanced = collection.advance(self, &mut work);
        #[cfg(test)]
        {
            self.collector.longest = self.collector.longest.max(work.done);
        }
        let kept = collection.kept;
        let ended = match advanced {
            Ok(ended) => ended,
            // Without all marks, nothing may be freed.
            Err(error) => {
                log::warn!("no collection: {error:#}");
                collection.give_up(self);
                true
            }
        };
        let new_mark = if ended {
            collection.number
        } else {
            collection.new_mark()
        };
        self.exceptions.new_mark = new_mark;
        self.stacks.new_mark = new_mark;
        self.externs.new_mark = new_mark;
        if ended {
            log::debug!("collected: {kept} objects and frames are alive");
            return Some(kept);
        }
        self.collector.collection = Some(collection);
        None
    }

    /// Informs the collector that an execution of the embedder has stopped or has been created:
    /// from now on its stack is a root that does not change.
    pub fn execution_waits(&mut self, id: StackId) {
        if let Some(mut collection) = self.collector.collection.take() {
            if collection.sweep.is_none() && self.waits_for_host(id) {
                collection.mark_stacks(self, id);
                self.collector.count();
            }
            self.collector.collection = Some(collection);
        }
    }
}
