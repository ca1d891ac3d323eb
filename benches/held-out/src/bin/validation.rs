//! Validation of WebAssembly: a decoder of sections and a stack of types.
#![no_main]

use support::{Checksum, Random};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Validates a module of `n` functions.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x3a1);
    let mut checksum = Checksum::new();
    let n = n.max(1) as usize;
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(&mut module, 1, &[1, 0x60, 2, 0x7f, 0x7e, 1, 0x7e]);
    let mut functions = Vec::new();
    number(&mut functions, n);
    functions.resize(functions.len() + n, 0);
    section(&mut module, 3, &functions);
    section(&mut module, 5, &[1, 0, 1]);
    let mut bodies = Vec::new();
    number(&mut bodies, n);
    for _ in 0..n {
        let mut body = vec![1, 2, 0x7e];
        for _ in 0..20 + random.index(60) {
            match random.below(5) {
                0 => body.extend([0x20, 1, 0x20, 2, 0x7c, 0x21, 3]),
                1 => body.extend([0x20, 0, 0x29, 3, 8, 0x42, 5, 0x84, 0x21, 2]),
                2 => body.extend([0x20, 0, 0x04, 0x7e, 0x20, 1, 0x05, 0x20, 3, 0x0b, 0x21, 1]),
                3 => {
                    body.extend([0x20, 0, 0x20, 1, 0x10]);
                    number(&mut body, random.index(n));
                    body.extend([0x22, 2, 0x50, 0x1a]);
                }
                _ => body.extend([
                    0x02, 0x40, 0x20, 0, 0x0d, 0, 0x03, 0x40, 0x20, 0, 0x0d, 0, 0x0b, 0x0b,
                ]),
            }
        }
        body.extend([0x20, 2, 0x0b]);
        number(&mut bodies, body.len());
        bodies.extend(body);
    }
    section(&mut module, 10, &bodies);
    let mut validator = Validator::new_with_features(WasmFeatures::default());
    validator.validate_all(&module).expect("a valid module");
    for payload in Parser::new(0).parse_all(&module) {
        if let Payload::CodeSectionEntry(body) = payload.expect("a valid module") {
            for operator in body.get_operators_reader().expect("a valid body") {
                checksum.bytes(format!("{:?}", operator.expect("a valid body")).as_bytes());
            }
        }
    }
    checksum.finish()
}

fn section(module: &mut Vec<u8>, id: u8, content: &[u8]) {
    module.push(id);
    number(module, content.len());
    module.extend_from_slice(content);
}

fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
