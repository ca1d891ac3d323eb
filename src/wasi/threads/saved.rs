//! Programs with threads as bytes.
//!
//! ```text
//! program := name: string, version: number, limit: number, next: number, memories: vec(number),
//!            time: option(time), numbers: vec(number), vec(blocked), scheduler
//! blocked := thread: number, left: option(time), memory: option(number), call
//! time    := seconds: number, nanoseconds: number
//! ```
//!
//! The scheduler and the call have formats of their own.

use super::{BlockedThread, Program, Threads, shared_memories};
use crate::api::{Execution, Linker, Memory, Module, Store};
use crate::scheduler::{Scheduler, ThreadId};
use crate::support::encoding::{self, Reader};
use crate::support::error::Result;
use crate::support::write::Write;
use crate::wasi::abi::Blocked;
use alloc::vec::Vec;

/// Name and version of the format.
const FORMAT: (&str, u64) = ("backstitch.wasi-program", 1);

impl<T: 'static> Program<T> {
    /// Returns the scheduler, whose threads have the executions of the program.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Returns the executions of the threads that have not ended, in the order of
    /// [`Scheduler::threads`].
    pub fn into_executions(self) -> Vec<Execution> {
        self.scheduler.into_executions()
    }

    /// Writes the state of the program between two slices ([`Program::step`]), and of its
    /// [`Threads`]: the scheduler, the numbers of the threads, and the calls that block. Equal states
    /// are equal bytes, on every target.
    ///
    /// The executions are not a part of the bytes. They must be saved with their store, in the order
    /// of [`Scheduler::threads`]. The WASI context has [bytes of its own](super::WasiCtx::save).
    /// `number` returns a number for each memory that the program imports or uses, such as its index
    /// in the saved store.
    ///
    /// # Errors
    ///
    /// Errors of writing and of `number`.
    pub fn save(
        &self,
        store: &mut Store<T>,
        out: &mut impl Write,
        mut number: impl FnMut(Memory) -> Result<u64>,
    ) -> Result<()> {
        self.save_head(store, out, &mut number)?;
        self.scheduler.save(out, number)
    }

    fn save_head(
        &self,
        store: &mut Store<T>,
        out: &mut dyn Write,
        number: &mut dyn FnMut(Memory) -> Result<u64>,
    ) -> Result<()> {
        let threads = (self.threads)(store.data_mut());
        encoding::head(out, FORMAT.0, FORMAT.1)?;
        encoding::size(out, threads.limit)?;
        encoding::number(out, threads.next.cast_unsigned().into())?;
        encoding::list(out, threads.memories.iter(), |out, &memory| {
            encoding::number(out, number(memory)?)
        })?;
        encoding::option(out, self.time, encoding::time)?;
        encoding::list(out, self.numbers.iter(), |out, number| {
            encoding::number(out, number.cast_unsigned().into())
        })?;
        encoding::list(out, self.blocked.iter(), |out, thread| {
            encoding::number(out, thread.id.0.into())?;
            encoding::option(out, thread.left, encoding::time)?;
            encoding::option(out, thread.call.memory(), |out, memory| {
                encoding::number(out, number(memory)?)
            })?;
            thread.call.save_to(out)
        })
    }

    /// Sets the state of the program, and of its [`Threads`], to what [`Program::save`] has written.
    /// The program must not have been started. Its policy is that of the bytes, and the listener of
    /// its scheduler stays.
    ///
    /// `module` is the program's module, and `executions` are those of the threads in the order of
    /// [`Scheduler::threads`], in `store`. `memory` returns the memory of each number. The linker must
    /// define the functions that the module imports
    /// ([`add_spawn_to_linker`](super::add_spawn_to_linker)), for the threads to come; this function
    /// defines the shared memories.
    ///
    /// The bytes may be any. If they do not match the executions, threads fail or wait for ever.
    ///
    /// # Errors
    ///
    /// If the bytes are malformed, of another version, or of another number of executions; if the
    /// linker defines a shared memory already; the errors of [`Linker::instantiate_pre`] and of
    /// `memory`.
    ///
    /// # Panics
    ///
    /// Panics if the program was started.
    pub fn restore(
        &mut self,
        store: &mut Store<T>,
        linker: &mut Linker<T>,
        module: &Module,
        bytes: &[u8],
        executions: Vec<Execution>,
        mut memory: impl FnMut(u64) -> Result<Memory>,
    ) -> Result<()> {
        assert!(self.numbers.is_empty(), "the program was started");
        let reader = &mut Reader::new(bytes);
        reader.head(FORMAT.0, FORMAT.1)?;
        let limit = reader.number()?;
        let limit = reader.expect(usize::try_from(limit).ok(), "a number of threads")?;
        let next = number(reader)?;
        let memories = reader.list(|reader| memory(reader.number()?))?;
        let time = reader.option(Reader::time)?;
        let numbers = reader.list(number)?;
        // The first thread is the one with the number 0.
        let is_first = numbers.iter().enumerate();
        let is_first = is_first.fold(true, |all, (at, &number)| all && (at == 0) == (number == 0));
        reader.expect(
            is_first.then_some(()),
            "the number 0 of the first thread alone",
        )?;
        let blocked = reader.list(|reader| {
            let id = ThreadId(reader.index()?);
            let is_thread = (id.0 as usize) < numbers.len();
            reader.expect(is_thread.then_some(()), "a thread of the program")?;
            let left = reader.option(Reader::time)?;
            let memory = reader.option(|reader| memory(reader.number()?))?;
            let call = Blocked::read(reader, memory)?;
            Ok(BlockedThread { id, call, left })
        })?;
        let rest = reader.rest();
        self.scheduler.restore_here(rest, executions, &mut memory)?;
        let is_complete = numbers.len() == self.scheduler.added() as usize;
        reader.expect(is_complete.then_some(()), "a number of each thread")?;

        let imports: Vec<_> = shared_memories(module).collect();
        let is_complete = imports.len() == memories.len();
        reader.expect(
            is_complete.then_some(()),
            "the shared memories of the module",
        )?;
        for (import, &memory) in imports.iter().zip(&memories) {
            linker.define(&mut *store, import.module(), import.name(), memory)?;
        }
        let others = self
            .scheduler
            .threads()
            .filter(|(id, _)| numbers[id.0 as usize] != 0);
        let live = others.count();
        *(self.threads)(store.data_mut()) = Threads {
            program: Some(linker.instantiate_pre(module)?),
            memories,
            started: Vec::new(),
            live,
            limit,
            next,
        };
        (self.numbers, self.blocked, self.time) = (numbers, blocked, time);
        Ok(())
    }
}

/// Reads the number of a thread in the program.
fn number(reader: &mut Reader<'_>) -> Result<i32> {
    let number = i32::try_from(reader.number()?).ok();
    reader.expect(number, "the number of a thread")
}
