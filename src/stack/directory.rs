//! Entries of the stack directory: the memory, use and exit point of each stack.

use super::arena::Arena;
use super::record::{BoundaryKind, Record};
use crate::heap::InstanceCore;
use crate::ids::{FuncIndex, StackId, TagIndex, TypeId};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ptr;

/// The registers of a stack while other code runs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ExitPoint {
    /// Address of the cell that runs next, or null if no code runs on the stack.
    pub ip: *const u64,
    /// Instance of the frame.
    pub instance: *mut InstanceCore,
    /// Record of the frame, in slots from the stack's base, so that it survives a move.
    pub fp: u32,
    /// True if `ip` is the return address of a call. Running code does not write this field, as it
    /// leaves a stack only at calls: see [`Stack::exit`].
    pub is_return: bool,
}

impl ExitPoint {
    /// The exit point of a stack on which no code runs.
    pub const NONE: ExitPoint = ExitPoint {
        ip: ptr::null(),
        instance: ptr::null_mut(),
        fp: 0,
        is_return: true,
    };
}

/// Source of the results that an execution waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The host function that has suspended it.
    Host(FuncIndex),
    /// A suspension with this tag, which the host handles.
    Tag(TagIndex),
}

/// Data that an execution and its stack share. Once only the stack has a reference to it, the
/// execution was dropped.
#[derive(Debug, Default)]
pub struct Owner {
    /// Tags that the host handles.
    pub handles: Box<[TagIndex]>,
}

/// Use of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StackState {
    /// Not in use: the stack can be given out.
    Free,
    /// Nothing has run on it yet.
    Fresh,
    /// Running, or waiting for the host function that it has called or for the stack that it has
    /// resumed.
    Running,
    /// Waiting to be advanced or resumed.
    Suspended,
    /// The call has returned. Its results are in the slots above the boundary.
    Returned,
    /// The call has failed.
    Trapped,
}

/// A stack: the *initial* stack of a call from the host, or that of a continuation.
///
/// Debuggers may read it: `base` and `limit` give the memory, `exit` the youngest frame, and the
/// record at the base the stack that waits for this one.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Stack {
    /// Address of the first slot.
    pub base: *mut u64,
    /// Address of the slot that no frame may reach beyond.
    pub limit: *mut u64,
    /// The registers while other code runs. While code runs on the stack, they are those of the
    /// last exit, and `is_return` is true.
    pub exit: ExitPoint,
    /// The valid reference to the continuation: the stack's number, and in the high half a
    /// revision, which each use changes. It is one word, as reading a word that was written in
    /// halves is slow.
    pub reference: u64,
    /// [`Stack::other_end`], and in the high half [`Stack::bound`] and [`Stack::is_traced`]. One
    /// comparison tests that no values are bound, no other stack was suspended with this one, and
    /// the collector has not traced it.
    pub(super) span: u64,
    /// Distance in bytes from the record of its frame to the slots for the values that it is
    /// resumed with. They follow the bound values.
    pub deliver: i32,
    /// Use of the stack.
    pub state: StackState,
    /// Accumulator when it continues. For a fresh stack, the function's index in its module.
    pub acc: u64,
    /// Revision of the first reference to this continuation.
    pub first_revision: u32,
    /// Function type whose first parameters the bound values are.
    pub bound_type: TypeId,
    /// Function that was called on it.
    pub function: FuncIndex,
    /// Results that the host must provide before it continues.
    pub awaiting: Option<Awaited>,
    /// Number of the last collection that has found it reachable or must not free it.
    pub mark: u32,
    /// Memory of the stack.
    pub(super) arena: Arena,
    /// Data that an initial stack shares with an execution of the embedder.
    pub(super) owner: Option<Arc<Owner>>,
}

/// Bit of a reference that no valid one has: all revisions of the stack are used up.
const EXHAUSTED: u64 = 1 << 63;

/// Bit of a span: see [`Stack::is_traced`].
const TRACED: u64 = 1 << 63;

/// Returns the reference to a continuation after its next use, or `None` if its revisions are used
/// up. The stack must get another number then.
#[inline(always)]
pub fn next_reference(reference: u64) -> Option<u64> {
    let next = reference.wrapping_add(1 << 32);
    (next & EXHAUSTED == 0).then_some(next)
}

impl Stack {
    /// Creates a stack without memory.
    pub(super) fn new(id: StackId) -> Stack {
        let arena = Arena::empty();
        Stack {
            base: arena.base(),
            limit: arena.limit(),
            exit: ExitPoint::NONE,
            reference: id.0.into(),
            span: 0,
            deliver: 0,
            state: StackState::Free,
            acc: 0,
            first_revision: 0,
            bound_type: TypeId(0),
            function: FuncIndex(0),
            awaiting: None,
            mark: 0,
            arena,
            owner: None,
        }
    }

