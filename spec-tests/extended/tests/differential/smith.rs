//! Random modules by `wasm-smith`, with the features that Backstitch supports.

use super::random::Random;
use arbitrary::Unstructured;
use wasm_smith::{Config, MemoryOffsetChoices};
use wasmparser::{Operator, Parser, Payload};

/// Available imports.
const IMPORTS: &str = r#"(module
    (import "host" "none" (func))
    (import "host" "number" (func (param i32) (result i32)))
    (import "host" "long" (func (param i64 i32) (result i64)))
    (import "host" "float" (func (param f32 f64) (result f64)))
    (import "host" "pair" (func (param f32) (result i64 f32)))
    (import "host" "many" (func (param i32 i64 f32 f64) (result f64 f32 i64 i32 i32)))
    (import "host" "reference" (func (param funcref externref) (result externref)))
    (import "host" "tag" (tag (param i32 f64)))
    (import "host" "constant" (global i32))
    (import "host" "variable" (global (mut i64)))
    (import "host" "float_variable" (global (mut f32)))
    (import "host" "memory" (memory 1 4))
    (import "host" "wide" (memory i64 0 3))
    (import "host" "table" (table 10 20 funcref)))"#;

/// Returns a seed's module, if `wasm-smith` generates one.
pub fn program(seed: u64) -> Option<Vec<u8>> {
    generate(seed, false)
}

/// Returns a seed's module with structures, arrays and typed function references, if `wasm-smith`
/// generates one.
pub fn program_with_objects(seed: u64) -> Option<Vec<u8>> {
    generate(seed, true)
}

fn generate(seed: u64, gc_enabled: bool) -> Option<Vec<u8>> {
    let mut random = Random::new(seed);
    let simd = !random.one_in(4);
    let config = Config {
        available_imports: Some(wat::parse_str(IMPORTS).expect("the imports are valid")),
        bulk_memory_enabled: random.one_in(2),
        compact_imports_enabled: false,
        custom_page_sizes_enabled: random.one_in(4),
        disallow_traps: random.one_in(2),
        exceptions_enabled: random.one_in(2),
        export_everything: true,
        gc_enabled,
        max_data_segments: 5,
        max_element_segments: 5,
        max_elements: 20,
        max_funcs: 12,
        max_globals: 10,
        max_imports: random.below(10),
        max_instructions: *random.pick(&[20, 100, 300]),
        max_memories: 1 + random.below(3),
        max_memory32_bytes: 1 << 19,
        max_memory64_bytes: 1 << 19,
        max_table_elements: 1_000,
        max_tables: 3,
        max_tags: 4,
        max_types: 15,
        memory64_enabled: random.one_in(2),
        memory_offset_choices: MemoryOffsetChoices(90, 9, 1),
        min_funcs: 3,
        min_memories: 1,
        min_types: 3,
        relaxed_simd_enabled: simd && random.one_in(2),
        simd_enabled: simd,
        threads_enabled: false,
        ..Config::default()
    };
    let length = *random.pick(&[1_000, 4_000, 12_000]);
    let bytes = random.bytes(length);
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    let mut bytes = module.to_bytes();
    replace_differing(&mut bytes);
    Some(bytes)
}

/// Replaces the relaxed instructions whose results differ between the engines by others of the same
/// type. Multiplication and addition are rounded twice by Backstitch, as the specification's
/// deterministic profile prescribes, and once by Wasmtime. The sum of two products of a dot product
/// saturates in Backstitch and wraps in Wasmtime.
fn replace_differing(bytes: &mut [u8]) {
    // All of these numbers have the same length in LEB128.
    const LANESELECT: u8 = 0x89;
    const Q15MULR: u8 = 0x91;
    let mut places = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(Payload::CodeSectionEntry(body)) = payload else {
            continue;
        };
        let mut operators = body.get_operators_reader().expect("a body");
        while !operators.eof() {
            let at = operators.original_position() as usize;
            let number = match operators.read().expect("an instruction") {
                Operator::F32x4RelaxedMadd
                | Operator::F32x4RelaxedNmadd
                | Operator::F64x2RelaxedMadd
                | Operator::F64x2RelaxedNmadd
                | Operator::I32x4RelaxedDotI8x16I7x16AddS => LANESELECT,
                Operator::I16x8RelaxedDotI8x16I7x16S => Q15MULR,
                _ => continue,
            };
            places.push((at, number));
        }
    }
    for (at, number) in places {
        assert_eq!(bytes[at], 0xfd);
        assert_eq!(bytes[at + 2], 2);
        bytes[at + 1] = number;
    }
}
