//! Templates: two engines that walk a tree with values.
#![no_main]

use std::collections::BTreeMap;

use handlebars::Handlebars;
use serde::Serialize;
use support::{Checksum, Random, text};
use tera::{Context, Tera};

#[derive(Serialize)]
struct Row {
    name: String,
    price: f64,
    tags: Vec<&'static str>,
}

/// Renders `n` pages with each engine.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x7e3);
    let mut checksum = Checksum::new();
    let mut first = Tera::default();
    first
        .add_raw_template(
            "page.html",
            "{% macro tag(x) %}<i>{{ x | upper }}</i>{% endmacro %}{% for row in rows | sort(attribute='name') %}\
             {% if row.price > 50 and loop.index % 2 == 0 %}<b>{{ row.name | title }}</b>{% else %}{{ row.name }}\
             {% endif %}: {{ row.price * 1.19 | round(precision=2) }}{% for t in row.tags %}{{ self::tag(x=t) }}\
             {% endfor %}{% endfor %}",
        )
        .expect("a valid template");
    let mut second = Handlebars::new();
    second
        .register_template_string(
            "page",
            "{{#each rows}}{{#if tags}}<b>{{name}}</b>{{else}}{{name}}{{/if}} {{@index}} {{price}}\
             {{#each tags}}<i>{{this}} {{../name}}</i>{{/each}}{{/each}}",
        )
        .expect("a valid template");
    for _ in 0..n.max(1) {
        let rows: Vec<Row> = (0..10)
            .map(|_| Row {
                name: format!("{} & {}", text::word(&mut random), text::word(&mut random)),
                price: f64::from(random.below(10_000)) / 100.0,
                tags: (0..random.index(4))
                    .map(|_| text::word(&mut random))
                    .collect(),
            })
            .collect();
        let values = BTreeMap::from([("rows", rows)]);
        let context = Context::from_serialize(&values).expect("a map");
        let page = first.render("page.html", &context).expect("a valid page");
        checksum.bytes(page.as_bytes());
        let page = second.render("page", &values).expect("a valid page");
        checksum.bytes(page.as_bytes());
    }
    checksum.finish()
}
