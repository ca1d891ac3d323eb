//! A ray tracer with reflecting spheres, in `f32`.

use glam::{Mat4, Quat, Vec3};
use support::Checksum;

/// Maximum number of reflections of a ray.
const REFLECTIONS: usize = 3;

struct Sphere {
    centre: Vec3,
    radius: f32,
}

impl Sphere {
    /// Returns the distance at which a ray meets the sphere, if it does.
    fn distance(&self, origin: Vec3, direction: Vec3) -> Option<f32> {
        let from = origin - self.centre;
        let middle = from.dot(direction);
        let square = middle * middle - from.length_squared() + self.radius * self.radius;
        let distance = -middle - square.max(0.0).sqrt();
        (square >= 0.0 && distance > 1e-3).then_some(distance)
    }
}

/// Returns the light along a ray.
fn light(spheres: &[Sphere], mut origin: Vec3, mut direction: Vec3) -> f32 {
    let sun = Vec3::new(0.5, 0.7, -0.5);
    let (mut light, mut weight) = (0.0, 1.0);
    for _ in 0..REFLECTIONS {
        let nearest = spheres
            .iter()
            .filter_map(|sphere| Some((sphere.distance(origin, direction)?, sphere)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((distance, sphere)) = nearest else {
            return light + weight * (0.5 + 0.5 * direction.y);
        };
        origin += direction * distance;
        let normal = (origin - sphere.centre).normalize();
        light += weight * 0.3 * normal.dot(sun).max(0.0);
        direction = direction.reflect(normal);
        weight *= 0.5;
    }
    light
}

/// Renders a picture of `n` by `n` pixels.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let spheres: Vec<Sphere> = (0..7u8)
        .map(f32::from)
        .map(|i| Sphere {
            centre: Vec3::new(i - 3.0, i % 3.0 - 1.0, 6.0 + i * 0.5),
            radius: 0.8,
        })
        .collect();
    let camera = Mat4::from_quat(Quat::from_axis_angle(Vec3::Y, 0.1));
    let mut checksum = Checksum::new();
    for y in 0..n {
        for x in 0..n {
            let [x, y] = [x, y].map(|at| at as f32 / n as f32 - 0.5);
            let direction = camera.transform_vector3(Vec3::new(x, y, 1.0).normalize());
            checksum.word((light(&spheres, Vec3::ZERO, direction) * 255.0) as u64);
        }
    }
    checksum.finish()
}
