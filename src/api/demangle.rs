//! Demangling of function names.

use alloc::string::{String, ToString};

/// Returns the name of a function as in its source, undoing the mangling of Rust and C++
/// compilers. Other names are returned unchanged.
///
/// ```
/// assert_eq!(backstitch::demangle("_ZN3foo3barEi"), "foo::bar(int)");
/// assert_eq!(backstitch::demangle("main"), "main");
/// ```
pub fn demangle(name: &str) -> String {
    if let Ok(demangled) = rustc_demangle::try_demangle(name) {
        return demangled.to_string();
    }
    cpp_demangle::Symbol::new(name)
        .ok()
        .and_then(|symbol| symbol.demangle().ok())
        .unwrap_or_else(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_demangled() {
        assert_eq!(demangle("plain"), "plain");
        assert_eq!(
            demangle("_ZN4core3fmt5write17h0123456789abcdefE"),
            "core::fmt::write::h0123456789abcdef"
        );
        assert_eq!(demangle("_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangle("_Znonsense"), "_Znonsense");
    }
}
