//! Millions of continuations: the memory that they take, the memory that remains after they are
//! freed, and the depth of the native stack.

use crate::guard::{NATIVE_STACK, held, on_small_stack, peak_of};
use backstitch::{Config, Dispatch, Engine, Instance, Linker, Module, Store, Val};
use std::num::NonZeroUsize;

const MILLION: i32 = 1_000_000;

/// `many` fills a table with suspended continuations, and `forget` empties it. `chain` returns a
/// suspended chain of as many continuations as its argument, each of which waits for the next.
/// `end` resumes such a chain, which returns the number of its continuations, or traps.
const TEXT: &str = r#"(module
    (type $f (func (param i32) (result i32))) (type $k (cont $f))
    (type $rest (func (result i32))) (type $r (cont $rest))
    (type $g (func)) (type $c (cont $g))
    (tag $t)
    (table $all 0 (ref null $c))
    (elem declare func $once $deep)
    (func $once (suspend $t))
    (func (export "many") (param $n i32)
        (drop (table.grow $all (ref.null $c)
            (i32.sub (local.get $n) (table.size $all))))
        (loop $again
            (table.set $all
                (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
                (block $suspended (result (ref $c))
                    (resume $c (on $t $suspended) (cont.new $c (ref.func $once)))
                    (unreachable)))
            (br_if $again (local.get $n))))
    (func (export "forget") (table.fill $all (i32.const 0) (ref.null $c) (table.size $all)))

    (func $deep (param i32) (result i32)
        (if (i32.eqz (local.get 0))
            (then
                (suspend $t)
                (if (global.get $traps) (then (unreachable)))
                (return (i32.const 0))))
        (i32.add (i32.const 1)
            (resume $k (i32.sub (local.get 0) (i32.const 1)) (cont.new $k (ref.func $deep)))))
    (global $traps (mut i32) (i32.const 0))
    (func (export "chain") (param i32) (result contref)
        (block $h (result (ref $r))
            (drop (resume $k (on $t $h) (local.get 0) (cont.new $k (ref.func $deep))))
            (unreachable)))
    (func (export "end") (param (ref $r) i32) (result i32)
        (global.set $traps (local.get 1))
        (resume $r (local.get 0))))"#;

fn instance(dispatch: Dispatch) -> (Store<()>, Instance) {
    let mut config = Config::new();
    config
        .dispatch(dispatch)
        .wasm_backtrace_max_frames(NonZeroUsize::new(2 * MILLION as usize));
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat::parse_str(TEXT).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate(&mut store, &module)
        .unwrap();
    (store, instance)
}

fn call(store: &mut Store<()>, instance: &Instance, name: &str, arguments: &[Val]) {
    let function = instance.get_func(&mut *store, name).unwrap();
    function.call(&mut *store, arguments, &mut []).unwrap();
}

/// A million suspended continuations take less than a gibibyte, even when they are made again, and
/// leak no memory.
#[test]
fn a_million_live_continuations_fit_into_a_gibibyte() {
    // Makes the allocations that happen once per process.
    drop(instance(Dispatch::best()));
    let before = held();
    let (mut store, instance) = instance(Dispatch::best());
    let mut peaks = [0; 3];
    for most in &mut peaks {
        ((), *most) = peak_of(|| {
            call(&mut store, &instance, "many", &[Val::I32(MILLION)]);
            assert_eq!(store.continuations().count(), MILLION as usize);
        });
        call(&mut store, &instance, "forget", &[]);
        store.gc(None).unwrap();
        assert_eq!(store.continuations().count(), 0);
    }
    let kept = held() - before;
    assert!(peaks[0] < 1 << 30, "{peaks:?}");
    assert!(peaks[1] <= peaks[0] && peaks[2] <= peaks[0], "{peaks:?}");
    // The entries for their numbers remain, because stale references may exist.
    assert!(kept < 400 * MILLION as isize, "{kept}");
    drop(store);
    assert_eq!(held(), before, "memory has leaked");
    println!(
        "a million continuations: {} bytes at most, {kept} after they are freed",
        peaks[0]
    );
}

/// A chain of a million continuations is suspended, traced, resumed, unwound by a trap, and
/// dropped, on a native stack that a thousand frames would overflow.
#[test]
fn a_chain_of_a_million_needs_no_native_stack() {
    assert!(NATIVE_STACK < MILLION as usize);
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        on_small_stack(|| {
            let (mut store, instance) = instance(dispatch);
            let chain = instance.get_func(&mut store, "chain").unwrap();
            let end = instance.get_func(&mut store, "end").unwrap();
            for (depth, ends) in [(MILLION, "returns"), (MILLION, "traps"), (10, "returns")] {
                let mut made = [Val::null_cont_ref()];
                chain
                    .call(&mut store, &[Val::I32(depth)], &mut made)
                    .unwrap();
                let first = *made[0].unwrap_cont_ref().unwrap();
                let backtrace = first.backtrace(&store).unwrap();
                assert_eq!(backtrace.frames().len(), depth as usize + 1);
                drop(backtrace);
                let mut count = [Val::I32(0)];
                let arguments = [made[0], Val::I32((ends == "traps").into())];
                let ended = end.call(&mut store, &arguments, &mut count);
                assert_eq!(ended.is_err(), ends == "traps");
                if ends == "returns" {
                    assert_eq!(count[0].unwrap_i32(), depth);
                }
                assert_eq!(store.continuations().count(), 0);
            }
            // The collector frees the first chain, and dropping the store frees the second.
            for _ in 0..2 {
                let mut made = [Val::null_cont_ref()];
                chain
                    .call(&mut store, &[Val::I32(MILLION)], &mut made)
                    .unwrap();
                store.gc(None).unwrap();
            }
        });
    }
}
