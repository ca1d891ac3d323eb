//! Stacks, the records on them, and the chain that links them.
//!
//! Flows in: frames that `execute` writes. Flows out: the same, to whoever walks them.
//! Nothing here knows what a handler is, or what its code does.
//!
//! # Invariants
//!
//! * **S1** A slot lies in its stack's arena; `fp` never leaves it, and a frame's extent
//!   has been checked against [`Context::stack_limit`] before its record is written (the
//!   red zone aside).
//! * **S2** Slots are written as whole 64-bit words, a 32-bit value with zeros above it (a
//!   wider store costs nothing, and a later load of either width is forwarded from it).
//!   Instruction pointers and instances are written, moved and read as pointers.
//! * **S3** A link is a distance on the same stack. No slot holds the address of a slot,
//!   so that a stack may move.
//! * **S4** A stack moves only while its code is not running: in the driver, between the
//!   exit of one handler and the entry of the next.

mod arena;
#[cfg(test)]
mod bare;
mod chain;
mod context;
mod directory;
mod frames;
mod image;
mod interrupt;
mod record;
mod root;
mod stacks;

pub use chain::Activation;
pub use context::{Context, Exit, LivePoint, OutgoingCall};
pub use directory::{Awaited, ExitPoint, Owner, Stack, StackState, next_reference};
pub use frames::{RawFrame, RawFrames};
pub use image::StackImage;
pub use interrupt::InterruptHandle;
pub use record::{BOUNDARY_SLOTS, BOUNDARY_TAG, BoundaryKind, RECORD_SLOTS, Record};
pub use stacks::{INITIAL_SLOTS, Stacks};
