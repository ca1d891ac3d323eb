//! A game's world: components in archetypes, queries and changes.
#![no_main]

use hecs::{CommandBuffer, Entity, World};
use support::{Checksum, Random};

#[derive(Clone, Copy)]
struct Place(f32, f32);

struct Speed(f32, f32);

struct Health(i32);

struct Target(Entity);

/// Simulates `n` steps.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xec5);
    let mut checksum = Checksum::new();
    let mut world = World::new();
    let mut last = world.spawn((Place(0.0, 0.0), Health(100)));
    for index in 0..500 {
        let place = Place(random.unit() as f32, random.unit() as f32);
        let speed = Speed(random.unit() as f32 - 0.5, random.unit() as f32 - 0.5);
        last = match index % 4 {
            0 => world.spawn((place,)),
            1 => world.spawn((place, speed)),
            2 => world.spawn((place, speed, Health(50 + index))),
            _ => world.spawn((place, speed, Health(20), Target(last))),
        };
    }
    for step in 0..n.max(1) {
        for (_, (place, speed)) in world.query_mut::<(&mut Place, &Speed)>() {
            place.0 += speed.0 * 0.1;
            place.1 += speed.1 * 0.1;
        }
        let mut changes = CommandBuffer::new();
        for (entity, (target, place)) in world.query::<(&Target, &Place)>().iter() {
            let Ok(mut health) = world.get::<&mut Health>(target.0) else {
                continue;
            };
            health.0 -= (place.0 * 3.0) as i32 + 1;
            if health.0 < 0 {
                changes.despawn(target.0);
                changes.remove_one::<Target>(entity);
            }
        }
        changes.run_on(&mut world);
        let place = Place(f32::from(step as u8), 0.0);
        world.spawn((place, Speed(0.1, -0.1), Health(9)));
        checksum.word(u64::from(world.len()));
    }
    for (_, place) in world.query::<&Place>().iter() {
        checksum.float(f64::from(place.0 + place.1));
    }
    checksum.finish()
}
