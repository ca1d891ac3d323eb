//! The format of dumps, read by other readers than Backstitch's own.

use super::parsed::parse;
use super::shop::{SHOP, dump_of, engines, fail};
use backstitch::coredump::{Boundary, Position, ReasonKind, RefKind, Value};
use backstitch::{
    Caller, Config, CoreDump, CoreDumpOptions, Engine, Error, Func, Global, GlobalType, Instance,
    Linker, Memory, MemoryType, Module, Mutability, Outcome, Result, Store, Suspension, Val,
    ValType, WasmBacktrace, WasmCoreDump,
};
use spec_tests::engines::dispatches;
use wasmparser::{Parser, Payload};

#[test]
fn c01_dumps_are_attached_to_errors_and_made_on_demand() {
    for engine in engines() {
        let module = Module::new(&engine, SHOP).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let error = fail(&mut store, &instance, "open");
        assert_eq!(dump_of(&error).frames().len(), 2);
        assert!(error.is::<WasmBacktrace>() && error.is::<backstitch::Trap>());
        // A dump made outside of any call.
        let dump = WasmCoreDump::capture(&mut store);
        assert!(dump.frames().is_empty());
        assert_eq!(
            parse(&dump.serialize(&mut store, "x")).stacks,
            [("main".into(), vec![])]
        );
    }
    // Dumps made in a host function, and at errors of host functions.
    let engine = &engines()[0];
    let mut linker = Linker::new(engine);
    let host = |mut caller: Caller<'_, ()>| -> Result<()> {
        let dump = WasmCoreDump::capture(&mut caller);
        assert_eq!(dump.frames().len(), 1);
        let file = dump.serialize(&mut caller, "x");
        let dump = CoreDump::parse(&file)?;
        assert_eq!(dump.reason().unwrap().kind, ReasonKind::Requested);
        assert_eq!(
            dump.threads()[0].frames[0].details.unwrap().position,
            Position::Calling
        );
        Err(Error::msg("closed"))
    };
    linker.func_wrap("", "host", host).unwrap();
    let text = r#"(module (import "" "host" (func $host)) (func (export "open") (call $host)))"#;
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let error = fail(&mut store, &instance, "open");
    let file = dump_of(&error).serialize(&mut store, "x");
    let dump = CoreDump::parse(&file).unwrap();
    let reason = dump.reason().unwrap();
    assert_eq!(
        (reason.kind, &*reason.message),
        (ReasonKind::HostError, "closed")
    );
    // Without the configuration there is no dump.
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, SHOP).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert!(!fail(&mut store, &instance, "open").is::<WasmCoreDump>());
}

