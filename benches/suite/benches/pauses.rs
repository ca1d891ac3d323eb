//! The longest pauses of the collector while many objects are alive.
//!
//! Each program keeps some objects of one kind, then creates four times as many that are garbage. It
//! creates one at each call, whose time is measured: the time of the thread, so that other programs do
//! not count. A call takes about as long as reading the clock, apart from those in which the
//! collector does a step.
//!
//! ```text
//! cargo bench --manifest-path benches/suite/Cargo.toml --bench pauses [-- NAME [LIVE]]
//! ```

use backstitch::{Config, Engine, ExternRef, Linker, Module, Rooted, Store};
use rustix::time::{ClockId, clock_gettime};

/// Exports `keep(i)`, which creates an object that stays alive, and `lose()`, which creates one that
/// does not. `prepare(n)` makes room.
const MODULES: &[(&str, usize, &str)] = &[
    (
        "structures",
        1_000_000,
        r#"(module
            (type $s (struct (field i32) (field i32) (field (ref null $s))))
            (type $a (array (mut (ref null $s))))
            (global $all (mut (ref null $a)) (ref.null $a))
            (func (export "prepare") (param i32)
                (global.set $all (array.new_default $a (local.get 0))))
            (func (export "keep") (param $i i32)
                (array.set $a (global.get $all) (local.get $i)
                    (struct.new $s (local.get $i) (i32.const 1)
                        (array.get $a (global.get $all) (i32.shr_u (local.get $i) (i32.const 1))))))
            (func (export "lose")
                (drop (struct.new $s (i32.const 1) (i32.const 2) (ref.null $s)))))"#,
    ),
    (
        "arrays",
        100_000,
        r#"(module
            (type $s (array (mut i8)))
            (type $a (array (mut (ref null $s))))
            (global $all (mut (ref null $a)) (ref.null $a))
            (func (export "prepare") (param i32)
                (global.set $all (array.new_default $a (local.get 0))))
            (func (export "keep") (param $i i32)
                (array.set $a (global.get $all) (local.get $i)
                    (array.new_default $s (i32.and (local.get $i) (i32.const 511)))))
            (func (export "lose")
                (drop (array.new_default $s (i32.const 300)))))"#,
    ),
    (
        "large arrays",
        100,
        r#"(module
            (type $s (array (mut i8)))
            (type $a (array (mut (ref null $s))))
            (global $all (mut (ref null $a)) (ref.null $a))
            (func (export "prepare") (param i32)
                (global.set $all (array.new_default $a (local.get 0))))
            (func (export "keep") (param $i i32)
                (array.set $a (global.get $all) (local.get $i)
                    (array.new_default $s (i32.const 1000000))))
            (func (export "lose")
                (drop (array.new_default $s (i32.const 1000000)))))"#,
    ),
    (
        "host values",
        1_000_000,
        r#"(module
            (import "host" "new" (func $new (result externref)))
            (table $all 0 externref)
            (func (export "prepare") (param i32)
                (drop (table.grow $all (ref.null extern) (local.get 0))))
            (func (export "keep") (param $i i32) (table.set $all (local.get $i) (call $new)))
            (func (export "lose") (drop (call $new))))"#,
    ),
    (
        "exceptions",
        1_000_000,
        r#"(module
            (tag $e (param i32))
            (table $all 0 exnref)
            (func $new (result exnref)
                (block $caught (result exnref)
                    (try_table (catch_all_ref $caught) (throw $e (i32.const 1)))
                    (unreachable)))
            (func (export "prepare") (param i32)
                (drop (table.grow $all (ref.null exn) (local.get 0))))
            (func (export "keep") (param $i i32) (table.set $all (local.get $i) (call $new)))
            (func (export "lose") (drop (call $new))))"#,
    ),
    (
        "continuations",
        1_000_000,
        r#"(module
            (type $f (func)) (type $k (cont $f))
            (tag $yield)
            (table $all 0 (ref null $k))
            (elem declare func $once)
            (func $once (suspend $yield))
            (func $new (result (ref $k))
                (block $suspended (result (ref $k))
                    (resume $k (on $yield $suspended) (cont.new $k (ref.func $once)))
                    (unreachable)))
            (func (export "prepare") (param i32)
                (drop (table.grow $all (ref.null $k) (local.get 0))))
            (func (export "keep") (param $i i32) (table.set $all (local.get $i) (call $new)))
            (func (export "lose") (drop (call $new))))"#,
    ),
    (
        "deep continuation",
        200_000,
        r#"(module
            (type $f (func)) (type $k (cont $f)) (type $s (struct (field i32)))
            (tag $yield)
            (global $k (mut (ref null $k)) (ref.null $k))
            (global $depth (mut i32) (i32.const 0))
            (elem declare func $start)
            (func $start (drop (call $down (global.get $depth))))
            (func $down (param $depth i32) (result i32)
                (local $s (ref $s))
                (local.set $s (struct.new $s (local.get $depth)))
                (if (local.get $depth)
                    (then (return (i32.add (struct.get $s 0 (local.get $s))
                        (call $down (i32.sub (local.get $depth) (i32.const 1)))))))
                (suspend $yield)
                (i32.const 0))
            (func (export "prepare") (param i32)
                (global.set $depth (local.get 0))
                (block $suspended (result (ref $k))
                    (resume $k (on $yield $suspended) (cont.new $k (ref.func $start)))
                    (unreachable))
                (global.set $k))
            (func (export "keep") (param $i i32))
            (func (export "lose") (drop (struct.new $s (i32.const 1)))))"#,
    ),
];

