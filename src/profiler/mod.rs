//! Profiles of guests: where they spend their instructions or their time.
//!
//! * Input: stacks of a store, at moments that the embedder chooses ([`GuestProfiler::sample`]).
//! * Output: files for the Firefox profiler and for pprof, flame graphs, and folded stacks.
//! * Rules: what was sampled is kept as numbers. Names and inlined functions are looked up at the end.
//!   The same samples give the same bytes.

mod firefox;
mod folded;
mod guest_profiler;
mod pprof;
mod stack_tree;
mod symbols;

pub use guest_profiler::GuestProfiler;
