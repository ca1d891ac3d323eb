//! References to continuations.

use crate::heap::{StoreId, StoreInner};
use core::num::NonZeroU64;

/// A reference to a continuation: which one, and how often it has been resumed. It is of
/// use once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContRef {
    store: StoreId,
    bits: NonZeroU64,
}

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
}
