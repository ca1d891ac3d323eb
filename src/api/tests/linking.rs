//! Tests of imports, instantiation and linkers.

use super::*;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const NO_IMPORTS: [Extern; 0] = [];

#[test]
fn imports_are_checked_by_kind_type_and_number() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let needs = module(
        &engine,
        r#"(module (import "m" "f" (func (param i32) (result i64))))"#,
    );
    says(
        Instance::new(&mut store, &needs, &NO_IMPORTS),
        "expected 1 imports, found 0",
    );

    let wrong = Func::wrap(&mut store, |_: i64| 0_i64);
    says(
        Instance::new(&mut store, &needs, &[wrong.into()]),
        "incompatible import type for `m::f`: types incompatible: expected \
         `(func (param i32) (result i64))`, found `(func (param i64) (result i64))`",
    );
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    says(
        Instance::new(&mut store, &needs, &[memory.into()]),
        "found `(memory 1)`",
    );

    let right = Func::wrap(&mut store, |_: i32| 0_i64);
    Instance::new(&mut store, &needs, &[right.into()]).unwrap();

    let mut other = Store::new(&engine, ());
    says(
        Instance::new(&mut other, &needs, &[right.into()]),
        "import 0 belongs to another store",
    );
    let mut foreign = Store::new(&Engine::default(), ());
    says(
        Instance::new(&mut foreign, &needs, &[]),
        "different engines",
    );
}

#[test]
fn memories_and_tables_match_by_their_present_size() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let needs = module(&engine, r#"(module (import "" "m" (memory 2 3)))"#);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    says(
        Instance::new(&mut store, &needs, &[memory.into()]),
        "expected `(memory 2 3)`, found `(memory 1 3)`",
    );
    memory.grow(&mut store, 1).unwrap();
    Instance::new(&mut store, &needs, &[memory.into()]).unwrap();
    let unbounded = Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
    says(
        Instance::new(&mut store, &needs, &[unbounded.into()]),
        "found `(memory 2)`",
    );

    let needs = module(&engine, r#"(module (import "" "t" (table 1 externref)))"#);
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    says(
        Instance::new(&mut store, &needs, &[table.into()]),
        "found `(table 1 funcref)`",
    );
}

#[test]
fn immutable_globals_match_by_subtyping() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let func = Func::wrap(&mut store, || {});
    let concrete = RefType::new(false, HeapType::from(func.ty(&store)));
    let global = |store: &mut Store<()>, mutability| {
        let ty = GlobalType::new(concrete.clone().into(), mutability);
        Extern::from(Global::new(store, ty, func.into()).unwrap())
    };
    let constant = global(&mut store, Mutability::Const);
    let variable = global(&mut store, Mutability::Var);
    let general = module(&engine, r#"(module (import "" "g" (global funcref)))"#);
    Instance::new(&mut store, &general, &[constant]).unwrap();
    says(
        Instance::new(&mut store, &general, &[variable]),
        "(global (mut (ref (func))))",
    );
    let general = module(
        &engine,
        r#"(module (import "" "g" (global (mut funcref))))"#,
    );
    says(
        Instance::new(&mut store, &general, &[variable]),
        "expected `(global (mut funcref))`",
    );
}

#[test]
fn globals_and_tables_begin_as_their_expressions_say() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module
            (import "" "base" (global $base i32))
            (import "" "f" (func $f))
            (global $sum (export "sum") i32
                (i32.add (global.get $base) (i32.mul (i32.const 3) (i32.const -2))))
            (global (export "wide") i64 (i64.sub (i64.const 1) (i64.const 2)))
            (global (export "float") f32 (f32.const 1.5))
            (global $own (export "own") funcref (ref.func $own))
            (global (export "imported") funcref (ref.func $f))
            (table (export "table") 3 funcref (ref.func $f))
            (func $own))"#,
    );
    let base = GlobalType::new(ValType::I32, Mutability::Const);
    let base = Global::new(&mut store, base, Val::I32(10)).unwrap();
    let f = Func::wrap(&mut store, || {});
    let instance = Instance::new(&mut store, &module, &[base.into(), f.into()]).unwrap();
    let mut get = |name| {
        instance
            .get_global(&mut store, name)
            .unwrap()
            .get(&mut store)
    };
    assert_eq!(get("sum").unwrap_i32(), 4);
    assert_eq!(get("wide").unwrap_i64(), -1);
    assert_eq!(get("float").unwrap_f32(), 1.5);
    assert_eq!(get("imported").unwrap_func_ref(), Some(&f));
    let own = get("own");
    assert_ne!(own.unwrap_func_ref(), Some(&f));
    let table = instance.get_table(&mut store, "table").unwrap();
    assert_eq!(table.get(&mut store, 2).unwrap().unwrap_func(), Some(&f));
    assert!(table.get(&mut store, 3).is_none());
}

