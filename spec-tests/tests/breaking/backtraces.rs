//! Contents of backtraces, by the rows B1 to B20 of the walk's contract that an embedder can
//! observe. B4, B9 and B13 are not observable through the API.

use crate::common::{call, call_func, each, each_default, error_names, module, names, trap};
use backstitch::{
    Caller, Engine, Error, Func, Instance, Outcome, Result, Store, Suspension, Trap,
    UpdateDeadline, Val, WasmBacktrace,
};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread;

/// Data of the store: the recorded backtraces, and the functions for the host to call.
#[derive(Default)]
struct Seen {
    traces: Vec<Vec<String>>,
    next: Vec<Func>,
}

type Host<'a> = Caller<'a, Seen>;

fn look(mut caller: Host<'_>) {
    let seen = names(&WasmBacktrace::capture(&caller));
    caller.data_mut().traces.push(seen);
}

/// Calls the next function of the list, if any, and compares the backtraces before and after.
fn go_on(mut caller: Host<'_>) -> Result<()> {
    let before = names(&WasmBacktrace::capture(&caller));
    if let Some(next) = caller.data_mut().next.pop() {
        call_func(&mut caller, &next, &[])?;
    }
    let after = names(&WasmBacktrace::capture(&caller));
    assert_eq!(
        before, after,
        "a call from a host function restores the chain"
    );
    caller.data_mut().traces.push(after);
    Ok(())
}

/// An instance with functions that call the host.
struct Scene {
    store: Store<Seen>,
    instance: Instance,
    go_on: Func,
    look: Func,
}

const SCENE: &str = r#"(module $scene
    (import "" "go_on" (func $go_on))
    (import "" "look" (func $look))
    (func $one (export "one") (call $one_inner))
    (func $one_inner (call $go_on))
    (func $two (export "two") (call $go_on))
    (func $three (export "three") (call $three_inner))
    (func $three_inner (call $look))
    (func $tail (export "tail") (return_call $look))
    (func $tail_inner (return_call $go_on))
    (func $above_tail (export "above_tail") (call $tail_inner))
    (func $trap (export "trap") (call $trap_inner))
    (func $trap_inner (drop (i32.div_s (i32.const 1) (i32.const 0)))))"#;

fn scene(engine: &Engine) -> Scene {
    let mut store = Store::new(engine, Seen::default());
    let go_on = Func::wrap(&mut store, go_on);
    let look = Func::wrap(&mut store, look);
    let imports = [go_on.into(), look.into()];
    let instance = Instance::new(&mut store, &module(engine, SCENE), &imports).unwrap();
    Scene {
        store,
        instance,
        go_on,
        look,
    }
}

impl Scene {
    fn func(&mut self, name: &str) -> Func {
        self.instance.get_func(&mut self.store, name).unwrap()
    }

    /// Calls the first function, which calls the second, and so on. Returns the recorded
    /// backtraces, from the innermost call to the outermost.
    fn run(&mut self, calls: &[Func]) -> Vec<Vec<String>> {
        self.store.data_mut().traces.clear();
        self.store.data_mut().next = calls[1..].iter().rev().copied().collect();
        call_func(&mut self.store, &calls[0], &[]).unwrap();
        std::mem::take(&mut self.store.data_mut().traces)
    }
}

#[test]
fn b1_outside_of_any_call_a_backtrace_is_empty() {
    each_default(|engine| {
        let mut scene = scene(engine);
        assert!(WasmBacktrace::capture(&scene.store).frames().is_empty());
        call(&mut scene.store, &scene.instance, "three", &[]).unwrap();
        assert!(
            WasmBacktrace::force_capture(&scene.store)
                .frames()
                .is_empty()
        );
        let look = scene.look;
        assert_eq!(scene.run(&[look]), [[] as [String; 0]]);
    });
}

