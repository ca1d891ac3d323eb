//! Loading of modules from files.

extern crate std;

use super::engine::Engine;
use super::module::Module;
use super::text;
use crate::module::ModuleBytes;
use crate::support::error::{Context, Result};
use alloc::borrow::Cow;
use alloc::format;
use std::path::Path;

impl Module {
    /// Creates a module from a file: see [`Module::new`].
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and the errors of [`Module::new`].
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let bytes = ModuleBytes::from_file(file)
            .with_context(|| format!("failed to read input file `{}`", file.display()))?;
        let module = match text::to_binary(&bytes) {
            Ok(Cow::Borrowed(binary)) if binary.len() == bytes.len() => {
                Module::from_shared(engine, &bytes)
            }
            Ok(binary) => Module::from_binary(engine, &binary),
            Err(error) => Err(error),
        };
        module.with_context(|| format!("in `{}`", file.display()))
    }
}
