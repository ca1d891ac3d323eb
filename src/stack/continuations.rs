//! Continuations of a store, and references to them.
//!
//! A reference to a continuation is its stack's number and, in the high half, a revision. Each use
//! of the continuation changes the revision, so that no reference is used twice.

use super::directory::StackState;
use super::stacks::Stacks;
use crate::ids::StackId;

impl Stacks {
    /// Returns the continuation that a reference names, if it can be resumed.
    pub fn continuation(&self, bits: u64) -> Option<StackId> {
        let id = StackId(bits as u32);
        let stack = self.stacks.get(id.0 as usize).map(|_| self.stack(id))?;
        let waits = matches!(stack.state, StackState::Fresh | StackState::Suspended);
        (waits && stack.reference == bits && stack.is_continuation()).then_some(id)
    }

    /// Returns whether a reference to a continuation was used, so that it is invalid.
    pub fn is_consumed(&self, bits: u64) -> bool {
        let stack = self.stacks.get(bits as u32 as usize);
        stack.is_none_or(|_| self.stack(StackId(bits as u32)).reference != bits)
    }

    /// Returns whether code runs on a stack, or will run when its execution is advanced: the stack
    /// does not wait for another one.
    pub fn is_innermost(&self, id: StackId) -> bool {
        let mut active = self.activations.iter();
        self.running() == id
            || active.any(|activation| activation.chain.first() == id)
            || self
                .in_use()
                .any(|(_, stack)| !stack.is_continuation() && stack.other_end() == id)
    }

    /// Returns the continuation that a reference names or has named, unless it has ended.
    pub fn continuation_named(&self, bits: u64) -> Option<StackId> {
        let (id, revision) = (StackId(bits as u32), (bits >> 32) as u32);
        let stack = self.stacks.get(id.0 as usize).map(|_| self.stack(id))?;
        let revisions = stack.first_revision..=stack.revision();
        let lives = stack.state != StackState::Free && revisions.contains(&revision);
        (lives && stack.is_continuation()).then_some(id)
    }

    /// Returns references to the continuations that have not ended, by ascending number.
    pub fn continuations(&self) -> impl Iterator<Item = u64> {
        self.in_use()
            .filter(|(_, stack)| stack.is_continuation())
            .map(|(_, stack)| stack.reference)
    }

    /// Returns the number of continuations that have not ended.
    pub fn continuation_count(&self) -> usize {
        // Suspended calls from the host are counted too. They are few.
        self.count() - self.activations.len().min(self.count())
    }

    /// Gives a continuation that can be resumed another number, as the revisions of the old one are
    /// used up. The old number is never reused. Returns `None` if there is no memory.
    pub fn renumber(&mut self, id: StackId) -> Option<StackId> {
        let new = self.add()?;
        let mut stack = self.retire(id);
        stack.reference = new.0.into();
        stack.first_revision = 0;
        if stack.other_end() == id {
            let bound = stack.bound();
            stack.set_other_end(new);
            stack.bind(bound);
        }
        *self.stack_mut(new) = stack;
        Some(new)
    }

    /// Releases a stack and all that wait for it, except the initial stack, which is returned.
    pub fn release_continuations(&mut self, first: StackId) -> StackId {
        let mut id = first;
        while let Some(parent) = self.stack(id).parent() {
            self.release(id);
            id = parent;
        }
        id
    }

    /// Releases a continuation that can be resumed, but not the stacks that were suspended with it.
    /// Returns the stack that waited for it, which can be resumed in its place.
    pub fn free_innermost(&mut self, id: StackId) -> Option<StackId> {
        let outermost = self.stack(id).other_end();
        let parent = self.stack(id).parent();
        self.release(id);
        let parent = parent?;
        let stack = self.stack_mut(parent);
        stack.state = StackState::Suspended;
        stack.set_other_end(outermost);
        Some(parent)
    }
}
