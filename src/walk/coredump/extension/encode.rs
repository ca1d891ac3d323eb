//! Writing the section's contents.
//!
//! A part's size precedes its contents, so the code that writes a part runs twice: once to count
//! the bytes and once to write them. Nothing is buffered.

use super::{
    Access, Awaits, Extension, Field, Frame, Function, Global, Heap, Instance, Memory, Module,
    ObjectKind, ObjectType, Reason, Root, RootKind, Run, Snapshot, Stack, Storage, Table, Thread,
    ThreadState, Type, TypeDefinition, VERSION, Value,
};
use crate::support::write::{Counter, Write};
use crate::walk::coredump::bytes::{Result, byte, flag, index, number, string};

/// A function that writes the contents of a part.
type Contents<'c> = dyn Fn(&mut dyn Write) -> Result + 'c;

impl Extension {
    /// Writes the version and the parts before the tables.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub(in crate::walk::coredump) fn encode_head(&self, out: &mut dyn Write) -> Result {
        number(out, VERSION)?;
        part(out, 0, &|out| string(out, &self.producer))?;
        part(out, 1, &|out| reason(out, &self.reason))?;
        part(out, 2, &|out| {
            list(out, &self.configuration, |out, (name, value)| {
                string(out, name)?;
                number(out, *value)
            })
        })?;
        if let Some(fuel) = self.fuel {
            part(out, 3, &|out| number(out, fuel))?;
        }
        part(out, 4, &|out| list(out, &self.types, type_definition))?;
        part(out, 5, &|out| list(out, &self.modules, module))?;
        part(out, 6, &|out| list(out, &self.functions, function))?;
        part(out, 7, &|out| list(out, &self.instances, instance))?;
        part(out, 8, &|out| list(out, &self.memories, memory))?;
        part(out, 9, &|out| list(out, &self.globals, global))
    }

    /// Writes the parts between the tables and the threads.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub(in crate::walk::coredump) fn encode_stacks(&self, out: &mut dyn Write) -> Result {
        part(out, 11, &|out| {
            list(out, &self.tags, |out, tag| index(out, tag.ty))
        })?;
        part(out, 12, &|out| list(out, &self.stacks, stack))
    }

    /// Writes the parts behind the threads, with the objects that `contents` writes in place of
    /// [`Extension::objects`], if there are any.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub(in crate::walk::coredump) fn encode_objects(
        &self,
        out: &mut dyn Write,
        contents: Option<&Contents<'_>>,
    ) -> Result {
        part(out, 14, &|out| list(out, &self.object_types, object_type))?;
        if let Some(contents) = contents {
            part(out, 15, contents)?;
        }
        part(out, 16, &|out| list(out, &self.roots, root))?;
        match &self.snapshot {
            Some(contents) => part(out, 17, &|out| snapshot(out, contents)),
            None => Ok(()),
        }
    }
}

/// Writes the bytes of a module.
///
/// # Errors
///
/// If `out` fails.
pub(in crate::walk::coredump) fn module_bytes(
    out: &mut dyn Write,
    module: u32,
    contents: &[u8],
) -> Result {
    part(out, 18, &|out| {
        index(out, module)?;
        bytes(out, contents)
    })
}

fn bytes(out: &mut dyn Write, bytes: &[u8]) -> Result {
    number(out, bytes.len() as u64)?;
    out.write_all(bytes)
}

