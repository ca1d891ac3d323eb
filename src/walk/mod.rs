//! Reading a store: frames, backtraces, roots, core dumps and images of instances.
//!
//! Inputs: the frames of `stack`, the code map of `code`, frame maps of `translate`. Outputs:
//! [`Frame`]s with module, function and offset; the references in frames, for the collector.
//! Never allowed: a dependency on `execute`, a change to the state that is read, an address in
//! the output.

mod backtrace;
pub mod coredump;
mod fault;
mod frame;
pub mod image;
mod roots;
mod uncharged;
mod values;

pub use backtrace::Backtrace;
pub use fault::MemoryFault;
pub use frame::Frame;
#[cfg(feature = "profiling")]
pub use frame::module_offset;
pub use roots::trace_stack;
pub use uncharged::uncharged_cost;
pub use values::FrameValues;
