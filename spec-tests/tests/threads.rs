//! Atomic instructions, shared memories and waiting, with every dispatch backend.

use backstitch::{
    Config, Engine, Error, Execution, Instance, Linker, Memory, MemoryType, Module, Outcome, Store,
    Suspension, Trap, Val,
};
use spec_tests::engines::each_dispatch as each;
use std::fmt::Write;
use std::time::Duration;

/// Instantiates a module's text, with the imports of `linker`.
fn linked(store: &mut Store<()>, linker: &Linker<()>, text: &str) -> Result<Instance, Error> {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let module = Module::new(store.engine(), &bytes).expect("the module is valid");
    linker.instantiate(&mut *store, &module)
}

/// Instantiates a module's text, which imports nothing.
fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let linker = Linker::new(store.engine());
    linked(store, &linker, text).expect("nothing is imported")
}

/// Calls the export of a name, which has one result.
fn call(
    store: &mut Store<()>,
    instance: &Instance,
    name: &str,
    arguments: &[Val],
) -> Result<u64, Error> {
    let function = instance.get_func(&mut *store, name);
    let function = function.unwrap_or_else(|| panic!("`{name}` is exported"));
    let mut results = [Val::I32(0)];
    function.call(&mut *store, arguments, &mut results)?;
    Ok(bits(&results[0]))
}

fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(value) => u64::from(value.cast_unsigned()),
        Val::I64(value) => value.cast_unsigned(),
        other => panic!("{other:?} is no integer"),
    }
}

fn trap(result: Result<u64, Error>) -> Trap {
    let error = result.expect_err("a trap");
    *error.downcast_ref().unwrap_or_else(|| panic!("{error:?}"))
}

/// The atomic instructions of one type and width.
struct Width {
    /// Type of the operands and the result: `i32` or `i64`.
    ty: &'static str,
    /// Number of bytes in memory.
    size: u64,
}

impl Width {
    const ALL: [Width; 7] = [
        Width { ty: "i32", size: 1 },
        Width { ty: "i32", size: 2 },
        Width { ty: "i32", size: 4 },
        Width { ty: "i64", size: 1 },
        Width { ty: "i64", size: 2 },
        Width { ty: "i64", size: 4 },
        Width { ty: "i64", size: 8 },
    ];

    fn is_whole(&self) -> bool {
        self.size == if self.ty == "i32" { 4 } else { 8 }
    }

    /// Returns the width as a part of an instruction's name, and what follows the operation.
    fn parts(&self) -> (String, &'static str) {
        if self.is_whole() {
            (String::new(), "")
        } else {
            ((8 * self.size).to_string(), "_u")
        }
    }

    fn mask(&self) -> u64 {
        u64::MAX >> (64 - 8 * self.size)
    }

    fn value(&self, bits: u64) -> Val {
        match self.ty {
            "i32" => Val::I32((bits as u32).cast_signed()),
            _ => Val::I64(bits.cast_signed()),
        }
    }
}

const OPERATIONS: [&str; 6] = ["add", "sub", "and", "or", "xor", "xchg"];

/// Returns the new value in memory.
fn expected(operation: &str, old: u64, value: u64) -> u64 {
    match operation {
        "add" => old.wrapping_add(value),
        "sub" => old.wrapping_sub(value),
        "and" => old & value,
        "or" => old | value,
        "xor" => old ^ value,
        _ => value,
    }
}

