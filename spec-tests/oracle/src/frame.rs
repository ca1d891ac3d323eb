//! Evaluation contexts: lists of frames.

use crate::module::Code;
use crate::store::{FuncId, InstanceId, TagId, Value};
use std::rc::Rc;
use wasmparser::Catch;

/// One frame of an evaluation context.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// A function under way.
    Call(Call<'a>),
    /// A function that is about to be called, with the arguments that are there already: the
    /// whole of a fresh continuation.
    Enter(FuncId, Vec<Value>),
    /// Where a continuation was resumed: its frames are those above.
    Prompt(Prompt),
}

/// A function under way.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Which activation it is; no other has the same.
    pub serial: u64,
    /// How many functions wait for it on its stack.
    pub depth: usize,
    pub instance: InstanceId,
    pub code: Rc<Code<'a>>,
    /// The index of the next operator.
    pub pc: usize,
    /// How many results it has.
    pub results: usize,
    pub locals: Vec<Value>,
    pub operands: Vec<Value>,
    pub labels: Vec<Label>,
}

/// A block that has been entered.
#[derive(Clone, Debug)]
pub struct Label {
    /// The number of operands below its own.
    pub height: usize,
    /// How many values a branch to it takes along.
    pub arity: usize,
    /// Where a branch leads.
    pub target: usize,
    /// What it catches, where it is a `try_table`.
    pub catches: Vec<Catch>,
}

/// Where a continuation was resumed.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub clauses: Vec<Clause>,
    /// Whether another continuation has taken the place of the one that was resumed.
    pub switched: bool,
}

/// A clause of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    pub tag: TagId,
    /// The index of the tag in the module.
    pub index: u32,
    /// The label that suspensions lead to; none for switches.
    pub label: Option<u32>,
}

/// A continuation that has not been used.
#[derive(Clone, Debug)]
pub struct Continuation<'a> {
    pub frames: Vec<Frame<'a>>,
    /// The activation that had resumed it, if one has.
    pub resumer: Option<u64>,
    /// Whether references have been bound to it.
    pub bound: bool,
    /// Whether it has lain in a table, or a global.
    pub in_table: bool,
    pub in_global: bool,
}

impl Continuation<'_> {
    /// Whether its function has not been entered.
    pub fn is_fresh(&self) -> bool {
        matches!(self.frames[..], [Frame::Enter(..)])
    }

    /// The number of stacks.
    pub fn stacks(&self) -> usize {
        1 + prompts(&self.frames)
    }
}

/// The number of prompts among frames.
pub fn prompts(frames: &[Frame<'_>]) -> usize {
    let is_prompt = |frame: &&Frame<'_>| matches!(frame, Frame::Prompt(_));
    frames.iter().filter(is_prompt).count()
}
