//! Memories, tables, globals, tags, functions and instances.

use super::Host;
use super::values::Values;
use crate::heap::{Extern, HostCall, HostFunc, InstanceParts, Memory, StoreInner, check_import};
use crate::ids::{FuncIndex, GlobalIndex, InstanceIndex, MemoryIndex, TableIndex, TagIndex};
use crate::module::{
    ConstExpr, ElementItems, ExternType, FuncType, GlobalType, HeapType, MemoryType, Module,
    RefType, TableType, ValType,
};
use crate::support::error::{Context, Result};
use crate::walk::coredump::extension::{Function, Heap, Snapshot, Type, TypeDefinition};
use crate::walk::coredump::reader::{CoreDump, Instance};
use crate::{bail, ensure, format_err};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The module that declares an entity, and the entity's index there.
#[derive(Clone, Copy)]
struct Declaration<'a> {
    module: &'a Module,
    index: usize,
    /// True if an instance of the module defines the entity, false if it imports it.
    defines: bool,
}

/// The declarations of the entities of one kind, by their indices in the store.
struct Declarations<'a> {
    what: &'static str,
    all: Vec<Option<Declaration<'a>>>,
}

impl<'a> Declarations<'a> {
    fn new(what: &'static str, count: usize) -> Result<Declarations<'a>> {
        let mut all = Vec::new();
        all.try_reserve_exact(count)?;
        all.resize(count, None);
        Ok(Declarations { what, all })
    }

    /// Adds the entities that an instance has, of which it imports the first `imported`.
    fn add(
        &mut self,
        module: &'a Module,
        indices: &[u32],
        declared: usize,
        imported: u32,
    ) -> Result<()> {
        let what = self.what;
        ensure!(
            indices.len() == declared,
            format_err!(
                "an instance has {} of kind {what}, and its module declares {declared}",
                indices.len()
            )
        );
        for (index, &entity) in indices.iter().enumerate() {
            let defines = index >= imported as usize;
            let place = self.all.get_mut(entity as usize);
            let place = place.ok_or_else(|| format_err!("there is no {what} {entity}"))?;
            ensure!(
                !(defines && place.is_some_and(|known| known.defines)),
                format_err!("two instances define {what} {entity}")
            );
            if defines || place.is_none() {
                *place = Some(Declaration {
                    module,
                    index,
                    defines,
                });
            }
        }
        Ok(())
    }
}

/// Creates all entities, without contents.
pub fn create(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    modules: &[Arc<Module>],
    snapshot: &Snapshot,
    host: &mut Host<'_>,
) -> Result<()> {
    let tables = dump.tables().len();
    let mut all = [
        Declarations::new("memory", dump.memories().len())?,
        Declarations::new("table", tables)?,
        Declarations::new("global", dump.globals().len())?,
        Declarations::new("tag", dump.tags().len())?,
    ];
    for instance in dump.instances() {
        let module = module_of(instance, modules)?;
        let details = details(instance)?;
        let [memories, tables, globals, tags] = &mut all;
        memories.add(
            module,
            &instance.memories,
            module.memories.len(),
            module.imported_memories,
        )?;
        tables.add(
            module,
            &details.tables,
            module.tables.len(),
            module.imported_tables,
        )?;
        globals.add(
            module,
            &instance.globals,
            module.globals.len(),
            module.imported_globals,
        )?;
        tags.add(
            module,
            &details.tags,
            module.tags.len(),
            module.imported_tags,
        )?;
    }
    let [memories, tables, globals, tags] = all;
    for (index, declaration) in memories.all.iter().enumerate() {
        let given = host.memory.map(|memory| memory(MemoryIndex(index as u32)));
        create_memory(store, dump, index, *declaration, given.transpose()?)
            .with_context(|| format!("memory {index}"))?;
    }
    for (index, declaration) in tables.all.iter().enumerate() {
        create_table(store, dump, index, *declaration).with_context(|| format!("table {index}"))?;
    }
    for (global, declaration) in dump.globals().iter().zip(&globals.all) {
        let declared = declaration.map(|it| it.module.globals[it.index]);
        let ty = match (declared, declaration) {
            (Some(ty), Some(declaration)) if declaration.defines => ty,
            // An import may have a supertype.
            (Some(ty), _) if ty.mutable => ty,
            (declared, _) => GlobalType {
                value: match (value_type(global.ty), declared) {
                    (Ok(ty), _) => ty,
                    (Err(_), Some(declared)) => declared.value,
                    (Err(error), None) => return Err(error),
                },
                mutable: global.mutable,
            },
        };
        store.add_global(ty, [0; 2]);
    }
    for (index, declaration) in tags.all.iter().enumerate() {
        let declared = declaration.map(|it| it.module.type_of_tag(it.index as u32));
        let ty = declared.ok_or_else(|| format_err!("no module declares tag {index}"))?;
        store.add_tag(ty);
    }
    create_functions(store, dump, modules, snapshot, host)
}

fn module_of<'m>(instance: &Instance, modules: &'m [Arc<Module>]) -> Result<&'m Arc<Module>> {
    let module = modules.get(instance.module as usize);
    module.ok_or_else(|| format_err!("there is no module {}", instance.module))
}

