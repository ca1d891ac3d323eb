//! Size classes of small objects.

/// Number of size classes.
pub const CLASSES: usize = 45;

/// Class of objects that are too large for a class.
pub const LARGE: u8 = u8::MAX;

/// Number of bytes of the cells of each class, ascending. All are multiples of 8.
pub const SIZES: [u32; CLASSES] = [
    8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 160, 192, 224, 256, 320,
    384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5456, 6552,
    8192, 9360, 10920, 13104, 16384, 21840, 32768,
];

/// Size up to which the classes are 8 bytes apart.
const FINE: u32 = 128;

/// Number of entries of [`BY_SIZE`].
const LISTED: usize = 2048 / 8 + 1;

/// The class of each size up to 2048 bytes, in units of 8 bytes.
pub static BY_SIZE: [u8; LISTED] = {
    let mut table = [0; LISTED];
    let mut units = 0;
    while units < LISTED {
        table[units] = search(units as u32 * 8);
        units += 1;
    }
    table
};

/// Returns the smallest class for objects of `size` bytes, or [`LARGE`].
pub const fn size_class(size: u32) -> u8 {
    if size <= FINE {
        let units = size.div_ceil(8);
        return if units == 0 { 0 } else { units as u8 - 1 };
    }
    search(size)
}

const fn search(size: u32) -> u8 {
    let mut class = 0;
    while class < CLASSES {
        if SIZES[class] >= size {
            return class as u8;
        }
        class += 1;
    }
    LARGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_smallest_that_fits() {
        assert_eq!((size_class(0), size_class(8), size_class(9)), (0, 0, 1));
        for size in 1..=32768 {
            let class = size_class(size) as usize;
            assert!(SIZES[class] >= size);
            assert!(class == 0 || SIZES[class - 1] < size);
            if size % 8 == 0 && size <= 2048 {
                assert_eq!(BY_SIZE[size as usize / 8] as usize, class);
            }
        }
        assert_eq!(size_class(32769), LARGE);
    }
}
