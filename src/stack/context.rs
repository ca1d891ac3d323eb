//! Registers and tables that running code shares with the host.

use super::chain::Activation;
use super::directory::Stack;
use super::interrupt::InterruptFlag;
use crate::code::CodeHeader;
use crate::heap::{FuncObject, GlobalCell, InstanceCore, ObjectCore};
use crate::ids::StackId;
use crate::support::epoch::Epoch;
use crate::support::vector::{Saved, V128};
use core::ptr;

/// Reason for which handlers return to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The host's call has returned; `fp` is its boundary.
    Done,
    /// The instruction at `ip` has trapped, with the trap in `Context::trap`.
    Trap,
    /// A call needs a larger stack: `Context::grow_bytes` bytes above `Context::grow_from`.
    /// The cell at `ip` is executed again afterwards.
    Grow,
    /// A call needs a larger stack: room for a frame of the function `Context::grow_callee` above
    /// `Context::grow_from`. The cell at `ip` is executed again afterwards.
    GrowForCallee,
    /// The function that `acc` numbers, whose record is at `fp`, has no code yet.
    Translate,
    /// A host function is called: see [`OutgoingCall`].
    Host,
    /// The cell at `ip` is a service; `Context::service` is its op.
    Service,
    /// The cell at `ip` switches stacks in a way that handlers leave to the driver;
    /// `Context::service` is its op.
    Switching,
    /// The function of the running continuation has returned; `fp` is the bottom.
    ContinuationDone,
    /// The running continuation's function is a host function that has not been called yet.
    StartHost,
    /// A loop header, a function's entry or its end was reached, and fuel, an interruption or an
    /// epoch deadline requires a poll.
    Poll,
    /// A probe of the dispatch backend has ended.
    Probe,
}

/// Call of a host function by running code.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct OutgoingCall {
    /// Index of the function in the store.
    pub function: u32,
    /// Address of the cell that runs after the call: of the caller, or, in a tail call, of
    /// the caller's caller, as the caller's frame has gone.
    pub return_ip: *const u64,
    /// First slot of the arguments. The results take their place.
    pub arguments: *mut u64,
    /// True in a tail call: the caller's frame has gone.
    pub is_tail: bool,
}

/// Location of the registers `ip` and `fp` while code runs, for debuggers.
#[derive(Debug)]
#[repr(C)]
pub struct LivePoint {
    /// Address of the cell that runs.
    pub ip: *const u64,
    /// Record of the running frame.
    pub fp: *mut u64,
}

impl LivePoint {
    /// The registers are in the context.
    pub const SAVED: *const LivePoint = ptr::null();
    /// The registers are the first two arguments of each handler, in machine registers.
    pub const ARGUMENTS: *const LivePoint = ptr::without_provenance(LivePoint::IN_ARGUMENTS);
    /// The registers are the first two arguments of each handler, in the calling convention that
    /// preserves no registers.
    pub const PRESERVE_NONE: *const LivePoint =
        ptr::without_provenance(LivePoint::IN_PRESERVE_NONE);

    /// [`LivePoint::ARGUMENTS`] as a number.
    pub const IN_ARGUMENTS: usize = 1;
    /// [`LivePoint::PRESERVE_NONE`] as a number.
    pub const IN_PRESERVE_NONE: usize = 2;
}

/// State of a store that handlers read and write, apart from the stack.
///
/// Each store has one, at a fixed address. Handlers reach it through a raw pointer, and no
/// Rust reference to it is held while they run.
#[derive(Debug)]
#[repr(C)]
pub struct Context {
    /// Slot that no frame may reach beyond.
    pub stack_limit: *mut u64,
    /// Instance that runs.
    pub instance: *mut InstanceCore,
    /// Globals of that instance.
    pub globals: *const *mut GlobalCell,
    /// Structures and arrays of the store.
    pub objects: *mut ObjectCore,
    /// Functions of the store, by index.
    pub functions: *const FuncObject,
    /// Stack directory of the store.
    pub stacks: *mut Stack,
    /// Stack whose code runs.
    pub running: *mut Stack,
    /// Fuel left. Negative once the last straight run of code has consumed more than there
    /// was.
    pub fuel: i64,
    /// Flag that other threads raise to interrupt running code.
    pub interrupt: *const InterruptFlag,
    /// Epoch of the engine.
    pub epoch: *const Epoch,
    /// Epoch at which running code exits for a poll.
    pub epoch_deadline: u64,

    /// Reason of the last exit.
    pub exit: Exit,
    /// Number of the trap, after [`Exit::Trap`].
    pub trap: u8,
    /// Number of the op, after [`Exit::Service`] and [`Exit::Switching`].
    pub service: u16,
    /// Stack slot above which a call needs room.
    pub grow_from: *mut u64,
    /// Number of bytes needed there, after [`Exit::Grow`].
    pub grow_bytes: usize,
    /// Header of the callee whose frame needs the room, after [`Exit::GrowForCallee`].
    pub grow_callee: *const CodeHeader,
    /// Address of the cell that runs next, or that has failed.
    pub ip: *const u64,
    /// Record of the frame that this cell belongs to.
    pub fp: *mut u64,
    /// Accumulator for integers and references.
    pub acc: u64,
    /// Accumulator for 32-bit floats.
    pub f32acc: f32,
    /// Accumulator for 64-bit floats.
    pub f64acc: f64,
    /// Accumulator for vectors; without the feature `simd` it takes no space.
    pub v128acc: Saved,
    /// Call of a host function, after [`Exit::Host`].
    pub host: OutgoingCall,
    /// Address on the native stack that a probe of a dispatch backend has reached.
    pub native_stack: usize,
    /// Address of the cell that calls into another instance return to.
    pub return_boundary: *const u64,

    /// Location of `ip` and `fp` now: a constant of [`LivePoint`], or an address.
    pub live: *const LivePoint,
    /// Number of entries in the stack directory.
    pub stack_count: usize,
    /// Activations of the store, oldest first.
    pub activations: *const Activation,
    /// Number of activations.
    pub activation_count: usize,

    /// First byte that is watched, in any memory.
    pub watch_start: u64,
    /// End of the bytes that are watched; zero if there are none.
    pub watch_end: u64,
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
            objects: ptr::null_mut(),
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
            grow_from: ptr::null_mut(),
            grow_bytes: 0,
            grow_callee: ptr::null(),
            ip: ptr::null(),
            fp: ptr::null_mut(),
            acc: 0,
            f32acc: 0.0,
            f64acc: 0.0,
            v128acc: V128::ZERO.save(),
            host: OutgoingCall {
                function: 0,
                return_ip: ptr::null(),
                arguments: ptr::null_mut(),
                is_tail: false,
            },
            native_stack: 0,
            return_boundary,
            live: LivePoint::SAVED,
            stack_count: 0,
            activations: ptr::null(),
            activation_count: 0,
            watch_start: 0,
            watch_end: 0,
        }
    }

    /// Creates the context for a probe of a dispatch backend, whose handlers use none of the
    /// store's state.
    pub fn for_probe() -> Context {
        Context::new(ptr::null(), ptr::null(), ptr::null())
    }

    /// Returns the address of a stack's entry in the directory.
    ///
    /// # Safety
    ///
    /// The directory has been set, and has an entry of this number.
    #[inline(always)]
    pub unsafe fn stack(&self, id: StackId) -> *mut Stack {
        // SAFETY: as promised.
        unsafe { self.stacks.add(id.0 as usize) }
    }

    /// Sets the running instance, which may be null.
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