fn details(instance: &Instance) -> Result<&crate::walk::coredump::reader::InstanceDetails> {
    let details = instance.details.as_ref();
    details.ok_or_else(|| format_err!("an instance has no description in the extension"))
}

/// Creates a memory with its contents.
fn create_memory(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    index: usize,
    declaration: Option<Declaration<'_>>,
    given: Option<Memory>,
) -> Result<()> {
    let memory = &dump.memories()[index];
    let own = MemoryType {
        minimum: memory.pages(),
        maximum: memory.maximum(),
        memory64: memory.is_64(),
        shared: memory.is_shared(),
        page_size_log2: memory.page_size().trailing_zeros(),
    };
    let ty = match declaration {
        Some(declaration) if declaration.defines => {
            let declared = declaration.module.memories[declaration.index];
            let minimum = own.minimum;
            ensure!(
                MemoryType {
                    minimum,
                    ..declared
                } == own
                    && minimum >= declared.minimum,
                "the type is not the one that the module declares"
            );
            declared
        }
        _ => own,
    };
    ensure!(
        matches!(own.page_size_log2, 0 | 16)
            && (own.memory64 || own.minimum <= 1 << (32 - own.page_size_log2))
            && own.maximum.is_none_or(|maximum| own.minimum <= maximum),
        "the type is not valid"
    );
    if let Some(given) = given {
        let created = store.adopt_memory(given);
        debug_assert_eq!(created, MemoryIndex(index as u32));
        return Ok(());
    }
    let complete = memory
        .kept()
        .is_some_and(|kept| kept == [(0, memory.size())] || memory.size() == 0);
    ensure!(complete, "bytes are missing");
    let created = store.add_memory(ty)?;
    ensure!(
        created == MemoryIndex(index as u32),
        "memories are numbered otherwise"
    );
    let delta = own.minimum - ty.minimum;
    ensure!(
        store.grow_memory(created, delta)?.is_some(),
        "the limits or the host do not allow its size"
    );
    for (address, bytes) in memory.chunks() {
        // The reader has checked that the bytes are within the memory.
        store.memory_mut(created).write(address as usize, bytes);
    }
    Ok(())
}

/// Creates a table of null elements.
fn create_table(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    index: usize,
    declaration: Option<Declaration<'_>>,
) -> Result<()> {
    let table = &dump.tables()[index];
    let mut counts = table.elements.iter();
    let size = counts
        .try_fold(0_u64, |sum, run| sum.checked_add(run.count))
        .ok_or_else(|| format_err!("it has too many elements"))?;
    let declared = declaration.map(|it| (it.module.tables[it.index], it.defines));
    let ty = match declared {
        Some((declared, true)) => {
            ensure!(
                declared.table64 == table.table64
                    && declared.maximum == table.maximum
                    && declared.minimum <= size,
                "the type is not the one that the module declares"
            );
            declared
        }
        other => TableType {
            element: match other {
                Some((declared, _)) => declared.element,
                None => match value_type(table.ty)? {
                    ValType::Ref(ty) => ty,
                    other => bail!("its elements are of the type {other:?}"),
                },
            },
            table64: table.table64,
            minimum: size,
            maximum: table.maximum,
        },
    };
    ensure!(
        (ty.table64 || size <= u64::from(u32::MAX))
            && ty.maximum.is_none_or(|maximum| size <= maximum),
        "the type is not valid"
    );
    let created = store.add_table(ty, 0)?;
    ensure!(
        created == TableIndex(index as u32),
        "tables are numbered otherwise"
    );
    ensure!(
        store.grow_table(created, size - ty.minimum, 0)?.is_some(),
        "the limits or the host do not allow its size"
    );
    Ok(())
}

