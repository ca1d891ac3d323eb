//! Throwing and catching within WebAssembly.

use crate::{call, each, each_mode, module};
use backstitch::{
    Engine, Instance, Linker, Store, StoreLimitsBuilder, ThrownException, Trap, Val, WasmBacktrace,
};

fn instance(store: &mut Store<()>, engine: &Engine, text: &str) -> Instance {
    Instance::new(store, &module(engine, text), &[]).unwrap()
}

#[test]
fn a_handler_sees_locals_and_operands_as_they_are_at_the_throw() {
    let text = r#"(module
        (tag $e (param i32 i64 f32 f64))
        (func $maybe (param i32) (result i32)
            (if (i32.eqz (local.get 0))
                (then (throw $e (i32.const 1) (i64.const 2) (f32.const 3.5) (f64.const 4.5))))
            (local.get 0))
        ;; Locals are set between calls, to results, to constants and to other locals, and
        ;; read again by the handler. There are operands below the block.
        (func (export "run") (param $first i32) (param $second i32)
                (result i32 i64 f32 f64 i32 i64 f64 i32)
            (local $a i32) (local $b i64) (local $c f64) (local $d i32)
            (local.set $d (i32.const 100))
            (local.get $d)
            (i32.add (local.get $d) (i32.const 1))
            (local.set $d (i32.const 200))
            (drop)
            (drop)
            (block $caught (result i32 i64 f32 f64)
                (try_table (catch $e $caught)
                    (local.set $a (i32.add (local.get $first) (i32.const 10)))
                    (local.set $b (i64.const 7))
                    (local.set $a (i32.add (local.get $a) (call $maybe (local.get $first))))
                    (local.set $b (i64.extend_i32_u (local.get $a)))
                    (local.set $c (f64.convert_i64_u (local.get $b)))
                    (local.set $d (local.get $a))
                    (local.set $d (call $maybe (local.get $second)))
                    (local.set $c (f64.const -1)))
                (i32.const 0) (i64.const 0) (f32.const 0) (f64.const 0))
            (local.get $a) (local.get $b) (local.get $c) (local.get $d)))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, text);
        for (first, second, expected) in [
            (0, 1, "1 2 3.5 4.5 10 7 0 200"),
            (1, 0, "1 2 3.5 4.5 12 12 12 12"),
            (1, 3, "0 0 0 0 12 12 -1 3"),
        ] {
            let results = call(
                &mut store,
                &instance,
                "run",
                &[Val::I32(first), Val::I32(second)],
            );
            assert_eq!(text_of(&results.unwrap()), expected);
        }
    });
}

fn text_of(values: &[Val]) -> String {
    let texts: Vec<_> = values
        .iter()
        .map(|value| match value {
            Val::I32(value) => value.to_string(),
            Val::I64(value) => value.to_string(),
            Val::F32(bits) => f32::from_bits(*bits).to_string(),
            Val::F64(bits) => f64::from_bits(*bits).to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    texts.join(" ")
}

#[test]
fn clauses_branch_to_loops_and_to_the_functions_end() {
    let text = r#"(module
        (tag $next (param i32 i32))
        (tag $done (param i64))
        (func $step (param $i i32) (param $sum i32)
            (if (i32.ge_u (local.get $i) (i32.const 10))
                (then (throw $done (i64.extend_i32_u (local.get $sum)))))
            (throw $next (i32.add (local.get $i) (i32.const 1))
                (i32.add (local.get $sum) (local.get $i))))
        (func (export "run") (result i64)
            (i32.const 0) (i32.const 0)
            (loop $again (param i32 i32)
                (try_table (param i32 i32) (catch $next $again) (catch $done 1)
                    (call $step))
                (unreachable))
            (unreachable))
        (func (export "all") (param i32)
            (try_table (catch_all 0)
                (call $step (local.get 0) (i32.const 0)))
            (unreachable)))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, text);
        let results = call(&mut store, &instance, "run", &[]).unwrap();
        assert_eq!(results[0].i64(), Some(45));
        for first in [0, 10] {
            call(&mut store, &instance, "all", &[Val::I32(first)]).unwrap();
        }
        assert!(!store.has_pending_exception());
    });
}

