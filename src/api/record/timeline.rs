//! Recordings that are read at any instruction, in both directions.

use super::branch::{self, World};
use super::checkpoints::Checkpoints;
use super::format::Unreadable;
use super::player::{Player, Progress, Stop, begin_log, run};
use super::replayer::{ReplayState, Replayer};
use crate::api::{
    AsContextMut, CompilationMode, Config, Memory, Module, Store, Val, WasmBacktrace, WasmCoreDump,
};
use crate::format_err;
use crate::heap::{ProbeEvent, ProbeWriter};
use crate::ids::{FuncIndex, MemoryIndex, StackId};
use crate::module::ProbeSet;
use crate::support::error::{Error, Result};
use crate::walk::coredump::extension::ReasonKind;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// Size from which memories share their pages with those of checkpoints.
const SHARED_FROM: usize = 256 << 10;

/// The distance between two new checkpoints is this part of the instructions before, at least.
const DENSITY: u64 = 64;

/// Distances before a position at which the replay goes on with code that stops at each instruction.
const APPROACHES: [u64; 2] = [1 << 14, 1 << 20];

/// A recording that is read at any instruction, in both directions.
///
/// A position is a number of instructions: the fuel that the program has spent before, by the rules of
/// [`FUEL_VERSION`](crate::FUEL_VERSION). Instructions that cost nothing have no position of their own,
/// and bulk instructions take as many as they cost.
///
/// To go to a position, the program is replayed from the last checkpoint before. Checkpoints are
/// copies of the store, which [`Timeline::new`] makes while it replays the program once. Those that are
/// old are further apart.
///
/// ```
/// use backstitch::*;
/// # use std::sync::{Arc, Mutex};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// # #[derive(Clone, Default)]
/// # struct Log(Arc<Mutex<Vec<u8>>>);
/// # impl std::io::Write for Log {
/// #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
/// #         self.0.lock().unwrap().write(bytes)
/// #     }
/// #     fn flush(&mut self) -> std::io::Result<()> {
/// #         Ok(())
/// #     }
/// # }
/// let text = r#"
///     (module
///         (memory 1)
///         (func $clear (i32.store (i32.const 8) (i32.const 0)))
///         (func (export "bake") (result i32)
///             (i32.store (i32.const 8) (i32.const 12))
///             (call $clear)
///             (i32.div_u (i32.const 84) (i32.load (i32.const 8)))))
/// "#;
/// let engine = Engine::default();
/// let module = Module::new(&engine, text)?;
/// let mut store = Store::new(&engine, ());
/// let log = Log::default();
/// Recorder::new(log.clone()).embed_modules(true).start(&mut store)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let bake = instance.get_typed_func::<(), i32>(&mut store, "bake")?;
/// let error = bake.call(&mut store, ()).unwrap_err();
/// assert!(error.is::<Trap>());
/// store.end_recording(1, "")?;
///
/// let log = log.0.lock().unwrap().clone();
/// let mut timeline = Timeline::new(Replayer::new(log)?, &TimelineOptions::new())?;
/// let write = timeline.last_write(0, 8..12, timeline.end())?.expect("it was written");
/// timeline.seek(write.position)?;
/// let backtrace = timeline.backtrace();
/// assert_eq!(backtrace.frames()[0].func_name(), Some("clear"));
/// # Ok::<(), Error>(())
/// ```
pub struct Timeline {
    checkpoints: Checkpoints,
    config: Config,
    /// The store after the last instruction.
    last: Store<ReplayState>,
    end: u64,
    outcome: Option<Result<Vec<Val>>>,
    is_complete: bool,
    steps: World,
    /// The code with other probes that was used last.
    probed: Option<(ProbeSet, World)>,
    /// A copy of the replay with code that stops at each instruction, and its position.
    base: Option<(u64, Store<ReplayState>)>,
    /// The store at the position; none at the end.
    current: Option<Store<ReplayState>>,
    position: u64,
}

/// Options for a [`Timeline`].
#[derive(Clone, Debug)]
pub struct TimelineOptions {
    budget: usize,
    interval: u64,
}

impl Default for TimelineOptions {
    fn default() -> TimelineOptions {
        TimelineOptions {
            budget: 256 << 20,
            interval: 1 << 20,
        }
    }
}

impl TimelineOptions {
    /// Creates the default options.
    pub fn new() -> TimelineOptions {
        TimelineOptions::default()
    }

