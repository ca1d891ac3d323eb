//! Memories of a core dump: the type, and the bytes that are not all zero.

use super::CoreDumpError;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wasmparser::MemoryType;

/// Page size of memories whose type does not specify one.
const PAGE: u64 = 1 << 16;

/// A memory at the time of the dump.
///
/// Dumps contain the bytes between long runs of zeros. A writer may be configured to leave more
/// out: [`Memory::is_kept`] distinguishes zeros from unknown bytes.
#[derive(Clone, Debug)]
pub struct Memory<'a> {
    pages: u64,
    maximum: Option<u64>,
    page_size: u64,
    is_64: bool,
    is_shared: bool,
    /// The bytes of the dump's data segments, by start address; no two overlap.
    chunks: BTreeMap<u64, &'a [u8]>,
    /// The runs of known bytes, as start and length; `None` if all bytes are known.
    kept: Option<Vec<(u64, u64)>>,
}

impl<'a> Memory<'a> {
    pub(super) fn new(ty: &MemoryType) -> Memory<'a> {
        Memory {
            pages: ty.initial,
            maximum: ty.maximum,
            page_size: ty.page_size_log2.map_or(PAGE, |log2| 1 << log2.min(63)),
            is_64: ty.memory64,
            is_shared: ty.shared,
            chunks: BTreeMap::new(),
            kept: None,
        }
    }

    /// Returns the size in bytes; `u64::MAX` stands for the whole 64-bit address space.
    pub fn size(&self) -> u64 {
        self.pages.saturating_mul(self.page_size)
    }

    /// Returns the size in pages.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// Returns the maximum size in pages, if the type has one.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// Returns the page size in bytes.
    pub fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Returns whether addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.is_64
    }

    /// Returns whether threads share the memory.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Returns the bytes that the dump contains, by start address; no two chunks overlap. All
    /// other bytes are zero or unknown.
    pub fn chunks(&self) -> impl DoubleEndedIterator<Item = (u64, &'a [u8])> {
        self.chunks
            .iter()
            .map(|(address, bytes)| (*address, *bytes))
    }

    /// Returns the runs of known bytes, as start and length, ascending; `None` if all bytes are
    /// known.
    pub fn kept(&self) -> Option<&[(u64, u64)]> {
        self.kept.as_deref()
    }

    /// Returns whether the byte at an address is known. An unknown byte reads as zero.
    pub fn is_kept(&self, address: u64) -> bool {
        let Some(kept) = &self.kept else {
            return address < self.size();
        };
        let after = kept.partition_point(|(start, _)| *start <= address);
        after > 0 && {
            let (start, len) = kept[after - 1];
            address - start < len && address < self.size()
        }
    }

    /// Reads `buffer.len()` bytes, starting at `address`.
    ///
    /// # Errors
    ///
    /// [`CoreDumpError::OutOfBounds`] if not all bytes are within the memory.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), CoreDumpError> {
        let len = buffer.len() as u64;
        let end = address.checked_add(len).filter(|end| *end <= self.size());
        let Some(end) = end else {
            return Err(CoreDumpError::OutOfBounds {
                address,
                len,
                size: self.size(),
            });
        };
        buffer.fill(0);
        // The last chunk that begins before the range may extend into it.
        let before = self.chunks.range(..address).next_back();
        for (&start, &bytes) in before.into_iter().chain(self.chunks.range(address..end)) {
            let (from, to) = (start.max(address), (start + bytes.len() as u64).min(end));
            if from < to {
                // Both differences are at most the length of a slice.
                buffer[(from - address) as usize..(to - address) as usize]
                    .copy_from_slice(&bytes[(from - start) as usize..(to - start) as usize]);
            }
        }
        Ok(())
    }

    /// Sets the runs of known bytes, which may be in any order.
    pub(super) fn set_kept(&mut self, mut kept: Vec<(u64, u64)>) {
        kept.sort_unstable();
        self.kept = Some(kept);
    }

    /// Returns whether `len` bytes, starting at `address`, are within the memory.
    pub(super) fn holds(&self, address: u64, len: usize) -> bool {
        address
            .checked_add(len as u64)
            .is_some_and(|end| end <= self.size())
    }

    /// Writes a data segment over the earlier ones, as instantiation does.
    pub(super) fn write(&mut self, address: u64, bytes: &'a [u8]) {
        debug_assert!(self.holds(address, bytes.len()));
        if bytes.is_empty() {
            return;
        }
        let end = address + bytes.len() as u64;
        // Splits an earlier chunk that the segment overlaps: only its ends remain.
        if let Some((&start, &before)) = self.chunks.range(..address).next_back() {
            let before_end = start + before.len() as u64;
            if before_end > address {
                self.chunks
                    .insert(start, &before[..(address - start) as usize]);
            }
            if before_end > end {
                self.chunks.insert(end, &before[(end - start) as usize..]);
            }
        }
        while let Some((&start, &covered)) = self.chunks.range(address..end).next() {
            self.chunks.remove(&start);
            if start + covered.len() as u64 > end {
                self.chunks.insert(end, &covered[(end - start) as usize..]);
            }
        }
        self.chunks.insert(address, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(pages: u64, page_size_log2: Option<u32>) -> Memory<'static> {
        Memory::new(&MemoryType {
            memory64: true,
            shared: false,
            initial: pages,
            maximum: None,
            page_size_log2,
        })
    }

    /// Compares every position of a segment over two others with an array.
    #[test]
    fn later_segments_cover_earlier_ones() {
        let text: [&[u8]; 3] = [&[1; 12], &[2; 12], &[3; 12]];
        for case in 0..12_u32.pow(4) {
            let digit = |at: u32| u64::from(case / 12_u32.pow(at) % 12);
            let segments = [
                (2, 3),
                (digit(0), digit(1).min(12 - digit(0))),
                (digit(2), digit(3).min(12 - digit(2))),
            ];
            let mut memory = memory(12, Some(0));
            let mut expected = [0; 12];
            for ((start, len), bytes) in segments.into_iter().zip(text) {
                let bytes = &bytes[..len as usize];
                memory.write(start, bytes);
                expected[start as usize..][..len as usize].copy_from_slice(bytes);
            }
            let mut read = [0xff; 12];
            memory.read(0, &mut read).unwrap();
            assert_eq!(read, expected, "{segments:?}");
            let chunks: Vec<_> = memory.chunks().collect();
            for pair in chunks.windows(2) {
                assert!(
                    pair[0].0 + pair[0].1.len() as u64 <= pair[1].0,
                    "{segments:?}"
                );
            }
        }
    }

    #[test]
    fn reads_cross_chunks_and_stay_in_bounds() {
        let mut memory = memory(20, Some(0));
        memory.write(3, b"abc");
        memory.write(8, b"defg");
        memory.write(12, b"h");
        let read = |address, len| {
            let mut buffer = alloc::vec![0xff; len];
            memory.read(address, &mut buffer).map(|()| buffer)
        };
        assert_eq!(read(0, 20).unwrap(), b"\0\0\0abc\0\0defgh\0\0\0\0\0\0\0");
        assert_eq!(read(4, 6).unwrap(), b"bc\0\0de");
        assert_eq!(read(9, 2).unwrap(), b"ef");
        assert_eq!(read(13, 7).unwrap(), [0; 7]);
        assert_eq!(read(20, 0).unwrap(), [0; 0]);
        for (address, len) in [(20, 1), (0, 21), (u64::MAX, 1), (u64::MAX, 2)] {
            let out_of_bounds = CoreDumpError::OutOfBounds {
                address,
                len: len as u64,
                size: 20,
            };
            assert_eq!(read(address, len), Err(out_of_bounds));
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(memory(3, None).size(), 3 << 16);
        assert_eq!(memory(1 << 48, None).size(), u64::MAX);
        let mut huge = memory(1 << 48, None);
        huge.write(u64::MAX - 2, b"ab");
        let mut end = [0; 3];
        huge.read(u64::MAX - 3, &mut end).unwrap();
        assert_eq!(&end, b"\0ab");
    }
}
