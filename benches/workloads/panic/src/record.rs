use std::collections::BTreeMap;

use serde::{
    Deserialize, Serialize,
    ser::{SerializeSeq, Serializer},
};

use crate::{Report, fault::Fault};

#[derive(Serialize)]
struct Record<'a> {
    chapter: usize,
    title: &'a str,
    counts: BTreeMap<char, u32>,
    path: Path,
}

#[derive(Deserialize)]
struct Summary {
    chapter: usize,
    counts: BTreeMap<String, u32>,
    path: Vec<usize>,
}

/// A field whose value is computed when it is serialised.
struct Path {
    depth: usize,
    fault: Option<Fault>,
}

impl Serialize for Path {
    #[inline(never)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.depth))?;
        let mut steps: Vec<usize> = (1..=self.depth).collect();
        steps.sort_by_cached_key(|&step| match self.fault {
            Some(fault) if step == 3 => fault.happen(step),
            _ => step * 7 % 5,
        });
        for step in &steps {
            sequence.serialize_element(step)?;
        }
        sequence.end()
    }
}

/// Returns the line for a chapter, converted through JSON and TOML.
#[inline(never)]
pub fn write(report: &Report, depth: usize, chapter: usize) -> String {
    let title = report.chapters[chapter].lines().next().unwrap_or_default();
    let mut counts = BTreeMap::new();
    for character in title.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let path = Path {
        depth,
        fault: report.fault,
    };
    let json = serde_json::to_string(&Record {
        chapter,
        title,
        counts,
        path,
    })
    .expect("serialisable");
    let summary: Summary = serde_json::from_str(&json).expect("what was just written");
    let mut table = toml::Table::new();
    table.insert(
        "chapter".into(),
        toml::Value::Integer(summary.chapter as i64),
    );
    table.insert(
        "letters".into(),
        toml::Value::Integer(summary.counts.values().sum::<u32>().into()),
    );
    table.insert(
        "path".into(),
        summary
            .path
            .iter()
            .map(|&step| step as i64)
            .collect::<Vec<_>>()
            .into(),
    );
    table.to_string().replace('\n', "; ")
}