/// Returns a module with a function for each atomic access. Their results go to a local first, or
/// are returned at once.
fn accesses(memory: &str, index: &str, number: u32, offset: u64) -> String {
    let mut text = format!("(module (memory 1) {memory} (export \"memory\" (memory {number}))\n");
    for width in &Width::ALL {
        let (ty, (bits, suffix)) = (width.ty, width.parts());
        let at = format!("{number} offset={offset}");
        let _ = writeln!(
            text,
            "(func (export \"{ty}.load{bits}\") (param {index}) (result {ty})
               ({ty}.atomic.load{bits}{suffix} {at} (local.get 0)))
             (func (export \"{ty}.store{bits}\") (param {index} {ty}) (result {ty})
               ({ty}.atomic.store{bits} {at} (local.get 0) (local.get 1)) (local.get 1))
             (func (export \"{ty}.cmpxchg{bits}\") (param {index} {ty} {ty}) (result {ty})
               ({ty}.atomic.rmw{bits}.cmpxchg{suffix} {at}
                 (local.get 0) (local.get 1) (local.get 2)))"
        );
        for operation in OPERATIONS {
            let _ = writeln!(
                text,
                "(func (export \"{ty}.{operation}{bits}\") (param {index} {ty}) (result {ty})
                   (local {ty})
                   (local.set 2 ({ty}.atomic.rmw{bits}.{operation}{suffix} {at}
                     (local.get 0) (local.get 1)))
                   (local.get 2))"
            );
        }
    }
    text + ")"
}

/// Numbers without a pattern, the same in each run.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

fn check_accesses(engine: &Engine, memory: &str, index: &str, number: u32) {
    const OFFSET: u64 = 24;
    let mut store = Store::new(engine, ());
    let text = accesses(memory, index, number, OFFSET);
    let instance = instance(&mut store, &text);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let mut numbers = numbers();
    let mut next = || numbers.next().expect("there is no end");
    for width in &Width::ALL {
        let (bits, _) = width.parts();
        let name = |operation: &str| format!("{}.{operation}{bits}", width.ty);
        for _ in 0..20 {
            let base = next() % 1000 * width.size;
            let at = (base + OFFSET) as usize;
            let base = match index {
                "i32" => Val::I32(base as i32),
                _ => Val::I64(base as i64),
            };
            let (old, value) = (next(), next());
            memory.write(&mut store, at, &old.to_le_bytes()).unwrap();
            let read = |store: &mut Store<()>| {
                let mut bytes = [0; 8];
                memory.read(store, at, &mut bytes).unwrap();
                u64::from_le_bytes(bytes)
            };
            let in_memory = |low: u64| (old & !width.mask()) | (low & width.mask());
            let access = |store: &mut Store<()>, operation: &str, operands: &[u64]| {
                memory.write(&mut *store, at, &old.to_le_bytes()).unwrap();
                let mut arguments = vec![base];
                arguments.extend(operands.iter().map(|&bits| width.value(bits)));
                let result = call(store, &instance, &name(operation), &arguments).unwrap();
                (result, read(store))
            };
            let former = old & width.mask();
            assert_eq!(access(&mut store, "load", &[]), (former, old));
            let (_, stored) = access(&mut store, "store", &[value]);
            assert_eq!(stored, in_memory(value));
            for operation in OPERATIONS {
                assert_eq!(
                    access(&mut store, operation, &[value]),
                    (former, in_memory(expected(operation, old, value))),
                    "{}",
                    name(operation)
                );
            }
            // The expected value is wrapped to the width.
            let noise = value & !width.mask();
            for (expects, replaces) in [(old, true), (former | noise, true), (!old, false)] {
                let now = if replaces { in_memory(value) } else { old };
                let found = access(&mut store, "cmpxchg", &[expects, value]);
                assert_eq!(found, (former, now), "{}", name("cmpxchg"));
            }
        }
    }
}

#[test]
fn atomic_accesses_compute_what_their_names_say() {
    each(|engine| {
        check_accesses(engine, "", "i32", 0);
        check_accesses(engine, "(memory 1 1 shared)", "i32", 1);
        check_accesses(engine, "(memory i64 1 2 shared)", "i64", 1);
    });
}

#[test]
fn addresses_are_checked() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let text = accesses("(memory i64 1 1 shared)", "i64", 1, 24);
        let instance = instance(&mut store, &text);
        for width in &Width::ALL {
            let (bits, _) = width.parts();
            let mut names: Vec<_> = OPERATIONS.iter().map(|name| (*name, 1)).collect();
            names.extend([("load", 0), ("store", 1), ("cmpxchg", 2)]);
            for (operation, operands) in names {
                let name = format!("{}.{operation}{bits}", width.ty);
                let mut access = |base: u64| {
                    let mut arguments = vec![Val::I64(base.cast_signed())];
                    arguments.extend((0..operands).map(|_| width.value(0)));
                    call(&mut store, &instance, &name, &arguments)
                };
                let last = 65536 - 24 - width.size;
                assert_eq!(access(last).unwrap(), 0);
                for outside in [last + width.size, u64::MAX - 23, u64::MAX - 7, 1 << 63] {
                    assert_eq!(trap(access(outside)), Trap::MemoryOutOfBounds, "{name}");
                }
                if width.size > 1 {
                    for unaligned in [1, last + 1, u64::MAX] {
                        assert_eq!(trap(access(unaligned)), Trap::HeapMisaligned, "{name}");
                    }
                }
            }
        }
    });
}

