//! Pages that were written, by Linux's `/proc/self/pagemap`.

use alloc::vec::Vec;
use core::ffi::c_void;
use core::ops::Range;
use rustix::io;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Number of pages or regions about which the system is asked at once.
const AT_ONCE: usize = 4096;

/// Returns the runs of pages that were written since they were mapped privately, as ranges of
/// offsets from the address `base`. `pages` pages of `page` bytes are examined. Returns `None` if the
/// system does not provide that.
pub fn written(base: usize, pages: usize, page: usize) -> Option<Vec<Range<usize>>> {
    let pagemap = File::open("/proc/self/pagemap").ok()?;
    let mut runs = Runs(Vec::new());
    if scan(&pagemap, base, pages * page, &mut runs).is_none() {
        runs.0.clear();
        read(&pagemap, base, pages, page, &mut runs)?;
    }
    // This variable's page has been written. If its entry does not say so, the file is not about the
    // addresses of this process, as in an emulator.
    let mut own = [1; 8];
    let entry = (core::hint::black_box(&mut own).as_ptr().addr() / page) as u64;
    pagemap.read_exact_at(&mut own, entry * 8).ok()?;
    is_written(own).then_some(runs.0)
}

/// A sorted list of ranges that do not touch.
struct Runs(Vec<Range<usize>>);

impl Runs {
    fn push(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.0.push(range),
        }
    }
}

/// Reads the entries of all pages.
fn read(file: &File, base: usize, pages: usize, page: usize, runs: &mut Runs) -> Option<()> {
    let mut entries = alloc::vec![0; 8 * AT_ONCE.min(pages)];
    for start in (0..pages).step_by(AT_ONCE) {
        let some = 8 * AT_ONCE.min(pages - start);
        let place = (base / page + start) as u64 * 8;
        file.read_exact_at(&mut entries[..some], place).ok()?;
        for (index, entry) in entries[..some].as_chunks().0.iter().enumerate() {
            if is_written(*entry) {
                let at = (start + index) * page;
                runs.push(at..at + page);
            }
        }
    }
    Some(())
}

/// Returns whether an entry is that of an anonymous page: one that was written in a private mapping
/// of a file, or any in an anonymous mapping. It is in memory or swapped out.
fn is_written(entry: [u8; 8]) -> bool {
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;
    let entry = u64::from_ne_bytes(entry);
    entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0
}

/// Asks for the pages of which [`is_written`] is true, apart from pages of zeros. It is quick where
/// nothing is mapped. Linux 6.7 and later can do that.
fn scan(file: &File, base: usize, len: usize, runs: &mut Runs) -> Option<()> {
    let mut regions = alloc::vec![Region::default(); AT_ONCE];
    let end = (base + len) as u64;
    let mut start = base as u64;
    while start < end {
        let scan = Scan(Request {
            size: size_of::<Request>() as u64,
            start,
            end,
            regions: regions.as_mut_ptr().addr() as u64,
            regions_len: regions.len() as u64,
            category_inverted: OF_FILE | OF_ZEROS,
            category_mask: OF_FILE | OF_ZEROS,
            category_any_of: PRESENT | SWAPPED,
            ..Request::default()
        });
        // The address of the regions is passed as a number.
        let _ = regions.as_mut_ptr().expose_provenance();
        // SAFETY: the request is that of `PAGEMAP_SCAN`, with the address and length of a buffer.
        let (found, walked_to) = unsafe { ioctl(file, scan) }.ok()?;
        for region in core::hint::black_box(&mut regions).get(..found)? {
            let offset = |address: u64| (address - base as u64) as usize;
            runs.push(offset(region.start)..offset(region.end));
        }
        if walked_to <= start {
            return None;
        }
        start = walked_to;
    }
    Some(())
}

// Categories of pages.
const OF_FILE: u64 = 1 << 2;
const PRESENT: u64 = 1 << 3;
const SWAPPED: u64 = 1 << 4;
const OF_ZEROS: u64 = 1 << 5;

/// `struct pm_scan_arg` of Linux.
#[derive(Default)]
#[repr(C)]
struct Request {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walked_to: u64,
    regions: u64,
    regions_len: u64,
    most_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_any_of: u64,
    returned: u64,
}

/// `struct page_region` of Linux.
#[derive(Clone, Default)]
#[repr(C)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// `PAGEMAP_SCAN`, whose result is the number of regions found, and the address at which it ended.
struct Scan(Request);

// SAFETY: the opcode is that of a request of this type, and the pointer is to it.
unsafe impl Ioctl for Scan {
    type Output = (usize, u64);

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Request>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut self.0).cast()
    }

    unsafe fn output_from_ptr(
        found: IoctlOutput,
        request: *mut c_void,
    ) -> io::Result<(usize, u64)> {
        // SAFETY: it is the pointer that `as_ptr` has returned.
        let request = unsafe { &*request.cast::<Request>() };
        let found = usize::try_from(found).map_err(|_| io::Errno::INVAL)?;
        Ok((found, request.walked_to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr;
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
    use rustix::param::page_size;

    #[test]
    fn both_ways_find_the_pages_that_were_written() {
        let (page, pages) = (page_size(), 10_000);
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping, whose pages are written, and which is then unmapped.
        unsafe {
            let base = mmap_anonymous(ptr::null_mut(), pages * page, protection, flags).unwrap();
            let Some(none) = written(base.addr(), pages, page) else {
                return;
            };
            assert_eq!(none, []);
            let mut expected = Runs(Vec::new());
            for number in (0..pages).filter(|number| number % 2 == 0 || number % 7 == 0) {
                base.byte_add(number * page).cast::<u8>().write(1);
                expected.push(number * page..(number + 1) * page);
            }
            assert!(expected.0.len() > AT_ONCE);
            assert_eq!(written(base.addr(), pages, page).unwrap(), expected.0);
            let file = File::open("/proc/self/pagemap").unwrap();
            let mut found = Runs(Vec::new());
            read(&file, base.addr(), pages, page, &mut found).unwrap();
            assert_eq!(found.0, expected.0);
            munmap(base, pages * page).unwrap();
        }
    }
}
