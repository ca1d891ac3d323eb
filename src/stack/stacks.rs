//! All stacks of a store: the stack directory and the context.

use super::chain::Activation;
use super::context::Context;
use super::directory::{ExitPoint, Owner, Stack, StackState, next_reference};
use super::entries::Entries;
use super::fuel::Stop;
use super::interrupt::{InterruptFlag, InterruptHandle};
use super::names::Names;
use super::root::{ListedStore, STORES};
use super::suspensions::Suspensions;
use super::waiting::Waiters;
use crate::heap::{FuncObject, ObjectCore};
use crate::ids::{FuncIndex, StackId};
use crate::module::EngineInner;
use crate::support::registry::Listed;
use crate::support::vector::V128;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ops::Range;
use core::ptr::NonNull;

/// All stacks of a store.
#[derive(Debug)]
pub struct Stacks {
    /// Entry in the list of stores, for debuggers. It is removed before the context is freed.
    listed: Option<Listed<ListedStore>>,
    context: NonNull<UnsafeCell<Context>>,
    /// The stack directory: stacks by number. The first entry is no stack.
    pub(super) stacks: Entries,
    /// Free stacks. The last ones keep their memory for the next call.
    pub(super) free: Vec<StackId>,
    /// Number of stack numbers that are never reused.
    pub(super) retired: usize,
    /// Number of free stacks that keep their memory.
    pub(super) spare: usize,
    /// Number of slots of all stacks, including free ones.
    pub(super) slots: usize,
    /// Number of stacks in use at which dropped executions are searched for.
    pub(super) reclaim_at: usize,
    /// Number of the stack that is looked at next while they are searched for, a few at each call.
    pub(super) reclaiming: Option<u32>,
    /// Activations, oldest first.
    pub activations: Vec<Activation>,
    /// Stacks that wait at addresses of shared memories.
    pub waiters: Waiters,
    /// Names of executions.
    pub names: Names,
    /// Reasons for which executions are suspended.
    pub suspensions: Suspensions,
    /// Mark that a stack gets when it is given out.
    pub new_mark: u32,
    /// Maximum number of slots of one stack.
    max_slots: usize,
    interrupt: Arc<InterruptFlag>,
    /// Fuel that was last set.
    pub(super) fuel_set: i64,
    /// Fuel beyond what the context has: it can hold 2⁶³ − 1 units, and has only those up to `stop`.
    pub(super) fuel_reserve: u64,
    /// Number of spent units from which on code stops at its next poll, for this reason.
    pub(super) stop: Option<(u64, Stop)>,
    /// Fuel that had been spent when it was set.
    pub(super) fuel_spent_before: u64,
}

/// Number of slots of a new initial stack: few, but enough for most calls.
pub const INITIAL_SLOTS: usize = 1 << 10;
/// Maximum number of free stacks that keep their memory.
const SPARE: usize = 32;
/// Number of stacks that are looked at in one call while dropped executions are searched for.
const RECLAIMED: usize = 256;
/// Maximum number of slots of a free stack that keeps its memory.
const SPARE_SLOTS: usize = 1 << 12;

impl Stacks {
    /// Creates an empty directory for a store of `engine`, with the heap of objects `objects`. Both
    /// must outlive it.
    pub fn new(engine: &EngineInner, objects: *mut ObjectCore) -> Stacks {
        let interrupt = Arc::new(InterruptFlag::default());
        let mut context = Context::new(
            &raw const *interrupt,
            &raw const engine.epoch,
            engine.handlers.fixed.return_boundary.address(),
        );
        context.objects = objects;
        // Without another deadline, code stops at once.
        context.epoch_deadline = engine.epoch.now();
        let context = NonNull::from(Box::leak(Box::new(UnsafeCell::new(context))));
        let listed = ListedStore {
            context: UnsafeCell::raw_get(context.as_ptr()),
        };
        let mut stacks = Stacks {
            listed: Some(Listed::new(&STORES, listed)),
            context,
            stacks: Entries::new(),
            free: Vec::new(),
            retired: 0,
            spare: 0,
            slots: 0,
            reclaim_at: SPARE,
            reclaiming: None,
            activations: Vec::new(),
            waiters: Waiters::default(),
            names: Names::default(),
            suspensions: Suspensions::default(),
            new_mark: 0,
            // Slots are counted with 32 bits.
            max_slots: (engine.tunables.max_stack / size_of::<u64>()).min(1 << 31),
            interrupt,
            fuel_set: 0,
            fuel_reserve: 0,
            stop: None,
            fuel_spent_before: 0,
        };
        assert!(stacks.stacks.push(Stack::none()), "there is memory for it");
        stacks.share_directory(StackId::NONE);
        stacks
    }

    /// Returns the address of the context, which is valid for the store's life.
    pub fn context(&self) -> *mut Context {
        UnsafeCell::raw_get(self.context.as_ptr())
    }

