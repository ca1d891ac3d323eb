//! Hostile debugging information: it is an error, or has wrong lines, and nothing else happens.

use crate::random::Random;
use backstitch::{FrameValues, SourceVariable, Symbolizer};
use spec_tests::debug_info;
use std::fs;
use std::path::Path;
use wasm_encoder::{CodeSection, CustomSection, Function, FunctionSection, Module, TypeSection};

/// Number of mutants.
const MUTANTS: u64 = 4_000;

/// Values that depend on their places alone.
struct Values;

impl FrameValues for Values {
    fn local(&self, index: u32) -> Option<u128> {
        (index % 7 != 3).then_some(u128::from(index) * 0x1001)
    }

    fn global(&self, index: u32) -> Option<u128> {
        self.local(index)
    }

    fn operand(&self, index: u32) -> Option<u128> {
        self.local(index)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> bool {
        buffer.fill(address as u8);
        address < 1 << 20
    }
}

/// Reads everything that a symbolizer tells about a module, which may have debugging information in files.
fn look(wasm: &[u8], files: &[&[u8]]) {
    let Ok(Some(symbolizer)) = Symbolizer::with_files(wasm, files) else {
        return;
    };
    for offset in (0..wasm.len() as u64).step_by(7).take(400) {
        symbolizer.symbols(offset);
        if offset % 5 == 0 {
            let scopes = symbolizer.variables(offset, &Values);
            let variables = scopes.iter().flat_map(|scope| &scope.variables);
            assert!(variables.map(size).all(|size| size < 16 << 10));
        }
    }
    symbolizer.variables(u64::MAX, &Values);
    symbolizer.symbols(u64::MAX);
    symbolizer.lines(0..u64::MAX);
    let _ = symbolizer.functions();
}

/// Returns the length of a value, without texts, which consist of what the module contains.
fn size(variable: &SourceVariable) -> usize {
    variable.value.as_ref().map_or(0, String::len)
}

/// Returns the modules with debugging information that are small enough to be read often.
fn modules() -> Vec<Vec<u8>> {
    let paths = debug_info::modules();
    let modules = paths.iter().map(|path| fs::read(path).unwrap());
    modules.filter(|module| module.len() < 16 << 10).collect()
}

#[test]
fn mutated_debugging_information() {
    let modules = modules();
    assert!(modules.len() >= 10);
    for seed in 0..MUTANTS {
        let mut random = Random::new(seed);
        let mut module = modules[random.below(modules.len())].clone();
        mutate(&mut random, &mut module);
        look(&module, &[]);
    }
}

/// Changes bytes of the debugging information in a file.
fn mutate(random: &mut Random, file: &mut [u8]) {
    let start = file.windows(7).position(|bytes| bytes == b".debug_");
    let start = start.expect("the file has debugging information");
    for _ in 0..[1, 1, 2, 4, 16][random.below(5)] {
        let at = start + random.below(file.len() - start);
        file[at] = [0, 1, 0x7f, 0x80, 0xff, random.next() as u8][random.below(6)];
    }
}

#[test]
fn mutated_packages_and_skeletons() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/external");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let pairs = [
        ("orders_split.wasm", "programs.dwp"),
        ("shapes_split.wasm", "programs.dwp"),
        ("orders_dwarf5_split.wasm", "orders_dwarf5_split.wasm.dwp"),
    ];
    let pairs = pairs.map(|(module, package)| (read(module), read(package)));
    for seed in 0..MUTANTS {
        let mut random = Random::new(seed);
        let (mut module, mut package) = pairs[random.below(pairs.len())].clone();
        if random.below(3) > 0 {
            mutate(&mut random, &mut package);
        } else {
            mutate(&mut random, &mut module);
        }
        look(&module, &[&package]);
    }
}

/// Returns a module whose function has this number of functions that are inlined into each other.
fn nested(depth: usize) -> Vec<u8> {
    let (mut types, mut functions, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        CodeSection::new(),
    );
    types.ty().function([], []);
    functions.function(0);
    let mut empty = Function::new([]);
    empty.instructions().end();
    code.function(&empty);

    // A compilation unit and a function, each with the start of its code and its size, and inlined
    // functions without attributes. All have children.
    let abbreviations = [
        &[1, 0x11, 1, 0x11, 0x01, 0x12, 0x06, 0, 0][..],
        &[2, 0x2e, 1, 0x11, 0x01, 0x12, 0x06, 0, 0],
        &[3, 0x1d, 1, 0, 0],
        &[0],
    ]
    .concat();
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4];
    for code in [1, 2] {
        unit.extend([code, 0, 0, 0, 0, 16, 0, 0, 0]);
    }
    unit.extend(vec![3; depth]);
    unit.extend(vec![0; depth + 2]);
    let mut info = (unit.len() as u32).to_le_bytes().to_vec();
    info.extend(unit);

    let custom = |name: &'static str, data: &[u8]| CustomSection {
        name: name.into(),
        data: data.to_vec().into(),
    };
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module.section(&custom(".debug_abbrev", &abbreviations));
    module.section(&custom(".debug_info", &info));
    module.finish()
}

#[test]
fn deeply_nested_functions_are_refused() {
    let few = nested(256);
    let symbolizer = Symbolizer::new(&few).unwrap().unwrap();
    assert!((0..few.len() as u64).any(|offset| !symbolizer.symbols(offset).is_empty()));
    let error = Symbolizer::new(&nested(10_000_000))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("more than 256 functions are inlined"),
        "{error}"
    );
}
