//! Disassembly of a function: its instructions as text, each with its offset in the module.

use crate::cli::symbols::Symbols;
use backstitch::demangle_without_hash;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use wasm_encoder::{CodeSection, CustomSection, Encode, NameMap, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// A body that only traps: no locals, `unreachable`, `end`.
const EMPTY_BODY: [u8; 3] = [0x00, 0x00, 0x0b];

/// The id of the subsection with the names of functions.
const FUNCTION_NAMES: u8 = 1;

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

/// Returns the contents of a name section for a module with one body. Names of functions are
/// those for people (demangled, or else those of exports), for the functions that the body refers
/// to. All other names are those of the original section.
fn name_section(section: &[u8], symbols: &Symbols, body: &[u8]) -> Vec<u8> {
    let mut subsections = subsections(section);
    let mut functions = NameMap::new();
    for function in functions_in(body) {
        if let Some(name) = symbols.function(function) {
            functions.append(function, &demangle_without_hash(name));
        }
    }
    let mut map = Vec::new();
    functions.encode(&mut map);
    subsections.insert(FUNCTION_NAMES, &map);
    let mut contents = Vec::new();
    for (id, data) in subsections {
        contents.push(id);
        data.encode(&mut contents);
    }
    contents
}

/// Returns the subsections of a name section by their ids, as far as it is well-formed.
fn subsections(section: &[u8]) -> BTreeMap<u8, &[u8]> {
    let mut reader = BinaryReader::new(section, 0);
    let mut subsections = BTreeMap::new();
    while !reader.eof() {
        let mut next = || {
            let id = reader.read_u8()?;
            let size = reader.read_var_u32()?;
            Ok::<_, BinaryReaderError>((id, reader.read_bytes(size as usize)?))
        };
        let Ok((id, data)) = next() else {
            break;
        };
        subsections.entry(id).or_insert(data);
    }
    subsections
}

/// Returns the functions that the instructions of a body refer to.
fn functions_in(body: &[u8]) -> BTreeSet<u32> {
    let body = FunctionBody::new(BinaryReader::new(body, 0));
    let operators = body.get_operators_reader().into_iter().flatten();
    operators
        .map_while(Result::ok)
        .filter_map(|operator| match operator {
            Operator::Call { function_index }
            | Operator::ReturnCall { function_index }
            | Operator::RefFunc { function_index } => Some(function_index),
            _ => None,
        })
        .collect()
}

/// Returns a module with only one of the bodies, and the range of that body.
fn reduced(
    bytes: &[u8],
    symbols: &Symbols,
    kept: &Range<usize>,
) -> Result<(Vec<u8>, Range<u64>), BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    let mut names = None;
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
            Payload::DataCountSection { .. }
            | Payload::DataSection(_)
            | Payload::ElementSection(_)
            | Payload::StartSection { .. } => {}
            Payload::CustomSection(section) => {
                if section.name() == "name" {
                    names = Some(section.data());
                }
            }
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    let data = &bytes[range.start as usize..range.end as usize];
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    let names = name_section(names.unwrap_or_default(), symbols, &bytes[kept.clone()]);
    module.section(&CustomSection {
        name: "name".into(),
        data: names.into(),
    });
    let module = module.finish();
    let bodies = Symbols::read(&module)?.bodies;
    let at = symbols.bodies.iter().position(|body| body == kept);
    let body = at.and_then(|at| bodies.get(at)).cloned().unwrap_or(0..0);
    Ok((module, body.start as u64..body.end as u64))
}
