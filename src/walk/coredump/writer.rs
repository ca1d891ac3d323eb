//! Writing the file: the standard sections, followed by the extension.
//!
//! A section's size precedes its contents. Large sections are therefore written twice, the first
//! time only to count bytes, so that no copy is needed. Sections that are small for every guest
//! are built in memory.

use super::bytes::{Result, byte, index, number, signed, string};
use super::capture::{Capture, FrameValues, Maps, Thread};
use super::contents::{self, contents};
use super::extension::{self, Boundary, Extension, RefKind, Value};
use super::memory::{Data, Source};
use super::objects::Objects;
use super::shown::Shown;
use super::snapshot::{HostPart, snapshot};
use crate::heap::{Memory, StoreInner};
use crate::ids::MemoryIndex;
use crate::stack::BoundaryKind;
use crate::support::write::{Counter, Write};
use crate::walk::Frame;
use crate::{ensure, format_err};
use alloc::format;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::Range;
use wasm_encoder::{
    AbstractHeapType, ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    GlobalSection, GlobalType, Ieee32, Ieee64, MemorySection, MemoryType, Section,
};

/// Maximum number of bytes that the counts of objects take more than those of none: of the objects,
/// and of the bytes of their part and of the section.
const COUNTS: u64 = 16;

/// Maximum number of bytes of objects. A section has less than 4 GiB.
const MOST_OBJECT_BYTES: u64 = 1 << 31;

/// Options for writing a dump.
#[derive(Default)]
pub struct Options<'h> {
    /// Largest size of the file in bytes; `None` for no limit.
    pub max_size: Option<u64>,
    /// The runs of bytes of memories to keep; `None` for all.
    pub memory_ranges: Option<Vec<(MemoryIndex, Range<u64>)>>,
    /// `true` if readers that know only the oldest format must be able to read the file.
    pub compatible: bool,
    /// `true` if shared memories are written: nothing else changes them at the same time.
    pub shared_memories: bool,
    /// The embedder's part of a snapshot; `None` for a dump.
    pub snapshot: Option<HostPart<'h>>,
}

/// A dump that is ready to be written.
pub struct Writer<'a> {
    store: &'a StoreInner,
    capture: &'a Capture,
    shown: Shown,
    maps: Maps<'a>,
    data: Data<'a>,
    /// Sections before the data section, with their ids and sizes.
    head: Vec<u8>,
    /// Sections between the data section and the stacks.
    middle: Vec<u8>,
    /// The extension, unless old readers must be able to read the file, and the objects in it.
    extension: Option<(Extension, Objects<'a>)>,
    /// `true` if the modules are written too.
    with_modules: bool,
    /// The values of one frame. The buffer is reused for all frames.
    values: RefCell<FrameValues>,
}

