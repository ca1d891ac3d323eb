//! Dumps of other writers, and the additions of Backstitch's own section.

use super::*;
use crate::walk::coredump::extension::{self, Extension};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use wasm_encoder::{
    ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    CoreDumpStackSection, CoreDumpValue, CustomSection, DataSection, GlobalSection, GlobalType,
    MemorySection, MemoryType, Module, ValType,
};

const PAGES: MemoryType = MemoryType {
    minimum: 2,
    maximum: Some(4),
    memory64: false,
    shared: false,
    page_size_log2: None,
};

/// Returns a dump with items of every kind that the format has.
fn standard() -> Module {
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(65_530), *b"across pages");
    data.active(1, &ConstExpr::i64_const(96), *b"last");
    with_data(&data)
}

fn with_data(data: &DataSection) -> Module {
    let mut memories = MemorySection::new();
    memories.memory(PAGES).memory(MemoryType {
        minimum: 100,
        memory64: true,
        page_size_log2: Some(0),
        ..PAGES
    });
    let mut globals = GlobalSection::new();
    let mut global = |val_type, value: &ConstExpr| {
        let ty = GlobalType {
            val_type,
            mutable: true,
            shared: false,
        };
        globals.global(ty, value);
    };
    global(ValType::I32, &ConstExpr::i32_const(-7));
    global(ValType::F64, &ConstExpr::f64_const(1.5.into()));
    global(ValType::V128, &ConstExpr::v128_const(-2));
    global(
        ValType::FUNCREF,
        &ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
    );
    let mut modules = CoreDumpModulesSection::new();
    modules.module("shop").module("till");
    let mut instances = CoreDumpInstancesSection::new();
    instances
        .instance(1, [0, u32::MAX], [0, 1])
        .instance(0, [1], [2, 3]);
    let mut stack = CoreDumpStackSection::new("main");
    let values = [
        CoreDumpValue::I32(-1),
        CoreDumpValue::I64(i64::MIN),
        CoreDumpValue::F32(0.5_f32.into()),
        CoreDumpValue::F64(f64::NAN.into()),
        CoreDumpValue::Missing,
    ];
    stack.frame(1, 12, 0x34, values, [CoreDumpValue::I32(9)]);
    stack.frame(0, 3, 0, [], []);
    let mut module = Module::new();
    module
        .section(&CoreDumpSection::new("program"))
        .section(&memories)
        .section(&globals)
        .section(data)
        .section(&modules)
        .section(&instances)
        .section(&stack);
    module
}

fn with_extension(contents: &[u8]) -> Vec<u8> {
    let mut module = standard();
    module.section(&CustomSection {
        name: Cow::Borrowed(extension::SECTION),
        data: Cow::Borrowed(contents),
    });
    module.finish()
}

fn encoded(extension: &Extension) -> Vec<u8> {
    let mut contents = Vec::new();
    extension.encode(&mut contents).unwrap();
    contents
}

