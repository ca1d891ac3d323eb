//! Comparison over three sets of programs: those that chose the fused cells, other programs of the
//! same kinds, and programs of other kinds.
//!
//! A round contains all programs, and lasts long. The machine may change its state between rounds: a
//! neighbour that uses the same caches changes ratios too, not only times. So a round in which the
//! baseline is slower than in its best one by more than a limit counts as another state for this
//! program, and has a ratio of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cli::Options;
use crate::execution;
use crate::measure::{Effort, Outcome, guarded, interleave_groups};
use crate::runtime::{BASELINE, Runtime};
use crate::samples::{SLOW, Samples, Statistic, geometric_mean};
use crate::table::Table;
use crate::workload::{Group, Workload};

/// Influence of programs on the choice of fused cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// The fused cells were chosen by them.
    Choosing,
    /// Programs of the same kinds chose.
    Similar,
    /// No program of this kind chose.
    Other,
}

impl Set {
    const ALL: [Self; 3] = [Self::Choosing, Self::Similar, Self::Other];
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Choosing => "choosing",
            Self::Similar => "similar",
            Self::Other => "other",
        })
    }
}

/// A program of one of the sets.
pub struct Program {
    workload: Workload,
    set: Set,
}

/// Reads the programs of the three sets. Those that `programs.txt` in `held_out` lists belong to the
/// set that it names.
pub fn read_all(options: &Options, held_out: &Path, choosing: &Path) -> Result<Vec<Program>> {
    let list = held_out.join("programs.txt");
    let text = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    let sets = listed(&text).with_context(|| list.display().to_string())?;
    let mut programs = Vec::new();
    for folder in [&options.workloads, choosing, held_out] {
        let only = options.only.as_ref();
        for workload in Workload::read_some(folder, Group::PLAIN, only, options.size)? {
            let set = if folder == held_out {
                let set = sets.get(workload.name.as_str());
                *set.with_context(|| format!("{} is not listed", workload.name))?
            } else {
                Set::Choosing
            };
            programs.push(Program { workload, set });
        }
    }
    if programs.is_empty() {
        bail!("no program to run");
    }
    Ok(programs)
}

/// Returns the set of each program of a list, whose lines begin with the name and the set.
fn listed(text: &str) -> Result<BTreeMap<&str, Set>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let fields = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields
        .filter(|fields| !fields.is_empty())
        .map(|fields| match fields[..] {
            [name, "similar", ..] => Ok((name, Set::Similar)),
            [name, "other", ..] => Ok((name, Set::Other)),
            _ => bail!("expected `name similar|other …`: {}", fields.join(" ")),
        })
        .collect()
}

/// Measures every program on every runtime, and returns the tables.
pub fn measure(
    runtimes: &[Box<dyn Runtime>],
    programs: &[Program],
    effort: Effort,
    statistic: Statistic,
) -> String {
    let tasks = programs.iter().map(|program| {
        eprintln!("{}", program.workload.name);
        let prepare = |runtime: &Box<dyn Runtime>| {
            guarded(|| execution::prepare(runtime.as_ref(), &program.workload, effort))
        };
        runtimes.iter().map(prepare).collect()
    });
    let outcomes = interleave_groups(tasks.collect(), effort.rounds, |round| {
        eprintln!("round {}", round + 1);
    });
    let mut text = String::new();
    let baseline = runtimes.iter().position(|it| it.key() == BASELINE);
    if let Some(baseline) = baseline {
        for (column, runtime) in runtimes.iter().enumerate() {
            if column != baseline {
                let lines = lines(programs, &outcomes, column, baseline, statistic);
                text += &format!("## {}\n\n{}", runtime.key(), tables(&lines, effort.rounds));
            }
        }
    }
    for (program, outcomes) in programs.iter().zip(&outcomes) {
        for (runtime, outcome) in runtimes.iter().zip(outcomes) {
            if let Err(error) = outcome {
                let name = &program.workload.name;
                text += &format!("- {}, {name}: {error:#}\n", runtime.key());
            }
        }
    }
    text
}

/// Samples of a program that ran on a runtime and on the baseline.
struct Line<'a> {
    name: &'a str,
    set: Set,
    own: &'a Samples,
    base: &'a Samples,
    /// For each round, whether the machine was slower than in the best one.
    slow: Vec<bool>,
    statistic: Statistic,
}

fn lines<'a>(
    programs: &'a [Program],
    outcomes: &'a [Vec<Outcome>],
    column: usize,
    baseline: usize,
    statistic: Statistic,
) -> Vec<Line<'a>> {
    let pairs = programs.iter().zip(outcomes);
    pairs
        .filter_map(|(program, outcomes)| {
            let base = outcomes[baseline].as_ref().ok()?;
            Some(Line {
                name: &program.workload.name,
                set: program.set,
                own: outcomes[column].as_ref().ok()?,
                base,
                slow: base.slow_rounds(),
                statistic,
            })
        })
        .collect()
}

