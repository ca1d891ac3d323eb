//! Files with debugging information of a module: those that the user names, and those that are beside it.
//!
//! The section `external_debug_info` of a module names such a file, and a package of split DWARF has the
//! module's name with `.dwp`. A module may be hostile, and its section name any file. So only regular files
//! that are WebAssembly are used, nothing but custom sections is read of them, and nothing is fetched from
//! another machine.

use super::file_kind::MAGIC;
use super::names::printable;
use backstitch::{ModuleBytes, Symbolizer};
use clap::Args;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use wasmparser::{BinaryReader, Parser, Payload};

/// The section with the name of a file.
const EXTERNAL: &str = "external_debug_info";

/// The option that names files with debugging information.
#[derive(Args)]
#[group(id = "debug_files")]
pub(crate) struct Arguments {
    /// Read the module's debugging information from this file: a module with the DWARF, or a package of
    /// split DWARF (`.dwp`)
    #[arg(long = "debug-info", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Arguments {
    /// Returns whether the user names a file.
    pub(crate) fn is_given(&self) -> bool {
        !self.files.is_empty()
    }
}

/// The places where the debugging information of a module may be.
#[derive(Clone, Default)]
pub(crate) struct DebugFiles {
    /// The module's file.
    module: Option<PathBuf>,
    /// The files that the user names.
    named: Vec<PathBuf>,
}

impl DebugFiles {
    /// Returns the places for the module in a file.
    pub(crate) fn of(module: &Path) -> DebugFiles {
        DebugFiles {
            module: Some(module.to_path_buf()),
            named: Vec::new(),
        }
    }

    /// Adds the files that the user names.
    pub(crate) fn add(&mut self, arguments: &Arguments) {
        self.named.extend_from_slice(&arguments.files);
    }

    /// Reads the files of a module. Says on standard error which ones cannot be used.
    pub(crate) fn read(&self, wasm: &[u8]) -> Vec<ModuleBytes> {
        let mut files = Vec::new();
        for path in &self.named {
            add(&mut files, wasm, path);
        }
        match self.external(wasm) {
            Some(Ok(path)) => add(&mut files, wasm, &path),
            Some(Err(note)) if self.named.is_empty() => eprintln!("{note}"),
            Some(Err(_)) | None => {}
        }
        if let Some(path) = self.package() {
            add(&mut files, wasm, &path);
        }
        files
    }

    /// Returns the file that a section of the module names, or the reason why it is not read.
    fn external(&self, wasm: &[u8]) -> Option<Result<PathBuf, String>> {
        let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
        let mut sections = payloads.filter_map(|payload| match payload {
            Payload::CustomSection(section) if section.name() == EXTERNAL => Some(section),
            _ => None,
        });
        let name = BinaryReader::new(sections.next()?.data(), 0)
            .read_string()
            .ok()?;
        // On Windows, two backslashes begin the name of another machine.
        if name.contains("://") || name.starts_with("\\\\") || name.starts_with("//") {
            return Some(Err(format!(
                "the debugging information is at `{}`, which is not fetched; \
                 name a copy with --debug-info",
                printable(name)
            )));
        }
        let folder = self.module.as_ref()?.parent()?;
        Some(Ok(folder.join(name)))
    }

    /// Returns the package of split DWARF beside the module, if there is one.
    fn package(&self) -> Option<PathBuf> {
        let module = self.module.as_ref()?;
        let mut whole = OsString::from(module);
        whole.push(".dwp");
        let paths = [PathBuf::from(whole), module.with_extension("dwp")];
        paths.into_iter().find(|path| path.is_file())
    }
}

/// Adds a file to the files of a module, if it can be used.
fn add(files: &mut Vec<ModuleBytes>, wasm: &[u8], path: &Path) {
    match load(files, wasm, path) {
        Ok(file) => files.push(file),
        Err(reason) => {
            let path = path.display().to_string();
            let (path, reason) = (printable(&path), printable(&reason));
            eprintln!("`{path}` is not used as debugging information: {reason}");
        }
    }
}

fn load(files: &[ModuleBytes], wasm: &[u8], path: &Path) -> Result<ModuleBytes, String> {
    // Opening a pipe would wait for its writer.
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_string());
    }
    let file = ModuleBytes::from_file(path).map_err(|error| error.to_string())?;
    if !file.starts_with(MAGIC) {
        return Err("it is not a WebAssembly module".to_string());
    }
    let mut all: Vec<&[u8]> = files.iter().map(AsRef::as_ref).collect();
    all.push(&file);
    match Symbolizer::with_files(wasm, &all) {
        Ok(Some(_)) => Ok(file),
        Ok(None) => Err("it has none".to_string()),
        Err(error) => Err(format!("{error:#}")),
    }
}
