//! Rigid bodies in the plane: collisions, contacts, a solver of constraints.
#![no_main]

use rapier2d::prelude::*;
use support::{Checksum, Random};

/// Simulates `n` steps of a falling heap.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9475);
    let mut checksum = Checksum::new();
    let (mut bodies, mut colliders) = (RigidBodySet::new(), ColliderSet::new());
    colliders.insert(ColliderBuilder::cuboid(40.0, 0.5).build());
    for index in 0..60 {
        let place = vector![
            (index % 10) as f32 - 5.0 + random.unit() as f32 * 0.3,
            2.0 + (index / 10) as f32 * 1.5
        ];
        let body = bodies.insert(RigidBodyBuilder::dynamic().translation(place).build());
        let shape = match index % 3 {
            0 => ColliderBuilder::ball(0.4),
            1 => ColliderBuilder::cuboid(0.4, 0.3),
            _ => ColliderBuilder::capsule_y(0.3, 0.2),
        };
        colliders.insert_with_parent(shape.restitution(0.4).build(), body, &mut bodies);
    }
    let mut pipeline = PhysicsPipeline::new();
    let parameters = IntegrationParameters::default();
    let mut islands = IslandManager::new();
    let mut broad = DefaultBroadPhase::new();
    let mut narrow = NarrowPhase::new();
    let (mut joints, mut chains) = (ImpulseJointSet::new(), MultibodyJointSet::new());
    let mut continuous = CCDSolver::new();
    for _ in 0..n.max(1) {
        pipeline.step(
            &vector![0.0, -9.81],
            &parameters,
            &mut islands,
            &mut broad,
            &mut narrow,
            &mut bodies,
            &mut colliders,
            &mut joints,
            &mut chains,
            &mut continuous,
            None,
            &(),
            &(),
        );
    }
    for (_, body) in bodies.iter() {
        checksum.float(f64::from(body.translation().x));
        checksum.float(f64::from(body.rotation().angle()));
    }
    checksum.finish()
}
