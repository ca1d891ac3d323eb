//! The summary of a dump: the reason, the position and the arguments, on one screen.

use super::inspection::{Inspection, Subject, boundary, thread_state};
use super::{disassembly, frame, stacks};
use crate::cli::names::printable;
use crate::cli::sources;
use backstitch::coredump::{Frame, Memory, Thread, ThreadState};
use std::io::{self, Write};

/// Numbers of frames that are listed: the youngest ones, and of a deep stack the oldest ones too.
const YOUNGEST: usize = 10;
const OLDEST: usize = 2;

/// Number of threads that are listed.
const THREADS: usize = 40;

/// Number of characters for a call's arguments.
const ARGUMENTS: usize = 60;

/// Prints the summary.
pub(crate) fn print(inspection: &Inspection<'_>, out: &mut dyn Write) -> io::Result<()> {
    let dump = &inspection.dump;
    let program = printable(program(inspection));
    match inspection.reason() {
        Some(reason) => writeln!(out, "{program}: {}", printable(&reason))?,
        None => writeln!(out, "{program}: the dump contains no reason")?,
    }
    if dump.snapshot().is_some() {
        writeln!(
            out,
            "  it is a snapshot, from which `backstitch resume` goes on"
        )?;
    }
    if let Some(access) = inspection.access() {
        writeln!(out, "  it accessed {access}")?;
    }
    if let Some((frame, subject)) = stopped_in(inspection) {
        writeln!(out, "  in {}", call(inspection, frame, &subject))?;
        if let Some(operator) = operator_at(inspection, frame, &subject) {
            writeln!(out, "  at `{}`", printable(&operator))?;
        }
    }
    for thread in dump.threads().iter().take(THREADS) {
        writeln!(out)?;
        print_thread(inspection, thread, out)?;
    }
    if let Some(more @ 1..) = dump.threads().len().checked_sub(THREADS) {
        writeln!(out, "\n… {} more threads", grouped(more as u64))?;
    }
    stacks::print(inspection, out)?;
    writeln!(out)?;
    print_contents(inspection, out)
}

/// Returns the program's name, or the dump's file if it has none.
pub(crate) fn program<'a>(inspection: &'a Inspection<'_>) -> &'a str {
    match inspection.dump.name() {
        "" => &inspection.file,
        name => name,
    }
}

/// Returns the frame in which the program stopped: the youngest of the first thread.
pub(crate) fn stopped_in<'i>(inspection: &'i Inspection<'_>) -> Option<(&'i Frame, Subject)> {
    let frame = inspection.dump.threads().first()?.frames.first()?;
    Some((frame, inspection.subject(frame)))
}

/// Returns the instruction at a frame's position, if the module's file is known.
pub(crate) fn operator_at(
    inspection: &Inspection<'_>,
    frame: &Frame,
    subject: &Subject,
) -> Option<String> {
    let file = inspection.modules[subject.module?].as_ref()?;
    let offset = subject.module_offset(frame)?;
    let lines = disassembly::of_function(&file.bytes, &file.symbols, frame.function).ok()?;
    let line = lines.into_iter().find(|line| line.offset == offset)?;
    Some(line.text)
}

/// Formats a frame as a call: the function, and the current values of its parameters.
pub(crate) fn call(inspection: &Inspection<'_>, frame: &Frame, subject: &Subject) -> String {
    let title = subject.title();
    let count = match subject.parameters {
        Some(0) => return format!("{title}()"),
        Some(count) if count <= frame.locals.len() => count,
        Some(_) => return format!("{title}(?)"),
        // Without the module, parameters cannot be distinguished from other locals.
        None if frame.locals.is_empty() => return title,
        None => frame.locals.len(),
    };
    let mut list = String::new();
    for (at, value) in frame.locals[..count].iter().enumerate() {
        let name = match subject.local(at).name {
            Some(name) => format!("{}=", printable(&name)),
            None => String::new(),
        };
        let text = format!("{name}{}", inspection.text(value));
        if at > 0 {
            list.push_str(", ");
        }
        if list.len() + text.len() > ARGUMENTS {
            list.push('…');
            break;
        }
        list.push_str(&text);
    }
    let open = if subject.parameters.is_none() {
        " locals ("
    } else {
        "("
    };
    format!("{title}{open}{list})")
}

