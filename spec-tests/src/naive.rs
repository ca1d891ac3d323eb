//! Walks the stacks of a process from outside, by nothing but bytes: what a debugger
//! script does, and the pattern for one. (`examples/gdb/backstitch.py` is this file in
//! Python.) The tests hold it against the library's own walk at every instruction.
//!
//! # How to walk
//!
//! A symbol whose name is `backstitch_root_` and the library's version, such as
//! `backstitch_root_0_1_0`, names five words behind a magic number:
//!
//! ```text
//! "backstit" · version · fields · field count · stores · modules      each 8 bytes, but for
//!                                                                     addresses
//! field: name (48 bytes, zeros follow) · offset (8) · size (8)
//! ```
//!
//! The fields say by name where everything else stands, so that nothing below is bound to
//! a version or a target: `Stack.base` is a field's offset in its structure and its size,
//! `Stack` a structure's size, `BOUNDARY_TAG` a number.
//!
//! 1. *Stores*: a list; each node has the address of a context. A context has the
//!    directory of stacks (an array by number; the first is none) and the activations,
//!    oldest first.
//! 2. *Where an activation stands*: if it is in the host (`exited`), its first stack's
//!    `exit` says. The newest one, if it is not, stands on the running stack, where the
//!    context's `ip` and `fp` say (or, while handlers run, where `live` says).
//! 3. *Frames*: `fp` is the address of a record. Its link, without the tag, is the
//!    distance in bytes down to the caller's record, and its return ip is where the caller
//!    goes on. A record with the tag is a boundary and no frame; by its kind:
//!    * between instances: the caller is of the instance that it names;
//!    * the bottom of a continuation: the caller is on the stack that it names in the low
//!      half of a word, its record as many slots from that stack's base as the high half
//!      says; where it goes on, that stack's `exit` says. No stack: nobody waits;
//!    * the host's: the activation ends.
//! 4. *Names*: a frame's instance has the module, and that an entry for each function: the
//!    address of its code's header, which has the number of words that follow it. A return
//!    ip may be behind the last one, so it is the word before that counts.

use std::collections::BTreeMap;

/// Reads a process's memory.
pub trait Memory {
    /// Fills `bytes` from an address. False where it cannot be read.
    fn read(&self, address: u64, bytes: &mut [u8]) -> bool;
}

/// A frame, or where one goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its stack's number.
    pub stack: u32,
    /// Its record, in slots from the stack's base.
    pub fp: u64,
    /// The address of the cell that is next, or to which a call returns.
    pub ip: u64,
    /// Whether it is that of a call's return.
    pub is_return: bool,
    /// The address of its instance.
    pub instance: u64,
}

/// Where a frame is in its module's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The number of its instance in the store.
    pub instance: u32,
    /// The function's index in its module.
    pub function: u32,
    /// In words from the function's first cell.
    pub offset: u32,
}

/// An offset and a size, in bytes.
type Field = (u64, u64);

/// A process.
#[derive(Debug)]
pub struct Process<M> {
    memory: M,
    fields: BTreeMap<String, Field>,
    stores: u64,
}

const SLOT: u64 = 8;
const POINTER: u64 = size_of::<usize>() as u64;

impl<M: Memory> Process<M> {
    /// The process that has its root at an address. `None` where that is no root of the
    /// version that is known here.
    pub fn find(memory: M, root: u64) -> Option<Process<M>> {
        let mut process = Process {
            memory,
            fields: BTreeMap::new(),
            stores: 0,
        };
        let mut magic = [0; 8];
        let read = process.memory.read(root, &mut magic);
        if !read || magic != *b"backstit" || process.number((8, 8), root)? != 1 {
            return None;
        }
        let fields = process.number((16, POINTER), root)?;
        let count = process.number((24, 8), root)?;
        for index in 0..count {
            let field = fields + index * 64;
            let mut name = [0; 48];
            process.memory.read(field, &mut name).then_some(())?;
            let name = String::from_utf8_lossy(&name);
            let name = name.trim_end_matches('\0').to_owned();
            let place = (
                process.number((48, 8), field)?,
                process.number((56, 8), field)?,
            );
            process.fields.insert(name, place);
        }
        process.stores = process.number((32, POINTER), root)?;
        Some(process)
    }

    /// A number that stands in a structure.
    fn number(&self, (offset, size): Field, structure: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let used = match cfg!(target_endian = "little") {
            true => &mut bytes[..size as usize],
            false => &mut bytes[8 - size as usize..],
        };
        if !self.memory.read(structure.checked_add(offset)?, used) {
            return None;
        }
        Some(match cfg!(target_endian = "little") {
            true => u64::from_le_bytes(bytes),
            false => u64::from_be_bytes(bytes),
        })
    }

    /// The same, by the field's name.
    fn get(&self, name: &str, structure: u64) -> Option<u64> {
        self.number(*self.fields.get(name)?, structure)
    }

    fn size_of(&self, name: &str) -> Option<u64> {
        Some(self.fields.get(name)?.1)
    }

    fn offset_of(&self, name: &str) -> Option<u64> {
        Some(self.fields.get(name)?.0)
    }

