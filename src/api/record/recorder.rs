//! The start and the end of a recording.

use super::header::Header;
use super::writer::Writer;
use crate::api::Store;
use crate::ensure;
use crate::support::error::{Error, Result};
use crate::support::write::Write;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Starts a recording of everything that a store's host does, from which
/// [`Replayer`](crate::Replayer) runs the same program again without the host.
///
/// ```
/// use backstitch::*;
/// use std::sync::{Arc, Mutex};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// #[derive(Clone, Default)]
/// struct Log(Arc<Mutex<Vec<u8>>>);
/// impl std::io::Write for Log {
///     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
///         self.0.lock().unwrap().write(bytes)
///     }
///     fn flush(&mut self) -> std::io::Result<()> {
///         Ok(())
///     }
/// }
///
/// let text = r#"
///     (module
///         (import "host" "roll" (func $roll (result i32)))
///         (func (export "sum") (result i32) (i32.add (call $roll) (call $roll))))
/// "#;
/// let engine = Engine::default();
/// let module = Module::new(&engine, text)?;
/// let mut store = Store::new(&engine, 0);
/// let log = Log::default();
/// Recorder::new(log.clone()).start(&mut store)?;
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "roll", |mut caller: Caller<'_, i32>| {
///     *caller.data_mut() += 3;
///     *caller.data()
/// })?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// let sum = instance.get_typed_func::<(), i32>(&mut store, "sum")?;
/// assert_eq!(sum.call(&mut store, ())?, 9);
/// store.end_recording(0, "")?;
///
/// let log = log.0.lock().unwrap().clone();
/// let mut replayer = Replayer::new(log)?;
/// let engine = Engine::new(&replayer.config())?;
/// replayer.add_module(Module::new(&engine, text)?);
/// let replayed = replayer.run(&engine)?;
/// assert!(replayed.is_complete);
/// let results = replayed.outcome.expect("the host has called a function")?;
/// assert_eq!(results[0].unwrap_i32(), 9);
/// # Ok::<(), Error>(())
/// ```
pub struct Recorder {
    out: Box<dyn Write + Send + Sync>,
    embeds_modules: bool,
    notes: Vec<(String, String)>,
}

impl Recorder {
    /// Creates a recorder that writes the log to `out`, in pieces of a few KiB.
    pub fn new(out: impl Write + Send + Sync + 'static) -> Recorder {
        Recorder {
            out: Box::new(out),
            embeds_modules: false,
            notes: Vec::new(),
        }
    }

    /// Sets whether the log contains the modules. Otherwise, it contains their SHA-256, and the
    /// modules must be given to the replay. The default is `false`.
    pub fn embed_modules(mut self, embed: bool) -> Recorder {
        self.embeds_modules = embed;
        self
    }

    /// Adds a text for the reader of the log, under a name.
    pub fn note(mut self, name: &str, text: &str) -> Recorder {
        self.notes.push((name.into(), text.into()));
        self
    }

    /// Starts the recording. It ends with [`Store::end_recording`], or with the store.
    ///
    /// The recording contains, for each call of a host function, the results and what is written to
    /// memories: by [`Memory::write`](crate::Memory::write) the given bytes, and by
    /// [`Memory::data_mut`](crate::Memory::data_mut) the bytes that have changed when the host next
    /// uses the store or returns, for which the memory is copied. Writes by
    /// [`Memory::data_ptr`](crate::Memory::data_ptr) cannot be recorded. The same holds for
    /// everything else that the host creates, sets, calls and resumes in the store.
    ///
    /// A host function that does something that cannot be recorded fails: see `docs/replay.md` in
    /// the repository.
    ///
    /// # Errors
    ///
    /// Returns the error of the output, and an error if the store has instances, memories, tables,
    /// globals or tags already; if it has a call hook; if its engine has
    /// [`Config::observe_accesses`](crate::Config::observe_accesses) or
    /// [`Config::suspend_at_export`](crate::Config::suspend_at_export); or if it has
    /// [`Config::interruptible`](crate::Config::interruptible) or
    /// [`Config::epoch_interruption`](crate::Config::epoch_interruption), and not
    /// [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn start<T: 'static>(self, store: &mut Store<T>) -> Result<()> {
        let store = &mut *store.inner;
        let is_empty = store.instances().len() == 0
            && store.memories().is_empty()
            && store.tables().is_empty()
            && store.globals().is_empty()
            && store.tags().is_empty();
        ensure!(
            is_empty,
            "a recording must begin before anything is created in the store"
        );
        ensure!(store.recording.is_none(), "the store is recorded already");
        ensure!(
            store.call_hook.is_none(),
            "a store with a call hook cannot be recorded"
        );
        let tunables = &store.engine().tunables;
        ensure!(
            !tunables.observe_accesses,
            "executions that stop at accesses cannot be recorded: the engine must not have \
             `Config::observe_accesses`"
        );
        ensure!(
            tunables.probes.is_none(),
            "executions that are suspended at entries of functions cannot be recorded: the engine must \
             not have `Config::suspend_at_export`"
        );
        ensure!(
            store.debugging.is_none(),
            "a store that has had breakpoints cannot be recorded"
        );
        ensure!(
            tunables.consume_fuel || !(tunables.interruptible || tunables.epoch_interruption),
            "interruptions are recorded by numbers of instructions: call \
             `Config::consume_fuel(true)`"
        );
        let tunables = tunables.clone();
        let header = Header::new(&tunables, store.fixed_limits(), self.notes);
        let writer = Writer::new(self.out, &header, self.embeds_modules, store.stacks.fuel())?;
        store.recording = Some(Box::new(writer));
        Ok(())
    }
}

impl core::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Recorder")
            .field("embeds_modules", &self.embeds_modules)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Store<T> {
    /// Ends the recording of the store, if there is one. A replay returns `code` and `text`, which
    /// say how the program has ended.
    ///
    /// # Errors
    ///
    /// Returns the first error of the recording: that of its output, or that of something that could
    /// not be recorded. Then the log ends before that.
    pub fn end_recording(&mut self, code: u32, text: &str) -> Result<()> {
        let Some(mut recording) = self.inner.recording.take() else {
            return Err(Error::msg("the store is not recorded"));
        };
        recording.end(&self.inner, code, text)
    }
}
