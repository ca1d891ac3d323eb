//! Function types, each once.
//!
//! The unit of equality is a recursion group, as the specification has it: two types are
//! the same when their groups are, and when they stand at the same place in them. Nearly
//! all groups are of one type that does not mention itself, and have a map of their own.
//!
//! Types stay for the life of their engine: there are few different ones, and an identity
//! that is never given to another type needs no counting.

use super::types::{FuncType, HeapType, RefType, TypeId, ValType};
use crate::support::sync::Mutex;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A function type of a module.
#[derive(Clone, Debug)]
pub struct ModuleType {
    /// Its identity within the engine.
    pub id: TypeId,
    /// The type itself.
    pub func: Arc<FuncType>,
}

/// In the key of a group, types of the group itself are numbered from its start, and have
/// this bit set.
const WITHIN_GROUP: u32 = 1 << 31;

/// The identity that stands for member `index` of a group that is not interned yet.
pub(super) fn within_group(index: u32) -> TypeId {
    TypeId(index | WITHIN_GROUP)
}

/// All function types of an engine.
#[derive(Debug, Default)]
pub struct TypeRegistry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By [`TypeId`].
    types: Vec<Arc<FuncType>>,
    /// Types that are groups of their own and do not mention themselves.
    single: BTreeMap<Arc<FuncType>, TypeId>,
    /// The other groups, with the identity of their first member.
    groups: BTreeMap<Box<[FuncType]>, TypeId>,
}

impl TypeRegistry {
    /// The identity of a type that does not mention itself.
    pub fn intern(&self, ty: FuncType) -> TypeId {
        self.inner.lock().intern(ty).id
    }

    /// The identities of a recursion group's members, which refer to one another by
    /// [`within_group`].
    pub(super) fn intern_group(&self, members: Vec<FuncType>, into: &mut Vec<ModuleType>) {
        let mut inner = self.inner.lock();
        match <[FuncType; 1]>::try_from(members) {
            Ok([ty]) if !mentions_group(&ty) => into.push(inner.intern(ty)),
            Ok(ty) => inner.intern_group(ty.into(), into),
            Err(members) => inner.intern_group(members.into(), into),
        }
    }

    /// The type of that identity.
    pub fn get(&self, id: TypeId) -> Arc<FuncType> {
        Arc::clone(&self.inner.lock().types[id.0 as usize])
    }

    /// Whether each value of type `a` is one of type `b`.
    pub fn is_subtype(&self, a: ValType, b: ValType) -> bool {
        match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => self.ref_is_subtype(a, b),
            (a, b) => a == b,
        }
    }

    /// Whether each reference of type `a` is one of type `b`.
    pub fn ref_is_subtype(&self, a: RefType, b: RefType) -> bool {
        (b.nullable || !a.nullable) && self.heap_is_subtype(a.heap, b.heap)
    }

    /// Whether whatever `a` describes is described by `b`.
    pub fn heap_is_subtype(&self, a: HeapType, b: HeapType) -> bool {
        match (a, b) {
            (HeapType::Concrete(_), HeapType::Func)
            | (HeapType::NoFunc, HeapType::Func | HeapType::Concrete(_))
            | (HeapType::NoExtern, HeapType::Extern) => true,
            (a, b) => a == b,
        }
    }
}

impl Inner {
    fn intern(&mut self, ty: FuncType) -> ModuleType {
        if let Some((func, &id)) = self.single.get_key_value(&ty) {
            return ModuleType {
                id,
                func: Arc::clone(func),
            };
        }
        let new = self.push(ty);
        self.single.insert(Arc::clone(&new.func), new.id);
        new
    }

    fn intern_group(&mut self, members: Box<[FuncType]>, into: &mut Vec<ModuleType>) {
        let first = match self.groups.get(&members) {
            Some(&first) => first,
            None => {
                let first = TypeId(self.types.len() as u32);
                for member in &members {
                    self.push(resolve(member, first));
                }
                self.groups.insert(members.clone(), first);
                first
            }
        };
        into.extend((first.0..).take(members.len()).map(|id| ModuleType {
            id: TypeId(id),
            func: Arc::clone(&self.types[id as usize]),
        }));
    }

    fn push(&mut self, ty: FuncType) -> ModuleType {
        let new = ModuleType {
            id: TypeId(self.types.len() as u32),
            func: Arc::new(ty),
        };
        self.types.push(Arc::clone(&new.func));
        new
    }
}

fn values(ty: &FuncType) -> impl Iterator<Item = &ValType> {
    ty.params.iter().chain(&ty.results)
}

fn mentions_group(ty: &FuncType) -> bool {
    values(ty).any(|value| match value {
        ValType::Ref(RefType {
            heap: HeapType::Concrete(id),
            ..
        }) => id.0 & WITHIN_GROUP != 0,
        _ => false,
    })
}

