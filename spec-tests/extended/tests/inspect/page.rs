//! The page that `backstitch inspect --html` writes, operated in a browser.

use crate::browser::Browser;
use crate::command::{backstitch, file};
use crate::fixtures::{Writer, big, deep, dump, kitchen, long_list, mixer, orders, ours, shop};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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

    // A value that may be an address links to the memory there, and has a preview of it.
    browser.expect("#frame table .preview", "“apples, pears”");
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
    browser.expect("#dump", "not verified");

    // The URL of a position in the page opens that position.
    browser.open(&page, "frame/0/2");
    browser.expect("#frame h2", "main");
}

#[test]
fn c16_the_page_shows_vectors_as_lanes_of_a_shape() {
    let page = page("vectors", &ours(&mixer(), "mixer.wasm"), &mixer());
    let Some(browser) = Browser::start("vectors") else {
        return;
    };
    let choose = |shape: &str| {
        browser.eval(&format!(
            "const lanes = document.querySelector('#lanes');
            lanes.value = '{shape}';
            lanes.dispatchEvent(new Event('change'));"
        ))
    };
    let whole = "0x7f0e0d0c0b0a09080706050403020100";
    browser.open(&page, "");
    browser.expect(
        "#frame table",
        &format!("v128\ti32x4:50462976,117835012,185207048,2131627276\t{whole}"),
    );
    choose("u16x8");
    browser.expect(
        "#frame table",
        &format!("v128\ti16x8:256,770,1284,1798,2312,2826,3340,32526\t{whole}"),
    );
    choose("f32x4");
    browser.click("#tab-globals");
    browser.expect(
        "#globals",
        "v128\tmut\tf32x4:0.5,-2,10000000000,NaN\t0x7fc00000",
    );

    // Without vectors there is nothing to choose.
    let page = self::page("no_vectors", &dump(Writer::Thorough), shop());
    browser.open(&page, "");
    assert_eq!(
        browser.eval("return document.querySelector('#lanes').hidden"),
        true
    );
}

/// From a local through objects to the cause of a trap, and back to the list of types.
#[test]
fn c18_the_page_follows_references_to_objects() {
    let page = page("objects", &ours(&orders(), "orders.wasm"), &orders());
    let Some(browser) = Browser::start("objects") else {
        return;
    };
    browser.open(&page, "");
    browser.expect("#frame h2", "deliver");
    browser.expect("#frame table", "order\t(ref null $order)\tobject 0 (order)");
    browser.click("#frame table a.object");
    browser.expect("#objects h2", "object 0 order");
    assert_eq!(browser.eval("return location.hash"), "#object/0");
    browser.expect("#objects table", "0\tnumber\ti32\t2");
    browser.expect("#objects table", "2\tcustomer\t(ref null $customer)\tnull");
    browser.expect("#objects table", "3\tnext\t(ref null $order)\tobject");
    browser.click("#objects table a.object");
    browser.expect("#objects table", "0\tnumber\ti32\t1");
    browser.click("#objects table a.object");
    browser.expect("#objects h2", "customer");
    browser.click("#objects table a.object");
    browser.expect("#objects .text", "Ada");
    browser.expect("#objects", "field name");
    // The path leads back to the frame.
    browser.expect("#objects table:last-child", "thread main");

    browser.click("#tab-objects");
    browser.expect("#objects h2", "Types of objects");
    browser.expect("#objects table", "order\tstructure\t4");
    browser.expect("#objects .meta", "8 objects");
    browser.click("#objects table a");
    browser.expect("#objects h3", "OBJECTS OF THE SELECTED TYPE");
    // Globals link to objects too.
    browser.press("3");
    browser.click("#globals a.object");
    browser.expect("#objects h2", "order");
    // The address of an object opens it.
    browser.open(&page, "object/1");
    browser.expect("#objects h2", "object 1");
    // A dump without objects says so.
    let page = self::page("no_objects", &dump(Writer::Thorough), shop());
    browser.open(&page, "objects");
    browser.expect("#objects", "Objects are not recorded in this dump.");
}

#[test]
fn c18_many_objects_stay_usable() {
    let list = long_list(100_000);
    let page = page("many_objects", &ours(&list, "long.wasm"), &list);
    let size = fs::metadata(&page).expect("the item exists").len();
    assert!(size < 16 << 20, "the page has {size} bytes");
    let Some(browser) = Browser::start("many_objects") else {
        return;
    };
    let start = Instant::now();
    browser.open(&page, "objects");
    let opened = start.elapsed();
    assert!(opened < Duration::from_secs(10), "{opened:?}");
    browser.expect(
        "#objects",
        "150,000 objects are in the dump and left out of this page.",
    );
    browser.click("#objects table a");
    browser.expect("#objects button", "200 more of");
    browser.click("#objects button");
    let rows = browser.eval("return document.querySelectorAll('#objects tr').length");
    assert!(
        rows.as_u64().is_some_and(|rows| (400..420).contains(&rows)),
        "{rows} rows"
    );
    browser.open(&page, "object/40000");
    browser.expect("#objects", "more");
}

