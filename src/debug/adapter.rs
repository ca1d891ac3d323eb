//! A debuggee as a target of `gdbstub`.

use super::address::{Address, Space};
use super::query::TRIPLE;
use super::stop;
use super::{
    Action, DebugError, Debuggee, Direction, Frame, Location, Resumption, Stop, ThreadId,
    WatchKind, Watchpoint,
};
use crate::api::coredump::Value;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::num::NonZeroUsize;
use gdbstub::arch::Arch;
use gdbstub::common::{Endianness, Pid, Signal, Tid};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadRangeStepping, MultiThreadRangeSteppingOps, MultiThreadResume,
    MultiThreadResumeOps, MultiThreadSchedulerLocking, MultiThreadSchedulerLockingOps,
    MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{
    ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::breakpoints::{
    self, Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint,
    HwWatchpointOps, SwBreakpoint, SwBreakpointOps,
};
use gdbstub::target::ext::libraries::{Libraries, LibrariesOps};
use gdbstub::target::ext::lldb_register_info_override::{
    Callback, CallbackToken, LldbRegisterInfoOverride, LldbRegisterInfoOverrideOps,
};
use gdbstub::target::ext::process_info::{ProcessInfo, ProcessInfoOps, ProcessInfoResponse};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::ext::wasm::{Wasm as WasmExtension, WasmOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use gdbstub_arch::wasm::Wasm;
use gdbstub_arch::wasm::reg::WasmRegisters;
use gdbstub_arch::wasm::reg::id::WasmRegId;
use wasmparser::{BinaryReader, OperatorsReader};

/// Largest number of frames of a thread that a client is told of, the youngest.
const MAX_FRAMES: usize = 4096;
/// Largest number of threads that a client is told of.
const MAX_THREADS: usize = 4096;
/// Number of frames among which the memory is searched that a pointer points into.
const SEARCHED: usize = 64;
/// Largest number of watchpoints.
const MAX_WATCHPOINTS: usize = 1024;
/// The number of the process.
const PROCESS: Pid = Pid::MIN;

/// A debuggee, and what a client has asked for.
pub(super) struct Adapter<D> {
    pub(super) debuggee: D,
    /// The run that the client waits for, or the last one.
    pub(super) resumption: Resumption,
    stop: Stop,
    has_run: bool,
    /// The watchpoints with their addresses, as the client sent them.
    watchpoints: Vec<(u64, Watchpoint)>,
}

impl<D: Debuggee> Adapter<D> {
    pub(super) fn new(debuggee: D) -> Adapter<D> {
        Adapter {
            stop: debuggee.stop(),
            debuggee,
            resumption: Resumption::default(),
            has_run: false,
            watchpoints: Vec::new(),
        }
    }

    /// Returns why the debuggee does not run.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Sets why the debuggee does not run any more.
    pub(super) fn set_stop(&mut self, stop: Stop) {
        self.stop = stop;
        self.has_run = self.debuggee.can_run();
    }

    /// Returns whether the debuggee has run since the client has come.
    pub(super) fn has_run(&self) -> bool {
        self.has_run
    }

    /// Returns the address that a watchpoint was set at.
    pub(super) fn watched(&self, watchpoint: &Watchpoint) -> Option<u64> {
        let known = self.watchpoints.iter().find(|(_, set)| set == watchpoint);
        known.map(|(address, _)| *address)
    }

    /// Returns the addresses of a thread's frames, youngest first, `most` at most. Those of callers are
    /// the addresses at which they go on.
    pub(super) fn call_stack(&self, thread: ThreadId, most: usize) -> Vec<u64> {
        let frames = self.debuggee.frames(thread, most.min(MAX_FRAMES));
        let address = |(at, frame): (usize, &Frame)| {
            let offset = match frame.offset {
                Some(call) if at > 0 => self.after(frame.module, call),
                known => known.unwrap_or(0),
            };
            let offset = u32::try_from(offset).unwrap_or(0);
            let module = frame.module;
            Address::Code { module, offset }.raw().unwrap_or(0)
        };
        frames.iter().take(most).enumerate().map(address).collect()
    }

    /// Returns the offset after an instruction.
    fn after(&self, module: u32, offset: u64) -> u64 {
        let after = || {
            let bytes = self.debuggee.module_bytes(module)?;
            let rest = bytes.get(usize::try_from(offset).ok()?..)?;
            let mut operators = OperatorsReader::new(BinaryReader::new(rest, offset));
            operators.read().ok()?;
            Some(operators.original_position())
        };
        after().unwrap_or(offset.saturating_add(1))
    }

    /// Returns the instance whose first memory an address is in.
    fn instance(&self, space: Space) -> Result<u32, DebugError> {
        let has_memory = |instance: &u32| self.debuggee.memory_size(*instance).is_some();
        let running = || {
            let frames = self.debuggee.frames(self.stop.thread()?, SEARCHED);
            let mut frames = frames
                .into_iter()
                .filter(|frame| has_memory(&frame.instance));
            frames.find(|frame| match space {
                Space::Current => true,
                Space::OfModule(module) => frame.module == module,
            })
        };
        let any = || match space {
            Space::Current => {
                let modules = 0..self.debuggee.modules().len() as u32;
                let mut instances = modules.filter_map(|at| self.debuggee.instance_of(at));
                instances.find(has_memory)
            }
            Space::OfModule(module) => self.debuggee.instance_of(module),
        };
        let found = running().map(|frame| frame.instance).or_else(any);
        found.ok_or(DebugError::Missing)
    }

    /// Returns the number of bytes from an address to the end of its memory or module.
    pub(super) fn size_from(&self, address: Address) -> Result<u64, DebugError> {
        let (size, offset) = match address {
            Address::Code { module, offset } => {
                let bytes = self.debuggee.module_bytes(module);
                (bytes.map(|bytes| bytes.len() as u64), offset)
            }
            Address::Memory { space, offset } => {
                (self.debuggee.memory_size(self.instance(space)?), offset)
            }
        };
        let size = size.ok_or(DebugError::Missing)?;
        Ok(size.saturating_sub(u64::from(offset)))
    }

    /// Reads bytes from an address.
    pub(super) fn read(&self, address: Address, buffer: &mut [u8]) -> Result<(), DebugError> {
        match address {
            Address::Code { module, offset } => {
                let bytes = self.debuggee.module_bytes(module);
                let rest = bytes.ok_or(DebugError::Missing)?.get(offset as usize..);
                let found = rest.and_then(|rest| rest.get(..buffer.len()));
                buffer.copy_from_slice(found.ok_or(DebugError::OutOfBounds)?);
                Ok(())
            }
            Address::Memory { space, offset } => {
                let instance = self.instance(space)?;
                self.debuggee.read_memory(instance, offset.into(), buffer)
            }
        }
    }

    /// Writes bytes to an address, which must be in a memory.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), DebugError> {
        match Address::from_raw(address) {
            Some(Address::Memory { space, offset }) => {
                let instance = self.instance(space)?;
                self.debuggee.write_memory(instance, offset.into(), bytes)
            }
            Some(Address::Code { .. }) => Err(DebugError::Unsupported),
            None => Err(DebugError::OutOfBounds),
        }
    }

    /// Returns the watchpoint that a client describes.
    fn watchpoint(
        &self,
        address: u64,
        len: u64,
        kind: breakpoints::WatchKind,
    ) -> Result<Watchpoint, DebugError> {
        let Some(Address::Memory { space, offset }) = Address::from_raw(address) else {
            return Err(DebugError::OutOfBounds);
        };
        let start = u64::from(offset);
        Ok(Watchpoint {
            instance: self.instance(space)?,
            addresses: start..start.checked_add(len).ok_or(DebugError::OutOfBounds)?,
            kind: match kind {
                breakpoints::WatchKind::Write => WatchKind::Write,
                breakpoints::WatchKind::Read => WatchKind::Read,
                breakpoints::WatchKind::ReadWrite => WatchKind::Access,
            },
        })
    }

    fn set_breakpoint(&mut self, address: u64) -> Result<(), DebugError> {
        self.debuggee.set_breakpoint(location(address)?)
    }

    fn clear_breakpoint(&mut self, address: u64) -> Result<(), DebugError> {
        self.debuggee.clear_breakpoint(location(address)?)
    }

    /// Returns the thread and frame that a client names.
    fn frame(&self, thread: Tid, frame: usize) -> Option<(ThreadId, usize)> {
        let thread = thread_id(thread)?;
        (frame < MAX_FRAMES).then_some((thread, frame))
    }

    fn act(&mut self, thread: Tid, action: Action) {
        // A thread that is not there does nothing.
        if let Some(thread) = thread_id(thread) {
            self.resumption.actions.push((thread, action));
        }
    }

    /// Returns the list of modules whose bytes a client can read.
    fn libraries(&self) -> String {
        let mut xml = String::from("<library-list>");
        for (module, name) in (0..).zip(self.debuggee.modules()) {
            let start = Address::Code { module, offset: 0 }.raw();
            let bytes = self.debuggee.module_bytes(module);
            if let (Some(start), Some(_)) = (start, bytes) {
                xml += "<library name=\"";
                name.chars().for_each(|char| escape(char, &mut xml));
                xml += &format!("\"><section address=\"{start:#x}\"/></library>");
            }
        }
        xml + "</library-list>"
    }
}

/// Appends a character of an attribute.
fn escape(char: char, xml: &mut String) {
    match char {
        '<' => xml.push_str("&lt;"),
        '>' => xml.push_str("&gt;"),
        '&' => xml.push_str("&amp;"),
        '"' => xml.push_str("&quot;"),
        // XML has no way to write these.
        char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {
            xml.push('\u{fffd}')
        }
        char => xml.push(char),
    }
}

fn location(address: u64) -> Result<Location, DebugError> {
    match Address::from_raw(address) {
        Some(Address::Code { module, offset }) => Ok(Location {
            module,
            offset: offset.into(),
        }),
        _ => Err(DebugError::Missing),
    }
}

fn thread_id(thread: Tid) -> Option<ThreadId> {
    ThreadId::new(u32::try_from(thread.get()).ok()?)
}

/// Converts a refusal to an answer.
fn answer<T, D: Debuggee>(result: Result<T, DebugError>) -> TargetResult<T, Adapter<D>> {
    result.map_err(|error| TargetError::Errno(error.number()))
}

/// Writes a value, and returns its size: 0 if there is none, or one without bits.
fn write_value(value: Option<Value>, buffer: &mut [u8]) -> usize {
    let mut write = |bytes: &[u8]| match buffer.get_mut(..bytes.len()) {
        Some(start) => {
            start.copy_from_slice(bytes);
            bytes.len()
        }
        None => 0,
    };
    match value {
        Some(Value::I32(bits) | Value::F32(bits)) => write(&bits.to_le_bytes()),
        Some(Value::I64(bits) | Value::F64(bits)) => write(&bits.to_le_bytes()),
        Some(Value::V128(bits)) => write(&bits.to_le_bytes()),
        Some(Value::Ref(..) | Value::Missing) | None => 0,
    }
}

/// Copies the part of a text that a client asks for.
fn write_part(text: &[u8], offset: u64, len: usize, buffer: &mut [u8]) -> usize {
    let rest = usize::try_from(offset).ok().and_then(|at| text.get(at..));
    let rest = rest.unwrap_or_default();
    let len = len.min(rest.len()).min(buffer.len());
    buffer[..len].copy_from_slice(&rest[..len]);
    len
}

impl<D: Debuggee> Target for Adapter<D> {
    type Arch = Wasm;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Wasm, Infallible> {
        BaseOps::MultiThread(self)
    }

    fn guard_rail_implicit_sw_breakpoints(&self) -> bool {
        true
    }

    fn use_rle(&self) -> bool {
        false
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_lldb_register_info_override(
        &mut self,
    ) -> Option<LldbRegisterInfoOverrideOps<'_, Self>> {
        Some(self)
    }

    fn support_libraries(&mut self) -> Option<LibrariesOps<'_, Self>> {
        Some(self)
    }

    fn support_process_info(&mut self) -> Option<ProcessInfoOps<'_, Self>> {
        Some(self)
    }

    fn support_wasm(&mut self) -> Option<WasmOps<'_, Self>> {
        Some(self)
    }
}