    /// Sets the number of bytes that checkpoints take, approximately. With fewer, some are removed, and
    /// going back takes longer. The default is 256 MiB.
    pub fn budget(&mut self, bytes: usize) -> &mut TimelineOptions {
        self.budget = bytes;
        self
    }

    /// Sets the number of instructions between two new checkpoints, at least one: after 64 times as
    /// many, the distance grows. The default is 2²⁰.
    pub fn interval(&mut self, instructions: u64) -> &mut TimelineOptions {
        self.interval = instructions.max(1);
        self
    }
}

/// A place in a program: an instruction of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Breakpoint {
    /// The module, as an index into [`Timeline::modules`].
    pub module: usize,
    /// The offset of the instruction in the module, in bytes.
    pub offset: u32,
}

/// A write to a memory.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineWrite {
    /// The position before the instruction that writes, or that calls the host function that does.
    pub position: u64,
    /// The writer.
    pub writer: TimelineWriter,
}

/// The writer of bytes of a memory.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimelineWriter {
    /// An instruction.
    Instruction,
    /// A host function, which has this name, or the host between two calls, which has none.
    Host(Option<String>),
    /// The instantiation of a module, which has written a data segment.
    Data {
        /// The name of the module, if it has one.
        module: Option<String>,
        /// The index of the segment in the module.
        segment: u32,
    },
}

impl Timeline {
    /// Replays a recording once, and makes checkpoints. The position is the end.
    ///
    /// The functions that [`Replayer::on_call`] and [`Replayer::on_note`] have set are called.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Replayer::run`], and an error if there is no memory for a checkpoint. A
    /// recording that is not complete is no error: it ends where the log ends.
    pub fn new(replayer: Replayer, options: &TimelineOptions) -> Result<Timeline> {
        let mut config = replayer.config();
        config
            .consume_fuel(true)
            .copy_on_write_from(SHARED_FROM)
            .compilation_mode(CompilationMode::Lazy);
        let mut play = World::new(&config, None)?;
        let steps = ProbeSet {
            steps: true,
            ..ProbeSet::default()
        };
        let steps = World::new(&config, Some(steps))?;
        let mut player = replayer.into_player(|module| play.module(module))?;
        player.pauses = true;
        let mut store = Store::new(&play.engine, ReplayState(player));
        store.limiter(|state| &mut state.0);
        begin_log(&mut store.as_context_mut()).map_err(Stop::into_error)?;
        let mut checkpoints = Checkpoints::new(options.budget, options.interval);
        checkpoints.add(0, &store)?;
        let mut position = 0;
        let is_complete = loop {
            let distance = options.interval.max(position / DENSITY);
            match run_to(&mut store, position + distance)? {
                Run::Paused => {
                    position = spent(&store);
                    checkpoints.add(position, &store)?;
                }
                Run::Ended(is_complete) => break is_complete,
            }
        };
        let end = spent(&store);
        let outcome = store.data_mut().0.outcome.take();
        Ok(Timeline {
            checkpoints,
            config,
            last: store,
            end,
            outcome,
            is_complete,
            steps,
            probed: None,
            base: None,
            current: None,
            position: end,
        })
    }

    /// Returns the position of the end: the number of instructions of the program.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Returns the position.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the number of checkpoints.
    pub fn checkpoints(&self) -> usize {
        self.checkpoints.all().len()
    }

    /// Returns the end of the function that the host has called or resumed last, as
    /// [`Replayed::outcome`](crate::Replayed::outcome).
    pub fn outcome(&self) -> Option<&Result<Vec<Val>>> {
        self.outcome.as_ref()
    }

    /// Returns whether the log is complete.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns the modules that the program has loaded up to the position, in this order.
    pub fn modules(&self) -> &[Module] {
        &self.player().modules
    }

    /// Returns the store at the position. At the end, no code runs.
    pub fn store(&self) -> &Store<ReplayState> {
        self.current.as_ref().unwrap_or(&self.last)
    }

    fn player(&self) -> &Player {
        &self.store().data().0
    }

    /// Returns the memory with an index in the store, if there is one at the position.
    pub fn memory(&self, index: u32) -> Option<Memory> {
        let store = &self.store().inner;
        let exists = (index as usize) < store.memories().len();
        exists.then(|| Memory::of(store.id(), MemoryIndex(index)))
    }

