//! The examples of WASI run, and what they assert of themselves holds.

#[path = "../../../examples/wasi/main.rs"]
mod deterministic;
#[path = "../../../examples/wasi_many/main.rs"]
mod many;

#[test]
fn one_program_is_the_same_in_every_run() {
    deterministic::main().expect("the example ends well");
}

#[test]
fn a_hundred_programs_share_a_thread() {
    many::main().expect("the example ends well");
}
