//! PNG: filters that predict each byte from its neighbours, DEFLATE, checksums.

use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};
use support::{Checksum, Random};

fn picture(random: &mut Random, width: u32, height: u32, channels: usize) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels as u32 {
                let wave = (x * (channel + 1) + y * y / (8 + channel)) as u8;
                let grain = if random.chance(20) {
                    random.bits() as u8 & 15
                } else {
                    0
                };
                pixels.push(wave ^ grain);
            }
        }
    }
    pixels
}

/// Writes and reads pictures that are `n` rows high, in several formats.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x93);
    let mut checksum = Checksum::new();
    let (width, height) = (64, n.max(1) as u32);
    for (color, channels, filter, compression) in [
        (ColorType::Grayscale, 1, Filter::Paeth, Compression::High),
        (ColorType::Rgb, 3, Filter::Adaptive, Compression::Balanced),
        (ColorType::Rgba, 4, Filter::Sub, Compression::Fast),
        (
            ColorType::Indexed,
            1,
            Filter::NoFilter,
            Compression::Balanced,
        ),
    ] {
        let pixels = picture(&mut random, width, height, channels);
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_filter(filter);
        encoder.set_compression(compression);
        if color == ColorType::Indexed {
            encoder.set_palette(random.bytes(768));
            encoder.set_trns(random.bytes(100));
        }
        encoder
            .add_text_chunk("Title".into(), "a pattern".into())
            .expect("Latin-1");
        let mut writer = encoder.write_header().expect("writing to memory");
        writer.write_image_data(&pixels).expect("writing to memory");
        writer.finish().expect("writing to memory");
        checksum.bytes(&file);

        let mut decoder = Decoder::new(Cursor::new(&file));
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let mut reader = decoder.read_info().expect("what was just written");
        let mut decoded = vec![0; reader.output_buffer_size().expect("a size in range")];
        let frame = reader
            .next_frame(&mut decoded)
            .expect("what was just written");
        checksum.bytes(&decoded[..frame.buffer_size()]);

        let middle = file.len() / 2;
        file[middle] ^= 0x10;
        let broken = Decoder::new(Cursor::new(&file))
            .read_info()
            .and_then(|mut reader| reader.next_frame(&mut decoded));
        checksum.word(u64::from(broken.is_err()));
    }
    checksum.finish()
}
