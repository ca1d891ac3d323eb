//! How a script's modules are made and its calls are carried out.

use super::Host;
use backstitch::{Engine, Func, Instance, Linker, Module, Result, Store, Val};

/// Carries out what a script asks for, in an engine of its own choice.
///
/// The methods do it in the plainest way; a driver that is to test something
/// else, such as suspending at every step, replaces them.
pub trait Driver {
    /// The engine that the modules are made in.
    fn engine(&self) -> &Engine;

    /// Makes the store that a script runs in.
    fn new_store(&mut self) -> Result<Store<Host>> {
        let mut store = Store::new(self.engine(), Host::default());
        store.limiter(|host| &mut host.limits);
        Ok(store)
    }

    /// Validates a module that the script says is to be refused.
    fn validate(&mut self, bytes: &[u8]) -> Result<()> {
        Module::from_binary(self.engine(), bytes).map(drop)
    }

    /// Makes an instance, which may run a start function.
    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        linker.instantiate(store, module)
    }

    /// Calls a function; an error is the function's own, such as a trap.
    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        call_directly(store, function, arguments)
    }
}

/// Calls a function from its start to its end.
pub fn call_directly(
    store: &mut Store<Host>,
    function: &Func,
    arguments: &[Val],
) -> Result<Vec<Val>> {
    let mut results = vec![Val::I32(0); function.ty(&*store).results().len()];
    function.call(store, arguments, &mut results)?;
    Ok(results)
}
