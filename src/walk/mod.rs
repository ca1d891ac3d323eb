//! Looking at stacks: who stands where.
//!
//! Flows in: the frames of `stack`, the code map of `code`, a frame map of `translate`.
//! Flows out: [`Frame`]s with module, function and offset; what they refer to, for the
//! collector. Must never be: a name of
//! `execute`'s, a change of what is looked at, an address in what is shown.

mod backtrace;
pub mod coredump;
mod frame;
mod roots;

pub use backtrace::Backtrace;
pub use frame::Frame;
pub use roots::trace_stack;
