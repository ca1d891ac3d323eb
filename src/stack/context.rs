//! The registers that running code shares with the host.

use super::chain::Activation;
use super::directory::{Stack, StackId};
use super::interrupt::InterruptFlag;
use crate::code::CodeHeader;
use crate::heap::{FuncObject, GlobalCell, InstanceCore};
use crate::support::epoch::Epoch;
use core::ptr;

/// Why running code came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The host's call has returned; `fp` is its boundary.
    Done,
    /// A trap, of the kind in `Context::trap`, at `ip`.
    Trap,
    /// A call needs a larger stack: `Context::needed` bytes from `Context::wanted` on. Try
    /// `ip` again.
    Grow,
    /// The same, where the frame of the function `Context::callee` is to stand.
    GrowForCallee,
    /// The function that `acc` numbers, whose record stands at `fp`, has no code yet.
    Translate,
    /// A function of the host's is called: see [`HostRequest`].
    Host,
    /// The service at `ip`: `Context::service` is its op.
    Service,
    /// What the cell at `ip` wants of continuations: `Context::service` is its op.
    Switching,
    /// The function of a running continuation has returned; `fp` is the bottom.
    ContinuationDone,
    /// The running continuation's function is the host's, and has not been called yet.
    StartHost,
    /// Fuel, an interruption or an epoch deadline, at a loop header or function entry.
    Poll,
    /// The end of a probe of the dispatch backend.
    Probe,
}

/// A call of a host function, as running code leaves it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct HostRequest {
    /// The function, by index in the store.
    pub function: u32,
    /// Where the caller goes on. In a tail call that is the caller's caller: its frame
    /// has gone.
    pub return_ip: *const u64,
    /// Where the arguments stand and the results are wanted.
    pub arguments: *mut u64,
}

/// Where running code has its registers `ip` and `fp`: only debuggers ask.
#[derive(Debug)]
#[repr(C)]
pub struct LivePoint {
    /// The cell that runs.
    pub ip: *const u64,
    /// The record of its frame.
    pub fp: *mut u64,
}

impl LivePoint {
    /// In the context.
    pub const SAVED: *const LivePoint = ptr::null();
    /// In the machine's registers: the first two arguments of each handler.
    pub const ARGUMENTS: *const LivePoint = ptr::without_provenance(LivePoint::IN_ARGUMENTS);
    /// The same, in the calling convention that preserves no registers.
    pub const PRESERVE_NONE: *const LivePoint =
        ptr::without_provenance(LivePoint::IN_PRESERVE_NONE);

    /// [`LivePoint::ARGUMENTS`] as a number.
    pub const IN_ARGUMENTS: usize = 1;
    /// [`LivePoint::PRESERVE_NONE`] as a number.
    pub const IN_PRESERVE_NONE: usize = 2;
}

/// What handlers know of the world outside the stack.
///
/// One for each store, at a fixed address. Handlers reach it through a raw pointer, and no
/// Rust reference to it is held while they run.
#[derive(Debug)]
#[repr(C)]
pub struct Context {
    /// No frame may reach beyond this slot.
    pub stack_limit: *mut u64,
    /// The instance that runs.
    pub instance: *mut InstanceCore,
    /// That instance's globals.
    pub globals: *const *mut GlobalCell,
    /// The store's functions.
    pub functions: *const FuncObject,
    /// The directory of the store's stacks.
    pub stacks: *mut Stack,
    /// The stack whose code runs.
    pub running: *mut Stack,
    /// Fuel left; below zero by what the last stretch of code took beyond it.
    pub fuel: i64,
    /// Raised by other threads to interrupt.
    pub interrupt: *const InterruptFlag,
    /// The engine's epoch.
    pub epoch: *const Epoch,
    /// The epoch at which running code comes back.
    pub epoch_deadline: u64,

    /// Why running code came back.
    pub exit: Exit,
    /// The kind of trap, as a number.
    pub trap: u8,
    /// The op of a service, as a number.
    pub service: u16,
    /// Where a call needs room,
    pub wanted: *mut u64,
    /// and how much, in bytes,
    pub needed: usize,
    /// or for a frame of which function.
    pub callee: *const CodeHeader,
    /// Where to go on, or what failed.
    pub ip: *const u64,
    /// The frame there.
    pub fp: *mut u64,
    /// The integer accumulator.
    pub acc: u64,
    /// The accumulator of 32-bit floats.
    pub f32acc: f32,
    /// The accumulator of 64-bit floats.
    pub f64acc: f64,
    /// The host function called.
    pub host: HostRequest,
    /// The address of something on the native stack, for the probe.
    pub native_stack: usize,
    /// What boundary frames return to.
    pub return_boundary: *const u64,

    /// Where `ip` and `fp` are while code runs: one of the constants, or an address.
    pub live: *const LivePoint,
    /// The number of stacks in the directory,
    pub stack_count: usize,
    /// the activations under way, oldest first,
    pub activations: *const Activation,
    /// and how many there are.
    pub activation_count: usize,
}

impl Context {
    pub(super) fn new(
        interrupt: *const InterruptFlag,
        epoch: *const Epoch,
        return_boundary: *const u64,
    ) -> Context {
        Context {
            stack_limit: ptr::null_mut(),
            instance: ptr::null_mut(),
            globals: ptr::null(),
            functions: ptr::null(),
            stacks: ptr::null_mut(),
            running: ptr::null_mut(),
            fuel: 0,
            interrupt,
            epoch,
            epoch_deadline: u64::MAX,
            exit: Exit::Done,
            trap: 0,
            service: 0,
            wanted: ptr::null_mut(),
            needed: 0,
            callee: ptr::null(),
            ip: ptr::null(),
            fp: ptr::null_mut(),
            acc: 0,
            f32acc: 0.0,
            f64acc: 0.0,
            host: HostRequest {
                function: 0,
                return_ip: ptr::null(),
                arguments: ptr::null_mut(),
            },
            native_stack: 0,
            return_boundary,
            live: LivePoint::SAVED,
            stack_count: 0,
            activations: ptr::null(),
            activation_count: 0,
        }
    }

    /// Registers for a probe of a dispatch backend, which uses none of them.
    pub fn for_probe() -> Context {
        Context::new(ptr::null(), ptr::null(), ptr::null())
    }

    /// A stack, in the directory.
    ///
    /// # Safety
    ///
    /// The directory has been set, and has it.
    #[inline(always)]
    pub unsafe fn stack(&self, id: StackId) -> *mut Stack {
        // SAFETY: as promised.
        unsafe { self.stacks.add(id.0 as usize) }
    }

    /// Makes an instance, or none, the running one.
    pub fn set_instance(&mut self, instance: *mut InstanceCore) {
        self.instance = instance;
        self.globals = if instance.is_null() {
            ptr::null()
        } else {
            // SAFETY: cores live as long as their store (H1).
            unsafe { (*instance).globals }
        };
    }
}