#[test]
fn b2_backtraces_in_a_host_call_at_a_trap_and_at_a_yield() {
    each(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let mut scene = scene(engine);
            scene.store.set_epoch_deadline(1);
            let three = scene.func("three");
            assert_eq!(scene.run(&[three]), [["three_inner", "three"]]);
            let error = call(&mut scene.store, &scene.instance, "trap", &[]).unwrap_err();
            assert_eq!(error_names(&error), ["trap_inner", "trap"]);
            // The callback of the epoch deadline records a backtrace, too.
            engine.increment_epoch();
            scene.store.epoch_deadline_callback(|mut store| {
                let seen = names(&WasmBacktrace::capture(&store));
                store.data_mut().traces.push(seen);
                Ok(UpdateDeadline::Continue(1_000))
            });
            let seen = scene.run(&[three]);
            assert_eq!(seen, [vec!["three"], vec!["three_inner", "three"]]);
        },
    );
}

#[test]
fn b3_a_trap_shows_the_faulting_instruction_not_the_last_exit() {
    let text = r#"(module
        (import "" "look" (func $look))
        (func $callee (param i32) (call $look)
            (if (local.get 0) (then (call $look) (drop (i32.load (i32.const -1))))))
        (func $f (export "f") (call $callee (i32.const 0)) (call $callee (i32.const 1)))
        (memory 1))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, Seen::default());
        let look = Func::wrap(&mut store, look);
        let bytes = wat::parse_str(text).unwrap();
        let module = backstitch::Module::new(engine, &bytes).unwrap();
        let instance = Instance::new(&mut store, &module, &[look.into()]).unwrap();
        let error = call(&mut store, &instance, "f", &[]).unwrap_err();
        assert_eq!(error_names(&error), ["callee", "f"]);
        let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
        let offsets: Vec<usize> = backtrace
            .frames()
            .iter()
            .map(|frame| frame.module_offset().unwrap())
            .collect();
        // `i32.load` is 0x28, and the second `call $callee` is 0x10 0x01.
        assert_eq!(bytes[offsets[0]], 0x28);
        assert_eq!(bytes[offsets[1]..offsets[1] + 2], [0x10, 0x01]);
        assert_eq!(bytes[offsets[1] - 2..offsets[1]], [0x41, 0x01]);
    });
}

#[test]
fn b6_activations_are_listed_from_the_newest_to_the_oldest() {
    each_default(|engine| {
        let mut scene = scene(engine);
        let calls = ["one", "two", "one", "three"].map(|name| scene.func(name));
        let innermost = [
            "three_inner",
            "three",
            "one_inner",
            "one",
            "two",
            "one_inner",
            "one",
        ];
        let seen = scene.run(&calls);
        assert_eq!(seen.len(), 4);
        assert_eq!(seen[0], innermost);
        assert_eq!(seen[1], innermost[2..]);
        assert_eq!(seen[2], innermost[4..]);
        assert_eq!(seen[3], innermost[5..]);
    });
}

#[test]
fn b7_only_the_activations_of_this_store_are_listed() {
    // Store A calls the host, which has store B run on another thread. B's host function makes the
    // first thread call A again, where a backtrace of A is captured.
    each_default(|engine| {
        let mut first = scene(engine);
        let (ask, asked) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        let engine_of_b = engine.clone();
        let b = thread::spawn(move || {
            let mut second = scene(&engine_of_b);
            let answered = std::sync::Mutex::new(answered);
            let cross = Func::wrap(&mut second.store, move |caller: Host<'_>| {
                ask.send(()).unwrap();
                answered.lock().unwrap().recv().unwrap();
                let seen = names(&WasmBacktrace::capture(&caller));
                assert_eq!(seen, ["two", "one_inner", "one"]);
            });
            let calls = ["one", "two"].map(|name| second.func(name));
            second.run(&[calls[0], calls[1], cross]);
        });
        let asked = std::sync::Mutex::new(asked);
        let answer = std::sync::Mutex::new(answer);
        let middle = Func::wrap(
            &mut first.store,
            move |mut caller: Host<'_>| -> Result<()> {
                asked.lock().unwrap().recv().unwrap();
                let three = caller.data_mut().next.pop().unwrap();
                call_func(&mut caller, &three, &[])?;
                answer.lock().unwrap().send(()).unwrap();
                Ok(())
            },
        );
        let calls = ["one", "three"].map(|name| first.func(name));
        let seen = first.run(&[calls[0], middle, calls[1]]);
        b.join().unwrap();
        assert_eq!(seen[0], ["three_inner", "three", "one_inner", "one"]);
        assert_eq!(seen[1], ["one_inner", "one"]);
    });
}

