//! Tables of times relative to one another, with a row for each program.

use crate::report::Report;
use crate::runtime::BACKSTITCH;
use crate::samples::geometric_mean;
use crate::table::Table;

/// Returns the time of Backstitch relative to that of each other column, of programs with the given
/// names and lines of the report. `None` if Backstitch was not measured.
pub fn backstitch(report: &Report, programs: &[(&str, usize)]) -> Option<String> {
    let columns: Vec<usize> = (0..report.columns.len()).collect();
    let is_own = |column: &usize| report.columns[*column].label == BACKSTITCH;
    let own = columns.iter().copied().find(is_own)?;
    let others: Vec<usize> = columns.into_iter().filter(|&at| at != own).collect();
    let table = table(report, programs, &others, |&(_, line), other| {
        Some(time(report, line, own)? / time(report, line, other)?)
    });
    Some(format!(
        "Time of Backstitch relative to that of each other runtime (lower is faster):\n\n{}\n",
        table.markdown()
    ))
}

/// Returns the time of a line of the report.
pub fn time(report: &Report, line: usize, column: usize) -> Option<f64> {
    report.time(&report.lines[line], column)
}

/// Returns a table with a row for each program, a cell for each column, and geometric means.
pub fn table<P: Named>(
    report: &Report,
    programs: &[P],
    columns: &[usize],
    ratio: impl Fn(&P, usize) -> Option<f64>,
) -> Table {
    let labels = columns.iter().map(|&at| report.columns[at].label.as_str());
    let mut table = Table::new(["program"].into_iter().chain(labels));
    let mut ratios = vec![Vec::new(); columns.len()];
    for program in programs {
        let mut row = vec![program.name().to_owned()];
        for (&column, ratios) in columns.iter().zip(&mut ratios) {
            let ratio = ratio(program, column);
            ratios.extend(ratio);
            row.push(ratio.map_or_else(|| "–".into(), |ratio| format!("{ratio:.3}")));
        }
        table.push(row);
    }
    let means = ratios.iter().map(|ratios| match geometric_mean(ratios) {
        Some(mean) if ratios.len() < programs.len() => format!("**{mean:.3}** ({})", ratios.len()),
        Some(mean) => format!("**{mean:.3}**"),
        None => "–".into(),
    });
    let title = format!("**geometric mean of {}**", programs.len());
    table.push([title].into_iter().chain(means));
    table
}

/// A program with a name.
pub trait Named {
    /// Returns the name.
    fn name(&self) -> &str;
}

impl Named for (&str, usize) {
    fn name(&self) -> &str {
        self.0
    }
}
