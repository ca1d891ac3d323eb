//! YAML: a scanner of indentation, events, and typed values.
#![no_main]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use support::{Checksum, Random, text};

#[derive(Serialize, Deserialize)]
struct Service {
    name: String,
    replicas: u32,
    weight: f64,
    command: Vec<String>,
    labels: BTreeMap<String, String>,
    notes: Option<String>,
}

/// Writes and reads a document of `n` services.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9a31);
    let mut checksum = Checksum::new();
    let services: Vec<Service> = (0..n.max(1))
        .map(|_| Service {
            name: text::word(&mut random).to_owned(),
            replicas: random.below(30),
            weight: f64::from(random.below(1000)) / 8.0,
            command: (0..3).map(|_| text::word(&mut random).to_owned()).collect(),
            labels: (0..3)
                .map(|_| {
                    (
                        text::word(&mut random).to_owned(),
                        format!("{}: #", random.below(9)),
                    )
                })
                .collect(),
            notes: random.chance(30).then(|| text::prose(&mut random, 100)),
        })
        .collect();
    let document = serde_yaml::to_string(&services).expect("writing to memory");
    checksum.bytes(document.as_bytes());
    let restored: Vec<Service> = serde_yaml::from_str(&document).expect("what was just written");
    for service in &restored {
        checksum.bytes(service.name.as_bytes());
        checksum.float(service.weight + f64::from(service.replicas));
        checksum.word(service.labels.len() as u64 + service.command.len() as u64);
        checksum.bytes(service.notes.as_deref().unwrap_or_default().as_bytes());
    }
    checksum.finish()
}
