//! The result of a search, as text and as JSON.

use super::Arguments;
use super::finding::{Finding, described};
use super::run::{Place, Program, Run, Stops};
use crate::cli::failure::Failure;
use crate::cli::names::printable_lines;
use backstitch::scheduler::{Race, RacingAccess};
use serde::Serialize;
use std::io::{self, Write};

/// The most lines of output that the text shows.
const MOST_LINES: usize = 20;

/// The result of a search.
pub(super) struct Search {
    pub(super) runs: u64,
    /// The number of runs that did not end.
    pub(super) unfinished: u64,
    /// The number of the run that was found, from 1.
    pub(super) found_in: Option<u64>,
    pub(super) found: Option<(Finding, Run)>,
}

/// The report that is printed.
#[derive(Serialize)]
pub(super) struct Report {
    /// The number of runs.
    runs: u64,
    /// The number of runs that did not end within the limit of instructions.
    unfinished: u64,
    /// The schedule that was found.
    found: Option<Found>,
    #[serde(skip)]
    fuel: u64,
}

#[derive(Serialize)]
struct Found {
    kind: &'static str,
    /// The number of the run, from 1; none if the schedule was given.
    run: Option<u64>,
    /// The end of the run.
    end: String,
    /// The end of the first run.
    first_end: String,
    /// The error, with its backtraces.
    error: Option<String>,
    output: String,
    first_output: String,
    races: Vec<FoundRace>,
    schedule: String,
    switches: Vec<FoundSwitch>,
    /// The command that repeats the run.
    repeat: String,
}

#[derive(Serialize)]
struct FoundRace {
    address: u64,
    first: FoundAccess,
    second: FoundAccess,
}

#[derive(Serialize)]
struct FoundAccess {
    thread: u32,
    kind: String,
    address: u64,
    size: u64,
    backtrace: String,
}

#[derive(Serialize)]
struct FoundSwitch {
    /// The switch in the schedule.
    switch: String,
    stops: Option<FoundPlace>,
    continues: FoundPlace,
}

#[derive(Serialize)]
struct FoundPlace {
    thread: u32,
    function: Option<String>,
    offset: Option<usize>,
    access: Option<PlaceAccess>,
}

#[derive(Serialize)]
struct PlaceAccess {
    kind: String,
    address: u64,
    size: u64,
}

impl Report {
    /// Creates the report of a search. The schedule that was found is run once more.
    pub(super) fn new(
        arguments: &Arguments,
        program: &Program<'_>,
        first: &Run,
        search: &Search,
    ) -> Result<Report, Failure> {
        let found = match &search.found {
            None => None,
            Some((finding, run)) => {
                let run = program.run_in_detail(&run.schedule)?;
                Some(Found {
                    kind: finding.name(),
                    run: search.found_in,
                    end: described(&run.end),
                    first_end: described(&first.end),
                    error: run.error.clone(),
                    output: String::from_utf8_lossy(&run.output).into_owned(),
                    first_output: String::from_utf8_lossy(&first.output).into_owned(),
                    races: run.races.iter().map(found_race).collect(),
                    schedule: run.schedule.to_string(),
                    switches: run.switches.iter().map(found_switch).collect(),
                    repeat: arguments.repetition(&run.schedule),
                })
            }
        };
        Ok(Report {
            runs: search.runs,
            unfinished: search.unfinished,
            found,
            fuel: arguments.fuel,
        })
    }

    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self).map_err(io::Error::from)?;
        writeln!(out)
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(found) = &self.found else {
            writeln!(out, "nothing found in {}", counted(self.runs, "run"))?;
            return self.write_unfinished(out);
        };
        if let Some(run) = found.run {
            writeln!(out, "found in run {run}")?;
        }
        found.write(out)?;
        self.write_unfinished(out)?;
        writeln!(out, "repeat: {}", found.repeat)
    }

    fn write_unfinished(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.unfinished {
            0 => Ok(()),
            count => writeln!(
                out,
                "livelock: {} did not end within {} instructions",
                counted(count, "run"),
                self.fuel
            ),
        }
    }
}

