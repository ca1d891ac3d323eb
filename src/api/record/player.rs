//! The events of a log as actions in a store.

use super::actions;
use super::advance::{Active, advance};
use super::format::{Check, Reader, Shape, Unreadable, event, import, state};
use super::header::Header;
use super::host::{Quiet, call_host, called, end, read_shape, write};
use super::replayer::{Divergence, NoteReader, Observer, ReplayState};
use super::values::read_type;
use crate::api::execution::{Execution, Outcome, Suspension};
use crate::api::instance::{self, Imports};
use crate::api::into_func::HostFunc;
use crate::api::{
    Caller, Engine, Extern, Func, FuncType, Global, Memory, Module, ResourceLimiter,
    StoreContextMut, Table, Tag, Val, ValType, WasmBacktrace,
};
use crate::format_err;
use crate::heap::{DEFAULT_MEMORY_BYTES, DEFAULT_TABLE_ELEMENTS, FixedLimits};
use crate::ids::{GlobalIndex, MemoryIndex, TableIndex, TagIndex};
use crate::stack;
use crate::support::error::{Error, Result};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// A store in which a log is replayed.
pub(super) type Context<'a> = StoreContextMut<'a, ReplayState>;

/// The reason for which a replay stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// The log has no more events, or an invalid one.
    Unreadable(Unreadable),
    /// The program diverges from the log.
    Diverges(Box<Divergence>),
    /// The replay is not possible here.
    Impossible(Error),
    /// The replay pauses in code that a function of the host has called.
    Paused,
}

impl From<Unreadable> for Stop {
    fn from(error: Unreadable) -> Stop {
        Stop::Unreadable(error)
    }
}

impl Stop {
    pub(super) fn into_error(self) -> Error {
        match self {
            Stop::Unreadable(error) => Error::new(error),
            Stop::Diverges(divergence) => Error::new(*divergence),
            Stop::Impossible(error) => error,
            Stop::Paused => Error::msg("the replay pauses"),
        }
    }
}

/// A host function of the recording.
pub(super) struct Function {
    pub func: Func,
    pub ty: FuncType,
    pub module: String,
    pub name: String,
    /// Effects of its last call.
    pub shape: Option<Shape>,
    /// Its definition in the log.
    pub defined: Defined,
}

/// A call of a host function.
pub(super) struct Frame<'a> {
    pub function: usize,
    pub arguments: &'a [Val],
    pub results: &'a mut [Val],
    /// The error of the function that the host has called last.
    pub failed: Option<Error>,
}

/// The state of a replay.
pub(super) struct Player {
    pub log: Arc<[u8]>,
    /// Offset of the next event.
    pub at: usize,
    pub counts: bool,
    limits: FixedLimits,
    pub check: Check,
    pub functions: Vec<Function>,
    pub modules: Vec<Module>,
    pub given: Vec<Module>,
    pub executions: Vec<Option<Execution>>,
    pub names: BTreeMap<u32, String>,
    /// Numbers of host values in the store by their numbers in the log.
    pub host_values: BTreeMap<u32, u32>,
    growths: u64,
    /// As in the recorder.
    pub fuel: [u64; 2],
    pub calls: u64,
    /// The calls that the last event stands for.
    pub quiet: Quiet,
    /// The reason for which running code must stop.
    pub stop: Option<Stop>,
    pub observer: Option<Observer>,
    note_reader: Option<NoteReader>,
    pub outcome: Option<Result<Vec<Val>>>,
    pub ended: Option<String>,
    /// True if the replay can pause in calls, which are executions then.
    pub pauses: bool,
    /// Number of instructions after which the replay pauses, at the next poll.
    pub pause: Option<u64>,
    /// True if the code that runs stops for the pause.
    pub is_pausing: bool,
    /// True if the replay can pause in code that a function of the host has called, and cannot go on
    /// from there.
    pub pauses_nested: bool,
    /// The host functions that are active, innermost last.
    pub calling: Vec<usize>,
    /// The executions in which the replay pauses, innermost first. All but the last were called by
    /// functions of the host.
    pub active: Vec<Active>,
}

