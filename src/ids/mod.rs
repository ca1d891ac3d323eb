//! Identifiers of the things that an engine or a store owns.
//!
//! Flows in: nothing. Flows out: small numbers that every other folder can hold, pass on
//! and compare without naming the folder that owns the thing. Must never be: a pointer, or
//! access to the thing itself.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);
    )*};
}

identifiers! {
    /// Index of a function of a store.
    FuncIndex,
    /// Index of a memory of a store.
    MemoryIndex,
    /// Index of a table of a store.
    TableIndex,
    /// Index of a global of a store.
    GlobalIndex,
    /// Index of a tag of a store.
    TagIndex,
    /// Index of an instance of a store.
    InstanceIndex,
    /// Number of a host value that guests may refer to. Never reused.
    ExternIndex,
    /// Reference to a structure or an array of a store: its address in the store's heap of objects.
    /// Reused once the object is freed.
    ObjectRef,
    /// Number of an exception of a store. Reused only if the host has never had it as a number.
    ExnIndex,
    /// Number of a stack of a store, its index in the stack directory. Reused once the stack
    /// is free.
    StackId,
    /// Identity of a type that modules define, within one engine. Never reused.
    TypeId,
}

impl StackId {
    /// The number of no stack: the directory's first entry is never used.
    pub const NONE: StackId = StackId(0);

    /// Returns the number unless it is [`StackId::NONE`].
    pub fn get(self) -> Option<StackId> {
        (self != StackId::NONE).then_some(self)
    }
}

/// Identity of a store, unique within the process. It is not zero, so that an absent reference takes
/// no more space than a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(NonZeroUsize);

impl StoreId {
    /// Returns an identity that no other store has.
    pub fn next() -> StoreId {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let number = NonZeroUsize::new(NEXT.fetch_add(1, Ordering::Relaxed));
        StoreId(number.expect("a process has fewer stores than there are numbers"))
    }
}

impl TypeId {
    /// The identity of no type.
    pub const NONE: TypeId = TypeId(u32::MAX);
}
