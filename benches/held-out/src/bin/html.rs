//! HTML: a tokenizer and a tree with repairs of wrong nesting, and a serializer.
#![no_main]

use html5ever::serialize::{SerializeOpts, serialize};
use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{RcDom, SerializableHandle};
use support::{Checksum, Random, text};

/// Parses `n` pages.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x472);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut page = String::from("<!doctype html><title>A &lt; B</title><table>");
        for _ in 0..20 {
            let sentence = text::prose(&mut random, 30);
            page += match random.below(4) {
                0 => "<p class=a data-x='1'><b><i>",
                1 => "<tr><td>&eacute;&#8364;</b>",
                2 => "<ul><li>x<li><a href=\"/?a=1&amp;b\">",
                _ => "<!-- c --><script>if (a < b) {}</script><br>",
            };
            page += &sentence;
        }
        let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
        let mut output = Vec::new();
        let document: SerializableHandle = dom.document.clone().into();
        serialize(&mut output, &document, SerializeOpts::default()).expect("writing to memory");
        checksum.bytes(&output);
    }
    checksum.finish()
}
