//! Archives: modules with the code of their functions.
//!
//! ```text
//!   header      see below
//!   module      the module in the binary format
//!   table       for each function that the module defines, the offset of its record; the end
//!   records     for each function: extent of a frame, sizes of three parts; the parts
//! ```
//!
//! The parts of a record are the cells in the indexed encoding of `code`, the table of blocks that catch
//! exceptions, and the frame map. What they contain is the translator's matter. All numbers are
//! little-endian and have 32 bits, except where the header says otherwise. Table and records begin at
//! multiples of four bytes.
//!
//! | bytes of the header | contents |
//! |---|---|
//! | 0 to 7 | [`MAGIC`] |
//! | 8 to 11 | version of the format |
//! | 12 to 15 | options of the engine: see [`options`] |
//! | 16 to 23 | fingerprint of the instruction set, without vectors; 64 bits |
//! | 24 to 31 | fingerprint of the instructions on vectors; 64 bits, 0 if the code has none |
//! | 32 to 63 | SHA-256 of the module |
//! | 64 to 75 | size of the module; offset of the table; size of the archive |

use super::{EngineInner, Module, ModuleBytes, Tunables};
use crate::code::fingerprint;
use crate::support::error::{Error, Result};
use alloc::vec::Vec;
use thiserror::Error as ThisError;

/// The first bytes of an archive. No module in the binary or text format begins with them.
pub const MAGIC: [u8; 8] = *b"\0stitch\n";

/// The version of the format.
const VERSION: u32 = 1;

/// The bytes at which the parts of the header begin.
mod at {
    pub const VERSION: usize = 8;
    pub const OPTIONS: usize = 12;
    pub const SCALAR: usize = 16;
    pub const VECTOR: usize = 24;
    pub const SHA256: usize = 32;
    pub const MODULE_SIZE: usize = 64;
    pub const TABLE: usize = 68;
    pub const SIZE: usize = 72;
    pub const MODULE: usize = 76;
}

/// The size of a record without its parts, in bytes.
const RECORD: usize = 16;

/// The reason why bytes are not an archive that an engine can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The bytes do not begin as an archive does.
    #[error("the bytes are not an archive")]
    NotAnArchive,
    /// The archive was written by another version of Backstitch, or is for other instructions.
    #[error("the archive is of another version of Backstitch")]
    OtherVersion,
    /// The archive contains instructions on vectors, which this build does not have.
    #[error("the archive has instructions on vectors, which this build leaves out")]
    Vectors,
    /// The configuration of the engine for which the archive was made differs.
    #[error("the archive was made with another value of `Config::{0}`")]
    OtherConfig(&'static str),
    /// The engine puts probes into code, which archives do not have.
    #[error("an engine with `Config::suspend_at_export` neither writes nor reads archives")]
    Probes,
    /// The bytes end too early, or a part of the archive is not where it should be.
    #[error("the archive is damaged")]
    Damaged,
}

/// Returns the options of an engine that change code, by name. Archives have them as the bits of a
/// number, in this order.
fn options(tunables: &Tunables) -> [(&'static str, bool); 4] {
    [
        ("consume_fuel", tunables.consume_fuel),
        ("epoch_interruption", tunables.epoch_interruption),
        ("interruptible", tunables.interruptible),
        ("observe_accesses", tunables.observe_accesses),
    ]
}

/// The code of a function in an archive.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedFunction<'a> {
    /// The extent of a frame, in slots.
    pub extent: u32,
    /// The cells, in the indexed encoding.
    pub code: &'a [u8],
    /// The blocks that catch exceptions.
    pub catches: &'a [u8],
    /// The frame map.
    pub map: &'a [u8],
}

/// An archive whose header and table have been checked.
#[derive(Debug)]
pub struct Archive {
    bytes: ModuleBytes,
    /// Offset of the table.
    table: usize,
    /// Number of functions in the table.
    functions: usize,
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], ArchiveError> {
    let array = bytes.get(at..).and_then(<[u8]>::first_chunk);
    array.copied().ok_or(ArchiveError::Damaged)
}

