//! The objects of the heap that a dump contains: structures, arrays and exceptions.
//!
//! Objects are numbered in the order in which a breadth-first search from the roots reaches them, so
//! that their numbers do not depend on addresses, and the first ones are the closest to a root.
//! They are not copied: their contents are read when they are written.

use super::bytes::Result;
use super::capture::{Capture, FrameValues, Maps};
use super::contents::{equal_runs, value};
use super::extension::{self, Items, ObjectKind, RefKind, Root, RootKind, Run, Value};
use crate::heap::{Exception, Reference, StoreInner};
use crate::ids::{ExnIndex, ExternIndex, ObjectRef, TypeId};
use crate::module::{
    CompositeKind, CompositeType, FieldType, HeapType, Storage, SubType, ValType, read_values,
};
use crate::support::bits::Bits;
use crate::support::write::{Counter, Write};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A structure or array, or an exception.
#[derive(Clone, Copy, Debug)]
enum Item {
    Object(ObjectRef),
    Exception(ExnIndex),
}

/// A type that reached objects have.
pub struct ReachedType {
    /// Identity of the type.
    pub id: TypeId,
    /// The type.
    pub ty: Arc<SubType>,
}

/// The objects of a store that can be reached.
pub struct Objects<'a> {
    store: &'a StoreInner,
    /// False if there was no memory for the list. Then it is empty.
    pub complete: bool,
    /// True if the objects to which the capture refers are certainly live.
    is_current: bool,
    order: Vec<Item>,
    /// Number of each structure and array, sorted by its reference.
    objects: Vec<(ObjectRef, u32)>,
    /// Number of each exception, sorted by its index.
    exceptions: Vec<(ExnIndex, u32)>,
    /// The types of reached objects, in the order in which they are first met.
    pub types: Vec<ReachedType>,
    type_numbers: BTreeMap<TypeId, u32>,
    /// Number of bytes of all reached objects.
    bytes: u64,
    /// Roots that no other part of a dump contains. Their values are not numbered yet.
    roots: Vec<Root>,
    /// Host values that can be reached, by number.
    host_values: Bits,
    /// Number of objects that are written.
    shown: usize,
}

/// A search that is under way.
#[derive(Default)]
struct Search {
    objects: Bits,
    exceptions: Bits,
    host_values: Bits,
    order: Vec<Item>,
    /// True if there was no memory for an item.
    failed: bool,
}

impl Search {
    fn reach(&mut self, reference: Reference) {
        let (is_new, item) = match reference {
            Reference::Object(object) => (self.objects.insert(object.0 / 8), Item::Object(object)),
            Reference::Exn(index) => (self.exceptions.insert(index.0), Item::Exception(index)),
            Reference::Extern(index) => {
                self.failed |= self.host_values.insert(index.0).is_none();
                return;
            }
            Reference::Cont(_) => return,
        };
        match is_new {
            Some(true) if self.order.try_reserve(1).is_ok() => self.order.push(item),
            Some(false) => {}
            Some(true) | None => self.failed = true,
        }
    }

    fn reach_value(&mut self, value: Value) {
        if let Some(reference) = reference_in(value) {
            self.reach(reference);
        }
    }
}

/// Returns the structure, array, exception or host value to which a value refers that is not numbered
/// yet.
fn reference_in(value: Value) -> Option<Reference> {
    match value {
        Value::Ref(RefKind::Any, Some(bits)) => Some(Reference::Object(ObjectRef(bits as u32))),
        Value::Ref(RefKind::Exn, Some(index)) => Some(Reference::Exn(ExnIndex(index as u32))),
        Value::Ref(RefKind::Extern, Some(index)) => {
            Some(Reference::Extern(ExternIndex(index as u32)))
        }
        _ => None,
    }
}

/// Returns the value that is a reference.
fn value_of(reference: Reference) -> Value {
    match reference {
        Reference::Object(object) => Value::Ref(RefKind::Any, Some(object.0.into())),
        Reference::Exn(index) => Value::Ref(RefKind::Exn, Some(index.0.into())),
        Reference::Extern(index) => Value::Ref(RefKind::Extern, Some(index.0.into())),
        Reference::Cont(bits) => Value::Ref(RefKind::Cont, Some(bits)),
    }
}

