//! Modules from files.

extern crate std;

use super::engine::Engine;
use super::module::Module;
use crate::support::error::{Context, Result};
use alloc::format;
use std::fs;
use std::path::Path;

impl Module {
    /// Reads a module from a file: see [`Module::new`].
    ///
    /// # Errors
    ///
    /// If the file cannot be read, and as for [`Module::new`].
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let bytes = fs::read(file)
            .with_context(|| format!("failed to read input file `{}`", file.display()))?;
        Module::new(engine, bytes).with_context(|| format!("in `{}`", file.display()))
    }
}
