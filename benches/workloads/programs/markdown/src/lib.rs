//! Markdown: an irregular two-pass parser (blocks, then inlines) and a renderer.

use std::fmt::Write;

use pulldown_cmark::{Event, Options, Parser, html};
use support::{Checksum, Random, text};

fn inline(random: &mut Random, out: &mut String) {
    for _ in 0..6 + random.index(10) {
        let word = text::word(random);
        let _ = match random.below(12) {
            0 => write!(out, "*{word}* "),
            1 => write!(out, "**{word} _{word}_** "),
            2 => write!(out, "`{word} < {word}` "),
            3 => write!(
                out,
                "[{word}](https://example.org/{word}?a=1&b=2 \"{word}\") "
            ),
            4 => write!(out, "~~{word}~~ "),
            5 => write!(out, "&eacute;{word} \\*{word}\\* "),
            6 => write!(out, "![{word}][{word}] "),
            7 => write!(out, "<span class=\"{word}\">{word}</span> "),
            _ => write!(out, "{word} "),
        };
    }
    out.push('\n');
}

fn document(random: &mut Random, blocks: i32) -> String {
    let mut out = String::new();
    for number in 0..blocks {
        match random.below(9) {
            0 => {
                let _ = write!(out, "{} ", "#".repeat(1 + random.index(6)));
                inline(random, &mut out);
            }
            1 => {
                for depth in 0..3 + random.index(4) {
                    let _ = write!(out, "{}* ", "  ".repeat(depth % 4));
                    inline(random, &mut out);
                }
            }
            2 => {
                for item in 0..2 + random.index(5) {
                    let _ = write!(
                        out,
                        "{}. [{}] ",
                        item + 1,
                        if item % 2 == 0 { ' ' } else { 'x' }
                    );
                    inline(random, &mut out);
                }
            }
            3 => {
                out.push_str("| left | right |\n|:-----|------:|\n");
                for _ in 0..2 + random.index(6) {
                    let _ = writeln!(out, "| {} | *{}* |", text::word(random), random.below(1000));
                }
            }
            4 => {
                let _ = write!(
                    out,
                    "```rust\nfn {}() -> u32 {{ {} & 7 }}\n```\n",
                    text::word(random),
                    random.below(99)
                );
            }
            5 => {
                out.push_str("> ");
                inline(random, &mut out);
                out.push_str("> > ");
                inline(random, &mut out);
            }
            6 => {
                let _ = write!(out, "See[^{number}] the note.\n\n[^{number}]: ");
                inline(random, &mut out);
            }
            _ => {
                inline(random, &mut out);
                inline(random, &mut out);
            }
        }
        out.push('\n');
    }
    for word in text::WORDS {
        let _ = writeln!(out, "[{word}]: /images/{word}.png '{word}'");
    }
    out
}

/// Renders a document of `n` blocks, with every extension and with none.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x3d);
    let mut checksum = Checksum::new();
    let source = document(&mut random, n.max(1));
    for options in [Options::empty(), Options::all()] {
        let mut rendered = String::new();
        html::push_html(&mut rendered, Parser::new_ext(&source, options));
        checksum.bytes(rendered.as_bytes());
    }
    for (event, range) in Parser::new_ext(&source, Options::ENABLE_TABLES).into_offset_iter() {
        if let Event::Text(text) | Event::Code(text) = event {
            checksum.word(range.start as u64);
            checksum.bytes(text.as_bytes());
        }
    }
    checksum.finish()
}