impl<'a> Objects<'a> {
    /// Finds the objects that are reachable from the frames of a capture and from the store.
    /// The references that the host holds are roots if `with_host`.
    pub fn new(
        store: &'a StoreInner,
        capture: &Capture,
        maps: &Maps<'_>,
        with_host: bool,
    ) -> Objects<'a> {
        let mut objects = Objects {
            store,
            complete: true,
            is_current: capture.sweeps == store.objects.sweeps(),
            order: Vec::new(),
            objects: Vec::new(),
            exceptions: Vec::new(),
            types: Vec::new(),
            type_numbers: BTreeMap::new(),
            bytes: 0,
            roots: Vec::new(),
            host_values: Bits::default(),
            shown: 0,
        };
        let has_host_values = store.externs.all().next().is_some();
        if store.objects.bytes() == 0 && store.exceptions.bytes() == 0 && !has_host_values {
            return objects;
        }
        let mut search = Search::default();
        objects.search_stacks(capture, maps, &mut search);
        objects.search_store(&mut search, with_host);
        let mut next = 0;
        while let Some(&item) = search.order.get(next) {
            objects.visit(item, &mut |reference| search.reach(reference));
            next += 1;
        }
        objects.complete = !search.failed && objects.number(&search.order);
        objects.host_values = search.host_values;
        if objects.complete {
            objects.order = search.order;
        } else {
            objects.objects = Vec::new();
            objects.exceptions = Vec::new();
            objects.bytes = 0;
        }
        objects
    }

    /// Begins a search at the values on stacks.
    fn search_stacks(&mut self, capture: &Capture, maps: &Maps<'_>, search: &mut Search) {
        if !self.is_current {
            return;
        }
        let mut values = FrameValues::default();
        for (thread, frames) in (0..).zip(&capture.threads) {
            for (frame, at) in (0..).zip(&frames.frames) {
                maps.read(at, &mut values);
                let visible = values.locals.iter().chain(&values.operands);
                visible.for_each(|&value| search.reach_value(value));
                for &value in &values.hidden {
                    search.reach_value(value);
                    let kind = RootKind::Hidden { thread, frame };
                    self.add_root(kind, value, search);
                }
            }
        }
        let given = capture.stacks.iter().flat_map(|stack| &stack.given);
        given.for_each(|&value| search.reach_value(value));
    }

    /// Begins a search at the values in globals and tables, and at those that no other part of a
    /// dump contains.
    fn search_store(&mut self, search: &mut Search, with_host: bool) {
        let store = self.store;
        for global in store.globals() {
            let reference = Reference::of_value(global.ty().value, global.get());
            reference.into_iter().for_each(|it| search.reach(it));
        }
        for table in store.tables() {
            let heap = table.ty().element.heap;
            // Functions are not collected.
            if heap.top() != HeapType::Func {
                (0..table.len())
                    .filter_map(|index| Reference::new(heap, table.get(index)?))
                    .for_each(|reference| search.reach(reference));
            }
        }
        for (number, instance) in (0..).zip(store.instances()) {
            for (segment, declared) in (0..).zip(&instance.module().elements) {
                let elements = instance.elements(segment).unwrap_or_default();
                let heap = declared.ty.heap;
                for reference in elements.iter().filter_map(|&it| Reference::new(heap, it)) {
                    search.reach(reference);
                    let kind = RootKind::Segment {
                        instance: number,
                        segment,
                    };
                    self.add_root(kind, value_of(reference), search);
                }
            }
        }
        if !with_host {
            let pending = store.pending_exception.map(Reference::Exn);
            return pending.into_iter().for_each(|it| search.reach(it));
        }
        store.visit_held(&mut |reference| {
            search.reach(reference);
            self.add_root(RootKind::Host, value_of(reference), search);
        });
    }

    fn add_root(&mut self, kind: RootKind, value: Value, search: &mut Search) {
        match self.roots.try_reserve(1) {
            Ok(()) => self.roots.push(Root { kind, value }),
            Err(_) => search.failed = true,
        }
    }

    /// Visits the references in an object, and adds its type and its size.
    fn visit(&mut self, item: Item, visit: &mut dyn FnMut(Reference)) {
        match item {
            Item::Object(object) => {
                let id = self.store.objects.type_of(object);
                if !self.type_numbers.contains_key(&id) {
                    let types = &self.store.engine().types;
                    self.type_numbers.insert(id, self.types.len() as u32);
                    self.types.push(ReachedType {
                        id,
                        ty: types.get(id),
                    });
                }
                self.bytes += self.store.objects.size_of(object);
                self.store.objects.references(object, visit);
            }
            Item::Exception(index) => {
                let exception = self.store.exceptions.get(index);
                self.bytes += exception.map_or(0, Exception::size) as u64;
                self.store.visit_exception(index, visit);
            }
        }
    }

    /// Makes it possible to find the numbers of objects. Returns false if there is no memory for it.
    fn number(&mut self, order: &[Item]) -> bool {
        let is_object = |item: &&Item| matches!(item, Item::Object(_));
        let objects = order.iter().filter(is_object).count();
        let exceptions = order.len() - objects;
        if order.len() > u32::MAX as usize
            || self.objects.try_reserve_exact(objects).is_err()
            || self.exceptions.try_reserve_exact(exceptions).is_err()
        {
            return false;
        }
        for (&item, number) in order.iter().zip(0..) {
            match item {
                Item::Object(object) => self.objects.push((object, number)),
                Item::Exception(index) => self.exceptions.push((index, number)),
            }
        }
        self.objects.sort_unstable();
        self.exceptions.sort_unstable();
        true
    }

    /// Returns the numbers of objects and of their bytes that can be reached.
    pub fn reached(&self) -> [u64; 2] {
        [self.order.len() as u64, self.bytes]
    }

    /// Replaces the reference in a value of the store by the number of the object. It is missing if
    /// there was no memory for the numbers.
    pub fn numbered(&self, value: Value) -> Value {
        let number = match reference_in(value) {
            Some(Reference::Object(object)) => {
                let at = self.objects.binary_search_by_key(&object, |it| it.0);
                at.ok().map(|at| self.objects[at].1)
            }
            Some(Reference::Exn(index)) => {
                let at = self.exceptions.binary_search_by_key(&index, |it| it.0);
                at.ok().map(|at| self.exceptions[at].1)
            }
            _ => return value,
        };
        match (value, number) {
            (Value::Ref(kind, _), Some(number)) => Value::Ref(kind, Some(number.into())),
            _ => Value::Missing,
        }
    }

    /// Replaces the reference in a value of the capture by the number of the object. It is missing if
    /// the object may have been freed since.
    pub fn captured(&self, value: Value) -> Value {
        match reference_in(value) {
            Some(Reference::Object(_) | Reference::Exn(_)) if !self.is_current => Value::Missing,
            _ => self.numbered(value),
        }
    }

    /// Replaces the references in values of the capture.
    pub fn replace(&self, values: &mut [Value]) {
        for value in values {
            *value = self.captured(*value);
        }
    }

    /// Returns whether a host value can be reached.
    pub fn reaches(&self, index: ExternIndex) -> bool {
        self.host_values.contains(index.0)
    }

    /// Returns the number of objects.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// Returns the kind of an object and the number of its bytes.
    pub fn head(&self, number: usize) -> (ObjectKind, u64) {
        match self.order[number] {
            Item::Object(object) => {
                let objects = &self.store.objects;
                let ty = self.type_numbers[&objects.type_of(object)];
                let kind = match objects.layout_of(object).kind {
                    CompositeKind::Array => ObjectKind::Array(ty),
                    _ => ObjectKind::Struct(ty),
                };
                (kind, objects.size_of(object))
            }
            Item::Exception(index) => match self.store.exceptions.get(index) {
                Some(exception) => {
                    let kind = ObjectKind::Exception(exception.tag.0);
                    (kind, exception.size() as u64)
                }
                // It was freed after the capture: an exception of no tag.
                None => (ObjectKind::Exception(u32::MAX), 0),
            },
        }
    }

    /// Visits the contents of an object that has references.
    pub fn visit_references(&self, number: usize, visit: &mut dyn FnMut(Run)) {
        let mut one = |value| visit(Run { count: 1, value });
        match self.order[number] {
            Item::Exception(index) => self.payload(index).for_each(one),
            Item::Object(object) => {
                let id = self.store.objects.type_of(object);
                let ty = &self.types[self.type_numbers[&id] as usize].ty;
                match &ty.composite {
                    CompositeType::Struct(fields) => {
                        self.fields(object, fields).for_each(&mut one);
                    }
                    CompositeType::Array(element) => {
                        if let ty @ ValType::Ref(_) = element.storage.unpacked() {
                            self.runs(object, ty).for_each(visit);
                        }
                    }
                    CompositeType::Func(_) | CompositeType::Cont(_) => {}
                }
            }
        }
    }

    /// Returns the values of an exception's payload.
    fn payload(&self, index: ExnIndex) -> impl Iterator<Item = Value> + '_ {
        let exception = self.store.exceptions.get(index);
        exception.into_iter().flat_map(|exception| {
            let tag = self.store.tag(exception.tag);
            let ty = self.store.engine().types.func(tag.ty());
            let values: Vec<Value> = read_values(&ty.params, &exception.fields)
                .map(|(ty, bits)| self.numbered(value(ty, bits)))
                .collect();
            values
        })
    }

    /// Returns the values of a structure's fields.
    fn fields<'o>(
        &'o self,
        object: ObjectRef,
        fields: &'o [FieldType],
    ) -> impl Iterator<Item = Value> + 'o {
        (0..).zip(fields).map(move |(index, field)| {
            let bits = self.store.objects.get(object, index).unwrap_or_default();
            self.numbered(value(field.storage.unpacked(), bits))
        })
    }

    /// Returns the roots that no other part of a dump contains.
    pub fn roots(&self) -> impl Iterator<Item = Root> + '_ {
        self.roots.iter().map(|root| Root {
            kind: root.kind,
            value: self.numbered(root.value),
        })
    }

    /// Selects the objects to write: as many of the first ones as take at most `max` bytes.
    ///
    /// # Errors
    ///
    /// Only if this module has a bug: counting does not fail.
    pub fn fit(&mut self, max: u64) -> Result {
        let mut counter = Counter::default();
        for index in 0..self.order.len() {
            self.write_item(&mut counter, index)?;
            if counter.bytes > max {
                self.shown = index;
                return Ok(());
            }
        }
        self.shown = self.order.len();
        Ok(())
    }

    /// Returns whether all objects are written.
    pub fn are_all_shown(&self) -> bool {
        self.shown == self.order.len()
    }

    /// Writes the contents of the part `objects`.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> Result {
        extension::objects(out, self.reached(), self.shown, |out| {
            (0..self.shown).try_for_each(|number| self.write_item(out, number))
        })
    }

    fn write_item(&self, out: &mut dyn Write, number: usize) -> Result {
        let (kind, size) = self.head(number);
        let mut write = |items: Items<'_>| extension::object(out, kind, size, items);
        let object = match self.order[number] {
            Item::Exception(index) => {
                let count = self.payload(index).count();
                return write(Items::Values(count, &mut self.payload(index)));
            }
            Item::Object(object) => object,
        };
        let id = self.store.objects.type_of(object);
        match &self.types[self.type_numbers[&id] as usize].ty.composite {
            CompositeType::Struct(fields) => {
                let values = &mut self.fields(object, fields);
                write(Items::Values(fields.len(), values))
            }
            CompositeType::Array(element) => {
                if let ty @ ValType::Ref(_) = element.storage.unpacked() {
                    let count = self.runs(object, ty).count();
                    return write(Items::Runs(count, &mut self.runs(object, ty)));
                }
                let storage = Storage::of(element.storage);
                let len = self.store.objects.array_len(object);
                let bytes = len as usize * storage.size() as usize;
                write(Items::Bytes(bytes, &|out| {
                    self.write_numbers(out, object, storage)
                }))
            }
            // Objects are structures and arrays.
            CompositeType::Func(_) | CompositeType::Cont(_) => {
                write(Items::Values(0, &mut core::iter::empty()))
            }
        }
    }

    /// Returns the elements of an array of references, as runs of equal elements.
    fn runs(&self, array: ObjectRef, ty: ValType) -> impl Iterator<Item = Run> + '_ {
        equal_runs(
            move |index| self.store.objects.get(array, u32::try_from(index).ok()?),
            move |bits| self.numbered(value(ty, bits)),
        )
    }

    /// Writes the elements of an array of numbers.
    fn write_numbers(&self, out: &mut dyn Write, array: ObjectRef, storage: Storage) -> Result {
        // Whole buffers are written, as a call of a writer takes longer than an element.
        let mut buffer = [0; 512];
        let size = storage.size() as usize;
        let mut filled = 0;
        for index in 0..self.store.objects.array_len(array) {
            let [low, high] = self.store.objects.get(array, index).unwrap_or_default();
            let bits = u128::from(low) | u128::from(high) << 64;
            buffer[filled..filled + size].copy_from_slice(&bits.to_le_bytes()[..size]);
            filled += size;
            if filled == buffer.len() {
                out.write_all(&buffer)?;
                filled = 0;
            }
        }
        out.write_all(&buffer[..filled])
    }
}
