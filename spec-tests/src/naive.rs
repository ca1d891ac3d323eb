//! Walks the stacks of a process by reading its memory, as a debugger script does.
//! `examples/gdb/backstitch.py` is this file in Python. Tests compare this walk with the library's
//! own walk at every instruction.
//!
//! # Algorithm
//!
//! The symbol `backstitch_root` points to a magic number and five words:
//!
//! ```text
//! "backstit" · version · fields · field count · stores · modules      8 bytes each, except
//!                                                                     addresses
//! field: name (48 bytes, zeros follow) · offset (8) · size (8)
//! ```
//!
//! The fields describe the layout of all other structures by name, so that the code below does not
//! depend on a version or a target. `Stack.base` is the offset and the size of a field in its
//! structure, `Stack` the size of a structure, `BOUNDARY_TAG` a number.
//!
//! 1. *Stores* are a linked list. Each node has the address of a context. A context has the stack
//!    directory (an array indexed by stack number; entry 0 is unused) and the activations, oldest
//!    first.
//! 2. *The position of an activation*: if it is in the host (`exited`), the position is `exit` of
//!    its first stack. Otherwise it is the newest activation, and runs on the running stack at the
//!    context's `ip` and `fp` (or, while handlers run, at the location that `live` gives).
//! 3. *Frames*: `fp` is the address of a record. Its link, without the tag, is the distance in
//!    bytes down to the caller's record. Its return ip is the address at which the caller
//!    continues. A record with the tag is a boundary, not a frame. By kind of boundary:
//!
//!    * Between instances: the caller belongs to the instance that the boundary names.
//!    * Bottom of a continuation: the low half of a word is the number of the caller's stack, the
//!      high half the distance in slots of the caller's record from that stack's base. The caller
//!      continues at that stack's `exit`. If the stack number is 0, nothing has resumed the
//!      continuation.
//!    * Host: the activation ends.
//!
//! 4. *Functions*: a frame's instance has the module. The module has an entry for each function:
//!    the address of its code's header, which has the number of words that follow it. A return ip
//!    may point behind the last word, so the word before it is looked up.

use std::collections::BTreeMap;

/// Access to a process's memory.
pub trait Memory {
    /// Fills `bytes` from an address. Returns false if the memory cannot be read.
    fn read(&self, address: u64, bytes: &mut [u8]) -> bool;
}

/// A frame, or the position at which a stack continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Number of the stack.
    pub stack: u32,
    /// Distance of the frame's record from the stack's base, in slots.
    pub fp: u64,
    /// Address of the next cell, or the address to which a call returns.
    pub ip: u64,
    /// True if `ip` is a return address.
    pub is_return: bool,
    /// Address of the instance.
    pub instance: u64,
}

/// A frame's position in its module's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Number of the instance in the store.
    pub instance: u32,
    /// Index of the function in its module.
    pub function: u32,
    /// Offset from the function's first cell, in words.
    pub offset: u32,
}

/// Offset and size of a field, in bytes.
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
    /// Returns the process whose root is at the given address, or `None` if there is no root of a
    /// supported version.
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

    /// Reads a number from a field of a structure.
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

    /// Reads a number from the field with the given name.
    fn get(&self, name: &str, structure: u64) -> Option<u64> {
        self.number(*self.fields.get(name)?, structure)
    }

    fn size_of(&self, name: &str) -> Option<u64> {
        Some(self.fields.get(name)?.1)
    }

    fn offset_of(&self, name: &str) -> Option<u64> {
        Some(self.fields.get(name)?.0)
    }

    /// Returns the contexts of all stores, the newest first.
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

    /// Returns the number of a context's activations.
    pub fn activations(&self, context: u64) -> Option<u64> {
        self.get("Context.activation_count", context)
    }

    /// Returns the address on the native stack from which an activation was started.
    pub fn native_stack(&self, context: u64, activation: u64) -> Option<u64> {
        let activation = self.activation(context, activation)?;
        self.get("Activation.native_stack", activation)
    }

    fn activation(&self, context: u64, activation: u64) -> Option<u64> {
        let first = self.get("Context.activations", context)?;
        Some(first + activation * self.size_of("Activation")?)
    }

    /// Returns the position of an activation that is in the host; `None` if it is not.
    pub fn exit(&self, context: u64, activation: u64) -> Option<Frame> {
        let activation = self.activation(context, activation)?;
        if self.get("Activation.exited", activation)? == 0 {
            return None;
        }
        let chain = activation + self.offset_of("Activation.chain")?;
        let stack = self.get("StackChain.first", chain)? as u32;
        self.stands(context, stack)
    }

    /// Returns the position of the newest activation. It must not be in the host, and its handlers
    /// must have stored `ip` and `fp` in the context.
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

    /// Returns the address of a stack's entry in the directory.
    fn stack(&self, context: u64, stack: u32) -> Option<u64> {
        if u64::from(stack) >= self.get("Context.stack_count", context)? {
            return None;
        }
        let directory = self.get("Context.stacks", context)?;
        Some(directory + u64::from(stack) * self.size_of("Stack")?)
    }

    /// Returns the position at which a stack continues.
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

    /// Returns the frames from `from` outwards, the youngest first, to the host or to a
    /// continuation that nothing has resumed. Returns `None` if the memory does not contain valid
    /// stacks.
    pub fn walk(&self, context: u64, from: Frame) -> Option<Vec<Frame>> {
        let mut frames = Vec::new();
        let mut at = from;
        if at.ip == 0 {
            // Nothing has run on this stack: its caller is the host.
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

    /// Returns a frame's position in its module's code, or `None` if its function has not been
    /// translated.
    pub fn locate(&self, frame: &Frame) -> Option<Location> {
        let module = self.get("InstanceCore.module", frame.instance)?;
        let entries = self.get("ListedModule.entries", module)?;
        let address = frame.ip - u64::from(frame.is_return);
        let before_cells = self.size_of("CodeHeader")?;
        // Finds the last code block that begins before the address, and checks its length below.
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
