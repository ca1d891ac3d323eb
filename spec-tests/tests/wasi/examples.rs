//! Runs the WASI examples, which contain assertions of their own.

#[path = "../../../examples/wasi/main.rs"]
mod deterministic;
#[path = "../../../examples/wasi_many/main.rs"]
mod many;

#[test]
fn the_deterministic_example_succeeds() {
    deterministic::main().expect("the example succeeds");
}

#[test]
fn the_example_with_many_programs_succeeds() {
    many::main().expect("the example succeeds");
}