    /// Returns the context for changes.
    pub(super) fn registers(&mut self) -> &mut Context {
        // SAFETY: the context lives as long as `self`, and no handler runs while `self` is
        // borrowed.
        unsafe { &mut *self.context() }
    }

    /// Sets the address of the store's functions in the context.
    pub fn set_functions(&mut self, functions: *const FuncObject) {
        self.registers().functions = functions;
    }

    /// Returns the bits of the accumulators at the last exit: for integers and references, for
    /// 32-bit floats, for 64-bit floats, and for vectors. They belong to the code that has exited last.
    pub fn accumulators(&self) -> [[u64; 2]; 4] {
        // SAFETY: as in `registers`.
        unsafe {
            let context = self.context();
            [
                [(*context).acc, 0],
                [u64::from((*context).f32acc.to_bits()), 0],
                [(*context).f64acc.to_bits(), 0],
                V128::restore((*context).v128acc).to_slots(),
            ]
        }
    }

    /// Returns all stacks in use, by ascending number.
    pub fn in_use(&self) -> impl Iterator<Item = (StackId, &Stack)> {
        let ids = (1..self.stacks.len() as u32).map(StackId);
        ids.map(|id| (id, self.stack(id)))
            .filter(|(_, stack)| stack.state != StackState::Free)
    }

