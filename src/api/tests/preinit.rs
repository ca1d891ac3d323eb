//! Tests of ready images.

use super::*;
use alloc::vec::Vec;
use wasmparser::{Parser, Payload};

/// Instantiates a module, calls the export `init` if it has one, and returns the image.
fn image(engine: &Engine, text: &str) -> Result<Vec<u8>> {
    let mut store = Store::new(engine, ());
    let module = module(engine, text);
    let instance = Instance::new(&mut store, &module, &[])?;
    if let Some(init) = instance.get_func(&mut store, "init") {
        init.call(&mut store, &[], &mut [])?;
    }
    instance.to_module(&store)
}

/// Instantiates an image, calls the export `get` with an argument, and returns the result.
fn get(engine: &Engine, image: &[u8], argument: i32) -> Result<i32> {
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, image)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let get = instance.get_typed_func::<i32, i32>(&mut store, "get")?;
    get.call(&mut store, argument)
}

/// Returns the sections of a module, by number and contents.
fn sections(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let sections = Parser::new(0).parse_all(bytes);
    let sections = sections.filter_map(|payload| payload.unwrap().as_section());
    sections
        .map(|(id, range)| (id, bytes[range.start as usize..range.end as usize].to_vec()))
        .collect()
}

/// Returns the number of data segments of a module, and of their bytes.
fn data(bytes: &[u8]) -> (usize, usize) {
    let mut total = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::DataSection(reader) = payload.unwrap() {
            for segment in reader {
                total.0 += 1;
                total.1 += segment.unwrap().data.len();
            }
        }
    }
    total
}

#[test]
fn memories_keep_size_and_contents() {
    let engine = Engine::default();
    let image = image(
        &engine,
        r#"(module
            (memory 1 5)
            (memory $wide i64 1)
            (data (i32.const 8) "abc")
            (data (memory $wide) (i64.const 0x10) "\01")
            (func (export "init")
                (drop (memory.grow (i32.const 2)))
                (i32.store8 (i32.const 9) (i32.const 0x7a))
                (i32.store (i32.const 0x2fffc) (i32.const 0x01020304))
                (i64.store $wide (i64.const 0x8000) (i64.const -1)))
            (func (export "get") (param i32) (result i32)
                (i32.add
                    (i32.add (memory.size) (i32.load8_u (local.get 0)))
                    (i32.load8_u $wide (i64.extend_i32_u (local.get 0))))))"#,
    )
    .unwrap();
    for (address, byte) in [
        (0, 0),
        (8, 0x61),
        (9, 0x7a),
        (10, 0x63),
        (0x10, 1),
        (0x8000, 255),
        (0x8007, 255),
        (0x8008, 0),
    ] {
        assert_eq!(
            get(&engine, &image, address).unwrap(),
            3 + byte,
            "{address}"
        );
    }
    // Only what is not zero is in the module.
    assert_eq!(data(&image), (4, 3 + 4 + 1 + 8));
}

