//! Compares the walk by bytes (`naive.rs`) with the library's own walk, before every cell of
//! scripts that call, tail-call, cross instances, throw and switch stacks.

use backstitch::{
    AsContext, CallHook, Caller, Config, Dispatch, Engine, Instance, Linker, Module, Result, Store,
    StoreContext, WasmBacktrace,
};
use spec_tests::naive::{Frame, Memory, Process};
use spec_tests::script::{self, Driver, Host};
use spec_tests::suite::{self, Script};
use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

unsafe extern "C" {
    /// The library's root for debuggers.
    safe static backstitch_root: u8;
}

/// Held by each test. The lists of stores and modules are global to the process, so no other test
/// may drop a store while one follows them.
static ALONE: Mutex<()> = Mutex::new(());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory of this process.
struct Own;

impl Memory for Own {
    fn read(&self, address: u64, bytes: &mut [u8]) -> bool {
        // SAFETY: the addresses come from the root. Nothing changes the memory that they lead to
        // during the walk, because no code runs.
        unsafe {
            let address = ptr::with_exposed_provenance(address as usize);
            ptr::copy_nonoverlapping(address, bytes.as_mut_ptr(), bytes.len());
        }
        true
    }
}

/// Number of cells after which only a sample is compared, unless the script switches stacks.
const ONE_BY_ONE: u64 = 20_000;
/// Interval, in cells, of the comparisons after that. Some scripts run millions of cells.
const OFTEN: u64 = 997;

/// State and results of the comparisons in a store.
#[derive(Default)]
struct Seen {
    /// True to compare before every cell, without a limit.
    all: bool,
    /// Number of cells that have run.
    ran: u64,
    /// Number of comparisons.
    cells: u64,
    frames: u64,
    /// Frames whose caller is on another stack.
    stack_boundaries: u64,
    /// Number of backtraces with frames of several activations.
    nested: u64,
    /// Instances by number. Only the walk by bytes has the numbers.
    instances: BTreeMap<u32, Instance>,
    /// First difference found.
    difference: Option<String>,
}

/// Returns the context of the store that runs on this thread: the one whose newest activation began
/// at the nearest address on this native stack.
fn own_context(process: &Process<Own>) -> Option<u64> {
    let here = 0_u8;
    let here = (&raw const here).addr() as u64;
    let distance = |context: &u64| {
        let newest = process.activations(*context)?.checked_sub(1)?;
        process.native_stack(*context, newest)?.checked_sub(here)
    };
    process
        .contexts()?
        .into_iter()
        .filter(|context| distance(context).is_some())
        .min_by_key(distance)
}

/// Walks all frames of the running store by bytes.
fn naive_frames(process: &Process<Own>, stopped_between_cells: bool) -> Option<Vec<Vec<Frame>>> {
    let context = own_context(process)?;
    let mut activations = Vec::new();
    for activation in (0..process.activations(context)?).rev() {
        let newest = activations.is_empty();
        let mut from = process.exit(context, activation);
        if newest && stopped_between_cells {
            // Both positions of stopped code must be the same.
            let live = process.live(context);
            assert_eq!(live, from);
            from = live;
        }
        let frames = match from {
            Some(from) => process.walk(context, from)?,
            None => Vec::new(),
        };
        activations.push(frames);
    }
    Some(activations)
}

