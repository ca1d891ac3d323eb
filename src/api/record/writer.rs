//! The events of a recording as bytes.

use super::changes::next_change;
use super::format::{
    Check, MOST_QUIET, Shape, WriteShape, address_of, event, import, state, write_data,
    write_number, write_text,
};
use super::header::Header;
use super::references::{is_writable, type_of};
use super::values::{write_memory_type, write_numeric, write_table_type};
use crate::code::Trap;
use crate::heap::{Extern, HostEvent, Left, Recording, StoreInner, ThrownException};
use crate::ids::{FuncIndex, MemoryIndex, StackId};
use crate::module::{FuncType, Module, ValType, read_values};
use crate::support::error::{Error, Result};
use crate::support::write::Write;
use crate::{bail, format_err};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

/// Number of bytes that are written to the output at once.
const PIECE: usize = 8 << 10;

/// Largest distance between an argument and an address that is written relative to it.
const NEAR: u64 = 64;

/// A call of a host function that has not returned.
#[derive(Debug)]
pub(super) struct Frame {
    /// Number of the function in the log.
    function: u32,
    /// The check at the call.
    check: u8,
    /// True if the call is in the log. It is not before something follows that depends on it.
    is_written: bool,
    pub ty: Arc<FuncType>,
    pub arguments: Vec<u64>,
    /// Writes that are not in the log yet, and their bytes.
    writes: Vec<WriteShape>,
    bytes: Vec<u8>,
}

/// A host function that is in the log.
#[derive(Debug)]
pub(super) struct Function {
    /// Name of the first import that it was.
    pub name: (String, String),
    pub ty: Arc<FuncType>,
    /// True if no result is a reference.
    pub is_numeric: bool,
    /// Effects of its last call.
    pub shape: Option<Shape>,
}

/// A recorder that writes a log.
pub(super) struct Writer {
    out: Box<dyn Write + Send + Sync>,
    pub buffer: Vec<u8>,
    embeds_modules: bool,
    /// The first error, after which nothing is written.
    failed: Option<String>,
    check: Check,
    pub functions: Vec<Function>,
    /// Numbers in the log of the store's host functions.
    pub numbers: BTreeMap<FuncIndex, u32>,
    /// The host function that was called last, and its number.
    last_called: Option<(FuncIndex, u32)>,
    modules: Vec<Arc<Module>>,
    /// Numbers of executions by their stacks.
    pub executions: BTreeMap<StackId, u32>,
    started: u32,
    pub frames: Vec<Frame>,
    /// A frame that has returned, whose allocations the next one takes.
    spare: Option<Frame>,
    /// Number of calls that have returned as they did last, without writes, and that are not in the
    /// log yet.
    quiet: u8,
    /// The check at the last of these calls.
    quiet_check: u8,
    /// Results of the function that returns.
    results: Vec<u8>,
    /// Memories that the host has borrowed, with their former contents.
    borrowed: Vec<(MemoryIndex, Vec<u8>)>,
    /// Number of times that the limiter was called for a growth.
    growths: u64,
    /// Sums of the fuel and of the instructions executed, after the fuel was set last and before
    /// that.
    fuel: [u64; 2],
}

impl Writer {
    pub(super) fn new(
        out: Box<dyn Write + Send + Sync>,
        header: &Header,
        embeds_modules: bool,
        fuel: u64,
    ) -> Result<Writer> {
        let mut writer = Writer {
            out,
            buffer: Vec::new(),
            embeds_modules,
            failed: None,
            check: Check::default(),
            functions: Vec::new(),
            numbers: BTreeMap::new(),
            last_called: None,
            modules: Vec::new(),
            executions: BTreeMap::new(),
            started: 0,
            frames: Vec::new(),
            spare: None,
            quiet: 0,
            quiet_check: 0,
            results: Vec::new(),
            borrowed: Vec::new(),
            growths: 0,
            fuel: [fuel; 2],
        };
        header.write(&mut writer.buffer);
        write_number(&mut writer.buffer, fuel);
        writer.flush()?;
        Ok(writer)
    }

    fn flush(&mut self) -> Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn number(&mut self, number: u64) {
        write_number(&mut self.buffer, number);
    }

    pub(super) fn event(&mut self, number: u8) {
        self.spill();
        self.buffer.push(number);
    }

    /// Writes the calls that are not in the log yet, and the writes of the running host function.
    pub(super) fn spill(&mut self) {
        self.write_quiet();
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if !frame.is_written {
            frame.is_written = true;
            write_call(&mut self.buffer, frame, 0);
        }
        write_all(&mut self.buffer, frame);
        frame.writes.clear();
        frame.bytes.clear();
    }

