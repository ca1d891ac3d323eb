//! Tests of behaviour on which programs that were written for Wasmtime rely.

use super::*;
use alloc::vec;
use alloc::vec::Vec;

/// All fuel that can be set is kept, also beyond what the interpreter's register holds.
#[test]
fn any_amount_of_fuel_is_kept() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = module(&engine, r#"(module (func (export "run") (nop) (nop)))"#);
    let mut store = Store::new(&engine, ());
    store.set_fuel(u64::MAX).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let mut before = 0;
    let mut cost = None;
    for fuel in [
        u64::MAX,
        u64::MAX - 1,
        1 << 63,
        (1 << 63) + 1,
        (1 << 63) - 1,
        1000,
    ] {
        store.set_fuel(fuel).unwrap();
        assert_eq!(store.get_fuel().unwrap(), fuel);
        run.call(&mut store, ()).unwrap();
        let spent = store.fuel_spent().unwrap() - before;
        before += spent;
        assert_eq!(store.get_fuel().unwrap(), fuel - spent);
        assert_eq!(*cost.get_or_insert(spent), spent);
    }
    assert!(cost.is_some_and(|cost| cost > 0));
}

/// The fuel that the register cannot hold is used after the rest.
#[test]
fn all_fuel_can_be_spent() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(u64::MAX).unwrap();
    let stacks = &mut store.as_context_mut().0.stacks;
    stacks.leave_fuel(-5);
    assert!(!stacks.is_out_of_fuel());
    assert_eq!(stacks.fuel(), (1 << 63) - 5);
    assert_eq!(stacks.fuel_spent(), (1 << 63) - 1 + 5);
    // One unit is left in reserve: too little.
    stacks.leave_fuel(-5);
    assert!(stacks.is_out_of_fuel());
    assert_eq!(stacks.fuel(), 0);
}

/// The export with the empty name is a module's default function, before `_start`.
#[test]
fn the_default_function_has_the_empty_name() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "set", |mut caller: Caller<'_, i32>, value: i32| {
            *caller.data_mut() = value;
        })
        .unwrap();
    let text = |exports: &str| {
        format!(
            r#"(module (import "host" "set" (func $set (param i32)))
                (func $one (call $set (i32.const 1))) (func $two (call $set (i32.const 2)))
                {exports})"#
        )
    };
    let default = r#"(export "" (func $one))"#;
    let start = r#"(export "_start" (func $two))"#;
    for (name, exports, value) in [
        ("both", format!("{start} {default}"), 1),
        ("default", default.into(), 1),
        ("start", start.into(), 2),
        ("neither", String::new(), 0),
    ] {
        let module = module(&engine, &text(&exports));
        linker.module(&mut store, name, &module).unwrap();
        *store.data_mut() = 0;
        let func = linker.get_default(&mut store, name).unwrap();
        func.call(&mut store, &[], &mut []).unwrap();
        assert_eq!(*store.data(), value, "{name}");
    }
    let other = module(
        &engine,
        r#"(module (global (export "") i32 (i32.const 0)))"#,
    );
    linker.module(&mut store, "other", &other).unwrap();
    says(
        linker.get_default(&mut store, "other"),
        "the default export `` of `other` is not a function",
    );
}

/// Records the sizes for which it is called, and allows none of them.
#[derive(Default)]
struct Recorder(Vec<(usize, usize, Option<usize>)>);

impl ResourceLimiter for Recorder {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.0.push((current, desired, maximum));
        Ok(desired <= 1 << 16)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.memory_growing(current, desired, maximum)
    }
}

/// Sizes of more than `usize` can hold do not wrap before the limiter sees them.
#[test]
fn the_limiter_sees_sizes_that_do_not_wrap() {
    let engine = Engine::default();
    for (item, seen) in [
        ("(memory i64 0x1000000000000)", (0, usize::MAX, None)),
        (
            "(memory i64 0xffffffffffff)",
            (0, usize::MAX - 0xffff, None),
        ),
        ("(memory i64 0 0x1000000000000)", (0, 0, None)),
        (
            "(memory i64 0xffffffffffffffff (pagesize 1))",
            (0, usize::MAX, None),
        ),
        (
            "(memory i64 1 0xffffffffffffffff (pagesize 1))",
            (0, 1, Some(usize::MAX)),
        ),
        (
            "(table i64 0xffffffffffffffff funcref)",
            (0, usize::MAX, None),
        ),
        (
            "(table i64 1 0xffffffffffffffff funcref)",
            (0, 1, Some(usize::MAX)),
        ),
    ] {
        if usize::BITS < 64 {
            continue;
        }
        let mut store = Store::new(&engine, Recorder::default());
        store.limiter(|recorder| recorder);
        let module = module(&engine, &format!("(module {item})"));
        let made = Instance::new(&mut store, &module, &[]);
        assert_eq!(made.is_ok(), seen.1 <= 1 << 16, "{item}");
        assert_eq!(store.data().0, [seen], "{item}");
    }
}

