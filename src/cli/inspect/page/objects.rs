//! The objects in the page.

use super::packed;
use crate::cli::inspect::heap::{self, Heap};
use crate::cli::inspect::inspection::{Inspection, declared_type};
use crate::cli::inspect::object::{self, items};
use backstitch::coredump::ObjectKind;
use serde::Serialize;
use std::collections::BTreeMap;

/// Number of objects in a page.
const MOST: usize = 50_000;

/// Number of elements of an object in a page.
const MOST_ITEMS: usize = 256;

/// The objects of a dump.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Objects {
    /// The number of all objects, as a sentence.
    total: String,
    /// Number of objects that are in the dump and not in the page.
    left_out: usize,
    types: Vec<Type>,
    list: Vec<Row>,
}

/// A type, or a tag of exceptions.
#[derive(Serialize)]
struct Type {
    name: String,
    kind: &'static str,
    objects: u64,
    bytes: u64,
    retained: u64,
    /// Name and type of each field; of an array, of its element.
    fields: Vec<(Option<String>, String)>,
}

/// An object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "type")]
    ty: usize,
    size: u64,
    retained: u64,
    text: Option<String>,
    /// Number of equal values, and the value.
    items: Vec<(u64, String)>,
    /// True if there are more items.
    more: bool,
    /// The last reference on a shortest path from a root: the object that has it, if an object does,
    /// its name, and the place.
    before: Option<(Option<u32>, String, String)>,
}

/// Chooses the objects of a page. Returns `None` if the dump has none, or there is no memory for the
/// graph of them.
pub(super) fn choose(inspection: &Inspection<'_>) -> Option<Objects> {
    inspection.dump.reached()?;
    let heap = Heap::analyse(inspection).ok()?;
    let classes = heap.classes(inspection).ok()?;
    let mut numbers = BTreeMap::new();
    let types = classes.into_iter().enumerate().map(|(number, class)| {
        numbers.insert(key(class.kind), number);
        let ty = match class.kind {
            ObjectKind::Struct(ty) | ObjectKind::Array(ty) => {
                inspection.dump.object_types().get(ty as usize)
            }
            ObjectKind::Exception(_) => None,
        };
        let fields = ty.map(|ty| ty.fields.iter()).unwrap_or_default();
        Type {
            name: class.name,
            kind: match class.kind {
                ObjectKind::Struct(_) => "structure",
                ObjectKind::Array(_) => "array",
                ObjectKind::Exception(_) => "exception",
            },
            objects: class.objects,
            bytes: class.bytes,
            retained: class.retained,
            fields: fields
                .map(|field| (field.name.clone(), declared_type(inspection, field)))
                .collect(),
        }
    });
    let types = types.collect();
    let objects = inspection.dump.objects();
    let list = (0..).zip(objects).take(MOST).map(|(number, object)| {
        let mut all = items(inspection, object);
        let some = all.by_ref().take(MOST_ITEMS);
        let some = some.map(|item| (item.count, packed(inspection, &item.value)));
        Row {
            ty: numbers[&key(object.kind)],
            size: object.size,
            retained: heap.retained(number),
            text: heap::text(inspection, object),
            items: some.collect(),
            more: all.next().is_some(),
            before: (heap.before(number)).map(|step| (step.object, step.holder, step.place)),
        }
    });
    Some(Objects {
        total: object::total(inspection),
        left_out: objects.len().saturating_sub(MOST),
        types,
        list: list.collect(),
    })
}

/// Returns a key for an object's type. Structures and arrays have numbers in one list.
fn key(kind: ObjectKind) -> (bool, u32) {
    match kind {
        ObjectKind::Struct(ty) | ObjectKind::Array(ty) => (false, ty),
        ObjectKind::Exception(tag) => (true, tag),
    }
}
