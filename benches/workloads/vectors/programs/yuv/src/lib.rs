//! Conversion of colours from YUV to RGB: bytes widened to 16 bits, multiplications, saturation,
//! interleaved stores.

use support::{Checksum, Random};
use yuv::{YuvBiPlanarImage, YuvConversionMode, YuvPlanarImage, YuvRange, YuvStandardMatrix};

const WIDTH: u32 = 160;
const HEIGHT: u32 = 48;

/// Converts a picture `n` times, with full and with halved chroma, in planes and interleaved.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x709);
    let mut checksum = Checksum::new();
    let size = (WIDTH * HEIGHT) as usize;
    let mut planes: [Vec<u8>; 3] = std::array::from_fn(|_| {
        (0..size / 8)
            .flat_map(|_| random.bits().to_le_bytes())
            .collect()
    });
    let mut picture = vec![0; size * 4];
    for round in 0..n.max(1) {
        let (range, matrix) = match round % 3 {
            0 => (YuvRange::Limited, YuvStandardMatrix::Bt709),
            1 => (YuvRange::Full, YuvStandardMatrix::Bt601),
            _ => (YuvRange::Limited, YuvStandardMatrix::Bt2020),
        };
        for plane in &mut planes {
            let position = random.index(plane.len());
            plane[position] ^= random.bits() as u8;
        }
        let [y_plane, u_plane, v_plane] = &planes;
        let planar = |u_stride| YuvPlanarImage {
            y_plane,
            y_stride: WIDTH,
            u_plane,
            u_stride,
            v_plane,
            v_stride: u_stride,
            width: WIDTH,
            height: HEIGHT,
        };
        let interleaved = YuvBiPlanarImage {
            y_plane,
            y_stride: WIDTH,
            uv_plane: u_plane,
            uv_stride: WIDTH,
            width: WIDTH,
            height: HEIGHT,
        };
        let mut absorb = |picture: &[u8]| {
            for _ in 0..16 {
                checksum.word(u64::from(picture[random.index(picture.len())]));
            }
        };
        yuv::yuv444_to_rgba(&planar(WIDTH), &mut picture, WIDTH * 4, range, matrix)
            .expect("the right size");
        absorb(&picture);
        yuv::yuv420_to_rgba(&planar(WIDTH / 2), &mut picture, WIDTH * 4, range, matrix)
            .expect("the right size");
        absorb(&picture);
        let mode = YuvConversionMode::Balanced;
        yuv::yuv_nv12_to_rgba(&interleaved, &mut picture, WIDTH * 4, range, matrix, mode)
            .expect("the right size");
        absorb(&picture);
    }
    checksum.bytes(&picture);
    checksum.finish()
}