/// Growth by more than `usize` can hold is refused, whether or not the limiter is called.
#[test]
fn growth_does_not_wrap() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module
            (memory $pages i64 1) (memory $bytes i64 1 (pagesize 1)) (table $table i64 1 funcref)
            (func (export "pages") (param i64) (result i64)
                (memory.grow $pages (local.get 0)))
            (func (export "bytes") (param i64) (result i64)
                (memory.grow $bytes (local.get 0)))
            (func (export "table") (param i64) (result i64)
                (table.grow $table (ref.null func) (local.get 0))))"#,
    );
    let mut store = Store::new(&engine, Recorder::default());
    store.limiter(|recorder| recorder);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for name in ["pages", "bytes", "table"] {
        let grow = instance
            .get_typed_func::<i64, i64>(&mut store, name)
            .unwrap();
        for delta in [-1, i64::MAX, i64::MIN, 1 << 48, (1 << 48) - 1] {
            store.data_mut().0.clear();
            assert_eq!(grow.call(&mut store, delta).unwrap(), -1, "{name} {delta}");
            let seen = &store.data().0;
            assert!(
                seen.iter().all(|&(current, desired, _)| desired > current),
                "{name} {delta}: {seen:?}"
            );
        }
    }
}

/// A start function that is imported from the host is called by the instance that is made.
#[test]
fn an_imported_start_function_finds_the_instance() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "host",
            "start",
            |mut caller: Caller<'_, i32>| -> Result<()> {
                let Some(Extern::Global(global)) = caller.get_export("g") else {
                    bail!("the start function finds no export");
                };
                *caller.data_mut() += global.get(&mut caller).unwrap_i32();
                Ok(())
            },
        )
        .unwrap();
    let module = module(
        &engine,
        r#"(module (import "host" "start" (func $start))
            (global (export "g") i32 (i32.const 7)) (start $start))"#,
    );
    linker.instantiate(&mut store, &module).unwrap();
    let start = linker.get(&mut store, "host", "start").unwrap();
    Instance::new(&mut store, &module, &[start]).unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    pre.instantiate(&mut store).unwrap();
    let mut resumable = linker.instantiate_resumable(&mut store, &module).unwrap();
    assert!(resumable.resume(&mut store).unwrap().is_none());
    assert_eq!(*store.data(), 4 * 7);
    let start = start.into_func().unwrap();
    says(
        start.call(&mut store, &[], &mut []),
        "the start function finds no export",
    );
}