#[test]
fn c01_every_way_to_end_a_call_makes_a_dump() {
    use ReasonKind::{Interrupt, OutOfFuel, Trap, UncaughtException, UnhandledTag};
    let text = r#"(module
        (type $f (func)) (type $k (cont $f)) (tag $thrown (param i32)) (tag $suspended)
        (elem declare func $suspend)
        (func $throw (param i32) (throw $thrown (local.get 0)))
        (func $suspend (local i32) (local.set 0 (i32.const 6)) (suspend $suspended))
        (func $loop (param i32) (loop (br 0)))
        (func (export "throw") (i64.const 1) (call $throw (i32.const 5)) (drop))
        (func (export "suspend") (i64.const 2) (call $suspend) (drop))
        (func (export "resume")
            (i64.const 3) (resume $k (cont.new $k (ref.func $suspend))) (drop))
        (func (export "loop") (i64.const 4) (call $loop (i32.const 7)) (drop))
        (func (export "trap") (i64.const 5) (unreachable)))"#;
    let calls = [
        ("throw", UncaughtException, 2, 1),
        ("suspend", UnhandledTag, 2, 2),
        ("resume", UnhandledTag, 2, 3),
        ("loop", OutOfFuel, 2, 4),
        ("loop", Interrupt, 2, 4),
        ("trap", Trap, 1, 5),
    ];
    for dispatch in dispatches() {
        for (name, kind, frames, operand) in calls {
            let mut config = Config::new();
            config.dispatch(dispatch).coredump_on_trap(true);
            config.consume_fuel(kind == OutOfFuel);
            config.interruptible(kind == Interrupt);
            let engine = Engine::new(&config).unwrap();
            let module = Module::new(&engine, text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            if kind == OutOfFuel {
                store.set_fuel(100).unwrap();
            }
            if kind == Interrupt {
                store.interrupt_handle().unwrap().interrupt();
            }
            let error = fail(&mut store, &instance, name);
            let file = dump_of(&error).serialize(&mut store, "x");
            parse(&file);
            let dump = CoreDump::parse(&file).unwrap();
            let reason = dump.reason().unwrap();
            assert_eq!(reason.kind, kind, "{name}");
            assert!(!reason.message.is_empty(), "{name}");
            let found = &dump.threads()[0].frames;
            if kind == Interrupt && found.len() == 1 {
                // The interruption was requested before the call and stops at the entry of `loop`.
                continue;
            }
            assert_eq!(found.len(), frames, "{name}: {kind:?}");
            let oldest = found.last().unwrap();
            assert_eq!(oldest.operands, [Value::I64(operand)], "{name}: {kind:?}");
            let youngest = found[0].details.unwrap();
            let expected = match kind {
                Trap | UnhandledTag => Position::Trapped,
                _ => Position::Before,
            };
            assert_eq!(youngest.position, expected, "{name}: {kind:?}");
        }
    }
}

#[test]
fn c02_c14_a_dump_lists_frames_modules_instances_globals_and_memories() {
    for engine in engines() {
        let module = Module::new(&engine, SHOP).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let error = fail(&mut store, &instance, "open");
        let dump = dump_of(&error);
        let counts = (
            dump.frames().len(),
            dump.modules().len(),
            dump.instances().len(),
            dump.globals().len(),
            dump.memories().len(),
        );
        assert_eq!(counts, (2, 1, 1, 6, 1));
        assert!(Module::same(&dump.modules()[0], &module));
        assert_eq!(dump.instances(), [instance]);
        assert_eq!(format!("{dump:?}"), "<wasm core dump>");
        let shown = dump.to_string();
        let heads = [
            "wasm coredump generated while executing shop:\nmodules:\n  shop\n",
            "instances:\n",
            "memories:\n",
            "globals:\n",
            "backtrace:\nerror while executing at wasm backtrace:\n",
        ];
        let mut rest = &*shown;
        for head in heads {
            let at = rest
                .find(head)
                .unwrap_or_else(|| panic!("{head:?} in {shown}"));
            rest = &rest[at + head.len()..];
        }
        assert!(rest.contains("shop!sell\n"), "{rest}");
    }
}

#[test]
fn c02_the_limit_for_backtraces_does_not_apply() {
    for engine in engines() {
        let text = r#"(module (func $f (export "f") (param i32)
            (if (i32.eqz (local.get 0)) (then unreachable))
            (call $f (i32.sub (local.get 0) (i32.const 1)))))"#;
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let func = instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap();
        let error = func.call(&mut store, 5_000).unwrap_err();
        assert_eq!(
            error
                .downcast_ref::<WasmBacktrace>()
                .unwrap()
                .frames()
                .len(),
            20
        );
        let dump = dump_of(&error);
        assert_eq!(dump.frames().len(), 5_001);
        let parsed = parse(&dump.serialize(&mut store, "deep"));
        let frames = &parsed.stacks[0].1;
        assert_eq!(frames.len(), 5_001);
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!(frame.locals, [format!("i32 {index}")]);
        }
    }
}

