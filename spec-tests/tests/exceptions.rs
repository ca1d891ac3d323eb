//! Exceptions and tags, with every dispatch backend and compilation mode.

#[path = "exceptions/continuations.rs"]
mod continuations;
#[path = "exceptions/host.rs"]
mod host;
#[path = "exceptions/legacy.rs"]
mod legacy;
#[path = "exceptions/nesting.rs"]
mod nesting;
#[path = "exceptions/tags.rs"]
mod tags;
#[path = "exceptions/throwing.rs"]
mod throwing;
#[path = "exceptions/types.rs"]
mod types;

use backstitch::{AsContextMut, Engine, Error, Instance, Module, Val};
use spec_tests::engines::each_mode;

/// Runs `test` as [`each_mode`] does, without further configuration.
fn each(test: impl Fn(&Engine)) {
    each_mode(|_| {}, test);
}

/// Calls an exported function.
fn call(
    mut store: impl AsContextMut,
    instance: &Instance,
    name: &str,
    arguments: &[Val],
) -> Result<Vec<Val>, Error> {
    let func = instance
        .get_func(&mut store, name)
        .expect("the export exists");
    let count = func.ty(&store).results().len();
    let mut results = vec![Val::I32(0); count];
    func.call(&mut store, arguments, &mut results)?;
    Ok(results)
}

/// Compiles a module's text.
fn module(engine: &Engine, text: &str) -> Module {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    Module::new(engine, &bytes).unwrap_or_else(|error| panic!("{error:?}"))
}
