//! Memories, tables and stacks of absurd sizes.

use crate::guard::{on_small_stack, peak_of};
use backstitch::{
    Config, Engine, Error, Func, Instance, Linker, Module, Result, Store, StoreLimits,
    StoreLimitsBuilder, Trap, Val,
};

/// Returns an error's message with all its causes.
fn text(error: &Error) -> String {
    format!("{error:#}")
}

fn instantiate<T: 'static>(store: &mut Store<T>, module: &str) -> Result<Instance> {
    let engine = store.engine().clone();
    let module = Module::new(&engine, wat::parse_str(module)?)?;
    Linker::new(&engine).instantiate(store, &module)
}

fn function<T>(store: &mut Store<T>, instance: Instance, name: &str) -> Func {
    instance
        .get_func(store, name)
        .unwrap_or_else(|| panic!("there is no `{name}`"))
}

fn call<T>(store: &mut Store<T>, function: Func, arguments: &[Val]) -> Result<Val> {
    let mut results = [Val::I32(0)];
    function.call(store, arguments, &mut results)?;
    let [result] = results;
    Ok(result)
}

#[test]
fn a_small_module_takes_little_memory() {
    let bytes =
        wat::parse_str("(module (func $f (export \"f\") (param i32) (result i32) (local.get 0)))")
            .unwrap();
    let (engine, bytes_of_engine) = peak_of(Engine::default);
    let (module, bytes_of_module) = peak_of(|| Module::new(&engine, &bytes).unwrap());
    assert!(bytes_of_engine <= 1 << 10, "engine: {bytes_of_engine}");
    assert!(bytes_of_module <= 8 << 10, "module: {bytes_of_module}");
    drop(module);
}

#[test]
fn excessive_sizes_are_refused_by_default() {
    on_small_stack(|| {
        for (module, says) in [
            ("(module (table 1000000000 funcref))", "1000000000 elements"),
            (
                "(module (table 4294967295 externref))",
                "4294967295 elements",
            ),
            (
                "(module (table i64 0x1000000000000 funcref))",
                "281474976710656 elements",
            ),
            (
                "(module (table i64 0xffffffffffffffff funcref))",
                "elements",
            ),
            ("(module (memory i64 0x1000000000000))", "memory"),
            ("(module (memory i64 0x10000000000))", "memory"),
            (
                "(module (memory i64 0x10000000000000000 (pagesize 1)))",
                "i64",
            ),
            (
                "(module (memory i64 0xffffffffffffffff (pagesize 1)))",
                "memory",
            ),
            ("(module (memory 65537))", "65536"),
        ] {
            let mut store = Store::new(&Engine::default(), ());
            let (error, peak) = peak_of(|| instantiate(&mut store, module).unwrap_err());
            assert!(text(&error).contains(says), "{module}: {error:#}");
            assert!(peak < 1 << 20, "{module}: {peak} bytes");
        }
    });
}

#[test]
fn too_many_tables_memories_and_instances_are_refused() {
    on_small_stack(|| {
        let mut store = Store::new(&Engine::default(), ());
        // Both a module and a store have maximum numbers.
        for (item, says) in [
            (
                "(table 0 funcref)",
                ["tables count", "table count too high"],
            ),
            ("(memory 1)", ["memories count", "memory count too high"]),
        ] {
            let most = format!("(module {})", item.repeat(100));
            let error = (0..101)
                .find_map(|_| instantiate(&mut store, &most).err())
                .unwrap();
            assert!(text(&error).contains(says[1]), "{error:#}");
            let more = format!("(module {})", item.repeat(101));
            let error = instantiate(&mut store, &more).unwrap_err();
            assert!(
                says.iter().any(|says| text(&error).contains(says)),
                "{error:#}"
            );
        }
        let mut store = Store::new(&Engine::default(), ());
        let module = Module::new(store.engine(), b"\0asm\x01\0\0\0").unwrap();
        let linker = Linker::new(store.engine());
        for _ in 0..10_000 {
            linker.instantiate(&mut store, &module).unwrap();
        }
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert!(
            text(&error).contains("instance count too high at 10001"),
            "{error:#}"
        );
    });
}

