//! Copies of a replay along its way.

use super::branch;
use super::replayer::ReplayState;
use crate::api::Store;
use crate::support::error::Result;
use alloc::vec::Vec;

/// The most checkpoints. Each may be a part of the pages of memories, which are open files.
const MOST: usize = 96;

/// Copies of a replay, by ascending position. The older they are, the larger are the distances
/// between them.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    all: Vec<Checkpoint>,
    bytes: usize,
    budget: usize,
    /// Number of instructions between two new checkpoints.
    interval: u64,
}

/// A copy of a replay.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Number of instructions before it.
    pub position: u64,
    pub store: Store<ReplayState>,
    bytes: usize,
}

impl Checkpoints {
    /// Creates an empty list, whose copies take `budget` bytes at most. The first one is kept in any
    /// case. There are about `interval` instructions between two new ones.
    pub(super) fn new(budget: usize, interval: u64) -> Checkpoints {
        Checkpoints {
            all: Vec::new(),
            bytes: 0,
            budget,
            interval,
        }
    }

    /// Adds a copy of a replay that has executed `position` instructions.
    pub(super) fn add(&mut self, position: u64, store: &Store<ReplayState>) -> Result<()> {
        let bytes = store.inner.copied_by_fork();
        let store = branch::fork(store)?;
        self.all.push(Checkpoint {
            position,
            store,
            bytes,
        });
        self.bytes += bytes;
        while self.all.len() > MOST || self.bytes > self.budget {
            if !self.thin() {
                break;
            }
        }
        Ok(())
    }

    /// Removes the checkpoint whose absence matters least: for which the distance between its
    /// neighbours is the smallest part of their age. Returns false if there is none.
    fn thin(&mut self) -> bool {
        let Some(last) = self.all.last().map(|it| it.position) else {
            return false;
        };
        let cost = |index: usize| {
            let (before, after) = (&self.all[index - 1], &self.all[index + 1]);
            let distance = after.position - before.position;
            let age = last - before.position + self.interval;
            (u128::from(distance) << 64) / u128::from(age)
        };
        let inner = 1..self.all.len().saturating_sub(1);
        let Some(least) = inner.min_by_key(|&index| cost(index)) else {
            return false;
        };
        let removed = self.all.remove(least);
        self.bytes -= removed.bytes;
        true
    }

    /// Returns the checkpoints, by ascending position.
    pub(super) fn all(&self) -> &[Checkpoint] {
        &self.all
    }

    /// Returns the last checkpoint at or before a position. The first one is at the beginning.
    pub(super) fn before(&self, position: u64) -> Option<&Checkpoint> {
        let after = self.all.partition_point(|it| it.position <= position);
        self.all.get(after.checked_sub(1)?)
    }
}