fn print_thread(
    inspection: &Inspection<'_>,
    thread: &Thread,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = match thread.frames.len() {
        0 => "no frames".to_string(),
        1 => "1 frame".to_string(),
        count => format!("{} frames", grouped(count as u64)),
    };
    let more = if thread.complete {
        ""
    } else {
        ", older ones not recorded for lack of memory"
    };
    let what = match thread.state {
        Some(ThreadState::Detached) => "Stack",
        _ => "Thread",
    };
    let shown = |state: &ThreadState| *state != ThreadState::Running;
    let state = thread.state.filter(shown).and_then(thread_state);
    let state = state.map_or(String::new(), |state| format!(" {state},"));
    let name = printable(&thread.name);
    match thread.frames.len() {
        0 => writeln!(out, "{what} `{name}`,{state} {count}{more}")?,
        _ => writeln!(
            out,
            "{what} `{name}`,{state} {count}{more}, youngest first:"
        )?,
    }
    let all = thread.frames.len();
    let left_out = if all > YOUNGEST + OLDEST + 1 {
        YOUNGEST..all - OLDEST
    } else {
        all..all
    };
    let width = all.saturating_sub(1).to_string().len().max(2);
    for (at, frame) in thread.frames.iter().enumerate() {
        if left_out.contains(&at) {
            if at == left_out.start {
                let count = grouped(left_out.len() as u64);
                writeln!(out, "  {:>width$}  … {count} more frames", "")?;
            }
            continue;
        }
        let subject = inspection.subject(frame);
        let offset = frame::offset(frame, &subject);
        let call = call(inspection, frame, &subject);
        writeln!(out, "  {at:>width$}  {offset:>8}  {call}")?;
        for line in sources::lines(&inspection.symbols(frame, &subject)) {
            writeln!(out, "  {:>width$}  {:>8}    {line}", "", "")?;
        }
        let boundary = frame.details.and_then(|details| boundary(details.boundary));
        if let (Some(boundary), true) = (boundary, at + 1 < all) {
            writeln!(out, "  {:>width$}  {:>8}  ── {boundary} ──", "", "")?;
        }
    }
    Ok(())
}

/// Prints modules, memories and counts of other items, one per line.
fn print_contents(inspection: &Inspection<'_>, out: &mut dyn Write) -> io::Result<()> {
    let dump = &inspection.dump;
    for (index, module) in inspection.listed.iter().enumerate() {
        let file = &inspection.modules[index];
        let source = match file {
            Some(file) if file.is_verified => file.place(),
            Some(file) => format!("{} (not verified)", file.place()),
            None => "file not known; provide it with --module".to_string(),
        };
        writeln!(out, "module {}: {source}", printable(&module.name))?;
        if let Err(reason) = inspection.debug_info(index) {
            writeln!(out, "  its debugging information is not shown: {reason}")?;
        }
    }
    for (index, memory) in dump.memories().iter().enumerate() {
        writeln!(out, "memory {index}: {}", extent(memory))?;
    }
    let objects = dump.reached().map_or(0, |reached| reached.objects);
    let counts = [
        (dump.instances().len(), "instance", "instances"),
        (dump.globals().len(), "global", "globals"),
        (dump.tables().len(), "table", "tables"),
        (dump.stacks().len(), "stack", "stacks"),
        (objects as usize, "object", "objects"),
    ];
    let counts = counts.iter().filter(|(count, ..)| *count > 0);
    let mut counts: Vec<String> = counts
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    // A limit beyond the range of signed numbers stands for none.
    if let Some(fuel) = dump.fuel().filter(|fuel| i64::try_from(*fuel).is_ok()) {
        counts.push(format!("{} fuel left", grouped(fuel)));
    }
    if !counts.is_empty() {
        writeln!(out, "{}", counts.join(", "))?;
    }
    if let Some(producer) = dump.producer() {
        writeln!(out, "written by {}", printable(producer))?;
    }
    if let (Some(version), None) = (dump.extension_version(), dump.reason()) {
        writeln!(
            out,
            "it contains data of a newer version of Backstitch (format {version}), which is not shown"
        )?;
    }
    Ok(())
}

/// Describes a memory's size, and the number of its bytes in the dump.
pub(crate) fn extent(memory: &Memory<'_>) -> String {
    let held: u64 = memory.chunks().map(|(_, bytes)| bytes.len() as u64).sum();
    let pages = memory.pages();
    format!(
        "{} bytes ({} {} of {}), {} of them in the dump",
        grouped(memory.size()),
        grouped(pages),
        if pages == 1 { "page" } else { "pages" },
        grouped(memory.page_size()),
        grouped(held)
    )
}

/// Formats a number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
