//! Continuations and exceptions. Each program repeats an operation as often as its argument.
//!
//! `round_trips` includes the loop, which `loop_around_a_call` measures alone.

use backstitch_benches::Export;
use divan::Bencher;
use divan::counter::ItemsCount;

const MODULE: &str = r#"(module
    (type $f (func)) (type $k (cont $f))
    (type $taker (func (param i32))) (type $t (cont $taker))
    (tag $yield) (tag $give (param i32)) (tag $ask (result i32))
    (tag $problem)
    (elem declare func $yields $gives $asks $once)
    (func $yields (loop $again (suspend $yield) (br $again)))
    (func $gives (loop $again (suspend $give (i32.const 1)) (br $again)))
    (func $asks (param i32) (loop $again (drop (suspend $ask)) (br $again)))
    (func $once (suspend $yield))

    (func (export "yield") (param $n i32) (result i32)
        (local $k (ref $k))
        (local.set $k (cont.new $k (ref.func $yields)))
        (loop $again
            (block $suspended (result (ref $k))
                (resume $k (on $yield $suspended) (local.get $k))
                (unreachable))
            (local.set $k)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))
    (func (export "give") (param $n i32) (result i32)
        (local $k (ref $k)) (local $given i32)
        (local.set $k (cont.new $k (ref.func $gives)))
        (loop $again
            (block $suspended (result i32 (ref $k))
                (resume $k (on $give $suspended) (local.get $k))
                (unreachable))
            (local.set $k)
            (local.set $given)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (local.get $given)))))
        (local.get $n))
    (func (export "ask") (param $n i32) (result i32)
        (local $t (ref $t))
        (local.set $t (cont.new $t (ref.func $asks)))
        (loop $again
            (block $suspended (result (ref $t))
                (resume $t (on $ask $suspended) (local.get $n) (local.get $t))
                (unreachable))
            (local.set $t)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))
    (func $nothing)
    (func (export "loop") (param $n i32) (result i32)
        (loop $again
            (call $nothing)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))

    (func (export "live") (param $n i32) (result i32)
        (loop $again
            (block $suspended (result (ref $k))
                (resume $k (on $yield $suspended) (cont.new $k (ref.func $once)))
                (unreachable))
            (drop)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))

    (table $all 0 (ref null $k))
    (func (export "many") (param $n i32) (result i32)
        (drop (table.grow $all (ref.null $k) (local.get $n)))
        (loop $again
            (table.set $all
                (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
                (block $suspended (result (ref $k))
                    (resume $k (on $yield $suspended) (cont.new $k (ref.func $once)))
                    (unreachable)))
            (br_if $again (local.get $n)))
        (local.get $n))

    (func $throws (param $depth i32)
        (if (local.get $depth)
            (then (call $throws (i32.sub (local.get $depth) (i32.const 1))) (return)))
        (throw $problem))
    (func (export "throw") (param $n i32) (result i32)
        (loop $again
            (block $caught
                (try_table (catch $problem $caught) (call $throws (i32.const 10))))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n)))"#;

fn main() {
    divan::main();
}

fn repeated(bencher: Bencher<'_, '_>, name: &str, count: i32) {
    let mut export = Export::new(MODULE, name);
    bencher
        .counter(ItemsCount::new(count.unsigned_abs()))
        .bench_local(|| export.call(count));
}

/// Suspensions and resumptions: without values, with a value passed out, with a value passed in.
#[divan::bench(args = ["yield", "give", "ask"])]
fn round_trips(bencher: Bencher<'_, '_>, name: &str) {
    repeated(bencher, name, 100_000);
}

#[divan::bench]
fn loop_around_a_call(bencher: Bencher<'_, '_>) {
    repeated(bencher, "loop", 100_000);
}

/// Continuations that are created, run to their first suspension, dropped, and later collected.
#[divan::bench]
fn made_run_dropped(bencher: Bencher<'_, '_>) {
    repeated(bencher, "live", 10_000);
}

/// A million suspended continuations at the same time, in a new store.
#[divan::bench(sample_count = 5)]
fn a_million_at_once(bencher: Bencher<'_, '_>) {
    const COUNT: i32 = 1_000_000;
    bencher
        .counter(ItemsCount::new(COUNT.unsigned_abs()))
        .bench_local(|| Export::new(MODULE, "many").call(COUNT));
}

/// Exceptions that are caught ten frames up.
#[divan::bench]
fn exceptions(bencher: Bencher<'_, '_>) {
    repeated(bencher, "throw", 10_000);
}
