//! Tests of structures and arrays as the host uses them, under a collector that does a step at every
//! opportunity.

use super::*;
use alloc::vec::Vec;

pub(super) fn store() -> Store<()> {
    let engine = Engine::new(Config::new().gc_threshold(1).gc_step(1)).unwrap();
    Store::new(&engine, ())
}

pub(super) fn variable(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, ty.into())
}

pub(super) fn constant(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Const, ty.into())
}

fn structure(store: &mut Store<()>, fields: &[FieldType]) -> StructRefPre {
    let ty = StructType::new(store.engine(), fields.to_vec()).unwrap();
    StructRefPre::new(store, ty)
}

pub(super) fn array(store: &mut Store<()>, element: FieldType) -> ArrayRefPre {
    let ty = ArrayType::new(store.engine(), element);
    ArrayRefPre::new(store, ty)
}

/// Returns an allocator of structures with a number and a mutable reference to any internal value.
pub(super) fn cell(store: &mut Store<()>) -> StructRefPre {
    structure(store, &[constant(ValType::I32), variable(ValType::ANYREF)])
}

/// Returns the number of a structure that [`cell`] allocates.
pub(super) fn number(object: Rooted<StructRef>, store: &mut impl AsContextMut) -> i32 {
    object.field(store, 0).unwrap().unwrap_i32()
}

#[test]
fn fields_of_every_type() {
    let mut store = store();
    let func = Func::wrap(&mut store, || 5_i32);
    let types = [
        variable(StorageType::I8),
        variable(StorageType::I16),
        variable(ValType::I32),
        variable(ValType::I64),
        variable(ValType::F32),
        variable(ValType::F64),
        variable(ValType::V128),
        variable(ValType::FUNCREF),
        variable(ValType::EXTERNREF),
        variable(ValType::ANYREF),
        constant(ValType::I32),
    ];
    let allocator = structure(&mut store, &types);
    let value = ExternRef::new(&mut store, 77_u8).unwrap();
    let inner = cell(&mut store);
    let inner = StructRef::new(&mut store, &inner, &[Val::I32(9), Val::AnyRef(None)]).unwrap();
    let fields = [
        Val::I32(-1),
        Val::I32(-2),
        Val::I32(-3),
        Val::I64(-4),
        Val::from(1.5_f32),
        Val::from(-2.5_f64),
        Val::from(3_u128 << 100 | 7),
        func.into(),
        value.into(),
        inner.into(),
        Val::I32(11),
    ];
    let object = StructRef::new(&mut store, &allocator, &fields).unwrap();
    let mut read: Vec<Val> = object.fields(&mut store).unwrap().collect();
    assert_eq!(read.len(), types.len());
    let check = |store: &mut Store<()>, read: &[Val]| {
        assert_eq!(read[0].unwrap_i32(), 0xff);
        assert_eq!(read[1].unwrap_i32(), 0xfffe);
        assert_eq!(read[2].unwrap_i32(), -3);
        assert_eq!(read[3].unwrap_i64(), -4);
        assert_eq!(read[4].unwrap_f32(), 1.5);
        assert_eq!(read[5].unwrap_f64(), -2.5);
        assert_eq!(read[6].unwrap_v128().as_u128(), 3_u128 << 100 | 7);
        assert_eq!(read[7].unwrap_func_ref(), Some(&func));
        let data = read[8].unwrap_extern_ref().unwrap().data(&*store).unwrap();
        assert_eq!(data.unwrap().downcast_ref(), Some(&77_u8));
        let inner = read[9].unwrap_any_ref().unwrap();
        let inner = inner.unwrap_struct(&*store).unwrap();
        assert_eq!(number(inner, store), 9);
        assert_eq!(read[10].unwrap_i32(), 11);
    };
    check(&mut store, &read);
    // Each field is set to itself and to null or zero.
    for index in 0..10 {
        let ty = types[index].element_type().unpack();
        let zero = ty.default_value().unwrap();
        object.set_field(&mut store, index, zero).unwrap();
        let now = object.field(&mut store, index).unwrap();
        assert_eq!(format!("{now:?}"), format!("{zero:?}"), "{index}");
        object.set_field(&mut store, index, fields[index]).unwrap();
        read[index] = object.field(&mut store, index).unwrap();
    }
    check(&mut store, &read);
    assert_eq!(object.ty(&store).unwrap().fields().len(), types.len());

    let mut set = |index, value| object.set_field(&mut store, index, value);
    says(
        set(10, Val::I32(1)),
        "cannot set field 10: field is not mutable",
    );
    says(
        set(3, Val::I32(1)),
        "cannot set field 3: type mismatch: type mismatch: expected i64, found i32",
    );
    says(set(9, value.into()), "cannot set field 9: type mismatch");
    says(
        set(7, Val::AnyRef(None)),
        "cannot set field 7: type mismatch",
    );
    let missing = "cannot access field 11: struct only has 11 fields";
    says(set(11, Val::I32(1)), missing);
    says(object.field(&mut store, 11), missing);
    says(
        StructRef::new(&mut store, &allocator, &fields[1..]),
        "expected 11 fields, got 10",
    );
    let mut wrong = fields;
    wrong[6] = Val::I64(1);
    says(
        StructRef::new(&mut store, &allocator, &wrong),
        "field type mismatch: type mismatch: expected v128, found i64",
    );
}

