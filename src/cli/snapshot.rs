//! Snapshots that `run`, `resume` and `preinit` write.

use super::failure::Failure;
use super::host::{Host, SavedThreads};
use super::{quantity, wasi};
use backstitch::wasi::{Threads, WasiCtxRestorer};
use backstitch::{Config, Error, Result, SnapshotHost, SnapshotOptions, Store, StoreLimits};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Most bytes of files in memory and of captured output that a snapshot may ask for.
const MAX_CAPACITY: u64 = 4 << 30;
/// Most descriptors that a snapshot may ask for.
const MAX_DESCRIPTORS: usize = 1 << 20;

/// The options for writing a snapshot.
#[derive(Args)]
pub(super) struct Snapshotting {
    /// Write a snapshot to this file, from which `backstitch resume` goes on. It is compressed if the
    /// name ends with `.gz`
    #[arg(long, value_name = "OUT")]
    snapshot: Option<PathBuf>,

    /// Write the snapshot at this moment: `fuel=N`, after N instructions of the program, or
    /// `export=NAME`, when it calls the function that it exports under this name, and end the program
    /// here; `trap`, if the program traps; `exit`, when it ends by itself
    #[arg(
        long,
        value_name = "WHEN",
        requires = "snapshot",
        default_value = "exit"
    )]
    at: Moment,

    /// Leave the modules out of the snapshot: they must be given to `backstitch resume`
    #[arg(long, requires = "snapshot")]
    without_modules: bool,
}

/// The moment at which a snapshot is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The program has executed this many instructions.
    Fuel(u64),
    /// The program has called the function that it exports under this name.
    Export(String),
    /// The program has trapped.
    Trap,
    /// The program has ended by itself.
    Exit,
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        match (text, text.split_once('=')) {
            ("trap", _) => Ok(Moment::Trap),
            ("exit", _) => Ok(Moment::Exit),
            (_, Some(("fuel", count))) => quantity::count(count).map(Moment::Fuel),
            (_, Some(("export", name))) => Ok(Moment::Export(name.to_string())),
            _ => Err("it is one of `fuel=N`, `export=NAME`, `trap` and `exit`".to_string()),
        }
    }
}

impl Snapshotting {
    /// Returns whether a snapshot is to be written.
    pub(super) fn is_some(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Returns the moment at which the program is suspended for a snapshot, if it is.
    pub(super) fn suspends(&self) -> Option<&Moment> {
        let suspends = matches!(self.at, Moment::Fuel(_) | Moment::Export(_));
        (self.is_some() && suspends).then_some(&self.at)
    }

    /// Makes the programs of an engine stop at the moment of the snapshot.
    pub(super) fn configure(&self, config: &mut Config) {
        if let Some(Moment::Export(name)) = self.suspends() {
            config.suspend_at_export(name);
        }
    }

    /// Returns an error if a snapshot was to be made later than the program's end.
    pub(super) fn finished_early(&self, store: &Store<Host>) -> Result<(), Failure> {
        let when = match self.suspends() {
            None | Some(Moment::Trap | Moment::Exit) => return Ok(()),
            Some(Moment::Export(name)) => format!("and has not called `{name}`"),
            Some(Moment::Fuel(count)) => format!("before {count}"),
        };
        Err(Failure::Input(format!(
            "no snapshot was written: the program has ended after {} instructions, {when}",
            store.fuel_spent().unwrap_or_default()
        )))
    }

    /// Writes the snapshot, if it is to be written at this moment.
    pub(super) fn write_at(
        &self,
        moment: &Moment,
        store: &mut Store<Host>,
        program: &str,
    ) -> Result<(), Failure> {
        match &self.snapshot {
            Some(path) if self.at == *moment => write(store, path, program, !self.without_modules),
            _ => Ok(()),
        }
    }
}

/// Writes a snapshot of a store.
pub(super) fn write(
    store: &mut Store<Host>,
    path: &Path,
    program: &str,
    with_modules: bool,
) -> Result<(), Failure> {
    let cannot = |reason: &dyn std::fmt::Display| {
        let path = path.display();
        Failure::Input(format!("cannot write the snapshot `{path}`: {reason}"))
    };
    let file = File::create(path).map_err(|reason| cannot(&reason))?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let mut options = SnapshotOptions::new();
    options.name(program).embed_modules(with_modules);
    let mut written = |mut out: &mut dyn Write| {
        let written = store.snapshot(&mut State, &mut out, &options);
        written.map_err(|error| cannot(&format!("{error:#}")))
    };
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut encoder = GzEncoder::new(out, Compression::default());
        written(&mut encoder)?;
        out = encoder.finish().map_err(|reason| cannot(&reason))?;
    } else {
        written(&mut out)?;
    }
    out.flush().map_err(|reason| cannot(&reason))?;
    eprintln!(
        "Snapshot written to `{}`: see `backstitch resume`",
        path.display()
    );
    Ok(())
}

/// The part of snapshots that only this host knows: the state of WASI, and that of threads.
///
/// ```text
/// state   := length: u64, bytes of WasiCtx::save, option(threads)
/// threads := count: u32, count × execution: u32, bytes of Program::save
/// ```
///
/// The numbers are little-endian. The threads are there if there are more bytes.
pub(super) struct State;

impl SnapshotHost<Host> for State {
    fn save_data(&mut self, host: &Host) -> Result<Vec<u8>> {
        let mut wasi = Vec::new();
        host.wasi.save(&mut wasi)?;
        let mut bytes = (wasi.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut wasi);
        if let Some(threads) = &host.saved {
            let count = threads.executions.len() as u32;
            for number in [count].iter().chain(&threads.executions) {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend(&threads.program);
        }
        Ok(bytes)
    }

    fn restore_data(&mut self, bytes: &[u8]) -> Result<Host> {
        let (wasi, threads) =
            split(bytes).ok_or_else(|| Error::msg("the state of the host is incomplete"))?;
        let mut restorer = WasiCtxRestorer::new();
        restorer
            .output(wasi::STDOUT, wasi::stdout())
            .output(wasi::STDERR, wasi::stderr())
            .max_capacity(MAX_CAPACITY)
            .max_descriptors(MAX_DESCRIPTORS);
        let wasi = restorer.restore(wasi);
        Ok(Host {
            limits: StoreLimits::default(),
            wasi: wasi.map_err(|error| Error::context(error, "the state of WASI"))?,
            threads: Threads::new(0),
            saved: threads,
        })
    }
}

/// Splits the bytes of a [`State`] into those of WASI and the threads.
fn split(bytes: &[u8]) -> Option<(&[u8], Option<SavedThreads>)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (wasi, rest) = rest.split_at_checked(length)?;
    if rest.is_empty() {
        return Some((wasi, None));
    }
    let (count, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (numbers, program) = rest.split_at_checked(length.checked_mul(4)?)?;
    let (numbers, _) = numbers.as_chunks();
    let threads = SavedThreads {
        executions: numbers
            .iter()
            .map(|&bytes| u32::from_le_bytes(bytes))
            .collect(),
        program: program.to_vec(),
    };
    Some((wasi, Some(threads)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_parsed() {
        assert_eq!("fuel=1e3".parse(), Ok(Moment::Fuel(1000)));
        assert_eq!("export=a=b".parse(), Ok(Moment::Export("a=b".into())));
        assert_eq!("trap".parse(), Ok(Moment::Trap));
        assert_eq!("exit".parse(), Ok(Moment::Exit));
        assert!("fuel".parse::<Moment>().is_err() && "fuel=x".parse::<Moment>().is_err());
    }
}
