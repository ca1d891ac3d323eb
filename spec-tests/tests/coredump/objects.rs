//! Objects of the heap in core dumps: wherever a reference can be, the dump has the object.

use super::parsed::parse;
use super::shop::{dump_of, engines};
use backstitch::coredump::{
    Contents, HeapGraph, Label, NodeKind, Object, ObjectKind, RefKind, RootKind, Value,
};
use backstitch::{
    CoreDump, CoreDumpOptions, Engine, Error, ExternRef, Instance, Module, Rooted, Store, Val,
    WasmCoreDump,
};

/// A program with an object at every place that a reference can be in. The number in each object
/// tells which one it is.
const PLACES: &str = r#"(module $places
    (type $item (struct (field $n i32) (field $next (mut anyref))))
    (type $list (array (mut (ref null $item))))
    (type $bytes (array i8)) (type $words (array i16)) (type $vectors (array f64))
    (type $f (func (param (ref null $item)))) (type $k (cont $f))
    (type $g (func)) (type $bound (cont $g))
    (tag $thrown (param i32 (ref null $item))) (tag $pause)
    (global $global (mut anyref) (ref.null any))
    (global $outside (mut externref) (ref.null extern))
    (global $exception (mut exnref) (ref.null exn))
    (global $suspended (mut (ref null $bound)) (ref.null $bound))
    (global $fresh (mut (ref null $bound)) (ref.null $bound))
    (table $table 100 anyref)
    (elem $segment (ref $item) (item (struct.new $item (i32.const 60) (ref.null any))))
    (elem declare func $pauses)
    (func $item (param $n i32) (result (ref $item))
        (struct.new $item (local.get $n) (ref.null any)))
    (func $pauses (type $f) (local $own (ref null $item))
        (local.set $own (call $item (i32.const 51)))
        (suspend $pause))
    (func $keep_exception
        (block $caught (result exnref)
            (try_table (catch_all_ref $caught)
                (throw $thrown (i32.const 9) (call $item (i32.const 40))))
            (unreachable))
        (global.set $exception))
    (func $keep_continuations
        (global.set $fresh (cont.bind $k $bound (call $item (i32.const 52)) (cont.new $k (ref.func $pauses))))
        (block $paused (result (ref $bound))
            (resume $k (on $pause $paused) (call $item (i32.const 50)) (cont.new $k (ref.func $pauses)))
            (return))
        (global.set $suspended))
    (func (export "run") (local $local (ref null $item)) (local $chain (ref null $item))
        (local.set $local (call $item (i32.const 10)))
        ;; A cycle of two.
        (local.set $chain (struct.new $item (i32.const 11) (local.get $local)))
        (struct.set $item $next (local.get $local) (local.get $chain))
        (global.set $global (array.new_fixed $list 4
            (call $item (i32.const 20)) (ref.null $item) (ref.null $item) (local.get $local)))
        (global.set $outside (extern.convert_any (array.new_fixed $bytes 3
            (i32.const 72) (i32.const 105) (i32.const 255))))
        (table.set $table (i32.const 97) (array.new_fixed $words 2 (i32.const 65535) (i32.const 7)))
        (table.set $table (i32.const 98) (array.new_fixed $vectors 2 (f64.const 0.5) (f64.const -0.0)))
        (table.set $table (i32.const 99) (ref.i31 (i32.const -1)))
        (call $keep_exception)
        (call $keep_continuations)
        (call $fail (call $item (i32.const 30)) (i32.const 0)))
    (func $fail (param $given (ref null $item)) (param $zero i32)
        (call $item (i32.const 31))
        (drop (i32.div_u (i32.const 1) (local.get $zero)))
        (drop)))"#;

fn trapped(engine: &Engine, text: &str) -> (Store<()>, Error) {
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    (store, error)
}

/// Returns the object to which a value refers.
#[track_caller]
fn object<'d>(dump: &'d CoreDump<'_>, value: Value) -> &'d Object {
    let Value::Ref(RefKind::Any | RefKind::Exn, Some(number)) = value else {
        panic!("{value:?} refers to no object")
    };
    &dump.objects()[number as usize]
}

