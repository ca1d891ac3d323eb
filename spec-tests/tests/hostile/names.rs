//! Name sections and other custom sections, in which nothing is an error.

use crate::guard::{on_small_stack, peak_of};
use crate::random::Random;
use backstitch::{Engine, Linker, Module, Store, WasmBacktrace};
use wasm_encoder::{
    CodeSection, CustomSection, ExportKind, ExportSection, Function, FunctionSection, Instruction,
    NameMap, NameSection, TypeSection,
};

/// Builds a module with a function that traps, and custom sections before and after the others.
fn traps(before: &[(&str, &[u8])], behind: &[(&str, &[u8])]) -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    let custom = |module: &mut wasm_encoder::Module, sections: &[(&str, &[u8])]| {
        for (name, data) in sections {
            module.section(&CustomSection {
                name: (*name).into(),
                data: (*data).into(),
            });
        }
    };
    custom(&mut module, before);
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut code = CodeSection::new();
    let mut body = Function::new([]);
    body.instruction(&Instruction::Unreachable)
        .instruction(&Instruction::End);
    code.function(&body);
    module
        .section(&types)
        .section(&functions)
        .section(&exports)
        .section(&code);
    custom(&mut module, behind);
    module.finish()
}

/// Runs the module and returns the error's text.
fn shown(module: &[u8]) -> String {
    let engine = Engine::default();
    let module = Module::new(&engine, module).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate(&mut store, &module)
        .unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    let error = f.call(&mut store, ()).unwrap_err();
    assert_eq!(
        error
            .downcast_ref::<WasmBacktrace>()
            .unwrap()
            .frames()
            .len(),
        1
    );
    format!("{error:?}")
}

fn name_section(name: &str) -> Vec<u8> {
    let mut names = NameSection::new();
    let mut functions = NameMap::new();
    functions.append(0, name);
    names.functions(&functions);
    let mut section = Vec::new();
    wasm_encoder::Encode::encode(&names, &mut section);
    // Removes the section's size and its own name.
    let at = section
        .windows(5)
        .position(|window| window == b"\x04name")
        .unwrap();
    section.split_off(at + 5)
}

#[test]
fn random_bytes_for_names() {
    on_small_stack(|| {
        for seed in 0..3_000 {
            let mut random = Random::new(seed);
            let mut section = name_section("a function's name");
            for _ in 0..1 + random.below(6) {
                let at = random.below(section.len());
                section[at] = random.next() as u8;
            }
            section.truncate(random.below(section.len() + 1).max(3));
            let shown = shown(&traps(&[], &[("name", &section)]));
            assert!(shown.contains("unreachable"), "seed {seed}: {shown}");
        }
    });
}

#[test]
fn names_with_excessive_sizes() {
    on_small_stack(|| {
        for section in [
            // Subsections and maps with sizes and counts of 2³² − 1: bytes, functions, locals.
            &b"\x01\xff\xff\xff\xff\x0f"[..],
            b"\x01\x05\xff\xff\xff\xff\x0f",
            b"\x01\x07\x01\x00\xff\xff\xff\xff\x0f",
            b"\x02\x05\xff\xff\xff\xff\x0f",
            b"\x02\x07\x01\x00\xff\xff\xff\xff\x0f",
            b"\x00\x05\xff\xff\xff\xff\x0f",
            b"\x0c\x00\xff\x00\x7f\x00",
        ] {
            let module = traps(&[("name", section)], &[("name", section)]);
            let (shown, peak) = peak_of(|| shown(&module));
            assert!(shown.contains("<wasm function 0>"), "{shown}");
            assert!(peak < 1 << 20, "{peak} bytes");
        }
    });
}

#[test]
fn the_first_of_many_name_sections_is_used() {
    on_small_stack(|| {
        let (first, second) = (name_section("first"), name_section("second"));
        let mut sections = vec![("name", &first[..])];
        sections.extend(std::iter::repeat_n(("name", &second[..]), 20_000));
        assert!(shown(&traps(&sections, &sections)).contains("first"));
    });
}

#[test]
fn a_name_of_megabytes() {
    on_small_stack(|| {
        let name = "n".repeat(8 << 20);
        let (shown, peak) = peak_of(|| shown(&traps(&[], &[("name", &name_section(&name))])));
        assert!(shown.contains("unreachable"));
        assert!(peak < 256 << 20, "{peak} bytes");
    });
}

#[test]
fn names_that_grow_exponentially_when_demangled() {
    let nested = format!("_Z1f{}i", "P".repeat(100_000));
    let templates = format!("_Z1f{}i{}", "1aI".repeat(50_000), "E".repeat(50_000));
    // Each argument is a template with two copies of the one before it.
    let pairs: String = (0..60)
        .map(|level| {
            let last = match level {
                0 => "S_".to_string(),
                _ => format!("S{}_", digits(level - 1)),
            };
            format!("1pI{last}{last}E")
        })
        .collect();
    let doubling = format!("_Z1f1a{pairs}");
    let rust_nested = format!("_RNvC1a{}1b", "I".repeat(50_000));
    let rust_doubling = format!("_RINvC1a1b{}E", "TB0_B0_E".repeat(1000));
    let legacy = format!("_ZN{}E", "1a".repeat(100_000));
    on_small_stack(|| {
        for name in [
            &nested,
            &templates,
            &doubling,
            &rust_nested,
            &rust_doubling,
            &legacy,
        ] {
            let module = traps(&[], &[("name", &name_section(name))]);
            let (shown, peak) = peak_of(|| shown(&module));
            assert!(shown.contains("unreachable"));
            assert!(
                shown.len() < 8 << 20,
                "{name:.80}: {} bytes of text",
                shown.len()
            );
            assert!(peak < 256 << 20, "{name:.80}: {peak} bytes");
        }
    });
}

/// Encodes the number of a substitution in a C++ symbol (base 36).
fn digits(number: u32) -> String {
    let digit = |n| char::from_digit(n, 36).unwrap().to_ascii_uppercase();
    if number < 36 {
        digit(number).into()
    } else {
        [digit(number / 36), digit(number % 36)].iter().collect()
    }
}

#[test]
fn custom_sections_of_any_kind() {
    on_small_stack(|| {
        let large = vec![0xff; 1 << 20];
        let sections: Vec<(&str, &[u8])> = vec![
            ("", &[]),
            ("producers", b"\xff\xff\xff\xff\x0f"),
            (".debug_info", &large),
            ("sourceMappingURL", b"\xff"),
            ("\u{202e}backwards", b"\0"),
            ("core", b"\x01"),
            ("component-type", b"\0asm\x0d\0\x01\0"),
        ];
        assert!(shown(&traps(&sections, &sections)).contains("unreachable"));
        let small = vec![("x", &b"y"[..]); 100_000];
        assert!(shown(&traps(&small, &small)).contains("unreachable"));
    });
}
