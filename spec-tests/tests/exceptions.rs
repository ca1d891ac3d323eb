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

use backstitch::{
    AsContextMut, CompilationMode, Config, Dispatch, Engine, Error, Instance, Module, Val,
};

/// Runs `test` with an engine for each dispatch backend and compilation mode. `configure` is
/// applied to each configuration.
fn each_configured(configure: impl Fn(&mut Config), test: impl Fn(&Engine)) {
    let mut dispatches = vec![Dispatch::best()];
    if !dispatches.contains(&Dispatch::Loop) {
        dispatches.push(Dispatch::Loop);
    }
    for dispatch in dispatches {
        for mode in [
            CompilationMode::LazyTranslation,
            CompilationMode::Eager,
            CompilationMode::Lazy,
        ] {
            let mut config = Config::new();
            config.dispatch(dispatch).compilation_mode(mode);
            configure(&mut config);
            test(&Engine::new(&config).expect("the mode is available"));
        }
    }
}

/// Runs `test` as [`each_configured`] does, without further configuration.
fn each(test: impl Fn(&Engine)) {
    each_configured(|_| {}, test);
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
