//! Stacks, the records on them, and the chain that links them.
//!
//! Flows in: frames, written by `execute`. Flows out: the same frames, for walks. Must never be:
//! anything that depends on handlers or on the meaning of code.
//!
//! ```text
//!   stacks         all stacks of a store       directory, arena    one stack
//!   continuations  references to stacks        chain               activations
//!   record         frame records               frames              the frames of one stack
//!   entries        memory of the directory
//!   context        shared with running code    fuel, interrupt     limits of running code
//!   root           the symbol for debuggers    image               copies
//!   waiting        waits at addresses of shared memories
//!   suspensions    executions whose time is over
//!   edges          boundaries that no frame shows
//!   rebuild        making stacks of descriptions from outside
//!   fork           copies of all stacks of a store
//! ```
//!
//! # Invariants
//!
//! * **S1** A slot is in its stack's arena, and so is `fp`. A frame's extent is checked against
//!   [`Context::stack_limit`] before its record is written, apart from the red zone.
//! * **S2** Slots are written as whole 64-bit words. A 32-bit value has zeros above it: the wider
//!   store costs nothing, and a later load of either width is forwarded from it. Instruction
//!   pointers and instances are written, moved and read as pointers.
//! * **S3** A link is a distance on the same stack. No slot contains the address of a slot, so a
//!   stack can be moved.
//! * **S4** A stack moves only while its code is not running: in the driver, between the exit of
//!   one handler and the entry of the next.

mod arena;
#[cfg(test)]
mod bare;
mod chain;
mod context;
mod continuations;
mod directory;
mod edges;
mod entries;
mod fork;
mod frames;
mod fuel;
mod image;
mod interrupt;
mod names;
mod rebuild;
mod record;
mod root;
mod stacks;
mod suspensions;
mod waiting;

pub use chain::Activation;
pub use context::{Context, Exit, LivePoint, OutgoingCall};
pub use directory::{Awaited, ExitPoint, Owner, Stack, StackState, next_reference};
pub use edges::Edge;
pub use frames::{RawFrame, RawFrames};
pub use fuel::Stop;
pub use image::StackImage;
pub use interrupt::InterruptHandle;
pub use record::{BOUNDARY_SLOTS, BOUNDARY_TAG, BoundaryKind, RECORD_SLOTS, Record};
pub use stacks::{INITIAL_SLOTS, Stacks};
pub use suspensions::TimeOut;
pub use waiting::WaitBegun;
