//! Exceptions and the tags they are told apart by, under every way of dispatch and of
//! translation.

#[path = "exceptions/continuations.rs"]
mod continuations;
#[path = "exceptions/host.rs"]
mod host;
#[path = "exceptions/tags.rs"]
mod tags;
#[path = "exceptions/throwing.rs"]
mod throwing;
#[path = "exceptions/types.rs"]
mod types;

use backstitch::{
    AsContextMut, CompilationMode, Config, Dispatch, Engine, Error, Instance, Module, Val,
};

/// Runs `test` with engines of every way of dispatch and of translation, each with what
/// `configure` adds.
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
            test(&Engine::new(&config).expect("the mode works"));
        }
    }
}

/// [`each_configured`] with nothing added.
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
        .expect("the export is there");
    let count = func.ty(&store).results().len();
    let mut results = vec![Val::I32(0); count];
    func.call(&mut store, arguments, &mut results)?;
    Ok(results)
}

/// A module of text.
fn module(engine: &Engine, text: &str) -> Module {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    Module::new(engine, &bytes).unwrap_or_else(|error| panic!("{error:?}"))
}
