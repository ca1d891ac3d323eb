//! Code shared by the benchmarks: an export of a module, ready for calls.
//!
//! ```text
//! cargo bench --manifest-path benches/suite/Cargo.toml [-- NAME]
//! ```

use backstitch::{Config, Engine, Instance, Linker, Module, Store, TypedFunc};

/// An export of type `(i32) -> i32`.
pub struct Export {
    store: Store<()>,
    func: TypedFunc<i32, i32>,
}

impl Export {
    /// Instantiates a module's text with the default configuration.
    pub fn new(text: &str, name: &str) -> Export {
        Export::with(&Config::new(), text, name, |_| {})
    }

    /// Instantiates a module's text with a configuration and imports.
    pub fn with(
        config: &Config,
        text: &str,
        name: &str,
        define: impl FnOnce(&mut Linker<()>),
    ) -> Export {
        let engine = Engine::new(config).expect("the backend is available");
        let module = Module::new(&engine, text).expect("the module is valid");
        let mut linker = Linker::new(&engine);
        define(&mut linker);
        let mut store = Store::new(&engine, ());
        let instance: Instance = linker
            .instantiate(&mut store, &module)
            .expect("the imports are defined");
        let func = instance
            .get_typed_func(&mut store, name)
            .expect("the export exists");
        Export { store, func }
    }

    /// Calls the export.
    pub fn call(&mut self, argument: i32) -> i32 {
        self.func
            .call(&mut self.store, argument)
            .expect("the call returns")
    }
}