/// The error of an access out of bounds contains the address and the size of the memory.
#[test]
fn accesses_out_of_bounds_name_the_address() {
    let cases: [(&str, i32, u64); 13] = [
        // The operand comes from a parameter, a constant, the accumulator or a local.
        ("(drop (i32.load (local.get 0)))", 70_000, 70_000),
        (
            "(drop (i64.load8_u offset=4 (local.get 0)))",
            65_532,
            65_536,
        ),
        (
            "(drop (i32.load offset=0xffffffff (local.get 0)))",
            -1,
            0x1_ffff_fffe,
        ),
        ("(drop (i32.load (i32.const 0x12345678)))", 0, 0x1234_5678),
        (
            "(drop (f64.load (i32.mul (local.get 0) (i32.const 3))))",
            100_000,
            300_000,
        ),
        (
            "(i32.store (i32.add (local.get 0) (local.get 0)) (i32.const 1))",
            50_000,
            100_000,
        ),
        (
            "(i64.store offset=8 (local.get 0) (i64.const 1))",
            65_528,
            65_536,
        ),
        ("(f32.store (local.get 0) (f32.const 1))", -8, 0xffff_fff8),
        // An access that begins within the memory.
        ("(drop (i32.load (local.get 0)))", 65_534, 65_536),
        (
            "(memory.fill (local.get 0) (i32.const 0) (i32.const 9))",
            65_530,
            65_536,
        ),
        (
            "(memory.copy (i32.const 0) (local.get 0) (i32.const 1))",
            65_540,
            65_540,
        ),
        (
            "(memory.copy (local.get 0) (i32.const 0) (i32.const 1))",
            65_541,
            65_541,
        ),
        (
            "(memory.init $data (local.get 0) (i32.const 0) (i32.const 2))",
            65_535,
            65_536,
        ),
    ];
    // Miri has the loop alone.
    let dispatches = [None, Some(Dispatch::Loop)].into_iter();
    for dispatch in dispatches.skip(usize::from(cfg!(miri))) {
        for (body, argument, address) in cases {
            let mut config = Config::new();
            if let Some(dispatch) = dispatch {
                config.dispatch(dispatch);
            }
            let engine = Engine::new(&config).unwrap();
            let text = format!(
                r#"(module (memory 1) (data $data "ab")
                    (func $access (param i32) {body})
                    (func (export "run") (param i32) (call $access (local.get 0))))"#
            );
            let module = module(&engine, &text);
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance
                .get_typed_func::<i32, ()>(&mut store, "run")
                .unwrap();
            let error = run.call(&mut store, argument).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
            let chain: Vec<_> = error
                .chain()
                .skip(1)
                .map(|link| format!("{link}"))
                .collect();
            assert_eq!(
                chain,
                [
                    format!(
                        "memory fault at wasm address {address:#x} in linear memory of size 0x10000"
                    ),
                    "wasm trap: out of bounds memory access".into(),
                ],
                "{body}"
            );
        }
    }
}

/// A trap without an access beyond the end of a memory has no address.
#[test]
fn a_segment_that_is_too_short_is_no_fault() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module (memory 1) (data $data "ab")
            (func (export "run")
                (memory.init $data (i32.const 0) (i32.const 1) (i32.const 2))))"#,
    );
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let error = full(run.call(&mut store, ()));
    assert!(!error.contains("memory fault"), "{error}");
    assert!(
        error.ends_with("wasm trap: out of bounds memory access"),
        "{error}"
    );
}

/// Proposals that are not supported are refused by name, whatever the configuration says.
#[test]
fn unsupported_proposals_are_refused_by_name() {
    type Switch = fn(&mut Config, bool) -> &mut Config;
    let mut cases: Vec<(Switch, &str, &str)> = vec![(
        Config::wasm_gc,
        "(memory 1) (func (memory.discard (i32.const 0) (i32.const 0)))",
        "memory-control",
    )];
    if cfg!(not(feature = "simd")) {
        cases.push((Config::wasm_simd, "(func (param v128))", "simd"));
        let relaxed =
            "(func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))";
        cases.push((Config::wasm_relaxed_simd, relaxed, ""));
    }
    for (switch, text, name) in cases {
        for enable in [None, Some(true), Some(false)] {
            let mut config = Config::new();
            if let Some(enable) = enable {
                switch(&mut config, enable);
            }
            let engine = Engine::new(&config).unwrap();
            let error = Module::new(&engine, format!("(module {text})")).unwrap_err();
            let Some(ModuleError::Unsupported { proposal, .. }) = error.downcast_ref() else {
                panic!("{error:?}");
            };
            assert!(name.is_empty() || *proposal == name, "{error:?}");
        }
    }
}

/// With the Cargo feature, vectors are on unless the configuration says otherwise, and the relaxed
/// instructions need those of the first proposal.
#[cfg(feature = "simd")]
#[test]
fn vectors_can_be_turned_off() {
    let zero = "(v128.const i64x2 0 0)";
    let fixed = format!("(module (func (drop (v128.not {zero}))))");
    let relaxed = format!("(module (func (drop (i8x16.relaxed_swizzle {zero} {zero}))))");
    let accepts = |config: &Config, text: &str| {
        let engine = Engine::new(config).unwrap();
        Module::new(&engine, text).is_ok()
    };
    let mut config = Config::new();
    assert!(accepts(&config, &fixed) && accepts(&config, &relaxed));
    config.wasm_relaxed_simd(false);
    assert!(accepts(&config, &fixed) && !accepts(&config, &relaxed));
    config.wasm_simd(false);
    assert!(!accepts(&config, &fixed) && !accepts(&config, "(module (func (param v128)))"));
}
