//! The objects in core dumps, compared with the store.

use super::*;
use crate::coredump::{Contents, ObjectKind, Value};
use crate::heap::{AnyKind, StoreInner};
use crate::ids::ObjectRef;
use crate::module::{CompositeKind, ValType};
use crate::support::size_class::{LARGE, SIZES, size_class};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// A random graph of structures and arrays, some of which are garbage.
const GRAPH: &str = r#"(module $graph
    (rec (type $node (sub (struct (field $left (mut anyref)) (field $n (mut i32))
                                  (field $right (mut (ref null $list))) (field $w i64))))
         (type $list (array (mut (ref null $node)))))
    (type $text (array (mut i8)))
    (global $seed (mut i32) (i32.const 4711))
    (global $root (mut anyref) (ref.null any))
    (global $extern (mut externref) (ref.null extern))
    (table $table 6 (ref null $list))
    (func $random (param $below i32) (result i32)
        (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
        (i32.rem_u (i32.shr_u (global.get $seed) (i32.const 8)) (local.get $below)))
    (func $pick (param $list (ref $list)) (result (ref null $node))
        (array.get $list (local.get $list) (call $random (array.len (local.get $list)))))
    (func $build (param $count i32) (result (ref $list))
        (local $all (ref $list)) (local $i i32) (local $some (ref $list))
        (local.set $all (array.new_default $list (local.get $count)))
        (loop $next
            (local.set $some (array.new_default $list (i32.const 3)))
            (array.set $list (local.get $some) (i32.const 1) (call $pick (local.get $all)))
            (drop (array.new $text (local.get $i) (i32.const 40)))
            (array.set $list (local.get $all) (local.get $i)
                (struct.new $node
                    (if (result anyref) (call $random (i32.const 2))
                        (then (call $pick (local.get $all)))
                        (else (if (result anyref) (call $random (i32.const 2))
                            (then (ref.i31 (local.get $i)))
                            (else (array.new $text (local.get $i) (call $random (i32.const 50)))))))
                    (local.get $i) (local.get $some) (i64.const -1)))
            (br_if $next (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
        (local.get $all))
    (func (export "run") (param $count i32)
        (local $all (ref $list))
        (local.set $all (call $build (local.get $count)))
        (global.set $root (call $pick (local.get $all)))
        (global.set $extern (extern.convert_any (call $pick (local.get $all))))
        (table.set $table (i32.const 1) (local.get $all))
        (table.set $table (i32.const 4) (struct.get $node $right
            (ref.as_non_null (call $pick (local.get $all)))))
        (call $fail (local.get $all)))
    (func $fail (param $all (ref $list)) (local $one (ref null $node))
        (local.set $one (call $pick (local.get $all)))
        (array.new $text (i32.const 7) (i32.const 70000))
        (if (i32.load8_u (i32.const 0)) (then unreachable))
        (drop))
    (memory (export "memory") 1))"#;

/// Follows references in a store and in a dump in parallel.
struct Pairs<'a> {
    store: &'a StoreInner,
    dump: &'a CoreDump<'a>,
    /// Number of each object.
    numbers: BTreeMap<ObjectRef, u64>,
    pending: Vec<ObjectRef>,
}

impl Pairs<'_> {
    /// Compares a reference in the store with a value of the dump.
    #[track_caller]
    fn compare(&mut self, bits: u64, value: Value) {
        let Value::Ref(_, number) = value else {
            panic!("{value:?} is no reference")
        };
        let Some(AnyKind::Object(object)) = AnyKind::of(bits) else {
            let i31 = AnyKind::of(bits).map(|kind| match kind {
                AnyKind::I31(value) => u64::from(value),
                other => panic!("{other:?}"),
            });
            return assert_eq!(number, i31);
        };
        let number = number.expect("the reference is not null");
        let known = *self.numbers.entry(object).or_insert_with(|| {
            self.pending.push(object);
            number
        });
        assert_eq!(known, number);
    }

    fn compare_pending(&mut self) {
        while let Some(object) = self.pending.pop() {
            let shown = &self.dump.objects()[self.numbers[&object] as usize];
            let objects = &self.store.objects;
            let layout = objects.layout_of(object);
            let is_array = layout.kind == CompositeKind::Array;
            assert_eq!(is_array, matches!(shown.kind, ObjectKind::Array(_)));
            assert_eq!(shown.size, objects.size_of(object));
            let values = self
                .dump
                .contents(shown)
                .flat_map(|run| core::iter::repeat_n(run.value, run.count as usize));
            let values: Vec<Value> = values.collect();
            let count = match is_array {
                true => objects.array_len(object) as usize,
                false => layout.fields.len(),
            };
            assert_eq!(values.len(), count);
            for (index, value) in (0..).zip(values) {
                let [bits, _] = objects.get(object, index).unwrap();
                match value {
                    Value::I32(value) => assert_eq!(u64::from(value), bits),
                    Value::I64(value) => assert_eq!(value, bits),
                    value => self.compare(bits, value),
                }
            }
        }
    }
}

/// Compares all objects of a dump with those that a walk over the store reaches from globals and
/// tables, and from `others`.
fn compare(store: &StoreInner, dump: &CoreDump<'_>, others: &[(u64, Value)]) -> u64 {
    let mut pairs = Pairs {
        store,
        dump,
        numbers: BTreeMap::new(),
        pending: Vec::new(),
    };
    for (global, shown) in store.globals().iter().zip(dump.globals()) {
        if let ValType::Ref(_) = global.ty().value {
            pairs.compare(global.get()[0], shown.value);
        }
    }
    for (table, shown) in store.tables().iter().zip(dump.tables()) {
        let runs = shown.elements.iter();
        let values = runs.flat_map(|run| core::iter::repeat_n(run.value, run.count as usize));
        for (index, value) in values.enumerate() {
            pairs.compare(table.get(index).unwrap(), value);
        }
    }
    for &(bits, value) in others {
        pairs.compare(bits, value);
    }
    pairs.compare_pending();
    let reached: BTreeSet<u64> = pairs.numbers.values().copied().collect();
    let count = dump.objects().len() as u64;
    assert_eq!(reached, (0..count).collect());
    assert_eq!(dump.reached().unwrap().objects, count);
    let sizes = pairs.numbers.keys().map(|&it| store.objects.size_of(it));
    assert_eq!(dump.reached().unwrap().bytes, sizes.sum::<u64>());
    count
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn c18_a_dump_has_the_objects_that_a_walk_over_the_store_reaches() {
    for count in [1, 30, 3000] {
        let mut config = Config::new();
        let engine = Engine::new(config.coredump_on_trap(true)).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, GRAPH), &[]).unwrap();
        let run = instance
            .get_typed_func::<i32, ()>(&mut store, "run")
            .unwrap();
        run.call(&mut store, count).unwrap();
        let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "graph");
        let dump = CoreDump::parse(&file).unwrap();
        let reached = compare(&store.inner, &dump, &[]);
        assert!(count < 100 || reached > 1000, "{reached} objects");

        // After a collection these are all objects that there are.
        store.gc(None).unwrap();
        let cells = dump
            .objects()
            .iter()
            .map(|object| match size_class(object.size as u32) {
                LARGE => object.size as usize,
                class => SIZES[class as usize] as usize,
            });
        assert_eq!(cells.sum::<usize>(), store.inner.objects.live_bytes());
    }
}

