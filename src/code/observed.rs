//! Accesses to shared memories that are announced before they are performed.

use core::fmt;

/// The kind of an access to a shared memory.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessKind {
    /// A load that is not atomic, or the reading half of `memory.copy`.
    Load,
    /// A store that is not atomic: also `memory.fill`, `memory.init` and the writing half of
    /// `memory.copy`.
    Store,
    /// An atomic load.
    AtomicLoad,
    /// An atomic store.
    AtomicStore,
    /// An atomic operation that reads and writes: a read-modify-write, or a compare-exchange.
    AtomicUpdate,
    /// The comparison with which `memory.atomic.wait32` or `memory.atomic.wait64` begins.
    Wait,
    /// `memory.atomic.notify`. It accesses no bytes.
    Notify,
}

impl AccessKind {
    /// All kinds, in the order of their encodings.
    const ALL: [AccessKind; 7] = [
        AccessKind::Load,
        AccessKind::Store,
        AccessKind::AtomicLoad,
        AccessKind::AtomicStore,
        AccessKind::AtomicUpdate,
        AccessKind::Wait,
        AccessKind::Notify,
    ];

    /// Returns whether the access is atomic.
    pub const fn is_atomic(self) -> bool {
        !matches!(self, AccessKind::Load | AccessKind::Store)
    }

    /// Returns whether the access writes. A compare-exchange counts as one that does.
    pub const fn writes(self) -> bool {
        matches!(
            self,
            AccessKind::Store | AccessKind::AtomicStore | AccessKind::AtomicUpdate
        )
    }

    /// Returns the number that cells contain.
    pub(super) const fn encode(self) -> u32 {
        self as u32
    }

    /// Returns the kind whose number this is.
    pub(super) fn decode(bits: u32) -> AccessKind {
        AccessKind::ALL[bits as usize % AccessKind::ALL.len()]
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AccessKind::Load => "load",
            AccessKind::Store => "store",
            AccessKind::AtomicLoad => "atomic load",
            AccessKind::AtomicStore => "atomic store",
            AccessKind::AtomicUpdate => "atomic read-modify-write",
            AccessKind::Wait => "wait",
            AccessKind::Notify => "notify",
        })
    }
}
