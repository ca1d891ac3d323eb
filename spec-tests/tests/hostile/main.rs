//! Hostile input: modules that are broken, absurd, endless or made to blow up whoever
//! reads them. Each gets a clear error, or runs within its limits: nothing panics,
//! nothing aborts, memory stays bounded and the native stack flat.
//!
//! No test measures time: what would take too long would not finish at all.
//!
//! ```text
//! cargo test -p spec-tests --test hostile
//! cargo test -p spec-tests --test hostile -- mutants       100,000 mutated modules
//! HOSTILE_SEED=17 cargo test -p spec-tests --test hostile -- mutants     one of them
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

#[global_allocator]
static ALLOCATOR: guard::Allocator = guard::Allocator;
