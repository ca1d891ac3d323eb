//! What is written is read back, and anything else is rejected.

use super::*;
use crate::support::error::Error;
use crate::support::write::Write;
use alloc::string::ToString;
use alloc::vec;

/// Returns the part of a snapshot with one item of every kind.
fn snapshot(values: &[Value]) -> Snapshot {
    let rest = |place, awaits, base, yielded| StackRest {
        first_revision: 2,
        place,
        awaits,
        crosses: base == Some(1),
        base,
        handles: vec![1, 0],
        out_of_fuel: base.is_none(),
        yielded,
    };
    let number = |state, revision| StackNumber { state, revision };
    let wait = |state| Wait {
        stack: 1,
        memory: 0,
        address: 1 << 40,
        state,
    };
    Snapshot {
        numbers: vec![
            number(NumberState::Used, 300),
            number(NumberState::Free, 0),
            number(NumberState::Retired, 1 << 31),
        ],
        free: vec![2],
        stacks: vec![
            rest(Place::Usual, Awaits::Nothing, None, None),
            rest(Place::Entry, Awaits::Host(7), Some(1), Some(u64::MAX)),
            rest(Place::FirstAccess, Awaits::Tag(200), Some(0), None),
            rest(Place::SecondAccess, Awaits::Nothing, None, Some(0)),
        ],
        waits: [WaitState::Waiting, WaitState::Woken, WaitState::TimedOut]
            .map(wait)
            .into(),
        names: vec![ExecutionName {
            stack: 1,
            name: "worker".into(),
        }],
        debt: 1,
        spent: u64::MAX,
        epoch: 5,
        host_functions: vec![HostFunction {
            function: 3,
            module: "host".into(),
            name: "print".into(),
        }],
        next_value: 400,
        host_values: vec![HostValue {
            number: 399,
            bytes: vec![1, 2],
        }],
        hidden: vec![Hidden {
            thread: 0,
            frame: 1,
            values: values.into(),
        }],
        segments: vec![Segment {
            instance: 0,
            segment: 1,
            elements: values.into(),
        }],
        pending: Some(values[9]),
        data: vec![9; 200],
    }
}

/// Returns an extension with one item of every kind.
fn example() -> Extension {
    let values = [
        Value::I32(u32::MAX),
        Value::I64(u64::MAX),
        Value::F32(0x7fc0_0000),
        Value::F64(0x7ff8_0000_0000_0001),
        Value::V128(1 << 127 | 5),
        Value::Ref(RefKind::Func, Some(0)),
        Value::Ref(RefKind::Extern, None),
        Value::Ref(RefKind::Any, Some(7)),
        Value::Ref(RefKind::I31, Some(0x7fff_ffff)),
        Value::Ref(RefKind::Exn, Some(3)),
        Value::Ref(RefKind::Cont, Some(u64::MAX)),
        Value::Missing,
    ];
    let reference = Type::Ref {
        nullable: true,
        heap: Heap::Concrete(0),
    };
    Extension {
        producer: "backstitch 0.0.0".into(),
        reason: Reason {
            kind: ReasonKind::Trap,
            trap: Some("MemoryOutOfBounds".into()),
            message: "wasm trap: out of bounds memory access".into(),
            access: Some(Access {
                memory: 1,
                address: u64::MAX,
                offset: 8,
                size: 4,
            }),
        },
        configuration: vec![("consume_fuel".into(), 1)],
        fuel: Some(12),
        types: vec![
            TypeDefinition::Func(vec![Type::I32, Type::V128], vec![reference]),
            TypeDefinition::Cont(0),
            TypeDefinition::Other,
        ],
        modules: vec![Module {
            name: Some("ü".into()),
            size: 8,
            sha256: [3; 32],
        }],
        functions: vec![
            Function::Wasm {
                instance: 0,
                index: 300,
            },
            Function::Host { ty: 0 },
        ],
        instances: vec![Instance {
            module: 0,
            imported_functions: vec![1],
            tables: vec![0],
            tags: vec![0],
            dropped_data: vec![1, 2],
            dropped_elements: vec![],
        }],
        memories: vec![Memory {
            size: 1 << 33,
            shared: false,
            kept: vec![(0, 4096), (1 << 32, 1)],
        }],
        globals: vec![Global {
            ty: Type::Ref {
                nullable: false,
                heap: Heap::Abstract(0x70),
            },
            value: values[5],
        }],
        tables: vec![Table {
            ty: reference,
            table64: true,
            maximum: Some(u64::MAX),
            elements: vec![Run {
                count: 1_000_000,
                value: values[6],
            }],
        }],
        tags: vec![Tag { ty: 0 }],
        stacks: vec![Stack {
            number: 4,
            continuation: true,
            state: StackState::Suspended,
            parent: Some(0),
            function: Some(1),
            revision: 2,
            bound: values[..2].to_vec(),
            handlers: vec![Handler {
                tag: 0,
                switch: true,
                label: 3,
            }],
        }],
        threads: vec![Thread {
            name: "main".into(),
            complete: true,
            frames: vec![Frame {
                stack: 0,
                instance: 0,
                function: 300,
                code_offset: 17,
                position: Position::Calling,
                boundary: Boundary::Continuation,
                captured: true,
                locals: values.to_vec(),
                operands: values[..1].to_vec(),
            }],
            state: Some(ThreadState::Waiting {
                memory: 1,
                address: 1 << 33,
            }),
        }],
        object_types: vec![
            ObjectType {
                ty: 2,
                array: false,
                module: Some(0),
                index: 9,
                name: Some("pair".into()),
                supertype: Some(0),
                fields: vec![
                    Field {
                        name: Some("first".into()),
                        mutable: true,
                        storage: Storage::I8,
                    },
                    Field {
                        name: None,
                        mutable: false,
                        storage: Storage::Value(reference),
                    },
                ],
            },
            ObjectType {
                ty: 3,
                array: true,
                module: None,
                index: 0,
                name: None,
                supertype: None,
                fields: vec![Field {
                    name: None,
                    mutable: true,
                    storage: Storage::I16,
                }],
            },
        ],
        objects: Some(Objects {
            reached: 1 << 40,
            bytes: u64::MAX,
            shown: vec![
                Object {
                    kind: ObjectKind::Struct(0),
                    size: 16,
                    contents: Contents::Values(vec![Value::I32(200), values[7]]),
                },
                Object {
                    kind: ObjectKind::Array(1),
                    size: 16,
                    contents: Contents::Bytes(vec![1, 0, 2, 0]),
                },
                Object {
                    kind: ObjectKind::Array(0),
                    size: 400,
                    contents: Contents::Runs(vec![Run {
                        count: 98,
                        value: values[9],
                    }]),
                },
                Object {
                    kind: ObjectKind::Exception(0),
                    size: 56,
                    contents: Contents::Values(vec![values[4]]),
                },
            ],
        }),
        roots: [
            RootKind::Host,
            RootKind::Segment {
                instance: 0,
                segment: 300,
            },
            RootKind::Hidden {
                thread: 0,
                frame: 1,
            },
        ]
        .map(|kind| Root {
            kind,
            value: values[9],
        })
        .into(),
        snapshot: Some(snapshot(&values)),
        module_bytes: Vec::new(),
    }
}

