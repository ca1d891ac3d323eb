//! The profiler that embedders use.

use super::stack_tree::{Place, Stack, StackTree};
use super::symbols::{Symbol, Symbols};
use super::{firefox, folded, pprof};
use crate::api::{AsContext, Engine, Execution, Module, Result, WasmBacktrace};
use crate::ensure;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io::Write;
use std::time::Duration;

/// Maximum number of frames in a sample. The youngest are kept.
const MAX_FRAMES: usize = 512;

/// A sample whose functions have names.
pub(super) struct Sample {
    /// The functions on the stack, the oldest first.
    pub(super) names: Rc<[Rc<str>]>,
    /// The time since the last sample.
    pub(super) time: Duration,
}

/// Collects samples of the stacks of guests, and writes them as a profile.
///
/// The embedder decides when a sample is taken: in a callback of
/// [`Store::epoch_deadline_callback`](crate::Store::epoch_deadline_callback), or whenever a call is
/// suspended, for example because its fuel is spent. A profile by fuel is the same in every run.
///
/// Corresponds to
/// [`wasmtime::GuestProfiler`](https://docs.rs/wasmtime/latest/wasmtime/struct.GuestProfiler.html).
/// Its time is the sum of the times that [`GuestProfiler::sample`] is given, and not that of a clock. It
/// has no markers for calls of the host (`call_hook`).
///
/// ```
/// use backstitch::{Config, Engine, GuestProfiler, Instance, Module, Outcome, Store};
/// use std::time::Duration;
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// let module = Module::new(&engine, r#"
///     (module
///         (func $spin (param $n i32)
///             (loop $again
///                 (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
///         (func (export "run") (call $spin (i32.const 10000))))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let run = instance.get_func(&mut store, "run").unwrap();
/// let interval = Duration::from_nanos(1000);
/// let modules = [("spin.wasm".to_string(), module)];
/// let mut profiler = GuestProfiler::new(&engine, "spin", interval, modules)?;
///
/// // One instruction counts as a nanosecond.
/// let mut execution = run.start(&mut store, &[])?;
/// store.set_fuel(1000)?;
/// while let Outcome::Suspended(_) = execution.resume(&mut store)? {
///     profiler.sample_suspended(&store, &execution, interval);
///     store.set_fuel(1000)?;
/// }
/// let mut folded = Vec::new();
/// profiler.write_folded(&mut folded)?;
/// assert!(folded.starts_with(b"<wasm function 1>;spin "));
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Debug)]
pub struct GuestProfiler {
    name: String,
    interval: Duration,
    modules: Vec<(String, Module)>,
    stacks: StackTree,
    /// The stack of each sample, and the time since the one before.
    samples: Vec<(Stack, Duration)>,
}

impl GuestProfiler {
    /// Creates a profiler without samples.
    ///
    /// `name` is the name of the profile. `interval` is the usual time between two samples. Only
    /// functions of `modules` are part of it. If there are several modules, the names of functions begin
    /// with the one that is given with their module.
    ///
    /// # Errors
    ///
    /// If a module belongs to another engine.
    pub fn new(
        engine: &Engine,
        name: &str,
        interval: Duration,
        modules: impl IntoIterator<Item = (String, Module)>,
    ) -> Result<GuestProfiler> {
        let modules: Vec<_> = modules.into_iter().collect();
        for (name, module) in &modules {
            ensure!(
                Engine::same(module.engine(), engine),
                "the module `{name}` belongs to another engine"
            );
        }
        Ok(GuestProfiler {
            name: name.to_string(),
            interval,
            modules,
            stacks: StackTree::default(),
            samples: Vec::new(),
        })
    }

    /// Adds a sample of the calls that are in progress. `delta` is the time since the last one.
    ///
    /// At most 512 frames are kept, the youngest ones.
    pub fn sample(&mut self, store: impl AsContext, delta: Duration) {
        self.add(&WasmBacktrace::up_to(MAX_FRAMES, store, None), delta);
    }

    /// Adds a sample of a suspended execution: see [`GuestProfiler::sample`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own the execution.
    pub fn sample_suspended(
        &mut self,
        store: impl AsContext,
        execution: &Execution,
        delta: Duration,
    ) {
        let backtrace = WasmBacktrace::up_to(MAX_FRAMES, store, Some(execution));
        self.add(&backtrace, delta);
    }

    fn add(&mut self, backtrace: &WasmBacktrace, delta: Duration) {
        let modules = &self.modules;
        let oldest_first = backtrace.locations().rev();
        let places = oldest_first.filter_map(|(module, location)| {
            let mut known = modules.iter();
            Some(Place {
                module: known.position(|(_, known)| Module::same(known, module))?,
                location,
            })
        });
        let stack = self.stacks.stack(places);
        self.samples.push((stack, delta));
    }

    /// Returns the number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Returns whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Writes the profile for the [Firefox profiler](https://profiler.firefox.com), as JSON in its
    /// [processed format](https://github.com/firefox-devtools/profiler/blob/main/docs-developer/processed-profile-format.md).
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`.
    pub fn finish(self, out: impl Write) -> Result<()> {
        firefox::write(&self.name, self.interval, &self.named(), out)
    }

    /// Writes the profile as folded stacks: a line for each stack, with its functions, the oldest first,
    /// and its time in nanoseconds. Many tools for flame graphs read them.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`.
    pub fn write_folded(&self, out: impl Write) -> Result<()> {
        folded::write(&self.named(), out)
    }

    /// Writes the profile as a flame graph: an SVG file for a browser. `unit` is the name of what counts
    /// as a nanosecond.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`.
    pub fn write_flame_graph(&self, unit: &str, out: impl Write) -> Result<()> {
        folded::write_flame_graph(&self.name, unit, &self.named(), out)
    }

    /// Writes the profile for [pprof](https://github.com/google/pprof), as a `profile.proto` that is
    /// compressed by gzip. `unit` is the name of what counts as a nanosecond.
    ///
    /// Each sample has two values: 1 for itself (`samples`), and its time (named by `unit`, or `time` if
    /// that is `nanoseconds`). An address is an offset in a module; that of the second module has 2³²
    /// added to it, and so on. Lines of the source come from debugging information (feature `dwarf`).
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`.
    pub fn write_pprof(&self, unit: &str, out: impl Write) -> Result<()> {
        let input = pprof::Input {
            modules: &self.modules,
            stacks: &self.stacks,
            samples: &self.samples,
            interval: self.interval,
            unit,
        };
        pprof::write(&input, out)
    }

    /// Returns the functions of each sample, the oldest first, with its time.
    fn named(&self) -> Vec<Sample> {
        let mut symbols = Symbols::new(&self.modules);
        let mut known: BTreeMap<Stack, Rc<[Rc<str>]>> = BTreeMap::new();
        let samples = self.samples.iter().map(|&(stack, time)| {
            let names = known.entry(stack).or_insert_with(|| {
                let places: Vec<Place> = self.stacks.frames(stack).collect();
                let frames = places.iter().rev().map(|place| symbols.of(*place));
                let names = |symbols: Rc<[Symbol]>| -> Vec<_> {
                    symbols.iter().map(|it| Rc::clone(&it.name)).collect()
                };
                frames.flat_map(names).collect()
            });
            Sample {
                names: Rc::clone(names),
                time,
            }
        });
        samples.collect()
    }
}
