//! The declarations of a module, in the runtime's types.

use super::const_expr::{ConstExpr, ReadError};
use super::error::{Complaint, Fault, ModuleError, Place};
use super::link::{Export, ExportItem, Import};
use super::sections::Sections;
use super::segment::{DataSegment, ElementItems, ElementSegment, SegmentMode};
use super::type_registry::{ModuleType, TypeRegistry, within_group};
use super::types::{
    CompositeKind, CompositeType, ExternType, FieldType, FuncType, GlobalType, HeapType,
    MemoryType, RefType, StorageType, SubType, TableType, ValType,
};
use super::unsupported::{self, Needs};
use crate::ids::TypeId;
use alloc::sync::Arc;
use alloc::vec::Vec;
use wasmparser::{
    CompositeInnerType, DataKind, ElementKind, ExternalKind, FromReader, SectionLimited, TableInit,
    TypeRef, UnpackedIndex,
};

/// The contents of all sections of a valid module, except code and names.
#[derive(Default)]
pub(super) struct Outline {
    pub types: Vec<ModuleType>,
    pub imports: Vec<Import>,
    pub exports: Vec<Export>,
    pub functions: Vec<u32>,
    pub imported_functions: u32,
    pub tables: Vec<TableType>,
    pub imported_tables: u32,
    pub table_inits: Vec<Option<ConstExpr>>,
    pub memories: Vec<MemoryType>,
    pub imported_memories: u32,
    pub tags: Vec<u32>,
    pub imported_tags: u32,
    pub globals: Vec<GlobalType>,
    pub imported_globals: u32,
    pub global_inits: Vec<ConstExpr>,
    pub elements: Vec<ElementSegment>,
    pub data: Vec<DataSegment>,
    /// Number of types before the recursion group that is being read.
    before_group: u32,
    /// Kinds of the types in that group.
    group: Vec<CompositeKind>,
}

impl Outline {
    /// Reads validated sections. `self` must be empty. Use of an unsupported proposal is an error.
    pub(super) fn read(
        &mut self,
        registry: &TypeRegistry,
        sections: &Sections<'_>,
    ) -> Result<(), ModuleError> {
        self.read_types(registry, sections)?;
        each("import", imports(sections), |ty| self.import(ty))?;
        self.imported_functions = self.functions.len() as u32;
        self.imported_tables = self.tables.len() as u32;
        self.imported_memories = self.memories.len() as u32;
        self.imported_tags = self.tags.len() as u32;
        self.imported_globals = self.globals.len() as u32;
        reserve(&mut self.functions, &sections.functions);
        each("function", items(&sections.functions), |ty| {
            self.functions.push(ty);
            Ok(())
        })?;
        reserve(&mut self.tables, &sections.tables);
        reserve(&mut self.table_inits, &sections.tables);
        each("table", items(&sections.tables), |table| {
            let ty = self.table_type(table.ty)?;
            self.tables.push(ty);
            self.table_inits.push(match table.init {
                TableInit::RefNull => None,
                TableInit::Expr(expr) => Some(ConstExpr::read(&expr)?),
            });
            Ok(())
        })?;
        each("memory", items(&sections.memories), |ty| {
            self.memories.push(memory_type(ty));
            Ok(())
        })?;
        reserve(&mut self.tags, &sections.tags);
        each("tag", items(&sections.tags), |tag| {
            self.tags.push(tag.func_type_idx);
            Ok(())
        })?;
        reserve(&mut self.globals, &sections.globals);
        reserve(&mut self.global_inits, &sections.globals);
        each("global", items(&sections.globals), |global| {
            let ty = self.global_type(global.ty)?;
            self.globals.push(ty);
            self.global_inits.push(ConstExpr::read(&global.init_expr)?);
            Ok(())
        })?;
        reserve(&mut self.exports, &sections.exports);
        each("export", items(&sections.exports), |item| {
            self.exports.push(export(item)?);
            Ok(())
        })?;
        reserve(&mut self.elements, &sections.elements);
        each("element", items(&sections.elements), |segment| {
            let segment = self.element_segment(segment)?;
            self.elements.push(segment);
            Ok(())
        })?;
        reserve(&mut self.data, &sections.data);
        each("data", items(&sections.data), |segment| {
            self.data.push(data_segment(segment)?);
            Ok(())
        })?;
        Ok(())
    }