    /// Returns the backtrace at the position, which has no frames at the end.
    pub fn backtrace(&self) -> WasmBacktrace {
        let active = self.player().active.iter();
        let executions = active.map(|active| active.execution.number());
        WasmBacktrace::of_all_suspended(&self.store().inner, executions.map(StackId))
    }

    /// Returns a core dump of the position, as the bytes of a file. `name` is that of the program.
    pub fn core_dump(&mut self, name: &str) -> Vec<u8> {
        let dump = self.captured();
        let store = self.current.as_mut().unwrap_or(&mut self.last);
        dump.serialize(store, name)
    }

    /// Captures a core dump of the position.
    pub(crate) fn captured(&mut self) -> WasmCoreDump {
        let store = self.current.as_mut().unwrap_or(&mut self.last);
        match store.data().0.active.first() {
            Some(active) => {
                let message = format!("instruction {} of a recording", self.position);
                let kind = ReasonKind::Breakpoint;
                active.execution.core_dump_because(&*store, kind, &message)
            }
            None => WasmCoreDump::capture(&mut *store),
        }
    }

    /// Returns the number of a module, if the program loads it: an index into those at the end.
    #[cfg(feature = "debug")]
    pub(crate) fn number_of(&self, module: &Module) -> Option<usize> {
        let mut all = self.last.data().0.modules.iter();
        all.position(|other| other.has_bytes_of(module))
    }

    /// Goes to a position, or to the next one after it at which the replay can stop, and returns that.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no memory for a copy of the store, or if the replay differs from the
    /// recording. The position may be the end then.
    pub fn seek(&mut self, position: u64) -> Result<u64> {
        if position >= self.end {
            self.go_to_end();
            return Ok(self.end);
        }
        let base = self.base_before(position)?;
        let mut store = branch::fork(base)?;
        store.data_mut().0.pauses_nested = true;
        self.go_on(store, position)?;
        Ok(self.position)
    }

    fn go_to_end(&mut self) {
        self.current = None;
        self.position = self.end;
    }

    /// Runs a copy of the replay to a position, which becomes that of the timeline. The position is the
    /// end if this fails.
    fn go_on(&mut self, mut store: Store<ReplayState>, position: u64) -> Result<()> {
        self.go_to_end();
        if let Run::Paused = run_to(&mut store, position)? {
            self.position = spent(&store);
            self.current = Some(store);
        }
        Ok(())
    }

    /// Goes to the next position. Returns false at the end.
    ///
    /// # Errors
    ///
    /// As [`Timeline::seek`].
    pub fn step(&mut self) -> Result<bool> {
        let next = self.position + 1;
        let Some(store) = self.current.take() else {
            return Ok(false);
        };
        // The replay cannot go on from a call of a function of the host.
        if store.data().0.active.len() > 1 {
            self.seek(next)?;
        } else {
            self.go_on(store, next)?;
        }
        Ok(true)
    }

    /// Goes to the last position before this one. Returns false at the beginning.
    ///
    /// # Errors
    ///
    /// As [`Timeline::seek`].
    pub fn step_back(&mut self) -> Result<bool> {
        let from = self.position;
        let mut distance = 1;
        let mut before = loop {
            let target = from.saturating_sub(distance);
            let reached = self.seek(target)?;
            if reached < from {
                break reached;
            }
            if target == 0 {
                // There is no position before.
                return Ok(false);
            }
            distance *= 2;
        };
        // A bulk instruction or a call may lie between.
        while self.step()? && self.position < from {
            before = self.position;
        }
        if self.position != before {
            self.seek(before)?;
        }
        Ok(true)
    }

    /// Goes back to the last position before this one that is at one of the breakpoints, or before an
    /// instruction that writes to some of the bytes, each of a memory. Returns false, and stays, if there
    /// is none.
    ///
    /// # Errors
    ///
    /// As [`Timeline::seek`], and if a breakpoint is at no module of the recording.
    pub fn reverse_continue(
        &mut self,
        breakpoints: &[Breakpoint],
        watched: &[(u32, Range<u64>)],
    ) -> Result<bool> {
        let before = self.position;
        match self.find_last(breakpoints, Watched::writes(watched), before)? {
            Some(event) => self.seek(event.spent).map(|_| true),
            None => Ok(false),
        }
    }