    /// Writes the calls that have returned as they did last.
    fn write_quiet(&mut self) {
        if self.quiet > 0 {
            self.buffer
                .extend([event::QUIET, self.quiet, self.quiet_check]);
            self.quiet = 0;
        }
    }

    /// Adds a write of the host to a memory.
    fn add_write(&mut self, memory: MemoryIndex, address: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let (base, offset) = match self.frames.last() {
            Some(frame) => relative(frame, address),
            None => (0, address),
        };
        let shape = WriteShape {
            memory: memory.0,
            base,
            offset,
            len: bytes.len() as u64,
        };
        match self.frames.last_mut() {
            Some(frame) => {
                frame.writes.push(shape);
                frame.bytes.extend_from_slice(bytes);
            }
            None => {
                self.event(event::WRITE);
                write_shape(&mut self.buffer, &shape);
                write_data(&mut self.buffer, bytes);
            }
        }
    }

    /// Adds the changes of memories that the host has borrowed.
    fn add_changes(&mut self, store: &StoreInner) {
        if self.borrowed.is_empty() {
            return;
        }
        for (memory, before) in mem::take(&mut self.borrowed) {
            let now = store.memory(memory).bytes().unwrap_or_default();
            let mut at = 0;
            while let Some(change) = next_change(&before, now, at) {
                self.add_write(memory, change.start as u64, &now[change.clone()]);
                at = change.end;
            }
        }
    }

