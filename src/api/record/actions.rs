//! Values of a log, and what the host does between calls, in a store.

use super::format::{Reader, event, reference};
use super::player::{Context, Stop, player, read_func_type};
use super::values::{read_memory_type, read_numeric, read_table_type, read_type};
use crate::api::{
    AnyRef, ExnRef, ExnRefPre, ExnType, ExternRef, Func, Global, GlobalType, HeapType, I31, Memory,
    MemoryTypeBuilder, Mutability, Ref, RefType, Rooted, Table, TableType, Tag, TagType, Val,
    ValType,
};
use crate::ids::{GlobalIndex, InstanceIndex, MemoryIndex, TableIndex, TagIndex};
use crate::module;
use alloc::format;
use alloc::vec::Vec;

/// Checks the number of an item.
pub(super) fn check(
    _: &Context<'_>,
    reader: &Reader<'_>,
    index: u32,
    count: usize,
    what: &str,
) -> Result<(), Stop> {
    if (index as usize) < count {
        return Ok(());
    }
    Err(reader.invalid(format!("there is no {what} {index}")).into())
}

/// Reads a function that the host calls.
pub(super) fn func(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<Func, Stop> {
    match reader.byte()? {
        reference::FUNCTION => guest_func(store, reader),
        reference::HOST_FUNCTION => host_func(store, reader),
        _ => Err(reader.invalid("this is not a function").into()),
    }
}

fn host_func(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<Func, Stop> {
    let number = reader.size()?;
    match player(store).functions.get(number) {
        Some(function) => Ok(function.func),
        None => Err(reader.invalid("there is no such host function").into()),
    }
}

/// Reads a function of an instance.
pub(super) fn guest_func(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<Func, Stop> {
    let (instance, index) = (reader.index()?, reader.index()?);
    check(
        store,
        reader,
        instance,
        store.0.instances().len(),
        "instance",
    )?;
    let instance = InstanceIndex(instance);
    let count = store.0.instance(instance).module().functions.len();
    check(store, reader, index, count, "function")?;
    let index = store.0.instance_func(instance, index);
    Ok(Func::of(store.0.id(), index))
}

/// Reads values of these types.
pub(super) fn values(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    types: impl Iterator<Item = ValType>,
    arguments: &[Val],
) -> Result<Vec<Val>, Stop> {
    types
        .map(|ty| value(store, reader, &ty, arguments))
        .collect()
}

/// Reads a value. The type of a reference is checked when it is used.
fn value(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    ty: &ValType,
    arguments: &[Val],
) -> Result<Val, Stop> {
    let ValType::Ref(ty) = ty else {
        let ty = ty.to_inner();
        let bits = read_numeric(reader, ty)?;
        return Ok(Val::from_bits(bits, ty, store.0));
    };
    let heap = ty.heap_type();
    let is_extern = matches!(heap, HeapType::Extern | HeapType::NoExtern);
    let kind = reader.byte()?;
    Ok(match kind {
        reference::NULL => Val::null_ref(heap),
        reference::I31 => {
            let number = reader.index()?;
            let value = AnyRef::from_i31(&mut *store, I31::wrapping_u32(number));
            match is_extern {
                true => {
                    let value = ExternRef::convert_any(&mut *store, value);
                    Val::ExternRef(Some(value.map_err(Stop::Impossible)?))
                }
                false => Val::AnyRef(Some(value)),
            }
        }
        reference::HOST_VALUE => {
            let value = host_value(store, reader)?;
            match is_extern {
                true => Val::ExternRef(Some(value)),
                false => {
                    let value = AnyRef::convert_extern(&mut *store, value);
                    Val::AnyRef(Some(value.map_err(Stop::Impossible)?))
                }
            }
        }
        reference::FUNCTION => Val::FuncRef(Some(guest_func(store, reader)?)),
        reference::HOST_FUNCTION => Val::FuncRef(Some(host_func(store, reader)?)),
        reference::ARGUMENT => match arguments.get(reader.size()?) {
            Some(value) => *value,
            None => return Err(reader.invalid("there is no such argument").into()),
        },
        reference::EXCEPTION => {
            reader.at -= 1;
            Val::ExnRef(Some(exception(store, reader, arguments)?))
        }
        _ => return Err(reader.invalid("there is no such kind of references").into()),
    })
}

/// Reads a host value. The same number is the same value.
fn host_value(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<Rooted<ExternRef>, Stop> {
    let number = reader.index()?;
    // A value that no code has any more is made again.
    if let Some(&bits) = player(store).host_values.get(&number)
        && let Some(value) = ExternRef::from_raw(&mut *store, bits)
    {
        return Ok(value);
    }
    let value = ExternRef::new(&mut *store, number).map_err(Stop::Impossible)?;
    let bits = value.to_raw(&mut *store).map_err(Stop::Impossible)?;
    player(store).host_values.insert(number, bits);
    Ok(value)
}

/// Reads an exception.
pub(super) fn exception(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    arguments: &[Val],
) -> Result<Rooted<ExnRef>, Stop> {
    if reader.byte()? != reference::EXCEPTION {
        return Err(reader.invalid("this is not an exception").into());
    }
    let index = reader.index()?;
    check(store, reader, index, store.0.tags().len(), "tag")?;
    let tag = Tag::of(store.0.id(), TagIndex(index));
    let ty = tag.ty(&*store);
    let mut fields = Vec::new();
    for ty in ty.ty().params() {
        // Recorders write no exception in another one.
        if ty
            .as_ref()
            .is_some_and(|ty| matches!(ty.heap_type(), HeapType::Exn))
        {
            if reader.byte()? != reference::NULL {
                return Err(reader.invalid("an exception contains another one").into());
            }
            fields.push(Val::ExnRef(None));
            continue;
        }
        fields.push(value(store, reader, &ty, arguments)?);
    }
    let ty = ExnType::from_tag_type(&ty).map_err(Stop::Impossible)?;
    let allocator = ExnRefPre::new(&mut *store, ty);
    ExnRef::new(&mut *store, &allocator, &tag, &fields).map_err(Stop::Impossible)
}

/// Does what an event says that is neither a call nor the end of one.
pub(super) fn act(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    event: u8,
    arguments: &[Val],
) -> Result<(), Stop> {
    let engine = store.engine().clone();
    let done = match event {
        event::GROW_MEMORY => {
            let memory = memory(store, reader)?;
            let delta = reader.number()?;
            // The growth may fail as it did in the recording.
            player(store).at = reader.at;
            let _ = memory.grow(&mut *store, delta);
            reader.at = player(store).at;
            Ok(())
        }
        event::NEW_MEMORY => {
            let ty = read_memory_type(reader)?;
            let ty = MemoryTypeBuilder::new()
                .min(ty.minimum)
                .max(ty.maximum)
                .memory64(ty.memory64)
                .shared(ty.shared)
                .page_size_log2(ty.page_size_log2 as u8)
                .build();
            player(store).at = reader.at;
            let made = ty.and_then(|ty| Memory::new(&mut *store, ty));
            reader.at = player(store).at;
            drop(made);
            Ok(())
        }
        event::NOTIFY => {
            let memory = memory(store, reader)?;
            let (address, count) = (reader.number()?, reader.index()?);
            // Errors have no effect.
            let _ = memory.atomic_notify(&mut *store, address, count);
            Ok(())
        }
        event::NEW_GLOBAL => {
            let ty = ValType::from_inner(&engine, read_type(reader)?);
            let mutability = match reader.byte()? {
                0 => Mutability::Const,
                _ => Mutability::Var,
            };
            let value = value(store, reader, &ty, arguments)?;
            Global::new(&mut *store, GlobalType::new(ty, mutability), value).map(drop)
        }
        event::SET_GLOBAL => {
            let index = reader.index()?;
            check(store, reader, index, store.0.globals().len(), "global")?;
            let global = Global::of(store.0.id(), GlobalIndex(index));
            let ty = global.ty(&*store);
            let value = value(store, reader, ty.content(), arguments)?;
            global.set(&mut *store, value)
        }
        event::NEW_TABLE => {
            let ty = read_table_type(reader)?;
            let element = RefType::from_inner(&engine, ty.element);
            let init = reference(store, reader, &element, arguments)?;
            let ty = match ty {
                module::TableType { table64: true, .. } => {
                    TableType::new64(element, ty.minimum, ty.maximum)
                }
                _ => {
                    let small = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
                    TableType::new(element, small(ty.minimum), ty.maximum.map(small))
                }
            };
            player(store).at = reader.at;
            let made = Table::new(&mut *store, ty, init);
            reader.at = player(store).at;
            drop(made);
            Ok(())
        }
        event::GROW_TABLE => {
            let (table, element) = table(store, reader)?;
            let delta = reader.number()?;
            let init = reference(store, reader, &element, arguments)?;
            player(store).at = reader.at;
            let _ = table.grow(&mut *store, delta, init);
            reader.at = player(store).at;
            Ok(())
        }
        event::FILL_TABLE => {
            let (table, element) = table(store, reader)?;
            let (start, len) = (reader.number()?, reader.number()?);
            let value = reference(store, reader, &element, arguments)?;
            table.fill(&mut *store, start, value, len)
        }
        event::COPY_TABLE => {
            let (to, _) = table(store, reader)?;
            let to_index = reader.number()?;
            let (from, _) = table(store, reader)?;
            let from_index = reader.number()?;
            let len = reader.number()?;
            Table::copy(&mut *store, &to, to_index, &from, from_index, len)
        }
        event::NEW_TAG => {
            let ty = read_func_type(&engine, reader)?;
            Tag::new(&mut *store, &TagType::new(ty)).map(drop)
        }
        event::SET_FUEL => {
            let fuel = reader.number()?;
            set_fuel(store, fuel)
        }
        event::RESTORE_FUEL => {
            let spent = store.fuel_spent().unwrap_or_default();
            let fuel = player(store).fuel[1].wrapping_sub(spent);
            set_fuel(store, fuel)
        }
        _ => return Err(reader.invalid("there is no such event").into()),
    };
    done.map_err(|error| reader.invalid(format!("{error:#}")).into())
}

fn set_fuel(store: &mut Context<'_>, fuel: u64) -> crate::Result<()> {
    let spent = store.fuel_spent().unwrap_or_default();
    let player = player(store);
    player.fuel = [fuel.wrapping_add(spent), player.fuel[0]];
    store.set_fuel(fuel)
}

fn memory(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<Memory, Stop> {
    let index = reader.index()?;
    check(store, reader, index, store.0.memories().len(), "memory")?;
    Ok(Memory::of(store.0.id(), MemoryIndex(index)))
}

fn table(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<(Table, RefType), Stop> {
    let index = reader.index()?;
    check(store, reader, index, store.0.tables().len(), "table")?;
    let table = Table::of(store.0.id(), TableIndex(index));
    let ty = table.ty(&*store);
    Ok((table, ty.element().clone()))
}

fn reference(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    ty: &RefType,
    arguments: &[Val],
) -> Result<Ref, Stop> {
    let value = value(store, reader, &ValType::Ref(ty.clone()), arguments)?;
    value
        .ref_()
        .ok_or_else(|| reader.invalid("this is not a reference").into())
}
