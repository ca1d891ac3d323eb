//! Tessellation of curved paths: a sweep line over edges, and strokes.
#![no_main]

use lyon_tessellation::geometry_builder::simple_builder;
use lyon_tessellation::math::{Point, point};
use lyon_tessellation::path::Path;
use lyon_tessellation::{
    FillOptions, FillTessellator, StrokeOptions, StrokeTessellator, VertexBuffers,
};
use support::{Checksum, Random};

/// Fills and strokes `n` paths.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x7e5);
    let mut checksum = Checksum::new();
    let (mut filler, mut stroker) = (FillTessellator::new(), StrokeTessellator::new());
    for _ in 0..n.max(1) {
        let mut place = || point(random.unit() as f32 * 100.0, random.unit() as f32 * 100.0);
        let mut builder = Path::builder();
        builder.begin(place());
        for _ in 0..6 {
            builder.line_to(place());
            builder.quadratic_bezier_to(place(), place());
            builder.cubic_bezier_to(place(), place(), place());
        }
        builder.end(true);
        let path = builder.build();
        let mut buffers: VertexBuffers<Point, u16> = VertexBuffers::new();
        filler
            .tessellate_path(
                &path,
                &FillOptions::tolerance(0.2),
                &mut simple_builder(&mut buffers),
            )
            .expect("a finite path");
        stroker
            .tessellate_path(
                &path,
                &StrokeOptions::tolerance(0.2),
                &mut simple_builder(&mut buffers),
            )
            .expect("a finite path");
        buffers
            .vertices
            .iter()
            .for_each(|it| checksum.float(f64::from(it.x + it.y)));
        buffers
            .indices
            .iter()
            .for_each(|&index| checksum.word(u64::from(index)));
    }
    checksum.finish()
}
