//! Memories: loads and stores, bulk instructions, growing. Results are in bytes per second.

use backstitch::{Engine, Instance, Module, Store};
use backstitch_benches::Export;
use divan::Bencher;
use divan::counter::BytesCount;

const MODULE: &str = r#"(module
    (memory 32)
    (func (export "load") (param $n i32) (result i32)
        (local $sum i64)
        (loop $again
            (local.set $n (i32.sub (local.get $n) (i32.const 8)))
            (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $n))))
            (br_if $again (local.get $n)))
        (i32.wrap_i64 (local.get $sum)))
    (func (export "store") (param $n i32) (result i32)
        (loop $again
            (local.set $n (i32.sub (local.get $n) (i32.const 8)))
            (i64.store (local.get $n) (i64.extend_i32_u (local.get $n)))
            (br_if $again (local.get $n)))
        (local.get $n))
    (func (export "copy") (param $n i32) (result i32)
        (memory.copy (local.get $n) (i32.const 0) (local.get $n))
        (local.get $n))
    (func (export "fill") (param $n i32) (result i32)
        (memory.fill (i32.const 0) (i32.const 0xa5) (local.get $n))
        (local.get $n)))"#;

/// Grows a memory page by page.
const GROWING: &str = r#"(module
    (memory 0)
    (func (export "grow") (param $pages i32) (result i32)
        (loop $again
            (drop (memory.grow (i32.const 1)))
            (br_if $again (i32.lt_u (memory.size) (local.get $pages))))
        (memory.size)))"#;

fn main() {
    divan::main();
}

#[divan::bench(args = ["load", "store", "copy", "fill"])]
fn accesses(bencher: Bencher<'_, '_>, name: &str) {
    const BYTES: i32 = 1 << 20;
    let mut export = Export::new(MODULE, name);
    bencher
        .counter(BytesCount::new(BYTES.unsigned_abs()))
        .bench_local(|| export.call(BYTES));
}

#[divan::bench]
fn growing_by_pages(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| Export::new(GROWING, "grow"))
        .bench_local_values(|mut export| export.call(256));
}

/// Creates instances with memories of so many pages, of which the first bytes are written.
#[divan::bench(args = [1, 8, 16, 64, 256, 1024])]
fn instantiating(bencher: Bencher<'_, '_>, pages: u32) {
    let engine = Engine::default();
    let text = format!(r#"(module (memory {pages}) (data (i32.const 8) "data"))"#);
    let module = Module::new(&engine, text).expect("the module is valid");
    bencher.bench_local(|| {
        let mut store = Store::new(&engine, ());
        Instance::new(&mut store, &module, &[]).expect("there is memory")
    });
}
