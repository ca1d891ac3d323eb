//! Archives: modules that were translated before.

use super::config::Config;
use super::engine::Engine;
use super::module::Module;
use crate::module::{self, Archive, ArchiveError, ModuleBytes};
use crate::support::error::Result;
#[cfg(feature = "validate")]
use crate::translate;
use alloc::vec::Vec;

/// The kind of an archive: see [`Engine::detect_precompiled`].
///
/// Corresponds to
/// [`wasmtime::Precompiled`](https://docs.rs/wasmtime/latest/wasmtime/enum.Precompiled.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precompiled {
    /// A module.
    Module,
}

impl Engine {
    /// Validates and translates a module, and returns it as an archive: see [`Module::serialize`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::new`] and [`Module::serialize`].
    #[cfg(feature = "validate")]
    pub fn precompile_module(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        Module::new(self, bytes)?.serialize()
    }

    /// Returns the kind of archive that bytes begin as. `None` if they do not begin as an archive.
    pub fn detect_precompiled(bytes: &[u8]) -> Option<Precompiled> {
        Archive::is_archive(bytes).then_some(Precompiled::Module)
    }

    /// Returns the kind of archive that a file contains. `None` if it does not begin as an archive.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    #[cfg(feature = "std")]
    pub fn detect_precompiled_file(
        path: impl AsRef<std::path::Path>,
    ) -> std::io::Result<Option<Precompiled>> {
        use std::io::Read;
        let mut start = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(module::ARCHIVE_MAGIC.len() as u64)
            .read_to_end(&mut start)?;
        Ok(Engine::detect_precompiled(&start))
    }
}

impl Config {
    /// Returns the configuration of engines that read an archive: the default one, but for the options that
    /// change code.
    ///
    /// # Errors
    ///
    /// Returns an [`ArchiveError`] if the bytes are not an archive of this version of the crate.
    pub fn for_archive(archive: &[u8]) -> Result<Config> {
        let mut config = Config::new();
        Archive::configure(archive, &mut config.tunables)?;
        Ok(config)
    }
}

/// Archives.
///
/// An archive contains a module and the translated code of its functions, with what backtraces, core dumps
/// and the collector need to know of it. A module from an archive is neither validated nor translated, so it
/// is created in a fraction of the time. The bytes are the same on every target.
///
/// An archive is read by the version of this crate that has written it, with an engine of the same
/// [`Config::consume_fuel`](crate::Config::consume_fuel),
/// [`Config::epoch_interruption`](crate::Config::epoch_interruption),
/// [`Config::interruptible`](crate::Config::interruptible) and
/// [`Config::observe_accesses`](crate::Config::observe_accesses). Its other options may differ, and so may
/// the target, the dispatch backend and the features of the build. [`Config::for_archive`] returns a
/// configuration with these options.
impl Module {
    /// Returns the module as an archive.
    ///
    /// Functions that have not been validated or translated yet are validated and translated for it.
    ///
    /// ```
    /// use backstitch::{Engine, Instance, Module, Store};
    ///
    /// let wasm = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\
    ///     \x07\x07\x01\x03run\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
    /// let archive = Module::new(&Engine::default(), wasm)?.serialize()?;
    ///
    /// let engine = Engine::default();
    /// let module = Module::deserialize_checked(&engine, &archive)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    /// assert_eq!(run.call(&mut store, ())?, 42);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a function is invalid, which can be with
    /// [`CompilationMode::Lazy`](crate::CompilationMode), or if the archive would be larger than 4 GiB.
    #[cfg(feature = "validate")]
    pub fn serialize(&self) -> Result<Vec<u8>> {
        translate::archive(&self.0)
    }

    /// Creates a module from a copy of an archive: see [`Module::deserialize_shared`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::deserialize_shared`].
    ///
    /// # Safety
    ///
    /// As [`Module::deserialize_shared`].
    pub unsafe fn deserialize(engine: &Engine, archive: impl AsRef<[u8]>) -> Result<Module> {
        let archive = ModuleBytes::from(archive.as_ref().to_vec());
        module::Module::from_archive(&engine.0, &archive).map(Module)
    }

    /// Creates a module from an archive, and shares its bytes instead of copying them.
    ///
    /// Neither the module nor its code is checked. A damaged archive is noticed only where its parts cannot
    /// be read: here, or when a function is first called.
    ///
    /// # Errors
    ///
    /// Returns an [`ArchiveError`] if the bytes are not an archive for this engine and
    /// this version of the crate.
    ///
    /// # Safety
    ///
    /// The archive must be one that [`Module::serialize`] or [`Engine::precompile_module`] has returned, and
    /// must not have been changed. Code from another source can access any memory of the process.
    pub unsafe fn deserialize_shared(engine: &Engine, archive: &ModuleBytes) -> Result<Module> {
        module::Module::from_archive(&engine.0, archive).map(Module)
    }

    /// Creates a module from an archive in a file: see [`Module::deserialize_shared`].
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read; the errors of [`Module::deserialize_shared`].
    ///
    /// # Safety
    ///
    /// As [`Module::deserialize_shared`].
    #[cfg(feature = "std")]
    pub unsafe fn deserialize_file(
        engine: &Engine,
        path: impl AsRef<std::path::Path>,
    ) -> Result<Module> {
        let archive = ModuleBytes::from_file(path)?;
        module::Module::from_archive(&engine.0, &archive).map(Module)
    }

    /// Returns the module in an archive, in the binary format.
    ///
    /// # Errors
    ///
    /// Returns an [`ArchiveError`] if the bytes are not an archive of this version of the crate, or
    /// end too early.
    pub fn binary_of_archive(archive: &ModuleBytes) -> Result<ModuleBytes> {
        Ok(Archive::contents(archive)?)
    }

    /// Creates a module from an archive that may be damaged, or of unknown origin.
    ///
    /// The module in the archive is validated and translated, and the archive must be exactly what comes of
    /// it. So this takes longer than [`Module::new`] in the compilation mode
    /// [`CompilationMode::Eager`](crate::CompilationMode).
    ///
    /// # Errors
    ///
    /// Returns an [`ArchiveError`] if the bytes are not an archive for this engine and
    /// this version of the crate, or are damaged; the errors of [`Module::new`].
    #[cfg(feature = "validate")]
    pub fn deserialize_checked(engine: &Engine, archive: impl AsRef<[u8]>) -> Result<Module> {
        let archive = ModuleBytes::from(archive.as_ref().to_vec());
        Archive::open(&engine.0, &archive)?;
        let contents = Archive::contents(&archive)?;
        let expected = Module::from_shared(engine, &contents)?.serialize()?;
        if *archive != *expected {
            return Err(ArchiveError::Damaged.into());
        }
        module::Module::from_archive(&engine.0, &archive).map(Module)
    }
}
