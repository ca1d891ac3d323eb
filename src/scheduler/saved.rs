//! Schedulers as bytes.
//!
//! # Format
//!
//! ```text
//! scheduler := name: string, version: number, policy, added: number, vec(thread),
//!              unfinished: option(thread, left), strategy, option(steps)
//! policy    := 0x00 slice | 0x01 seed, slice | 0x02 seed, changes, length
//! thread    := id, state, access: option(access)
//! state     := 0x00 | 0x01 vec(value) | 0x02 memory, address, left: option(time), timed out: flag
//!            | 0x03
//! time      := seconds, nanoseconds
//! access    := memory, address, size, kind: byte
//! value     := 0x00 bits | 0x01 bits | 0x02 bits | 0x03 bits | 0x04 low, high | 0x05 | 0x06 | 0x07
//!            | 0x08 | 0x09
//! strategy  := random, last: option(thread), priorities: vec(thread, bits), changes: vec(number),
//!              executed, run, lowest: bits
//! steps     := schedule: option(vec(from, after, to)), lowered: vec(thread, address, left),
//!              last: option(thread), run, left, taken: vec(number)
//! ```
//!
//! Everything without a stated type is a number: unsigned LEB128 of up to 64 bits. The states are
//! ready, ready with results, waiting and suspended. The values are numbers of the types `i32`,
//! `i64`, `f32` and `f64`, vectors, and the null references of the five hierarchies.

use super::policy::{PATIENCE, Random, Strategy};
use super::steps::{Lowered, Steps};
use super::{Listener, Policy, Schedule, Scheduler, State, Switch, Thread, ThreadId, Waiting};
use crate::api::{Access, AccessKind, Execution, Memory, V128, Val};
use crate::support::encoding::{self, Reader};
use crate::support::error::{Error, Result};
use crate::support::write::Write;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

/// Name and version of the format.
const FORMAT: (&str, u64) = ("backstitch.scheduler", 1);

/// Greatest count that is restored, so that counting on does not overflow.
const MAX_COUNT: u64 = 1 << 62;

impl Scheduler {
    /// Writes the state of the scheduler: the policy, the random numbers, the order and the states of
    /// the threads. [`Scheduler::restore`] makes a scheduler that goes on in the same way. Equal
    /// states are equal bytes, on every target.
    ///
    /// The executions are not a part of the bytes. They must be saved with their store, in the order
    /// of [`Scheduler::threads`]. `number` returns a number for each memory on which threads wait or
    /// that they are about to access, such as its index in the saved store.
    ///
    /// # Errors
    ///
    /// If a thread is about to be resumed with a reference that is not null
    /// ([`Scheduler::resume_with`]). Errors of writing and of `number`.
    pub fn save(
        &self,
        out: &mut impl Write,
        mut number: impl FnMut(Memory) -> Result<u64>,
    ) -> Result<()> {
        let out: &mut dyn Write = out;
        let number: &mut dyn FnMut(Memory) -> Result<u64> = &mut number;
        encoding::head(out, FORMAT.0, FORMAT.1)?;
        save_policy(out, self.strategy.policy)?;
        encoding::number(out, self.added.into())?;
        encoding::list(out, self.threads.iter(), |out, thread| {
            encoding::number(out, thread.id.0.into())?;
            save_state(out, &thread.state, thread.id, number)?;
            encoding::option(out, thread.access, |out, access| {
                encoding::number(out, number(access.memory)?)?;
                encoding::number(out, access.address)?;
                encoding::number(out, access.size)?;
                encoding::byte(out, access.kind as u8)
            })
        })?;
        encoding::option(out, self.unfinished, |out, (thread, left)| {
            save_thread(out, thread)?;
            encoding::number(out, left)
        })?;
        save_strategy(out, &self.strategy)?;
        encoding::option(out, self.steps.as_ref(), save_steps)
    }