#[test]
fn c03_a_dump_contains_everything_in_the_store() {
    let engine = &engines()[0];
    let mut store = Store::new(engine, ());
    let ty = GlobalType::new(ValType::I32, Mutability::Const);
    Global::new(&mut store, ty, Val::I32(77)).unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(2, Some(3))).unwrap();
    memory.write(&mut store, 100_000, b"the host's").unwrap();
    let module = Module::new(engine, SHOP).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let error = fail(&mut store, &instance, "open");
    let file = dump_of(&error).serialize(&mut store, "shop.wasm");
    let parsed = parse(&file);
    assert_eq!(parsed.name, "shop.wasm");
    assert_eq!(parsed.instances, [(0, vec![1], (1..7).collect())]);
    assert_eq!(parsed.memories.len(), 2);
    assert_eq!(&parsed.memories[0][100_000..100_010], b"the host's");
    assert_eq!(&parsed.memories[1][5_000..5_008], b"sold out");
    let dump = CoreDump::parse(&file).unwrap();
    assert_eq!(dump.tables().len(), 1);
    let runs: Vec<u64> = dump.tables()[0]
        .elements
        .iter()
        .map(|run| run.count)
        .collect();
    assert_eq!(runs, [1, 1, 1]);
    let details = dump.instances()[0].details.as_ref().unwrap();
    // The active segments were dropped at instantiation.
    assert_eq!(details.dropped_data, [0, 2]);
    assert_eq!(details.dropped_elements, [0]);
}

#[test]
fn c05_sections_have_the_order_of_wasmtime() {
    let engine = &engines()[0];
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, SHOP).unwrap();
    Instance::new(&mut store, &module, &[]).unwrap();
    let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&file) {
        names.push(match payload.unwrap() {
            Payload::CustomSection(section) => section.name().to_string(),
            Payload::MemorySection(_) => "memory".into(),
            Payload::GlobalSection(_) => "global".into(),
            Payload::DataSection(_) => "data".into(),
            _ => continue,
        });
    }
    let expected = [
        "core",
        "memory",
        "global",
        "data",
        "coremodules",
        "coreinstances",
        "corestack",
        "backstitch.coredump",
    ];
    assert_eq!(names, expected);
}

#[test]
fn c05_a_cap_omits_the_ends_of_memories() {
    let engine = &engines()[0];
    let mut store = Store::new(engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(4, None)).unwrap();
    memory.data_mut(&mut store).fill(7);
    let dump = WasmCoreDump::capture(&mut store);
    let write = |options: &CoreDumpOptions| {
        let mut file = Vec::new();
        dump.serialize_to(&store, "x", &mut file, options)
            .map(|()| file)
    };
    let whole = write(&CoreDumpOptions::new()).unwrap();
    assert!(whole.len() > 4 << 16);
    for max in [1_500, 10_000, 100_000, 200_000] {
        let file = write(CoreDumpOptions::new().max_size(max)).unwrap();
        assert!(
            file.len() as u64 <= max && file.len() as u64 + 5_000 > max,
            "{}",
            file.len()
        );
        parse(&file);
        let parsed = CoreDump::parse(&file).unwrap();
        let kept = &parsed.memories()[0];
        let end = (0..kept.size()).find(|&at| !kept.is_kept(at)).unwrap();
        let mut bytes = vec![0; end as usize];
        kept.read(0, &mut bytes).unwrap();
        assert!(bytes.iter().all(|&byte| byte == 7));
        assert!((end..kept.size()).all(|at| !kept.is_kept(at)));
    }
    let error = write(CoreDumpOptions::new().max_size(100)).unwrap_err();
    assert!(error.to_string().contains("and 100 are allowed"), "{error}");
    // Ranges may overlap and have any order.
    let mut options = CoreDumpOptions::new();
    options
        .keep(memory, 70_000..70_010)
        .keep(memory, 10..20)
        .keep(memory, 15..30);
    options.keep(memory, 262_140..u64::MAX);
    let file = write(&options).unwrap();
    let parsed = CoreDump::parse(&file).unwrap();
    let kept = &parsed.memories()[0];
    let known: Vec<u64> = (0..kept.size()).filter(|&at| kept.is_kept(at)).collect();
    let expected: Vec<u64> = (10..30)
        .chain(70_000..70_010)
        .chain(262_140..262_144)
        .collect();
    assert_eq!(known, expected);
    assert_eq!(parse(&file).segments, 3);
}

