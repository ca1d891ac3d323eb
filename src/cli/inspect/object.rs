//! One object: its contents, what refers to it, and how it is reached; and the list of types.

use super::heap::{Class, Heap, Step, text};
use super::inspection::{Inspection, bits_of, declared_type, type_of};
use super::summary::grouped;
use crate::cli::failure::Failure;
use crate::cli::names::printable;
use backstitch::coredump::{Object, ObjectKind, RefKind, Value};
use std::io::{self, Write};

/// Number of elements and of referrers that are printed.
const MOST: usize = 64;

/// Number of characters of a text that are printed.
const MOST_TEXT: usize = 200;

/// Number of steps of a path that are printed at each of its ends.
const ENDS: usize = 10;

impl Inspection<'_> {
    /// Returns an object. The error states which objects exist.
    pub(crate) fn object(&self, number: u32) -> Result<&Object, Failure> {
        let objects = self.dump.objects();
        objects.get(number as usize).ok_or_else(|| {
            let all = self.dump.reached().map_or(0, |reached| reached.objects);
            let left_out = match all.saturating_sub(objects.len() as u64) {
                0 => String::new(),
                more => format!(", and {more} more are left out of it"),
            };
            Failure::Input(format!(
                "`{}` has no object {number}: it has {} of them, counted from 0{left_out}",
                self.file,
                objects.len()
            ))
        })
    }
}

/// An item of an object's contents.
pub(crate) struct Item {
    /// The index of the field or element, or of the first one of a run of equal elements.
    pub(crate) index: u64,
    /// The number of equal elements.
    pub(crate) count: u64,
    /// The name of a field.
    pub(crate) name: Option<String>,
    /// The declared type.
    pub(crate) ty: String,
    pub(crate) value: Value,
}

/// Returns the contents of an object.
pub(crate) fn items<'i>(
    inspection: &'i Inspection<'_>,
    object: &'i Object,
) -> impl Iterator<Item = Item> + 'i {
    let fields = inspection.dump.object_type(object).map(|ty| &*ty.fields);
    let fields = fields.unwrap_or_default();
    let mut next = 0_u64;
    inspection.dump.contents(object).map(move |run| {
        let index = next;
        next = next.saturating_add(run.count);
        let at = match object.kind {
            ObjectKind::Array(_) => 0,
            _ => usize::try_from(index).unwrap_or(usize::MAX),
        };
        let field = fields.get(at);
        Item {
            index,
            count: run.count,
            name: field.and_then(|field| field.name.clone()),
            ty: match field {
                Some(field) => declared_type(inspection, field),
                None => type_of(&run.value).to_string(),
            },
            value: run.value,
        }
    })
}

/// Describes an object's kind and its place among the types.
pub(crate) fn kind(inspection: &Inspection<'_>, object: &Object) -> String {
    if let ObjectKind::Exception(_) = object.kind {
        return "exception".to_string();
    }
    let kind = match object.kind {
        ObjectKind::Array(_) => "array",
        _ => "structure",
    };
    let Some(ty) = inspection.dump.object_type(object) else {
        return kind.to_string();
    };
    match ty.module.and_then(|at| inspection.listed.get(at as usize)) {
        Some(module) => format!("{kind} of type {} of module {}", ty.index, module.name),
        None => kind.to_string(),
    }
}

/// Prints an object.
pub(crate) fn print(
    inspection: &Inspection<'_>,
    heap: &Heap,
    number: u32,
    object: &Object,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "object {number}: {}", printable(heap.type_of(number)))?;
    writeln!(out, "  {}", printable(&kind(inspection, object)))?;
    writeln!(
        out,
        "  {} bytes, {} with all that only it keeps alive",
        grouped(object.size),
        grouped(heap.retained(number))
    )?;
    print_contents(inspection, object, out)?;

    writeln!(out, "\nreferences to it")?;
    let referrers = heap.referrers(number);
    let count = referrers.len();
    for step in referrers.take(MOST) {
        writeln!(out, "  {}", describe(&step))?;
    }
    if count == 0 {
        writeln!(out, "  none in the dump")?;
    }
    print_more(count, "references", out)?;

    let path = heap.path(number);
    if path.is_empty() {
        return writeln!(out, "\nno root leads to it");
    }
    writeln!(out, "\nshortest path from a root")?;
    let left_out = match path.len() > 2 * ENDS + 1 {
        true => ENDS..path.len() - ENDS,
        false => 0..0,
    };
    for (at, step) in path.iter().enumerate() {
        if at == left_out.start && !left_out.is_empty() {
            writeln!(out, "  … {} more objects", grouped(left_out.len() as u64))?;
        }
        if !left_out.contains(&at) {
            writeln!(out, "  {}", describe(step))?;
        }
    }
    Ok(())
}

