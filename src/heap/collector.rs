//! The collector of what guests can make without end: values of the host's, exceptions and
//! continuations. When it works, and what the host holds; how it works is a
//! [collection](super::collection).
//!
//! # When
//!
//! At allocations. A collection begins once as many have been made since the last one as
//! that had objects to keep and frames to look at; from then on each few allocations are
//! preceded by a step of it, whose work is bounded. So where it happens depends on the
//! program alone, and the work is proportional to what is allocated. A store that allocates
//! nothing pays nothing.

use super::collection::Collection;
use super::store::StoreInner;
use crate::ids::{ExnIndex, ExternIndex, StackId};
use crate::module::{CollectorPace, HeapType, ValBits, ValType};
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
    pub fn of_value(ty: ValType, bits: ValBits) -> Option<Reference> {
        match ty {
            ValType::Ref(ty) => Reference::new(ty.heap, bits[0]),
            _ => None,
        }
    }
}

/// Visits all that the frames of a stack refer to: how many there are.
pub type TraceStack = fn(&StoreInner, StackId, &mut dyn FnMut(Reference)) -> Result<usize, Error>;

/// While a collection goes on, so many bytes are looked at for each allocation, unless a step
/// is smaller.
const PER_ALLOCATION: usize = 1 << 10;
/// At the most so many allocations have no step between them.
const MOST: usize = 64;

/// How many allocations there are from one step to the next.
fn interval(pace: CollectorPace) -> usize {
    (pace.step / PER_ALLOCATION).clamp(1, MOST)
}

/// When to collect, and what the host holds.
#[derive(Debug)]
pub struct Collector {
    pace: CollectorPace,
    allocated: usize,
    due: usize,
    /// While it is not zero, values may be where no map says so.
    paused: usize,
    /// What the host holds, the last taken last.
    pub(super) held: Vec<Reference>,
    /// What it holds besides, as long as it has a copy of what stands with it.
    pub(super) owned: Vec<(Reference, Arc<()>)>,
    /// How many of these there may be before some are looked for that it has dropped.
    owned_due: usize,
    /// The collection under way.
    pub(super) collection: Option<Collection>,
    /// The number of the last collection.
    pub(super) number: u32,
}

impl Collector {
    /// A collector that has nothing to do.
    pub fn new(pace: CollectorPace) -> Collector {
        Collector {
            pace,
            allocated: 0,
            due: pace.least,
            paused: 0,
            held: Vec::new(),
            owned: Vec::new(),
            owned_due: LEAST_OWNED,
            collection: None,
            number: 0,
        }
    }

    /// Something has been allocated, or must be traced again.
    #[inline]
    pub fn count(&mut self) {
        self.allocated += 1;
    }

    /// Whether the next allocation should be preceded by work.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.allocated >= self.due && self.paused == 0
    }

    /// No work until as many calls of [`Collector::resume`].
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
            self.owned_due = (2 * self.owned.len()).max(LEAST_OWNED);
        }
        self.owned.try_reserve(1)?;
        let token = Arc::new(());
        self.owned.push((reference, Arc::clone(&token)));
        Ok(token)
    }

    fn forget_dropped(&mut self) {
        let mut seen = self.collection.as_mut().map(Collection::seen_owned);
        let (mut index, mut before) = (0, 0);
        let seen_before = seen.as_ref().map_or(0, |seen| **seen);
        self.owned.retain(|(_, token)| {
            let retained = Arc::strong_count(token) > 1;
            before += usize::from(retained && index < seen_before);
            index += 1;
            retained
        });
        if let Some(seen) = &mut seen {
            **seen = before;
        }
    }

    /// How many references the host holds.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The host holds only the first so many references any more.
    pub fn let_go(&mut self, held: usize) {
        self.held.truncate(held);
        if let Some(collection) = &mut self.collection {
            let seen = collection.seen_held();
            *seen = held.min(*seen);
        }
    }
}

/// Fewer of what the host owns are not looked through for what it has dropped.
const LEAST_OWNED: usize = 4096;

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

    /// Goes on with a collection, or begins one, if that is due.
    pub fn collect_if_due(&mut self) {
        if self.collector.is_due() {
            self.collect_some();
        }
    }

    /// Does what is due of a collection. All activations have left.
    pub fn collect_some(&mut self) {
        let interval = interval(self.collector.pace);
        // What could not be done at its time is made up for.
        let steps = match self.collector.collection {
            Some(_) => (self.collector.allocated / interval).max(1),
            None => 1,
        };
        let work = self.collector.pace.step.saturating_mul(steps);
        if self.collector.collection.is_none() {
            self.begin_collection();
        }
        self.collector.allocated = 0;
        self.collector.due = interval;
        if let Some(kept) = self.step(work) {
            self.collector.due = kept.max(self.collector.pace.least);
        }
    }

    /// Whether a collection is under way.
    #[cfg(test)]
    pub fn is_collecting(&self) -> bool {
        self.collector.collection.is_some()
    }

    /// Frees all that cannot be reached any more. All activations have left.
    pub fn collect(&mut self) {
        self.begin_collection();
        while self.collector.collection.is_some() {
            self.collector.allocated = 0;
            if let Some(kept) = self.step(usize::MAX) {
                self.collector.due = kept.max(self.collector.pace.least);
            }
        }
    }

    /// Begins a collection, in place of the one that is under way.
    fn begin_collection(&mut self) {
        self.collector.collection = None;
        self.collector.forget_dropped();
        self.collector.number = self.collector.number.wrapping_add(1);
        self.collector.collection = Some(Collection::new(self.collector.number));
    }
}
