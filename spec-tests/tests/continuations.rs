//! Edge cases of stack switching that no official script covers, each with a program of its own.

#[path = "continuations/clauses.rs"]
mod clauses;
#[path = "continuations/rows.rs"]
mod rows;
#[path = "continuations/stacks.rs"]
mod stacks;
#[path = "continuations/types.rs"]
mod types;

use backstitch::{Engine, Error, Instance, Linker, Module, Store, Trap, Val};
use spec_tests::engines::each_dispatch as each;

/// Instantiates a module's text, with the imports that `define` adds.
fn instance(
    engine: &Engine,
    text: &str,
    define: impl FnOnce(&mut Linker<Vec<i32>>, &mut Store<Vec<i32>>),
) -> (Store<Vec<i32>>, Instance) {
    let mut store = Store::new(engine, Vec::new());
    let mut linker = Linker::new(engine);
    define(&mut linker, &mut store);
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let module = Module::new(engine, &bytes).expect("the module is valid");
    let instance = linker.instantiate(&mut store, &module);
    let instance = instance.expect("the imports are defined");
    (store, instance)
}

/// Calls an export that takes an `i32` and returns one.
fn run(store: &mut Store<Vec<i32>>, instance: &Instance, argument: i32) -> Result<i32, Error> {
    let run = instance
        .get_func(&mut *store, "run")
        .expect("the export exists");
    let mut results = [Val::I32(0)];
    run.call(&mut *store, &[Val::I32(argument)], &mut results)?;
    Ok(results[0].unwrap_i32())
}

/// Returns the trap with which a call has ended.
fn trap<T>(ended: Result<T, Error>) -> Option<Trap> {
    ended.err().expect("the call fails").downcast_ref().copied()
}
