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
//! | 12 to 15 | options of the engine: see [`ArchiveOptions`] |
//! | 16 to 23 | fingerprint of the instruction set, without vectors; 64 bits |
//! | 24 to 31 | fingerprint of the instructions on vectors; 64 bits, 0 if there were none |
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

/// The size of the header in bytes.
const HEADER: usize = 76;

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

/// Options of an engine that change code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveOptions {
    /// [`Tunables::consume_fuel`].
    pub consume_fuel: bool,
    /// [`Tunables::epoch_interruption`].
    pub epoch_interruption: bool,
    /// [`Tunables::interruptible`].
    pub interruptible: bool,
    /// [`Tunables::observe_accesses`].
    pub observe_accesses: bool,
}

impl ArchiveOptions {
    fn of(tunables: &Tunables) -> ArchiveOptions {
        ArchiveOptions {
            consume_fuel: tunables.consume_fuel,
            epoch_interruption: tunables.epoch_interruption,
            interruptible: tunables.interruptible,
            observe_accesses: tunables.observe_accesses,
        }
    }

    /// Returns each option with its name.
    fn named(self) -> [(&'static str, bool); 4] {
        [
            ("consume_fuel", self.consume_fuel),
            ("epoch_interruption", self.epoch_interruption),
            ("interruptible", self.interruptible),
            ("observe_accesses", self.observe_accesses),
        ]
    }

    /// Returns the options as the bits of a number, in the order in which they are declared.
    fn encode(self) -> u32 {
        let bits = (0..).zip(self.named());
        bits.map(|(bit, (_, on))| u32::from(on) << bit).sum()
    }

    fn decode(bits: u32) -> ArchiveOptions {
        let has = |bit: u32| bits >> bit & 1 != 0;
        ArchiveOptions {
            consume_fuel: has(0),
            epoch_interruption: has(1),
            interruptible: has(2),
            observe_accesses: has(3),
        }
    }
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

/// Returns the number at an offset.
fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn long_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

impl Archive {
    /// Returns whether bytes begin as an archive does.
    pub fn is_archive(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    /// Returns the options of the engine that an archive was made for.
    ///
    /// # Errors
    ///
    /// If the bytes are not an archive, or are one of another version.
    pub fn options(bytes: &[u8]) -> Result<ArchiveOptions, ArchiveError> {
        if !Archive::is_archive(bytes) {
            return Err(ArchiveError::NotAnArchive);
        }
        let number = |at| number_at(bytes, at).ok_or(ArchiveError::Damaged);
        let long = |at| long_at(bytes, at).ok_or(ArchiveError::Damaged);
        if number(8)? != VERSION || long(16)? != fingerprint::SCALAR {
            return Err(ArchiveError::OtherVersion);
        }
        // An archive of a build with vectors need not use them.
        let vectors = long(24)?;
        if fingerprint::VECTOR.is_some_and(|known| vectors != 0 && vectors != known) {
            return Err(ArchiveError::OtherVersion);
        }
        Ok(ArchiveOptions::decode(number(12)?))
    }

    /// Reads the header and the table of an archive.
    ///
    /// # Errors
    ///
    /// The errors of [`Archive::options`]; an error if the archive is for another configuration, or is
    /// damaged.
    pub fn open(engine: &EngineInner, bytes: &ModuleBytes) -> Result<Archive, ArchiveError> {
        let options = Archive::options(bytes)?.named();
        let wanted = ArchiveOptions::of(&engine.tunables).named();
        for ((option, on), (_, wanted)) in options.into_iter().zip(wanted) {
            if on != wanted {
                return Err(ArchiveError::OtherConfig(option));
            }
        }
        if engine.tunables.probes.is_some() {
            return Err(ArchiveError::Probes);
        }
        let number = |at| number_at(bytes, at).ok_or(ArchiveError::Damaged);
        let [size, table, end] = [number(64)?, number(68)?, number(72)?].map(|it| it as usize);
        let contents = HEADER.saturating_add(size);
        let first = number(table)? as usize;
        let records = first.checked_sub(table).filter(|size| size % 4 == 0);
        let functions = records
            .map(|size| size / 4)
            .and_then(|it| it.checked_sub(1));
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
    /// The errors of [`Archive::options`]; an error if the archive is damaged.
    pub fn contents(bytes: &ModuleBytes) -> Result<ModuleBytes, ArchiveError> {
        Archive::options(bytes)?;
        let size = number_at(bytes, 64).ok_or(ArchiveError::Damaged)? as usize;
        let contents = bytes.slice(HEADER..HEADER.saturating_add(size));
        contents.ok_or(ArchiveError::Damaged)
    }

    /// Returns the SHA-256 of the module, as the archive gives it.
    pub fn sha256(&self) -> [u8; 32] {
        *self.bytes[32..].first_chunk().unwrap_or(&[0; 32])
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
        let record = self.record(defined).ok_or(ArchiveError::Damaged)?;
        let parse = || {
            let sizes = [4, 8, 12].map(|at| number_at(record, at));
            let (mut rest, mut parts) = (record.get(16..)?, [&record[..0]; 3]);
            for (part, size) in parts.iter_mut().zip(sizes) {
                (*part, rest) = rest.split_at_checked(size? as usize)?;
            }
            let [code, catches, map] = parts;
            Some(ArchivedFunction {
                extent: number_at(record, 0)?,
                code,
                catches,
                map,
            })
        };
        parse().ok_or(ArchiveError::Damaged)
    }

    fn record(&self, defined: usize) -> Option<&[u8]> {
        let entry = |index: usize| number_at(&self.bytes, self.table + 4 * index);
        if defined >= self.functions {
            return None;
        }
        let (start, end) = (entry(defined)?, entry(defined + 1)?);
        self.bytes.get(start as usize..end as usize)
    }
}

/// An archive that is being written.
pub struct ArchiveWriter {
    bytes: Vec<u8>,
    table: usize,
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
        let mut bytes = Vec::with_capacity(HEADER + module.bytes.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(ArchiveOptions::of(tunables).encode().to_le_bytes());
        bytes.extend(fingerprint::SCALAR.to_le_bytes());
        bytes.extend(fingerprint::VECTOR.unwrap_or(0).to_le_bytes());
        bytes.extend(module.sha256());
        bytes.extend(number(module.bytes.len())?.to_le_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend_from_slice(&module.bytes);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let table = bytes.len();
        bytes.resize(table + 4 * (module.bodies.len() + 1), 0);
        Ok(ArchiveWriter {
            bytes,
            table,
            next: table,
        })
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

    /// Writes the next entry of the table.
    fn entry(&mut self) -> Result<()> {
        let here = number(self.bytes.len())?;
        self.write(self.next, here);
        self.next += 4;
        Ok(())
    }

    fn write(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }

    /// Returns the archive, which has the code of all functions.
    ///
    /// # Errors
    ///
    /// If the archive is larger than archives can be.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.entry()?;
        let end = number(self.bytes.len())?;
        self.write(68, self.table as u32);
        self.write(72, end);
        Ok(self.bytes)
    }
}

fn number(size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::msg("an archive has at most 4 GiB"))
}