#[test]
fn c16_the_page_is_operated_by_keys() {
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

#[test]
fn c16_the_page_in_hexadecimal() {
    let page = page("radix", &dump(Writer::Thorough), shop());
    let Some(browser) = Browser::start("radix") else {
        return;
    };
    browser.open(&page, "frame/0/1");
    browser.expect("#frames", "(list=1024, count=0)");
    browser.press("x");
    browser.expect("#frames", "(list=0x00000400, count=0x00000000)");
    browser.expect("#frame table", "sum\ti32\t0x00000348");
    browser.expect("#frame table", "rate\tf64\t1.5");
    browser.click("#radix");
    browser.expect("#frames", "(list=1024, count=0)");
}

/// The tree shows which stacks wait for which, the state of each, and its frames when selected.
#[test]
fn c12_c16_the_page_shows_stacks_as_a_tree() {
    let kitchen_of_three = kitchen(3);
    let dump = ours(&kitchen_of_three, "kitchen.wasm");
    let page = page("stacks", &dump, &kitchen_of_three);
    let Some(browser) = Browser::start("stacks") else {
        return;
    };
    browser.open(&page, "");
    let rows = "return [...document.querySelectorAll('.stack')].map(row =>
        [row.ariaLevel, row.ariaSelected, row.innerText.replace(/\\s+/g, ' ').trim()])";
    let expected = json!([
        [
            "1",
            "false",
            "· call from the host waits for the one below main · 1 frame"
        ],
        ["2", "true", "└ continuation 5 trapped burn · 2 frames"],
        ["1", "false", "· continuation 2 fresh chop · 0 frames"],
        ["1", "false", "· continuation 3 suspended chop · 2 frames"],
        ["1", "false", "· continuation 4 suspended chop · 2 frames"],
    ]);
    assert_eq!(browser.eval(rows), expected);
    browser.expect("#frame .meta", "continuation 5");

    // The frames of a suspended continuation.
    browser.click(".stack:nth-child(5)");
    browser.expect("#frames", "(plate=2)");
    browser.expect("#frame h2", "pause");
    browser.expect("#count", "2 frames");
    // A fresh continuation has arguments but no frames.
    browser.press("s");
    browser.press("\u{e013}");
    browser.press("\u{e013}");
    browser.expect("#frame h2", "continuation 2");
    browser.expect("#frame", "Nothing has run on this stack yet.");
    browser.expect("#frame table", "0\ti32\t41\t0x00000029");
    assert_eq!(browser.eval("return location.hash"), "#stack/1");
    // The URL of a stack selects it, and the URL of a frame selects the frame's stack.
    browser.open(&page, "stack/1");
    browser.expect("#frame h2", "continuation 2");
    browser.open(&page, "frame/0/2");
    browser.expect(".stack[aria-selected=true]", "call from the host");
}

#[test]
fn c16_many_stacks_stay_usable() {
    let kitchen_of_many = kitchen(5_000);
    let dump = ours(&kitchen_of_many, "kitchen.wasm");
    let page = page("many", &dump, &kitchen_of_many);
    let Some(browser) = Browser::start("many") else {
        return;
    };
    browser.open(&page, "");
    let rows = browser.eval("return document.querySelectorAll('.stack').length");
    assert!(rows.as_u64().is_some_and(|rows| rows < 30), "{rows} rows");
    browser.press("s");
    browser.press(END);
    browser.expect("#frames", "(plate=4999)");
    browser.expect(".stack[aria-selected=true]", "suspended");
}

/// Nothing overflows the screen, and a row of bytes fits.
#[test]
fn c16_the_page_on_a_small_screen_with_dark_colours() {
    let page = page("phone", &dump(Writer::Thorough), shop());
    let Some(browser) = Browser::start("phone") else {
        return;
    };
    browser.resize(375);
    browser.darken();
    let fits = "return document.documentElement.scrollWidth <= innerWidth
        && ['frame', 'globals', 'bytes'].every(id => {
            const element = document.getElementById(id);
            return element.scrollWidth <= element.clientWidth;
        })";
    for place in ["frame/0/0", "frame/0/2", "memory/0/0x400", "globals"] {
        browser.open(&page, place);
        assert_eq!(browser.eval(fits), true, "{place}");
    }
    browser.open(&page, "memory/0/0x400");
    browser.expect("#bytes", "apples, ");
    let rows = "return document.querySelector('.hex:nth-child(2)').innerText.split(/\\s+/).length";
    assert!(browser.eval(rows).as_u64().is_some_and(|cells| cells <= 10));
    let paper = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]";
    let paper = browser.eval(paper);
    let red: u32 = paper
        .as_str()
        .and_then(|red| red.parse().ok())
        .expect("a colour");
    assert!(red < 64, "the page is dark: {red}");
    browser.resize(1280);
    browser.expect("#bytes", "apples, pears");
}

