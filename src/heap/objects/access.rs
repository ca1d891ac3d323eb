//! Access to fields and elements, from outside of handlers.

use super::Objects;
use crate::heap::collector::Reference;
use crate::ids::{ExnIndex, ObjectRef};
use crate::module::{ARRAY_HEADER, CompositeKind, FieldLayout, Storage, ValBits};
use core::ptr;

impl Objects {
    /// Returns field `index` of a structure or element `index` of an array, with zeros above it, if
    /// it has one.
    pub fn get(&self, object: ObjectRef, index: u32) -> Option<ValBits> {
        Some(self.place(object, index)?.get())
    }

    /// Replaces field `index` of a structure or element `index` of an array. While the collector
    /// marks, the caller informs it of references. Returns whether there is such a field.
    pub fn set(&mut self, object: ObjectRef, index: u32, bits: ValBits) -> bool {
        let place = self.place(object, index);
        place.map(|place| place.set(bits)).is_some()
    }

    /// Returns the reference that the bits of a value for a field, or an element, are, if they refer
    /// to what the collector owns.
    pub fn reference(&self, object: ObjectRef, index: u32, bits: u64) -> Option<Reference> {
        reference_in(self.place(object, index)?.storage, bits)
    }

    fn place(&self, object: ObjectRef, index: u32) -> Option<FieldPlace> {
        let layout = self.layout_of(object);
        let FieldLayout { offset, storage } = match layout.kind {
            CompositeKind::Array if index < self.array_len(object) => layout.fields[0],
            CompositeKind::Array => return None,
            _ => *layout.fields.get(index as usize)?,
        };
        let element = match layout.kind {
            CompositeKind::Array => u64::from(index) * u64::from(storage.size()),
            _ => 0,
        };
        Some(FieldPlace {
            address: self
                .address(object)
                .wrapping_add(offset as usize + element as usize),
            storage,
        })
    }

    /// Returns the address of elements of an array, their storage, and the number of their bytes.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    fn elements(&self, array: ObjectRef, start: u32, len: u32) -> (*mut u8, Storage, usize) {
        let end = u64::from(start) + u64::from(len);
        assert!(end <= self.array_len(array).into(), "bounds were checked");
        let storage = self.layout_of(array).element();
        let size = storage.size() as usize;
        let first = ARRAY_HEADER as usize + start as usize * size;
        let address = self.address(array).wrapping_add(first);
        (address, storage, len as usize * size)
    }

    /// Sets elements of an array. While the collector marks, the caller informs it of the value.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn fill(&mut self, array: ObjectRef, start: u32, len: u32, bits: ValBits) {
        let (address, storage, bytes) = self.elements(array, start, len);
        for offset in (0..bytes).step_by(storage.size() as usize) {
            let address = address.wrapping_add(offset);
            FieldPlace { address, storage }.set(bits);
        }
    }

    /// Copies elements of an array to another one, or within it. Their storage is the same. While the
    /// collector marks, the caller informs it of them.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn copy(
        &mut self,
        to: ObjectRef,
        to_start: u32,
        from: ObjectRef,
        from_start: u32,
        len: u32,
    ) {
        let (to, to_storage, bytes) = self.elements(to, to_start, len);
        let (from, from_storage, _) = self.elements(from, from_start, len);
        assert_eq!(to_storage.size(), from_storage.size());
        // SAFETY: H5: both ranges are within live arrays.
        unsafe { ptr::copy(from, to, bytes) };
    }

    /// Writes numbers in little-endian byte order to elements of an array.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn write_bytes(&mut self, array: ObjectRef, start: u32, bytes: &[u8]) {
        let size = self.layout_of(array).element().size() as usize;
        let (address, storage, _) = self.elements(array, start, (bytes.len() / size) as u32);
        for (index, number) in bytes.chunks_exact(size).enumerate() {
            let mut padded = [0; 16];
            padded[..size].copy_from_slice(number);
            let bits = u128::from_le_bytes(padded);
            let address = address.wrapping_add(index * size);
            FieldPlace { address, storage }.set([bits as u64, (bits >> 64) as u64]);
        }
    }

    /// Copies all elements of an array of bytes.
    ///
    /// # Panics
    ///
    /// If `bytes` has another length than the array.
    pub fn read_bytes(&self, array: ObjectRef, bytes: &mut [u8]) {
        let (address, storage, len) = self.elements(array, 0, self.array_len(array));
        assert!(storage == Storage::I8 && len == bytes.len());
        // SAFETY: H5: the elements are within a live array.
        unsafe { ptr::copy_nonoverlapping(address, bytes.as_mut_ptr(), len) };
    }

    /// Visits the references in an object.
    pub fn references(&self, object: ObjectRef, visit: &mut dyn FnMut(Reference)) {
        let layout = self.layout_of(object);
        let fields = match layout.kind {
            _ if layout.traced.is_empty() => 0,
            CompositeKind::Array => self.array_len(object),
            _ => layout.fields.len() as u32,
        };
        for index in 0..fields {
            if let Some(place) = self.place(object, index)
                && let Some(reference) = reference_in(place.storage, place.get()[0])
            {
                visit(reference);
            }
        }
    }
}

/// Returns the reference in a field, if it refers to what the collector owns.
#[inline]
pub(super) fn reference_in(storage: Storage, bits: u64) -> Option<Reference> {
    match storage {
        Storage::Object => Reference::of_any(bits),
        Storage::Exn => Some(Reference::Exn(ExnIndex((bits as u32).checked_sub(1)?))),
        Storage::Cont => (bits as u32 != 0).then_some(Reference::Cont(bits)),
        _ => None,
    }
}

/// The place of a field or an element of a live object.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldPlace {
    pub(super) address: *mut u8,
    pub(super) storage: Storage,
}

impl FieldPlace {
    #[inline]
    pub(super) fn get(self) -> ValBits {
        let address = self.address;
        // SAFETY: H5: the field is within a live object, and aligned to its size or to 8 bytes.
        unsafe {
            match self.storage {
                Storage::I8 => [(*address).into(), 0],
                Storage::I16 => [(*address.cast::<u16>()).into(), 0],
                Storage::Word | Storage::Object | Storage::Exn => {
                    [(*address.cast::<u32>()).into(), 0]
                }
                Storage::Double | Storage::Cont => [*address.cast::<u64>(), 0],
                Storage::Vector => *address.cast::<ValBits>(),
            }
        }
    }

    #[inline]
    pub(super) fn set(self, bits: ValBits) {
        let address = self.address;
        // SAFETY: as for `get`.
        unsafe {
            match self.storage {
                Storage::I8 => *address = bits[0] as u8,
                Storage::I16 => *address.cast::<u16>() = bits[0] as u16,
                Storage::Word | Storage::Object | Storage::Exn => {
                    *address.cast::<u32>() = bits[0] as u32;
                }
                Storage::Double | Storage::Cont => *address.cast::<u64>() = bits[0],
                Storage::Vector => *address.cast::<ValBits>() = bits,
            }
        }
    }
}
