//! The part of `run` that records a program.

use super::failure::Failure;
use super::host::Host;
use super::value::Notation;
use backstitch::{Recorder, Store};
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Name of the note that has the module's path.
pub(super) const PATH: &str = "path";
/// Name of the note that says how results are printed.
pub(super) const NOTATION: &str = "notation";
/// Text of that note for hexadecimal numbers.
pub(super) const HEXADECIMAL: &str = "hexadecimal";

/// The options of `run` for recordings.
#[derive(Args)]
pub(super) struct Recording {
    /// Record all that comes from outside to this file, for `backstitch replay`. Threads take turns
    #[arg(long, value_name = "LOG")]
    record: Option<PathBuf>,

    /// Put the module into the recording
    #[arg(long, requires = "record")]
    embed_modules: bool,
}

impl Recording {
    /// Returns whether the program is recorded.
    pub(super) fn is_some(&self) -> bool {
        self.record.is_some()
    }

    /// Starts the recording, if the user wants one.
    pub(super) fn start(
        &self,
        store: &mut Store<Host>,
        module: &Path,
        notation: Notation,
    ) -> Result<(), Failure> {
        let Some(path) = &self.record else {
            return Ok(());
        };
        let file = File::create(path).map_err(|error| cannot(path, &error))?;
        let mut recorder = Recorder::new(file)
            .embed_modules(self.embed_modules)
            .note(PATH, &module.to_string_lossy());
        if matches!(notation, Notation::Hexadecimal) {
            recorder = recorder.note(NOTATION, HEXADECIMAL);
        }
        recorder
            .start(store)
            .map_err(|error| cannot(path, &format!("{error:#}")))
    }

    /// Ends the recording of a program that has failed or has run to its end.
    pub(super) fn end(
        &self,
        store: &mut Store<Host>,
        failure: Option<&Failure>,
    ) -> Result<(), Failure> {
        let Some(path) = &self.record else {
            return Ok(());
        };
        let (code, text) = failure.map_or((0, ""), Failure::recorded);
        store
            .end_recording(code.into(), text)
            .map_err(|error| cannot(path, &format!("{error:#}")))
    }
}

fn cannot(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    let path = path.display();
    Failure::Input(format!("cannot write the recording `{path}`: {reason}"))
}