/// Objects in frames are those of the time of the trap, until a collection may have freed them.
#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn c18_objects_of_frames_are_shown_until_they_may_be_gone() {
    let mut config = Config::new();
    let engine = Engine::new(config.coredump_on_trap(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, GRAPH), &[]).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    memory.write(&mut store, 0, &[1]).unwrap();
    let run = instance
        .get_typed_func::<i32, ()>(&mut store, "run")
        .unwrap();
    let error = run.call(&mut store, 300).unwrap_err();
    let trapped = error.downcast_ref::<WasmCoreDump>().unwrap();
    let file = trapped.serialize(&mut store, "graph");
    let dump = CoreDump::parse(&file).unwrap();
    let frames = &dump.threads()[0].frames;
    // The first argument is the first object that is reached.
    let [Value::Ref(_, Some(0)), Value::Ref(_, Some(one))] = frames[0].locals[..] else {
        panic!("{:?}", frames[0])
    };
    let [Value::Ref(_, Some(text))] = frames[0].operands[..] else {
        panic!("{:?}", frames[0])
    };
    assert_eq!(frames[1].locals[1], frames[0].locals[0]);
    let [all, one, text] = [0, one, text].map(|number| &dump.objects()[number as usize]);
    assert_eq!(all.size, 8 + 4 * 300);
    assert!(matches!(&one.contents, Contents::Values(values) if values.len() == 4));
    assert!(matches!(&text.contents, Contents::Bytes(bytes) if *bytes == [7; 70_000]));

    store.gc(None).unwrap();
    let file = trapped.serialize(&mut store, "graph");
    let dump = CoreDump::parse(&file).unwrap();
    let frames = &dump.threads()[0].frames;
    assert_eq!(frames[0].locals, [Value::Missing; 2]);
    assert_eq!(frames[0].operands, [Value::Missing]);
    compare(&store.inner, &dump, &[]);
}

/// Objects are left out from the end, and the dump is never larger than allowed.
#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn c18_a_limited_dump_has_the_objects_closest_to_a_root() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, GRAPH), &[]).unwrap();
    let run = instance
        .get_typed_func::<i32, ()>(&mut store, "run")
        .unwrap();
    run.call(&mut store, 2000).unwrap();
    let dump = WasmCoreDump::capture(&mut store);
    let file = dump.serialize(&mut store, "graph");
    let whole = CoreDump::parse(&file).unwrap();
    let mut last = 0;
    for size in (0..file.len() as u64 + 100).step_by(997) {
        let mut options = CoreDumpOptions::new();
        let mut file = Vec::new();
        options.max_size(size);
        if dump
            .serialize_to(&store, "graph", &mut file, &options)
            .is_err()
        {
            assert_eq!(last, 0);
            continue;
        }
        assert!(file.len() as u64 <= size);
        let part = CoreDump::parse(&file).unwrap();
        let shown = part.objects().len();
        assert_eq!(part.objects(), &whole.objects()[..shown]);
        assert_eq!(part.reached(), whole.reached());
        assert!(shown >= last);
        last = shown;
    }
    assert!(last > 1000);
}
