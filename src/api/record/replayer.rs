//! The run of a log.

use super::format::{Reader, Unreadable};
use super::header::Header;
use super::player::{Player, Progress, Stop, begin_log, run};
use crate::api::{AsContextMut, Config, Engine, Module, Store, Val, WasmBacktrace};
use crate::support::error::{Error, Result};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Runs the program of a recording again, without its host. See [`Recorder`](crate::Recorder).
///
/// The program does the same as in the recording, in every configuration and on every target. A log
/// may come from anywhere: one that was not written by a recorder is an error, or replays something
/// that is as safe as any other program.
pub struct Replayer {
    log: Arc<[u8]>,
    header: Header,
    /// Offset of the first event.
    start: usize,
    modules: Vec<Module>,
    observer: Option<Observer>,
    note_reader: Option<NoteReader>,
}

/// A function that is called after each call of a host function.
pub(super) type Observer = Box<dyn FnMut(&ReplayedCall<'_>) -> Result<()> + Send + Sync>;

/// A function that is called for each note, with the number of instructions executed.
pub(super) type NoteReader = Box<dyn FnMut(&[u8], Option<u64>) + Send + Sync>;

/// A call of a host function in a replay.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct ReplayedCall<'a> {
    /// Module part of the name of the import; empty if the function was no import.
    pub module: &'a str,
    /// Field part of the name of the import.
    pub name: &'a str,
    /// The arguments.
    pub arguments: &'a [Val],
    /// The results; `None` if the call has failed or has suspended the execution.
    pub results: Option<&'a [Val]>,
    /// Number of instructions that were executed until then, if the recording counts them.
    pub fuel_spent: Option<u64>,
    /// Contents of the memory that the caller exports as `memory`; empty if there is none.
    pub memory: &'a [u8],
}

/// The end of a replay.
#[non_exhaustive]
#[derive(Debug)]
pub struct Replayed {
    /// The end of the function that the host has called or resumed last; `None` if it was not
    /// called, or if the log ends before it does.
    pub outcome: Option<Result<Vec<Val>>>,
    /// True if the log is complete. Otherwise the replay has ended with the log.
    pub is_complete: bool,
    /// The number that was passed to [`Store::end_recording`](crate::Store::end_recording).
    pub code: u32,
    /// The text that was passed to it.
    pub text: String,
    /// The name of the execution that has ended last, if it has one.
    pub execution: Option<String>,
    /// The store in its last state.
    pub store: Store<ReplayState>,
}

/// The data of a replay's store.
pub struct ReplayState(pub(super) Player);

impl fmt::Debug for ReplayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayState").finish_non_exhaustive()
    }
}

/// The error of a replay in which the program does something else than in the recording.
#[non_exhaustive]
#[derive(Debug)]
pub struct Divergence {
    /// Description of the difference.
    pub difference: String,
    /// Number of calls of host functions until then.
    pub calls: u64,
    /// Number of instructions executed until then, if they are counted.
    pub instructions: Option<u64>,
    /// The place in the program.
    pub backtrace: WasmBacktrace,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the replay differs from the recording after {} calls of the host",
            self.calls
        )?;
        if let Some(instructions) = self.instructions {
            write!(f, " and {instructions} instructions")?;
        }
        write!(f, ": {}", self.difference)?;
        if !self.backtrace.frames().is_empty() {
            write!(f, "\n{}", self.backtrace)?;
        }
        Ok(())
    }
}

impl core::error::Error for Divergence {}

impl Replayer {
    /// Creates a replayer of a log.
    ///
    /// # Errors
    ///
    /// Returns an error if these are not the bytes of a log, or of one whose version is not known.
    pub fn new(log: impl Into<Arc<[u8]>>) -> Result<Replayer> {
        let log = log.into();
        let mut reader = Reader::new(&log, 0);
        let header = match Header::read(&mut reader) {
            Ok(header) => header,
            Err(error) => return Err(Error::new(error)),
        };
        let start = reader.at;
        Ok(Replayer {
            log,
            header,
            start,
            modules: Vec::new(),
            observer: None,
            note_reader: None,
        })
    }

    /// Returns the text that [`Recorder::note`](crate::Recorder::note) has added under a name.
    pub fn note(&self, name: &str) -> Option<&str> {
        let mut notes = self.header.notes.iter();
        let (_, text) = notes.find(|(of, _)| of == name)?;
        Some(text)
    }

    /// Returns the configuration of an engine for the replay. The dispatch backend, the compilation
    /// mode and what errors contain may be changed.
    pub fn config(&self) -> Config {
        self.header.config()
    }

    /// Returns whether the recording counts instructions.
    pub fn counts_instructions(&self) -> bool {
        self.header.counts
    }

    /// Adds a module of the program, unless the log contains it. It is found by its SHA-256.
    pub fn add_module(&mut self, module: Module) -> &mut Replayer {
        self.modules.push(module);
        self
    }

    /// Sets a function that is called after each call of a host function. If it returns an error,
    /// the call fails with that.
    pub fn on_call(
        &mut self,
        observer: impl FnMut(&ReplayedCall<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> &mut Replayer {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Sets a function that is called for each note that the host has added to the log, with the
    /// number of instructions executed until then, if they are counted. WASI notes the calls that it
    /// retries.
    pub fn on_note(
        &mut self,
        reader: impl FnMut(&[u8], Option<u64>) + Send + Sync + 'static,
    ) -> &mut Replayer {
        self.note_reader = Some(Box::new(reader));
        self
    }

    /// Returns the state at the beginning, with what `module` makes of the modules.
    pub(super) fn into_player(
        self,
        module: impl FnMut(&Module) -> Result<Module>,
    ) -> Result<Player> {
        let modules: Result<Vec<_>> = self.modules.iter().map(module).collect();
        Ok(Player::new(
            self.log,
            self.start,
            self.header,
            modules?,
            self.observer,
            self.note_reader,
        ))
    }

    /// Runs the log to its end, or until the program diverges from it.
    ///
    /// # Errors
    ///
    /// Returns a [`Divergence`] if the program does something else than in the recording; and an
    /// error if a module is missing, if the engine has another configuration than
    /// [`Replayer::config`], or if the log is not valid. The errors of the program itself are in
    /// [`Replayed::outcome`].
    pub fn run(self, engine: &Engine) -> Result<Replayed> {
        let counts = engine.0.tunables.consume_fuel;
        if self.header.counts && !counts {
            return Err(Error::msg(
                "the recording counts instructions: call `Config::consume_fuel(true)`",
            ));
        }
        let state = self.into_player(|module| Ok(module.clone()))?;
        let mut store = Store::new(engine, ReplayState(state));
        store.limiter(|state| &mut state.0);
        let context = &mut store.as_context_mut();
        let stopped = begin_log(context).and_then(|()| run(context));
        let player = &mut store.data_mut().0;
        let (outcome, execution) = (player.outcome.take(), player.ended.take());
        let (is_complete, code, text) = match stopped {
            Ok(Progress::Ended(code, text)) => (true, code, text),
            Ok(Progress::Paused) => unreachable!("the replay does not pause"),
            Err(Stop::Unreadable(Unreadable::Ends)) => (false, 0, String::new()),
            Err(stop) => return Err(stop.into_error()),
        };
        Ok(Replayed {
            outcome,
            is_complete,
            code,
            text,
            execution,
            store,
        })
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer")
            .field("bytes", &self.log.len())
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}
