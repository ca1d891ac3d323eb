//! A function's operators as text, each with its offset in the module.

use crate::cli::symbols::Symbols;
use std::ops::Range;
use wasm_encoder::{CodeSection, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Parser, Payload};

/// A body that does nothing: no locals, `unreachable`, `end`.
const EMPTY_BODY: [u8; 3] = [0x00, 0x00, 0x0b];

/// A line of a disassembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The operator's offset in the module.
    pub(crate) offset: u64,
    /// How many blocks it is in.
    pub(crate) depth: usize,
    /// The operator.
    pub(crate) text: String,
}

/// A function's operators.
///
/// The printer prints whole modules, and a module may be large: it is given one in which
/// all other functions are empty, and no data is left.
///
/// # Errors
///
/// Why the function cannot be shown.
pub(crate) fn of_function(
    bytes: &[u8],
    symbols: &Symbols,
    function: u32,
) -> Result<Vec<Line>, String> {
    let original = symbols
        .body(function)
        .ok_or_else(|| format!("the module imports function {function}, or does not have it"))?;
    let body = FunctionBody::new(BinaryReader::new(&bytes[original.clone()], 0));
    let first = body
        .get_operators_reader()
        .map_err(|error| error.to_string())?
        .original_position();
    let (module, body) = reduced(bytes, symbols, &original).map_err(|error| error.to_string())?;
    let mut storage = String::new();
    // The declaration and the locals have lines with offsets before the first operator.
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
                // The function's own end is the parenthesis that closes it.
                text: if operator == ")" { "end" } else { operator }.to_string(),
            }
        });
    let mut lines: Vec<Line> = lines.collect();
    // Lines are deep in the module too, and the function's end is not as deep as the rest.
    let least = lines.iter().map(|line| line.depth).min().unwrap_or(0) + 1;
    for line in &mut lines {
        line.depth = line.depth.saturating_sub(least);
    }
    Ok(lines)
}

/// The module with one body, and where that is in it.
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