#[test]
fn the_innermost_clause_for_the_tag_is_selected() {
    let text = r#"(module
        (tag $a (param i32)) (tag $b (param i32))
        (func (export "run") (param $which i32) (result i32)
            (block $outer (result i32)
                (try_table (catch $a $outer)
                    (block $inner (result i32)
                        (try_table (catch $b $inner)
                            (if (local.get $which)
                                (then (throw $b (i32.const 1)))
                                (else (throw $a (i32.const 2)))))
                        (unreachable))
                    ;; After the inner block, nothing catches `b`.
                    (throw $a (i32.add (i32.const 40))))
                (unreachable)))
        (func (export "uncaught") (result i32)
            (block $h (result i32)
                (try_table (catch $a $h) (nop))
                (throw $a (i32.const 3)))))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, text);
        for (which, expected) in [(0, 2), (1, 41)] {
            let results = call(&mut store, &instance, "run", &[Val::I32(which)]).unwrap();
            assert_eq!(results[0].i32(), Some(expected));
        }
        let error = call(&mut store, &instance, "uncaught", &[]).unwrap_err();
        assert!(error.is::<ThrownException>());
    });
}

#[test]
fn a_reference_throws_the_same_exception_again() {
    let text = r#"(module
        (tag $e (param i32 i64))
        (global $kept (export "kept") (mut exnref) (ref.null exn))
        (func $throw (throw $e (i32.const 5) (i64.const 6)))
        (func $keep (local $x exnref)
            (block $h (result exnref)
                (try_table (catch_all_ref $h) (call $throw))
                (unreachable))
            (local.set $x)
            (global.set $kept (local.get $x))
            (throw_ref (local.get $x)))
        (func (export "run") (result i32 i64 i32)
            (block $h (result i32 i64 exnref)
                (try_table (catch_ref $e $h) (call $keep))
                (unreachable))
            (ref.is_null))
        (func (export "again") (result i32 i64)
            (try_table (catch $e 0) (throw_ref (global.get $kept)))
            (unreachable))
        (func (export "null") (throw_ref (ref.null exn))))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, text);
        let run = call(&mut store, &instance, "run", &[]).unwrap();
        assert_eq!(text_of(&run), "5 6 0");
        for _ in 0..3 {
            let again = call(&mut store, &instance, "again", &[]).unwrap();
            assert_eq!(text_of(&again), "5 6");
        }
        let kept = instance.get_global(&mut store, "kept").unwrap();
        let kept = kept.get(&mut store).unwrap_exnref().copied().unwrap();
        let fields: Vec<_> = kept.fields(&mut store).unwrap().collect();
        assert_eq!(text_of(&fields), "5 6");
        let error = call(&mut store, &instance, "null", &[]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::NullReference));
    });
}

#[test]
fn exceptions_cross_instances_and_only_their_own_tag_catches_them() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let thrower = r#"(module
            (tag $e (export "e") (param i32))
            (global $memory_is_mine (export "g") (mut i32) (i32.const 1))
            (memory 1) (data (i32.const 0) "\11")
            (func (export "throw") (param i32)
                (throw $e (i32.add (local.get 0) (i32.load8_u (i32.const 0)))))
            (func (export "tail") (param i32) (return_call 0 (local.get 0))))"#;
        let thrower = module(engine, thrower);
        let a = Instance::new(&mut store, &thrower, &[]).unwrap();
        let b = Instance::new(&mut store, &thrower, &[]).unwrap();
        let mut linker = Linker::new(engine);
        linker.instance(&mut store, "a", a).unwrap();
        linker.instance(&mut store, "b", b).unwrap();
        let catcher = r#"(module
            (import "a" "e" (tag $a (param i32)))
            (import "b" "e" (tag $b (param i32)))
            (import "a" "throw" (func $throw_a (param i32)))
            (import "b" "throw" (func $throw_b (param i32)))
            (import "b" "tail" (func $tail_b (param i32)))
            (memory 2) (data (i32.const 0) "\22")
            (global $here i32 (i32.const 1000))
            (func $middle (param i32)
                (block $h (result i32)
                    (try_table (catch $a $h)
                        (call $throw_b (local.get 0)))
                    (unreachable))
                (unreachable))
            ;; Code after a handler runs in the handler's instance: with its memory, its
            ;; globals, its functions.
            (func (export "run") (param $which i32) (result i32 i32 i32)
                (block $h (result i32)
                    (try_table (catch $b $h) (catch $a $h)
                        (block $2 (block $1 (block $0
                            (br_table $0 $1 $2 (local.get $which)))
                            (call $throw_a (i32.const 100)) (unreachable))
                            (call $middle (i32.const 200)) (unreachable))
                        (call $tail_b (i32.const 300)))
                    (unreachable))
                (i32.load8_u (i32.const 0x10000))
                (i32.add (global.get $here) (i32.add (memory.size) (i32.load8_u (i32.const 0))))))"#;
        let run = linker
            .instantiate(&mut store, &module(engine, catcher))
            .unwrap();
        for (which, expected) in [(0, "117 0 1036"), (1, "217 0 1036"), (2, "317 0 1036")] {
            let results = call(&mut store, &run, "run", &[Val::I32(which)]).unwrap();
            assert_eq!(text_of(&results), expected);
        }
    });
}

