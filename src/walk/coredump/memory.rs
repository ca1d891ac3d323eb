//! Selection of the bytes of memories that go into a dump, and their division into data segments.
//!
//! A memory is scanned in chunks. The bytes of a chunk from its first to its last non-zero byte
//! become a segment; adjacent segments are merged. Chunks have 4096 bytes, and are doubled until
//! the number of segments is one that readers accept. For readers that read only the first
//! segment, a memory is one chunk.
//!
//! Nothing is copied or buffered: the first pass counts the segments, and the second pass finds
//! them again and writes them.

use super::bytes::{Result, byte, number, signed};
use crate::support::write::{Counter, Write};
use alloc::vec::Vec;
use core::ops::Range;

/// Bytes per chunk, unless that makes too many segments.
const CHUNK: usize = 4096;
/// Largest number of segments that readers accept (`wasmparser`, and with it most of them).
const MAX_SEGMENTS: u64 = 100_000;
/// Largest size of the section's contents in bytes: the size is a 32-bit number.
const MAX_CONTENTS: u64 = u32::MAX as u64 - 16;

/// A memory to write.
#[derive(Debug)]
pub struct Source<'a> {
    /// All of the memory's bytes.
    pub bytes: &'a [u8],
    /// `true` if addresses have 64 bits.
    pub memory64: bool,
    /// `true` if the memory is shared.
    pub shared: bool,
    /// The runs of bytes to write: ascending, disjoint, and within the memory.
    pub kept: Vec<Range<usize>>,
}

/// The data section.
#[derive(Debug)]
pub struct Data<'a> {
    memories: Vec<Source<'a>>,
    chunk: usize,
    segments: u64,
    bytes: u64,
}

/// Result of planning the section.
enum Plan {
    /// The section can be written.
    Fits,
    /// Readers accept only the segments up to an address of a memory (index, address).
    TooManySegments(usize, usize),
    /// There is room only up to an address of a memory (index, address).
    TooManyBytes(usize, usize),
}

impl<'a> Data<'a> {
    /// Creates a section for the memories, with one chunk for each memory if `whole`.
    /// [`Data::fit`] must be called next.
    pub fn new(memories: Vec<Source<'a>>, whole: bool) -> Data<'a> {
        Data {
            memories,
            chunk: if whole { usize::MAX } else { CHUNK },
            segments: 0,
            bytes: 0,
        }
    }

    /// Plans a section of at most `max` bytes. Bytes that do not fit are left out, beginning with
    /// the end of the last memory, and are removed from the kept runs.
    pub fn fit(&mut self, max: u64) {
        // Room for the section's id, its size, and the number of segments.
        let max = max.saturating_sub(11).min(MAX_CONTENTS);
        let longest = self.memories.iter().map(|source| source.bytes.len()).max();
        loop {
            match self.plan(max) {
                Plan::Fits => return,
                Plan::TooManySegments(..) if Some(self.chunk) < longest => self.chunk *= 2,
                // The kept runs alone make too many segments.
                Plan::TooManySegments(memory, end) | Plan::TooManyBytes(memory, end) => {
                    self.cut(memory, end);
                }
            }
        }
    }

    /// Returns the memories, with the runs that are kept of them.
    pub fn memories(&self) -> &[Source<'a>] {
        &self.memories
    }

    /// Counts segments and their bytes.
    fn plan(&mut self, max: u64) -> Plan {
        (self.segments, self.bytes) = (0, 0);
        for (memory, source) in self.memories.iter().enumerate() {
            for segment in segments(source, self.chunk) {
                let size = segment_size(memory, source, &segment);
                if self.bytes + size > max {
                    let head = size - segment.len() as u64;
                    let room = max.saturating_sub(self.bytes + head) as usize;
                    let end = segment.start + room.min(segment.len());
                    return Plan::TooManyBytes(memory, end);
                }
                if self.segments == MAX_SEGMENTS {
                    return Plan::TooManySegments(memory, segment.start);
                }
                self.segments += 1;
                self.bytes += size;
            }
        }
        Plan::Fits
    }

    /// Removes everything behind `end` of a memory from the kept runs.
    fn cut(&mut self, memory: usize, end: usize) {
        for source in &mut self.memories[memory + 1..] {
            source.kept.clear();
        }
        let kept = &mut self.memories[memory].kept;
        kept.retain(|range| range.start < end);
        if let Some(last) = kept.last_mut() {
            last.end = last.end.min(end);
        }
    }

    /// Returns the number of segments.
    pub fn segments(&self) -> u64 {
        self.segments
    }

    /// Returns the size of the section in bytes.
    pub fn size(&self) -> u64 {
        let contents = leb_size(self.segments) + self.bytes;
        1 + leb_size(contents) + contents
    }

    /// Writes the section.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> Result {
        byte(out, wasm_encoder::SectionId::Data as u8)?;
        number(out, leb_size(self.segments) + self.bytes)?;
        number(out, self.segments)?;
        for (memory, source) in self.memories.iter().enumerate() {
            for segment in segments(source, self.chunk) {
                head(out, memory, source, &segment)?;
                out.write_all(&source.bytes[segment])?;
            }
        }
        Ok(())
    }
}

