//! Continuation types.

use super::engine::Engine;
use super::func_type::FuncType;
use crate::ids::TypeId;
use crate::module;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The type of a continuation, registered with an engine.
///
/// See the [stack switching](https://github.com/WebAssembly/stack-switching) proposal.
#[derive(Clone)]
pub struct ContType {
    engine: Engine,
    id: TypeId,
}

impl ContType {
    /// Creates the type of continuations of functions of type `func`.
    pub fn new(func: &FuncType) -> ContType {
        let engine = func.engine();
        let composite = module::CompositeType::Cont(func.id());
        ContType::from_id(engine, engine.0.types.intern_plain(composite))
    }

    pub(super) fn from_id(engine: &Engine, id: TypeId) -> ContType {
        ContType {
            engine: engine.clone(),
            id,
        }
    }

    pub(super) fn id(&self) -> TypeId {
        self.id
    }

    /// Returns the associated engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the type of the continuation's function.
    ///
    /// Its parameters are those that resuming takes; its results are those when the continuation
    /// ends.
    pub fn func_type(&self) -> FuncType {
        let ty = self.engine.0.types.get(self.id);
        let module::CompositeType::Cont(func) = ty.composite else {
            unreachable!("the type is a continuation type");
        };
        FuncType::from_id(&self.engine, func)
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &ContType) -> bool {
        Engine::same(&self.engine, &other.engine)
            && self.engine.0.types.is_declared_subtype(self.id, other.id)
    }
}

impl PartialEq for ContType {
    fn eq(&self, other: &ContType) -> bool {
        self.id == other.id && Engine::same(&self.engine, &other.engine)
    }
}

impl Eq for ContType {}

impl Hash for ContType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for ContType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ContType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&module::describe_type(&self.engine.0.types, self.id))
    }
}
