//! Exceptions and the tags they are told apart by, under every way of dispatch and of
//! translation.

#[path = "exceptions/tags.rs"]
mod tags;
#[path = "exceptions/types.rs"]
mod types;

use backstitch::{CompilationMode, Config, Dispatch, Engine, Module};

/// Runs `test` with engines of every way of dispatch and of translation.
fn each(test: impl Fn(&Engine)) {
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
            test(&Engine::new(&config).expect("the mode works"));
        }
    }
}

/// A module of text.
fn module(engine: &Engine, text: &str) -> Module {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    Module::new(engine, &bytes).unwrap_or_else(|error| panic!("{error:?}"))
}