impl<'a> Writer<'a> {
    /// Collects everything that is to be written.
    ///
    /// # Errors
    ///
    /// If the file would exceed its maximum size even without objects and the contents of memories.
    pub fn new(
        store: &'a StoreInner,
        capture: &'a Capture,
        name: &str,
        mut options: Options<'_>,
    ) -> Result<Writer<'a>> {
        let shown = Shown::new(store, &options);
        let data = Data::new(sources(store, &options, &shown), options.compatible);
        let maps = Maps::new(capture);
        let mut extension = (!options.compatible).then(|| {
            // No snapshot contains the host's references.
            let with_host = options.snapshot.is_none();
            let objects = Objects::new(store, capture, &maps, with_host);
            let extension = contents(store, capture, &shown, data.memories(), &objects);
            (extension, objects)
        });
        if let (Some(host), Some((extension, objects))) = (&mut options.snapshot, &mut extension) {
            extension.snapshot = Some(snapshot(store, capture, &maps, objects, host)?);
        }
        let mut writer = Writer {
            store,
            capture,
            maps,
            data,
            head: head(store, name, &shown),
            middle: middle(store, capture, &shown),
            shown,
            extension,
            with_modules: options.snapshot.as_ref().is_some_and(|host| host.modules),
            values: RefCell::default(),
        };
        let others = counted(&|out| writer.write_others(out))?;
        let max = options.max_size.unwrap_or(u64::MAX);
        let Some(left) = max.checked_sub(others) else {
            return Err(format_err!(
                "a core dump of this store has at least {others} bytes, and {max} are allowed"
            ));
        };
        let left = writer.fit_objects(max, left)?;
        if let (Some(_), Some((_, objects))) = (&options.snapshot, &writer.extension) {
            ensure!(
                objects.are_all_shown(),
                "the objects of the store do not fit into a snapshot: it has room for \
                 {MOST_OBJECT_BYTES} bytes of them"
            );
        }
        writer.data.fit(left);
        if let Some((extension, _)) = &mut writer.extension {
            // Not longer than before: bytes can only have been removed from the kept runs.
            extension.memories = contents::memories(store, &writer.shown, writer.data.memories());
        }
        Ok(writer)
    }

    /// Selects the objects to write, of which none are selected yet: those that memories leave room
    /// for, but at least as many as fit into a half of the `left` bytes. Returns the number of bytes of
    /// `max` that are left then.
    fn fit_objects(&mut self, max: u64, left: u64) -> Result<u64> {
        let Some((_, objects)) = &mut self.extension else {
            return Ok(left);
        };
        if objects.count() == 0 {
            return Ok(left);
        }
        objects.fit(MOST_OBJECT_BYTES)?;
        if max < u64::MAX {
            self.data.fit(u64::MAX);
            let memories = self.data.size();
            if counted(&|out| self.write_others(out))? + memories > max {
                let most = left.saturating_sub(memories).max(left / 2);
                let most = most.saturating_sub(COUNTS).min(MOST_OBJECT_BYTES);
                if let Some((_, objects)) = &mut self.extension {
                    objects.fit(most)?;
                }
            }
        }
        Ok(max.saturating_sub(counted(&|out| self.write_others(out))?))
    }

    /// Returns the number of bytes that will be written.
    ///
    /// # Errors
    ///
    /// Only if this module has a bug: counting does not fail.
    pub fn size(&self) -> Result<u64> {
        Ok(counted(&|out| self.write_others(out))? + self.data.size())
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> Result {
        out.write_all(&self.head)?;
        if self.has_data() {
            self.data.write(out)?;
        }
        self.write_tail(out)
    }

    /// Returns whether there is a data section. Old readers reject one without segments.
    fn has_data(&self) -> bool {
        self.extension.is_some() || self.data.segments() != 0
    }

    fn write_others(&self, out: &mut dyn Write) -> Result {
        out.write_all(&self.head)?;
        self.write_tail(out)
    }

    fn write_tail(&self, out: &mut dyn Write) -> Result {
        out.write_all(&self.middle)?;
        for thread in &self.capture.threads {
            custom(out, "corestack", &|out| self.write_thread(out, thread))?;
        }
        match &self.extension {
            Some((extension, objects)) => custom(out, extension::SECTION, &|out| {
                self.write_extension(out, extension, objects)
            }),
            None => Ok(()),
        }
    }

    /// Writes the contents of a `corestack` section.
    fn write_thread(&self, out: &mut dyn Write, thread: &Thread) -> Result {
        byte(out, 0)?;
        string(out, &thread.name)?;
        number(out, thread.frames.len() as u64)?;
        let mut values = self.values.borrow_mut();
        for frame in &thread.frames {
            self.maps.read(frame, &mut values);
            byte(out, 0)?;
            index(out, frame.instance.0)?;
            index(out, frame.function)?;
            index(out, values.code_offset)?;
            for values in [&values.locals, &values.operands] {
                if self.extension.is_none() {
                    // Old readers reject all values.
                    number(out, 0)?;
                    continue;
                }
                number(out, values.len() as u64)?;
                for &item in values {
                    value(out, item)?;
                }
            }
        }
        Ok(())
    }

    fn write_extension(
        &self,
        out: &mut dyn Write,
        extension: &Extension,
        objects: &Objects<'_>,
    ) -> Result {
        extension.encode_head(out)?;
        for (head, table) in extension.tables.iter().zip(self.store.tables()) {
            head.encode(out, || contents::runs(table, objects))?;
        }
        extension.encode_stacks(out)?;
        for (head, thread) in extension.threads.iter().zip(&self.capture.threads) {
            head.encode(out, thread.frames.len(), |out| {
                let mut values = self.values.borrow_mut();
                thread.frames.iter().try_for_each(|frame| {
                    self.maps.read(frame, &mut values);
                    objects.replace(&mut values.locals);
                    objects.replace(&mut values.operands);
                    let head = self.frame_head(frame, &values);
                    head.encode(out, &values.locals, &values.operands)
                })
            })?;
        }
        let contents = |out: &mut dyn Write| objects.write(out);
        extension.encode_objects(out, objects.complete.then_some(&contents))?;
        if self.with_modules {
            for (number, module) in (0..).zip(&self.capture.modules) {
                extension::module_bytes(out, number, &module.bytes)?;
            }
        }
        Ok(())
    }

    fn frame_head(&self, frame: &Frame, values: &FrameValues) -> extension::Frame {
        let stacks = &self.capture.stacks;
        let stack = stacks.binary_search_by_key(&frame.stack, |stack| stack.id.0);
        extension::Frame {
            stack: stack.map_or(u32::MAX, |at| at as u32),
            instance: frame.instance.0,
            function: frame.function,
            code_offset: values.code_offset,
            position: self.capture.position(frame),
            boundary: match frame.boundary {
                None => Boundary::None,
                Some(BoundaryKind::Instance) => Boundary::Instance,
                Some(BoundaryKind::Host) => Boundary::Host,
                Some(BoundaryKind::Continuation) => Boundary::Continuation,
            },
            captured: values.captured,
            locals: Vec::new(),
            operands: Vec::new(),
        }
    }
}