#[test]
fn b7_a_store_used_inside_a_host_function_of_another_store() {
    each_default(|engine| {
        let mut outer = scene(engine);
        let inner = std::sync::Mutex::new(scene(engine));
        let cross = Func::wrap(&mut outer.store, move |caller: Host<'_>| {
            let mut inner = inner.lock().unwrap();
            let calls = ["two", "three"].map(|name| inner.func(name));
            let seen = inner.run(&calls);
            assert_eq!(seen[0], ["three_inner", "three", "two"]);
            assert_eq!(
                names(&WasmBacktrace::capture(&caller)),
                ["one_inner", "one"]
            );
            let instance = inner.instance;
            let error = call(&mut inner.store, &instance, "trap", &[]).unwrap_err();
            assert_eq!(error_names(&error), ["trap_inner", "trap"]);
        });
        let one = outer.func("one");
        assert_eq!(outer.run(&[one, cross]), [["one_inner", "one"]]);
    });
}

#[test]
fn b8_host_functions_called_by_the_host_hide_no_frames() {
    each_default(|engine| {
        let mut scene = scene(engine);
        let (one, two) = (scene.func("one"), scene.func("two"));
        let (go_on, look) = (scene.go_on, scene.look);
        // Host functions that the host calls are between the activations, at the newest end and at
        // the oldest.
        let seen = scene.run(&[one, look]);
        assert_eq!(seen[0], ["one_inner", "one"]);
        let seen = scene.run(&[one, go_on, go_on, look]);
        assert_eq!(seen[0], ["one_inner", "one"]);
        let seen = scene.run(&[go_on, one, look]);
        assert_eq!(seen[0], ["one_inner", "one"]);
        assert!(seen[2].is_empty());
        let seen = scene.run(&[go_on, one, go_on, two, go_on, look]);
        assert_eq!(seen[0], ["two", "one_inner", "one"]);
        assert_eq!(seen[1], ["two", "one_inner", "one"]);
        assert_eq!(seen[3], ["one_inner", "one"]);
        assert!(seen[5].is_empty());
        let three = scene.func("three");
        let seen = scene.run(&[go_on, go_on, three]);
        assert_eq!(seen[0], ["three_inner", "three"]);
    });
}

#[test]
fn b10_the_running_stack_is_listed_first_then_its_parents() {
    each_default(|engine| {
        let mut scene = scene(engine);
        let calls = ["one", "three"].map(|name| scene.func(name));
        scene.run(&calls);
        let capture = Func::wrap(&mut scene.store, |caller: Host<'_>| {
            let backtrace = WasmBacktrace::capture(&caller);
            let frames = backtrace.frames();
            let stacks: Vec<u32> = frames.iter().map(|frame| frame.stack()).collect();
            assert_eq!(stacks.len(), 3);
            assert_eq!(stacks[1], stacks[2]);
            assert_ne!(stacks[0], stacks[1]);
            let boundaries: Vec<bool> = frames
                .iter()
                .map(|frame| frame.is_stack_boundary())
                .collect();
            assert_eq!(boundaries, [true, false, false]);
        });
        let calls = ["one", "two"].map(|name| scene.func(name));
        scene.run(&[calls[0], calls[1], capture]);
    });
}