/// Returns the segments of a memory for a chunk size. Adjacent segments are merged.
fn segments<'a>(source: &'a Source<'a>, chunk: usize) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut pieces = pieces(source, chunk).peekable();
    core::iter::from_fn(move || {
        let mut segment = pieces.next()?;
        while let Some(next) = pieces.next_if(|next| next.start == segment.end) {
            segment.end = next.end;
        }
        Some(segment)
    })
}

/// Returns each chunk's bytes from the first to the last that is not zero.
fn pieces<'a>(source: &'a Source<'a>, chunk: usize) -> impl Iterator<Item = Range<usize>> + 'a {
    source.kept.iter().flat_map(move |kept| {
        let first = kept.start / chunk;
        let last = kept.end.div_ceil(chunk);
        (first..last).filter_map(move |index| {
            let start = (index * chunk).max(kept.start);
            let end = (index * chunk).saturating_add(chunk).min(kept.end);
            let bytes = &source.bytes[start..end];
            let leading = leading_zeros(bytes);
            (leading < bytes.len()).then(|| start + leading..end - trailing_zeros(bytes))
        })
    })
}

/// Number of bytes that are tested for zero at once.
const BLOCK: usize = 64;

fn is_zero(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(0, |all, byte| all | byte) == 0
}

/// Returns the number of zeros at the beginning.
fn leading_zeros(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let skipped = BLOCK * blocks.iter().take_while(|block| is_zero(block)).count();
    let rest = bytes[skipped..].iter();
    skipped + rest.take_while(|&&byte| byte == 0).count()
}

/// Returns the number of zeros at the end.
fn trailing_zeros(bytes: &[u8]) -> usize {
    let (_, blocks) = bytes.as_rchunks::<BLOCK>();
    let zero = blocks.iter().rev().take_while(|block| is_zero(block));
    let skipped = BLOCK * zero.count();
    let rest = bytes[..bytes.len() - skipped].iter().rev();
    skipped + rest.take_while(|&&byte| byte == 0).count()
}

/// Returns the size of a number as unsigned LEB128.
fn leb_size(value: u64) -> u64 {
    u64::from((u64::BITS - value.leading_zeros()).div_ceil(7).max(1))
}

fn segment_size(memory: usize, source: &Source<'_>, segment: &Range<usize>) -> u64 {
    let mut count = Counter::default();
    // A counter does not fail.
    let _ = head(&mut count, memory, source, segment);
    count.bytes + segment.len() as u64
}

/// Writes the head of a segment: the memory, the address as a constant expression, and the number
/// of bytes.
fn head(out: &mut dyn Write, memory: usize, source: &Source<'_>, segment: &Range<usize>) -> Result {
    const I32_CONST: u8 = 0x41;
    const I64_CONST: u8 = 0x42;
    const END: u8 = 0x0b;
    if memory == 0 {
        byte(out, 0)?;
    } else {
        byte(out, 2)?;
        number(out, memory as u64)?;
    }
    if source.memory64 {
        byte(out, I64_CONST)?;
        signed(out, segment.start as i64)?;
    } else {
        byte(out, I32_CONST)?;
        signed(out, i64::from(segment.start as u32 as i32))?;
    }
    byte(out, END)?;
    number(out, segment.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn chunks_grow_before_readers_refuse_their_number() {
        // Every other byte; with chunks of one byte, each would be a segment.
        let bytes: Vec<u8> = (0..300_000).map(|at: u32| (at % 2) as u8).collect();
        let source = Source {
            bytes: &bytes,
            memory64: false,
            shared: false,
            kept: vec![0..100, 200..bytes.len()],
        };
        let mut data = Data::new(vec![source], false);
        data.chunk = 1;
        data.fit(u64::MAX);
        assert_eq!(data.chunk, 4);
        assert_eq!(data.segments(), 25 + 299_800 / 4);
        let mut written = Vec::new();
        data.write(&mut written).unwrap();
        assert_eq!(written.len() as u64, data.size());
    }

    #[test]
    fn more_runs_than_readers_take_are_cut() {
        let bytes = vec![1; 300_000];
        let kept: Vec<Range<usize>> = (0..150_000).map(|at| 2 * at..2 * at + 1).collect();
        for whole in [false, true] {
            let source = Source {
                bytes: &bytes,
                memory64: false,
                shared: false,
                kept: kept.clone(),
            };
            let mut data = Data::new(vec![source], whole);
            data.fit(u64::MAX);
            assert_eq!(data.segments(), MAX_SEGMENTS);
            assert_eq!(data.memories()[0].kept, kept[..MAX_SEGMENTS as usize]);
        }
    }

    #[test]
    fn zeros_are_found_at_both_ends() {
        for len in [1, 63, 64, 65, 200, 4096] {
            for at in [0, 1 % len, len / 2, len - 1] {
                let mut bytes = vec![0; len];
                bytes[at] = 1;
                assert_eq!(leading_zeros(&bytes), at);
                assert_eq!(trailing_zeros(&bytes), len - 1 - at);
            }
            assert_eq!(leading_zeros(&vec![0; len]), len);
        }
    }
}
