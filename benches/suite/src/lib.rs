//! What the benchmarks share: a module's export, ready to be called.
//!
//! ```text
//! cargo bench --manifest-path benches/suite/Cargo.toml [-- NAME]
//! ```

use backstitch::{Config, Engine, Instance, Linker, Module, Store, TypedFunc};

/// An export that takes a number and gives one.
pub struct Export {
    store: Store<()>,
    func: TypedFunc<i32, i32>,
}

impl Export {
    /// That of a module's text, with the engine's defaults.
    pub fn new(text: &str, name: &str) -> Export {
        Export::with(&Config::new(), text, name, |_| {})
    }

    /// The same with imports of one's own.
    pub fn with(
        config: &Config,
        text: &str,
        name: &str,
        define: impl FnOnce(&mut Linker<()>),
    ) -> Export {
        let engine = Engine::new(config).expect("the backend works");
        let module = Module::new(&engine, text).expect("the module is valid");
        let mut linker = Linker::new(&engine);
        define(&mut linker);
        let mut store = Store::new(&engine, ());
        let instance: Instance = linker
            .instantiate(&mut store, &module)
            .expect("its imports are there");
        let func = instance
            .get_typed_func(&mut store, name)
            .expect("it is exported");
        Export { store, func }
    }

    /// Calls it.
    pub fn call(&mut self, argument: i32) -> i32 {
        self.func
            .call(&mut self.store, argument)
            .expect("the call returns")
    }
}
