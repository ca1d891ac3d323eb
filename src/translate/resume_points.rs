//! The cells at which suspended frames continue.
//!
//! A frame's position is described by its instruction and the kind of place there, which do not
//! depend on how the function was translated. These records lead back from that to the cell.

use crate::code::Offset;
use smallvec::SmallVec;

/// The cells at which a frame at one instruction continues after a suspension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResumePoints {
    /// Before the instruction, if the program can be suspended there. All operands are in slots, or
    /// constants, and the code before is charged.
    pub before: Option<Offset>,
    /// True if the code at `before` returns from the function, so that the topmost operands are the
    /// function's results.
    pub returns: bool,
    /// Behind the call, or in the cell that resumes a continuation.
    pub calling: Option<Calling>,
    /// Behind the announcement of each access of the instruction, in order.
    pub announced: SmallVec<[Offset; 2]>,
    /// The probe that stops before the instruction. A frame that has stopped there continues behind it.
    /// All operands are in slots.
    pub stopped: Option<Offset>,
    /// The probes that compare the accesses of the instruction with the bytes that are watched, in
    /// order. All operands are in slots.
    pub watched: SmallVec<[Offset; 2]>,
    /// Distance of the slot with the number of filled elements of an array under creation.
    pub filled: Option<i32>,
}

/// The continuation of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calling {
    /// The return address.
    pub cell: Offset,
    /// Distance of the first slot of the arguments, which the results replace.
    pub arguments: i32,
}
