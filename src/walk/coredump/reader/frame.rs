//! Frames of a core dump, grouped into threads.

use super::{Boundary, Position, ThreadState, Value};
use alloc::string::String;
use alloc::vec::Vec;

/// The frames of one `corestack` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The thread's name.
    pub name: String,
    /// `true` if the writer had memory for all frames.
    pub complete: bool,
    /// The frames, youngest first.
    pub frames: Vec<Frame>,
    /// The state, which only Backstitch's dumps contain.
    pub state: Option<ThreadState>,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instance whose code runs in the frame.
    pub instance: u32,
    /// The function's index in its module; imported functions come first.
    pub function: u32,
    /// Offset of the instruction from the start of the function's body, which is where its locals
    /// are declared. The instruction is the one that trapped, or in a caller the call.
    pub code_offset: u32,
    /// The locals, parameters first; empty if the writer did not record them.
    pub locals: Vec<Value>,
    /// The operand stack, lowest first; empty if the writer did not record it.
    pub operands: Vec<Value>,
    /// Details that only Backstitch's dumps contain.
    pub details: Option<FrameDetails>,
}

/// Details of a frame that only Backstitch's dumps contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameDetails {
    /// The frame's stack, as an index into [`CoreDump::stacks`](super::CoreDump::stacks).
    pub stack: u32,
    /// The frame's position relative to its instruction.
    pub position: Position,
    /// The boundary between the frame and its caller.
    pub boundary: Boundary,
    /// `true` if the writer had memory for the frame's values.
    pub captured: bool,
}