#[test]
fn b14_the_chain_is_restored_on_every_path() {
    each(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let mut scene = scene(engine);
            scene.store.set_fuel(1_000_000).unwrap();
            let trap_func = scene.func("trap");
            let three = scene.func("three");
            let look = scene.look;
            let every = Func::wrap(&mut scene.store, move |mut caller: Host<'_>| {
                let expected = names(&WasmBacktrace::capture(&caller));
                assert_eq!(expected, ["one_inner", "one"]);
                let check = |caller: &Host<'_>| {
                    assert_eq!(names(&WasmBacktrace::capture(caller)), expected);
                };
                // A trap, a return, a suspension, a dropped suspended execution, and lack of fuel.
                let error = call_func(&mut caller, &trap_func, &[]).unwrap_err();
                assert_eq!(
                    error_names(&error),
                    ["trap_inner", "trap", "one_inner", "one"]
                );
                check(&caller);
                call_func(&mut caller, &three, &[]).unwrap();
                check(&caller);
                let asks = Func::wrap(&mut caller, |caller: Host<'_>| -> Result<()> {
                    let seen = names(&WasmBacktrace::capture(&caller));
                    assert_eq!(seen, ["one_inner", "one"]);
                    Err(Error::suspend(()))
                });
                let mut execution = asks.start(&mut caller, &[]).unwrap();
                let outcome = execution.resume(&mut caller).unwrap();
                assert!(matches!(outcome, Outcome::Suspended(Suspension::Host(_))));
                check(&caller);
                drop(execution);
                check(&caller);
                let fuel = caller.get_fuel().unwrap();
                caller.set_fuel(0).unwrap();
                let result = call_func(&mut caller, &three, &[]);
                assert_eq!(trap(result), Some(Trap::OutOfFuel));
                check(&caller);
                let mut execution = three.start(&mut caller, &[]).unwrap();
                let outcome = execution.resume(&mut caller).unwrap();
                assert!(matches!(outcome, Outcome::Suspended(Suspension::Fuel)));
                check(&caller);
                caller.set_fuel(fuel).unwrap();
                let outcome = execution.resume(&mut caller).unwrap();
                assert!(matches!(outcome, Outcome::Done(_)));
                check(&caller);
                call_func(&mut caller, &look, &[]).unwrap();
            });
            let one = scene.func("one");
            let seen = scene.run(&[one, every]);
            let last = &seen[seen.len() - 2..];
            assert_eq!(last, [["one_inner", "one"], ["one_inner", "one"]]);
        },
    );
}

#[test]
fn b17_a_tail_call_to_the_host_leaves_no_frame() {
    each_default(|engine| {
        let mut scene = scene(engine);
        let (tail, above) = (scene.func("tail"), scene.func("above_tail"));
        assert_eq!(scene.run(&[tail]), [[] as [String; 0]]);
        let three = scene.func("three");
        let seen = scene.run(&[above, tail]);
        assert_eq!(seen, [["above_tail"], ["above_tail"]]);
        let seen = scene.run(&[above, above, three]);
        assert_eq!(
            seen[0],
            ["three_inner", "three", "above_tail", "above_tail"]
        );
        let one = scene.func("one");
        let seen = scene.run(&[one, tail]);
        assert_eq!(seen[0], ["one_inner", "one"]);
    });
}

#[test]
fn b18_frames_are_numbered_from_both_ends() {
    each_default(|engine| {
        let mut scene = scene(engine);
        let calls = ["one", "trap"].map(|name| scene.func(name));
        scene.store.data_mut().next = vec![calls[1]];
        let error = call_func(&mut scene.store, &calls[0], &[]).unwrap_err();
        let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
        assert_eq!(backtrace.frames().len(), 4);
        let reversed: Vec<_> = backtrace
            .frames()
            .iter()
            .rev()
            .map(|frame| frame.func_name().unwrap())
            .collect();
        assert_eq!(reversed, ["one", "one_inner", "trap", "trap_inner"]);
    });
}

