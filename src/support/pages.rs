//! Bytes in pages of the system, which are copied when they are written (Linux).
//!
//! At first, all pages are anonymous: what is never forked behaves as an allocation. A fork writes the
//! pages that were changed to a file in memory, an *image*, and maps the file privately, both here
//! and in the fork: the system copies a page of a private mapping when it is written. An image never
//! changes. So a fork of pages that were not written since the last one copies nothing. A few pages
//! that were written are copied to the fork instead, until forks have copied more than an image takes.
//!
//! The system knows which pages were written ([`written`]): they are anonymous. Where it does not
//! tell (no `/proc` is mounted, or in an emulator), [`Pages::fork`] returns `None`, and the caller copies.

use super::pagemap::written;
use super::sync::Mutex;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ops::Range;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap, mmap_anonymous, mremap, munmap};
use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The most images of a process. Each is an open file, of which a process may have 1,024 in most
/// systems.
const MOST_IMAGES: usize = 256;

/// The most parts of images in which the pages of a memory are. Each takes a system call at a fork,
/// of one or two microseconds.
const MOST_EXTENTS: usize = 64;

/// The most runs of changed pages that become parts of an image. If there are more, the pages between
/// them are copied, too.
const MOST_RUNS: usize = 32;

/// Number of images of this process.
static IMAGES: AtomicUsize = AtomicUsize::new(0);

/// A file in memory with pages as they were at a fork. It is not written again.
#[derive(Debug)]
struct Image(File);