impl Player {
    pub(super) fn new(
        log: Arc<[u8]>,
        at: usize,
        header: Header,
        given: Vec<Module>,
        observer: Option<Observer>,
        note_reader: Option<NoteReader>,
    ) -> Player {
        Player {
            log,
            at,
            counts: header.counts,
            limits: header.limits,
            check: Check::default(),
            functions: Vec::new(),
            modules: Vec::new(),
            given,
            executions: Vec::new(),
            names: BTreeMap::new(),
            host_values: BTreeMap::new(),
            growths: 0,
            fuel: [0; 2],
            calls: 0,
            quiet: Quiet::default(),
            stop: None,
            observer,
            note_reader,
            outcome: None,
            ended: None,
            pauses: false,
            pause: None,
            is_pausing: false,
            calling: Vec::new(),
            pauses_nested: false,
            active: Vec::new(),
        }
    }

    /// Returns a copy for a copy of the store, without the handles of what the store has.
    pub(super) fn fork(&self) -> Player {
        Player {
            log: Arc::clone(&self.log),
            functions: Vec::new(),
            modules: self.modules.clone(),
            given: self.given.clone(),
            executions: Vec::new(),
            names: self.names.clone(),
            host_values: self.host_values.clone(),
            stop: None,
            observer: None,
            note_reader: None,
            outcome: None,
            ended: self.ended.clone(),
            calling: Vec::new(),
            active: Vec::new(),
            ..*self
        }
    }

    /// Returns the name of a host function in messages.
    pub(super) fn name(&self, function: usize) -> String {
        match self.functions.get(function) {
            Some(it) if !it.name.is_empty() => format!("`{}::{}`", it.module, it.name),
            _ => format!("host function {function}"),
        }
    }

    /// Reads what the log has for a growth.
    fn grows(&mut self, fits: bool) -> Result<bool> {
        self.growths += 1;
        let log = Arc::clone(&self.log);
        let mut reader = Reader::new(&log, self.at);
        let event = reader.byte();
        if let Ok(event @ (event::DENY_GROWTH | event::FAIL_GROWTH)) = event
            && reader.number() == Ok(self.growths)
        {
            if event == event::DENY_GROWTH {
                self.at = reader.at;
                return Ok(false);
            }
            let text = reader.text().map_err(Error::new)?;
            self.at = reader.at;
            return Err(Error::msg(String::from(text)));
        }
        Ok(fits)
    }
}

impl ResourceLimiter for Player {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.grows(desired as u64 <= DEFAULT_MEMORY_BYTES)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.grows(desired <= DEFAULT_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }

    fn continuations(&self) -> usize {
        self.limits.continuations
    }

    fn stack_bytes(&self) -> usize {
        self.limits.stack_bytes
    }

    fn exception_bytes(&self) -> usize {
        self.limits.exception_bytes
    }

    fn gc_heap_bytes(&self) -> usize {
        self.limits.object_bytes
    }
}

/// Returns the state of the replay in a store.
pub(super) fn player<'a>(store: &'a mut Context<'_>) -> &'a mut Player {
    &mut store.data_mut().0
}

/// Returns the number of instructions executed, if the log contains such numbers.
pub(super) fn spent(store: &mut Context<'_>) -> u64 {
    match player(store).counts {
        true => store.fuel_spent().unwrap_or_default(),
        false => 0,
    }
}

/// Reads the start of the log.
pub(super) fn begin_log(store: &mut Context<'_>) -> Result<(), Stop> {
    let log = Arc::clone(&player(store).log);
    let mut reader = Reader::new(&log, player(store).at);
    let fuel = reader.number()?;
    player(store).at = reader.at;
    player(store).fuel = [fuel; 2];
    if player(store).counts {
        store.set_fuel(fuel).map_err(Stop::Impossible)?;
    } else if store.get_fuel().is_ok() {
        store.set_fuel(u64::MAX).map_err(Stop::Impossible)?;
    }
    store.set_epoch_deadline(u64::MAX);
    Ok(())
}

/// Runs the log from the next event on, to its end or to a pause.
pub(super) fn run(store: &mut Context<'_>) -> Result<Progress, Stop> {
    let log = Arc::clone(&player(store).log);
    let mut end = match player(store).active.pop() {
        Some(active) => advance(store, &log, None, active, None)?,
        None => None,
    };
    loop {
        match end {
            None => end = act(store, &log, None)?,
            Some(End::Log(code, text)) => return Ok(Progress::Ended(code, text)),
            Some(End::Pause) => return Ok(Progress::Paused),
            Some(End::Function(_)) => return Err(invalid(store, "no host function is called")),
        }
    }
}

