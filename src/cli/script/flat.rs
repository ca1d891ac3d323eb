//! The flat form of legacy `try`s, which the parser of the text format does not read in their
//! folded form.
//!
//! ```text
//!   (try $l (result i32) (do …) (catch $e …) (catch_all …))    (try (do …) (delegate $l))
//!   (end try $l (result i32) … catch $e … catch_all …)         (delegate $l try …)
//! ```
//!
//! The parser accepts flat instructions in a folded one. Lines stay the same, and offsets can be
//! converted.

use std::borrow::Cow;
use wast::lexer::{Lexer, Token, TokenKind};

/// A text whose folded `try`s have been made flat.
#[derive(Debug)]
pub struct Flat<'a> {
    text: Cow<'a, str>,
    /// The offsets in the flat text behind what was inserted, and the total number of bytes that
    /// were inserted up to there.
    inserted: Vec<(usize, usize)>,
}

/// A change of the text at an offset.
#[derive(Debug)]
enum Edit {
    /// The token there becomes blank.
    Blank(Token),
    /// This is inserted.
    Insert(usize, String),
}

impl Edit {
    fn offset(&self) -> usize {
        match self {
            Edit::Blank(token) => token.offset,
            Edit::Insert(offset, _) => *offset,
        }
    }
}

/// The part of a `try` that was read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Do,
    Catch,
    CatchAll,
    Delegate,
}

impl Part {
    /// Returns the part that begins with a keyword, if it may follow this one.
    fn next(self, keyword: &str) -> Option<Part> {
        match (self, keyword) {
            (Part::Head, "do") => Some(Part::Do),
            (Part::Do | Part::Catch, "catch") => Some(Part::Catch),
            (Part::Do | Part::Catch, "catch_all") => Some(Part::CatchAll),
            (Part::Do, "delegate") => Some(Part::Delegate),
            _ => None,
        }
    }
}

/// A folded `try` whose parenthesis is open.
#[derive(Debug)]
struct Try {
    keyword: usize,
    part: Part,
    /// The label to which it delegates.
    delegate: String,
    well_formed: bool,
    edits: Vec<Edit>,
}

/// An open parenthesis.
#[derive(Debug)]
enum Open {
    Try(Try),
    /// A part of the `try` around it.
    Part(Part),
    Other,
}

impl<'a> Flat<'a> {
    /// Makes the folded `try`s of a text flat. Those that are not well-formed stay, for the parser
    /// to refuse.
    pub fn new(text: &'a str) -> Flat<'a> {
        let unchanged = Flat {
            text: Cow::Borrowed(text),
            inserted: Vec::new(),
        };
        if !text.contains("try") {
            return unchanged;
        }
        let mut edits = edits(text);
        if edits.is_empty() {
            return unchanged;
        }
        edits.sort_by_key(Edit::offset);
        let mut flat = String::with_capacity(text.len());
        let mut inserted = Vec::new();
        let (mut at, mut total) = (0, 0);
        for edit in edits {
            flat += &text[at..edit.offset()];
            at = edit.offset();
            match edit {
                Edit::Blank(token) => {
                    at += token.len as usize;
                    flat.extend(std::iter::repeat_n(' ', token.len as usize));
                }
                Edit::Insert(_, new) => {
                    flat += &new;
                    total += new.len();
                    inserted.push((flat.len(), total));
                }
            }
        }
        flat += &text[at..];
        Flat {
            text: Cow::Owned(flat),
            inserted,
        }
    }

    /// Returns the flat text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the offset in the original text that belongs to an offset in the flat text.
    pub fn original(&self, offset: usize) -> usize {
        let after = self.inserted.partition_point(|&(end, _)| end <= offset);
        let before = match after.checked_sub(1) {
            Some(last) => self.inserted[last].1,
            None => 0,
        };
        match self.inserted.get(after) {
            // In what was inserted.
            Some(&(end, total)) if end - (total - before) <= offset => end - total,
            _ => offset - before,
        }
    }
}

/// Returns the changes that make the well-formed folded `try`s of a text flat.
fn edits(text: &str) -> Vec<Edit> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let is_space = |token: &Token| {
        matches!(
            token.kind,
            TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Whitespace
        )
    };
    let tokens = lexer.iter(0).map_while(Result::ok);
    let mut tokens = tokens.filter(|token| !is_space(token)).peekable();
    let mut edits = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    while let Some(token) = tokens.next() {
        match token.kind {
            TokenKind::LParen => {
                let keyword = tokens.next_if(|next| next.kind == TokenKind::Keyword);
                let name = keyword.map_or("", |keyword| keyword.src(text));
                let form = begin(open.last_mut(), token, keyword, name);
                open.push(form);
            }
            TokenKind::RParen => match open.pop() {
                Some(Open::Try(closed)) => finish(closed, &mut edits),
                Some(Open::Part(part)) => {
                    if let Some(Open::Try(outer)) = open.last_mut() {
                        outer.edits.push(Edit::Blank(token));
                        outer.well_formed &= part != Part::Delegate || !outer.delegate.is_empty();
                    }
                }
                Some(Open::Other) | None => {}
            },
            _ => match &mut open[..] {
                [.., Open::Try(outer)] => {
                    outer.well_formed &= outer.part == Part::Head && token.kind == TokenKind::Id;
                }
                [.., Open::Try(outer), Open::Part(Part::Delegate)] => {
                    outer.well_formed &= outer.delegate.is_empty();
                    outer.delegate = token.src(text).to_string();
                    outer.edits.push(Edit::Blank(token));
                }
                _ => {}
            },
        }
    }
    edits
}

