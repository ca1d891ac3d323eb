//! Policies: which thread runs next, and for how long.

use super::{Schedule, ThreadId};
use alloc::vec::Vec;

/// The rule by which a [`Scheduler`](super::Scheduler) chooses the next thread and the length of
/// its slice.
///
/// The lengths of a scheduler whose steps end before accesses
/// ([`Scheduler::at_accesses`](super::Scheduler::at_accesses)) are in steps instead of instructions.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The threads take turns, in the order in which they were added.
    RoundRobin {
        /// Number of instructions of a slice.
        slice: u64,
    },
    /// The seed determines the next thread, each with the same probability, and the length of its
    /// slice.
    Random {
        /// Seed of the schedule.
        seed: u64,
        /// Mean number of instructions of a slice.
        slice: u64,
    },
    /// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): each thread has a random
    /// priority, and the first one runs until it waits. At random instructions, the thread that
    /// runs gets the lowest priority. A fault that needs `d` of these points is found with a
    /// probability of at least 1 / (n · kᵈ) for `n` threads and `k` instructions.
    ///
    /// A thread also gets the lowest priority when it has run for a million instructions, so that
    /// threads that spin do not run for ever; if steps are counted, for `length` steps, but at
    /// least 1,000.
    Priorities {
        /// Seed of the schedule.
        seed: u64,
        /// Number of points at which priorities change.
        changes: u32,
        /// Number of instructions that the program is expected to execute, among which the points
        /// are.
        length: u64,
    },
}

/// Number of instructions after which a thread makes way for others of lower priority.
pub(super) const PATIENCE: u64 = 1_000_000;

impl Policy {
    /// Returns the number of steps after which a thread makes way for others of lower priority.
    pub(super) fn patience(self) -> u64 {
        match self {
            Policy::Priorities { length, .. } => length.max(Schedule::PATIENCE),
            _ => Schedule::PATIENCE,
        }
    }
}

/// A policy and its state.
#[derive(Debug)]
pub(super) struct Strategy {
    pub(super) policy: Policy,
    /// Number of instructions after which a thread makes way for others of lower priority.
    pub(super) patience: u64,
    pub(super) random: Random,
    /// The thread that has run last.
    pub(super) last: Option<ThreadId>,
    /// The threads with their priorities. The greatest runs first.
    pub(super) priorities: Vec<(ThreadId, i64)>,
    /// The instructions at which priorities change, the last one first.
    pub(super) changes: Vec<u64>,
    /// Number of instructions that all threads have executed.
    pub(super) executed: u64,
    /// Number of instructions that the last thread has executed since another one ran.
    pub(super) run: u64,
    /// The lowest priority that was given to a thread that ran.
    pub(super) lowest: i64,
}

impl Strategy {
    pub(super) fn new(policy: Policy, patience: u64) -> Strategy {
        let seed = match policy {
            Policy::RoundRobin { .. } => 0,
            Policy::Random { seed, .. } | Policy::Priorities { seed, .. } => seed,
        };
        let mut random = Random(seed);
        let mut changes: Vec<u64> = match policy {
            Policy::Priorities {
                changes, length, ..
            } => (0..changes).map(|_| 1 + random.below(length)).collect(),
            _ => Vec::new(),
        };
        changes.sort_unstable_by(|one, other| other.cmp(one));
        Strategy {
            policy,
            patience,
            random,
            last: None,
            priorities: Vec::new(),
            changes,
            executed: 0,
            run: 0,
            lowest: 0,
        }
    }

    /// Returns whether a thread that can run again may have to take the place of the one that runs.
    pub(super) fn prefers(&self) -> bool {
        matches!(self.policy, Policy::Priorities { .. })
    }

    /// Adds a thread.
    pub(super) fn add(&mut self, thread: ThreadId) {
        if let Policy::Priorities { .. } = self.policy {
            // Above those that `ran` gives.
            let priority = 1 + (self.random.next() >> 2).cast_signed();
            self.priorities.push((thread, priority));
        }
    }

    /// Removes a thread.
    pub(super) fn remove(&mut self, thread: ThreadId) {
        self.priorities.retain(|&(id, _)| id != thread);
    }

    /// Chooses one of the threads that can run, which are in the order of their numbers, and the
    /// number of instructions of its slice. Returns `None` if there is no thread.
    pub(super) fn choose(
        &mut self,
        ready: impl Iterator<Item = ThreadId> + Clone,
    ) -> Option<(ThreadId, u64)> {
        let (thread, slice) = match self.policy {
            Policy::RoundRobin { slice } => {
                let next = ready.clone().find(|&id| Some(id) > self.last);
                (next.or_else(|| ready.clone().next())?, slice)
            }
            Policy::Random { slice, .. } => {
                let count = ready.clone().count();
                if count == 0 {
                    return None;
                }
                let index = self.random.below(count as u64) as usize;
                let slice = 1 + self.random.below(slice.saturating_mul(2));
                (ready.clone().nth(index)?, slice)
            }
            Policy::Priorities { .. } => {
                let priority = |id: ThreadId| {
                    let found = self.priorities.iter().find(|&&(other, _)| other == id);
                    found.map_or(0, |&(_, priority)| priority)
                };
                // The first of those with equal priorities.
                let best = ready.clone().map(|id| (priority(id), id));
                let (_, thread) = best.reduce(|best, other| match other.0 > best.0 {
                    true => other,
                    false => best,
                })?;
                let next = self
                    .changes
                    .last()
                    .map_or(u64::MAX, |&at| at - self.executed);
                (thread, next.min(self.patience))
            }
        };
        if self.last != Some(thread) {
            self.run = 0;
        }
        self.last = Some(thread);
        Some((thread, slice))
    }

    /// Records that a thread has executed a number of instructions.
    pub(super) fn ran(&mut self, thread: ThreadId, instructions: u64) {
        self.executed = self.executed.saturating_add(instructions);
        self.run = self.run.saturating_add(instructions);
        let mut steps_back = self.run >= self.patience;
        while self.changes.last().is_some_and(|&at| at <= self.executed) {
            self.changes.pop();
            steps_back = true;
        }
        if steps_back {
            self.run = 0;
            self.lower(thread);
        }
    }

    /// Gives a thread the lowest priority.
    pub(super) fn lower(&mut self, thread: ThreadId) {
        self.lowest -= 1;
        for (id, priority) in &mut self.priorities {
            if *id == thread {
                *priority = self.lowest;
            }
        }
    }
}

/// A generator of random numbers: SplitMix64 (Steele et al., 2014).
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Returns a number below `limit`, or 0 if that is 0.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}