/// The reason for which a log is not run further.
pub(super) enum Progress {
    /// The log has ended, with this number and this text.
    Ended(u32, String),
    /// The replay pauses.
    Paused,
}

/// The end of a sequence of actions.
pub(super) enum End {
    /// That of the log.
    Log(u32, String),
    /// That of the running host function.
    Function(Result<()>),
    /// The replay pauses.
    Pause,
}

pub(super) fn invalid(store: &mut Context<'_>, reason: impl Into<String>) -> Stop {
    let at = player(store).at;
    Stop::Unreadable(Unreadable::Invalid {
        at,
        reason: reason.into(),
    })
}

pub(super) fn diverges(store: &mut Context<'_>, difference: String) -> Stop {
    let instructions = player(store).counts.then(|| store.fuel_spent()).flatten();
    Stop::Diverges(Box::new(Divergence {
        difference,
        calls: player(store).calls,
        instructions,
        backtrace: WasmBacktrace::force_capture(&*store),
    }))
}

/// Does what the next event says.
pub(super) fn act(
    store: &mut Context<'_>,
    log: &[u8],
    mut frame: Option<&mut Frame<'_>>,
) -> Result<Option<End>, Stop> {
    let mut reader = Reader::new(log, player(store).at);
    let event = reader.byte()?;
    let arguments = frame.as_deref().map_or(&[][..], |frame| frame.arguments);
    match event {
        event::FUNCTION => define(store, &mut reader)?,
        event::LOOK_UP => drop(actions::func(store, &mut reader)?),
        event::MODULE => load(store, &mut reader)?,
        event::INSTANTIATE => {
            let (module, imports) = read_imports(store, &mut reader)?;
            begin(store, &reader)?;
            let made = instance::instantiate_without_start(store.0, &module, &imports);
            let outcome = made.map(|_| Outcome::Done(Vec::new()));
            ran(store, log, frame, outcome, false)?;
            return Ok(None);
        }
        event::CALL => {
            let func = actions::func(store, &mut reader)?;
            let ty = func.ty(&*store);
            let values = actions::values(store, &mut reader, ty.params(), arguments)?;
            begin(store, &reader)?;
            if player(store).pauses && (frame.is_none() || player(store).pauses_nested) {
                let execution = func.start(&mut *store, &values);
                let active = Active {
                    execution: execution.map_err(Stop::Impossible)?,
                    number: None,
                };
                return advance(store, log, frame, active, None);
            }
            let mut results = vec![Val::I32(0); ty.results().len()];
            let called = func.call(&mut *store, &values, &mut results);
            let outcome = called.map(|()| Outcome::Done(results));
            ran(store, log, frame, outcome, true)?;
            return Ok(None);
        }
        event::START => {
            let func = actions::func(store, &mut reader)?;
            let ty = func.ty(&*store);
            let values = actions::values(store, &mut reader, ty.params(), arguments)?;
            let mut tags = Vec::new();
            for _ in 0..reader.count()? {
                let index = reader.index()?;
                actions::check(store, &reader, index, store.0.tags().len(), "tag")?;
                tags.push(Tag::of(store.0.id(), TagIndex(index)));
            }
            let execution = func.start_handling(&mut *store, &values, &tags);
            let execution = execution.map_err(Stop::Impossible)?;
            player(store).executions.push(Some(execution));
        }
        event::RESUME | event::RESUME_WITH => {
            let number = reader.index()?;
            let execution = take(store, &reader, number)?;
            let mut results = None;
            if event == event::RESUME_WITH {
                let Some(ty) = execution.awaited(store.0) else {
                    return Err(invalid(store, "the execution waits for nothing"));
                };
                let engine = store.engine().clone();
                let types: Vec<ValType> = (ty.results.iter())
                    .map(|&ty| ValType::from_inner(&engine, ty))
                    .collect();
                let values = actions::values(store, &mut reader, types.into_iter(), arguments)?;
                results = Some(values);
            }
            begin(store, &reader)?;
            let active = Active {
                execution,
                number: Some(number),
            };
            return advance(store, log, frame, active, results);
        }
        event::TIME_OUT => {
            let number = reader.index()?;
            let execution = take(store, &reader, number)?;
            execution.time_out(&mut *store);
            player(store).executions[number as usize] = Some(execution);
        }
        event::NAME => {
            let number = reader.index()?;
            let name = reader.text()?;
            let execution = take(store, &reader, number)?;
            execution.set_name(&mut *store, name);
            player(store).executions[number as usize] = Some(execution);
            player(store).names.insert(number, name.into());
        }
        event::WRITE => {
            let shape = read_shape(&mut reader)?;
            write(store, &mut reader, &shape, arguments)?;
        }
        event::NOTE => {
            let len = reader.number()?;
            let bytes = reader.bytes(len)?;
            let fuel_spent = player(store).counts.then(|| store.fuel_spent()).flatten();
            if let Some(reader) = &mut player(store).note_reader {
                reader(bytes, fuel_spent);
            }
        }
        event::END if frame.is_none() => {
            let hash = u64::from_le_bytes(reader.array()?);
            let (code, text) = (reader.index()?, reader.text()?.into());
            if hash != state(store.0) {
                let difference = "memories or globals have other contents at the end";
                return Err(diverges(store, difference.into()));
            }
            player(store).at = reader.at;
            return Ok(Some(End::Log(code, text)));
        }
        event::RETURN..=event::SUSPEND => {
            let Some(frame) = &mut frame else {
                return Err(invalid(store, "no host function is called"));
            };
            let end = end(store, &mut reader, event, frame)?;
            player(store).at = reader.at;
            return Ok(Some(End::Function(end)));
        }
        event::DONE | event::FAILED | event::SUSPENDED => {
            let difference = "the host calls a function that has ended before";
            return Err(diverges(store, difference.into()));
        }
        ..=event::CALL_HOST => {
            let function = called(&mut reader, event)?;
            let name = player(store).name(function);
            let difference = format!("the recording calls {name} while the host runs");
            return Err(diverges(store, difference));
        }
        event::QUIET => {
            let difference = "the recording calls the host while the host runs";
            return Err(diverges(store, difference.into()));
        }
        _ => actions::act(store, &mut reader, event, arguments)?,
    }
    player(store).at = reader.at;
    Ok(None)
}

