//! 100,000 mutated core dumps. Each is read or refused with an offset. None causes a panic or takes
//! memory out of proportion.

use crate::guard::{panics, peak_of, survives};
use crate::mutation::mutate;
use crate::random::Random;
use backstitch::coredump::{HeapGraph, ObjectType};
use backstitch::{
    Config, CoreDump, CoreDumpError, CoreDumpOptions, Engine, Instance, Module, Store, WasmCoreDump,
};

/// Number of seeds, each of which gives one mutant.
const SEEDS: u64 = 100_000;

/// Maximum number of allocated bytes per byte of a dump. A missing value takes one byte in a dump
/// and a few dozen in memory, and growing lists allocate up to twice as much.
const PER_BYTE: usize = 256;
/// Number of allocated bytes that are allowed in addition.
const ANYWAY: usize = 64 << 10;

/// Programs that have something for every part of a dump.
const PROGRAMS: [&str; 3] = [
    r#"(module $everything
        (memory $small 1) (memory $wide i64 1 2)
        (table $functions 4 8 funcref) (table $values 2 externref)
        (global $a (mut f32) (f32.const 0.5)) (global $b (mut funcref) (ref.null func))
        (global $c i64 (i64.const -5))
        (elem (table $functions) (i32.const 1) func $deep $main)
        (data (memory $small) (i32.const 65000) "the end")
        (data $passive "later")
        (func $deep (param $n i32) (result i32) (local $x f64) (local $f funcref)
            (local.set $x (f64.const 2.5))
            (local.set $f (ref.func $deep))
            (if (result i32) (local.get $n)
                (then (i32.add (i32.const 3)
                    (call $deep (i32.sub (local.get $n) (i32.const 1)))))
                (else (i32.load (i32.const -4)))))
        (func $main (export "main") (result i32)
            (data.drop $passive)
            (call $deep (i32.const 5))))"#,
    r#"(module (func (export "main") (result i32) unreachable))"#,
    r#"(module $objects
        (type $bytes (array i8)) (type $f (func)) (type $k (cont $f))
        (rec (type $node (struct (field $next (mut (ref null $node))) (field $all (ref null $list))
                (field $bytes (ref null $bytes)) (field $x f64)))
            (type $list (array (mut anyref))))
        (tag $thrown (param (ref null $node)))
        (global $root (mut anyref) (ref.null any)) (global $caught (mut exnref) (ref.null exn))
        (global $fresh (mut (ref null $k)) (ref.null $k))
        (table $table 9 externref) (elem declare func $throws)
        (elem (ref $bytes) (item (array.new_fixed $bytes 2 (i32.const 1) (i32.const 2))))
        (func $throws (throw $thrown (ref.null $node)))
        (func (export "main") (result i32) (local $node (ref null $node))
            (global.set $root (array.new $list (ref.i31 (i32.const 5)) (i32.const 30)))
            (local.set $node (struct.new $node (ref.null $node)
                (ref.cast (ref $list) (global.get $root))
                (array.new $bytes (i32.const 3) (i32.const 20)) (f64.const 2)))
            (struct.set $node $next (local.get $node) (local.get $node))
            (array.set $list (ref.cast (ref $list) (global.get $root)) (i32.const 7) (local.get $node))
            (table.set $table (i32.const 2) (extern.convert_any (local.get $node)))
            (global.set $fresh (cont.new $k (ref.func $throws)))
            (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (throw $thrown (local.get $node)))
                (unreachable))
            (global.set $caught)
            (array.get_u $bytes (struct.get $node $bytes (local.get $node)) (i32.const 20))))"#,
];

/// Returns the original dumps, in the present form and in the compatible one.
fn corpus() -> Vec<Vec<u8>> {
    let mut config = Config::new();
    config.coredump_on_trap(true);
    let engine = Engine::new(&config).unwrap();
    let mut dumps = Vec::new();
    for program in PROGRAMS {
        let module = Module::new(&engine, wat::parse_str(program).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let main = instance
            .get_typed_func::<(), i32>(&mut store, "main")
            .unwrap();
        let error = main.call(&mut store, ()).unwrap_err();
        let dump = error
            .downcast_ref::<WasmCoreDump>()
            .expect("dumps are configured");
        dumps.push(dump.serialize(&mut store, "program"));
        let mut options = CoreDumpOptions::new();
        options.compatible(true);
        let mut compatible = Vec::new();
        dump.serialize_to(&mut store, "program", &mut compatible, &options)
            .unwrap();
        dumps.push(compatible);
    }
    dumps
}

#[test]
fn c16_broken_dumps() {
    panics();
    let corpus = corpus();
    let (mut read, mut refused) = (0, 0);
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let original = &corpus[random.below(corpus.len())];
        let other = &corpus[random.below(corpus.len())];
        let bytes = mutate(original, other, &mut random);
        let (outcome, peak) = peak_of(|| {
            survives(
                || format!("seed {seed}"),
                || CoreDump::parse(&bytes).map(|dump| look(&dump)),
            )
        });
        let most = ANYWAY + PER_BYTE * bytes.len();
        assert!(
            peak <= most,
            "seed {seed}: {peak} bytes for {}",
            bytes.len()
        );
        match outcome {
            Ok(()) => read += 1,
            Err(CoreDumpError::Malformed { offset, .. }) => {
                refused += 1;
                assert!(offset <= bytes.len() as u64, "seed {seed}: at {offset:#x}");
            }
            Err(CoreDumpError::NotADump) => refused += 1,
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    assert_eq!(panics(), 0, "a panic was caught");
    println!("{read} read, {refused} refused");
    // The mutations are useful only if many of the dumps can still be read.
    assert!(
        read > 15_000 && refused > 20_000,
        "{read} read, {refused} refused"
    );
}

/// Looks up everything that has an index, and reads at both ends of memories.
fn look(dump: &CoreDump<'_>) {
    for frame in dump.threads().iter().flat_map(|thread| &thread.frames) {
        let _ = dump.module_of(frame);
    }
    for memory in dump.memories() {
        let mut buffer = [0; 64];
        let end = memory.size();
        for address in [0, 1000, end.saturating_sub(64), end, u64::MAX] {
            let _ = memory.read(address, &mut buffer);
            let _ = memory.is_kept(address);
        }
        let is_inside = |(start, bytes): (u64, &[u8])| {
            start
                .checked_add(bytes.len() as u64)
                .is_some_and(|chunk_end| chunk_end <= end)
        };
        assert!(memory.chunks().all(is_inside));
    }
    for global in dump.globals() {
        let _ = global.ty.to_string();
    }
    for object in dump.objects() {
        let _ = dump.object_type(object).map(ObjectType::name);
        assert!(dump.contents(object).count() <= 1 << 20);
    }
    let graph = HeapGraph::new(dump).unwrap();
    let dominators = graph.dominators().unwrap();
    let _ = graph.retained_by(&dominators, 1, |_| Some(0)).unwrap();
    let paths = graph.paths().unwrap();
    for node in 0..graph.len() {
        assert_eq!(paths.before(node).is_some(), dominators.of(node).is_some());
    }
    graph.write_snapshot(&mut std::io::sink()).unwrap();
}