    fn read_types(
        &mut self,
        registry: &TypeRegistry,
        sections: &Sections<'_>,
    ) -> Result<(), ModuleError> {
        reserve(&mut self.types, &sections.types);
        each("type", items(&sections.types), |group| {
            self.before_group = self.types.len() as u32;
            self.group.clear();
            self.group.extend(group.types().map(kind));
            let members = collect(group.into_types_and_offsets().map(|(offset, ty)| {
                self.sub_type(&ty)
                    .map_err(|needs| ReadError::Needs(needs, offset))
            }))?;
            registry.intern_group(members, &mut self.types);
            Ok(())
        })?;
        self.before_group = self.types.len() as u32;
        Ok(())
    }

    fn import(&mut self, import: wasmparser::Import<'_>) -> Result<(), ReadErrorHere> {
        let ty = match import.ty {
            TypeRef::Func(ty) => {
                self.functions.push(ty);
                ExternType::Func(self.types[ty as usize].id)
            }
            TypeRef::Table(ty) => {
                let ty = self.table_type(ty)?;
                self.tables.push(ty);
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                let ty = memory_type(ty);
                self.memories.push(ty);
                ExternType::Memory(ty)
            }
            TypeRef::Global(ty) => {
                let ty = self.global_type(ty)?;
                self.globals.push(ty);
                ExternType::Global(ty)
            }
            TypeRef::Tag(tag) => {
                self.tags.push(tag.func_type_idx);
                ExternType::Tag(self.types[tag.func_type_idx as usize].id)
            }
            TypeRef::FuncExact(_) => {
                return Err(Needs::new("custom-descriptors", "an exact function").into());
            }
        };
        self.imports.push(Import {
            module: import.module.into(),
            name: import.name.into(),
            ty,
        });
        Ok(())
    }

    fn sub_type(&self, ty: &wasmparser::SubType) -> Result<SubType, Needs> {
        let composite = &ty.composite_type;
        if composite.shared {
            return Err(Needs::new("shared-everything-threads", "a shared type"));
        }
        if composite.descriptor_idx.is_some() || composite.describes_idx.is_some() {
            return Err(Needs::new("custom-descriptors", "a type with a descriptor"));
        }
        let composite = match &composite.inner {
            CompositeInnerType::Func(func) => {
                let values = |types: &[wasmparser::ValType]| {
                    let types = types.iter().map(|&ty| self.val_type(ty));
                    collect(types).map(Vec::into_boxed_slice)
                };
                CompositeType::Func(Arc::new(FuncType::new(
                    values(func.params())?,
                    values(func.results())?,
                )))
            }
            CompositeInnerType::Array(array) => CompositeType::Array(self.field_type(&array.0)?),
            CompositeInnerType::Struct(structure) => {
                let fields = structure.fields.iter().map(|field| self.field_type(field));
                CompositeType::Struct(fields.collect::<Result<_, _>>()?)
            }
            CompositeInnerType::Cont(cont) => CompositeType::Cont(self.type_id(cont.0.unpack())?.0),
        };
        let supertype = match ty.supertype_idxs.first() {
            Some(index) => Some(self.type_id(index.unpack())?.0),
            None => None,
        };
        Ok(SubType {
            is_final: ty.is_final,
            supertype,
            composite,
        })
    }

    fn field_type(&self, ty: &wasmparser::FieldType) -> Result<FieldType, Needs> {
        Ok(FieldType {
            storage: match ty.element_type {
                wasmparser::StorageType::I8 => StorageType::I8,
                wasmparser::StorageType::I16 => StorageType::I16,
                wasmparser::StorageType::Val(ty) => StorageType::Val(self.val_type(ty)?),
            },
            mutable: ty.mutable,
        })
    }

