//! The trait for what a server shows and drives.

use crate::api::coredump::Value;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::ops::Range;

/// The identity of a thread, which is a stack. It is not used again for another stack of the same
/// debuggee.
pub type ThreadId = NonZeroU32;

/// A program that a debugger looks at: running, recorded, or dead.
///
/// Modules and instances have numbers, which remain the same in a session. Between two calls of
/// [`Debuggee::resume`], nothing changes except by [`Debuggee::write_memory`]. All other numbers and
/// addresses come from a client and may be wrong.
pub trait Debuggee {
    /// Returns the names of the modules, by their numbers. More may follow when the program runs on.
    fn modules(&self) -> Vec<String>;

    /// Returns the bytes of a module, if they are known.
    fn module_bytes(&self, module: u32) -> Option<&[u8]>;

    /// Returns an instance of a module, if there is one.
    fn instance_of(&self, module: u32) -> Option<u32>;

    /// Returns the threads: all stacks that run, can run or wait, except those that are a part of
    /// another thread because that one waits for them.
    fn threads(&self) -> Vec<ThreadId>;

    /// Returns the name of a thread.
    fn thread_name(&self, thread: ThreadId) -> Option<String>;

    /// Returns the state of a thread as a phrase such as "waits for the host", if there is anything
    /// to say about it.
    fn thread_state(&self, thread: ThreadId) -> Option<String>;

    /// Returns the frames of a thread, youngest first, `most` at most.
    fn frames(&self, thread: ThreadId, most: usize) -> Vec<Frame>;

    /// Returns a local of a frame; `None` if there is none of that index.
    fn local(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value>;

    /// Returns an operand of a frame, counted from the top of its operand stack.
    fn operand(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value>;

    /// Returns a global of the instance whose code runs in a frame.
    fn global(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value>;

    /// Returns the size in bytes of an instance's first memory; `None` if it has none.
    fn memory_size(&self, instance: u32) -> Option<u64>;

    /// Reads an instance's first memory.
    ///
    /// # Errors
    ///
    /// [`DebugError::OutOfBounds`] if not all bytes are in the memory, and [`DebugError::Missing`] if
    /// there is no such memory.
    fn read_memory(&self, instance: u32, address: u64, buffer: &mut [u8])
    -> Result<(), DebugError>;

    /// Returns why the program does not run now.
    fn stop(&self) -> Stop;

    /// Runs the program, and returns why it stopped.
    ///
    /// To keep the connection alive, a long run returns [`Stop::Yielded`] from time to time, and is
    /// called again with the same argument. A debuggee that cannot run returns its last stop again.
    fn resume(&mut self, resumption: &Resumption) -> Stop;

    /// Ends a run that has yielded, because the client asks for it.
    fn interrupt(&mut self) -> Stop {
        self.stop()
    }

    /// Returns whether the program can run at all.
    fn can_run(&self) -> bool {
        true
    }

    /// Returns whether [`Stop::Watchpoint`] is after the access, in the direction of the run, and not
    /// before it.
    fn watches_after(&self) -> bool {
        false
    }

    /// Returns whether the program runs backwards, too.
    fn runs_back(&self) -> bool {
        false
    }

    /// Writes an instance's first memory.
    ///
    /// # Errors
    ///
    /// As [`Debuggee::read_memory`], and [`DebugError::Unsupported`] if memories cannot be changed.
    fn write_memory(
        &mut self,
        _instance: u32,
        _address: u64,
        _bytes: &[u8],
    ) -> Result<(), DebugError> {
        Err(DebugError::Unsupported)
    }

    /// Stops the program from now on before an instruction is executed.
    ///
    /// # Errors
    ///
    /// [`DebugError::Missing`] if there is no instruction, and [`DebugError::Unsupported`] if the
    /// program cannot run.
    fn set_breakpoint(&mut self, _location: Location) -> Result<(), DebugError> {
        Err(DebugError::Unsupported)
    }

    /// Removes a breakpoint.
    ///
    /// # Errors
    ///
    /// [`DebugError::Missing`] if there is none.
    fn clear_breakpoint(&mut self, _location: Location) -> Result<(), DebugError> {
        Err(DebugError::Unsupported)
    }

    /// Stops the program from now on before an access of memory.
    ///
    /// # Errors
    ///
    /// [`DebugError::OutOfBounds`] if the addresses are not in the memory, and
    /// [`DebugError::Unsupported`] if accesses cannot be watched.
    fn set_watchpoint(&mut self, _watchpoint: &Watchpoint) -> Result<(), DebugError> {
        Err(DebugError::Unsupported)
    }

    /// Removes a watchpoint.
    ///
    /// # Errors
    ///
    /// [`DebugError::Missing`] if there is none.
    fn clear_watchpoint(&mut self, _watchpoint: &Watchpoint) -> Result<(), DebugError> {
        Err(DebugError::Unsupported)
    }
}

/// The position of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instance whose code runs.
    pub instance: u32,
    /// The instance's module.
    pub module: u32,
    /// Offset of the instruction in the module, in a caller that of the call; `None` if it is not
    /// known.
    pub offset: Option<u64>,
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The module.
    pub module: u32,
    /// Offset of the instruction in the module.
    pub offset: u64,
}

/// A watched range of an instance's first memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchpoint {
    /// The instance.
    pub instance: u32,
    /// The addresses.
    pub addresses: Range<u64>,
    /// The accesses before which the program stops.
    pub kind: WatchKind,
}

/// Accesses that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Both.
    Access,
}

