//! A host whose behaviour depends only on the program, its input and a seed.
//!
//! * Input: a seed, files, standard input.
//! * Output: standard output, and the files as the program leaves them.
//! * Never: a clock, a source of randomness or an order of the machine.
//!
//! # Time
//!
//! The clocks measure how much the program has executed. If the engine counts fuel, each
//! instruction takes a nanosecond: the number of instructions executed before a call does not
//! depend on the dispatch backend or the machine. Otherwise each call of preview 1 takes a
//! microsecond. Sleeping advances the clocks at once. The wall clock starts at
//! 2000-01-01T00:00:00Z.

mod directory;
mod input;
mod random;
mod resolve;
mod saved;
mod tree;

pub use directory::MemoryDirectory;
pub use input::ScriptedInput;
pub(super) use saved::Shared;

use super::abi::{Clock, Errno};
use super::host::Host;
use crate::support::sync::Mutex;
use alloc::sync::Arc;
use core::any::Any;
use random::Generator;

/// Start of the wall clock, in nanoseconds since 1970.
const EPOCH: u64 = 946_684_800 * 1_000_000_000;

/// Duration of a call if instructions are not counted, in nanoseconds.
const CALL: u64 = 1_000;

/// The deterministic host.
#[derive(Debug)]
pub struct Deterministic {
    time: VirtualTime,
    random: Generator,
}

impl Deterministic {
    /// Creates a host whose random bytes are determined by `seed`.
    pub fn new(seed: u64) -> Deterministic {
        Deterministic {
            time: VirtualTime::default(),
            random: Generator::new(seed),
        }
    }

    /// Returns the host's time, for files and input that share it.
    pub fn time(&self) -> VirtualTime {
        self.time.clone()
    }
}

/// A virtual time that advances as the program executes. Clones share the same time.
#[derive(Clone, Debug, Default)]
pub struct VirtualTime(Arc<Mutex<Elapsed>>);

#[derive(Debug, Default)]
struct Elapsed {
    /// Time spent executing, in nanoseconds.
    executed: u64,
    /// Time spent waiting, in nanoseconds.
    waited: u64,
}

impl VirtualTime {
    /// Returns the nanoseconds since the start.
    pub fn elapsed(&self) -> u64 {
        let elapsed = self.0.lock();
        elapsed.executed.saturating_add(elapsed.waited)
    }

    /// Advances the time.
    pub fn advance(&self, nanoseconds: u64) {
        let mut elapsed = self.0.lock();
        elapsed.waited = elapsed.waited.saturating_add(nanoseconds);
    }

    /// Returns the nanoseconds since 1970.
    fn real(&self) -> u64 {
        EPOCH.saturating_add(self.elapsed())
    }

    fn executed(&self, fuel_spent: Option<u64>) {
        let mut elapsed = self.0.lock();
        elapsed.executed = match fuel_spent {
            Some(operators) => operators,
            None => elapsed.executed.saturating_add(CALL),
        };
    }
}

impl Host for Deterministic {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn called(&mut self, fuel_spent: Option<u64>) {
        self.time.executed(fuel_spent);
    }

    fn clock_resolution(&mut self, _: Clock) -> Result<u64, Errno> {
        Ok(1)
    }

    fn clock_time(&mut self, clock: Clock) -> Result<u64, Errno> {
        Ok(match clock {
            Clock::Realtime => self.time.real(),
            Clock::Monotonic => self.time.elapsed(),
            // Waiting takes no processor time.
            Clock::ProcessCpuTime | Clock::ThreadCpuTime => self.time.0.lock().executed,
        })
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Errno> {
        self.random.fill(bytes);
        Ok(())
    }

    fn yield_now(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Errno> {
        self.time.advance(nanoseconds);
        Ok(())
    }
}
