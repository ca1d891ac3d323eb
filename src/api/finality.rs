//! Finality of types.

use crate::module::SubType;

/// Whether a defined type may have subtypes.
///
/// Corresponds to
/// [`wasmtime::Finality`](https://docs.rs/wasmtime/latest/wasmtime/enum.Finality.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finality {
    /// The type has no subtypes.
    Final,
    /// The type may have subtypes.
    NonFinal,
}

impl Finality {
    pub(super) fn of(ty: &SubType) -> Finality {
        match ty.is_final {
            true => Finality::Final,
            false => Finality::NonFinal,
        }
    }

    /// Returns whether this is `Final`.
    pub fn is_final(&self) -> bool {
        *self == Finality::Final
    }

    /// Returns whether this is `NonFinal`.
    pub fn is_non_final(&self) -> bool {
        *self == Finality::NonFinal
    }
}
