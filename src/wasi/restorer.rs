//! Contexts from bytes.

use super::abi::{
    Descriptor, DescriptorTable, FdFlags, FileType, Object, OpenDirectory, OpenFile, Rights,
    Starts, TracedCall,
};
use super::context::{Trace, WasiCtx};
use super::deterministic::Shared;
use super::host::{DirectoryEntry, Host, InputStream, OutputStream};
use super::pipe::{Closed, MemoryInputPipe, MemoryOutputPipe};
use super::saved::FORMAT;
use crate::support::encoding::Reader;
use crate::support::error::{Error, Result};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Makes a [`WasiCtx`] of what [`WasiCtx::save`] has written.
///
/// The bytes may be any: they give an error, or a context that has access to nothing but what they
/// contain, the process's standard streams, and the streams that are given here.
#[derive(Default)]
pub struct WasiCtxRestorer {
    inputs: Vec<(String, Box<dyn InputStream>)>,
    outputs: Vec<(String, Box<dyn OutputStream>)>,
    trace: Option<Trace>,
    max_capacity: Option<u64>,
    max_descriptors: Option<usize>,
}

/// Takes the first stream of a name.
fn take_named<S>(streams: &mut Vec<(String, S)>, name: &str) -> Option<S> {
    let index = streams.iter().position(|(other, _)| other == name)?;
    Some(streams.remove(index).1)
}

impl WasiCtxRestorer {
    /// Creates a restorer without streams and limits.
    pub fn new() -> WasiCtxRestorer {
        WasiCtxRestorer::default()
    }

    /// Gives the input of a name: that of a [`Named`](super::Named) stream, or `process:stdin`. If
    /// several descriptors have inputs of this name, each needs one. Without this, `process:stdin` is
    /// the standard input of this process.
    pub fn input(&mut self, name: impl Into<String>, stream: impl InputStream) -> &mut Self {
        self.inputs.push((name.into(), Box::new(stream)));
        self
    }

    /// Gives the output of a name: that of a [`Named`](super::Named) stream, `process:stdout` or
    /// `process:stderr`. If several descriptors have outputs of this name, each needs one. Without
    /// this, the latter are the standard output and error of this process.
    pub fn output(&mut self, name: impl Into<String>, stream: impl OutputStream) -> &mut Self {
        self.outputs.push((name.into(), Box::new(stream)));
        self
    }

    /// Sets a hook that is called for each call of the program.
    pub fn trace(&mut self, trace: impl FnMut(&TracedCall<'_>) + Send + 'static) -> &mut Self {
        self.trace = Some(Box::new(trace));
        self
    }

    /// Sets the largest number of bytes that file systems and pipes for output may be allowed to
    /// contain: the sum of their capacities, which the bytes determine. A context with more is an
    /// error. By default there is no limit; set one if the bytes are not trusted.
    pub fn max_capacity(&mut self, bytes: u64) -> &mut Self {
        self.max_capacity = Some(bytes);
        self
    }

    /// Sets the largest number of descriptors that a program may be allowed to have open. A context
    /// that allows more is an error. By default there is no limit; set one if the bytes are not
    /// trusted.
    pub fn max_descriptors(&mut self, count: usize) -> &mut Self {
        self.max_descriptors = Some(count);
        self
    }

    /// Makes a context. The streams and the trace that were given before are moved to it.
    ///
    /// # Errors
    ///
    /// If the bytes are malformed or of another version; if they have a stream of a name that was not
    /// given; if a limit is exceeded; if they have an operating system as the host, and the feature
    /// `wasi` is off.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<WasiCtx> {
        let reader = &mut Reader::new(bytes);
        reader.head(FORMAT.0, FORMAT.1)?;
        let shared = Shared::restore(reader)?;
        let mut restoring = Restoring {
            shared,
            inputs: reader.list(MemoryInputPipe::restore)?,
            outputs: reader.list(MemoryOutputPipe::restore)?,
            restorer: self,
        };
        let host = restoring.host(reader)?;
        let args = reader.list(text)?;
        let env = reader.list(text)?;
        let suspend_when_blocked = reader.flag()?;
        let quota = reader.number()?;
        let max_wait = reader.option(Reader::time)?;
        let limit = reader.number()?;
        let limit = reader.expect(usize::try_from(limit).ok(), "a number of descriptors")?;
        let entries = reader.list(|reader| reader.option(|reader| restoring.descriptor(reader)))?;
        reader.end()?;
        let is_used = (!restoring.shared.has_unused()).then_some(());
        reader.expect(is_used, "no inode without a name that is not open")?;
        let capacity = restoring.capacity();
        if let Some(max) = self.max_capacity.filter(|&max| capacity > max) {
            return Err(Error::msg(format!(
                "files and pipes may contain {capacity} bytes, and {max} are allowed"
            )));
        }
        if let Some(max) = self.max_descriptors.filter(|&max| limit > max) {
            return Err(Error::msg(format!(
                "the program may have {limit} descriptors, and {max} are allowed"
            )));
        }
        Ok(WasiCtx {
            args,
            env,
            table: DescriptorTable::restore(entries, limit),
            host,
            trace: self.trace.take(),
            suspend_when_blocked,
            starts: Starts::default(),
            quota,
            max_wait,
        })
    }
}

impl fmt::Debug for WasiCtxRestorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxRestorer")
            .field("max_capacity", &self.max_capacity)
            .field("max_descriptors", &self.max_descriptors)
            .finish_non_exhaustive()
    }
}

