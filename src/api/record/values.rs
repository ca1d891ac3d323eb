//! Values and types in a log.

use super::format::{Reader, Unreadable, reference, write_number, write_signed};
use crate::module::{HeapType, MemoryType, RefType, TableType, ValBits, ValType};
use alloc::vec::Vec;

/// Heap types that no module defines. The place of each is its number.
const HEAP_TYPES: [HeapType; 14] = [
    HeapType::Func,
    HeapType::NoFunc,
    HeapType::Extern,
    HeapType::NoExtern,
    HeapType::Any,
    HeapType::Eq,
    HeapType::I31,
    HeapType::Struct,
    HeapType::Array,
    HeapType::None,
    HeapType::Exn,
    HeapType::NoExn,
    HeapType::Cont,
    HeapType::NoCont,
];

/// First number of the types of references. The lowest bit of the difference is 1 if they can be
/// null.
const REFERENCES: u8 = 5;

/// Writes a type. Returns false if it contains one that a module defines.
pub(super) fn write_type(out: &mut Vec<u8>, ty: ValType) -> bool {
    let number = match ty {
        ValType::I32 => 0,
        ValType::I64 => 1,
        ValType::F32 => 2,
        ValType::F64 => 3,
        ValType::V128 => 4,
        ValType::Ref(ty) => {
            let Some(at) = HEAP_TYPES.iter().position(|heap| *heap == ty.heap) else {
                return false;
            };
            REFERENCES + 2 * at as u8 + u8::from(ty.nullable)
        }
    };
    out.push(number);
    true
}

/// Reads a type.
pub(super) fn read_type(reader: &mut Reader<'_>) -> Result<ValType, Unreadable> {
    let number = reader.byte()?;
    Ok(match number {
        0 => ValType::I32,
        1 => ValType::I64,
        2 => ValType::F32,
        3 => ValType::F64,
        4 => ValType::V128,
        _ => {
            let number = number - REFERENCES;
            let Some(&heap) = HEAP_TYPES.get(usize::from(number / 2)) else {
                return Err(reader.invalid("there is no such type"));
            };
            ValType::Ref(RefType {
                nullable: number & 1 != 0,
                heap,
            })
        }
    })
}

/// Reads the type of a reference.
pub(super) fn read_ref_type(reader: &mut Reader<'_>) -> Result<RefType, Unreadable> {
    match read_type(reader)? {
        ValType::Ref(ty) => Ok(ty),
        _ => Err(reader.invalid("this is not the type of a reference")),
    }
}

/// Writes a value that is a number.
pub(super) fn write_numeric(out: &mut Vec<u8>, ty: ValType, bits: ValBits) {
    match ty {
        ValType::I32 => write_signed(out, i64::from(bits[0] as i32)),
        ValType::I64 => write_signed(out, bits[0] as i64),
        ValType::F32 => out.extend_from_slice(&(bits[0] as u32).to_le_bytes()),
        ValType::F64 => out.extend_from_slice(&bits[0].to_le_bytes()),
        ValType::V128 => {
            out.extend_from_slice(&bits[0].to_le_bytes());
            out.extend_from_slice(&bits[1].to_le_bytes());
        }
        ValType::Ref(_) => out.push(reference::NULL),
    }
}

/// Reads a value that is a number.
pub(super) fn read_numeric(reader: &mut Reader<'_>, ty: ValType) -> Result<ValBits, Unreadable> {
    let bits = match ty {
        ValType::I32 => u64::from(reader.signed()? as u32),
        ValType::I64 => reader.signed()? as u64,
        ValType::F32 => u64::from(u32::from_le_bytes(reader.array()?)),
        ValType::F64 => u64::from_le_bytes(reader.array()?),
        ValType::V128 => {
            let low = u64::from_le_bytes(reader.array()?);
            return Ok([low, u64::from_le_bytes(reader.array()?)]);
        }
        ValType::Ref(_) => 0,
    };
    Ok([bits, 0])
}

/// Writes the type of a memory.
pub(super) fn write_memory_type(out: &mut Vec<u8>, ty: &MemoryType) {
    out.push(
        u8::from(ty.memory64) | u8::from(ty.shared) << 1 | u8::from(ty.maximum.is_some()) << 2,
    );
    out.push(ty.page_size_log2 as u8);
    write_number(out, ty.minimum);
    if let Some(maximum) = ty.maximum {
        write_number(out, maximum);
    }
}

/// Reads the type of a memory. Its limits may be wrong.
pub(super) fn read_memory_type(reader: &mut Reader<'_>) -> Result<MemoryType, Unreadable> {
    let flags = reader.byte()?;
    Ok(MemoryType {
        memory64: flags & 1 != 0,
        shared: flags & 2 != 0,
        page_size_log2: reader.byte()?.into(),
        minimum: reader.number()?,
        maximum: match flags & 4 != 0 {
            true => Some(reader.number()?),
            false => None,
        },
    })
}

/// Writes the type of a table. Returns false as [`write_type`] does.
pub(super) fn write_table_type(out: &mut Vec<u8>, ty: &TableType) -> bool {
    let is_written = write_type(out, ValType::Ref(ty.element));
    out.push(u8::from(ty.table64) | u8::from(ty.maximum.is_some()) << 1);
    write_number(out, ty.minimum);
    if let Some(maximum) = ty.maximum {
        write_number(out, maximum);
    }
    is_written
}

/// Reads the type of a table. Its limits may be wrong.
pub(super) fn read_table_type(reader: &mut Reader<'_>) -> Result<TableType, Unreadable> {
    let element = read_ref_type(reader)?;
    let flags = reader.byte()?;
    Ok(TableType {
        element,
        table64: flags & 1 != 0,
        minimum: reader.number()?,
        maximum: match flags & 2 != 0 {
            true => Some(reader.number()?),
            false => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_were_written() {
        let references = HEAP_TYPES.iter().flat_map(|&heap| {
            [true, false].map(|nullable| ValType::Ref(RefType { nullable, heap }))
        });
        for ty in [ValType::I32, ValType::V128].into_iter().chain(references) {
            let mut out = Vec::new();
            assert!(write_type(&mut out, ty));
            assert_eq!(read_type(&mut Reader::new(&out, 0)), Ok(ty));
        }
        assert!(read_type(&mut Reader::new(&[255], 0)).is_err());
    }
}
