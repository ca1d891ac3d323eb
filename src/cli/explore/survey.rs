//! The accesses of the first run, and those that other threads may depend on.

use backstitch::scheduler::{Position, ThreadId};
use backstitch::{Access, AccessKind};
use std::collections::BTreeMap;

/// The most bytes of an access that are told apart.
const MOST_BYTES: u64 = 4096;

/// The accesses of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey {
    /// The number of accesses of each thread at each address.
    counts: BTreeMap<(ThreadId, u64), u64>,
    accesses: Vec<Surveyed>,
}

/// An access, and the place in the code that performs it: a function and the position in its code.
#[derive(Clone, Debug)]
struct Surveyed {
    step: Step,
    place: (u32, u32),
    end: u64,
    writes: bool,
}

/// An access of a thread: the address, and the number of the access among those of the thread that
/// begin there, from 1. Unlike a number of steps, this is the same in other schedules as well, if the
/// thread waits there for something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) thread: ThreadId,
    pub(super) address: u64,
    pub(super) count: u64,
}

impl Survey {
    /// Adds an access that a thread is about to perform.
    pub(super) fn add(&mut self, access: Access, position: &Position<'_>) {
        let backtrace = position.backtrace();
        let frame = backtrace.frames().first();
        let size = access.size.min(MOST_BYTES);
        let (thread, address) = (position.thread, access.address);
        let count = self.counts.entry((thread, address)).or_default();
        *count += 1;
        self.accesses.push(Surveyed {
            step: Step {
                thread,
                address,
                count: *count,
            },
            place: frame.map_or((0, 0), |frame| (frame.func_index(), frame.code_offset())),
            end: access.address.saturating_add(size),
            // A notification has an effect on those that wait.
            writes: access.kind.writes() || access.kind == AccessKind::Notify,
        });
    }

    /// Returns the steps with accesses to bytes that several threads access, of which one writes.
    /// They are grouped by places in the code.
    pub(super) fn conflicts(&self) -> Vec<Vec<Step>> {
        /// The threads that access a byte.
        #[derive(Default)]
        struct Users {
            first: Option<ThreadId>,
            are_several: bool,
            writes: bool,
        }
        let mut users: BTreeMap<u64, Users> = BTreeMap::new();
        for access in &self.accesses {
            for address in access.step.address..access.end {
                let users = users.entry(address).or_default();
                let first = *users.first.get_or_insert(access.step.thread);
                users.are_several |= first != access.step.thread;
                users.writes |= access.writes;
            }
        }
        let mut places: BTreeMap<(u32, u32), Vec<Step>> = BTreeMap::new();
        for access in &self.accesses {
            let mut bytes = users.range(access.step.address..access.end);
            if bytes.any(|(_, users)| users.are_several && users.writes) {
                let steps = places.entry(access.place).or_default();
                steps.push(access.step);
            }
        }
        places.into_values().collect()
    }
}

/// A generator of random numbers: SplitMix64 (Steele et al., 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Returns a number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((u128::from(bits) * limit as u128) >> 64) as usize
    }
}
