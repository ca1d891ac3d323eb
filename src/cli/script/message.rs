//! The specification's words for why something does not work, and the engine's.
//!
//! Scripts name the reason of each trap and each failed link, and these are
//! compared. The reasons for which a module is malformed or invalid are not:
//! `wasmparser` has words of its own for them, so there only the refusal counts.

use backstitch::{Error, Trap};

/// Where a script's words are not contained in the engine's: what a script's
/// reason begins with, and what the engine says.
const SYNONYMS: &[(&str, &str)] = &[
    // The specification's interpreter adds which element of the table it is.
    ("uninitialized element", "uninitialized element"),
    // It also names the kind of reference that is null.
    ("null function reference", "null reference"),
    ("null continuation reference", "null reference"),
    ("null array reference", "null reference"),
    ("null structure reference", "null reference"),
    ("null i31 reference", "null reference"),
    ("null exception reference", "null reference"),
];

/// Why links fail, in the specification's words. What others say is an engine's own.
const LINK_FAILURES: &[&str] = &["unknown import", "incompatible import type"];

/// Whether an error is a trap for the reason that a script names.
pub(super) fn expect_trap(error: &Error, expected: &str) -> Result<(), String> {
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return Err(format!(
            "expected the trap `{expected}`, found another error: {}",
            one_line(error)
        ));
    };
    let found = trap.to_string();
    if means(&found, expected) {
        Ok(())
    } else {
        Err(format!("expected the trap `{expected}`, found `{found}`"))
    }
}

/// Whether an error says for the reason that a script names that imports do not match.
pub(super) fn expect_link_error(error: &Error, expected: &str) -> Result<(), String> {
    let found = one_line(error);
    let is_trap = error.downcast_ref::<Trap>().is_some();
    let mut reasons = LINK_FAILURES.iter();
    let holds = match reasons.any(|reason| expected.starts_with(reason)) {
        true => !is_trap && means(&found, expected),
        false => !is_trap || means(&found, expected),
    };
    if holds {
        Ok(())
    } else {
        Err(format!(
            "expected linking to fail with `{expected}`, found: {found}"
        ))
    }
}

/// Whether a refusal is for want of a proposal, which says nothing about the module.
pub(super) fn is_unsupported(error: &Error) -> bool {
    let text = one_line(error);
    text.contains("needs the ") && text.contains(" proposal")
}

/// Whether that proposal is the one that gives a meaning to bits which are malformed by
/// every version of the specification.
pub(super) fn wants_everything_shared(error: &Error) -> bool {
    one_line(error).contains("needs the shared-everything-threads proposal")
}

/// An error and its causes on one line.
pub(super) fn one_line(error: &Error) -> String {
    let text = format!("{error:#}");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").trim_end().to_string()
}

fn means(found: &str, expected: &str) -> bool {
    found.contains(expected)
        || SYNONYMS
            .iter()
            .any(|(script, engine)| expected.starts_with(script) && found.contains(engine))
}

#[cfg(test)]
mod tests {
    use super::means;

    #[test]
    fn reasons() {
        let out_of_bounds = "wasm trap: undefined element: out of bounds table access";
        assert!(means(out_of_bounds, "undefined element"));
        assert!(means(out_of_bounds, "out of bounds table access"));
        assert!(means(
            "wasm trap: uninitialized element",
            "uninitialized element 2"
        ));
        assert!(!means(
            "wasm trap: uninitialized element",
            "undefined element"
        ));
        assert!(!means(
            "wasm trap: integer overflow",
            "null function reference"
        ));
    }
}
