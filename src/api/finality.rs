//! Finality of types.

use super::engine::Engine;
use crate::ensure;
use crate::ids::TypeId;
use crate::module::SubType;
use crate::support::error::Result;

/// The finality of a defined type, which determines whether it may have subtypes.
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

/// Checks that a type of an engine can be the supertype of another one.
///
/// # Errors
///
/// An error if it is final, or has too many supertypes itself.
///
/// # Panics
///
/// Panics if it belongs to another engine.
pub(super) fn check_supertype(engine: &Engine, owner: &Engine, supertype: TypeId) -> Result<()> {
    assert!(Engine::same(engine, owner), "type used with wrong engine");
    let layout = engine.0.types.layout(supertype);
    ensure!(
        !layout.is_final,
        "cannot create a subtype of a final supertype"
    );
    ensure!(
        layout.depth() < MOST_SUPERTYPES,
        "a type has at most {MOST_SUPERTYPES} supertypes"
    );
    Ok(())
}

/// Maximum number of supertypes of a type, as in modules.
const MOST_SUPERTYPES: u32 = 63;