#[test]
fn elements_are_read_and_written() {
    let mut store = store();
    for (ty, value, read) in [
        (StorageType::I8, Val::I32(-1), 0xff),
        (StorageType::I16, Val::I32(-1), 0xffff),
        (ValType::I32.into(), Val::I32(-1), -1),
    ] {
        let allocator = array(&mut store, variable(ty));
        let object = ArrayRef::new(&mut store, &allocator, &value, 5).unwrap();
        object.set(&mut store, 3, Val::I32(0x1_0002)).unwrap();
        let all: Vec<i32> = object
            .elems(&mut store)
            .unwrap()
            .map(|it| it.unwrap_i32())
            .collect();
        assert_eq!(all[..3], [read; 3]);
        assert_eq!(all[3], 0x1_0002 & read);
        assert_eq!(object.get(&mut store, 4).unwrap().unwrap_i32(), read);
        assert_eq!(object.len(&store).unwrap(), 5);
        let outside = "index out of bounds: the length is 5 but the index is 5";
        says(object.get(&mut store, 5), outside);
        says(object.set(&mut store, 5, Val::I32(0)), outside);
        says(
            object.set(&mut store, 0, Val::I64(0)),
            "cannot set element 0: type mismatch",
        );
        let none = ArrayRef::new_fixed(&mut store, &allocator, &[]).unwrap();
        assert_eq!(none.elems(&mut store).unwrap().len(), 0);
        says(none.get(&mut store, 0), "the length is 0");
    }
    let allocator = array(&mut store, constant(ValType::V128));
    let elements = [Val::from(1_u128 << 127), Val::from(5_u128)];
    let object = ArrayRef::new_fixed(&mut store, &allocator, &elements).unwrap();
    let sum = object
        .elems(&mut store)
        .unwrap()
        .map(|it| it.unwrap_v128().as_u128())
        .sum::<u128>();
    assert_eq!(sum, (1 << 127) + 5);
    says(
        object.set(&mut store, 0, elements[1]),
        "cannot set element 0: array elements are not mutable",
    );
    says(
        ArrayRef::new_fixed(&mut store, &allocator, &[elements[0], Val::I32(1)]),
        "element type mismatch: type mismatch: expected v128, found i32",
    );
    let allocator = array(&mut store, variable(StorageType::I8));
    let bytes = ArrayRef::new_from_i8_slice(&mut store, &allocator, b"bytes").unwrap();
    assert_eq!(
        bytes.get(&mut store, 1).unwrap().unwrap_i32(),
        i32::from(b'y')
    );
    let mut copy = [0; 5];
    bytes.copy_to_i8_slice(&mut store, &mut copy).unwrap();
    assert_eq!(&copy, b"bytes");
    assert!(bytes.copy_to_i8_slice(&mut store, &mut copy[1..]).is_err());
    assert!(object.copy_to_i8_slice(&mut store, &mut copy).is_err());
}