/// Reads a text that programs get with a NUL at its end.
fn text(reader: &mut Reader<'_>) -> Result<String> {
    let text = reader.owned_string()?;
    let is_text = !text.contains('\0');
    reader.expect(is_text.then_some(text), "a text without NUL")
}

/// A context that is being restored.
struct Restoring<'a> {
    shared: Shared,
    inputs: Vec<MemoryInputPipe>,
    outputs: Vec<MemoryOutputPipe>,
    restorer: &'a mut WasiCtxRestorer,
}

impl Restoring<'_> {
    fn host(&self, reader: &mut Reader<'_>) -> Result<Box<dyn Host>> {
        match reader.byte()? {
            0 => Ok(Box::new(self.shared.restore_host(reader)?)),
            1 => system(reader.number()?),
            _ => Err(reader.malformed("the kind of a host")),
        }
    }

    /// Returns the number of bytes that file systems and pipes may contain.
    fn capacity(&self) -> u64 {
        let outputs = self.outputs.iter().map(MemoryOutputPipe::capacity);
        outputs.fold(self.shared.capacity(), u64::saturating_add)
    }

    fn descriptor(&mut self, reader: &mut Reader<'_>) -> Result<Descriptor> {
        let object = match reader.byte()? {
            0 => Object::Input(self.input(reader)?),
            1 => Object::Output(self.output(reader)?),
            2 => Object::File(OpenFile {
                file: self.shared.restore_file(reader)?,
                position: reader.number()?,
            }),
            3 => Object::Directory(OpenDirectory {
                directory: self.shared.restore_directory(reader)?,
                listing: reader.option(|reader| reader.list(entry))?,
            }),
            _ => return Err(reader.malformed("the kind of a descriptor")),
        };
        let is_directory = matches!(object, Object::Directory(_));
        Ok(Descriptor {
            object,
            base: rights(reader)?,
            inheriting: rights(reader)?,
            unasked: rights(reader)?,
            flags: flags(reader)?,
            preopen: reader.option(|reader| {
                let name = is_directory.then_some(text(reader)?);
                Ok(reader.expect(name, "a directory that was given")?.into())
            })?,
        })
    }

    fn input(&mut self, reader: &mut Reader<'_>) -> Result<Box<dyn InputStream>> {
        match reader.byte()? {
            1 => {
                let index = reader.index_below(self.inputs.len(), "the index of an input")?;
                Ok(Box::new(self.inputs[index].clone()))
            }
            2 => Ok(Box::new(self.shared.restore_input(reader)?)),
            3 => {
                let name = reader.string()?;
                let given = take_named(&mut self.restorer.inputs, name);
                given
                    .or_else(|| process_input(name))
                    .ok_or_else(|| Error::msg(format!("no input of the name `{name}` is given")))
            }
            _ => Err(reader.malformed("the kind of an input")),
        }
    }

    fn output(&mut self, reader: &mut Reader<'_>) -> Result<Box<dyn OutputStream>> {
        match reader.byte()? {
            0 => Ok(Box::new(Closed)),
            1 => {
                let index = reader.index_below(self.outputs.len(), "the index of an output")?;
                Ok(Box::new(self.outputs[index].clone()))
            }
            3 => {
                let name = reader.string()?;
                let given = take_named(&mut self.restorer.outputs, name);
                given
                    .or_else(|| process_output(name))
                    .ok_or_else(|| Error::msg(format!("no output of the name `{name}` is given")))
            }
            _ => Err(reader.malformed("the kind of an output")),
        }
    }
}

fn rights(reader: &mut Reader<'_>) -> Result<Rights> {
    let bits = reader.number()?;
    reader.expect(Rights::from_bits(bits), "rights")
}

fn flags(reader: &mut Reader<'_>) -> Result<FdFlags> {
    let bits = u16::try_from(reader.number()?).ok();
    reader.expect(bits.and_then(FdFlags::from_bits), "flags of a descriptor")
}

fn entry(reader: &mut Reader<'_>) -> Result<DirectoryEntry> {
    let name = reader.owned_string()?;
    let inode = reader.number()?;
    let file_type = FileType::from_number(reader.byte()?);
    Ok(DirectoryEntry {
        name,
        inode,
        file_type: reader.expect(file_type, "the type of a file")?,
    })
}

/// Returns the operating system as the host, whose monotonic clock has reached a time.
#[cfg(feature = "wasi")]
fn system(elapsed: u64) -> Result<Box<dyn Host>> {
    Ok(Box::new(super::System::started_before(elapsed)))
}

#[cfg(not(feature = "wasi"))]
fn system(_: u64) -> Result<Box<dyn Host>> {
    Err(Error::msg(
        "the host of the context is an operating system, and the feature `wasi` is off",
    ))
}

/// Returns an input of this process by its name.
#[cfg(feature = "wasi")]
fn process_input(name: &str) -> Option<Box<dyn InputStream>> {
    let input = super::SystemInput::by_name(name)?;
    Some(Box::new(input))
}

#[cfg(not(feature = "wasi"))]
fn process_input(_: &str) -> Option<Box<dyn InputStream>> {
    None
}

/// Returns an output of this process by its name.
#[cfg(feature = "wasi")]
fn process_output(name: &str) -> Option<Box<dyn OutputStream>> {
    let output = super::SystemOutput::by_name(name)?;
    Some(Box::new(output))
}

#[cfg(not(feature = "wasi"))]
fn process_output(_: &str) -> Option<Box<dyn OutputStream>> {
    None
}