    /// Returns the identity and the kind of a type.
    fn type_id(&self, index: UnpackedIndex) -> Result<(TypeId, CompositeKind), Needs> {
        let UnpackedIndex::Module(index) = index else {
            return Err(Needs::new("gc", "an unusual reference type"));
        };
        Ok(match index.checked_sub(self.before_group) {
            None => {
                let ty = &self.types[index as usize];
                (ty.id, ty.ty.composite.kind())
            }
            Some(index) => (within_group(index), self.group[index as usize]),
        })
    }

    fn val_type(&self, ty: wasmparser::ValType) -> Result<ValType, Needs> {
        unsupported::val_type(ty)?;
        Ok(match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(ty) => ValType::Ref(self.ref_type(ty)?),
        })
    }

    fn ref_type(&self, ty: wasmparser::RefType) -> Result<RefType, Needs> {
        Ok(RefType {
            nullable: ty.is_nullable(),
            heap: self.heap_type(ty.heap_type())?,
        })
    }

    fn heap_type(&self, ty: wasmparser::HeapType) -> Result<HeapType, Needs> {
        unsupported::heap_type(ty)?;
        let ty = match ty {
            wasmparser::HeapType::Abstract { ty, .. } => ty,
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let (id, kind) = self.type_id(index)?;
                return Ok(HeapType::concrete(kind, id));
            }
        };
        Ok(HeapType::of_abstract(ty))
    }

    fn table_type(&self, ty: wasmparser::TableType) -> Result<TableType, Needs> {
        if ty.shared {
            return Err(Needs::new("shared-everything-threads", "a shared table"));
        }
        Ok(TableType {
            element: self.ref_type(ty.element_type)?,
            minimum: ty.initial,
            maximum: ty.maximum,
            table64: ty.table64,
        })
    }

    fn global_type(&self, ty: wasmparser::GlobalType) -> Result<GlobalType, Needs> {
        if ty.shared {
            return Err(Needs::new("shared-everything-threads", "a shared global"));
        }
        Ok(GlobalType {
            value: self.val_type(ty.content_type)?,
            mutable: ty.mutable,
        })
    }

    fn element_segment(
        &self,
        segment: wasmparser::Element<'_>,
    ) -> Result<ElementSegment, ReadErrorHere> {
        let (ty, items) = match segment.items {
            wasmparser::ElementItems::Functions(functions) => {
                let functions = collect(functions.into_iter())?.into();
                let ty = RefType {
                    nullable: false,
                    heap: HeapType::Func,
                };
                (ty, ElementItems::Functions(functions))
            }
            wasmparser::ElementItems::Expressions(ty, expressions) => {
                let ty = self.ref_type(ty)?;
                let mut values = Vec::with_capacity(expressions.count() as usize);
                for expression in expressions {
                    values.push(ConstExpr::read(&expression?)?);
                }
                (ty, element_items(values))
            }
        };
        let mode = match segment.kind {
            ElementKind::Passive => SegmentMode::Passive,
            ElementKind::Declared => SegmentMode::Declared,
            ElementKind::Active {
                table_index,
                offset_expr,
            } => SegmentMode::Active {
                index: table_index.unwrap_or(0),
                offset: ConstExpr::read(&offset_expr)?,
            },
        };
        Ok(ElementSegment { ty, items, mode })
    }
}

fn kind(ty: &wasmparser::SubType) -> CompositeKind {
    match ty.composite_type.inner {
        CompositeInnerType::Func(_) => CompositeKind::Func,
        CompositeInnerType::Struct(_) => CompositeKind::Struct,
        CompositeInnerType::Array(_) => CompositeKind::Array,
        CompositeInnerType::Cont(_) => CompositeKind::Cont,
    }
}

/// This representation takes a sixth of the memory if all expressions are functions.
fn element_items(values: Vec<ConstExpr>) -> ElementItems {
    match values.iter().map(ConstExpr::as_function).collect() {
        Some(functions) => ElementItems::Functions(functions),
        None => ElementItems::Expressions(values.into()),
    }
}

fn memory_type(ty: wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        minimum: ty.initial,
        maximum: ty.maximum,
        memory64: ty.memory64,
        shared: ty.shared,
        page_size_log2: ty.page_size_log2.unwrap_or(16),
    }
}