#[test]
fn tail_calls_leave_the_handlers_of_their_function() {
    let text = r#"(module
        (tag $e (param i32))
        (type $t (func (param i32)))
        (table 1 funcref) (elem (i32.const 0) $throw)
        (func $throw (param i32) (throw $e (local.get 0)))
        (func $direct (param i32)
            (block $h (result i32)
                (try_table (catch $e $h) (return_call $throw (local.get 0)))
                (unreachable))
            (unreachable))
        (func $indirect (param i32)
            (block $h (result i32)
                (try_table (catch $e $h)
                    (return_call_indirect (type $t) (local.get 0) (i32.const 0)))
                (unreachable))
            (unreachable))
        (func $long (param $left i32)
            (if (i32.eqz (local.get $left)) (then (return_call $indirect (i32.const 9))))
            (return_call $long (i32.sub (local.get $left) (i32.const 1))))
        (func (export "run") (param $which i32) (result i32)
            (block $h (result i32)
                (try_table (catch $e $h)
                    (block $2 (block $1 (block $0
                        (br_table $0 $1 $2 (local.get $which)))
                        (call $direct (i32.const 7)) (unreachable))
                        (call $indirect (i32.const 8)) (unreachable))
                    (call $long (i32.const 100000)))
                (unreachable))))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, text);
        for which in 0..3 {
            let results = call(&mut store, &instance, "run", &[Val::I32(which)]).unwrap();
            assert_eq!(results[0].i32(), Some(7 + which));
        }
    });
}

#[test]
fn a_million_frames_are_unwound_on_a_flat_native_stack() {
    let text = r#"(module
        (tag $e (param i32))
        (func $deep (param $left i32) (result i32)
            (if (i32.eqz (local.get $left)) (then (throw $e (i32.const 77))))
            (i32.add (i32.const 1) (call $deep (i32.sub (local.get $left) (i32.const 1)))))
        ;; Each frame catches the exception and throws it again.
        (func $relay (param $left i32) (result i32)
            (block $h (result exnref)
                (try_table (catch_all_ref $h)
                    (if (i32.eqz (local.get $left)) (then (throw $e (i32.const 78))))
                    (return (call $relay (i32.sub (local.get $left) (i32.const 1)))))
                (unreachable))
            (throw_ref))
        (func (export "deep") (param i32) (result i32)
            (try_table (catch $e 0) (return (call $deep (local.get 0))))
            (unreachable))
        (func (export "relay") (param i32) (result i32)
            (try_table (catch $e 0) (return (call $relay (local.get 0))))
            (unreachable))
        (func (export "uncaught") (param i32) (drop (call $deep (local.get 0)))))"#;
    each_mode(
        |config| {
            config.max_wasm_stack(1 << 28);
        },
        |engine| {
            let engine = engine.clone();
            let bytes = wat::parse_str(text).unwrap();
            let thread = std::thread::Builder::new().stack_size(256 << 10);
            let run = move || {
                let module = backstitch::Module::new(&engine, &bytes).unwrap();
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let deep = [Val::I32(1_000_000)];
                let caught = call(&mut store, &instance, "deep", &deep).unwrap();
                assert_eq!(caught[0].i32(), Some(77));
                let caught = call(&mut store, &instance, "relay", &deep).unwrap();
                assert_eq!(caught[0].i32(), Some(78));
                let error = call(&mut store, &instance, "uncaught", &deep).unwrap_err();
                let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
                assert_eq!(trace.frames()[0].func_index(), 0);
                assert_eq!(trace.frames().len(), 20);
            };
            thread.spawn(run).unwrap().join().unwrap();
        },
    );
}

#[test]
fn traps_are_not_caught() {
    let text = r#"(module
        (tag $e)
        (memory 1)
        (func $trap (param i32) (result i32)
            (i32.div_u (i32.load (i32.mul (local.get 0) (i32.const 65536))) (i32.const 0)))
        (func $endless (call $endless))
        (func (export "run") (param i32) (result i32)
            (block $h
                (try_table (catch_all $h)
                    (return (call $trap (local.get 0)))))
            (i32.const -1))
        (func (export "exhaust") (result i32)
            (block $h
                (try_table (catch_all $h) (call $endless)))
            (i32.const -1)))"#;
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, text);
        for (argument, trap) in [
            (0, Trap::IntegerDivisionByZero),
            (1, Trap::MemoryOutOfBounds),
        ] {
            let error = call(&mut store, &instance, "run", &[Val::I32(argument)]).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&trap));
        }
        let error = call(&mut store, &instance, "exhaust", &[]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    });
}

