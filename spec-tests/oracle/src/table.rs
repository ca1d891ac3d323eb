//! Instructions on tables, globals and memories.

use crate::frame::Call;
use crate::store::{Failure, PAGE, Store, Trap, Value};
use std::ops::Range;
use wasmparser::{MemArg, MemArgTarget, Operator};

/// Largest number of elements by which `table.grow` can grow a table.
const MOST_ELEMENTS: usize = 1 << 20;

/// Executes an instruction on tables, globals or memories. Returns false if it is another
/// instruction.
pub fn step<'a>(
    store: &mut Store<'a>,
    call: &mut Call<'a>,
    operator: &Operator<'a>,
) -> Result<bool, Failure> {
    let instance = &store.instances[call.instance.0];
    let table_of = |index: &u32| instance.tables[*index as usize];
    let memory_of = |index: u32| instance.memories[index as usize];
    match operator {
        Operator::GlobalGet { global_index } => {
            call.push(store.globals[instance.globals[*global_index as usize]]);
        }
        Operator::GlobalSet { global_index } => {
            let value = call.pop();
            if let Value::Cont(id) = value
                && let Some(continuation) = &mut store.continuations[id]
            {
                continuation.in_global = true;
            }
            store.globals[instance.globals[*global_index as usize]] = value;
        }
        Operator::TableGet { table } => {
            let table = &store.tables[table_of(table)];
            let index = call.pop_index();
            call.push(*table.get(index).ok_or(Trap::TableOutOfBounds)?);
        }
        Operator::TableSet { table } => {
            let (value, index) = (call.pop(), call.pop_index());
            let table = &mut store.tables[table_of(table)];
            *table.get_mut(index).ok_or(Trap::TableOutOfBounds)? = value;
            if let Value::Cont(id) = value
                && let Some(continuation) = &mut store.continuations[id]
            {
                continuation.in_table = true;
            }
        }
        Operator::TableSize { table } => {
            call.push(Value::I32(store.tables[table_of(table)].len() as i32));
        }
        Operator::TableGrow { table } => {
            let (count, value) = (call.pop_index(), call.pop());
            let table = &mut store.tables[table_of(table)];
            let old = table.len();
            if count > MOST_ELEMENTS {
                call.push(Value::I32(-1));
            } else {
                table.resize(old + count, value);
                call.push(Value::I32(old as i32));
            }
        }
        Operator::TableFill { table } => {
            let (count, value, start) = (call.pop_index(), call.pop(), call.pop_index());
            let range = range(start, count, store.tables[table_of(table)].len());
            let range = range.ok_or(Trap::TableOutOfBounds)?;
            store.tables[table_of(table)][range].fill(value);
        }
        Operator::TableCopy {
            dst_table,
            src_table,
        } => {
            let (count, from, to) = (call.pop_index(), call.pop_index(), call.pop_index());
            let (source, target) = (table_of(src_table), table_of(dst_table));
            let from = range(from, count, store.tables[source].len());
            let to = range(to, count, store.tables[target].len());
            let (Some(from), Some(to)) = (from, to) else {
                return Err(Trap::TableOutOfBounds.into());
            };
            let values = store.tables[source][from].to_vec();
            store.tables[target][to].copy_from_slice(&values);
        }
        Operator::MemorySize { mem } => {
            let pages = store.memories[memory_of(*mem)].bytes.len() as u64 / PAGE;
            call.push(Value::I32(pages as i32));
        }
        Operator::MemoryGrow { mem } => {
            let count = call.pop_index() as u64;
            let memory = &mut store.memories[memory_of(*mem)];
            let old = memory.bytes.len() as u64 / PAGE;
            if old + count > memory.most {
                call.push(Value::I32(-1));
            } else {
                memory.bytes.resize(((old + count) * PAGE) as usize, 0);
                call.push(Value::I32(old as i32));
            }
        }
        Operator::I32Load { memarg } => {
            let start = call.pop_index() + memarg.offset as usize;
            let bytes = &store.memories[memory_of(memory_index(memarg))].bytes;
            let bytes = bytes.get(start..start + 4).ok_or(Trap::MemoryOutOfBounds)?;
            let bytes = bytes.try_into().expect("4 bytes");
            call.push(Value::I32(i32::from_le_bytes(bytes)));
        }
        Operator::I64Load { memarg } => {
            let start = call.pop_index() + memarg.offset as usize;
            let bytes = &store.memories[memory_of(memory_index(memarg))].bytes;
            let bytes = bytes.get(start..start + 8).ok_or(Trap::MemoryOutOfBounds)?;
            let bytes = bytes.try_into().expect("8 bytes");
            call.push(Value::I64(i64::from_le_bytes(bytes)));
        }
        Operator::I32Store { memarg } => {
            let value = call.pop().i32().to_le_bytes();
            let start = call.pop_index() + memarg.offset as usize;
            let bytes = &mut store.memories[memory_of(memory_index(memarg))].bytes;
            let place = bytes
                .get_mut(start..start + 4)
                .ok_or(Trap::MemoryOutOfBounds)?;
            place.copy_from_slice(&value);
        }
        Operator::I64Store { memarg } => {
            let value = call.pop().i64().to_le_bytes();
            let start = call.pop_index() + memarg.offset as usize;
            let bytes = &mut store.memories[memory_of(memory_index(memarg))].bytes;
            let place = bytes
                .get_mut(start..start + 8)
                .ok_or(Trap::MemoryOutOfBounds)?;
            place.copy_from_slice(&value);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Returns the range of `count` elements from `start`, or `None` if it exceeds `len`.
fn range(start: usize, count: usize, len: usize) -> Option<Range<usize>> {
    (start + count <= len).then(|| start..start + count)
}

fn memory_index(access: &MemArg) -> u32 {
    match access.target {
        MemArgTarget::Memory(index) | MemArgTarget::Array(index) => index,
    }
}
