//! The layout of objects: structures and arrays of a defined type.
//!
//! ```text
//!   structure   type: 4 bytes │ field 0 │ field 1 │ …
//!   array       type: 4 bytes │ length: 4 bytes │ element 0 │ element 1 │ …
//! ```
//!
//! Fields are in the order of the type, each at the next multiple of its size, or of 8 for
//! vectors. So a field has the same place in all subtypes, and a structure of three 32-bit fields
//! takes 16 bytes. Multi-byte values are in the byte order of the target.

use super::types::{
    CompositeKind, CompositeType, FieldType, HeapType, StorageType, SubType, ValType,
};
use crate::ids::TypeId;
use alloc::boxed::Box;
use alloc::vec::Vec;
use smallvec::SmallVec;

/// Byte of an array at which its elements begin.
pub const ARRAY_HEADER: u32 = 8;
/// Byte of a structure at which its first field can begin.
const STRUCT_HEADER: u32 = 4;

/// The contents of a field, as far as its place and the collector are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Storage {
    /// A packed 8-bit integer.
    I8,
    /// A packed 16-bit integer.
    I16,
    /// 32 bits that refer to no object: a number, or a reference to a function.
    Word,
    /// 64 bits that refer to no object.
    Double,
    /// A vector.
    Vector,
    /// A reference of the `any` or `extern` hierarchy.
    Object,
    /// A reference to an exception.
    Exn,
    /// A reference to a continuation.
    Cont,
}

impl Storage {
    /// Returns the storage of a field.
    pub fn of(ty: StorageType) -> Storage {
        match ty {
            StorageType::I8 => Storage::I8,
            StorageType::I16 => Storage::I16,
            StorageType::Val(ValType::I32 | ValType::F32) => Storage::Word,
            StorageType::Val(ValType::I64 | ValType::F64) => Storage::Double,
            StorageType::Val(ValType::V128) => Storage::Vector,
            StorageType::Val(ValType::Ref(ty)) => match ty.heap.top() {
                HeapType::Func => Storage::Word,
                HeapType::Exn => Storage::Exn,
                HeapType::Cont => Storage::Cont,
                _ => Storage::Object,
            },
        }
    }

    /// Returns the size in bytes.
    pub const fn size(self) -> u32 {
        match self {
            Storage::I8 => 1,
            Storage::I16 => 2,
            Storage::Word | Storage::Object | Storage::Exn => 4,
            Storage::Double | Storage::Cont => 8,
            Storage::Vector => 16,
        }
    }

    /// Returns whether the collector visits such fields.
    pub const fn is_traced(self) -> bool {
        matches!(self, Storage::Object | Storage::Exn | Storage::Cont)
    }
}

/// The place of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// Byte of the object at which the field begins; of an array, the first element.
    pub offset: u32,
    /// Contents.
    pub storage: Storage,
}

/// The layout of the objects of a defined type, and the type's supertypes.
#[derive(Debug)]
pub struct ObjectLayout {
    /// Kind of the type.
    pub kind: CompositeKind,
    /// True if the type must not have subtypes.
    pub is_final: bool,
    /// Number of bytes of a structure, a multiple of 8; of an array without elements.
    pub size: u32,
    /// Fields of a structure, or the element of an array.
    pub fields: Box<[FieldLayout]>,
    /// The fields that the collector visits.
    pub traced: Box<[FieldLayout]>,
    /// The type's supertypes and the type itself, the topmost first. A type is a subtype of
    /// another one if it has it at the place at which that one has itself.
    pub display: SmallVec<[TypeId; 2]>,
}

impl ObjectLayout {
    /// Returns the layout for the type with identity `id`, whose direct supertype has the layout
    /// `supertype`.
    pub(super) fn new(ty: &SubType, id: TypeId, supertype: Option<&ObjectLayout>) -> ObjectLayout {
        let mut display: SmallVec<[TypeId; 2]> = SmallVec::new();
        if let Some(supertype) = supertype {
            display.extend_from_slice(&supertype.display);
        }
        display.push(id);
        let (fields, size) = match &ty.composite {
            CompositeType::Struct(fields) => place_fields(fields),
            CompositeType::Array(element) => {
                let element = FieldLayout {
                    offset: ARRAY_HEADER,
                    storage: Storage::of(element.storage),
                };
                (Box::from([element]), ARRAY_HEADER)
            }
            CompositeType::Func(_) | CompositeType::Cont(_) => (Box::default(), 0),
        };
        let traced = fields.iter().filter(|field| field.storage.is_traced());
        ObjectLayout {
            kind: ty.composite.kind(),
            is_final: ty.is_final,
            size,
            traced: traced.copied().collect(),
            fields,
            display,
        }
    }

    /// Returns the number of supertypes.
    pub fn depth(&self) -> u32 {
        self.display.len() as u32 - 1
    }

    /// Returns the contents of an array's elements.
    ///
    /// # Panics
    ///
    /// If it is no array type.
    pub fn element(&self) -> Storage {
        self.fields[0].storage
    }

    /// Returns the number of bytes of an array with `len` elements, a multiple of 8.
    pub fn array_size(&self, len: u32) -> u64 {
        let bytes = u64::from(ARRAY_HEADER) + u64::from(len) * u64::from(self.element().size());
        bytes.next_multiple_of(8)
    }
}

/// Returns the places of a structure's fields, and its size.
fn place_fields(types: &[FieldType]) -> (Box<[FieldLayout]>, u32) {
    let mut next = STRUCT_HEADER;
    let mut fields = Vec::with_capacity(types.len());
    for ty in types {
        let storage = Storage::of(ty.storage);
        let offset = next.next_multiple_of(storage.size().min(8));
        next = offset + storage.size();
        fields.push(FieldLayout { offset, storage });
    }
    (fields.into(), next.next_multiple_of(8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::RefType;

    #[test]
    fn fields_are_aligned_in_order() {
        let field = |storage| FieldType {
            storage,
            mutable: true,
        };
        let types = [
            StorageType::I8,
            StorageType::Val(ValType::I64),
            StorageType::I16,
            StorageType::Val(ValType::Ref(RefType::EXTERNREF)),
            StorageType::Val(ValType::V128),
        ];
        let (fields, size) = place_fields(&types.map(field));
        let offsets: Vec<u32> = fields.iter().map(|field| field.offset).collect();
        assert_eq!((&offsets[..], size), (&[4, 8, 16, 20, 24][..], 40));
        let three = [field(StorageType::Val(ValType::I32)); 3];
        assert_eq!(place_fields(&three).1, 16);
        assert_eq!(place_fields(&[]).1, 8);
    }
}
