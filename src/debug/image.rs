//! The modules of a program that is loaded here, and its stacks at one moment.

use super::stacks::{Bodies, Stacks};
use super::{DebugError, Frame, Location, ThreadId};
use crate::api::{Module, WasmBacktrace, WasmCoreDump};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The modules of a program, by numbers that remain the same, and its stacks at one moment.
#[derive(Debug, Default)]
pub(super) struct Image {
    pub(super) stacks: Stacks,
    modules: Vec<Loaded>,
    /// The module of each instance.
    of_instances: Vec<u32>,
}

/// A module of a program.
#[derive(Debug)]
struct Loaded {
    module: Module,
    bodies: Bodies,
    /// The module's bytes with the debugging information of another file, if there is one.
    with_debug_info: Option<Vec<u8>>,
}

impl Image {
    /// Reads the stacks of a dump. The first thread gets the number `main`, and the others what `id`
    /// makes of the number of their youngest frame's stack.
    pub(super) fn read(
        &mut self,
        dump: &WasmCoreDump,
        main: ThreadId,
        id: impl Fn(u32) -> Option<ThreadId>,
    ) {
        let mut threads = Vec::new();
        for (index, (stack, thread)) in dump.read_threads().into_iter().enumerate() {
            // A continuation without frames has not begun, and a client cannot show it.
            match id(stack).filter(|_| stack != 0) {
                _ if index == 0 => threads.push((main, thread)),
                Some(id) => threads.push((id, thread)),
                None => {}
            }
        }
        self.stacks = Stacks { threads };
        let modules = dump.modules().iter();
        let numbers: Vec<u32> = modules.map(|module| self.add(module)).collect();
        let of = dump.modules_of_instances().iter();
        let of = of.map(|module| numbers.get(*module as usize).copied().unwrap_or(0));
        self.of_instances = of.collect();
    }

    /// Returns the number of a module, which is a new one if it is not known.
    fn add(&mut self, module: &Module) -> u32 {
        let number = self.number(module).unwrap_or_else(|| {
            // A module that was loaded can be read.
            let bodies = Bodies::read(module.binary()).unwrap_or_default();
            self.modules.push(Loaded {
                module: module.clone(),
                bodies,
                with_debug_info: module.binary_with_debug_info(),
            });
            self.modules.len() - 1
        });
        number as u32
    }

    fn number(&self, module: &Module) -> Option<usize> {
        let mut modules = self.modules.iter();
        modules.position(|known| known.module.has_bytes_of(module))
    }

    /// Returns a module.
    pub(super) fn module(&self, number: u32) -> Option<&Module> {
        Some(&self.modules.get(number as usize)?.module)
    }

    /// Returns the bytes of a module, with all debugging information.
    pub(super) fn bytes(&self, number: u32) -> Option<&[u8]> {
        let loaded = self.modules.get(number as usize)?;
        let own = || loaded.module.binary();
        Some(loaded.with_debug_info.as_deref().unwrap_or_else(own))
    }

    /// Returns the names of the modules.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |it: &Loaded| it.module.name().unwrap_or("module").to_string();
        self.modules.iter().map(name).collect()
    }

    /// Returns the first instance of a module.
    pub(super) fn instance_of(&self, module: u32) -> Option<u32> {
        let found = self.of_instances.iter().position(|of| *of == module)?;
        u32::try_from(found).ok()
    }

    /// Returns the frames of a thread, `most` at most.
    pub(super) fn frames(&self, thread: ThreadId, most: usize) -> Vec<Frame> {
        let module_of = |instance| {
            let module = self.of_instances.get(instance as usize);
            module.copied().unwrap_or(0)
        };
        let body = |module, function| {
            let loaded = self.modules.get(module as usize)?;
            loaded.bodies.get(function)
        };
        self.stacks.positions(thread, most, module_of, body)
    }

    /// Returns the instruction of the youngest frame of a backtrace.
    pub(super) fn youngest(&self, backtrace: &WasmBacktrace) -> Option<Location> {
        let frame = backtrace.frames().first()?;
        Some(Location {
            module: self.number(frame.module())? as u32,
            offset: frame.module_offset()? as u64,
        })
    }

    /// Returns the first instruction at or after a location: line tables name the beginnings of
    /// functions, too.
    pub(super) fn instruction(&self, location: Location) -> Result<Location, DebugError> {
        let module = self.module(location.module).ok_or(DebugError::Missing)?;
        let offset = u32::try_from(location.offset).map_err(|_| DebugError::Missing)?;
        let offset = module.instruction_from(offset).ok_or(DebugError::Missing)?;
        Ok(Location {
            module: location.module,
            offset: offset.into(),
        })
    }
}
