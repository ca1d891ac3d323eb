//! Results of scripts.

/// The result of running a script.
///
/// Only assertions are counted as passes. Other directives, such as modules, count only if they
/// fail, so a successful script has as many passes as assertions.
#[derive(Clone, Default, Debug)]
pub struct Report {
    /// Number of assertions that held.
    pub passed: usize,
    /// The directives that failed, in the script's order.
    pub failures: Vec<Failure>,
    /// Number of assertions that were not executed.
    pub skipped: usize,
    /// The reason why the script was skipped, if it was.
    pub skip_reason: Option<&'static str>,
    /// The output of the functions of `spectest`, one line per call.
    pub printed: Vec<String>,
    /// Number of failed directives in reports that were added to this one.
    added_failures: usize,
}

/// A directive that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The directive's line, from 1.
    pub line: usize,
    /// The expected and the actual outcome.
    pub reason: String,
}

impl Report {
    /// Creates the report of a script that is not run.
    pub(super) fn skip(assertions: usize, reason: &'static str) -> Self {
        Report {
            skipped: assertions,
            skip_reason: Some(reason),
            ..Report::default()
        }
    }

    /// Returns the number of directives that failed.
    pub fn failed(&self) -> usize {
        self.failures.len() + self.added_failures
    }

    /// Adds another script's numbers to this report.
    pub fn add(&mut self, other: &Report) {
        self.passed += other.passed;
        self.skipped += other.skipped;
        self.added_failures += other.failed();
    }

    /// Formats the three numbers as both the command and the tests print them.
    pub fn counts(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed(),
            self.skipped
        )
    }
}
