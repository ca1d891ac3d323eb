//! Instantiation: imports, constant expressions, segments.
//!
//! The effects occur in the specification's order. Nothing is changed unless all imports match
//! and all allocations succeed. Then the instance exists, globals and tables are initialised,
//! and the active element segments are written in order, followed by the active data segments.
//! A segment that does not fit traps, and earlier writes stay. The caller runs the start
//! function.

use super::collector::Reference;
use super::func::FuncRef;
use super::instance::InstanceParts;
use super::matching::check_import;
use super::probes::{ProbeEvent, ProbeWriter};
use super::store::StoreInner;
use crate::code::Trap;
use crate::format_err;
use crate::ids::{FuncIndex, GlobalIndex, InstanceIndex, MemoryIndex, TableIndex, TagIndex};
use crate::module::{
    ConstExpr, ConstOp, ElementItems, ExternType, MemoryType, Module, SegmentMode, TableType,
    ValBits,
};
use crate::support::error::Error;
use alloc::sync::Arc;
use smallvec::SmallVec;

/// An item of a store that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extern {
    /// A function.
    Func(FuncIndex),
    /// A table.
    Table(TableIndex),
    /// A memory.
    Memory(MemoryIndex),
    /// A global.
    Global(GlobalIndex),
    /// A tag.
    Tag(TagIndex),
}

/// A new instance whose start function has not run.
#[derive(Clone, Copy, Debug)]
pub struct Instantiated {
    /// The instance.
    pub instance: InstanceIndex,
    /// Start function of the module, if there is one.
    pub start: Option<FuncIndex>,
}

impl StoreInner {
    /// Returns the type of an item. The minimum of a memory or table is its present size.
    pub fn extern_type(&self, item: Extern) -> ExternType {
        match item {
            Extern::Func(index) => ExternType::Func(self.func(index).ty),
            Extern::Table(index) => {
                let table = self.table(index);
                ExternType::Table(TableType {
                    minimum: table.size(),
                    ..*table.ty()
                })
            }
            Extern::Memory(index) => {
                let memory = self.memory(index);
                ExternType::Memory(MemoryType {
                    minimum: memory.pages(),
                    ..*memory.ty()
                })
            }
            Extern::Global(index) => ExternType::Global(*self.global(index).ty()),
            Extern::Tag(index) => ExternType::Tag(self.tag(index).ty()),
        }
    }
}

/// Instantiates `module` with imports of this store.
///
/// # Errors
///
/// An error if an import does not match, a limit is exceeded, there is no memory, or a segment
/// does not fit.
pub fn instantiate(
    store: &mut StoreInner,
    module: &Arc<Module>,
    imports: &[Extern],
) -> Result<Instantiated, Error> {
    check_imports(store, module, imports)?;
    let memories = module.memories.len() - module.imported_memories as usize;
    let tables = module.tables.len() - module.imported_tables as usize;
    store.check_counts(memories, tables)?;

    let mark = store.mark();
    let parts = match make_parts(store, module, imports) {
        Ok(parts) => parts,
        Err(error) => {
            store.roll_back(mark);
            return Err(error);
        }
    };
    let instance = store.add_instance(Arc::clone(module), parts)?;
    // New objects are held until they are in globals, tables or segments.
    let held = store.collector.held();
    let initialised = initialise(store, module, instance);
    store.collector.let_go(held);
    initialised?;
    let start = module
        .start
        .map(|start| store.instance_func(instance, start));
    Ok(Instantiated { instance, start })
}

/// Initialises globals, tables and memories of a new instance.
fn initialise(
    store: &mut StoreInner,
    module: &Module,
    instance: InstanceIndex,
) -> Result<(), Error> {
    initialise_globals(store, module, instance)?;
    initialise_tables(store, module, instance)?;
    create_elements(store, module, instance)?;
    write_elements(store, module, instance)?;
    write_data(store, module, instance)
}

fn check_imports(store: &StoreInner, module: &Module, imports: &[Extern]) -> Result<(), Error> {
    let expected = module.imports.len();
    if imports.len() != expected {
        return Err(format_err!(
            "expected {expected} imports, found {}",
            imports.len()
        ));
    }
    let types = &store.engine().types;
    for (import, &item) in module.imports.iter().zip(imports) {
        check_import(types, import, &store.extern_type(item))?;
    }
    Ok(())
}

