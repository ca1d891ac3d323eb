//! The types of operands and results in the op table.

/// The type of an operand, of a result, or of a value in memory. The names are Rust's, and
/// `v128` for vectors.
#[allow(
    non_camel_case_types,
    reason = "the rows of the op table name Rust's types"
)]
#[allow(missing_docs, reason = "they are the types of these names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    u8,
    u16,
    u32,
    i32,
    u64,
    i64,
    f32,
    f64,
    v128,
}

impl Scalar {
    /// Returns the size in bytes.
    pub const fn size(self) -> u64 {
        match self {
            Scalar::u8 => 1,
            Scalar::u16 => 2,
            Scalar::u32 | Scalar::i32 | Scalar::f32 => 4,
            Scalar::u64 | Scalar::i64 | Scalar::f64 => 8,
            Scalar::v128 => 16,
        }
    }

    /// Returns whether immediates of the type have 64 bits. (Those of 64-bit integers are extended
    /// from 32 bits.)
    pub const fn has_wide_immediates(self) -> bool {
        matches!(self, Scalar::f64)
    }

    /// Returns whether an immediate of this type can have these bits: an immediate of a 64-bit
    /// integer is extended from 32 bits.
    pub const fn fits_immediate(self, bits: u64) -> bool {
        !matches!(self, Scalar::u64 | Scalar::i64) || bits as i32 as u64 == bits
    }

    /// Returns the bits of a slot for the bits of an immediate's field.
    pub const fn extend_immediate(self, bits: u64) -> u64 {
        match self {
            Scalar::u64 | Scalar::i64 => bits as i32 as u64,
            _ => bits,
        }
    }
}
