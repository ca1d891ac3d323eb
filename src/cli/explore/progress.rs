//! The progress of a search, on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// The template of the bar.
const TEMPLATE: &str = "[{bar:30}] {pos}/{len} runs, {per_sec}, {eta} left {msg}";

/// A line on standard error with the progress of a search, if that is a terminal. It disappears at
/// the end.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(runs: u64) -> Progress {
        let bar = ProgressBar::new(runs);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress(bar)
    }

    /// Shows that another run has ended.
    pub(super) fn ended(&self) {
        self.0.inc(1);
    }

    /// Shows that a schedule was found.
    pub(super) fn shortening(&self) {
        self.0
            .set_message("- found one; removing switches that do not matter");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
