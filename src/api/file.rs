//! Loading of modules from files.

extern crate std;

use super::engine::Engine;
use super::module::Module;
use crate::support::error::{Context, Result};
use alloc::format;
use std::fs;
use std::path::Path;

impl Module {
    /// Creates a module from a file: see [`Module::new`].
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and the errors of [`Module::new`].
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let bytes = fs::read(file)
            .with_context(|| format!("failed to read input file `{}`", file.display()))?;
        Module::new(engine, bytes).with_context(|| format!("in `{}`", file.display()))
    }
}
