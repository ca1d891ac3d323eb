//! The directory of stacks: of each, its memory, what it is used for, where it goes on.

use super::arena::Arena;
use super::record::{BoundaryKind, Record};
use crate::heap::InstanceCore;
use crate::ids::{FuncIndex, StackId, TagIndex, TypeId};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ptr;

/// Where a stack stands while other code runs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ExitPoint {
    /// The instruction, or where a call returns to; null where no code runs on the stack.
    pub ip: *const u64,
    /// The frame's instance.
    pub instance: *mut InstanceCore,
    /// The frame, in slots from the stack's base: it survives a move.
    pub fp: u32,
    /// Whether `ip` is where a call returns to. Running code leaves nowhere else, and does
    /// not say so: see [`Stack::exit`].
    pub is_return: bool,
}

impl ExitPoint {
    /// Nowhere.
    pub const NONE: ExitPoint = ExitPoint {
        ip: ptr::null(),
        instance: ptr::null_mut(),
        fp: 0,
        is_return: true,
    };
}

/// Whose results an execution waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// Those of the host function that has suspended it.
    Host(FuncIndex),
    /// Those of a suspension with a tag that the host handles.
    Tag(TagIndex),
}

/// What an execution and its stack share: once the stack alone has it, the execution was
/// dropped.
#[derive(Debug, Default)]
pub struct Owner {
    /// The tags that the host handles.
    pub handles: Box<[TagIndex]>,
}

/// What a stack is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StackState {
    /// Nothing: it can be given out.
    Free,
    /// Nothing has run on it yet.
    Fresh,
    /// Runs, or waits for the host function that it called, or for the stack that it has
    /// resumed.
    Running,
    /// Waits to be advanced or resumed.
    Suspended,
    /// The call has returned; its results stand above the boundary.
    Returned,
    /// The call has failed.
    Trapped,
}

/// A stack: that of a call from the host (an *initial* stack), or a continuation.
///
/// The entries of a store's directory of stacks, which an outsider may read: `base` and
/// `limit` say where the stack is, `exit` where it goes on, the record at its base who
/// waits for it.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Stack {
    /// Its first slot.
    pub base: *mut u64,
    /// The slot that no frame may reach beyond.
    pub limit: *mut u64,
    /// Where it stands; of a stack that runs code, where that last left. While code runs
    /// on it, `is_return` is true.
    pub exit: ExitPoint,
    /// What a reference to the continuation must be to be valid: its number, and in the
    /// high half a revision, which each use changes. One word, as what is written in halves
    /// is slow to read whole.
    pub reference: u64,
    /// See [`Stack::other_end`], and in the high half [`Stack::bound`] and
    /// [`Stack::is_traced`]: one comparison says that nothing is bound, no other stack was
    /// suspended with it, and the collector need not know that it is resumed.
    span: u64,
    /// Where the values that it is resumed with are wanted: behind those that were bound
    /// before. In bytes from the record of its frame.
    pub deliver: i32,
    /// What it is used for.
    pub state: StackState,
    /// What the accumulator holds when it goes on: of a fresh one, the function's index
    /// in its module.
    pub acc: u64,
    /// The revision that the first reference to it had.
    pub first_revision: u32,
    /// The type of the functions whose first parameters the bound values are.
    pub bound_type: TypeId,
    /// The function that was called on it.
    pub function: FuncIndex,
    /// What the host must give before it goes on.
    pub awaiting: Option<Awaited>,
    /// The collection that last found it reachable, or must not free it.
    pub mark: u32,
    /// Its memory.
    arena: Arena,
    /// Of an initial stack, what it shares with an execution of the embedder's.
    pub(super) owner: Option<Arc<Owner>>,
}

/// In no reference: all revisions of the stack are used up.
const EXHAUSTED: u64 = 1 << 63;

/// In a span: see [`Stack::is_traced`].
const TRACED: u64 = 1 << 63;

/// The reference to a continuation after its next use. `None` where it has none: the stack
/// must have another number then.
#[inline(always)]
pub fn next_reference(reference: u64) -> Option<u64> {
    let next = reference.wrapping_add(1 << 32);
    (next & EXHAUSTED == 0).then_some(next)
}

impl Stack {
    /// A stack without memory.
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

    /// The entry that is no stack's: no reference is its own.
    pub(super) fn none() -> Stack {
        Stack {
            reference: EXHAUSTED,
            ..Stack::new(StackId::NONE)
        }
    }

