//! Any bytes as a module: they are refused, or run within limits.

#![no_main]

use backstitch::Engine;
use backstitch_fuzz::{WAYS, engine, observe};
use libfuzzer_sys::fuzz_target;
use std::cell::OnceCell;

thread_local! {
    static ENGINES: OnceCell<[Engine; 3]> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    ENGINES.with(|engines| {
        for engine in engines.get_or_init(|| WAYS.map(engine)) {
            observe(engine, bytes);
        }
    });
});
