//! Frame records: the one layout that everybody who reads a stack relies on.
//!
//! ```text
//!   slot fp + 0   return ip: where the caller goes on
//!   slot fp + 1   link: distance to the caller's record, in bytes; its lowest bit says
//!                 that this record is a boundary's
//! ```
//!
//! A boundary (a call from the host, a call into another instance) has three more words:
//!
//! ```text
//!   slot fp + 2   kind
//!   slot fp + 3   the instance that runs below it, as a pointer; none below the host's;
//!                 at the bottom of a continuation: the stack that waits for it, and in
//!                 the high half the record of the frame that resumed it, in slots from
//!                 that stack's base; zero while no stack does
//!   slot fp + 4   the number of result slots
//! ```
//!
//! and the arguments of the function called follow it. Whoever knows this, and where
//! `fp` is, can walk a stack without any other table.

use crate::heap::InstanceCore;
use crate::ids::StackId;

/// Slots of a frame's record.
pub const RECORD_SLOTS: usize = 2;
/// Slots of a boundary.
pub const BOUNDARY_SLOTS: usize = 5;
/// The slot of a record that has the return ip.
pub(super) const RETURN_IP: usize = 0;
/// The slot of a record that has the link.
pub(super) const LINK: usize = 1;
/// The slot of a boundary that has its kind.
pub(super) const KIND: usize = 2;
/// The slot of a boundary that has the instance below it, or who waits for the stack.
pub(super) const BELOW: usize = 3;
/// The slot of a boundary that has the number of result slots.
const RESULTS: usize = 4;
/// In a link: the record is a boundary's.
pub const BOUNDARY_TAG: u64 = 1;
/// Slots that every call may use beyond its stack's limit: for the record of a callee
/// that is translated only then, and for the boundary before it.
pub const RED_ZONE_SLOTS: usize = 16;

/// What a boundary stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BoundaryKind {
    /// A call from the host: the stack ends here.
    Host = 0,
    /// A call into another instance.
    Instance = 1,
    /// The bottom of a continuation: the stack ends here, and the frames of the stack that
    /// has resumed it follow.
    Continuation = 2,
}

/// A frame's record on a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record(pub *mut u64);

impl Record {
    /// Where the caller goes on.
    ///
    /// # Safety
    ///
    /// Here and below: `self` is the address of a record (of a boundary, where the method
    /// speaks of one) on a live stack.
    #[inline(always)]
    pub unsafe fn return_ip(self) -> *const u64 {
        // SAFETY: the slot was written as a pointer (S2).
        unsafe { *self.0.cast::<*const u64>() }
    }

    /// The link, tag included.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn link(self) -> u64 {
        // SAFETY: within the record.
        unsafe { *self.0.add(LINK) }
    }

    /// Whether it is a boundary's.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn is_boundary(self) -> bool {
        // SAFETY: within the record.
        unsafe { self.link() & BOUNDARY_TAG != 0 }
    }

    /// The caller's record.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`]; and it is not the boundary of a call from the host.
    #[inline(always)]
    pub unsafe fn caller(self) -> Record {
        // SAFETY: the link leads to the caller's record on the same stack (S3).
        unsafe { Record(self.0.byte_sub((self.link() & !BOUNDARY_TAG) as usize)) }
    }

    /// Writes a record.
    ///
    /// # Safety
    ///
    /// Both slots lie in a live stack.
    #[inline(always)]
    pub unsafe fn write(self, return_ip: *const u64, link: u64) {
        // SAFETY: as promised.
        unsafe {
            *self.0.cast::<*const u64>() = return_ip;
            *self.0.add(LINK) = link;
        }
    }

    /// The kind of a boundary.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn boundary_kind(self) -> BoundaryKind {
        // SAFETY: within the boundary.
        match unsafe { *self.0.add(KIND) } {
            0 => BoundaryKind::Host,
            1 => BoundaryKind::Instance,
            _ => BoundaryKind::Continuation,
        }
    }

    /// Whether no frame is below it.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn ends_stack(self) -> bool {
        // SAFETY: as promised; a boundary has a kind.
        unsafe { self.is_boundary() && self.boundary_kind() != BoundaryKind::Instance }
    }

    /// The instance that runs below a boundary.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn boundary_instance(self) -> *mut InstanceCore {
        // SAFETY: the slot was written as a pointer (S2).
        unsafe { *self.0.add(BELOW).cast::<*mut InstanceCore>() }
    }

    /// Says at the bottom of a continuation which frame of which stack waits for it.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn set_parent(self, parent: StackId, fp: u32) {
        // SAFETY: within the boundary.
        unsafe { *self.0.add(BELOW) = u64::from(parent.0) | u64::from(fp) << 32 };
    }

    /// The stack that waits for the one that has its base here, if it is a
    /// continuation's.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn parent(self) -> StackId {
        // SAFETY: within the boundary; that of a call from the host has no instance.
        StackId(unsafe { *self.0.add(BELOW) } as u32)
    }

    /// The number of result slots of the call behind a boundary.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn boundary_results(self) -> usize {
        // SAFETY: within the boundary.
        unsafe { *self.0.add(RESULTS) as usize }
    }

    /// Writes what a boundary has beyond its record.
    ///
    /// # Safety
    ///
    /// All its slots lie in a live stack.
    #[inline(always)]
    pub unsafe fn write_boundary(
        self,
        kind: BoundaryKind,
        instance: *mut InstanceCore,
        results: usize,
    ) {
        // SAFETY: as promised.
        unsafe {
            *self.0.add(KIND) = kind as u64;
            *self.0.add(BELOW).cast::<*mut InstanceCore>() = instance;
            *self.0.add(RESULTS) = results as u64;
        }
    }
}
