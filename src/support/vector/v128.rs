//! Vectors of 128 bits.

// The lanes of targets without vector registers are an array already.
#![allow(clippy::useless_transmute)]

use core::fmt;
use core::mem::transmute;

#[cfg(target_arch = "x86_64")]
pub(super) type Native = core::arch::x86_64::__m128i;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(super) type Native = core::arch::aarch64::uint8x16_t;
#[cfg(target_arch = "riscv64")]
pub(super) type Native = Halves;
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little"),
    target_arch = "riscv64"
)))]
pub(super) type Native = [u64; 2];

/// Two halves, the lower one first, which the calling convention passes in registers of floats.
/// The accumulator thus takes no register from code without vectors.
#[cfg(target_arch = "riscv64")]
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Halves(f64, f64);

/// A vector of 128 bits, which instructions take as lanes of 8 to 64 bits. Lane 0 is in the
/// lowest bits. In a register where the target has vector registers.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct V128(pub(super) Native);

impl V128 {
    /// The vector without any bit set.
    pub const ZERO: V128 = V128::from_slots(0, 0);

    /// Creates a vector from its low and its high 64 bits.
    #[inline(always)]
    pub const fn from_slots(low: u64, high: u64) -> V128 {
        // SAFETY: both types are plain data of 16 bytes. The vector types of processors are only
        // used on little-endian targets, where element 0 of an array of `u64` is the low half.
        V128(unsafe { transmute::<[u64; 2], Native>([low, high]) })
    }

    /// Returns the low and the high 64 bits.
    #[inline(always)]
    pub const fn to_slots(self) -> [u64; 2] {
        // SAFETY: as in `from_slots`.
        unsafe { transmute::<Native, [u64; 2]>(self.0) }
    }

    /// Creates a vector from its image in memory, which is little-endian on all targets.
    #[inline(always)]
    pub fn from_bytes(bytes: [u8; 16]) -> V128 {
        V128::from(u128::from_le_bytes(bytes))
    }

    /// Returns the image in memory, which is little-endian on all targets.
    #[inline(always)]
    pub fn to_bytes(self) -> [u8; 16] {
        u128::from(self).to_le_bytes()
    }
}

impl From<u128> for V128 {
    #[inline(always)]
    fn from(bits: u128) -> V128 {
        V128::from_slots(bits as u64, (bits >> 64) as u64)
    }
}

impl From<V128> for u128 {
    #[inline(always)]
    fn from(vector: V128) -> u128 {
        let [low, high] = vector.to_slots();
        u128::from(high) << 64 | u128::from(low)
    }
}

impl Default for V128 {
    #[inline(always)]
    fn default() -> V128 {
        V128::ZERO
    }
}

/// Compares the bits.
impl PartialEq for V128 {
    #[inline(always)]
    fn eq(&self, other: &V128) -> bool {
        self.to_slots() == other.to_slots()
    }
}

impl Eq for V128 {}

impl fmt::Debug for V128 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "V128({:#034x})", u128::from(*self))
    }
}

/// A vector in a structure whose alignment it must not change.
pub type Saved = [u64; 2];

impl V128 {
    /// Returns the vector in the form in which structures hold it.
    #[inline(always)]
    pub const fn save(self) -> Saved {
        self.to_slots()
    }

    /// Returns the vector that a structure holds.
    #[inline(always)]
    pub const fn restore([low, high]: Saved) -> V128 {
        V128::from_slots(low, high)
    }
}

/// Half a vector, which the register of a float passes.
#[cfg(backstitch_become)]
pub type Half = f64;

#[cfg(backstitch_become)]
impl V128 {
    /// Returns both halves, the lower one first.
    #[inline(always)]
    pub fn split(self) -> (Half, Half) {
        let [low, high] = self.to_slots();
        (Half::from_bits(low), Half::from_bits(high))
    }

    /// Returns the vector of two halves.
    #[inline(always)]
    pub fn join(low: Half, high: Half) -> V128 {
        V128::from_slots(low.to_bits(), high.to_bits())
    }
}