#[test]
fn frames_too_large_for_near_slots_catch_exceptions() {
    let locals = "i64 ".repeat(6_000);
    let text = format!(
        r#"(module
        (tag $e (param i64 i32))
        (func $throw (throw $e (i64.const 3) (i32.const 4)))
        (func (export "run") (param $p i64) (result i64)
            (local $first i64) (local {locals}) (local $last i64)
            (local.set $last (local.get $p))
            (local.set $first (i64.const 30))
            (i64.const 1000)
            (block $h (result i64 i32)
                (try_table (catch $e $h)
                    (local.set $last (i64.add (local.get $last) (i64.const 100)))
                    (call $throw))
                (unreachable))
            (i64.extend_i32_u)
            (i64.add) (i64.add)
            (i64.add (local.get $last)) (i64.add (local.get $first))))"#
    );
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, &text);
        let results = call(&mut store, &instance, "run", &[Val::I64(20_000)]).unwrap();
        assert_eq!(results[0].i64(), Some(1000 + 7 + 20_100 + 30));
    });
}

#[test]
fn a_thousand_values_of_payload() {
    let (mut params, mut push) = (String::new(), String::new());
    for index in 0..1000 {
        params += ["i32 ", "f64 "][index % 2];
        push += &match index % 2 {
            0 => format!("(i32.const {index})"),
            _ => format!("(f64.const {index})"),
        };
    }
    let text = format!(
        r#"(module
        (type $many (func (result {params})))
        (tag $e (param {params}))
        (func (export "run") (type $many)
            (try_table (catch $e 0) {push} (throw $e))
            (unreachable)))"#
    );
    each(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instance(&mut store, engine, &text);
        let results = call(&mut store, &instance, "run", &[]).unwrap();
        for (index, value) in results.iter().enumerate() {
            assert_eq!(text_of(&[*value]), index.to_string());
        }
    });
}

#[test]
fn unreachable_exceptions_are_freed_and_reachable_ones_limited() {
    let text = r#"(module
        (tag $e (param i32))
        (func (export "plain") (param $n i32)
            (loop $again
                (block $h (result i32)
                    (try_table (catch $e $h) (throw $e (i32.const 1)))
                    (unreachable))
                (drop)
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $again (local.get $n))))
        (func (export "refs") (param $n i32)
            (loop $again
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $e (i32.const 1)))
                    (unreachable))
                (drop)
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $again (local.get $n))))
        (table $kept 5001 exnref)
        (func (export "keep") (param $n i32)
            (loop $again
                (local.get $n)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $e (i32.const 1)))
                    (unreachable))
                (table.set $kept)
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $again (local.get $n)))))"#;
    each(|engine| {
        let limits = StoreLimitsBuilder::new().exception_bytes(10_000).build();
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        call(&mut store, &instance, "plain", &[Val::I32(5_000)]).unwrap();
        call(&mut store, &instance, "refs", &[Val::I32(5_000)]).unwrap();
        call(&mut store, &instance, "keep", &[Val::I32(50)]).unwrap();
        let error = call(&mut store, &instance, "keep", &[Val::I32(5_000)]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge));
    });
}

#[test]
fn suspending_at_every_instruction_changes_no_result() {
    let text = r#"(module
        (tag $e (param i32))
        (func $f (param i32) (result i32)
            (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (local.get 0))))
            (local.get 0))
        (func (export "run") (param $n i32) (result i32)
            (local $sum i32)
            (loop $again
                (local.set $sum (i32.add (local.get $sum)
                    (block $h (result i32)
                        (try_table (catch $e $h)
                            (br $h (i32.mul (i32.const 10) (call $f (local.get $n)))))
                        (unreachable))))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))"#;
    each_mode(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let instance = instance(&mut store, engine, text);
            let run = instance.get_func(&mut store, "run").unwrap();
            let mut execution = run.start(&mut store, &[Val::I32(10)]).unwrap();
            let mut suspensions = 0;
            let results = loop {
                match execution.resume(&mut store).unwrap() {
                    backstitch::Outcome::Done(results) => break results,
                    _ => store.set_fuel(1).unwrap(),
                }
                suspensions += 1;
            };
            assert_eq!(results[0].i32(), Some(10 * (2 + 4 + 6 + 8 + 10) + 25));
            assert!(suspensions >= 15, "{suspensions}");
        },
    );
}
