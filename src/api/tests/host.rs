//! Tests of host functions.

use super::*;

#[test]
fn closures_of_every_shape() {
    let mut store = Store::new(&Engine::default(), 10);
    let none = Func::wrap(&mut store, || {});
    none.typed::<(), ()>(&store)
        .unwrap()
        .call(&mut store, ())
        .unwrap();

    let numbers = Func::wrap(
        &mut store,
        |a: i32, b: u32, c: i64, d: u64, e: f32, f: f64| (f, e, d, c, b, a),
    );
    let typed = numbers
        .typed::<(i32, u32, i64, u64, f32, f64), (f64, f32, u64, i64, u32, i32)>(&store)
        .unwrap();
    let results = typed
        .call(&mut store, (-1, u32::MAX, -2, u64::MAX, -0.0, 1e300))
        .unwrap();
    assert_eq!(results, (1e300, -0.0, u64::MAX, -2, u32::MAX, -1));
    assert!(results.1.is_sign_negative());

    let caller = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, add: i32| {
        *caller.data_mut() += add;
        assert!(caller.get_export("anything").is_none() && caller.instance().is_none());
        Ok::<_, Error>(*caller.data())
    });
    let typed = caller.typed::<i32, i32>(&store).unwrap();
    assert_eq!(typed.call(&mut store, 5).unwrap(), 15);

    let fails = Func::wrap(&mut store, || -> Result<()> { bail!("no luck") });
    says(fails.call(&mut store, &[], &mut []), "no luck");
    let traps = Func::wrap(&mut store, || -> Result<i32> {
        Err(Trap::OutOfFuel.into())
    });
    let error = traps
        .typed::<(), i32>(&store)
        .unwrap()
        .call(&mut store, ())
        .unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
}

#[test]
fn seventeen_parameters_and_results() {
    type Many = (
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
    );
    let mut store = Store::new(&Engine::default(), ());
    #[allow(clippy::too_many_arguments, reason = "that is the point")]
    fn reverse(
        a: i32,
        b: i32,
        c: i32,
        d: i32,
        e: i32,
        f: i32,
        g: i32,
        h: i32,
        i: i32,
        j: i32,
        k: i32,
        l: i32,
        m: i32,
        n: i32,
        o: i32,
        p: i32,
        q: i32,
    ) -> Many {
        (q, p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)
    }
    let func = Func::wrap(&mut store, reverse);
    let func = func.typed::<Many, Many>(&store).unwrap();
    let results = func
        .call(
            &mut store,
            (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17),
        )
        .unwrap();
    let (q, p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) = results;
    let results = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q];
    assert!(results.into_iter().eq(1..=17));
}

#[test]
fn functions_with_types_known_at_run_time() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(
        &engine,
        [ValType::I32, ValType::I64],
        [ValType::I64, ValType::I32],
    );
    let swap = Func::new(&mut store, ty.clone(), |_, params, results| {
        assert_eq!(results[0].unwrap_i64(), 0);
        results[0] = params[1];
        results[1] = params[0];
        Ok(())
    });
    assert!(swap.matches_ty(&store, &ty));
    let mut results = [Val::I32(0), Val::I32(0)];
    swap.call(&mut store, &[Val::I32(1), Val::I64(2)], &mut results)
        .unwrap();
    assert_eq!((results[0].unwrap_i64(), results[1].unwrap_i32()), (2, 1));

    says(
        swap.call(&mut store, &[Val::I32(1)], &mut results),
        "expected 2 arguments, got 1",
    );
    says(
        swap.call(&mut store, &[Val::I32(1), Val::I64(2)], &mut []),
        "expected 2 results, got 0",
    );
    says(
        swap.call(&mut store, &[Val::I32(1), Val::I32(2)], &mut results),
        "argument 1 has the wrong type: type mismatch: expected i64, found i32",
    );
    let wrong = Func::new(&mut store, ty, |_, _, results| {
        results[1] = Val::I64(1);
        Ok(())
    });
    says(
        wrong.call(&mut store, &[Val::I32(1), Val::I64(2)], &mut results),
        "result 1 of a host function is incompatible: type mismatch: expected i32, found i64",
    );
}