impl Found {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.kind {
            "race" => writeln!(out, "{}", counted(self.races.len() as u64, "data race"))?,
            "output" => writeln!(
                out,
                "the program prints something else than in the first run"
            )?,
            "livelock" => writeln!(out, "the program does not end")?,
            _ => {
                let (end, first) = (&self.end, &self.first_end);
                match end == first {
                    true => writeln!(out, "the program {end}")?,
                    false => writeln!(out, "the program {end}; the first run {first}")?,
                }
            }
        }
        if let Some(error) = &self.error {
            writeln!(out, "Error: {}", printable_lines(error))?;
        }
        if self.output != self.first_output {
            write_output(out, "it prints:", &self.output)?;
            write_output(out, "the first run prints:", &self.first_output)?;
        }
        for race in &self.races {
            writeln!(out, "data race at address {:#x}:", race.address)?;
            for access in [&race.first, &race.second] {
                let FoundAccess {
                    thread,
                    kind,
                    address,
                    size,
                    backtrace,
                } = access;
                let size = counted(*size, "byte");
                writeln!(out, "  thread {thread}: {kind} of {size} at {address:#x}")?;
                for line in backtrace.lines() {
                    writeln!(out, "  {}", printable_lines(line))?;
                }
            }
        }
        match self.switches.len() {
            0 => writeln!(out, "the usual schedule: each thread runs until it waits")?,
            count => writeln!(out, "{} in the schedule:", counted(count as u64, "switch"))?,
        }
        for switch in &self.switches {
            match &switch.stops {
                Some(stops) if stops.thread == switch.continues.thread => {
                    writeln!(
                        out,
                        "  {} keeps {stops} which has run for long",
                        switch.switch
                    )?;
                    continue;
                }
                Some(stops) => writeln!(out, "  {} stops {stops}", switch.switch)?,
                None => writeln!(out, "  {} a thread has ended", switch.switch)?,
            }
            let indent = " ".repeat(switch.switch.len());
            writeln!(out, "  {indent} {} continues", switch.continues)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for FoundPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "thread {}", self.thread)?;
        if let Some(PlaceAccess {
            kind,
            address,
            size,
        }) = &self.access
        {
            let size = counted(*size, "byte");
            let article = match kind.starts_with('a') {
                true => "an",
                false => "a",
            };
            write!(f, " before {article} {kind} of {size} at {address:#x}")?;
        }
        match (&self.function, self.offset) {
            (Some(function), Some(offset)) => {
                write!(f, ", in {} at {offset:#x},", printable_lines(function))
            }
            (Some(function), None) => write!(f, ", in {},", printable_lines(function)),
            (None, _) => f.write_str(", which has not begun,"),
        }
    }
}

fn write_output(out: &mut dyn Write, title: &str, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return writeln!(out, "{title} nothing");
    }
    writeln!(out, "{title}")?;
    for line in text.lines().take(MOST_LINES) {
        writeln!(out, "  | {}", printable_lines(line))?;
    }
    match text.lines().count().saturating_sub(MOST_LINES) {
        0 => Ok(()),
        more => writeln!(out, "  … {} more", counted(more as u64, "line")),
    }
}

/// Returns a number with the plural of a noun.
fn counted(count: u64, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "switch") => format!("{count} switches"),
        _ => format!("{count} {noun}s"),
    }
}

fn found_race(race: &Race) -> FoundRace {
    FoundRace {
        address: race.address,
        first: found_access(&race.first),
        second: found_access(&race.second),
    }
}

fn found_access(access: &RacingAccess) -> FoundAccess {
    // The first line is that of an error.
    let backtrace = access.backtrace.to_string();
    let (_, frames) = backtrace.split_once('\n').unwrap_or_default();
    FoundAccess {
        thread: access.thread.0,
        kind: access.kind.to_string(),
        address: access.address,
        size: access.size,
        backtrace: frames.to_string(),
    }
}

fn found_switch(stops: &Stops) -> FoundSwitch {
    FoundSwitch {
        switch: stops.switch.to_string(),
        stops: stops.from.as_ref().map(found_place),
        continues: found_place(&stops.to),
    }
}

fn found_place(place: &Place) -> FoundPlace {
    FoundPlace {
        thread: place.thread,
        function: place.function.clone(),
        offset: place.offset,
        access: place.access.map(|access| PlaceAccess {
            kind: access.kind.to_string(),
            address: access.address,
            size: access.size,
        }),
    }
}
