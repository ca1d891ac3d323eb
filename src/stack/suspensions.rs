//! Executions that are suspended because their time is over.

use crate::ids::StackId;
use alloc::vec::Vec;

/// End of the time that an execution may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeOut {
    /// No fuel was left.
    Fuel,
    /// The epoch deadline has passed. The next one is this many increments of the epoch after the
    /// execution is resumed.
    Epoch(u64),
}

/// The suspended executions whose time is over, by ascending initial stacks.
#[derive(Clone, Debug, Default)]
pub struct Suspensions {
    all: Vec<(StackId, TimeOut)>,
}

impl Suspensions {
    fn find(&self, stack: StackId) -> Result<usize, usize> {
        self.all.binary_search_by_key(&stack, |&(of, _)| of)
    }

    /// Returns the reason for which an execution is suspended, if its time is over.
    pub fn of(&self, stack: StackId) -> Option<TimeOut> {
        self.find(stack).ok().map(|at| self.all[at].1)
    }

    /// Records the end of an execution's time, or that its time is not over. Without memory for the
    /// record, the execution can run up to its next poll.
    pub fn set(&mut self, stack: StackId, time_out: Option<TimeOut>) {
        match (self.find(stack), time_out) {
            (Ok(at), Some(time_out)) => self.all[at].1 = time_out,
            (Ok(at), None) => drop(self.all.remove(at)),
            (Err(at), Some(time_out)) => {
                if self.all.try_reserve(1).is_ok() {
                    self.all.insert(at, (stack, time_out));
                }
            }
            (Err(_), None) => {}
        }
    }
}
