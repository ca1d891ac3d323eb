//! References between a store's objects, and the set of objects that are reachable at one
//! moment.
//!
//! Roots are the tables and globals of all instances, the stacks that run or can be advanced,
//! and the references that the host holds. The references in a frame are exact, from its frame
//! map.

use super::collector::{Reference, TracedFrames};
use super::frame_roots::KeptFrameRoots;
use super::store::StoreInner;
use crate::ids::{ExnIndex, ObjectRef, StackId};
use crate::module::{HeapType, ValBits, ValType, read_values};
use crate::stack::{BOUNDARY_SLOTS, ExitPoint, StackState};
use crate::support::bits::Bits;
use crate::support::error::Error;
use alloc::vec::Vec;
use core::iter;
use core::ops::Range;

/// Marks of the reached objects that can refer to others.
#[derive(Debug, Default)]
struct Marks {
    exceptions: Bits,
    stacks: Bits,
    /// Structures and arrays, by their addresses in units of 8 bytes.
    objects: Bits,
    /// Reached objects that have not been visited.
    pending: Vec<Reference>,
    /// True if there was no memory for a mark.
    failed: bool,
}

impl Marks {
    fn mark(&mut self, reference: Reference) {
        let marked = match reference {
            Reference::Extern(_) => Some(false),
            Reference::Exn(index) => self.exceptions.insert(index.0),
            Reference::Cont(bits) => self.stacks.insert(bits as u32),
            Reference::Object(ObjectRef(address)) => self.objects.insert(address / 8),
        };
        match marked {
            Some(true) if self.pending.try_reserve(1).is_ok() => self.pending.push(reference),
            Some(false) => {}
            Some(true) | None => self.failed = true,
        }
    }
}