#[test]
fn c06_memory_in_chunks_without_zeros_and_with_its_tail() {
    let engine = &engines()[0];
    let text = r#"(module
        (memory $bytes 5000 5000 (pagesize 1)) (memory $pages 3)
        (data (memory $bytes) (i32.const 4095) "ab") (data (memory $bytes) (i32.const 4999) "z")
        (data (memory $pages) (i32.const 4096) "\00start") (data (memory $pages) (i32.const 196607) "!"))"#;
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let parsed = parse(&WasmCoreDump::capture(&mut store).serialize(&mut store, "x"));
    assert_eq!(parsed.memories[0].len(), 5_000);
    assert_eq!(&parsed.memories[0][4_095..4_097], b"ab");
    assert_eq!(parsed.memories[0][4_999], b'z');
    assert_eq!(&parsed.memories[1][4_096..4_102], b"\0start");
    assert_eq!(parsed.memories[1][196_607], b'!');
    // "ab…z" in two adjacent chunks, "start", "!".
    assert_eq!(parsed.segments, 3);
}

#[test]
fn c07_64_bit_memories() {
    let engine = &engines()[0];
    let text = r#"(module (memory i64 2 9) (data (i64.const 65537) "wide"))"#;
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
    assert_eq!(&parse(&file).memories[0][65_537..65_541], b"wide");
    let dump = CoreDump::parse(&file).unwrap();
    let memory = &dump.memories()[0];
    assert!(memory.is_64());
    assert_eq!((memory.pages(), memory.maximum()), (2, Some(9)));
}

#[test]
fn c08_globals_bit_for_bit() {
    let engine = &engines()[0];
    let module = Module::new(engine, SHOP).unwrap();
    let mut store = Store::new(engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let parsed = parse(&WasmCoreDump::capture(&mut store).serialize(&mut store, "x"));
    let parts = [
        ["I32", "value: -3"],
        ["I64", "value: 1234567890123"],
        ["F32", "2147483648"],
        ["F64", "4591870180066957722"],
        ["funcref", "RefNull"],
        ["externref", "RefNull"],
    ];
    assert_eq!(parsed.globals.len(), parts.len());
    for (global, parts) in parsed.globals.iter().zip(parts) {
        let found = global.to_lowercase();
        let all = parts
            .iter()
            .all(|part| found.contains(&part.to_lowercase()));
        assert!(all, "{global}: {parts:?}");
    }
}

/// References are null in the standard's sections, and have their value in the extension.
#[test]
fn c08_references_are_null_of_their_top_type() {
    let engine = &engines()[0];
    let text = r#"(module
        (type $f (func)) (type $k (cont $f)) (tag $t)
        (global $cont (mut (ref null $k)) (ref.null $k))
        (global $exn (mut exnref) (ref.null exn))
        (global $none (mut (ref null $k)) (ref.null $k))
        (global $func (mut (ref null $f)) (ref.func $do))
        (elem declare func $do)
        (func $do)
        (func (export "open")
            (global.set $cont (cont.new $k (ref.func $do)))
            (global.set $exn
                (block $caught (result exnref)
                    (try_table (catch_all_ref $caught) (throw $t))
                    (unreachable)))
            (unreachable)))"#;
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let error = fail(&mut store, &instance, "open");
    let file = dump_of(&error).serialize(&mut store, "x");
    let found: Vec<String> = parse(&file).globals;
    let tops = ["contref", "exnref", "contref", "funcref"];
    for (global, top) in found.iter().zip(tops) {
        let global = global.to_lowercase();
        assert!(
            global.contains(top) && global.contains("refnull"),
            "{global}"
        );
    }
    assert_eq!(found.len(), tops.len());
    let dump = CoreDump::parse(&file).unwrap();
    let values: Vec<Value> = dump.globals().iter().map(|global| global.value).collect();
    assert!(matches!(
        values[..],
        [
            Value::Ref(RefKind::Cont, Some(_)),
            Value::Ref(RefKind::Exn, Some(_)),
            Value::Ref(RefKind::Cont, None),
            Value::Ref(RefKind::Func, Some(_)),
        ]
    ));
}

