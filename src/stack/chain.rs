//! The chain: the stacks that wait for one another.

use super::directory::Stack;
use super::stacks::Stacks;
use crate::ids::StackId;
use core::iter;

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

impl Stacks {
    /// Returns the number of activations.
    pub fn depth(&self) -> usize {
        self.activations.len()
    }

    /// Begins an activation, which is the newest.
    pub fn begin_activation(&mut self, activation: Activation) {
        self.activations.push(activation);
        self.share_activations();
    }

    /// Ends all activations except the oldest `depth`.
    pub fn end_activations(&mut self, depth: usize) {
        self.activations.truncate(depth);
        self.share_activations();
    }

    fn share_activations(&mut self) {
        let (activations, count) = (self.activations.as_ptr(), self.activations.len());
        let registers = self.registers();
        (registers.activations, registers.activation_count) = (activations, count);
    }

    /// Returns the chain that begins with a stack.
    pub fn chain(&self, first: StackId) -> StackChain {
        chain_from(self.stack(first))
    }

    /// Returns the chain whose newest stack is the running one.
    #[inline]
    pub fn running_chain(&self) -> StackChain {
        chain_from(self.running_stack())
    }

    /// Returns the stacks from `first` on, each followed by the one that waits for it.
    pub fn stacks_from(&self, first: StackId) -> impl Iterator<Item = StackId> {
        iter::successors(first.get(), |&id| self.stack(id).parent())
    }
}

/// Returns the chain that begins with a stack.
#[inline]
fn chain_from(first: &Stack) -> StackChain {
    match first.parent() {
        Some(_) => StackChain::Continuation(first.id()),
        None => StackChain::InitialStack(first.id()),
    }
}
