//! Throwing: finding what catches an exception, and going on there.
//!
//! The frames stand while that is looked for, on all stacks: where nothing catches the
//! exception, they show where it was thrown.

use super::driver::Linked;
use crate::code::PublishedBlocks;
use crate::heap::ThrownException;
use crate::heap::{Failure, InstanceCore, StoreInner};
use crate::ids::{ExnIndex, InstanceIndex, StackId, TagIndex};
use crate::stack::RawFrames;

/// Where an exception is caught.
#[derive(Clone, Copy, Debug)]
struct Landing {
    /// The stack.
    stack: StackId,
    /// The frame there, in slots from the stack's base.
    fp: usize,
    /// Where to go on.
    ip: *const u64,
    /// The frame's instance.
    instance: *mut InstanceCore,
    /// Where the payload goes, in slots from the frame.
    payload: i32,
    /// Whether there is a payload: a clause for all exceptions gets none.
    with_fields: bool,
    /// Whether a reference to the exception goes behind it.
    with_ref: bool,
}

impl Linked<'_> {
    /// Goes on where an exception is caught that the cell at `ip` throws, or the one before
    /// it, if `ip` is where a call returns to.
    pub(super) fn throw(&mut self, exception: ExnIndex, is_return: bool) -> Result<(), Failure> {
        self.leave(is_return);
        let landing = self.find_landing(exception);
        self.land(exception, landing.ok_or(Failure::Exception(exception))?);
        Ok(())
    }

    /// The same, where a host function has thrown: if that is what its failure says. Where
    /// nothing catches it, the host's own error is the better one.
    pub(super) fn throw_on(&mut self, failure: Failure) -> Result<(), Failure> {
        let thrown = match &failure {
            Failure::Host(error) if error.is::<ThrownException>() => self.store.pending_exception,
            _ => None,
        };
        let landing = thrown.and_then(|exception| self.find_landing(exception));
        let (Some(exception), Some(landing)) = (thrown, landing) else {
            return Err(failure);
        };
        self.store.pending_exception = None;
        self.land(exception, landing);
        Ok(())
    }

    fn find_landing(&self, exception: ExnIndex) -> Option<Landing> {
        let tag = self.store.exceptions.get(exception)?.tag;
        let stacks = &self.store.stacks;
        let parent = |&id: &StackId| stacks.stack(id).parent();
        core::iter::successors(Some(self.running()), parent)
            .find_map(|stack| find_on(self.store, stack, tag))
    }

    /// Sets the registers to where an exception is caught, and gives it what it wants. The
    /// continuations that it has left end.
    fn land(&mut self, exception: ExnIndex, landing: Landing) {
        let mut id = self.running();
        while id != landing.stack
            && let Some(parent) = self.store.stacks.stack(id).parent()
        {
            self.store.stacks.release(id);
            id = parent;
        }
        self.store.stacks.set_running(landing.stack);
        let stack = self.store.stacks.stack_mut(landing.stack);
        stack.exit.is_return = true;
        let (base, limit) = (stack.base, stack.limit);
        let fields = match self.store.exceptions.get(exception) {
            Some(caught) if landing.with_fields => &caught.fields[..],
            _ => &[],
        };
        // SAFETY: S1: the frame has a slot for each value that its label wants; X1, X2: the
        // landing is a cell of the frame's code.
        unsafe {
            let fp = base.add(landing.fp);
            let payload = fp.offset(landing.payload as isize);
            payload.copy_from_nonoverlapping(fields.as_ptr(), fields.len());
            if landing.with_ref {
                *payload.add(fields.len()) = u64::from(exception.0) + 1;
            }
            (*self.ctx).stack_limit = limit;
            (*self.ctx).ip = landing.ip;
            (*self.ctx).fp = fp;
            (*self.ctx).set_instance(landing.instance);
        }
        self.activation().exited = false;
        if landing.with_ref {
            self.store.exceptions.escape(exception);
            self.store.collector.count();
        } else {
            self.store.exceptions.caught(exception);
        }
    }
}

/// The youngest frame of a stack that catches exceptions of a tag, from where it has left.
fn find_on(store: &StoreInner, id: StackId, tag: TagIndex) -> Option<Landing> {
    let stack = store.stacks.stack(id);
    // Frames of one instance stand together: its code is locked once for all of them.
    let mut code: Option<(InstanceIndex, PublishedBlocks<'_>)> = None;
    for frame in RawFrames::new(stack, stack.exit) {
        let instance = store.instance(frame.instance);
        let blocks = match code {
            Some((of, ref blocks)) if of == frame.instance => blocks,
            _ => {
                // One lock is given back before another is taken.
                drop(code.take());
                let blocks = instance.module().code.published_blocks();
                &code.insert((frame.instance, blocks)).1
            }
        };
        let Some((block, offset)) = blocks.find(frame.address()) else {
            continue;
        };
        let tags = &instance.parts().tags;
        let catches = |wanted: Option<u32>| wanted.is_none_or(|index| tags[index as usize] == tag);
        let mut clauses = block.catches().clauses_at(offset);
        if let Some(clause) = clauses.find(|clause| catches(clause.tag)) {
            return Some(Landing {
                stack: id,
                fp: frame.fp as usize,
                ip: block.cell(clause.target),
                instance: instance.core(),
                payload: clause.slot,
                with_fields: clause.tag.is_some(),
                with_ref: clause.with_ref,
            });
        }
    }
    None
}
