//! Creation of everything that a store owns, within its limits.

use super::collector::Reference;
use super::global::Global;
use super::instance::{Instance, InstanceParts};
use super::limits::{
    DEFAULT_CONTINUATIONS, DEFAULT_EXCEPTION_BYTES, DEFAULT_INSTANCES, DEFAULT_MEMORIES,
    DEFAULT_OBJECT_BYTES, DEFAULT_STACK_BYTES, DEFAULT_TABLES, EXTERN_BYTES, LimitError, too_many,
};
use super::memory::Memory;
#[cfg(backstitch_threads)]
use super::memory::SharedMemory;
#[cfg(backstitch_threads)]
use super::recording::HostEvent;
use super::store::StoreInner;
use super::table::Table;
use super::tag::Tag;
use crate::format_err;
use crate::ids::{
    ExnIndex, ExternIndex, FuncIndex, GlobalIndex, InstanceIndex, MemoryIndex, ObjectRef, StackId,
    TableIndex, TagIndex, TypeId,
};
use crate::module::{GlobalType, MemoryType, Module, TableType, ValBits};
use crate::support::error::Error;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::any::Any;

/// Slots that a new continuation has beyond those of its first frame: most functions call
/// others.
const CONTINUATION_SLOTS: usize = 16;

impl StoreInner {
    /// Adds a memory.
    ///
    /// # Errors
    ///
    /// An error if the limits or the host do not allow it, or the limiter's error.
    pub fn add_memory(&mut self, ty: MemoryType) -> Result<MemoryIndex, Error> {
        if self.memories.len() >= self.limit(|limiter| limiter.memories(), DEFAULT_MEMORIES) {
            return Err(too_many("memory", self.memories.len() + 1));
        }
        let bytes = |pages: u64| usize::try_from(pages.checked_mul(1 << ty.page_size_log2)?).ok();
        let minimum = bytes(ty.minimum).unwrap_or(usize::MAX);
        if !self.memory_may_grow(0, minimum, ty.maximum.and_then(bytes))? {
            return Err(format_err!(
                "memory minimum size of {} pages exceeds memory limits",
                ty.minimum
            ));
        }
        let memory = Memory::new(ty, self.engine().tunables.mapped_from).map_err(|error| {
            self.note_failed_allocation(&error);
            Error::new(error).context(format!("a memory of {} pages", ty.minimum))
        })?;
        self.memories.push(memory);
        Ok(MemoryIndex(self.memories.len() as u32 - 1))
    }

    /// Adds a memory that was copied from another store. No limit applies.
    pub fn adopt_memory(&mut self, memory: Memory) -> MemoryIndex {
        self.memories.push(memory);
        MemoryIndex(self.memories.len() as u32 - 1)
    }

    /// Adds a memory that other stores have too, unless the store has it. Returns its index.
    ///
    /// # Errors
    ///
    /// An error if the limits do not allow another memory.
    #[cfg(backstitch_threads)]
    pub fn add_shared_memory(&mut self, memory: &SharedMemory) -> Result<MemoryIndex, Error> {
        if let Some(index) = self.memories.iter().position(|own| memory.is(own)) {
            return Ok(MemoryIndex(index as u32));
        }
        if self.memories.len() >= self.limit(|limiter| limiter.memories(), DEFAULT_MEMORIES) {
            return Err(too_many("memory", self.memories.len() + 1));
        }
        self.note(HostEvent::Refused("a memory that several stores have"));
        self.memories.push(memory.of_store());
        Ok(MemoryIndex(self.memories.len() as u32 - 1))
    }