impl Seen {
    fn compare(
        &mut self,
        process: &Process<Own>,
        store: StoreContext<'_, Host>,
        stopped_between_cells: bool,
    ) {
        self.ran += 1;
        let skipped = !self.all && self.ran > ONE_BY_ONE && !self.ran.is_multiple_of(OFTEN);
        if skipped || self.difference.is_some() {
            return;
        }
        let backtrace = WasmBacktrace::capture(store.as_context());
        let Some(activations) = naive_frames(process, stopped_between_cells) else {
            self.difference = Some("the bytes are not valid stacks".to_owned());
            return;
        };
        let with_frames = activations.iter().filter(|frames| !frames.is_empty());
        self.nested += u64::from(with_frames.count() > 1);
        let frames: Vec<_> = activations
            .iter()
            .flatten()
            .filter_map(|frame| Some((frame, process.locate(frame)?)))
            .collect();
        let naive: Vec<_> = frames
            .iter()
            .map(|(frame, at)| (frame.stack, frame.fp as usize, at.function, at.offset))
            .collect();
        let structured: Vec<_> = backtrace
            .frames()
            .iter()
            .map(|frame| {
                let place = (frame.stack(), frame.fp());
                (place.0, place.1, frame.func_index(), frame.code_offset())
            })
            .collect();
        if naive != structured {
            self.difference = Some(format!(
                "by bytes {naive:?}, but {structured:?} by the library"
            ));
            return;
        }
        for ((_, at), frame) in frames.iter().zip(backtrace.frames()) {
            let instance = frame.instance();
            if *self.instances.entry(at.instance).or_insert(instance) != instance {
                self.difference = Some(format!("{at:?} is in another instance"));
            }
        }
        self.cells += 1;
        self.frames += structured.len() as u64;
        let boundaries = backtrace.frames().iter();
        self.stack_boundaries +=
            boundaries.filter(|frame| frame.is_stack_boundary()).count() as u64;
    }
}

/// Runs scripts and compares the walks before every cell and in every host call.
struct Looking<'a> {
    engine: &'a Engine,
    seen: Arc<Mutex<Seen>>,
}

impl Driver for Looking<'_> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn new_store(&mut self) -> Result<Store<Host>> {
        let mut store = Store::new(self.engine, Host::default());
        look(&mut store, &self.seen)?;
        Ok(store)
    }
}

fn find() -> Process<Own> {
    let root = (&raw const backstitch_root).expose_provenance() as u64;
    Process::find(Own, root).expect("the library has a root")
}

/// Creates an engine with a small stack, so that infinite recursion ends soon: the walks are
/// compared before each of its cells, with all frames.
fn engine() -> Engine {
    let mut config = Config::new();
    config
        .dispatch(Dispatch::Loop)
        .max_wasm_stack(2 << 10)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(1 << 20));
    Engine::new(&config).expect("the `loop` backend is always available")
}

fn is_switching(script: &Script) -> bool {
    script.name.contains("stack-switching/")
}

fn is_wanted(script: &Script) -> bool {
    let (_, file) = script.name.rsplit_once('/').unwrap_or_default();
    const FILES: &[&str] = &[
        "call.wast",
        "call_indirect.wast",
        "call_ref.wast",
        "fac.wast",
        "func_ptrs.wast",
        "imports.wast",
        "instance.wast",
        "linking.wast",
        "return_call.wast",
        "return_call_indirect.wast",
        "return_call_ref.wast",
        "start.wast",
        "tag.wast",
        "throw.wast",
        "throw_ref.wast",
        "try_table.wast",
        "unwind.wast",
    ];
    is_switching(script) || FILES.contains(&file)
}

/// Compares the walks before every cell, and whenever the host is entered.
fn look(store: &mut Store<Host>, seen: &Arc<Mutex<Seen>>) -> Result<()> {
    let process = Arc::new(find());
    let (seen_between, own) = (Arc::clone(seen), Arc::clone(&process));
    store.cell_hook(move |store| lock(&seen_between).compare(&own, store, true))?;
    let seen = Arc::clone(seen);
    store.call_hook(move |store, hook| {
        if hook.entering_host() {
            lock(&seen).compare(&process, store.as_context(), false);
        }
        Ok(())
    });
    Ok(())
}

