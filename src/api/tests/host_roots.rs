//! Tests of what keeps structures and arrays of the host alive, under a collector that does a step at
//! every opportunity.

use super::host_objects::{array, cell, constant, number, store, variable};
use super::*;
use alloc::vec::Vec;

/// Returns the number of bytes of all objects after a collection.
fn live(store: &mut Store<()>) -> usize {
    store.gc(None).unwrap();
    store.inner.objects.live_bytes()
}

#[test]
fn a_reference_ends_with_its_scope() {
    let mut store = store();
    let allocator = cell(&mut store);
    let (first, kept, small) = {
        let mut scope = RootScope::new(&mut store);
        let fields = [Val::I32(1), Val::AnyRef(None)];
        let object = StructRef::new(&mut scope, &allocator, &fields).unwrap();
        let kept = StructRef::new(&mut scope, &allocator, &fields).unwrap();
        let small = AnyRef::from_i31(&mut scope, I31::default());
        (object, kept.to_owned_rooted(&mut scope).unwrap(), small)
    };
    let unrooted = "attempted to use a garbage-collected object that has been unrooted";
    // The place of the first one and its memory are used again.
    for _ in 0..100 {
        let mut scope = RootScope::new(&mut store);
        let second =
            StructRef::new(&mut scope, &allocator, &[Val::I32(2), Val::AnyRef(None)]).unwrap();
        says(first.field(&mut scope, 0), unrooted);
        says(first.ty(&scope), unrooted);
        says(small.is_i31(&scope), unrooted);
        says(second.set_field(&mut scope, 1, first.into()), unrooted);
        says(first.to_owned_rooted(&mut scope), unrooted);
        says(Rooted::ref_eq(&scope, &first, &second), unrooted);
        assert_eq!(number(second, &mut scope), 2);
        scope.as_context_mut().gc(None).unwrap();
    }
    assert_eq!(kept.field(&mut store, 0).unwrap().unwrap_i32(), 1);
    let copy: StructRef = *kept;
    let other = kept.clone();
    drop(kept);
    assert_eq!(copy.field(&mut store, 0).unwrap().unwrap_i32(), 1);
    drop(other);
    assert_eq!(live(&mut store), 0);
    // Another object takes the place.
    for _ in 0..10 {
        let mut scope = RootScope::new(&mut store);
        let object = StructRef::new(&mut scope, &allocator, &[Val::I32(3), Val::AnyRef(None)]);
        let _owned = object.unwrap().to_owned_rooted(&mut scope).unwrap();
        says(copy.field(&mut scope, 0), unrooted);
    }
}

#[test]
fn what_is_reachable_survives() {
    let mut store = store();
    let engine = store.engine().clone();
    let allocator = cell(&mut store);
    let numbers = array(&mut store, variable(ValType::ANYREF));
    let ty = GlobalType::new(ValType::ANYREF, Mutability::Var);
    let global = Global::new(&mut store, ty, Val::AnyRef(None)).unwrap();
    let ty = TableType::new(RefType::STRUCTREF, 3, None);
    let table = Table::new(&mut store, ty, Ref::Any(None)).unwrap();
    let text = r#"(module
        (type $cell (struct (field i32) (field (mut anyref))))
        (import "" "" (func $wait))
        (func (export "run") (param $cell (ref $cell)) (result i32)
            (call $wait)
            (struct.get $cell 0 (local.get $cell))))"#;
    let wait = Func::wrap(&mut store, || -> Result<()> { Err(Error::suspend(())) });
    let instance = Instance::new(&mut store, &module(&engine, text), &[wait.into()]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut execution = {
        let mut scope = RootScope::new(&mut store);
        let make = |scope: &mut RootScope<&mut Store<()>>, number, next: Val| {
            StructRef::new(scope, &allocator, &[Val::I32(number), next]).unwrap()
        };
        let inner = make(&mut scope, 1, Val::AnyRef(None));
        let list = ArrayRef::new(&mut scope, &numbers, &inner.into(), 3).unwrap();
        global.set(&mut scope, list.into()).unwrap();
        let object = make(&mut scope, 2, Val::AnyRef(None));
        object.set_field(&mut scope, 1, object.into()).unwrap();
        table.set(&mut scope, 1, object.into()).unwrap();
        let argument = make(&mut scope, 3, Val::AnyRef(None));
        let mut execution = run.start(&mut scope, &[argument.into()]).unwrap();
        let outcome = execution.resume(&mut scope).unwrap();
        assert!(matches!(outcome, Outcome::Suspended(Suspension::Host(_))));
        execution
    };
    // Four objects of 16 bytes, one of which is an array of three elements.
    assert_eq!(live(&mut store), 3 * 16 + 24);
    let list = global.get(&mut store);
    let list = list.unwrap_any_ref().unwrap().unwrap_array(&store).unwrap();
    for element in list.elems(&mut store).unwrap().collect::<Vec<_>>() {
        let inner = element.unwrap_any_ref().unwrap();
        let inner = inner.unwrap_struct(&store).unwrap();
        assert_eq!(number(inner, &mut store), 1);
    }
    let object = table.get(&mut store, 1).unwrap();
    let object = object.unwrap_any().unwrap().unwrap_struct(&store).unwrap();
    assert_eq!(number(object, &mut store), 2);
    let outcome = execution.resume_with(&mut store, &[]).unwrap();
    let Outcome::Done(results) = outcome else {
        panic!("the function has returned");
    };
    assert_eq!(results[0].unwrap_i32(), 3);
}

