//! Accesses to numbers, by the instructions that processors have for them.
//!
//! On these processors, an access of a number by one instruction is a relaxed atomic access where it
//! is aligned; elsewhere its bytes are accessed in some order. The instruction is written down, since
//! the compiler has an atomic access of aligned numbers only, and a branch on the alignment would
//! cost more than the access.

use core::arch::asm;

macro_rules! numbers {
    ($($ty:ty: $wide:ty, $load:ident $load_x86:literal $load_arm:literal,
        $store:ident $store_x86:literal $class:ident $store_arm:literal;)*) => {$(
        /// Reads a number in the target's byte order, from an address that need not be aligned.
        ///
        /// # Safety
        ///
        /// Its bytes are readable, and other threads access them with atomic instructions only.
        #[inline(always)]
        pub unsafe fn $load(address: *const u8) -> $ty {
            let number: $wide;
            // SAFETY: as promised; the instruction reads the number and changes only the register.
            unsafe {
                #[cfg(target_arch = "x86_64")]
                asm!($load_x86, out(reg) number, in(reg) address,
                    options(nostack, preserves_flags, readonly));
                #[cfg(target_arch = "aarch64")]
                asm!($load_arm, out(reg) number, in(reg) address,
                    options(nostack, preserves_flags, readonly));
            }
            number as $ty
        }

        /// Writes a number in the target's byte order, to an address that need not be aligned.
        ///
        /// # Safety
        ///
        /// Its bytes are writable, and other threads access them with atomic instructions only.
        #[inline(always)]
        pub unsafe fn $store(address: *mut u8, number: $ty) {
            // SAFETY: as promised; the instruction writes the number and nothing else.
            unsafe {
                #[cfg(target_arch = "x86_64")]
                asm!($store_x86, in(reg) address, in($class) number,
                    options(nostack, preserves_flags));
                #[cfg(target_arch = "aarch64")]
                asm!($store_arm, in(reg) address, in(reg) <$wide>::from(number),
                    options(nostack, preserves_flags));
            }
        }
    )*};
}

numbers! {
    u8: u32, load_u8 "movzx {0:e}, byte ptr [{1}]" "ldrb {0:w}, [{1}]",
        store_u8 "mov byte ptr [{0}], {1}" reg_byte "strb {1:w}, [{0}]";
    u16: u32, load_u16 "movzx {0:e}, word ptr [{1}]" "ldrh {0:w}, [{1}]",
        store_u16 "mov word ptr [{0}], {1:x}" reg "strh {1:w}, [{0}]";
    u32: u32, load_u32 "mov {0:e}, dword ptr [{1}]" "ldr {0:w}, [{1}]",
        store_u32 "mov dword ptr [{0}], {1:e}" reg "str {1:w}, [{0}]";
    u64: u64, load_u64 "mov {0}, qword ptr [{1}]" "ldr {0:x}, [{1}]",
        store_u64 "mov qword ptr [{0}], {1}" reg "str {1:x}, [{0}]";
}
