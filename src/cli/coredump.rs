//! Core dumps of `backstitch run`.

use super::failure::Failure;
use super::input;
use super::inspect::hex;
use backstitch::coredump::ModuleIdentity;
use backstitch::{CoreDumpOptions, Error, Store, WasmCoreDump};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Number of hexadecimal digits of a module's hash that `%h` expands to.
const DIGITS: usize = 16;

/// Expands a pattern to a path, for a program that was read from `file` and has the bytes
/// `binary`. The path is the same for the same program, however often it traps.
pub(crate) fn path(pattern: &str, file: &Path, binary: &[u8]) -> Result<String, Failure> {
    let mut path = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            path.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => path.push('%'),
            Some('p') => {
                let name = input::program_name(file);
                let stem = Path::new(&name).file_stem().and_then(OsStr::to_str);
                path.push_str(stem.unwrap_or(&name));
            }
            Some('h') => path.push_str(&hex(&ModuleIdentity::of(binary).sha256)[..DIGITS]),
            other => {
                let pattern: String = ['%'].into_iter().chain(other).collect();
                return Err(Failure::Input(format!(
                    "`{pattern}` is not a placeholder in the path of the core dump; the placeholders \
                     are `%p`, the program's name, `%h`, {DIGITS} digits of its SHA-256, and `%%`"
                )));
            }
        }
    }
    Ok(path)
}

/// Writes the core dump that an error carries, if any, and removes it from the error.
pub(crate) fn write<T: 'static>(
    store: &mut Store<T>,
    path: &str,
    program: &str,
    error: Error,
) -> Result<Error, Failure> {
    let (dump, error) = match error.pop_context::<WasmCoreDump>() {
        Ok(parts) => parts,
        Err(error) => return Ok(error),
    };
    let cannot = |reason: &dyn std::fmt::Display| {
        Failure::Input(format!("cannot write the core dump `{path}`: {reason}"))
    };
    let file = File::create(path).map_err(|reason| cannot(&reason))?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    dump.serialize_to(store, program, &mut out, &CoreDumpOptions::new())
        .map_err(|reason| cannot(&format!("{reason:#}")))?;
    out.flush().map_err(|reason| cannot(&reason))?;
    eprintln!("Core dump written to `{path}`: see `backstitch inspect`");
    Ok(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_the_program_and_its_contents() {
        let path = |pattern| path(pattern, Path::new("shop/shop.wasm"), b"").ok();
        assert_eq!(path("a/%p.core").as_deref(), Some("a/shop.core"));
        assert_eq!(path("%p-%h").as_deref(), Some("shop-e3b0c44298fc1c14"));
        assert_eq!(path("100%%").as_deref(), Some("100%"));
        assert_eq!(path("%t"), None);
        assert_eq!(path("%"), None);
    }
}
