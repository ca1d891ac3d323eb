//! Infinite recursion by every kind of call, on a small native stack.

use crate::guard::{native_depth, on_small_stack};
use backstitch::{
    Caller, CompilationMode, Config, Dispatch, Engine, ExecutionError, Func, InstancePre, Linker,
    Module, Store, Trap, TypedFunc, WasmBacktrace,
};

fn configs() -> Vec<Config> {
    let mut configs = Vec::new();
    for dispatch in [None, Some(Dispatch::Loop)] {
        for mode in [
            CompilationMode::Eager,
            CompilationMode::LazyTranslation,
            CompilationMode::Lazy,
        ] {
            let mut config = Config::new();
            config.compilation_mode(mode).max_wasm_stack(8 << 20);
            if let Some(dispatch) = dispatch {
                config.dispatch(dispatch);
            }
            configs.push(config);
        }
    }
    configs
}

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, wat::parse_str(text).unwrap()).unwrap()
}

/// A module of two instances, each of which calls the other and itself in all ways.
const CALLS: &str = r#"(module $calls
    (type $f (func))
    (import "other" "table" (table $shared 2 funcref))
    (table $own 2 2 funcref)
    (table $typed 1 (ref null $f))
    (elem (table $own) (i32.const 0) func $indirect $both)
    (elem (table $typed) (i32.const 0) (ref null $f) (ref.func $reference))
    (func $direct (export "direct") (call $direct))
    (func $even (export "mutual") (call $odd))
    (func $odd (call $even))
    (func $indirect (export "indirect") (call_indirect $own (type $f) (i32.const 0)))
    (func $both (export "both")
        (call_indirect $own (type $f) (i32.const 1)) (call $both))
    (func $reference (export "reference")
        (call_ref $f (table.get $typed (i32.const 0))))
    (func $crossing (export "crossing") (call_indirect $shared (type $f) (i32.const 0)))
    (func (export "results") (drop (drop (call $many))))
    (func $many (result i32 i32) (call $many))
    (func (export "deep") (call $locals (i64.const 0)))
    (func $locals (param i64) (local i64 i64 f64 f32)
        (local.set 1 (local.get 0))
        (call $locals (i64.add (local.get 1) (i64.const 1)))))"#;

#[test]
fn recursion_of_guests_traps() {
    on_small_stack(|| {
        for config in configs() {
            let engine = Engine::new(&config).unwrap();
            let mut store = Store::new(&engine, ());
            let mut linker = Linker::new(&engine);
            let table = module(&engine, "(module (table (export \"table\") 2 funcref))");
            linker.module(&mut store, "other", &table).unwrap();
            let calls = module(&engine, CALLS);
            let one = linker.instantiate(&mut store, &calls).unwrap();
            let other = linker.instantiate(&mut store, &calls).unwrap();
            // `crossing` of each instance calls the other instance's, through an element of a
            // shared table.
            let shared = linker
                .get(&mut store, "other", "table")
                .unwrap()
                .into_table()
                .unwrap();
            let bounce = module(
                &engine,
                r#"(module (import "one" "crossing" (func $f))
                    (func (export "bounce") (call $f)))"#,
            );
            let crossing = one.get_func(&mut store, "crossing").unwrap();
            linker
                .define(&mut store, "one", "crossing", crossing)
                .unwrap();
            let bounce = linker.instantiate(&mut store, &bounce).unwrap();
            let bounce = bounce.get_func(&mut store, "bounce").unwrap();
            shared.set(&mut store, 0, bounce.into()).unwrap();
            for name in [
                "direct",
                "mutual",
                "indirect",
                "both",
                "reference",
                "crossing",
                "results",
                "deep",
            ] {
                let f: TypedFunc<(), ()> = other.get_typed_func(&mut store, name).unwrap();
                // A second time, to check that the first time left nothing behind.
                for _ in 0..2 {
                    let error = f.call(&mut store, ()).unwrap_err();
                    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow), "{name}");
                    let backtrace: &WasmBacktrace = error.downcast_ref().unwrap();
                    assert_eq!(backtrace.frames().len(), 20, "{name}");
                }
            }
        }
    });
}

#[test]
fn endless_tail_calls_take_fuel_but_no_stack() {
    on_small_stack(|| {
        for mut config in configs() {
            config.consume_fuel(true).max_wasm_stack(4096);
            let engine = Engine::new(&config).unwrap();
            let mut store = Store::new(&engine, ());
            let text = r#"(module
                (type $f (func (param i32)))
                (table funcref (elem $indirect))
                (global $next (mut (ref null $f)) (ref.null $f))
                (elem declare func $reference)
                (func $direct (export "direct") (param i32) (return_call $direct (local.get 0)))
                (func $indirect (export "indirect") (param i32)
                    (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
                (func $reference (export "reference") (param i32)
                    (global.set $next (ref.func $reference))
                    (return_call_ref $f (local.get 0) (global.get $next))))"#;
            let calls = module(&engine, text);
            let instance = Linker::new(&engine)
                .instantiate(&mut store, &calls)
                .unwrap();
            for name in ["direct", "indirect", "reference"] {
                store.set_fuel(500_000).unwrap();
                let f: TypedFunc<i32, ()> = instance.get_typed_func(&mut store, name).unwrap();
                let error = f.call(&mut store, 1).unwrap_err();
                assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel), "{name}");
            }
        }
    });
}