/// Prepares that code runs. A log that ends here does not say how far.
fn begin(store: &mut Context<'_>, reader: &Reader<'_>) -> Result<(), Stop> {
    if reader.is_at_end() {
        return Err(Unreadable::Ends.into());
    }
    player(store).at = reader.at;
    prepare_interruption(store);
    Ok(())
}

/// Prepares that the code that runs next is interrupted, if it was in the recording.
pub(super) fn prepare_interruption(store: &mut Context<'_>) {
    let log = Arc::clone(&player(store).log);
    let mut reader = Reader::new(&log, player(store).at);
    // Anything else is an error when it is read.
    let interruption = next_interruption(&mut reader).ok().flatten();
    let player = player(store);
    let pause = player
        .pause
        .filter(|_| player.calling.is_empty() || player.pauses_nested);
    let pause = pause.map(|at| (at, stack::Stop::Pause));
    // An interruption at the same poll comes first.
    let stop = match (interruption, pause) {
        (Some(interruption), Some(pause)) if interruption.0 <= pause.0 => Some(interruption),
        (interruption, pause) => pause.or(interruption),
    };
    player.is_pausing = matches!(stop, Some((_, stack::Stop::Pause)));
    store.0.stacks.set_stop(stop);
}

/// Reads an interruption, which may follow growths that are denied.
fn next_interruption(reader: &mut Reader<'_>) -> Result<Option<(u64, stack::Stop)>, Unreadable> {
    loop {
        match reader.byte()? {
            event::DENY_GROWTH => drop(reader.number()?),
            event::INTERRUPT => break,
            _ => return Ok(None),
        }
    }
    let at = reader.number()?;
    Ok(Some((
        at,
        match reader.byte()? {
            1 => stack::Stop::Interrupt,
            2 => stack::Stop::Epoch,
            _ => stack::Stop::Trap,
        },
    )))
}

