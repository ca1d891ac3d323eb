//! References to arrays.

use super::array_type::ArrayType;
use super::context::{AsContext, AsContextMut, StoreContextMut};
use super::engine::Engine;
use super::object::{self, Values};
use super::rooted::{Root, Rooted, gc_ref};
use super::values::Val;
use crate::ensure;
use crate::heap::{HostEvent, Reference, StoreInner};
use crate::ids::{ObjectRef, StoreId};
use crate::module::{self, FieldType, ObjectLayout, ValBits};
use crate::support::error::{Context, Result};
use alloc::format;
use alloc::vec::Vec;

/// An allocator of arrays of one type.
///
/// Corresponds to
/// [`wasmtime::ArrayRefPre`](https://docs.rs/wasmtime/latest/wasmtime/struct.ArrayRefPre.html).
#[derive(Debug)]
pub struct ArrayRefPre {
    store: StoreId,
    ty: ArrayType,
}

impl ArrayRefPre {
    /// Creates an allocator of arrays of type `ty` in a store.
    ///
    /// # Panics
    ///
    /// Panics if the type belongs to another engine.
    pub fn new(mut store: impl AsContextMut, ty: ArrayType) -> ArrayRefPre {
        let store = store.as_context_mut();
        assert!(
            Engine::same(ty.engine(), store.engine()),
            "type used with wrong engine"
        );
        ArrayRefPre {
            store: store.0.id(),
            ty,
        }
    }

    /// Returns the type of the elements.
    ///
    /// # Panics
    ///
    /// Panics if `store` is another one.
    #[track_caller]
    fn element(&self, store: &StoreInner) -> FieldType {
        assert!(
            self.store == store.id(),
            "attempted to use a `ArrayRefPre` with the wrong store"
        );
        self.ty.inner_element()
    }

    /// Creates an array whose elements are zero or null.
    fn make(&self, store: &mut StoreInner, len: u32) -> Result<ObjectRef> {
        let id = self.ty.id();
        let size = |layout: &ObjectLayout| layout.array_size(len);
        object::create(store, id, size, |store| store.new_array(id, len).ok())
    }
}

/// An array of a store.
///
/// ```
/// use backstitch::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let field = FieldType::new(Mutability::Var, ValType::I64.into());
/// let allocator = ArrayRefPre::new(&mut store, ArrayType::new(&engine, field));
/// let array = ArrayRef::new(&mut store, &allocator, &Val::I64(7), 10)?;
/// array.set(&mut store, 3, Val::I64(-1))?;
/// assert_eq!(array.elems(&mut store)?.map(|it| it.unwrap_i64()).sum::<i64>(), 62);
/// # Ok::<(), Error>(())
/// ```
///
/// Corresponds to
/// [`wasmtime::ArrayRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.ArrayRef.html).
#[derive(Clone, Copy, Debug)]
pub struct ArrayRef(Root);

gc_ref!(ArrayRef: Array in Any, |bits: u32| Reference::of_any(bits.into()));

