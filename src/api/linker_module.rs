//! Definition of whole modules in a linker, for commands and reactors.
//!
//! A module that exports `_start` is a command: each call of one of its functions runs in a new
//! instance. Any other module is a reactor: it is instantiated once, and its `_initialize` is
//! called first if it exports that. See the [WASI application
//! ABI](https://github.com/WebAssembly/WASI/blob/main/legacy/application-abi.md).

use super::caller::Caller;
use super::context::AsContextMut;
use super::extern_type::ExternType;
use super::func::Func;
use super::instance_pre::InstancePre;
use super::linker::Linker;
use super::module::Module;
use super::values::Val;
use crate::bail;
use crate::support::error::{Context, Result};
use alloc::string::String;

/// Exports of commands that are not functions, and that no module imports.
const CUSTOMARY: &[&str] = &[
    "memory",
    "table",
    "__indirect_function_table",
    "__data_end",
    "__heap_base",
    "__dso_handle",
    "__rtti_base",
];

impl<T: 'static> Linker<T> {
    /// Defines the exports of a module, whose imports are resolved with this linker.
    ///
    /// A command (a module that exports `_start`) is instantiated anew for each call of one of its
    /// functions. Any other module is instantiated once, now, and its `_initialize` is called if it
    /// exports that.
    ///
    /// # Errors
    ///
    /// Returns an error if an import is not defined or has the wrong type, if a name is already
    /// defined, if instantiation fails, or if the module is a command that exports items other than
    /// functions.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>> {
        let function = |name| match module.get_export(name) {
            None => Ok(None),
            Some(ExternType::Func(ty)) if ty.params().len() == 0 && ty.results().len() == 0 => {
                Ok(Some(ty))
            }
            Some(_) => bail!("`{name}` must be a function without parameters and results"),
        };
        match (function("_start")?, function("_initialize")?) {
            (Some(_), Some(_)) => bail!(
                "a module that exports both `_start` and `_initialize` is neither a command \
                 nor a reactor"
            ),
            (Some(_), None) => self.command(store, module_name, module),
            (None, initialize) => {
                let instance = self.instantiate(store.as_context_mut(), module)?;
                if initialize.is_some() {
                    instance
                        .get_typed_func::<(), ()>(store.as_context_mut(), "_initialize")?
                        .call(store.as_context_mut(), ())
                        .context("calling the Reactor initialization function")?;
                }
                self.instance(store, module_name, instance)
            }
        }
    }

    fn command(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>> {
        for export in module.exports() {
            match export.ty() {
                ExternType::Func(ty) => {
                    let pre = self.instantiate_pre(module)?;
                    let name = String::from(export.name());
                    let func = Func::new(
                        store.as_context_mut(),
                        ty,
                        move |mut caller, params, results| {
                            run(&pre, &mut caller, &name, params, results)
                        },
                    );
                    self.define(store.as_context(), module_name, export.name(), func)?;
                }
                _ if self.allow_unknown_exports || CUSTOMARY.contains(&export.name()) => {}
                _ => bail!("command export '{}' is not a function", export.name()),
            }
        }
        Ok(self)
    }

    /// Returns the default function of the module that is defined as `module`.
    ///
    /// This is the export with the empty name, or else `_start`, or else a function that does
    /// nothing, as in Wasmtime's
    /// [`Linker::get_default`](https://docs.rs/wasmtime/latest/wasmtime/struct.Linker.html#method.get_default).
    ///
    /// # Errors
    ///
    /// Returns an error if that export is not a function.
    ///
    /// # Panics
    ///
    /// Panics if the store belongs to another engine.
    pub fn get_default(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
    ) -> Result<Func> {
        for name in ["", "_start"] {
            if let Ok(item) = self.get(store.as_context_mut(), module, name) {
                let Some(func) = item.into_func() else {
                    bail!("the default export `{name}` of `{module}` is not a function");
                };
                return Ok(func);
            }
        }
        Ok(Func::wrap(store, || {}))
    }
}

fn run<T: 'static>(
    pre: &InstancePre<T>,
    caller: &mut Caller<'_, T>,
    name: &str,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let instance = pre.instantiate(&mut *caller)?;
    let func = instance
        .get_func(&mut *caller, name)
        .context("a module's exports do not change")?;
    func.call(caller, params, results)
}
