//! Rust sources as tokens, comments and paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A source file.
pub struct Source {
    /// Path from the root of the checkout, with slashes.
    pub path: String,
    /// Contents of the file.
    pub text: String,
    /// Number of lines.
    pub lines: usize,
    /// Names and punctuation, without comments and literals.
    pub tokens: Vec<Token>,
    /// Comments, each with the line on which it begins.
    pub comments: Vec<(usize, String)>,
}

/// A name, `::`, or another character of punctuation.
#[derive(Debug)]
pub struct Token {
    /// Text of the token.
    pub text: String,
    /// Line, counted from 1.
    pub line: usize,
}

/// A path into the crate.
#[derive(Clone, Debug)]
pub struct CratePath {
    /// Names of the path, without `crate`.
    pub names: Vec<String>,
    /// Line on which it begins.
    pub line: usize,
}

/// Returns the Rust files under `folder`, sorted, or none if there is no such folder.
pub fn sources(folder: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    collect(folder, &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("readable source");
            let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
            let path = path.strip_prefix(root).expect("a path below the root");
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            sources.push(Source::new(parts.join("/"), text));
        }
    }
}

impl Source {
    /// Creates a source from the contents of a file.
    pub fn new(path: String, text: String) -> Source {
        let (tokens, comments) = Scanner::scan(&text);
        let lines = text.lines().count();
        Source {
            path,
            text,
            lines,
            tokens,
            comments,
        }
    }

    /// Returns the folder of `src` that it is in.
    pub fn folder(&self) -> Option<&str> {
        let (folder, _) = self.path.strip_prefix("src/")?.split_once('/')?;
        Some(folder)
    }

    /// Returns the position of a line, for a message.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// Returns whether a `SAFETY:` comment is on the line, or directly above the statement that the
    /// line belongs to.
    pub fn is_justified(&self, line: usize) -> bool {
        let lines: Vec<_> = self.text.lines().collect();
        let mut above = line - 1;
        loop {
            if lines[above].contains("// SAFETY: ") {
                return true;
            }
            let Some(next) = above.checked_sub(1) else {
                return false;
            };
            let text = lines[next].trim();
            // Earlier lines of the statement, attributes and comments are skipped.
            let is_comment = text.starts_with("//");
            if !is_comment && (text.is_empty() || text.ends_with([';', '}', ',', '{'])) {
                return false;
            }
            above = next;
        }
    }

    /// Returns the paths into the crate that the file names, in `use` and elsewhere. A path that
    /// begins with an imported name is completed.
    pub fn crate_paths(&self) -> Vec<CratePath> {
        let mut imports = BTreeMap::new();
        let mut paths = Vec::new();
        // Modules within the file that contain the token, each with the depth of its braces.
        let mut modules = Vec::new();
        let mut depth = 0_usize;
        let mut index = 0;
        while let Some(token) = self.tokens.get(index) {
            let next = self.text_at(index + 1);
            match token.text.as_str() {
                "mod" if self.text_at(index + 2) == "{" => modules.push((depth, next)),
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    modules.retain(|&(outside, _)| outside < depth);
                }
                // In `pub(crate)` and the like, no path follows.
                "crate" | "super" if next == "::" => {
                    let mut module = self.module();
                    module.extend(modules.iter().map(|&(_, name)| name.to_owned()));
                    let mut tree = Tree {
                        source: self,
                        module,
                        at: index,
                        leaves: Vec::new(),
                    };
                    tree.read(&mut Vec::new());
                    index = tree.at;
                    for (mut leaf, alias) in tree.leaves {
                        leaf.names.retain(|name| name != "self");
                        if let Some(name) = alias.or_else(|| leaf.names.last().cloned()) {
                            imports.insert(name, leaf.names.clone());
                        }
                        paths.push(leaf);
                    }
                    continue;
                }
                _ => {}
            }
            index += 1;
        }
        paths.extend(self.continued_paths(&imports));
        paths
    }

    fn continued_paths(&self, imports: &BTreeMap<String, Vec<String>>) -> Vec<CratePath> {
        let mut paths = Vec::new();
        for window in self.tokens.windows(4) {
            let [before, first, colons, second] = window else {
                continue;
            };
            if before.text == "::" || colons.text != "::" {
                continue;
            }
            // Only paths through imported modules are completed, not associated items of types.
            let Some(names) = imports.get(&first.text) else {
                continue;
            };
            if names.len() == 1 {
                let names = vec![names[0].clone(), second.text.clone()];
                paths.push(CratePath {
                    names,
                    line: first.line,
                });
            }
        }
        paths
    }

    fn text_at(&self, index: usize) -> &str {
        self.tokens
            .get(index)
            .map_or("", |token| token.text.as_str())
    }

    /// Returns the path of the module that the file contains.
    fn module(&self) -> Vec<String> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let mut names: Vec<_> = path.split('/').map(str::to_owned).collect();
        if matches!(
            names.last().map(String::as_str),
            Some("mod" | "lib" | "main")
        ) {
            names.pop();
        }
        names
    }
}

