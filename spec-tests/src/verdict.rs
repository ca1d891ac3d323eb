//! Runs one script in several modes and compares the results with the expected ones.

use crate::mode::{Mode, ModeDriver};
use crate::ratchet::Entry;
use crate::script::{self, Report};
use crate::suite::Script;
use backstitch::Engine;
use std::fmt::Write;

/// Maximum number of failed directives in a message.
const SHOWN: usize = 10;

/// Outcome of a script in all its modes.
pub struct Verdict {
    /// Results in the first mode, which the ratchet records.
    pub entry: Entry,
    /// Description of all unexpected results in any mode; empty if there are none.
    pub complaint: String,
    /// True if the only unexpected result is a difference from the ratchet, which `--bless`
    /// accepts.
    pub blessable: bool,
}

/// Runs a script in the given modes.
pub fn judge(script: &Script, modes: &[&(Mode, Engine)], expected: Option<&Entry>) -> Verdict {
    let mut complaint = String::new();
    let mut blessable = true;
    let mut first: Option<(Mode, Report)> = None;
    let mut steps: Option<(Mode, u64)> = None;
    for (mode, engine) in modes {
        let unsupported = first.as_ref().is_some_and(|(_, first)| first.failed() > 0);
        if mode.refuses_late() && unsupported {
            continue;
        }
        let mut driver = ModeDriver::new(*mode, engine);
        let report = script::run(&script.text, &mut driver);
        if mode.is_stepwise() {
            let suspensions = driver.suspensions();
            let (other, expected) = *steps.get_or_insert((*mode, suspensions));
            if suspensions != expected {
                blessable = false;
                let _ = writeln!(
                    complaint,
                    "{mode}: suspended {suspensions} times, but {expected} times in {other}"
                );
            }
        }
        match &first {
            None => first = Some((*mode, report)),
            Some((first_mode, first)) if Entry::from(first) != Entry::from(&report) => {
                blessable = false;
                let _ = writeln!(
                    complaint,
                    "{mode}: {}, but {} in {first_mode}{}",
                    report.counts(),
                    first.counts(),
                    show_failures(&report)
                );
            }
            Some(_) => {}
        }
    }
    let (mode, report) = first.expect("there is at least one mode");
    let entry = Entry::from(&report);
    if script.must_pass && entry.failed + entry.skipped > 0 {
        blessable = false;
        let _ = writeln!(
            complaint,
            "{mode}: {}, but all of this script must pass{}",
            report.counts(),
            show_failures(&report)
        );
    } else if expected != Some(&entry) {
        let expected = match expected {
            Some(expected) => format!("the ratchet has `{expected}`"),
            None => "the ratchet has no line for it".to_string(),
        };
        let _ = writeln!(
            complaint,
            "{mode}: `{entry}`, but {expected} (if this is correct, run with `--bless`){}",
            show_failures(&report)
        );
    }
    Verdict {
        entry,
        complaint,
        blessable,
    }
}

fn show_failures(report: &Report) -> String {
    let mut text = String::new();
    for failure in report.failures.iter().take(SHOWN) {
        let _ = write!(text, "\n    line {}: {}", failure.line, failure.reason);
    }
    if let Some(more @ 1..) = report.failures.len().checked_sub(SHOWN) {
        let _ = write!(text, "\n    and {more} more");
    }
    text
}