#[test]
fn functions_as_arguments_are_checked() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let plain = Func::wrap(&mut store, || {});
    let number = Func::wrap(&mut store, || 1);
    let concrete = RefType::new(true, HeapType::from(plain.ty(&store)));
    let ty = FuncType::new(&engine, [concrete.into()], []);
    let takes = Func::new(&mut store, ty, |_, _, _| Ok(()));
    let takes = takes.typed::<Option<Func>, ()>(&store).unwrap();
    takes.call(&mut store, Some(plain)).unwrap();
    takes.call(&mut store, None).unwrap();
    says(
        takes.call(&mut store, Some(number)),
        "argument type mismatch: type mismatch",
    );
    let foreign = Func::wrap(Store::new(&engine, ()), || {});
    says(takes.call(&mut store, Some(foreign)), "cross-`Store`");

    let any = Func::wrap(&mut store, |func: Option<Func>| func);
    let any = any.typed::<Option<Func>, Option<Func>>(&store).unwrap();
    assert_eq!(any.call(&mut store, Some(number)).unwrap(), Some(number));
    says(any.call(&mut store, Some(foreign)), "cross-`Store`");
    let leaks = Func::wrap(&mut store, move || foreign);
    says(
        leaks
            .typed::<(), Func>(&store)
            .unwrap()
            .call(&mut store, ()),
        "cross-`Store`",
    );
    assert!(any.func().typed::<Func, Option<Func>>(&store).is_ok());
    says(
        any.func().typed::<Option<Func>, Func>(&store),
        "type mismatch with results",
    );
}

#[test]
fn a_host_function_suspends_its_execution() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ask = Func::wrap(&mut store, |question: i32| -> Result<(i64, i32)> {
        Err(Error::suspend(question).context("please"))
    });
    says(ask.start(&mut store, &[]), "expected 1 arguments, got 0");
    let mut execution = ask.start(&mut store, &[Val::I32(42)]).unwrap();
    assert_eq!(execution.func(), ask);
    let Outcome::Suspended(Suspension::Host(request)) = execution.resume(&mut store).unwrap()
    else {
        panic!("it asks");
    };
    assert_eq!(request.downcast_ref(), Some(&42));
    assert!(execution.resume(&mut store).is_err());
    assert!(execution.resume_with(&mut store, &[Val::I64(1)]).is_err());
    says(
        execution.resume_with(&mut store, &[Val::I64(1), Val::I64(1)]),
        "result 1 has the wrong type: type mismatch: expected i32, found i64",
    );
    let outcome = execution
        .resume_with(&mut store, &[Val::I64(1), Val::I32(2)])
        .unwrap();
    let Outcome::Done(results) = outcome else {
        panic!("nothing else suspends")
    };
    assert_eq!((results[0].unwrap_i64(), results[1].unwrap_i32()), (1, 2));
    assert!(execution.resume(&mut store).is_err());
}

#[test]
fn a_request_that_was_refused_is_an_error_further_out() {
    let mut store = Store::new(&Engine::default(), ());
    let ask = Func::wrap(&mut store, || -> Result<()> { Err(Error::suspend(())) });
    let outer = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
        ask.call(&mut caller, &[], &mut [])
    });
    let mut execution = outer.start(&mut store, &[]).unwrap();
    let error = execution.resume(&mut store).unwrap_err();
    assert!(error.is::<HostRequest>());
    says::<()>(Err(error), "inside a call that cannot be suspended");
}

#[test]
fn features_that_are_off_say_how_to_turn_them_on() {
    let mut store = Store::new(&Engine::default(), ());
    says(store.set_fuel(1), "`Config::consume_fuel(true)`");
    says(store.get_fuel(), "fuel is not configured in this store");
    says(store.interrupt_handle(), "`Config::interruptible(true)`");
    let mut config = Config::new();
    config.consume_fuel(true).interruptible(true);
    let mut store = Store::new(&Engine::new(&config).unwrap(), ());
    assert_eq!(store.get_fuel().unwrap(), 0);
    store.set_fuel(7).unwrap();
    assert_eq!(store.get_fuel().unwrap(), 7);
    store.interrupt_handle().unwrap().interrupt();
}

#[test]
fn vectors_take_two_slots() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (i64, v128) = (ValType::I64, ValType::V128);
    let ty = FuncType::new(
        &engine,
        [i64.clone(), v128.clone(), i64.clone()],
        [v128.clone(), i64.clone(), v128.clone()],
    );
    let high = 0x0123_4567_89ab_cdef_u128 << 64;
    let swap = Func::new(&mut store, ty, move |_, params, results| {
        let [first, vector, last] = params else {
            panic!("{} parameters", params.len())
        };
        assert_eq!((first.unwrap_i64(), last.unwrap_i64()), (1, 2));
        results[0] = Val::from(vector.unwrap_v128().as_u128() ^ high);
        results[1] = *last;
        results[2] = *vector;
        Ok(())
    });
    let params = [Val::I64(1), Val::from(high | 7), Val::I64(2)];
    let mut results = [Val::I32(0); 3];
    swap.call(&mut store, &params, &mut results).unwrap();
    assert_eq!(results[0].unwrap_v128().as_u128(), 7);
    assert_eq!(results[1].unwrap_i64(), 2);
    assert_eq!(results[2].unwrap_v128().as_u128(), high | 7);

    let mut execution = swap.start(&mut store, &params).unwrap();
    let Outcome::Done(results) = execution.resume(&mut store).unwrap() else {
        panic!("it has no reason to wait")
    };
    assert_eq!(results[2].unwrap_v128().as_u128(), high | 7);

    let ty = GlobalType::new(v128.clone(), Mutability::Var);
    let global = Global::new(&mut store, ty, Val::from(high | 1)).unwrap();
    assert_eq!(global.get(&mut store).unwrap_v128().as_u128(), high | 1);
    global.set(&mut store, Val::from(2_u128)).unwrap();
    assert_eq!(global.get(&mut store).unwrap_v128().as_u128(), 2);
}