#[test]
fn e2_the_walk_by_bytes_is_the_librarys_walk_at_every_cell() {
    let _alone = lock(&ALONE);
    let engine = engine();
    let mut total = Seen::default();
    let mut differences = Vec::new();
    for script in suite::scripts().iter().filter(|script| is_wanted(script)) {
        let seen = Arc::new(Mutex::new(Seen {
            all: is_switching(script),
            ..Seen::default()
        }));
        let mut driver = Looking {
            engine: &engine,
            seen: Arc::clone(&seen),
        };
        script::run(&script.text, &mut driver);
        let seen = lock(&seen);
        println!(
            "{}: {} cells, {} frames, {} stack boundaries, {} nested",
            script.name, seen.cells, seen.frames, seen.stack_boundaries, seen.nested
        );
        total.cells += seen.cells;
        total.frames += seen.frames;
        total.stack_boundaries += seen.stack_boundaries;
        total.nested += seen.nested;
        let difference = seen.difference.as_ref();
        differences.extend(difference.map(|what| format!("{}: {what}", script.name)));
    }
    println!(
        "{} cells, {} frames, {} stack boundaries, {} nested",
        total.cells, total.frames, total.stack_boundaries, total.nested
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(total.cells > 10_000, "too few cells ran");
}

/// Continuations inside a host call inside a continuation. One host function is called by another,
/// so that its activation has no frames.
const NESTED: &str = r#"
    (module
        (type $f (func))
        (type $c (cont $f))
        (tag $pause)
        (import "host" "through" (func $through))
        (import "host" "look" (func $look))
        (elem declare func $inner $middle $outer)
        (func $inner (call $look) (suspend $pause) (call $look))
        (func $middle (local (ref null $c))
            (block $paused (result (ref $c))
                (resume $c (on $pause $paused) (cont.new $c (ref.func $inner)))
                (return))
            (local.set 0)
            (call $look)
            (resume $c (local.get 0)))
        (func (export "again") (resume $c (cont.new $c (ref.func $middle))))
        (func $outer (call $through))
        (func (export "run") (resume $c (cont.new $c (ref.func $outer)))))
"#;

/// Instantiates `NESTED`. `look` does nothing; `through` calls `again`.
fn nested(engine: &Engine, store: &mut Store<Host>) -> Result<Instance> {
    let module = Module::new(engine, NESTED)?;
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "look", || ())?;
    linker.func_wrap("host", "through", |mut caller: Caller<'_, Host>| {
        let again = caller.get_export("again").and_then(|item| item.into_func());
        let again = again.expect("the export exists");
        // The host calls a host function, which calls WebAssembly.
        let between = backstitch::Func::wrap(&mut caller, move |mut caller: Caller<'_, Host>| {
            again.call(&mut caller, &[], &mut [])
        });
        between.call(&mut caller, &[], &mut [])
    })?;
    linker.instantiate(store, &module)
}

/// Calls the export `run`.
fn run(store: &mut Store<Host>, instance: &Instance) -> Result<()> {
    let run = instance.get_typed_func::<(), ()>(&mut *store, "run")?;
    run.call(store, ())
}

#[test]
fn e2_across_calls_of_the_host() -> Result<()> {
    let _alone = lock(&ALONE);
    let engine = engine();
    let mut store = Store::new(&engine, Host::default());
    let seen = Arc::default();
    look(&mut store, &seen)?;
    let instance = nested(&engine, &mut store)?;
    run(&mut store, &instance)?;
    let seen = lock(&seen);
    assert_eq!(seen.difference, None);
    assert!(seen.nested > 20, "{} nested traces", seen.nested);
    assert!(
        seen.stack_boundaries > seen.nested,
        "too few stack boundaries"
    );
    Ok(())
}

/// An activation that has left WebAssembly for the host has a stack and frames, each within its
/// stack. An activation that never was in WebAssembly has none.
#[test]
fn b9_b13_activations_with_frames_have_stacks_that_contain_them() -> Result<()> {
    let _alone = lock(&ALONE);
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = Engine::new(Config::new().dispatch(dispatch))?;
        let mut store = Store::new(&engine, Host::default());
        let process = find();
        let counts = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&counts);
        store.call_hook(move |_, hook| {
            if hook.entering_host() {
                let context = own_context(&process).expect("a store runs");
                let activations = process.activations(context).expect("a list");
                let mut frames = Vec::new();
                for activation in 0..activations {
                    let from = process.exit(context, activation);
                    frames.push(from.map_or(0, |from| {
                        let beyond = Frame {
                            fp: u64::from(u32::MAX),
                            ..from
                        };
                        assert_eq!(process.walk(context, beyond), None);
                        let walk = process.walk(context, from);
                        walk.expect("each frame is within its stack").len()
                    }));
                }
                lock(&seen).push(frames);
            }
            Ok(())
        });
        let instance = nested(&engine, &mut store)?;
        run(&mut store, &instance)?;
        let counts = lock(&counts);
        // Numbers of frames in `through`, in the host function that it calls, in `inner`, and in
        // `middle`.
        let expected: [&[usize]; 4] = [&[2], &[2, 0], &[2, 0, 3], &[2, 0, 2]];
        for frames in expected {
            assert!(counts.iter().any(|seen| seen == frames), "{counts:?}");
        }
        // The activation of the host function that the host calls never has frames.
        let between = counts.iter().filter_map(|seen| seen.get(1));
        assert!(between.into_iter().all(|&frames| frames == 0), "{counts:?}");
    }
    Ok(())
}

