//! Structures, arrays and exceptions.

use super::values::{Made, Values};
use crate::heap::StoreInner;
use crate::ids::{TagIndex, TypeId};
use crate::module::{CompositeType, FieldType, Module, Storage, StorageType, ValBits, slot_count};
use crate::support::error::Result;
use crate::walk::coredump::extension::{Contents, Object, ObjectKind, RefKind, Snapshot, Value};
use crate::walk::coredump::reader::CoreDump;
use crate::{bail, ensure, format_err};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Creates all objects, with fields that are zero and null.
pub fn create(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    modules: &[Arc<Module>],
    values: &mut Values<'_>,
) -> Result<()> {
    let mut types = Vec::new();
    for (number, ty) in dump.object_types().iter().enumerate() {
        let declared = ty.module.and_then(|module| {
            let types = &modules.get(module as usize)?.types;
            types.get(ty.index as usize)
        });
        let declared = declared
            .ok_or_else(|| format_err!("no module declares object type {number}, {}", ty.name()))?;
        store.objects.know_type(declared.id, &declared.layout)?;
        types.try_reserve(1)?;
        types.push(declared.id);
    }
    let reached = dump.reached().map_or(0, |reached| reached.objects);
    ensure!(
        reached == dump.objects().len() as u64,
        format_err!(
            "the snapshot has {} of {reached} objects",
            dump.objects().len()
        )
    );
    let type_of = |number: u32| {
        let ty = types.get(number as usize);
        ty.copied()
            .ok_or_else(|| format_err!("there is no object type {number}"))
    };
    values.objects.try_reserve_exact(dump.objects().len())?;
    for object in dump.objects() {
        let made = match object.kind {
            ObjectKind::Struct(ty) => {
                let ty = type_of(ty)?;
                let is_struct = matches!(composite(store, ty), CompositeType::Struct(_));
                ensure!(is_struct, "a structure has another type");
                Made::Object(store.new_struct(ty)?)
            }
            ObjectKind::Array(ty) => {
                let ty = type_of(ty)?;
                let CompositeType::Array(element) = composite(store, ty) else {
                    bail!("an array has another type");
                };
                let len = array_len(object, &element)?;
                Made::Object(store.new_array(ty, len)?)
            }
            ObjectKind::Exception(tag) => {
                let index = TagIndex(tag);
                ensure!(
                    (tag as usize) < store.tags().len(),
                    format_err!("there is no tag {tag}")
                );
                let ty = store.engine().types.func(store.tag(index).ty());
                let slots = (0..ty.param_slots()).map(|_| 0);
                let exception = store.add_exception(index, slots)?;
                store.exceptions.escape(exception);
                Made::Exception(exception)
            }
        };
        values.objects.push(made);
    }
    Ok(())
}

fn composite(store: &StoreInner, ty: TypeId) -> CompositeType {
    store.engine().types.get(ty).composite.clone()
}

fn array_len(array: &Object, element: &FieldType) -> Result<u32> {
    let size = u64::from(Storage::of(element.storage).size());
    let len = match &array.contents {
        Contents::Bytes(bytes) if (bytes.len() as u64).is_multiple_of(size) => {
            bytes.len() as u64 / size
        }
        Contents::Runs(runs) => runs
            .iter()
            .fold(0_u64, |sum, run| sum.saturating_add(run.count)),
        _ => bail!("an array has no elements"),
    };
    u32::try_from(len).map_err(|_| format_err!("an array has {len} elements"))
}

/// Sets the fields of all objects.
pub fn fill(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    snapshot: &Snapshot,
    values: &mut Values<'_>,
) -> Result<()> {
    let hidden = snapshot.hidden.iter().flat_map(|hidden| &hidden.values);
    let created = hidden.filter_map(|&value| match value {
        Value::Ref(RefKind::Any, Some(number)) => Some(number),
        _ => None,
    });
    let created: BTreeSet<u64> = created.collect();
    for (number, object) in dump.objects().iter().enumerate() {
        let made = values.objects[number];
        match (made, &object.contents) {
            (Made::Exception(index), Contents::Values(payload)) => {
                let exception = store.exceptions.get(index);
                let tag = exception.map(|it| it.tag);
                let tag = tag.ok_or_else(|| format_err!("an exception is missing"))?;
                let ty = store.engine().types.func(store.tag(tag).ty());
                ensure!(
                    payload.len() == ty.params.len(),
                    "an exception has another number of values than its tag"
                );
                let mut slots = Vec::new();
                slots.try_reserve_exact(slot_count(&ty.params))?;
                for (&value, &ty) in payload.iter().zip(&ty.params) {
                    let bits = values.bits(store, value, ty)?;
                    slots.extend_from_slice(&bits[..ty.slots()]);
                }
                store.exceptions.set_fields(index, &slots);
            }
            (Made::Object(object), contents) => {
                let ty = composite(store, store.objects.type_of(object));
                match (ty, contents) {
                    (CompositeType::Struct(fields), Contents::Values(list)) => {
                        ensure!(
                            fields.len() == list.len(),
                            "a structure has another number of fields than its type"
                        );
                        for (index, (field, &value)) in (0..).zip(fields.iter().zip(list)) {
                            let bits = field_bits(store, values, value, field)?;
                            store.set_field(object, index, bits);
                        }
                    }
                    (CompositeType::Array(element), Contents::Bytes(bytes)) => {
                        let storage = Storage::of(element.storage);
                        let is_number = !matches!(
                            element.storage,
                            StorageType::Val(crate::module::ValType::Ref(_))
                        );
                        ensure!(is_number, "an array of references has bytes");
                        debug_assert!(bytes.len().is_multiple_of(storage.size() as usize));
                        store.objects.write_bytes(object, 0, bytes);
                    }
                    (CompositeType::Array(element), Contents::Runs(runs)) => {
                        let mut start = 0;
                        for run in runs {
                            let is_null = matches!(run.value, Value::Ref(_, None));
                            let bits = match is_null && created.contains(&(number as u64)) {
                                // The elements of an array under creation are null at first.
                                true => ValBits::default(),
                                false => field_bits(store, values, run.value, &element)?,
                            };
                            // The sum of the counts is the array's length.
                            let count = run.count as u32;
                            store.objects.fill(object, start, count, bits);
                            start += count;
                        }
                    }
                    _ => bail!("object {number} has contents of another kind than its type"),
                }
            }
            _ => bail!("object {number} has contents of another kind than its type"),
        }
    }
    Ok(())
}

/// Returns the bits of the value of a field. Packed integers are zero-extended.
fn field_bits(
    store: &StoreInner,
    values: &mut Values<'_>,
    value: Value,
    field: &FieldType,
) -> Result<ValBits> {
    let most = match field.storage {
        StorageType::I8 => 0xff,
        StorageType::I16 => 0xffff,
        StorageType::Val(_) => u32::MAX,
    };
    if let Value::I32(bits) = value {
        ensure!(bits <= most, "a packed field has too large a value");
    }
    values.bits(store, value, field.storage.unpacked())
}
