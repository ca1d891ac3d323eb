//! Observation of continuations, by the rows of the walk's contract.

use crate::{each, trap};
use backstitch::{
    AsContext, Caller, ContRef, ContState, Engine, Extern, FrameInfo, Instance, Linker, Module,
    Store, Trap, Val, WasmBacktrace,
};

/// `run` resumes `outer`, which resumes `inner`, which suspends past it. `again` resumes both. The
/// host observes all states at each of its calls.
const SCENE: &str = r#"(module
    (type $f (func))
    (type $c (cont $f))
    (tag $far)
    (import "" "look" (func $look (param i32)))
    (global $outer (export "outer") (mut (ref null $c)) (ref.null $c))
    (global $inner (export "inner") (mut (ref null $c)) (ref.null $c))
    (global $other (export "other") (mut (ref null $c)) (ref.null $c))
    (global $held (export "held") (mut (ref null $c)) (ref.null $c))
    (elem declare func $in $nested)
    (func $in
        (call $look (i32.const 1))
        (suspend $far)
        (call $look (i32.const 3))
        (call $fate))
    (func $out (export "out") (resume $c (global.get $inner)))
    (func $nested (call $look (i32.const 10)))
    (func $fate (if (global.get $trap) (then (unreachable))))
    (global $trap (export "trap") (mut i32) (i32.const 0))
    (func (export "make")
        (global.set $outer (cont.new $c (ref.func $out)))
        (global.set $inner (cont.new $c (ref.func $in)))
        (global.set $other (cont.new $c (ref.func $nested))))
    (func $run (export "run")
        (block $h (result (ref $c))
            (resume $c (on $far $h) (global.get $outer))
            (return))
        (global.set $held)
        (call $look (i32.const 2)))
    (func $again (export "again") (resume $c (global.get $held)))
    (func (export "nest") (resume $c (global.get $other))))"#;

/// Observations during a host call.
struct Look {
    place: i32,
    frames: Vec<FrameInfo>,
    /// States of `outer`, `inner`, `other`, and the continuation that `run` has received.
    states: Vec<ContState>,
    /// Backtraces of these continuations, or the errors of capturing them.
    held: Vec<Result<Vec<FrameInfo>, String>>,
}

#[derive(Default)]
struct Data {
    kept: Vec<ContRef>,
    looks: Vec<Look>,
    /// True if the host calls WebAssembly again at the first place.
    nests: bool,
}

type Host<'a> = Caller<'a, Data>;

fn frames(backtrace: &WasmBacktrace) -> Vec<FrameInfo> {
    backtrace.frames().to_vec()
}

fn look(mut caller: Host<'_>, place: i32) -> backstitch::Result<()> {
    if place == 2 {
        let held = global(&mut caller, "held").expect("the global is set");
        caller.data_mut().kept.push(held);
        // A collection must not free anything reachable.
        caller.gc(None).unwrap();
    }
    let kept = caller.data().kept.clone();
    let look = Look {
        place,
        frames: frames(&WasmBacktrace::capture(&caller)),
        states: kept.iter().map(|cont| cont.state(&caller)).collect(),
        held: kept
            .iter()
            .map(|cont| cont.backtrace(&caller))
            .map(|seen| match seen {
                Ok(backtrace) => Ok(frames(&backtrace)),
                Err(error) => Err(error.to_string()),
            })
            .collect(),
    };
    caller.data_mut().looks.push(look);
    if place == 1 && caller.data().nests {
        let nest = caller.get_export("nest").and_then(Extern::into_func);
        nest.expect("the export exists")
            .call(&mut caller, &[], &mut [])?;
    }
    Ok(())
}

fn global(caller: &mut Host<'_>, name: &str) -> Option<ContRef> {
    let global = caller.get_export(name).and_then(Extern::into_global);
    match global.expect("the export exists").get(&mut *caller) {
        Val::ContRef(cont) => cont,
        other => panic!("{other:?} is not a continuation"),
    }
}

struct Scene {
    store: Store<Data>,
    instance: Instance,
}

