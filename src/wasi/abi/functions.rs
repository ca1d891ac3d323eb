//! The table of all functions, and their definition in a linker.

use super::memory::GuestMemory;
use super::{Answer, Refusal, Starts, Wait};
use crate::api::{
    AsContextMut, Caller, Error, Extern, FuncType, Linker, Memory, MemoryContents, Result,
    StoreContextMut, Val, ValType,
};
use crate::bail;
use crate::support::encoding::{self, Reader};
#[cfg(backstitch_threads)]
use crate::support::sync::Mutex;
use crate::support::write::Write;
use crate::wasi::{Errno, WasiCtx};
#[cfg(backstitch_threads)]
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// Name of the module that programs import.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

/// Largest number of parameters of a function.
const MAX_PARAMS: usize = 9;

/// The kind of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number of 32 bits.
    Word,
    /// An address in the program's memory.
    Pointer,
    /// A number of 64 bits.
    Long,
}

/// A row of the function table.
struct Function {
    name: &'static str,
    params: &'static [Kind],
    /// True if the function returns an error number. All do except `proc_exit`.
    returns: bool,
    run: fn(&mut WasiCtx, &mut GuestMemory<'_>, Arguments<'_>) -> Answer,
}

/// The arguments that have not been read yet.
struct Arguments<'a>(core::slice::Iter<'a, u64>);

impl Arguments<'_> {
    fn long(&mut self) -> u64 {
        self.0.next().copied().unwrap_or_default()
    }

    fn signed(&mut self) -> i64 {
        self.long() as i64
    }

    fn word(&mut self) -> u32 {
        self.long() as u32
    }

    fn pointer(&mut self) -> u32 {
        self.word()
    }
}

/// The parameter kind for each method of [`Arguments`].
mod kinds {
    use super::Kind;

    pub(super) const fn word() -> Kind {
        Kind::Word
    }

    pub(super) const fn pointer() -> Kind {
        Kind::Pointer
    }

    pub(super) const fn long() -> Kind {
        Kind::Long
    }

    pub(super) const fn signed() -> Kind {
        Kind::Long
    }
}

macro_rules! functions {
    (@returns) => { true };
    (@returns !) => { false };
    ($($name:ident($($take:ident),*) $(-> $never:tt)?;)*) => {
        const FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            params: &[$(kinds::$take()),*],
            returns: functions!(@returns $($never)?),
            run: |ctx, memory, #[allow(unused_mut, unused_variables)] mut arguments| {
                ctx.$name(memory $(, arguments.$take())*)
            },
        }),*];
    };
}

functions! {
    args_get(pointer, pointer);
    args_sizes_get(pointer, pointer);
    clock_res_get(word, pointer);
    clock_time_get(word, long, pointer);
    environ_get(pointer, pointer);
    environ_sizes_get(pointer, pointer);
    fd_advise(word, long, long, word);
    fd_allocate(word, long, long);
    fd_close(word);
    fd_datasync(word);
    fd_fdstat_get(word, pointer);
    fd_fdstat_set_flags(word, word);
    fd_fdstat_set_rights(word, long, long);
    fd_filestat_get(word, pointer);
    fd_filestat_set_size(word, long);
    fd_filestat_set_times(word, long, long, word);
    fd_pread(word, pointer, word, long, pointer);
    fd_prestat_dir_name(word, pointer, word);
    fd_prestat_get(word, pointer);
    fd_pwrite(word, pointer, word, long, pointer);
    fd_read(word, pointer, word, pointer);
    fd_readdir(word, pointer, word, long, pointer);
    fd_renumber(word, word);
    fd_seek(word, signed, word, pointer);
    fd_sync(word);
    fd_tell(word, pointer);
    fd_write(word, pointer, word, pointer);
    path_create_directory(word, pointer, word);
    path_filestat_get(word, word, pointer, word, pointer);
    path_filestat_set_times(word, word, pointer, word, long,
        long, word);
    path_link(word, word, pointer, word, word, pointer,
        word);
    path_open(word, word, pointer, word, word, long, long,
        word, pointer);
    path_readlink(word, pointer, word, pointer, word,
        pointer);
    path_remove_directory(word, pointer, word);
    path_rename(word, pointer, word, word, pointer, word);
    path_symlink(pointer, word, word, pointer, word);
    path_unlink_file(word, pointer, word);
    poll_oneoff(pointer, pointer, word, pointer);
    proc_exit(word) -> !;
    proc_raise(word);
    random_get(pointer, word);
    sched_yield();
    sock_accept(word, word, pointer);
    sock_recv(word, pointer, word, word, pointer, pointer);
    sock_send(word, pointer, word, word, pointer);
    sock_shutdown(word, word);
}