#[test]
fn cycles_are_freed() {
    let mut store = store();
    let allocator = cell(&mut store);
    for _ in 0..3 {
        let mut scope = RootScope::new(&mut store);
        let first =
            StructRef::new(&mut scope, &allocator, &[Val::I32(0), Val::AnyRef(None)]).unwrap();
        let mut last = first;
        for number in 1..100 {
            last =
                StructRef::new(&mut scope, &allocator, &[Val::I32(number), last.into()]).unwrap();
        }
        first.set_field(&mut scope, 1, last.into()).unwrap();
        scope.as_context_mut().gc(None).unwrap();
        let mut at = first;
        for expected in (0..100).rev() {
            let next = at.field(&mut scope, 1).unwrap();
            at = next
                .unwrap_any_ref()
                .unwrap()
                .unwrap_struct(&scope)
                .unwrap();
            assert_eq!(number(at, &mut scope), expected);
        }
    }
    assert_eq!(live(&mut store), 0);
}

#[test]
fn what_the_host_moves_while_the_collector_marks() {
    let mut store = store();
    let allocator = cell(&mut store);
    let places = array(&mut store, variable(ValType::STRUCTREF));
    let ty = GlobalType::new(ValType::ARRAYREF, Mutability::Var);
    let global = Global::new(&mut store, ty, Val::AnyRef(None)).unwrap();
    const PLACES: u32 = 40;
    {
        let mut scope = RootScope::new(&mut store);
        let list = ArrayRef::new(&mut scope, &places, &Val::AnyRef(None), PLACES).unwrap();
        global.set(&mut scope, list.into()).unwrap();
        for place in 0..PLACES {
            let fields = [Val::I32(place as i32), Val::AnyRef(None)];
            let object = StructRef::new(&mut scope, &allocator, &fields).unwrap();
            // Another object between the list and what moves.
            let fields = [Val::I32(-1), object.into()];
            let outer = StructRef::new(&mut scope, &allocator, &fields).unwrap();
            list.set(&mut scope, place, outer.into()).unwrap();
        }
    }
    let rounds = if cfg!(miri) { 50 } else { 3000 };
    let mut random = 12345_u32;
    let mut numbers: Vec<i32> = (0..PLACES as i32).collect();
    /// Returns one of the objects in the list.
    fn outer(
        scope: &mut RootScope<&mut Store<()>>,
        list: Rooted<ArrayRef>,
        place: u32,
    ) -> Rooted<StructRef> {
        let outer = list.get(scope.as_context_mut(), place).unwrap();
        outer
            .unwrap_any_ref()
            .unwrap()
            .unwrap_struct(scope.as_context())
            .unwrap()
    }
    for _ in 0..rounds {
        // Two of them exchange what they refer to. The collector does nothing meanwhile.
        random = random.wrapping_mul(1103515245).wrapping_add(12345);
        let (from, to) = ((random >> 16) % PLACES, (random >> 8) % PLACES);
        {
            let mut scope = RootScope::new(&mut store);
            let list = global.get(&mut scope);
            let list = list.unwrap_any_ref().unwrap().unwrap_array(&scope).unwrap();
            let (a, b) = (outer(&mut scope, list, from), outer(&mut scope, list, to));
            let in_a = a.field(&mut scope, 1).unwrap();
            let in_b = b.field(&mut scope, 1).unwrap();
            for (value, place) in [(in_a, from), (in_b, to)] {
                let inner = value
                    .unwrap_any_ref()
                    .unwrap()
                    .unwrap_struct(&scope)
                    .unwrap();
                assert_eq!(number(inner, &mut scope), numbers[place as usize]);
            }
            a.set_field(&mut scope, 1, in_b).unwrap();
            b.set_field(&mut scope, 1, in_a).unwrap();
            numbers.swap(from as usize, to as usize);
        }
        let mut scope = RootScope::new(&mut store);
        StructRef::new(&mut scope, &allocator, &[Val::I32(-2), Val::AnyRef(None)]).unwrap();
    }
    assert_eq!(live(&mut store), 192 + 2 * 16 * PLACES as usize);
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn a_full_heap_is_an_error_with_the_value() {
    let limits = StoreLimitsBuilder::new().gc_heap_bytes(256 << 10).build();
    let mut store = Store::new(&Engine::default(), limits);
    store.limiter(|limits| limits);
    let engine = store.engine().clone();
    let ty = StructType::new(&engine, [constant(ValType::I32), variable(ValType::ANYREF)]).unwrap();
    let allocator = StructRefPre::new(&mut store, ty);
    let bytes = ArrayRefPre::new(
        &mut store,
        ArrayType::new(&engine, variable(StorageType::I8)),
    );
    for _ in 0..3 {
        let mut scope = RootScope::new(&mut store);
        let mut list = Val::AnyRef(None);
        let error = loop {
            match StructRef::new(&mut scope, &allocator, &[Val::I32(1), list]) {
                Ok(object) => list = object.into(),
                Err(error) => break error,
            }
        };
        let error = error.downcast::<GcHeapOutOfMemory<()>>().unwrap();
        assert_eq!(
            format!("{error}"),
            "GC heap out of memory: no capacity for allocation of 16 bytes"
        );
        scope.as_context_mut().gc(Some(&error)).unwrap();
        let error = ArrayRef::new(&mut scope, &bytes, &Val::I32(0), 100_000).unwrap_err();
        assert!(error.is::<GcHeapOutOfMemory<()>>());
    }
    // Without the references, there is room.
    ArrayRef::new(&mut store, &bytes, &Val::I32(0), 100_000).unwrap();
    let error = ArrayRef::new(&mut store, &bytes, &Val::I32(0), u32::MAX).unwrap_err();
    assert!(error.is::<GcHeapOutOfMemory<()>>());

    for _ in 0..2 {
        let mut scope = RootScope::new(&mut store);
        let mut made = 0;
        let error = loop {
            match ExternRef::new(&mut scope, format!("value {made}")) {
                Ok(_) => made += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(made, (256 << 10) / 64);
        let error = error.downcast::<GcHeapOutOfMemory<String>>().unwrap();
        let (value, error) = error.take_inner();
        assert_eq!(value, format!("value {made}"));
        scope.as_context_mut().gc(Some(&error)).unwrap();
    }
    // Unreachable ones are freed on the way.
    for number in 0..(256 << 10) / 64 + 10 {
        let mut scope = RootScope::new(&mut store);
        ExternRef::new(&mut scope, number).unwrap();
    }
}

#[test]
fn objects_of_another_store_are_refused() {
    let mut store = store();
    let mut other = Store::new(store.engine(), ());
    let allocator = cell(&mut store);
    let foreign = cell(&mut other);
    let fields = [Val::I32(1), Val::AnyRef(None)];
    let object = StructRef::new(&mut store, &allocator, &fields).unwrap();
    let theirs = StructRef::new(&mut other, &foreign, &fields).unwrap();
    says(theirs.field(&mut store, 0), "wrong store");
    says(theirs.to_anyref().is_struct(&store), "wrong store");
    says(
        object.set_field(&mut store, 1, theirs.into()),
        "cross-`Store`",
    );
    let fields = [Val::I32(1), theirs.into()];
    says(
        StructRef::new(&mut store, &allocator, &fields),
        "cross-`Store`",
    );
    let identity = Func::wrap(&mut store, |value: Rooted<AnyRef>| value);
    let identity = identity
        .typed::<Rooted<AnyRef>, Rooted<AnyRef>>(&store)
        .unwrap();
    says(identity.call(&mut store, theirs.into()), "cross-`Store`");
    let owned = theirs.to_owned_rooted(&mut other).unwrap();
    says(owned.field(&mut store, 0), "wrong store");
    let returns = Func::wrap(&mut store, move || theirs);
    says(
        returns.call(&mut store, &[], &mut [Val::I32(0)]),
        "cross-`Store`",
    );
}

#[test]
#[should_panic(expected = "attempted to use a `StructRefPre` with the wrong store")]
fn an_allocator_of_another_store() {
    let mut store = store();
    let mut other = Store::new(store.engine(), ());
    let allocator = cell(&mut other);
    let _ = StructRef::new(&mut store, &allocator, &[]);
}

#[test]
fn host_functions_take_and_return_objects() {
    type Kept = Option<OwnedRooted<EqRef>>;
    let engine = Engine::new(Config::new().gc_threshold(1).gc_step(1)).unwrap();
    let mut store = Store::new(&engine, None);
    let text = r#"(module
        (type $cell (struct (field i32) (field (mut anyref))))
        (type $list (array (mut i32)))
        (import "" "next" (func $next (param structref i31ref) (result (ref struct))))
        (import "" "sum" (func $sum (param arrayref) (result i31ref)))
        (import "" "keep" (func $keep (param eqref)))
        (import "" "same" (func $same (param (ref $cell)) (result (ref null $cell))))
        (func (export "run") (result i32) (local $cell (ref null $cell))
            (local.set $cell (ref.cast (ref $cell) (call $next
                (struct.new $cell (i32.const 5) (ref.null any))
                (ref.i31 (i32.const -3)))))
            (call $keep (local.get $cell))
            (local.set $cell (call $same (ref.as_non_null (local.get $cell))))
            (i32.add
                (struct.get $cell 0 (local.get $cell))
                (i31.get_s (call $sum (array.new $list (i32.const 7) (i32.const 100)))))))"#;
    let mut linker = Linker::<Kept>::new(&engine);
    let fields = [constant(ValType::I32), variable(ValType::ANYREF)];
    let ty = StructType::new(&engine, fields).unwrap();
    let cell_type = ty.clone();
    let next =
        move |mut caller: Caller<'_, Kept>, object: Option<Rooted<StructRef>>, by: Option<I31>| {
            let object = object.unwrap();
            let next = object.field(&mut caller, 0)?.unwrap_i32() + by.unwrap().get_i32();
            let allocator = StructRefPre::new(&mut caller, cell_type.clone());
            caller.gc(None)?;
            StructRef::new(&mut caller, &allocator, &[Val::I32(next), object.into()])
        };
    linker.func_wrap("", "next", next).unwrap();
    let sum = |mut caller: Caller<'_, Kept>, list: Option<Rooted<ArrayRef>>| {
        let sum = list
            .unwrap()
            .elems(&mut caller)?
            .map(|it| it.unwrap_i32())
            .sum();
        Ok(I31::new_i32(sum))
    };
    linker.func_wrap("", "sum", sum).unwrap();
    let keep = |mut caller: Caller<'_, Kept>, value: Kept| {
        caller.gc(None).unwrap();
        *caller.data_mut() = value;
    };
    linker.func_wrap("", "keep", keep).unwrap();
    let concrete = |nullable| RefType::new(nullable, ty.clone().into());
    let same = |mut caller: Caller<'_, Kept>, values: &[Val], results: &mut [Val]| {
        caller.gc(None)?;
        results[0] = values[0];
        Ok(())
    };
    let same_type = FuncType::new(&engine, [concrete(false).into()], [concrete(true).into()]);
    linker.func_new("", "same", same_type, same).unwrap();
    let instance = linker
        .instantiate(&mut store, &module(&engine, text))
        .unwrap();
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    for _ in 0..5 {
        assert_eq!(run.call(&mut store, ()).unwrap(), 702);
    }
    store.gc(None).unwrap();
    let kept = store.data_mut().take().unwrap().to_rooted(&mut store);
    let kept = kept.unwrap_struct(&store).unwrap();
    assert_eq!(number(kept, &mut store), 2);
    let former = kept.field(&mut store, 1).unwrap();
    let former = former
        .unwrap_any_ref()
        .unwrap()
        .unwrap_struct(&store)
        .unwrap();
    assert_eq!(number(former, &mut store), 5);
}

