//! Reading the section's contents, which may be arbitrary bytes.

use super::{
    Access, Awaits, Boundary, Contents, ExecutionName, Extension, Field, Frame, Function, Global,
    Handler, Heap, Hidden, HostFunction, HostValue, Instance, Memory, Module, NumberState, Object,
    ObjectKind, ObjectType, Objects, Place, Position, Reason, ReasonKind, RefKind, Root, RootKind,
    Run, Segment, Snapshot, Stack, StackNumber, StackRest, StackState, Storage, Table, Tag, Thread,
    ThreadState, Type, TypeDefinition, VERSION, Value, Wait, WaitState,
};
use alloc::string::String;
use alloc::vec::Vec;
use thiserror::Error as ThisError;

/// The reason why bytes are not a valid extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum Malformed {
    /// The version is not supported.
    #[error("the dump's extension has version {0}, and only {VERSION} is known")]
    Version(u64),
    /// The bytes do not follow the format.
    #[error("the dump's extension is malformed at byte {offset}: expected {what}")]
    At {
        /// Offset from the beginning of the contents.
        offset: usize,
        /// The item that was expected at the offset.
        what: &'static str,
    },
    /// Memory for the contents cannot be allocated.
    #[error("there is no memory for the dump's extension")]
    OutOfMemory,
}

type Result<T> = core::result::Result<T, Malformed>;

impl Extension {
    /// Reads the contents of the section. Allocates memory in proportion to their size.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the contents have another version or do not follow the format.
    pub fn decode(bytes: &[u8]) -> Result<Extension> {
        let mut reader = Reader { bytes, offset: 0 };
        let version = reader.number()?;
        if version != VERSION {
            return Err(Malformed::Version(version));
        }
        let mut extension = Extension::default();
        while reader.offset < reader.bytes.len() {
            let id = reader.byte("the id of a part")?;
            let size = reader.number()?;
            let contents = reader.take(size, "the contents of a part")?;
            let mut part = Reader {
                bytes: &bytes[..reader.offset],
                offset: reader.offset - contents.len(),
            };
            extension.decode_part(id, &mut part)?;
        }
        Ok(extension)
    }

    fn decode_part(&mut self, id: u8, reader: &mut Reader<'_>) -> Result<()> {
        match id {
            0 => self.producer = reader.string()?,
            1 => self.reason = reason(reader)?,
            2 => {
                self.configuration =
                    reader.list(|reader| Ok((reader.string()?, reader.number()?)))?;
            }
            3 => self.fuel = Some(reader.number()?),
            4 => self.types = reader.list(type_definition)?,
            5 => self.modules = reader.list(module)?,
            6 => self.functions = reader.list(function)?,
            7 => self.instances = reader.list(instance)?,
            8 => self.memories = reader.list(memory)?,
            9 => self.globals = reader.list(global)?,
            10 => {
                let table = table(reader)?;
                push(&mut self.tables, table)?;
            }
            11 => {
                self.tags = reader.list(|reader| {
                    Ok(Tag {
                        ty: reader.index()?,
                    })
                })?;
            }
            12 => self.stacks = reader.list(stack)?,
            13 => {
                let thread = Thread {
                    name: reader.string()?,
                    complete: reader.flag()?,
                    frames: reader.list(frame)?,
                    // The first dumps with this version end here.
                    state: match reader.offset < reader.bytes.len() {
                        true => reader.option(thread_state)?,
                        false => None,
                    },
                };
                push(&mut self.threads, thread)?;
            }
            14 => self.object_types = reader.list(object_type)?,
            15 => {
                self.objects = Some(Objects {
                    reached: reader.number()?,
                    bytes: reader.number()?,
                    shown: reader.list(object)?,
                });
            }
            16 => self.roots = reader.list(root)?,
            17 => self.snapshot = Some(snapshot(reader)?),
            18 => {
                let module = (reader.index()?, reader.copied_bytes()?);
                push(&mut self.module_bytes, module)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn push<T>(items: &mut Vec<T>, item: T) -> Result<()> {
    items.try_reserve(1).map_err(|_| Malformed::OutOfMemory)?;
    items.push(item);
    Ok(())
}

/// A cursor over bytes.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed::At {
            offset: self.offset,
            what,
        }
    }

    fn take(&mut self, len: u64, what: &'static str) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.offset..];
        let taken = usize::try_from(len)
            .ok()
            .and_then(|len| rest.get(..len))
            .ok_or_else(|| self.malformed(what))?;
        self.offset += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        let bytes = self.take(N as u64, what)?;
        Ok(bytes.try_into().expect("as many as were asked for"))
    }

    fn byte(&mut self, what: &'static str) -> Result<u8> {
        Ok(self.array::<1>(what)?[0])
    }

    fn flag(&mut self) -> Result<bool> {
        self.choice("0 or 1", &[(0, false), (1, true)])
    }

    /// Reads one of several bytes, each with its meaning.
    fn choice<T: Copy>(&mut self, what: &'static str, choices: &[(u8, T)]) -> Result<T> {
        let found = self.bytes.get(self.offset);
        let choice = choices.iter().find(|(byte, _)| Some(byte) == found);
        let &(_, meaning) = choice.ok_or_else(|| self.malformed(what))?;
        self.offset += 1;
        Ok(meaning)
    }

    fn number(&mut self) -> Result<u64> {
        let malformed = self.malformed("a number of up to 64 bits");
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.byte("a number")?);
            let bits = byte & 0x7f;
            if bits << shift >> shift != bits {
                return Err(malformed);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(malformed)
    }

    fn index(&mut self) -> Result<u32> {
        let malformed = self.malformed("a number of up to 32 bits");
        u32::try_from(self.number()?).map_err(|_| malformed)
    }

    fn string(&mut self) -> Result<String> {
        let malformed = self.malformed("a string in UTF-8");
        let len = self.number()?;
        let bytes = self.take(len, "a string")?;
        let text = core::str::from_utf8(bytes).map_err(|_| malformed)?;
        let mut string = String::new();
        string
            .try_reserve_exact(text.len())
            .map_err(|_| Malformed::OutOfMemory)?;
        string.push_str(text);
        Ok(string)
    }

    fn copied_bytes(&mut self) -> Result<Vec<u8>> {
        let len = self.number()?;
        let bytes = self.take(len, "bytes")?;
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len())
            .map_err(|_| Malformed::OutOfMemory)?;
        copy.extend_from_slice(bytes);
        Ok(copy)
    }

