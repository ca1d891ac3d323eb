//! A host of single parts: what a board has.

use super::abi::{Clock, Errno};
use super::host::{Host, InputStream, OutputStream};
use alloc::boxed::Box;
use core::fmt;

type ClockFn = Box<dyn FnMut(Clock) -> Result<u64, Errno> + Send>;
type RandomFn = Box<dyn FnMut(&mut [u8]) -> Result<(), Errno> + Send>;
type SleepFn = Box<dyn FnMut(u64) -> Result<(), Errno> + Send>;
type YieldFn = Box<dyn FnMut() + Send>;
type ExitFn = Box<dyn FnMut(u32) + Send>;

/// A host that has what it was given; the rest is [`Errno::Nosys`] to the program.
///
/// ```
/// use backstitch::wasi::{Errno, Minimal, MinimalOutput, WasiCtxBuilder};
///
/// let board = Minimal::new().clock(1_000_000, |_| Ok(0)).yielding(|| {});
/// let wasi = WasiCtxBuilder::with_host(board)
///     .stdout(MinimalOutput::new(|bytes| {
///         // What the board's serial line takes.
///         Ok(bytes.len())
///     }))
///     .build();
/// # let _ = wasi;
/// ```
#[derive(Default)]
pub struct Minimal {
    resolution: u64,
    clock: Option<ClockFn>,
    random: Option<RandomFn>,
    sleep: Option<SleepFn>,
    yielding: Option<YieldFn>,
    exit: Option<ExitFn>,
}

impl Minimal {
    /// A host that has nothing.
    pub fn new() -> Minimal {
        Minimal::default()
    }

    /// Gives it clocks, which count in steps of so many nanoseconds. A clock that there is
    /// none of gives [`Errno::Nosys`] too.
    #[must_use]
    pub fn clock(
        mut self,
        resolution: u64,
        clock: impl FnMut(Clock) -> Result<u64, Errno> + Send + 'static,
    ) -> Minimal {
        self.resolution = resolution;
        self.clock = Some(Box::new(clock));
        self
    }

    /// Gives it a source of randomness.
    #[must_use]
    pub fn random(
        mut self,
        random: impl FnMut(&mut [u8]) -> Result<(), Errno> + Send + 'static,
    ) -> Minimal {
        self.random = Some(Box::new(random));
        self
    }

    /// Gives it a way to wait for so many nanoseconds, or less.
    #[must_use]
    pub fn sleep(
        mut self,
        sleep: impl FnMut(u64) -> Result<(), Errno> + Send + 'static,
    ) -> Minimal {
        self.sleep = Some(Box::new(sleep));
        self
    }

    /// Gives it a way to let others run.
    #[must_use]
    pub fn yielding(mut self, yielding: impl FnMut() + Send + 'static) -> Minimal {
        self.yielding = Some(Box::new(yielding));
        self
    }

    /// Lets it know when the program ends, and with which code.
    #[must_use]
    pub fn on_exit(mut self, exit: impl FnMut(u32) + Send + 'static) -> Minimal {
        self.exit = Some(Box::new(exit));
        self
    }
}

impl Host for Minimal {
    fn clock_resolution(&mut self, clock: Clock) -> Result<u64, Errno> {
        // Asked, so that there is no resolution of a clock that is missing.
        self.clock_time(clock).map(|_| self.resolution)
    }

    fn clock_time(&mut self, clock: Clock) -> Result<u64, Errno> {
        self.clock.as_mut().ok_or(Errno::Nosys)?(clock)
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Errno> {
        self.random.as_mut().ok_or(Errno::Nosys)?(bytes)
    }

    fn yield_now(&mut self) -> Result<(), Errno> {
        self.yielding.as_mut().ok_or(Errno::Nosys)?();
        Ok(())
    }

    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Errno> {
        self.sleep.as_mut().ok_or(Errno::Nosys)?(nanoseconds)
    }

    fn exit(&mut self, code: u32) {
        if let Some(exit) = &mut self.exit {
            exit(code);
        }
    }
}

impl fmt::Debug for Minimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minimal").finish_non_exhaustive()
    }
}

/// An input that a closure reads: [`Errno::Again`] where there is nothing yet.
pub struct MinimalInput<F>(F);

impl<F: FnMut(&mut [u8]) -> Result<usize, Errno> + Send + 'static> MinimalInput<F> {
    /// What `read` reads; nothing at the end.
    pub fn new(read: F) -> MinimalInput<F> {
        MinimalInput(read)
    }
}

impl<F: FnMut(&mut [u8]) -> Result<usize, Errno> + Send + 'static> InputStream for MinimalInput<F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        (self.0)(buffer)
    }
}

impl<F> fmt::Debug for MinimalInput<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MinimalInput")
    }
}

/// An output that a closure writes.
pub struct MinimalOutput<F>(F);

impl<F: FnMut(&[u8]) -> Result<usize, Errno> + Send + 'static> MinimalOutput<F> {
    /// What `write` writes, and how many bytes of it.
    pub fn new(write: F) -> MinimalOutput<F> {
        MinimalOutput(write)
    }
}

impl<F: FnMut(&[u8]) -> Result<usize, Errno> + Send + 'static> OutputStream for MinimalOutput<F> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        (self.0)(bytes)
    }
}

impl<F> fmt::Debug for MinimalOutput<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MinimalOutput")
    }
}
