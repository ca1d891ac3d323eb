//! Instantiation of a script's modules and execution of its calls.

use super::Host;
use backstitch::{Engine, Func, Instance, Linker, Module, Result, Store, Val};

/// Fuel of calls, if the engine counts it: no call of a script needs as much.
pub const FUEL: u64 = 1 << 40;

/// Executes the actions of a script in an engine of its choice.
///
/// The default methods are the plainest implementation. Drivers that test something else, such as
/// suspension at every step, override them.
pub trait Driver {
    /// Returns the engine for the script's modules.
    fn engine(&self) -> &Engine;

    /// Prepares for a script with threads, whose calls are suspended after a number of instructions:
    /// the engine must count these. Called before anything else.
    fn count_instructions(&mut self) -> Result<()>;

    /// Creates the store that a script runs in.
    fn new_store(&mut self) -> Result<Store<Host>> {
        let mut store = Store::new(self.engine(), Host::default());
        store.limiter(|host| &mut host.limits);
        if store.get_fuel().is_ok() {
            store.set_fuel(FUEL)?;
        }
        Ok(store)
    }

    /// Creates a module.
    fn load(&mut self, bytes: &[u8]) -> Result<Module> {
        Module::from_binary(self.engine(), bytes)
    }

    /// Validates a module that the script expects to be refused.
    fn validate(&mut self, bytes: &[u8]) -> Result<()> {
        Module::from_binary(self.engine(), bytes).map(drop)
    }

    /// Instantiates a module, which may run a start function.
    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        linker.instantiate(store, module)
    }

    /// Calls a function. An error is the function's own, such as a trap.
    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        call_directly(store, function, arguments)
    }
}

/// Calls a function without interruptions.
pub fn call_directly(
    store: &mut Store<Host>,
    function: &Func,
    arguments: &[Val],
) -> Result<Vec<Val>> {
    let mut results = vec![Val::I32(0); function.ty(&*store).results().len()];
    function.call(store, arguments, &mut results)?;
    Ok(results)
}