    /// Goes on to the first position after this one that is at one of the breakpoints, or before an
    /// instruction that writes to some of the bytes, each of a memory. Returns false, and goes to the
    /// end, if there is none.
    ///
    /// # Errors
    ///
    /// As [`Timeline::reverse_continue`].
    pub fn continue_to(
        &mut self,
        breakpoints: &[Breakpoint],
        watched: &[(u32, Range<u64>)],
    ) -> Result<bool> {
        let after = self.position;
        match self.find_first(breakpoints, &Watched::writes(watched), after)? {
            Some(event) => self.seek(event.spent).map(|_| true),
            None => {
                self.go_to_end();
                Ok(false)
            }
        }
    }

    /// Returns the last write to some bytes of a memory before a position. The memory has an index in
    /// the store. The position stays the same.
    ///
    /// Returns `None` if nothing was written: then the bytes are zero.
    ///
    /// # Errors
    ///
    /// As [`Timeline::seek`].
    pub fn last_write(
        &mut self,
        memory: u32,
        bytes: Range<u64>,
        before: u64,
    ) -> Result<Option<TimelineWrite>> {
        let watched = Watched {
            bytes: alloc::vec![(MemoryIndex(memory), bytes)],
            called: None,
        };
        let event = self.find_last(&[], watched, before)?;
        Ok(event.map(|event| TimelineWrite {
            position: event.spent,
            writer: match event.writer {
                ProbeWriter::Instruction => TimelineWriter::Instruction,
                ProbeWriter::Host(function) => TimelineWriter::Host(
                    function.map(|function| branch::name_of(&self.last, function)),
                ),
                ProbeWriter::Data(instance, segment) => {
                    let module = self.last.inner.instance(instance).module();
                    TimelineWriter::Data {
                        module: module.name().map(String::from),
                        segment,
                    }
                }
            },
        }))
    }

    /// Returns the last position before a position at which a function of a module begins, or, if it is
    /// an import from the host, at which it is called. The function has an index in the module, which is
    /// an index into [`Timeline::modules`]. The position stays the same.
    ///
    /// # Errors
    ///
    /// As [`Timeline::seek`], and if the module has no such function, or if it imports it from another
    /// module.
    pub fn last_call(&mut self, module: usize, function: u32, before: u64) -> Result<Option<u64>> {
        let event = match self.module(module)?.0.first_instruction(function) {
            Some(offset) => {
                self.find_last(&[Breakpoint { module, offset }], Watched::default(), before)?
            }
            None => {
                let called = self.host_function(module, function)?;
                let watched = Watched {
                    called: Some(called),
                    ..Watched::default()
                };
                self.find_last(&[], watched, before)?
            }
        };
        Ok(event.map(|event| event.spent))
    }

    /// Returns the host function that a module imports with an index.
    fn host_function(&self, module: usize, function: u32) -> Result<FuncIndex> {
        let sha256 = self.module(module)?.0.sha256();
        let store = &self.last.inner;
        let mut instances = store.instances();
        let instance = instances.find(|instance| instance.module().sha256() == sha256);
        let imports = instance.map(|instance| &instance.parts().imported_functions);
        let index = imports.and_then(|imports| imports.get(function as usize).copied());
        let index = index
            .map(FuncIndex)
            .filter(|&index| store.func(index).is_host());
        index.ok_or_else(|| format_err!("function {function} of the module is none of the host"))
    }

    fn module(&self, module: usize) -> Result<&Module> {
        let found = self.last.data().0.modules.get(module);
        found.ok_or_else(|| format_err!("the recording has no module {module}"))
    }

    /// Returns the last event before a position.
    fn find_last(
        &mut self,
        breakpoints: &[Breakpoint],
        watched: Watched,
        before: u64,
    ) -> Result<Option<ProbeEvent>> {
        let (probes, mut world) = self.probed(breakpoints, &watched)?;
        let mut end = before;
        let mut found = None;
        let checkpoints = self.checkpoints.all().iter().rev();
        for checkpoint in checkpoints.filter(|it| it.position < before) {
            let mut store = branch::move_to(&mut world, branch::fork(&checkpoint.store)?)?;
            store
                .inner
                .set_probes(watched.bytes.clone(), watched.called, 0..before);
            // The replay can pause before a function of the host is called, when the call has been charged.
            run_to(&mut store, end.saturating_add(1))?;
            found = store.inner.probes.last();
            if found.is_some() {
                break;
            }
            end = checkpoint.position;
        }
        self.probed = Some((probes, world));
        Ok(found)
    }