#[test]
fn a_call_hook_collects_nothing() {
    // Arguments and results are where no frame contains them.
    let mut store = store();
    let text = r#"(module
        (type $cell (struct (field i32) (field (mut anyref))))
        (import "" "same" (func $same (param structref) (result structref)))
        (func (export "run") (param i32) (result i32)
            (struct.get $cell 0 (ref.cast (ref $cell)
                (call $same (struct.new $cell (local.get 0) (ref.null any)))))))"#;
    let engine = store.engine().clone();
    let fields = [constant(ValType::I32), variable(ValType::ANYREF)];
    let ty = StructType::new(&engine, fields).unwrap();
    store.call_hook(move |mut store, _| {
        store.gc(None)?;
        let mut scope = RootScope::new(&mut store);
        let allocator = StructRefPre::new(&mut scope, ty.clone());
        for _ in 0..5 {
            StructRef::new(&mut scope, &allocator, &[Val::I32(-1), Val::AnyRef(None)])?;
        }
        Ok(())
    });
    let same = Func::wrap(&mut store, |value: Option<Rooted<StructRef>>| value);
    let instance = Instance::new(&mut store, &module(&engine, text), &[same.into()]).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    for expected in 0..20 {
        assert_eq!(run.call(&mut store, expected).unwrap(), expected);
    }
}

