//! XML: a reader of events, a writer, and a tree.
#![no_main]

use std::fmt::Write;

use quick_xml::events::Event;
use quick_xml::{Reader, Writer};
use support::{Checksum, Random, text};

/// Reads and writes a document of `n` elements.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x831);
    let mut checksum = Checksum::new();
    let mut source = String::from("<?xml version=\"1.0\"?><root xmlns:s='urn:s'>");
    for index in 0..n.max(1) {
        let sentence = text::prose(&mut random, 60);
        let word = text::word(&mut random);
        write!(
            source,
            "<s:item id=\"{index}\" kind='{word}'>{sentence}&amp;<!-- {word} --><b/></s:item>\n"
        )
        .expect("writing to memory");
    }
    source.push_str("</root>");
    let mut reader = Reader::from_str(&source);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    loop {
        match reader.read_event().expect("a valid document") {
            Event::Eof => break,
            Event::Start(start) => {
                for attribute in start.attributes() {
                    let attribute = attribute.expect("a valid attribute");
                    checksum.bytes(attribute.key.as_ref().as_bytes());
                    checksum.bytes(attribute.value.as_bytes());
                }
                writer
                    .write_event(Event::Start(start))
                    .expect("writing to memory");
            }
            event => writer.write_event(event).expect("writing to memory"),
        }
    }
    checksum.bytes(&writer.into_inner());
    let tree = roxmltree::Document::parse(&source).expect("a valid document");
    for node in tree.descendants() {
        checksum.bytes(node.tag_name().name().as_bytes());
        checksum.word(node.children().count() as u64);
    }
    checksum.finish()
}
