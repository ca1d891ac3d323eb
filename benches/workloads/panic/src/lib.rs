//! A program that uses many crates and can be made to fail in deeply nested calls.
//!
//! It compiles a report. It parses a *book* (serde, TOML), and meanwhile each part
//! renders a *template* (minijinja). A filter of the template converts *markup*
//! (pulldown-cmark, regex-lite) to HTML. A replacement in it visits a *graph* (petgraph)
//! of references, and the visitor writes a *record* (serde, JSON), whose last field may
//! contain a fault. So at a fault, closures of seven crates are on the stack, nested in
//! one another.
//!
//! `run` compiles the report without a fault. `panic` compiles it with the fault of the
//! given number, and never returns: with `panic = "abort"`, the standard library executes
//! `unreachable`. This module exists for the backtrace of that trap, so its own functions
//! are never inlined, and the name section is kept.

mod book;
mod fault;
mod graph;
mod markup;
mod record;
mod template;

use std::rc::Rc;

use fault::Fault;
use support::{Checksum, Random, text};

/// Data of the report, and the fault to cause.
struct Report {
    chapters: Vec<String>,
    references: graph::References,
    fault: Option<Fault>,
}

#[inline(never)]
fn prepare(chapters: usize, fault: Option<Fault>) -> Rc<Report> {
    let mut random = Random::new(0xbad);
    let chapters: Vec<String> = (0..chapters)
        .map(|number| {
            let mut chapter = format!("# {} {number}\n\n", text::word(&mut random));
            chapter.push_str(&text::prose(&mut random, 200));
            chapter.push_str("See @{");
            chapter.push_str(&random.index(chapters).to_string());
            chapter.push_str("} and *@{");
            chapter.push_str(&random.index(chapters).to_string());
            chapter.push_str("}*.\n\n* one\n* `two`\n");
            chapter
        })
        .collect();
    let references = graph::References::new(chapters.len(), &mut random);
    Rc::new(Report {
        chapters,
        references,
        fault,
    })
}

/// Compiles a report of `n` chapters.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut checksum = Checksum::new();
    let compiled = book::compile(prepare(n.max(1) as usize, None));
    checksum.bytes(compiled.as_bytes());
    checksum.finish()
}

/// Compiles a report until the fault with that number occurs: see [`Fault`].
#[unsafe(no_mangle)]
pub extern "C" fn panic(fault: i32) -> i64 {
    let compiled = book::compile(prepare(3, Some(Fault::numbered(fault))));
    compiled.len() as i64
}
