//! Geometry: vectors of three and four `f32`, matrices, quaternions. Many short functions that are
//! inlined into long bodies.

use glam::{Mat4, Quat, Vec3A, Vec4};
use support::{Checksum, Random};

/// Number of points of the scene.
const POINTS: usize = 512;

/// Rounds a coordinate, because the order of additions depends on the instructions.
fn rounded(value: f32) -> u64 {
    (f64::from(value) * 64.0).round() as i64 as u64
}

/// Moves a scene `n` times, and intersects rays with its spheres.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x91a);
    let mut checksum = Checksum::new();
    let mut unit = || random.unit() as f32 * 2.0 - 1.0;
    let points: Vec<Vec3A> = (0..POINTS)
        .map(|_| Vec3A::new(unit(), unit(), unit()))
        .collect();
    let axes: Vec<Vec3A> = (0..32)
        .map(|_| Vec3A::new(unit(), unit(), unit() + 1.5).normalize())
        .collect();
    let projection = Mat4::from_cols(
        Vec4::new(1.2, 0.0, 0.0, 0.0),
        Vec4::new(0.0, 1.8, 0.0, 0.0),
        Vec4::new(0.0, 0.0, -1.0, -1.0),
        Vec4::new(0.0, 0.0, -0.2, 0.0),
    );
    for round in 0..n.max(1) as usize {
        let axis = axes[round % axes.len()];
        let turn = Quat::from_axis_angle(axis.into(), round as f32 * 0.1)
            .slerp(Quat::from_rotation_y(0.3), 0.25);
        let model = Mat4::from_quat(turn) * Mat4::from_scale(glam::Vec3::new(1.0, 0.5, 2.0));
        let view = Mat4::from_translation(glam::Vec3::new(0.0, -1.0, -4.0));
        let both = projection * view * model;
        let normals = model.inverse().transpose();
        let (mut low, mut high) = (Vec3A::splat(9.0), Vec3A::splat(-9.0));
        let mut light = Vec4::ZERO;
        let mut nearest = f32::MAX;
        for &point in &points {
            let clip = both * Vec4::from((point, 1.0));
            let screen = Vec3A::from_vec4(clip) / clip.w;
            (low, high) = (low.min(screen), high.max(screen));

            let normal = normals.transform_vector3a(point).normalize();
            let reflected = axis - normal * (2.0 * axis.dot(normal));
            light += Vec4::from((reflected.cross(point), 1.0)).max(Vec4::ZERO);

            let oc = turn.mul_vec3a(point) - axis * 3.0;
            let b = oc.dot(-axis);
            let discriminant = b * b - oc.length_squared() + 0.04;
            if discriminant > 0.0 {
                nearest = nearest.min(-b - discriminant.sqrt());
            }
        }
        for value in low.to_array().into_iter().chain(high.to_array()) {
            checksum.word(rounded(value));
        }
        checksum.word(rounded(nearest.min(100.0)));
        checksum.word(rounded((light / POINTS as f32).length()));
    }
    checksum.finish()
}