fn export(export: wasmparser::Export<'_>) -> Result<Export, Needs> {
    let item = match export.kind {
        ExternalKind::Func => ExportItem::Func(export.index),
        ExternalKind::Table => ExportItem::Table(export.index),
        ExternalKind::Memory => ExportItem::Memory(export.index),
        ExternalKind::Global => ExportItem::Global(export.index),
        ExternalKind::Tag => ExportItem::Tag(export.index),
        ExternalKind::FuncExact => {
            return Err(Needs::new("custom-descriptors", "an exact function"));
        }
    };
    Ok(Export {
        name: export.name.into(),
        item,
    })
}

fn data_segment(segment: wasmparser::Data<'_>) -> Result<DataSegment, ReadError> {
    let end = segment.range.end as usize;
    let mode = match segment.kind {
        DataKind::Passive => SegmentMode::Passive,
        DataKind::Active {
            memory_index,
            offset_expr,
        } => SegmentMode::Active {
            index: memory_index,
            offset: ConstExpr::read(&offset_expr)?,
        },
    };
    Ok(DataSegment {
        range: end - segment.data.len()..end,
        mode,
    })
}

/// The reason why an item could not be read. Its offset is in the error, or else it is that of
/// the item.
enum ReadErrorHere {
    There(ReadError),
    Here(Needs),
}

impl From<ReadError> for ReadErrorHere {
    fn from(error: ReadError) -> ReadErrorHere {
        ReadErrorHere::There(error)
    }
}

impl From<wasmparser::Error> for ReadErrorHere {
    fn from(error: wasmparser::Error) -> ReadErrorHere {
        ReadErrorHere::There(ReadError::Invalid(error))
    }
}

impl From<Needs> for ReadErrorHere {
    fn from(needs: Needs) -> ReadErrorHere {
        ReadErrorHere::Here(needs)
    }
}

/// Calls `read` with each item of a section. `section` is the section's name for messages.
fn each<T>(
    section: &'static str,
    items: Option<impl Iterator<Item = wasmparser::Result<(u64, T)>>>,
    mut read: impl FnMut(T) -> Result<(), ReadErrorHere>,
) -> Result<(), ModuleError> {
    let place = Place::Section(section);
    let invalid = |error| {
        Fault {
            place,
            error: Complaint::Validator(error),
        }
        .into_invalid()
    };
    let Some(items) = items else {
        return Ok(());
    };
    for item in items {
        let (start, item) = item.map_err(invalid)?;
        read(item).map_err(|error| match error {
            ReadErrorHere::Here(needs) => needs.at(place, start),
            ReadErrorHere::There(ReadError::Needs(needs, offset)) => needs.at(place, offset),
            ReadErrorHere::There(ReadError::Invalid(error)) => invalid(error),
        })?;
    }
    Ok(())
}

fn items<'a, T: FromReader<'a>>(
    section: &Option<SectionLimited<'a, T>>,
) -> Option<impl Iterator<Item = wasmparser::Result<(u64, T)>>> {
    let section = section.as_ref()?;
    Some(section.clone().into_iter_with_offsets())
}

fn imports<'a>(
    sections: &Sections<'a>,
) -> Option<impl Iterator<Item = wasmparser::Result<(u64, wasmparser::Import<'a>)>>> {
    let section = sections.imports.as_ref()?;
    Some(section.clone().into_imports_with_offsets())
}

/// Collects the items. `Iterator::collect` does not reserve capacity if items may be errors.
fn collect<T, E>(items: impl ExactSizeIterator<Item = Result<T, E>>) -> Result<Vec<T>, E> {
    let mut collected = Vec::with_capacity(items.len());
    for item in items {
        collected.push(item?);
    }
    Ok(collected)
}

/// Reserves capacity for the items of a section. Their number has been validated.
fn reserve<T, U>(into: &mut Vec<T>, section: &Option<SectionLimited<'_, U>>) {
    into.reserve_exact(
        section
            .as_ref()
            .map_or(0, |section| section.count() as usize),
    );
}

#[cfg(test)]
mod tests;
