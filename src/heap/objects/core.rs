//! The part of the heap of objects that handlers read and write.

use crate::ids::{ExternIndex, ObjectRef, TypeId};
use crate::module::{CompositeKind, ObjectLayout};
use crate::support::size_class::CLASSES;

/// Base-2 logarithm of the part of the address space that a block takes.
pub const BLOCK_BITS: u32 = 16;

/// Number of references that [`ObjectCore::shaded`] holds.
pub const SHADED: usize = 64;

/// The part of the heap of objects that handlers read and write (see H5).
#[derive(Debug)]
#[repr(C)]
pub struct ObjectCore {
    /// Address of each block, by number. Those without memory are null.
    pub blocks: *const *mut u8,
    /// Types of objects, by identity.
    pub types: *const TypeEntry,
    /// Number of entries in `types`.
    pub type_count: u32,
    /// Not zero while the collector marks: then references that are written to objects are added
    /// to `shaded`.
    pub is_marking: u32,
    /// Number of references in `shaded`.
    pub shaded_len: u32,
    /// First free cell of each size class, or 0. A free cell's first word is the next one.
    pub free: [u32; CLASSES],
    /// References that were written to objects while the collector marked.
    pub shaded: [u32; SHADED],
}

/// A defined type, for handlers.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TypeEntry {
    /// Layout of the type's objects; null if no instance of the store has the type.
    pub layout: *const ObjectLayout,
    /// [`ObjectLayout::display`].
    pub display: *const TypeId,
    /// [`ObjectLayout::depth`].
    pub depth: u32,
    /// [`ObjectLayout::kind`].
    pub kind: CompositeKind,
}

/// The kinds of references of the `any` and `extern` hierarchies, which share their
/// representation: a conversion between the two changes no bit.
///
/// | low bits | reference |
/// |---|---|
/// | all 32 are 0 | null |
/// | `1` | an `i31`, in the upper 31 bits |
/// | `10` | a host value, by its number in the upper 30 bits |
/// | `000` | an object, by its address in the heap |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyKind {
    /// An integer of 31 bits.
    I31(u32),
    /// A host value.
    Extern(ExternIndex),
    /// A structure or an array.
    Object(ObjectRef),
}

/// Number of host values that references can distinguish.
pub const EXTERN_NUMBERS: u32 = 1 << 30;

impl AnyKind {
    /// Returns the kind of a reference, or `None` if it is null.
    #[inline]
    pub fn of(bits: u64) -> Option<AnyKind> {
        let bits = bits as u32;
        match bits & 3 {
            0 if bits == 0 => None,
            0 => Some(AnyKind::Object(ObjectRef(bits))),
            2 => Some(AnyKind::Extern(ExternIndex(bits >> 2))),
            _ => Some(AnyKind::I31(bits >> 1)),
        }
    }

    /// Returns the bits of the reference in a slot.
    pub fn bits(self) -> u64 {
        u64::from(match self {
            AnyKind::I31(value) => value << 1 | 1,
            AnyKind::Extern(ExternIndex(index)) => index << 2 | 2,
            AnyKind::Object(ObjectRef(address)) => address,
        })
    }
}

/// Returns whether a reference that is not null refers to an object.
#[inline(always)]
pub fn is_object(bits: u32) -> bool {
    bits & 3 == 0
}

impl ObjectCore {
    /// Returns the address of an object.
    ///
    /// # Safety
    ///
    /// H5: the core is that of the store to which the object belongs.
    #[inline(always)]
    pub unsafe fn address(core: *const ObjectCore, object: u32) -> *mut u8 {
        // SAFETY: as promised: the object is in a block that has memory.
        unsafe {
            let block = *(*core).blocks.add((object >> BLOCK_BITS) as usize);
            block.add((object & ((1 << BLOCK_BITS) - 1)) as usize)
        }
    }

    /// Returns the type of an object.
    ///
    /// # Safety
    ///
    /// As for [`ObjectCore::address`].
    #[inline(always)]
    pub unsafe fn type_of(core: *const ObjectCore, object: u32) -> u32 {
        // SAFETY: as promised; an object begins with its type.
        unsafe { *ObjectCore::address(core, object).cast::<u32>() }
    }

    /// Returns the entry of a type that an instance of the store has.
    ///
    /// # Safety
    ///
    /// H5, and an instance of the store has the type.
    #[inline(always)]
    pub unsafe fn type_entry(core: *const ObjectCore, ty: u32) -> *const TypeEntry {
        // SAFETY: as promised.
        unsafe { (*core).types.add(ty as usize) }
    }

    /// Returns whether the type `ty` is `of`, which has `depth` supertypes, or one of its subtypes.
    ///
    /// # Safety
    ///
    /// As for [`ObjectCore::type_entry`], of `ty`.
    #[inline(always)]
    pub unsafe fn is_subtype(core: *const ObjectCore, ty: u32, of: u32, depth: u32) -> bool {
        if ty == of {
            return true;
        }
        // SAFETY: as promised; the display has an identity for each supertype.
        unsafe {
            let entry = ObjectCore::type_entry(core, ty);
            depth < (*entry).depth && (*(*entry).display.add(depth as usize)).0 == of
        }
    }

    /// As [`ObjectCore::is_subtype`], of a type that instances need not have.
    ///
    /// # Safety
    ///
    /// H5, and an instance of the store has the type `of`.
    #[inline(always)]
    pub unsafe fn is_known_subtype(core: *const ObjectCore, ty: u32, of: u32, depth: u32) -> bool {
        // SAFETY: as promised; a type with no entry is in no instance, nor are its subtypes.
        ty == of
            || unsafe {
                ty < (*core).type_count
                    && !(*ObjectCore::type_entry(core, ty)).layout.is_null()
                    && ObjectCore::is_subtype(core, ty, of, depth)
            }
    }

    /// Takes a free cell of a size class, if there is one.
    ///
    /// # Safety
    ///
    /// H5, and `class` is a class.
    #[inline(always)]
    pub unsafe fn take_cell(core: *mut ObjectCore, class: usize) -> Option<(u32, *mut u8)> {
        // SAFETY: as promised; a free cell is in a block that has memory.
        unsafe {
            let head = (&raw mut (*core).free).cast::<u32>().add(class);
            let cell = *head;
            if cell == 0 {
                return None;
            }
            let address = ObjectCore::address(core, cell);
            *head = *address.cast::<u32>();
            Some((cell, address))
        }
    }

    /// Informs the collector, while it marks, that a reference is about to be written to an object.
    /// Returns false, without any effect, if the collector must empty the list first.
    ///
    /// # Safety
    ///
    /// H5.
    #[inline(always)]
    pub unsafe fn shade(core: *mut ObjectCore, bits: u32) -> bool {
        // SAFETY: as promised; the list has room for `SHADED` references.
        unsafe {
            let len = (*core).shaded_len;
            if len as usize == SHADED {
                return false;
            }
            *(&raw mut (*core).shaded).cast::<u32>().add(len as usize) = bits;
            (*core).shaded_len = len + 1;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_tell_references_apart() {
        for kind in [
            AnyKind::I31(0),
            AnyKind::I31((1 << 31) - 1),
            AnyKind::Extern(ExternIndex(0)),
            AnyKind::Extern(ExternIndex(EXTERN_NUMBERS - 1)),
            AnyKind::Object(ObjectRef(1 << BLOCK_BITS)),
            AnyKind::Object(ObjectRef(u32::MAX - 7)),
        ] {
            assert_eq!(AnyKind::of(kind.bits()), Some(kind));
        }
        assert_eq!(AnyKind::of(0), None);
    }
}