    /// The contexts of all stores, the newest first.
    pub fn contexts(&self) -> Option<Vec<u64>> {
        let mut contexts = Vec::new();
        let mut node = self.get("List.first", self.stores)?;
        while node != 0 {
            let store = node + self.offset_of("Node.store")?;
            contexts.push(self.get("ListedStore.context", store)?);
            node = self.get("Node.next", node)?;
        }
        Some(contexts)
    }

    /// The number of a context's activations.
    pub fn activations(&self, context: u64) -> Option<u64> {
        self.get("Context.activation_count", context)
    }

    /// An address on the native stack from which an activation was started.
    pub fn native_stack(&self, context: u64, activation: u64) -> Option<u64> {
        let activation = self.activation(context, activation)?;
        self.get("Activation.native_stack", activation)
    }

    fn activation(&self, context: u64, activation: u64) -> Option<u64> {
        let first = self.get("Context.activations", context)?;
        Some(first + activation * self.size_of("Activation")?)
    }

    /// Where an activation stands that is in the host; `None` for another.
    pub fn exit(&self, context: u64, activation: u64) -> Option<Frame> {
        let activation = self.activation(context, activation)?;
        if self.get("Activation.exited", activation)? == 0 {
            return None;
        }
        let chain = activation + self.offset_of("Activation.chain")?;
        let stack = self.get("StackChain.first", chain)? as u32;
        self.stands(context, stack)
    }

    /// Where the newest activation stands, if it is not in the host and its handlers have
    /// left `ip` and `fp` in the context.
    pub fn live(&self, context: u64) -> Option<Frame> {
        let running = self.get("Context.running", context)?;
        let directory = self.get("Context.stacks", context)?;
        let distance = self.get("Context.fp", context)? - self.get("Stack.base", running)?;
        Some(Frame {
            stack: ((running - directory) / self.size_of("Stack")?) as u32,
            fp: distance / SLOT,
            ip: self.get("Context.ip", context)?,
            is_return: false,
            instance: self.get("Context.instance", context)?,
        })
    }

    /// The directory's entry of a stack.
    fn stack(&self, context: u64, stack: u32) -> Option<u64> {
        if u64::from(stack) >= self.get("Context.stack_count", context)? {
            return None;
        }
        let directory = self.get("Context.stacks", context)?;
        Some(directory + u64::from(stack) * self.size_of("Stack")?)
    }

    /// Where a stack stands while other code runs.
    pub fn stands(&self, context: u64, stack: u32) -> Option<Frame> {
        let exit = self.stack(context, stack)? + self.offset_of("Stack.exit")?;
        Some(Frame {
            stack,
            fp: self.get("ExitPoint.fp", exit)?,
            ip: self.get("ExitPoint.ip", exit)?,
            is_return: self.get("ExitPoint.is_return", exit)? != 0,
            instance: self.get("ExitPoint.instance", exit)?,
        })
    }

    /// The frames from one on, the youngest first, to the host or to a stack for which
    /// nobody waits. `None` where the bytes are no stacks.
    pub fn walk(&self, context: u64, from: Frame) -> Option<Vec<Frame>> {
        let mut frames = Vec::new();
        let mut at = from;
        if at.ip == 0 {
            // Nothing has run on it: it is the host's.
            return Some(frames);
        }
        loop {
            let stack = self.stack(context, at.stack)?;
            let base = self.get("Stack.base", stack)?;
            let record = base + at.fp * SLOT;
            if record >= self.get("Stack.limit", stack)? {
                return None;
            }
            let tag = self.offset_of("BOUNDARY_TAG")?;
            let link = self.get("Record.link", record)?;
            let caller = Frame {
                fp: at.fp.checked_sub((link & !tag) / SLOT)?,
                ip: self.get("Record.return_ip", record)?,
                is_return: true,
                ..at
            };
            if link & tag == 0 {
                frames.push(at);
                at = caller;
                continue;
            }
            let kind = self.get("Boundary.kind", record)?;
            if kind == self.offset_of("BOUNDARY_HOST")? {
                return Some(frames);
            } else if kind == self.offset_of("BOUNDARY_INSTANCE")? {
                let instance = self.get("Boundary.instance", record)?;
                at = Frame { instance, ..caller };
            } else {
                let parent = self.get("Boundary.parent", record)?;
                if parent as u32 == 0 {
                    return Some(frames);
                }
                at = self.stands(context, parent as u32)?;
                at.fp = parent >> 32;
            }
        }
    }

    /// Where a frame is in its module's code; `None` for one whose function is about to be
    /// translated.
    pub fn locate(&self, frame: &Frame) -> Option<Location> {
        let module = self.get("InstanceCore.module", frame.instance)?;
        let entries = self.get("ListedModule.entries", module)?;
        let address = frame.ip - u64::from(frame.is_return);
        let before_cells = self.size_of("CodeHeader")?;
        // The code is the one that begins last before the address, if it reaches so far.
        let mut nearest = None;
        for function in 0..self.get("ListedModule.functions", module)? {
            let header = self.number((function * POINTER, POINTER), entries)?;
            if header + before_cells <= address {
                nearest = nearest.max(Some((header, function)));
            }
        }
        let (header, function) = nearest?;
        let offset = (address - header - before_cells) / SLOT;
        if offset >= self.get("CodeHeader.length", header)? {
            return None;
        }
        Some(Location {
            instance: self.get("InstanceCore.index", frame.instance)? as u32,
            function: function as u32,
            offset: offset as u32,
        })
    }
}
