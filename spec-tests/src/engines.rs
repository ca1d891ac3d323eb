//! Engines of all dispatch backends and compilation modes, for tests.

use backstitch::{CompilationMode, Config, Dispatch, Engine};

/// Returns the dispatch backends of this build.
pub fn dispatches() -> Vec<Dispatch> {
    let mut all = vec![Dispatch::best()];
    if !all.contains(&Dispatch::Loop) {
        all.push(Dispatch::Loop);
    }
    all
}

/// Runs `test` with an engine for each dispatch backend.
pub fn each_dispatch(test: impl Fn(&Engine)) {
    for dispatch in dispatches() {
        let mut config = Config::new();
        config.dispatch(dispatch);
        test(&Engine::new(&config).expect("the backend is available"));
    }
}

/// Runs `test` with an engine for each dispatch backend and compilation mode. `configure` is
/// applied to each configuration.
pub fn each_mode(configure: impl Fn(&mut Config), test: impl Fn(&Engine)) {
    for dispatch in dispatches() {
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
