//! The registry of the types that modules define.
//!
//! As in the specification, equality is by recursion group: two types are equal if their groups
//! are equal and they have the same position in them. Nearly all groups consist of one type that
//! does not refer to itself. These have a map of their own.
//!
//! Types are kept until their engine is dropped. There are few distinct types, and identities
//! that are never reused need no reference counts.

use super::object_layout::ObjectLayout;
use super::types::{
    CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, SubType, ValType,
};
use crate::ids::TypeId;
use crate::support::sync::Mutex;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A type that a module defines.
#[derive(Clone, Debug)]
pub struct ModuleType {
    /// Identity within the engine.
    pub id: TypeId,
    /// The type.
    pub ty: Arc<SubType>,
    /// Layout of its objects.
    pub layout: Arc<ObjectLayout>,
}

impl ModuleType {
    /// Returns the function type.
    ///
    /// # Panics
    ///
    /// If it is not a function type. Validation ensures that it is wherever this is called.
    pub fn func(&self) -> &Arc<FuncType> {
        func_of(&self.ty)
    }
}

fn func_of(ty: &SubType) -> &Arc<FuncType> {
    match &ty.composite {
        CompositeType::Func(func) => func,
        other => panic!("{other:?} is not a function type"),
    }
}

/// Bit that marks an identity within the key of a group. Such identities are numbered from the
/// start of the group.
const WITHIN_GROUP: u32 = 1 << 31;

/// Returns the identity of member `index` of a group that has not been interned yet.
pub(super) fn within_group(index: u32) -> TypeId {
    TypeId(index | WITHIN_GROUP)
}

/// All types that the modules of an engine define.
#[derive(Debug, Default)]
pub struct TypeRegistry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Indexed by [`TypeId`].
    types: Vec<Interned>,
    /// Groups of one type that does not refer to itself.
    single: BTreeMap<Arc<SubType>, TypeId>,
    /// Other groups, and the identity of the first member of each.
    groups: BTreeMap<Box<[SubType]>, TypeId>,
}

#[derive(Debug)]
struct Interned {
    ty: Arc<SubType>,
    layout: Arc<ObjectLayout>,
    group: GroupMember,
}

/// The position of a type in its recursion group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Index within the group.
    pub index: u32,
    /// Number of types in the group.
    pub count: u32,
}

impl TypeRegistry {
    /// Returns the identity of a final function type that does not refer to itself.
    pub fn intern(&self, ty: FuncType) -> TypeId {
        self.intern_plain(CompositeType::Func(Arc::new(ty)))
    }

    /// Returns the identity of a final type that has no supertype and does not refer to itself.
    pub fn intern_plain(&self, composite: CompositeType) -> TypeId {
        self.intern_alone(SubType::plain(composite))
    }

    /// Returns the identity of a type that does not refer to itself. It matches its supertype.
    pub fn intern_alone(&self, ty: SubType) -> TypeId {
        self.inner.lock().intern(ty).id
    }

    /// Appends the identities of a recursion group's members, which refer to each other by
    /// [`within_group`].
    pub(super) fn intern_group(&self, members: Vec<SubType>, into: &mut Vec<ModuleType>) {
        let mut inner = self.inner.lock();
        match <[SubType; 1]>::try_from(members) {
            Ok([ty]) if !mentions_group(&ty) => into.push(inner.intern(ty)),
            Ok(ty) => inner.intern_group(ty.into(), into),
            Err(members) => inner.intern_group(members.into(), into),
        }
    }

    /// Returns the type with this identity.
    pub fn get(&self, id: TypeId) -> Arc<SubType> {
        Arc::clone(&self.inner.lock().types[id.0 as usize].ty)
    }

    /// Returns the layout of the objects of the type with this identity.
    pub fn layout(&self, id: TypeId) -> Arc<ObjectLayout> {
        Arc::clone(&self.inner.lock().types[id.0 as usize].layout)
    }