/// Returns a program that creates garbage below the frames of `functions` functions, which call one
/// another in turn. Each has one call.
fn deep_stack(functions: usize) -> String {
    let mut text = String::from(
        r#"(module
            (type $s (struct (field i32)))
            (import "host" "lose" (func $lose))
            (func (export "prepare") (param i32) (drop (call $down0 (local.get 0))))
            (func (export "keep") (param $i i32))
            (func (export "lose") (drop (struct.new $s (i32.const 1))))"#,
    );
    for index in 0..functions {
        let next = (index + 1) % functions;
        text += &format!(
            r#"(func $down{index} (param $depth i32) (result i32)
                (local $s (ref $s))
                (local.set $s (struct.new $s (local.get $depth)))
                (if (local.get $depth)
                    (then (return (i32.add (struct.get $s 0 (local.get $s))
                        (call $down{next} (i32.sub (local.get $depth) (i32.const 1)))))))
                (loop $again
                    (call $lose)
                    (br_if $again (i32.lt_u
                        (local.tee $depth (i32.add (local.get $depth) (i32.const 1)))
                        (i32.const 800000))))
                (i32.const 0))"#
        );
    }
    text + ")"
}

/// Returns the time that this thread has taken, in nanoseconds.
fn now() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Times of calls.
#[derive(Default)]
struct Times(Vec<u64>);

impl Times {
    fn measure(&mut self, call: impl FnOnce()) {
        let start = now();
        call();
        self.0.push(now() - start);
    }

    fn print(mut self, kind: &str, part: &str) {
        self.0.sort_unstable();
        let count = self.0.len();
        let Some(&longest) = self.0.last() else {
            return;
        };
        let at = |share: f64| self.0[((count as f64 * share) as usize).min(count - 1)] as f64 / 1e3;
        let mean = self.0.iter().sum::<u64>() as f64 / count as f64 / 1e3;
        println!(
            "| {kind} | {part} | {count} | {mean:.2} | {:.1} | {:.1} | {:.1} |",
            at(0.999),
            at(0.9999),
            longest as f64 / 1e3
        );
    }
}

fn measure(kind: &str, live: usize, text: &str) {
    let mut config = Config::new();
    config.wasm_stack_switching(true).max_wasm_stack(1 << 30);
    let engine = Engine::new(&config).expect("the backend is available");
    let module = Module::new(&engine, text).expect("the module is valid");
    let mut linker = Linker::new(&engine);
    let new = |mut caller: backstitch::Caller<'_, Times>| -> Result<Option<Rooted<ExternRef>>, _> {
        ExternRef::new(&mut caller, 0).map(Some)
    };
    linker.func_wrap("host", "new", new).expect("a new name");
    // Called back for each object, as the stack of the caller is what matters.
    let lose = |mut caller: backstitch::Caller<'_, Times>| {
        let lose = caller.get_export("lose").and_then(|it| it.into_func());
        let lose = lose.expect("the export exists");
        let lose = lose.typed::<(), ()>(&caller).expect("its type");
        let start = now();
        lose.call(&mut caller, ()).expect("the call returns");
        let taken = now() - start;
        caller.data_mut().0.push(taken);
    };
    linker.func_wrap("host", "lose", lose).expect("a new name");
    let mut store = Store::new(&engine, Times::default());
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("the imports are defined");
    let prepare = instance.get_typed_func::<i32, ()>(&mut store, "prepare");
    let prepare = prepare.expect("the export exists");
    let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep");
    let keep = keep.expect("the export exists");
    let lose = instance.get_typed_func::<(), ()>(&mut store, "lose");
    let lose = lose.expect("the export exists");
    prepare
        .call(&mut store, live as i32)
        .expect("the call returns");
    let within = std::mem::take(store.data_mut());
    if !within.0.is_empty() {
        return within.print(kind, "while it is deep");
    }
    let mut times = Times::default();
    for index in 0..live {
        times.measure(|| {
            keep.call(&mut store, index as i32)
                .expect("the call returns")
        });
    }
    times.print(kind, "while they become more");
    let mut times = Times::default();
    for _ in 0..live * 4 {
        times.measure(|| lose.call(&mut store, ()).expect("the call returns"));
    }
    times.print(kind, "while they are alive");
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| !it.starts_with("--"));
    let name = arguments.next().unwrap_or_default();
    let live: Option<usize> = arguments.next().and_then(|live| live.parse().ok());
    println!("| kind | calls | number | mean µs | 99.9 % | 99.99 % | longest µs |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for &(kind, usual, text) in MODULES {
        if kind.contains(&name) {
            measure(kind, live.unwrap_or(usual), text);
        }
    }
    for functions in [1, 100] {
        let kind = format!("deep stack of {functions} functions");
        if kind.contains(&name) {
            measure(&kind, live.unwrap_or(200_000), &deep_stack(functions));
        }
    }
}