/// The directions in which a program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Forwards.
    #[default]
    Forward,
    /// Backwards.
    Back,
}

/// The part of a thread in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Runs until something stops the program.
    Continue,
    /// Runs one instruction.
    Step,
    /// Runs until it leaves these offsets of a module.
    StepOut {
        /// The module.
        module: u32,
        /// The offsets.
        offsets: Range<u64>,
    },
}

/// The request of a client that lets a program run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumption {
    /// The direction.
    pub direction: Direction,
    /// The threads with an action of their own.
    pub actions: Vec<(ThreadId, Action)>,
    /// `true` if all other threads do not run.
    pub others_stay: bool,
}

impl Resumption {
    /// Returns what a thread does; `None` if it does not run.
    pub fn action(&self, thread: ThreadId) -> Option<&Action> {
        let own = self.actions.iter().find(|(of, _)| *of == thread);
        match own {
            Some((_, action)) => Some(action),
            None if self.others_stay => None,
            None => Some(&Action::Continue),
        }
    }
}

/// The reason why a program does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The program is about to execute an instruction with a breakpoint.
    Breakpoint {
        /// The thread.
        thread: ThreadId,
    },
    /// The program has executed a step.
    Step {
        /// The thread.
        thread: ThreadId,
    },
    /// The program is about to access watched memory, or has done so ([`Debuggee::watches_after`]).
    Watchpoint {
        /// The thread.
        thread: ThreadId,
        /// The watchpoint.
        watchpoint: Watchpoint,
    },
    /// The program has failed.
    Trapped {
        /// The thread.
        thread: ThreadId,
        /// Description of the failure.
        message: String,
    },
    /// The program was stopped from outside.
    Interrupted {
        /// The thread that ran.
        thread: ThreadId,
    },
    /// A recording begins or ends here.
    HistoryEnds {
        /// The thread that ran.
        thread: ThreadId,
        /// `true` if nothing comes before.
        is_start: bool,
    },
    /// The program has ended.
    Exited {
        /// The exit code.
        status: u8,
    },
    /// The program still runs, and [`Debuggee::resume`] is called again when the connection was looked at.
    Yielded,
}

impl Stop {
    /// Returns the thread that stopped.
    pub fn thread(&self) -> Option<ThreadId> {
        match *self {
            Stop::Breakpoint { thread }
            | Stop::Step { thread }
            | Stop::Watchpoint { thread, .. }
            | Stop::Trapped { thread, .. }
            | Stop::Interrupted { thread }
            | Stop::HistoryEnds { thread, .. } => Some(thread),
            Stop::Exited { .. } | Stop::Yielded => None,
        }
    }
}

/// The reason why a debuggee refuses what a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DebugError {
    /// The debuggee cannot do this, whatever the arguments.
    #[error("this is not possible here")]
    Unsupported,
    /// Not all addresses are in the memory.
    #[error("not all addresses are in the memory")]
    OutOfBounds,
    /// There is nothing with this number or at this place.
    #[error("there is nothing with this number, or at this place")]
    Missing,
}

impl DebugError {
    /// Returns the number that stands for the error in an answer: one of Linux's.
    pub(super) fn number(self) -> u8 {
        match self {
            // EOPNOTSUPP, EFAULT, ENOENT.
            DebugError::Unsupported => 95,
            DebugError::OutOfBounds => 14,
            DebugError::Missing => 2,
        }
    }
}
