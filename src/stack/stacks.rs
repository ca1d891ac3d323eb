//! All stacks of a store: their directory, and who runs on them.

use super::chain::{Activation, StackChain};
use super::context::Context;
use super::directory::{ExitPoint, Owner, Stack, StackId, StackState, next_reference};
use super::interrupt::{InterruptFlag, InterruptHandle};
use super::root::{ListedStore, STORES};
use crate::heap::{FuncIndex, FuncObject};
use crate::module::EngineInner;
use crate::support::registry::Listed;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// All stacks of a store.
#[derive(Debug)]
pub struct Stacks {
    /// How a debugger finds the context: gone before that.
    listed: Option<Listed<ListedStore>>,
    context: NonNull<UnsafeCell<Context>>,
    /// The directory: stacks by number. The first is none.
    stacks: Vec<UnsafeCell<Stack>>,
    /// The stacks that are free. The last ones keep their memory for the next call.
    free: Vec<StackId>,
    /// How many numbers are never given out again.
    retired: usize,
    /// How many of the free stacks keep their memory.
    spare: usize,
    /// The slots of all stacks, those of free ones included.
    slots: usize,
    /// When as many stacks are in use, dropped executions are looked for.
    reclaim_at: usize,
    /// The activations under way, oldest first.
    pub activations: Vec<Activation>,
    /// The mark of a stack that is given out.
    pub new_mark: u32,
    max_slots: usize,
    interrupt: Arc<InterruptFlag>,
    /// The fuel that was last set.
    fuel_set: i64,
    /// Fuel beyond the 2⁶³ − 1 units that the register can hold.
    fuel_reserve: u64,
    /// What was spent before that.
    fuel_spent_before: u64,
}

/// The slots of an initial stack at first: enough for most calls, and small.
pub const INITIAL_SLOTS: usize = 1 << 10;
/// Free stacks that keep their memory.
const SPARE: usize = 32;
/// A free stack of more slots does not keep its memory.
const SPARE_SLOTS: usize = 1 << 12;

impl Stacks {
    /// No stack, for a store of `engine`, which outlives it.
    pub fn new(engine: &EngineInner) -> Stacks {
        let interrupt = Arc::new(InterruptFlag::default());
        let context = Context::new(
            &raw const *interrupt,
            &raw const engine.epoch,
            engine.handlers.fixed.return_boundary.address(),
        );
        let context = NonNull::from(Box::leak(Box::new(UnsafeCell::new(context))));
        let listed = ListedStore {
            context: UnsafeCell::raw_get(context.as_ptr()),
        };
        let mut stacks = Stacks {
            listed: Some(Listed::new(&STORES, listed)),
            context,
            stacks: alloc::vec![UnsafeCell::new(Stack::none())],
            free: Vec::new(),
            retired: 0,
            spare: 0,
            slots: 0,
            reclaim_at: SPARE,
            activations: Vec::new(),
            new_mark: 0,
            // Slots are counted in 32 bits.
            max_slots: (engine.tunables.max_stack / size_of::<u64>()).min(1 << 31),
            interrupt,
            fuel_set: 0,
            fuel_reserve: 0,
            fuel_spent_before: 0,
        };
        stacks.share_directory(StackId::NONE);
        stacks
    }

    /// The registers shared with running code, valid for the store's life.
    pub fn context(&self) -> *mut Context {
        UnsafeCell::raw_get(self.context.as_ptr())
    }

    fn registers(&mut self) -> &mut Context {
        // SAFETY: the context lives as long as `self`, and no handler runs while `self` is
        // borrowed.
        unsafe { &mut *self.context() }
    }

    /// Tells running code where the store's functions are.
    pub fn set_functions(&mut self, functions: *const FuncObject) {
        self.registers().functions = functions;
    }

    /// Fuel left.
    pub fn fuel(&self) -> u64 {
        // SAFETY: as in `registers`.
        let fuel = unsafe { (*self.context()).fuel };
        self.fuel_reserve + fuel.max(0) as u64
    }

