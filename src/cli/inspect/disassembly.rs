//! Disassembly of a function: its instructions as text, each with its offset in the module.

use crate::cli::symbols::Symbols;
use std::ops::Range;
use wasm_encoder::{CodeSection, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Parser, Payload};

/// A body that only traps: no locals, `unreachable`, `end`.
const EMPTY_BODY: [u8; 3] = [0x00, 0x00, 0x0b];

/// A line of a disassembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Offset of the instruction in the module.
    pub(crate) offset: u64,
    /// Number of blocks around the instruction.
    pub(crate) depth: usize,
    /// The instruction's text.
    pub(crate) text: String,
}

/// Disassembles a function.
///
/// The printer prints whole modules, and a module may be large. It is therefore given a reduced
/// module, in which all other functions are empty and data is left out.
///
/// # Errors
///
/// If the function cannot be disassembled; the text is the reason.
pub(crate) fn of_function(
    bytes: &[u8],
    symbols: &Symbols,
    function: u32,
) -> Result<Vec<Line>, String> {
    let original = symbols
        .body(function)
        .ok_or_else(|| format!("function {function} is imported or does not exist"))?;
    let body = FunctionBody::new(BinaryReader::new(&bytes[original.clone()], 0));
    let first = body
        .get_operators_reader()
        .map_err(|error| error.to_string())?
        .original_position();
    let (module, body) = reduced(bytes, symbols, &original).map_err(|error| error.to_string())?;
    let mut storage = String::new();
    // The lines of the declaration and the locals have offsets before the first instruction.
    let operators = body.start + first..body.end;
    let lines = wasmprinter::Config::new()
        .indent_text(" ")
        .offsets_and_lines(&module, &mut storage)
        .map_err(|error| format!("{error:#}"))?
        .filter_map(|(offset, text)| Some((offset?, text)))
        .filter(|(offset, _)| operators.contains(offset))
        .map(|(offset, text)| {
            let operator = text.trim();
            Line {
                offset: offset - body.start + original.start as u64,
                depth: text.len() - text.trim_start().len(),
                // The function's own `end` is printed as a closing parenthesis.
                text: if operator == ")" { "end" } else { operator }.to_string(),
            }
        });
    let mut lines: Vec<Line> = lines.collect();
    // All lines are indented by their depth in the module; the function's end is indented less.
    let least = lines.iter().map(|line| line.depth).min().unwrap_or(0) + 1;
    for line in &mut lines {
        line.depth = line.depth.saturating_sub(least);
    }
    Ok(lines)
}

/// Returns a module with only one of the bodies, and the range of that body.
fn reduced(
    bytes: &[u8],
    symbols: &Symbols,
    kept: &Range<usize>,
) -> Result<(Vec<u8>, Range<u64>), BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                for body in &symbols.bodies {
                    code.raw(if body == kept {
                        &bytes[body.clone()]
                    } else {
                        &EMPTY_BODY
                    });
                }
                module.section(&code);
            }
            Payload::DataSection(_) | Payload::ElementSection(_) | Payload::StartSection { .. } => {
            }
            Payload::CustomSection(section) if section.name() != "name" => {}
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    let data = &bytes[range.start as usize..range.end as usize];
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    let module = module.finish();
    let bodies = Symbols::read(&module)?.bodies;
    let at = symbols.bodies.iter().position(|body| body == kept);
    let body = at.and_then(|at| bodies.get(at)).cloned().unwrap_or(0..0);
    Ok((module, body.start as u64..body.end as u64))
}
