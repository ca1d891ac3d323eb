//! Contexts as bytes.
//!
//! # Format
//!
//! ```text
//! context    := name: string, version: number, shared, inputs: vec(input), outputs: vec(output),
//!               host, vec(argument: string), vec(variable: string), suspends: flag,
//!               bytes left for files: number, longest wait: option(seconds, nanoseconds: number),
//!               largest number of descriptors: number, vec(option(descriptor))
//! shared     := vec(time), vec(files)
//! host       := 0x00 deterministic host | 0x01 nanoseconds since the start: number
//! descriptor := object, rights, inheriting, without request, flags: number,
//!               given directory: option(name: string)
//! object     := 0x00 stream | 0x01 stream | 0x02 open, position: number
//!             | 0x03 open, listing: option(vec(name: string, inode: number, type: byte))
//! stream     := 0x00 | 0x01 pipe: index | 0x02 scripted input | 0x03 name: string
//! ```
//!
//! Numbers are unsigned LEB128 of up to 64 bits. `vec` is a count and that many items, `option` a
//! flag and an item if it is 1, `bytes` and strings a count and that many bytes. The object 0x00 is
//! an input, 0x01 an output; the stream 0x00 is an output that discards everything. The formats of
//! `time`, `files`, `open`, the scripted input and the deterministic host are those of
//! `deterministic/saved.rs`, those of `input` and `output` are in `pipe.rs`.

use super::abi::{Descriptor, Object, OpenDirectory, OpenFile};
use super::context::WasiCtx;
use super::deterministic::{Deterministic, MemoryDirectory, ScriptedInput, Shared, VirtualTime};
use super::host::{InputStream, OutputStream};
use super::pipe::{Closed, MemoryInputPipe, MemoryOutputPipe};
use crate::support::encoding;
use crate::support::error::{Error, Result};
use crate::support::write::Write;
use alloc::format;
use alloc::vec::Vec;

/// Name and version of the format.
pub(super) const FORMAT: (&str, u64) = ("backstitch.wasi", 1);

/// The state that the descriptors of a context share.
#[derive(Default)]
struct Collected {
    shared: Shared,
    inputs: Vec<MemoryInputPipe>,
    outputs: Vec<MemoryOutputPipe>,
}

/// Returns a stream, file, directory or host as `T`.
macro_rules! downcast {
    ($object:expr => $type:ty) => {
        $object.as_any().and_then(|any| any.downcast_ref::<$type>())
    };
}

impl WasiCtx {
    /// Writes the state of the context, from which
    /// [`WasiCtxRestorer`](super::WasiCtxRestorer) makes a context that gives the same answers. Equal
    /// states are equal bytes, on every target.
    ///
    /// * **Kept**: the arguments and the environment; all descriptors with rights, flags, positions
    ///   and listings of directories; the files and directories of each
    ///   [`MemoryDirectory`], also removed ones that are open; the clock and the random numbers of
    ///   [`Deterministic`]; the unread bytes of [`MemoryInputPipe`] and
    ///   [`ScriptedInput`]; the bytes and the capacity of [`MemoryOutputPipe`]; all limits.
    /// * **By name**: the process's standard streams, and [`Named`](super::Named) streams.
    /// * **Absent**: the trace, and streams that the program has closed.
    ///
    /// A context on the operating system ([`System`](super::System)) can be saved while it has no
    /// files or directories. Its clocks are those of the system that restores it.
    ///
    /// ```
    /// use backstitch::wasi::{Deterministic, MemoryDirectory, WasiCtxBuilder, WasiCtxRestorer};
    ///
    /// let host = Deterministic::new(1);
    /// let files = MemoryDirectory::new(host.time());
    /// files.write("greeting", "hello")?;
    /// let wasi = WasiCtxBuilder::with_host(host).preopen(files, "/").build();
    /// let mut bytes = Vec::new();
    /// wasi.save(&mut bytes)?;
    ///
    /// let restored = WasiCtxRestorer::new().restore(&bytes)?;
    /// assert_eq!(restored.memory_directory(3).unwrap().read("greeting")?, b"hello");
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An error that names the descriptor or the host that cannot be saved: files and directories of
    /// the operating system, and hosts, streams and directories of the embedder's own. Errors of
    /// writing.
    pub fn save(&self, out: &mut impl Write) -> Result<()> {
        let out: &mut dyn Write = out;
        let mut collected = self.collect()?;
        encoding::head(out, FORMAT.0, FORMAT.1)?;
        collected.shared.save(out)?;
        encoding::list(out, collected.inputs.iter(), |out, pipe| pipe.save(out))?;
        encoding::list(out, collected.outputs.iter(), |out, pipe| pipe.save(out))?;
        self.save_host(out, &collected.shared)?;
        for texts in [&self.args, &self.env] {
            encoding::list(out, texts.iter(), |out, text| encoding::string(out, text))?;
        }
        encoding::flag(out, self.suspend_when_blocked)?;
        encoding::number(out, self.quota)?;
        encoding::option(out, self.max_wait, encoding::time)?;
        encoding::size(out, self.table.limit())?;
        encoding::list(out, self.table.entries().iter(), |out, descriptor| {
            encoding::option(out, descriptor.as_ref(), |out, descriptor| {
                collected.save_descriptor(out, descriptor)
            })
        })
    }

