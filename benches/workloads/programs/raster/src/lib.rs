//! Vector graphics: curves flattened in `f32`, fixed-point edges, and a pixel
//! pipeline that is a table of function pointers over blocks of sixteen.

use support::{Checksum, Random};
use tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, GradientStop, LineCap, LineJoin, LinearGradient,
    Mask, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Point, RadialGradient, Shader, SpreadMode,
    Stroke, StrokeDash, Transform,
};

const SIZE: u32 = 160;

fn path(random: &mut Random) -> Path {
    let mut coordinate = || (random.unit() * f64::from(SIZE)) as f32;
    let mut builder = PathBuilder::new();
    builder.move_to(coordinate(), coordinate());
    builder.line_to(coordinate(), coordinate());
    builder.quad_to(coordinate(), coordinate(), coordinate(), coordinate());
    builder.cubic_to(
        coordinate(),
        coordinate(),
        coordinate(),
        coordinate(),
        coordinate(),
        coordinate(),
    );
    builder.close();
    builder.push_circle(coordinate(), coordinate(), 5.0 + coordinate() / 8.0);
    builder.finish().expect("finite coordinates")
}

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

/// Draws `n` shapes, and every sixteenth time draws the picture into itself.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9a);
    let mut checksum = Checksum::new();
    let mut picture = Pixmap::new(SIZE, SIZE).expect("a size in range");
    let mut mask = Mask::new(SIZE, SIZE).expect("a size in range");
    mask.fill_path(
        &path(&mut random),
        FillRule::Winding,
        true,
        Transform::identity(),
    );
    mask.invert();

    for shape in 0..n.max(1) {
        let path = path(&mut random);
        let paint = Paint {
            shader: shader(&mut random),
            blend_mode: *random.pick(&[
                BlendMode::SourceOver,
                BlendMode::Multiply,
                BlendMode::Screen,
                BlendMode::SoftLight,
                BlendMode::Xor,
            ]),
            anti_alias: random.chance(80),
            ..Paint::default()
        };
        let transform =
            Transform::from_rotate_at(shape as f32 * 7.0, 80.0, 80.0).post_scale(0.9, 1.1);
        if random.chance(50) {
            picture.fill_path(
                &path,
                &paint,
                FillRule::EvenOdd,
                transform,
                random.chance(30).then_some(&mask),
            );
        } else {
            let stroke = Stroke {
                width: 0.5 + random.unit() as f32 * 6.0,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                dash: random
                    .chance(40)
                    .then(|| StrokeDash::new(vec![6.0, 3.0], 1.0))
                    .flatten(),
                ..Stroke::default()
            };
            picture.stroke_path(&path, &paint, &stroke, transform, None);
        }
        if shape % 16 == 15 {
            let copy = picture.clone();
            let paint = PixmapPaint {
                opacity: 0.4,
                quality: FilterQuality::Bilinear,
                ..PixmapPaint::default()
            };
            picture.draw_pixmap(
                20,
                10,
                copy.as_ref(),
                &paint,
                Transform::from_scale(0.4, 0.5).post_rotate(12.0),
                None,
            );
        }
    }
    checksum.bytes(picture.data());
    checksum.finish()
}
