//! The files with debugging information of a module.

use super::bytes::ModuleBytes;
use crate::support::sync::{Mutex, OnceLock};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Reads the files.
type Read = Arc<dyn Fn() -> Vec<ModuleBytes> + Send + Sync>;

/// Files with debugging information of a module, which are read when they are first needed.
#[derive(Default)]
pub struct DebugFiles {
    read: Mutex<Option<Read>>,
    files: OnceLock<Vec<ModuleBytes>>,
}

impl DebugFiles {
    /// Sets what reads the files. Returns `false` if that was done before.
    pub fn set(&self, read: Read) -> bool {
        let mut known = self.read.lock();
        let is_first = known.is_none();
        known.get_or_insert(read);
        is_first
    }

    /// Returns the contents of the files.
    pub fn get(&self) -> &[ModuleBytes] {
        let read = self.read.lock().clone();
        match read {
            Some(read) => self.files.get_or_init(|| read()),
            None => &[],
        }
    }
}