#[test]
fn b19_callers_report_the_offset_of_their_call_and_frames_their_instance() {
    // Each call is between other calls; the last one is at the function's end.
    let text = r#"(module
        (import "" "inner" (func $inner (param i32)))
        (table funcref (elem $a)) (elem declare func $b)
        (type $t (func (param i32)))
        (func $a (param i32) (nop) (call $inner (local.get 0)))
        (func $b (param i32) (call_indirect (type $t) (local.get 0) (i32.const 0)) (nop))
        (func $c (param i32) (call_ref $t (local.get 0) (ref.func $b)))
        (func $d (export "d") (param i32)
            (if (local.get 0) (then (call $c (i32.const 1)))) (call $c (i32.const 0))))"#;
    let inner_text = r#"(module (func $inner (export "inner") (param i32)
        (br_if 0 (local.get 0)) (unreachable)))"#;
    each_default(|engine| {
        let mut store = Store::new(engine, ());
        let inner = Instance::new(&mut store, &module(engine, inner_text), &[]).unwrap();
        let func = inner.get_func(&mut store, "inner").unwrap();
        let bytes = wat::parse_str(text).unwrap();
        let outer_module = backstitch::Module::new(engine, &bytes).unwrap();
        let outer = Instance::new(&mut store, &outer_module, &[func.into()]).unwrap();
        let error = call(&mut store, &outer, "d", &[Val::I32(1)]).unwrap_err();
        assert_eq!(error_names(&error), ["inner", "a", "b", "c", "d"]);
        let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
        assert_eq!(frames[0].instance(), inner);
        for (frame, call) in frames[1..].iter().zip([0x10, 0x11, 0x14, 0x10]) {
            assert_eq!(frame.instance(), outer);
            assert_eq!(bytes[frame.module_offset().unwrap()], call, "{frame:?}");
        }
        // `d` is at its second call, which is immediately before its end.
        let last = frames[4].module_offset().unwrap();
        assert_eq!(bytes[last..last + 3], [0x10, 3, 0x0b]);
    });
}

#[test]
fn b19_frames_are_exact_for_hundreds_of_call_sites() {
    // A ring of functions with two calls each, so that there are hundreds of return addresses.
    const RING: usize = 150;
    let mut text = String::from("(module");
    for index in 0..RING {
        let next = (index + 1) % RING;
        let function = format!(
            r#"(func $f{index} (export "f{index}") (param i32)
                (if (i32.eqz (local.get 0)) (then unreachable))
                (if (i32.rem_u (i32.div_u (local.get 0) (i32.const {RING})) (i32.const 2))
                    (then (call $f{next} (i32.sub (local.get 0) (i32.const 1))))
                    (else (call $f{next} (i32.sub (local.get 0) (i32.const 1))))))"#
        );
        text.push_str(&function);
    }
    text.push(')');
    const DEPTH: usize = 6 * RING - 1;
    each(
        |config| {
            config.wasm_backtrace_max_frames(NonZeroUsize::new(DEPTH + 1));
        },
        |engine| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
            let error = call(&mut store, &instance, "f0", &[Val::I32(DEPTH as i32)]).unwrap_err();
            let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
            assert_eq!(frames.len(), DEPTH + 1);
            let mut places = BTreeSet::new();
            for (from_end, frame) in frames.iter().rev().enumerate() {
                assert_eq!(frame.func_index() as usize, from_end % RING);
                let offset = frame.module_offset().unwrap();
                places.insert(offset);
                // Two rounds later the same call site calls again.
                if let Some(again) = frames.iter().rev().nth(from_end + 2 * RING)
                    && from_end + 2 * RING < DEPTH
                {
                    assert_eq!(again.module_offset(), Some(offset));
                }
            }
            assert_eq!(places.len(), 2 * RING + 1);
        },
    );
}

#[test]
fn b20_the_configured_maximum_bounds_a_backtrace() {
    for limit in [1, 7, 5_000] {
        each(
            |config| {
                config.wasm_backtrace_max_frames(NonZeroUsize::new(limit));
            },
            |engine| {
                let mut store = Store::new(engine, ());
                let text = r#"(module (func $f (export "f") (param i32)
                    (if (i32.eqz (local.get 0)) (then unreachable))
                    (call $f (i32.sub (local.get 0) (i32.const 1)))))"#;
                let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
                let error = call(&mut store, &instance, "f", &[Val::I32(1_000)]).unwrap_err();
                assert_eq!(error_names(&error).len(), limit.min(1_001));
            },
        );
    }
}
