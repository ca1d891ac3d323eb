//! Core dumps as debuggees.

use super::{DebugError, Debuggee, Frame, Resumption, Stop, ThreadId};
use crate::api::coredump::{self, ReasonKind, ThreadState, Value};
use crate::api::{CoreDump, Result};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{Parser, Payload, TypeRef};

/// The number of the thread that stopped.
const FIRST: ThreadId = ThreadId::MIN;

/// A core dump of any writer as a [`Debuggee`], which does everything but run.
///
/// Its threads are those of [`CoreDump::threads`], with numbers from 1. When a client lets it run, it
/// stops at once, in the same state and for the same reason.
#[derive(Debug)]
pub struct Dump<'a> {
    dump: &'a CoreDump<'a>,
    /// The dump's modules. If the dump lists none, one unknown module.
    modules: Vec<Module<'a>>,
}

#[derive(Debug)]
struct Module<'a> {
    name: String,
    /// The bytes, with the functions in them.
    code: Option<(&'a [u8], Bodies)>,
}

impl<'a> Dump<'a> {
    /// Returns a dump with the bytes of its modules, as far as they are known.
    ///
    /// A dump that lists neither modules nor instances has one module, whose number is 0.
    ///
    /// # Errors
    ///
    /// If the bytes of a module are not a module.
    pub fn new(
        dump: &'a CoreDump<'a>,
        bytes: impl Fn(u32) -> Option<&'a [u8]>,
    ) -> Result<Dump<'a>> {
        let names = dump.modules().iter().map(|module| module.name.clone());
        let mut names: Vec<String> = names.collect();
        if names.is_empty() && dump.instances().is_empty() {
            names.push("<unknown>".to_string());
        }
        let modules = (0..)
            .zip(names)
            .map(|(number, name)| -> Result<Module<'a>> {
                let code = match bytes(number) {
                    Some(bytes) => Some((bytes, Bodies::read(bytes)?)),
                    None => None,
                };
                Ok(Module { name, code })
            });
        Ok(Dump {
            dump,
            modules: modules.collect::<Result<_>>()?,
        })
    }

    fn thread(&self, thread: ThreadId) -> Option<&'a coredump::Thread> {
        self.dump.threads().get(thread.get() as usize - 1)
    }

    fn frame(&self, thread: ThreadId, frame: usize) -> Option<&'a coredump::Frame> {
        self.thread(thread)?.frames.get(frame)
    }

    fn module_of(&self, frame: &coredump::Frame) -> u32 {
        match self.dump.instances().get(frame.instance as usize) {
            Some(instance) => instance.module,
            None => 0,
        }
    }

    fn memory(&self, instance: u32) -> Option<&'a coredump::Memory<'a>> {
        let memories = self.dump.memories();
        let index = match self.dump.instances() {
            // Some writers list no instances; the memories are then those of the only one.
            [] if instance == 0 => 0,
            instances => *instances.get(instance as usize)?.memories.first()?,
        };
        memories.get(index as usize)
    }
}

impl Debuggee for Dump<'_> {
    fn modules(&self) -> Vec<String> {
        self.modules
            .iter()
            .map(|module| module.name.clone())
            .collect()
    }

    fn module_bytes(&self, module: u32) -> Option<&[u8]> {
        let (bytes, _) = self.modules.get(module as usize)?.code.as_ref()?;
        Some(bytes)
    }

    fn instance_of(&self, module: u32) -> Option<u32> {
        let instances = self.dump.instances();
        if instances.is_empty() {
            return (module == 0).then_some(0);
        }
        let found = instances.iter().position(|it| it.module == module)?;
        u32::try_from(found).ok()
    }

    fn threads(&self) -> Vec<ThreadId> {
        let ids = (1..).map_while(ThreadId::new);
        ids.take(self.dump.threads().len()).collect()
    }

    fn thread_name(&self, thread: ThreadId) -> Option<String> {
        let name = &self.thread(thread)?.name;
        (!name.is_empty()).then(|| name.clone())
    }

    fn thread_state(&self, thread: ThreadId) -> Option<String> {
        // The names of continuations say what they wait for.
        let state = self.thread(thread)?.state;
        let state = state.filter(|state| *state != ThreadState::Detached);
        state.map(|state| state.to_string())
    }

    fn frames(&self, thread: ThreadId, most: usize) -> Vec<Frame> {
        let frames = self.thread(thread).map_or(&[][..], |thread| &thread.frames);
        let frame = |frame: &coredump::Frame| {
            let module = self.module_of(frame);
            let code = self.modules.get(module as usize);
            let code = code.and_then(|module| module.code.as_ref());
            let body = code.and_then(|(_, bodies)| bodies.get(frame.function));
            let offset = body.and_then(|body| {
                let offset = body.start.checked_add(frame.code_offset.into())?;
                body.contains(&offset).then_some(offset)
            });
            Frame {
                instance: frame.instance,
                module,
                offset,
            }
        };
        frames.iter().take(most).map(frame).collect()
    }

    fn local(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.frame(thread, frame)?.locals.get(index).copied()
    }

    fn operand(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        let operands = &self.frame(thread, frame)?.operands;
        let at = operands.len().checked_sub(1)?.checked_sub(index)?;
        operands.get(at).copied()
    }

    fn global(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        let frame = self.frame(thread, frame)?;
        let global = match self.dump.instances() {
            [] => index,
            instances => {
                let instance = instances.get(frame.instance as usize)?;
                *instance.globals.get(index)? as usize
            }
        };
        Some(self.dump.globals().get(global)?.value)
    }

    fn memory_size(&self, instance: u32) -> Option<u64> {
        Some(self.memory(instance)?.size())
    }

    fn read_memory(
        &self,
        instance: u32,
        address: u64,
        buffer: &mut [u8],
    ) -> Result<(), DebugError> {
        let memory = self.memory(instance).ok_or(DebugError::Missing)?;
        let read = memory.read(address, buffer);
        read.map_err(|_| DebugError::OutOfBounds)
    }

    fn stop(&self) -> Stop {
        if self.dump.threads().is_empty() {
            return Stop::Exited { status: 0 };
        }
        match self.dump.reason() {
            Some(reason) if reason.kind == ReasonKind::Breakpoint => {
                Stop::Breakpoint { thread: FIRST }
            }
            Some(reason) => Stop::Trapped {
                thread: FIRST,
                message: reason.to_string(),
            },
            None => Stop::Interrupted { thread: FIRST },
        }
    }

    fn resume(&mut self, _: &Resumption) -> Stop {
        self.stop()
    }
}

/// The positions of a module's functions.
#[derive(Debug, Default)]
struct Bodies {
    /// The number of imported functions, which come before all others.
    imported: u32,
    /// The offsets of each function's body in the module.
    offsets: Vec<Range<u64>>,
}

impl Bodies {
    fn read(bytes: &[u8]) -> Result<Bodies> {
        let mut bodies = Bodies::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import?.ty {
                            bodies.imported = bodies.imported.saturating_add(1);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.offsets.push(body.range()),
                _ => {}
            }
        }
        Ok(bodies)
    }

    fn get(&self, function: u32) -> Option<Range<u64>> {
        let defined = function.checked_sub(self.imported)?;
        self.offsets.get(defined as usize).cloned()
    }
}
