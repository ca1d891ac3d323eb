//! Tables.

use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::extern_type::TableType;
use super::reference::Ref;
use crate::heap::{self, HostEvent, StoreInner};
use crate::ids::{StoreId, TableIndex};
use crate::support::error::{Context, Error, Result};
use crate::{Trap, ensure, format_err};
use alloc::format;
use core::ops::Range;

/// A table of a store.
///
/// Using it with another store panics.
///
/// Corresponds to [`wasmtime::Table`](https://docs.rs/wasmtime/latest/wasmtime/struct.Table.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    store: StoreId,
    index: TableIndex,
}

impl Table {
    pub(super) fn of(store: StoreId, index: TableIndex) -> Table {
        Table { store, index }
    }

    /// Creates a table whose elements are all `init`.
    ///
    /// # Errors
    ///
    /// Returns an error if `init` does not have the type of the elements, if the store's limiter
    /// refuses the table, or if it cannot be allocated.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        let store = store.as_context_mut();
        ensure!(
            ty.element().belongs_to(store.engine()),
            "type used with wrong engine"
        );
        let store = &mut *store.0;
        let ty = ty.to_inner()?;
        let init = init
            .to_bits(store, ty.element)
            .context("the initial value of a table")?;
        store.record(HostEvent::CreatesTable(ty, init))?;
        let index = store.add_table(ty, init)?;
        Ok(Table {
            store: store.id(),
            index,
        })
    }

    /// Returns the type as declared: the minimum is not the current size.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let store = store.as_context().0;
        TableType::from_inner(Engine::from_ref(store.engine()), *self.inner(store).ty())
    }

    /// Returns the number of elements.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this table.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.inner(store.as_context().0).size()
    }

    /// Returns element `index`, or `None` if the index is out of bounds.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this table.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let store = store.as_context_mut().0;
        let table = self.inner(store);
        let bits = table.get(usize::try_from(index).ok()?)?;
        let ty = table.ty().element;
        Some(Ref::from_bits(bits, ty, store))
    }

    /// Sets element `index`.
    ///
    /// # Errors
    ///
    /// Returns an error if the index is out of bounds, or if `value` does not have the type of the
    /// elements.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this table.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        let store = store.as_context_mut().0;
        let bits = self.bits(store, value)?;
        let table = store.table_mut(self.index);
        let size = table.size();
        if index >= size {
            return Err(format_err!(
                "table element index {index} out of bounds: the table has {size} elements"
            ));
        }
        store.record(HostEvent::FillsTable(self.index, index, 1, bits))?;
        store.table_mut(self.index).set(index as usize, bits);
        Ok(())
    }

    /// Grows the table by `delta` elements that are `init`, and returns its former size.
    ///
    /// # Errors
    ///
    /// Returns an error if `init` does not have the type of the elements, if the table's type or
    /// the store's limiter does not allow the size, or if it cannot be allocated.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this table.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let store = store.as_context_mut().0;
        let bits = self.bits(store, init)?;
        store.record(HostEvent::GrowsTable(self.index, delta, bits))?;
        store.grow_table(self.index, delta, bits)?.ok_or_else(|| {
            let table = store.table(self.index);
            let (size, maximum) = (table.size(), table.maximum());
            format_err!(
                "failed to grow table by `{delta}`: it has {size} elements, its type allows \
                 {maximum}, and the store's limits or the host may allow less"
            )
        })
    }

    /// Copies elements from one table to another, or within one table.
    ///
    /// # Errors
    ///
    /// Returns an error if a range is out of bounds, or if the types of the elements differ.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own both tables.
    pub fn copy(
        mut store: impl AsContextMut,
        dst_table: &Table,
        dst_index: u64,
        src_table: &Table,
        src_index: u64,
        len: u64,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let (to, from) = (dst_table.inner(store), src_table.inner(store));
        let (to_type, from_type) = (to.ty().element, from.ty().element);
        if !store.engine().types.ref_is_subtype(from_type, to_type) {
            let engine = Engine::from_ref(store.engine());
            let to = TableType::from_inner(engine, *to.ty());
            let from = TableType::from_inner(engine, *from.ty());
            return Err(format_err!(
                "tables do not have the same element type: expected {}, found {}",
                to.element(),
                from.element()
            ));
        }
        let to = range(to, dst_index, len)?;
        let from = range(from, src_index, len)?;
        store.note(HostEvent::CopiesTable {
            to: (dst_table.index, dst_index),
            from: (src_table.index, src_index),
            len,
        });
        if dst_table == src_table {
            store.table_mut(dst_table.index).copy_within(from, to.start);
        } else {
            store.copy_table(dst_table.index, to.start, src_table.index, from);
        }
        Ok(())
    }

    /// Sets `len` elements from index `dst` on to `value`.
    ///
    /// # Errors
    ///
    /// Returns an error if the range is out of bounds, or if `value` does not have the type of the
    /// elements.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this table.
    pub fn fill(&self, mut store: impl AsContextMut, dst: u64, value: Ref, len: u64) -> Result<()> {
        let store = store.as_context_mut().0;
        let bits = self.bits(store, value)?;
        let table = store.table_mut(self.index);
        let range = range(table, dst, len)?;
        store.record(HostEvent::FillsTable(self.index, dst, len, bits))?;
        store.table_mut(self.index).fill(range, bits);
        Ok(())
    }

    pub(super) fn index(&self) -> TableIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    #[track_caller]
    fn inner<'a>(&self, store: &'a StoreInner) -> &'a heap::Table {
        assert!(self.belongs_to(store), "object used with the wrong store");
        store.table(self.index)
    }

    #[track_caller]
    fn bits(&self, store: &StoreInner, value: Ref) -> Result<u64> {
        let element = self.inner(store).ty().element;
        value
            .to_bits(store, element)
            .context("value does not match table element type")
    }
}

fn range(table: &heap::Table, start: u64, len: u64) -> Result<Range<usize>> {
    let end = start.checked_add(len).filter(|&end| end <= table.size());
    match (usize::try_from(start), end.map(usize::try_from)) {
        (Ok(start), Some(Ok(end))) => Ok(start..end),
        _ => Err(Error::new(Trap::TableOutOfBounds).context(format!(
            "{len} elements at index {start} of a table of {} elements",
            table.size()
        ))),
    }
}
