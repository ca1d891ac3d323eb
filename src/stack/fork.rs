//! Copies of all stacks of a store, for its fork.

use super::arena::Arena;
use super::context::Context;
use super::directory::{ExitPoint, Owner, Stack, StackState};
use super::record::{BoundaryKind, Record};
use super::stacks::Stacks;
use crate::heap::{InstanceCore, ObjectCore};
use crate::ids::{InstanceIndex, StackId};
use crate::module::EngineInner;
use crate::support::wait_queue::WaitQueue;
use alloc::sync::Arc;

impl Stack {
    /// Copies a stack for a fork of its store. `core_of` returns the cores of the fork's instances.
    /// Returns `None` if there is no memory.
    fn fork(&self, core_of: &impl Fn(InstanceIndex) -> *mut InstanceCore) -> Option<Stack> {
        let arena = match self.state {
            // What was on it is not needed.
            StackState::Free => Arena::zeroed(self.slots())?,
            _ => self.arena.try_clone()?,
        };
        let mut copy = Stack {
            base: arena.base(),
            limit: arena.limit(),
            arena,
            owner: self.owner.as_ref().map(|owner| {
                Arc::new(Owner {
                    handles: owner.handles.clone(),
                })
            }),
            ..*self
        };
        let has_ended = matches!(self.state, StackState::Free | StackState::Returned);
        if !has_ended && !self.exit.ip.is_null() {
            copy.exit.instance = core_in(core_of, self.exit.instance);
            copy.enter_instances(core_of);
        } else {
            copy.exit = ExitPoint::NONE;
        }
        Some(copy)
    }

    /// Returns what an initial stack shares with the execution of the embedder that has it.
    pub fn owner(&self) -> Option<Arc<Owner>> {
        self.owner.clone()
    }

    /// Replaces the instances in the boundaries of a copy by those of the fork.
    fn enter_instances(&mut self, core_of: &impl Fn(InstanceIndex) -> *mut InstanceCore) {
        let mut record = Record(self.base.wrapping_add(self.exit.fp as usize));
        loop {
            // SAFETY: exit points and links lead to records, which a copy has at the same slots
            // (S3); a boundary is at the end of each stack.
            unsafe {
                if record.is_boundary() {
                    if record.ends_stack() {
                        return;
                    }
                    let instance = core_in(core_of, record.boundary_instance());
                    let results = record.boundary_results();
                    record.write_boundary(BoundaryKind::Instance, instance, results);
                }
                record = record.caller();
            }
        }
    }
}

/// Returns the core of the fork's instance of the same index.
fn core_in(
    core_of: &impl Fn(InstanceIndex) -> *mut InstanceCore,
    core: *const InstanceCore,
) -> *mut InstanceCore {
    // SAFETY: cores live as long as their store (H1), and none is borrowed (H2).
    core_of(unsafe { (*core).index })
}

impl Stacks {
    /// Copies the stacks, none of which runs, for a fork of their store. `objects` is the fork's heap
    /// of objects. `core_of` returns the cores of its instances, and `queue_of` the queues of its
    /// memories instead of those of the store's. Returns `None` if there is no memory.
    pub fn fork(
        &self,
        engine: &EngineInner,
        objects: *mut ObjectCore,
        core_of: impl Fn(InstanceIndex) -> *mut InstanceCore,
        queue_of: impl Fn(&Arc<WaitQueue>) -> Option<Arc<WaitQueue>>,
    ) -> Option<Stacks> {
        let mut fork = Stacks::new(engine, objects);
        let stacks = (1..self.entries() as u32).map(|id| self.stack(StackId(id)));
        for stack in stacks {
            if !fork.stacks.push(stack.fork(&core_of)?) {
                return None;
            }
        }
        fork.share_directory(StackId::NONE);
        // Releasing a stack must never allocate memory.
        fork.free.try_reserve_exact(self.entries()).ok()?;
        fork.free.extend_from_slice(&self.free);
        fork.retired = self.retired;
        fork.spare = self.spare;
        fork.slots = self.slots;
        fork.reclaim_at = self.reclaim_at;
        fork.reclaiming = self.reclaiming;
        fork.names = self.names.clone();
        fork.suspensions = self.suspensions.clone();
        fork.new_mark = self.new_mark;
        fork.fuel_set = self.fuel_set;
        fork.fuel_reserve = self.fuel_reserve;
        fork.fuel_spent_before = self.fuel_spent_before;
        for (stack, queue, ticket) in self.waiters.all() {
            let (queue, owner) = (queue_of(queue)?, fork.owner_of(stack));
            let ticket = queue.adopt(ticket, owner.map(|owner| owner as _))?;
            fork.waiters.add(stack, queue, ticket)?;
        }
        // SAFETY: the context lives as long as `self`, and no handler runs.
        let context: &Context = unsafe { &*self.context() };
        let registers = fork.registers();
        registers.fuel = context.fuel;
        registers.epoch_deadline = context.epoch_deadline;
        // Those of code that has trapped, whose frames can still be examined.
        registers.acc = context.acc;
        registers.f32acc = context.f32acc;
        registers.f64acc = context.f64acc;
        registers.v128acc = context.v128acc;
        Some(fork)
    }

    /// Returns the stacks of executions that are suspended or have not begun, by ascending number.
    pub fn suspended(&self) -> impl Iterator<Item = StackId> + '_ {
        let stacks = self.in_use();
        let waits = |stack: &Stack| {
            matches!(stack.state, StackState::Fresh | StackState::Suspended) && stack.is_held()
        };
        stacks
            .filter(move |(_, stack)| waits(stack))
            .map(|(id, _)| id)
    }

    /// Returns what executions share with their stacks.
    pub fn owners(&self) -> impl Iterator<Item = Arc<Owner>> + '_ {
        self.in_use().filter_map(|(_, stack)| stack.owner())
    }
}
