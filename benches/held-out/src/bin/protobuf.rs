//! Protocol buffers: variable-length integers and nested messages.
#![no_main]

use prost::Message;
use support::{Checksum, Random, text};

#[derive(Clone, PartialEq, Message)]
struct Person {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(sint64, tag = "2")]
    balance: i64,
    #[prost(uint32, repeated, tag = "3")]
    visits: Vec<u32>,
    #[prost(message, repeated, tag = "4")]
    friends: Vec<Person>,
    #[prost(double, optional, tag = "15")]
    score: Option<f64>,
}

/// Encodes and decodes `n` messages.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9307);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let person = person(&mut random, 3);
        let bytes = person.encode_to_vec();
        checksum.bytes(&bytes);
        let restored = Person::decode(bytes.as_slice()).expect("what was just encoded");
        assert!(restored == person);
        checksum.word(restored.encoded_len() as u64);
    }
    checksum.finish()
}

fn person(random: &mut Random, depth: usize) -> Person {
    Person {
        name: text::word(random).to_owned(),
        balance: random.bits().cast_signed() >> random.below(64),
        visits: (0..random.index(20))
            .map(|_| random.below(1 << 20))
            .collect(),
        friends: (0..depth).map(|_| person(random, depth - 1)).collect(),
        score: random.chance(50).then(|| random.unit()),
    }
}
