//! A plain interpreter of the semantics of WebAssembly, which Backstitch is compared with. It
//! supports integers, references, control instructions, exceptions and stack switching.
//!
//! The interpreter follows the small-step semantics of the proposals. The evaluation context of a
//! computation is data: a list of frames (`Frame`), from the first call to the last. The prompts of
//! the proposal are frames of that list, so:
//!
//! * Resuming a continuation pushes a prompt, and then the continuation's frames.
//! * Suspending searches the list downwards for a prompt with a clause for the tag, and cuts the
//!   list there: the frames above the prompt become the new continuation.
//! * Throwing pops frames until one of them catches the exception.
//!
//! A continuation can be used once: using it removes it from the store. Nothing is optimised, freed
//! or shared with the engine. A host function that calls WebAssembly again starts a new list.
//!
//! [`Coverage`] counts the executed instructions and the edges of stack switching.

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
