//! References to continuations.

use super::backtrace::WasmBacktrace;
use super::context::AsContext;
use super::func::Func;
use crate::execute::continuation_fits;
use crate::heap::StoreInner;
use crate::ids::{StackId, StoreId};
use crate::module::{CompositeType, HeapType};
use crate::stack::StackState;
use core::num::NonZeroU64;
use thiserror::Error as ThisError;

/// A reference to a continuation: which one, and how often it has been resumed. It can be
/// resumed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContRef {
    store: StoreId,
    bits: NonZeroU64,
}

/// What a continuation is doing.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContState {
    /// It has not been resumed yet.
    Fresh,
    /// Its code runs, or waits for the host function that it has called.
    Running,
    /// It waits for another continuation that it has resumed.
    Parent,
    /// It waits to be resumed.
    Suspended,
    /// Its function has returned, or an exception, a trap or an error has ended it.
    Ended,
}

/// Why there is nothing to see of a continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("the continuation is not suspended: {0:?}")]
pub struct NotSuspended(ContState);

impl ContRef {
    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<ContRef> {
        let bits = NonZeroU64::new(bits)?;
        Some(ContRef { store, bits })
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

    /// Whether it can be used where continuations of a type are wanted: it takes and gives
    /// what those do. With one that has been used already, nothing can go wrong.
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

    /// What the continuation is doing now, whether or not this reference can still be used.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
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

    /// Whether it can be resumed with this reference.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn can_be_resumed(&self, store: impl AsContext) -> bool {
        let store = store.as_context().0;
        self.stack(store).is_some() && store.stacks.continuation(self.bits()).is_some()
    }

    /// The function that it continues; none once it has ended.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn func(&self, store: impl AsContext) -> Option<Func> {
        let store = store.as_context().0;
        let id = self.stack(store)?;
        Some(Func::of(store.id(), store.stacks.stack(id).function))
    }

    /// The continuation that waits for it; none if it waits for none itself, or a call from
    /// the host does.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn parent(&self, store: impl AsContext) -> Option<ContRef> {
        let store = store.as_context().0;
        let parent = store.stacks.stack(self.stack(store)?).parent()?;
        let parent = store.stacks.stack(parent);
        let bits = parent.is_continuation().then_some(parent.reference)?;
        ContRef::from_bits(bits, store.id())
    }

    /// Where it stands while it is suspended, with those that were suspended with it, the
    /// youngest frame first. A fresh one has no frames, and [`ContRef::func`] says what it
    /// will run.
    ///
    /// # Errors
    ///
    /// If it is neither suspended nor fresh.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn backtrace(&self, store: impl AsContext) -> Result<WasmBacktrace, NotSuspended> {
        let store = store.as_context().0;
        match (self.stack(store), self.state_in(store)) {
            (Some(id), ContState::Fresh | ContState::Suspended) => {
                Ok(WasmBacktrace::of_suspended(store, id))
            }
            (_, state) => Err(NotSuspended(state)),
        }
    }

    /// The continuations of a store that have not ended.
    pub(super) fn all(store: &StoreInner) -> impl Iterator<Item = ContRef> {
        let id = store.id();
        store
            .stacks
            .continuations()
            .filter_map(move |bits| ContRef::from_bits(bits, id))
    }
}
