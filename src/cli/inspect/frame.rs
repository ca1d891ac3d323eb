//! Details of one frame: locals, operands, and the code around the current instruction.

use super::disassembly::{self, Line};
use super::inspection::{Inspection, Local, Subject, bits_of, boundary, position, type_of};
use super::{source, variables};
use crate::cli::names::printable;
use crate::cli::sources;
use backstitch::coredump::{Frame, Value};
use std::io::{self, Write};
use std::str::FromStr;

/// Number of instructions shown before and after the current one.
const AROUND: usize = 8;

/// The number of a frame: `N`, or `THREAD:N` for a frame of another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) thread: usize,
    pub(crate) frame: usize,
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Number, String> {
        let number = |text: &str| {
            text.parse::<usize>()
                .map_err(|_| format!("`{text}` is not the number of a frame or thread"))
        };
        let (thread, frame) = match text.split_once(':') {
            Some((thread, frame)) => (number(thread)?, frame),
            None => (0, text),
        };
        Ok(Number {
            thread,
            frame: number(frame)?,
        })
    }
}

/// Formats the offset of a frame's instruction: in its module if that is known, otherwise in its
/// function.
pub(crate) fn offset(frame: &Frame, subject: &Subject) -> String {
    match subject.module_offset(frame) {
        Some(offset) => format!("{offset:#x}"),
        None => format!("+{:#x}", frame.code_offset),
    }
}

/// Returns the instructions around a frame's position, and the index of the current one among
/// them.
///
/// # Errors
///
/// If they cannot be shown; the text is the reason.
pub(crate) fn code(
    inspection: &Inspection<'_>,
    frame: &Frame,
    subject: &Subject,
    around: usize,
) -> Result<(Vec<Line>, Option<usize>), String> {
    let file = subject
        .module
        .and_then(|index| inspection.modules[index].as_ref())
        .ok_or("the module's file is not known; provide it with --module")?;
    let mut lines = disassembly::of_function(&file.bytes, &file.symbols, frame.function)?;
    let at = subject
        .module_offset(frame)
        .and_then(|offset| lines.iter().position(|line| line.offset == offset));
    let Some(at) = at else {
        lines.truncate(2 * around + 1);
        return Ok((lines, None));
    };
    lines.truncate(at + around + 1);
    let first = at.saturating_sub(around);
    lines.drain(..first);
    Ok((lines, Some(at - first)))
}

/// Prints a frame.
pub(crate) fn print(
    inspection: &Inspection<'_>,
    number: Number,
    frame: &Frame,
    out: &mut dyn Write,
) -> io::Result<()> {
    let subject = inspection.subject(frame);
    let signature = subject.signature.as_deref().unwrap_or("");
    writeln!(
        out,
        "frame {}: {}{signature}",
        number.frame,
        subject.title()
    )?;
    write!(
        out,
        "  function {} of module {}, instance {}",
        frame.function,
        printable(&subject.module_name),
        frame.instance
    )?;
    if let Some(details) = frame.details {
        write!(out, ", stack {}", details.stack)?;
    }
    writeln!(out)?;
    write!(out, "  at offset {:#x} of the function", frame.code_offset)?;
    if let Some(offset) = subject.module_offset(frame) {
        write!(out, ", {offset:#x} of the module")?;
    }
    if let Some(details) = frame.details {
        write!(out, ": {}", position(details.position))?;
    }
    writeln!(out)?;
    for line in sources::lines(&inspection.symbols(frame, &subject)) {
        writeln!(out, "  {line}")?;
    }
    let is_youngest = number.thread == 0 && number.frame == 0;
    if let Some(reason) = inspection.reason().filter(|_| is_youngest) {
        writeln!(out, "  {}", printable(&reason))?;
    }
    if let Some(boundary) = frame.details.and_then(|details| boundary(details.boundary)) {
        writeln!(out, "  boundary to its caller: {boundary}")?;
    }

    writeln!(
        out,
        "\nlocals{}",
        note(frame, &frame.locals, &subject, true)
    )?;
    print_values(
        inspection,
        &frame.locals,
        &subject.locals,
        subject.parameters,
        out,
    )?;
    writeln!(
        out,
        "\noperands{}",
        note(frame, &frame.operands, &subject, false)
    )?;
    print_values(inspection, &frame.operands, &[], None, out)?;
    variables::print(&variables::scopes(inspection, frame, &subject), out)?;
    source::print(inspection, frame, &subject, out)?;

    writeln!(out, "\ncode")?;
    match code(inspection, frame, &subject, AROUND) {
        Ok((lines, at)) => {
            for (index, line) in lines.iter().enumerate() {
                let arrow = if Some(index) == at { "=>" } else { "" };
                let indent = 2 * line.depth;
                writeln!(
                    out,
                    "{arrow:>4} {:>#8x}  {:indent$}{}",
                    line.offset,
                    "",
                    printable(&line.text)
                )?;
            }
        }
        Err(reason) => writeln!(out, "     {reason}")?,
    }
    Ok(())
}

/// Returns the note after the heading of a list of values.
fn note(frame: &Frame, values: &[Value], subject: &Subject, are_locals: bool) -> &'static str {
    let declared = are_locals && !subject.locals.is_empty();
    match frame.details {
        Some(details) if !details.captured => {
            ": not recorded, because there was no memory for them"
        }
        // Other writers leave the list empty if they do not know the values.
        None if values.is_empty() && (declared || !are_locals) => ": none recorded",
        _ if values.is_empty() => ": none",
        _ if are_locals => "",
        _ => ", the lowest first",
    }
}

fn print_values(
    inspection: &Inspection<'_>,
    values: &[Value],
    declared: &[Local],
    parameters: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let local = |at: usize| declared.get(at).cloned().unwrap_or_default();
    let ty = |at: usize, value: &Value| {
        let declared = local(at).ty;
        declared.unwrap_or_else(|| type_of(value).to_string())
    };
    let name = |at: usize| match local(at).name {
        Some(name) => printable(&name).into_owned(),
        None => String::new(),
    };
    let texts: Vec<String> = values.iter().map(|value| inspection.text(value)).collect();
    let names = width(&mut (0..values.len()).map(|at| name(at).chars().count()));
    let types = width(
        &mut values
            .iter()
            .enumerate()
            .map(|(at, value)| ty(at, value).len()),
    );
    // Long values, such as functions' names, do not affect the alignment.
    let longest = width(&mut texts.iter().map(|text| text.len())).min(24);
    for (at, (value, text)) in values.iter().zip(&texts).enumerate() {
        let role = match parameters {
            Some(count) if at < count => "param  ",
            Some(_) => "local  ",
            None => "",
        };
        let name = match names {
            0 => String::new(),
            names => format!("{:names$}  ", name(at)),
        };
        let (ty, bits) = (ty(at, value), bits_of(value).unwrap_or_default());
        let line = format!("{at:>5}  {role}{name}{ty:types$}  {text:>longest$}  {bits}");
        let line = line.trim_end();
        writeln!(out, "{line}")?;
    }
    Ok(())
}
