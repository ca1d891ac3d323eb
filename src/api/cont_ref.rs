//! References to continuations.

use super::backtrace::WasmBacktrace;
use super::context::AsContext;
use super::func::Func;
use crate::execute::continuation_fits;
use crate::heap::{Reference, StoreInner};
use crate::ids::{StackId, StoreId};
use crate::module::{CompositeType, HeapType};
use crate::stack::StackState;
use core::num::NonZeroU64;
use thiserror::Error as ThisError;

/// A reference to a continuation, with the revision at which it was made.
///
/// It can be used to resume the continuation once; each use invalidates all references of the same
/// revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContRef {
    store: StoreId,
    bits: NonZeroU64,
}

/// State of a continuation.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContState {
    /// The continuation has not been resumed yet.
    Fresh,
    /// Its code runs, or a host function that it called runs.
    Running,
    /// It has resumed another continuation, and waits until that one suspends or ends.
    Parent,
    /// It is suspended, and can be resumed.
    Suspended,
    /// Its function has returned, or an exception, a trap or an error has ended it.
    Ended,
}

/// The error of [`ContRef::backtrace`] for a continuation that is running, waiting or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("the continuation is not suspended: {0:?}")]
pub struct NotSuspended(ContState);

impl ContRef {
    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<ContRef> {
        let bits = NonZeroU64::new(bits)?;
        Some(ContRef { store, bits })
    }

    /// Returns the reference in a slot. The current scope holds the continuation.
    pub(super) fn held(bits: u64, store: &mut StoreInner) -> Option<ContRef> {
        let reference = ContRef::from_bits(bits, store.id())?;
        store.hold(Reference::Cont(bits));
        Some(reference)
    }

    pub(super) fn bits(&self) -> u64 {
        self.bits.get()
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    #[track_caller]
    fn stack(&self, store: &StoreInner) -> Option<StackId> {
        assert!(self.belongs_to(store), "object used with the wrong store");
        store.stacks.continuation_named(self.bits())
    }

    /// Returns whether this is a valid value of reference type `heap`: the continuation takes and
    /// returns what that type requires.
    ///
    /// A reference that has already been used is valid for every continuation type, because each
    /// attempt to resume it traps.
    pub(super) fn fits(&self, store: &StoreInner, heap: HeapType) -> bool {
        let HeapType::ConcreteCont(ty) = heap else {
            return false;
        };
        let types = &store.engine().types;
        let CompositeType::Cont(function) = types.get(ty).composite else {
            return false;
        };
        match store.stacks.continuation(self.bits()) {
            Some(id) => continuation_fits(store, id, &types.func(function)),
            None => store.stacks.is_consumed(self.bits()),
        }
    }

    /// Returns the state of the continuation, even if this reference has been used already.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this continuation.
    pub fn state(&self, store: impl AsContext) -> ContState {
        self.state_in(store.as_context().0)
    }

    fn state_in(&self, store: &StoreInner) -> ContState {
        let Some(id) = self.stack(store) else {
            return ContState::Ended;
        };
        match store.stacks.stack(id).state {
            StackState::Fresh => ContState::Fresh,
            StackState::Suspended => ContState::Suspended,
            StackState::Running if store.stacks.is_innermost(id) => ContState::Running,
            StackState::Running => ContState::Parent,
            StackState::Returned | StackState::Trapped | StackState::Free => ContState::Ended,
        }
    }

    /// Returns whether the continuation can be resumed with this reference.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this continuation.
    pub fn can_be_resumed(&self, store: impl AsContext) -> bool {
        let store = store.as_context().0;
        self.stack(store).is_some() && store.stacks.continuation(self.bits()).is_some()
    }

    /// Returns the function that the continuation runs, or `None` once it has ended.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this continuation.
    pub fn func(&self, store: impl AsContext) -> Option<Func> {
        let store = store.as_context().0;
        let id = self.stack(store)?;
        Some(Func::of(store.id(), store.stacks.stack(id).function))
    }

    /// Returns the continuation that resumed this one.
    ///
    /// Returns `None` if none did, because this one is not running or was resumed on the stack of a
    /// call from the host.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this continuation.
    pub fn parent(&self, store: impl AsContext) -> Option<ContRef> {
        let store = store.as_context().0;
        let parent = store.stacks.stack(self.stack(store)?).parent()?;
        let parent = store.stacks.stack(parent);
        let bits = parent.is_continuation().then_some(parent.reference)?;
        ContRef::from_bits(bits, store.id())
    }

    /// Captures the frames of the suspended continuation and of those that were suspended with it,
    /// youngest first.
    ///
    /// A continuation that has not been resumed yet has no frames; [`ContRef::func`] returns the
    /// function that it will run.
    ///
    /// # Errors
    ///
    /// Returns [`NotSuspended`] if the continuation is neither suspended nor fresh.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this continuation.
    pub fn backtrace(&self, store: impl AsContext) -> Result<WasmBacktrace, NotSuspended> {
        let store = store.as_context().0;
        match (self.stack(store), self.state_in(store)) {
            (Some(id), ContState::Fresh | ContState::Suspended) => {
                Ok(WasmBacktrace::of_suspended(store, id))
            }
            (_, state) => Err(NotSuspended(state)),
        }
    }

    /// Returns the continuations of a store that have not ended.
    pub(super) fn all(store: &StoreInner) -> impl Iterator<Item = ContRef> {
        let id = store.id();
        store
            .stacks
            .continuations()
            .filter_map(move |bits| ContRef::from_bits(bits, id))
    }
}
