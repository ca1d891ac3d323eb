//! Bytes that modules share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, Range};

/// The bytes of a module, which are cheap to clone.
///
/// [`Module::from_shared`](crate::Module::from_shared) keeps them without a copy, which saves time and
/// memory if a module is large. Bytes that live as long as the program, such as those in a
/// microcontroller's flash, stay where they are:
///
/// ```
/// use backstitch::{Engine, Module, ModuleBytes};
///
/// static EMPTY: &[u8] = b"\0asm\x01\0\0\0";
/// let module = Module::from_shared(&Engine::default(), &ModuleBytes::from(EMPTY))?;
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone)]
pub struct ModuleBytes(Bytes);

#[derive(Clone)]
enum Bytes {
    Static(&'static [u8]),
    Shared(Arc<Vec<u8>>, Range<usize>),
}

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

    /// Returns a part of the bytes, without a copy. `None` if they end before it does.
    pub(crate) fn slice(&self, range: Range<usize>) -> Option<ModuleBytes> {
        Some(ModuleBytes(match &self.0 {
            Bytes::Static(bytes) => Bytes::Static(bytes.get(range)?),
            Bytes::Shared(bytes, whole) => {
                let (start, end) = (whole.start + range.start, whole.start + range.end);
                bytes[whole.clone()].get(range)?;
                Bytes::Shared(Arc::clone(bytes), start..end)
            }
        }))
    }
}

impl From<Vec<u8>> for ModuleBytes {
    fn from(bytes: Vec<u8>) -> ModuleBytes {
        let all = 0..bytes.len();
        ModuleBytes(Bytes::Shared(Arc::new(bytes), all))
    }
}

impl From<&'static [u8]> for ModuleBytes {
    fn from(bytes: &'static [u8]) -> ModuleBytes {
        ModuleBytes(Bytes::Static(bytes))
    }
}

impl Default for ModuleBytes {
    fn default() -> ModuleBytes {
        ModuleBytes(Bytes::Static(&[]))
    }
}

impl PartialEq for ModuleBytes {
    fn eq(&self, other: &ModuleBytes) -> bool {
        **self == **other
    }
}

impl Eq for ModuleBytes {}

impl Deref for ModuleBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Static(bytes) => bytes,
            Bytes::Shared(bytes, range) => &bytes[range.clone()],
        }
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