/// Collects the imports and creates what the module defines, filled with zeros and nulls.
fn make_parts(
    store: &mut StoreInner,
    module: &Module,
    imports: &[Extern],
) -> Result<InstanceParts, Error> {
    let mut parts = InstanceParts::default();
    for &item in imports {
        match item {
            Extern::Func(index) => parts.imported_functions.push(index.0),
            Extern::Table(index) => parts.tables.push(index),
            Extern::Memory(index) => parts.memories.push(index),
            Extern::Global(index) => parts.globals.push(index),
            Extern::Tag(index) => parts.tags.push(index),
        }
    }
    for &ty in &module.tables[module.imported_tables as usize..] {
        parts.tables.push(store.add_table(ty, 0)?);
    }
    for &ty in &module.memories[module.imported_memories as usize..] {
        parts.memories.push(store.add_memory(ty)?);
    }
    for &ty in &module.globals[module.imported_globals as usize..] {
        parts.globals.push(store.add_global(ty, [0; 2]));
    }
    for tag in module.imported_tags..module.tags.len() as u32 {
        parts.tags.push(store.add_tag(module.type_of_tag(tag)));
    }
    Ok(parts)
}

fn initialise_globals(
    store: &mut StoreInner,
    module: &Module,
    instance: InstanceIndex,
) -> Result<(), Error> {
    let first = module.imported_globals as usize;
    for (index, init) in module.global_inits.iter().enumerate() {
        let bits = evaluate(store, instance, init)?;
        let global = store.instance(instance).parts().globals[first + index];
        store.global_mut(global).set(bits);
    }
    Ok(())
}

fn initialise_tables(
    store: &mut StoreInner,
    module: &Module,
    instance: InstanceIndex,
) -> Result<(), Error> {
    let first = module.imported_tables as usize;
    for (index, init) in module.table_inits.iter().enumerate() {
        let Some(init) = init else { continue };
        let [bits, _] = evaluate(store, instance, init)?;
        let table = store.instance(instance).parts().tables[first + index];
        let table = store.table_mut(table);
        table.fill(0..table.len(), bits);
    }
    Ok(())
}

/// Evaluates the element segments whose expressions create objects: all uses of a segment have the
/// same objects.
fn create_elements(
    store: &mut StoreInner,
    module: &Module,
    instance: InstanceIndex,
) -> Result<(), Error> {
    for (index, segment) in module.elements.iter().enumerate() {
        let ElementItems::Expressions(list) = &segment.items else {
            continue;
        };
        if !list.iter().any(ConstExpr::creates) {
            continue;
        }
        let elements = list
            .iter()
            .map(|expr| Ok(evaluate(store, instance, expr)?[0]))
            .collect::<Result<_, Trap>>()?;
        store
            .instance_mut(instance)
            .set_elements(index as u32, elements);
    }
    Ok(())
}

fn write_elements(
    store: &mut StoreInner,
    module: &Module,
    instance: InstanceIndex,
) -> Result<(), Error> {
    for (index, segment) in module.elements.iter().enumerate() {
        let number = index as u32;
        match &segment.mode {
            SegmentMode::Passive => continue,
            SegmentMode::Declared => {}
            SegmentMode::Active {
                index: table,
                offset,
            } => {
                let [to, _] = evaluate(store, instance, offset)?;
                let len = segment.items.len() as u64;
                let table = store.instance(instance).parts().tables[*table as usize];
                table_init(store, instance, table, number, [to, 0, len]).map_err(|trap| {
                    let size = store.table(table).size();
                    segment_error(trap, "element", number, to, len, "elements", size)
                })?;
            }
        }
        store.instance_mut(instance).drop_element(number);
    }
    Ok(())
}

fn write_data(
    store: &mut StoreInner,
    module: &Module,
    instance: InstanceIndex,
) -> Result<(), Error> {
    for (index, segment) in module.data.iter().enumerate() {
        let number = index as u32;
        let SegmentMode::Active {
            index: memory,
            offset,
        } = &segment.mode
        else {
            continue;
        };
        let [to, _] = evaluate(store, instance, offset)?;
        let len = segment.range.len() as u64;
        let memory = store.instance(instance).parts().memories[*memory as usize];
        memory_init(store, instance, memory, number, [to, 0, len]).map_err(|trap| {
            let size = store.memory(memory).byte_size() as u64;
            segment_error(trap, "data", number, to, len, "bytes", size)
        })?;
        let event = ProbeEvent {
            spent: store.stacks.fuel_spent(),
            writer: ProbeWriter::Data(instance, number),
        };
        store.probe_write(memory, to, len, event);
        store.instance_mut(instance).drop_data(number);
    }
    Ok(())
}

#[cold]
fn segment_error(
    trap: Trap,
    kind: &str,
    number: u32,
    to: u64,
    len: u64,
    unit: &str,
    size: u64,
) -> Error {
    Error::new(trap).context(alloc::format!(
        "{kind} segment {number} of {len} {unit} does not fit at {to}: there are {size}"
    ))
}