fn snapshot(out: &mut dyn Write, snapshot: &Snapshot) -> Result {
    list(out, &snapshot.numbers, |out, it| {
        byte(out, it.state as u8)?;
        index(out, it.revision)
    })?;
    indices(out, &snapshot.free)?;
    list(out, &snapshot.stacks, |out, rest| {
        index(out, rest.first_revision)?;
        byte(out, rest.place as u8)?;
        match rest.awaits {
            Awaits::Nothing => byte(out, 0)?,
            Awaits::Host(function) => {
                byte(out, 1)?;
                index(out, function)?;
            }
            Awaits::Tag(tag) => {
                byte(out, 2)?;
                index(out, tag)?;
            }
        }
        flag(out, rest.crosses)?;
        option(out, rest.base, index)?;
        indices(out, &rest.handles)?;
        flag(out, rest.out_of_fuel)?;
        option(out, rest.yielded, number)
    })?;
    list(out, &snapshot.waits, |out, wait| {
        index(out, wait.stack)?;
        index(out, wait.memory)?;
        number(out, wait.address)?;
        byte(out, wait.state as u8)
    })?;
    list(out, &snapshot.names, |out, it| {
        index(out, it.stack)?;
        string(out, &it.name)
    })?;
    number(out, snapshot.debt)?;
    number(out, snapshot.spent)?;
    number(out, snapshot.epoch)?;
    list(out, &snapshot.host_functions, |out, it| {
        index(out, it.function)?;
        string(out, &it.module)?;
        string(out, &it.name)
    })?;
    index(out, snapshot.next_value)?;
    list(out, &snapshot.host_values, |out, it| {
        index(out, it.number)?;
        bytes(out, &it.bytes)
    })?;
    list(out, &snapshot.hidden, |out, hidden| {
        index(out, hidden.thread)?;
        index(out, hidden.frame)?;
        list(out, &hidden.values, |out, &item| value(out, item))
    })?;
    list(out, &snapshot.segments, |out, segment| {
        index(out, segment.instance)?;
        index(out, segment.segment)?;
        list(out, &segment.elements, |out, &item| value(out, item))
    })?;
    option(out, snapshot.pending, value)?;
    bytes(out, &snapshot.data)
}

/// Writes the contents of the part `objects`: numbers, and `count` objects that `each` writes.
///
/// # Errors
///
/// If `out` fails.
pub(in crate::walk::coredump) fn objects(
    out: &mut dyn Write,
    [reached, bytes]: [u64; 2],
    count: usize,
    each: impl FnOnce(&mut dyn Write) -> Result,
) -> Result {
    number(out, reached)?;
    number(out, bytes)?;
    number(out, count as u64)?;
    each(out)
}

/// The contents of an object, for [`object`].
pub(in crate::walk::coredump) enum Items<'i> {
    /// The number of values, and the values.
    Values(usize, &'i mut dyn Iterator<Item = Value>),
    /// The number of runs, and the runs.
    Runs(usize, &'i mut dyn Iterator<Item = Run>),
    /// The number of bytes, and a function that writes them.
    Bytes(usize, &'i dyn Fn(&mut dyn Write) -> Result),
}

/// Writes an object.
///
/// # Errors
///
/// If `out` fails.
pub(in crate::walk::coredump) fn object(
    out: &mut dyn Write,
    kind: ObjectKind,
    size: u64,
    items: Items<'_>,
) -> Result {
    let (id, of) = match kind {
        ObjectKind::Struct(ty) => (0x5f, ty),
        ObjectKind::Array(ty) => (0x5e, ty),
        ObjectKind::Exception(tag) => (0x69, tag),
    };
    byte(out, id)?;
    index(out, of)?;
    number(out, size)?;
    match items {
        Items::Values(count, values) => {
            byte(out, 0)?;
            number(out, count as u64)?;
            for item in values {
                value(out, item)?;
            }
            Ok(())
        }
        Items::Runs(count, runs) => {
            byte(out, 1)?;
            number(out, count as u64)?;
            for item in runs {
                run(out, item)?;
            }
            Ok(())
        }
        Items::Bytes(count, bytes) => {
            byte(out, 2)?;
            number(out, count as u64)?;
            bytes(out)
        }
    }
}

fn object_type(out: &mut dyn Write, ty: &ObjectType) -> Result {
    index(out, ty.ty)?;
    flag(out, ty.array)?;
    option(out, ty.module, index)?;
    index(out, ty.index)?;
    option(out, ty.name.as_deref(), string)?;
    option(out, ty.supertype, index)?;
    list(out, &ty.fields, |out, field: &Field| {
        option(out, field.name.as_deref(), string)?;
        flag(out, field.mutable)?;
        match field.storage {
            Storage::I8 => byte(out, 0x78),
            Storage::I16 => byte(out, 0x77),
            Storage::Value(ty) => type_(out, ty),
        }
    })
}

fn root(out: &mut dyn Write, root: &Root) -> Result {
    let (id, place) = match root.kind {
        RootKind::Host => (0, None),
        RootKind::Segment { instance, segment } => (1, Some([instance, segment])),
        RootKind::Hidden { thread, frame } => (2, Some([thread, frame])),
    };
    byte(out, id)?;
    for number in place.into_iter().flatten() {
        index(out, number)?;
    }
    value(out, root.value)
}

fn run(out: &mut dyn Write, run: Run) -> Result {
    number(out, run.count)?;
    value(out, run.value)
}

impl Table {
    /// Writes a table with the elements that `elements` returns, in place of its own. `elements`
    /// is called several times and must return the same elements each time.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub(in crate::walk::coredump) fn encode<I: Iterator<Item = Run>>(
        &self,
        out: &mut dyn Write,
        elements: impl Fn() -> I,
    ) -> Result {
        part(out, 10, &|out| {
            type_(out, self.ty)?;
            flag(out, self.table64)?;
            option(out, self.maximum, number)?;
            number(out, elements().count() as u64)?;
            elements().try_for_each(|item| run(out, item))
        })
    }
}

impl Thread {
    /// Writes a thread with `count` frames that `frames` writes, in place of its own. `frames` is
    /// called twice and must write the same bytes each time.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub(in crate::walk::coredump) fn encode(
        &self,
        out: &mut dyn Write,
        count: usize,
        frames: impl Fn(&mut dyn Write) -> Result,
    ) -> Result {
        part(out, 13, &|out| {
            string(out, &self.name)?;
            flag(out, self.complete)?;
            number(out, count as u64)?;
            frames(out)?;
            option(out, self.state, thread_state)
        })
    }
}

