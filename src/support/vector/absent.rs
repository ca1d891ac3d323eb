//! Vectors of a build without them: a type without a size, in the place of the accumulator.

/// A vector, of which there is none.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct V128(());

impl V128 {
    /// The only value.
    pub const ZERO: V128 = V128(());

    /// Returns the bits of the slots of a vector.
    pub const fn to_slots(self) -> [u64; 2] {
        [0; 2]
    }
}

/// A vector in a structure: nothing.
pub type Saved = [u64; 0];

impl V128 {
    /// Returns the vector in the form in which structures hold it.
    #[inline(always)]
    pub const fn save(self) -> Saved {
        []
    }

    /// Returns the vector that a structure holds.
    #[inline(always)]
    pub const fn restore(_: Saved) -> V128 {
        V128::ZERO
    }
}

/// The instructions that handlers may use.
pub trait Level: 'static {}

/// The instructions that every processor of the target has.
#[derive(Debug)]
pub struct Baseline;

impl Level for Baseline {}

/// Half a vector.
#[cfg(backstitch_become)]
pub type Half = ();

#[cfg(backstitch_become)]
impl V128 {
    /// Returns both halves, the lower one first.
    #[inline(always)]
    pub fn split(self) -> (Half, Half) {
        ((), ())
    }

    /// Returns the vector of two halves.
    #[inline(always)]
    pub fn join(_: Half, _: Half) -> V128 {
        V128::ZERO
    }
}
