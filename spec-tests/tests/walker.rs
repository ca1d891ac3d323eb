//! A walker that knows nothing but bytes gives the frames that the library gives, before
//! every instruction of scripts that call, tail-call, cross instances, throw and switch
//! stacks.

use backstitch::{
    AsContext, CallHook, Caller, Config, Dispatch, Engine, Error, Instance, Linker, Module, Result,
    Store, StoreContext, WasmBacktrace,
};
use spec_tests::naive::{Frame, Memory, Process};
use spec_tests::script::{self, Driver, Host};
use spec_tests::suite::{self, Script};
use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

unsafe extern "C" {
    /// The library's, which has the same version as these tests.
    #[link_name = concat!(
        "backstitch_root_", env!("CARGO_PKG_VERSION_MAJOR"),
        "_", env!("CARGO_PKG_VERSION_MINOR"),
        "_", env!("CARGO_PKG_VERSION_PATCH"),
    )]
    safe static ROOT: u8;
}

/// The lists are the process's: while a test follows them, no other may drop a store.
static ALONE: Mutex<()> = Mutex::new(());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This process's own memory.
struct Own;

impl Memory for Own {
    fn read(&self, address: u64, bytes: &mut [u8]) -> bool {
        // SAFETY: the walker's addresses come from the root, and what they lead to is read
        // while no code runs that changes it.
        unsafe {
            let address = ptr::with_exposed_provenance(address as usize);
            ptr::copy_nonoverlapping(address, bytes.as_mut_ptr(), bytes.len());
        }
        true
    }
}

/// In a script that switches no stacks, so many cells are looked at one by one,
const ONE_BY_ONE: u64 = 20_000;
/// and from there on one among so many: some of them count to a million.
const OFTEN: u64 = 997;

/// What was seen in a store.
#[derive(Default)]
struct Seen {
    /// Whether every cell is looked at, however many there are.
    all: bool,
    /// The cells that have run,
    ran: u64,
    /// and those that were looked at.
    cells: u64,
    frames: u64,
    /// Frames whose caller is on another stack.
    stack_boundaries: u64,
    /// Traces of more activations than one.
    nested: u64,
    /// Instances by their number, which only the walker has.
    instances: BTreeMap<u32, Instance>,
    /// What was wrong first.
    difference: Option<String>,
}

/// The store that this thread runs: the one whose newest activation began here last.
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

/// All frames of the store that runs, by bytes alone.
fn naive_frames(process: &Process<Own>, stopped_between_cells: bool) -> Option<Vec<Vec<Frame>>> {
    let context = own_context(process)?;
    let mut activations = Vec::new();
    for activation in (0..process.activations(context)?).rev() {
        let newest = activations.is_empty();
        let mut from = process.exit(context, activation);
        if newest && stopped_between_cells {
            // Both say the same of where code has stopped, so the trace is that of either.
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
            self.difference = Some("the bytes are no stacks".to_owned());
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

/// Runs scripts with a look before every cell, and in every call of the host's.
struct Looking<'a> {
    engine: &'a Engine,
    seen: Arc<Mutex<Seen>>,
}

impl Driver for Looking<'_> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn count_instructions(&mut self) -> Result<()> {
        Err(Error::msg("the scripts have no threads"))
    }

    fn new_store(&mut self) -> Result<Store<Host>> {
        let mut store = Store::new(self.engine, Host::default());
        look(&mut store, &self.seen)?;
        Ok(store)
    }
}

fn find() -> Process<Own> {
    let root = (&raw const ROOT).expose_provenance() as u64;
    Process::find(Own, root).expect("the library has a root")
}

/// A small stack, so that endless recursion is soon over: each of its cells is looked at
/// with all frames before it.
fn engine() -> Engine {
    let mut config = Config::new();
    config
        .dispatch(Dispatch::Loop)
        .max_wasm_stack(2 << 10)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(1 << 20));
    Engine::new(&config).expect("the loop is always there")
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
        "catch.wast",
        "delegate.wast",
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

/// Looks at a store before every cell and whenever the host is entered.
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
fn e2_the_naive_walk_is_the_walk_at_every_cell() {
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
            "{}: {} cells, {} frames, {} boundaries of stacks, {} nested",
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
        "{} cells, {} frames, {} boundaries of stacks, {} nested",
        total.cells, total.frames, total.stack_boundaries, total.nested
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(total.cells > 10_000, "hardly anything ran");
}

/// Continuations inside a call of the host's inside a continuation; and a call of the
/// host's by the host between, which has no frames and hides none.
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

/// An instance of `NESTED`, whose `look` does nothing and whose `through` calls again.
fn nested(engine: &Engine, store: &mut Store<Host>) -> Result<Instance> {
    let module = Module::new(engine, NESTED)?;
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "look", || ())?;
    linker.func_wrap("host", "through", |mut caller: Caller<'_, Host>| {
        let again = caller.get_export("again").and_then(|item| item.into_func());
        let again = again.expect("it is exported");
        // The host calls the host, which calls WebAssembly.
        let between = backstitch::Func::wrap(&mut caller, move |mut caller: Caller<'_, Host>| {
            again.call(&mut caller, &[], &mut [])
        });
        between.call(&mut caller, &[], &mut [])
    })?;
    linker.instantiate(store, &module)
}

/// Calls the `run` of an instance.
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
    assert!(seen.stack_boundaries > seen.nested, "stacks are crossed");
    Ok(())
}

/// An activation that is in the host has a stack and frames on it, each within its stack;
/// one that never was in WebAssembly has none.
#[test]
fn b9_b13_activations_with_frames_have_stacks_and_frames_lie_in_them() -> Result<()> {
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
                        walk.expect("each lies in its stack").len()
                    }));
                }
                lock(&seen).push(frames);
            }
            Ok(())
        });
        let instance = nested(&engine, &mut store)?;
        run(&mut store, &instance)?;
        let counts = lock(&counts);
        // In `through` and in the host function that it calls; in `inner`, and in `middle`.
        let expected: [&[usize]; 4] = [&[2], &[2, 0], &[2, 0, 3], &[2, 0, 2]];
        for frames in expected {
            assert!(counts.iter().any(|seen| seen == frames), "{counts:?}");
        }
        // The host that calls the host never has any.
        let between = counts.iter().filter_map(|seen| seen.get(1));
        assert!(between.into_iter().all(|&frames| frames == 0), "{counts:?}");
    }
    Ok(())
}

/// A continuation that suspends past its parent is resumed by another continuation, and one
/// takes another's place.
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

/// Each bottom record leads to the frame that waits for it, whoever that is by now, and the
/// last one to the host.
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
                let walk = naive_frames(&process, false).expect("the bytes are stacks");
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
    let listed = || process.contexts().expect("the list is whole");
    let before = listed();
    let engine = Engine::default();
    let [first, second] = [(); 2].map(|()| Store::new(&engine, ()));
    let both = listed();
    assert_eq!(both.len(), before.len() + 2);
    // Where a store is moved to makes no difference.
    let moved = Box::new(first);
    assert_eq!(listed(), both);
    drop(second);
    assert_eq!(listed().len(), before.len() + 1);
    let other_thread = std::thread::spawn(move || drop(moved));
    other_thread.join().expect("a store is dropped anywhere");
    assert_eq!(listed(), before);
}
