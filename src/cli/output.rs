//! Files that commands write.

use super::failure::Failure;
use std::fs;
use std::path::Path;

/// Writes a file.
///
/// # Errors
///
/// A message with the file's name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes)
        .map_err(|error| Failure::Input(format!("cannot write `{}`: {error}", path.display())))
}
