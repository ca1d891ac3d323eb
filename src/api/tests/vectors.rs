//! Tests of vectors that pass between modules and the host. Values follow them in every list, so
//! that a vector that counts for one slot shifts these.

use super::*;

/// A vector whose halves differ.
fn vector(number: u64) -> V128 {
    V128::from(u128::from(!number) << 64 | u128::from(number))
}

const CALLS: &str = r#"(module
    (import "" "mix" (func $mix (param i32 v128 f64) (result f64 v128 i32 v128)))
    (global (export "global") (mut v128) (v128.const i64x2 1 -2))
    (func (export "run") (param $a i32) (param $v v128) (param $b f64)
        (result v128 f64 i32 v128)
        (local $first v128) (local $last v128) (local $f f64) (local $i i32)
        (call $mix (local.get $a) (i8x16.add (local.get $v) (global.get 0)) (local.get $b))
        (local.set $last) (local.set $i) (local.set $first) (local.set $f)
        (global.set 0 (local.get $v))
        (local.get $first) (local.get $f) (local.get $i)
        (v128.xor (local.get $last) (local.get $v))))"#;

/// Returns the sums of the bytes of two vectors.
fn sums(a: V128, b: V128) -> V128 {
    let (a, b) = (a.as_u128().to_le_bytes(), b.as_u128().to_le_bytes());
    let sum = |at: usize| a[at].wrapping_add(b[at]);
    V128::from(u128::from_le_bytes(core::array::from_fn(sum)))
}

type Params = (i32, V128, f64);
type Results = (V128, f64, i32, V128);

fn check_calls(mut store: Store<()>, mix: Func) {
    let module = module(&store.engine().clone(), CALLS);
    let instance = Instance::new(&mut store, &module, &[mix.into()]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let global = instance.get_global(&mut store, "global").unwrap();
    assert_eq!(
        global.get(&mut store).v128(),
        Some(V128::from((!1 << 64) | 1))
    );
    global.set(&mut store, Val::V128(vector(1))).unwrap();
    let typed = run.typed::<Params, Results>(&store).unwrap();
    let expected = |sum: V128, given: V128| {
        let last = V128::from(sum.as_u128() ^ 1 ^ given.as_u128());
        (sum, 2.5, -4, last)
    };
    let found = typed.call(&mut store, (3, vector(7), 1.5)).unwrap();
    assert_eq!(found, expected(sums(vector(7), vector(1)), vector(7)));
    assert_eq!(global.get(&mut store).v128(), Some(vector(7)));

    let params = [Val::I32(3), Val::V128(vector(9)), Val::from(1.5)];
    let mut results = [Val::I32(0); 4];
    run.call(&mut store, &params, &mut results).unwrap();
    let [first, f, i, last] = results;
    let found = (
        first.unwrap_v128(),
        f.unwrap_f64(),
        i.unwrap_i32(),
        last.unwrap_v128(),
    );
    assert_eq!(found, expected(sums(vector(9), vector(7)), vector(9)));
}

#[test]
fn host_functions_take_and_return_vectors() {
    let mut store = Store::new(&Engine::default(), ());
    let mix = Func::wrap(&mut store, |a: i32, v: V128, b: f64| {
        (b + 1.0, v, -a - 1, V128::from(v.as_u128() ^ 1))
    });
    check_calls(store, mix);

    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (i32, f64, v128) = (ValType::I32, ValType::F64, ValType::V128);
    let ty = FuncType::new(
        &engine,
        [i32.clone(), v128.clone(), f64.clone()],
        [f64, v128.clone(), i32, v128],
    );
    let mix = Func::new(&mut store, ty, |_, params, results| {
        let vector = params[1].unwrap_v128();
        results[0] = Val::from(params[2].unwrap_f64() + 1.0);
        results[1] = params[1];
        results[2] = Val::I32(-params[0].unwrap_i32() - 1);
        results[3] = Val::from(vector.as_u128() ^ 1);
        Ok(())
    });
    check_calls(store, mix);
}

/// The host gives the results of a function that has suspended the execution.
#[test]
fn executions_are_resumed_with_vectors() {
    let mut store = Store::new(&Engine::default(), ());
    let mix = Func::wrap(
        &mut store,
        |_: i32, _: V128, _: f64| -> Result<(f64, V128, i32, V128)> {
            Err(Error::suspend("later"))
        },
    );
    let module = module(&store.engine().clone(), CALLS);
    let instance = Instance::new(&mut store, &module, &[mix.into()]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let params = [Val::I32(3), Val::V128(vector(7)), Val::from(1.5)];
    let mut execution = run.start(&mut store, &params).unwrap();
    let outcome = execution.resume(&mut store).unwrap();
    assert!(matches!(outcome, Outcome::Suspended(Suspension::Host(_))));
    let answer = [
        Val::from(0.5),
        Val::V128(vector(10)),
        Val::I32(-1),
        Val::V128(vector(11)),
    ];
    let Outcome::Done(results) = execution.resume_with(&mut store, &answer).unwrap() else {
        panic!("it has no other reason to wait")
    };
    assert_eq!(results[0].v128(), Some(vector(10)));
    assert_eq!(results[1].f64(), Some(0.5));
    assert_eq!(results[2].i32(), Some(-1));
    let last = vector(11).as_u128() ^ vector(7).as_u128();
    assert_eq!(results[3].v128(), Some(V128::from(last)));
}

#[test]
fn tags_and_exceptions_carry_vectors() {
    let text = r#"(module
        (tag $ask (export "ask") (param i32 v128 i64) (result v128 i32))
        (tag $thrown (export "thrown") (param v128 i32))
        (func (export "run") (param v128) (result v128 i32)
            (suspend $ask (i32.const 1) (local.get 0) (i64.const 2))
            drop (local.set 0)
            (suspend $ask (i32.const 3) (local.get 0) (i64.const 4)))
        (func (export "throw") (param v128) (throw $thrown (local.get 0) (i32.const 6))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let module = module(&store.engine().clone(), text);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let ask = instance.get_tag(&mut store, "ask").unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let params = [Val::V128(vector(1))];
    let mut execution = run.start_handling(&mut store, &params, &[ask]).unwrap();
    let mut outcome = execution.resume(&mut store).unwrap();
    for (first, passed, last, answer) in [(1, 1, 2, 20), (3, 20, 4, 21)] {
        let Outcome::Suspended(Suspension::Tag(_, payload)) = outcome else {
            panic!("it asks twice")
        };
        assert_eq!(payload[0].i32(), Some(first));
        assert_eq!(payload[1].v128(), Some(vector(passed)));
        assert_eq!(payload[2].i64(), Some(last));
        let answer = [Val::V128(vector(answer)), Val::I32(5)];
        outcome = execution.resume_with(&mut store, &answer).unwrap();
    }
    let Outcome::Done(results) = outcome else {
        panic!("it asks no third time")
    };
    assert_eq!(results[0].v128(), Some(vector(21)));
    assert_eq!(results[1].i32(), Some(5));

    let throw = instance.get_func(&mut store, "throw").unwrap();
    let error = throw.call(&mut store, &params, &mut []).unwrap_err();
    assert!(error.is::<ThrownException>());
    let exception = store.take_pending_exception().unwrap();
    let thrown = exception.field(&mut store, 0).unwrap();
    assert_eq!(thrown.v128(), Some(vector(1)));
    assert_eq!(exception.field(&mut store, 1).unwrap().i32(), Some(6));
}
