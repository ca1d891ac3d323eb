//! A host on which everything depends on the program, its input and a seed alone.
//!
//! Flows in: a seed, files, input. Flows out: output, and the files as the program leaves them.
//! Must never be: a clock, a source of randomness, or an order, of the machine's.
//!
//! # Time
//!
//! The clocks show how much the program has executed: where the engine counts fuel, each
//! operator is a nanosecond, since how many have been executed at a call depends on no backend
//! and no machine; where it does not, each call of preview 1 is a microsecond. Who sleeps
//! moves the clocks on at once. The real time begins at 2000-01-01T00:00:00Z.

mod directory;
mod input;
mod random;
mod resolve;
mod tree;

pub use directory::MemoryDirectory;
pub use input::ScriptedInput;

use super::abi::{Clock, Errno};
use super::host::Host;
use crate::support::sync::Mutex;
use alloc::sync::Arc;
use random::Generator;

/// The real time at the beginning, in nanoseconds since 1970.
const EPOCH: u64 = 946_684_800 * 1_000_000_000;

/// The time that a call takes where no operators are counted, in nanoseconds.
const CALL: u64 = 1_000;

/// The deterministic host.
#[derive(Debug)]
pub struct Deterministic {
    time: VirtualTime,
    random: Generator,
}

impl Deterministic {
    /// A host whose randomness follows from a seed.
    pub fn new(seed: u64) -> Deterministic {
        Deterministic {
            time: VirtualTime::default(),
            random: Generator::new(seed),
        }
    }

    /// Its time, for files and input that are to share it.
    pub fn time(&self) -> VirtualTime {
        self.time.clone()
    }
}

/// A time that goes on by what a program executes. A clone is the same time.
#[derive(Clone, Debug, Default)]
pub struct VirtualTime(Arc<Mutex<Elapsed>>);

#[derive(Debug, Default)]
struct Elapsed {
    /// By execution, in nanoseconds.
    executed: u64,
    /// By waiting, in nanoseconds.
    waited: u64,
}

impl VirtualTime {
    /// Nanoseconds since the beginning.
    pub fn elapsed(&self) -> u64 {
        let elapsed = self.0.lock();
        elapsed.executed.saturating_add(elapsed.waited)
    }

    /// Lets so many nanoseconds pass.
    pub fn advance(&self, nanoseconds: u64) {
        let mut elapsed = self.0.lock();
        elapsed.waited = elapsed.waited.saturating_add(nanoseconds);
    }

    /// Nanoseconds since 1970.
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
            // Who waits does not compute.
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
