//! Calls of host functions in a replay.

use super::actions;
use super::format::{MOST_QUIET, Reader, Shape, Unreadable, WriteShape, event};
use super::player::{
    Context, End, Frame, Stop, act, diverges, invalid, player, prepare_interruption, spent,
};
use super::replayer::{ReplayState, ReplayedCall};
use crate::api::{AsContext, AsContextMut, Caller, Memory, Val};
use crate::code::Trap;
use crate::heap::{self, ProbeEvent, ProbeWriter, StoreInner};
use crate::ids::MemoryIndex;
use crate::support::error::{Error, Result};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Reads which host function is called.
pub(super) fn called(reader: &mut Reader<'_>, event: u8) -> Result<usize, Unreadable> {
    match event {
        event::CALL_HOST => reader.size(),
        number => Ok((number % event::CALL_AGAIN).into()),
    }
}

/// Calls of host functions that return as they did last, without writes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quiet {
    /// Number of calls that the last event of this kind stands for.
    count: u8,
    /// Number of those that are not done yet.
    pub left: u8,
    /// The check at the last of them.
    check: u8,
}

impl Quiet {
    fn read(reader: &mut Reader<'_>) -> Result<Quiet, Unreadable> {
        let count = reader.byte()?;
        let check = reader.byte()?;
        if !(1..=MOST_QUIET).contains(&count) {
            return Err(reader.invalid("there is no such number of calls"));
        }
        Ok(Quiet {
            count,
            left: count,
            check,
        })
    }
}

/// Runs a host function: does what the log says until the function ends.
pub(super) fn call_host(
    mut caller: Caller<'_, ReplayState>,
    function: usize,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let instance = caller.instance();
    let mut store = caller.as_context_mut();
    match play_host(&mut store, function, arguments, results) {
        Ok(end) => {
            let results = end.is_ok().then_some(&*results);
            let memory = instance.and_then(|it| it.get_memory(&mut store, "memory"));
            observe(&mut store, memory, function, arguments, results)?;
            end
        }
        Err(Stop::Paused) => {
            player(&mut store).stop.get_or_insert(Stop::Paused);
            Err(Error::suspend(Suspended))
        }
        Err(stop) => {
            player(&mut store).stop.get_or_insert(stop);
            Err(Error::msg("the replay stops"))
        }
    }
}

