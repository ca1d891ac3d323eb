//! Images without loss: GIF, QOI, WebP and TIFF.
#![no_main]

use std::io::Cursor;

use support::{Checksum, Random};

/// Encodes and decodes an image of `n` rows in each format.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x61f);
    let mut checksum = Checksum::new();
    let (width, height) = (96, n.max(8) as u32);
    let shades: Vec<u8> = (0..width * height)
        .map(|at| (at % width / 8 * (at / width / 8) + random.below(3)) as u8)
        .collect();
    let colours: Vec<u8> = shades
        .iter()
        .flat_map(|&it| [it, it / 2, 255 - it])
        .collect();

    let palette: Vec<u8> = (0..=255).flat_map(|it| [it, it, 255 - it]).collect();
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width as u16, height as u16, &palette)
        .expect("writing to memory");
    let frame = gif::Frame::from_indexed_pixels(width as u16, height as u16, shades.clone(), None);
    encoder.write_frame(&frame).expect("writing to memory");
    drop(encoder);
    checksum.bytes(&file);
    let mut decoder = gif::Decoder::new(file.as_slice()).expect("what was just encoded");
    while let Some(frame) = decoder.read_next_frame().expect("what was just encoded") {
        checksum.bytes(&frame.buffer);
    }

    let file = qoi::encode_to_vec(&colours, width, height).expect("a valid size");
    checksum.bytes(&file);
    let (_, restored) = qoi::decode_to_vec(&file).expect("what was just encoded");
    assert_eq!(restored, colours);

    let mut file = Vec::new();
    image_webp::WebPEncoder::new(&mut file)
        .encode(&colours, width, height, image_webp::ColorType::Rgb8)
        .expect("a valid size");
    checksum.bytes(&file);
    let mut decoder =
        image_webp::WebPDecoder::new(Cursor::new(file)).expect("what was just encoded");
    let mut restored = vec![0; colours.len()];
    decoder
        .read_image(&mut restored)
        .expect("what was just encoded");
    assert_eq!(restored, colours);

    let mut file = Cursor::new(Vec::new());
    tiff::encoder::TiffEncoder::new(&mut file)
        .expect("writing to memory")
        .write_image::<tiff::encoder::colortype::RGB8>(width, height, &colours)
        .expect("writing to memory");
    checksum.bytes(file.get_ref());
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(file.into_inner())).expect("a file");
    if let tiff::decoder::DecodingResult::U8(bytes) = decoder.read_image().expect("an image") {
        checksum.bytes(&bytes);
    }
    checksum.finish()
}