/// A member of a group whose first member has the identity `first`.
fn resolve(member: &FuncType, first: TypeId) -> FuncType {
    let value = |value: &ValType| match *value {
        ValType::Ref(RefType {
            nullable,
            heap: HeapType::Concrete(id),
        }) if id.0 & WITHIN_GROUP != 0 => {
            let id = TypeId(first.0 + (id.0 & !WITHIN_GROUP));
            ValType::Ref(RefType {
                nullable,
                heap: HeapType::Concrete(id),
            })
        }
        other => other,
    };
    FuncType {
        params: member.params.iter().map(value).collect(),
        results: member.results.iter().map(value).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn func(params: &[ValType], results: &[ValType]) -> FuncType {
        FuncType {
            params: params.into(),
            results: results.into(),
        }
    }

    fn reference(heap: HeapType) -> ValType {
        ValType::Ref(RefType {
            nullable: true,
            heap,
        })
    }

    fn group(registry: &TypeRegistry, members: Vec<FuncType>) -> Vec<TypeId> {
        let mut types = Vec::new();
        registry.intern_group(members, &mut types);
        types.iter().map(|ty| ty.id).collect()
    }

    #[test]
    fn equal_types_are_one() {
        let registry = TypeRegistry::default();
        let a = registry.intern(func(&[ValType::I32], &[]));
        let b = registry.intern(func(&[], &[ValType::I32]));
        assert_ne!(a, b);
        assert_eq!(registry.intern(func(&[ValType::I32], &[])), a);
        assert_eq!(group(&registry, vec![func(&[], &[ValType::I32])]), [b]);
        assert_eq!(*registry.get(b), func(&[], &[ValType::I32]));
        let of_a = func(&[reference(HeapType::Concrete(a))], &[]);
        let of_b = func(&[reference(HeapType::Concrete(b))], &[]);
        assert_ne!(registry.intern(of_a), registry.intern(of_b));
    }

    #[test]
    fn groups_are_equal_as_wholes() {
        let registry = TypeRegistry::default();
        let itself = || func(&[reference(HeapType::Concrete(within_group(0)))], &[]);
        let other = || func(&[reference(HeapType::Concrete(within_group(1)))], &[]);
        let alone = group(&registry, vec![itself()]);
        assert_eq!(group(&registry, vec![itself()]), alone);
        let pair = group(&registry, vec![other(), itself()]);
        assert_eq!(group(&registry, vec![other(), itself()]), pair);
        assert_ne!(pair[0], alone[0]);
        assert_ne!(pair[1], alone[0]);
        assert_eq!(
            registry.get(pair[0]).params[0],
            reference(HeapType::Concrete(pair[1]))
        );
        assert_eq!(
            registry.get(alone[0]).params[0],
            reference(HeapType::Concrete(alone[0]))
        );
        // The same function type in a group of two is another type.
        let plain = registry.intern(func(&[], &[]));
        let twins = group(&registry, vec![func(&[], &[]), func(&[], &[])]);
        assert!(!twins.contains(&plain) && twins[0] != twins[1]);
        assert_eq!(group(&registry, vec![]), []);
    }

    #[test]
    fn subtypes() {
        let registry = TypeRegistry::default();
        let a = HeapType::Concrete(registry.intern(func(&[], &[])));
        let b = HeapType::Concrete(registry.intern(func(&[ValType::F32], &[])));
        let holds = [
            (a, HeapType::Func),
            (HeapType::NoFunc, a),
            (HeapType::NoFunc, HeapType::Func),
            (HeapType::NoExtern, HeapType::Extern),
            (a, a),
        ];
        let fails = [
            (a, b),
            (HeapType::Func, a),
            (a, HeapType::NoFunc),
            (HeapType::NoFunc, HeapType::Extern),
            (HeapType::NoExtern, HeapType::Func),
            (HeapType::Extern, HeapType::NoExtern),
        ];
        for (sub, sup) in holds {
            assert!(registry.heap_is_subtype(sub, sup), "{sub:?} {sup:?}");
            assert!(registry.is_subtype(reference(sub), reference(sup)));
        }
        for (sub, sup) in fails {
            assert!(!registry.heap_is_subtype(sub, sup), "{sub:?} {sup:?}");
        }
        let non_null = RefType {
            nullable: false,
            heap: HeapType::Func,
        };
        assert!(registry.ref_is_subtype(non_null, RefType::FUNCREF));
        assert!(!registry.ref_is_subtype(RefType::FUNCREF, non_null));
        assert!(registry.is_subtype(ValType::I32, ValType::I32));
        assert!(!registry.is_subtype(ValType::I32, ValType::I64));
    }
}