fn play_host(
    store: &mut Context<'_>,
    function: usize,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<Result<()>, Stop> {
    if player(store).stop.is_some() {
        return Err(Unreadable::Ends.into());
    }
    let log = Arc::clone(&player(store).log);
    let mut reader = Reader::new(&log, player(store).at);
    let mut event = event::QUIET;
    if player(store).quiet.left == 0 {
        event = reader.byte()?;
        if event == event::QUIET {
            player(store).quiet = Quiet::read(&mut reader)?;
        }
    }
    let recorded = match event {
        ..=event::CALL_HOST => called(&mut reader, event)?,
        // The check says so if it is another one.
        event::QUIET => function,
        event::DONE | event::FAILED | event::SUSPENDED => {
            let name = player(store).name(function);
            let difference = format!("the program calls {name}, and in the recording it ends");
            return Err(diverges(store, difference));
        }
        _ => return Err(invalid(store, "this is no call of the host")),
    };
    if recorded != function {
        let [name, other] = [function, recorded].map(|number| player(store).name(number));
        let difference = format!("the program calls {name}, and in the recording {other}");
        return Err(diverges(store, difference));
    }
    let spent = spent(store);
    let types = player(store).functions[function].ty.clone();
    let check = &mut player(store).check;
    check.add(function as u64);
    check.add(spent);
    for (ty, value) in types.inner().params.iter().zip(arguments) {
        let bits = match value.ref_() {
            Some(reference) => [u64::from(!reference.is_null()), 0],
            None => value.to_bits(store.0, *ty).map_err(Stop::Impossible)?,
        };
        player(store).check.add_value(*ty, bits);
    }
    let player = player(store);
    let found = player.check.byte();
    let quiet = &mut player.quiet;
    let is_same = match event {
        event::QUIET => {
            quiet.left -= 1;
            quiet.left > 0 || quiet.check == found
        }
        _ => reader.byte()? == found,
    };
    if !is_same {
        let when = match (event, player.quiet.count) {
            (event::QUIET, count @ 2..) => format!(", or has done so in the last {count} calls"),
            _ => String::new(),
        };
        let what = match player.counts {
            true => "arguments, or after another number of instructions",
            false => "arguments",
        };
        let name = player.name(function);
        let difference = format!("the program calls {name} with other {what}{when}: {arguments:?}");
        return Err(diverges(store, difference));
    }
    player.calls += 1;
    player.at = reader.at;
    player.calling.push(function);
    let host = host_event(store);
    let index = self::player(store).functions[function].func.index();
    store.0.probe_call(index, host);
    let end = play_events(store, &log, event, function, arguments, results);
    self::player(store).calling.pop();
    let end = end?;
    prepare_interruption(store);
    Ok(end)
}

/// Does what the log says until the running host function ends, which an event has called.
fn play_events(
    store: &mut Context<'_>,
    log: &[u8],
    call: u8,
    function: usize,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<Result<()>, Stop> {
    let mut frame = Frame {
        function,
        arguments,
        results,
        failed: None,
    };
    let is_quiet = call == event::QUIET;
    let mut ended = None;
    if is_quiet || (event::CALL_AGAIN..event::CALL_HOST).contains(&call) {
        let mut reader = Reader::new(log, player(store).at);
        let shape = player(store).functions[function].shape.as_ref();
        if is_quiet && shape.is_some_and(|shape| !shape.writes.is_empty()) {
            return Err(reader.invalid("the function has written bytes").into());
        }
        ended = Some(end(store, &mut reader, event::RETURN_AGAIN, &mut frame)?);
        player(store).at = reader.at;
    }
    loop {
        let ended = match ended.take() {
            Some(ended) => Some(End::Function(ended)),
            None => act(store, log, Some(&mut frame))?,
        };
        match ended {
            Some(End::Function(end)) => {
                // If the log ends here, it does not say how far code runs.
                let player = player(store);
                if player.quiet.left == 0 && Reader::new(log, player.at).is_at_end() {
                    return Err(Unreadable::Ends.into());
                }
                return Ok(end);
            }
            Some(End::Log(..) | End::Pause) => {
                return Err(invalid(store, "a host function has not ended"));
            }
            None => {}
        }
    }
}

/// Reads the end of a host function.
pub(super) fn end(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    event: u8,
    frame: &mut Frame<'_>,
) -> Result<Result<()>, Stop> {
    match event {
        event::RETURN => {
            let mut shape = Shape::default();
            for _ in 0..reader.count()? {
                let write_shape = read_shape(reader)?;
                write(store, reader, &write_shape, frame.arguments)?;
                shape.writes.push(write_shape);
            }
            let start = reader.at;
            read_results(store, reader, frame)?;
            shape.results = player(store).log[start..reader.at].to_vec();
            let function = &mut player(store).functions[frame.function];
            let is_numeric = !function.ty.results().any(|ty| ty.is_ref());
            function.shape = is_numeric.then_some(shape);
            Ok(Ok(()))
        }
        event::RETURN_AGAIN => {
            let Some(shape) = player(store).functions[frame.function].shape.clone() else {
                return Err(reader
                    .invalid("the function has not returned before")
                    .into());
            };
            for write_shape in &shape.writes {
                write(store, reader, write_shape, frame.arguments)?;
            }
            read_results(store, &mut Reader::new(&shape.results, 0), frame)?;
            Ok(Ok(()))
        }
        event::THROW => {
            let value = actions::exception(store, reader, frame.arguments)?;
            let thrown: Result<()> = store.throw(value);
            Ok(thrown)
        }
        event::SUSPEND => Ok(Err(Error::suspend(Suspended))),
        event::FAIL => {
            let trap = reader.byte()?.checked_sub(1).and_then(Trap::from_u8);
            let mut texts = Vec::new();
            for _ in 0..reader.count()? {
                texts.push(reader.text()?);
            }
            Ok(Err(error(trap, &texts, frame.failed.take())))
        }
        _ => Err(reader.invalid("there is no such event").into()),
    }
}

/// The request with which a recorded host function has suspended its execution.
#[derive(Debug)]
struct Suspended;

/// Makes an error with these texts, outermost first. It contains the error of the function that was
/// called last, if the texts do.
fn error(trap: Option<Trap>, texts: &[&str], failed: Option<Error>) -> Error {
    let inner = failed.and_then(|failed| {
        let chain: Vec<String> = failed.chain().map(ToString::to_string).collect();
        let outer = texts.len().checked_sub(chain.len())?;
        (texts[outer..] == chain[..]).then_some((outer, failed))
    });
    let (outer, mut error) = match (inner, trap, texts.split_last()) {
        (Some((outer, failed)), ..) => (outer, failed),
        (None, Some(trap), rest) => (rest.map_or(0, |(_, outer)| outer.len()), trap.into()),
        (None, None, Some((last, outer))) => (outer.len(), Error::msg(String::from(*last))),
        (None, None, None) => (0, Error::msg("an error of the host")),
    };
    for text in texts[..outer].iter().rev() {
        error = error.context(String::from(*text));
    }
    error
}

fn read_results(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    frame: &mut Frame<'_>,
) -> Result<(), Stop> {
    let ty = player(store).functions[frame.function].ty.clone();
    let values = actions::values(store, reader, ty.results(), frame.arguments)?;
    for (result, value) in frame.results.iter_mut().zip(values) {
        *result = value;
    }
    Ok(())
}

pub(super) fn read_shape(reader: &mut Reader<'_>) -> Result<WriteShape, Unreadable> {
    Ok(WriteShape {
        memory: reader.index()?,
        base: reader.byte()?,
        offset: reader.number()?,
        len: reader.number()?,
    })
}

/// Writes bytes of the log to a memory.
pub(super) fn write(
    store: &mut Context<'_>,
    reader: &mut Reader<'_>,
    shape: &WriteShape,
    arguments: &[Val],
) -> Result<(), Stop> {
    let base = match shape.base.checked_sub(1) {
        None => 0,
        Some(argument) => match arguments.get(usize::from(argument)) {
            Some(Val::I32(address)) => u64::from(*address as u32),
            Some(Val::I64(address)) => *address as u64,
            _ => return Err(reader.invalid("the argument is not an address").into()),
        },
    };
    let count = store.0.memories().len();
    actions::check(store, reader, shape.memory, count, "memory")?;
    let address = usize::try_from(base.wrapping_add(shape.offset)).unwrap_or(usize::MAX);
    let (half, word);
    let bytes = match shape.len {
        4 => {
            half = reader.index()?.to_le_bytes();
            &half[..]
        }
        8 => {
            word = reader.number()?.to_le_bytes();
            &word
        }
        len => reader.bytes(len)?,
    };
    let memory = Memory::of(store.0.id(), MemoryIndex(shape.memory));
    let event = host_event(store);
    let size = bytes.len() as u64;
    (store.0).probe_write(memory.index(), address as u64, size, event);
    if memory.write(&mut *store, address, bytes).is_err() {
        let difference = "a memory is smaller than what the host writes";
        return Err(diverges(store, difference.into()));
    }
    Ok(())
}

/// Returns what the host does now as an event. What a function does belongs to the instruction that
/// calls it, which costs one unit of fuel.
fn host_event(store: &mut Context<'_>) -> ProbeEvent {
    let player = player(store);
    let function = player.calling.last().copied();
    let host = function.map(|function| player.functions[function].func.index());
    let spent = store.0.stacks.fuel_spent();
    ProbeEvent {
        spent: spent.saturating_sub(u64::from(host.is_some())),
        writer: ProbeWriter::Host(host),
    }
}

/// Calls the observer for a call that has ended.
fn observe(
    store: &mut Context<'_>,
    memory: Option<Memory>,
    function: usize,
    arguments: &[Val],
    results: Option<&[Val]>,
) -> Result<()> {
    let Some(mut observer) = player(store).observer.take() else {
        return Ok(());
    };
    let fuel_spent = player(store).counts.then(|| store.fuel_spent()).flatten();
    let inner: &StoreInner = store.as_context().0;
    let memory = memory.map(|memory| inner.memory(memory.index()));
    let state: &ReplayState = crate::api::store::data(inner);
    let of = &state.0.functions[function];
    let observed = observer(&ReplayedCall {
        module: &of.module,
        name: &of.name,
        arguments,
        results,
        fuel_spent,
        memory: memory.and_then(heap::Memory::bytes).unwrap_or_default(),
    });
    player(store).observer = Some(observer);
    observed
}
