//! Tables of the vector programs: Backstitch beside each other runtime, and vectors beside scalars.

use crate::report::Report;
use crate::runtime::BACKSTITCH;
use crate::samples::geometric_mean;
use crate::table::Table;
use crate::workload::{Group, Workload};

/// A vector program in the report.
struct Program<'w> {
    name: &'w str,
    /// Line of the report.
    line: usize,
    /// Line of the scalar build, if there is one.
    scalar: Option<usize>,
}

/// Returns the tables, of which the first requires Backstitch.
pub fn markdown(report: &Report, workloads: &[Workload]) -> String {
    let programs = programs(workloads);
    let mut text = String::new();
    let backstitch = |column: &usize| report.columns[*column].label == BACKSTITCH;
    let columns: Vec<usize> = (0..report.columns.len()).collect();
    if let Some(&own) = columns.iter().find(|column| backstitch(column)) {
        let others: Vec<usize> = columns.iter().copied().filter(|&at| at != own).collect();
        let table = table(report, &programs, &others, |program, other| {
            Some(time(report, program.line, own)? / time(report, program.line, other)?)
        });
        text += &format!(
            "Time of Backstitch relative to that of each other runtime (lower is faster):\n\n{}\n",
            table.markdown()
        );
    }
    let paired: Vec<Program> = programs
        .into_iter()
        .filter(|program| program.scalar.is_some())
        .collect();
    if !paired.is_empty() {
        let table = table(report, &paired, &columns, |program, column| {
            Some(time(report, program.line, column)? / time(report, program.scalar?, column)?)
        });
        text += &format!(
            "Time with vectors relative to that of the scalar build (lower is faster):\n\n{}",
            table.markdown()
        );
    }
    text
}

/// Returns the vector programs, each with its scalar build for the same amount of work.
fn programs(workloads: &[Workload]) -> Vec<Program<'_>> {
    let scalar = |program: &Workload| {
        let (_, name) = program.name.split_once('_')?;
        workloads.iter().position(|other| {
            other.group == Group::Scalar
                && other.amount == program.amount
                && other.name.split_once('_').is_some_and(|own| own.1 == name)
        })
    };
    workloads
        .iter()
        .enumerate()
        .filter(|(_, workload)| workload.group == Group::Vector)
        .map(|(line, workload)| Program {
            name: &workload.name,
            line,
            scalar: scalar(workload),
        })
        .collect()
}

fn time(report: &Report, line: usize, column: usize) -> Option<f64> {
    report.time(&report.lines[line], column)
}

/// Returns a table with a row for each program, a cell for each column, and geometric means.
fn table(
    report: &Report,
    programs: &[Program],
    columns: &[usize],
    ratio: impl Fn(&Program, usize) -> Option<f64>,
) -> Table {
    let labels = columns.iter().map(|&at| report.columns[at].label.as_str());
    let mut table = Table::new(["program"].into_iter().chain(labels));
    let mut ratios = vec![Vec::new(); columns.len()];
    for program in programs {
        let mut row = vec![program.name.to_owned()];
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
