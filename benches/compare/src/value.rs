//! The values that cross the boundary between this program and a guest.

use std::fmt;

/// An argument or a result: the workloads need no other types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32(i32),
    I64(i64),
}

impl Value {
    /// The bits, widened: what checksums are compared by.
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