/// The page loads no resources, and no text of a dump is interpreted as markup.
#[test]
fn c16_the_page_is_self_contained_and_escapes_texts() {
    let evil = wat::parse_str(
        r#"(module $evil
            (func $"</script><script>document.title='bad'</script>" (export "main")
                (param $"<img src=x onerror=alert(1)>" i32) unreachable))"#,
    )
    .expect("the text is valid");
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
    let start = Instant::now();
    browser.open(&page, "");
    let opened = start.elapsed();
    assert!(opened < Duration::from_secs(10), "{opened:?}");
    browser.expect("#count", "100,000 frames");
    // Each action must be as fast as with a small stack.
    for action in [
        "find('divide')",
        "find('')",
        "older(50_000)",
        "changeBase()",
    ] {
        let took = browser.eval(&format!(
            "const start = performance.now(); {action}; return performance.now() - start"
        ));
        let took = took.as_f64().expect("a time");
        assert!(took < 500.0, "{action} takes {took} ms");
    }
    browser.eval("changeBase()");
    browser.press(END);
    browser.expect("#frame table", "sum\ti32\t0");
    browser.expect("#frames", "99999");
    let rows = browser.eval("return document.querySelectorAll('.row').length");
    assert!(rows.as_u64().is_some_and(|rows| rows < 40), "{rows} rows");
    browser.open(&page, "frame/0/31337");
    browser.expect("#frame table", "sum\ti32\t68662");
}

/// Of 256 MiB, 24 MiB are not zero, and a third of these exceeds the size of the page.
#[test]
fn c16_a_big_memory_stays_usable() {
    let page = page("page_big", &big(), shop());
    let size = fs::metadata(&page).expect("the item exists").len();
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
    // The bytes that a value in a frame points to are in the page, even at a high address.
    browser.click("#tab-frame");
    browser.click("#frame table a");
    browser.expect("#bytes", "0c000000");
    browser.expect("#bytes", "pointed to");
    browser.open(&page, "memory/0/0xc400000");
    browser.expect("#bytes", "··");
    // The wheel moves by rows, although a pixel of the scroll bar stands for many rows.
    let wheel = "const bytes = document.querySelector('#bytes');
        bytes.dispatchEvent(new WheelEvent('wheel', { deltaY: 20, cancelable: true }));
        return document.querySelector('.hex').textContent.slice(0, 8)";
    let address = |text: &serde_json::Value| {
        u64::from_str_radix(text.as_str().expect("an address"), 16).expect("in hexadecimal")
    };
    let first = address(&browser.eval(wheel));
    assert_eq!(json!(address(&browser.eval(wheel)) - first), json!(16));
}

#[test]
fn d2_the_page_shows_variables_and_source_text() {
    let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/../dwarf");
    let module = format!("{programs}/modules/shapes.wasm");
    let dump = file("shapes.coredump", "");
    let page = dump.with_extension("html");
    let path = |path: &PathBuf| path.to_str().expect("the path is text").to_string();
    let (dump, map) = (path(&dump), format!("/programs={programs}"));
    let run = backstitch(["run", "--coredump", &dump, "--invoke", "run", &module, "1"]);
    assert_eq!(run.code, Some(134), "{}", run.err);
    let options = ["inspect", &dump, "--module", &module, "--source-map", &map];
    let html = ["--html", &path(&page)];
    backstitch([&options[..], &html].concat()).expect(0, &format!("wrote {}\n", path(&page)));
    let Some(browser) = Browser::start("sources") else {
        return;
    };
    browser.open(&page, "frame/0/3");
    browser.expect(
        "#frame details.position summary",
        "at /programs/shapes.cpp:74:22",
    );
    browser.expect("#frame .source .here", "74");
    browser.expect("#frame table", "kind\tint\tparam\t1");
    browser.click("#frame details.parts summary");
    browser.expect("#frame .fields", "_vptr$Shape = 0x00000408");
    browser.click("#frame .fields details summary");
    browser.expect("#frame .fields .fields", "0x00000408");
}
