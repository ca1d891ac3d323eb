//! Measurement of the workloads on every runtime, and the CoreMark score.

use anyhow::Result;

use crate::clock;
use crate::counting;
use crate::measure::{self, Effort, Task, check};
use crate::probe::Probe;
use crate::report::{Column, Line, Report, Unit};
use crate::runtime::{Loaded, Runtime};
use crate::samples::Statistic;
use crate::value::Value;
use crate::workload::Workload;

/// Workload whose amount is a number of CoreMark iterations.
const COREMARK: &str = "coremark";

/// Measures every workload on every runtime.
pub fn measure(
    runtimes: &[Box<dyn Runtime>],
    workloads: &[Workload],
    probe: &Probe,
    effort: Effort,
    statistic: Statistic,
) -> Report {
    let lines = workloads
        .iter()
        .map(|workload| {
            eprintln!("{}", workload.name);
            Line {
                task: workload.name.clone(),
                group: Some(workload.group),
                outcomes: measure::measure(runtimes, &workload.name, probe, effort, |runtime| {
                    prepare(runtime, workload, effort)
                }),
            }
        })
        .collect();
    Report {
        columns: Column::each(runtimes),
        lines,
        statistic,
        unit: Unit::Milliseconds,
        clock: clock::KIND,
    }
}

/// Loads a workload and warms it up.
pub fn prepare<'a>(
    runtime: &dyn Runtime,
    workload: &'a Workload,
    effort: Effort,
) -> Result<Task<'a>> {
    let mut guest = runtime.load(&workload.bytes)?;
    measure::repeat(effort.sample, move || {
        call(guest.as_mut(), workload)?;
        Ok(1)
    })
}

fn call(guest: &mut dyn Loaded, workload: &Workload) -> Result<()> {
    let result = guest.call(&workload.export, &[Value::I32(workload.amount)])?;
    check(result, workload.expected)
}

/// Calls every workload `times` times on every runtime. Callgrind can count the last call.
pub fn repeat(runtimes: &[Box<dyn Runtime>], workloads: &[Workload], times: u32) -> Result<()> {
    for workload in workloads {
        for runtime in runtimes {
            let mut guest = runtime.load(&workload.bytes)?;
            for _ in 1..times {
                call(guest.as_mut(), workload)?;
            }
            if times > 0 {
                counting::start();
                call(guest.as_mut(), workload)?;
                counting::stop();
            }
        }
    }
    Ok(())
}

/// Returns a line with the CoreMark scores (iterations per second), if CoreMark is among the
/// workloads.
pub fn coremark(report: &Report, workloads: &[Workload]) -> Option<String> {
    let (line, workload) = report
        .lines
        .iter()
        .zip(workloads)
        .find(|(line, _)| line.task == COREMARK)?;
    let scores: Vec<String> = (0..report.columns.len())
        .filter_map(|column| {
            let score = f64::from(workload.amount) / report.time(line, column)?;
            Some(format!("{} {score:.0}", report.columns[column].label))
        })
        .collect();
    Some(format!(
        "CoreMark score (higher is better): {}\n",
        scores.join(", ")
    ))
}
