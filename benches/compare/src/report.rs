//! Tables of times, ratios and spreads.

use std::collections::BTreeMap;

use crate::measure::Outcome;
use crate::runtime::{BACKSTITCH, BASELINE, Runtime};
use crate::samples::{Samples, Statistic, geometric_mean};
use crate::table::Table;
use crate::workload::Group;

/// All results.
pub struct Report {
    pub columns: Vec<Column>,
    pub lines: Vec<Line>,
    pub statistic: Statistic,
    pub unit: Unit,
    /// Kind of time that was measured.
    pub clock: &'static str,
}

/// A runtime, or a runtime in one of its modes.
pub struct Column {
    pub label: String,
    /// Column of the baseline, if it was measured.
    pub baseline: Option<usize>,
}

/// Outcomes of one task, one for each column.
pub struct Line {
    pub task: String,
    /// Group whose means include the task. `None` for tasks without means.
    pub group: Option<Group>,
    pub outcomes: Vec<Outcome>,
}

/// Unit in which times are shown.
#[derive(Clone, Copy)]
pub enum Unit {
    Milliseconds,
    Nanoseconds,
}

/// Failure of a task on a runtime.
struct Failure<'a> {
    task: &'a str,
    column: &'a str,
    reason: String,
}

impl Column {
    /// Returns a column for each runtime, relative to the baseline.
    pub fn each(runtimes: &[Box<dyn Runtime>]) -> Vec<Self> {
        let baseline = runtimes
            .iter()
            .position(|runtime| runtime.key() == BASELINE);
        runtimes
            .iter()
            .map(|runtime| Self {
                label: runtime.key().to_owned(),
                baseline,
            })
            .collect()
    }
}

impl Report {
    /// Returns the tables, with a footnote for each task that a runtime failed.
    pub fn markdown(&self) -> String {
        let unit = self.unit.name();
        let mut text = format!("In {unit}, {}:\n\n{}", self.clock, self.times().markdown());
        if self.columns.iter().any(|column| column.baseline.is_some()) {
            text += &format!("\nTime relative to {BASELINE} (lower is faster):\n\n");
            text += &self.ratios().markdown();
            text += &format!(
                "\nLeast and greatest ratio within one round; that of {BASELINE} is relative to its own best time:\n\n"
            );
            text += &self.spreads().markdown();
        }
        text + &self.footnotes()
    }

    /// Returns the reason of the first failure if all tasks failed. A probe prints it.
    pub fn refusal(&self) -> Option<String> {
        let outcomes = || self.lines.iter().flat_map(|line| &line.outcomes);
        if outcomes().any(Outcome::is_ok) {
            return None;
        }
        self.failures().next().map(|failure| failure.reason)
    }

    /// Returns whether Backstitch failed a task. Failures of peers do not count.
    pub fn is_failure(&self) -> bool {
        self.failures()
            .any(|failure| failure.column.starts_with(BACKSTITCH))
    }

    /// Returns the time in seconds, by the chosen statistic.
    pub fn time(&self, line: &Line, column: usize) -> Option<f64> {
        let samples = line.outcomes[column].as_ref().ok()?;
        samples.summary(self.statistic)
    }

    /// Returns the ratio of a column to its baseline, or `None` if either has failed.
    pub fn ratio(&self, line: &Line, column: usize) -> Option<f64> {
        let base = self.time(line, self.columns[column].baseline?)?;
        Some(self.time(line, column)? / base)
    }

    /// Returns the geometric mean of a column's ratios over a group (or all groups), and the number
    /// of ratios.
    pub fn mean(&self, group: Option<Group>, column: usize) -> (Option<f64>, usize) {
        let ratios: Vec<f64> = self
            .members(group)
            .filter_map(|line| self.ratio(line, column))
            .collect();
        (geometric_mean(&ratios), ratios.len())
    }

