//! A host that is assembled from single functions, for boards without an operating system.

use super::abi::{Clock, Errno};
use super::host::{Host, InputStream, OutputStream};
use alloc::boxed::Box;
use core::fmt;

type ClockFn = Box<dyn FnMut(Clock) -> Result<u64, Errno> + Send>;
type RandomFn = Box<dyn FnMut(&mut [u8]) -> Result<(), Errno> + Send>;
type SleepFn = Box<dyn FnMut(u64) -> Result<(), Errno> + Send>;
type YieldFn = Box<dyn FnMut() + Send>;
type ExitFn = Box<dyn FnMut(u32) + Send>;

/// A host that provides what the embedder has set. Everything else returns [`Errno::Nosys`] to
/// the program.
///
/// ```
/// use backstitch::wasi::{Errno, Minimal, MinimalOutput, WasiCtxBuilder};
///
/// let board = Minimal::new().clock(1_000_000, |_| Ok(0)).yielding(|| {});
/// let wasi = WasiCtxBuilder::with_host(board)
///     .stdout(MinimalOutput::new(|bytes| {
///         // Send `bytes` over the board's serial line here.
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
    /// Creates a host that provides nothing.
    pub fn new() -> Minimal {
        Minimal::default()
    }

    /// Sets the clocks and their resolution in nanoseconds. `clock` returns [`Errno::Nosys`] for
    /// a clock that does not exist.
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

    /// Sets the source of randomness.
    #[must_use]
    pub fn random(
        mut self,
        random: impl FnMut(&mut [u8]) -> Result<(), Errno> + Send + 'static,
    ) -> Minimal {
        self.random = Some(Box::new(random));
        self
    }

    /// Sets the function that sleeps for at most the given number of nanoseconds.
    #[must_use]
    pub fn sleep(
        mut self,
        sleep: impl FnMut(u64) -> Result<(), Errno> + Send + 'static,
    ) -> Minimal {
        self.sleep = Some(Box::new(sleep));
        self
    }

    /// Sets the function that yields to other tasks.
    #[must_use]
    pub fn yielding(mut self, yielding: impl FnMut() + Send + 'static) -> Minimal {
        self.yielding = Some(Box::new(yielding));
        self
    }

    /// Sets the function that is called with the exit code when the program exits.
    #[must_use]
    pub fn on_exit(mut self, exit: impl FnMut(u32) + Send + 'static) -> Minimal {
        self.exit = Some(Box::new(exit));
        self
    }
}

impl Host for Minimal {
    fn clock_resolution(&mut self, clock: Clock) -> Result<u64, Errno> {
        // Fails if there is no such clock.
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

/// An input stream that calls a closure. The closure returns [`Errno::Again`] while it has no
/// input.
pub struct MinimalInput<F>(F);

impl<F: FnMut(&mut [u8]) -> Result<usize, Errno> + Send + 'static> MinimalInput<F> {
    /// Creates a stream from `read`, which returns the number of bytes it has read, and 0 at the
    /// end of the input.
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

/// An output stream that calls a closure.
pub struct MinimalOutput<F>(F);

impl<F: FnMut(&[u8]) -> Result<usize, Errno> + Send + 'static> MinimalOutput<F> {
    /// Creates a stream from `write`, which returns the number of bytes it has written.
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