impl ArrayRef {
    /// Creates an array of `len` elements that are `elem`.
    ///
    /// A value of a packed element is an `i32`, whose upper bits are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if `elem` does not have the type of the elements or belongs to another
    /// store. Returns a [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory) if the store's heap is full,
    /// even after a collection.
    ///
    /// # Panics
    ///
    /// Panics if `allocator` belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elem: &Val,
        len: u32,
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        let bits = element(*elem, allocator.element(store), store)?;
        let array = allocator.make(store, len)?;
        if len > 0 && bits != [0; 2] {
            store.shade(store.objects.reference(array, 0, bits[0]));
            store.objects.fill(array, 0, len, bits);
        }
        Ok(Rooted::new(store, array.0))
    }

    /// Creates an array of these elements.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`ArrayRef::new`], and one if there are 2^32 or more elements.
    ///
    /// # Panics
    ///
    /// Panics if `allocator` belongs to another store.
    pub fn new_fixed(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elems: &[Val],
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        let ty = allocator.element(store);
        let len = u32::try_from(elems.len())?;
        let values: Vec<ValBits> = elems
            .iter()
            .map(|&elem| element(elem, ty, store))
            .collect::<Result<_>>()?;
        let array = allocator.make(store, len)?;
        for (index, bits) in (0..).zip(values) {
            store.record(HostEvent::Refused(
                "a structure or array that the host changes",
            ))?;
            store.set_field(array, index, bits);
        }
        Ok(Rooted::new(store, array.0))
    }

    /// Creates an array of bytes, whose elements are `i8`.
    ///
    /// # Errors
    ///
    /// Returns an error if the elements have another type or there are 2^32 or more. Returns a
    /// [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory) if the store's heap is full, even after a
    /// collection.
    ///
    /// # Panics
    ///
    /// Panics if `allocator` belongs to another store.
    pub fn new_from_i8_slice(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elems: &[u8],
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        ensure!(
            allocator.element(store).storage == module::StorageType::I8,
            "element type mismatch: cannot initialize an array of `{}` elements from a slice of `i8`s",
            allocator.ty.element_type()
        );
        let array = allocator.make(store, u32::try_from(elems.len())?)?;
        store.objects.write_bytes(array, 0, elems);
        Ok(Rooted::new(store, array.0))
    }

    /// Copies all elements, which are `i8`, to a slice.
    ///
    /// # Errors
    ///
    /// Returns an error if the elements have another type, if `dst` has another length, if the
    /// reference belongs to another store, or if its scope has ended.
    pub fn copy_to_i8_slice(&self, mut store: impl AsContextMut, dst: &mut [u8]) -> Result<()> {
        let store = store.as_context_mut().0;
        let array = object::object(self.0, store)?;
        let ty = self.ty_in(store)?;
        ensure!(
            ty.inner_element().storage == module::StorageType::I8,
            "element type mismatch: cannot read an array of `{}` elements into a slice of `i8`s",
            ty.element_type()
        );
        let len = store.objects.array_len(array);
        ensure!(
            dst.len() as u64 == u64::from(len),
            "destination slice length is {} but the array length is {len}",
            dst.len()
        );
        store.objects.read_bytes(array, dst);
        Ok(())
    }

    /// Returns the type.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType> {
        self.ty_in(store.as_context().0)
    }

    fn ty_in(&self, store: &StoreInner) -> Result<ArrayType> {
        let id = store.objects.type_of(object::object(self.0, store)?);
        Ok(ArrayType::from_id(Engine::from_ref(store.engine()), id))
    }

    /// Returns whether the array is of type `ty`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ArrayType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// Returns the number of elements.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let store = store.as_context().0;
        Ok(store.objects.array_len(object::object(self.0, store)?))
    }

    /// Returns the values of the elements. The current scope holds those that are objects.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn elems<'a, T: 'static>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = store.into().0;
        let object = object::object(self.0, store)?;
        Ok(Values {
            object,
            ty: object::sub_type(object, store),
            next: 0,
            len: store.objects.array_len(object),
            store,
        })
    }

    /// Returns element `index`. Packed elements are extended with zeros.
    ///
    /// # Errors
    ///
    /// Returns an error if the index is out of bounds, if the reference belongs to another store, or
    /// if its scope has ended.
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val> {
        let store = store.as_context_mut().0;
        let array = object::object(self.0, store)?;
        let element = self.ty_in(store)?.inner_element();
        check_index(store, array, index)?;
        let value = object::get(store, array, index, element);
        Ok(value.expect("the index was checked"))
    }

    /// Sets element `index`.
    ///
    /// # Errors
    ///
    /// Returns an error if the index is out of bounds, if the elements are not mutable, if `value`
    /// does not have their type, or if a reference belongs to another store or its scope has ended.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        let array = object::object(self.0, store)?;
        let element = self.ty_in(store)?.inner_element();
        ensure!(
            element.mutable,
            "cannot set element {index}: array elements are not mutable"
        );
        let bits = object::encode(value, element, store)
            .with_context(|| format!("cannot set element {index}: type mismatch"))?;
        check_index(store, array, index)?;
        store.set_field(array, index, bits);
        Ok(())
    }
}

fn element(value: Val, ty: FieldType, store: &StoreInner) -> Result<ValBits> {
    object::encode(value, ty, store).context("element type mismatch")
}

fn check_index(store: &StoreInner, array: ObjectRef, index: u32) -> Result<()> {
    let len = store.objects.array_len(array);
    ensure!(
        index < len,
        "index out of bounds: the length is {len} but the index is {index}"
    );
    Ok(())
}