    /// Makes a scheduler of what [`Scheduler::save`] has written. `executions` are those of the
    /// threads, in the order of [`Scheduler::threads`], and `memory` returns the memory of each
    /// number.
    ///
    /// The bytes may be any. If they do not match the executions, threads fail or wait for ever.
    ///
    /// # Errors
    ///
    /// If the bytes are malformed, of another version or of another number of executions, or if the
    /// scheduler has a listener: see [`Scheduler::restore_at_accesses`]. Errors of `memory`.
    ///
    /// ```
    /// use backstitch::scheduler::{Event, Policy, Scheduler};
    /// use backstitch::{Config, Engine, Error, Instance, Module, Store};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "run") (param i32)
    ///   (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_fuel(1_000_000)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let run = instance.get_typed_func::<i32, ()>(&mut store, "run")?;
    ///
    /// let mut scheduler = Scheduler::new(Policy::Random { seed: 1, slice: 10 });
    /// for count in [100, 200] {
    ///     scheduler.add(run.func().start(&mut store, &[count.into()])?);
    /// }
    /// scheduler.step(&mut store)?;
    /// let mut bytes = Vec::new();
    /// scheduler.save(&mut bytes, |_| Err(Error::msg("no thread waits")))?;
    ///
    /// let executions = scheduler.into_executions();
    /// let memory = |_| Err(Error::msg("no thread waits"));
    /// let mut scheduler = Scheduler::restore(&bytes, executions, memory)?;
    /// while !scheduler.is_empty() {
    ///     scheduler.step(&mut store)?;
    /// }
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn restore(
        bytes: &[u8],
        executions: Vec<Execution>,
        mut memory: impl FnMut(u64) -> Result<Memory>,
    ) -> Result<Scheduler> {
        Scheduler::read(bytes, executions, &mut memory, None)
    }

    /// Makes a scheduler whose steps end before accesses ([`Scheduler::at_accesses`],
    /// [`Scheduler::replay`]) of what [`Scheduler::save`] has written, as [`Scheduler::restore`] does.
    /// The listener is not called for the threads that were added before.
    ///
    /// # Errors
    ///
    /// The errors of [`Scheduler::restore`]; if the scheduler has no listener.
    pub fn restore_at_accesses(
        bytes: &[u8],
        executions: Vec<Execution>,
        mut memory: impl FnMut(u64) -> Result<Memory>,
        listener: impl Listener + 'static,
    ) -> Result<Scheduler> {
        Scheduler::read(bytes, executions, &mut memory, Some(Box::new(listener)))
    }

    /// Returns the executions of the threads that have not ended, in the order of
    /// [`Scheduler::threads`].
    pub fn into_executions(self) -> Vec<Execution> {
        let threads = self.threads.into_iter();
        threads.map(|thread| thread.execution).collect()
    }

    /// Makes a scheduler in place of this one, with its listener if it has one.
    #[cfg(feature = "wasi-core")]
    pub(crate) fn restore_here(
        &mut self,
        bytes: &[u8],
        executions: Vec<Execution>,
        memory: &mut dyn FnMut(u64) -> Result<Memory>,
    ) -> Result<()> {
        let listener = self.steps.take().map(|steps| steps.listener);
        *self = Scheduler::read(bytes, executions, memory, listener)?;
        Ok(())
    }

