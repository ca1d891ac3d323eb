//! The modules with debugging information, which `spec-tests/dwarf/build` makes.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the paths of the modules, sorted.
///
/// # Panics
///
/// Panics if the folder cannot be read.
pub fn modules() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/modules");
    let entries = fs::read_dir(folder).expect("the modules are there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    paths
}