impl Scene {
    /// Creates the continuations. None of them has run.
    fn new(engine: &Engine) -> Scene {
        let mut linker = Linker::new(engine);
        linker
            .func_wrap("", "look", look)
            .expect("the name is not defined yet");
        let mut store = Store::new(engine, Data::default());
        let module = Module::new(engine, SCENE).expect("the module is valid");
        let instance = linker.instantiate(&mut store, &module);
        let instance = instance.expect("the imports are defined");
        let mut scene = Scene { store, instance };
        scene.call("make").expect("the call returns");
        for name in ["outer", "inner", "other"] {
            let global = scene.instance.get_global(&mut scene.store, name);
            let Val::ContRef(Some(cont)) = global.expect("the export exists").get(&mut scene.store)
            else {
                panic!("`{name}` is null");
            };
            scene.store.data_mut().kept.push(cont);
        }
        scene
    }

    fn call(&mut self, name: &str) -> backstitch::Result<()> {
        let func = self.instance.get_func(&mut self.store, name);
        let func = func.expect("the export exists");
        func.call(&mut self.store, &[], &mut [])
    }

    fn kept(&self) -> Vec<ContRef> {
        self.store.data().kept.clone()
    }

    /// Returns the observations at a place.
    fn at(&self, place: i32) -> &Look {
        let mut looks = self.store.data().looks.iter();
        looks
            .find(|look| look.place == place)
            .expect("the place was observed")
    }
}

fn names(frames: &[FrameInfo]) -> Vec<&str> {
    frames.iter().filter_map(FrameInfo::func_name).collect()
}

/// Returns the numbers of the stacks of the frames, without repetitions.
fn stacks(frames: &[FrameInfo]) -> Vec<u32> {
    let mut stacks: Vec<u32> = frames.iter().map(FrameInfo::stack).collect();
    stacks.dedup();
    stacks
}

#[test]
fn b5_a_suspended_continuation_is_traced_with_all_captured_stacks() {
    each(|engine| {
        let mut scene = Scene::new(engine);
        // A fresh continuation has a function but no frames.
        let out = scene.instance.get_func(&mut scene.store, "out");
        let outer = scene.kept()[0];
        assert_eq!(
            format!("{:?}", outer.func(&scene.store)),
            format!("{out:?}")
        );
        let fresh = outer
            .backtrace(&scene.store)
            .expect("the continuation is fresh");
        assert!(fresh.frames().is_empty());

        scene.call("run").expect("the call returns");
        let held = scene.at(2).held[3]
            .as_ref()
            .expect("the continuation is suspended");
        // The trace has its own stack and the captured one, and no stack of the resumer.
        assert_eq!(names(held), ["in", "out"]);
        // A continuation that runs or waits cannot be traced as suspended; the error gives its
        // state.
        let running = &scene.at(1).held;
        let error = |index: usize| {
            running[index]
                .as_ref()
                .expect_err("the continuation runs")
                .clone()
        };
        assert!(error(0).contains("Parent"), "{}", error(0));
        assert!(error(1).contains("Running"), "{}", error(1));

        scene.call("again").expect("the call returns");
        let ended = outer
            .backtrace(&scene.store)
            .expect_err("the continuation has ended");
        assert!(ended.to_string().contains("Ended"), "{ended}");
    });
}

#[test]
fn b10_b11_attached_chains_have_one_stack_more_than_continuations() {
    each(|engine| {
        let mut scene = Scene::new(engine);
        scene.call("run").expect("the call returns");
        scene.call("again").expect("the call returns");
        // The running stack is first, then its parents, each from its own exit.
        let attached = &scene.at(1).frames;
        assert_eq!(names(attached), ["in", "out", "run"]);
        assert_eq!(stacks(attached).len(), 3);
        let boundaries: Vec<bool> = attached.iter().map(FrameInfo::is_stack_boundary).collect();
        assert_eq!(boundaries, [true, true, false]);
        // Without the resumer there are as many stacks as continuations.
        let detached = scene.at(2).held[3]
            .as_ref()
            .expect("the continuation is suspended");
        assert_eq!(stacks(detached), stacks(attached)[..2]);
        // Each stack keeps its own exit: the waiting one is at its `resume`, and the one that ran
        // is now at its `suspend`.
        assert_eq!(detached[1].module_offset(), attached[1].module_offset());
        assert!(detached[0].module_offset() > attached[0].module_offset());
        // The same under another parent, which is at its own `resume`.
        let again = &scene.at(3).frames;
        assert_eq!(names(again), ["in", "out", "again"]);
        assert_eq!(stacks(again)[..2], stacks(detached));
        assert_eq!(again[1].module_offset(), detached[1].module_offset());
        assert!(again[0].module_offset() > detached[0].module_offset());
    });
}