#[test]
fn globals_keep_their_values() {
    let engine = Engine::default();
    let text = r#"(module
        (global $i32 (export "i32") (mut i32) (i32.const 0))
        (global $i64 (export "i64") (mut i64) (i64.const 0))
        (global $f32 (export "f32") (mut f32) (f32.const 0))
        (global $f64 (export "f64") (mut f64) (f64.const 0))
        (global (export "sum") i32 (i32.add (i32.const 40) (i32.const 2)))
        (global $func (export "func") (mut funcref) (ref.null func))
        (global $i31 (export "i31") (mut anyref) (ref.null any))
        (global $outside (export "outside") (mut externref) (ref.null extern))
        (func $f (export "init")
            (global.set $i32 (i32.const -7))
            (global.set $i64 (i64.const 0x8000000000000001))
            (global.set $f32 (f32.const nan:0x400001))
            (global.set $f64 (f64.const -0))
            (global.set $func (ref.func $f))
            (global.set $i31 (ref.i31 (i32.const -1)))
            (global.set $outside (extern.convert_any (ref.i31 (i32.const 5)))))
        (func (export "get") (param i32) (result i32)
            (i32.add
                (i31.get_s (ref.cast (ref i31) (global.get $i31)))
                (i31.get_s (ref.cast (ref i31) (any.convert_extern (global.get $outside)))))))"#;
    let image = image(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, &image).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let mut bits = |name| {
        let global = instance.get_global(&mut store, name).unwrap();
        match global.get(&mut store) {
            Val::I32(value) => value as u32 as u64,
            Val::I64(value) => value as u64,
            Val::F32(bits) => bits.into(),
            Val::F64(bits) => bits,
            Val::FuncRef(Some(func)) => {
                assert_eq!(Some(func), instance.get_func(&mut store, "init"));
                1
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(bits("i32"), u64::from(-7_i32 as u32));
    assert_eq!(bits("i64"), 0x8000_0000_0000_0001);
    assert_eq!(bits("f32"), 0x7fc0_0001);
    assert_eq!(bits("f64"), 1 << 63);
    assert_eq!(bits("sum"), 42);
    assert_eq!(bits("func"), 1);
    assert_eq!(get(&engine, &image, 0).unwrap(), 4);
}

#[test]
fn tables_keep_size_and_elements() {
    let engine = Engine::default();
    let image = image(
        &engine,
        r#"(module
            (type $t (func (result i32)))
            (table $plain 4 10 funcref)
            (table $typed i64 1 (ref null $t))
            (table $full 2 (ref $t) (ref.func $one))
            (elem (table $plain) (i32.const 0) func $one $one $two)
            (func $one (type $t) (i32.const 1))
            (func $two (type $t) (i32.const 2))
            (elem declare func $two)
            (func (export "init")
                (table.set $plain (i32.const 0) (ref.null func))
                (drop (table.grow $plain (ref.func $two) (i32.const 3)))
                (table.set $typed (i64.const 0) (ref.func $two))
                (table.set $full (i32.const 1) (ref.func $two)))
            (func (export "get") (param i32) (result i32)
                (i32.add (table.size $plain)
                    (i32.add
                        (call_indirect $plain (type $t) (local.get 0))
                        (i32.add
                            (call_ref $t (table.get $full (i32.const 0)))
                            (i32.add
                                (call_ref $t (table.get $full (i32.const 1)))
                                (call_ref $t (table.get $typed (i64.const 0)))))))))"#,
    )
    .unwrap();
    assert_eq!(get(&engine, &image, 1).unwrap(), 7 + 1 + 1 + 2 + 2);
    assert_eq!(get(&engine, &image, 6).unwrap(), 7 + 2 + 1 + 2 + 2);
    says(get(&engine, &image, 0), "uninitialized element");
    says(get(&engine, &image, 3), "uninitialized element");
}

#[test]
fn segments_keep_their_indices() {
    let engine = Engine::default();
    let image = image(
        &engine,
        r#"(module
            (memory 1)
            (table 10 funcref)
            (data $active (i32.const 0) "active")
            (data $dropped "dropped")
            (data $passive "passive")
            (data $unused "unused")
            (elem $active_elements (i32.const 0) func $f)
            (elem $dropped_elements func $f)
            (elem $passive_elements funcref (ref.func $f) (ref.null func))
            (func $f (result i32) (i32.const 7))
            (func (export "init")
                (data.drop $dropped)
                (elem.drop $dropped_elements))
            (func (export "get") (param i32) (result i32)
                (if (i32.eq (local.get 0) (i32.const 0))
                    (then (memory.init $active (i32.const 0) (i32.const 0) (i32.const 1))))
                (if (i32.eq (local.get 0) (i32.const 1))
                    (then (memory.init $dropped (i32.const 0) (i32.const 0) (i32.const 1))))
                (if (i32.eq (local.get 0) (i32.const 2))
                    (then (table.init $active_elements
                        (i32.const 0) (i32.const 0) (i32.const 1))))
                (if (i32.eq (local.get 0) (i32.const 3))
                    (then (table.init $dropped_elements
                        (i32.const 0) (i32.const 0) (i32.const 1))))
                (memory.init $active (i32.const 0) (i32.const 0) (i32.const 0))
                (table.init $active_elements (i32.const 0) (i32.const 0) (i32.const 0))
                (memory.init $passive (i32.const 100) (i32.const 0) (i32.const 7))
                (table.init $passive_elements (i32.const 5) (i32.const 0) (i32.const 2))
                (i32.add (i32.load8_u (i32.const 106)) (call_indirect (result i32) (i32.const 5)))))"#,
    )
    .unwrap();
    assert_eq!(get(&engine, &image, 4).unwrap(), i32::from(b'e') + 7);
    for segment in 0..4 {
        says(get(&engine, &image, segment), "out of bounds");
    }
    // Segments behind the last one that code refers to are left out.
    assert_eq!(data(&image), (3 + 1, 7 + 6));
    let names = sections(&image).pop().unwrap();
    let has = |name: &[u8]| names.1.windows(name.len()).any(|part| part == name);
    assert!(has(b"passive_elements") && has(b"dropped") && !has(b"unused"));
}

