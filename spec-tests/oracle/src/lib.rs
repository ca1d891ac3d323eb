//! What WebAssembly means, as plainly as it can be said: an interpreter of integers,
//! references, control, exceptions and stack switching, which Backstitch is compared with.
//!
//! It follows the small-step semantics of the proposals. A computation under way is an
//! evaluation context, and that is data: a list of frames, from the first called to the
//! last (`Frame`). What the proposal calls a prompt is one of them, so:
//!
//! * to resume a continuation is to put a prompt on the list, and the continuation's
//!   frames on top of it;
//! * to suspend is to look down the list for a prompt with a clause for the tag, and to cut
//!   the list there: what lies above is the new continuation;
//! * to throw is to take frames off the list until one of them catches.
//!
//! A continuation is used once: whoever uses it takes it out of the store. Nothing is
//! optimised, freed or shared with the engine, and a host function that calls WebAssembly
//! again begins a list of its own.
//!
//! [`Coverage`] counts what was executed: operators, and the edges of stack switching.

mod coverage;
mod frame;
mod machine;
mod module;
mod numeric;
mod store;
mod switching;
mod table;

pub use coverage::{Coverage, Edge};
pub use store::{Extern, Failure, FuncId, HostFunc, InstanceId, Store, TagId, Trap, Value};