impl Image {
    /// Creates an image of the given bytes, one after the other. Returns `None` if there is no memory,
    /// or if there are too many images.
    fn of<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Image> {
        // The system would send a signal to a process that writes a larger file than it may.
        let len = parts.clone().map(|part| part.len() as u64).sum();
        let limit = getrlimit(Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < len) {
            return None;
        }
        if IMAGES.fetch_add(1, Ordering::Relaxed) >= MOST_IMAGES {
            IMAGES.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let Ok(file) = memfd_create(c"backstitch", MemfdFlags::CLOEXEC) else {
            IMAGES.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        let image = Image(file.into());
        let mut offset = 0;
        for part in parts {
            image.0.write_all_at(part, offset).ok()?;
            offset += part.len() as u64;
        }
        Some(image)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        IMAGES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A part of the bytes that is a private mapping of a part of an image.
#[derive(Clone, Debug)]
struct Extent {
    /// Offsets in the bytes; multiples of the size of a page.
    range: Range<usize>,
    image: Arc<Image>,
    /// Offset in the image of the first page.
    offset: usize,
}

impl Extent {
    /// Returns the part of it in `range`, which is within.
    fn part(&self, range: Range<usize>) -> Extent {
        Extent {
            offset: self.offset + (range.start - self.range.start),
            image: Arc::clone(&self.image),
            range,
        }
    }
}

/// An owned run of zero-initialised bytes in pages.
#[derive(Debug)]
pub struct Pages {
    base: NonNull<u8>,
    len: usize,
    /// Number of bytes that are mapped: a multiple of the size of a page.
    capacity: usize,
    shared: Mutex<Shared>,
}

/// The state that pages share with their forks.
#[derive(Debug, Default)]
struct Shared {
    /// The parts that are mappings of images, by their offsets. All else is anonymous memory.
    extents: Vec<Extent>,
    /// Number of bytes that forks have copied since the last image.
    copied: usize,
}

impl Pages {
    /// Allocates `len` zero bytes. Returns `None` if there is no memory.
    pub fn zeroed(len: usize) -> Option<Pages> {
        Pages::with_capacity(len, len)
    }

    fn with_capacity(len: usize, capacity: usize) -> Option<Pages> {
        let capacity = whole_pages(capacity.max(1))?;
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping, anywhere.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), capacity, protection, flags) }.ok()?;
        Some(Pages {
            base: NonNull::new(base.cast())?,
            len,
            capacity,
            shared: Mutex::default(),
        })
    }

    /// Returns the address of the first byte. It is valid until the next growth.
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Grows to `len` bytes, and may move. The new bytes are zero. Returns false, without any
    /// effect, if there is no memory.
    pub fn grow(&mut self, len: usize) -> bool {
        debug_assert!(len >= self.len);
        // What is beyond the length has never been written.
        if len > self.capacity {
            let generous = len.saturating_add(self.capacity / 4);
            if !self.reserve(generous) && !self.reserve(len) {
                return false;
            }
        }
        self.len = len;
        true
    }

    /// Makes the mapping as large as `capacity` bytes need.
    fn reserve(&mut self, capacity: usize) -> bool {
        let Some(capacity) = whole_pages(capacity) else {
            return false;
        };
        if self.shared.lock().extents.is_empty() {
            let base = self.base.as_ptr().cast();
            // SAFETY: the mapping is owned, and one: nothing was mapped over it.
            let moved = unsafe { mremap(base, self.capacity, capacity, MremapFlags::MAYMOVE) };
            let Some(base) = moved.ok().and_then(|base| NonNull::new(base.cast())) else {
                return false;
            };
            self.base = base;
            self.capacity = capacity;
            return true;
        }
        // Mappings of several files cannot be moved at once.
        let Some(mut pages) = Pages::with_capacity(self.len, capacity) else {
            return false;
        };
        // SAFETY: both have as many bytes, and do not overlap.
        unsafe { ptr::copy_nonoverlapping(self.as_ptr(), pages.as_ptr(), self.len) };
        core::mem::swap(self, &mut pages);
        true
    }

    /// Returns an independent copy that shares the pages until they are written. Returns `None` if
    /// that is not possible.
    ///
    /// # Safety
    ///
    /// The bytes contain no pointers, and no thread writes them meanwhile.
    pub unsafe fn fork(&self) -> Option<Pages> {
        let shared = &mut *self.shared.lock();
        let mut written = self.written()?;
        let bytes: usize = written.iter().map(Range::len).sum();
        let runs = runs_of_image(&shared.extents, &written);
        if shared.copied + bytes <= price(&runs) {
            shared.copied += bytes;
        } else {
            // SAFETY: the caller's.
            let frozen = unsafe { self.freeze(&mut shared.extents, runs) };
            if frozen.is_some() {
                shared.copied = 0;
                written.clear();
            }
        }
        let copy = Pages::with_capacity(self.len, self.capacity)?;
        for extent in &shared.extents {
            copy.map(extent)?;
        }
        for run in written {
            let (from, to) = (self.address(run.start), copy.address(run.start));
            // SAFETY: both have these pages, which do not overlap; the caller's.
            unsafe { ptr::copy_nonoverlapping(from, to, run.len()) };
        }
        copy.shared.lock().extents.clone_from(&shared.extents);
        Some(copy)
    }

    /// Returns the number of bytes in pages that were written since the last fork, which the next fork
    /// copies.
    pub fn written_bytes(&self) -> usize {
        let written = self.written();
        written.map_or(self.len, |runs| runs.iter().map(Range::len).sum())
    }

    /// Returns an independent copy, without the pages that were never written. Returns `None` if there
    /// is no memory.
    ///
    /// # Safety
    ///
    /// As for [`Pages::fork`].
    pub unsafe fn copy(&self) -> Option<Pages> {
        const ZEROS: &[u8] = &[0; 1 << 12];
        let copy = Pages::with_capacity(self.len, self.capacity)?;
        // SAFETY: the bytes are initialised, and are not written meanwhile; the new ones are not
        // accessed by anything else.
        let (from, to) = unsafe {
            (
                core::slice::from_raw_parts(self.as_ptr(), self.len),
                core::slice::from_raw_parts_mut(copy.as_ptr(), self.len),
            )
        };
        for (from, to) in from.chunks(ZEROS.len()).zip(to.chunks_mut(ZEROS.len())) {
            if from != &ZEROS[..from.len()] {
                to.copy_from_slice(from);
            }
        }
        Some(copy)
    }

    /// Writes the given runs of pages to an image, and maps it in their place. All pages that were
    /// written since the last image are among them.
    ///
    /// # Safety
    ///
    /// As for [`Pages::fork`].
    unsafe fn freeze(&self, extents: &mut Vec<Extent>, runs: Vec<Range<usize>>) -> Option<()> {
        let parts = runs.iter().map(|run| {
            // SAFETY: the pages are mapped, and are not written meanwhile.
            unsafe { core::slice::from_raw_parts(self.address(run.start), run.len()) }
        });
        let image = Arc::new(Image::of(parts)?);
        let mut all: Vec<Extent> = replaced(extents, &runs).collect();
        let mut offset = 0;
        for range in runs {
            let extent = Extent {
                offset,
                image: Arc::clone(&image),
                range,
            };
            offset += extent.range.len();
            if self.map(&extent).is_none() {
                self.recover(&extent);
            }
            all.push(extent);
        }
        all.sort_by_key(|extent| extent.range.start);
        *extents = all;
        Some(())
    }

    /// Maps a part of an image over the pages at its place.
    fn map(&self, extent: &Extent) -> Option<()> {
        let address = self.address(extent.range.start).cast::<c_void>();
        let (protection, flags) = (
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::FIXED,
        );
        let (len, offset) = (extent.range.len(), extent.offset as u64);
        // SAFETY: the pages are owned. Either nothing has read them yet, or they have the same
        // contents as the image, so that readers notice nothing.
        let mapped = unsafe { mmap(address, len, protection, flags, &extent.image.0, offset) };
        mapped.ok().map(|_| ())
    }

    /// Copies a part of an image to its place, after mapping it has failed: the system may already
    /// have unmapped the pages that were there.
    #[cold]
    fn recover(&self, extent: &Extent) {
        let address = self.address(extent.range.start);
        let (protection, flags) = (
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::FIXED,
        );
        let len = extent.range.len();
        // SAFETY: the pages are owned; the image has their contents.
        let bytes = unsafe {
            mmap_anonymous(address.cast(), len, protection, flags)
                .map(|_| core::slice::from_raw_parts_mut(address, len))
        };
        let read = |bytes: &mut [u8]| extent.image.0.read_exact_at(bytes, extent.offset as u64);
        if bytes.ok().and_then(|bytes| read(bytes).ok()).is_none() {
            // The bytes are lost to those who have their address.
            std::process::abort();
        }
    }

    /// Returns the address of a byte.
    fn address(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset <= self.capacity);
        // SAFETY: within the mapping.
        unsafe { self.base.as_ptr().add(offset) }
    }