impl<D: Debuggee> MultiThreadBase for Adapter<D> {
    fn read_registers(
        &mut self,
        registers: &mut WasmRegisters,
        thread: Tid,
    ) -> TargetResult<(), Self> {
        let stack = thread_id(thread).map(|thread| self.call_stack(thread, 1));
        let pc = stack.and_then(|stack| stack.first().copied());
        registers.pc = answer::<_, D>(pc.ok_or(DebugError::Missing))?;
        Ok(())
    }

    fn write_registers(&mut self, _: &WasmRegisters, _: Tid) -> TargetResult<(), Self> {
        answer::<_, D>(Err(DebugError::Unsupported))
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u64, data: &mut [u8], _: Tid) -> TargetResult<usize, Self> {
        let address = Address::from_raw(start).ok_or(DebugError::OutOfBounds);
        answer::<_, D>(address.and_then(|address| self.read(address, data)))?;
        Ok(data.len())
    }

    fn write_addrs(&mut self, start: u64, data: &[u8], _: Tid) -> TargetResult<(), Self> {
        answer::<_, D>(self.write(start, data))
    }

    fn list_active_threads(&mut self, active: &mut dyn FnMut(Tid)) -> Result<(), Infallible> {
        let threads = self.debuggee.threads();
        // The one that stopped is among those that the client is told of.
        let stopped = self.stop.thread().filter(|thread| threads.contains(thread));
        let others = threads
            .into_iter()
            .filter(|thread| Some(*thread) != stopped);
        stopped
            .into_iter()
            .chain(others)
            .take(MAX_THREADS)
            .filter_map(|thread| NonZeroUsize::new(usize::try_from(thread.get()).ok()?))
            .for_each(active);
        Ok(())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl<D: Debuggee> SingleRegisterAccess<Tid> for Adapter<D> {
    fn read_register(
        &mut self,
        thread: Tid,
        _: WasmRegId,
        buffer: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let mut registers = WasmRegisters::default();
        self.read_registers(&mut registers, thread)?;
        Ok(write_value(Some(Value::I64(registers.pc)), buffer))
    }

    fn write_register(&mut self, _: Tid, _: WasmRegId, _: &[u8]) -> TargetResult<(), Self> {
        answer::<_, D>(Err(DebugError::Unsupported))
    }
}

// A run begins when `gdbstub` has handled the packet: see `Server::run`.
impl<D: Debuggee> MultiThreadResume for Adapter<D> {
    fn resume(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), Infallible> {
        self.resumption = Resumption::default();
        Ok(())
    }

    fn set_resume_action_continue(
        &mut self,
        thread: Tid,
        _: Option<Signal>,
    ) -> Result<(), Infallible> {
        self.act(thread, Action::Continue);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_range_step(&mut self) -> Option<MultiThreadRangeSteppingOps<'_, Self>> {
        Some(self)
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, Tid, Self>> {
        self.debuggee.runs_back().then_some(self as _)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, Tid, Self>> {
        self.debuggee.runs_back().then_some(self as _)
    }
}

impl<D: Debuggee> MultiThreadSingleStep for Adapter<D> {
    fn set_resume_action_step(&mut self, thread: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.act(thread, Action::Step);
        Ok(())
    }
}

impl<D: Debuggee> MultiThreadRangeStepping for Adapter<D> {
    fn set_resume_action_range_step(
        &mut self,
        thread: Tid,
        start: u64,
        end: u64,
    ) -> Result<(), Infallible> {
        let action = match (location(start), location(end)) {
            (Ok(start), Ok(end)) if start.module == end.module && start.offset < end.offset => {
                Action::StepOut {
                    module: start.module,
                    offsets: start.offset..end.offset,
                }
            }
            _ => Action::Step,
        };
        self.act(thread, action);
        Ok(())
    }
}

impl<D: Debuggee> MultiThreadSchedulerLocking for Adapter<D> {
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Infallible> {
        self.resumption.others_stay = true;
        Ok(())
    }
}

impl<D: Debuggee> ReverseCont<Tid> for Adapter<D> {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.resumption = Resumption {
            direction: Direction::Back,
            ..Resumption::default()
        };
        Ok(())
    }
}

impl<D: Debuggee> ReverseStep<Tid> for Adapter<D> {
    fn reverse_step(&mut self, thread: Tid) -> Result<(), Infallible> {
        self.reverse_cont()?;
        self.act(thread, Action::Step);
        Ok(())
    }
}

impl<D: Debuggee> Breakpoints for Adapter<D> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

type Kind = <Wasm as Arch>::BreakpointKind;

impl<D: Debuggee> SwBreakpoint for Adapter<D> {
    fn add_sw_breakpoint(&mut self, address: u64, _: Kind) -> TargetResult<bool, Self> {
        answer::<_, D>(self.set_breakpoint(address)).map(|()| true)
    }

    fn remove_sw_breakpoint(&mut self, address: u64, _: Kind) -> TargetResult<bool, Self> {
        answer::<_, D>(self.clear_breakpoint(address)).map(|()| true)
    }
}

// Breakpoints of both kinds are the same.
impl<D: Debuggee> HwBreakpoint for Adapter<D> {
    fn add_hw_breakpoint(&mut self, address: u64, kind: Kind) -> TargetResult<bool, Self> {
        self.add_sw_breakpoint(address, kind)
    }

    fn remove_hw_breakpoint(&mut self, address: u64, kind: Kind) -> TargetResult<bool, Self> {
        self.remove_sw_breakpoint(address, kind)
    }
}

impl<D: Debuggee> HwWatchpoint for Adapter<D> {
    fn add_hw_watchpoint(
        &mut self,
        address: u64,
        len: u64,
        kind: breakpoints::WatchKind,
    ) -> TargetResult<bool, Self> {
        if self.watchpoints.len() >= MAX_WATCHPOINTS {
            return Ok(false);
        }
        let watchpoint = answer::<_, D>(self.watchpoint(address, len, kind))?;
        answer::<_, D>(self.debuggee.set_watchpoint(&watchpoint))?;
        self.watchpoints.push((address, watchpoint));
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: u64,
        len: u64,
        kind: breakpoints::WatchKind,
    ) -> TargetResult<bool, Self> {
        // The memory that the address is in may have become another one since it was set.
        let wanted = answer::<_, D>(self.watchpoint(address, len, kind))?;
        let is_it = |(at, set): &(u64, Watchpoint)| {
            *at == address && set.addresses == wanted.addresses && set.kind == wanted.kind
        };
        let Some(at) = self.watchpoints.iter().position(is_it) else {
            return answer::<_, D>(Err(DebugError::Missing));
        };
        let (_, watchpoint) = self.watchpoints.remove(at);
        answer::<_, D>(self.debuggee.clear_watchpoint(&watchpoint)).map(|()| true)
    }
}

impl<D: Debuggee> Libraries for Adapter<D> {
    fn get_libraries(
        &self,
        offset: u64,
        len: usize,
        buffer: &mut [u8],
    ) -> TargetResult<usize, Self> {
        Ok(write_part(self.libraries().as_bytes(), offset, len, buffer))
    }
}

impl<D: Debuggee> LldbRegisterInfoOverride for Adapter<D> {
    fn lldb_register_info<'a>(
        &mut self,
        register: usize,
        info: Callback<'a>,
    ) -> Result<CallbackToken<'a>, Infallible> {
        use gdbstub::arch::lldb::{Encoding, Format, Generic, Register};
        if register > 0 {
            return Ok(info.done());
        }
        Ok(info.write(Register {
            name: "pc",
            alt_name: None,
            bitsize: 64,
            offset: 0,
            encoding: Encoding::Uint,
            format: Format::Hex,
            set: "General Purpose Registers",
            gcc: None,
            dwarf: None,
            generic: Some(Generic::Pc),
            container_regs: None,
            invalidate_regs: None,
        }))
    }
}

impl<D: Debuggee> ProcessInfo for Adapter<D> {
    fn process_info(
        &self,
        write: &mut dyn FnMut(&ProcessInfoResponse<'_>),
    ) -> Result<(), Infallible> {
        write(&ProcessInfoResponse::Pid(PROCESS));
        write(&ProcessInfoResponse::Triple(TRIPLE));
        write(&ProcessInfoResponse::Endianness(Endianness::Little));
        write(&ProcessInfoResponse::PointerSize(4));
        Ok(())
    }
}

impl<D: Debuggee> ThreadExtraInfo for Adapter<D> {
    fn thread_extra_info(&self, thread: Tid, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let name = thread_id(thread).and_then(|thread| stop::name(&self.debuggee, thread));
        let name = name.unwrap_or_default();
        Ok(write_part(name.as_bytes(), 0, name.len(), buffer))
    }
}

impl<D: Debuggee> WasmExtension for Adapter<D> {
    fn wasm_call_stack(&self, thread: Tid, next: &mut dyn FnMut(u64)) -> Result<(), Infallible> {
        if let Some(thread) = thread_id(thread) {
            let stack = self.call_stack(thread, MAX_FRAMES);
            stack.into_iter().for_each(next);
        }
        Ok(())
    }

    fn read_wasm_local(
        &self,
        thread: Tid,
        frame: usize,
        local: usize,
        buffer: &mut [u8],
    ) -> Result<usize, Infallible> {
        let value = self
            .frame(thread, frame)
            .and_then(|(thread, frame)| self.debuggee.local(thread, frame, local));
        Ok(write_value(value, buffer))
    }

    fn read_wasm_stack(
        &self,
        thread: Tid,
        frame: usize,
        index: usize,
        buffer: &mut [u8],
    ) -> Result<usize, Infallible> {
        let value = self
            .frame(thread, frame)
            .and_then(|(thread, frame)| self.debuggee.operand(thread, frame, index));
        Ok(write_value(value, buffer))
    }

    fn read_wasm_global(
        &self,
        thread: Tid,
        frame: usize,
        global: usize,
        buffer: &mut [u8],
    ) -> Result<usize, Infallible> {
        let value = self
            .frame(thread, frame)
            .and_then(|(thread, frame)| self.debuggee.global(thread, frame, global));
        Ok(write_value(value, buffer))
    }
}
