//! Creation of modules from their bytes.

use super::error::ModuleError;
use super::outline::Outline;
use super::sections::Sections;
use super::validate::{self, Bodies, Deferred, Workspace};
use super::{CompilationMode, EngineInner, Module, ModuleBytes, Origin, OwnProbes, Tunables};
use crate::support::error::Error;
use crate::support::parallel;
use alloc::sync::Arc;

/// Minimum number of bytes of function bodies that a thread should validate and translate: about
/// 170 µs of work.
const TRANSLATED_SHARE: usize = 8 << 10;

impl Module {
    /// Decodes and validates a module. With [`CompilationMode::Eager`], also translates it.
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] if the bytes are not a valid module or use an unsupported proposal; any
    /// error of the translator.
    pub fn new(engine: &Arc<EngineInner>, bytes: &[u8]) -> Result<Arc<Module>, Error> {
        Module::create(engine, bytes, None, engine.tunables.compilation, None)
    }

    /// Creates a module that shares the bytes: see [`Module::new`].
    ///
    /// # Errors
    ///
    /// The errors of [`Module::new`].
    pub fn from_shared(
        engine: &Arc<EngineInner>,
        bytes: &ModuleBytes,
    ) -> Result<Arc<Module>, Error> {
        let mode = engine.tunables.compilation;
        Module::create(engine, bytes, Some(bytes), mode, None)
    }

    /// Creates a module, with a copy of the bytes unless they are shared.
    pub(super) fn create(
        engine: &Arc<EngineInner>,
        bytes: &[u8],
        shared: Option<&ModuleBytes>,
        mode: CompilationMode,
        own_probes: Option<OwnProbes>,
    ) -> Result<Arc<Module>, Error> {
        let bodies = match mode {
            CompilationMode::LazyTranslation => Bodies::Now,
            // Each body is validated right before it is translated.
            CompilationMode::Eager | CompilationMode::Lazy => Bodies::AtFirstCall,
        };
        let (mut sections, mut outline) = (Sections::default(), Outline::default());
        match check(engine, bytes, bodies, &mut sections, &mut outline) {
            // An error in a body is reported before an error that follows it.
            Err(_) if mode == CompilationMode::Eager => {
                (sections, outline) = Default::default();
                check(engine, bytes, Bodies::Now, &mut sections, &mut outline)
            }
            checked => checked,
        }?;
        let mut deferred = match bodies {
            Bodies::Now => None,
            Bodies::AtFirstCall => Deferred::new(&mut sections, engine.tunables.features),
        };
        let now = match mode {
            CompilationMode::Eager => deferred.take(),
            CompilationMode::LazyTranslation | CompilationMode::Lazy => None,
        };
        let bytes = shared.map_or_else(|| ModuleBytes::from(bytes.to_vec()), ModuleBytes::clone);
        let code_size = sections.code_size;
        let origin = Origin {
            own_probes,
            deferred,
            archive: None,
        };
        let module = Module::assemble(engine, bytes, sections, outline, origin);
        if let Some(bodies) = now
            && let Err(error) = module.translate_all(&bodies, code_size)
        {
            // An error in the module is reported before an unsupported proposal, regardless of
            // their order.
            Module::validate(engine, &module.bytes)?;
            return Err(error);
        }
        Ok(module)
    }

    /// Decodes and validates a module, including all bodies in every [`CompilationMode`].
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] if the bytes are not a valid module or use an unsupported proposal.
    pub fn validate(engine: &Arc<EngineInner>, bytes: &[u8]) -> Result<(), Error> {
        let (mut sections, mut outline) = (Sections::default(), Outline::default());
        check(engine, bytes, Bodies::Now, &mut sections, &mut outline)?;
        Ok(())
    }

    /// Validates the body of a function unless that has been done. Must be called before the
    /// function is translated. The driver calls it once for each valid function; an invalid
    /// function fails at each call.
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] if the body is invalid or uses an unsupported proposal.
    pub fn validate_body(&self, function: u32) -> Result<(), Error> {
        let Some(deferred) = &self.deferred else {
            return Ok(());
        };
        if let Some(body) = self.body(function) {
            deferred.validate(&self.bytes, body, function, &mut Workspace::default())?;
        }
        Ok(())
    }

    /// Validates and translates all bodies. The thread that validates a body also translates it.
    fn translate_all(&self, bodies: &Deferred, code_size: usize) -> Result<(), Error> {
        parallel::try_for_each(
            self.bodies.len(),
            parallel::workers(code_size, TRANSLATED_SHARE),
            |index| validate::is_large(&self.bodies[index], code_size),
            Workspace::default,
            |workspace, index| {
                let function = self.imported_functions + index as u32;
                bodies.validate(&self.bytes, &self.bodies[index], function, workspace)?;
                self.publish_valid(function).map(|_| ())
            },
        )
    }
}

/// Validates a module, finds its sections and reads its outline. `sections` and `outline` must be
/// empty. They are not returned, because they are large and would be copied.
fn check<'a>(
    engine: &EngineInner,
    bytes: &'a [u8],
    bodies: Bodies,
    sections: &mut Sections<'a>,
    outline: &mut Outline,
) -> Result<(), ModuleError> {
    let Tunables {
        limits, features, ..
    } = engine.tunables;
    if bytes.len() > limits.module_size {
        return Err(ModuleError::TooLarge {
            size: bytes.len(),
            limit: limits.module_size,
        });
    }
    let doubtful = validate::module(sections, bytes, features, bodies)?;
    outline.read(&engine.types, sections)?;
    if doubtful && bodies == Bodies::Now {
        validate::search_bodies(bytes, sections)?;
    }
    Ok(())
}