fn thread_state(out: &mut dyn Write, state: ThreadState) -> Result {
    match state {
        ThreadState::Running => byte(out, 0),
        ThreadState::Ready => byte(out, 1),
        ThreadState::Waiting { memory, address } => {
            byte(out, 2)?;
            index(out, memory)?;
            number(out, address)
        }
        ThreadState::Blocked => byte(out, 3),
        ThreadState::Detached => byte(out, 4),
    }
}

impl Frame {
    /// Writes a frame with `locals` and `operands` in place of its own.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub(in crate::walk::coredump) fn encode(
        &self,
        out: &mut dyn Write,
        locals: &[Value],
        operands: &[Value],
    ) -> Result {
        index(out, self.stack)?;
        index(out, self.instance)?;
        index(out, self.function)?;
        index(out, self.code_offset)?;
        byte(out, self.position as u8)?;
        byte(out, self.boundary as u8)?;
        flag(out, self.captured)?;
        for values in [locals, operands] {
            list(out, values, |out, &item| value(out, item))?;
        }
        Ok(())
    }
}

/// Writes a part: its id, the size of its contents, and the contents.
fn part(out: &mut dyn Write, id: u8, contents: &dyn Fn(&mut dyn Write) -> Result) -> Result {
    let mut size = Counter::default();
    contents(&mut size)?;
    byte(out, id)?;
    number(out, size.bytes)?;
    contents(out)
}

fn option<T>(
    out: &mut dyn Write,
    option: Option<T>,
    some: impl Fn(&mut dyn Write, T) -> Result,
) -> Result {
    flag(out, option.is_some())?;
    option.map_or(Ok(()), |item| some(out, item))
}

fn list<T>(
    out: &mut dyn Write,
    items: &[T],
    each: impl Fn(&mut dyn Write, &T) -> Result,
) -> Result {
    number(out, items.len() as u64)?;
    items.iter().try_for_each(|item| each(out, item))
}

fn indices(out: &mut dyn Write, items: &[u32]) -> Result {
    list(out, items, |out, &item| index(out, item))
}