#[test]
fn segments_are_written_in_order_and_stay_after_a_trap() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 4, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    let imports = r#"(import "" "m" (memory 1)) (import "" "t" (table 4 funcref))"#;

    let good = format!(
        r#"(module {imports} (func $f)
            (elem (i32.const 1) func $f $f)
            (elem (i32.const 2) funcref (ref.null func))
            (data (i32.const 0) "abc") (data (i32.const 1) "X"))"#
    );
    let good = module(&engine, &good);
    Instance::new(&mut store, &good, &[memory.into(), table.into()]).unwrap();
    assert_eq!(&memory.data(&store)[..4], b"aXc\0");
    let filled: Vec<bool> = (0..4)
        .map(|i| table.get(&mut store, i).unwrap().is_non_null())
        .collect();
    assert_eq!(filled, [false, true, false, false]);

    let bad = format!(
        r#"(module {imports} (func $f)
            (elem (i32.const 3) func $f)
            (data (i32.const 8) "first") (data (i32.const 65535) "xy") (data (i32.const 0) "!"))"#
    );
    let bad = module(&engine, &bad);
    let error = Instance::new(&mut store, &bad, &[memory.into(), table.into()]).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    assert_eq!(
        error.to_string(),
        "data segment 1 of 2 bytes does not fit at 65535: there are 65536"
    );
    assert_eq!(&memory.data(&store)[8..13], b"first");
    assert_eq!(memory.data(&store)[0], b'a');
    assert_eq!(memory.data(&store)[65535], 0);
    assert!(table.get(&mut store, 3).unwrap().is_non_null());

    let bad = format!("(module {imports} (func $f) (elem (i32.const 4) func $f))");
    let bad = module(&engine, &bad);
    let error = Instance::new(&mut store, &bad, &[memory.into(), table.into()]).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::TableOutOfBounds));
}

#[test]
fn a_start_function_runs_and_can_be_suspended() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let module = module(
        &engine,
        r#"(module (import "" "go" (func $go)) (start $go))"#,
    );
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("", "go", |mut caller: Caller<'_, i32>| {
            *caller.data_mut() += 1;
        })
        .unwrap();
    linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(*store.data(), 1);

    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("", "go", || -> Result<()> { Err(Error::suspend('?')) })
        .unwrap();
    let mut instantiation = linker.instantiate_resumable(&mut store, &module).unwrap();
    let Some(Suspension::Host(request)) = instantiation.resume(&mut store).unwrap() else {
        panic!("it asks");
    };
    assert_eq!(request.downcast::<char>().unwrap(), '?');
    assert!(instantiation.resume(&mut store).unwrap().is_none());
    assert!(instantiation.resume(&mut store).unwrap().is_none());

    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert!(error.is::<HostRequest>());
}

#[test]
fn limits_of_number_are_checked_before_anything_is_made() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new()
        .memories(1)
        .tables(2)
        .instances(2)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let two = module(&engine, "(module (memory 1) (memory 1))");
    says(
        Instance::new(&mut store, &two, &[]),
        "memory count too high at 2",
    );
    let one = module(&engine, "(module (memory 1) (table 1 funcref))");
    Instance::new(&mut store, &one, &[]).unwrap();
    says(
        Instance::new(&mut store, &one, &[]),
        "memory count too high at 2",
    );
    let tables = module(&engine, "(module (table 1 funcref) (table 1 funcref))");
    says(
        Instance::new(&mut store, &tables, &[]),
        "table count too high at 3",
    );
    let none = module(&engine, "(module)");
    Instance::new(&mut store, &none, &[]).unwrap();
    says(
        Instance::new(&mut store, &none, &[]),
        "instance count too high at 3",
    );
}

#[test]
fn a_refused_instance_leaves_nothing_behind() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new()
        .memories(2)
        .memory_size(1 << 16)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let large = module(&engine, "(module (memory 1) (memory 2))");
    for _ in 0..5 {
        says(
            Instance::new(&mut store, &large, &[]),
            "memory minimum size of 2 pages exceeds",
        );
    }
    let fits = module(&engine, "(module (memory 1) (memory 1))");
    Instance::new(&mut store, &fits, &[]).unwrap();
}

