//! Modules in the text format: conversion to binary, and positions in the text.

use super::file_kind;
use super::script::Flat;
use std::path::Path;
use wasmparser::{Parser, Payload};
use wast::Wat;
use wast::core::{Expression, Func, FuncKind, GlobalKind, Module, ModuleField, ModuleKind};
use wast::lexer::{Lexer, Token, TokenKind};
use wast::parser::{self, ParseBuffer};
use wast::token::Span;

/// The text of a module.
pub(crate) struct Text {
    text: String,
    /// The name of the file in messages.
    file: String,
}

impl Text {
    /// A text from a file. A byte-order mark at its beginning is removed.
    pub(crate) fn new(text: String, file: &str) -> Text {
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_string(),
            None => text,
        };
        Text {
            text,
            file: file.to_string(),
        }
    }

    /// Converts the module to its binary form.
    ///
    /// # Errors
    ///
    /// If the text is malformed; the message has the position.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, String> {
        let file = &self.file;
        let encoded = self.parse(false, |module, flat| {
            let encoded = module.encode();
            encoded.map_err(|error| original(flat, error))
        });
        encoded.and_then(|encoded| encoded).map_err(|error| {
            if self.begins_with("component") {
                return format!("`{file}` {}", file_kind::COMPONENT);
            }
            let hint = match self.is_script() {
                true => "; it is a test script, which `backstitch wast` runs",
                false => "",
            };
            format!(
                "`{file}` is not a WebAssembly module, neither binary nor text{hint}: {}",
                self.render(error)
            )
        })
    }

    /// Formats a message about an offset in the binary form with the position in the text. `None`
    /// if the offset does not belong to a part of the text.
    pub(crate) fn show(&self, binary: &[u8], offset: u64, message: &str) -> Option<String> {
        let location = Location::of(binary, offset)?;
        let span = self
            .parse(true, |module, flat| {
                module.resolve().ok()?;
                let span = span_of(flat, module, location)?;
                Some(Span::from_offset(flat.original(span.offset())))
            })
            .ok()??;
        Some(self.render(wast::Error::new(span, message.to_string())))
    }

    /// Parses the module, with the positions of instructions if they are needed. The positions are
    /// those in the flat text, which `use_module` receives as well.
    fn parse<T>(
        &self,
        with_positions: bool,
        use_module: impl FnOnce(&mut Module<'_>, &Flat<'_>) -> T,
    ) -> Result<T, wast::Error> {
        let flat = Flat::new(&self.text);
        let refused = |error| original(&flat, error);
        let mut buffer = ParseBuffer::new(flat.text()).map_err(refused)?;
        buffer.track_instr_spans(with_positions);
        match parser::parse::<Wat<'_>>(&buffer).map_err(refused)? {
            Wat::Module(mut module) => Ok(use_module(&mut module, &flat)),
            Wat::Component(component) => {
                let message = "a component is not a module".to_string();
                Err(wast::Error::new(component.span, message))
            }
        }
    }

    /// Returns whether the first form of the text begins with a keyword.
    fn begins_with(&self, keyword: &str) -> bool {
        let second = tokens(&self.text, 0).nth(1);
        second.is_some_and(|token| self.is_keyword(&token, keyword))
    }

    /// Returns whether the text contains assertions, which only test scripts have.
    fn is_script(&self) -> bool {
        let is_assertion = |token: Token| {
            token.kind == TokenKind::Keyword && token.src(&self.text).starts_with("assert_")
        };
        tokens(&self.text, 0).any(is_assertion)
    }

    fn is_keyword(&self, token: &Token, keyword: &str) -> bool {
        token.kind == TokenKind::Keyword && token.src(&self.text) == keyword
    }

    /// Formats an error with its position and the line.
    fn render(&self, mut error: wast::Error) -> String {
        error.set_path(Path::new(&self.file));
        error.set_text(&self.text);
        shortened(&error.to_string())
    }
}

/// Returns an error with its position in the original text instead of the flat one.
fn original(flat: &Flat<'_>, error: wast::Error) -> wast::Error {
    let span = Span::from_offset(flat.original(error.span().offset()));
    wast::Error::new(span, error.message())
}