const TYPES: &str = r#"(module
    (type $parent (sub (struct (field i32))))
    (type $child (sub final $parent (struct (field i32) (field (mut i64)))))
    (type $numbers (array (mut f64)))
    (rec (type $twin (struct (field i8))) (type (struct)))
    (func (export "child") (result (ref $child)) (struct.new $child (i32.const 4) (i64.const 5)))
    (func (export "numbers") (result (ref $numbers)) (array.new $numbers (f64.const 0.5) (i32.const 3)))
    (func (export "twin") (result (ref $twin)) (struct.new $twin (i32.const 1)))
    (func (export "kind") (param anyref) (result i32)
        (i32.or
            (i32.or
                (ref.test (ref $parent) (local.get 0))
                (i32.shl (ref.test (ref $child) (local.get 0)) (i32.const 1)))
            (i32.or
                (i32.shl (ref.test (ref $numbers) (local.get 0)) (i32.const 2))
                (i32.shl (ref.test (ref $twin) (local.get 0)) (i32.const 3)))))
    (func (export "first") (param (ref $parent)) (result i32) (struct.get $parent 0 (local.get 0)))
    (func (export "first or null") (param (ref null $parent)) (result i32)
        (if (result i32) (ref.is_null (local.get 0))
            (then (i32.const -1)) (else (struct.get $parent 0 (local.get 0))))))"#;

