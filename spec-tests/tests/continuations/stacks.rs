//! Stacks that are captured, resumed elsewhere, abandoned by traps, and nested deeply.

use crate::{each, instance, run, trap};
use backstitch::{Caller, Error, Extern, Trap};

/// Returns a module with a chain of as many stacks as its argument. The innermost one executes
/// `$innermost`, and each other one adds 1 to the result.
fn chain(innermost: &str) -> String {
    format!(
        r#"(module
            (type $f (func (param i32) (result i32)))
            (type $k (cont $f))
            (type $rest (func (result i32)))
            (type $r (cont $rest))
            (tag $t)
            (elem declare func $deep)
            (func $deep (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then {innermost} (return (i32.const 0))))
                (i32.add (i32.const 1)
                    (resume $k (i32.sub (local.get 0) (i32.const 1))
                        (cont.new $k (ref.func $deep)))))
            (func $elsewhere (param (ref $r)) (result i32) (resume $r (local.get 0)))
            (func (export "run") (param i32) (result i32)
                (block $h (result (ref $r))
                    (return (resume $k (on $t $h) (local.get 0)
                        (cont.new $k (ref.func $deep)))))
                (call $elsewhere)))"#
    )
}

const DEEP: i32 = 1_000_000;

/// A million stacks wait for each other, on a flat native stack.
#[test]
fn a_million_stacks_return_one_after_the_other() {
    each(|engine| {
        let (mut store, instance) = instance(engine, &chain(""), |_, _| {});
        assert_eq!(run(&mut store, &instance, DEEP).unwrap(), DEEP);
    });
}

/// A trap ends a whole chain and leaves a usable store.
#[test]
fn a_trap_ends_a_million_stacks() {
    each(|engine| {
        let text = chain("(unreachable)");
        let (mut store, instance) = instance(engine, &text, |_, _| {});
        for depth in [DEEP, 10] {
            let ended = run(&mut store, &instance, depth);
            assert_eq!(trap(ended), Some(Trap::UnreachableCodeReached));
        }
    });
}

/// B12: a million stacks are captured together, and resumed by another function.
#[test]
fn b12_a_million_stacks_are_captured_together_and_resumed_elsewhere() {
    each(|engine| {
        let text = chain("(suspend $t)");
        let (mut store, instance) = instance(engine, &text, |_, _| {});
        assert_eq!(run(&mut store, &instance, DEEP).unwrap(), DEEP);
    });
}

/// B14: a host function on a continuation calls WebAssembly again, which traps. The host catches
/// the trap, and the waiting code continues.
#[test]
fn b14_the_chain_is_restored_after_a_trap_in_a_call_by_the_host() {
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (type $k (cont $f))
        (tag $t (param i32) (result i32))
        (import "" "host" (func $host (param i32) (result i32)))
        (elem declare func $g)
        (func (export "inner") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then (unreachable)))
            (suspend $t (local.get 0)))
        (func $g (param i32) (result i32)
            (i32.add (call $host (local.get 0)) (suspend $t (i32.const 5))))
        (func (export "run") (param i32) (result i32)
            (block $h (result i32 (ref $k))
                (return (resume $k (on $t $h) (local.get 0) (cont.new $k (ref.func $g)))))
            (return (resume $k))))"#;
    each(|engine| {
        let (mut store, instance) = instance(engine, text, |linker, _| {
            let host = |mut caller: Caller<'_, Vec<i32>>, what: i32| -> Result<i32, Error> {
                let inner = caller.get_export("inner").and_then(Extern::into_func);
                let inner = inner
                    .expect("the export exists")
                    .typed::<i32, i32>(&caller)?;
                let caught = trap(inner.call(&mut caller, what));
                // Host frames are barriers: a handler outside of them is not found.
                let wanted = match what {
                    1 => Trap::UnreachableCodeReached,
                    _ => Trap::UnhandledTag,
                };
                assert_eq!(caught, Some(wanted));
                Ok(100)
            };
            linker
                .func_wrap("", "host", host)
                .expect("the name is not defined yet");
        });
        for what in [1, 2] {
            assert_eq!(run(&mut store, &instance, what).unwrap(), 105);
        }
    });
}
