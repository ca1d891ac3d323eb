//! Scheduling by steps that end before accesses to shared memories.

use super::ThreadId;
use super::listener::Listener;
use super::policy::Strategy;
use super::schedule::{Schedule, Switch};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// The number of instructions after which a step ends that reaches no access.
pub(super) const LONGEST: u64 = 10_000;

/// The state of a scheduler whose steps end before accesses.
pub(super) struct Steps {
    /// The schedule, if it is given. Otherwise the policy chooses.
    pub(super) schedule: Option<Schedule>,
    pub(super) listener: Box<dyn Listener>,
    /// The accesses before which priorities are lowered.
    pub(super) lowered: Vec<Lowered>,
    /// The thread that has run last.
    pub(super) last: Option<ThreadId>,
    /// The number of steps that it has taken since another one ran.
    pub(super) run: u64,
    /// The number of steps that it takes before the policy chooses again.
    pub(super) left: u64,
    /// The number of steps of each thread that was added.
    pub(super) taken: Vec<u64>,
}

/// An access before which the priority of its thread is lowered.
pub(super) struct Lowered {
    pub(super) thread: ThreadId,
    pub(super) address: u64,
    /// The number of accesses of the thread at the address up to this one.
    pub(super) left: u64,
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("schedule", &self.schedule)
            .field("last", &self.last)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl Steps {
    pub(super) fn new(schedule: Option<Schedule>, listener: Box<dyn Listener>) -> Steps {
        Steps {
            schedule,
            listener,
            lowered: Vec::new(),
            last: None,
            run: 0,
            left: 0,
            taken: Vec::new(),
        }
    }

    /// Adds a thread, whose number is the next one.
    pub(super) fn add(&mut self, thread: ThreadId) {
        self.taken.push(0);
        self.listener.added(thread, self.last);
    }

    /// Chooses one of the threads that can run, which are in the order of their numbers, and counts
    /// its step. Returns the switch as well, if the usual order would choose another one.
    pub(super) fn choose(
        &mut self,
        strategy: &mut Strategy,
        ready: impl Iterator<Item = ThreadId> + Clone,
    ) -> Option<(ThreadId, Option<Switch>)> {
        let is_ready = |thread: ThreadId| ready.clone().any(|other| other == thread);
        let last = self.last.filter(|&last| is_ready(last));
        let usual = match last {
            Some(last) if self.run < Schedule::PATIENCE => last,
            _ => {
                let next = ready.clone().find(|&thread| Some(thread) > self.last);
                next.or_else(|| ready.clone().next())?
            }
        };
        // Before the first step, the first thread counts as the one that has run last.
        let from = self.last.unwrap_or(ThreadId(0));
        let after = self.taken(from);
        let chosen = match &self.schedule {
            Some(schedule) => {
                let next = schedule.next(from, after);
                next.filter(|&thread| is_ready(thread)).unwrap_or(usual)
            }
            None => match last.filter(|_| self.left != 0) {
                Some(last) => last,
                None => {
                    let (thread, slice) = strategy.choose(ready.clone())?;
                    self.left = if strategy.prefers() { 1 } else { slice.max(1) };
                    thread
                }
            },
        };
        let switch = (chosen != usual).then_some(Switch {
            from,
            after,
            to: chosen,
        });
        if self.last != Some(chosen) || self.run >= Schedule::PATIENCE {
            self.run = 0;
        }
        self.last = Some(chosen);
        self.run += 1;
        self.left = self.left.saturating_sub(1);
        self.taken[chosen.0 as usize] += 1;
        if self.schedule.is_none() {
            strategy.ran(chosen, 1);
        }
        Some((chosen, switch))
    }

    /// Lowers the priority of a thread before an access.
    pub(super) fn lower_at(&mut self, thread: ThreadId, address: u64, count: u64) {
        self.lowered.push(Lowered {
            thread,
            address,
            left: count,
        });
    }

    /// Counts an access that a thread is about to perform. Returns whether its priority is lowered.
    pub(super) fn is_lowered(&mut self, thread: ThreadId, address: u64) -> bool {
        let mut is_lowered = false;
        for lowered in &mut self.lowered {
            if (lowered.thread, lowered.address) == (thread, address) {
                lowered.left = lowered.left.saturating_sub(1);
                is_lowered |= lowered.left == 0;
            }
        }
        self.lowered.retain(|lowered| lowered.left != 0);
        is_lowered
    }

    /// Returns the number of steps that a thread has taken.
    fn taken(&self, thread: ThreadId) -> u64 {
        self.taken[thread.0 as usize]
    }
}
