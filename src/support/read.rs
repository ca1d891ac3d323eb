//! Reading of whole files.

extern crate std;

use alloc::vec::Vec;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Size of the pages that a large file is read to, where the system has such pages.
#[cfg(backstitch_pages)]
const LARGE_PAGE: usize = 2 << 20;

/// Reads a file. A large one is read to large pages, where the system has them: it takes half of the
/// time, most of which is the system's for pages.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let len = file.metadata().map_or(0, |metadata| metadata.len());
    let len = usize::try_from(len).unwrap_or(0);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len.saturating_add(SLACK))?;
    #[cfg(backstitch_pages)]
    if len >= 2 * LARGE_PAGE {
        prefer_large_pages(&mut bytes);
    }
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Number of bytes that are reserved besides those of the file, so that its end is noticed before more
/// are reserved.
const SLACK: usize = 32;

/// Asks the system for large pages, for all that is reserved. It may refuse.
#[cfg(backstitch_pages)]
fn prefer_large_pages(bytes: &mut Vec<u8>) {
    use rustix::mm::{Advice, madvise};

    let spare = bytes.spare_capacity_mut();
    let before = spare.as_ptr().addr().next_multiple_of(LARGE_PAGE) - spare.as_ptr().addr();
    let Some(spare) = spare.get_mut(before..) else {
        return;
    };
    let len = spare.len() / LARGE_PAGE * LARGE_PAGE;
    // SAFETY: the bytes are owned and in whole pages, and the advice does not change them.
    let _ = unsafe { madvise(spare.as_mut_ptr().cast(), len, Advice::LinuxHugepage) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it reads files")]
    fn files_are_read_whatever_their_size() {
        let path = std::env::temp_dir().join(alloc::format!("read-{}", std::process::id()));
        for len in [0, 1, 100_000, 5 << 20] {
            let bytes: Vec<u8> = (0..len).map(|at: u32| ((at * 7) >> 3) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert!(read_file(&path).unwrap() == bytes, "{len}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(read_file(&path).is_err());
    }
}
