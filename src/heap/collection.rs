//! A collection: it marks what can be reached, and frees what was not, in steps between which
//! the program runs on.
//!
//! # How what changes meanwhile is not missed
//!
//! Something is white until it has been found, grey until it has been looked into, and black
//! then. Nothing black may refer to something white when marking ends.
//!
//! * Exceptions never change.
//! * A continuation changes only while it runs, or when values are bound to it. A stack that
//!   is grey or black says so in the word that `resume` looks at anyway
//!   ([`Stack::is_traced`]), so that those few resumptions, and no others, take the slow path;
//!   that makes it white. When it stops again there is a new reference to it, and by
//!   that it is found once more.
//! * What can be written without any sign (globals, the stacks that run and those that wait
//!   for them) is looked at last, all at once, and then whatever that leads to. Where the
//!   latter is more than a step may do, the program goes on, and all this is done again.
//! * Tables keep a byte for each few hundred elements, which whoever writes an element
//!   sets: what was written is looked at once more.
//! * What the host holds is a list that grows and shrinks at its end.
//! * What is new is white while marking goes on, and is not freed once that has ended.
//!
//! [`Stack::is_traced`]: crate::stack::Stack::is_traced
//!
//! # Why it ends
//!
//! Each allocation makes one thing white, and so does each resumption that takes the slow path;
//! for each of them more than one thing is made black.
//!
//! # What a pause is made of
//!
//! A step's work, or what is looked at at once: the frames of one stack, the globals, and the
//! frames of all stacks that wait for the one that runs. Freeing a stack or a value of the
//! host's takes as long as the allocator or that value does.

use super::collector::{Collector, Reference};
use super::exception;
use super::store::StoreInner;
use crate::format_err;
use crate::ids::{ExnIndex, StackId};
use crate::support::error::Error;
use alloc::vec::Vec;

/// A collection under way.
#[derive(Debug)]
pub struct Collection {
    /// What it marks with.
    number: u32,
    /// What is grey.
    grey: Vec<Grey>,
    /// The stacks suspended at once that are being looked into.
    tracing: Option<Tracing>,
    /// What has just been seen and may be white.
    found: Vec<Reference>,
    roots: Roots,
    /// How far it has freed, once all is marked.
    sweep: Option<Sweep>,
    /// What it has marked, and the frames that it has looked at.
    kept: usize,
    /// Whether there was no room to note what is grey.
    failed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Grey {
    Exception(ExnIndex),
    /// A continuation or an execution of the embedder's, with what was suspended with it.
    Stacks(StackId),
}

#[derive(Clone, Copy, Debug)]
struct Tracing {
    /// The stack that stands for all of them.
    of: StackId,
    next: StackId,
}

/// How many roots have been looked at.
#[derive(Debug, Default)]
struct Roots {
    held: usize,
    owned: usize,
    stacks: usize,
    tables: usize,
    /// In the next table.
    cards: usize,
    /// How often it has looked at all tables: the first time at every element, then at those
    /// that were written since.
    passes: usize,
    /// How many cards were written since the pass before.
    written: usize,
}

/// How much has been looked at to be freed.
#[derive(Debug, Default)]
struct Sweep {
    stacks: usize,
    /// What is left of a continuation that is being freed.
    freeing: Option<StackId>,
    exceptions: usize,
    /// The first number that has not been.
    externs: u32,
}

/// How much a step may still do.
struct Work {
    bytes: usize,
    /// So that there is progress, however small steps are.
    items: usize,
}

/// What looking at a frame counts for, in bytes: its map must be found.
const FRAME: usize = 256;
/// What looking at something small counts for.
const ENTRY: usize = 64;
/// At the most so many passes over the tables are made, unless hardly anything is written
/// between them.
const PASSES: usize = 8;
/// So many written cards may be left to the end.
const FEW: usize = 16;
/// So many of those that lie side by side are looked at at once.
const CHUNK: usize = 32;

impl Work {
    fn new(bytes: usize) -> Work {
        Work { bytes, items: 2 }
    }

    fn is_left(&self) -> bool {
        self.bytes > 0 || self.items > 0
    }

    fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.items = self.items.saturating_sub(1);
    }
}

impl Collection {
    /// A collection that has not begun. Nothing has its number.
    pub fn new(number: u32) -> Collection {
        Collection {
            number,
            grey: Vec::new(),
            tracing: None,
            found: Vec::new(),
            roots: Roots::default(),
            sweep: None,
            kept: 0,
            failed: false,
        }
    }

    /// How many of the references that the host holds it has seen.
    pub fn seen_held(&mut self) -> &mut usize {
        &mut self.roots.held
    }

    /// How many of those that it owns.
    pub fn seen_owned(&mut self) -> &mut usize {
        &mut self.roots.owned
    }

    /// The mark of what is allocated now.
    fn new_mark(&self) -> u32 {
        match self.sweep {
            None => self.number.wrapping_sub(1),
            Some(_) => self.number,
        }
    }

    /// Whether all is done.
    fn advance(&mut self, store: &mut StoreInner, mut work: Work) -> Result<bool, Error> {
        if self.sweep.is_none() {
            if !self.mark(store, &mut work)? {
                return Ok(false);
            }
            self.sweep = Some(Sweep::default());
        }
        Ok(self.sweep(store, &mut work))
    }

    // --- marking ---

