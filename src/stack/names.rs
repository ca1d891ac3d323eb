//! Names of executions, for core dumps.

use crate::ids::StackId;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The names of initial stacks, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<(StackId, Box<str>)>,
}

impl Names {
    /// Sets the name of a stack. A stack that has a name keeps its place in the order. The name is
    /// not recorded if there is no memory for it.
    pub fn set(&mut self, stack: StackId, name: &str) {
        if let Some((_, known)) = self.names.iter_mut().find(|(of, _)| *of == stack) {
            *known = name.into();
        } else if self.names.try_reserve(1).is_ok() {
            self.names.push((stack, name.into()));
        }
    }

    /// Returns the name of a stack.
    pub fn of(&self, stack: StackId) -> Option<&str> {
        let named = self.names.iter().find(|(of, _)| *of == stack);
        named.map(|(_, name)| &**name)
    }

    /// Returns the stacks that have names, in the order in which they got them.
    pub fn stacks(&self) -> impl Iterator<Item = StackId> + '_ {
        self.names.iter().map(|&(stack, _)| stack)
    }

    /// Removes the name of a stack that is released.
    pub fn remove(&mut self, stack: StackId) {
        if !self.names.is_empty() {
            self.names.retain(|&(of, _)| of != stack);
        }
    }
}
