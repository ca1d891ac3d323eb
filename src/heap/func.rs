//! Functions as values.

use super::instance::InstanceCore;
use super::store::StoreInner;
use crate::code::Entry;
use crate::ids::{FuncIndex, InstanceIndex, TypeId};
use crate::support::error::Error;
use core::marker::PhantomData;
use core::{ptr, slice};

/// A reference to a function, as it lies in slots, tables and globals: the function's
/// index in its store plus one, or zero for null (H4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct FuncRef(pub u32);

impl FuncRef {
    /// The null reference.
    pub const NULL: FuncRef = FuncRef(0);

    /// A reference to a function.
    pub fn new(func: FuncIndex) -> FuncRef {
        FuncRef(func.0 + 1)
    }

    /// The function referred to.
    pub fn get(self) -> Option<FuncIndex> {
        self.0.checked_sub(1).map(FuncIndex)
    }
}

/// A function of a store, as handlers see it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FuncObject {
    /// Where its translated code is published; null for a function of the host.
    pub entry: *const Entry,
    /// The instance that it runs in; null for a function of the host.
    pub instance: *mut InstanceCore,
    /// Its type.
    pub ty: TypeId,
    /// Its index in its module, or among the store's host functions.
    pub index: u32,
    /// Number of slots that its arguments take.
    pub param_slots: u16,
    /// Number of slots that its results take.
    pub result_slots: u16,
    /// Whether some of these can be references to what is collected.
    pub traced: bool,
}

impl FuncObject {
    /// Whether the host runs it.
    pub fn is_host(&self) -> bool {
        ptr::eq(self.entry, ptr::null())
    }
}

/// A function of the host's.
pub trait HostFunc: Send + Sync {
    /// Runs it: the arguments stand in the call's slots, and the results are to be left
    /// there. An error unwinds the execution, as a trap does.
    fn call(&self, call: HostCall<'_>) -> Result<(), Error>;
}

/// One call of a host function.
#[derive(Debug)]
pub struct HostCall<'a> {
    /// The store in which the call happens.
    pub store: &'a mut StoreInner,
    /// The instance that called, if WebAssembly did.
    pub caller: Option<InstanceIndex>,
    slots: *mut u64,
    len: usize,
    lifetime: PhantomData<&'a mut [u64]>,
}

impl<'a> HostCall<'a> {
    /// A call whose arguments stand in `len` slots, which is the larger of the number of
    /// parameters and of results.
    ///
    /// # Safety
    ///
    /// `slots` is valid for reads and writes of `len` slots for `'a`, and nothing else
    /// reads or writes them meanwhile. (Stacks do not move during a host call: a host
    /// function that calls back runs on a stack of its own.)
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

    /// Returns all slots of the call, which begin with its arguments.
    pub fn slots(&self) -> &[u64] {
        // SAFETY: the slots are valid, and nothing else writes them, as `new` was promised.
        unsafe { slice::from_raw_parts(self.slots, self.len) }
    }

    /// The bits of the first `N` slots.
    ///
    /// # Panics
    ///
    /// If the function's type has fewer parameters and results.
    #[inline]
    pub fn take<const N: usize>(&self) -> [u64; N] {
        assert!(N <= self.len, "no {N} arguments");
        // SAFETY: within the slots, which are valid as `new` was promised, and `u64`s are
        // laid out as an array of them is.
        unsafe { self.slots.cast::<[u64; N]>().read() }
    }

    /// Changes the bits of the first `N` slots.
    ///
    /// # Panics
    ///
    /// If the function's type has fewer parameters and results.
    #[inline]
    pub fn put<const N: usize>(&mut self, bits: [u64; N]) {
        assert!(N <= self.len, "no {N} results");
        // SAFETY: within the slots, which are valid as `new` was promised, and `u64`s are
        // laid out as an array of them is.
        unsafe { self.slots.cast::<[u64; N]>().write(bits) }
    }

    /// Changes the bits of the first slots.
    ///
    /// # Panics
    ///
    /// If the function's parameters and results take fewer slots.
    pub fn set(&mut self, slots: &[u64]) {
        assert!(slots.len() <= self.len, "no {} result slots", slots.len());
        // SAFETY: within the slots, which are valid as `new` was promised.
        unsafe {
            self.slots
                .copy_from_nonoverlapping(slots.as_ptr(), slots.len())
        }
    }
}