    /// Returns the runs of pages that were written since they were mapped, as ranges of offsets.
    /// Returns `None` if the system does not say.
    fn written(&self) -> Option<Vec<Range<usize>>> {
        let page = page_size();
        written(self.base.as_ptr().addr(), self.len.div_ceil(page), page)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is owned. It fails for wrong arguments only.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.capacity) };
    }
}

// SAFETY: the bytes are owned, as in a `Box<[u8]>`.
unsafe impl Send for Pages {}
// SAFETY: as above; shared access provides only a raw pointer.
unsafe impl Sync for Pages {}

/// Rounds up to whole pages.
fn whole_pages(len: usize) -> Option<usize> {
    let len = len.checked_next_multiple_of(page_size())?;
    isize::try_from(len).is_ok().then_some(len)
}

/// Returns the runs of pages of which an image is made, if those in the sorted list `written` were
/// written.
fn runs_of_image(extents: &[Extent], written: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut runs = written.to_vec();
    merge(&mut runs, MOST_RUNS);
    if !runs.is_empty() && replaced(extents, &runs).count() + runs.len() > MOST_EXTENTS {
        // One image of all pages replaces all others.
        runs.extend(extents.iter().map(|extent| extent.range.clone()));
        runs.sort_by_key(|run| run.start);
        merge(&mut runs, MOST_RUNS);
    }
    runs
}

/// Returns the time that an image of the given runs takes, as the number of bytes that are copied to
/// a fork in that time. A page is written to an image in half of the time that a copy takes, most of
/// which is that for a new page. A mapping on both sides takes the time of four pages, and a file
/// that of sixteen.
fn price(runs: &[Range<usize>]) -> usize {
    let bytes: usize = runs.iter().map(Range::len).sum();
    bytes / 2 + (16 + 4 * runs.len()) * page_size()
}

/// Merges neighbours in a sorted list of ranges, first the closest, until there are at most `most`.
fn merge(runs: &mut Vec<Range<usize>>, most: usize) {
    // A page is copied in less time than a mapping takes.
    let mut gap = 2 * page_size();
    loop {
        runs.dedup_by(|next, run| {
            let is_close = next.start <= run.end.saturating_add(gap);
            if is_close {
                run.end = run.end.max(next.end);
            }
            is_close
        });
        if runs.len() <= most {
            return;
        }
        gap = gap.saturating_mul(2);
    }
}

