//! The table of all functions, and the way from a linker to them.

use super::memory::GuestMemory;
use super::{Answer, Refusal, Starts, Wait};
use crate::api::{
    AsContextMut, Caller, Error, Extern, FuncType, Linker, Memory, Result, StoreContextMut, Val,
    ValType,
};
use crate::bail;
use crate::wasi::{Errno, WasiCtx};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// The module that programs import the functions from.
const MODULE: &str = "wasi_snapshot_preview1";

/// The most parameters that one of them has.
const MAX_PARAMS: usize = 9;

/// What a parameter is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A 32-bit number.
    Word,
    /// A place in the program's memory.
    Pointer,
    /// A 64-bit number.
    Long,
}

/// One function.
struct Function {
    name: &'static str,
    params: &'static [Kind],
    /// Whether it gives an error number; `proc_exit` gives nothing.
    returns: bool,
    run: fn(&mut WasiCtx, &mut GuestMemory<'_>, Arguments<'_>) -> Answer,
}

/// The arguments that have not been taken yet.
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

/// The kind that each way of taking an argument stands for.
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

    /// The memory that its pointers mean: the caller's, by the name that preview 1 gives it.
    fn memory<T: 'static>(&self, caller: &mut Caller<'_, T>) -> Result<Option<Memory>> {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        if memory.is_none() && self.params.contains(&Kind::Pointer) {
            bail!(
                "`{MODULE}::{}` needs the memory of its caller, which exports none as `memory`",
                self.name
            );
        }
        Ok(memory)
    }
}

/// Defines all functions of `wasi_snapshot_preview1`, with the state that `get` finds in the
/// store's data.
///
/// A program that ends itself does so with an [`I32Exit`](super::super::I32Exit) as the error
/// of the call.
///
/// # Errors
///
/// If one is defined already.
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
    for function in FUNCTIONS {
        let ty = function.ty(linker);
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
                        _ => bail!("`{MODULE}::{}` was called with another type", function.name),
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
                match call.run((&mut caller).into(), get)? {
                    Retried::Done(answer) => {
                        if let (Some(result), Some(value)) = (results.first_mut(), answer.first()) {
                            *result = *value;
                        }
                        Ok(())
                    }
                    Retried::Blocked(blocked) => Err(Error::suspend(blocked)),
                }
            },
        )?;
    }
    Ok(())
}

/// A call that a program made, as the trace of [`WasiCtxBuilder::trace`] gets it.
///
/// [`WasiCtxBuilder::trace`]: super::super::WasiCtxBuilder::trace
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracedCall<'a> {
    /// The function's name.
    pub name: &'static str,
    /// Its arguments, as bits.
    pub arguments: &'a [u64],
    /// What the program was told: `Ok` or an error number; nothing where it ended, or waits.
    pub answer: Option<Result<(), Errno>>,
    /// How many operators the store had executed, where fuel is counted.
    pub fuel_spent: Option<u64>,
}

/// A call that would have to wait, in an execution that is suspended for it: the payload of
/// the [`HostRequest`](crate::HostRequest), where [`WasiCtxBuilder::suspend_when_blocked`] is
/// set.
///
/// The embedder waits as it likes, calls [`Blocked::retry`], and resumes the execution with
/// what that gives.
///
/// [`WasiCtxBuilder::suspend_when_blocked`]: super::super::WasiCtxBuilder::suspend_when_blocked
pub struct Blocked {
    function: &'static Function,
    arguments: [u64; MAX_PARAMS],
    memory: Option<Memory>,
    wait: Wait,
    starts: Starts,
}

/// What came of another try.
#[derive(Debug)]
pub enum Retried {
    /// The call is done; these are its results, for
    /// [`Execution::resume_with`](crate::Execution::resume_with).
    Done(Vec<Val>),
    /// It would have to wait still.
    Blocked(Blocked),
}

impl Blocked {
    /// The function's name.
    pub fn name(&self) -> &'static str {
        self.function.name
    }

    /// How long it waits at most, from the moment of suspension; nothing where no clock ends
    /// it.
    pub fn timeout(&self) -> Option<Duration> {
        self.wait.nanoseconds.map(Duration::from_nanos)
    }

    /// Whether it waits for input.
    pub fn waits_for_input(&self) -> bool {
        self.wait.input
    }

    /// Tries the call again, in the store of its execution.
    ///
    /// # Errors
    ///
    /// If the program is to end.
    ///
    /// # Panics
    ///
    /// If the store is another one.
    pub fn retry<T: 'static>(
        self,
        mut store: impl AsContextMut<Data = T>,
        get: impl FnOnce(&mut T) -> &mut WasiCtx,
    ) -> Result<Retried> {
        self.run(store.as_context_mut(), get)
    }

    fn run<T: 'static>(
        mut self,
        mut store: StoreContextMut<'_, T>,
        get: impl FnOnce(&mut T) -> &mut WasiCtx,
    ) -> Result<Retried> {
        let fuel_spent = store.fuel_spent();
        let (bytes, data) = match self.memory {
            Some(memory) => memory.data_and_store_mut(&mut store),
            None => (&mut [][..], store.data_mut()),
        };
        let ctx = get(data);
        ctx.host.called(fuel_spent);
        ctx.starts = self.starts;
        let arguments = &self.arguments[..self.function.params.len()];
        let run = self.function.run;
        let answer = run(
            ctx,
            &mut GuestMemory::new(bytes),
            Arguments(arguments.iter()),
        );
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