#[test]
fn c09_modules_without_a_name_have_a_number_and_a_hash() {
    let engine = &engines()[0];
    let mut store = Store::new(engine, ());
    for text in [SHOP, "(module)", "(module (memory 0))"] {
        let module = Module::new(engine, text).unwrap();
        Instance::new(&mut store, &module, &[]).unwrap();
        Instance::new(&mut store, &module, &[]).unwrap();
    }
    let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
    let names = ["shop", "<anonymous-module-1>", "<anonymous-module-2>"];
    assert_eq!(parse(&file).modules, names);
    let dump = CoreDump::parse(&file).unwrap();
    let empty = b"\0asm\x01\0\0\0";
    let identity = dump.modules()[1].identity.unwrap();
    assert_eq!(identity, backstitch::coredump::ModuleIdentity::of(empty));
}

#[test]
fn c10_each_frame_names_its_own_instance() {
    let text = r#"(module $twice
        (import "" "other" (func $other)) (global $which (mut i32) (i32.const 0))
        (func $inner (export "inner") (global.set $which (i32.const 1)) (unreachable))
        (func (export "outer") (call $other)))"#;
    for engine in engines() {
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let nothing = Func::wrap(&mut store, || {});
        let inner = Instance::new(&mut store, &module, &[nothing.into()]).unwrap();
        let func = inner.get_func(&mut store, "inner").unwrap();
        let outer = Instance::new(&mut store, &module, &[func.into()]).unwrap();
        // A third instance, so that neither of the two is the last.
        Instance::new(&mut store, &module, &[func.into()]).unwrap();
        let error = fail(&mut store, &outer, "outer");
        let dump = dump_of(&error);
        let instances: Vec<Instance> = dump.frames().iter().map(|f| f.instance()).collect();
        assert_eq!(instances, [inner, outer]);
        let file = dump.serialize(&mut store, "x");
        let instances: Vec<u32> = parse(&file).stacks[0]
            .1
            .iter()
            .map(|f| f.instance)
            .collect();
        assert_eq!(instances, [0, 1]);
        let dump = CoreDump::parse(&file).unwrap();
        let boundaries: Vec<Boundary> = dump.threads()[0]
            .frames
            .iter()
            .map(|frame| frame.details.unwrap().boundary)
            .collect();
        assert_eq!(boundaries, [Boundary::Instance, Boundary::Host]);
    }
}

#[test]
fn c11_frames_have_their_locals_and_operands() {
    for engine in engines() {
        let module = Module::new(&engine, SHOP).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let error = fail(&mut store, &instance, "open");
        let file = dump_of(&error).serialize(&mut store, "x");
        let parsed = parse(&file);
        let [sell, open] = &parsed.stacks[0].1[..] else {
            panic!("two frames")
        };
        let locals = [
            "i32 -20",
            "i64 -1",
            "f32 3fc00000",
            "f64 c004000000000000",
            "missing",
        ];
        assert_eq!(sell.locals, locals);
        assert_eq!(sell.operands, ["i32 -28", "i32 99"]);
        assert_eq!(
            (open.locals.len(), &open.operands[..]),
            (0, &["i64 7".to_string()][..])
        );
        // The standard's format cannot express the reference; the extension can.
        let dump = CoreDump::parse(&file).unwrap();
        assert!(matches!(
            dump.threads()[0].frames[0].locals[4],
            Value::Ref(_, Some(_))
        ));
    }
}

