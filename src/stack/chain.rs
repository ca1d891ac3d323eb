//! Who waits for whom.

use crate::ids::StackId;

/// The stacks from a running one to the host, by the first of them.
///
/// Laid out as a number of 32 bits, by the order of the variants, and the stack behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum StackChain {
    /// Nothing runs.
    Absent,
    /// The stack of a call from the host: it is the only one.
    InitialStack(StackId),
    /// A continuation: others wait for it, the last one an initial stack.
    Continuation(StackId),
}

impl StackChain {
    /// Where the first stack's number stands, in bytes.
    pub const FIRST: usize = size_of::<u32>();

    /// The first of the stacks.
    pub fn first(self) -> Option<StackId> {
        match self {
            StackChain::Absent => None,
            StackChain::InitialStack(id) | StackChain::Continuation(id) => Some(id),
        }
    }
}

/// One contiguous run of WebAssembly, newest last in
/// [`Stacks::activations`](super::Stacks::activations).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Activation {
    /// The stacks that it runs on.
    pub chain: StackChain,
    /// Whether it has left WebAssembly and is in the host now. Where it has left is for
    /// the first of its stacks to say.
    pub exited: bool,
    /// An address on the native stack that it was started from: by this a debugger knows
    /// its thread.
    pub native_stack: usize,
}
