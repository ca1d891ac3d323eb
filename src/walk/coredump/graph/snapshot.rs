//! Heap snapshots in the file format of Chrome's developer tools.
//!
//! The format is not specified; V8's `heap-snapshot-generator.cc` defines it. The file is JSON with
//! three lists of numbers and a list of strings. `meta` names the fields of nodes and edges, so a
//! reader does not depend on those that V8 writes today. Edges are in the order of the nodes that
//! have them, and refer to a node by the index of its first number.
//!
//! The developer tools start at the children of the root that are not `synthetic`, and require a
//! child of the name `(GC roots)`.

use super::{HeapGraph, NodeKind, ROOT};
use crate::support::error::Result;
use crate::support::write::Write;
use alloc::string::String;
use core::fmt::Write as _;

/// Number of fields of a node.
const NODE_FIELDS: u64 = 6;

/// The description of the lists. The index of a type in `node_types` and `edge_types` is its number.
const META: &str = r#"{"node_fields":["type","name","id","self_size","edge_count","trace_node_id"],"node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic","concatenated string","sliced string","symbol","bigint","object shape"],"string","number","number","number","number"],"edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],"trace_function_info_fields":["function_id","name","script_name","script_id","line","column"],"trace_node_fields":["id","function_info_index","count","size","children"],"sample_fields":["timestamp_us","last_assigned_id"],"location_fields":["object_index","script_id","line","column"]}"#;

/// Numbers of types in `node_types`.
const OBJECT: u64 = 3;
const NATIVE: u64 = 8;
const SYNTHETIC: u64 = 9;

/// Numbers of types in `edge_types`.
const CONTEXT: u64 = 0;
const ELEMENT: u64 = 1;
const PROPERTY: u64 = 2;
const SHORTCUT: u64 = 5;

/// Number of bytes that are collected before they are written.
const CHUNK: usize = 4096;

/// Text on its way to a writer.
struct Text<'o> {
    out: &'o mut dyn Write,
    buffer: String,
}

impl Text<'_> {
    fn push(&mut self, text: &str) -> Result<()> {
        self.buffer.push_str(text);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.out.write_all(self.buffer.as_bytes())?;
        self.buffer.clear();
        Ok(())
    }

    /// Adds the numbers of a node or an edge, as a line.
    fn numbers(&mut self, is_first: bool, numbers: &[u64]) -> Result<()> {
        for (at, number) in numbers.iter().enumerate() {
            let comma = if is_first && at == 0 { "" } else { "," };
            // Writing to a string does not fail.
            let _ = write!(self.buffer, "{comma}{number}");
        }
        self.push("\n")
    }

    fn string(&mut self, text: &str) -> Result<()> {
        self.push("\"")?;
        for character in text.chars() {
            match character {
                '"' | '\\' => {
                    self.buffer.push('\\');
                    self.buffer.push(character);
                }
                '\0'..='\u{1f}' | '\u{7f}' => {
                    let _ = write!(self.buffer, "\\u{:04x}", u32::from(character));
                }
                _ => self.buffer.push(character),
            }
        }
        self.push("\"")
    }
}

impl HeapGraph {
    /// Writes the graph as a heap snapshot, which Chrome's developer tools and other programs read.
    /// Files of this format have names that end in `.heapsnapshot`.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub fn write_snapshot(&self, out: &mut impl Write) -> Result<()> {
        let mut text = Text {
            out,
            buffer: String::new(),
        };
        // The root has one more child, which follows all other nodes.
        let (nodes, edges) = (self.nodes.len() as u64, self.edges.len() as u64);
        let _ = write!(
            text.buffer,
            "{{\"snapshot\":{{\"meta\":{META},\"node_count\":{},\"edge_count\":{},\
             \"trace_function_count\":0}},\n\"nodes\":[",
            nodes + 1,
            edges + 1
        );
        let gc_roots = self.names.len() as u64;
        for (number, node) in (0..).zip(&self.nodes) {
            let ty = match node.kind {
                NodeKind::Root => SYNTHETIC,
                // The type `array` is for parts of other objects, whose size includes theirs.
                NodeKind::Struct | NodeKind::Array => OBJECT,
                NodeKind::Group
                | NodeKind::Table
                | NodeKind::Stack
                | NodeKind::Exception
                | NodeKind::HostValue => NATIVE,
            };
            let own = u64::from(number == ROOT);
            let count = self.data(number).len() as u64 + own;
            // V8 gives odd numbers to objects of the heap.
            let id = 2 * u64::from(number) + 1;
            let numbers = [ty, node.name.into(), id, node.size, count, 0];
            text.numbers(number == ROOT, &numbers)?;
        }
        text.numbers(false, &[SYNTHETIC, gc_roots, 2 * nodes + 1, 0, 0, 0])?;
        text.push("],\n\"edges\":[")?;
        text.numbers(true, &[ELEMENT, 0, nodes * NODE_FIELDS])?;
        for (number, node) in (0..).zip(&self.nodes) {
            for edge in self.data(number) {
                let to = &self.nodes[edge.to as usize];
                let (ty, label) = match (node.kind, edge.is_named) {
                    (NodeKind::Root, _) => (SHORTCUT, to.name),
                    (NodeKind::Stack, true) => (CONTEXT, edge.label),
                    (_, true) => (PROPERTY, edge.label),
                    (_, false) => (ELEMENT, edge.label),
                };
                let to = u64::from(edge.to) * NODE_FIELDS;
                text.numbers(false, &[ty, label.into(), to])?;
            }
        }
        text.push(
            "],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\
             \"locations\":[],\n\"strings\":[",
        )?;
        for name in &self.names {
            text.string(name)?;
            text.push(",\n")?;
        }
        text.string("(GC roots)")?;
        text.push("]}\n")?;
        text.flush()
    }
}
