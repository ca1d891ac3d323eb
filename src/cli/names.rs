//! Names of functions: how they are shown, and how a user selects a function by one.

use backstitch::{demangle, demangle_without_hash};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Number of names that are suggested for one that does not exist.
const SUGGESTED: usize = 3;

/// Length, in characters, of the longest name that is considered for suggestions.
const COMPARED: usize = 200;

/// Escapes the characters of a name that a terminal would interpret: control characters, line
/// separators and characters that change the direction of text.
pub(crate) fn printable(name: &str) -> Cow<'_, str> {
    escape(name, is_misleading)
}

/// Escapes the same characters in a text of several lines, except its line breaks.
pub(crate) fn printable_lines(text: &str) -> Cow<'_, str> {
    escape(text, |character| {
        character != '\n' && is_misleading(character)
    })
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) {
            // Writing to a string does not fail.
            let _ = write!(escaped, "{}", character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Returns whether a terminal would interpret a character instead of showing it.
pub(crate) fn is_misleading(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Demangles a function's name for people, and escapes it for a terminal.
pub(crate) fn shown(name: &str) -> String {
    match printable(&demangle_without_hash(name)) {
        Cow::Borrowed(plain) => plain.to_string(),
        Cow::Owned(escaped) => escaped,
    }
}

/// The result of selecting a function by a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// One function has the name.
    Found(u32),
    /// Several functions have the name; these are their indices.
    Ambiguous(Vec<u32>),
    /// No function has the name; these names are similar.
    Missing(Vec<String>),
}

/// Selects the function that a user named, among functions with their names.
///
/// A function is selected by one of its names, by a demangled name (with or without hashes and
/// parameters), or by the end of a demangled name, if it is the only function with that end:
/// `module::function` or `function`.
pub(crate) fn select<'n>(
    text: &str,
    functions: impl Iterator<Item = (u32, &'n str)> + Clone,
) -> Selection {
    if let Some((index, _)) = functions.clone().find(|(_, name)| *name == text) {
        return Selection::Found(index);
    }
    let forms: Vec<(u32, [String; 3])> = functions
        .map(|(index, name)| {
            let plain = demangle_without_hash(name);
            let path = without_parameters(&plain).to_string();
            (index, [demangle(name), plain, path])
        })
        .collect();
    let matching = |is_match: &dyn Fn(&str) -> bool| -> BTreeSet<u32> {
        let matching = forms
            .iter()
            .filter(|(_, forms)| forms.iter().any(|form| is_match(form)));
        matching.map(|(index, _)| *index).collect()
    };
    for found in [
        matching(&|form| form == text),
        matching(&|form| is_end_of(text, form)),
    ] {
        let mut indices = found.into_iter();
        match (indices.next(), indices.next()) {
            (Some(index), None) => return Selection::Found(index),
            (Some(first), Some(second)) => {
                return Selection::Ambiguous([first, second].into_iter().chain(indices).collect());
            }
            (None, _) => {}
        }
    }
    Selection::Missing(suggestions(
        text,
        forms
            .iter()
            .map(|(_, [_, plain, path])| (&**plain, &**path)),
    ))
}

/// Returns a demangled name of C++ without the parameters of the function.
fn without_parameters(name: &str) -> &str {
    let Some(end) = name.rfind(')') else {
        return name;
    };
    let qualifiers = ["const", "volatile", "&", "[clone"];
    let rest = name[end + 1..].trim_start();
    if !rest.is_empty() && !qualifiers.iter().any(|start| rest.starts_with(start)) {
        return name;
    }
    let mut depth = 0;
    for (at, character) in name[..=end].char_indices().rev() {
        match character {
            ')' => depth += 1,
            '(' if depth == 1 => {
                let path = &name[..at];
                // The parentheses of `operator()` belong to the name.
                let is_name = path.is_empty() || path.ends_with("operator");
                return if is_name { name } else { path };
            }
            '(' => depth -= 1,
            _ => {}
        }
    }
    name
}

/// Returns whether a text is the end of a name, and begins where a part of the name begins.
fn is_end_of(text: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let Some(before) = name.strip_suffix(text).filter(|_| !text.is_empty()) else {
        return false;
    };
    let is_inside_word = before.ends_with(is_word) && text.starts_with(is_word);
    let is_type_argument = before.ends_with(['<', ' ', ',']);
    !is_inside_word && !is_type_argument
}

/// Returns the names that are most similar to a text, each with its full and its short form.
fn suggestions<'n>(text: &str, names: impl Iterator<Item = (&'n str, &'n str)>) -> Vec<String> {
    let wanted = text.to_lowercase();
    let most = (wanted.chars().count() / 3).max(1);
    let mut ranked: Vec<(usize, &str)> = names
        .filter_map(|(plain, path)| {
            let path = path.to_lowercase();
            // A part of the path is compared with as many parts of the name.
            let parts = wanted.matches("::").count();
            let end = path.rmatch_indices("::").nth(parts);
            let end = end.map_or(&*path, |(at, _)| &path[at + 2..]);
            let distance = [&*path, end]
                .into_iter()
                .filter_map(|name| distance(&wanted, name, most))
                .min();
            // A name of which nothing is left is not similar.
            let distance = distance.filter(|distance| *distance < wanted.chars().count());
            let contained = wanted.len() >= 3 && path.contains(&wanted);
            let distance = distance.or(contained.then_some(most + 1))?;
            Some((distance, plain))
        })
        .collect();
    ranked.sort();
    ranked.dedup();
    let best = ranked.into_iter().take(SUGGESTED);
    best.map(|(_, name)| printable(name).into_owned()).collect()
}

/// Returns the number of characters to insert, delete, replace or swap with their neighbours to
/// turn one text into the other, if it is at most `most`.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > 4 * most {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most || a.len().max(b.len()) > COMPARED {
        return None;
    }
    let mut rows: [Vec<usize>; 3] = [
        vec![0; b.len() + 1],
        vec![0; b.len() + 1],
        (0..=b.len()).collect(),
    ];
    for at in 1..=a.len() {
        rows.rotate_left(1);
        let [before_last, last, row] = &mut rows;
        row[0] = at;
        for to in 1..=b.len() {
            let replaced = last[to - 1] + usize::from(a[at - 1] != b[to - 1]);
            row[to] = replaced.min(last[to] + 1).min(row[to - 1] + 1);
            if at > 1 && to > 1 && a[at - 1] == b[to - 2] && a[at - 2] == b[to - 1] {
                row[to] = row[to].min(before_last[to - 2] + 1);
            }
        }
    }
    Some(rows[2][b.len()]).filter(|distance| *distance <= most)
}

