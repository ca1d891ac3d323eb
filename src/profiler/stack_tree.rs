//! Stacks of samples, as a tree in which common callers are common nodes.

use crate::api::CodeLocation;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Maximum number of nodes: stacks that need more end at the last node that exists.
const MAX_NODES: usize = 1 << 22;

/// An instruction: a number that the profiler has given to the module, and a position in its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) module: usize,
    pub(super) location: CodeLocation,
}

/// The number of a stack; `None` for the empty one.
pub(super) type Stack = Option<u32>;

/// Different stacks, each of which has a number.
#[derive(Debug, Default)]
pub(super) struct StackTree {
    /// The youngest frame of each stack, and the stack of its caller.
    nodes: Vec<(Stack, Place)>,
    known: BTreeMap<(Stack, Place), u32>,
}

impl StackTree {
    /// Returns the number of a stack, whose oldest frame is the first.
    pub(super) fn stack(&mut self, frames: impl Iterator<Item = Place>) -> Stack {
        let mut stack = None;
        for place in frames {
            let key = (stack, place);
            stack = match self.known.get(&key) {
                Some(&known) => Some(known),
                None if self.nodes.len() == MAX_NODES => return stack,
                None => {
                    let number = self.nodes.len() as u32;
                    self.nodes.push(key);
                    self.known.insert(key, number);
                    Some(number)
                }
            };
        }
        stack
    }

    /// Returns the frames of a stack, the youngest first.
    pub(super) fn frames(&self, stack: Stack) -> impl Iterator<Item = Place> {
        let mut rest = stack;
        core::iter::from_fn(move || {
            let (caller, place) = self.nodes[rest? as usize];
            rest = caller;
            Some(place)
        })
    }
}