#[test]
fn vectors_in_static_types() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let vector = |bits: u128| V128::from(1 << 127 | bits);
    let mix = Func::wrap(
        &mut store,
        |mut caller: Caller<'_, u128>, a: i32, first: V128, f: f64, last: V128| {
            *caller.data_mut() = last.as_u128();
            (last, f, first, a)
        },
    );
    let typed = mix
        .typed::<(i32, V128, f64, V128), (V128, f64, V128, i32)>(&store)
        .unwrap();
    let results = typed.call(&mut store, (-1, vector(2), 0.5, vector(3)));
    assert_eq!(results.unwrap(), (vector(3), 0.5, vector(2), -1));
    assert_eq!(*store.data(), vector(3).as_u128());
    let params = [
        Val::I32(-1),
        Val::V128(vector(2)),
        Val::from(0.5),
        Val::V128(vector(3)),
    ];
    let mut execution = mix.start(&mut store, &params).unwrap();
    let Outcome::Done(results) = execution.resume(&mut store).unwrap() else {
        panic!("it has no reason to wait")
    };
    assert_eq!(results[2].v128(), Some(vector(2)));

    let alone = Func::wrap(&mut store, |vector: V128| -> Result<V128> { Ok(vector) });
    let typed = alone.typed::<V128, V128>(&store).unwrap();
    assert_eq!(typed.call(&mut store, vector(4)).unwrap(), vector(4));
    let result = Func::wrap(&mut store, move |value: i64| (value, vector(5)));
    let typed = result.typed::<i64, (i64, V128)>(&store).unwrap();
    assert_eq!(typed.call(&mut store, 6).unwrap(), (6, vector(5)));
    says(
        result.typed::<i64, (i64, i64)>(&store).map(drop),
        "type mismatch with results: type mismatch: expected i64, found v128",
    );

    // An argument that is only checked when it is passed.
    let ty = FuncType::new(&engine, [ValType::I64], [ValType::I64, ValType::V128]);
    let reference = ValType::Ref(RefType::new(true, HeapType::ConcreteFunc(ty)));
    let ty = FuncType::new(
        &engine,
        [ValType::V128, reference, ValType::I32],
        [ValType::I32],
    );
    let takes = Func::new(&mut store, ty, |mut caller, params, results| {
        let func = params[1].unwrap_func_ref().expect("a function");
        let ty = func.typed::<i64, (i64, V128)>(&caller)?;
        let (_, vector) = ty.call(&mut caller, 0)?;
        assert_ne!(params[0].unwrap_v128(), vector);
        results[0] = params[2];
        Ok(())
    });
    let typed = takes.typed::<(V128, Func, i32), i32>(&store).unwrap();
    assert_eq!(typed.call(&mut store, (vector(0), result, 7)).unwrap(), 7);
    says(
        typed.call(&mut store, (vector(0), alone, 7)),
        "argument type mismatch",
    );
}

#[test]
fn seventeen_vectors() {
    type V = V128;
    type Many = (V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V);
    let mut store = Store::new(&Engine::default(), ());
    let many = Func::wrap(
        &mut store,
        |a: V,
         b: V,
         c: V,
         d: V,
         e: V,
         f: V,
         g: V,
         h: V,
         i: V,
         j: V,
         k: V,
         l: V,
         m: V,
         n: V,
         o: V,
         p: V,
         q: V| { (q, p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) },
    );
    let typed = many.typed::<Many, Many>(&store).unwrap();
    let given: [V128; 17] = core::array::from_fn(|at| V128::from(u128::MAX - at as u128));
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = given;
    let turned = typed
        .call(
            &mut store,
            (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q),
        )
        .unwrap();
    let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q) = turned;
    let back = [q, p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a];
    assert_eq!(back, given);
}