#[test]
fn types_of_the_host_are_those_of_modules() {
    let mut store = store();
    let engine = store.engine().clone();
    let parent = StructType::with_finality_and_supertype(
        &engine,
        Finality::NonFinal,
        None,
        [constant(ValType::I32)],
    )
    .unwrap();
    let sub = |finality, fields: &[FieldType]| {
        StructType::with_finality_and_supertype(&engine, finality, Some(&parent), fields.to_vec())
    };
    let wide = [constant(ValType::I32), variable(ValType::I64)];
    let child = sub(Finality::Final, &wide).unwrap();
    // A type that the module does not have.
    let other = sub(
        Finality::NonFinal,
        &[constant(ValType::I32), constant(ValType::I32)],
    )
    .unwrap();
    assert!(child.matches(&parent) && !parent.matches(&child) && !child.matches(&other));
    assert_eq!(child.supertype(), Some(parent.clone()));
    assert!(child.finality().is_final() && other.finality().is_non_final());
    let mismatch = "struct fields must match their supertype's fields";
    says(sub(Finality::Final, &[]), mismatch);
    says(sub(Finality::Final, &[variable(ValType::I32)]), mismatch);
    let of_final = StructType::with_finality_and_supertype(
        &engine,
        Finality::Final,
        Some(&child),
        wide.to_vec(),
    );
    says(of_final, "cannot create a subtype of a final supertype");
    let numbers = ArrayType::new(&engine, variable(ValType::F64));
    let below = |supertype, element| {
        ArrayType::with_finality_and_supertype(&engine, Finality::NonFinal, supertype, element)
    };
    says(
        below(Some(&numbers), variable(ValType::F64)),
        "final supertype",
    );
    let open = below(None, constant(ValType::ANYREF)).unwrap();
    assert!(
        below(Some(&open), constant(ValType::EQREF))
            .unwrap()
            .matches(&open)
    );
    says(
        below(Some(&open), constant(ValType::EXTERNREF)),
        "array field type must match its supertype's field type",
    );

    // Objects of the host that are older than the instance, and those of guests.
    let fields = [Val::I32(4), Val::I64(6)];
    let allocator = StructRefPre::new(&mut store, child.clone());
    let made = StructRef::new(&mut store, &allocator, &fields).unwrap();
    let allocator = StructRefPre::new(&mut store, other.clone());
    let unknown = StructRef::new(&mut store, &allocator, &[Val::I32(8), Val::I32(9)]).unwrap();
    let instance = Instance::new(&mut store, &module(&engine, TYPES), &[]).unwrap();
    let kind = instance.get_func(&mut store, "kind").unwrap();
    let kind = kind.typed::<Option<Rooted<AnyRef>>, i32>(&store).unwrap();
    let kind = |store: &mut Store<()>, value| kind.call(store, value).unwrap();
    assert_eq!(kind(&mut store, Some(made.into())), 3);
    assert_eq!(kind(&mut store, Some(unknown.into())), 1);
    assert_eq!(kind(&mut store, None), 0);
    let small = AnyRef::from_i31(&mut store, I31::wrapping_i32(-5));
    assert_eq!(kind(&mut store, Some(small)), 0);
    let allocator = ArrayRefPre::new(&mut store, numbers.clone());
    let list = ArrayRef::new(&mut store, &allocator, &Val::from(0.5), 2).unwrap();
    assert_eq!(kind(&mut store, Some(list.into())), 4);
    let allocator = structure(&mut store, &[constant(StorageType::I8)]);
    let alone = StructRef::new(&mut store, &allocator, &[Val::I32(1)]).unwrap();
    assert_eq!(kind(&mut store, Some(alone.to_anyref())), 0);

    let theirs = instance
        .get_typed_func::<(), Rooted<StructRef>>(&mut store, "child")
        .unwrap();
    let theirs = theirs.call(&mut store, ()).unwrap();
    assert_eq!(theirs.ty(&store).unwrap(), child);
    assert!(theirs.matches_ty(&store, &parent).unwrap());
    assert!(!theirs.matches_ty(&store, &other).unwrap());
    theirs.set_field(&mut store, 1, Val::I64(-1)).unwrap();
    assert_eq!(theirs.field(&mut store, 1).unwrap().unwrap_i64(), -1);
    let twin = instance
        .get_typed_func::<(), Rooted<StructRef>>(&mut store, "twin")
        .unwrap();
    let twin = twin.call(&mut store, ()).unwrap();
    assert_ne!(twin.ty(&store).unwrap(), alone.ty(&store).unwrap());
    let list = instance
        .get_typed_func::<(), Rooted<ArrayRef>>(&mut store, "numbers")
        .unwrap();
    let list = list.call(&mut store, ()).unwrap();
    assert!(list.matches_ty(&store, &numbers).unwrap());
    assert_eq!(
        list.elems(&mut store)
            .unwrap()
            .map(|it| it.unwrap_f64())
            .sum::<f64>(),
        1.5
    );

    // Parameters of concrete types.
    let first = instance
        .get_typed_func::<Rooted<StructRef>, i32>(&mut store, "first")
        .unwrap();
    assert_eq!(first.call(&mut store, unknown).unwrap(), 8);
    says(first.call(&mut store, twin), "argument type mismatch");
    let first = instance
        .get_typed_func::<Option<OwnedRooted<AnyRef>>, i32>(&mut store, "first or null")
        .unwrap();
    let owned = theirs.to_anyref().to_owned_rooted(&mut store).unwrap();
    assert_eq!(first.call(&mut store, Some(owned)).unwrap(), 4);
    assert_eq!(first.call(&mut store, None).unwrap(), -1);
    let owned = small.to_owned_rooted(&mut store).unwrap();
    says(
        first.call(&mut store, Some(owned)),
        "argument type mismatch",
    );
    let first = instance.get_func(&mut store, "first").unwrap();
    says(
        first.call(&mut store, &[Val::AnyRef(None)], &mut [Val::I32(0)]),
        "argument 0 has the wrong type",
    );
    let first = first.typed::<Option<I31>, i32>(&store).unwrap();
    says(first.call(&mut store, None), "argument type mismatch");
    says(
        first.call(&mut store, Some(I31::default())),
        "argument type mismatch",
    );
}

