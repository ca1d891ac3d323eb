//! Dumps read by other tools.

use super::parsed::parse;
use super::shop::{SHOP, dump_of, engines, fail};
use backstitch::{CoreDumpOptions, Instance, Module, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Returns a dump of the shop in the present form, or in the compatible form for readers of the
/// format's first version.
fn shop(compatible: bool) -> Vec<u8> {
    let engine = &engines()[0];
    let module = Module::new(engine, SHOP).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let error = fail(&mut store, &instance, "open");
    let mut options = CoreDumpOptions::new();
    options.compatible(compatible);
    let mut file = Vec::new();
    dump_of(&error)
        .serialize_to(&store, "shop.wasm", &mut file, &options)
        .unwrap();
    file
}

/// `wasmgdb` reads dumps with these crates.
#[test]
fn c17_the_first_reader_reads_the_compatible_form() {
    let file = shop(true);
    let module = wasm_parser::parse(&file).unwrap();
    let module = core_wasm_ast::traverse::WasmModule::new(Arc::new(module));
    let dump: wasm_coredump_types::Coredump = module.get_coredump().unwrap();
    assert_eq!(dump.process_info.executable_name, "shop.wasm");
    assert_eq!(dump.stacks.len(), 1);
    assert_eq!(dump.stacks[0].thread_info.thread_name, "main");
    let found: Vec<_> = dump.stacks[0]
        .frames
        .iter()
        .map(|frame| (frame.instanceidx, frame.funcidx, frame.codeoffset))
        .collect();
    let expected: Vec<_> = parse(&file).stacks[0]
        .1
        .iter()
        .map(|frame| (frame.instance, frame.function, frame.offset))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 2);
    assert_eq!(dump.memory, [(1, Some(5))]);
    assert_eq!(&dump.data[5_000..5_008], b"sold out");
}

/// Runs `wasm-tools` on a file, if it is installed, and returns its output.
fn run(arguments: &[&str], file: &Path) -> Option<String> {
    let output = Command::new("wasm-tools")
        .args(arguments)
        .arg(file)
        .output();
    let Ok(output) = output else {
        println!("skipped: wasm-tools is not installed (cargo install wasm-tools)");
        return None;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "wasm-tools {arguments:?}: {error}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn c05_wasm_tools_prints_a_dump() {
    for compatible in [false, true] {
        let name = format!("shop-{compatible}.core");
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&file, shop(compatible)).unwrap();
        let Some(dump) = run(&["dump"], &file) else {
            return;
        };
        let values = match compatible {
            true => "locals: [], stack: []",
            false => "locals: [I32(-20), I64(-1)",
        };
        for part in [
            "name: shop.wasm",
            r#"modules: ["shop"]"#,
            "CoreDumpInstance { module_index: 0, memories: [0]",
            "stacks: main / [CoreDumpStackFrame { instanceidx: 0, funcidx: 0, codeoffset: 37",
            values,
            "i32_const value:5000",
        ] {
            assert!(dump.contains(part), "`{part}` is not in\n{dump}");
        }
        run(&["validate"], &file);
        let text = run(&["print"], &file).unwrap_or_default();
        assert!(text.contains("sold out"), "{text}");
    }
}