    /// Collects what the host and the descriptors share.
    fn collect(&self) -> Result<Collected> {
        let mut collected = Collected::default();
        if let Some(host) = downcast!(self.host => Deterministic) {
            collected.shared.add_host(host);
        }
        for (fd, descriptor) in self.table.entries().iter().enumerate() {
            if let Some(descriptor) = descriptor {
                let added = collected.add(&descriptor.object);
                added.map_err(|what| {
                    Error::msg(format!(
                        "the state of descriptor {fd} cannot be saved: {what}"
                    ))
                })?;
            }
        }
        Ok(collected)
    }

    fn save_host(&self, out: &mut dyn Write, shared: &Shared) -> Result<()> {
        if let Some(host) = downcast!(self.host => Deterministic) {
            encoding::byte(out, 0)?;
            return shared.save_host(out, host);
        }
        #[cfg(feature = "wasi")]
        if let Some(host) = downcast!(self.host => super::System) {
            encoding::byte(out, 1)?;
            return encoding::number(out, host.elapsed());
        }
        Err(Error::msg(
            "the state of the context's host cannot be saved: it is neither `Deterministic` nor \
             `System`",
        ))
    }

    /// Returns the pipe that a descriptor reads from, if it is a [`MemoryInputPipe`]. The standard
    /// input is descriptor 0.
    pub fn memory_input(&self, fd: u32) -> Option<MemoryInputPipe> {
        match &self.table.get(fd).ok()?.object {
            Object::Input(stream) => downcast!(stream => MemoryInputPipe).cloned(),
            _ => None,
        }
    }

    /// Returns the pipe that a descriptor writes to, if it is a [`MemoryOutputPipe`]. The standard
    /// output is descriptor 1, the standard error descriptor 2.
    pub fn memory_output(&self, fd: u32) -> Option<MemoryOutputPipe> {
        match &self.table.get(fd).ok()?.object {
            Object::Output(stream) => downcast!(stream => MemoryOutputPipe).cloned(),
            _ => None,
        }
    }

    /// Returns the directory of a descriptor, if it is a [`MemoryDirectory`]. The directories that
    /// the embedder gave begin with descriptor 3.
    pub fn memory_directory(&self, fd: u32) -> Option<MemoryDirectory> {
        match &self.table.get(fd).ok()?.object {
            Object::Directory(open) => open.directory.as_any().downcast_ref().cloned(),
            _ => None,
        }
    }

    /// Returns the time of the host, if it is [`Deterministic`].
    pub fn virtual_time(&self) -> Option<VirtualTime> {
        downcast!(self.host => Deterministic).map(Deterministic::time)
    }
}

/// The reason why an object cannot be saved.
type Unsaved = &'static str;