/// Functions that wait and notify, on a memory that is imported.
const WAITING: &str = r#"(module
    (import "host" "memory" (memory 1 2 shared))
    (func (export "wait") (param i32 i32 i64) (result i32)
      ;; Operands below the instruction, and one that may be in a register.
      (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 1000))
      (memory.atomic.wait32 offset=8 (i32.add (local.get 0) (i32.const 0))
        (local.get 1) (local.get 2))
      i32.add)
    (func (export "wait64") (param i32 i64 i64) (result i32)
      (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
      (memory.atomic.notify offset=8 (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "size") (result i32) (memory.size)))"#;

/// Returns a linker with a shared memory, and the memory.
fn with_memory(store: &mut Store<()>) -> (Linker<()>, Memory) {
    let mut ty = MemoryType::builder();
    let ty = ty.min(1).max(Some(2)).shared(true).build().unwrap();
    let memory = Memory::new(&mut *store, ty).unwrap();
    let mut linker = Linker::new(store.engine());
    linker
        .define(&mut *store, "host", "memory", memory)
        .unwrap();
    (linker, memory)
}

fn start(store: &mut Store<()>, instance: &Instance, name: &str, values: &[Val]) -> Execution {
    let function = instance.get_func(&mut *store, name).unwrap();
    function.start(store, values).unwrap()
}

/// Resumes an execution that waits then, and returns the address and the timeout.
fn waits(store: &mut Store<()>, execution: &mut Execution) -> (u64, Option<Duration>) {
    match execution.resume(&mut *store).unwrap() {
        Outcome::Suspended(Suspension::Wait {
            address, timeout, ..
        }) => {
            assert!(execution.is_waiting(&*store));
            (address, timeout)
        }
        other => panic!("{other:?}"),
    }
}

/// Resumes an execution that ends then, and returns the result.
fn ends(store: &mut Store<()>, execution: &mut Execution) -> u64 {
    match execution.resume(&mut *store).unwrap() {
        Outcome::Done(results) => bits(&results[0]),
        other => panic!("{other:?}"),
    }
}

fn wait_on(address: i32, value: i32, timeout: i64) -> [Val; 3] {
    [Val::I32(address), Val::I32(value), Val::I64(timeout)]
}

#[test]
fn executions_wait_and_are_woken_in_order() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (linker, memory) = with_memory(&mut store);
        // The threads are instances of their own.
        let one = linked(&mut store, &linker, WAITING).unwrap();
        let two = linked(&mut store, &linker, WAITING).unwrap();
        let mut first = start(&mut store, &one, "wait", &wait_on(0, 0, -1));
        let mut second = start(&mut store, &two, "wait", &wait_on(0, 0, 1_500));
        let mut elsewhere = start(&mut store, &two, "wait", &wait_on(4, 0, -1));
        assert_eq!(waits(&mut store, &mut first), (8, None));
        let timeout = Some(Duration::from_nanos(1500));
        assert_eq!(waits(&mut store, &mut second), (8, timeout));
        assert_eq!(waits(&mut store, &mut elsewhere), (12, None));
        // Without a notification, it waits on.
        assert_eq!(waits(&mut store, &mut first), (8, None));

        let notify = |store: &mut Store<()>, address, count| {
            call(store, &two, "notify", &[Val::I32(address), Val::I32(count)]).unwrap()
        };
        assert_eq!(notify(&mut store, 0, 0), 0);
        assert_eq!(notify(&mut store, 8, -1), 0);
        assert_eq!(notify(&mut store, 0, 1), 1);
        assert!(!first.is_waiting(&store) && second.is_waiting(&store));
        assert!(!first.time_out(&mut store), "it was woken before");
        assert_eq!(ends(&mut store, &mut first), 1000);
        assert!(second.time_out(&mut store));
        assert_eq!(notify(&mut store, 0, 1), 0, "its timeout has passed");
        assert_eq!(ends(&mut store, &mut second), 1002);
        assert_eq!(memory.atomic_notify(&mut store, 12, u32::MAX), Ok(1));
        assert_eq!(ends(&mut store, &mut elsewhere), 5000);
        assert!(!elsewhere.is_waiting(&store) && !elsewhere.time_out(&mut store));
    });
}