    /// Returns the groups with means. A group that contains all tasks is omitted, because its mean
    /// is that of all.
    pub fn means(&self) -> Vec<(&'static str, Option<Group>)> {
        let total = self.compared(None);
        let groups = [
            ("kernels", Some(Group::Kernel)),
            ("whole crates", Some(Group::Program)),
            ("vectors", Some(Group::Vector)),
            ("without vectors", Some(Group::Scalar)),
            ("objects", Some(Group::Object)),
            ("all", None),
        ];
        groups
            .into_iter()
            .filter(|(_, group)| {
                let count = self.compared(*group);
                count > 0 && (group.is_none() || count < total)
            })
            .collect()
    }

    /// Returns the number of tasks of a group that have a ratio.
    fn compared(&self, group: Option<Group>) -> usize {
        let counts = (0..self.columns.len()).map(|column| self.mean(group, column).1);
        counts.max().unwrap_or(0)
    }

    fn members(&self, group: Option<Group>) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| {
            line.group
                .is_some_and(|own| group.is_none_or(|group| own == group))
        })
    }

    /// Returns a table with a row for each task and a cell for each column.
    fn table(&self, cell: impl Fn(&Line, usize) -> String) -> Table {
        let labels = self.columns.iter().map(|column| column.label.clone());
        let mut table = Table::new(["task".to_owned()].into_iter().chain(labels));
        for line in &self.lines {
            let cells = (0..self.columns.len()).map(|column| cell(line, column));
            table.push([line.task.clone()].into_iter().chain(cells));
        }
        table
    }

    fn times(&self) -> Table {
        self.table(|line, column| {
            let time = self.time(line, column);
            time.map_or_else(nothing, |seconds| self.unit.show(seconds))
        })
    }

    fn ratios(&self) -> Table {
        let mut table = self.table(|line, column| {
            let ratio = self.ratio(line, column);
            ratio.map_or_else(nothing, |ratio| format!("{ratio:.3}"))
        });
        for (title, group) in self.means() {
            let members = self.compared(group);
            let cells = (0..self.columns.len()).map(|column| match self.mean(group, column) {
                (Some(mean), count) if count < members => format!("**{mean:.3}** ({count})"),
                (Some(mean), _) => format!("**{mean:.3}**"),
                (None, _) => nothing(),
            });
            let title = format!("**geometric mean of {members} ({title})**");
            table.push([title].into_iter().chain(cells));
        }
        table
    }

    fn spreads(&self) -> Table {
        self.table(|line, column| self.spread(line, column).unwrap_or_else(nothing))
    }

    fn spread(&self, line: &Line, column: usize) -> Option<String> {
        let samples = |column: usize| -> Option<&Samples> { line.outcomes[column].as_ref().ok() };
        let own = samples(column)?;
        let baseline = self.columns[column].baseline?;
        let (low, high) = if baseline == column {
            own.spread_to_best()
        } else {
            own.spread(samples(baseline)?)
        };
        Some(format!("{low:.2}–{high:.2}"))
    }

    fn failures(&self) -> impl Iterator<Item = Failure<'_>> {
        self.lines.iter().flat_map(|line| {
            let outcomes = self.columns.iter().zip(&line.outcomes);
            outcomes.filter_map(|(column, outcome)| {
                Some(Failure {
                    task: &line.task,
                    column: &column.label,
                    reason: format!("{:#}", outcome.as_ref().err()?),
                })
            })
        })
    }

    /// Returns a line for each reason of failures of a column, with the tasks that failed.
    fn footnotes(&self) -> String {
        let mut tasks = BTreeMap::<(&str, String), Vec<&str>>::new();
        for failure in self.failures() {
            let reason = (failure.column, failure.reason);
            tasks.entry(reason).or_default().push(failure.task);
        }
        let notes: String = tasks
            .into_iter()
            .map(|((column, reason), tasks)| {
                format!("- {column}, {}: {reason}\n", tasks.join(", "))
            })
            .collect();
        if notes.is_empty() {
            return notes;
        }
        format!("\nWithout figures:\n\n{notes}")
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Nanoseconds => "ns",
        }
    }

    fn show(self, seconds: f64) -> String {
        match self {
            Self::Milliseconds => format!("{:.3}", seconds * 1e3),
            Self::Nanoseconds => format!("{:.2}", seconds * 1e9),
        }
    }
}

fn nothing() -> String {
    "–".into()
}