    fn write(&mut self, store: &StoreInner, action: HostEvent<'_>) -> Result<()> {
        self.add_changes(store);
        match action {
            HostEvent::Entered(function, arguments) => self.enter(store, function, arguments)?,
            HostEvent::Returned(returned) => {
                let frame = self.frames.pop();
                let mut frame = frame.ok_or_else(|| Error::msg("no host function was called"))?;
                self.leave_host(store, &mut frame, returned)
                    .map_err(|error| self.of_function(frame.function, error))?;
                self.spare = Some(frame);
            }
            HostEvent::Called(function, arguments) => {
                let target = self.function(store, function)?;
                let arguments = self.arguments(store, function, arguments)?;
                self.event(event::CALL);
                self.buffer.extend_from_slice(&target);
                self.buffer.extend_from_slice(&arguments);
            }
            HostEvent::Started {
                stack,
                function,
                arguments,
                handles,
            } => {
                let target = self.function(store, function)?;
                let arguments = self.arguments(store, function, arguments)?;
                self.event(event::START);
                self.buffer.extend_from_slice(&target);
                self.buffer.extend_from_slice(&arguments);
                self.number(handles.len() as u64);
                for tag in handles {
                    self.number(tag.0.into());
                }
                self.executions.insert(stack, self.started);
                self.started += 1;
            }
            HostEvent::Advanced(stack, results) => {
                let number = self.execution(stack)?;
                let (event, results) = match results {
                    None => (event::RESUME, Vec::new()),
                    Some(results) => (event::RESUME_WITH, self.awaited(store, stack, results)?),
                };
                self.event(event);
                self.number(number.into());
                self.buffer.extend_from_slice(&results);
            }
            HostEvent::TimedOut(stack) => {
                let number = self.execution(stack)?;
                self.event(event::TIME_OUT);
                self.number(number.into());
            }
            HostEvent::Named(stack, name) => {
                let number = self.execution(stack)?;
                self.event(event::NAME);
                self.number(number.into());
                write_text(&mut self.buffer, name);
            }
            HostEvent::Left(left) => self.leave(store, left),
            HostEvent::Instantiates(module, imports) => self.instantiate(store, module, imports)?,
            HostEvent::Wrote(memory, address, bytes) => self.add_write(memory, address, bytes),
            HostEvent::Borrows(memory) => {
                // A memory that cannot be borrowed makes the host panic.
                let bytes = store.memory(memory).bytes().unwrap_or_default();
                self.borrowed.push((memory, bytes.to_vec()));
            }
            HostEvent::Notifies(memory, address, count) => {
                self.event(event::NOTIFY);
                self.number(memory.0.into());
                self.number(address);
                self.number(count.into());
            }
            HostEvent::GrowsMemory(memory, delta) => {
                self.event(event::GROW_MEMORY);
                self.number(memory.0.into());
                self.number(delta);
            }
            HostEvent::CreatesMemory(ty) => {
                self.event(event::NEW_MEMORY);
                write_memory_type(&mut self.buffer, &ty);
            }
            HostEvent::CreatesGlobal(ty, bits) => {
                let value = self.value(store, ty.value, bits)?;
                self.event(event::NEW_GLOBAL);
                self.write_type(ty.value)?;
                self.buffer.push(u8::from(ty.mutable));
                self.buffer.extend_from_slice(&value);
            }
            HostEvent::SetsGlobal(global, bits) => {
                let value = self.value(store, store.global(global).ty().value, bits)?;
                self.event(event::SET_GLOBAL);
                self.number(global.0.into());
                self.buffer.extend_from_slice(&value);
            }
            HostEvent::CreatesTable(ty, bits) => {
                let value = self.value(store, ValType::Ref(ty.element), [bits, 0])?;
                self.event(event::NEW_TABLE);
                if !write_table_type(&mut self.buffer, &ty) {
                    bail!("a table whose type a module defines cannot be recorded");
                }
                self.buffer.extend_from_slice(&value);
            }
            HostEvent::GrowsTable(table, delta, bits) => {
                let ty = store.table(table).ty().element;
                let value = self.value(store, ValType::Ref(ty), [bits, 0])?;
                self.event(event::GROW_TABLE);
                self.number(table.0.into());
                self.number(delta);
                self.buffer.extend_from_slice(&value);
            }
            HostEvent::FillsTable(table, start, len, bits) => {
                let ty = store.table(table).ty().element;
                let value = self.value(store, ValType::Ref(ty), [bits, 0])?;
                self.event(event::FILL_TABLE);
                self.number(table.0.into());
                self.number(start);
                self.number(len);
                self.buffer.extend_from_slice(&value);
            }
            HostEvent::CopiesTable { to, from, len } => {
                self.event(event::COPY_TABLE);
                for (table, index) in [to, from] {
                    self.number(table.0.into());
                    self.number(index);
                }
                self.number(len);
            }
            HostEvent::CreatesTag(ty) => {
                self.event(event::NEW_TAG);
                let ty = store.engine().types.func(ty);
                self.write_func_type(&ty)?;
            }
            HostEvent::SetsFuel(fuel) => {
                let spent = store.stacks.fuel_spent();
                let sum = fuel.wrapping_add(spent);
                if sum == self.fuel[1] {
                    self.event(event::RESTORE_FUEL);
                } else {
                    self.event(event::SET_FUEL);
                    self.number(fuel);
                }
                self.fuel = [sum, self.fuel[0]];
            }
            HostEvent::AsksToGrow => self.growths += 1,
            HostEvent::DeniesGrowth => {
                self.event(event::DENY_GROWTH);
                self.number(self.growths);
            }
            HostEvent::FailsGrowth(error) => {
                self.event(event::FAIL_GROWTH);
                self.number(self.growths);
                write_text(&mut self.buffer, &error.to_string());
            }
            HostEvent::AddsFunction(function) if store.func(function).is_host() => {
                // Those of other types are written when they are imported or passed.
                if is_writable(&type_of(store, function)) {
                    self.host_function(store, function, None)?;
                }
            }
            HostEvent::AddsFunction(function) => {
                let function = self.function(store, function)?;
                self.event(event::LOOK_UP);
                self.buffer.extend_from_slice(&function);
            }
            HostEvent::Interrupts(way) => {
                self.event(event::INTERRUPT);
                self.number(store.stacks.fuel_spent());
                self.buffer.push(way);
            }
            HostEvent::Notes(bytes) => {
                self.event(event::NOTE);
                self.number(bytes.len() as u64);
                self.buffer.extend_from_slice(bytes);
            }
            HostEvent::Refused(what) => bail!("{what} cannot be recorded"),
        }
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(())
    }

    fn enter(&mut self, store: &StoreInner, function: FuncIndex, arguments: &[u64]) -> Result<()> {
        let number = match self.last_called {
            Some((last, number)) if last == function => number,
            _ => self.host_function(store, function, None)?,
        };
        self.last_called = Some((function, number));
        if !self.frames.is_empty() {
            self.spill();
        }
        let ty = Arc::clone(&self.functions[number as usize].ty);
        self.check.add(number.into());
        self.check.add(store.stacks.fuel_spent());
        for (ty, bits) in read_values(&ty.params, arguments) {
            self.check.add_value(ty, bits);
        }
        let (mut slots, mut writes, mut bytes) = match self.spare.take() {
            Some(spare) => (spare.arguments, spare.writes, spare.bytes),
            None => Default::default(),
        };
        slots.clear();
        slots.extend_from_slice(arguments);
        writes.clear();
        bytes.clear();
        self.frames.push(Frame {
            function: number,
            check: self.check.byte(),
            is_written: false,
            ty,
            arguments: slots,
            writes,
            bytes,
        });
        Ok(())
    }

