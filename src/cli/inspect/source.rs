//! The source text around a frame's instruction.

use super::inspection::{Inspection, Subject};
use crate::cli::names::printable;
use backstitch::coredump::Frame;
use std::io::{self, Write};

/// Number of lines shown before and after the current one.
const AROUND: usize = 3;

/// Prints the lines around the position in each function that a frame's instruction belongs to, if the user
/// allows source files to be read.
pub(crate) fn print(
    inspection: &Inspection<'_>,
    frame: &Frame,
    subject: &Subject,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !inspection.sources.are_allowed() {
        return Ok(());
    }
    for symbol in inspection.symbols(frame, subject) {
        let (Some(name), Some(number)) = (symbol.file(), symbol.line()) else {
            continue;
        };
        write!(out, "\nsource in {}", printable(name))?;
        match &*inspection.sources.lines(name) {
            Ok(lines) => {
                writeln!(out)?;
                for (number, line, is_here) in around(lines, number, AROUND) {
                    let arrow = if is_here { "=>" } else { "" };
                    let text = format!("{arrow:>4} {number:>8}  {}", printable(line));
                    writeln!(out, "{}", text.trim_end())?;
                }
            }
            Err(reason) => writeln!(out, ": not shown, because {reason}")?,
        }
    }
    Ok(())
}

/// Returns the lines around one of them, with their numbers, and whether each is that one.
pub(crate) fn around(
    lines: &[String],
    number: u32,
    around: usize,
) -> impl Iterator<Item = (u32, &str, bool)> {
    let at = (number as usize).saturating_sub(1);
    let end = at.saturating_add(around + 1).min(lines.len());
    let start = at.saturating_sub(around).min(end);
    let lines = (start + 1..).zip(&lines[start..end]);
    lines.map(move |(at, line)| (at as u32, line.as_str(), at == number as usize))
}
