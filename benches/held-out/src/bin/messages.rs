//! Binary formats: MessagePack, CBOR, Postcard and Bincode of the same values.
#![no_main]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use support::{Checksum, Random, text};

#[derive(Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Path {
        points: Vec<(f32, f32)>,
        closed: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct Drawing {
    title: String,
    number: u64,
    shapes: Vec<Shape>,
    tags: BTreeMap<String, i32>,
}

/// Writes and reads `n` drawings in each format.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x3359);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut drawing = drawing(&mut random);
        let bytes = rmp_serde::to_vec_named(&drawing).expect("writing to memory");
        checksum.bytes(&bytes);
        drawing = rmp_serde::from_slice(&bytes).expect("what was just written");
        let mut bytes = Vec::new();
        ciborium::into_writer(&drawing, &mut bytes).expect("writing to memory");
        checksum.bytes(&bytes);
        drawing = ciborium::from_reader(bytes.as_slice()).expect("what was just written");
        let bytes = postcard::to_stdvec(&drawing).expect("writing to memory");
        checksum.bytes(&bytes);
        drawing = postcard::from_bytes(&bytes).expect("what was just written");
        let bytes = bincode::serialize(&drawing).expect("writing to memory");
        checksum.bytes(&bytes);
        drawing = bincode::deserialize(&bytes).expect("what was just written");
        checksum.word(drawing.number + drawing.tags.len() as u64 + drawing.shapes.len() as u64);
    }
    checksum.finish()
}

fn drawing(random: &mut Random) -> Drawing {
    Drawing {
        title: text::prose(random, 40),
        number: random.bits() >> random.below(64),
        shapes: (0..random.index(12))
            .map(|_| match random.below(3) {
                0 => Shape::Point,
                1 => Shape::Circle(random.unit()),
                _ => Shape::Path {
                    points: (0..random.index(20))
                        .map(|_| (random.unit() as f32, random.unit() as f32))
                        .collect(),
                    closed: random.chance(50),
                },
            })
            .collect(),
        tags: (0..random.index(6))
            .map(|_| (text::word(random).to_owned(), random.bits() as i32))
            .collect(),
    }
}
