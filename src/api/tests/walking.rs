//! Tests of walks that need the library's internals.

use super::*;
use crate::walk::Backtrace;
use alloc::vec::Vec;
use core::ops::ControlFlow;

#[test]
fn b04_a_trace_ends_where_it_is_told_to_within_and_between_activations() {
    let text = r#"(module (import "" "host" (func $host (param i32)))
        (func $f (export "f") (param i32) (call $g (local.get 0)))
        (func $g (param i32) (call $host (local.get 0))))"#;
    let engine = Engine::default();
    let mut linker: Linker<Vec<usize>> = Linker::new(&engine);
    let host = |mut caller: Caller<'_, Vec<usize>>, depth: i32| -> Result<()> {
        if depth > 0 {
            let again = caller.get_export("f").and_then(Extern::into_func);
            let again = again.expect("it is exported").typed::<i32, ()>(&caller)?;
            return again.call(&mut caller, depth - 1);
        }
        for limit in 1..=7 {
            let mut seen = 0;
            Backtrace::trace(caller.as_context().0, |frame| {
                seen += 1;
                // The frames of three activations, of `g` and `f` alternately.
                assert_eq!(frame.function, if seen % 2 == 1 { 2 } else { 1 });
                if seen == limit {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            caller.data_mut().push(seen);
        }
        Ok(())
    };
    linker.func_wrap("", "host", host).unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker
        .instantiate(&mut store, &module(&engine, text))
        .unwrap();
    let f = instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap();
    f.call(&mut store, 2).unwrap();
    assert_eq!(*store.data(), [1, 2, 3, 4, 5, 6, 6]);
}
