//! Comparison of the specification's error messages with the engine's.
//!
//! Scripts name the reason of each trap and each failed link, and these are compared. The reasons
//! why a module is malformed or invalid are not, because `wasmparser` has its own texts for them;
//! only the refusal counts.

use backstitch::{Error, Trap};

/// Pairs of messages where the engine's does not contain the script's: the start of the script's
/// message, and the engine's message.
const SYNONYMS: &[(&str, &str)] = &[
    // The specification's interpreter adds the index of the table's element.
    ("uninitialized element", "uninitialized element"),
    // The specification's interpreter also names the kind of the reference.
    ("null function reference", "null reference"),
    ("null continuation reference", "null reference"),
    ("null array reference", "null reference"),
    ("null structure reference", "null reference"),
    ("null i31 reference", "null reference"),
    ("null exception reference", "null reference"),
];

/// The specification's messages for failed links. All others are specific to one engine.
const LINK_FAILURES: &[&str] = &["unknown import", "incompatible import type"];

/// Checks that an error is a trap for the reason that a script names.
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

/// Checks that an error is a failed link for the reason that a script names.
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

/// Returns whether a module was refused because a proposal is not supported, which does not make
/// the module invalid.
pub(super) fn is_unsupported(error: &Error) -> bool {
    let text = one_line(error);
    text.contains("needs the ") && text.contains(" proposal")
}

/// Returns whether the proposal is the one that assigns a meaning to bits that are malformed in
/// every version of the specification.
pub(super) fn wants_everything_shared(error: &Error) -> bool {
    one_line(error).contains("needs the shared-everything-threads proposal")
}

/// Formats an error and its causes on one line.
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