#[test]
fn c16_other_writers_dumps() {
    let bytes = standard().finish();
    let dump = CoreDump::parse(&bytes).unwrap();
    assert_eq!(dump.name(), "program");
    assert_eq!(
        (dump.producer(), dump.reason(), dump.fuel()),
        (None, None, None)
    );
    let modules: Vec<_> = dump.modules().iter().map(|module| &*module.name).collect();
    assert_eq!(modules, ["shop", "till"]);
    assert_eq!(dump.instances()[0].memories, [0, u32::MAX]);
    assert_eq!(dump.instances()[1].globals, [2, 3]);
    let values: Vec<_> = dump.globals().iter().map(|global| global.value).collect();
    assert_eq!(
        values,
        [
            Value::I32((-7_i32).cast_unsigned()),
            Value::F64(1.5_f64.to_bits()),
            Value::V128(u128::MAX - 1),
            Value::Ref(RefKind::Func, None),
        ]
    );
    assert_eq!(dump.globals()[3].ty.to_string(), "funcref");

    let [thread] = dump.threads() else {
        panic!("one thread: {:?}", dump.threads())
    };
    assert_eq!((&*thread.name, thread.frames.len()), ("main", 2));
    let frame = &thread.frames[0];
    assert_eq!(
        (frame.instance, frame.function, frame.code_offset),
        (1, 12, 0x34)
    );
    assert_eq!(
        frame.locals,
        [
            Value::I32(u32::MAX),
            Value::I64(1 << 63),
            Value::F32(0.5_f32.to_bits()),
            Value::F64(f64::NAN.to_bits()),
            Value::Missing,
        ]
    );
    assert_eq!(frame.operands, [Value::I32(9)]);
    assert_eq!(dump.module_of(frame).unwrap().name, "shop");
    assert_eq!(dump.module_of(&thread.frames[1]).unwrap().name, "till");

    let [first, second] = dump.memories() else {
        panic!("two memories: {:?}", dump.memories())
    };
    assert_eq!(
        (first.size(), first.is_64(), first.maximum()),
        (2 << 16, false, Some(4))
    );
    assert_eq!(
        (second.size(), second.is_64(), second.page_size()),
        (100, true, 1)
    );
    let mut text = [0xff; 14];
    first.read(65_529, &mut text).unwrap();
    assert_eq!(&text, b"\0across pages\0");
    let mut text = [0xff; 6];
    second.read(94, &mut text).unwrap();
    assert_eq!(&text, b"\0\0last");
}

#[test]
fn c15_the_extension_knows_better() {
    let frame = extension::Frame {
        stack: 0,
        instance: 1,
        function: 12,
        code_offset: 0x34,
        position: Position::Trapped,
        boundary: Boundary::Instance,
        captured: true,
        locals: vec![Value::V128(3)],
        operands: vec![Value::Ref(RefKind::Extern, Some(4))],
    };
    let extension = Extension {
        producer: "backstitch 1".into(),
        reason: Reason {
            kind: ReasonKind::Trap,
            message: "wasm trap: integer overflow".into(),
            ..Reason::default()
        },
        fuel: Some(5),
        modules: vec![extension::Module {
            name: None,
            size: 77,
            sha256: [9; 32],
        }],
        memories: vec![extension::Memory {
            size: 2 << 16,
            shared: false,
            kept: vec![(0, 16), (65_536, 4)],
        }],
        globals: vec![extension::Global {
            ty: Type::I64,
            value: Value::I64(1),
        }],
        threads: vec![extension::Thread {
            name: "main".into(),
            complete: true,
            frames: vec![frame],
            state: Some(ThreadState::Ready),
        }],
        ..Extension::default()
    };
    let bytes = with_extension(&encoded(&extension));
    let dump = CoreDump::parse(&bytes).unwrap();
    assert_eq!(dump.extension_version(), Some(extension::VERSION));
    assert_eq!(
        (dump.producer(), dump.fuel()),
        (Some("backstitch 1"), Some(5))
    );
    assert_eq!(
        dump.reason().unwrap().message,
        "wasm trap: integer overflow"
    );
    let identity = dump.modules()[0].identity.unwrap();
    assert_eq!((identity.size, identity.sha256), (77, [9; 32]));
    assert_eq!(dump.modules()[1].identity, None);
    assert_eq!(
        (dump.globals()[0].ty, dump.globals()[0].value),
        (Type::I64, Value::I64(1))
    );
    assert_eq!(dump.globals()[1].ty, Type::F64);
    let [frame] = &*dump.threads()[0].frames else {
        panic!("one frame: {:?}", dump.threads())
    };
    assert_eq!(frame.locals, [Value::V128(3)]);
    assert_eq!(frame.operands, [Value::Ref(RefKind::Extern, Some(4))]);
    assert_eq!(frame.details.unwrap().position, Position::Trapped);
    let memory = &dump.memories()[0];
    for (address, kept) in [
        (0, true),
        (15, true),
        (16, false),
        (65_535, false),
        (65_536, true),
        (65_540, false),
        (u64::MAX, false),
    ] {
        assert_eq!(memory.is_kept(address), kept, "{address}");
    }
    assert!(dump.memories()[1].is_kept(99) && !dump.memories()[1].is_kept(100));
}