#[test]
fn functions_to_which_only_code_refers_stay_declared() {
    let engine = Engine::default();
    let text = r#"(module
        (table 1 funcref)
        (elem (i32.const 0) func $f)
        (global $g (mut funcref) (ref.func $f))
        (func $f)
        (func (export "init")
            (table.set (i32.const 0) (ref.null func))
            (global.set $g (ref.null func)))
        (func (export "get") (param i32) (result i32)
            (table.set (i32.const 0) (ref.func $f))
            (i32.const 1)))"#;
    let image = image(&engine, text).unwrap();
    assert_eq!(get(&engine, &image, 0).unwrap(), 1);
}

#[test]
fn sections_without_state_are_copied() {
    let engine = Engine::default();
    let text = r#"(module $named
        (@custom "first" (before first) "a")
        (import "m" "f" (func $imported))
        (memory 1)
        (func $start (i32.store (i32.const 0) (i32.const 1)))
        (start $start)
        (@producers (language "Rust" "1.95"))
        (@custom "last" "b"))"#;
    let module = module(&engine, text);
    let mut store = Store::new(&engine, ());
    let imported = Func::wrap(&mut store, || ());
    let instance = Instance::new(&mut store, &module, &[imported.into()]).unwrap();
    let image = instance.to_module(&store).unwrap();
    assert_eq!(Module::new(&engine, &image).unwrap().name(), Some("named"));
    let before = sections(&wat::parse_str(text).unwrap());
    let after = sections(&image);
    // The memory section is the same, and the data section is new.
    let rest = |(id, _): &&(u8, Vec<u8>)| ![8, 11].contains(id);
    assert_eq!(
        before.iter().filter(rest).collect::<Vec<_>>(),
        after.iter().filter(rest).collect::<Vec<_>>()
    );
    let ids = |sections: &[(u8, Vec<u8>)]| sections.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!(ids(&before), [0, 1, 2, 3, 5, 8, 10, 0, 0, 0]);
    assert_eq!(ids(&after), [0, 1, 2, 3, 5, 10, 11, 0, 0, 0]);
}

#[test]
#[cfg_attr(miri, ignore = "it writes a large memory")]
fn scattered_bytes_make_few_segments() {
    let engine = Engine::default();
    let image = image(
        &engine,
        r#"(module
            (memory 64)
            (func (export "init") (local $at i32)
                (loop
                    (i32.store8 (local.get $at) (i32.const 1))
                    (br_if 0 (i32.lt_u
                        (local.tee $at (i32.add (local.get $at) (i32.const 40)))
                        (i32.const 0x400000)))))
            (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0))))"#,
    )
    .unwrap();
    assert_eq!(data(&image).0, 1);
    assert_eq!(get(&engine, &image, 40 * 100_000).unwrap(), 1);
    assert_eq!(get(&engine, &image, 40 * 100_000 + 1).unwrap(), 0);
}

#[test]
fn what_an_image_cannot_contain_is_named() {
    let engine = Engine::default();
    for (import, name) in [
        ("(memory 1)", "memory `m::n`"),
        ("(table 1 funcref)", "table `m::n`"),
        ("(global (mut i32))", "mutable global `m::n`"),
    ] {
        let module = module(&engine, &format!(r#"(module (import "m" "n" {import}))"#));
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker
            .define_unknown_imports_as_default_values(&mut store, &module)
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        says(instance.to_module(&store), name);
        says(Preinit::new().run(&mut store, &linker, &module), name);
    }
    for (text, says_this) in [
        (
            r#"(module (type $s (struct)) (global (export "g") anyref (struct.new $s)))"#,
            "global 0 (`g`) refers to a structure or an array",
        ),
        (
            r#"(module (type $s (struct)) (table $t 3 anyref)
                (elem (i32.const 2) (ref null $s) (struct.new $s)))"#,
            "element 2 of table 0 refers to a structure or an array",
        ),
        (
            r#"(module (type $s (struct)) (table $t 3 anyref)
                (elem $e (ref null $s) (struct.new $s))
                (func (table.init $e (i32.const 0) (i32.const 0) (i32.const 0))))"#,
            "element segment 0 refers to structures or arrays",
        ),
        (
            r#"(module (type $f (func)) (type $c (cont $f))
                (table (export "t") 1 (ref null $c))
                (elem declare func $nothing)
                (func $nothing)
                (func (export "init")
                    (table.set (i32.const 0) (cont.new $c (ref.func $nothing)))))"#,
            "element 0 of table 0 (`t`) refers to a continuation",
        ),
        (
            r#"(module (tag $e) (global $g (mut exnref) (ref.null exn))
                (func (export "init")
                    (block $caught (result exnref)
                        (try_table (catch_all_ref $caught) (throw $e))
                        unreachable)
                    (global.set $g)))"#,
            "global 0 refers to an exception",
        ),
    ] {
        says(image(&engine, text), says_this);
    }
    let module = module(
        &engine,
        r#"(module (global (export "e") (mut externref) (ref.null extern))
            (global (export "f") (mut funcref) (ref.null func)))"#,
    );
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let host = ExternRef::new(&mut store, 7).unwrap();
    let global = instance.get_global(&mut store, "e").unwrap();
    global.set(&mut store, Val::from(host)).unwrap();
    says(instance.to_module(&store), "refers to a value of the host");
    global.set(&mut store, Val::ExternRef(None)).unwrap();
    let other = Func::wrap(&mut store, || ());
    let global = instance.get_global(&mut store, "f").unwrap();
    global.set(&mut store, Val::from(other)).unwrap();
    says(
        instance.to_module(&store),
        "global 1 (`f`) refers to a function that the module neither defines nor imports",
    );
}

