//! Markdown: a tree of nodes in an arena, and its conversion to HTML.

use std::fmt::Write;

use comrak::{Options, markdown_to_html};
use support::{Checksum, Random, text};

/// Writes a section with every kind of element.
fn section(random: &mut Random, out: &mut String) -> std::fmt::Result {
    let number = random.below(1000);
    writeln!(out, "## {} {number}\n", text::word(random))?;
    text::sentence(random, out);
    writeln!(
        out,
        " *{}* and **{}** `{number}`",
        text::word(random),
        text::word(random)
    )?;
    writeln!(
        out,
        "[{}](http://a.example/{number} \"title\")\n",
        text::word(random)
    )?;
    for _ in 0..3 {
        writeln!(
            out,
            "- {}\n  1. _{}_",
            text::word(random),
            text::word(random)
        )?;
    }
    writeln!(
        out,
        "\n> {}\n> {}\n",
        text::word(random),
        text::word(random)
    )?;
    writeln!(
        out,
        "```rust\nlet {} = {number};\n```\n",
        text::word(random)
    )?;
    writeln!(
        out,
        "| a | b |\n|---|--:|\n| {} | ~~{number}~~ |\n",
        text::word(random)
    )
}

/// Renders `n` sections.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x3d);
    let mut source = String::new();
    for _ in 0..n {
        section(&mut random, &mut source).expect("memory");
    }
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    let mut checksum = Checksum::new();
    checksum.bytes(markdown_to_html(&source, &options).as_bytes());
    checksum.finish()
}