    fn read(
        bytes: &[u8],
        executions: Vec<Execution>,
        memory: &mut dyn FnMut(u64) -> Result<Memory>,
        listener: Option<Box<dyn Listener>>,
    ) -> Result<Scheduler> {
        let reader = &mut Reader::new(bytes);
        reader.head(FORMAT.0, FORMAT.1)?;
        let policy = policy(reader)?;
        let added = reader.index()?;
        let given = executions.len();
        let mut executions = executions.into_iter();
        let mut next = 0;
        let threads = reader.list(|reader| {
            let id = thread(reader, added)?;
            let follows = id.0 >= next;
            reader.expect(
                follows.then_some(()),
                "threads in the order of their numbers",
            )?;
            next = id.0 + 1;
            let execution = executions.next().ok_or_else(|| {
                Error::msg(format!(
                    "the scheduler has more threads than the {given} given"
                ))
            })?;
            Ok(Thread {
                id,
                execution,
                state: state(reader, memory)?,
                access: reader.option(|reader| access(reader, memory))?,
            })
        })?;
        if executions.next().is_some() {
            return Err(Error::msg(format!(
                "the scheduler has fewer threads than the {given} given"
            )));
        }
        let unfinished = reader.option(|reader| {
            let id = thread(reader, added)?;
            let lives = threads.iter().any(|thread| thread.id == id).then_some(id);
            let id = reader.expect(lives, "a thread that has not ended")?;
            Ok((id, reader.number()?))
        })?;
        let strategy = strategy(reader, policy, added, &threads)?;
        let has_steps = reader.flag()?;
        let steps = match (has_steps, listener) {
            (false, None) => None,
            (true, Some(listener)) => Some(steps(reader, added, listener)?),
            (true, None) => {
                return Err(Error::msg(
                    "the scheduler's steps end before accesses, so it needs a listener",
                ));
            }
            (false, Some(_)) => {
                return Err(Error::msg(
                    "the scheduler's steps do not end before accesses",
                ));
            }
        };
        reader.end()?;
        let mut scheduler = Scheduler {
            strategy,
            steps,
            threads,
            added,
            unfinished,
        };
        if let Some(steps) = &scheduler.steps {
            // As the constructors choose.
            if steps.schedule.is_none() {
                scheduler.strategy.patience = policy.patience();
            }
            for thread in &mut scheduler.threads {
                thread.execution.suspend_at_accesses(true);
            }
        }
        Ok(scheduler)
    }
}

fn save_policy(out: &mut dyn Write, policy: Policy) -> Result<()> {
    let (kind, numbers): (u8, &[u64]) = match policy {
        Policy::RoundRobin { slice } => (0, &[slice]),
        Policy::Random { seed, slice } => (1, &[seed, slice]),
        Policy::Priorities {
            seed,
            changes,
            length,
        } => (2, &[seed, changes.into(), length]),
    };
    encoding::byte(out, kind)?;
    let mut numbers = numbers.iter();
    numbers.try_for_each(|&number| encoding::number(out, number))
}

fn policy(reader: &mut Reader<'_>) -> Result<Policy> {
    Ok(match reader.byte()? {
        0 => Policy::RoundRobin {
            slice: reader.number()?,
        },
        1 => Policy::Random {
            seed: reader.number()?,
            slice: reader.number()?,
        },
        2 => Policy::Priorities {
            seed: reader.number()?,
            changes: reader.index()?,
            length: reader.number()?,
        },
        _ => return Err(reader.malformed("a policy")),
    })
}

/// Reads the number of a thread that was added.
fn thread(reader: &mut Reader<'_>, added: u32) -> Result<ThreadId> {
    let id = Some(reader.index()?).filter(|&id| id < added);
    Ok(ThreadId(reader.expect(id, "the number of a thread")?))
}

/// Reads a number that is still counted.
fn count(reader: &mut Reader<'_>) -> Result<u64> {
    let number = Some(reader.number()?).filter(|&number| number <= MAX_COUNT);
    reader.expect(number, "a number that can be counted on")
}

fn save_state(
    out: &mut dyn Write,
    state: &State,
    thread: ThreadId,
    number: &mut dyn FnMut(Memory) -> Result<u64>,
) -> Result<()> {
    match state {
        State::Ready => encoding::byte(out, 0),
        State::ReadyWith(values) => {
            encoding::byte(out, 1)?;
            encoding::list(out, values.iter(), |out, value| {
                save_value(out, value, thread)
            })
        }
        State::Waiting(waiting) => {
            encoding::byte(out, 2)?;
            encoding::number(out, number(waiting.memory)?)?;
            encoding::number(out, waiting.address)?;
            encoding::option(out, waiting.left, encoding::time)?;
            encoding::flag(out, waiting.timed_out)
        }
        State::Suspended => encoding::byte(out, 3),
    }
}