impl Function {
    fn ty<T: 'static>(&self, linker: &Linker<T>) -> FuncType {
        let params = self.params.iter().map(|kind| match kind {
            Kind::Word | Kind::Pointer => ValType::I32,
            Kind::Long => ValType::I64,
        });
        FuncType::new(
            linker.engine(),
            params,
            self.returns.then_some(ValType::I32),
        )
    }

    /// Returns the memory that pointers refer to: the caller's export `memory`.
    fn memory<T: 'static>(&self, caller: &mut Caller<'_, T>) -> Result<Option<Memory>> {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        if memory.is_none() && self.params.contains(&Kind::Pointer) {
            bail!(
                "`{MODULE}::{}` requires that its caller exports a memory as `memory`",
                self.name
            );
        }
        Ok(memory)
    }
}

/// Returns the name of a function that has the same characters.
pub(crate) fn static_name(name: &str) -> Option<&'static str> {
    let mut functions = FUNCTIONS.iter();
    Some(functions.find(|function| function.name == name)?.name)
}

/// Defines all functions of `wasi_snapshot_preview1`. `get` returns the program's state from the
/// store's data.
///
/// If the program calls `proc_exit`, the embedder's call fails with an
/// [`I32Exit`](super::super::I32Exit).
///
/// # Errors
///
/// If one of the functions is already defined.
///
/// ```
/// use backstitch::wasi::{self, Deterministic, WasiCtx, WasiCtxBuilder};
/// use backstitch::{Engine, Linker, Store};
///
/// let engine = Engine::default();
/// let mut linker: Linker<WasiCtx> = Linker::new(&engine);
/// wasi::add_to_linker(&mut linker, |ctx| ctx)?;
///
/// let wasi = WasiCtxBuilder::with_host(Deterministic::new(7))
///     .args(["program", "argument"])
///     .build();
/// let store = Store::new(&engine, wasi);
/// # let _ = store;
/// # Ok::<(), backstitch::Error>(())
/// ```
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
) -> Result<()> {
    define(linker, move |caller, call| {
        match call.run(caller.into(), get)? {
            Retried::Done(results) => Ok(results),
            Retried::Blocked(blocked) => Err(Error::suspend(blocked)),
        }
    })
}

/// Defines the functions of preview 1 for programs on several threads, which share a context. `wait`
/// waits for a call that would block, while others use the context.
///
/// # Errors
///
/// An error if the linker defines one of them already.
#[cfg(backstitch_threads)]
pub(crate) fn add_shared_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    context: &Arc<Mutex<WasiCtx>>,
    wait: impl Fn(&Blocked) -> Result<()> + Clone + Send + Sync + 'static,
) -> Result<()> {
    let context = Arc::clone(context);
    define(linker, move |caller, mut call| {
        loop {
            match call.run_shared(caller.into(), &context)? {
                Retried::Done(results) => return Ok(results),
                Retried::Blocked(blocked) => {
                    wait(&blocked)?;
                    call = blocked;
                }
            }
        }
    })
}