/// Returns the number in an item.
#[track_caller]
fn item(dump: &CoreDump<'_>, value: Value) -> u32 {
    let object = object(dump, value);
    assert_eq!(dump.object_type(object).unwrap().name(), "item");
    match &object.contents {
        Contents::Values(values) => match values[..] {
            [Value::I32(number), Value::Ref(RefKind::Any, _)] => number,
            _ => panic!("{values:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn c18_objects_are_in_the_dump_wherever_references_are() {
    let mut files = Vec::new();
    for engine in engines() {
        let (mut store, error) = trapped(&engine, PLACES);
        let file = dump_of(&error).serialize(&mut store, "places");
        parse(&file);
        let dump = CoreDump::parse(&file).unwrap();
        let globals: Vec<Value> = dump.globals().iter().map(|global| global.value).collect();

        // Locals and operands, the latter in an accumulator.
        let frames = &dump.threads()[0].frames;
        assert_eq!(item(&dump, frames[0].locals[0]), 30);
        assert_eq!(item(&dump, frames[0].operands[0]), 31);
        assert_eq!(item(&dump, frames[1].locals[0]), 10);
        assert_eq!(item(&dump, frames[1].locals[1]), 11);
        // Fields, in a cycle.
        let next = |value| match object(&dump, value).contents {
            Contents::Values(ref values) => values[1],
            ref other => panic!("{other:?}"),
        };
        assert_eq!(next(frames[1].locals[0]), frames[1].locals[1]);
        assert_eq!(next(frames[1].locals[1]), frames[1].locals[0]);

        // Globals and arrays of all kinds of elements.
        let list = object(&dump, globals[0]);
        let runs: Vec<_> = dump
            .contents(list)
            .map(|run| (run.count, run.value))
            .collect();
        assert_eq!(runs.len(), 3);
        assert_eq!(item(&dump, runs[0].1), 20);
        assert_eq!(runs[1], (2, Value::Ref(RefKind::Any, None)));
        assert_eq!(runs[2], (1, frames[1].locals[0]));
        assert_eq!(list.size, 8 + 4 * 4);
        let bytes = object(&dump, globals[1]);
        assert_eq!(bytes.contents, Contents::Bytes(vec![72, 105, 255]));
        assert_eq!(bytes.size, 16);
        let table = &dump.tables()[0].elements;
        assert_eq!((table.len(), table[0].count), (4, 97));
        let values = |value| -> Vec<Value> {
            let runs = dump.contents(object(&dump, value));
            runs.map(|run| run.value).collect()
        };
        assert_eq!(values(table[1].value), [Value::I32(65535), Value::I32(7)]);
        let floats = [0.5_f64, -0.0].map(|float| Value::F64(float.to_bits()));
        assert_eq!(values(table[2].value), floats);
        assert_eq!(table[3].value, Value::Ref(RefKind::I31, Some(0x7fff_ffff)));

        // The payload of an exception.
        let exception = object(&dump, globals[2]);
        assert_eq!(exception.kind, ObjectKind::Exception(0));
        let Contents::Values(payload) = &exception.contents else {
            panic!("{exception:?}")
        };
        assert_eq!(payload[0], Value::I32(9));
        assert_eq!(item(&dump, payload[1]), 40);

        // Suspended frames, and bound arguments.
        let suspended = dump.threads().iter().find(|thread| {
            let youngest = thread.frames.first();
            youngest.is_some_and(|frame| frame.locals.len() == 2) && thread.name != "main"
        });
        let locals = &suspended.unwrap().frames[0].locals;
        let locals = [0, 1].map(|at| item(&dump, locals[at]));
        assert_eq!(locals, [50, 51]);
        let bound = dump.stacks().iter().find(|stack| !stack.bound.is_empty());
        assert_eq!(item(&dump, bound.unwrap().bound[0]), 52);

        // An element segment.
        let [root] = dump.other_roots() else {
            panic!("{:?}", dump.other_roots())
        };
        let segment = RootKind::Segment {
            instance: 0,
            segment: 0,
        };
        assert_eq!((root.kind, item(&dump, root.value)), (segment, 60));

        // Names of types and fields.
        let ty = dump
            .object_type(object(&dump, frames[0].locals[0]))
            .unwrap();
        let fields: Vec<_> = ty
            .fields
            .iter()
            .map(|field| field.name.as_deref())
            .collect();
        assert_eq!(fields, [Some("n"), Some("next")]);
        assert_eq!((ty.module, ty.index), (Some(0), 0));
        assert_eq!(dump.reached().unwrap().objects, dump.objects().len() as u64);
        check_graph(&dump);
        files.push(file);
    }
    // The dispatch backend and the addresses of objects change nothing.
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Every object has a path from a root, also those that only a continuation holds.
fn check_graph(dump: &CoreDump<'_>) {
    let graph = HeapGraph::new(dump).unwrap();
    let (paths, dominators) = (graph.paths().unwrap(), graph.dominators().unwrap());
    for number in 0..dump.objects().len() as u32 {
        assert!(
            paths.before(graph.object(number)).is_some(),
            "object {number}"
        );
    }
    let all = dominators.retained(0);
    assert_eq!(all, dump.reached().unwrap().bytes);
    let of = |wanted: u32| {
        let number = dump.objects().iter().position(|object| {
            matches!(&object.contents, Contents::Values(values) if values[0] == Value::I32(wanted))
        });
        graph.object(number.expect("there is such an item") as u32)
    };
    // The suspended continuation alone keeps its own object alive.
    let (holder, edge) = paths.before(of(51)).unwrap();
    assert_eq!(graph.node(holder).kind, NodeKind::Stack);
    assert_eq!(dominators.of(of(51)), Some(holder));
    let label = graph.edge_at(holder, edge).label;
    assert_eq!(
        label,
        Label::Name("frame 0 places!<wasm function 1>, local 1")
    );
    // Two objects of a cycle, to both of which a frame refers.
    assert_eq!(dominators.retained(of(10)), 16);
}

/// A store and its dump have the same heap snapshot, which does not depend on the dispatch backend.
#[test]
fn c18_the_heap_snapshot_of_a_store_is_that_of_its_dump() {
    let mut snapshots = Vec::new();
    for engine in engines() {
        let (mut store, error) = trapped(&engine, PLACES);
        drop(error);
        let mut of_store = Vec::new();
        store.heap_snapshot(&mut of_store).unwrap();
        let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
        let dump = CoreDump::parse(&file).unwrap();
        let functions = ["item", "pauses"];
        let name = |_, function| format!("places!{}", functions[function as usize]);
        let mut of_dump = Vec::new();
        let graph = HeapGraph::with_names(&dump, &name).unwrap();
        graph.write_snapshot(&mut of_dump).unwrap();
        assert_eq!(
            String::from_utf8(of_store).unwrap(),
            String::from_utf8(of_dump.clone()).unwrap()
        );
        snapshots.push(of_dump);
    }
    assert!(snapshots.windows(2).all(|pair| pair[0] == pair[1]));
    // The lists have the lengths that the file states.
    let json: serde_json::Value = serde_json::from_slice(&snapshots[0]).unwrap();
    let count = |list: &str| json[list].as_array().unwrap().len() as u64;
    let stated = |count: &str| json["snapshot"][count].as_u64().unwrap();
    assert_eq!(count("nodes"), 6 * stated("node_count"));
    assert_eq!(count("edges"), 3 * stated("edge_count"));
    let strings = json["strings"].as_array().unwrap();
    for part in [
        "item",
        "next",
        "exception of tag 0",
        "frame 0 places!pauses, local 1",
    ] {
        assert!(strings.iter().any(|it| it == part), "{part}: {strings:?}");
    }
}

/// Host values are nodes: in a table, as an internal reference in a structure, and held by the host.
#[test]
fn c18_host_values_are_in_the_graph() {
    const TEXT: &str = r#"(module
        (type $box (struct (field $value anyref)))
        (global $box (mut (ref null $box)) (ref.null $box))
        (table $table 5 externref)
        (func (export "keep") (param externref externref)
            (table.set $table (i32.const 3) (local.get 0))
            (global.set $box (struct.new $box (any.convert_extern (local.get 1))))))"#;
    for engine in engines() {
        let module = Module::new(&engine, TEXT).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let values = ["table", "both"].map(|text| ExternRef::new(&mut store, text).unwrap());
        let keep = instance.get_func(&mut store, "keep").unwrap();
        let arguments = values.map(|value| Val::ExternRef(Some(value)));
        keep.call(&mut store, &arguments, &mut []).unwrap();
        let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
        let dump = CoreDump::parse(&file).unwrap();
        let graph = HeapGraph::new(&dump).unwrap();
        let is_host_value = |&node: &u32| graph.node(node).kind == NodeKind::HostValue;
        let nodes: Vec<u32> = (0..graph.len()).filter(is_host_value).collect();
        assert_eq!(nodes, [graph.object(1), graph.object(2)]);
        let paths = graph.paths().unwrap();
        for &node in &nodes {
            assert!(paths.before(node).is_some());
            assert_eq!(graph.object_of(node), None);
        }
        let edge = graph.edges(graph.object(0)).next().unwrap();
        assert_eq!(edge.label, Label::Name("value"));
        assert!(nodes.contains(&edge.to));
        let (mut of_store, mut of_dump) = (Vec::new(), Vec::new());
        store.heap_snapshot(&mut of_store).unwrap();
        graph.write_snapshot(&mut of_dump).unwrap();
        assert!(of_store == of_dump);
        let text = String::from_utf8(of_store).unwrap();
        assert!(text.contains("host value"), "{text}");
    }
}

/// An exception that only a legacy catch part refers to, in a slot that is no operand.
#[test]
fn c18_exceptions_in_hidden_slots() {
    let text = r#"(module (tag $thrown (param i32))
        (func (export "run")
            try
                i32.const 5
                throw $thrown
            catch_all
                i32.const 0
                i32.load8_u
                i32.eqz
                if
                    unreachable
                end
                rethrow 0
            end)
        (memory 1))"#;
    for engine in engines() {
        let (mut store, error) = trapped(&engine, text);
        let file = dump_of(&error).serialize(&mut store, "x");
        let dump = CoreDump::parse(&file).unwrap();
        let [root] = dump.other_roots() else {
            panic!("{:?}", dump.other_roots())
        };
        let place = RootKind::Hidden {
            thread: 0,
            frame: 0,
        };
        assert_eq!(root.kind, place);
        let exception = object(&dump, root.value);
        assert_eq!(exception.kind, ObjectKind::Exception(0));
        assert_eq!(exception.contents, Contents::Values(vec![Value::I32(5)]));
        assert!(dump.threads()[0].frames[0].operands.is_empty());
    }
}

/// References that only the host holds are roots too.
#[test]
fn c18_objects_that_the_host_holds() {
    let text = r#"(module
        (type $pair (struct (field i32) (field (ref null $pair))))
        (func (export "make") (result anyref)
            (struct.new $pair (i32.const 1) (struct.new $pair (i32.const 2) (ref.null $pair)))))"#;
    let engine = Engine::default();
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let make = instance.get_func(&mut store, "make").unwrap();
    let mut results = [Val::I32(0)];
    make.call(&mut store, &[], &mut results).unwrap();
    let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
    let dump = CoreDump::parse(&file).unwrap();
    assert_eq!(dump.objects().len(), 2);
    assert!(
        dump.other_roots()
            .iter()
            .all(|root| root.kind == RootKind::Host)
    );
    assert_eq!(dump.object_types()[0].name(), "pair");
    // Values of the host are no objects of the dump.
    let _value: Rooted<ExternRef> = ExternRef::new(&mut store, 5).unwrap();
    let file = WasmCoreDump::capture(&mut store).serialize(&mut store, "x");
    assert_eq!(CoreDump::parse(&file).unwrap().objects().len(), 2);
}

/// A list of objects, in a dump that has no room for all, next to a memory.
#[test]
fn c18_large_heaps_and_memories_share_a_limit() {
    let text = r#"(module
        (type $node (struct (field $n i32) (field $next (ref null $node))))
        (memory 1) (global $head (mut (ref null $node)) (ref.null $node))
        (func (export "run") (local $i i32)
            (loop $next
                (i32.store8 (local.get $i) (i32.const 255))
                (global.set $head (struct.new $node (local.get $i) (global.get $head)))
                (br_if $next (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000))))
            unreachable))"#;
    let engine = &engines()[0];
    let (mut store, error) = trapped(engine, text);
    let dump = dump_of(&error);
    let whole = dump.serialize(&mut store, "x").len() as u64;
    let sizes = [2000, 30_000, 60_000, 100_000, whole - 1, whole + 16];
    let shown = sizes.map(|size| {
        let mut options = CoreDumpOptions::new();
        options.max_size(size);
        let mut file = Vec::new();
        dump.serialize_to(&store, "x", &mut file, &options).unwrap();
        assert!(file.len() as u64 <= size);
        let dump = CoreDump::parse(&file).unwrap();
        assert_eq!(dump.reached().unwrap().objects, 20_000);
        // The head of the list is the closest to a root.
        let Contents::Values(first) = &dump.objects()[0].contents else {
            panic!("{:?}", dump.objects()[0])
        };
        assert_eq!(first[0], Value::I32(19_999));
        let bytes: u64 = dump.memories()[0]
            .chunks()
            .map(|(_, it)| it.len() as u64)
            .sum();
        (dump.objects().len(), bytes)
    });
    assert!(shown.is_sorted_by_key(|shown| shown.0), "{shown:?}");
    assert!(shown.is_sorted_by_key(|shown| shown.1), "{shown:?}");
    // Objects have half of too little room, and memories the rest.
    assert!(shown[1].0 > 1000 && shown[1].1 > 10_000, "{shown:?}");
    assert!((19_900..20_000).contains(&shown[4].0), "{shown:?}");
    assert_eq!(shown[5], (20_000, 20_000));
}