#[test]
fn c12_suspended_executions_are_stacks_of_their_own() {
    for dispatch in dispatches() {
        let mut config = Config::new();
        config.dispatch(dispatch).consume_fuel(true);
        let engine = Engine::new(&config).unwrap();
        let text = r#"(module (func $work (param i32)
                (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0)))
            (func (export "run") (i32.const 5) (call $work (i32.const 100)) (drop)))"#;
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();
        store.set_fuel(50).unwrap();
        let mut execution = run.start(&mut store, &[]).unwrap();
        let outcome = execution.resume(&mut store).unwrap();
        assert!(matches!(outcome, Outcome::Suspended(Suspension::Fuel)));
        // A dump of the whole store: nothing runs, and the execution has a stack of its own.
        let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
        let stacks = parse(&file).stacks;
        assert_eq!(stacks[0], ("main".to_string(), vec![]));
        assert!(stacks[1].0.ends_with("(suspended)"), "{}", stacks[1].0);
        // A dump of the execution has the same frames.
        let file = execution.core_dump(&store).serialize(&mut store, "x");
        let own = parse(&file).stacks;
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].1, stacks[1].1);
        assert_eq!(own[0].1[1].operands, ["i32 5"]);
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(dump.reason().unwrap().kind, ReasonKind::OutOfFuel);
        assert!(dump.fuel().is_some());
        let work = &dump.threads()[0].frames[0];
        assert_eq!(work.details.unwrap().position, Position::Before);
        let [Value::I32(count)] = work.locals[..] else {
            panic!("{work:?}")
        };
        // The execution continues.
        store.set_fuel(50).unwrap();
        execution.resume(&mut store).unwrap();
        let file = execution.core_dump(&store).serialize(&mut store, "x");
        let dump = CoreDump::parse(&file).unwrap();
        let [Value::I32(later)] = dump.threads()[0].frames[0].locals[..] else {
            panic!("one local")
        };
        assert!(later > count);
    }
}

#[test]
fn c15_the_same_trap_gives_the_same_bytes() {
    let mut files: Vec<Vec<u8>> = Vec::new();
    for engine in engines() {
        for _ in 0..2 {
            let module = Module::new(&engine, SHOP).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let error = fail(&mut store, &instance, "open");
            files.push(dump_of(&error).serialize(&mut store, "shop"));
        }
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
    let dump = CoreDump::parse(&files[0]).unwrap();
    assert_eq!(dump.extension_version(), Some(1));
    assert!(dump.producer().unwrap().starts_with("backstitch "));
    assert_eq!(dump.stacks().len(), 1);
    assert!(
        dump.configuration()
            .iter()
            .any(|(name, _)| name == "max_wasm_stack")
    );
}

#[test]
fn b03_an_access_out_of_bounds_gives_its_address() {
    let cases = [
        ("(i32.load offset=9 (i32.const 65535))", (0, 65_535, 9, 4)),
        (
            "(i64.store16 (i32.const -1) (i64.const 0))",
            (0, 0xffff_ffff, 0, 2),
        ),
        (
            "(local.set 0 (i32.const 70000)) (f64.load (i32.add (local.get 0) (local.get 1)))",
            (0, 70_000, 0, 8),
        ),
        (
            "(i32.load8_u $wide offset=3 (i64.const -2))",
            (1, u64::MAX - 1, 3, 1),
        ),
        (
            "(memory.fill (i32.const 65000) (i32.const 1) (i32.const 1000))",
            (0, 65_000, 0, 1_000),
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 60000) (i32.const 6000))",
            (0, 60_000, 0, 6_000),
        ),
        (
            "(memory.init $data (i32.const 65533) (i32.const 0) (i32.const 4))",
            (0, 65_533, 0, 4),
        ),
    ];
    for engine in engines() {
        for (code, expected) in cases {
            let drop = if code.contains("load") { "(drop)" } else { "" };
            let text = format!(
                r#"(module (memory 1) (memory $wide i64 1) (data $data "four")
                (func (export "f") (local i32 i32) {code} {drop}))"#
            );
            let module = Module::new(&engine, &text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let error = fail(&mut store, &instance, "f");
            let file = dump_of(&error).serialize(&mut store, "x");
            let dump = CoreDump::parse(&file).unwrap();
            let access = dump
                .reason()
                .unwrap()
                .access
                .unwrap_or_else(|| panic!("{code}"));
            let found = (access.memory, access.address, access.offset, access.size);
            assert_eq!(found, expected, "{code}");
        }
    }
}