    /// Whether all is marked.
    fn mark(&mut self, store: &mut StoreInner, work: &mut Work) -> Result<bool, Error> {
        while work.is_left() {
            if self.trace(store, work)? || self.see_roots(store, work) {
                continue;
            }
            self.see_unguarded_roots(store, work)?;
            while work.is_left() && self.trace(store, work)? {}
            return Ok(self.grey.is_empty() && self.tracing.is_none());
        }
        Ok(false)
    }

    /// Looks into something grey, if there is anything.
    fn trace(&mut self, store: &mut StoreInner, work: &mut Work) -> Result<bool, Error> {
        if self.failed {
            return Err(format_err!("there is no room for marks"));
        }
        if let Some(Tracing { of, next }) = self.tracing.take() {
            // Otherwise it runs again, or has ended.
            if self.is_marked(store, of) {
                self.look_into_stack(store, next, work)?;
                let parent = store.stacks.stack(next).parent();
                self.tracing = parent.map(|next| Tracing { of, next });
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
                    self.tracing = Some(Tracing { of, next });
                }
            }
        }
        Ok(true)
    }

    fn look_into_stack(
        &mut self,
        store: &mut StoreInner,
        id: StackId,
        work: &mut Work,
    ) -> Result<(), Error> {
        // It may become a continuation of its own before it is looked at to be freed.
        store.stacks.stack_mut(id).mark = self.number;
        let mut found = Found::new(&mut self.found, &mut self.failed);
        let frames = store.visit_stack(id, &mut |reference| found.push(reference))?;
        work.spend(ENTRY + frames.saturating_mul(FRAME));
        self.kept += frames;
        self.mark_found(store);
        Ok(())
    }

    fn mark_found(&mut self, store: &mut StoreInner) {
        while let Some(reference) = self.found.pop() {
            self.mark_reference(store, reference);
        }
    }

    fn mark_reference(&mut self, store: &mut StoreInner, reference: Reference) {
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
        }
    }

    /// Marks the stacks that are suspended at once, for which one of them stands.
    fn mark_stacks(&mut self, store: &mut StoreInner, of: StackId) {
        if self.is_marked(store, of) {
            return;
        }
        let stack = store.stacks.stack_mut(of);
        stack.mark = self.number;
        stack.trace();
        // It has been resumed and suspended since that began.
        self.tracing = self.tracing.filter(|tracing| tracing.of != of);
        self.add_grey(Grey::Stacks(of));
    }

    /// Whether stacks that are suspended at once are grey or black.
    fn is_marked(&self, store: &StoreInner, of: StackId) -> bool {
        let stack = store.stacks.stack(of);
        stack.is_traced() && stack.mark == self.number
    }

    fn add_grey(&mut self, grey: Grey) {
        self.kept += 1;
        match self.grey.try_reserve(1) {
            Ok(()) => self.grey.push(grey),
            Err(_) => self.failed = true,
        }
    }

    /// Looks at some roots of which it is known when they change, if there are any that it has
    /// not looked at.
    fn see_roots(&mut self, store: &mut StoreInner, work: &mut Work) -> bool {
        let Collector { held, owned, .. } = &store.collector;
        let mut found = Found::new(&mut self.found, &mut self.failed);
        let roots = &mut self.roots;
        if roots.held < held.len() {
            let some = held[roots.held..].iter().take(CHUNK);
            roots.held += some.len();
            work.spend(some.len() * ENTRY);
            some.for_each(|&reference| found.push(reference));
        } else if roots.owned < owned.len() {
            let some = owned[roots.owned..].iter().take(CHUNK);
            roots.owned += some.len();
            work.spend(some.len() * ENTRY);
            some.for_each(|&(reference, _)| found.push(reference));
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
                    self.see_card(store, table, card, work);
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

    /// Looks at the elements of a card, which is clean.
    fn see_card(&mut self, store: &mut StoreInner, table: usize, card: usize, work: &mut Work) {
        let range = store.tables()[table].elements_of_card(card);
        work.spend(ENTRY + range.len() * size_of::<u64>());
        let mut found = Found::new(&mut self.found, &mut self.failed);
        store.visit_elements(table, range, &mut |reference| found.push(reference));
        self.mark_found(store);
    }

    /// Looks at the roots that can change at any time.
    fn see_unguarded_roots(
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
                    self.see_card(store, table, card, work);
                }
            }
        }
        for activation in 0..store.stacks.activations.len() {
            let activation = store.stacks.activations[activation];
            let mut next = activation.chain.first();
            while let Some(id) = next {
                store.stacks.stack_mut(id).mark = self.number;
                if activation.exited {
                    self.look_into_stack(store, id, work)?;
                }
                next = store.stacks.stack(id).parent();
            }
        }
        Ok(())
    }

    // --- freeing ---

    /// Whether all is freed.
    fn sweep(&mut self, store: &mut StoreInner, work: &mut Work) -> bool {
        let number = self.number;
        let Some(sweep) = &mut self.sweep else {
            return false;
        };
        while work.is_left() {
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

/// Takes references until there is no more room for them.
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
    /// Does so much of the collection under way. What it keeps, in objects and frames, once it
    /// has ended.
    pub(super) fn step(&mut self, bytes: usize) -> Option<usize> {
        let mut collection = self.collector.collection.take()?;
        let advanced = collection.advance(self, Work::new(bytes));
        let kept = collection.kept;
        let ended = match advanced {
            Ok(ended) => ended,
            // Where not all is known, nothing may be freed.
            Err(error) => {
                log::warn!("no collection: {error:#}");
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

    /// An execution of the embedder's has stopped, or is about to begin: from now on it is a
    /// root as it is.
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
