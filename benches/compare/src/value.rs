//! Arguments and results of guests.

use std::fmt;

/// An argument or a result. The workloads use no other types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32(i32),
    I64(i64),
}

impl Value {
    /// Returns the bits, sign-extended, for comparison with checksums.
    pub fn bits(self) -> i64 {
        match self {
            Self::I32(value) => i64::from(value),
            Self::I64(value) => value,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bits().fmt(f)
    }
}