#[test]
fn initialisers_run_in_order_and_their_exports_are_removed() {
    let engine = Engine::default();
    let text = |names: &[&str]| {
        let functions: String = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                format!(
                    r#"(func (export "{name}") (global.set 0 (i32.add
                        (i32.mul (global.get 0) (i32.const 10)) (i32.const {}))))"#,
                    index + 1
                )
            })
            .collect();
        format!(
            r#"(module (global (mut i32) (i32.const 0)) {functions}
                (func (export "get") (param i32) (result i32) (global.get 0)))"#
        )
    };
    let run = |preinit: &Preinit, names: &[&str]| {
        let module = module(&engine, &text(names));
        let mut store = Store::new(&engine, ());
        let image = preinit.run(&mut store, &Linker::new(&engine), &module)?;
        let exports = Module::new(&engine, &image)?;
        let exports = exports.exports().map(|export| export.name().into());
        let exports: Vec<String> = exports.filter(|name| name != "get").collect();
        Ok::<_, Error>((get(&engine, &image, 0)?, exports.join(" ")))
    };
    let result = |preinit: &Preinit, names: &[&str]| run(preinit, names).unwrap();
    let default = Preinit::new();
    let all = [
        "wizer.initialize",
        "_start",
        "_initialize",
        "wizer-initialize",
        "other",
    ];
    assert_eq!(
        result(&default, &all),
        (31, "_start wizer-initialize other".into())
    );
    assert_eq!(result(&default, &["_initialize"]), (1, String::new()));
    assert_eq!(
        result(&default, &["wizer-initialize", "_start"]),
        (1, "_start".into())
    );
    assert_eq!(
        result(Preinit::new().init("other"), &all),
        (35, "wizer.initialize _start wizer-initialize".into())
    );
    assert_eq!(
        result(Preinit::new().init("_initialize").keep_init(true), &all),
        (3, all.join(" "))
    );
    says(run(&default, &["_start"]), "has no initialiser");
    says(
        run(Preinit::new().init("missing"), &all),
        "exports no function `missing`",
    );
}

#[test]
fn functions_that_are_not_called_need_not_be_defined() {
    let engine = Engine::default();
    let text = |called: &str| {
        format!(
            r#"(module (import "m" "f" (func $f))
                (global (mut i32) (i32.const 0))
                (func (export "wizer.initialize") {called} (global.set 0 (i32.const 3)))
                (func (export "later") (call $f)))"#
        )
    };
    let linker = Linker::new(&engine);
    let mut store = Store::new(&engine, ());
    let quiet = module(&engine, &text(""));
    let image = Preinit::new().run(&mut store, &linker, &quiet).unwrap();
    assert_eq!(Module::new(&engine, image).unwrap().imports().count(), 1);
    let calling = module(&engine, &text("(call $f)"));
    says(
        Preinit::new().run(&mut store, &linker, &calling),
        "`m::f` has not been defined",
    );
    let trapping = module(&engine, &text("unreachable"));
    says(
        Preinit::new().run(&mut store, &linker, &trapping),
        "the initialiser `wizer.initialize` failed",
    );
}