    /// Returns the function type with this identity.
    ///
    /// # Panics
    ///
    /// If it is not a function type.
    pub fn func(&self, id: TypeId) -> Arc<FuncType> {
        Arc::clone(func_of(&self.get(id)))
    }

    /// Returns the position of the type in its recursion group.
    pub fn group(&self, id: TypeId) -> GroupMember {
        self.inner.lock().types[id.0 as usize].group
    }

    /// Returns whether `a` is a subtype of `b`.
    pub fn is_subtype(&self, a: ValType, b: ValType) -> bool {
        match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => self.ref_is_subtype(a, b),
            (a, b) => a == b,
        }
    }

    /// Returns whether `a` is a subtype of `b`.
    pub fn ref_is_subtype(&self, a: RefType, b: RefType) -> bool {
        (b.nullable || !a.nullable) && self.heap_is_subtype(a.heap, b.heap)
    }

    /// Returns whether `a` is a subtype of `b`.
    pub fn heap_is_subtype(&self, a: HeapType, b: HeapType) -> bool {
        a.matches_by_kind(b)
            || match (a.id(), b.id()) {
                (Some(a), Some(b)) => self.is_declared_subtype(a, b),
                _ => false,
            }
    }

    /// Returns whether `a` is `b`, or `b` is a direct or indirect declared supertype of `a`.
    pub fn is_declared_subtype(&self, a: TypeId, b: TypeId) -> bool {
        if a == b {
            return true;
        }
        let inner = self.inner.lock();
        let layout = |id: TypeId| &inner.types[id.0 as usize].layout;
        layout(a).display.get(layout(b).depth() as usize) == Some(&b)
    }
}

impl Inner {
    fn intern(&mut self, ty: SubType) -> ModuleType {
        if let Some(&id) = self.single.get(&ty) {
            return self.module_type(id);
        }
        let ty = Arc::new(ty);
        let id = self.push(Arc::clone(&ty), GroupMember { index: 0, count: 1 });
        self.single.insert(ty, id);
        self.module_type(id)
    }

    fn module_type(&self, id: TypeId) -> ModuleType {
        let Interned { ty, layout, .. } = &self.types[id.0 as usize];
        ModuleType {
            id,
            ty: Arc::clone(ty),
            layout: Arc::clone(layout),
        }
    }

    fn intern_group(&mut self, members: Box<[SubType]>, into: &mut Vec<ModuleType>) {
        let count = members.len() as u32;
        let first = match self.groups.get(&members) {
            Some(&first) => first,
            None => {
                let first = TypeId(self.types.len() as u32);
                for (member, index) in members.iter().zip(0..) {
                    let member = Arc::new(resolve(member, first));
                    self.push(member, GroupMember { index, count });
                }
                self.groups.insert(members, first);
                first
            }
        };
        into.extend((first.0..first.0 + count).map(|id| self.module_type(TypeId(id))));
    }

    fn push(&mut self, ty: Arc<SubType>, group: GroupMember) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        let supertype = ty.supertype.map(|id| &*self.types[id.0 as usize].layout);
        let layout = Arc::new(ObjectLayout::new(&ty, id, supertype));
        self.types.push(Interned { ty, layout, group });
        id
    }
}

fn mentions_group(ty: &SubType) -> bool {
    let is_within = |id: TypeId| id.0 & WITHIN_GROUP != 0;
    let value = |value: &ValType| match value {
        ValType::Ref(ty) => ty.heap.id().is_some_and(is_within),
        _ => false,
    };
    let field = |field: &FieldType| match &field.storage {
        StorageType::Val(ty) => value(ty),
        StorageType::I8 | StorageType::I16 => false,
    };
    ty.supertype.is_some_and(is_within)
        || match &ty.composite {
            CompositeType::Func(func) => func.params.iter().chain(&func.results).any(value),
            CompositeType::Struct(fields) => fields.iter().any(field),
            CompositeType::Array(element) => field(element),
            CompositeType::Cont(func) => is_within(*func),
        }
}