#[test]
fn a_linker_finds_imports_by_name() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("b", "two", || 2)
        .unwrap()
        .func_wrap("a", "one", || 1)
        .unwrap();
    says(
        linker.func_wrap("a", "one", || 3),
        "import of `a::one` defined twice",
    );
    linker
        .allow_shadowing(true)
        .func_wrap("a", "one", || 1_i64)
        .unwrap();
    linker.alias("b", "two", "a", "zwei").unwrap();
    says(
        linker.alias("b", "three", "a", "drei"),
        "no item named `b::three` defined",
    );
    linker.alias_module("b", "c").unwrap();
    let global = GlobalType::new(ValType::I32, Mutability::Const);
    let global = Global::new(&mut store, global, Val::I32(7)).unwrap();
    linker.define(&store, "d", "seven", global).unwrap();
    linker.define_name(&store, "seven", global).unwrap();

    let names: Vec<String> = linker
        .iter(&mut store)
        .map(|(module, name, item)| format!("{module}.{name} {}", item.into_func().is_some()))
        .collect();
    assert_eq!(
        names,
        [
            ".seven false",
            "a.one true",
            "a.zwei true",
            "b.two true",
            "c.two true",
            "d.seven false"
        ]
    );
    assert!(
        linker
            .get(&mut store, "d", "seven")
            .unwrap()
            .into_global()
            .is_some()
    );
    says(
        linker.get(&mut store, "d", "eight"),
        "missing definition for `d::eight`",
    );

    let needs = module(
        &engine,
        r#"(module (import "d" "seven" (global i32)) (import "x" "y" (func (param i32))))"#,
    );
    let error = linker.instantiate(&mut store, &needs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown import: `x::y` has not been defined; it must be `(func (param i32))`"
    );
    let unknown = error.downcast_ref::<UnknownImportError>().unwrap();
    assert_eq!((unknown.module(), unknown.name()), ("x", "y"));
    assert!(unknown.ty().func().is_some());
    assert!(linker.instantiate_pre(&needs).is_err());

    linker.define_unknown_imports_as_traps(&needs).unwrap();
    let pre = linker.instantiate_pre(&needs).unwrap();
    pre.instantiate(&mut store).unwrap();
    let trap = linker
        .get(&mut store, "x", "y")
        .unwrap()
        .into_func()
        .unwrap();
    let error = trap.call(&mut store, &[Val::I32(0)], &mut []).unwrap_err();
    assert!(error.is::<UnknownImportError>());

    let mut other = Store::new(&engine, ());
    says(pre.instantiate(&mut other), "belongs to another store");
    let needs = module(&engine, r#"(module (import "d" "seven" (global i64)))"#);
    says(
        linker.instantiate_pre(&needs),
        "expected `(global i64)`, found `(global i32)`",
    );
}

#[test]
fn unknown_imports_can_have_default_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let needs = module(
        &engine,
        r#"(module
            (import "" "f" (func (result i32 funcref)))
            (import "" "g" (global (mut f64)))
            (import "" "m" (memory 1 2))
            (import "" "t" (table 5 externref)))"#,
    );
    let mut linker = Linker::<()>::new(&engine);
    says(
        linker.define_unknown_imports_as_traps(&needs),
        "unknown import: `::g`",
    );
    let mut linker = Linker::new(&engine);
    linker
        .define_unknown_imports_as_default_values(&mut store, &needs)
        .unwrap();
    linker.instantiate(&mut store, &needs).unwrap();
    let f = linker
        .get(&mut store, "", "f")
        .unwrap()
        .into_func()
        .unwrap();
    let mut results = [Val::I64(1), Val::I64(1)];
    f.call(&mut store, &[], &mut results).unwrap();
    assert_eq!(results[0].unwrap_i32(), 0);
    assert!(results[1].unwrap_func_ref().is_none());

    let needs = module(&engine, r#"(module (import "" "n" (global (ref func))))"#);
    says(
        linker.define_unknown_imports_as_default_values(&mut store, &needs),
        "no default value exists for `::n`",
    );
}