fn encoded(extension: &Extension) -> Vec<u8> {
    let mut bytes = Vec::new();
    extension.encode(&mut bytes).expect("a vector takes bytes");
    bytes
}

impl Object {
    fn encode(&self, out: &mut dyn Write) -> Result<(), Error> {
        let mut write = |items: Items<'_>| object(out, self.kind, self.size, items);
        match &self.contents {
            Contents::Values(values) => {
                write(Items::Values(values.len(), &mut values.iter().copied()))
            }
            Contents::Runs(runs) => write(Items::Runs(runs.len(), &mut runs.iter().copied())),
            Contents::Bytes(bytes) => write(Items::Bytes(bytes.len(), &|out| out.write_all(bytes))),
        }
    }
}

impl Extension {
    /// Writes the whole extension.
    pub fn encode(&self, out: &mut dyn Write) -> Result<(), Error> {
        self.encode_head(out)?;
        for table in &self.tables {
            table.encode(out, || table.elements.iter().copied())?;
        }
        self.encode_stacks(out)?;
        for thread in &self.threads {
            thread.encode(out, thread.frames.len(), |out| {
                let frames = &mut thread.frames.iter();
                frames.try_for_each(|frame| frame.encode(out, &frame.locals, &frame.operands))
            })?;
        }
        let contents = self.objects.as_ref().map(|all| {
            |out: &mut dyn Write| {
                objects(out, [all.reached, all.bytes], all.shown.len(), |out| {
                    (all.shown.iter()).try_for_each(|item| item.encode(out))
                })
            }
        });
        let contents = contents.as_ref().map(|contents| contents as _);
        self.encode_objects(out, contents)
    }
}

#[test]
fn what_is_written_is_read_back() {
    for extension in [example(), Extension::default()] {
        assert_eq!(Extension::decode(&encoded(&extension)), Ok(extension));
    }
}

#[test]
fn unknown_parts_and_further_contents_are_skipped() {
    let extension = Extension {
        fuel: Some(5),
        ..Extension::default()
    };
    let mut bytes = encoded(&extension);
    bytes.extend([200, 3, 1, 2, 3]);
    assert_eq!(Extension::decode(&bytes), Ok(extension.clone()));
    bytes.extend([3, 2, 5, 99]);
    assert_eq!(Extension::decode(&bytes), Ok(extension));
}

#[test]
fn other_versions_are_refused() {
    assert_eq!(
        Extension::decode(&[2]).unwrap_err().to_string(),
        "the dump's extension has version 2, and only 1 is known"
    );
}

#[test]
fn no_bytes_make_the_reader_panic() {
    let bytes = encoded(&example());
    for end in 0..bytes.len() {
        let _ = Extension::decode(&bytes[..end]);
    }
    for at in 0..bytes.len() {
        for byte in [0, 1, 2, 0x0b, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = byte;
            if let Ok(read) = Extension::decode(&changed) {
                assert_eq!(Extension::decode(&encoded(&read)), Ok(read));
            }
        }
    }
}

#[test]
fn a_count_beyond_the_bytes_takes_no_memory() {
    // Part 9, of six bytes: a count of 2^32 globals.
    let error = Extension::decode(&[1, 9, 6, 0x80, 0x80, 0x80, 0x80, 0x10, 0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the dump's extension is malformed at byte 3: expected a count of the items that follow"
    );
}