#[test]
fn the_largest_memory_with_32_bit_addresses() {
    // Pages that are not touched take no physical memory.
    let mut store = Store::new(&Engine::default(), ());
    let instance = instantiate(
        &mut store,
        r#"(module (memory 65536)
            (func (export "last") (result i32) (i32.load8_u (i32.const -1)))
            (func (export "beyond") (result i32) (i32.load (i32.const -2)))
            (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    let Ok(instance) = instance else {
        println!("skipped: cannot allocate a memory of 4 GiB");
        return;
    };
    let last = function(&mut store, instance, "last");
    assert_eq!(call(&mut store, last, &[]).unwrap().unwrap_i32(), 0);
    let beyond = function(&mut store, instance, "beyond");
    let error = call(&mut store, beyond, &[]).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    let grow = function(&mut store, instance, "grow");
    assert_eq!(call(&mut store, grow, &[]).unwrap().unwrap_i32(), -1);
}

#[test]
fn growing_to_the_maximum() {
    on_small_stack(|| {
        let limits = StoreLimitsBuilder::new()
            .memory_size(20 << 20)
            .table_elements(70_000)
            .build();
        let mut store: Store<StoreLimits> = Store::new(&Engine::default(), limits);
        store.limiter(|limits| limits);
        let instance = instantiate(
            &mut store,
            r#"(module
                (memory $small 0) (memory $large i64 0) (memory $bytes 0 (pagesize 1))
                (table $functions 0 funcref) (table $values i64 0 externref)
                (func (export "small") (result i32)
                    (loop (br_if 0 (i32.ne (memory.grow $small (i32.const 1)) (i32.const -1))))
                    (memory.size $small))
                (func (export "large") (result i64)
                    (loop (br_if 0 (i64.ne (memory.grow $large (i64.const 7)) (i64.const -1))))
                    (memory.size $large))
                (func (export "bytes") (result i32)
                    (loop (br_if 0 (i32.ne (memory.grow $bytes (i32.const 997)) (i32.const -1))))
                    (memory.size $bytes))
                (func $f (export "functions") (result i32)
                    (loop (br_if 0 (i32.ne (i32.const -1)
                        (table.grow $functions (ref.func $f) (i32.const 3)))))
                    (table.size $functions))
                (func (export "values") (result i64)
                    (loop (br_if 0 (i64.ne (i64.const -1)
                        (table.grow $values (ref.null extern) (i64.const 11)))))
                    (table.size $values))
                (func (export "absurd") (param i64) (result i64)
                    (i64.and (memory.grow $large (local.get 0))
                        (table.grow $values (ref.null extern) (local.get 0)))))"#,
        )
        .unwrap();
        let mut end = |name: &str, arguments: &[Val]| {
            let function = function(&mut store, instance, name);
            match call(&mut store, function, arguments).unwrap() {
                Val::I32(value) => i64::from(value),
                value => value.unwrap_i64(),
            }
        };
        assert_eq!(end("small", &[]), 320);
        assert_eq!(end("large", &[]), 315);
        assert_eq!(end("bytes", &[]), (20 << 20) / 997 * 997);
        assert_eq!(end("functions", &[]), 69_999);
        assert_eq!(end("values", &[]), 70_000 / 11 * 11);
        for delta in [
            1 << 32,
            1 << 40,
            1 << 47,
            1 << 48,
            1 << 62,
            i64::MAX,
            i64::MIN,
            -1,
        ] {
            assert_eq!(end("absurd", &[Val::I64(delta)]), -1, "by {delta}");
        }
    });
}

#[test]
fn stacks_end_at_their_configured_size() {
    on_small_stack(|| {
        let text = r#"(module (func $f (export "f") (param i64) (result i64)
            (i64.add (i64.const 1) (call $f (local.get 0)))))"#;
        for bytes in [0, 1, 64, 100, 4096, 1 << 20, 64 << 20] {
            let mut config = Config::new();
            config.max_wasm_stack(bytes);
            let mut store = Store::new(&Engine::new(&config).unwrap(), ());
            let instance = instantiate(&mut store, text).unwrap();
            let f = function(&mut store, instance, "f");
            let (error, peak) = peak_of(|| call(&mut store, f, &[Val::I64(0)]).unwrap_err());
            assert_eq!(
                error.downcast_ref::<Trap>(),
                Some(&Trap::StackOverflow),
                "{bytes}"
            );
            // A stack that grows exists twice while it is copied.
            assert!(peak <= 2 * bytes + (1 << 20), "{bytes}: {peak} bytes");
        }
    });
}

#[test]
fn a_module_with_too_many_bytes() {
    let mut config = Config::new();
    config.max_module_size(100);
    let engine = Engine::new(&config).unwrap();
    let mut module = b"\0asm\x01\0\0\0\0\x5b".to_vec();
    module.resize(101, 0);
    let error = Module::new(&engine, &module).unwrap_err();
    assert!(text(&error).contains("101 bytes is larger than the engine's limit of 100 bytes"));
    module[9] = 0x5a;
    module.pop();
    Module::new(&engine, &module).unwrap();
}

#[test]
fn segments_that_do_not_fit() {
    on_small_stack(|| {
        let large = "x".repeat(1 << 20);
        let functions = "$f ".repeat(100_000);
        for (module, says) in [
            (
                format!("(module (memory 1) (data (i32.const 0) \"{large}\"))"),
                "does not fit",
            ),
            (
                "(module (memory 1) (data (i32.const -1) \"x\"))".into(),
                "does not fit",
            ),
            (
                "(module (memory 0) (data (i32.const 1)))".into(),
                "does not fit",
            ),
            (
                "(module (memory i64 1) (data (i64.const -1) \"xy\"))".into(),
                "does not fit",
            ),
            (
                format!("(module (table 9 funcref) (func $f) (elem (i32.const 0) {functions}))"),
                "does not fit",
            ),
            (
                "(module (table 1 funcref) (func $f) (elem (i32.const -1) $f))".into(),
                "does not fit",
            ),
        ] {
            let mut store = Store::new(&Engine::default(), ());
            let error = instantiate(&mut store, &module).unwrap_err();
            assert!(text(&error).contains(says), "{error:#}");
            let trap = error.downcast_ref::<Trap>();
            assert!(
                matches!(trap, Some(Trap::MemoryOutOfBounds | Trap::TableOutOfBounds)),
                "{error:#}"
            );
        }
        let mut store = Store::new(&Engine::default(), ());
        let module = format!(
            "(module (memory 16) (data (i32.const 0) \"{large}\") (table 100000 funcref)
             (func $f) (elem (i32.const 0) {functions}))"
        );
        instantiate(&mut store, &module).unwrap();
    });
}