#[test]
fn a_dropped_execution_is_not_woken() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (linker, memory) = with_memory(&mut store);
        let instance = linked(&mut store, &linker, WAITING).unwrap();
        let mut dropped = start(&mut store, &instance, "wait", &wait_on(0, 0, -1));
        waits(&mut store, &mut dropped);
        drop(dropped);
        // The next one has the same stack, once the store has taken it back.
        for _ in 0..100 {
            let mut next = start(&mut store, &instance, "wait", &wait_on(0, 0, -1));
            waits(&mut store, &mut next);
            assert!(next.time_out(&mut store));
            assert_eq!(ends(&mut store, &mut next), 1002);
        }
        let mut last = start(&mut store, &instance, "wait", &wait_on(0, 0, -1));
        waits(&mut store, &mut last);
        let mut dropped = start(&mut store, &instance, "wait", &wait_on(0, 0, -1));
        waits(&mut store, &mut dropped);
        drop(dropped);
        assert_eq!(memory.atomic_notify(&mut store, 8, 5), Ok(1));
        assert_eq!(ends(&mut store, &mut last), 1000);
        assert_eq!(memory.atomic_notify(&mut store, 8, 5), Ok(0));
    });
}

#[test]
fn waits_end_at_once_without_a_reason_to_wait() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (linker, memory) = with_memory(&mut store);
        let instance = linked(&mut store, &linker, WAITING).unwrap();
        let wait = |store: &mut Store<()>, values: &[Val]| call(store, &instance, "wait", values);
        assert_eq!(wait(&mut store, &wait_on(0, 1, -1)).unwrap(), 1001);
        assert_eq!(wait(&mut store, &wait_on(0, 0, 0)).unwrap(), 1002);
        assert_eq!(wait(&mut store, &wait_on(0, 0, 1_000_000)).unwrap(), 1002);
        assert_eq!(
            trap(wait(&mut store, &wait_on(1, 0, 0))),
            Trap::HeapMisaligned
        );
        assert_eq!(
            trap(wait(&mut store, &wait_on(65536, 0, 0))),
            Trap::MemoryOutOfBounds
        );
        let error = wait(&mut store, &wait_on(0, 0, -1)).unwrap_err();
        assert!(
            format!("{error:#}").contains("deadlock: the call waits at address 0x8"),
            "{error:#}"
        );
        assert_eq!(
            memory.atomic_notify(&mut store, 2, 1),
            Err(Trap::HeapMisaligned)
        );
        assert_eq!(
            memory.atomic_notify(&mut store, 1 << 17, 1),
            Err(Trap::MemoryOutOfBounds)
        );
        let values = [Val::I32(16), Val::I64(1 << 40), Val::I64(-1)];
        assert_eq!(call(&mut store, &instance, "wait64", &values).unwrap(), 1);
        memory
            .write(&mut store, 16, &(1_u64 << 40).to_le_bytes())
            .unwrap();
        let mut execution = start(&mut store, &instance, "wait64", &values);
        assert_eq!(waits(&mut store, &mut execution), (16, None));
    });
}

