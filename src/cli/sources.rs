//! Source positions of instructions, as the commands print them.

use super::names::printable;
use backstitch::{FrameSymbol, demangle_without_hash};
use serde::Serialize;

/// A function that an instruction belongs to, and the position in its source.
#[derive(Serialize)]
pub(crate) struct Source {
    /// The function's name, demangled.
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl From<&FrameSymbol> for Source {
    fn from(symbol: &FrameSymbol) -> Source {
        Source {
            function: symbol.name().map(demangle_without_hash),
            file: symbol.file().map(str::to_string),
            line: symbol.line(),
            column: symbol.column(),
        }
    }
}

/// Formats the symbols of an instruction, one a line: the position of the innermost function first. With
/// inlined functions, each line has its function's name.
pub(crate) fn lines(symbols: &[FrameSymbol]) -> Vec<String> {
    let many = symbols.len() > 1;
    let lines = symbols.iter().enumerate().map(|(depth, symbol)| {
        let mut line = String::new();
        if many {
            let name = symbol.name().map(demangle_without_hash);
            line += &printable(name.as_deref().unwrap_or("?"));
            line += if depth + 1 < symbols.len() {
                " (inlined) "
            } else {
                " "
            };
        }
        line += "at ";
        line += &printable(symbol.file().unwrap_or("?"));
        for number in [symbol.line(), symbol.column()]
            .into_iter()
            .map_while(|it| it)
        {
            line += &format!(":{number}");
        }
        line
    });
    lines.collect()
}
