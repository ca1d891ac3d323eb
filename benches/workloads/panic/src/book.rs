use std::{cell::RefCell, rc::Rc};

use serde::{Deserialize, Deserializer, de::Error};

use crate::{Report, template};

thread_local! {
    // The report, which serde cannot pass to `compile_page`.
    static REPORT: RefCell<Option<Rc<Report>>> = const { RefCell::new(None) };
}

#[derive(Deserialize)]
struct Book {
    part: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    title: String,
    #[serde(deserialize_with = "compile_page")]
    page: String,
}

/// Compiles a chapter while its number is deserialised.
#[inline(never)]
fn compile_page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let number = usize::deserialize(deserializer)?;
    let report = REPORT
        .with_borrow(|report| report.clone())
        .expect("set by compile");
    if number >= report.chapters.len() {
        return Err(D::Error::custom("no such chapter"));
    }
    Ok(template::render(&report, number))
}

/// Compiles the whole report: the parts of the outline, in its order.
#[inline(never)]
pub fn compile(report: Rc<Report>) -> String {
    let outline: String = (0..report.chapters.len())
        .map(|number| format!("[[part]]\ntitle = 'Part {number}'\npage = {number}\n"))
        .collect();
    REPORT.replace(Some(report));
    let book: Book = toml::from_str(&outline).expect("an outline of this shape");
    book.part.iter().fold(String::new(), |all, part| {
        all + &part.title + "\n" + &part.page
    })
}