#[test]
fn memories_that_are_not_shared_are_not_waited_on() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let text = WAITING.replace(
            "(import \"host\" \"memory\" (memory 1 2 shared))",
            "(memory 1)",
        );
        let instance = instance(&mut store, &text);
        let mut wait = |values: &[Val]| trap(call(&mut store, &instance, "wait", values));
        assert_eq!(wait(&wait_on(0, 0, 0)), Trap::AtomicWaitNonSharedMemory);
        assert_eq!(wait(&wait_on(2, 0, 0)), Trap::HeapMisaligned);
        let values = [Val::I32(0), Val::I32(1)];
        assert_eq!(call(&mut store, &instance, "notify", &values).unwrap(), 0);
    });
}

#[test]
fn an_execution_that_waits_can_run_out_of_fuel() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000).unwrap();
    let (linker, memory) = with_memory(&mut store);
    let instance = linked(&mut store, &linker, WAITING).unwrap();
    let mut execution = start(&mut store, &instance, "wait", &wait_on(0, 0, -1));
    waits(&mut store, &mut execution);
    let spent = store.fuel_spent();
    waits(&mut store, &mut execution);
    assert_eq!(store.fuel_spent(), spent, "waiting costs nothing");
    store.set_fuel(0).unwrap();
    assert_eq!(memory.atomic_notify(&mut store, 8, 1), Ok(1));
    let outcome = execution.resume(&mut store).unwrap();
    assert!(matches!(outcome, Outcome::Suspended(Suspension::Fuel)));
    store.set_fuel(100).unwrap();
    assert_eq!(ends(&mut store, &mut execution), 1000);
}

/// Operands are where the frame map says, also those below the instruction that waits.
#[test]
fn dumps_show_the_operands_of_an_instruction_that_waits() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (linker, _) = with_memory(&mut store);
        let instance = linked(&mut store, &linker, WAITING).unwrap();
        let mut execution = start(&mut store, &instance, "wait", &wait_on(4, 0, 77));
        waits(&mut store, &mut execution);
        let dump = execution.core_dump(&store).serialize(&mut store, "waits");
        let dump = backstitch::coredump::CoreDump::parse(&dump).unwrap();
        let frame = &dump.threads()[0].frames[0];
        use backstitch::coredump::Value::{I32, I64};
        assert_eq!(frame.locals, [I32(4), I32(0), I64(77)]);
        assert_eq!(frame.operands, [I32(5000), I32(4), I32(0), I64(77)]);
        assert_eq!(
            dump.reason().unwrap().kind,
            backstitch::coredump::ReasonKind::Wait
        );
    });
}

#[test]
fn instances_share_a_memory_that_grows() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        let (linker, memory) = with_memory(&mut store);
        let one = linked(&mut store, &linker, WAITING).unwrap();
        let two = linked(&mut store, &linker, WAITING).unwrap();
        let mut execution = start(&mut store, &one, "wait", &wait_on(0, 0, -1));
        waits(&mut store, &mut execution);
        assert_eq!(call(&mut store, &two, "grow", &[]).unwrap(), 1);
        assert_eq!(call(&mut store, &two, "grow", &[]).unwrap(), 0xffff_ffff);
        assert_eq!(call(&mut store, &one, "size", &[]).unwrap(), 2);
        assert_eq!(memory.size(&store), 2);
        assert_eq!(memory.atomic_notify(&mut store, 8, 1), Ok(1));
        assert_eq!(ends(&mut store, &mut execution), 1000);
    });
}

#[test]
fn shared_and_other_memories_do_not_match() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (linker, _) = with_memory(&mut store);
    let text = "(module (import \"host\" \"memory\" (memory 1 2)))";
    let error = linked(&mut store, &linker, text).unwrap_err();
    assert!(
        format!("{error:#}").contains("found `(memory 1 2 shared)`"),
        "{error:#}"
    );
    let text = "(module (import \"host\" \"memory\" (memory 1 1 shared)))";
    assert!(linked(&mut store, &linker, text).is_err());
    assert!(MemoryType::builder().min(1).shared(true).build().is_err());

    let mut config = Config::new();
    config.wasm_threads(false);
    let engine = Engine::new(&config).unwrap();
    for text in ["(memory 1 1 shared)", "(func atomic.fence)"] {
        let bytes = wat::parse_str(format!("(module {text})")).unwrap();
        assert!(Module::new(&engine, &bytes).is_err());
    }
}
