//! What came of a script.

/// The result of running a script.
///
/// Assertions are counted. A directive that is none, such as a module, counts
/// only where it fails: so a script that passes has as many passes as assertions.
#[derive(Clone, Default, Debug)]
pub struct Report {
    /// How many assertions held.
    pub passed: usize,
    /// The directives that failed, in the script's order.
    pub failures: Vec<Failure>,
    /// How many assertions were not tried.
    pub skipped: usize,
    /// Why the script was skipped, where it was.
    pub skip_reason: Option<&'static str>,
    /// What the script printed by the functions of `spectest`.
    pub printed: Vec<String>,
    /// How many directives failed in reports that were added to this one.
    added_failures: usize,
}

/// A directive that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The directive's line, from 1.
    pub line: usize,
    /// What was expected, and what there was.
    pub reason: String,
}

impl Report {
    /// The report of a script that is not run.
    pub(super) fn skip(assertions: usize, reason: &'static str) -> Self {
        Report {
            skipped: assertions,
            skip_reason: Some(reason),
            ..Report::default()
        }
    }

    /// How many directives failed.
    pub fn failed(&self) -> usize {
        self.failures.len() + self.added_failures
    }

    /// Adds another script's numbers to this total.
    pub fn add(&mut self, other: &Report) {
        self.passed += other.passed;
        self.skipped += other.skipped;
        self.added_failures += other.failed();
    }

    /// The three numbers as both the command and the tests print them.
    pub fn counts(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed(),
            self.skipped
        )
    }
}
