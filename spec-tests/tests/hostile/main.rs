//! Hostile input: modules that are malformed, absurd, endless, or made to exhaust the engine's
//! resources. Each is refused with a clear error, or runs within its limits. Nothing panics or
//! aborts, memory stays bounded, and the native stack flat.
//!
//! No test measures time. Inputs are so large that tests with excessive running times would not
//! finish.
//!
//! ```text
//! cargo test -p spec-tests --test hostile
//! cargo test -p spec-tests --test hostile -- mutants       100,000 mutated modules
//! HOSTILE_SEED=17 cargo test -p spec-tests --test hostile -- mutants     one mutant
//! cargo test -p spec-tests --test hostile -- snapshots     20,000 mutated snapshots
//! ```

mod allocation;
mod bodies;
mod continuations;
mod corpus;
mod declarations;
mod dumps;
mod endless;
mod guard;
mod input;
mod mutants;
mod mutation;
mod names;
mod random;
mod recursion;
mod sizes;
mod snapshots;
mod sources;

#[global_allocator]
static ALLOCATOR: guard::Allocator = guard::Allocator;