#[test]
fn references_are_cast() {
    let mut store = store();
    let allocator = cell(&mut store);
    let object = StructRef::new(&mut store, &allocator, &[Val::I32(1), Val::AnyRef(None)]).unwrap();
    let numbers = array(&mut store, variable(ValType::I64));
    let list = ArrayRef::new(&mut store, &numbers, &Val::I64(0), 1).unwrap();
    let small = EqRef::from_i31(&mut store, I31::wrapping_u32(7));
    let host = ExternRef::new(&mut store, 3_u8).unwrap();
    let values = [
        object.to_anyref(),
        list.to_eqref().to_anyref(),
        small.into(),
        AnyRef::convert_extern(&mut store, host).unwrap(),
    ];
    let is = |value: Rooted<AnyRef>, store: &Store<()>| {
        let eq = value.as_eqref(store).unwrap();
        let all = [
            value.is_struct(store).unwrap(),
            value.is_array(store).unwrap(),
            value.is_i31(store).unwrap(),
            value.is_eqref(store).unwrap(),
        ];
        if let Some(eq) = eq {
            assert_eq!(all[0], eq.is_struct(store).unwrap());
            assert_eq!(all[1], eq.is_array(store).unwrap());
            assert_eq!(all[2], eq.is_i31(store).unwrap());
            assert_eq!(eq.ty(store).unwrap(), value.ty(store).unwrap());
        }
        assert_eq!(all[3], eq.is_some());
        assert_eq!(all[0], value.as_struct(store).unwrap().is_some());
        assert_eq!(all[1], value.as_array(store).unwrap().is_some());
        assert_eq!(all[2], value.as_i31(store).unwrap().is_some());
        all
    };
    assert_eq!(is(values[0], &store), [true, false, false, true]);
    assert_eq!(is(values[1], &store), [false, true, false, true]);
    assert_eq!(is(values[2], &store), [false, false, true, true]);
    assert_eq!(is(values[3], &store), [false; 4]);
    assert_eq!(values[2].unwrap_i31(&store).unwrap().get_u32(), 7);
    assert_eq!(values[3].ty(&store).unwrap(), HeapType::Any);
    assert!(values[2].matches_ty(&store, &HeapType::Eq).unwrap());
    assert!(!values[2].matches_ty(&store, &HeapType::Struct).unwrap());
    let concrete = HeapType::ConcreteStruct(object.ty(&store).unwrap());
    assert_eq!(values[0].ty(&store).unwrap(), concrete);
    assert_eq!(
        Val::from(object).ty(&store).unwrap(),
        ValType::Ref(RefType::new(false, concrete))
    );
    // Each is itself again after conversions to `externref` and back.
    for value in values {
        let outside = ExternRef::convert_any(&mut store, value).unwrap();
        assert_eq!(
            outside.data(&store).unwrap().is_some(),
            value.host_data(&store).unwrap().is_some()
        );
        let back = AnyRef::convert_extern(&mut store, outside).unwrap();
        assert!(Rooted::ref_eq(&store, &back, &value).unwrap());
        assert!(!Rooted::rooted_eq(back, value));
    }
    assert!(!Rooted::ref_eq(&store, &values[0], &values[1]).unwrap());
    let again = AnyRef::from_i31(&mut store, I31::wrapping_u32(7));
    assert!(Rooted::ref_eq(&store, &again, &values[2]).unwrap());
}

#[test]
#[should_panic(expected = "AnyRef::unwrap_struct on non-structref")]
fn a_wrong_cast() {
    let mut store = store();
    let value = AnyRef::from_i31(&mut store, I31::default());
    let _ = value.unwrap_struct(&store);
}