    /// Whether more fuel has been spent than there was.
    pub fn is_out_of_fuel(&mut self) -> bool {
        let refill = self.fuel_reserve.min(i64::MAX as u64) as i64;
        if refill > 0 && self.registers().fuel < 0 {
            self.fuel_reserve -= refill as u64;
            self.fuel_set = self.fuel_set.wrapping_add(refill);
            self.registers().fuel += refill;
        }
        // SAFETY: as in `registers`.
        unsafe { (*self.context()).fuel < 0 }
    }

    /// Sets the fuel that is left.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.fuel_reserve = fuel.saturating_sub(i64::MAX as u64);
        let fuel = (fuel - self.fuel_reserve) as i64;
        self.fuel_spent_before = self.fuel_spent();
        self.fuel_set = fuel;
        self.registers().fuel = fuel;
    }

    /// Fuel spent since the store was made, however often it was set meanwhile.
    pub fn fuel_spent(&self) -> u64 {
        // SAFETY: as in `registers`.
        let left = unsafe { (*self.context()).fuel };
        let since = self.fuel_set.wrapping_sub(left).cast_unsigned();
        self.fuel_spent_before.wrapping_add(since)
    }

    /// The accumulators as running code has left them, as bits: of integers and references, of
    /// 32-bit and of 64-bit floats. They mean something until other code runs.
    pub fn accumulators(&self) -> [u64; 3] {
        // SAFETY: as in `registers`.
        unsafe {
            let context = self.context();
            [
                (*context).acc,
                u64::from((*context).f32acc.to_bits()),
                (*context).f64acc.to_bits(),
            ]
        }
    }

    /// All stacks in use, by ascending numbers.
    pub fn in_use(&self) -> impl Iterator<Item = (StackId, &Stack)> {
        let ids = (1..self.stacks.len() as u32).map(StackId);
        ids.map(|id| (id, self.stack(id)))
            .filter(|(_, stack)| stack.state != StackState::Free)
    }

    /// Sets the epoch at which running code comes back.
    pub fn set_epoch_deadline(&mut self, epoch: u64) {
        self.registers().epoch_deadline = epoch;
    }

    /// The epoch at which running code comes back.
    pub fn epoch_deadline(&self) -> u64 {
        // SAFETY: as in `registers`.
        unsafe { (*self.context()).epoch_deadline }
    }

    /// Interrupts this store's code from elsewhere.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(Arc::clone(&self.interrupt))
    }

    /// Takes an interruption, if one is wanted.
    pub fn take_interrupt(&self) -> bool {
        self.interrupt.take()
    }

    /// The number of activations under way.
    pub fn depth(&self) -> usize {
        self.activations.len()
    }

    // --- the directory ---

    /// A stack for a call of `function`, of at least `slots` slots; `None` where the limit
    /// or the host does not allow that. `generous` is how many it should have at first.
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
        if self.count() >= self.reclaim_at {
            self.reclaim();
        }
        let generous = generous.min(self.max_slots).max(slots);
        let id = match self.free.pop() {
            Some(id) => id,
            None => self.add()?,
        };
        self.spare -= usize::from(self.stack(id).slots() != 0);
        if self.stack(id).slots() < slots && !self.grow_to(id, generous) && !self.grow_to(id, slots)
        {
            self.free.push(id);
            return None;
        }
        let mark = self.new_mark;
        let stack = self.stack_mut(id);
        stack.mark = mark;
        stack.state = StackState::Fresh;
        stack.first_revision = stack.revision();
        stack.function = function;
        stack.owner = owner;
        Some(id)
    }

    /// Adds a stack without memory to the directory.
    fn add(&mut self) -> Option<StackId> {
        let id = u32::try_from(self.stacks.len()).ok()?;
        // The directory may move, and running code knows its stack by address.
        let running = self.running();
        let reserved = self.stacks.try_reserve(1);
        self.share_directory(running);
        reserved.ok()?;
        // So that giving it back never needs room.
        let ids = self.stacks.len() + 1 - self.free.len();
        self.free.try_reserve(ids).ok()?;
        self.stacks.push(UnsafeCell::new(Stack::new(StackId(id))));
        self.share_directory(running);
        Some(StackId(id))
    }

    /// Tells running code where the directory is, and with that the running stack.
    fn share_directory(&mut self, running: StackId) {
        let count = self.stacks.len();
        self.registers().stacks = UnsafeCell::raw_get(self.stacks.as_ptr());
        self.registers().stack_count = count;
        self.set_running(running);
    }

    /// Gives a stack back. References to it as a continuation are invalid from now on.
    pub fn release(&mut self, id: StackId) {
        let keeps = self.spare < SPARE && self.stack(id).slots() <= SPARE_SLOTS;
        if self.stack(id).state == StackState::Free {
            return;
        }
        if !keeps {
            self.slots -= self.stack(id).slots();
            self.stack_mut(id).shrink();
        }
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
            // A number whose revisions are used up is never given out again: no old
            // reference may look like a new one.
            None => {
                let retired = self.retire(id);
                self.slots -= retired.slots();
            }
        }
    }

    /// Gives back a stack and all that wait for it, but not the initial one, which it
    /// returns.
    pub fn release_continuations(&mut self, first: StackId) -> StackId {
        let mut id = first;
        while let Some(parent) = self.stack(id).parent() {
            self.release(id);
            id = parent;
        }
        id
    }

    /// Gives back the stacks whose executions were dropped.
    fn reclaim(&mut self) {
        for id in 1..self.stacks.len() as u32 {
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
        self.reclaim_at = self.count() * 2 + SPARE;
    }

    /// Gives a stack that waits to be resumed another number, as the revisions of the old
    /// one are used up: that is never given out again. `None` where there is no room.
    pub fn renumber(&mut self, id: StackId) -> Option<StackId> {
        let new = self.add()?;
        let mut stack = self.retire(id);
        stack.reference = new.0.into();
        stack.first_revision = 0;
        if stack.other_end() == id {
            let bound = stack.bound();
            stack.set_other_end(new);
            stack.bind(bound);
        }
        *self.stack_mut(new) = stack;
        Some(new)
    }

    /// Makes a number that of no stack, for good: the stack that had it.
    fn retire(&mut self, id: StackId) -> Stack {
        self.retired += 1;
        core::mem::replace(self.stack_mut(id), Stack::none())
    }

    fn count(&self) -> usize {
        self.stacks.len() - 1 - self.free.len() - self.retired
    }

    /// A stack.
    ///
    /// # Panics
    ///
    /// If there never was one of this number.
    pub fn stack(&self, id: StackId) -> &Stack {
        // SAFETY: no handler runs while `self` is borrowed, and changes take `&mut self`.
        unsafe { &*self.stacks[id.0 as usize].get() }
    }

    /// A stack, to change.
    ///
    /// # Panics
    ///
    /// If there never was one of this number.
    pub fn stack_mut(&mut self, id: StackId) -> &mut Stack {
        // SAFETY: `self` is borrowed for changes. (Through a shared borrow of the vector,
        // so that the address that running code has stays valid.)
        unsafe { &mut *self.stacks[id.0 as usize].get() }
    }

    /// The stack whose code runs.
    pub fn running(&self) -> StackId {
        // SAFETY: as in `registers`; the running stack is in the directory, perhaps as the
        // one that is none.
        unsafe { (*(*self.context()).running).id() }
    }

    /// Makes a stack, or none, the running one.
    pub fn set_running(&mut self, id: StackId) {
        let stack = self.stacks[id.0 as usize].get();
        self.registers().running = stack;
    }

    /// Grows a stack so that it has at least `slots` slots. False where the limit or the
    /// host does not allow that.
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

    /// The bytes that all stacks take.
    pub fn bytes(&self) -> usize {
        self.slots * size_of::<u64>()
    }

    /// The number of continuations that have not ended.
    pub fn continuation_count(&self) -> usize {
        // Calls from the host are few, and suspended ones are counted with them.
        self.count() - self.activations.len().min(self.count())
    }

    // --- continuations ---

    /// The continuation that a reference names, if it can be resumed.
    pub fn continuation(&self, bits: u64) -> Option<StackId> {
        let id = StackId(bits as u32);
        let stack = self.stacks.get(id.0 as usize).map(|_| self.stack(id))?;
        let waits = matches!(stack.state, StackState::Fresh | StackState::Suspended);
        (waits && stack.reference == bits && stack.is_continuation()).then_some(id)
    }

    /// Whether a reference to a continuation has been used, so that nothing can be done with
    /// it any more.
    pub fn is_consumed(&self, bits: u64) -> bool {
        let stack = self.stacks.get(bits as u32 as usize);
        stack.is_none_or(|_| self.stack(StackId(bits as u32)).reference != bits)
    }

    /// Whether code runs on a stack, or will when its execution is advanced: it does not
    /// wait for a stack that it has resumed.
    pub fn is_innermost(&self, id: StackId) -> bool {
        let mut active = self.activations.iter();
        self.running() == id
            || active.any(|activation| activation.chain.first() == Some(id))
            || self
                .in_use()
                .any(|(_, stack)| !stack.is_continuation() && stack.other_end() == id)
    }

    /// The continuation that a reference names or has named, unless it has ended.
    pub fn continuation_named(&self, bits: u64) -> Option<StackId> {
        let (id, revision) = (StackId(bits as u32), (bits >> 32) as u32);
        let stack = self.stacks.get(id.0 as usize).map(|_| self.stack(id))?;
        let revisions = stack.first_revision..=stack.revision();
        let lives = stack.state != StackState::Free && revisions.contains(&revision);
        (lives && stack.is_continuation()).then_some(id)
    }

    /// What names the continuations that have not ended, by ascending numbers.
    pub fn continuations(&self) -> impl Iterator<Item = u64> {
        self.in_use()
            .filter(|(_, stack)| stack.is_continuation())
            .map(|(_, stack)| stack.reference)
    }

    /// How many entries the directory has. The first is no stack's.
    pub fn entries(&self) -> usize {
        self.stacks.len()
    }

    /// Frees a continuation that can be resumed, and nothing that was suspended with it: the
    /// stack that waited for it, which can be resumed in its place.
    pub fn free_innermost(&mut self, id: StackId) -> Option<StackId> {
        let outermost = self.stack(id).other_end();
        let parent = self.stack(id).parent();
        self.release(id);
        let parent = parent?;
        let stack = self.stack_mut(parent);
        stack.state = StackState::Suspended;
        stack.set_other_end(outermost);
        Some(parent)
    }

    // --- chains ---

    /// Begins an activation, the newest.
    pub fn begin_activation(&mut self, activation: Activation) {
        self.activations.push(activation);
        self.share_activations();
    }

    /// Ends all activations but the oldest `depth`.
    pub fn end_activations(&mut self, depth: usize) {
        self.activations.truncate(depth);
        self.share_activations();
    }

    fn share_activations(&mut self) {
        let (activations, count) = (self.activations.as_ptr(), self.activations.len());
        let registers = self.registers();
        (registers.activations, registers.activation_count) = (activations, count);
    }

    /// The chain whose first stack this is.
    pub fn chain(&self, first: StackId) -> StackChain {
        match self.stack(first).parent() {
            Some(_) => StackChain::Continuation(first),
            None => StackChain::InitialStack(first),
        }
    }

    /// The stacks from `first` on, each followed by the one that waits for it.
    pub fn stacks_from(&self, first: StackId) -> impl Iterator<Item = StackId> {
        core::iter::successors(first.get(), |&id| self.stack(id).parent())
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        drop(self.listed.take());
        // SAFETY: the context came from `Box::leak` in `new`.
        drop(unsafe { Box::from_raw(self.context.as_ptr()) });
    }
}