/// Formats suggestions as the end of a sentence; empty if there are none.
pub(crate) fn did_you_mean(suggestions: &[String]) -> String {
    let quoted: Vec<String> = suggestions.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => format!("; did you mean {last}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_hashes_and_control_characters() {
        for (name, expected) in [
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            ("core::fmt::write::h0123456789abcdef", "core::fmt::write"),
            ("_RNvCs1234_4shop4sell", "shop::sell"),
            ("_ZN3foo3barEi", "foo::bar(int)"),
            ("f", "f"),
            ("h0123456789abcdef", "h0123456789abcdef"),
            ("a\nb\x1b[31m\u{202e}", "a\\nb\\u{1b}[31m\\u{202e}"),
        ] {
            assert_eq!(shown(name), expected);
        }
        assert_eq!(printable_lines("a\n\tb"), "a\n\\tb");
    }

    #[test]
    fn functions_are_selected_by_names_and_by_their_ends() {
        let names = [
            (1, "_ZN4shop5sales4sell17h0123456789abcdefE"),
            (2, "_ZN4shop7returns4sell17h0123456789abcdefE"),
            (2, "give_back"),
            (3, "_ZN3foo3barEi"),
            (4, "_ZN3fooclEv"),
            (5, "resell"),
        ];
        let select = |text| select(text, names.into_iter());
        for (text, index) in [
            ("give_back", 2),
            ("shop::sales::sell", 1),
            ("shop::sales::sell::h0123456789abcdef", 1),
            ("_ZN4shop5sales4sell17h0123456789abcdefE", 1),
            ("sales::sell", 1),
            ("returns::sell", 2),
            ("foo::bar", 3),
            ("foo::bar(int)", 3),
            ("bar", 3),
            ("foo::operator()", 4),
            ("resell", 5),
        ] {
            assert_eq!(select(text), Selection::Found(index), "{text}");
        }
        assert_eq!(select("sell"), Selection::Ambiguous(vec![1, 2]));
        let missing = |names: &[&str]| {
            Selection::Missing(names.iter().map(|name| name.to_string()).collect())
        };
        assert_eq!(select("giveback"), missing(&["give_back"]));
        assert_eq!(select("sales::slel"), missing(&["shop::sales::sell"]));
        assert_eq!(select("eback"), missing(&[]));
        assert_eq!(super::select("x", [(0, "a")].into_iter()), missing(&[]));
        assert_eq!(select(""), missing(&[]));
        assert_eq!(
            did_you_mean(&["a".into(), "b".into(), "c".into()]),
            "; did you mean `a`, `b` or `c`?"
        );
    }

    #[test]
    fn parameters_are_left_out() {
        for (name, path) in [
            ("foo::bar(int)", "foo::bar"),
            ("foo::bar(int (*)(int)) const", "foo::bar"),
            ("foo::operator()", "foo::operator()"),
            ("foo::operator()(int)", "foo::operator()"),
            ("(anonymous namespace)::f", "(anonymous namespace)::f"),
            ("shop::sell", "shop::sell"),
            ("(", "("),
            (")", ")"),
            ("a)(b)", "a)"),
        ] {
            assert_eq!(without_parameters(name), path);
        }
    }

    #[test]
    fn distances() {
        assert_eq!(distance("sell", "sell", 1), Some(0));
        assert_eq!(distance("sell", "slel", 1), Some(1));
        assert_eq!(distance("sell", "tells", 2), Some(2));
        assert_eq!(distance("sell", "tells", 1), None);
        assert_eq!(distance("", "ab", 2), Some(2));
    }
}