/// Checks the ranges of a `table.init`: `len` items of element segment `segment`, from item
/// `from`, and as many elements of `table`, from element `to`.
///
/// # Errors
///
/// [`Trap::TableOutOfBounds`].
pub fn check_table_init(
    store: &StoreInner,
    instance: InstanceIndex,
    table: TableIndex,
    segment: u32,
    [to, from, len]: [u64; 3],
) -> Result<(), Trap> {
    let owner = store.instance(instance);
    let available = if owner.element_dropped(segment) {
        0
    } else {
        owner.module().elements[segment as usize].items.len() as u64
    };
    if fits(from, len, available) && fits(to, len, store.table(table).size()) {
        Ok(())
    } else {
        Err(Trap::TableOutOfBounds)
    }
}

/// Executes a `table.init`, with the operands of [`check_table_init`]. Nothing is written if it
/// traps.
///
/// # Errors
///
/// [`Trap::TableOutOfBounds`].
pub fn table_init(
    store: &mut StoreInner,
    instance: InstanceIndex,
    table: TableIndex,
    segment: u32,
    range: [u64; 3],
) -> Result<(), Trap> {
    check_table_init(store, instance, table, segment, range)?;
    // The ranges are within a table and a segment, so they fit into a `usize`.
    let [to, from, len] = range.map(|number| number as usize);
    for item in 0..len {
        let bits = segment_item(store, instance, segment, from + item);
        store.table_mut(table).set(to + item, bits);
    }
    Ok(())
}

/// Checks the ranges of a `memory.init`: `len` bytes of data segment `segment`, from byte
/// `from`, and as many bytes of `memory`, from byte `to`.
///
/// # Errors
///
/// [`Trap::MemoryOutOfBounds`].
pub fn check_memory_init(
    store: &StoreInner,
    instance: InstanceIndex,
    memory: MemoryIndex,
    segment: u32,
    [to, from, len]: [u64; 3],
) -> Result<(), Trap> {
    let available = store.instance(instance).data(segment).len() as u64;
    if fits(from, len, available) && fits(to, len, store.memory(memory).byte_size() as u64) {
        Ok(())
    } else {
        Err(Trap::MemoryOutOfBounds)
    }
}

/// Executes a `memory.init`, with the operands of [`check_memory_init`]. Nothing is written if
/// it traps.
///
/// # Errors
///
/// [`Trap::MemoryOutOfBounds`].
pub fn memory_init(
    store: &mut StoreInner,
    instance: InstanceIndex,
    memory: MemoryIndex,
    segment: u32,
    range: [u64; 3],
) -> Result<(), Trap> {
    check_memory_init(store, instance, memory, segment, range)?;
    let module = Arc::clone(store.instance(instance).module());
    let [to, from, len] = range.map(|number| number as usize);
    // A dropped segment has no bytes. `len` is 0 then.
    let source = module
        .data_bytes(segment)
        .get(from..from + len)
        .unwrap_or_default();
    store.memory_mut(memory).write(to, source);
    Ok(())
}

fn fits(start: u64, len: u64, size: u64) -> bool {
    start.checked_add(len).is_some_and(|end| end <= size)
}

/// Returns the bits of an element of an element segment that was not dropped.
///
/// # Panics
///
/// If the segment has no such element.
pub fn segment_item(
    store: &mut StoreInner,
    instance: InstanceIndex,
    segment: u32,
    item: usize,
) -> u64 {
    if let Some(elements) = store.instance(instance).elements(segment) {
        return elements[item];
    }
    let module = Arc::clone(store.instance(instance).module());
    match &module.elements[segment as usize].items {
        ElementItems::Functions(list) => FuncRef::new(store.instance_func(instance, list[item]))
            .0
            .into(),
        // The expression creates no objects, so that evaluating it cannot fail.
        ElementItems::Expressions(list) => {
            evaluate(store, instance, &list[item]).unwrap_or_default()[0]
        }
    }
}