#[test]
fn instances_and_modules_become_definitions() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "count", |mut caller: Caller<'_, i32>| {
            *caller.data_mut() += 1;
            *caller.data()
        })
        .unwrap();
    let reexport = r#"(import "host" "count" (func $count (result i32)))
        (import "host" "nothing" (func $nothing))
        (export "count" (func $count)) (memory (export "memory") 1)"#;
    linker.func_wrap("host", "nothing", || {}).unwrap();

    let reactor = format!(r#"(module {reexport} (export "_initialize" (func $nothing)))"#);
    linker
        .module(&mut store, "reactor", &module(&engine, &reactor))
        .unwrap();
    assert!(
        linker
            .get(&mut store, "reactor", "memory")
            .unwrap()
            .into_memory()
            .is_some()
    );

    let command = format!(r#"(module {reexport} (export "_start" (func $nothing)))"#);
    let command = module(&engine, &command);
    linker.module(&mut store, "command", &command).unwrap();
    assert!(linker.get(&mut store, "command", "memory").is_err());
    let count = linker
        .get(&mut store, "command", "count")
        .unwrap()
        .into_func()
        .unwrap();
    let count = count.typed::<(), i32>(&store).unwrap();
    assert_eq!(count.call(&mut store, ()).unwrap(), 1);
    assert_eq!(count.call(&mut store, ()).unwrap(), 2);
    let start = linker.get_default(&mut store, "command").unwrap();
    start.call(&mut store, &[], &mut []).unwrap();
    linker
        .get_default(&mut store, "elsewhere")
        .unwrap()
        .call(&mut store, &[], &mut [])
        .unwrap();

    let extra = r#"(module (func (export "_start")) (global (export "g") i32 (i32.const 0)))"#;
    let extra = module(&engine, extra);
    says(
        linker.module(&mut store, "extra", &extra),
        "command export 'g' is not a function",
    );
    linker.allow_unknown_exports(true).allow_shadowing(true);
    linker.module(&mut store, "extra", &extra).unwrap();
}

#[test]
fn modules_describe_themselves() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module $shop
            (import "a" "f" (func (param f32)))
            (memory (export "m") 1 2)
            (func (export "g") (result i64) (i64.const 1))
            (@custom "notes" "one") (@custom "notes" "two"))"#,
    );
    assert_eq!(module.name(), Some("shop"));
    assert!(Engine::same(module.engine(), &engine));
    let imports: Vec<_> = module
        .imports()
        .map(|import| format!("{import:?}"))
        .collect();
    assert_eq!(
        imports,
        [r#"ImportType { module: "a", name: "f", ty: Func((type (func (param f32)))) }"#]
    );
    let exports: Vec<_> = module.exports().map(|export| export.name()).collect();
    assert_eq!(exports, ["m", "g"]);
    assert_eq!(
        module.get_export("m").unwrap().unwrap_memory().maximum(),
        Some(2)
    );
    assert!(module.get_export("h").is_none());
    let notes: Vec<_> = module.custom_sections("notes").collect();
    assert_eq!(notes, [b"one", b"two"]);
    let listing = |function| module.disassemble(function).map(|code| code.to_string());
    assert!(listing(1).unwrap().contains("`g`"));
    for (function, message) in [
        (0, "function 0 is imported"),
        (2, "there is no function 2"),
        (u32::MAX, "there is no function 4294967295"),
    ] {
        assert_eq!(listing(function).unwrap_err().to_string(), message);
    }

    let mut store = Store::new(&engine, ());
    let f = Func::wrap(&mut store, |_: f32| {});
    let instance = Instance::new(&mut store, &module, &[f.into()]).unwrap();
    assert!(Module::same(instance.module(&store), &module));
    let exports: Vec<_> = instance
        .exports(&mut store)
        .map(|e| (e.name(), e))
        .collect();
    assert_eq!(exports[1].0, "g");
    assert!(exports[0].1.into_memory().is_some());
    let index = module.get_export_index("m").unwrap();
    let by_index = instance.get_module_export(&mut store, &index).unwrap();
    assert_eq!(by_index.into_memory(), instance.get_memory(&mut store, "m"));
    assert_eq!(
        instance.get_func(&mut store, "g"),
        instance.get_export(&mut store, "g").unwrap().into_func()
    );
    says(
        instance.get_typed_func::<(), i64>(&mut store, "h"),
        "failed to find function export `h`: it exports the functions `g`",
    );
    says(
        instance.get_typed_func::<(), i32>(&mut store, "g"),
        "failed to convert function `g` to given type: type mismatch with results: \
         type mismatch: expected i32, found i64",
    );
    says(
        instance.get_typed_func::<i32, i64>(&mut store, "g"),
        "expected 1 types, found 0",
    );
}