    /// Its number.
    #[inline(always)]
    pub fn id(&self) -> StackId {
        StackId(self.reference as u32)
    }

    /// The revision of the reference that is valid.
    pub fn revision(&self) -> u32 {
        (self.reference >> 32) as u32
    }

    /// The other end of the stacks that were suspended at once. Of a continuation, the
    /// outermost, which is itself where it was suspended alone; of an initial stack, the
    /// innermost one.
    pub fn other_end(&self) -> StackId {
        StackId(self.span as u32)
    }

    /// Sets [`Stack::other_end`], where nothing is bound.
    pub fn set_other_end(&mut self, id: StackId) {
        self.span = id.0.into();
    }

    /// How many values are bound: they stand before those that it is resumed with.
    pub fn bound(&self) -> u32 {
        ((self.span & !TRACED) >> 32) as u32
    }

    /// Whether the collector has traced it since it came to a stop: what is on it is the same
    /// until [`Stack::set_other_end`] or [`Stack::change`] is called, as whoever resumes it
    /// does.
    pub fn is_traced(&self) -> bool {
        self.span & TRACED != 0
    }

    /// The collector traces it now.
    pub fn trace(&mut self) {
        self.span |= TRACED;
    }

    /// What is on it is about to change.
    pub fn change(&mut self) {
        self.span &= !TRACED;
    }

    /// Says that so many more values are bound.
    pub fn bind(&mut self, count: u32) {
        self.span += u64::from(count) << 32;
    }

    /// Whether a reference names it, it was suspended alone, nothing is bound, and the collector
    /// has not traced it.
    #[inline(always)]
    pub fn is_simply(&self, reference: u64) -> bool {
        self.reference == reference && self.span == u64::from(reference as u32)
    }

    /// The stack that waits for it.
    pub fn parent(&self) -> Option<StackId> {
        if self.slots() == 0 {
            return None;
        }
        // SAFETY: the record at the base of a stack in use is a boundary.
        unsafe { Record(self.base).parent().get() }
    }

    /// Whether it is a continuation, and no call from the host.
    pub fn is_continuation(&self) -> bool {
        // SAFETY: as in `parent`.
        self.slots() != 0
            && unsafe { Record(self.base).boundary_kind() } == BoundaryKind::Continuation
    }

    /// Of a stack that is suspended, the innermost of those that are suspended with it.
    pub fn innermost(&self) -> StackId {
        if self.is_continuation() {
            return self.id();
        }
        self.other_end().get().unwrap_or(self.id())
    }

    /// Whether an execution of the embedder's has it, and may still be advanced.
    pub fn is_held(&self) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|owner| Arc::strong_count(owner) != 1)
    }

    /// Where the values are wanted that it is resumed with, in slots from its base.
    pub fn delivery_slot(&self) -> usize {
        let fp = self.exit.fp as isize;
        (fp + self.deliver as isize / size_of::<u64>() as isize).cast_unsigned()
    }

    /// The slot at a distance from its base, if it has that. It does not run.
    pub fn slot(&self, at: usize) -> Option<u64> {
        // SAFETY: the slots are initialised memory.
        (at < self.slots()).then(|| unsafe { *self.base.add(at) })
    }

    /// Whether the host handles suspensions with a tag on it.
    pub fn is_handled_by_host(&self, tag: TagIndex) -> bool {
        let owner = self.owner.as_ref();
        owner.is_some_and(|owner| owner.handles.contains(&tag))
    }

    /// The number of its slots.
    pub fn slots(&self) -> usize {
        self.arena.slots()
    }

    /// The number of slots from its base to an address on it.
    #[inline(always)]
    pub fn slots_to(&self, address: *const u64) -> usize {
        (address.addr() - self.base.addr()) / size_of::<u64>()
    }

    /// Grows to `slots` slots; everything on it may move. False where there is no room.
    pub(super) fn grow(&mut self, slots: usize) -> bool {
        let grown = self.arena.grow(slots);
        (self.base, self.limit) = (self.arena.base(), self.arena.limit());
        grown
    }

    /// Gives its memory back to the host.
    pub(super) fn shrink(&mut self) {
        self.arena = Arena::empty();
        (self.base, self.limit) = (self.arena.base(), self.arena.limit());
    }
}
