use std::{fmt::Write, sync::LazyLock};

use pulldown_cmark::{CowStr, Event, Options, Parser, html};
use regex_lite::{Captures, Regex};

use crate::{Report, record};

static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"@\{\s*(?<chapter>\d+)\s*\}").expect("well formed"));

/// Returns the HTML of a chapter's Markdown, with resolved references.
#[inline(never)]
pub fn render(report: &Report, source: &str) -> String {
    let events = Parser::new_ext(source, Options::all()).map(|event| match event {
        Event::Text(text) => Event::Text(CowStr::from(resolve(report, &text))),
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, pulldown_cmark::TextMergeStream::new(events));
    resolve(report, &out)
}

/// Replaces each `@{3}` by the records of the chapters that chapter 3 leads to.
#[inline(never)]
fn resolve(report: &Report, text: &str) -> String {
    REFERENCE
        .replace_all(text, |captures: &Captures<'_>| {
            let chapter = captures["chapter"].parse().expect("digits");
            let mut list = String::new();
            report.references.reach(chapter, &mut |depth, reached| {
                let record = record::write(report, depth, reached);
                let _ = write!(list, "[{record}]");
            });
            list
        })
        .into_owned()
}
