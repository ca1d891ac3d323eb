//! The sections of a dump, decoded one by one.

use super::{CoreDumpError, Frame, Global, Heap, Instance, Memory, Module, RefKind, Thread};
use super::{Type, Value};
use crate::walk::coredump::extension::{self, Extension, Malformed};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use wasmparser::{
    AbstractHeapType, BinaryReader, ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection,
    CoreDumpSection, CoreDumpStackFrame, CoreDumpStackSection, CoreDumpValue, CustomSectionReader,
    DataKind, DataSectionReader, Encoding, FromReader, GlobalType, HeapType, Operator, Parser,
    Payload, RefType, ValType,
};

/// The decoded sections, before they are combined.
#[derive(Default)]
pub(super) struct Sections<'a> {
    pub name: &'a str,
    pub modules: Vec<Module>,
    pub instances: Vec<Instance>,
    pub memories: Vec<Memory<'a>>,
    pub globals: Vec<Global>,
    pub threads: Vec<Thread>,
    pub extension_version: Option<u64>,
    pub extension: Option<Extension>,
    /// Set if there are stacks in the first format: the error of reading one in the present
    /// format.
    without_instances: Option<CoreDumpError>,
}

/// Result of decoding; the error names the section.
type Outcome<T = ()> = Result<T, CoreDumpError>;

impl<'a> Sections<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Outcome<Sections<'a>> {
        let mut sections = Sections::default();
        let mut is_dump = false;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(malformed("the file"))? {
                Payload::Version {
                    encoding: Encoding::Component,
                    range,
                    ..
                } => {
                    return Err(CoreDumpError::Malformed {
                        section: "the file",
                        offset: range.start,
                        message: "it is a component, but core dumps are modules".to_owned(),
                    });
                }
                Payload::ImportSection(section) if section.count() > 0 => {
                    return Err(CoreDumpError::Malformed {
                        section: "the import section",
                        offset: section.range().start,
                        message: "a core dump cannot have imports".to_owned(),
                    });
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        let ty = memory.map_err(malformed("the memory section"))?;
                        sections.memories.push(Memory::new(&ty));
                    }
                }
                Payload::GlobalSection(section) => {
                    let range = section.range();
                    let contents = &bytes[range.start as usize..range.end as usize];
                    sections.globals = globals(BinaryReader::new(contents, range.start))
                        .map_err(malformed("the global section"))?;
                }
                // The parser checks the order of sections, so memories come first.
                Payload::DataSection(section) => sections.read_data(section)?,
                Payload::CustomSection(section) => is_dump |= sections.read_custom(&section)?,
                _ => {}
            }
        }
        if !is_dump {
            return Err(CoreDumpError::NotADump);
        }
        // Frames of the first format belong to the only instance, which it does not describe.
        if let Some(error) = sections.without_instances.take()
            && !sections.instances.is_empty()
        {
            return Err(error);
        }
        Ok(sections)
    }

    /// Reads a custom section if it belongs to a core dump. Returns whether the section makes the
    /// module a core dump.
    fn read_custom(&mut self, section: &CustomSectionReader<'a>) -> Outcome<bool> {
        let reader = BinaryReader::new(section.data(), section.data_offset());
        match section.name() {
            "core" => {
                let core = CoreDumpSection::new(reader).map_err(malformed("the `core` section"))?;
                self.name = core.name;
                return Ok(true);
            }
            "coremodules" => {
                let modules = CoreDumpModulesSection::new(reader)
                    .map_err(malformed("the `coremodules` section"))?;
                let named = |name: &str| Module {
                    name: name.to_owned(),
                    identity: None,
                };
                self.modules.extend(modules.modules.into_iter().map(named));
            }
            "coreinstances" => {
                let section = CoreDumpInstancesSection::new(reader)
                    .map_err(malformed("the `coreinstances` section"))?;
                let instances = section.instances.into_iter().map(|instance| Instance {
                    module: instance.module_index,
                    memories: instance.memories,
                    globals: instance.globals,
                    details: None,
                });
                self.instances.extend(instances);
            }
            "corestack" => {
                let thread = match CoreDumpStackSection::new(reader.clone()) {
                    Ok(stack) => Thread {
                        name: stack.name.to_owned(),
                        complete: true,
                        frames: stack.frames.into_iter().map(frame).collect(),
                        state: None,
                    },
                    Err(error) => {
                        let error = malformed("the `corestack` section")(error);
                        let Some(thread) = thread_without_instances(reader) else {
                            return Err(error);
                        };
                        self.without_instances.get_or_insert(error);
                        thread
                    }
                };
                self.threads.push(thread);
                return Ok(true);
            }
            extension::SECTION => {
                self.extension_version = reader.clone().read_var_u64().ok();
                self.extension = read_extension(section)?;
            }
            _ => {}
        }
        Ok(false)
    }

    fn read_data(&mut self, section: DataSectionReader<'a>) -> Outcome {
        let malformed = malformed("the data section");
        for segment in section {
            let segment = segment.map_err(&malformed)?;
            let DataKind::Active {
                memory_index,
                offset_expr,
            } = segment.kind
            else {
                continue;
            };
            let offset = segment.range.start;
            let refuse = |message: String| CoreDumpError::Malformed {
                section: "the data section",
                offset,
                message,
            };
            let count = self.memories.len();
            let Some(memory) = self.memories.get_mut(memory_index as usize) else {
                return Err(refuse(format!(
                    "a segment for memory {memory_index}, but there are {count} memories"
                )));
            };
            let address = match constant(&offset_expr).map_err(&malformed)? {
                Value::I32(address) => u64::from(address),
                Value::I64(address) => address,
                _ => return Err(refuse("a segment without a constant address".to_owned())),
            };
            if !memory.holds(address, segment.data.len()) {
                return Err(refuse(format!(
                    "a segment of {:#x} bytes at address {address:#x} does not fit into memory \
                     {memory_index}, which has {:#x} bytes",
                    segment.data.len(),
                    memory.size()
                )));
            }
            memory.write(address, segment.data);
        }
        Ok(())
    }
}