fn state(reader: &mut Reader<'_>, memory: &mut dyn FnMut(u64) -> Result<Memory>) -> Result<State> {
    Ok(match reader.byte()? {
        0 => State::Ready,
        1 => State::ReadyWith(reader.list(value)?),
        2 => State::Waiting(Waiting {
            memory: memory(reader.number()?)?,
            address: reader.number()?,
            left: reader.option(Reader::time)?,
            timed_out: reader.flag()?,
        }),
        3 => State::Suspended,
        _ => return Err(reader.malformed("the state of a thread")),
    })
}

fn access(
    reader: &mut Reader<'_>,
    memory: &mut dyn FnMut(u64) -> Result<Memory>,
) -> Result<Access> {
    const KINDS: [AccessKind; 7] = [
        AccessKind::Load,
        AccessKind::Store,
        AccessKind::AtomicLoad,
        AccessKind::AtomicStore,
        AccessKind::AtomicUpdate,
        AccessKind::Wait,
        AccessKind::Notify,
    ];
    let memory = memory(reader.number()?)?;
    let (address, size) = (reader.number()?, reader.number()?);
    let kind = reader.byte()?;
    let kind = KINDS.into_iter().find(|&other| other as u8 == kind);
    Ok(Access {
        memory,
        address,
        size,
        kind: reader.expect(kind, "the kind of an access")?,
    })
}

fn save_value(out: &mut dyn Write, value: &Val, thread: ThreadId) -> Result<()> {
    let null = |out: &mut dyn Write, kind: u8, is_null: bool| match is_null {
        true => encoding::byte(out, kind),
        false => Err(Error::msg(format!(
            "thread {} is about to be resumed with a reference, which cannot be saved",
            thread.0
        ))),
    };
    let (kind, numbers): (u8, &[u64]) = match value {
        Val::I32(value) => (0, &[u64::from(value.cast_unsigned())]),
        Val::I64(value) => (1, &[value.cast_unsigned()]),
        Val::F32(bits) => (2, &[u64::from(*bits)]),
        Val::F64(bits) => (3, &[*bits]),
        Val::V128(vector) => {
            let bits = vector.as_u128();
            (4, &[bits as u64, (bits >> 64) as u64])
        }
        Val::FuncRef(reference) => return null(out, 5, reference.is_none()),
        Val::ExternRef(reference) => return null(out, 6, reference.is_none()),
        Val::AnyRef(reference) => return null(out, 7, reference.is_none()),
        Val::ExnRef(reference) => return null(out, 8, reference.is_none()),
        Val::ContRef(reference) => return null(out, 9, reference.is_none()),
    };
    encoding::byte(out, kind)?;
    let mut numbers = numbers.iter();
    numbers.try_for_each(|&number| encoding::number(out, number))
}

fn value(reader: &mut Reader<'_>) -> Result<Val> {
    Ok(match reader.byte()? {
        0 => Val::I32(reader.index()?.cast_signed()),
        1 => Val::I64(reader.number()?.cast_signed()),
        2 => Val::F32(reader.index()?),
        3 => Val::F64(reader.number()?),
        4 => {
            let (low, high) = (reader.number()?, reader.number()?);
            Val::V128(V128::from(u128::from(low) | u128::from(high) << 64))
        }
        5 => Val::FuncRef(None),
        6 => Val::ExternRef(None),
        7 => Val::AnyRef(None),
        8 => Val::ExnRef(None),
        9 => Val::ContRef(None),
        _ => return Err(reader.malformed("a value")),
    })
}

fn save_thread(out: &mut dyn Write, thread: ThreadId) -> Result<()> {
    encoding::number(out, thread.0.into())
}

