//! Tables of the vector programs: Backstitch beside each other runtime, and vectors beside scalars.

use crate::relative::{self, Named, table, time};
use crate::report::Report;
use crate::workload::{Group, Workload};

/// A vector program in the report.
struct Program<'w> {
    name: &'w str,
    /// Line of the report.
    line: usize,
    /// Line of the scalar build, if there is one.
    scalar: Option<usize>,
}

impl Named for Program<'_> {
    fn name(&self) -> &str {
        self.name
    }
}

/// Returns the tables, of which the first requires Backstitch.
pub fn markdown(report: &Report, workloads: &[Workload]) -> String {
    let programs = programs(workloads);
    let mut text = String::new();
    let lines: Vec<_> = programs.iter().map(|it| (it.name, it.line)).collect();
    text.extend(relative::backstitch(report, &lines));
    let paired: Vec<Program> = programs
        .into_iter()
        .filter(|program| program.scalar.is_some())
        .collect();
    if !paired.is_empty() {
        let columns: Vec<usize> = (0..report.columns.len()).collect();
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