/// A continuation that suspends past its parent is resumed by another continuation. Another
/// continuation switches to a third one.
const MOVED: &str = r#"
    (module
        (type $f (func))
        (type $c (cont $f))
        (rec (type $p (func (param (ref null $pc)))) (type $pc (cont $p)))
        (tag $up)
        (import "host" "look" (func $look))
        (global $held (mut (ref null $c)) (ref.null $c))
        (elem declare func $in $out $second $one $two)
        (func $in (call $look) (suspend $up) (call $look))
        (func $out (resume $c (cont.new $c (ref.func $in))))
        (func $first
            (block $h (result (ref $c))
                (resume $c (on $up $h) (cont.new $c (ref.func $out)))
                (return))
            (global.set $held))
        (func $second (call $look) (resume $c (global.get $held)))
        (func $one (call $look) (switch $pc $up (cont.new $pc (ref.func $two))) (drop))
        (func $two (type $p) (call $look))
        (func (export "run")
            (call $first)
            (resume $c (cont.new $c (ref.func $second)))
            (resume $c (on $up switch) (cont.new $c (ref.func $one)))))
"#;

/// The record at the bottom of each stack leads to the frame that waits for the stack at that time,
/// and the last one to the host.
#[test]
fn e1_the_chain_of_records_runs_unbroken_from_the_innermost_frame_to_the_host() -> Result<()> {
    const IN: u32 = 1;
    const OUT: u32 = 2;
    const FIRST: u32 = 3;
    const SECOND: u32 = 4;
    const ONE: u32 = 5;
    const TWO: u32 = 6;
    const RUN: u32 = 7;
    let _alone = lock(&ALONE);
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = Engine::new(Config::new().dispatch(dispatch))?;
        let module = Module::new(&engine, MOVED)?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "look", || ())?;
        let mut store = Store::new(&engine, Host::default());
        let process = find();
        let walks = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&walks);
        store.call_hook(move |_, hook| {
            if hook == CallHook::CallingHost {
                let walk = naive_frames(&process, false).expect("the stacks are valid");
                let located = walk.iter().flatten();
                let located = located.filter_map(|frame| process.locate(frame));
                let functions: Vec<u32> = located.map(|at| at.function).collect();
                lock(&seen).push(functions);
            }
            Ok(())
        });
        let instance = linker.instantiate(&mut store, &module)?;
        run(&mut store, &instance)?;
        assert_eq!(
            *lock(&walks),
            [
                vec![IN, OUT, FIRST, RUN],
                vec![SECOND, RUN],
                vec![IN, OUT, SECOND, RUN],
                vec![ONE, RUN],
                vec![TWO, RUN],
            ]
        );
    }
    Ok(())
}

#[test]
fn e3_stores_are_listed_as_long_as_they_are_there() {
    let _alone = lock(&ALONE);
    let process = find();
    let listed = || process.contexts().expect("the list is valid");
    let before = listed();
    let engine = Engine::default();
    let [first, second] = [(); 2].map(|()| Store::new(&engine, ()));
    let both = listed();
    assert_eq!(both.len(), before.len() + 2);
    // Moving a store must not change the list.
    let moved = Box::new(first);
    assert_eq!(listed(), both);
    drop(second);
    assert_eq!(listed().len(), before.len() + 1);
    let other_thread = std::thread::spawn(move || drop(moved));
    other_thread.join().expect("any thread can drop a store");
    assert_eq!(listed(), before);
}
