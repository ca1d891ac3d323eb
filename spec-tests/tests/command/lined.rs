//! Modules from text, with debugging information: each instruction is on a line of its own.

use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{Parser, Payload};

/// Returns the module of a text. The functions that it defines are called `f0`, `f1` and so on, and the
/// instruction with the number `i` in the function `f` is on line `100 * f + i + 1` of `/program.wat`.
pub fn lined(text: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap();
    let mut code = 0;
    // The address of each function's body, and of its instructions.
    let mut functions: Vec<(u32, u32, Vec<u32>)> = Vec::new();
    for payload in Parser::new(0).parse_all(&module) {
        match payload.unwrap() {
            Payload::CodeSectionStart {
                unchecked_range, ..
            } => code = unchecked_range.start,
            Payload::CodeSectionEntry(body) => {
                let address = |offset| (offset - code) as u32;
                let operators = body
                    .get_operators_reader()
                    .unwrap()
                    .into_iter_with_offsets();
                let addresses = operators.map(|it| address(it.unwrap().1)).collect();
                let range = body.range();
                functions.push((address(range.start), address(range.end), addresses));
            }
            _ => {}
        }
    }
    let end = functions.last().map_or(0, |function| function.1);
    // A unit, and functions in it.
    let abbreviations = b"\x01\x11\x01\x03\x08\x10\x17\x11\x01\x12\x06\0\0\
        \x02\x2e\0\x03\x08\x3a\x0b\x3b\x06\x11\x01\x12\x06\0\0\0";
    let mut info = b"\x04\0\0\0\0\0\x04\x01program\0\0\0\0\0\0\0\0\0".to_vec();
    info.extend(end.to_le_bytes());
    let mut lines =
        b"\x01\x01\x01\xfb\x0e\x0d\0\x01\x01\x01\x01\0\0\0\x01\0\0\x01\0/program.wat\0\0\0\0\0"
            .to_vec();
    lines.splice(0..0, (lines.len() as u32).to_le_bytes());
    lines.splice(0..0, [4, 0]);
    for (number, (start, end, addresses)) in functions.iter().enumerate() {
        let first = 100 * number as u32 + 1;
        info.push(2);
        info.extend(format!("f{number}\0\x01").bytes());
        for value in [first, *start, end - start] {
            info.extend(value.to_le_bytes());
        }
        let (mut address, mut line) = (*start, 1);
        lines.extend(b"\0\x05\x02");
        lines.extend(address.to_le_bytes());
        for (next_line, &next) in (i64::from(first)..).zip(addresses) {
            lines.push(2);
            (next - address).encode(&mut lines);
            lines.push(3);
            (next_line - line).encode(&mut lines);
            lines.push(1);
            (address, line) = (next, next_line);
        }
        lines.push(2);
        (end - address).encode(&mut lines);
        lines.extend(b"\0\x01\x01");
    }
    info.push(0);
    for unit in [&mut info, &mut lines] {
        unit.splice(0..0, (unit.len() as u32).to_le_bytes());
    }
    for (name, data) in [
        (".debug_abbrev", &abbreviations[..]),
        (".debug_info", &info),
        (".debug_line", &lines),
    ] {
        let section = CustomSection {
            name: name.into(),
            data: data.into(),
        };
        section.append_to(&mut module);
    }
    module
}
