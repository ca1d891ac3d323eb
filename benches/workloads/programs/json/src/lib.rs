//! JSON: formatting and parsing of numbers, strings with escapes, maps, and serde's
//! visitors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use support::{Checksum, Random, text};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Garment {
    id: u64,
    name: String,
    price: f64,
    in_stock: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    sizes: Vec<(i32, i32)>,
    materials: BTreeMap<String, f32>,
    closure: Closure,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Closure {
    Buttons { count: u8 },
    Zip { length: f64, hidden: bool },
    None,
}

fn garment(random: &mut Random) -> Garment {
    Garment {
        id: random.bits(),
        name: format!(
            "{} {}\t\"{}\"",
            text::word(random),
            text::word(random),
            '\u{e9}'
        ),
        price: random.unit() * 1e4 - 100.0,
        in_stock: random.chance(70),
        note: random.chance(30).then(|| text::prose(random, 60)),
        sizes: (0..random.index(6))
            .map(|_| (random.below(60) as i32 - 8, random.below(9000) as i32))
            .collect(),
        materials: (0..random.index(5))
            .map(|_| (text::word(random).to_owned(), random.unit() as f32))
            .collect(),
        closure: match random.below(3) {
            0 => Closure::Buttons {
                count: random.below(12) as u8,
            },
            1 => Closure::Zip {
                length: random.unit() * 80.0,
                hidden: random.chance(50),
            },
            _ => Closure::None,
        },
    }
}

/// Sums the numbers in a tree, and reverses every string in it.
fn transform(value: &mut Value) -> f64 {
    match value {
        Value::Null | Value::Bool(_) => 1.0,
        Value::Number(number) => number.as_f64().unwrap_or(0.0),
        Value::String(string) => {
            *string = string.chars().rev().collect();
            string.len() as f64
        }
        Value::Array(items) => items.iter_mut().map(transform).sum(),
        Value::Object(fields) => fields.values_mut().map(transform).sum(),
    }
}

/// Prints, parses, changes and prints again `n` records.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x150);
    let mut checksum = Checksum::new();
    let garments: Vec<Garment> = (0..n.max(1)).map(|_| garment(&mut random)).collect();

    let compact = serde_json::to_string(&garments).expect("serialisable");
    checksum.bytes(compact.as_bytes());
    let typed: Vec<Garment> = serde_json::from_str(&compact).expect("what was just printed");
    assert_eq!(typed, garments);

    let mut tree: Value = serde_json::from_str(&compact).expect("what was just printed");
    checksum.float(transform(&mut tree));
    checksum.bytes(
        serde_json::to_string_pretty(&tree)
            .expect("serialisable")
            .as_bytes(),
    );

    let cut = &compact[..compact.len() / 2];
    let error = serde_json::from_str::<Value>(cut).expect_err("half a document");
    checksum.bytes(error.to_string().as_bytes());
    checksum.finish()
}
