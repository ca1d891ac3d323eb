//! Core dumps as debuggees.

use super::stacks::{Bodies, Stacks};
use super::{DebugError, Debuggee, Frame, Resumption, Stop, ThreadId};
use crate::api::coredump::{self, ReasonKind, Value};
use crate::api::{CoreDump, Result};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The number of the thread that stopped.
const FIRST: ThreadId = ThreadId::MIN;

/// A core dump of any writer as a [`Debuggee`], which does everything but run.
///
/// Its threads are those of [`CoreDump::threads`], with numbers from 1. When a client lets it run, it
/// stops at once, in the same state and for the same reason.
#[derive(Debug)]
pub struct Dump<'a> {
    dump: &'a CoreDump<'a>,
    stacks: Stacks,
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
        let ids = (1..).map_while(ThreadId::new);
        let threads = ids.zip(dump.threads().iter().cloned());
        Ok(Dump {
            dump,
            stacks: Stacks {
                threads: threads.collect(),
            },
            modules: modules.collect::<Result<_>>()?,
        })
    }

    fn module_of(&self, instance: u32) -> u32 {
        match self.dump.instances().get(instance as usize) {
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
        self.stacks.ids()
    }

    fn thread_name(&self, thread: ThreadId) -> Option<String> {
        self.stacks.name(thread)
    }

    fn thread_state(&self, thread: ThreadId) -> Option<String> {
        self.stacks.state(thread)
    }

    fn frames(&self, thread: ThreadId, most: usize) -> Vec<Frame> {
        let body = |module: u32, function| {
            let (_, bodies) = self.modules.get(module as usize)?.code.as_ref()?;
            bodies.get(function)
        };
        let module_of = |instance| self.module_of(instance);
        self.stacks.positions(thread, most, module_of, body)
    }

    fn local(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.stacks.local(thread, frame, index)
    }

    fn operand(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.stacks.operand(thread, frame, index)
    }

    fn global(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        let frame = self.stacks.frame(thread, frame)?;
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

    fn can_run(&self) -> bool {
        false
    }

    fn resume(&mut self, _: &Resumption) -> Stop {
        self.stop()
    }
}
