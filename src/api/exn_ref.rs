//! References to exceptions.

use super::context::{AsContext, AsContextMut, StoreContextMut};
use super::engine::Engine;
use super::exn_type::ExnType;
use super::heap_type::HeapType;
use super::rooted::{Root, Rooted, gc_ref};
use super::tag::Tag;
use super::values::Val;
use crate::heap::{Exception, Reference, StoreInner, ThrownException};
use crate::ids::{ExnIndex, StoreId};
use crate::module::read_values;
use crate::support::error::{Error, Result};
use crate::{ensure, format_err, module};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// An exception of a store: a tag and a payload.
///
/// A host function throws an exception with [`Store::throw`], and takes the one that ended a call
/// with [`Store::take_pending_exception`]:
///
/// ```
/// use backstitch::*;
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"
///     (module
///         (tag $lost (export "lost") (param i32))
///         (func (export "find") (throw $lost (i32.const 42))))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let find = instance.get_typed_func::<(), ()>(&mut store, "find")?;
///
/// let error = find.call(&mut store, ()).unwrap_err();
/// assert!(error.is::<ThrownException>());
/// let exception = store.take_pending_exception().expect("it was thrown");
/// assert_eq!(Some(exception.tag(&mut store)?), instance.get_tag(&mut store, "lost"));
/// assert_eq!(exception.field(&mut store, 0)?.i32(), Some(42));
/// # Ok::<(), Error>(())
/// ```
///
/// An exception lives as long as guests can reach it or the host holds it: see [`Rooted`].
/// Corresponds to
/// [`wasmtime::ExnRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.ExnRef.html).
///
/// [`Store::throw`]: crate::Store::throw
/// [`Store::take_pending_exception`]: crate::Store::take_pending_exception
#[derive(Clone, Copy, Debug)]
pub struct ExnRef(Root);

gc_ref!(ExnRef: Exn in Exn, |bits: u32| Some(Reference::Exn(ExnIndex(bits - 1))));

/// An allocator of exceptions of one type.
///
/// Corresponds to
/// [`wasmtime::ExnRefPre`](https://docs.rs/wasmtime/latest/wasmtime/struct.ExnRefPre.html).
#[derive(Debug)]
pub struct ExnRefPre {
    store: StoreId,
    ty: ExnType,
}

impl ExnRefPre {
    /// Creates an allocator of exceptions of type `ty` in a store.
    ///
    /// # Panics
    ///
    /// Panics if the type belongs to another engine.
    pub fn new(mut store: impl AsContextMut, ty: ExnType) -> ExnRefPre {
        let store = store.as_context_mut();
        assert!(
            Engine::same(ty.engine(), store.engine()),
            "type used with wrong engine"
        );
        ExnRefPre {
            store: store.0.id(),
            ty,
        }
    }
}

