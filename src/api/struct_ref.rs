//! References to structures.

use super::context::{AsContext, AsContextMut, StoreContextMut};
use super::engine::Engine;
use super::object::{self, Values};
use super::rooted::{Root, Rooted, gc_ref};
use super::struct_type::StructType;
use super::values::Val;
use crate::heap::{HostEvent, Reference, StoreInner};
use crate::ids::{ObjectRef, StoreId};
use crate::module::{CompositeType, FieldType, SubType};
use crate::support::error::{Context, Result};
use crate::{ensure, format_err};
use alloc::format;
use alloc::sync::Arc;
use smallvec::SmallVec;

/// An allocator of structures of one type.
///
/// Corresponds to
/// [`wasmtime::StructRefPre`](https://docs.rs/wasmtime/latest/wasmtime/struct.StructRefPre.html).
#[derive(Debug)]
pub struct StructRefPre {
    store: StoreId,
    ty: StructType,
}

impl StructRefPre {
    /// Creates an allocator of structures of type `ty` in a store.
    ///
    /// # Panics
    ///
    /// Panics if the type belongs to another engine.
    pub fn new(mut store: impl AsContextMut, ty: StructType) -> StructRefPre {
        let store = store.as_context_mut();
        assert!(
            Engine::same(ty.engine(), store.engine()),
            "type used with wrong engine"
        );
        StructRefPre {
            store: store.0.id(),
            ty,
        }
    }
}

/// A structure of a store.
///
/// ```
/// use backstitch::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let variable = |ty| FieldType::new(Mutability::Var, ty);
/// let fields = [variable(StorageType::I8), variable(ValType::F64.into())];
/// let allocator = StructRefPre::new(&mut store, StructType::new(&engine, fields)?);
/// let point = StructRef::new(&mut store, &allocator, &[Val::I32(0x1ff), Val::from(1.5)])?;
/// point.set_field(&mut store, 1, Val::from(2.5))?;
/// assert_eq!(point.field(&mut store, 0)?.unwrap_i32(), 0xff);
/// assert_eq!(point.field(&mut store, 1)?.unwrap_f64(), 2.5);
/// # Ok::<(), Error>(())
/// ```
///
/// Corresponds to
/// [`wasmtime::StructRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.StructRef.html).
#[derive(Clone, Copy, Debug)]
pub struct StructRef(Root);

gc_ref!(StructRef: Struct in Any, |bits: u32| Reference::of_any(bits.into()));

/// Returns the fields of a structure type.
fn fields_of(ty: &SubType) -> &[FieldType] {
    match &ty.composite {
        CompositeType::Struct(fields) => fields,
        other => unreachable!("{other:?} is no structure type"),
    }
}

impl StructRef {
    /// Creates a structure with these fields.
    ///
    /// A value of a packed field is an `i32`, whose upper bits are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if the number or the types of the fields do not match, or if a value
    /// belongs to another store. Returns a [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory) if the
    /// store's heap is full, even after a collection.
    ///
    /// # Panics
    ///
    /// Panics if `allocator` belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &StructRefPre,
        fields: &[Val],
    ) -> Result<Rooted<StructRef>> {
        let store = store.as_context_mut().0;
        assert!(
            allocator.store == store.id(),
            "attempted to use a `StructRefPre` with the wrong store"
        );
        let id = allocator.ty.id();
        let ty = store.engine().types.get(id);
        let types = fields_of(&ty);
        ensure!(
            fields.len() == types.len(),
            "expected {} fields, got {}",
            types.len(),
            fields.len()
        );
        let values: SmallVec<[_; 8]> = fields
            .iter()
            .zip(types)
            .map(|(&value, &ty)| object::encode(value, ty, store))
            .collect::<Result<_>>()
            .context("field type mismatch")?;
        let size = |layout: &crate::module::ObjectLayout| layout.size.into();
        let object = object::create(store, id, size, |store| store.new_struct(id).ok())?;
        for (index, bits) in (0..).zip(values) {
            store.record(HostEvent::Refused(
                "a structure or array that the host changes",
            ))?;
            store.set_field(object, index, bits);
        }
        let ObjectRef(bits) = object;
        Ok(Rooted::new(store, bits))
    }

    /// Returns the type.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<StructType> {
        let store = store.as_context().0;
        let id = store.objects.type_of(object::object(self.0, store)?);
        Ok(StructType::from_id(Engine::from_ref(store.engine()), id))
    }

    /// Returns whether the structure is of type `ty`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &StructType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// Returns the values of the fields. The current scope holds those that are objects.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn fields<'a, T: 'static>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = store.into().0;
        let (object, ty) = self.inner(store)?;
        let len = fields_of(&ty).len() as u32;
        Ok(Values {
            store,
            object,
            ty,
            next: 0,
            len,
        })
    }

    /// Returns the value of field `index`. Packed fields are extended with zeros.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such field, if the reference belongs to another store, or if
    /// its scope has ended.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let store = store.as_context_mut().0;
        let (object, ty) = self.inner(store)?;
        let field = field_of(&ty, index)?;
        let value = object::get(store, object, index as u32, field);
        value.ok_or_else(|| no_field(&ty, index))
    }

    /// Sets field `index`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such field, if it is not mutable, if `value` does not have
    /// its type, or if a reference belongs to another store or its scope has ended.
    pub fn set_field(&self, mut store: impl AsContextMut, index: usize, value: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        let (object, ty) = self.inner(store)?;
        let field = field_of(&ty, index)?;
        ensure!(
            field.mutable,
            "cannot set field {index}: field is not mutable"
        );
        let bits = object::encode(value, field, store)
            .with_context(|| format!("cannot set field {index}: type mismatch"))?;
        store.set_field(object, index as u32, bits);
        Ok(())
    }

    fn inner(&self, store: &StoreInner) -> Result<(ObjectRef, Arc<SubType>)> {
        let object = object::object(self.0, store)?;
        Ok((object, object::sub_type(object, store)))
    }
}

fn field_of(ty: &SubType, index: usize) -> Result<FieldType> {
    let field = fields_of(ty).get(index).copied();
    field.ok_or_else(|| no_field(ty, index))
}

#[cold]
fn no_field(ty: &SubType, index: usize) -> crate::Error {
    format_err!(
        "cannot access field {index}: struct only has {} fields",
        fields_of(ty).len()
    )
}
