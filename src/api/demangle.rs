//! Demangling and display of function names.

use alloc::string::String;
use core::fmt::{self, Write};

/// Demangles the name of a function of Rust or C++. Other names are returned unchanged.
///
/// Only names with the prefix of a mangling scheme are demangled: `_R` and `_Z`, or `__R` and
/// `__Z` where symbols have another underscore. Hashes of Rust are kept, as Wasmtime keeps them
/// in backtraces. Without the feature `demangle`, all names are returned unchanged.
///
/// ```
/// # if cfg!(not(feature = "demangle")) { return }
/// assert_eq!(backstitch::demangle("_ZN3foo3barEi"), "foo::bar(int)");
/// assert_eq!(backstitch::demangle("main"), "main");
/// // Without its prefix, this would be a mangled type of C++.
/// assert_eq!(backstitch::demangle("f"), "f");
/// ```
pub fn demangle(name: &str) -> String {
    let symbol = match name.strip_prefix("__") {
        Some(symbol) => symbol,
        None => name.strip_prefix('_').unwrap_or_default(),
    };
    let demangled = match symbol.chars().next() {
        Some('R') => scheme::rust(name),
        // The legacy scheme of Rust is a part of that of C++.
        Some('Z') => scheme::rust(name).or_else(|| scheme::cpp(name)),
        _ => None,
    };
    demangled.unwrap_or_else(|| name.into())
}

/// Demangles the name of a function as [`demangle`] does, but without the hash of a name of Rust.
///
/// ```
/// # if cfg!(not(feature = "demangle")) { return }
/// let name = "_ZN4core3fmt5write17h0123456789abcdefE";
/// assert_eq!(backstitch::demangle_without_hash(name), "core::fmt::write");
/// assert_eq!(backstitch::demangle_without_hash("main"), "main");
/// ```
pub fn demangle_without_hash(name: &str) -> String {
    let demangled = demangle(name);
    if demangled != name
        && let Some(rust) = scheme::rust_without_hash(name)
    {
        return rust;
    }
    // Linkers demangle names too, and keep the hash.
    match without_hash(&demangled) {
        Some(plain) => plain.into(),
        None => demangled,
    }
}

/// Returns a demangled name of Rust's legacy scheme without the hash at its end.
fn without_hash(name: &str) -> Option<&str> {
    let (path, hash) = name.rsplit_once("::h")?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && !path.is_empty()).then_some(path)
}

/// The schemes of names.
#[cfg(feature = "demangle")]
mod scheme {
    use alloc::format;
    use alloc::string::{String, ToString};

    /// Demangles a name of Rust.
    pub fn rust(name: &str) -> Option<String> {
        let demangled = rustc_demangle::try_demangle(name).ok()?;
        Some(demangled.to_string())
    }

    /// Demangles a name of Rust, without its hash.
    pub fn rust_without_hash(name: &str) -> Option<String> {
        let demangled = rustc_demangle::try_demangle(name).ok()?;
        Some(format!("{demangled:#}"))
    }

    /// Demangles a name of C++.
    pub fn cpp(name: &str) -> Option<String> {
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        symbol.demangle().ok()
    }
}

/// No schemes.
#[cfg(not(feature = "demangle"))]
mod scheme {
    use alloc::string::String;

    pub fn rust(_: &str) -> Option<String> {
        None
    }

    pub fn rust_without_hash(_: &str) -> Option<String> {
        None
    }

    pub fn cpp(_: &str) -> Option<String> {
        None
    }
}

/// Displays a name on one line: control characters, line separators and characters that change
/// the direction of text are escaped, as in `\n` and `\u{1b}`.
///
/// Names in modules are arbitrary strings, and a terminal would interpret such characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_misleading(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

fn is_misleading(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[cfg(feature = "demangle")]
    #[test]
    fn names_are_demangled() {
        assert_eq!(demangle("plain"), "plain");
        assert_eq!(
            demangle("_ZN4core3fmt5write17h0123456789abcdefE"),
            "core::fmt::write::h0123456789abcdef"
        );
        assert_eq!(
            demangle("__ZN4core3fmt5write17h0123456789abcdefE"),
            "core::fmt::write::h0123456789abcdef"
        );
        assert_eq!(demangle("_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangle("__ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangle("_RNvC4shop4sell"), "shop::sell");
        assert_eq!(demangle("_Znonsense"), "_Znonsense");
    }

    #[test]
    fn other_names_are_unchanged() {
        // All but the last few are types or operators in the mangling of C++, or Rust's names
        // without their underscore.
        for name in [
            "f",
            "a",
            "i",
            "v",
            "main",
            "Pi",
            "St",
            "an",
            "RNvC4shop4sell",
            "ZN3foo3barEi",
            "",
            "_",
            "__",
            "_R",
            "_Z",
            "_Reset",
            "_Zero",
            "__Z",
            "__R",
            "_start",
            "___Z1fi",
        ] {
            assert_eq!(demangle(name), name);
        }
    }

    #[test]
    fn misleading_characters_are_escaped() {
        let printed = |name| Printable(name).to_string();
        assert_eq!(printed("shop::sell<ü>"), "shop::sell<ü>");
        assert_eq!(printed("a\nb\r\tc\0"), "a\\nb\\r\\tc\\u{0}");
        assert_eq!(printed("\x1b[31m\u{9b}m\x7f"), "\\u{1b}[31m\\u{9b}m\\u{7f}");
        assert_eq!(
            printed("\u{202e}\u{2066}\u{2028}"),
            "\\u{202e}\\u{2066}\\u{2028}"
        );
    }
}