/// Begins a form with its parenthesis and its keyword, if it has one, in another one.
fn begin(outer: Option<&mut Open>, paren: Token, keyword: Option<Token>, name: &str) -> Open {
    if let Some(Open::Try(outer)) = outer {
        if let (Some(part), Some(keyword)) = (outer.part.next(name), keyword) {
            outer.part = part;
            outer.edits.push(Edit::Blank(paren));
            if matches!(part, Part::Do | Part::Delegate) {
                outer.edits.push(Edit::Blank(keyword));
            }
            return Open::Part(part);
        }
        let is_type = matches!(name, "type" | "param" | "result");
        outer.well_formed &= outer.part == Part::Head && is_type;
    }
    match keyword {
        Some(keyword) if name == "try" => Open::Try(Try {
            keyword: keyword.offset,
            part: Part::Head,
            delegate: String::new(),
            well_formed: true,
            edits: Vec::new(),
        }),
        _ => Open::Other,
    }
}

/// Adds the changes of a `try`, if it is well-formed.
fn finish(mut closed: Try, edits: &mut Vec<Edit>) {
    if !closed.well_formed || closed.part == Part::Head {
        return;
    }
    let end = match closed.part {
        Part::Delegate => format!("delegate {} ", closed.delegate),
        _ => "end ".to_string(),
    };
    edits.push(Edit::Insert(closed.keyword, end));
    edits.append(&mut closed.edits);
}

#[cfg(test)]
mod tests {
    use super::Flat;

    /// Compares without the number of spaces.
    #[track_caller]
    fn assert_flat(text: &str, expected: &str) {
        let flat = Flat::new(text);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(flat.text()), words(expected));
        // A character of both texts is at the same place; what was inserted belongs to the `try`.
        for (offset, letter) in flat.text().match_indices(['$', '0', '1', '(', ';']) {
            let original = &text[flat.original(offset)..];
            let is_same = original.starts_with(letter) || original.starts_with("try");
            assert!(is_same, "{offset}: {original}");
        }
    }

    #[test]
    fn folded_tries_become_flat() {
        assert_flat(
            "(try $l (result i32) (do (i32.const 0)) (catch $e))(drop)",
            "(end try $l (result i32) (i32.const 0) catch $e )(drop)",
        );
        assert_flat(
            "(try (do (try (do) (delegate 1))) (catch_all (f 0)) ) $x",
            "(end try (delegate 1 try ) catch_all (f 0) ) $x",
        );
        assert_flat(
            "(func (try (do)))(@a \"(try (do))\") ;; (try (do))",
            "(func (end try ))(@a \"(try (do))\") ;; (try (do))",
        );
        assert_flat("(try (do) $l (do))", "(try (do) $l (do))");
        // One in another that stays.
        assert_flat("(try (do (try (do 0))))", "(end try (end try 0 ) )");
        assert_flat("(try (do (try (do 0))) 1)", "(try (do (end try 0 )) 1)");
    }

    #[test]
    fn others_stay() {
        for text in [
            "(func try $l 0 catch_all end)",
            "(try)",
            "(try (do) (do))",
            "(try (do) 0 (catch_all))",
            "(try (catch_all))",
            "(try (do) (catch_all) (catch_all))",
            "(try (do) (catch_all) (delegate 0))",
            "(try (do) (delegate))",
            "(try (do) (delegate 0 1))",
            "(try (do) (delegate 0) (delegate 0))",
            "(try (do",
            "(try (i32.const 0) (do))",
            "\"(try (do))\"",
        ] {
            assert_flat(text, text);
        }
    }
}