impl Collected {
    fn add(&mut self, object: &Object) -> Result<(), Unsaved> {
        match object {
            Object::Input(stream) => {
                if stream.saved_name().is_some() {
                } else if let Some(pipe) = downcast!(stream => MemoryInputPipe) {
                    if !self.inputs.iter().any(|other| other.is_same(pipe)) {
                        self.inputs.push(pipe.clone());
                    }
                } else if let Some(input) = downcast!(stream => ScriptedInput) {
                    self.shared.add_input(input);
                } else {
                    return Err("it is an input of the embedder's or of the operating system");
                }
            }
            Object::Output(stream) => {
                if stream.saved_name().is_some() || downcast!(stream => Closed).is_some() {
                } else if let Some(pipe) = downcast!(stream => MemoryOutputPipe) {
                    if !self.outputs.iter().any(|other| other.is_same(pipe)) {
                        self.outputs.push(pipe.clone());
                    }
                } else {
                    return Err("it is an output of the embedder's or of the operating system");
                }
            }
            Object::File(open) => {
                if !self.shared.add_file(&*open.file) {
                    return Err("it is an open file of the operating system, or of the embedder's");
                }
            }
            Object::Directory(open) => {
                if !self.shared.add_directory(&*open.directory) {
                    return Err("it is a directory of the operating system, or of the embedder's");
                }
            }
        }
        Ok(())
    }

    fn save_descriptor(&self, out: &mut dyn Write, descriptor: &Descriptor) -> Result<()> {
        match &descriptor.object {
            Object::Input(stream) => {
                encoding::byte(out, 0)?;
                self.save_input(out, &**stream)?;
            }
            Object::Output(stream) => {
                encoding::byte(out, 1)?;
                self.save_output(out, &**stream)?;
            }
            Object::File(OpenFile { file, position }) => {
                encoding::byte(out, 2)?;
                self.shared.save_file(out, &**file)?;
                encoding::number(out, *position)?;
            }
            Object::Directory(OpenDirectory { directory, listing }) => {
                encoding::byte(out, 3)?;
                self.shared.save_directory(out, &**directory)?;
                encoding::option(out, listing.as_ref(), |out, listing| {
                    encoding::list(out, listing.iter(), |out, entry| {
                        encoding::string(out, &entry.name)?;
                        encoding::number(out, entry.inode)?;
                        encoding::byte(out, entry.file_type as u8)
                    })
                })?;
            }
        }
        let rights = [descriptor.base, descriptor.inheriting, descriptor.unasked];
        for rights in rights {
            encoding::number(out, rights.bits())?;
        }
        encoding::number(out, descriptor.flags.bits().into())?;
        let name = descriptor.preopen.as_deref();
        encoding::option(out, name, |out, name| encoding::string(out, name))
    }

    fn save_input(&self, out: &mut dyn Write, stream: &dyn InputStream) -> Result<()> {
        if let Some(name) = stream.saved_name() {
            encoding::byte(out, 3)?;
            return encoding::string(out, name);
        }
        if let Some(input) = downcast!(stream => ScriptedInput) {
            encoding::byte(out, 2)?;
            return self.shared.save_input(out, input);
        }
        let pipe = downcast!(stream => MemoryInputPipe).expect("other inputs were refused");
        let mut inputs = self.inputs.iter();
        let index = inputs.position(|other| other.is_same(pipe));
        encoding::byte(out, 1)?;
        encoding::size(out, index.expect("the pipe was collected"))
    }

    fn save_output(&self, out: &mut dyn Write, stream: &dyn OutputStream) -> Result<()> {
        if let Some(name) = stream.saved_name() {
            encoding::byte(out, 3)?;
            return encoding::string(out, name);
        }
        if downcast!(stream => Closed).is_some() {
            return encoding::byte(out, 0);
        }
        let pipe = downcast!(stream => MemoryOutputPipe).expect("other outputs were refused");
        let mut outputs = self.outputs.iter();
        let index = outputs.position(|other| other.is_same(pipe));
        encoding::byte(out, 1)?;
        encoding::size(out, index.expect("the pipe was collected"))
    }
}
