use std::{cell::RefCell, rc::Rc};

use minijinja::{Environment, context};

use crate::{Report, markup};

const PAGE: &str = "{% macro section(chapter) %}<section id='{{ chapter.number }}'>
{{- chapter.source|markup -}}
</section>{% endmacro %}
{%- for chapter in chapters if chapter.source %}{{ section(chapter) }}
{% endfor %}";

thread_local! {
    // A filter must be `Send + Sync`, which a report is not.
    static REPORT: RefCell<Option<Rc<Report>>> = const { std::cell::RefCell::new(None) };
}

/// Renders the page of a chapter.
#[inline(never)]
pub fn render(report: &Rc<Report>, number: usize) -> String {
    REPORT.replace(Some(Rc::clone(report)));
    let mut environment = Environment::new();
    environment.add_filter("markup", |source: String| {
        let report = REPORT
            .with_borrow(|report| report.clone())
            .expect("set above");
        markup::render(&report, &source)
    });
    environment.add_template("page", PAGE).expect("well formed");
    let chapter = context! { number => number, source => &report.chapters[number] };
    environment
        .get_template("page")
        .and_then(|page| page.render(context! { chapters => vec![chapter] }))
        .expect("a template that is right")
}