/// Parser of a path that may branch, as in `use`.
struct Tree<'a> {
    source: &'a Source,
    /// Module that contains the path.
    module: Vec<String>,
    at: usize,
    /// Ends of its branches, with their aliases.
    leaves: Vec<(CratePath, Option<String>)>,
}

impl Tree<'_> {
    fn text(&self) -> &str {
        self.source.text_at(self.at)
    }

    fn read(&mut self, prefix: &mut Vec<String>) {
        let outer = prefix.len();
        let mut line = self.source.tokens[self.at].line;
        loop {
            match self.text() {
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(), "}" | "") {
                        self.read(prefix);
                        if self.text() == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    prefix.truncate(outer);
                    return;
                }
                "crate" => prefix.clear(),
                "super" => {
                    if prefix.is_empty() {
                        prefix.clone_from(&self.module);
                    }
                    prefix.pop();
                }
                name => prefix.push(name.to_owned()),
            }
            line = self
                .source
                .tokens
                .get(self.at)
                .map_or(line, |token| token.line);
            self.at += 1;
            if self.text() != "::" {
                break;
            }
            self.at += 1;
        }
        let mut alias = None;
        if self.text() == "as" {
            self.at += 1;
            alias = Some(self.text().to_owned());
            self.at += 1;
        }
        self.leaves.push((
            CratePath {
                names: prefix.clone(),
                line,
            },
            alias,
        ));
        prefix.truncate(outer);
    }
}

/// Scanner that splits a file into tokens and comments.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
    comments: Vec<(usize, String)>,
}

impl Scanner<'_> {
    fn scan(text: &str) -> (Vec<Token>, Vec<(usize, String)>) {
        let mut scanner = Scanner {
            text,
            at: 0,
            line: 1,
            tokens: Vec::new(),
            comments: Vec::new(),
        };
        while scanner.at < text.len() {
            scanner.next();
        }
        (scanner.tokens, scanner.comments)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Takes the next `len` bytes.
    fn take(&mut self, len: usize) -> String {
        let end = (self.at + len).min(self.text.len());
        let taken = self.text[self.at..end].to_owned();
        self.line += taken.matches('\n').count();
        self.at = end;
        taken
    }

    fn next(&mut self) {
        let line = self.line;
        let rest = self.rest();
        let first = rest.chars().next().expect("there is more");
        if rest.starts_with("//") {
            let len = rest.find('\n').unwrap_or(rest.len());
            let comment = self.take(len);
            self.comments.push((line, comment));
        } else if rest.starts_with("/*") {
            let len = rest.find("*/").map_or(rest.len(), |end| end + 2);
            let comment = self.take(len);
            self.comments.push((line, comment));
        } else if let Some(len) = raw_string(rest)
            .or_else(|| string(rest))
            .or_else(|| character(rest))
        {
            self.take(len);
        } else if first.is_alphabetic() || first == '_' {
            let len = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let text = self.take(len);
            // The prefix of a raw name is dropped.
            if text == "r" && self.rest().starts_with('#') {
                self.take(1);
            } else {
                self.tokens.push(Token { text, line });
            }
        } else {
            let len = if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let text = self.take(len);
            if !first.is_whitespace() {
                self.tokens.push(Token { text, line });
            }
        }
    }
}

/// Returns the length of the raw string that `text` begins with.
fn raw_string(text: &str) -> Option<usize> {
    let start = text.strip_prefix('b').unwrap_or(text).strip_prefix('r')?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    let body = start[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let close = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + close)
}

/// Returns the length of the string that `text` begins with.
fn string(text: &str) -> Option<usize> {
    let body = text
        .strip_prefix(['b', 'c'])
        .unwrap_or(text)
        .strip_prefix('"')?;
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(text.len() - body.len() + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// Returns the length of the character literal that `text` begins with. A lifetime is none.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('b').unwrap_or(text).strip_prefix('\'')?;
    let mut characters = body.char_indices();
    let (_, first) = characters.next()?;
    let end = if first == '\\' {
        characters.next()?;
        body[2..].find('\'')? + 2
    } else {
        let (at, close) = characters.next()?;
        (close == '\'').then_some(at)?
    };
    Some(text.len() - body.len() + end + 1)
}

#[test]
fn source_is_taken_apart() {
    let text = r###"
        //! crate::comment
        use crate::{code::{Op, self as instructions}, heap as guests};
        use super::{frame::*, super::walk};
        pub(crate) fn f<'a>(x: &'a u8) { let s = "crate::string \" /* "; let c = '\''; }
        fn g() { guests::alloc(b'"', r#"crate::"raw" "#); crate::stack::r#become(); }
        mod tests { use super::inner; }
    "###;
    let source = Source::new("src/execute/dispatch/mod.rs".into(), text.into());
    let paths: Vec<_> = source
        .crate_paths()
        .iter()
        .map(|path| path.names.join("::"))
        .collect();
    assert_eq!(
        paths,
        [
            "code::Op",
            "code",
            "heap",
            "execute::frame::*",
            "walk",
            "stack::become",
            "execute::dispatch::inner",
            "heap::alloc",
        ]
    );
    assert_eq!(source.comments.len(), 1);
    assert_eq!(source.folder(), Some("execute"));
}