impl Line<'_> {
    /// Returns the ratio over the rounds in which the machine was slow, or over the others.
    fn ratio(&self, slow: bool) -> Option<f64> {
        let of_state = |samples: &Samples| {
            let chosen = samples.of_rounds(|round| self.slow[round] == slow);
            chosen.summary(self.statistic)
        };
        Some(of_state(self.own)? / of_state(self.base)?)
    }

    /// Returns the least and the greatest ratio within a round of a state.
    fn spread(&self, slow: bool) -> (f64, f64) {
        let of_state = |samples: &Samples| samples.of_rounds(|round| self.slow[round] == slow);
        of_state(self.own).spread(&of_state(self.base))
    }

    fn ratio_in(&self, round: usize) -> Option<f64> {
        Some(self.own.at(round)? / self.base.at(round)?)
    }

    /// Returns the baseline's time in a round, relative to its best one.
    fn slowdown(&self, round: usize) -> Option<f64> {
        Some(self.base.at(round)? / self.base.summary(Statistic::Best)?)
    }
}

fn tables(lines: &[Line<'_>], rounds: u32) -> String {
    let mut text = format!("Time relative to {BASELINE} (lower is faster):\n\n");
    text += &summary(lines, false).markdown();
    if lines.iter().any(|line| line.slow.contains(&true)) {
        text += &format!(
            "\nThe same, in rounds in which {BASELINE} took more than {SLOW} times its best time:\n\n"
        );
        text += &summary(lines, true).markdown();
    }
    text += &format!("\nRounds, with {BASELINE}'s time relative to its best one:\n\n");
    text += &by_round(lines, rounds as usize).markdown();
    text += "\nPrograms:\n\n";
    text + &by_program(lines).markdown() + "\n"
}

/// Returns a table with a row for each set.
fn summary(lines: &[Line<'_>], slow: bool) -> Table {
    let head = [
        "set",
        "programs",
        "geometric mean",
        "of single rounds",
        "worst",
    ];
    let mut table = Table::new(head);
    for set in Set::ALL {
        let members: Vec<&Line<'_>> = lines.iter().filter(|line| line.set == set).collect();
        let with_ratio = members
            .iter()
            .filter_map(|line| Some((line.ratio(slow)?, *line)));
        let with_ratio: Vec<(f64, &Line<'_>)> = with_ratio.collect();
        let ratios: Vec<f64> = with_ratio.iter().map(|(ratio, _)| *ratio).collect();
        let Some(mean) = geometric_mean(&ratios) else {
            continue;
        };
        let rounds = members
            .iter()
            .map(|line| line.slow.len())
            .max()
            .unwrap_or(0);
        let of_rounds = (0..rounds).filter_map(|round| {
            let in_state = members
                .iter()
                .filter(|line| line.slow.get(round) == Some(&slow));
            let ratios: Vec<f64> = in_state.filter_map(|line| line.ratio_in(round)).collect();
            // A few programs do not stand for the set.
            (ratios.len() * 2 > with_ratio.len()).then(|| geometric_mean(&ratios))?
        });
        let (low, high) = of_rounds.fold((f64::INFINITY, 0.0_f64), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        let spread = if high > 0.0 {
            format!("{low:.3}–{high:.3}")
        } else {
            "–".into()
        };
        let worst = with_ratio.iter().max_by(|a, b| a.0.total_cmp(&b.0));
        let worst = worst.map_or(String::new(), |(ratio, line)| {
            format!("{} {ratio:.3}", line.name)
        });
        let count = ratios.len().to_string();
        table.push([set.to_string(), count, format!("{mean:.3}"), spread, worst]);
    }
    table
}

/// Returns a table with a row for each round, and the mean ratio of each set in it.
fn by_round(lines: &[Line<'_>], rounds: usize) -> Table {
    let head = ["round", BASELINE, "slow programs"].map(str::to_owned);
    let mut table = Table::new(head.into_iter().chain(Set::ALL.map(|set| set.to_string())));
    let show = |mean: Option<f64>| mean.map_or_else(|| "–".into(), |mean| format!("{mean:.3}"));
    for round in 0..rounds {
        let slowdowns: Vec<f64> = lines
            .iter()
            .filter_map(|line| line.slowdown(round))
            .collect();
        let slow = lines
            .iter()
            .filter(|line| line.slow.get(round) == Some(&true));
        let mut row = vec![
            (round + 1).to_string(),
            show(geometric_mean(&slowdowns)),
            slow.count().to_string(),
        ];
        for set in Set::ALL {
            let members = lines.iter().filter(|line| line.set == set);
            let ratios: Vec<f64> = members.filter_map(|line| line.ratio_in(round)).collect();
            row.push(show(geometric_mean(&ratios)));
        }
        table.push(row);
    }
    table
}

/// Returns a table with a row for each program.
fn by_program(lines: &[Line<'_>]) -> Table {
    let mut table = Table::new([
        "program",
        "set",
        "ratio",
        "of rounds",
        "slow ratio",
        "slow rounds",
    ]);
    for line in lines {
        let (low, high) = line.spread(false);
        let slow = line.ratio(true);
        let count = line.slow.iter().filter(|&&slow| slow).count();
        table.push([
            line.name.to_owned(),
            line.set.to_string(),
            line.ratio(false)
                .map_or_else(|| "–".into(), |ratio| format!("{ratio:.3}")),
            format!("{low:.2}–{high:.2}"),
            slow.map_or_else(|| "–".into(), |ratio| format!("{ratio:.3}")),
            count.to_string(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_listed_by_name() {
        let sets = listed("# name set\naes similar crypto aes 1.0\n\nfonts other\n").unwrap();
        assert_eq!(sets["aes"], Set::Similar);
        assert_eq!(sets["fonts"], Set::Other);
        assert!(listed("aes chosen").is_err());
    }
}