#[test]
fn exceptions_hold_objects_and_end_with_their_scope() {
    let mut store = store();
    let engine = store.engine().clone();
    let allocator = cell(&mut store);
    let ty = ExnType::new(&engine, [ValType::I32, ValType::ANYREF]).unwrap();
    let tag = Tag::new(&mut store, &ty.tag_type()).unwrap();
    let exceptions = ExnRefPre::new(&mut store, ty);
    let (stale, kept) = {
        let mut scope = RootScope::new(&mut store);
        let object =
            StructRef::new(&mut scope, &allocator, &[Val::I32(6), Val::AnyRef(None)]).unwrap();
        let payload = [Val::I32(5), object.into()];
        let stale = ExnRef::new(&mut scope, &exceptions, &tag, &payload).unwrap();
        let kept = ExnRef::new(&mut scope, &exceptions, &tag, &payload).unwrap();
        (stale, kept.to_owned_rooted(&mut scope).unwrap())
    };
    store.gc(None).unwrap();
    // The number of the exception is used again.
    let new = ExnRef::new(
        &mut store,
        &exceptions,
        &tag,
        &[Val::I32(1), Val::AnyRef(None)],
    );
    assert_eq!(new.unwrap().field(&mut store, 0).unwrap().unwrap_i32(), 1);
    let unrooted = "attempted to use a garbage-collected object that has been unrooted";
    says(stale.field(&mut store, 0), unrooted);
    says(stale.tag(&mut store), unrooted);
    let fields: Vec<Val> = kept.fields(&mut store).unwrap().collect();
    let object = fields[1]
        .unwrap_any_ref()
        .unwrap()
        .unwrap_struct(&store)
        .unwrap();
    assert_eq!(number(object, &mut store), 6);
    let ty = GlobalType::new(ValType::EXNREF, Mutability::Var);
    says(Global::new(&mut store, ty, stale.into()), unrooted);
}

