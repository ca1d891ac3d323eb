//! Evaluation contexts, as lists of frames.

use crate::module::Code;
use crate::store::{FuncId, InstanceId, TagId, Value};
use std::rc::Rc;
use wasmparser::Catch;

/// One frame of an evaluation context.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// The call of a function that has been entered.
    Call(Call<'a>),
    /// A function that is to be called, with the arguments received so far. A fresh continuation
    /// consists of this frame alone.
    Enter(FuncId, Vec<Value>),
    /// Point at which a continuation was resumed. The continuation's frames are those above.
    Prompt(Prompt),
}

/// The call of a function that has been entered.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Number of this call, unique in the store.
    pub serial: u64,
    /// Number of calls below this one on the same stack.
    pub depth: usize,
    pub instance: InstanceId,
    pub code: Rc<Code<'a>>,
    /// Index of the next instruction.
    pub pc: usize,
    /// Number of results of the function.
    pub results: usize,
    pub locals: Vec<Value>,
    pub operands: Vec<Value>,
    pub labels: Vec<Label>,
}

/// A block that has been entered.
#[derive(Clone, Debug)]
pub struct Label {
    /// Number of operands below the block's own.
    pub height: usize,
    /// Number of values that a branch to the label carries.
    pub arity: usize,
    /// Index of the instruction that a branch to the label leads to.
    pub target: usize,
    /// Catch clauses, if the block is a `try_table`.
    pub catches: Vec<Catch>,
}

/// Point at which a continuation was resumed.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub clauses: Vec<Clause>,
    /// True if another continuation has taken the place of the resumed one by a switch.
    pub switched: bool,
}

/// A clause of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    pub tag: TagId,
    /// Index of the tag in the module of the resuming function.
    pub index: u32,
    /// Label that a suspension branches to; `None` for `on switch`.
    pub label: Option<u32>,
}

/// A continuation that has not been consumed.
#[derive(Clone, Debug)]
pub struct Continuation<'a> {
    pub frames: Vec<Frame<'a>>,
    /// `Call::serial` of the call that last resumed it; `None` if it is fresh.
    pub resumer: Option<u64>,
    /// True if references have been bound to it.
    pub bound: bool,
    /// True if it has been stored in a table.
    pub in_table: bool,
    /// True if it has been stored in a global.
    pub in_global: bool,
}

impl Continuation<'_> {
    /// Returns whether the continuation's function has not been entered.
    pub fn is_fresh(&self) -> bool {
        matches!(self.frames[..], [Frame::Enter(..)])
    }

    /// Returns the number of stacks of the continuation.
    pub fn stacks(&self) -> usize {
        1 + prompts(&self.frames)
    }
}

/// Returns the number of prompts among `frames`.
pub fn prompts(frames: &[Frame<'_>]) -> usize {
    let is_prompt = |frame: &&Frame<'_>| matches!(frame, Frame::Prompt(_));
    frames.iter().filter(is_prompt).count()
}