/// Counts the bytes that `write` writes.
fn counted(write: &dyn Fn(&mut dyn Write) -> Result) -> Result<u64> {
    let mut size = Counter::default();
    write(&mut size)?;
    Ok(size.bytes)
}

/// Writes a custom section.
fn custom(out: &mut dyn Write, name: &str, contents: &dyn Fn(&mut dyn Write) -> Result) -> Result {
    let size = counted(&|out| {
        string(out, name)?;
        contents(out)
    })?;
    let size = u32::try_from(size).map_err(|_| {
        format_err!(
            "the section `{name}` of a core dump would have {size} bytes, but at most 2^32 - 1 are possible"
        )
    })?;
    byte(out, 0)?;
    index(out, size)?;
    string(out, name)?;
    contents(out)
}

/// Writes a value of `corestack`. Values that the format cannot express are written as missing.
fn value(out: &mut dyn Write, value: Value) -> Result {
    match value {
        Value::I32(bits) => {
            byte(out, 0x7f)?;
            signed(out, i64::from(bits as i32))
        }
        Value::I64(bits) => {
            byte(out, 0x7e)?;
            signed(out, bits as i64)
        }
        Value::F32(bits) => {
            byte(out, 0x7d)?;
            out.write_all(&bits.to_le_bytes())
        }
        Value::F64(bits) => {
            byte(out, 0x7c)?;
            out.write_all(&bits.to_le_bytes())
        }
        Value::V128(_) | Value::Ref(..) | Value::Missing => byte(out, 0x01),
    }
}

/// Returns the memories to write, with the runs of bytes to keep.
fn sources<'a>(store: &'a StoreInner, options: &Options<'_>, shown: &Shown) -> Vec<Source<'a>> {
    let source = |(index, memory): (usize, &'a Memory)| {
        let size = memory.byte_size();
        // The bytes of a memory that other stores have may change while they are written.
        let bytes = memory.bytes();
        Source {
            bytes: bytes.unwrap_or_default(),
            memory64: memory.ty().memory64,
            shared: memory.ty().shared,
            kept: match &options.memory_ranges {
                _ if bytes.is_none() => Vec::new(),
                None => merged(core::iter::once(&(0..u64::MAX)), size),
                Some(ranges) => {
                    let of_this = ranges
                        .iter()
                        .filter(|(memory, _)| memory.0 as usize == index);
                    merged(of_this.map(|(_, range)| range), size)
                }
            },
        }
    };
    shown.memories(store).map(source).collect()
}

