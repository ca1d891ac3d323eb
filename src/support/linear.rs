//! The bytes of a linear memory.

#[cfg(backstitch_pages)]
use super::pages::Pages;
use super::raw::RawBytes;

/// An owned run of zero-initialised bytes with an alignment of 16.
#[derive(Debug)]
pub struct LinearBytes {
    kind: Kind,
    /// Size from which the bytes are pages of the system, which forks share until they are written.
    #[cfg(backstitch_pages)]
    mapped_from: usize,
}

#[derive(Debug)]
enum Kind {
    Raw(RawBytes),
    #[cfg(backstitch_pages)]
    Pages(Pages),
}

impl LinearBytes {
    /// Allocates `len` zero bytes. If they are or become `mapped_from` bytes or more, forks share
    /// their pages, where the system allows it. Returns `None` if there is no memory.
    #[cfg_attr(not(backstitch_pages), allow(unused_variables))]
    pub fn zeroed(len: usize, mapped_from: usize) -> Option<LinearBytes> {
        #[cfg(backstitch_pages)]
        if len > 0 && len >= mapped_from {
            let kind = Kind::Pages(Pages::zeroed(len)?);
            return Some(LinearBytes { kind, mapped_from });
        }
        Some(LinearBytes {
            kind: Kind::Raw(RawBytes::zeroed(len)?),
            #[cfg(backstitch_pages)]
            mapped_from,
        })
    }

    /// Returns the address of the first byte. It is valid until the next growth.
    pub fn as_ptr(&self) -> *mut u8 {
        match &self.kind {
            Kind::Raw(bytes) => bytes.as_ptr(),
            #[cfg(backstitch_pages)]
            Kind::Pages(pages) => pages.as_ptr(),
        }
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Raw(bytes) => bytes.len(),
            #[cfg(backstitch_pages)]
            Kind::Pages(pages) => pages.len(),
        }
    }

    /// Grows to `len` bytes, and may move. The new bytes are zero. Returns false, without any
    /// effect, if there is no memory.
    pub fn grow_zeroed(&mut self, len: usize) -> bool {
        match &mut self.kind {
            #[cfg(backstitch_pages)]
            Kind::Raw(bytes) if len > 0 && len >= self.mapped_from => {
                let Some(pages) = Pages::zeroed(len) else {
                    return false;
                };
                // SAFETY: the blocks do not overlap, and the new one is not smaller.
                unsafe {
                    core::ptr::copy_nonoverlapping(bytes.as_ptr(), pages.as_ptr(), bytes.len());
                }
                self.kind = Kind::Pages(pages);
                true
            }
            Kind::Raw(bytes) => bytes.grow_zeroed(len),
            #[cfg(backstitch_pages)]
            Kind::Pages(pages) => pages.grow(len),
        }
    }

    /// Returns the number of bytes that a fork copies at most.
    pub fn copied_by_fork(&self) -> usize {
        match &self.kind {
            Kind::Raw(bytes) => bytes.len(),
            #[cfg(backstitch_pages)]
            Kind::Pages(pages) => pages.written_bytes(),
        }
    }

    /// Returns an independent copy, or `None` if there is no memory. Pages of zeros are not copied;
    /// and if the system can share pages until they are written, no others are either, apart from
    /// those that were written since the last fork.
    ///
    /// # Safety
    ///
    /// The bytes contain no pointers, and no thread writes them meanwhile.
    pub unsafe fn fork(&self) -> Option<LinearBytes> {
        let kind = match &self.kind {
            // SAFETY: the caller's.
            Kind::Raw(bytes) => Kind::Raw(unsafe { bytes.try_clone_sparse() }?),
            #[cfg(backstitch_pages)]
            // SAFETY: the caller's.
            Kind::Pages(pages) => Kind::Pages(unsafe { pages.fork().or_else(|| pages.copy()) }?),
        };
        Some(LinearBytes {
            kind,
            #[cfg(backstitch_pages)]
            mapped_from: self.mapped_from,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A generator of numbers (xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % limit as u64) as usize
        }
    }

    fn as_slice(bytes: &mut LinearBytes) -> &mut [u8] {
        // SAFETY: they are initialised, and borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), bytes.len()) }
    }

    /// Writes, forks, growth and ends in any order are those of vectors.
    #[test]
    fn forks_are_independent() {
        let (rounds, steps) = if cfg!(miri) { (2, 40) } else { (20, 400) };
        for seed in 1..=rounds {
            let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let len = 1 + numbers.below(300_000);
            let mut all = alloc::vec![(
                LinearBytes::zeroed(len, 1 << 16).unwrap(),
                alloc::vec![0_u8; len]
            )];
            for _ in 0..steps {
                let index = numbers.below(all.len());
                let count = all.len();
                let (bytes, model) = &mut all[index];
                match numbers.below(10) {
                    0..6 => {
                        let start = numbers.below(model.len());
                        let size = 1 << numbers.below(16);
                        let most = (model.len() - start).min(size);
                        let range = start..start + 1 + numbers.below(most);
                        let byte = numbers.below(4) as u8;
                        as_slice(bytes)[range.clone()].fill(byte);
                        model[range].fill(byte);
                    }
                    6 if model.len() < 1 << 21 => {
                        let most = 1 << numbers.below(18);
                        let len = model.len() + numbers.below(most);
                        assert!(bytes.grow_zeroed(len));
                        model.resize(len, 0);
                    }
                    7 if count > 1 => {
                        let (mut bytes, model) = all.swap_remove(index);
                        assert!(as_slice(&mut bytes) == model);
                    }
                    8 | 9 if count < 12 => {
                        // SAFETY: no other thread has the bytes, which contain no pointers.
                        let fork = unsafe { bytes.fork() }.unwrap();
                        let copy = model.clone();
                        all.push((fork, copy));
                    }
                    _ => assert!(as_slice(bytes) == *model),
                }
            }
            let ended: Vec<bool> = all
                .iter_mut()
                .map(|(bytes, model)| as_slice(bytes) == *model)
                .collect();
            assert!(ended.iter().all(|same| *same), "seed {seed}: {ended:?}");
        }
    }
}
