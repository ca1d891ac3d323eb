//! JSON in two stages: structural characters are found in 64 bytes at a time, as bit masks; then a
//! state machine goes from one to the next.

use std::fmt::Write;

use simd_json::{Buffers, Node, StaticNode};
use support::{Checksum, Random, text};

fn document(random: &mut Random) -> String {
    let mut out = String::from("[\n");
    for id in 0..60 {
        if id > 0 {
            out.push_str(",\n");
        }
        write!(
            out,
            r#"  {{"id": {}, "name": "{} \"{}\"", "price": {}.{:02}, "note": "{}", "sizes": ["#,
            random.bits() >> 12,
            text::word(random),
            text::word(random),
            random.below(9000),
            random.below(100),
            text::prose(random, 100).replace('\n', "\\n"),
        )
        .expect("writing to memory");
        for size in 0..random.index(8) {
            let comma = if size > 0 { ", " } else { "" };
            write!(out, "{comma}{}", random.below(99) as i32 - 50).expect("writing to memory");
        }
        write!(out, r#"], "sold": {}}}"#, random.chance(50)).expect("writing to memory");
    }
    out.push_str("\n]\n");
    out
}

/// Parses a document of about 25 KB `n` times, and once in sixteen times a broken one.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5150);
    let mut checksum = Checksum::new();
    let document = document(&mut random).into_bytes();
    let mut buffers = Buffers::new(document.len());
    let mut copy = Vec::new();
    for round in 0..n.max(1) {
        copy.clear();
        copy.extend_from_slice(&document);
        if round % 16 == 15 {
            copy.truncate(document.len() / 2 + random.index(1000));
        }
        let Ok(tape) = simd_json::to_tape_with_buffers(&mut copy, &mut buffers) else {
            checksum.word(0);
            continue;
        };
        for node in &tape.0 {
            checksum.word(match *node {
                Node::String(text) => text.len() as u64,
                Node::Object { len, count } | Node::Array { len, count } => (len * count) as u64,
                Node::Static(StaticNode::I64(value)) => value.cast_unsigned(),
                Node::Static(StaticNode::U64(value)) => value,
                Node::Static(StaticNode::F64(value)) => value.to_bits(),
                Node::Static(StaticNode::Bool(value)) => u64::from(value),
                Node::Static(StaticNode::Null) => 1,
            });
        }
    }
    checksum.finish()
}
