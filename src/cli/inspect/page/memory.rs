//! Selection of the bytes of memories for the page.

use super::super::summary::grouped;
use backstitch::CoreDump;
use backstitch::coredump::{Memory, Value};
use serde::Serialize;
use std::collections::BTreeSet;

/// Size of the blocks in which bytes are left out.
const BLOCK: u64 = 64 << 10;

/// Number of the youngest frames whose values are considered as addresses.
const FRAMES: usize = 1000;

/// A memory in the page.
pub(super) struct Chosen {
    pub(super) described: Described,
    /// The bytes of its chunks, concatenated.
    pub(super) bytes: Vec<u8>,
}

/// The description of a memory for the script. Ranges are start and length.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    size: u64,
    pages: u64,
    page_size: u64,
    /// Number of bytes in the dump.
    held: u64,
    chunks: Vec<(u64, u64)>,
    /// The ranges that are in the dump but not in the page.
    left_out: Vec<(u64, u64)>,
    /// The ranges of known bytes; `None` if all bytes are known.
    kept: Option<Vec<(u64, u64)>>,
    note: Option<String>,
}

/// Selects at most `most` bytes of all memories: all of them, or first those that values point
/// to, and then others in the order of addresses.
pub(super) fn choose(dump: &CoreDump<'_>, most: u64) -> Vec<Chosen> {
    let addresses = addresses(dump);
    let mut left = most;
    let mut chosen: Vec<BTreeSet<u64>> = Vec::new();
    for memory in dump.memories() {
        let pointed = addresses.iter().map(|address| address / BLOCK);
        chosen.push(take(memory, pointed, &mut left));
    }
    for (memory, blocks) in dump.memories().iter().zip(&mut chosen) {
        let all = memory
            .chunks()
            .flat_map(|(start, bytes)| blocks_of(start, bytes.len() as u64));
        let new = all.filter(|block| !blocks.contains(block));
        let mut more = take(memory, new, &mut left);
        blocks.append(&mut more);
    }
    let memories = dump.memories().iter().zip(&chosen);
    memories
        .map(|(memory, blocks)| gather(memory, blocks))
        .collect()
}

/// Returns the values of frames and globals that may be addresses.
fn addresses(dump: &CoreDump<'_>) -> BTreeSet<u64> {
    let frames = dump
        .threads()
        .iter()
        .flat_map(|thread| thread.frames.iter().take(FRAMES));
    let values = frames.flat_map(|frame| frame.locals.iter().chain(&frame.operands));
    let globals = dump.globals().iter().map(|global| &global.value);
    let address = |value: &Value| match *value {
        Value::I32(bits) => Some(u64::from(bits)),
        Value::I64(bits) => Some(bits),
        _ => None,
    };
    values.chain(globals).filter_map(address).collect()
}

/// Returns the blocks that a chunk has bytes in.
fn blocks_of(start: u64, len: u64) -> impl Iterator<Item = u64> {
    // Chunks are not empty.
    start / BLOCK..=(start + len - 1) / BLOCK
}

/// Takes blocks of a memory until no bytes are left to take.
fn take(memory: &Memory<'_>, blocks: impl Iterator<Item = u64>, left: &mut u64) -> BTreeSet<u64> {
    let mut taken = BTreeSet::new();
    let size = memory.size();
    for block in blocks {
        let Some(start) = block.checked_mul(BLOCK).filter(|start| *start < size) else {
            continue;
        };
        let cost = BLOCK.min(size - start);
        if taken.contains(&block) {
            continue;
        }
        if cost > *left {
            break;
        }
        *left -= cost;
        taken.insert(block);
    }
    taken
}

fn gather(memory: &Memory<'_>, blocks: &BTreeSet<u64>) -> Chosen {
    let (mut bytes, mut chunks, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut held = 0;
    for (start, chunk) in memory.chunks() {
        held += chunk.len() as u64;
        for block in blocks_of(start, chunk.len() as u64) {
            let from = start.max(block * BLOCK);
            let to =
                (start + chunk.len() as u64).min(block.saturating_add(1).saturating_mul(BLOCK));
            if blocks.contains(&block) {
                bytes.extend_from_slice(&chunk[(from - start) as usize..(to - start) as usize]);
                push(&mut chunks, from, to - from);
            } else {
                push(&mut left_out, from, to - from);
            }
        }
    }
    let missing: u64 = left_out.iter().map(|(_, len)| len).sum();
    let note = (missing > 0).then(|| {
        format!(
            "{} of the {} bytes that the dump holds are left out of this page and shown as ··; \
             `backstitch inspect --memory` shows them.",
            grouped(missing),
            grouped(held)
        )
    });
    let described = Described {
        size: memory.size(),
        pages: memory.pages(),
        page_size: memory.page_size(),
        held,
        chunks,
        left_out,
        kept: memory.kept().map(<[_]>::to_vec),
        note,
    };
    Chosen { described, bytes }
}

/// Adds a range, and merges it with the last one if they are adjacent.
fn push(ranges: &mut Vec<(u64, u64)>, start: u64, len: u64) {
    match ranges.last_mut() {
        Some(last) if last.0 + last.1 == start => last.1 += len,
        _ => ranges.push((start, len)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        ConstExpr, CoreDumpSection, CoreDumpStackSection, CoreDumpValue, DataSection,
        MemorySection, MemoryType, Module,
    };

    #[test]
    fn what_is_pointed_to_comes_first() {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 16,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), vec![7; 16 << 16]);
        let mut stack = CoreDumpStackSection::new("main");
        stack.frame(0, 0, 0, [CoreDumpValue::I32(9 << 16)], []);
        let mut module = Module::new();
        module
            .section(&CoreDumpSection::new("program"))
            .section(&memories)
            .section(&data)
            .section(&stack);
        let bytes = module.finish();
        let dump = CoreDump::parse(&bytes).expect("it is a dump");

        let chosen = &choose(&dump, 16 << 16)[0];
        assert_eq!(chosen.described.chunks, [(0, 16 << 16)]);
        assert_eq!(
            (chosen.described.left_out.len(), chosen.bytes.len()),
            (0, 16 << 16)
        );
        assert!(chosen.described.note.is_none());

        let chosen = &choose(&dump, 3 << 16)[0];
        assert_eq!(chosen.described.chunks, [(0, 2 << 16), (9 << 16, 1 << 16)]);
        assert_eq!(
            chosen.described.left_out,
            [(2 << 16, 7 << 16), (10 << 16, 6 << 16)]
        );
        assert_eq!(chosen.bytes.len(), 3 << 16);
        assert!(chosen.described.note.is_some());
    }
}
