//! Type checks of continuations that the host passes.

use crate::{each, instance};
use backstitch::Val;

/// Creates continuations of several types in several states, and takes continuations of certain
/// types.
const PROGRAM: &str = r#"(module
    (type $add (func (param i32 i64) (result i32)))
    (type $add_cont (cont $add))
    (type $rest (func (param i64) (result i32)))
    (type $rest_cont (cont $rest))
    (rec
        (type $peer (func (param i32 (ref null $peer_cont)) (result i32)))
        (type $peer_cont (cont $peer)))
    (tag $ask (param i32) (result i64))
    (elem declare func $sum $asks)
    (func $sum (param i32 i64) (result i32)
        (i32.add (local.get 0) (i32.wrap_i64 (local.get 1))))
    (func $asks (param i32 i64) (result i32)
        (call $sum (local.get 0) (suspend $ask (i32.const 0))))

    (func (export "fresh") (result contref) (cont.new $add_cont (ref.func $sum)))
    (func (export "bound") (result contref)
        (cont.bind $add_cont $rest_cont (i32.const 40) (cont.new $add_cont (ref.func $sum))))
    (func (export "suspended") (result contref)
        (block $asked (result i32 (ref $rest_cont))
            (drop (resume $add_cont (on $ask $asked)
                (i32.const 40) (i64.const 0) (cont.new $add_cont (ref.func $asks))))
            (unreachable))
        (return))

    (func (export "resume") (param (ref $add_cont)) (result i32)
        (resume $add_cont (i32.const 40) (i64.const 2) (local.get 0)))
    (func (export "resume_rest") (param (ref null $rest_cont)) (result i32)
        (resume $rest_cont (i64.const 2) (local.get 0)))
    (func (export "resume_peer") (param (ref $peer_cont)) (result i32)
        (resume $peer_cont (i32.const 1) (ref.null $peer_cont) (local.get 0)))
    (global (export "kept") (mut (ref null $rest_cont)) (ref.null $rest_cont)))"#;

/// The host can pass a continuation as a concrete type if it takes and returns values of that type
/// in its present state, no matter what has been bound or has run before.
#[test]
fn a_continuation_is_accepted_where_its_type_is_required() {
    each(|engine| {
        let (mut store, instance) = instance(engine, PROGRAM, |_, _| {});
        let mut made = Vec::new();
        for (name, takes) in [
            ("fresh", "resume"),
            ("bound", "resume_rest"),
            ("suspended", "resume_rest"),
        ] {
            let mut results = [Val::null_cont_ref()];
            let make = instance.get_func(&mut store, name).expect("exported");
            make.call(&mut store, &[], &mut results).unwrap();
            for wrong in ["resume", "resume_rest", "resume_peer"] {
                let take = instance.get_func(&mut store, wrong).expect("exported");
                let ty = take
                    .ty(&store)
                    .param(0)
                    .expect("the function has a parameter");
                let matches = results[0].matches_ty(&store, &ty).unwrap();
                assert_eq!(matches, wrong == takes, "{name} as {ty}");
                if wrong != takes {
                    let refused = take.call(&mut store, &results, &mut [Val::I32(0)]);
                    let refused = refused.expect_err("the type differs");
                    let message = format!("{refused:#}");
                    assert!(message.contains("type mismatch"), "{message}");
                }
            }
            let take = instance.get_func(&mut store, takes).expect("exported");
            let mut sum = [Val::I32(0)];
            take.call(&mut store, &results, &mut sum).unwrap();
            assert_eq!(sum[0].unwrap_i32(), 42, "{name}");
            // The host may pass a consumed continuation; the guest traps when it uses it.
            let again = take.call(&mut store, &results, &mut sum);
            let message = format!("{:#}", again.expect_err("the continuation was consumed"));
            assert!(
                message.contains("continuation already consumed"),
                "{message}"
            );
            made.push(results[0]);
        }
        let kept = instance.get_global(&mut store, "kept").expect("exported");
        assert!(kept.set(&mut store, made[1]).is_ok());
    });
}
