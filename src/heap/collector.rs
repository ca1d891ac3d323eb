//! The collector of objects: structures, arrays, host values, exceptions and continuations. This
//! file decides when to collect. A [collection](super::collection) does the work.
//!
//! # When
//!
//! At allocations. A collection begins after as many allocations as the last one has kept
//! objects and visited frames. From then on a step of it, whose work is bounded, precedes
//! every few allocations. So the time of a collection depends on the program alone, and the
//! work is proportional to the number of allocations. A store that allocates no objects pays
//! nothing.

use super::collection::Collection;
use super::frame_roots::KeptFrameRoots;
use super::host_roots::{HostRoot, HostRoots};
use super::limits::LimitError;
use super::objects::AnyKind;
use super::store::StoreInner;
use crate::ids::{ExnIndex, ExternIndex, ObjectRef, StackId};
use crate::module::{CollectorPace, HeapType, ValBits, ValType};
use crate::stack::ExitPoint;
use crate::support::error::Error;
use alloc::sync::Arc;

/// A reference to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A host value.
    Extern(ExternIndex),
    /// An exception.
    Exn(ExnIndex),
    /// A continuation, by the bits of a slot.
    Cont(u64),
    /// A structure or an array.
    Object(ObjectRef),
}

impl Reference {
    /// Returns the reference in a slot for references of a type. Null, and references to
    /// anything but objects, are `None`.
    pub fn new(ty: HeapType, bits: u64) -> Option<Reference> {
        match ty.top() {
            HeapType::Func => None,
            HeapType::Exn => Some(Reference::Exn(ExnIndex((bits as u32).checked_sub(1)?))),
            HeapType::Cont => (bits as u32 != 0).then_some(Reference::Cont(bits)),
            _ => Reference::of_any(bits),
        }
    }

    /// Returns the reference in a slot of the `any` or `extern` hierarchy, if it refers to an object
    /// or a host value.
    pub fn of_any(bits: u64) -> Option<Reference> {
        match AnyKind::of(bits)? {
            AnyKind::I31(_) => None,
            AnyKind::Extern(index) => Some(Reference::Extern(index)),
            AnyKind::Object(object) => Some(Reference::Object(object)),
        }
    }

    /// Returns the reference in a value of any type.
    pub fn of_value(ty: ValType, bits: ValBits) -> Option<Reference> {
        match ty {
            ValType::Ref(ty) => Reference::new(ty.heap, bits[0]),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
        }
    }
}

/// Hook that visits the references in frames of a stack: in as many as the number, from the youngest
/// one or from a position on. It keeps their places for other frames.
pub type TraceStack = fn(
    &StoreInner,
    StackId,
    Option<ExitPoint>,
    usize,
    &mut KeptFrameRoots,
    &mut dyn FnMut(HeapType, u64),
) -> Result<TracedFrames, Error>;

/// Result of visiting frames.
#[derive(Clone, Copy, Debug)]
pub struct TracedFrames {
    /// Number of frames that were visited.
    pub frames: usize,
    /// Position of the next frame, if there are more.
    pub next: Option<ExitPoint>,
}

/// Bytes that a collection visits for each allocation, unless a step is smaller.
const PER_ALLOCATION: usize = 1 << 10;
/// Number of bytes of structures and arrays that count as an allocation, or as a kept object.
pub(super) const BYTES_PER_ALLOCATION: usize = 128;
/// Maximum number of allocations from one step to the next.
const MOST: usize = 64;
/// Maximum number of steps that are done at once.
const MOST_STEPS: usize = 8;

/// Returns the number of allocations from one step to the next.
fn interval(pace: CollectorPace) -> usize {
    (pace.step / PER_ALLOCATION).clamp(1, MOST)
}

/// State of the collector.
#[derive(Debug)]
pub struct Collector {
    pace: CollectorPace,
    /// Number of allocations since the last work.
    allocated: usize,
    /// Number of bytes of structures and arrays that are not in `allocated` yet.
    bytes: usize,
    /// Number of allocations after which work is due.
    due: usize,
    /// Number of pauses. During a pause, values may be where no frame map describes them.
    paused: usize,
    /// References that the host holds.
    pub(super) roots: HostRoots,
    /// Collection under way.
    pub(super) collection: Option<Collection>,
    /// Number of the last collection.
    pub(super) number: u32,
    /// Most work of a step, in bytes.
    #[cfg(test)]
    pub longest: usize,
}

impl Collector {
    /// Creates a collector without any references.
    pub fn new(pace: CollectorPace) -> Collector {
        Collector {
            pace,
            allocated: 0,
            bytes: 0,
            due: pace.least,
            paused: 0,
            roots: HostRoots::default(),
            collection: None,
            number: 0,
            #[cfg(test)]
            longest: 0,
        }
    }

    /// Copies the state for the fork of the store. References that the host owns become references
    /// that the fork holds as long as it lives, since their owners are not copied.
    pub(super) fn fork(&self) -> Result<Collector, LimitError> {
        Ok(Collector {
            roots: self.roots.fork()?,
            collection: match &self.collection {
                Some(collection) => Some(collection.fork()?),
                None => None,
            },
            ..*self
        })
    }

    /// Counts an allocation, or an object that must be traced again.
    #[inline]
    pub fn count(&mut self) {
        self.allocated += 1;
    }