/// Returns a group member in which references to the group have been replaced. `first` is the
/// identity of the group's first member.
fn resolve(member: &SubType, first: TypeId) -> SubType {
    let resolved = |id: TypeId| match id.0 & WITHIN_GROUP {
        0 => id,
        _ => TypeId(first.0 + (id.0 & !WITHIN_GROUP)),
    };
    let value = |value: &ValType| match *value {
        ValType::Ref(RefType { nullable, heap }) => ValType::Ref(RefType {
            nullable,
            heap: heap.id().map_or(heap, |id| heap.with_id(resolved(id))),
        }),
        other => other,
    };
    let field = |field: &FieldType| FieldType {
        storage: match &field.storage {
            StorageType::Val(ty) => StorageType::Val(value(ty)),
            packed => *packed,
        },
        mutable: field.mutable,
    };
    SubType {
        is_final: member.is_final,
        supertype: member.supertype.map(resolved),
        composite: match &member.composite {
            CompositeType::Func(func) => CompositeType::Func(Arc::new(FuncType::new(
                func.params.iter().map(value).collect(),
                func.results.iter().map(value).collect(),
            ))),
            CompositeType::Struct(fields) => {
                CompositeType::Struct(fields.iter().map(field).collect())
            }
            CompositeType::Array(element) => CompositeType::Array(field(element)),
            CompositeType::Cont(func) => CompositeType::Cont(resolved(*func)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn func(params: &[ValType], results: &[ValType]) -> FuncType {
        FuncType::new(params.into(), results.into())
    }

    fn sub(supertype: Option<TypeId>, ty: FuncType) -> SubType {
        SubType {
            is_final: false,
            supertype,
            composite: CompositeType::Func(Arc::new(ty)),
        }
    }

    fn reference(heap: HeapType) -> ValType {
        ValType::Ref(RefType {
            nullable: true,
            heap,
        })
    }

    fn group(registry: &TypeRegistry, members: Vec<FuncType>) -> Vec<TypeId> {
        let plain = |ty| SubType::plain(CompositeType::Func(Arc::new(ty)));
        sub_group(registry, members.into_iter().map(plain).collect())
    }

    fn sub_group(registry: &TypeRegistry, members: Vec<SubType>) -> Vec<TypeId> {
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
        assert_eq!(*registry.func(b), func(&[], &[ValType::I32]));
        let of_a = func(&[reference(HeapType::ConcreteFunc(a))], &[]);
        let of_b = func(&[reference(HeapType::ConcreteFunc(b))], &[]);
        assert_ne!(registry.intern(of_a), registry.intern(of_b));
    }

    #[test]
    fn groups_are_equal_as_wholes() {
        let registry = TypeRegistry::default();
        let itself = || func(&[reference(HeapType::ConcreteFunc(within_group(0)))], &[]);
        let other = || func(&[reference(HeapType::ConcreteFunc(within_group(1)))], &[]);
        let alone = group(&registry, vec![itself()]);
        assert_eq!(group(&registry, vec![itself()]), alone);
        let pair = group(&registry, vec![other(), itself()]);
        assert_eq!(group(&registry, vec![other(), itself()]), pair);
        assert_ne!(pair[0], alone[0]);
        assert_ne!(pair[1], alone[0]);
        assert_eq!(
            registry.func(pair[0]).params[0],
            reference(HeapType::ConcreteFunc(pair[1]))
        );
        assert_eq!(
            registry.func(alone[0]).params[0],
            reference(HeapType::ConcreteFunc(alone[0]))
        );
        // A function type has another identity in a group of two.
        let plain = registry.intern(func(&[], &[]));
        let twins = group(&registry, vec![func(&[], &[]), func(&[], &[])]);
        assert!(!twins.contains(&plain) && twins[0] != twins[1]);
        assert_eq!(group(&registry, vec![]), []);
    }

    #[test]
    fn subtypes() {
        let registry = TypeRegistry::default();
        let a = HeapType::ConcreteFunc(registry.intern(func(&[], &[])));
        let b = HeapType::ConcreteFunc(registry.intern(func(&[ValType::F32], &[])));
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

    #[test]
    fn declared_subtypes() {
        let registry = TypeRegistry::default();
        let top = sub_group(&registry, vec![sub(None, func(&[], &[]))])[0];
        let middle = sub_group(&registry, vec![sub(Some(top), func(&[], &[]))])[0];
        let low = sub_group(&registry, vec![sub(Some(middle), func(&[], &[]))])[0];
        let plain = registry.intern(func(&[], &[]));
        assert!(top != middle && middle != low && plain != top);
        assert_eq!(
            sub_group(&registry, vec![sub(Some(top), func(&[], &[]))]),
            [middle]
        );
        for (a, b, holds) in [
            (low, top, true),
            (low, middle, true),
            (top, low, false),
            (middle, low, false),
            (plain, top, false),
            (top, plain, false),
        ] {
            let (a, b) = (HeapType::ConcreteFunc(a), HeapType::ConcreteFunc(b));
            assert_eq!(registry.heap_is_subtype(a, b), holds, "{a:?} {b:?}");
        }
        // Supertypes within a group, and a group that differs in one of them.
        let chain = |supertype| vec![sub(None, func(&[], &[])), sub(supertype, func(&[], &[]))];
        let with = sub_group(&registry, chain(Some(within_group(0))));
        let without = sub_group(&registry, chain(None));
        assert!(registry.is_declared_subtype(with[1], with[0]));
        assert!(!registry.is_declared_subtype(without[1], without[0]));
        assert_ne!(with, without);
        assert_eq!(registry.group(with[1]), GroupMember { index: 1, count: 2 });
    }

    #[test]
    fn kinds_of_references_form_five_trees() {
        use HeapType::{
            Any, Array, Cont, Eq, Exn, Extern, Func, I31, NoCont, NoExn, NoExtern, NoFunc, None,
            Struct,
        };
        let registry = TypeRegistry::default();
        let field = FieldType {
            storage: StorageType::I8,
            mutable: true,
        };
        let a = registry.intern_plain(CompositeType::Array(field));
        let s = registry.intern_plain(CompositeType::Struct([field].into()));
        let c = registry.intern_plain(CompositeType::Cont(registry.intern(func(&[], &[]))));
        let (a, s) = (HeapType::ConcreteArray(a), HeapType::ConcreteStruct(s));
        let c = HeapType::ConcreteCont(c);
        let trees: &[&[(HeapType, &[HeapType])]] = &[
            &[
                (Any, &[Any, Eq, I31, Struct, Array, a, s, None]),
                (Eq, &[Eq, I31, Struct, Array, a, s, None]),
                (I31, &[I31, None]),
                (Struct, &[Struct, s, None]),
                (Array, &[Array, a, None]),
                (a, &[a, None]),
                (s, &[s, None]),
                (None, &[None]),
            ],
            &[
                (Cont, &[Cont, c, NoCont]),
                (c, &[c, NoCont]),
                (NoCont, &[NoCont]),
            ],
            &[(Exn, &[Exn, NoExn]), (NoExn, &[NoExn])],
            &[(Func, &[Func, NoFunc]), (NoFunc, &[NoFunc])],
            &[(Extern, &[Extern, NoExtern]), (NoExtern, &[NoExtern])],
        ];
        let all = trees.iter().copied().flatten();
        for (sup, below) in all.clone() {
            for (sub, _) in all.clone() {
                assert_eq!(
                    registry.heap_is_subtype(*sub, *sup),
                    below.contains(sub),
                    "{sub:?} {sup:?}"
                );
            }
        }
    }
}
