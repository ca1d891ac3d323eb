//! Imports of wrong types, and declarations in great number.

use crate::guard::{on_small_stack, peak_of};
use backstitch::{
    CompilationMode, Config, Engine, Func, Global, GlobalType, Instance, Linker, Memory,
    MemoryType, Module, Mutability, Ref, RefType, Result, Store, Table, TableType, Val, ValType,
};

#[test]
fn imports_of_wrong_types() {
    on_small_stack(|| {
        let mut store = Store::new(&Engine::default(), ());
        let function = Func::wrap(&mut store, |x: i32| x);
        let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
        let table = TableType::new(RefType::FUNCREF, 1, Some(2));
        let table = Table::new(&mut store, table, Ref::Func(None)).unwrap();
        let global = GlobalType::new(ValType::I32, Mutability::Const);
        let global = Global::new(&mut store, global, Val::I32(1)).unwrap();
        for (import, item) in [
            ("(func (param i64) (result i32))", function.into()),
            ("(func (param i32))", function.into()),
            ("(func)", memory.into()),
            ("(memory 2)", memory.into()),
            ("(memory 1 1)", memory.into()),
            ("(memory i64 1)", memory.into()),
            ("(memory 1 (pagesize 1))", memory.into()),
            ("(memory 1)", global.into()),
            ("(table 2 funcref)", table.into()),
            ("(table 1 1 funcref)", table.into()),
            ("(table 1 externref)", table.into()),
            ("(table i64 1 funcref)", table.into()),
            ("(table 1 funcref)", function.into()),
            ("(global i64)", global.into()),
            ("(global (mut i32))", global.into()),
            ("(global i32)", table.into()),
        ] {
            let text = format!("(module (import \"from\" \"here\" {import}))");
            let module = Module::new(store.engine(), wat::parse_str(&text).unwrap()).unwrap();
            let item: backstitch::Extern = item;
            let error = Instance::new(&mut store, &module, &[item]).unwrap_err();
            let text = format!("{error:#}");
            assert!(
                text.contains("from") && text.contains("here"),
                "{import}: {text}"
            );
            let error = Instance::new(&mut store, &module, &[]).unwrap_err();
            assert_eq!(error.to_string(), "expected 1 imports, found 0");
        }
    });
}

/// Loads a module in every mode and instantiates it.
fn load(module: &[u8]) -> Result<()> {
    let mut outcome = Ok(());
    for mode in [
        CompilationMode::Eager,
        CompilationMode::LazyTranslation,
        CompilationMode::Lazy,
    ] {
        let mut config = Config::new();
        config.compilation_mode(mode);
        let engine = Engine::new(&config)?;
        let (loaded, peak) = peak_of(|| {
            let module = Module::new(&engine, module)?;
            let mut linker = Linker::new(&engine);
            linker.define_unknown_imports_as_traps(&module)?;
            linker
                .instantiate(&mut Store::new(&engine, ()), &module)
                .map(drop)
        });
        assert!(
            peak < (64 << 20) + 300 * module.len(),
            "{peak} bytes for {}",
            module.len()
        );
        outcome = loaded;
    }
    outcome
}

fn load_text(text: &str) -> Result<()> {
    load(&wat::parse_str(text)?)
}

#[test]
fn many_of_everything() {
    on_small_stack(|| {
        let imports: String = (0..50_000)
            .map(|n| format!("(import \"m\" \"f{n}\" (func))"))
            .collect();
        load_text(&format!("(module {imports})")).unwrap();
        let exports: String = (0..50_000)
            .map(|n| format!("(export \"f{n}\" (func 0))"))
            .collect();
        load_text(&format!("(module (func) {exports})")).unwrap();
        let types: String = (0..2_000)
            .map(|n| {
                let params: String = (0..11)
                    .map(|bit| if n >> bit & 1 == 1 { "i64 " } else { "f32 " })
                    .collect();
                format!("(type (func (param {params})))")
            })
            .collect();
        load_text(&format!("(module {types})")).unwrap();
        // Types that refer to earlier ones.
        let chain: String = (1..20_000)
            .map(|n| format!("(type (func (param (ref {}) (ref {}))))", n - 1, n - 1))
            .collect();
        load_text(&format!("(module (type (func)) {chain})")).unwrap();
        let group = "(type (func (param (ref 0) (ref 1))))".repeat(10_000);
        load_text(&format!("(module (rec {group}))")).unwrap();
        let globals = "(global i32 (i32.const 1))".repeat(50_000);
        load_text(&format!("(module {globals})")).unwrap();
        let data = "(data (i32.const 0) \"x\")".repeat(50_000);
        load_text(&format!("(module (memory 1) {data})")).unwrap();
        let elements = "(elem (i32.const 0) func 0)".repeat(50_000);
        load_text(&format!("(module (table 1 funcref) (func) {elements})")).unwrap();
        load_text(&format!("(module {})", "(func)".repeat(100_000))).unwrap();
    });
}

#[test]
fn long_constant_expressions() {
    on_small_stack(|| {
        let sum = format!(
            "(i32.const 0) {}",
            "(i32.const 1) (i32.add)".repeat(100_000)
        );
        load_text(&format!("(module (global i32 {sum}))")).unwrap();
        let tall = format!(
            "{} {}",
            "(i32.const 1)".repeat(100_000),
            "(i32.add)".repeat(99_999)
        );
        load_text(&format!("(module (memory 1) (data (offset {tall}) \"\"))"))
            .expect_err("offset 100,000 is beyond the memory");
        // A chain of globals, each with twice the value of the one before.
        let chain: String = (1..20_000)
            .map(|n| {
                format!(
                    "(global i64 (i64.add (global.get {0}) (global.get {0})))",
                    n - 1
                )
            })
            .collect();
        load_text(&format!("(module (global i64 (i64.const 1)) {chain})")).unwrap();
    });
}

#[test]
fn counts_beyond_the_end_of_the_module() {
    on_small_stack(|| {
        for section in 1..=13 {
            for count in [
                &b"\xff\xff\xff\xff\x0f"[..],
                b"\x80\x80\x80\x08",
                b"\xc0\x84\x3d",
            ] {
                let mut module = b"\0asm\x01\0\0\0".to_vec();
                module.extend([section, count.len() as u8]);
                module.extend(count);
                let (error, peak) = peak_of(|| load(&module).unwrap_err());
                assert!(
                    error.to_string().contains("offset"),
                    "section {section}: {error}"
                );
                assert!(peak < 1 << 20, "section {section}: {peak} bytes");
            }
        }
    });
}
