//! Translation of functions, as far as modules take part in it.

use super::{MadeCode, Module};
use crate::code::{CodeBlock, CodeHeader};
use crate::support::error::Error;

/// Hook that translates one function of a module: one version of its code. Running code and eager
/// compilation reach the translator through it.
pub type Translate = fn(&Module, u32, u16) -> Result<CodeBlock, Error>;

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
        #[cfg(feature = "validate")]
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
        let Some(own) = &self.own_probes else {
            let block = (self.engine.translate)(self, function, 0)?;
            return Ok(self.code.publish(function, block));
        };
        let (version, made) = own.lock().version(function, self)?;
        if let Some(MadeCode(code)) = made {
            self.code.select(function, code);
            return Ok(code);
        }
        let block = (self.engine.translate)(self, function, version)?;
        let code = self.code.replace(function, version, block);
        own.lock().made(function, version, MadeCode(code));
        Ok(code)
    }
}