/// Evaluates a constant expression. Globals that it reads are immutable, and imported or
/// defined before it, so every evaluation gives the same bits, unless it creates objects. The host
/// holds new objects until the caller lets them go.
///
/// # Errors
///
/// [`Trap::AllocationTooLarge`] if there is no room for an object.
pub fn evaluate(
    store: &mut StoreInner,
    instance: InstanceIndex,
    expr: &ConstExpr,
) -> Result<ValBits, Trap> {
    let mut stack = Operands::new();
    for op in expr.ops() {
        let bits = match *op {
            ConstOp::I32Const(value) => one_slot(value as u32),
            ConstOp::I64Const(value) => one_slot(value as u64),
            ConstOp::F32Const(bits) => one_slot(bits),
            ConstOp::F64Const(bits) => one_slot(bits),
            #[cfg(feature = "simd")]
            ConstOp::V128Const(bits) => bits,
            ConstOp::GlobalGet(index) => {
                let global = store.instance(instance).parts().globals[index as usize];
                store.global(global).get()
            }
            ConstOp::RefFunc(index) => {
                one_slot(FuncRef::new(store.instance_func(instance, index)).0)
            }
            ConstOp::RefNull => one_slot(FuncRef::NULL.0),
            ConstOp::I32Add => binary32(&mut stack, u32::wrapping_add),
            ConstOp::I32Sub => binary32(&mut stack, u32::wrapping_sub),
            ConstOp::I32Mul => binary32(&mut stack, u32::wrapping_mul),
            ConstOp::I64Add => binary(&mut stack, u64::wrapping_add),
            ConstOp::I64Sub => binary(&mut stack, u64::wrapping_sub),
            ConstOp::I64Mul => binary(&mut stack, u64::wrapping_mul),
            ConstOp::RefI31 => {
                let [value, _] = pop(&mut stack);
                one_slot((value as u32) << 1 | 1)
            }
            ConstOp::StructNew(_)
            | ConstOp::StructNewDefault(_)
            | ConstOp::ArrayNew(_)
            | ConstOp::ArrayNewDefault(_)
            | ConstOp::ArrayNewFixed(..) => create(store, instance, *op, &mut stack)?,
        };
        stack.push(bits);
    }
    Ok(pop(&mut stack))
}

/// Creates an object of operands.
fn create(
    store: &mut StoreInner,
    instance: InstanceIndex,
    op: ConstOp,
    stack: &mut Operands,
) -> Result<ValBits, Trap> {
    let module = Arc::clone(store.instance(instance).module());
    let (index, len) = match op {
        ConstOp::ArrayNew(index) | ConstOp::ArrayNewDefault(index) => {
            (index, Some(pop(stack)[0] as u32))
        }
        ConstOp::ArrayNewFixed(index, len) => (index, Some(len)),
        ConstOp::StructNew(index) | ConstOp::StructNewDefault(index) => (index, None),
        other => unreachable!("{other:?} creates no object"),
    };
    let ty = &module.types[index as usize];
    let make = |store: &mut StoreInner| match len {
        Some(len) => store.new_array(ty.id, len),
        None => store.new_struct(ty.id),
    };
    // Operands that are objects are held.
    let object = match make(store) {
        Ok(object) => object,
        Err(_) => {
            store.collect();
            make(store).map_err(|_| Trap::AllocationTooLarge)?
        }
    };
    store.hold(Reference::Object(object));
    match op {
        ConstOp::ArrayNew(_) => {
            let bits = pop(stack);
            let len = len.unwrap_or_default();
            store.shade(store.objects.reference(object, 0, bits[0]));
            store.objects.fill(object, 0, len, bits);
        }
        ConstOp::StructNew(_) => {
            for field in (0..ty.layout.fields.len() as u32).rev() {
                let bits = pop(stack);
                store.set_field(object, field, bits);
            }
        }
        ConstOp::ArrayNewFixed(_, len) => {
            for element in (0..len).rev() {
                let bits = pop(stack);
                store.set_field(object, element, bits);
            }
        }
        _ => {}
    }
    Ok(one_slot(object.0))
}

/// Operands of a constant expression.
type Operands = SmallVec<[ValBits; 4]>;

fn one_slot(bits: impl Into<u64>) -> ValBits {
    [bits.into(), 0]
}

/// Takes an operand. Validation has made sure that there is one.
fn pop(stack: &mut Operands) -> ValBits {
    debug_assert!(!stack.is_empty(), "constant expressions are validated");
    stack.pop().unwrap_or_default()
}

fn binary(stack: &mut Operands, op: fn(u64, u64) -> u64) -> ValBits {
    let [right, _] = pop(stack);
    let [left, _] = pop(stack);
    one_slot(op(left, right))
}

fn binary32(stack: &mut Operands, op: fn(u32, u32) -> u32) -> ValBits {
    let [right, _] = pop(stack);
    let [left, _] = pop(stack);
    one_slot(op(left as u32, right as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_checked_without_overflow() {
        assert!(fits(0, 0, 0) && fits(1, 2, 3) && fits(3, 0, 3));
        assert!(!fits(4, 0, 3) && !fits(1, 3, 3));
        assert!(!fits(u64::MAX, 1, u64::MAX) && !fits(1, u64::MAX, 5));
    }

    #[test]
    fn operators_wrap_at_their_width() {
        let operands = || SmallVec::from_slice(&[[1, 0], [2, 0]]);
        assert_eq!(
            binary32(&mut operands(), u32::wrapping_sub),
            [u64::from(u32::MAX), 0]
        );
        assert_eq!(binary(&mut operands(), u64::wrapping_sub), [u64::MAX, 0]);
    }
}
