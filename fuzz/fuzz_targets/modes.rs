//! Valid modules, which must behave the same with every dispatch backend and compilation mode.

#![no_main]

use backstitch_fuzz::{WAYS, engine, observe};
use libfuzzer_sys::{arbitrary::Unstructured, fuzz_target};
use wasm_smith::{Config, Module};

fuzz_target!(|bytes: &[u8]| {
    let config = Config {
        simd_enabled: true,
        relaxed_simd_enabled: true,
        exceptions_enabled: true,
        gc_enabled: true,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        tail_call_enabled: true,
        memory64_enabled: true,
        multi_value_enabled: true,
        wide_arithmetic_enabled: true,
        custom_page_sizes_enabled: true,
        extended_const_enabled: true,
        max_memories: 3,
        max_tables: 3,
        export_everything: true,
        ..Config::default()
    };
    let Ok(module) = Module::new(config, &mut Unstructured::new(bytes)) else {
        return;
    };
    let module = module.to_bytes();
    let mut outcomes = WAYS.map(|way| observe(&engine(way), &module)).into_iter();
    let first = outcomes.next().expect("there is at least one way");
    for (outcome, way) in outcomes.zip(&WAYS[1..]) {
        assert_eq!(outcome, first, "{way:?} beside {:?}", WAYS[0]);
    }
});