fn print_contents(
    inspection: &Inspection<'_>,
    object: &Object,
    out: &mut dyn Write,
) -> io::Result<()> {
    let items = items(inspection, object);
    let mut items: Vec<Item> = items.take(MOST + 1).collect();
    let has_more = items.len() > MOST;
    items.truncate(MOST);
    match object.kind {
        ObjectKind::Struct(_) => writeln!(out, "\nfields")?,
        ObjectKind::Exception(_) => writeln!(out, "\npayload")?,
        ObjectKind::Array(_) => {
            let count = inspection.dump.contents(object);
            let count = count.fold(0_u64, |sum, run| sum.saturating_add(run.count));
            let one = if count == 1 { "element" } else { "elements" };
            writeln!(out, "\n{} {one}", grouped(count))?;
        }
    }
    if let Some(text) = text(inspection, object) {
        let start: String = text.chars().take(MOST_TEXT).collect();
        let more = if start.len() < text.len() { "…" } else { "" };
        writeln!(out, "  text  \"{}{more}\"", printable(&start))?;
    }
    if items.is_empty() {
        writeln!(out, "  none")?;
    }
    let widest = |text: &dyn Fn(&Item) -> usize| items.iter().map(text).max().unwrap_or(0);
    let index = |item: &Item| match item.count {
        0 | 1 => item.index.to_string(),
        count => format!("{}–{}", item.index, item.index.saturating_add(count - 1)),
    };
    let name = |item: &Item| match &item.name {
        Some(name) => printable(name).into_owned(),
        None => String::new(),
    };
    let indices = widest(&|item| index(item).chars().count()).max(3);
    let names = widest(&|item| name(item).chars().count());
    let types = widest(&|item| item.ty.len());
    let texts: Vec<String> = items.iter().map(|it| inspection.text(&it.value)).collect();
    // Long values do not affect the alignment.
    let longest = texts
        .iter()
        .map(|text| text.len())
        .max()
        .unwrap_or(0)
        .min(24);
    for (item, text) in items.iter().zip(&texts) {
        let name = match names {
            0 => String::new(),
            names => format!("{:names$}  ", name(item)),
        };
        let bits = bits_of(&item.value).unwrap_or_default();
        let line = format!(
            "  {:>indices$}  {name}{:types$}  {:>longest$}  {bits}",
            index(item),
            printable(&item.ty),
            printable(text)
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    if has_more {
        writeln!(out, "  …")?;
    }
    Ok(())
}

fn print_more(count: usize, what: &str, out: &mut dyn Write) -> io::Result<()> {
    match count.saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(out, "  … {} more {what}", grouped(more as u64)),
    }
}

/// Describes a reference.
fn describe(step: &Step) -> String {
    let holder = printable(&step.holder);
    let place = printable(&step.place);
    match step.object {
        Some(number) => format!("object {number} ({holder}), {place}"),
        None if step.place.starts_with("global") => place.into_owned(),
        None => format!("{holder}, {place}"),
    }
}

/// Prints the list of types.
pub(crate) fn print_types(
    inspection: &Inspection<'_>,
    classes: &[Class],
    out: &mut dyn Write,
) -> io::Result<()> {
    let names = classes.iter().map(|class| printable(&class.name));
    let names: Vec<_> = names.collect();
    let width = names.iter().map(|name| name.chars().count());
    let width = width.max().unwrap_or(0).max(4);
    writeln!(
        out,
        "{:width$}  {:>10}  {:>14}  {:>14}",
        "type", "objects", "bytes", "retained"
    )?;
    for (class, name) in classes.iter().zip(&names) {
        writeln!(
            out,
            "{name:width$}  {:>10}  {:>14}  {:>14}",
            grouped(class.objects),
            grouped(class.bytes),
            grouped(class.retained)
        )?;
    }
    writeln!(out)?;
    writeln!(out, "{}", total(inspection))
}

/// Describes the number of objects, and of those that the dump leaves out.
pub(crate) fn total(inspection: &Inspection<'_>) -> String {
    let Some(reached) = inspection.dump.reached() else {
        return String::new();
    };
    let one = if reached.objects == 1 {
        "object"
    } else {
        "objects"
    };
    let left_out = (reached.objects).saturating_sub(inspection.dump.objects().len() as u64);
    let note = match left_out {
        0 => String::new(),
        count => format!(
            "; {} objects not shown: the dump's size was limited",
            grouped(count)
        ),
    };
    format!(
        "{} {one}, {} bytes{note}",
        grouped(reached.objects),
        grouped(reached.bytes)
    )
}

/// Returns the number of the object to which a value refers.
pub(crate) fn object_in(value: &Value) -> Option<u64> {
    match value {
        Value::Ref(RefKind::Any | RefKind::Exn, number) => *number,
        _ => None,
    }
}