fn save_strategy(out: &mut dyn Write, strategy: &Strategy) -> Result<()> {
    encoding::number(out, strategy.random.0)?;
    encoding::option(out, strategy.last, save_thread)?;
    let priorities = strategy.priorities.iter();
    encoding::list(out, priorities, |out, &(thread, priority)| {
        save_thread(out, thread)?;
        encoding::number(out, priority.cast_unsigned())
    })?;
    encoding::list(out, strategy.changes.iter(), |out, &at| {
        encoding::number(out, at)
    })?;
    encoding::number(out, strategy.executed)?;
    encoding::number(out, strategy.run)?;
    encoding::number(out, strategy.lowest.cast_unsigned())
}

fn strategy(
    reader: &mut Reader<'_>,
    policy: Policy,
    added: u32,
    threads: &[Thread],
) -> Result<Strategy> {
    let random = Random(reader.number()?);
    let last = reader.option(|reader| thread(reader, added))?;
    let priorities = reader.list(|reader| {
        let thread = thread(reader, added)?;
        Ok((thread, reader.number()?.cast_signed()))
    })?;
    let has_priorities = matches!(policy, Policy::Priorities { .. });
    let expected: &[Thread] = if has_priorities { threads } else { &[] };
    let of_threads = priorities.iter().map(|&(thread, _)| thread);
    let is_complete = of_threads.eq(expected.iter().map(|thread| thread.id));
    reader.expect(is_complete.then_some(()), "a priority for each thread")?;
    let changes = reader.list(Reader::number)?;
    let executed = reader.number()?;
    // The last one is the next.
    let is_ahead = changes.is_sorted_by(|one, other| one >= other)
        && changes.last().is_none_or(|&next| next > executed);
    reader.expect(is_ahead.then_some(()), "changes after what was executed")?;
    let run = reader.number()?;
    let lowest = reader.number()?.cast_signed();
    let is_low = (-(MAX_COUNT.cast_signed())..=0).contains(&lowest);
    let lowest = reader.expect(is_low.then_some(lowest), "a low priority")?;
    Ok(Strategy {
        policy,
        patience: PATIENCE,
        random,
        last,
        priorities,
        changes,
        executed,
        run,
        lowest,
    })
}

fn save_steps(out: &mut dyn Write, steps: &Steps) -> Result<()> {
    let schedule = steps.schedule.as_ref();
    encoding::option(out, schedule, |out, schedule| {
        encoding::list(out, schedule.switches().iter(), |out, switch| {
            save_thread(out, switch.from)?;
            encoding::number(out, switch.after)?;
            save_thread(out, switch.to)
        })
    })?;
    encoding::list(out, steps.lowered.iter(), |out, lowered| {
        save_thread(out, lowered.thread)?;
        encoding::number(out, lowered.address)?;
        encoding::number(out, lowered.left)
    })?;
    encoding::option(out, steps.last, save_thread)?;
    encoding::number(out, steps.run)?;
    encoding::number(out, steps.left)?;
    encoding::list(out, steps.taken.iter(), |out, &taken| {
        encoding::number(out, taken)
    })
}

/// Reads the state of steps. A schedule, and accesses at which priorities are lowered, may be of
/// threads that have not been added yet.
fn steps(reader: &mut Reader<'_>, added: u32, listener: Box<dyn Listener>) -> Result<Steps> {
    let any_thread = |reader: &mut Reader<'_>| reader.index().map(ThreadId);
    let schedule = reader.option(|reader| {
        let switches = reader.list(|reader| {
            Ok(Switch {
                from: any_thread(reader)?,
                after: reader.number()?,
                to: any_thread(reader)?,
            })
        })?;
        Ok(Schedule::new(switches))
    })?;
    let lowered = reader.list(|reader| {
        Ok(Lowered {
            thread: any_thread(reader)?,
            address: reader.number()?,
            left: reader.number()?,
        })
    })?;
    let last = reader.option(|reader| thread(reader, added))?;
    let run = count(reader)?;
    let left = reader.number()?;
    let taken = reader.list(count)?;
    let is_complete = taken.len() == added as usize;
    reader.expect(is_complete.then_some(()), "the steps of each thread")?;
    Ok(Steps {
        schedule,
        listener,
        lowered,
        last,
        run,
        left,
        taken,
    })
}