    /// Returns the free numbers. The last one is given out first.
    pub fn free_numbers(&self) -> impl Iterator<Item = StackId> + '_ {
        self.free.iter().copied()
    }

    /// Returns the flag that interrupts this store's code.
    pub fn interrupt(&self) -> &Arc<InterruptFlag> {
        &self.interrupt
    }

    /// Returns a handle that interrupts this store's code.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(Arc::clone(&self.interrupt))
    }

    /// Takes an interruption, and returns whether there was one.
    pub fn take_interrupt(&self) -> bool {
        self.interrupt.take()
    }

    /// Takes a stack of at least `slots` slots for a call of `function`. Returns `None` if the
    /// limit or the host does not allow as many. A stack that grows for this gets `generous` slots,
    /// if possible.
    pub fn acquire(
        &mut self,
        function: FuncIndex,
        slots: usize,
        generous: usize,
        owner: Option<Arc<Owner>>,
    ) -> Option<StackId> {
        if slots > self.max_slots {
            return None;
        }
        if self.reclaiming.is_some() || self.count() >= self.reclaim_at {
            self.reclaim();
        }
        let generous = generous.min(self.max_slots).max(slots);
        let id = match self.free.pop() {
            Some(id) => id,
            None => self.add()?,
        };
        let had_memory = self.stack(id).slots() != 0;
        if self.stack(id).slots() < slots && !self.grow_to(id, generous) && !self.grow_to(id, slots)
        {
            self.free.push(id);
            return None;
        }
        self.spare -= usize::from(had_memory);
        let mark = self.new_mark;
        let stack = self.stack_mut(id);
        stack.mark = mark;
        stack.state = StackState::Fresh;
        stack.first_revision = stack.revision();
        stack.function = function;
        stack.owner = owner;
        Some(id)
    }

    /// Adds a stack without memory to the directory. Returns `None` if there is no memory for its
    /// entry.
    pub(super) fn add(&mut self) -> Option<StackId> {
        let id = u32::try_from(self.stacks.len()).ok()?;
        // The directory may move, and the context contains the address of the running stack.
        let running = self.running();
        // Releasing the stack must never allocate memory.
        let ids = self.stacks.len() + 1 - self.free.len();
        self.free.try_reserve(ids).ok()?;
        let added = self.stacks.push(Stack::new(StackId(id)));
        self.share_directory(running);
        added.then_some(StackId(id))
    }

    /// Sets the address of the directory, and with it that of the running stack, in the context.
    pub(super) fn share_directory(&mut self, running: StackId) {
        let count = self.stacks.len();
        self.registers().stacks = self.stacks.as_ptr();
        self.registers().stack_count = count;
        self.set_running(running);
    }

    /// Releases a stack. References to it as a continuation are invalid from now on.
    pub fn release(&mut self, id: StackId) {
        let keeps = self.spare < SPARE && self.stack(id).slots() <= SPARE_SLOTS;
        if self.stack(id).state == StackState::Free {
            return;
        }
        if !keeps {
            self.slots -= self.stack(id).slots();
            self.stack_mut(id).shrink();
        }
        self.waiters.remove(id);
        self.names.remove(id);
        self.suspensions.set(id, None);
        let stack = self.stack_mut(id);
        stack.state = StackState::Free;
        stack.exit = ExitPoint::NONE;
        stack.set_other_end(StackId::NONE);
        stack.awaiting = None;
        stack.owner = None;
        match next_reference(stack.reference) {
            Some(next) => {
                stack.reference = next;
                self.free.push(id);
                self.spare += usize::from(keeps);
            }
            // A number whose revisions are used up is never reused: no old reference may equal a
            // new one.
            None => {
                let retired = self.retire(id);
                self.slots -= retired.slots();
            }
        }
    }

    /// Releases all stacks whose executions were dropped.
    pub fn reclaim_all(&mut self) {
        self.reclaiming = None;
        self.reclaim();
        while self.reclaiming.is_some() {
            self.reclaim();
        }
    }

    /// Releases stacks whose executions were dropped. It looks at a part of all stacks, and goes on in
    /// the next call: with a million stacks, looking at all of them takes some milliseconds.
    fn reclaim(&mut self) {
        let first = self.reclaiming.unwrap_or(1);
        let last = self.stacks.len().min(first as usize + RECLAIMED) as u32;
        for id in first..last {
            let stack = self.stack(StackId(id));
            let dropped = stack.state != StackState::Running
                && stack
                    .owner
                    .as_ref()
                    .is_some_and(|owner| Arc::strong_count(owner) == 1);
            if dropped {
                if let Some(innermost) = stack.other_end().get() {
                    self.release_continuations(innermost);
                }
                self.release(StackId(id));
            }
        }
        self.reclaiming = ((last as usize) < self.stacks.len()).then_some(last);
        if self.reclaiming.is_none() {
            self.reclaim_at = self.count() * 2 + SPARE;
        }
    }

    /// Ends the use of a number for good, and returns the stack that had it.
    pub(super) fn retire(&mut self, id: StackId) -> Stack {
        self.retired += 1;
        core::mem::replace(self.stack_mut(id), Stack::none())
    }

    /// Returns the number of stacks in use.
    pub(super) fn count(&self) -> usize {
        self.stacks.len() - 1 - self.free.len() - self.retired
    }

    /// Returns a stack.
    ///
    /// # Panics
    ///
    /// If there never was a stack of this number.
    pub fn stack(&self, id: StackId) -> &Stack {
        // SAFETY: no handler runs while `self` is borrowed, and changes take `&mut self`.
        unsafe { &*self.entry(id) }
    }

    /// Returns the address of the entry of a stack. Unlike one that is made of a reference, it
    /// stays valid while other references to the stack are used.
    ///
    /// # Panics
    ///
    /// If there never was a stack of this number.
    pub fn entry(&self, id: StackId) -> *mut Stack {
        let entry = self.stacks.get(id.0 as usize);
        entry.expect("there was a stack of this number")
    }

    /// Returns a stack for changes.
    ///
    /// # Panics
    ///
    /// If there never was a stack of this number.
    pub fn stack_mut(&mut self, id: StackId) -> &mut Stack {
        // SAFETY: `self` is borrowed for changes.
        unsafe { &mut *self.entry(id) }
    }

    /// Sets the bytes of memories to which writes are announced by code that probes them.
    pub fn watch(&mut self, bytes: Range<u64>) {
        self.registers().watch_start = bytes.start;
        self.registers().watch_end = bytes.end;
    }

    /// Returns the running stack, or [`StackId::NONE`].
    pub fn running(&self) -> StackId {
        // SAFETY: as in `registers`; the running stack is an entry of the directory, perhaps the
        // one for no stack.
        unsafe { (*(*self.context()).running).id() }
    }

    /// Returns the entry of the running stack, which may be that for no stack.
    #[inline]
    pub fn running_stack(&self) -> &Stack {
        // SAFETY: as in `running` and `stack`.
        unsafe { &*(*self.context()).running }
    }

    /// Returns the entry of the running stack for changes.
    #[inline]
    pub fn running_stack_mut(&mut self) -> &mut Stack {
        // SAFETY: as in `running` and `stack_mut`.
        unsafe { &mut *(*self.context()).running }
    }

    /// Sets the running stack, which may be [`StackId::NONE`].
    pub fn set_running(&mut self, id: StackId) {
        let stack = self.entry(id);
        self.registers().running = stack;
    }

    /// Grows a stack to at least `slots` slots. Returns false if the limit or the host does not
    /// allow as many.
    pub fn grow(&mut self, id: StackId, slots: usize) -> bool {
        if slots > self.max_slots {
            return false;
        }
        let has = self.stack(id).slots();
        let generous = has.saturating_mul(2).clamp(slots, self.max_slots);
        slots <= has || self.grow_to(id, generous) || self.grow_to(id, slots)
    }

    fn grow_to(&mut self, id: StackId, slots: usize) -> bool {
        let stack = self.stack_mut(id);
        let had = stack.slots();
        let grown = stack.grow(slots);
        let has = stack.slots();
        self.slots += has - had;
        grown
    }

    /// Returns the number of bytes of all stacks.
    pub fn bytes(&self) -> usize {
        self.slots * size_of::<u64>()
    }

    /// Returns the number of entries of the directory. The first is no stack.
    pub fn entries(&self) -> usize {
        self.stacks.len()
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        drop(self.listed.take());
        // SAFETY: the context came from `Box::leak` in `new`.
        drop(unsafe { Box::from_raw(self.context.as_ptr()) });
    }
}