fn number_at(bytes: &[u8], at: usize) -> Result<u32, ArchiveError> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn long_at(bytes: &[u8], at: usize) -> Result<u64, ArchiveError> {
    array_at(bytes, at).map(u64::from_le_bytes)
}

impl Archive {
    /// Returns whether bytes begin as an archive does.
    pub fn is_archive(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    /// Checks that bytes are an archive whose code this build can read.
    fn recognise(bytes: &[u8]) -> Result<(), ArchiveError> {
        if !Archive::is_archive(bytes) {
            return Err(ArchiveError::NotAnArchive);
        }
        if number_at(bytes, at::VERSION)? != VERSION
            || long_at(bytes, at::SCALAR)? != fingerprint::SCALAR
        {
            return Err(ArchiveError::OtherVersion);
        }
        match (long_at(bytes, at::VECTOR)?, fingerprint::VECTOR) {
            (0, _) => Ok(()),
            (_, None) => Err(ArchiveError::Vectors),
            (found, Some(known)) if found == known => Ok(()),
            _ => Err(ArchiveError::OtherVersion),
        }
    }

    /// Sets the options of an engine to those of the engine that an archive was made for.
    ///
    /// # Errors
    ///
    /// If the bytes are not an archive that this build can read.
    pub fn configure(bytes: &[u8], tunables: &mut Tunables) -> Result<(), ArchiveError> {
        Archive::recognise(bytes)?;
        let bits = number_at(bytes, at::OPTIONS)?;
        let [fuel, epochs, interruptible, accesses] = [0, 1, 2, 3].map(|bit| bits >> bit & 1 != 0);
        tunables.consume_fuel = fuel;
        tunables.epoch_interruption = epochs;
        tunables.interruptible = interruptible;
        tunables.observe_accesses = accesses;
        Ok(())
    }

    /// Reads the header and the table of an archive.
    ///
    /// # Errors
    ///
    /// If the bytes are not an archive that this build can read; if the archive is for another
    /// configuration, or damaged.
    pub fn open(engine: &EngineInner, bytes: &ModuleBytes) -> Result<Archive, ArchiveError> {
        let mut made_for = engine.tunables.clone();
        Archive::configure(bytes, &mut made_for)?;
        let pairs = options(&made_for)
            .into_iter()
            .zip(options(&engine.tunables));
        for ((option, made_for), (_, is)) in pairs {
            if made_for != is {
                return Err(ArchiveError::OtherConfig(option));
            }
        }
        if engine.tunables.probes.is_some() {
            return Err(ArchiveError::Probes);
        }
        let size = |at| number_at(bytes, at).map(|size| size as usize);
        let (table, end) = (size(at::TABLE)?, size(at::SIZE)?);
        let contents = at::MODULE.saturating_add(size(at::MODULE_SIZE)?);
        let records = size(table)?.checked_sub(table).filter(|size| size % 4 == 0);
        let functions = records.and_then(|size| (size / 4).checked_sub(1));
        match functions {
            Some(functions) if contents <= table && end == bytes.len() => Ok(Archive {
                bytes: bytes.clone(),
                table,
                functions,
            }),
            _ => Err(ArchiveError::Damaged),
        }
    }

    /// Returns the module in an archive, in the binary format.
    ///
    /// # Errors
    ///
    /// If the bytes are not an archive that this build can read, or end too early.
    pub fn contents(bytes: &ModuleBytes) -> Result<ModuleBytes, ArchiveError> {
        Archive::recognise(bytes)?;
        let size = number_at(bytes, at::MODULE_SIZE)? as usize;
        let contents = bytes.slice(at::MODULE..at::MODULE.saturating_add(size));
        contents.ok_or(ArchiveError::Damaged)
    }

    /// Returns the SHA-256 of the module, as the archive gives it.
    ///
    /// # Errors
    ///
    /// If the archive is damaged.
    pub fn sha256(&self) -> Result<[u8; 32], ArchiveError> {
        array_at(&self.bytes, at::SHA256)
    }

    /// Returns the number of functions.
    pub fn functions(&self) -> usize {
        self.functions
    }

    /// Returns the code of a function, counted from the first one that the module defines.
    ///
    /// # Errors
    ///
    /// If the archive is damaged.
    pub fn function(&self, defined: usize) -> Result<ArchivedFunction<'_>, ArchiveError> {
        if defined >= self.functions {
            return Err(ArchiveError::Damaged);
        }
        let entry = |index: usize| number_at(&self.bytes, self.table + 4 * index);
        let range = entry(defined)? as usize..entry(defined + 1)? as usize;
        let record = self.bytes.get(range).ok_or(ArchiveError::Damaged)?;
        let mut rest = record.get(RECORD..).ok_or(ArchiveError::Damaged)?;
        let mut part = |number: usize| {
            let size = number_at(record, 4 * number)? as usize;
            let parts = rest.split_at_checked(size).ok_or(ArchiveError::Damaged)?;
            rest = parts.1;
            Ok(parts.0)
        };
        Ok(ArchivedFunction {
            code: part(1)?,
            catches: part(2)?,
            map: part(3)?,
            extent: number_at(record, 0)?,
        })
    }
}

