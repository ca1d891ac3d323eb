//! Translation of functions, as far as modules take part in it.

use super::Module;
use crate::code::{CodeBlock, CodeHeader};
use crate::support::error::Error;

/// Hook that translates one function of a module. Running code and eager compilation reach
/// the translator through it.
pub type Translate = fn(&Module, u32) -> Result<CodeBlock, Error>;

impl Module {
    /// Returns the code of a function, which is translated first if it has not been yet.
    ///
    /// # Errors
    ///
    /// An error of the translator, or, with
    /// [`CompilationMode::Lazy`](super::CompilationMode), a [`ModuleError`] if the
    /// function's body is not valid.
    ///
    /// [`ModuleError`]: super::ModuleError
    pub fn publish(&self, function: u32) -> Result<*const CodeHeader, Error> {
        if let Some(code) = self.code.published(function) {
            return Ok(code);
        }
        self.validate_body(function)?;
        self.publish_valid(function)
    }

    /// Translates a function whose body is valid and that has no code yet, and returns its
    /// code.
    ///
    /// # Errors
    ///
    /// An error of the translator.
    pub(super) fn publish_valid(&self, function: u32) -> Result<*const CodeHeader, Error> {
        let block = (self.engine.translate)(self, function)?;
        Ok(self.code.publish(function, block))
    }
}