#[test]
fn b12_continuations_captured_together_are_traced_collected_and_resumed_elsewhere() {
    each(|engine| {
        let mut scene = Scene::new(engine);
        scene.call("run").expect("the call returns");
        // Between the calls only a global holds it.
        scene.store.gc(None).unwrap();
        let held = scene.kept()[3];
        let seen = held
            .backtrace(&scene.store)
            .expect("the continuation is suspended");
        assert_eq!(names(seen.frames()), ["in", "out"]);
        scene.call("again").expect("the call returns");
        assert_eq!(names(&scene.at(3).frames), ["in", "out", "again"]);
    });
}

#[test]
fn b15_one_stack_runs_per_activation_and_ended_continuations_stay_ended() {
    use ContState::{Ended, Fresh, Parent, Running, Suspended};
    for trapped in [false, true] {
        each(|engine| {
            let mut scene = Scene::new(engine);
            scene.store.data_mut().nests = true;
            let states = |scene: &Scene| -> Vec<ContState> {
                let kept = scene.kept();
                kept.iter().map(|cont| cont.state(&scene.store)).collect()
            };
            assert_eq!(states(&scene), [Fresh, Fresh, Fresh]);
            scene.call("run").expect("the call returns");
            assert_eq!(scene.at(1).states, [Parent, Running, Fresh]);
            // The host has called again, so a continuation runs in another activation.
            assert_eq!(scene.at(10).states, [Parent, Running, Running]);
            // The continuation that was captured together with the suspended one still waits for
            // it.
            assert_eq!(scene.at(2).states, [Parent, Suspended, Ended, Suspended]);

            let global = scene.instance.get_global(&mut scene.store, "trap");
            let global = global.expect("the export exists");
            let value = Val::I32(trapped.into());
            global
                .set(&mut scene.store, value)
                .expect("the value has the type of the global");
            let ended = scene.call("again");
            let expected = trapped.then_some(Trap::UnreachableCodeReached);
            let found = ended.err().and_then(|error| error.downcast_ref().copied());
            assert_eq!(found, expected);
            assert_eq!(scene.at(3).states[0], Parent);
            assert_eq!(scene.at(3).states[1], Running);
            assert_eq!(states(&scene), [Ended; 4]);
            for _ in 0..2 {
                let again = trap(scene.call("again"));
                assert_eq!(again, Some(Trap::ContinuationAlreadyConsumed));
                assert_eq!(states(&scene), [Ended; 4]);
            }
        });
    }
}

#[test]
fn b16_a_reference_can_be_used_once() {
    each(|engine| {
        let mut scene = Scene::new(engine);
        let inner = scene.kept()[1];
        assert!(inner.can_be_resumed(&scene.store));
        scene.call("run").expect("the call returns");
        // The same continuation under a newer reference. The old reference gives its state, and
        // cannot be used.
        let held = scene.kept()[3];
        assert_ne!(held, inner);
        let store = scene.store.as_context();
        assert_eq!(inner.state(&store), ContState::Suspended);
        assert_eq!(held.state(&store), ContState::Suspended);
        assert!(held.can_be_resumed(&store));
        assert!(!inner.can_be_resumed(&store));
        let used = trap(scene.call("run"));
        assert_eq!(used, Some(Trap::ContinuationAlreadyConsumed));
        scene.call("again").expect("the call returns");
        assert!(!held.can_be_resumed(&scene.store));
        // Continuations that reuse its memory are not mistaken for it.
        for _ in 0..100 {
            scene.call("make").expect("the call returns");
            scene.store.gc(None).unwrap();
            assert!(!held.can_be_resumed(&scene.store));
            assert!(!inner.can_be_resumed(&scene.store));
            assert_eq!(held.state(&scene.store), ContState::Ended);
        }
        let consumed = trap(scene.call("again"));
        assert_eq!(consumed, Some(Trap::ContinuationAlreadyConsumed));
    });
}