/// Defines the functions of preview 1, which `carry_out` carries out. It returns the results.
fn define<T: 'static>(
    linker: &mut Linker<T>,
    carry_out: impl Fn(&mut Caller<'_, T>, Blocked) -> Result<Vec<Val>> + Clone + Send + Sync + 'static,
) -> Result<()> {
    for function in FUNCTIONS {
        let ty = function.ty(linker);
        let carry_out = carry_out.clone();
        linker.func_new(
            MODULE,
            function.name,
            ty,
            move |mut caller: Caller<'_, T>, params, results| {
                let mut arguments = [0; MAX_PARAMS];
                for (argument, param) in arguments.iter_mut().zip(params) {
                    *argument = match param {
                        Val::I32(value) => u64::from(*value as u32),
                        Val::I64(value) => *value as u64,
                        _ => bail!(
                            "`{MODULE}::{}` was called with arguments of another type",
                            function.name
                        ),
                    };
                }
                let memory = function.memory(&mut caller)?;
                let call = Blocked {
                    function,
                    arguments,
                    memory,
                    wait: Wait {
                        nanoseconds: None,
                        input: false,
                    },
                    starts: Starts::default(),
                };
                let answer = carry_out(&mut caller, call)?;
                if let (Some(result), Some(value)) = (results.first_mut(), answer.first()) {
                    *result = *value;
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// A call of the program, as passed to the hook of [`WasiCtxBuilder::trace`].
///
/// [`WasiCtxBuilder::trace`]: super::super::WasiCtxBuilder::trace
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracedCall<'a> {
    /// Name of the function.
    pub name: &'static str,
    /// Arguments, as bits.
    pub arguments: &'a [u64],
    /// The result: `Some(Ok(()))` or an error number; `None` if the program ended or is
    /// suspended.
    pub answer: Option<Result<(), Errno>>,
    /// Number of instructions that the store had executed, if fuel is counted.
    pub fuel_spent: Option<u64>,
}

/// Name and version of the format of a saved call: the name of the function, its arguments, the time
/// to wait (an optional number), a flag for input, and the two optional times of [`Starts`].
const FORMAT: (&str, u64) = ("backstitch.wasi-call", 1);

/// A call that would block, in an execution that is suspended for it. It is the payload of the
/// [`HostRequest`](crate::HostRequest) if [`WasiCtxBuilder::suspend_when_blocked`] is set.
///
/// The embedder waits in its own way, calls [`Blocked::retry`], and resumes the execution with
/// the result.
///
/// [`WasiCtxBuilder::suspend_when_blocked`]: super::super::WasiCtxBuilder::suspend_when_blocked
pub struct Blocked {
    function: &'static Function,
    arguments: [u64; MAX_PARAMS],
    memory: Option<Memory>,
    wait: Wait,
    starts: Starts,
}

/// The result of [`Blocked::retry`].
#[derive(Debug)]
pub enum Retried {
    /// The call is complete. These are its results, for
    /// [`Execution::resume_with`](crate::Execution::resume_with).
    Done(Vec<Val>),
    /// The call would still block.
    Blocked(Blocked),
}

impl Blocked {
    /// Returns the name of the function.
    pub fn name(&self) -> &'static str {
        self.function.name
    }

    /// Returns the longest time to wait, counted from the suspension; `None` if no clock ends
    /// the wait.
    pub fn timeout(&self) -> Option<Duration> {
        self.wait.nanoseconds.map(Duration::from_nanos)
    }

    /// Returns whether the call waits for input.
    pub fn waits_for_input(&self) -> bool {
        self.wait.input
    }

    /// Retries the call in the store of its execution.
    ///
    /// # Errors
    ///
    /// If the program is to end.
    ///
    /// # Panics
    ///
    /// If `store` is a different store.
    pub fn retry<T: 'static>(
        self,
        mut store: impl AsContextMut<Data = T>,
        get: impl FnOnce(&mut T) -> &mut WasiCtx,
    ) -> Result<Retried> {
        let (function, arguments) = (self.function, self.arguments);
        let mut store = store.as_context_mut();
        let retried = self.run(store.as_context_mut(), get);
        store.note(|| {
            let answer = match &retried {
                Ok(Retried::Done(results)) => match results[..] {
                    [Val::I32(number)] => number as u8 + 1,
                    _ => 0,
                },
                _ => 0,
            };
            encode_retry(function, &arguments, answer)
        });
        retried
    }

    /// Writes the call, from which [`Blocked::restore`] makes one that can be retried. Equal calls are
    /// equal bytes, on every target.
    ///
    /// # Errors
    ///
    /// Errors of writing.
    pub fn save(&self, out: &mut impl Write) -> Result<()> {
        self.save_to(out)
    }

    /// Returns the memory of the program, which the call reads and writes when it is retried; `None`
    /// if the program exports none.
    pub fn memory(&self) -> Option<Memory> {
        self.memory
    }

    /// Makes a call of what [`Blocked::save`] has written. `memory` is that of
    /// [`Blocked::memory`], in the store of the execution that is suspended in the call.
    ///
    /// The bytes may be any: they give an error, or a call that the program could have made.
    ///
    /// # Errors
    ///
    /// If the bytes are malformed or of another version.
    pub fn restore(bytes: &[u8], memory: Option<Memory>) -> Result<Blocked> {
        let mut reader = Reader::new(bytes);
        let call = Blocked::read(&mut reader, memory)?;
        reader.end()?;
        Ok(call)
    }

    pub(crate) fn save_to(&self, out: &mut dyn Write) -> Result<()> {
        encoding::head(out, FORMAT.0, FORMAT.1)?;
        encoding::string(out, self.function.name)?;
        for &argument in &self.arguments[..self.function.params.len()] {
            encoding::number(out, argument)?;
        }
        encoding::option(out, self.wait.nanoseconds, encoding::number)?;
        encoding::flag(out, self.wait.input)?;
        for start in self.starts.0 {
            encoding::option(out, start, encoding::number)?;
        }
        Ok(())
    }

    pub(crate) fn read(reader: &mut Reader<'_>, memory: Option<Memory>) -> Result<Blocked> {
        reader.head(FORMAT.0, FORMAT.1)?;
        let name = reader.string()?;
        let function = FUNCTIONS.iter().find(|function| function.name == name);
        let function = reader.expect(function, "the name of a function")?;
        let mut arguments = [0; MAX_PARAMS];
        for (argument, kind) in arguments.iter_mut().zip(function.params) {
            *argument = match kind {
                Kind::Word | Kind::Pointer => reader.index()?.into(),
                Kind::Long => reader.number()?,
            };
        }
        Ok(Blocked {
            function,
            arguments,
            memory,
            wait: Wait {
                nanoseconds: reader.option(Reader::number)?,
                input: reader.flag()?,
            },
            starts: Starts([
                reader.option(Reader::number)?,
                reader.option(Reader::number)?,
            ]),
        })
    }

    fn run<T: 'static>(
        self,
        mut store: StoreContextMut<'_, T>,
        get: impl FnOnce(&mut T) -> &mut WasiCtx,
    ) -> Result<Retried> {
        let fuel_spent = store.fuel_spent();
        let (memory, data) = self.guest_memory(&mut store);
        self.carry_out(get(data), memory, fuel_spent)
    }

    /// Carries out the call with a context that other threads use too.
    #[cfg(backstitch_threads)]
    fn run_shared<T: 'static>(
        self,
        mut store: StoreContextMut<'_, T>,
        context: &Mutex<WasiCtx>,
    ) -> Result<Retried> {
        let fuel_spent = store.fuel_spent();
        let (memory, _) = self.guest_memory(&mut store);
        self.carry_out(&mut context.lock(), memory, fuel_spent)
    }

    /// Returns the program's memory and the store's data.
    fn guest_memory<'a, T: 'static>(
        &self,
        store: &'a mut StoreContextMut<'_, T>,
    ) -> (GuestMemory<'a>, &'a mut T) {
        let Some(memory) = self.memory else {
            let none = MemoryContents::Borrowed(&mut []);
            return (GuestMemory::new(none, None), store.data_mut());
        };
        let (contents, writes, data) = memory.contents_and_store_mut(store);
        (GuestMemory::new(contents, writes), data)
    }

    fn carry_out(
        mut self,
        ctx: &mut WasiCtx,
        mut memory: GuestMemory<'_>,
        fuel_spent: Option<u64>,
    ) -> Result<Retried> {
        ctx.host.called(fuel_spent);
        ctx.starts = self.starts;
        let arguments = &self.arguments[..self.function.params.len()];
        let run = self.function.run;
        let answer = run(ctx, &mut memory, Arguments(arguments.iter()));
        let told = match &answer {
            Ok(()) => Some(Ok(())),
            Err(Refusal::Errno(errno)) => Some(Err(*errno)),
            Err(_) => None,
        };
        if let Some(trace) = &mut ctx.trace {
            trace(&TracedCall {
                name: self.function.name,
                arguments,
                answer: told,
                fuel_spent,
            });
        }
        let number = match answer {
            Ok(()) => 0,
            Err(Refusal::Errno(errno)) => i32::from(errno.number()),
            Err(Refusal::Blocked(wait)) => {
                self.wait = wait;
                self.starts = ctx.starts;
                return Ok(Retried::Blocked(self));
            }
            Err(Refusal::End(error)) => return Err(error),
        };
        Ok(Retried::Done(alloc::vec![Val::I32(number)]))
    }
}