/// Compares the outcome of code that the host has called or resumed with the log.
pub(super) fn ran(
    store: &mut Context<'_>,
    log: &[u8],
    frame: Option<&mut Frame<'_>>,
    outcome: Result<Outcome>,
    is_call: bool,
) -> Result<(), Stop> {
    if let Some(stop) = player(store).stop.take() {
        return Err(stop);
    }
    store.0.stacks.set_stop(None);
    let mut reader = Reader::new(log, player(store).at);
    let mut event = match player(store).quiet.left {
        0 => reader.byte()?,
        _ => event::QUIET,
    };
    if event == event::INTERRUPT {
        reader.number()?;
        reader.byte()?;
        event = reader.byte()?;
    }
    let describe = |event: u8| match event {
        event::DONE => "returns",
        event::FAILED => "fails",
        event::SUSPENDED => "is suspended",
        ..=event::CALL_HOST | event::QUIET => "calls the host",
        _ => "has not ended",
    };
    let found = match &outcome {
        Ok(Outcome::Done(_)) => event::DONE,
        Ok(Outcome::Suspended(_)) => event::SUSPENDED,
        Err(_) => event::FAILED,
    };
    if event != found {
        let (recorded, found) = (describe(event), describe(found));
        let difference = format!("the program {found}, and in the recording it {recorded}");
        return Err(diverges(store, difference));
    }
    if let Ok(Outcome::Suspended(suspension)) = &outcome
        && reader.byte()? != number(suspension)
    {
        let difference = "the program is suspended for another reason";
        return Err(diverges(store, difference.into()));
    }
    let spent = spent(store);
    player(store).check.add(spent);
    if reader.byte()? != player(store).check.byte() {
        let difference = "another number of instructions was executed before the program stops";
        return Err(diverges(store, difference.into()));
    }
    player(store).at = reader.at;
    match (frame, outcome) {
        (Some(frame), Err(error)) => frame.failed = Some(error),
        (None, Ok(Outcome::Done(results))) if is_call => {
            player(store).outcome = Some(Ok(results));
        }
        (None, Err(error)) => player(store).outcome = Some(Err(error)),
        _ => {}
    }
    Ok(())
}

/// Returns the number of a reason to be suspended, as in the recorder.
fn number(suspension: &Suspension) -> u8 {
    match suspension {
        Suspension::Fuel => 0,
        Suspension::Interrupt => 1,
        Suspension::Epoch => 2,
        Suspension::Host(_) => 3,
        Suspension::Tag(..) => 4,
        Suspension::Wait { .. } => 5,
        Suspension::Access(_) => 6,
        Suspension::Breakpoint => 7,
        Suspension::Watchpoint(_) => 8,
    }
}

fn take(store: &mut Context<'_>, reader: &Reader<'_>, number: u32) -> Result<Execution, Stop> {
    let execution = player(store).executions.get_mut(number as usize);
    execution
        .and_then(Option::take)
        .ok_or_else(|| reader.invalid("there is no such execution").into())
}

/// Adds a host function of the recording.
fn define(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let engine = store.engine().clone();
    let defined = Defined {
        at: reader.at,
        modules: player(store).modules.len(),
    };
    let (ty, module, name) = defined.read(&engine, &player(store).modules, reader)?;
    let number = player(store).functions.len();
    let func = host_func(number, &ty).add_to(store.0);
    player(store).functions.push(Function {
        func,
        ty,
        module,
        name,
        shape: None,
        defined,
    });
    Ok(())
}

/// Returns the host function of a number.
pub(super) fn host_func(number: usize, ty: &FuncType) -> HostFunc {
    HostFunc::dynamic(
        ty.clone(),
        move |caller: Caller<'_, ReplayState>, arguments, results| {
            call_host(caller, number, arguments, results)
        },
    )
}

/// The definition of a host function in the log.
#[derive(Clone, Copy)]
pub(super) struct Defined {
    /// Offset of the type.
    at: usize,
    /// Number of modules that are loaded then.
    modules: usize,
}

impl Defined {
    /// Returns the type of the function in an engine, and the name of the import if it is one.
    pub(super) fn in_engine(
        self,
        engine: &Engine,
        modules: &[Module],
        log: &[u8],
    ) -> Result<FuncType, Stop> {
        let (ty, ..) = self.read(engine, modules, &mut Reader::new(log, self.at))?;
        Ok(ty)
    }

