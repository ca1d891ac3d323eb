//! Frames of a core dump, and the threads that they belong to.

use super::{Boundary, Position, Value};
use alloc::string::String;
use alloc::vec::Vec;

/// The frames of one `corestack` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Whether the writer had memory for all frames.
    pub complete: bool,
    /// The frames, the youngest first.
    pub frames: Vec<Frame>,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instance that runs in it.
    pub instance: u32,
    /// The function's index in its module, in which imported ones come first.
    pub function: u32,
    /// The offset of the instruction from the start of the function's body, where its
    /// locals are counted: the one that trapped, or in a caller the call.
    pub code_offset: u32,
    /// Its locals, parameters first; none where the writer does not know them.
    pub locals: Vec<Value>,
    /// Its operand stack, the lowest first; none where the writer does not know them.
    pub operands: Vec<Value>,
    /// What only Backstitch's dumps say.
    pub details: Option<FrameDetails>,
}

/// What of a frame only Backstitch's dumps say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameDetails {
    /// The stack that it stands on, as an index into [`CoreDump::stacks`](super::CoreDump::stacks).
    pub stack: u32,
    /// Where it stands at its instruction.
    pub position: Position,
    /// What lies between it and its caller.
    pub boundary: Boundary,
    /// Whether the writer had memory for its values.
    pub captured: bool,
}
