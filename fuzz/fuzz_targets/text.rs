//! Any text as a module in the text format.

#![no_main]

use backstitch_fuzz::{WAYS, engine, observe};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if !text.starts_with('\0') {
        observe(&engine(WAYS[1]), text.as_bytes());
    }
});