    fn read(
        self,
        engine: &Engine,
        modules: &[Module],
        reader: &mut Reader<'_>,
    ) -> Result<(FuncType, String, String), Stop> {
        if reader.byte()? != 0 {
            let ty = read_func_type(engine, reader)?;
            return Ok((ty, String::new(), String::new()));
        }
        // The type of the import of that name, in the module that was loaded last.
        let (module, name) = (reader.text()?, reader.text()?);
        let modules = modules.get(..self.modules);
        let imports = modules
            .and_then(<[_]>::last)
            .into_iter()
            .flat_map(Module::imports);
        let mut named = imports.filter(|it| it.module() == module && it.name() == name);
        match named.find_map(|import| import.ty().func().cloned()) {
            Some(ty) => Ok((ty, module.into(), name.into())),
            None => Err(reader.invalid("there is no such import").into()),
        }
    }
}

/// Reads the type of a function.
pub(super) fn read_func_type(
    engine: &Engine,
    reader: &mut Reader<'_>,
) -> Result<FuncType, Unreadable> {
    let mut lists = [Vec::new(), Vec::new()];
    for list in &mut lists {
        let count = reader.count()?;
        if count > 1000 {
            return Err(reader.invalid("a function has too many parameters or results"));
        }
        for _ in 0..count {
            list.push(ValType::from_inner(engine, read_type(reader)?));
        }
    }
    let [params, results] = lists;
    Ok(FuncType::new(engine, params, results))
}

/// Finds a module of the recording.
fn load(store: &mut Context<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let sha256: [u8; 32] = reader.array()?;
    let size = reader.number()?;
    let module = match reader.byte()? {
        0 => {
            let given = player(store).given.iter();
            let mut given = given.filter(|module| *module.0.sha256() == sha256);
            match given.next() {
                Some(module) => module.clone(),
                None => {
                    let hash: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
                    return Err(Stop::Impossible(format_err!(
                        "the recording is of another module: one of {size} bytes, with the \
                         SHA-256 {hash}"
                    )));
                }
            }
        }
        _ => {
            let bytes = reader.bytes(size)?;
            let engine = store.engine().clone();
            Module::from_binary(&engine, bytes).map_err(Stop::Impossible)?
        }
    };
    player(store).modules.push(module);
    Ok(())
}

fn read_imports(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
) -> Result<(Module, Imports), Stop> {
    let number = reader.size()?;
    let Some(module) = player(store).modules.get(number).cloned() else {
        return Err(reader.invalid("there is no such module").into());
    };
    let id = store.0.id();
    let mut imports = Imports::new();
    for _ in 0..reader.count()? {
        let kind = reader.byte()?;
        if kind == import::FUNCTION {
            imports.push(Extern::Func(actions::guest_func(store, reader)?));
            continue;
        }
        let index = reader.index()?;
        let check =
            |store: &Context<'_>, count, what| actions::check(store, reader, index, count, what);
        imports.push(match kind {
            import::TABLE => {
                check(store, store.0.tables().len(), "table")?;
                Extern::Table(Table::of(id, TableIndex(index)))
            }
            import::MEMORY => {
                check(store, store.0.memories().len(), "memory")?;
                Extern::Memory(Memory::of(id, MemoryIndex(index)))
            }
            import::GLOBAL => {
                check(store, store.0.globals().len(), "global")?;
                Extern::Global(Global::of(id, GlobalIndex(index)))
            }
            import::TAG => {
                check(store, store.0.tags().len(), "tag")?;
                Extern::Tag(Tag::of(id, TagIndex(index)))
            }
            import::HOST_FUNCTION => {
                let import = module.0.imports.get(imports.len());
                let Some(function) = player(store).functions.get_mut(index as usize) else {
                    return Err(reader.invalid("there is no such function").into());
                };
                if let Some(import) = import
                    && function.name.is_empty()
                {
                    function.module = String::from(&*import.module);
                    function.name = String::from(&*import.name);
                }
                Extern::Func(function.func)
            }
            _ => return Err(reader.invalid("there is no such kind of imports").into()),
        });
    }
    Ok((module, imports))
}