/// Returns the position of a part of a module in the flat text.
fn span_of(flat: &Flat<'_>, module: &Module<'_>, location: Location) -> Option<Span> {
    let ModuleKind::Text(fields) = &module.kind else {
        return None;
    };
    let nth = |index: usize, select: &dyn Fn(&ModuleField<'_>) -> Option<Span>| {
        fields.iter().filter_map(select).nth(index)
    };
    match location {
        Location::Instruction { function, index } => {
            let mut functions = fields.iter().filter_map(|field| match field {
                ModuleField::Func(function) => Some(function),
                _ => None,
            });
            let function = functions.nth(function)?;
            Some(span_in(flat, function, index))
        }
        Location::Type(index) => nth(index, &|field| match field {
            ModuleField::Type(ty) => Some(ty.span),
            ModuleField::Rec(group) => Some(group.span),
            _ => None,
        }),
        Location::Import(index) => nth(index, &|field| match field {
            ModuleField::Import(imports) => Some(imports.span),
            _ => None,
        }),
        Location::Function(index) => nth(index, &|field| match field {
            ModuleField::Func(function) => Some(function.span),
            _ => None,
        }),
        Location::Table(index) => nth(index, &|field| match field {
            ModuleField::Table(table) => Some(table.span),
            _ => None,
        }),
        Location::Memory(index) => nth(index, &|field| match field {
            ModuleField::Memory(memory) => Some(memory.span),
            _ => None,
        }),
        Location::Tag(index) => nth(index, &|field| match field {
            ModuleField::Tag(tag) => Some(tag.span),
            _ => None,
        }),
        Location::Global(index) => nth(index, &|field| match field {
            ModuleField::Global(global) => Some(match &global.kind {
                GlobalKind::Inline(value) => first(value).unwrap_or(global.span),
                GlobalKind::Import(_) => global.span,
            }),
            _ => None,
        }),
        Location::Export(index) => nth(index, &|field| match field {
            ModuleField::Export(export) => Some(export.span),
            _ => None,
        }),
        Location::Start => nth(0, &|field| match field {
            ModuleField::Start(index) => Some(index.span()),
            _ => None,
        }),
        Location::Element(index) => nth(index, &|field| match field {
            ModuleField::Elem(element) => Some(element.span),
            _ => None,
        }),
        Location::Data(index) => nth(index, &|field| match field {
            ModuleField::Data(data) => Some(data.span),
            _ => None,
        }),
    }
}

/// Returns the position of an instruction of a function. Behind the last one, this is the
/// parenthesis that ends the function.
fn span_in(flat: &Flat<'_>, function: &Func<'_>, index: usize) -> Span {
    let FuncKind::Inline { expression, .. } = &function.kind else {
        return function.span;
    };
    let spans = expression.instr_spans.as_deref().unwrap_or_default();
    match spans.get(index) {
        Some(span) => *span,
        None => end_of(flat, function.span).unwrap_or(function.span),
    }
}

/// Returns the position of the parenthesis that closes the form in which a position is.
fn end_of(flat: &Flat<'_>, span: Span) -> Option<Span> {
    let mut depth = 0;
    for token in tokens(flat.text(), span.offset()) {
        match token.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen if depth == 0 => return Some(Span::from_offset(token.offset)),
            TokenKind::RParen => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns the tokens from an offset on, without white space and comments, up to the first
/// malformed one.
fn tokens(text: &str, offset: usize) -> impl Iterator<Item = Token> {
    let mut tokens = Vec::new();
    for token in Lexer::new(text).iter(offset).map_while(Result::ok) {
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Whitespace => {}
            _ => tokens.push(token),
        }
    }
    tokens.into_iter()
}

fn first(expression: &Expression<'_>) -> Option<Span> {
    expression.instr_spans.as_deref()?.first().copied()
}

/// A part of a module, by its index among the parts of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Location {
    /// An instruction of a function with a body.
    Instruction {
        function: usize,
        index: usize,
    },
    /// A group of recursive types.
    Type(usize),
    Import(usize),
    Function(usize),
    Table(usize),
    Memory(usize),
    Tag(usize),
    Global(usize),
    Export(usize),
    Start,
    Element(usize),
    Data(usize),
}

impl Location {
    /// Returns the part of a binary module that contains an offset.
    fn of(binary: &[u8], offset: u64) -> Option<Location> {
        let mut function = 0;
        for payload in Parser::new(0).parse_all(binary) {
            // The last item that begins at the offset or before it.
            macro_rules! item {
                ($section:expr, $location:expr) => {{
                    let section = $section;
                    if section.range().contains(&offset) {
                        let starts = section.into_iter_with_offsets().map_while(Result::ok);
                        let count = starts.take_while(|(start, _)| *start <= offset).count();
                        return count.checked_sub(1).map($location);
                    }
                }};
            }
            match payload.ok()? {
                Payload::TypeSection(section) => item!(section, Location::Type),
                Payload::ImportSection(section) => item!(section, Location::Import),
                Payload::FunctionSection(section) => item!(section, Location::Function),
                Payload::TableSection(section) => item!(section, Location::Table),
                Payload::MemorySection(section) => item!(section, Location::Memory),
                Payload::TagSection(section) => item!(section, Location::Tag),
                Payload::GlobalSection(section) => item!(section, Location::Global),
                Payload::ExportSection(section) => item!(section, Location::Export),
                Payload::ElementSection(section) => item!(section, Location::Element),
                Payload::DataSection(section) => item!(section, Location::Data),
                Payload::StartSection { range, .. } if range.contains(&offset) => {
                    return Some(Location::Start);
                }
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    // An error at the end of a body is behind its last instruction.
                    if range.contains(&offset) || range.end == offset {
                        let operators = body.get_operators_reader().ok()?;
                        let starts = operators.into_iter_with_offsets().map_while(Result::ok);
                        let before = starts.take_while(|(_, start)| *start <= offset).count();
                        return Some(Location::Instruction {
                            function,
                            index: before.saturating_sub(1),
                        });
                    }
                    function += 1;
                }
                _ => {}
            }
        }
        None
    }
}

/// Shortens long lines of a text. An error quotes the faulty line, and a whole module can be one
/// line.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 200;
    let cut = |line: &str| match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_string(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}
