//! The files of the modules that ran: given individually, or found in folders.

use crate::cli::debug_files::{self, DebugFiles};
use crate::cli::failure::Failure;
use crate::cli::input::Source;
use crate::cli::names::printable;
use crate::cli::symbols::Symbols;
use backstitch::coredump::{Module, ModuleIdentity};
use backstitch::{CoreDump, ModuleBytes, Symbolizer, embed_debug_info};
use std::cell::OnceCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Depth to which nested folders are searched.
const DEPTH: usize = 16;

/// A module's binary.
pub(crate) struct ModuleFile {
    /// The file, unless the dump contains the module.
    pub(crate) path: Option<PathBuf>,
    pub(crate) bytes: ModuleBytes,
    pub(crate) symbols: Symbols,
    /// `true` if the dump's hash identifies this file.
    pub(crate) is_verified: bool,
    /// The places where its debugging information may be, and what was found there.
    debug_files: DebugFiles,
    found: OnceCell<Vec<ModuleBytes>>,
}

/// Returns the modules of the dump. Some writers list none, although code of one has run.
pub(crate) fn listed(dump: &CoreDump<'_>) -> Vec<Module> {
    let unknown = Module {
        name: "<unknown>".to_string(),
        identity: None,
    };
    match dump.modules() {
        [] if dump.instances().is_empty() => vec![unknown],
        modules => modules.to_vec(),
    }
}

/// Returns the file of each module of the dump, if it was given or found, or if the dump contains it.
pub(crate) fn find(
    dump: &CoreDump<'_>,
    modules: &[Module],
    paths: &[PathBuf],
) -> Result<Vec<Option<ModuleFile>>, Failure> {
    let mut found: Vec<Option<ModuleFile>> = modules.iter().map(|_| None).collect();
    for path in paths {
        let cannot =
            |error: io::Error| Failure::Input(format!("cannot read `{}`: {error}", path.display()));
        if fs::metadata(path).map_err(cannot)?.is_dir() {
            let mut files = Vec::new();
            list(path, DEPTH, &mut files).map_err(cannot)?;
            files.sort();
            for file in files {
                search(modules, &file, &mut found);
            }
        } else {
            assign(dump, modules, path, &mut found)?;
        }
    }
    for (index, file) in (0..).zip(&mut found) {
        if file.is_none() {
            *file = contained(dump, modules, index);
        }
    }
    Ok(found)
}

/// Returns a module that the dump contains.
fn contained(dump: &CoreDump<'_>, modules: &[Module], index: u32) -> Option<ModuleFile> {
    let bytes = dump.module_bytes(index)?;
    let identity = modules.get(index as usize)?.identity;
    Some(ModuleFile {
        path: None,
        symbols: Symbols::read(bytes).ok()?,
        is_verified: identity == Some(ModuleIdentity::of(bytes)),
        bytes: ModuleBytes::from(bytes.to_vec()),
        debug_files: DebugFiles::default(),
        found: OnceCell::new(),
    })
}

/// Assigns a file that the user gave to one of the modules.
fn assign(
    dump: &CoreDump<'_>,
    modules: &[Module],
    path: &Path,
    found: &mut [Option<ModuleFile>],
) -> Result<(), Failure> {
    let file = read(path)?;
    let identity = ModuleIdentity::of(&file.bytes);
    let by_hash = modules
        .iter()
        .position(|module| module.identity == Some(identity));
    // Without hashes the name identifies the module; a single module needs no name.
    let by_name = || {
        let is_free = |at: &usize| modules[*at].identity.is_none() && found[*at].is_none();
        let free: Vec<usize> = (0..modules.len()).filter(is_free).collect();
        let name = file.symbols.module.as_deref();
        let mut named = free.iter().filter(|at| Some(&*modules[**at].name) == name);
        match named.next() {
            Some(at) => Some(*at),
            None if free.len() == 1 => Some(free[0]),
            None => None,
        }
    };
    let Some(index) = by_hash.or_else(by_name) else {
        let described = modules.iter().map(|module| match module.identity {
            Some(known) => {
                let name = printable(&module.name);
                format!("\n  {name}, SHA-256 {}", hex(&known.sha256))
            }
            None => format!("\n  {}", printable(&module.name)),
        });
        return Err(Failure::Input(format!(
            "`{}`, SHA-256 {}, is not one of the modules of the dump:{}",
            path.display(),
            hex(&identity.sha256),
            described.collect::<String>()
        )));
    };
    if by_hash.is_none() {
        contradicts(dump, index, &file.symbols).map_err(|reason| {
            let path = path.display();
            Failure::Input(format!("`{path}` is not the module that ran: {reason}"))
        })?;
    }
    found[index] = Some(ModuleFile {
        is_verified: by_hash.is_some(),
        ..file
    });
    Ok(())
}