    /// Writes a call that is not in the log yet. `again` is zero, or [`event::CALL_AGAIN`] if it returns
    /// as it did last. Returns whether that is written, too.
    fn write_entry(&mut self, frame: &mut Frame, again: u8) -> bool {
        if frame.is_written {
            return false;
        }
        self.write_quiet();
        frame.is_written = true;
        write_call(&mut self.buffer, frame, again)
    }

    /// Writes the end of a call of a host function.
    fn leave_host(
        &mut self,
        store: &StoreInner,
        frame: &mut Frame,
        returned: Result<&[u64], &Error>,
    ) -> Result<()> {
        let results = match returned {
            Ok(results) => results,
            Err(error) => {
                self.write_entry(frame, 0);
                // The other ends follow the writes.
                write_all(&mut self.buffer, frame);
                return self.fail(store, error);
            }
        };
        let is_numeric = self.functions[frame.function as usize].is_numeric;
        self.results.clear();
        if is_numeric {
            for (ty, bits) in read_values(&frame.ty.results, results) {
                write_numeric(&mut self.results, ty, bits);
            }
        } else {
            // The description of a host function comes before the end.
            self.write_entry(frame, 0);
            for (ty, bits) in read_values(&frame.ty.results, results) {
                let value = self.value_of(store, ty, bits, Some(&*frame))?;
                self.results.extend(value);
            }
        }
        let shape = &mut self.functions[frame.function as usize].shape;
        let is_same = is_numeric
            && shape
                .as_ref()
                .is_some_and(|shape| shape.writes == frame.writes && shape.results == self.results);
        if is_same && frame.writes.is_empty() && !frame.is_written {
            self.quiet += 1;
            self.quiet_check = frame.check;
            if self.quiet == MOST_QUIET {
                self.write_quiet();
            }
            return Ok(());
        }
        if !is_same {
            *shape = is_numeric.then(|| Shape {
                writes: frame.writes.clone(),
                results: self.results.clone(),
            });
            self.write_entry(frame, 0);
            self.buffer.push(event::RETURN);
            self.number(frame.writes.len() as u64);
        } else if !self.write_entry(frame, event::CALL_AGAIN) {
            self.buffer.push(event::RETURN_AGAIN);
        }
        let mut rest = &frame.bytes[..];
        for write in &frame.writes {
            let (bytes, after) = rest.split_at(write.len as usize);
            rest = after;
            if !is_same {
                write_shape(&mut self.buffer, write);
            }
            write_data(&mut self.buffer, bytes);
        }
        if !is_same {
            self.buffer.extend_from_slice(&self.results);
        }
        Ok(())
    }

    /// Writes the error of a host function.
    fn fail(&mut self, store: &StoreInner, error: &Error) -> Result<()> {
        if error.asks_to_suspend() {
            self.buffer.push(event::SUSPEND);
        } else if error.is::<ThrownException>()
            && let Some(exception) = store.pending_exception
        {
            let value = self.exception(store, exception)?;
            self.buffer.push(event::THROW);
            self.buffer.extend_from_slice(&value);
        } else {
            self.buffer.push(event::FAIL);
            let trap = error.downcast_ref::<Trap>();
            self.buffer.push(trap.map_or(0, |trap| *trap as u8 + 1));
            let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
            self.number(texts.len() as u64);
            for text in texts {
                write_text(&mut self.buffer, &text);
            }
        }
        Ok(())
    }

    /// Writes that code which the host has called has stopped.
    fn leave(&mut self, store: &StoreInner, left: Left) {
        self.event(match left {
            Left::Done => event::DONE,
            Left::Failed => event::FAILED,
            Left::Suspended(_) => event::SUSPENDED,
        });
        if let Left::Suspended(reason) = left {
            self.buffer.push(reason);
        }
        self.check.add(store.stacks.fuel_spent());
        self.buffer.push(self.check.byte());
    }

