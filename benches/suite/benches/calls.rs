//! Calls between functions, of a host function, and from the host. Each number is per call.

use backstitch::Config;
use backstitch_benches::Export;
use divan::Bencher;
use divan::counter::ItemsCount;

const MODULE: &str = r#"(module
    (import "" "host" (func $host (param i32) (result i32)))
    (table funcref (elem $next))
    (type $next (func (param i32) (result i32)))
    (func $next (type $next) (i32.sub (local.get 0) (i32.const 1)))
    (func (export "direct") (param i32) (result i32)
        (loop $again
            (br_if $again (local.tee 0 (call $next (local.get 0)))))
        (local.get 0))
    (func (export "indirect") (param i32) (result i32)
        (loop $again
            (br_if $again
                (local.tee 0
                    (call_indirect (type $next) (local.get 0) (i32.const 0)))))
        (local.get 0))
    (func (export "out") (param i32) (result i32)
        (loop $again
            (br_if $again (local.tee 0 (call $host (local.get 0)))))
        (local.get 0))
    (func (export "in") (param i32) (result i32) (local.get 0)))"#;

const CALLS: i32 = 10_000;

fn main() {
    divan::main();
}

fn export(name: &str) -> Export {
    Export::with(&Config::new(), MODULE, name, |linker| {
        let host = |left: i32| left - 1;
        linker
            .func_wrap("", "host", host)
            .expect("the name is not defined yet");
    })
}

#[divan::bench(args = ["direct", "indirect", "out"])]
fn in_a_loop(bencher: Bencher<'_, '_>, name: &str) {
    let mut export = export(name);
    bencher
        .counter(ItemsCount::new(CALLS.unsigned_abs()))
        .bench_local(|| export.call(CALLS));
}

#[divan::bench]
fn from_the_host(bencher: Bencher<'_, '_>) {
    let mut export = export("in");
    bencher.bench_local(|| export.call(1));
}
