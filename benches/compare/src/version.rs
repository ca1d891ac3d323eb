//! Versions of the packages and compilers of this build, for the head of a report.

/// The lock file, which has the versions that were linked (the manifest may have ranges).
const LOCK: &str = include_str!("../Cargo.lock");

/// Returns the version of a package in this program.
pub fn of(package: &str) -> &'static str {
    let mut lines = LOCK.lines();
    let name = format!("name = \"{package}\"");
    lines
        .find(|line| *line == name)
        .and_then(|_| lines.next())
        .and_then(|line| line.strip_prefix("version = \""))
        .and_then(|line| line.strip_suffix('"'))
        .unwrap_or("of unknown version")
}

/// The Rust compiler.
pub const RUSTC: &str = env!("COMPARE_RUSTC");

/// The C compiler.
pub const CC: &str = env!("COMPARE_CC");

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn finds_locked_packages() {
        assert!(of("clap").starts_with('4'));
        assert_eq!(of("no-such-package"), "of unknown version");
    }
}