    fn instantiate(
        &mut self,
        store: &StoreInner,
        module: &Arc<Module>,
        imports: &[Extern],
    ) -> Result<()> {
        let known = self.modules.iter().position(|it| Arc::ptr_eq(it, module));
        let number = match known {
            Some(number) => number,
            None => {
                self.event(event::MODULE);
                self.buffer.extend_from_slice(module.sha256());
                self.number(module.bytes.len() as u64);
                self.buffer.push(u8::from(self.embeds_modules));
                if self.embeds_modules {
                    self.buffer.extend_from_slice(&module.bytes);
                }
                self.modules.push(Arc::clone(module));
                self.modules.len() - 1
            }
        };
        let mut items = Vec::new();
        for (item, import) in imports.iter().zip(&module.imports) {
            let name = (&*import.module, &*import.name);
            let (kind, index) = match *item {
                Extern::Table(index) => (import::TABLE, index.0),
                Extern::Memory(index) => (import::MEMORY, index.0),
                Extern::Global(index) => (import::GLOBAL, index.0),
                Extern::Tag(index) => (import::TAG, index.0),
                Extern::Func(index) if store.func(index).is_host() => {
                    let number = self.host_function(store, index, Some(name))?;
                    (import::HOST_FUNCTION, number)
                }
                Extern::Func(index) => {
                    let object = store.func(index);
                    items.push(import::FUNCTION);
                    let instance = store.instance_of_core(object.instance);
                    write_number(&mut items, instance.0.into());
                    write_number(&mut items, object.index.into());
                    continue;
                }
            };
            items.push(kind);
            write_number(&mut items, index.into());
        }
        self.event(event::INSTANTIATE);
        self.number(number as u64);
        self.number(imports.len() as u64);
        self.buffer.extend_from_slice(&items);
        Ok(())
    }
}

impl Recording for Writer {
    fn record(&mut self, store: &StoreInner, event: HostEvent<'_>) -> Result<()> {
        if let Some(failed) = &self.failed {
            return Err(format_err!("the recording has failed: {failed}"));
        }
        let written = self.write(store, event);
        if let Err(error) = &written {
            self.failed = Some(format!("{error:#}"));
            // What was written before can be replayed.
            self.spill();
            let _ = self.flush();
        }
        written
    }

    fn wrote(&mut self, memory: MemoryIndex, address: u64, bytes: &[u8]) {
        if self.failed.is_none() {
            self.add_write(memory, address, bytes);
        }
    }

    fn end(&mut self, store: &StoreInner, code: u32, text: &str) -> Result<()> {
        if let Some(failed) = &self.failed {
            return Err(format_err!("the recording has failed: {failed}"));
        }
        self.add_changes(store);
        self.event(event::END);
        self.buffer.extend_from_slice(&state(store).to_le_bytes());
        self.number(code.into());
        write_text(&mut self.buffer, text);
        self.flush()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.spill();
        // There is nobody to whom an error could be returned.
        let _ = self.flush();
    }
}

/// Returns an address relative to an argument of a call, if it is close to one.
fn relative(frame: &Frame, address: u64) -> (u8, u64) {
    let arguments = read_values(&frame.ty.params, &frame.arguments);
    for (number, (ty, bits)) in arguments.enumerate().take(usize::from(u8::MAX) - 1) {
        if let Some(argument) = address_of(ty, bits)
            && argument != 0
            && address.wrapping_sub(argument) < NEAR
        {
            return (number as u8 + 1, address - argument);
        }
    }
    (0, address)
}

/// Writes the call of a host function, plus `again` if the number is small enough. Returns whether it is
/// and `again` is not zero.
fn write_call(out: &mut Vec<u8>, frame: &Frame, again: u8) -> bool {
    let number = u8::try_from(frame.function);
    let small = number.ok().filter(|&number| number < event::CALL_AGAIN);
    match small {
        Some(number) => out.push(number + again),
        None => {
            out.push(event::CALL_HOST);
            write_number(out, frame.function.into());
        }
    }
    out.push(frame.check);
    small.is_some() && again > 0
}

/// Writes the writes of a host function that come before other events, or that does not return.
fn write_all(out: &mut Vec<u8>, frame: &Frame) {
    let mut rest = &frame.bytes[..];
    for write in &frame.writes {
        let (bytes, after) = rest.split_at(write.len as usize);
        rest = after;
        out.push(event::WRITE);
        write_shape(out, write);
        write_data(out, bytes);
    }
}

fn write_shape(out: &mut Vec<u8>, write: &WriteShape) {
    write_number(out, write.memory.into());
    out.push(write.base);
    write_number(out, write.offset);
    write_number(out, write.len);
}
