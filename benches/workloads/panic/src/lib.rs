//! A program of many crates that can be made to fail deep inside.
//!
//! It compiles a report. A *book* (serde, TOML) is read, and while it is, each part
//! renders a *template* (minijinja); a filter of the template has *markup*
//! (pulldown-cmark, regex-lite) turned into HTML; a replacement inside it visits a *graph*
//! (petgraph) of references; and the visitor has a *record* (serde, JSON) written out,
//! whose last field may hold a fault. So at the moment of a fault closures of seven
//! crates lie on the stack, above one another.
//!
//! `run` compiles the report without a fault. `panic` compiles it with the fault that
//! its argument names, and never returns: under `panic = "abort"` the standard library
//! ends in `unreachable`. The backtrace of that trap is what this module is for; so its
//! own functions are never inlined, and the name section stays.

mod book;
mod fault;
mod graph;
mod markup;
mod record;
mod template;

use std::rc::Rc;

use fault::Fault;
use support::{Checksum, Random, text};

/// What the report is about, and what is to go wrong.
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

/// Compiles a report until the fault of that number happens: see [`Fault`].
#[unsafe(no_mangle)]
pub extern "C" fn panic(fault: i32) -> i64 {
    let compiled = book::compile(prepare(3, Some(Fault::numbered(fault))));
    compiled.len() as i64
}
