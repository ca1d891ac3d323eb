//! Access to structures and arrays, in common.

use super::any_ref::kind;
use super::out_of_memory::GcHeapOutOfMemory;
use super::rooted::Root;
use super::values::Val;
use crate::heap::{AnyKind, StoreInner};
use crate::ids::{ObjectRef, TypeId};
use crate::module::{FieldType, ObjectLayout, SubType, ValBits};
use crate::support::error::Result;
use alloc::sync::Arc;

/// Returns the object to which a reference refers, which is none to anything else.
pub(super) fn object(root: Root, store: &StoreInner) -> Result<ObjectRef> {
    match kind(root, store)? {
        AnyKind::Object(object) => Ok(object),
        AnyKind::I31(_) | AnyKind::Extern(_) => unreachable!("a reference to an object"),
    }
}

/// Returns the type of an object.
pub(super) fn sub_type(object: ObjectRef, store: &StoreInner) -> Arc<SubType> {
    store.engine().types.get(store.objects.type_of(object))
}

/// Returns the bits of a value for a field, if it has the field's type.
pub(super) fn encode(value: Val, field: FieldType, store: &StoreInner) -> Result<ValBits> {
    value.to_bits(store, field.storage.unpacked())
}

/// Creates an object of a type, which `make` allocates. Collects garbage if there is no room.
pub(super) fn create(
    store: &mut StoreInner,
    ty: TypeId,
    size: impl Fn(&ObjectLayout) -> u64,
    make: impl Fn(&mut StoreInner) -> Option<ObjectRef>,
) -> Result<ObjectRef> {
    let layout = store.engine().types.layout(ty);
    store.objects.know_type(ty, &layout)?;
    store.collect_if_due();
    let mut object = make(store);
    if object.is_none() {
        store.collect();
        object = make(store);
    }
    Ok(object.ok_or_else(|| GcHeapOutOfMemory::new((), size(&layout)))?)
}

/// Returns the value of a field or an element, if the object has it.
pub(super) fn get(
    store: &mut StoreInner,
    object: ObjectRef,
    index: u32,
    field: FieldType,
) -> Option<Val> {
    let bits = store.objects.get(object, index)?;
    Some(Val::from_bits(bits, field.storage.unpacked(), store))
}

/// The values of the fields or elements of an object.
pub(super) struct Values<'a> {
    pub(super) store: &'a mut StoreInner,
    pub(super) object: ObjectRef,
    pub(super) ty: Arc<SubType>,
    pub(super) next: u32,
    pub(super) len: u32,
}

impl Iterator for Values<'_> {
    type Item = Val;

    fn next(&mut self) -> Option<Val> {
        if self.next == self.len {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let field = self.ty.composite.field(index)?;
        get(self.store, self.object, index, field)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = (self.len - self.next) as usize;
        (len, Some(len))
    }
}

impl ExactSizeIterator for Values<'_> {}