#[test]
fn numbers_of_values_do_not_keep_them_alive() {
    let mut store = store();
    let allocator = cell(&mut store);
    let (raw, host, small) = {
        let mut scope = RootScope::new(&mut store);
        let fields = [Val::I32(6), Val::AnyRef(None)];
        let object = StructRef::new(&mut scope, &allocator, &fields).unwrap();
        let unseen = StructRef::new(&mut scope, &allocator, &fields).unwrap();
        let raw = object.to_anyref().to_raw(&mut scope).unwrap();
        let same = AnyRef::from_raw(&mut scope, raw).unwrap();
        assert!(Rooted::ref_eq(&scope, &same, &object.to_anyref()).unwrap());
        let same = ExternRef::from_raw(&mut scope, raw).unwrap();
        assert!(same.data(&scope).unwrap().is_none());
        // Numbers that the store has not given out are none of objects.
        for number in (raw - 64..raw + 64)
            .step_by(8)
            .filter(|&number| number != raw)
        {
            assert!(AnyRef::from_raw(&mut scope, number).is_none());
        }
        assert_eq!(number(unseen, &mut scope), 6);
        let host = ExternRef::new(&mut scope, 1_u8).unwrap();
        let small = AnyRef::from_i31(&mut scope, I31::wrapping_u32(9));
        (
            raw,
            host.to_raw(&mut scope).unwrap(),
            small.to_raw(&mut scope).unwrap(),
        )
    };
    assert!(AnyRef::from_raw(&mut store, 0).is_none());
    let small = AnyRef::from_raw(&mut store, small).unwrap();
    assert_eq!(small.unwrap_i31(&store).unwrap().get_u32(), 9);
    store.gc(None).unwrap();
    assert!(AnyRef::from_raw(&mut store, raw).is_none());
    assert!(ExternRef::from_raw(&mut store, host).is_none());

    // At each moment of a collection that frees them, they are there or not.
    for _ in 0..if cfg!(miri) { 3 } else { 50 } {
        let raw = {
            let mut scope = RootScope::new(&mut store);
            let fields = [Val::I32(7), Val::AnyRef(None)];
            let object = StructRef::new(&mut scope, &allocator, &fields).unwrap();
            object.to_anyref().to_raw(&mut scope).unwrap()
        };
        for _ in 0..30 {
            let mut scope = RootScope::new(&mut store);
            ExternRef::new(&mut scope, 0_u8).unwrap();
            let Some(object) = AnyRef::from_raw(&mut scope, raw) else {
                break;
            };
            ExternRef::new(&mut scope, 0_u8).unwrap();
            let object = object.unwrap_struct(&scope).unwrap();
            assert_eq!(number(object, &mut scope), 7);
        }
    }
}

