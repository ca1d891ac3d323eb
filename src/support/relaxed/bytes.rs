//! Accesses to numbers: relaxed atomic ones where they are aligned, else one for each byte.

use core::sync::atomic::{self, Ordering::Relaxed};

macro_rules! numbers {
    ($($ty:ident $atomic:ident $load:ident $store:ident)*) => {$(
        /// Reads a number in the target's byte order, from an address that need not be aligned.
        ///
        /// # Safety
        ///
        /// Its bytes are readable, and other threads access them with atomic instructions only.
        #[inline(always)]
        pub unsafe fn $load(address: *const u8) -> $ty {
            let address = address.cast_mut();
            // SAFETY: as promised; no store is executed.
            unsafe {
                if address.addr().is_multiple_of(size_of::<$ty>()) {
                    return atomic::$atomic::from_ptr(address.cast()).load(Relaxed);
                }
                let mut bytes = [0; size_of::<$ty>()];
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = atomic::AtomicU8::from_ptr(address.add(at)).load(Relaxed);
                }
                $ty::from_ne_bytes(bytes)
            }
        }

        /// Writes a number in the target's byte order, to an address that need not be aligned.
        ///
        /// # Safety
        ///
        /// Its bytes are writable, and other threads access them with atomic instructions only.
        #[inline(always)]
        pub unsafe fn $store(address: *mut u8, number: $ty) {
            // SAFETY: as promised.
            unsafe {
                if address.addr().is_multiple_of(size_of::<$ty>()) {
                    return atomic::$atomic::from_ptr(address.cast()).store(number, Relaxed);
                }
                for (at, byte) in number.to_ne_bytes().into_iter().enumerate() {
                    atomic::AtomicU8::from_ptr(address.add(at)).store(byte, Relaxed);
                }
            }
        }
    )*};
}

numbers! {
    u8 AtomicU8 load_u8 store_u8
    u16 AtomicU16 load_u16 store_u16
    u32 AtomicU32 load_u32 store_u32
    u64 AtomicU64 load_u64 store_u64
}
