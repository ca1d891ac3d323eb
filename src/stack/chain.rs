//! The chain: the stacks that wait for one another.

use crate::ids::StackId;

/// The stacks from a running one to the initial one, by the first of them.
///
/// The layout is a 32-bit number, in the order of the variants, followed by the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum StackChain {
    /// The initial stack of a call from the host is the only one.
    InitialStack(StackId),
    /// A continuation is the first one. Others wait for it, the last of them an initial stack.
    Continuation(StackId),
}

impl StackChain {
    /// Offset of the first stack's number, in bytes.
    pub const FIRST: usize = size_of::<u32>();

    /// Returns the first of the stacks.
    pub fn first(self) -> StackId {
        match self {
            StackChain::InitialStack(id) | StackChain::Continuation(id) => id,
        }
    }
}

/// A contiguous run of WebAssembly code, from an entry from the host to its exit.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Activation {
    /// Stacks that it runs on.
    pub chain: StackChain,
    /// True if it is in the host now. If so, its registers are in the exit point of the first of
    /// its stacks.
    pub exited: bool,
    /// Address on the native stack on which it was started. A debugger finds its thread by this.
    pub native_stack: usize,
}
