//! The page that `backstitch inspect --html` writes, used in a browser as people use it.

use crate::browser::Browser;
use crate::command::{backstitch, file};
use crate::fixtures::{Writer, big, deep, dump, ours, shop};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// WebDriver's code of the End key.
const END: &str = "\u{e010}";

fn page(name: &str, dump: &[u8], module: &[u8]) -> PathBuf {
    let dump = file(&format!("{name}.coredump"), dump);
    let module = file(&format!("{name}.wasm"), module);
    let page = dump.with_extension("html");
    let path = |path: &PathBuf| path.to_str().expect("the path is text").to_string();
    let run = backstitch([
        "inspect",
        &path(&dump),
        "--module",
        &path(&module),
        "--html",
        &path(&page),
    ]);
    run.expect(0, &format!("wrote {}\n", path(&page)));
    page
}

#[test]
fn c16_the_page_shows_frames_and_memory() {
    let page = page("page", &dump(Writer::Thorough), shop());
    let Some(browser) = Browser::start("page") else {
        return;
    };
    browser.open(&page, "");
    browser.expect("#program", "shop.wasm");
    browser.expect("#where", "in shop!divide(sum=840, count=0), at i32.div_s");
    browser.expect("#count", "3 frames");
    browser.expect("#frame .here", "i32.div_s");

    browser.click("#row-1");
    browser.expect("#frame h2", "average (i32, i32) -> i32");
    browser.expect("#frame .here", "call $divide");
    let locals = browser.text("#frame table");
    for part in [
        "list\ti32\t1024",
        "sum\ti32\t840",
        "rate\tf64\t1.5\t0x3ff8000000000000",
    ] {
        assert!(locals.contains(part), "`{part}` is not in:\n{locals}");
    }
    assert_eq!(browser.eval("return location.hash"), "#frame/0/1");

    // A value that may be an address leads to what is there.
    browser.click("#frame table a");
    browser.expect("#bytes", "apples, pears");
    assert_eq!(browser.eval("return location.hash"), "#memory/0/0x400");
    browser.type_into("#address", "0x1fff0\n");
    browser.expect("#bytes", "0001fff0");
    browser.type_into("#address", "0x20000\n");
    assert_eq!(
        browser.eval("return document.querySelector('#address').validity.valid"),
        false
    );
    browser.click("#before");
    browser.expect("#bytes", "apples, pears");

    browser.click("#tab-globals");
    browser.expect("#globals", "i64\tmut\t1234567890123\t0x0000011f71fb04cb");
    browser.click("#tab-dump");
    browser.expect("#dump", "taken on trust");

    // The address of a place in the page leads back to it.
    browser.open(&page, "frame/0/2");
    browser.expect("#frame h2", "main");
}

#[test]
fn c16_the_page_without_a_mouse() {
    let page = page("keys", &dump(Writer::Thorough), shop());
    let Some(browser) = Browser::start("keys") else {
        return;
    };
    browser.open(&page, "");
    browser.press("j");
    browser.expect("#frame h2", "average");
    browser.press(END);
    browser.expect("#frame h2", "main");
    browser.press("k");
    browser.expect("#frame h2", "average");
    browser.press("3");
    browser.expect("#globals h3", "INSTANCE 0 OF SHOP");
    browser.press("g");
    let focused = "return document.activeElement.id";
    assert_eq!(browser.eval(focused), "address");
    browser.press("\u{e00c}");
    assert_eq!(browser.eval(focused), "frames");
    browser.press("2");
    browser.press("n");
    browser.expect("#bytes", "apples, pears");
    browser.press("/");
    assert_eq!(browser.eval(focused), "find");
    browser.type_into("#find", "divi");
    browser.expect("#count", "1 of 3");
    browser.expect("#frame h2", "divide");
}

/// Nothing is fetched, and nothing that a dump says is markup.
#[test]
fn c16_the_page_is_alone_and_safe() {
    let evil = wat::parse_str(
        r#"(module $evil
            (func $"</script><script>document.title='bad'</script>" (export "main")
                (param $"<img src=x onerror=alert(1)>" i32) unreachable))"#,
    )
    .expect("the text is right");
    let page = page("alone", &ours(&evil, "<b>{{script}}</b>"), &evil);
    let text = fs::read_to_string(&page).expect("the page is text");
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!text.contains(outside), "the page has {outside}");
    }
    let Some(browser) = Browser::start("alone") else {
        return;
    };
    browser.open(&page, "");
    browser.expect("#program", "<b>{{script}}</b>");
    browser.expect(
        "#frame h2",
        "</script><script>document.title='bad'</script>",
    );
    browser.expect("#frame table", "<img src=x onerror=alert(1)>");
    assert_eq!(
        browser.eval("return document.title"),
        "<b>{{script}}</b>: core dump"
    );
    let fetched = "return performance.getEntriesByType('resource').length";
    assert_eq!(browser.eval(fetched), 0);
}

#[test]
fn c16_a_deep_stack_stays_usable() {
    let page = page("page_deep", &deep(100_000), shop());
    let Some(browser) = Browser::start("deep") else {
        return;
    };
    browser.open(&page, "");
    browser.expect("#count", "100,000 frames");
    browser.press(END);
    browser.expect("#frame table", "sum\ti32\t0");
    browser.expect("#frames", "99999");
    let rows = browser.eval("return document.querySelectorAll('.row').length");
    assert!(rows.as_u64().is_some_and(|rows| rows < 40), "{rows} rows");
    browser.open(&page, "frame/0/31337");
    browser.expect("#frame table", "sum\ti32\t68662");
}

/// 256 MiB, of which 24 are not zero, and a third of those is not in the page.
#[test]
fn c16_a_big_memory_stays_usable() {
    let page = page("page_big", &big(), shop());
    let size = fs::metadata(&page).expect("it is there").len();
    assert!(size < 32 << 20, "the page has {size} bytes");
    let Some(browser) = Browser::start("big") else {
        return;
    };
    browser.open(&page, "memory/0/0xfffffff");
    browser.expect("#extent", "268,435,456 bytes");
    browser.expect("#memory-note", "are left out of this page");
    browser.expect("#bytes", "0ffffff0");
    let rows = browser.eval("return document.querySelectorAll('.hex').length");
    assert!(rows.as_u64().is_some_and(|rows| rows < 80), "{rows} rows");
    // Where a frame's value points to, the bytes are there, however far up.
    browser.click("#tab-frame");
    browser.click("#frame table a");
    browser.expect("#bytes", "0c000000");
    browser.expect("#bytes", "pointed to");
    browser.open(&page, "memory/0/0xc400000");
    browser.expect("#bytes", "··");
    // The wheel moves by rows, though a pixel of the scroll bar is many of them.
    let wheel = "const bytes = document.querySelector('#bytes');
        bytes.dispatchEvent(new WheelEvent('wheel', { deltaY: 20, cancelable: true }));
        return document.querySelector('.hex').textContent.slice(0, 8)";
    let address = |text: &serde_json::Value| {
        u64::from_str_radix(text.as_str().expect("an address"), 16).expect("in hexadecimal")
    };
    let first = address(&browser.eval(wheel));
    assert_eq!(json!(address(&browser.eval(wheel)) - first), json!(16));
}