    /// Adds a table of elements `init`.
    ///
    /// # Errors
    ///
    /// As for [`StoreInner::add_memory`].
    pub fn add_table(&mut self, ty: TableType, init: u64) -> Result<TableIndex, Error> {
        if self.tables.len() >= self.limit(|limiter| limiter.tables(), DEFAULT_TABLES) {
            return Err(too_many("table", self.tables.len() + 1));
        }
        let elements = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        if !self.table_may_grow(0, elements(ty.minimum), ty.maximum.map(elements))? {
            return Err(format_err!(
                "table minimum size of {} elements exceeds table limits",
                ty.minimum
            ));
        }
        let table = Table::new(ty, init).map_err(|error| {
            self.note_failed_allocation(&error);
            Error::new(error).context(format!("a table of {} elements", ty.minimum))
        })?;
        self.tables.push(table);
        Ok(TableIndex(self.tables.len() as u32 - 1))
    }

    /// Adds a global with a first value.
    pub fn add_global(&mut self, ty: GlobalType, bits: ValBits) -> GlobalIndex {
        self.globals.push(Global::new(ty, bits));
        GlobalIndex(self.globals.len() as u32 - 1)
    }

    /// Adds a tag with the payload of a function type. It is different from all other tags.
    pub fn add_tag(&mut self, ty: TypeId) -> TagIndex {
        let slots = self.engine().types.func(ty).param_slots() as u16;
        self.tags.push(Tag::new(ty, slots));
        TagIndex(self.tags.len() as u32 - 1)
    }

    /// Adds an instance made of complete parts of the right types.
    ///
    /// # Errors
    ///
    /// An error if the limits do not allow it.
    pub fn add_instance(
        &mut self,
        module: Arc<Module>,
        parts: InstanceParts,
    ) -> Result<InstanceIndex, Error> {
        if self.instances.len() >= self.limit(|limiter| limiter.instances(), DEFAULT_INSTANCES) {
            return Err(too_many("instance", self.instances.len() + 1));
        }
        for ty in &module.types {
            self.objects.know_type(ty.id, &ty.layout)?;
        }
        let module = self.module_of_new_instance(module)?;
        let index = InstanceIndex(self.instances.len() as u32);
        let instance = Instance::new(self, index, module, parts);
        self.instances.push(instance);
        Ok(index)
    }

    /// Adds a host value that guests can refer to. It lives as long as it is reachable.
    ///
    /// # Errors
    ///
    /// The value, if a collection does not make room for it.
    pub fn add_extern(
        &mut self,
        value: Box<dyn Any + Send + Sync>,
    ) -> Result<ExternIndex, Box<dyn Any + Send + Sync>> {
        self.collect_if_due();
        let limit = self.object_limit() / EXTERN_BYTES;
        let added = self.externs.add(value, limit).or_else(|value| {
            self.collect();
            self.externs.add(value, limit)
        });
        self.collector.count();
        added
    }

    /// Adds a continuation of a function, with a stack of at least `slots` slots.
    ///
    /// # Errors
    ///
    /// An error if the limits or the host do not allow it.
    pub fn add_continuation(
        &mut self,
        function: FuncIndex,
        slots: usize,
    ) -> Result<StackId, Error> {
        if self.continuations_are_full() {
            return Err(too_many(
                "continuation",
                self.stacks.continuation_count() + 1,
            ));
        }
        let generous = slots + CONTINUATION_SLOTS;
        let stack = self.stacks.acquire(function, slots, generous, None);
        self.collector.count();
        stack.ok_or_else(|| {
            format_err!("resource limit exceeded: there is no room for another continuation")
        })
    }

    /// Returns whether no continuation can be added, unless others are collected.
    pub fn continuations_are_full(&mut self) -> bool {
        let limit = self.limit(|limiter| limiter.continuations(), DEFAULT_CONTINUATIONS);
        self.stacks.continuation_count() >= limit
            || self.stacks.bytes()
                >= self.limit(|limiter| limiter.stack_bytes(), DEFAULT_STACK_BYTES)
    }