    /// Returns the first event after a position.
    fn find_first(
        &mut self,
        breakpoints: &[Breakpoint],
        watched: &Watched,
        after: u64,
    ) -> Result<Option<ProbeEvent>> {
        let (probes, mut world) = self.probed(breakpoints, watched)?;
        let all = self.checkpoints.all();
        let from = all.partition_point(|it| it.position <= after);
        let mut found = None;
        for (index, checkpoint) in all.iter().enumerate().skip(from.saturating_sub(1)) {
            let end = all.get(index + 1).map_or(self.end, |next| next.position);
            let mut store = branch::move_to(&mut world, branch::fork(&checkpoint.store)?)?;
            let spent = after.saturating_add(1)..u64::MAX;
            store
                .inner
                .set_probes(watched.bytes.clone(), watched.called, spent);
            run_to(&mut store, end.saturating_add(1))?;
            found = store.inner.probes.first();
            if found.is_some() {
                break;
            }
        }
        self.probed = Some((probes, world));
        Ok(found)
    }

    /// Returns probes for events, and an engine whose code has them.
    fn probed(
        &mut self,
        breakpoints: &[Breakpoint],
        watched: &Watched,
    ) -> Result<(ProbeSet, World)> {
        let mut places = Vec::new();
        for breakpoint in breakpoints {
            let sha256 = *self.module(breakpoint.module)?.0.sha256();
            places.push((sha256, breakpoint.offset));
        }
        places.sort_unstable();
        places.dedup();
        let probes = ProbeSet {
            writes: !watched.bytes.is_empty(),
            places,
            ..ProbeSet::default()
        };
        let world = match self.probed.take() {
            Some((of, world)) if of == probes => world,
            _ => World::new(&self.config, Some(probes.clone()))?,
        };
        Ok((probes, world))
    }

    /// Returns a copy of the replay shortly before a position, with code that stops at each
    /// instruction.
    fn base_before(&mut self, position: u64) -> Result<&Store<ReplayState>> {
        let checkpoint = self.checkpoints.before(position);
        let checkpoint = checkpoint.ok_or_else(|| Error::msg("there is no checkpoint"))?;
        let is_near = |at: u64| at <= position && position - at <= 2 * APPROACHES[0];
        if self.base.as_ref().is_none_or(|&(at, _)| !is_near(at)) {
            let mut near = branch::fork(&checkpoint.store)?;
            for distance in APPROACHES {
                let approach = position.saturating_sub(distance);
                if approach <= checkpoint.position {
                    break;
                }
                let paused = matches!(run_to(&mut near, approach)?, Run::Paused);
                if paused && spent(&near) <= position {
                    break;
                }
                // A long instruction was in between.
                near = branch::fork(&checkpoint.store)?;
            }
            let at = spent(&near);
            let base = branch::move_to(&mut self.steps, near)?;
            self.base = Some((at, base));
        }
        match &self.base {
            Some((_, base)) => Ok(base),
            None => unreachable!("it has just been made"),
        }
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("end", &self.end)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// The events that are looked for, beside breakpoints.
#[derive(Clone, Debug, Default)]
struct Watched {
    /// Bytes of memories that are written.
    bytes: Vec<(MemoryIndex, Range<u64>)>,
    /// A host function that is called.
    called: Option<FuncIndex>,
}

impl Watched {
    /// Returns the events of writes to bytes of memories.
    fn writes(bytes: &[(u32, Range<u64>)]) -> Watched {
        let bytes = bytes.iter();
        Watched {
            bytes: bytes
                .map(|(memory, bytes)| (MemoryIndex(*memory), bytes.clone()))
                .collect(),
            called: None,
        }
    }
}

/// The end of a part of a replay.
enum Run {
    Paused,
    /// The log has ended, which is complete or not.
    Ended(bool),
}

/// Runs a replay to the first place at or after a position at which it can pause.
fn run_to(store: &mut Store<ReplayState>, position: u64) -> Result<Run> {
    store.data_mut().0.pause = Some(position);
    match run(&mut store.as_context_mut()) {
        Ok(Progress::Paused) => Ok(Run::Paused),
        Ok(Progress::Ended(..)) => Ok(Run::Ended(true)),
        Err(Stop::Unreadable(Unreadable::Ends)) => Ok(Run::Ended(false)),
        Err(stop) => Err(stop.into_error()),
    }
}

fn spent(store: &Store<ReplayState>) -> u64 {
    store.inner.stacks.fuel_spent()
}
