//! Frame records: the layout that all readers of a stack rely on.
//!
//! ```text
//!   slot fp + 0   return address: the caller's next cell
//!   slot fp + 1   link: distance to the caller's record, in bytes; its lowest bit is set if
//!                 this record is that of a boundary
//! ```
//!
//! A boundary (of a call from the host, of a call into another instance, or of a continuation)
//! has three more words, and the arguments of the function called follow:
//!
//! ```text
//!   slot fp + 2   kind
//!   slot fp + 3   between instances: the caller's instance, as a pointer
//!                 of a call from the host: null
//!                 of a continuation: the stack that waits for it, and in the high half the
//!                 record of that stack's youngest frame, in slots from its base; zero if no
//!                 stack waits
//!   slot fp + 4   number of result slots
//! ```
//!
//! With this layout and `fp`, a stack can be walked without any other table.

use crate::heap::InstanceCore;
use crate::ids::StackId;

/// Number of slots of a frame's record.
pub const RECORD_SLOTS: usize = 2;
/// Number of slots of a boundary, including its record.
pub const BOUNDARY_SLOTS: usize = 5;
/// Slot of a record with the return address.
pub(super) const RETURN_IP: usize = 0;
/// Slot of a record with the link.
pub(super) const LINK: usize = 1;
/// Slot of a boundary with its kind.
pub(super) const KIND: usize = 2;
/// Slot of a boundary with the caller's instance, or with the stack that waits.
pub(super) const BELOW: usize = 3;
/// Slot of a boundary with the number of result slots.
const RESULTS: usize = 4;
/// Bit of a link: the record is that of a boundary.
pub const BOUNDARY_TAG: u64 = 1;
/// Number of slots that every call may use beyond its stack's limit: for the record of a callee
/// whose extent is not known before it is translated, and for the boundary before it.
pub const RED_ZONE_SLOTS: usize = 16;

/// Kind of a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BoundaryKind {
    /// A call from the host. The stack ends here.
    Host = 0,
    /// A call into another instance.
    Instance = 1,
    /// The bottom of a continuation. The stack ends here, and the frames of the stack that has
    /// resumed it follow in a walk.
    Continuation = 2,
}

/// Address of a record on a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record(pub *mut u64);

impl Record {
    /// Returns the return address: that of the caller's next cell.
    ///
    /// # Safety
    ///
    /// For this method and the others: `self` is the address of a record on a live stack, and of a
    /// boundary, if the method reads or writes more than a record.
    #[inline(always)]
    pub unsafe fn return_ip(self) -> *const u64 {
        // SAFETY: the slot was written as a pointer (S2).
        unsafe { *self.0.cast::<*const u64>() }
    }

    /// Returns the link, including the tag.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn link(self) -> u64 {
        // SAFETY: within the record.
        unsafe { *self.0.add(LINK) }
    }

    /// Returns whether it is the record of a boundary.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn is_boundary(self) -> bool {
        // SAFETY: within the record.
        unsafe { self.link() & BOUNDARY_TAG != 0 }
    }

    /// Returns the caller's record.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`]; and the record does not end its stack.
    #[inline(always)]
    pub unsafe fn caller(self) -> Record {
        // SAFETY: the link leads to the caller's record on the same stack (S3).
        unsafe { Record(self.0.byte_sub((self.link() & !BOUNDARY_TAG) as usize)) }
    }

    /// Writes a record.
    ///
    /// # Safety
    ///
    /// Both slots are in a live stack.
    #[inline(always)]
    pub unsafe fn write(self, return_ip: *const u64, link: u64) {
        // SAFETY: as promised.
        unsafe {
            *self.0.cast::<*const u64>() = return_ip;
            *self.0.add(LINK) = link;
        }
    }

    /// Returns the kind of a boundary.
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

    /// Returns whether its stack ends here: no frame is below it.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn ends_stack(self) -> bool {
        // SAFETY: as promised; a boundary has a kind.
        unsafe { self.is_boundary() && self.boundary_kind() != BoundaryKind::Instance }
    }

    /// Returns the caller's instance of a boundary between instances.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn boundary_instance(self) -> *mut InstanceCore {
        // SAFETY: the slot was written as a pointer (S2).
        unsafe { *self.0.add(BELOW).cast::<*mut InstanceCore>() }
    }

    /// Sets the stack that waits for a continuation, and the record of its youngest frame, in slots
    /// from its base. `self` is the bottom.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn set_parent(self, parent: StackId, fp: u32) {
        // SAFETY: within the boundary.
        unsafe { *self.0.add(BELOW) = u64::from(parent.0) | u64::from(fp) << 32 };
    }

    /// Returns the stack that waits for the one whose base is here, or [`StackId::NONE`].
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn parent(self) -> StackId {
        // SAFETY: within the boundary; that of a call from the host contains zero.
        StackId(unsafe { *self.0.add(BELOW) } as u32)
    }

    /// Returns the number of result slots of the function that was called over a boundary.
    ///
    /// # Safety
    ///
    /// See [`Record::return_ip`].
    #[inline(always)]
    pub unsafe fn boundary_results(self) -> usize {
        // SAFETY: within the boundary.
        unsafe { *self.0.add(RESULTS) as usize }
    }

    /// Writes the slots of a boundary that follow its record.
    ///
    /// # Safety
    ///
    /// All slots of the boundary are in a live stack.
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
