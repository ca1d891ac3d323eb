//! Bytes that modules share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

/// The bytes of a module, which are cheap to clone.
///
/// [`Module::from_shared`](crate::Module::from_shared) keeps them without a copy, which saves time and
/// memory if a module is large.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ModuleBytes(pub(super) Arc<Vec<u8>>);

impl ModuleBytes {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    #[cfg(feature = "std")]
    pub fn from_file(path: impl AsRef<std::path::Path>) -> std::io::Result<ModuleBytes> {
        crate::support::read::read_file(path.as_ref()).map(ModuleBytes::from)
    }
}

impl From<Vec<u8>> for ModuleBytes {
    fn from(bytes: Vec<u8>) -> ModuleBytes {
        ModuleBytes(Arc::new(bytes))
    }
}

impl Deref for ModuleBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for ModuleBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for ModuleBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleBytes")
            .field("len", &self.len())
            .finish()
    }
}