/// Returns a type without defined types, which only modules give a meaning.
fn value_type(ty: Type) -> Result<ValType> {
    Ok(match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
        Type::Ref {
            heap: Heap::Concrete(index),
            ..
        } => bail!("no module declares it, and its type refers to type {index}"),
        Type::Ref {
            nullable,
            heap: Heap::Abstract(byte),
        } => ValType::Ref(RefType {
            nullable,
            heap: match byte {
                0x75 => HeapType::NoCont,
                0x74 => HeapType::NoExn,
                0x73 => HeapType::NoFunc,
                0x72 => HeapType::NoExtern,
                0x71 => HeapType::None,
                0x70 => HeapType::Func,
                0x6f => HeapType::Extern,
                0x6e => HeapType::Any,
                0x6d => HeapType::Eq,
                0x6c => HeapType::I31,
                0x6b => HeapType::Struct,
                0x6a => HeapType::Array,
                0x69 => HeapType::Exn,
                0x68 => HeapType::Cont,
                _ => bail!("{byte:#x} is no heap type"),
            },
        }),
    })
}

/// Returns the function type of this index in the dump, unless it refers to defined types.
fn plain_type(dump: &CoreDump<'_>, ty: u32) -> Result<FuncType> {
    let Some(TypeDefinition::Func(params, results)) = dump.types().get(ty as usize) else {
        bail!("there is no function type {ty}");
    };
    let types = |list: &[Type]| list.iter().map(|&ty| value_type(ty)).collect::<Result<_>>();
    Ok(FuncType::new(types(params)?, types(results)?))
}

/// A host function in the place of one without a name.
struct Unnamed;

impl HostFunc for Unnamed {
    fn call(&self, _: HostCall<'_>) -> Result<()> {
        bail!("the host function had no name when the snapshot was made")
    }
}

/// Creates functions and instances. An instance exists before the functions that it defines, and
/// after those that it imports.
fn create_functions(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    modules: &[Arc<Module>],
    snapshot: &Snapshot,
    host: &mut Host<'_>,
) -> Result<()> {
    let mut instances = dump.instances().iter();
    let mut names = snapshot.host_functions.iter().peekable();
    let nothing = FuncType::new([].into(), [].into());
    for (number, function) in (0..).zip(dump.functions()) {
        let created = match *function {
            Function::Host { ty } => {
                match names.next_if(|named| named.function == number) {
                    Some(named) => (host.function)(store, &named.module, &named.name)?,
                    // Nothing can refer to it.
                    None => {
                        let ty = plain_type(dump, ty).unwrap_or_else(|_| nothing.clone());
                        let ty = store.engine().types.intern(ty);
                        store.add_host_func(ty, Arc::new(Unnamed))
                    }
                }
            }
            Function::Wasm { instance, index } => {
                while store.instances().len() <= instance as usize {
                    let next = instances.next();
                    let next =
                        next.ok_or_else(|| format_err!("there is no instance {instance}"))?;
                    create_instance(store, next, modules)?;
                }
                let module = store.instance(InstanceIndex(instance)).module();
                ensure!(
                    module.body(index).is_some(),
                    format_err!("instance {instance} defines no function {index}")
                );
                store.instance_func(InstanceIndex(instance), index)
            }
        };
        ensure!(
            created.0 == number,
            format_err!("function {number} is there twice")
        );
    }
    instances.try_for_each(|instance| create_instance(store, instance, modules))
}

