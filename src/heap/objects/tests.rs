//! Tests of the allocator and of marking without code.

use super::*;
use crate::module::TypeRegistry;
use crate::module::{CompositeType, FieldType, HeapType, RefType, StorageType, ValType};
use alloc::vec;

/// A heap that knows a structure of two references and an array of them.
fn heap() -> (Objects, TypeId, TypeId) {
    let registry = TypeRegistry::default();
    let field = FieldType {
        storage: StorageType::Val(ValType::Ref(RefType {
            nullable: true,
            heap: HeapType::Any,
        })),
        mutable: true,
    };
    let structure = registry.intern_plain(CompositeType::Struct([field; 2].into()));
    let array = registry.intern_plain(CompositeType::Array(field));
    let mut objects = Objects::new(false);
    for ty in [structure, array] {
        objects.know_type(ty, &registry.layout(ty)).unwrap();
    }
    (objects, structure, array)
}

/// Frees everything that roots do not reach.
fn collect(objects: &mut Objects, roots: &[ObjectRef]) {
    let mut grey = MarkStack::default();
    objects.set_marking(true);
    for &root in roots {
        if objects.mark(root) {
            grey.push(root);
        }
    }
    while let Some(object) = grey.pop() {
        let mut from = 0;
        while let Some(next) = objects.trace(object, from, 3, &mut grey, |_| ()) {
            from = next;
        }
    }
    objects.begin_sweep();
    let mut cursor = SweepCursor::default();
    while objects.sweep_one(&mut cursor) {}
}

const LIMIT: usize = 1 << 24;

#[test]
fn what_roots_reach_is_kept() {
    let (mut objects, structure, array) = heap();
    let many = if cfg!(miri) { 300 } else { 20_000 };
    let root = objects.new_array(array, 10, LIMIT).unwrap();
    let large = objects.new_array(array, 10_000, LIMIT).unwrap();
    assert!(objects.set(root, 0, [AnyKind::Object(large).bits(), 0]));
    let mut list = 0;
    for index in 0..many {
        let object = objects.new_struct(structure, LIMIT).unwrap();
        objects.set(object, 0, [list, 0]);
        objects.set(object, 1, [AnyKind::I31(index).bits(), 0]);
        if index % 3 == 0 {
            list = AnyKind::Object(object).bits();
        }
    }
    assert!(objects.set(root, 9, [list, 0]) && !objects.set(root, 10, [0; 2]));
    for _ in 0..2 {
        collect(&mut objects, &[root]);
        let kept = many.div_ceil(3) as usize;
        assert_eq!(objects.live_bytes(), 48 + 40_008 + 16 * kept);
        let (mut next, mut index) = (list, many.div_ceil(3) * 3 - 3);
        while let Some(AnyKind::Object(object)) = AnyKind::of(next) {
            assert_eq!(objects.type_of(object), structure);
            let [value, _] = objects.get(object, 1).unwrap();
            assert_eq!(AnyKind::of(value), Some(AnyKind::I31(index)));
            index = index.wrapping_sub(3);
            next = objects.get(object, 0).unwrap()[0];
        }
        assert_eq!(index, 0_u32.wrapping_sub(3));
        let again = objects.new_struct(structure, LIMIT).unwrap();
        assert_eq!(objects.get(again, 0), Some([0; 2]));
    }
    objects.see(root);
    collect(&mut objects, &[]);
    assert!(!objects.is_live(root));
    assert_eq!(objects.live_bytes(), 0);
}

#[test]
fn a_full_heap_is_an_error() {
    let (mut objects, structure, array) = heap();
    let limit = 3 * Block::small_bytes();
    let mut last = vec![];
    while let Ok(object) = objects.new_struct(structure, limit) {
        last.push(object);
    }
    assert_eq!(last.len(), 3 * BLOCK / 16);
    assert!(objects.new_array(array, 9000, limit).is_err());
    collect(&mut objects, &last[..1]);
    assert!(objects.new_array(array, 9000, limit).is_ok());
    assert!(objects.bytes() <= limit);
    assert!(objects.new_struct(structure, limit).is_ok());
}

#[test]
fn elements_are_copied_and_written() {
    let registry = TypeRegistry::default();
    let element = FieldType {
        storage: StorageType::I16,
        mutable: true,
    };
    let ty = registry.intern_plain(CompositeType::Array(element));
    let mut objects = Objects::new(false);
    objects.know_type(ty, &registry.layout(ty)).unwrap();
    let array = objects.new_array(ty, 5, LIMIT).unwrap();
    objects.write_bytes(array, 1, &[1, 2, 3, 4]);
    objects.copy(array, 2, array, 1, 3);
    objects.fill(array, 0, 1, [0x1_ffff, 0]);
    let all = (0..5).map(|index| objects.get(array, index).unwrap()[0]);
    assert_eq!(all.collect::<Vec<_>>(), [0xffff, 0x201, 0x201, 0x403, 0]);
    assert_eq!(objects.array_len(array), 5);
}
