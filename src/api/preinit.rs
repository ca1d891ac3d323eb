//! Initialisation ahead of time: ready images.

use super::context::AsContextMut;
use super::extern_type::ExternType;
use super::instance::Instance;
use super::linker::Linker;
use super::module::Module;
use crate::support::error::{Context, Result};
use crate::walk::image;
use crate::{ensure, format_err};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Names of the function that initialises a module, the first one that exists. The tool Wizer has
/// used both.
const INITIALISERS: [&str; 2] = ["wizer.initialize", "wizer-initialize"];

/// Name of the function that initialises a WASI reactor.
const REACTOR: &str = "_initialize";

/// Initialises a module and writes it in the state that it has then: a *ready image*.
///
/// An instance of the image starts without the work of the initialiser. See
/// [`Instance::to_module`](crate::Instance::to_module) for what the image contains.
///
/// Without [`Preinit::init`], the initialiser is the export `wizer.initialize` or
/// `wizer-initialize`. If the module is a WASI reactor, that is, if it exports `_initialize`, this
/// function is called first, as the rules of WASI require. A module with neither must have a start
/// function. The function `_start` of a WASI command is not called.
///
/// ```
/// use backstitch::{Engine, Instance, Linker, Module, Preinit, Store};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"
///     (module
///         (memory 1)
///         (func (export "wizer.initialize") (i32.store (i32.const 8) (i32.const 42)))
///         (func (export "answer") (result i32) (i32.load (i32.const 8))))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// let image = Preinit::new().run(&mut store, &Linker::new(&engine), &module)?;
///
/// let image = Module::new(&engine, image)?;
/// assert!(image.get_export("wizer.initialize").is_none());
/// let instance = Instance::new(&mut store, &image, &[])?;
/// let answer = instance.get_typed_func::<(), i32>(&mut store, "answer")?;
/// assert_eq!(answer.call(&mut store, ())?, 42);
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Preinit {
    init: Option<String>,
    keep_init: bool,
}

impl Preinit {
    /// Creates the default options.
    pub fn new() -> Preinit {
        Preinit::default()
    }

    /// Selects the exported function that initialises the module.
    pub fn init(&mut self, name: &str) -> &mut Preinit {
        self.init = Some(name.into());
        self
    }

    /// Selects whether the image exports the functions that have been called. The default is
    /// `false`.
    pub fn keep_init(&mut self, enable: bool) -> &mut Preinit {
        self.keep_init = enable;
        self
    }

    /// Instantiates a module, calls the initialiser, and returns the image.
    ///
    /// Functions that the module imports need not be defined in `linker`, unless the initialiser
    /// calls them.
    ///
    /// # Errors
    ///
    /// Returns an error if the module has no initialiser, or one with parameters or results; if
    /// instantiation or the initialiser fails, for example with an
    /// [`UnknownImportError`](crate::UnknownImportError) because it calls a function that is not
    /// defined; and the errors of [`Instance::to_module`](crate::Instance::to_module).
    ///
    /// # Panics
    ///
    /// Panics if the store, the linker and the module do not belong to the same engine.
    pub fn run<T: 'static>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        linker: &Linker<T>,
        module: &Module,
    ) -> Result<Vec<u8>> {
        image::check(&module.0)?;
        let mut linker = linker.clone();
        linker.define_unknown_imports_as_traps(module)?;
        let instance = self.instantiate(&mut store, &linker, module)?;
        let names = self.initialisers(module)?;
        let removed = if self.keep_init { &[] } else { &*names };
        instance.image_without(store.as_context().0, removed)
    }

    /// Instantiates a module, and calls the initialiser. [`Store::snapshot`](crate::Store::snapshot)
    /// keeps more of the instance's state than an image can.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Preinit::run`], except those of
    /// [`Instance::to_module`](crate::Instance::to_module).
    ///
    /// # Panics
    ///
    /// Panics if the store, the linker and the module do not belong to the same engine.
    pub fn instantiate<T: 'static>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        linker: &Linker<T>,
        module: &Module,
    ) -> Result<Instance> {
        let names = self.initialisers(module)?;
        let instance = linker.instantiate(&mut store, module)?;
        for name in &names {
            let function = instance.get_typed_func::<(), ()>(&mut store, name)?;
            function
                .call(&mut store, ())
                .with_context(|| format!("the initialiser `{name}` failed"))?;
        }
        Ok(instance)
    }

    /// Returns the names of the functions to call.
    fn initialisers<'a>(&'a self, module: &Module) -> Result<Vec<&'a str>> {
        let is_function = |name: &str| matches!(module.get_export(name), Some(ExternType::Func(_)));
        let mut names = Vec::new();
        if is_function(REACTOR) {
            names.push(REACTOR);
        }
        let init = match &self.init {
            Some(name) => {
                ensure!(is_function(name), "the module exports no function `{name}`");
                Some(&**name)
            }
            None => INITIALISERS.into_iter().find(|name| is_function(name)),
        };
        names.extend(init.filter(|&name| name != REACTOR));
        if names.is_empty() && module.0.start.is_none() {
            let [first, second] = INITIALISERS;
            return Err(format_err!(
                "the module has no initialiser: it exports none of the functions `{first}`, \
                 `{second}` and `{REACTOR}`, and has no start function"
            ));
        }
        Ok(names)
    }
}