    /// Counts the allocation of structures and arrays.
    pub fn count_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.allocated += self.bytes / BYTES_PER_ALLOCATION;
        self.bytes %= BYTES_PER_ALLOCATION;
    }

    /// Returns whether work is due before the next allocation.
    #[inline]
    pub fn is_due(&self) -> bool {
        (self.allocated >= self.due || self.pace.stress) && self.paused == 0
    }

    /// Prevents work until [`Collector::resume`] has been called as often.
    pub fn pause(&mut self) {
        self.paused += 1;
    }

    /// Ends a pause.
    pub fn resume(&mut self) {
        self.paused -= 1;
    }

    /// Returns the number of the last collection.
    #[cfg(test)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Returns the number of references that the host holds, without those with a token.
    pub fn held(&self) -> usize {
        self.roots.held()
    }

    /// Makes room for references that the host will hold.
    pub fn reserve(&mut self, additional: usize) {
        self.roots.reserve(additional);
    }

    /// Releases all references that the host holds but the first `held`.
    pub fn let_go(&mut self, held: usize) {
        self.roots.let_go(held);
        if let Some(collection) = &mut self.collection {
            let visited = collection.visited_held();
            *visited = held.min(*visited);
        }
    }
}

impl StoreInner {
    /// Holds a reference for the host until [`Collector::let_go`] releases it. `bits` are those of
    /// the value, which need not refer to what the collector owns.
    pub fn root(&mut self, bits: u32, reference: Option<Reference>) -> HostRoot {
        self.escape(reference);
        self.collector.roots.hold(bits, reference)
    }

    /// Holds a reference as [`StoreInner::root`] does, until the token that is returned and its
    /// clones are dropped.
    ///
    /// # Errors
    ///
    /// An error if there is no memory for another reference.
    pub fn root_until_dropped(
        &mut self,
        bits: u32,
        reference: Option<Reference>,
    ) -> Result<(HostRoot, Arc<()>), Error> {
        self.escape(reference);
        // Its place may be among those that the collection has visited.
        self.shade(reference);
        Ok(self.collector.roots.hold_until_dropped(bits, reference)?)
    }

    /// Returns the bits of a value that the host holds, or `None` if it has released it.
    pub fn rooted(&self, root: HostRoot) -> Option<u32> {
        self.collector.roots.get(root)
    }

    /// Holds a reference until [`Collector::let_go`] releases it.
    pub fn hold(&mut self, reference: Reference) {
        self.root(0, Some(reference));
    }

    /// Records that there may be references to an exception.
    fn escape(&mut self, reference: Option<Reference>) {
        if let Some(Reference::Exn(index)) = reference {
            self.exceptions.escape(index);
        }
    }

    /// Records that the host may have the bits of a reference as a number.
    pub fn see(&mut self, reference: Reference) {
        match reference {
            Reference::Exn(index) => self.exceptions.seen(index),
            Reference::Object(object) => self.objects.see(object),
            Reference::Extern(_) | Reference::Cont(_) => {}
        }
    }

    /// Returns whether a reference, whose bits the host has had as a number, refers to something
    /// that exists and is not about to be freed.
    pub fn is_live(&self, reference: Reference) -> bool {
        let marked_by = self
            .collector
            .collection
            .as_ref()
            .and_then(Collection::sweeps);
        match reference {
            Reference::Exn(index) => self.exceptions.is_live(index, marked_by),
            Reference::Object(object) => self.objects.is_live(object),
            Reference::Extern(index) => self.externs.is_live(index, marked_by),
            Reference::Cont(bits) => self.stacks.continuation(bits).is_some(),
        }
    }

    /// Does a part of a collection, or begins one, if work is due.
    pub fn collect_if_due(&mut self) {
        if self.collector.is_due() {
            self.collect_some();
        }
    }

    /// Does the part of a collection that is due. All activations must be in the host.
    pub fn collect_some(&mut self) {
        let interval = interval(self.collector.pace);
        // Steps that could not be done in time, because of a pause or a large object, are made up for,
        // but not all of them at once.
        let steps = match self.collector.collection {
            Some(_) => (self.collector.allocated / interval).clamp(1, MOST_STEPS),
            None => 1,
        };
        let work = self.collector.pace.step.saturating_mul(steps);
        if self.collector.collection.is_none() {
            self.begin_collection();
        }
        self.collector.allocated -= self.collector.allocated.min(steps * interval);
        self.collector.due = interval;
        if let Some(kept) = self.step(work) {
            self.collector.allocated = 0;
            self.collector.due = kept.max(self.collector.pace.least);
        }
    }

    /// Returns whether a collection is under way.
    #[cfg(test)]
    pub fn is_collecting(&self) -> bool {
        self.collector.collection.is_some()
    }

    /// Frees all unreachable objects. All activations must be in the host. During a pause, does
    /// nothing.
    pub fn collect(&mut self) {
        if self.collector.paused != 0 {
            return;
        }
        self.begin_collection();
        while self.collector.collection.is_some() {
            self.collector.allocated = 0;
            if let Some(kept) = self.step(usize::MAX) {
                self.collector.due = kept.max(self.collector.pace.least);
            }
        }
    }

    /// Begins a collection, which replaces the one under way.
    fn begin_collection(&mut self) {
        if let Some(mut replaced) = self.collector.collection.take() {
            replaced.give_up(self);
        }
        self.collector.number = self.collector.number.wrapping_add(1);
        self.collector.collection = Some(Collection::new(self.collector.number));
    }
}