impl StoreInner {
    /// Returns the values that a stack was given and has not taken yet, with their types: the
    /// arguments of a call that has not begun, or the values bound to a continuation.
    pub fn given(&self, id: StackId) -> impl Iterator<Item = (ValType, ValBits)> + '_ {
        let stack = self.stacks.stack(id);
        let bound = stack.bound() as usize;
        let (ty, first, slots) = match stack.state {
            StackState::Fresh => {
                let ty = self.engine().types.func(self.func(stack.function).ty);
                let slots = if stack.is_continuation() {
                    bound
                } else {
                    ty.param_slots()
                };
                (Some(ty), BOUNDARY_SLOTS, slots)
            }
            _ if bound != 0 => {
                let ty = self.engine().types.func(stack.bound_type);
                (Some(ty), stack.delivery_slot() - bound, bound)
            }
            _ => (None, 0, 0),
        };
        let (mut index, mut at, end) = (0, first, first + slots);
        iter::from_fn(move || {
            let ty = *ty.as_ref()?.params.get(index)?;
            let next = at + ty.slots();
            if next > end {
                return None;
            }
            let high = if ty.slots() > 1 {
                stack.slot(at + 1)?
            } else {
                0
            };
            let bits = [stack.slot(at)?, high];
            (index, at) = (index + 1, next);
            Some((ty, bits))
        })
    }

    /// Visits the references on a stack that does not run: the values that it was given, and those in
    /// `most` frames, or only those in `most` frames from a position on.
    pub(super) fn visit_stack(
        &self,
        id: StackId,
        from: Option<ExitPoint>,
        most: usize,
        kept: &mut KeptFrameRoots,
        visit: &mut dyn FnMut(HeapType, u64),
    ) -> Result<TracedFrames, Error> {
        if from.is_none() {
            for (ty, [bits, _]) in self.given(id) {
                if let ValType::Ref(ty) = ty {
                    visit(ty.heap, bits);
                }
            }
        }
        if self.stacks.stack(id).state == StackState::Fresh {
            let (frames, next) = (0, None);
            return Ok(TracedFrames { frames, next });
        }
        (self.trace_stack)(self, id, from, most, kept, visit)
    }

    fn visit_chain(&self, first: StackId, visit: &mut dyn FnMut(Reference)) -> Result<(), Error> {
        let mut kept = KeptFrameRoots::default();
        for id in self.stacks.stacks_from(first) {
            let visit =
                &mut |heap, bits| Reference::new(heap, bits).into_iter().for_each(&mut *visit);
            self.visit_stack(id, None, usize::MAX, &mut kept, visit)?;
        }
        Ok(())
    }

    /// Visits the references in the payload of an exception.
    pub fn visit_exception(&self, index: ExnIndex, visit: &mut dyn FnMut(Reference)) {
        let Some(exception) = self.exceptions.get(index) else {
            return;
        };
        let ty = self.engine().types.func(self.tag(exception.tag).ty());
        read_values(&ty.params, &exception.fields)
            .filter_map(|(ty, bits)| Reference::of_value(ty, bits))
            .for_each(visit);
    }

    /// Visits the references in globals, and in element segments whose expressions create objects.
    pub(super) fn visit_globals(&self, visit: &mut dyn FnMut(Reference)) {
        self.globals()
            .iter()
            .filter_map(|global| Reference::of_value(global.ty().value, global.get()))
            .for_each(&mut *visit);
        for instance in self.instances() {
            let segments = instance.module().elements.iter().enumerate();
            for (index, segment) in segments {
                let elements = instance.elements(index as u32).unwrap_or_default();
                elements
                    .iter()
                    .filter_map(|&bits| Reference::new(segment.ty.heap, bits))
                    .for_each(&mut *visit);
            }
        }
    }

    /// Visits the references in elements of a table.
    pub(super) fn visit_elements(
        &self,
        table: usize,
        range: Range<usize>,
        visit: &mut dyn FnMut(Reference),
    ) {
        let table = &self.tables()[table];
        let heap = table.ty().element.heap;
        // Functions are not collected.
        if heap.top() != HeapType::Func {
            range
                .filter_map(|index| Reference::new(heap, table.get(index)?))
                .for_each(visit);
        }
    }

    /// Returns whether a stack is that of an execution that the embedder can advance. It is a
    /// root, although no activation contains it.
    pub(super) fn waits_for_host(&self, id: StackId) -> bool {
        let stack = self.stacks.stack(id);
        matches!(stack.state, StackState::Fresh | StackState::Suspended) && stack.is_held()
    }

    /// Visits the references that the host holds.
    pub fn visit_held(&self, visit: &mut dyn FnMut(Reference)) {
        for reference in self.collector.roots.all() {
            visit(reference);
        }
        self.pending_exception.map(Reference::Exn).map(visit);
    }

    fn visit_roots(&self, visit: &mut dyn FnMut(Reference)) -> Result<(), Error> {
        self.visit_held(visit);
        self.visit_globals(visit);
        for (index, table) in self.tables().iter().enumerate() {
            self.visit_elements(index, 0..table.len(), visit);
        }
        for activation in &self.stacks.activations {
            if activation.exited {
                self.visit_chain(activation.chain.first(), visit)?;
            }
        }
        for (id, stack) in self.stacks.in_use() {
            if self.waits_for_host(id) {
                self.visit_chain(stack.innermost(), visit)?;
            }
        }
        Ok(())
    }

    /// Marks the object that a reference names, unless it is a continuation that was resumed
    /// through another reference.
    fn reach(&self, marks: &mut Marks, reference: Reference) {
        match reference {
            Reference::Cont(bits) if self.stacks.continuation(bits).is_none() => {}
            reference => marks.mark(reference),
        }
    }

    /// Marks all reachable objects but host values.
    fn mark_all(&self, marks: &mut Marks) -> Result<(), Error> {
        self.visit_roots(&mut |reference| self.reach(marks, reference))?;
        while let Some(reference) = marks.pending.pop() {
            match reference {
                Reference::Extern(_) => {}
                Reference::Exn(index) => {
                    self.visit_exception(index, &mut |reference| self.reach(marks, reference));
                }
                Reference::Object(object) => {
                    self.objects
                        .references(object, &mut |reference| self.reach(marks, reference));
                }
                Reference::Cont(bits) => {
                    if let Some(stack) = self.stacks.continuation(bits) {
                        self.visit_chain(stack, &mut |reference| self.reach(marks, reference))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the continuations that are reachable or run, by ascending number, or `None` if
    /// a frame has no map or there is no memory for the marks.
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
}