/// Returns an error if the module's frames have positions where the file has no code. Nothing
/// else can be checked if a dump has no hashes.
fn contradicts(dump: &CoreDump<'_>, module: usize, symbols: &Symbols) -> Result<(), String> {
    let frames = dump.threads().iter().flat_map(|thread| &thread.frames);
    for frame in frames {
        let instance = dump.instances().get(frame.instance as usize);
        if instance.is_some_and(|instance| instance.module as usize != module) {
            continue;
        }
        let body = symbols.body(frame.function).unwrap_or_default();
        if u64::from(frame.code_offset) >= body.len() as u64 {
            return Err(format!(
                "a frame is at offset {:#x} of function {}, which this file does not have",
                frame.code_offset, frame.function
            ));
        }
    }
    Ok(())
}

/// Assigns a file of a folder to a module if it certainly is that module: by its hash, or by its
/// name if the dump has no hash.
fn search(modules: &[Module], path: &Path, found: &mut [Option<ModuleFile>]) {
    // Most files in a folder are not among the modules; their size is enough to skip them.
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let is_text = path.extension().is_some_and(|extension| extension == "wat");
    let may_be = modules.iter().zip(&*found).any(|(module, file)| {
        let fits = module.identity.is_none_or(|known| known.size == size);
        file.is_none() && (is_text || fits)
    });
    if !may_be {
        return;
    }
    // Files that cannot be read, or are not modules, are skipped.
    let Ok(file) = read(path) else {
        return;
    };
    let identity = ModuleIdentity::of(&file.bytes);
    let is_it = |at: &usize| {
        let module = &modules[*at];
        found[*at].is_none()
            && match module.identity {
                Some(known) => known == identity,
                None => file.symbols.module.as_ref() == Some(&module.name),
            }
    };
    if let Some(at) = (0..found.len()).find(is_it) {
        found[at] = Some(ModuleFile {
            is_verified: modules[at].identity.is_some(),
            ..file
        });
    }
}

fn read(path: &Path) -> Result<ModuleFile, Failure> {
    let source = Source::read(path)?;
    let symbols = source.symbols()?;
    Ok(ModuleFile {
        path: Some(path.to_owned()),
        bytes: source.binary,
        symbols,
        is_verified: false,
        debug_files: source.debug_files,
        found: OnceCell::new(),
    })
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("wasm" | "wat")) && path.is_file() {
            files.push(path);
        } else if depth > 0 && path.is_dir() && !path.is_symlink() {
            // Unreadable subfolders are skipped.
            let _ = list(&path, depth - 1, files);
        }
    }
    Ok(())
}

/// Adds the files with debugging information that the user names to the only module that is known.
///
/// # Errors
///
/// If there are several modules, or none.
pub(crate) fn add_debug_files(
    modules: &mut [Option<ModuleFile>],
    arguments: &debug_files::Arguments,
) -> Result<(), Failure> {
    if !arguments.is_given() {
        return Ok(());
    }
    let mut known: Vec<&mut ModuleFile> = modules.iter_mut().flatten().collect();
    let reason = match &mut *known {
        [file] => {
            file.debug_files.add(arguments);
            return Ok(());
        }
        [] => "which is not known; provide it with --module",
        _ => "but there are several; give one of them with --module",
    };
    Err(Failure::Input(format!(
        "`--debug-info` belongs to a module, {reason}"
    )))
}

impl ModuleFile {
    /// Reads the debugging information, which may be in other files: `None` if there is none.
    pub(crate) fn symbolizer(&self) -> backstitch::Result<Option<Symbolizer<'_>>> {
        Symbolizer::with_files(&self.bytes, &self.read_debug_files())
    }

    /// Moves debugging information that is in another file into the module.
    pub(crate) fn embed_debug_info(&mut self) {
        // Files that do not fit were reported when they were read.
        let embedded = embed_debug_info(&self.bytes, &self.read_debug_files());
        if let Ok(Some(bytes)) = embedded {
            self.bytes = bytes.into();
        }
    }

    fn read_debug_files(&self) -> Vec<&[u8]> {
        let read = || self.debug_files.read(&self.bytes);
        let files = self.found.get_or_init(read).iter();
        files.map(AsRef::as_ref).collect()
    }

    /// Returns the name of the file, or says where the module is.
    pub(crate) fn place(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "in the dump".to_string(),
        }
    }
}

/// Formats bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