#[test]
fn b07_host_frames_between_frames_are_marked() {
    let text = r#"(module (import "" "out" (func $out))
        (func (export "a") (call $a2)) (func $a2 (call $out)))"#;
    for engine in engines() {
        let module = Module::new(&engine, text).unwrap();
        let mut first = Store::new(&engine, ());
        // The host calls a function of another store, and then the first store again. A backtrace
        // captured in the innermost call has frames of the first store only.
        let nothing = Func::wrap(&mut first, || {});
        let inner = Instance::new(&mut first, &module, &[nothing.into()]).unwrap();
        let again = inner.get_typed_func::<(), ()>(&mut first, "a").unwrap();
        let out = Func::wrap(&mut first, move |mut caller: Caller<'_, ()>| {
            let mut other = Store::new(caller.engine(), ());
            let module = Module::new(caller.engine(), r#"(module (func (export "b")))"#).unwrap();
            let instance = Instance::new(&mut other, &module, &[]).unwrap();
            let b = instance.get_typed_func::<(), ()>(&mut other, "b").unwrap();
            b.call(&mut other, ()).unwrap();
            again.call(&mut caller, ()).unwrap();
            let frames = WasmBacktrace::capture(&caller);
            let gaps: Vec<bool> = frames
                .frames()
                .iter()
                .map(|f| f.is_called_by_host())
                .collect();
            assert_eq!(gaps, [false, true]);
        });
        let outer = Instance::new(&mut first, &module, &[out.into()]).unwrap();
        let a = outer.get_typed_func::<(), ()>(&mut first, "a").unwrap();
        a.call(&mut first, ()).unwrap();
    }
}

#[test]
fn c17_the_compatible_form_has_no_values_and_no_empty_sections() {
    let engine = &engines()[0];
    let module = Module::new(engine, SHOP).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let error = fail(&mut store, &instance, "open");
    let write = |options: &CoreDumpOptions| {
        let mut file = Vec::new();
        let dump = dump_of(&error);
        dump.serialize_to(&store, "x", &mut file, options).unwrap();
        parse(&file)
    };
    let parsed = write(CoreDumpOptions::new().compatible(true));
    assert_eq!(parsed.stacks[0].1.len(), 2);
    for frame in &parsed.stacks[0].1 {
        assert!(frame.locals.is_empty() && frame.operands.is_empty());
    }
    assert!(parsed.has_data_section);
    assert_eq!(parsed.segments, 1);
    // All globals are omitted, because one of them is not a number.
    assert_eq!(parsed.instances, [(0, vec![0], vec![])]);
    assert!(parsed.globals.is_empty());
    let parsed = write(CoreDumpOptions::new().compatible(true).keep_no_memory());
    assert!(!parsed.has_data_section);
}

#[test]
fn c17_c04_unsupported_memories_keep_their_index_in_the_compatible_form() {
    let engine = &engines()[0];
    let text = r#"(module
        (memory $plain 3) (memory $wide i64 1) (memory $second 1)
        (data (memory $plain) (i32.const 9) "begin") (data (memory $plain) (i32.const 99999) "end")
        (data (memory $second) (i32.const 0) "unseen")
        (global (mut i32) (i32.const 5)) (global f64 (f64.const 2.5)))"#;
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let dump = WasmCoreDump::capture(&mut store);
    let mut file = Vec::new();
    dump.serialize_to(
        &store,
        "x",
        &mut file,
        CoreDumpOptions::new().compatible(true),
    )
    .unwrap();
    let parsed = parse(&file);
    let absent = u32::MAX;
    assert_eq!(parsed.instances, [(0, vec![0, absent, absent], vec![0, 1])]);
    assert_eq!((parsed.memories.len(), parsed.segments), (1, 1));
    assert_eq!(&parsed.memories[0][9..14], b"begin");
    assert_eq!(&parsed.memories[0][99_999..100_002], b"end");
}
