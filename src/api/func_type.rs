//! Function types.

use super::context::AsContextMut;
use super::engine::Engine;
use super::finality::{self, Finality};
use super::func::Func;
use super::val_type::ValType;
use crate::ensure;
use crate::ids::TypeId;
use crate::module;
use crate::support::error::{Error, Result};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The type of a function, registered with an engine.
///
/// Corresponds to
/// [`wasmtime::FuncType`](https://docs.rs/wasmtime/latest/wasmtime/struct.FuncType.html).
#[derive(Clone)]
pub struct FuncType {
    engine: Engine,
    id: TypeId,
    ty: Arc<module::FuncType>,
}

impl FuncType {
    /// Creates a final function type.
    ///
    /// # Panics
    ///
    /// Panics if a type belongs to another engine, or if there are more than 1,000 parameters or
    /// results, which is the limit of WebAssembly's JavaScript API.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let ty = FuncType::inner_of(engine, params, results);
        FuncType::from_id(engine, engine.0.types.intern(ty))
    }

    /// Creates a function type, which may have a supertype and subtypes.
    ///
    /// The type is equal to one that a module defines alone, without a recursion group, with the same
    /// parameters, results, finality and supertype.
    ///
    /// # Errors
    ///
    /// Returns an error if the supertype is final, or if the parameters and results do not match
    /// those of the supertype.
    ///
    /// # Panics
    ///
    /// Panics as [`FuncType::new`] does, and if the supertype belongs to another engine.
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        let ty = FuncType::inner_of(engine, params, results);
        if let Some(supertype) = supertype {
            let types = &engine.0.types;
            let matches = |sub: &[module::ValType], of: &[module::ValType]| {
                sub.len() == of.len() && sub.iter().zip(of).all(|(&a, &b)| types.is_subtype(a, b))
            };
            finality::check_supertype(engine, &supertype.engine, supertype.id)?;
            ensure!(
                matches(&supertype.ty.params, &ty.params)
                    && matches(&ty.results, &supertype.ty.results),
                "function type must match its supertype {supertype}"
            );
        }
        let ty = module::SubType {
            is_final: finality.is_final(),
            supertype: supertype.map(FuncType::id),
            composite: module::CompositeType::Func(Arc::new(ty)),
        };
        Ok(FuncType::from_id(engine, engine.0.types.intern_alone(ty)))
    }

    fn inner_of(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> module::FuncType {
        let inner = |ty: ValType| {
            assert!(ty.belongs_to(engine), "type used with wrong engine");
            ty.to_inner()
        };
        let ty = module::FuncType::new(
            params.into_iter().map(inner).collect(),
            results.into_iter().map(inner).collect(),
        );
        let longest = ty.params.len().max(ty.results.len());
        assert!(
            longest <= 1_000,
            "a function has at most 1,000 parameters and results"
        );
        ty
    }

    pub(super) fn from_id(engine: &Engine, id: TypeId) -> FuncType {
        FuncType {
            engine: engine.clone(),
            id,
            ty: engine.0.types.func(id),
        }
    }

    pub(super) fn id(&self) -> TypeId {
        self.id
    }

    /// Returns the type as it is represented below the API.
    pub(super) fn inner(&self) -> &Arc<module::FuncType> {
        &self.ty
    }

    /// Returns the associated engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns whether the type may have subtypes.
    pub fn finality(&self) -> Finality {
        Finality::of(&self.engine.0.types.get(self.id))
    }

    /// Returns the declared supertype.
    pub fn supertype(&self) -> Option<FuncType> {
        let supertype = self.engine.0.types.get(self.id).supertype?;
        Some(FuncType::from_id(&self.engine, supertype))
    }

    /// Returns the type of parameter `i`.
    pub fn param(&self, i: usize) -> Option<ValType> {
        self.ty
            .params
            .get(i)
            .map(|&ty| ValType::from_inner(&self.engine, ty))
    }

    /// Returns the types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.ty
            .params
            .iter()
            .map(|&ty| ValType::from_inner(&self.engine, ty))
    }

    /// Returns the type of result `i`.
    pub fn result(&self, i: usize) -> Option<ValType> {
        self.ty
            .results
            .get(i)
            .map(|&ty| ValType::from_inner(&self.engine, ty))
    }

    /// Returns the types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.ty
            .results
            .iter()
            .map(|&ty| ValType::from_inner(&self.engine, ty))
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &FuncType) -> bool {
        Engine::same(&self.engine, &other.engine)
            && self.engine.0.types.is_declared_subtype(self.id, other.id)
    }

    /// Creates a function of this type that does nothing and returns zeros and nulls.
    ///
    /// # Errors
    ///
    /// Returns an error if a result is a reference that cannot be null.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Func> {
        let results: Vec<_> = self
            .results()
            .map(|ty| {
                ty.default_value().ok_or_else(|| {
                    Error::msg(format!(
                        "type `{self}` has no default value: type `{ty}` has none"
                    ))
                })
            })
            .collect::<Result<_>>()?;
        Ok(Func::new(store, self.clone(), move |_, _, places| {
            places.copy_from_slice(&results);
            Ok(())
        }))
    }
}

impl PartialEq for FuncType {
    fn eq(&self, other: &FuncType) -> bool {
        self.id == other.id && Engine::same(&self.engine, &other.engine)
    }
}

impl Eq for FuncType {}

impl Hash for FuncType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(type (func")?;
        for (name, list) in [("param", &self.ty.params), ("result", &self.ty.results)] {
            if !list.is_empty() {
                write!(f, " ({name}")?;
                for &ty in list {
                    write!(f, " {}", ValType::from_inner(&self.engine, ty))?;
                }
                f.write_str(")")?;
            }
        }
        f.write_str("))")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn equal_types_are_equal_within_an_engine() {
        let engine = Engine::default();
        let ty = FuncType::new(&engine, [ValType::I32, ValType::FUNCREF], [ValType::F32]);
        assert_eq!(ty, FuncType::new(&engine, ty.params(), ty.results()));
        assert_ne!(ty, FuncType::new(&engine, ty.results(), ty.params()));
        assert_eq!(
            ty.to_string(),
            "(type (func (param i32 (ref null func)) (result f32)))"
        );
        assert_eq!(ty.param(1), Some(ValType::FUNCREF));
        assert_eq!(ty.result(1), None);
        let other = FuncType::new(&Engine::default(), ty.params(), ty.results());
        assert_ne!(ty, other);
    }

    #[test]
    fn supertypes_of_functions() {
        let engine = Engine::default();
        let sub = |finality, above: Option<&FuncType>, param, result| {
            FuncType::with_finality_and_supertype(&engine, finality, above, [param], [result])
        };
        let (any, eq) = (ValType::ANYREF, ValType::EQREF);
        let top = sub(Finality::NonFinal, None, eq.clone(), any.clone()).unwrap();
        let low = sub(Finality::Final, Some(&top), any.clone(), eq.clone()).unwrap();
        assert!(low.matches(&top) && !top.matches(&low));
        assert_eq!(low.supertype(), Some(top.clone()));
        assert!(low.finality().is_final() && top.finality().is_non_final());
        assert_eq!(
            low,
            sub(Finality::Final, Some(&top), any.clone(), eq.clone()).unwrap()
        );
        assert!(sub(Finality::Final, Some(&low), any.clone(), eq.clone()).is_err());
        assert!(sub(Finality::Final, Some(&top), ValType::I31REF, eq).is_err());
        assert!(sub(Finality::Final, Some(&top), any, ValType::EXTERNREF).is_err());
        assert_ne!(top, FuncType::new(&engine, top.params(), top.results()));
    }
}