/// The contents of a `corestack` section in the first format, whose frames have no instance.
const WITHOUT_INSTANCES: &[u8] = &[
    0, 4, b'm', b'a', b'i', b'n', 2, // frames
    0, 12, 0x34, 2, 0x7f, 0x7f, 0x01, 1, 0x7e, 5, // one with locals and operands
    0, 3, 0, 0, 0, // one without
];

#[test]
fn dumps_of_the_first_format_are_read() {
    let section = CustomSection {
        name: "corestack".into(),
        data: WITHOUT_INSTANCES.into(),
    };
    let mut module = Module::new();
    module
        .section(&CoreDumpSection::new("program"))
        .section(&section);
    let bytes = module.finish();
    let dump = CoreDump::parse(&bytes).unwrap();
    let [thread] = dump.threads() else {
        panic!("one thread: {:?}", dump.threads())
    };
    assert_eq!((&*thread.name, thread.complete), ("main", true));
    let frames: Vec<_> = thread
        .frames
        .iter()
        .map(|frame| (frame.instance, frame.function, frame.code_offset))
        .collect();
    assert_eq!(frames, [(0, 12, 0x34), (0, 3, 0)]);
    assert_eq!(
        thread.frames[0].locals,
        [Value::I32(u32::MAX), Value::Missing]
    );
    assert_eq!(thread.frames[0].operands, [Value::I64(5)]);
    assert!(dump.instances().is_empty() && dump.modules().is_empty());

    // A dump that describes instances has the present format.
    let mut module = standard();
    module.section(&section);
    let error = CoreDump::parse(&module.finish()).unwrap_err().to_string();
    assert!(
        error.contains("the `corestack` section is malformed"),
        "{error}"
    );
    for end in 0..WITHOUT_INSTANCES.len() {
        let mut module = Module::new();
        module.section(&CustomSection {
            name: "corestack".into(),
            data: WITHOUT_INSTANCES[..end].into(),
        });
        assert!(CoreDump::parse(&module.finish()).is_err(), "{end} bytes");
    }
}

/// A newer Backstitch's dump is still a standard one.
#[test]
fn extensions_of_other_versions_are_left_alone() {
    let bytes = with_extension(&[2, 0xff, 0xff]);
    let dump = CoreDump::parse(&bytes).unwrap();
    assert_eq!((dump.extension_version(), dump.reason()), (Some(2), None));
    assert_eq!(dump.threads()[0].frames.len(), 2);
}

#[test]
fn errors_say_what_and_where() {
    let refusal = |module: &Module| {
        let bytes = module.clone().finish();
        CoreDump::parse(&bytes).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(&Module::new()),
        "this is a module and not a core dump: it has neither a `core` nor a `corestack` section"
    );
    let mut module = standard();
    module.section(&CustomSection {
        name: "corestack".into(),
        data: (&[0, 1, b'x', 1, 0, 0, 0, 0, 1, 0x70][..]).into(),
    });
    let at = module.len() - 1;
    assert_eq!(
        refusal(&module),
        format!(
            "the `corestack` section is malformed at offset {at:#x}: invalid CoreDumpValue type"
        )
    );
    let data = |memory, address: &ConstExpr| {
        let mut data = DataSection::new();
        data.active(memory, address, *b"text");
        refusal(&with_data(&data))
    };
    let message = data(7, &ConstExpr::i32_const(0));
    assert!(
        message.contains("a segment for memory 7, but there are 2 memories"),
        "{message}"
    );
    let message = data(1, &ConstExpr::i64_const(97));
    assert!(
        message.contains("at address 0x61 does not fit into memory 1"),
        "{message}"
    );
    let message = data(0, &ConstExpr::i32_const(-1));
    assert!(
        message.contains("at address 0xffffffff does not fit"),
        "{message}"
    );
    let message = data(0, &ConstExpr::global_get(0));
    assert!(
        message.contains("a segment without a constant address"),
        "{message}"
    );
    let truncated = with_extension(&[1, 0, 9]);
    let error = CoreDump::parse(&truncated).unwrap_err().to_string();
    let place = "the `backstitch.coredump` section is malformed at offset 0x";
    assert!(error.starts_with(place), "{error}");
}
