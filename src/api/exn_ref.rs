//! References to exceptions.

use super::extern_ref::{GcRef, Rooted};
use crate::heap::{ExnIndex, StoreId, StoreInner};

/// An exception of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExnRef {
    store: StoreId,
    index: ExnIndex,
}

impl GcRef for ExnRef {}

impl ExnRef {
    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<Rooted<ExnRef>> {
        let index = ExnIndex((bits as u32).checked_sub(1)?);
        Some(Rooted::new(ExnRef { store, index }))
    }

    pub(super) fn index(&self) -> ExnIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }
}