fn reason(out: &mut dyn Write, reason: &Reason) -> Result {
    byte(out, reason.kind as u8)?;
    option(out, reason.trap.as_deref(), string)?;
    string(out, &reason.message)?;
    option(out, reason.access, |out, access: Access| {
        index(out, access.memory)?;
        number(out, access.address)?;
        number(out, access.offset)?;
        number(out, access.size)
    })
}

fn type_definition(out: &mut dyn Write, definition: &TypeDefinition) -> Result {
    match definition {
        TypeDefinition::Func(params, results) => {
            byte(out, 0x60)?;
            list(out, params, |out, &ty| type_(out, ty))?;
            list(out, results, |out, &ty| type_(out, ty))
        }
        TypeDefinition::Cont(of) => {
            byte(out, 0x5d)?;
            index(out, *of)
        }
        TypeDefinition::Other => byte(out, 0),
    }
}

fn type_(out: &mut dyn Write, ty: Type) -> Result {
    match ty {
        Type::I32 => byte(out, 0x7f),
        Type::I64 => byte(out, 0x7e),
        Type::F32 => byte(out, 0x7d),
        Type::F64 => byte(out, 0x7c),
        Type::V128 => byte(out, 0x7b),
        Type::Ref { nullable, heap } => {
            byte(out, if nullable { 0x63 } else { 0x64 })?;
            match heap {
                Heap::Abstract(heap) => byte(out, heap),
                Heap::Concrete(ty) => {
                    byte(out, 0)?;
                    index(out, ty)
                }
            }
        }
    }
}

fn value(out: &mut dyn Write, value: Value) -> Result {
    match value {
        Value::I32(bits) => {
            byte(out, 0x7f)?;
            index(out, bits)
        }
        Value::I64(bits) => {
            byte(out, 0x7e)?;
            number(out, bits)
        }
        Value::F32(bits) => {
            byte(out, 0x7d)?;
            out.write_all(&bits.to_le_bytes())
        }
        Value::F64(bits) => {
            byte(out, 0x7c)?;
            out.write_all(&bits.to_le_bytes())
        }
        Value::V128(bits) => {
            byte(out, 0x7b)?;
            out.write_all(&bits.to_le_bytes())
        }
        Value::Ref(kind, object) => {
            byte(out, kind as u8)?;
            option(out, object, number)
        }
        Value::Missing => byte(out, 0x01),
    }
}

fn module(out: &mut dyn Write, module: &Module) -> Result {
    option(out, module.name.as_deref(), string)?;
    number(out, module.size)?;
    out.write_all(&module.sha256)
}

fn function(out: &mut dyn Write, function: &Function) -> Result {
    match *function {
        Function::Wasm {
            instance,
            index: of,
        } => {
            byte(out, 0)?;
            index(out, instance)?;
            index(out, of)
        }
        Function::Host { ty } => {
            byte(out, 1)?;
            index(out, ty)
        }
    }
}

fn instance(out: &mut dyn Write, instance: &Instance) -> Result {
    index(out, instance.module)?;
    indices(out, &instance.imported_functions)?;
    indices(out, &instance.tables)?;
    indices(out, &instance.tags)?;
    indices(out, &instance.dropped_data)?;
    indices(out, &instance.dropped_elements)
}

fn memory(out: &mut dyn Write, memory: &Memory) -> Result {
    number(out, memory.size)?;
    flag(out, memory.shared)?;
    list(out, &memory.kept, |out, &(start, length)| {
        number(out, start)?;
        number(out, length)
    })
}

fn global(out: &mut dyn Write, global: &Global) -> Result {
    type_(out, global.ty)?;
    value(out, global.value)
}

fn stack(out: &mut dyn Write, stack: &Stack) -> Result {
    index(out, stack.number)?;
    flag(out, stack.continuation)?;
    byte(out, stack.state as u8)?;
    option(out, stack.parent, index)?;
    option(out, stack.function, index)?;
    number(out, stack.revision)?;
    list(out, &stack.bound, |out, &item| value(out, item))?;
    list(out, &stack.handlers, |out, handler| {
        index(out, handler.tag)?;
        flag(out, handler.switch)?;
        index(out, handler.label)
    })
}
