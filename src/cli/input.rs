//! Reading a module from a file or from standard input, binary or text.

use super::debug_files::DebugFiles;
use super::failure::Failure;
use super::file_kind;
use super::names;
use super::symbols::Symbols;
use super::text::Text;
use backstitch::{Engine, Error, Module, ModuleBytes, ModuleError, Place};
use flate2::read::MultiGzDecoder;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// The first bytes of a file that gzip has compressed.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The most bytes of a compressed file that are read.
const MOST_BYTES: u64 = 4 << 30;

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// A module that was read.
pub(crate) struct Source {
    /// The name of the file in messages.
    pub(crate) file: String,
    /// The binary form.
    pub(crate) binary: ModuleBytes,
    /// The archive that contains the module.
    pub(crate) archive: Option<ModuleBytes>,
    /// The text, of a module in the text format.
    text: Option<Text>,
    /// The places where its debugging information may be.
    pub(crate) debug_files: DebugFiles,
}

impl Source {
    /// Reads a module's binary form. A file in the text format is converted to it, and an archive gives
    /// the module in it.
    pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
        let file = name(path);
        let debug_files = match is_standard_input(path) {
            true => DebugFiles::default(),
            false => DebugFiles::of(path),
        };
        let (mut bytes, mut archive) = (read_shared(path)?, None);
        if Engine::detect_precompiled(&bytes).is_some() {
            archive = Some(bytes.clone());
            bytes = Module::binary_of_archive(&bytes).map_err(|error| {
                Failure::Input(format!("cannot read the archive `{file}`: {error}"))
            })?;
        }
        if let Some(reason) = file_kind::not_a_module(&bytes) {
            return Err(Failure::Input(format!("`{file}` {reason}")));
        }
        if bytes.starts_with(file_kind::MAGIC) {
            return Ok(Source {
                file,
                binary: bytes,
                archive,
                text: None,
                debug_files,
            });
        }
        let Ok(text) = String::from_utf8(bytes.to_vec()) else {
            return Err(Failure::Input(format!(
                "`{file}` is not a WebAssembly module: a binary begins with the bytes \
                 00 61 73 6d, and a module in the text format is UTF-8"
            )));
        };
        let text = Text::new(text, &file);
        let binary = text.encode().map_err(Failure::Input)?;
        Ok(Source {
            file,
            binary: binary.into(),
            archive,
            text: Some(text),
            debug_files,
        })
    }

    /// Returns the source of a module that was not read from a file.
    pub(crate) fn without_file(file: &str) -> Source {
        Source {
            file: file.to_string(),
            binary: ModuleBytes::default(),
            archive: None,
            text: None,
            debug_files: DebugFiles::default(),
        }
    }

    /// Validates the module. Its debugging information is read when it is needed.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::new`].
    pub(crate) fn load(&self, engine: &Engine) -> Result<Module, Error> {
        let module = Module::from_shared(engine, &self.binary)?;
        let (files, binary) = (self.debug_files.clone(), self.binary.clone());
        module.set_debug_files(move || files.read(&binary))?;
        Ok(module)
    }

    /// Reads the names of the module's functions.
    pub(crate) fn symbols(&self) -> Result<Symbols, Failure> {
        Symbols::read(&self.binary)
            .map_err(|error| Failure::Input(format!("cannot read `{}`: {error}", self.file)))
    }

    /// Describes an error of the engine. If it refuses the module, the description has the name
    /// of the function, and for a module in the text format the position in the text.
    pub(crate) fn describe(&self, error: &Error) -> String {
        let Some(refusal) = error.downcast_ref::<ModuleError>() else {
            return names::printable_lines(&format!("{error:#}")).into_owned();
        };
        let message = self.describe_refusal(refusal);
        let offset = match refusal {
            ModuleError::Invalid { offset, .. } | ModuleError::Unsupported { offset, .. } => offset,
            _ => return message,
        };
        match &self.text {
            Some(text) => text
                .show(&self.binary, *offset, &message)
                .unwrap_or(message),
            None => message,
        }
    }

    /// Describes an error of a running program, with its backtrace and its causes.
    pub(crate) fn describe_in_full(&self, error: &Error) -> String {
        let text = format!("{error:?}");
        match error.downcast_ref::<ModuleError>() {
            // A function may be validated when it is first called.
            Some(refusal) => text.replace(&refusal.to_string(), &self.describe(error)),
            None => text,
        }
    }

    fn describe_refusal(&self, refusal: &ModuleError) -> String {
        let message = names::printable_lines(&refusal.to_string()).into_owned();
        let place = match refusal {
            ModuleError::Invalid { place, .. } | ModuleError::Unsupported { place, .. } => place,
            _ => return message,
        };
        let Place::Function(index) = place else {
            return message;
        };
        let symbols = Symbols::read(&self.binary).ok();
        let name = symbols
            .as_ref()
            .and_then(|symbols| symbols.function(*index));
        match (name, message.strip_prefix(&format!("function {index} "))) {
            (Some(name), Some(rest)) => {
                format!("function {index} `{}` {rest}", names::shown(name))
            }
            _ => message,
        }
    }
}

/// Reads a core dump or a snapshot as [`read_bytes`] does, also one that is compressed with gzip.
pub(crate) fn read_dump(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read_bytes(path)?;
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(&*bytes)
        .take(MOST_BYTES)
        .read_to_end(&mut plain);
    let reason = match read {
        Ok(_) if (plain.len() as u64) < MOST_BYTES => return Ok(plain),
        Ok(_) => format!("it has more than {MOST_BYTES} bytes"),
        Err(error) => error.to_string(),
    };
    let name = name(path);
    Err(Failure::Input(format!(
        "cannot decompress `{name}`: {reason}"
    )))
}

/// Reads a file, or standard input for the path `-`.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = match is_standard_input(path) {
        true => read_standard_input(),
        false => fs::read(path),
    };
    bytes.map_err(|error| unreadable(path, &error))
}

/// Does the same for bytes that may become a module.
fn read_shared(path: &Path) -> Result<ModuleBytes, Failure> {
    let bytes = match is_standard_input(path) {
        true => read_standard_input().map(ModuleBytes::from),
        false => ModuleBytes::from_file(path),
    };
    bytes.map_err(|error| unreadable(path, &error))
}

fn read_standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Input(format!("cannot read `{}`: {error}", name(path)))
}

/// Returns the name of a file in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_standard_input(path) {
        "<stdin>".to_string()
    } else {
        path.display().to_string()
    }
}

/// Returns the name by which a program is called, which is that of its file.
pub(crate) fn program_name(path: &Path) -> String {
    if is_standard_input(path) {
        return "stdin".to_string();
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}