/// An archive that is being written.
pub struct ArchiveWriter {
    bytes: Vec<u8>,
    /// Offset of the next entry of the table.
    next: usize,
}

impl ArchiveWriter {
    /// Begins the archive of a module.
    ///
    /// # Errors
    ///
    /// If the module is larger than archives can be, or the engine puts probes into code.
    pub fn new(module: &Module) -> Result<ArchiveWriter> {
        let tunables = &module.engine.tunables;
        if tunables.probes.is_some() {
            return Err(ArchiveError::Probes.into());
        }
        let options = (0..).zip(options(tunables));
        let options: u32 = options.map(|(bit, (_, on))| u32::from(on) << bit).sum();
        let mut bytes = Vec::with_capacity(at::MODULE + module.bytes.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(options.to_le_bytes());
        bytes.extend(fingerprint::SCALAR.to_le_bytes());
        bytes.resize(at::SHA256, 0);
        bytes.extend(module.sha256());
        bytes.extend(number(module.bytes.len())?.to_le_bytes());
        bytes.resize(at::MODULE, 0);
        bytes.extend_from_slice(&module.bytes);
        let table = bytes.len().next_multiple_of(4);
        bytes.resize(table + 4 * (module.bodies.len() + 1), 0);
        bytes[at::TABLE..][..4].copy_from_slice(&number(table)?.to_le_bytes());
        Ok(ArchiveWriter { bytes, next: table })
    }

    /// Records that the code has instructions on vectors.
    pub fn uses_vectors(&mut self) {
        let vectors = fingerprint::VECTOR.unwrap_or(0).to_le_bytes();
        self.bytes[at::VECTOR..][..vectors.len()].copy_from_slice(&vectors);
    }

    /// Adds the code of the next function that the module defines.
    ///
    /// # Errors
    ///
    /// If the archive is larger than archives can be.
    pub fn push(&mut self, function: &ArchivedFunction<'_>) -> Result<()> {
        self.entry()?;
        let parts = [function.code, function.catches, function.map];
        self.bytes.extend(function.extent.to_le_bytes());
        for part in parts {
            self.bytes.extend(number(part.len())?.to_le_bytes());
        }
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        Ok(())
    }

    /// Writes the next entry of the table: the present size. Returns it.
    fn entry(&mut self) -> Result<[u8; 4]> {
        let here = number(self.bytes.len())?.to_le_bytes();
        self.bytes[self.next..][..4].copy_from_slice(&here);
        self.next += 4;
        Ok(here)
    }

    /// Returns the archive, which has the code of all functions.
    ///
    /// # Errors
    ///
    /// If the archive is larger than archives can be.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        let size = self.entry()?;
        self.bytes[at::SIZE..][..4].copy_from_slice(&size);
        Ok(self.bytes)
    }
}

fn number(size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::msg("an archive has at most 4 GiB"))
}
