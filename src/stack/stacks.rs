//! All stacks of a store, and the chain that links those in use.

use super::arena::Arena;
use super::context::Context;
use super::interrupt::{InterruptFlag, InterruptHandle};
use crate::heap::{FuncIndex, FuncObject, InstanceCore};
use crate::module::EngineInner;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};

/// A stack of a store. The number is given anew once the stack is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackId(pub u32);

/// The stacks from a running one to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackChain {
    /// Nothing runs.
    Absent,
    /// The stack of a call from the host.
    InitialStack(StackId),
}

/// One contiguous run of WebAssembly, newest last in [`Stacks::activations`].
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    /// The stacks that it runs on.
    pub chain: StackChain,
    /// Where it left WebAssembly, if it is in the host now.
    pub exit: Option<ExitPoint>,
}

/// Where an activation stands while the host runs, or where an execution was suspended.
#[derive(Clone, Copy, Debug)]
pub struct ExitPoint {
    /// The instruction, or where a call returns to.
    pub ip: *const u64,
    /// Whether `ip` is where a call returns to.
    pub is_return: bool,
    /// The frame, in slots from the stack's base: it survives a move.
    pub fp: usize,
    /// The frame's instance.
    pub instance: *mut InstanceCore,
}

/// What an execution's stack is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackState {
    /// Nothing has run yet.
    Fresh,
    /// Runs, or waits for the host function that it called.
    Running,
    /// Waits to be advanced.
    Suspended,
    /// The call has returned; its results stand above the boundary.
    Returned,
    /// The call has failed.
    Trapped,
}

/// A stack in use by an execution.
#[derive(Debug)]
pub struct Stack {
    /// Its memory.
    pub arena: Arena,
    /// What it is used for.
    pub state: StackState,
    /// The function that was called on it.
    pub function: FuncIndex,
    /// Where to go on.
    pub resume: ExitPoint,
    /// Where the results of a host function are wanted, in slots from the base, if it has
    /// suspended the execution.
    pub awaiting: Option<(FuncIndex, usize)>,
    /// The first result that was provided for that host function.
    pub result: u64,
    /// Held by the execution's owner too, unless the store itself drives it.
    owner: Option<Arc<()>>,
}

/// All stacks of a store.
#[derive(Debug)]
pub struct Stacks {
    context: NonNull<UnsafeCell<Context>>,
    stacks: Vec<Option<Stack>>,
    free: Vec<u32>,
    /// Arenas without a use, kept for the next call.
    spare: Vec<Arena>,
    /// When as many stacks are in use, dropped executions are looked for.
    reclaim_at: usize,
    /// The activations under way, oldest first.
    pub activations: Vec<Activation>,
    max_slots: usize,
    interrupt: Arc<InterruptFlag>,
}

/// The slots of a stack at first: enough for most calls from the host, and small.
const INITIAL_SLOTS: usize = 1 << 10;
/// Spare arenas kept.
const SPARE: usize = 8;

impl Stacks {
    /// No stack, for a store of `engine`, which outlives it.
    pub fn new(engine: &EngineInner) -> Stacks {
        let interrupt = Arc::new(InterruptFlag::default());
        let context = Context::new(
            &raw const *interrupt,
            &raw const engine.epoch,
            engine.handlers.fixed.return_boundary.address(),
        );
        Stacks {
            context: NonNull::from(Box::leak(Box::new(UnsafeCell::new(context)))),
            stacks: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            reclaim_at: SPARE,
            activations: Vec::new(),
            max_slots: engine.tunables.max_stack / size_of::<u64>(),
            interrupt,
        }
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
        fuel.max(0) as u64
    }

    /// Whether more fuel has been spent than there was.
    pub fn is_out_of_fuel(&self) -> bool {
        // SAFETY: as in `registers`.
        unsafe { (*self.context()).fuel < 0 }
    }

    /// Sets the fuel; at most 2⁶³ − 1 is kept.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.registers().fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
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
        let numbered = self.stacks.iter().enumerate();
        numbered.filter_map(|(id, stack)| Some((StackId(id as u32), stack.as_ref()?)))
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

    /// A stack for a call of `function`, of at least `slots` slots; `None` where the limit
    /// or the host does not allow that.
    pub fn acquire(
        &mut self,
        function: FuncIndex,
        slots: usize,
        owner: Option<Arc<()>>,
    ) -> Option<StackId> {
        if slots > self.max_slots {
            return None;
        }
        if self.stacks.len() - self.free.len() >= self.reclaim_at {
            self.reclaim();
        }
        let mut arena = match self.spare.pop() {
            Some(arena) => arena,
            None => Arena::new(slots.max(INITIAL_SLOTS.min(self.max_slots)))?,
        };
        if arena.slots() < slots && !arena.grow(slots) {
            return None;
        }
        let stack = Stack {
            arena,
            state: StackState::Fresh,
            function,
            resume: ExitPoint {
                ip: ptr::null(),
                is_return: false,
                fp: 0,
                instance: ptr::null_mut(),
            },
            awaiting: None,
            result: 0,
            owner,
        };
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                self.stacks.push(None);
                self.stacks.len() as u32 - 1
            }
        };
        self.stacks[id as usize] = Some(stack);
        Some(StackId(id))
    }

    /// Gives a stack back.
    pub fn release(&mut self, id: StackId) {
        let Some(stack) = self.stacks[id.0 as usize].take() else {
            return;
        };
        self.free.push(id.0);
        if self.spare.len() < SPARE && stack.arena.slots() <= INITIAL_SLOTS * 64 {
            self.spare.push(stack.arena);
        }
    }

    /// Gives back the stacks whose executions were dropped.
    fn reclaim(&mut self) {
        for id in 0..self.stacks.len() {
            let dropped = self.stacks[id].as_ref().is_some_and(|stack| {
                stack.state != StackState::Running
                    && stack
                        .owner
                        .as_ref()
                        .is_some_and(|owner| Arc::strong_count(owner) == 1)
            });
            if dropped {
                self.release(StackId(id as u32));
            }
        }
        self.reclaim_at = (self.stacks.len() - self.free.len()) * 2 + SPARE;
    }

    /// A stack in use.
    ///
    /// # Panics
    ///
    /// If it was given back.
    pub fn stack(&self, id: StackId) -> &Stack {
        self.stacks[id.0 as usize]
            .as_ref()
            .expect("the stack is in use")
    }

    /// A stack in use, to change.
    ///
    /// # Panics
    ///
    /// If it was given back.
    pub fn stack_mut(&mut self, id: StackId) -> &mut Stack {
        self.stacks[id.0 as usize]
            .as_mut()
            .expect("the stack is in use")
    }

    /// Grows a stack so that it has at least `slots` slots. False where the limit or the
    /// host does not allow that.
    pub fn grow(&mut self, id: StackId, slots: usize) -> bool {
        if slots > self.max_slots {
            return false;
        }
        let max = self.max_slots;
        let arena = &mut self.stack_mut(id).arena;
        let generous = arena.slots().saturating_mul(2).clamp(slots, max);
        slots <= arena.slots() || arena.grow(generous) || arena.grow(slots)
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        // SAFETY: the context came from `Box::leak` in `new`.
        drop(unsafe { Box::from_raw(self.context.as_ptr()) });
    }
}