/// The depth of the native stack in a host function does not depend on the depth of the guest's
/// stack.
#[test]
fn the_native_stack_is_flat() {
    let text = r#"(module
        (import "host" "depth" (func $depth))
        (import "self" "again" (func $again (param i32)))
        (table funcref (elem $near $far))
        (func $near (export "near") (param i32)
            (if (i32.eqz (local.get 0)) (then (call $depth) (return)))
            (call_indirect (param i32) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
        (func $far (export "far") (param i32)
            (if (i32.eqz (local.get 0)) (then (call $depth) (return)))
            (call $again (i32.sub (local.get 0) (i32.const 1)))))"#;
    on_small_stack(|| {
        for config in configs() {
            let engine = Engine::new(&config).unwrap();
            let mut store = Store::new(&engine, Vec::new());
            let mut linker = Linker::new(&engine);
            linker
                .func_wrap("host", "depth", |mut caller: Caller<'_, Vec<usize>>| {
                    caller.data_mut().push(native_depth());
                })
                .unwrap();
            linker.func_wrap("self", "again", |_: i32| {}).unwrap();
            let calls = module(&engine, text);
            let mut next = linker.instantiate(&mut store, &calls).unwrap();
            let near: TypedFunc<i32, ()> = next.get_typed_func(&mut store, "near").unwrap();
            for depth in [0, 1, 10, 100, 10_000, 100_000] {
                near.call(&mut store, depth).unwrap();
            }
            // A chain of instances, each of which calls the one before it.
            linker.allow_shadowing(true);
            for _ in 0..1000 {
                let far = next.get_func(&mut store, "far").unwrap();
                linker.define(&mut store, "self", "again", far).unwrap();
                next = linker.instantiate(&mut store, &calls).unwrap();
            }
            let far: TypedFunc<i32, ()> = next.get_typed_func(&mut store, "far").unwrap();
            for depth in [0, 1, 10, 100, 1000] {
                far.call(&mut store, depth).unwrap();
            }
            let depths = store.data();
            assert!(depths.iter().all(|depth| depth == &depths[0]), "{depths:?}");
        }
    });
}

/// Counters and functions of the host functions below.
#[derive(Default)]
struct Host {
    entered: u32,
    outermost: usize,
    deepest: usize,
    itself: Option<Func>,
    begins: Option<InstancePre<Host>>,
}

impl Host {
    fn enter(&mut self) {
        self.entered += 1;
        let here = native_depth();
        self.deepest = self.deepest.max(self.outermost.abs_diff(here));
    }
}

/// A host function that calls its caller recurses on the native stack. Such calls are counted, and
/// trap at the limit.
#[test]
fn recursion_through_the_host_traps() {
    on_small_stack(|| {
        for config in configs() {
            let engine = Engine::new(&config).unwrap();
            let host = Host {
                outermost: native_depth(),
                ..Host::default()
            };
            let mut store = Store::new(&engine, host);
            let mut linker = Linker::new(&engine);
            linker
                .func_wrap("host", "again", |mut caller: Caller<'_, Host>| {
                    caller.data_mut().enter();
                    let again = caller.get_export("again").unwrap().into_func().unwrap();
                    again.call(&mut caller, &[], &mut [])
                })
                .unwrap();
            linker
                .func_wrap("host", "begin", |mut caller: Caller<'_, Host>| {
                    caller.data_mut().enter();
                    let begins = caller.data().begins.clone().unwrap();
                    begins.instantiate(&mut caller).map(drop)
                })
                .unwrap();
            let again = module(
                &engine,
                r#"(module (import "host" "again" (func $again))
                    (func (export "again") (call $again)))"#,
            );
            let again = linker.instantiate(&mut store, &again).unwrap();
            let again = again.get_func(&mut store, "again").unwrap();
            let begins = module(
                &engine,
                r#"(module (import "host" "begin" (func $begin)) (start $begin))"#,
            );
            let begins = linker.instantiate_pre(&begins).unwrap();
            store.data_mut().begins = Some(begins.clone());
            let itself = Func::wrap(&mut store, |mut caller: Caller<'_, Host>| {
                caller.data_mut().enter();
                let itself = caller.data().itself.unwrap();
                itself.call(&mut caller, &[], &mut [])
            });
            store.data_mut().itself = Some(itself);

            for way in 0..3 {
                let mut counts = Vec::new();
                for _ in 0..2 {
                    let error = match way {
                        0 => again.call(&mut store, &[], &mut []).unwrap_err(),
                        1 => itself.call(&mut store, &[], &mut []).unwrap_err(),
                        _ => begins.instantiate(&mut store).map(drop).unwrap_err(),
                    };
                    assert_eq!(
                        error.downcast_ref(),
                        Some(&ExecutionError::TooManyNestedCalls(100)),
                        "{error:?}"
                    );
                    counts.push(std::mem::take(&mut store.data_mut().entered));
                }
                assert_eq!(counts, [100, 100], "way {way}");
            }
            println!("{} bytes of native stack", store.data().deepest);
        }
    });
}

#[test]
fn without_nested_calls_every_call_traps() {
    on_small_stack(|| {
        let mut config = Config::new();
        config.max_nested_calls(0);
        let mut store = Store::new(&Engine::new(&config).unwrap(), ());
        let never = Func::wrap(&mut store, || {});
        let error = never.call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(
            error.downcast_ref(),
            Some(&ExecutionError::TooManyNestedCalls(0))
        );
    });
}