/// Reads the section of Backstitch if its version is supported.
fn read_extension(section: &CustomSectionReader<'_>) -> Outcome<Option<Extension>> {
    let (offset, message) = match Extension::decode(section.data()) {
        Ok(extension) => return Ok(Some(extension)),
        Err(Malformed::Version(_)) => return Ok(None),
        Err(Malformed::At { offset, what }) => (offset as u64, format!("expected {what}")),
        Err(error @ Malformed::OutOfMemory) => (0, error.to_string()),
    };
    Err(CoreDumpError::Malformed {
        section: "the `backstitch.coredump` section",
        offset: section.data_offset() + offset,
        message,
    })
}

fn malformed(section: &'static str) -> impl Fn(wasmparser::Error) -> CoreDumpError {
    move |error| CoreDumpError::Malformed {
        section,
        offset: error.offset(),
        message: error.message().to_owned(),
    }
}

/// Reads a `corestack` section in the first format, of 2023, whose frames have no instance.
///
/// A section in one format is not well-formed in the other, as their frames have different
/// numbers of fields.
fn thread_without_instances(mut reader: BinaryReader<'_>) -> Option<Thread> {
    // The version of the section, and below of each frame.
    if reader.read_u8().ok()? != 0 {
        return None;
    }
    let name = reader.read_unlimited_string().ok()?.to_owned();
    let mut frames = Vec::new();
    for _ in 0..reader.read_var_u32().ok()? {
        if reader.read_u8().ok()? != 0 {
            return None;
        }
        let function = reader.read_var_u32().ok()?;
        let code_offset = reader.read_var_u32().ok()?;
        let mut values = || {
            let count = reader.read_var_u32().ok()?;
            let value = |_| CoreDumpValue::from_reader(&mut reader).ok().map(value);
            (0..count).map(value).collect::<Option<Vec<Value>>>()
        };
        frames.push(Frame {
            instance: 0,
            function,
            code_offset,
            locals: values()?,
            operands: values()?,
            details: None,
        });
    }
    reader.eof().then_some(Thread {
        name,
        complete: true,
        state: None,
        frames,
    })
}

fn frame(frame: CoreDumpStackFrame) -> Frame {
    Frame {
        instance: frame.instanceidx,
        function: frame.funcidx,
        code_offset: frame.codeoffset,
        locals: frame.locals.into_iter().map(value).collect(),
        operands: frame.stack.into_iter().map(value).collect(),
        details: None,
    }
}

