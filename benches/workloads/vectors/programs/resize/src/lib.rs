//! Images resized by convolution: bytes widened to 16 and 32 bits, dot products, narrowing with
//! saturation.

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, MulDiv, PixelType, ResizeAlg, ResizeOptions, Resizer};
use support::{Checksum, Random};

/// Resizes `n` pictures in four formats with four filters, and premultiplies those with alpha.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x4e5);
    let mut checksum = Checksum::new();
    let mut resizer = Resizer::new();
    let (width, height) = (120, 80);
    let formats = [
        PixelType::U8x4,
        PixelType::U8x3,
        PixelType::U8,
        PixelType::U16,
    ];
    let pictures = formats.map(|format| {
        let bytes = (0..width * height)
            .flat_map(|_| random.bits().to_le_bytes().into_iter().take(format.size()))
            .collect();
        Image::from_vec_u8(width, height, bytes, format).expect("the right size")
    });
    let filters = [
        FilterType::Bilinear,
        FilterType::CatmullRom,
        FilterType::Lanczos3,
        FilterType::Box,
    ];
    let multiply = MulDiv::new();
    for round in 0..n.max(1) as usize {
        let source = &pictures[round % 4];
        let (width, height) = (40 + random.below(100), 40 + random.below(60));
        let mut target = Image::new(width, height, source.pixel_type());
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(filters[(round / 4) % 4]))
            .use_alpha(false);
        resizer
            .resize(source, &mut target, &options)
            .expect("the same format");
        if source.pixel_type() == PixelType::U8x4 {
            multiply
                .multiply_alpha_inplace(&mut target)
                .expect("a format with alpha");
            multiply
                .divide_alpha_inplace(&mut target)
                .expect("a format with alpha");
        }
        checksum.bytes(target.buffer());
    }
    checksum.finish()
}