/// Returns what remains of extents outside the ranges of a sorted list.
fn replaced<'a>(
    extents: &'a [Extent],
    runs: &'a [Range<usize>],
) -> impl Iterator<Item = Extent> + 'a {
    extents.iter().flat_map(|extent| {
        let inside = runs
            .iter()
            .filter(|run| run.start < extent.range.end && run.end > extent.range.start);
        let starts = core::iter::once(extent.range.start).chain(inside.clone().map(|run| run.end));
        let ends = inside.map(|run| run.start).chain([extent.range.end]);
        starts
            .zip(ends)
            .filter(|(start, end)| start < end)
            .map(|(start, end)| extent.part(start..end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a byte to a page.
    fn write(pages: &Pages, page: usize, byte: u8) {
        // SAFETY: within the bytes, and no other thread has them.
        unsafe { *pages.address(page * page_size()) = byte };
    }

    fn read(pages: &Pages, page: usize) -> u8 {
        // SAFETY: as above.
        unsafe { *pages.address(page * page_size()) }
    }

    /// Returns a fork that shares pages, or `None` on a system where pages cannot be shared.
    fn fork(pages: &Pages) -> Option<Pages> {
        pages.written()?;
        // SAFETY: as above.
        Some(unsafe { pages.fork() }.expect("pages can be shared"))
    }

    #[test]
    fn unchanged_pages_are_shared() {
        let pages = Pages::zeroed(100 * page_size()).unwrap();
        (0..90).for_each(|page| write(&pages, page, 1));
        let Some(one) = fork(&pages) else { return };
        assert_eq!(pages.written(), Some(Vec::new()));
        assert_eq!(one.written(), Some(Vec::new()));
        let images = |pages: &Pages| {
            let shared = pages.shared.lock();
            let images = shared
                .extents
                .iter()
                .map(|extent| Arc::as_ptr(&extent.image));
            images.collect::<Vec<_>>()
        };
        assert_eq!(images(&pages).len(), 1);
        let other = fork(&one).unwrap();
        assert_eq!(images(&other), images(&pages));
        write(&one, 15, 2);
        let changed = 15 * page_size()..16 * page_size();
        assert_eq!(one.written(), Some(alloc::vec![changed]));
        assert_eq!(
            [&pages, &one, &other].map(|pages| read(pages, 15)),
            [1, 2, 1]
        );
    }

    #[test]
    fn a_few_written_pages_are_copied_until_that_takes_longer() {
        let pages = Pages::zeroed(100 * page_size()).unwrap();
        let images = |pages: &Pages| pages.shared.lock().extents.len();
        for round in 1.. {
            write(&pages, 7, round);
            let Some(fork) = fork(&pages) else { return };
            assert_eq!(read(&fork, 7), round);
            assert_eq!(images(&fork), images(&pages));
            if images(&pages) > 0 {
                assert!(round > 4);
                return;
            }
        }
    }

    #[test]
    fn extents_are_limited() {
        let pages = Pages::zeroed(4000 * page_size()).unwrap();
        let (mut forks, mut most) = (Vec::new(), 0);
        for round in 0..40 {
            for page in (round..4000).step_by(119) {
                write(&pages, page, round as u8 + 1);
            }
            let Some(fork) = fork(&pages) else { return };
            let extents = pages.shared.lock().extents.len();
            assert!(extents <= MOST_EXTENTS, "{extents}");
            assert_eq!(fork.shared.lock().extents.len(), extents);
            most = most.max(extents);
            forks.push(fork);
        }
        assert!(most > 1, "{most}");
        for (number, fork) in forks.iter().enumerate() {
            for page in 0..4000 {
                let round = page % 119;
                let expected = if round <= number.min(39) {
                    round as u8 + 1
                } else {
                    0
                };
                assert_eq!(read(fork, page), expected, "page {page} of fork {number}");
            }
        }
    }

    #[test]
    fn bytes_are_recovered_from_an_image() {
        let pages = Pages::zeroed(80 * page_size()).unwrap();
        (0..80).for_each(|page| write(&pages, page, 7));
        let Some(_fork) = fork(&pages) else { return };
        (0..80).for_each(|page| write(&pages, page, 8));
        let extent = pages.shared.lock().extents[0].clone();
        pages.recover(&extent);
        (0..80).for_each(|page| assert_eq!(read(&pages, page), 7));
    }

    #[test]
    fn ranges_are_merged_and_cut() {
        let page = page_size();
        let mut runs = alloc::vec![0..page, 3 * page..4 * page, 9 * page..10 * page];
        merge(&mut runs, 32);
        assert_eq!(runs, [0..4 * page, 9 * page..10 * page]);
        merge(&mut runs, 1);
        assert_eq!((runs.len(), &runs[0]), (1, &(0..10 * page)));
    }
}