    fn option<T>(&mut self, some: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.flag()? {
            some(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads a count and that many items. Each item has at least one byte, so a count larger than
    /// the number of bytes left is an error.
    fn list<T>(&mut self, each: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let malformed = self.malformed("a count of the items that follow");
        let count = self.number()?;
        if count > (self.bytes.len() - self.offset) as u64 {
            return Err(malformed);
        }
        let mut items = Vec::new();
        for _ in 0..count {
            push(&mut items, each(self)?)?;
        }
        Ok(items)
    }

    fn indices(&mut self) -> Result<Vec<u32>> {
        self.list(Self::index)
    }
}

fn reason(reader: &mut Reader<'_>) -> Result<Reason> {
    use ReasonKind::*;
    let kinds = [
        Requested,
        Trap,
        HostError,
        OutOfFuel,
        Interrupt,
        Epoch,
        HostRequest,
        UncaughtException,
        UnhandledTag,
        Breakpoint,
        Wait,
        Deadlock,
    ]
    .map(|kind| (kind as u8, kind));
    Ok(Reason {
        kind: reader.choice("a kind of reason", &kinds)?,
        trap: reader.option(Reader::string)?,
        message: reader.string()?,
        access: reader.option(|reader| {
            Ok(Access {
                memory: reader.index()?,
                address: reader.number()?,
                offset: reader.number()?,
                size: reader.number()?,
            })
        })?,
    })
}

fn thread_state(reader: &mut Reader<'_>) -> Result<ThreadState> {
    let malformed = reader.malformed("a state of a thread");
    Ok(match reader.byte("a state of a thread")? {
        0 => ThreadState::Running,
        1 => ThreadState::Ready,
        2 => ThreadState::Waiting {
            memory: reader.index()?,
            address: reader.number()?,
        },
        3 => ThreadState::Blocked,
        4 => ThreadState::Detached,
        _ => return Err(malformed),
    })
}

fn type_definition(reader: &mut Reader<'_>) -> Result<TypeDefinition> {
    Ok(match reader.byte("a type definition")? {
        0x60 => TypeDefinition::Func(reader.list(type_)?, reader.list(type_)?),
        0x5d => TypeDefinition::Cont(reader.index()?),
        0 => TypeDefinition::Other,
        _ => {
            reader.offset -= 1;
            return Err(reader.malformed("a type definition"));
        }
    })
}

fn type_(reader: &mut Reader<'_>) -> Result<Type> {
    Ok(match reader.byte("a type")? {
        0x7f => Type::I32,
        0x7e => Type::I64,
        0x7d => Type::F32,
        0x7c => Type::F64,
        0x7b => Type::V128,
        byte @ (0x63 | 0x64) => Type::Ref {
            nullable: byte == 0x63,
            heap: match reader.byte("a heap type")? {
                0 => Heap::Concrete(reader.index()?),
                heap => Heap::Abstract(heap),
            },
        },
        _ => {
            reader.offset -= 1;
            return Err(reader.malformed("a type"));
        }
    })
}

fn value(reader: &mut Reader<'_>) -> Result<Value> {
    use RefKind::{Any, Cont, Exn, Extern, Func, I31};
    Ok(match reader.byte("a value")? {
        0x7f => Value::I32(reader.index()?),
        0x7e => Value::I64(reader.number()?),
        0x7d => Value::F32(u32::from_le_bytes(reader.array("a float")?)),
        0x7c => Value::F64(u64::from_le_bytes(reader.array("a float")?)),
        0x7b => Value::V128(u128::from_le_bytes(reader.array("a vector")?)),
        0x01 => Value::Missing,
        _ => {
            reader.offset -= 1;
            let kinds = [Func, Extern, Any, I31, Exn, Cont].map(|kind| (kind as u8, kind));
            let kind = reader.choice("a value", &kinds)?;
            Value::Ref(kind, reader.option(Reader::number)?)
        }
    })
}

fn module(reader: &mut Reader<'_>) -> Result<Module> {
    Ok(Module {
        name: reader.option(Reader::string)?,
        size: reader.number()?,
        sha256: reader.array("a SHA-256")?,
    })
}

fn function(reader: &mut Reader<'_>) -> Result<Function> {
    Ok(if reader.flag()? {
        Function::Host {
            ty: reader.index()?,
        }
    } else {
        Function::Wasm {
            instance: reader.index()?,
            index: reader.index()?,
        }
    })
}

fn instance(reader: &mut Reader<'_>) -> Result<Instance> {
    Ok(Instance {
        module: reader.index()?,
        imported_functions: reader.indices()?,
        tables: reader.indices()?,
        tags: reader.indices()?,
        dropped_data: reader.indices()?,
        dropped_elements: reader.indices()?,
    })
}

fn memory(reader: &mut Reader<'_>) -> Result<Memory> {
    Ok(Memory {
        size: reader.number()?,
        shared: reader.flag()?,
        kept: reader.list(|reader| Ok((reader.number()?, reader.number()?)))?,
    })
}

fn global(reader: &mut Reader<'_>) -> Result<Global> {
    Ok(Global {
        ty: type_(reader)?,
        value: value(reader)?,
    })
}

fn table(reader: &mut Reader<'_>) -> Result<Table> {
    Ok(Table {
        ty: type_(reader)?,
        table64: reader.flag()?,
        maximum: reader.option(Reader::number)?,
        elements: reader.list(run)?,
    })
}

fn run(reader: &mut Reader<'_>) -> Result<Run> {
    Ok(Run {
        count: reader.number()?,
        value: value(reader)?,
    })
}

fn object_type(reader: &mut Reader<'_>) -> Result<ObjectType> {
    Ok(ObjectType {
        ty: reader.index()?,
        array: reader.flag()?,
        module: reader.option(Reader::index)?,
        index: reader.index()?,
        name: reader.option(Reader::string)?,
        supertype: reader.option(Reader::index)?,
        fields: reader.list(|reader| {
            Ok(Field {
                name: reader.option(Reader::string)?,
                mutable: reader.flag()?,
                storage: storage(reader)?,
            })
        })?,
    })
}

fn storage(reader: &mut Reader<'_>) -> Result<Storage> {
    let packed = match reader.bytes.get(reader.offset) {
        Some(0x78) => Storage::I8,
        Some(0x77) => Storage::I16,
        _ => return type_(reader).map(Storage::Value),
    };
    reader.offset += 1;
    Ok(packed)
}

fn object(reader: &mut Reader<'_>) -> Result<Object> {
    let kind = match reader.choice("an object", &[(0x5f, 0), (0x5e, 1), (0x69, 2)])? {
        0 => ObjectKind::Struct(reader.index()?),
        1 => ObjectKind::Array(reader.index()?),
        _ => ObjectKind::Exception(reader.index()?),
    };
    let size = reader.number()?;
    let contents = match reader.choice("contents", &[(0, 0), (1, 1), (2, 2)])? {
        0 => Contents::Values(reader.list(value)?),
        1 => Contents::Runs(reader.list(run)?),
        _ => Contents::Bytes(reader.copied_bytes()?),
    };
    Ok(Object {
        kind,
        size,
        contents,
    })
}

fn root(reader: &mut Reader<'_>) -> Result<Root> {
    let kind = match reader.choice("a root", &[(0, 0), (1, 1), (2, 2)])? {
        0 => RootKind::Host,
        1 => RootKind::Segment {
            instance: reader.index()?,
            segment: reader.index()?,
        },
        _ => RootKind::Hidden {
            thread: reader.index()?,
            frame: reader.index()?,
        },
    };
    Ok(Root {
        kind,
        value: value(reader)?,
    })
}

fn snapshot(reader: &mut Reader<'_>) -> Result<Snapshot> {
    Ok(Snapshot {
        numbers: reader.list(|reader| {
            use NumberState::{Free, Retired, Used};
            let states = [Used, Free, Retired].map(|state| (state as u8, state));
            Ok(StackNumber {
                state: reader.choice("a state of a stack number", &states)?,
                revision: reader.index()?,
            })
        })?,
        free: reader.indices()?,
        stacks: reader.list(stack_rest)?,
        waits: reader.list(|reader| {
            use WaitState::{TimedOut, Waiting, Woken};
            let states = [Waiting, Woken, TimedOut].map(|state| (state as u8, state));
            Ok(Wait {
                stack: reader.index()?,
                memory: reader.index()?,
                address: reader.number()?,
                state: reader.choice("a state of a wait", &states)?,
            })
        })?,
        names: reader.list(|reader| {
            Ok(ExecutionName {
                stack: reader.index()?,
                name: reader.string()?,
            })
        })?,
        debt: reader.number()?,
        spent: reader.number()?,
        epoch: reader.number()?,
        host_functions: reader.list(|reader| {
            Ok(HostFunction {
                function: reader.index()?,
                module: reader.string()?,
                name: reader.string()?,
            })
        })?,
        next_value: reader.index()?,
        host_values: reader.list(|reader| {
            Ok(HostValue {
                number: reader.index()?,
                bytes: reader.copied_bytes()?,
            })
        })?,
        hidden: reader.list(|reader| {
            Ok(Hidden {
                thread: reader.index()?,
                frame: reader.index()?,
                values: reader.list(value)?,
            })
        })?,
        segments: reader.list(|reader| {
            Ok(Segment {
                instance: reader.index()?,
                segment: reader.index()?,
                elements: reader.list(value)?,
            })
        })?,
        pending: reader.option(value)?,
        data: reader.copied_bytes()?,
    })
}

fn stack_rest(reader: &mut Reader<'_>) -> Result<StackRest> {
    use Place::{Entry, FirstAccess, SecondAccess, Usual};
    let places = [Usual, Entry, FirstAccess, SecondAccess].map(|place| (place as u8, place));
    Ok(StackRest {
        first_revision: reader.index()?,
        place: reader.choice("a place", &places)?,
        awaits: match reader.choice("what a stack waits for", &[(0, 0), (1, 1), (2, 2)])? {
            0 => Awaits::Nothing,
            1 => Awaits::Host(reader.index()?),
            _ => Awaits::Tag(reader.index()?),
        },
        crosses: reader.flag()?,
        base: reader.option(Reader::index)?,
        handles: reader.indices()?,
        out_of_fuel: reader.flag()?,
        yielded: reader.option(Reader::number)?,
    })
}

fn stack(reader: &mut Reader<'_>) -> Result<Stack> {
    use StackState::{Fresh, Parent, Returned, Running, Suspended, Trapped};
    let states = [Fresh, Running, Parent, Suspended, Returned, Trapped];
    Ok(Stack {
        number: reader.index()?,
        continuation: reader.flag()?,
        state: reader.choice("a state", &states.map(|state| (state as u8, state)))?,
        parent: reader.option(Reader::index)?,
        function: reader.option(Reader::index)?,
        revision: reader.number()?,
        bound: reader.list(value)?,
        handlers: reader.list(|reader| {
            Ok(Handler {
                tag: reader.index()?,
                switch: reader.flag()?,
                label: reader.index()?,
            })
        })?,
    })
}

fn frame(reader: &mut Reader<'_>) -> Result<Frame> {
    use Position::{Before, Calling, Trapped};
    let positions = [Before, Trapped, Calling].map(|position| (position as u8, position));
    let boundaries = [
        Boundary::None,
        Boundary::Instance,
        Boundary::Host,
        Boundary::Continuation,
    ]
    .map(|boundary| (boundary as u8, boundary));
    Ok(Frame {
        stack: reader.index()?,
        instance: reader.index()?,
        function: reader.index()?,
        code_offset: reader.index()?,
        position: reader.choice("a position", &positions)?,
        boundary: reader.choice("a boundary", &boundaries)?,
        captured: reader.flag()?,
        locals: reader.list(value)?,
        operands: reader.list(value)?,
    })
}