impl ExnRef {
    /// Creates an exception with a tag and a payload.
    ///
    /// # Errors
    ///
    /// Returns an error if the tag does not have the type of `allocator`, if the payload does not
    /// have the tag's type, or if the store's exceptions reach
    /// [`ResourceLimiter::exception_bytes`](crate::ResourceLimiter::exception_bytes).
    ///
    /// # Panics
    ///
    /// Panics if `allocator` or the tag belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &ExnRefPre,
        tag: &Tag,
        fields: &[Val],
    ) -> Result<Rooted<ExnRef>> {
        let store = store.as_context_mut().0;
        assert!(
            allocator.store == store.id() && tag.belongs_to(store),
            "object used with the wrong store"
        );
        ensure!(
            allocator.ty.tag_type() == tag.ty_in(store),
            "the tag's type is {}, but the exceptions to be made have type {}",
            tag.ty_in(store).ty(),
            allocator.ty.tag_type().ty()
        );
        let types = tag.payload(store);
        ensure!(
            fields.len() == types.params.len(),
            "expected {} values of payload, found {}",
            types.params.len(),
            fields.len()
        );
        let mut payload = vec![0; types.param_slots()];
        Val::write_all(fields, &types.params, &mut payload, store, |index| {
            format!("value {index} of the payload")
        })?;
        let index = store
            .add_exception(tag.index(), payload.into_iter())
            .map_err(|error| Error::new(error).context("cannot make an exception"))?;
        Ok(Rooted::new(store, index.0 + 1))
    }

    /// Returns the type of the exception.
    ///
    /// # Errors
    ///
    /// Returns an error if the exception belongs to another store or the reference's scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ExnType> {
        let store = store.as_context().0;
        let tag = self.inner(store)?.tag;
        ExnType::from_tag_type(&Tag::of(store.id(), tag).ty_in(store))
    }

    /// Returns whether the exception is of type `ty`.
    ///
    /// # Errors
    ///
    /// Returns an error if the exception belongs to another store or the reference's scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
        self.inner(store.as_context().0)?;
        Ok(HeapType::Exn.matches(ty))
    }

    /// Returns the tag with which the exception was thrown.
    ///
    /// # Errors
    ///
    /// Returns an error if the exception belongs to another store or the reference's scope has ended.
    pub fn tag(&self, mut store: impl AsContextMut) -> Result<Tag> {
        let store = store.as_context_mut().0;
        Ok(Tag::of(store.id(), self.inner(store)?.tag))
    }

    /// Returns the values of the payload.
    ///
    /// # Errors
    ///
    /// Returns an error if the exception belongs to another store or the reference's scope has ended.
    pub fn fields<'a, T: 'static>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = store.into().0;
        let (exception, types) = self.payload(store)?;
        let fields = exception.fields.clone();
        let values: Vec<Val> = Val::read_all(&types.params, &fields, store).collect();
        Ok(values.into_iter())
    }

    /// Returns value `index` of the payload.
    ///
    /// # Errors
    ///
    /// Returns an error if the payload has fewer values, if the exception belongs to another store,
    /// or if the reference's scope has ended.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let store = store.as_context_mut().0;
        let (exception, types) = self.payload(store)?;
        let field = read_values(&types.params, &exception.fields).nth(index);
        match field {
            Some((ty, bits)) => Ok(Val::from_bits(bits, ty, store)),
            None => Err(format_err!(
                "cannot access value {index} of a payload of {} values",
                types.params.len()
            )),
        }
    }

    /// Converts the reference to a number that identifies the exception in this store.
    ///
    /// The number does not keep the exception alive.
    ///
    /// # Errors
    ///
    /// Returns an error if the exception belongs to another store or the reference's scope has ended.
    pub fn to_raw(&self, mut store: impl AsContextMut) -> Result<u32> {
        let store = store.as_context_mut().0;
        store.see(Reference::Exn(self.index(store)?));
        self.0.bits(store)
    }

    /// Converts a number from [`ExnRef::to_raw`] back to a reference; 0 becomes `None`.
    ///
    /// Returns `None` if the exception has been collected.
    pub fn from_raw(mut store: impl AsContextMut, raw: u32) -> Option<Rooted<ExnRef>> {
        let store = store.as_context_mut().0;
        let index = ExnIndex(raw.checked_sub(1)?);
        let is_live = store.is_live(Reference::Exn(index));
        is_live.then(|| Rooted::new(store, raw))
    }

    fn index(&self, store: &StoreInner) -> Result<ExnIndex> {
        Ok(ExnIndex(self.0.bits(store)? - 1))
    }

    fn inner<'a>(&self, store: &'a StoreInner) -> Result<&'a Exception> {
        let index = self.index(store)?;
        Ok(store.exceptions.get(index).expect("the host holds it"))
    }

    fn payload<'a>(&self, store: &'a StoreInner) -> Result<(&'a Exception, Arc<module::FuncType>)> {
        let exception = self.inner(store)?;
        let types = Tag::of(store.id(), exception.tag).payload(store);
        Ok((exception, types))
    }
}

/// Makes an exception pending, and returns the error with which a host function throws it.
///
/// # Panics
///
/// Panics if `store` does not own the exception, or if the reference's scope has ended.
#[track_caller]
pub(super) fn throw<R>(store: &mut StoreInner, exception: Rooted<ExnRef>) -> Result<R> {
    match exception.index(store) {
        Ok(index) => store.pending_exception = Some(index),
        Err(error) => panic!("{error}"),
    }
    Err(ThrownException.into())
}

/// Takes the pending exception.
pub(super) fn take_pending(store: &mut StoreInner) -> Option<Rooted<ExnRef>> {
    let ExnIndex(index) = store.pending_exception.take()?;
    Some(Rooted::new(store, index + 1))
}