#[test]
fn references_are_translated_to_a_fork() {
    let mut store = store();
    let allocator = cell(&mut store);
    let (stale, owned) = {
        let mut scope = RootScope::new(&mut store);
        let fields = [Val::I32(1), Val::AnyRef(None)];
        let object = StructRef::new(&mut scope, &allocator, &fields).unwrap();
        (object, object.to_owned_rooted(&mut scope).unwrap())
    };
    let fields = [Val::I32(2), owned.to_rooted(&mut store).into()];
    let held = StructRef::new(&mut store, &allocator, &fields).unwrap();
    let mut fork = store.fork(()).unwrap();
    let (stale, theirs, their_owned) = (fork.get(&stale), fork.get(&held), fork.get(&owned));
    let mut fork = fork.into_store();
    fork.gc(None).unwrap();
    assert!(stale.ty(&fork).is_err());
    assert_eq!(number(theirs, &mut fork), 2);
    let next = theirs.field(&mut fork, 1).unwrap();
    let next = next.unwrap_any_ref().unwrap().unwrap_struct(&fork).unwrap();
    assert!(Rooted::ref_eq(&fork, &next, &their_owned).unwrap());
    theirs.set_field(&mut fork, 1, Val::AnyRef(None)).unwrap();
    says(held.field(&mut fork, 0), "wrong store");
    assert!(
        held.field(&mut store, 1)
            .unwrap()
            .unwrap_any_ref()
            .is_some()
    );
    drop(store);
    assert_eq!(their_owned.field(&mut fork, 0).unwrap().unwrap_i32(), 1);
}
