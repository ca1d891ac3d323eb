//! Vector graphics: a pipeline of stages over blocks of pixels, in `f32` and in 16-bit fixed point.

use support::{Checksum, Random};
use tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, GradientStop, LinearGradient, Mask, Paint,
    PathBuilder, Pixmap, PixmapPaint, Point, RadialGradient, Rect, Shader, SpreadMode, Transform,
};

const SIZE: u32 = 128;

fn colour(random: &mut Random) -> Color {
    let word = random.bits();
    Color::from_rgba8(
        word as u8,
        (word >> 8) as u8,
        (word >> 16) as u8,
        64 + (word >> 24) as u8 / 2,
    )
}

fn shader(random: &mut Random) -> Shader<'static> {
    let stops = vec![
        GradientStop::new(0.0, colour(random)),
        GradientStop::new(0.6, colour(random)),
        GradientStop::new(1.0, colour(random)),
    ];
    let middle = Point::from_xy(SIZE as f32 / 2.0, SIZE as f32 / 2.0);
    let gradient = match random.below(3) {
        0 => LinearGradient::new(
            Point::from_xy(0.0, 9.0),
            middle,
            stops,
            SpreadMode::Reflect,
            Transform::identity(),
        ),
        1 => RadialGradient::new(
            Point::from_xy(40.0, 60.0),
            0.0,
            middle,
            70.0,
            stops,
            SpreadMode::Repeat,
            Transform::identity(),
        ),
        _ => None,
    };
    gradient.unwrap_or_else(|| Shader::SolidColor(colour(random)))
}

/// Draws `n` large shapes, and every fourth time draws the picture into itself.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9a5);
    let mut checksum = Checksum::new();
    let mut picture = Pixmap::new(SIZE, SIZE).expect("a size in range");
    let mut mask = Mask::new(SIZE, SIZE).expect("a size in range");
    let circle = PathBuilder::from_circle(60.0, 70.0, 50.0).expect("finite");
    mask.fill_path(&circle, FillRule::Winding, true, Transform::identity());

    for shape in 0..n.max(1) {
        let paint = Paint {
            shader: shader(&mut random),
            blend_mode: *random.pick(&[
                BlendMode::SourceOver,
                BlendMode::Multiply,
                BlendMode::Screen,
                BlendMode::SoftLight,
                BlendMode::Xor,
                BlendMode::Luminosity,
            ]),
            anti_alias: random.chance(50),
            force_hq_pipeline: random.chance(30),
            ..Paint::default()
        };
        let mut coordinate = || (random.unit() * f64::from(SIZE) / 3.0) as f32;
        let rect = Rect::from_xywh(coordinate(), coordinate(), 80.0, 70.0).expect("finite");
        let transform = Transform::from_rotate_at(shape as f32 * 7.0, 64.0, 64.0);
        let mask = random.chance(30).then_some(&mask);
        if random.chance(50) {
            picture.fill_rect(rect, &paint, Transform::identity(), mask);
        } else {
            let path = PathBuilder::from_rect(rect);
            picture.fill_path(&path, &paint, FillRule::EvenOdd, transform, mask);
        }
        if shape % 4 == 3 {
            let copy = picture.clone();
            let paint = PixmapPaint {
                opacity: 0.4,
                quality: FilterQuality::Bilinear,
                ..PixmapPaint::default()
            };
            let transform = Transform::from_scale(0.6, 0.7).post_rotate(12.0);
            picture.draw_pixmap(20, 10, copy.as_ref(), &paint, transform, None);
        }
    }
    checksum.bytes(picture.data());
    checksum.finish()
}