fn create_instance(
    store: &mut StoreInner,
    instance: &Instance,
    modules: &[Arc<Module>],
) -> Result<()> {
    let module = module_of(instance, modules)?;
    let details = details(instance)?;
    let number = store.instances().len();
    let functions = &details.imported_functions;
    ensure!(
        functions.len() == module.imported_functions as usize
            && functions
                .iter()
                .all(|&it| (it as usize) < store.functions().len()),
        format_err!("instance {number} does not import the functions that its module does")
    );
    // The numbers of other entities were compared with the declarations.
    let parts = InstanceParts {
        imported_functions: functions.clone(),
        tables: details.tables.iter().copied().map(TableIndex).collect(),
        memories: instance.memories.iter().copied().map(MemoryIndex).collect(),
        globals: instance.globals.iter().copied().map(GlobalIndex).collect(),
        tags: details.tags.iter().copied().map(TagIndex).collect(),
    };
    let (mut functions, mut tables) = (functions.iter(), parts.tables.iter());
    let (mut memories, mut globals) = (parts.memories.iter(), parts.globals.iter());
    let mut tags = parts.tags.iter();
    for import in &module.imports {
        let item = match import.ty {
            ExternType::Func(_) => functions.next().map(|&it| Extern::Func(FuncIndex(it))),
            ExternType::Table(_) => tables.next().copied().map(Extern::Table),
            ExternType::Memory(_) => memories.next().copied().map(Extern::Memory),
            ExternType::Global(_) => globals.next().copied().map(Extern::Global),
            ExternType::Tag(_) => tags.next().copied().map(Extern::Tag),
        };
        let item = item.ok_or_else(|| format_err!("instance {number} has too few imports"))?;
        check_import(&store.engine().types, import, &store.extern_type(item))
            .with_context(|| format!("instance {number}"))?;
    }
    store.add_instance(Arc::clone(module), parts)?;
    Ok(())
}

/// Sets the values of globals and tables, and drops segments.
pub fn fill(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    snapshot: &Snapshot,
    values: &mut Values<'_>,
) -> Result<()> {
    for (index, global) in dump.globals().iter().enumerate() {
        let at = GlobalIndex(index as u32);
        let bits = values
            .bits(store, global.value, store.global(at).ty().value)
            .with_context(|| format!("global {index}"))?;
        store.global_mut(at).set(bits);
    }
    for (index, table) in dump.tables().iter().enumerate() {
        let at = TableIndex(index as u32);
        let ty = ValType::Ref(store.table(at).ty().element);
        let mut start = 0;
        for run in &table.elements {
            let bits = values.bits(store, run.value, ty);
            let [bits, _] = bits.with_context(|| format!("table {index}, element {start}"))?;
            // The sum of the counts is the table's size.
            let end = start + run.count as usize;
            store.table_mut(at).fill(start..end, bits);
            start = end;
        }
    }
    for (index, instance) in (0..).zip(dump.instances()) {
        drop_segments(store, InstanceIndex(index), instance)?;
    }
    for segment in &snapshot.segments {
        let (at, number) = (InstanceIndex(segment.instance), segment.segment);
        let missing = || format_err!("instance {} has no segment {number}", at.0);
        ensure!((at.0 as usize) < store.instances().len(), missing());
        let module = Arc::clone(store.instance(at).module());
        let declared = module.elements.get(number as usize).ok_or_else(missing)?;
        ensure!(
            creates(&declared.items)
                && !store.instance(at).element_dropped(number)
                && declared.items.len() == segment.elements.len(),
            missing()
        );
        let ty = ValType::Ref(declared.ty);
        let mut elements = Vec::new();
        for &value in &segment.elements {
            let [bits, _] = values.bits(store, value, ty)?;
            elements.try_reserve(1)?;
            elements.push(bits);
        }
        store.instance_mut(at).set_elements(number, elements.into());
    }
    for (index, instance) in store.instances().enumerate() {
        for (number, segment) in (0..).zip(&instance.module().elements) {
            let known = instance.elements(number).is_some();
            ensure!(
                known || instance.element_dropped(number) || !creates(&segment.items),
                format_err!("the elements of segment {number} of instance {index} are missing")
            );
        }
    }
    Ok(())
}

/// Returns whether the expressions of a segment create objects.
fn creates(items: &ElementItems) -> bool {
    match items {
        ElementItems::Expressions(list) => list.iter().any(ConstExpr::creates),
        ElementItems::Functions(_) => false,
    }
}

fn drop_segments(store: &mut StoreInner, at: InstanceIndex, instance: &Instance) -> Result<()> {
    let details = details(instance)?;
    let module = Arc::clone(store.instance(at).module());
    for &segment in &details.dropped_data {
        ensure!(
            (segment as usize) < module.data.len(),
            format_err!("instance {} has no data segment {segment}", at.0)
        );
        store.instance_mut(at).drop_data(segment);
    }
    for &segment in &details.dropped_elements {
        ensure!(
            (segment as usize) < module.elements.len(),
            format_err!("instance {} has no element segment {segment}", at.0)
        );
        store.instance_mut(at).drop_element(segment);
    }
    Ok(())
}