/// Encodes a retried call for a recording. The answer is the error number plus one, or 0 without one.
fn encode_retry(function: &Function, arguments: &[u64], answer: u8) -> Vec<u8> {
    let index = FUNCTIONS.iter().position(|it| it.name == function.name);
    let mut bytes = alloc::vec![index.unwrap_or_default() as u8, answer];
    for argument in &arguments[..function.params.len()] {
        bytes.extend_from_slice(&argument.to_le_bytes());
    }
    bytes
}

/// Returns the name and the answer of a retried call of a recording, and writes its arguments to
/// `bits`.
pub(crate) fn decode_retry(bytes: &[u8], bits: &mut Vec<u64>) -> Option<(&'static str, u8)> {
    let ([index, answer], arguments) = bytes.split_first_chunk()?;
    let function = FUNCTIONS.get(usize::from(*index))?;
    let (words, _) = arguments.as_chunks::<8>();
    bits.clear();
    bits.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
    Some((function.name, *answer))
}

impl fmt::Debug for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocked")
            .field("name", &self.name())
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_functions_are_there_once_and_sorted() {
        assert_eq!(FUNCTIONS.len(), 46);
        assert!(FUNCTIONS.is_sorted_by(|one, other| one.name < other.name));
        assert!(
            FUNCTIONS
                .iter()
                .all(|function| function.params.len() <= MAX_PARAMS)
        );
    }
}
