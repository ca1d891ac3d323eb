//! Functions as values.

use super::instance::InstanceCore;
use super::store::StoreInner;
use crate::code::Entry;
use crate::ids::{FuncIndex, InstanceIndex, TypeId};
use crate::support::error::Error;
use core::marker::PhantomData;
use core::{ptr, slice};

/// A reference to a function in a slot, table or global: the function's index in its store plus
/// one, or zero for null (H4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct FuncRef(pub u32);

impl FuncRef {
    /// The null reference.
    pub const NULL: FuncRef = FuncRef(0);

    /// Returns the reference to a function.
    pub fn new(func: FuncIndex) -> FuncRef {
        FuncRef(func.0 + 1)
    }

    /// Returns the function, or `None` for null.
    pub fn get(self) -> Option<FuncIndex> {
        self.0.checked_sub(1).map(FuncIndex)
    }
}

/// A function of a store, in the layout that handlers read.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FuncObject {
    /// Entry in which its code is published; null for a host function.
    pub entry: *const Entry,
    /// Instance that it runs in; null for a host function.
    pub instance: *mut InstanceCore,
    /// Type of the function.
    pub ty: TypeId,
    /// Index of the function in its module, or among the store's host functions.
    pub index: u32,
    /// Number of slots that its arguments take.
    pub param_slots: u16,
    /// Number of slots that its results take.
    pub result_slots: u16,
}

impl FuncObject {
    /// Returns whether it is a host function.
    pub fn is_host(&self) -> bool {
        ptr::eq(self.entry, ptr::null())
    }
}

/// A host function.
pub trait HostFunc: Send + Sync {
    /// Runs the function. The arguments are in the call's slots, and the results must be written
    /// there.
    ///
    /// # Errors
    ///
    /// An error ends the execution, as a trap does, unless it requests a suspension or is an
    /// exception.
    fn call(&self, call: HostCall<'_>) -> Result<(), Error>;
}

/// A call of a host function.
#[derive(Debug)]
pub struct HostCall<'a> {
    /// Store in which the function is called.
    pub store: &'a mut StoreInner,
    /// Instance of the caller, unless that is the host.
    pub caller: Option<InstanceIndex>,
    slots: *mut u64,
    len: usize,
    lifetime: PhantomData<&'a mut [u64]>,
}

impl<'a> HostCall<'a> {
    /// Creates a call with `len` slots, which is the larger of the numbers that arguments and
    /// results take.
    ///
    /// # Safety
    ///
    /// `slots` is valid for reads and writes of `len` slots for `'a`, and nothing else accesses
    /// them in that time. (Stacks do not move during a host call: a host function that calls
    /// WebAssembly does so on another stack.)
    pub unsafe fn new(
        store: &'a mut StoreInner,
        caller: Option<InstanceIndex>,
        slots: *mut u64,
        len: usize,
    ) -> HostCall<'a> {
        HostCall {
            store,
            caller,
            slots,
            len,
            lifetime: PhantomData,
        }
    }

    /// Returns all slots of the call. The arguments are in the first of them.
    #[inline]
    pub fn slots(&self) -> &[u64] {
        // SAFETY: the slots are valid, and nothing else writes them, as `new` was promised.
        unsafe { slice::from_raw_parts(self.slots, self.len) }
    }

    /// Returns the store, and all slots of the call. The arguments are in the first of them.
    #[inline]
    pub fn arguments(&mut self) -> (&mut StoreInner, &[u64]) {
        // SAFETY: the slots are valid, and nothing else writes them, as `new` was promised.
        let slots = unsafe { slice::from_raw_parts(self.slots, self.len) };
        (self.store, slots)
    }

    /// Returns the store, and all slots of the call for writing the results.
    #[inline]
    pub fn results(&mut self) -> (&StoreInner, &mut [u64]) {
        // SAFETY: the slots are valid, and nothing else accesses them, as `new` was promised.
        let slots = unsafe { slice::from_raw_parts_mut(self.slots, self.len) };
        (self.store, slots)
    }
}