fn value(value: CoreDumpValue) -> Value {
    match value {
        CoreDumpValue::Missing => Value::Missing,
        CoreDumpValue::I32(value) => Value::I32(value.cast_unsigned()),
        CoreDumpValue::I64(value) => Value::I64(value.cast_unsigned()),
        CoreDumpValue::F32(value) => Value::F32(value.bits()),
        CoreDumpValue::F64(value) => Value::F64(value.bits()),
    }
}

/// Decodes the contents of the global section.
fn globals(mut reader: BinaryReader<'_>) -> Result<Vec<Global>, wasmparser::Error> {
    let mut globals = Vec::new();
    for _ in 0..reader.read_var_u32()? {
        let ty: GlobalType = reader.read()?;
        let value = match vector(&mut reader) {
            Some(vector) => vector,
            None => constant(&reader.read()?)?,
        };
        globals.push(Global {
            ty: type_of(ty.content_type),
            mutable: ty.mutable,
            value,
        });
    }
    Ok(globals)
}

/// Reads an expression that is one vector. Otherwise returns `None` and leaves the reader where it
/// is. A build without vectors reads the dumps of others, but the parser is one without vectors.
fn vector(reader: &mut BinaryReader<'_>) -> Option<Value> {
    // `v128.const`, and behind its value `end`.
    let mut rest = reader.clone();
    if rest.read_bytes(2).ok()? != [0xfd, 0x0c] {
        return None;
    }
    let value = rest.read_bytes(16).ok()?.try_into().ok()?;
    if rest.read_u8().ok()? != 0x0b {
        return None;
    }
    *reader = rest;
    Some(Value::V128(u128::from_le_bytes(value)))
}

/// Evaluates an expression that is one constant; other expressions are `Missing`.
fn constant(expression: &ConstExpr<'_>) -> Result<Value, wasmparser::Error> {
    let mut operators = expression.get_operators_reader();
    let value = match operators.read()? {
        Operator::I32Const { value } => Value::I32(value.cast_unsigned()),
        Operator::I64Const { value } => Value::I64(value.cast_unsigned()),
        Operator::F32Const { value } => Value::F32(value.bits()),
        Operator::F64Const { value } => Value::F64(value.bits()),
        Operator::RefNull { hty } => Value::Ref(kind_of(hty), None),
        _ => Value::Missing,
    };
    Ok(match operators.read()? {
        Operator::End => value,
        _ => Value::Missing,
    })
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) => reference(ty),
    }
}

fn reference(ty: RefType) -> Type {
    let heap = match ty.heap_type() {
        HeapType::Abstract { ty, .. } => Heap::Abstract(byte_of(ty)),
        HeapType::Concrete(index) | HeapType::Exact(index) => {
            Heap::Concrete(index.as_module_index().unwrap_or(u32::MAX))
        }
    };
    Type::Ref {
        nullable: ty.is_nullable(),
        heap,
    }
}

/// Returns the byte of an abstract heap type in the binary format.
fn byte_of(ty: AbstractHeapType) -> u8 {
    match ty {
        AbstractHeapType::NoExn => 0x74,
        AbstractHeapType::NoFunc => 0x73,
        AbstractHeapType::NoExtern => 0x72,
        AbstractHeapType::None => 0x71,
        AbstractHeapType::Func => 0x70,
        AbstractHeapType::Extern => 0x6f,
        AbstractHeapType::Any => 0x6e,
        AbstractHeapType::Eq => 0x6d,
        AbstractHeapType::I31 => 0x6c,
        AbstractHeapType::Struct => 0x6b,
        AbstractHeapType::Array => 0x6a,
        AbstractHeapType::Exn => 0x69,
        AbstractHeapType::Cont => 0x68,
        AbstractHeapType::NoCont => 0x75,
    }
}

/// Returns the kind of reference that a null of the type is.
fn kind_of(ty: HeapType) -> RefKind {
    match ty {
        HeapType::Abstract { ty, .. } => match ty {
            AbstractHeapType::Func | AbstractHeapType::NoFunc => RefKind::Func,
            AbstractHeapType::Extern | AbstractHeapType::NoExtern => RefKind::Extern,
            AbstractHeapType::Exn | AbstractHeapType::NoExn => RefKind::Exn,
            AbstractHeapType::Cont | AbstractHeapType::NoCont => RefKind::Cont,
            _ => RefKind::Any,
        },
        // The kind of a concrete type depends on type definitions, which dumps do not contain.
        HeapType::Concrete(_) | HeapType::Exact(_) => RefKind::Func,
    }
}
