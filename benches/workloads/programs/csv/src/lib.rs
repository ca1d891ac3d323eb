//! CSV: a table-driven state machine over bytes, then sorting and aggregation.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, WriterBuilder};
use serde::{Deserialize, Serialize};
use support::{Checksum, Random, text};

#[derive(Debug, Serialize, Deserialize)]
struct Sale {
    order: u32,
    item: String,
    quantity: i64,
    price: f64,
    remark: Option<String>,
}

/// Writes `n` rows, reads them back typed and untyped, and groups them.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xc5);
    let mut checksum = Checksum::new();

    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    for order in 0..n.max(1) as u32 {
        writer
            .serialize(Sale {
                order,
                item: format!("{}, {}", text::word(&mut random), text::word(&mut random)),
                quantity: i64::from(random.below(50)) - 3,
                price: f64::from(random.below(100_000)) / 100.0,
                remark: random.chance(25).then(|| {
                    format!(
                        "\"{}\"\n{}",
                        text::word(&mut random),
                        text::word(&mut random)
                    )
                }),
            })
            .expect("writing to memory");
    }
    let document = writer.into_inner().expect("writing to memory");
    checksum.bytes(&document);

    let mut totals: BTreeMap<String, (i64, f64)> = BTreeMap::new();
    let mut sales: Vec<Sale> = ReaderBuilder::new()
        .from_reader(document.as_slice())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("what was just written");
    sales.sort_by(|a, b| {
        b.price
            .total_cmp(&a.price)
            .then_with(|| a.item.cmp(&b.item))
            .then(a.order.cmp(&b.order))
    });
    for sale in &sales {
        checksum.word(u64::from(sale.order));
        let total = totals.entry(sale.item.clone()).or_default();
        total.0 += sale.quantity;
        total.1 += sale.price * sale.quantity as f64;
    }
    for (item, (quantity, value)) in &totals {
        checksum.bytes(item.as_bytes());
        checksum.word(*quantity as u64);
        checksum.float(*value);
    }

    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .from_reader(document.as_slice());
    let mut writer = WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    for record in reader.byte_records() {
        let record = record.expect("what was just written");
        writer
            .write_record(record.iter().rev())
            .expect("writing to memory");
    }
    checksum.bytes(&writer.into_inner().expect("writing to memory"));
    checksum.finish()
}