    /// Adds an exception. Its payload has as many slots as the tag requires.
    ///
    /// # Errors
    ///
    /// An error if the limits or the host do not allow it.
    pub fn add_exception(
        &mut self,
        tag: TagIndex,
        payload: impl ExactSizeIterator<Item = u64>,
    ) -> Result<ExnIndex, LimitError> {
        let limit = self.limit(|limiter| limiter.exception_bytes(), DEFAULT_EXCEPTION_BYTES);
        self.exceptions.add(tag, payload, limit)
    }

    /// Returns whether there is hardly room for another exception, unless others are
    /// collected.
    pub fn exceptions_are_full(&mut self) -> bool {
        let limit = self.limit(|limiter| limiter.exception_bytes(), DEFAULT_EXCEPTION_BYTES);
        self.exceptions.is_full(limit)
    }

    fn object_limit(&mut self) -> usize {
        self.limit(|limiter| limiter.object_bytes(), DEFAULT_OBJECT_BYTES)
    }

    /// Makes sure that handlers find a free cell of a size class.
    ///
    /// # Errors
    ///
    /// An error if there is no room, unless a collection makes some.
    pub fn refill_objects(&mut self, class: u8) -> Result<(), LimitError> {
        let limit = self.object_limit();
        self.objects.refill(class, limit)?;
        self.count_objects();
        Ok(())
    }

    fn count_objects(&mut self) {
        let bytes = self.objects.take_handed();
        self.collector.count_bytes(bytes);
    }

    /// Creates a structure of a type of an instance. Its fields are zero and null.
    ///
    /// # Errors
    ///
    /// An error if there is no room, unless a collection makes some.
    pub fn new_struct(&mut self, ty: TypeId) -> Result<ObjectRef, LimitError> {
        let limit = self.object_limit();
        let object = self.objects.new_struct(ty, limit)?;
        self.count_objects();
        Ok(object)
    }

    /// Creates an array of a type of an instance. Its elements are zero or null.
    ///
    /// # Errors
    ///
    /// As for [`StoreInner::new_struct`].
    pub fn new_array(&mut self, ty: TypeId, len: u32) -> Result<ObjectRef, LimitError> {
        let limit = self.object_limit();
        let object = self.objects.new_array(ty, len, limit)?;
        self.count_objects();
        Ok(object)
    }

    /// Replaces a field of a structure, or an element of an array, by a value of its type. Returns
    /// whether there is such a field.
    pub fn set_field(&mut self, object: ObjectRef, index: u32, bits: ValBits) -> bool {
        self.shade(self.objects.reference(object, index, bits[0]));
        self.objects.set(object, index, bits)
    }

    /// Replaces a field of a structure as handlers do.
    #[cfg(test)]
    pub fn set_field_as_handlers(&mut self, object: ObjectRef, index: u32, bits: u64) {
        let core = self.objects.core();
        while self.objects.is_marking() {
            // SAFETY: H5.
            if unsafe { super::objects::ObjectCore::shade(core, bits as u32) } {
                break;
            }
            self.empty_shaded();
        }
        self.objects.set(object, index, [bits, 0]);
    }

    /// Marks what is about to be written to an object, if the collector marks.
    pub fn shade(&mut self, reference: Option<Reference>) {
        if self.objects.is_marking()
            && let Some(reference) = reference
            && let Some(mut collection) = self.collector.collection.take()
        {
            collection.mark_reference(self, reference);
            self.collector.collection = Some(collection);
        }
    }

    /// Marks what elements of an array refer to, which are about to be written to an array, if the
    /// collector marks.
    pub fn shade_elements(&mut self, array: ObjectRef, start: u32, len: u32) {
        if self.objects.is_marking() && !self.objects.layout_of(array).traced.is_empty() {
            for index in start..start + len {
                let bits = self.objects.get(array, index).unwrap_or_default();
                self.shade(self.objects.reference(array, index, bits[0]));
            }
        }
    }

    /// Marks all references that handlers have written to objects while the collector marked.
    pub fn empty_shaded(&mut self) {
        while let Some(bits) = self.objects.take_shaded() {
            self.shade(Reference::of_any(bits.into()));
        }
    }
}
