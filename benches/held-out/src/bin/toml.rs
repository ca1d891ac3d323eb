//! TOML: a document that is parsed with its layout, changed and printed.
#![no_main]

use std::fmt::Write;

use support::{Checksum, Random, text};
use toml_edit::{DocumentMut, value};

/// Changes a document of `n` tables.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x7031);
    let mut checksum = Checksum::new();
    let mut source = String::new();
    for index in 0..n.max(1) {
        let (a, b) = (text::word(&mut random), text::word(&mut random));
        let line = format!(
            "[table{index}] # {a}\nname = \"{b} \\u00e9\"\nsize = {}\nratio = {}.5e3\n\
             list = [ 1, 0x2f, '''{a}''', {{ x = true, y = 1979-05-27T07:32:00Z }} ]\n",
            random.below(100_000),
            random.below(100)
        );
        source.write_str(&line).expect("writing to memory");
    }
    let mut document: DocumentMut = source.parse().expect("a valid document");
    for index in 0..n.max(1) {
        let table = &mut document[&format!("table{index}")];
        let size = table["size"].as_integer().expect("a number");
        table["size"] = value(size * 2);
        table["list"].as_array_mut().expect("a list").push(size);
    }
    checksum.bytes(document.to_string().as_bytes());
    checksum.finish()
}