/// Merges ranges into ascending, disjoint runs within a memory of `size` bytes.
fn merged<'r>(ranges: impl Iterator<Item = &'r Range<u64>>, size: usize) -> Vec<Range<usize>> {
    let within = |at: u64| usize::try_from(at).map_or(size, |at| at.min(size));
    let mut sorted: Vec<Range<usize>> = ranges
        .map(|range| within(range.start)..within(range.end))
        .filter(|range| !range.is_empty())
        .collect();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Builds the module's header, and the `core`, memory and global sections.
fn head(store: &StoreInner, name: &str, shown: &Shown) -> Vec<u8> {
    let mut bytes = Vec::from(wasm_encoder::Module::HEADER);
    CoreDumpSection::new(name).append_to(&mut bytes);
    let mut memories = MemorySection::new();
    for (_, memory) in shown.memories(store) {
        let ty = memory.ty();
        memories.memory(MemoryType {
            minimum: memory.pages(),
            maximum: ty.maximum,
            memory64: ty.memory64,
            shared: ty.shared,
            page_size_log2: (ty.page_size_log2 != 16).then_some(ty.page_size_log2),
        });
    }
    memories.append_to(&mut bytes);
    let mut globals = GlobalSection::new();
    for global in store.globals().iter().take(shown.globals) {
        let value = contents::value(global.ty().value, global.get());
        let (val_type, init) = constant(value);
        let ty = GlobalType {
            val_type,
            mutable: global.ty().mutable,
            shared: false,
        };
        globals.global(ty, &init);
    }
    globals.append_to(&mut bytes);
    bytes
}

/// Returns the type of a global with a value, and an initialiser for it. For a reference, these
/// are the top type and null.
fn constant(value: Value) -> (wasm_encoder::ValType, ConstExpr) {
    use wasm_encoder::{HeapType, RefType, ValType};
    let kind = match value {
        Value::I32(bits) => return (ValType::I32, ConstExpr::i32_const(bits as i32)),
        Value::I64(bits) => return (ValType::I64, ConstExpr::i64_const(bits as i64)),
        Value::F32(bits) => return (ValType::F32, ConstExpr::f32_const(Ieee32::new(bits))),
        Value::F64(bits) => return (ValType::F64, ConstExpr::f64_const(Ieee64::new(bits))),
        Value::V128(bits) => return (ValType::V128, ConstExpr::v128_const(bits as i128)),
        Value::Ref(kind, _) => kind,
        Value::Missing => RefKind::Any,
    };
    let heap_type = HeapType::Abstract {
        shared: false,
        ty: match kind {
            RefKind::Func => AbstractHeapType::Func,
            RefKind::Extern => AbstractHeapType::Extern,
            RefKind::Any | RefKind::I31 => AbstractHeapType::Any,
            RefKind::Exn => AbstractHeapType::Exn,
            RefKind::Cont => AbstractHeapType::Cont,
        },
    };
    let ty = RefType {
        nullable: true,
        heap_type,
    };
    (ValType::Ref(ty), ConstExpr::ref_null(heap_type))
}

/// Builds the sections `coremodules` and `coreinstances`.
fn middle(store: &StoreInner, capture: &Capture, shown: &Shown) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut modules = CoreDumpModulesSection::new();
    for (index, module) in capture.modules.iter().enumerate() {
        match module.name() {
            Some(name) => modules.module(name),
            None => modules.module(format!("<anonymous-module-{index}>")),
        };
    }
    modules.append_to(&mut bytes);
    let mut instances = CoreDumpInstancesSection::new();
    for (instance, &module) in store.instances().zip(&capture.instances) {
        let parts = instance.parts();
        instances.instance(
            module,
            // A number in place of a memory that is left out keeps the indices of the others.
            (parts.memories.iter()).map(|memory| shown.memory(memory.0).unwrap_or(u32::MAX)),
            (parts.globals.iter().map(|global| global.0))
                .filter(|&index| (index as usize) < shown.globals)
                .collect::<Vec<u32>>(),
        );
    }
    instances.append_to(&mut bytes);
    bytes
}