    /// Creates an entry for no stack, which no reference names.
    pub(super) fn none() -> Stack {
        Stack {
            reference: EXHAUSTED,
            ..Stack::new(StackId::NONE)
        }
    }

    /// Returns its number.
    #[inline(always)]
    pub fn id(&self) -> StackId {
        StackId(self.reference as u32)
    }

    /// Returns the revision of the valid reference.
    pub fn revision(&self) -> u32 {
        (self.reference >> 32) as u32
    }

    /// Returns the other end of the stacks that were suspended at once. For a continuation this
    /// is the outermost one, or itself if it was suspended alone. For an initial stack it is the
    /// innermost one.
    pub fn other_end(&self) -> StackId {
        StackId(self.span as u32)
    }

    /// Sets [`Stack::other_end`]. No values are bound afterwards, and it is not traced.
    pub fn set_other_end(&mut self, id: StackId) {
        self.span = id.0.into();
    }

    /// Returns the number of slots of bound values. They precede those that it is resumed with.
    pub fn bound(&self) -> u32 {
        ((self.span & !TRACED) >> 32) as u32
    }

    /// Returns whether the collector has traced it since it stopped. Its contents are unchanged
    /// until [`Stack::set_other_end`] or [`Stack::change`] is called, which every resumption
    /// does.
    pub fn is_traced(&self) -> bool {
        self.span & TRACED != 0
    }

    /// Records that the collector traces it.
    pub fn trace(&mut self) {
        self.span |= TRACED;
    }

    /// Records that its contents are about to change.
    pub fn change(&mut self) {
        self.span &= !TRACED;
    }

    /// Records that values of `slots` more slots are bound.
    pub fn bind(&mut self, slots: u32) {
        self.span += u64::from(slots) << 32;
    }

    /// Returns whether `reference` is the valid one, it was suspended alone, no values are bound,
    /// and the collector has not traced it.
    #[inline(always)]
    pub fn is_simply(&self, reference: u64) -> bool {
        self.reference == reference && self.span == u64::from(reference as u32)
    }

    /// Returns the stack that waits for it.
    pub fn parent(&self) -> Option<StackId> {
        if self.slots() == 0 {
            return None;
        }
        // SAFETY: the record at the base of a stack in use is a boundary.
        unsafe { Record(self.base).parent().get() }
    }

    /// Returns whether it is a continuation, not a call from the host.
    pub fn is_continuation(&self) -> bool {
        // SAFETY: as in `parent`.
        self.slots() != 0
            && unsafe { Record(self.base).boundary_kind() } == BoundaryKind::Continuation
    }

    /// Returns the innermost of the stacks that are suspended with this one.
    pub fn innermost(&self) -> StackId {
        if self.is_continuation() {
            return self.id();
        }
        self.other_end().get().unwrap_or(self.id())
    }

    /// Returns whether an execution of the embedder has it, which was not dropped.
    pub fn is_held(&self) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|owner| Arc::strong_count(owner) != 1)
    }

    /// Returns the first slot for the values that it is resumed with, counted from its base.
    pub fn delivery_slot(&self) -> usize {
        let fp = self.exit.fp as isize;
        (fp + self.deliver as isize / size_of::<u64>() as isize).cast_unsigned()
    }

    /// Returns a slot, counted from its base, or `None` out of bounds. The stack does not run.
    pub fn slot(&self, at: usize) -> Option<u64> {
        // SAFETY: the slots are initialised memory.
        (at < self.slots()).then(|| unsafe { *self.base.add(at) })
    }

    /// Returns whether the host handles suspensions of it with a tag.
    pub fn is_handled_by_host(&self, tag: TagIndex) -> bool {
        let owner = self.owner.as_ref();
        owner.is_some_and(|owner| owner.handles.contains(&tag))
    }

    /// Returns the number of its slots.
    pub fn slots(&self) -> usize {
        self.arena.slots()
    }

    /// Returns the number of slots from its base to an address on it.
    #[inline(always)]
    pub fn slots_to(&self, address: *const u64) -> usize {
        (address.addr() - self.base.addr()) / size_of::<u64>()
    }

    /// Grows to `slots` slots, which may move. Returns false if there is no memory.
    pub(super) fn grow(&mut self, slots: usize) -> bool {
        let grown = self.arena.grow(slots);
        (self.base, self.limit) = (self.arena.base(), self.arena.limit());
        grown
    }

    /// Frees its memory.
    pub(super) fn shrink(&mut self) {
        self.arena = Arena::empty();
        (self.base, self.limit) = (self.arena.base(), self.arena.limit());
    }
}
