//! Core dumps: the state of a store at a trap, which the host can read while the store exists, and
//! write to a file for debuggers.

use backstitch::*;

/// Splits the day's loaves among the guests of each table. One table is empty.
const MODULE: &str = r#"
    (module $bakery
        (memory (export "tables") 1)
        (data (i32.const 4096) "\04\00\00\00\02\00\00\00\00\00\00\00\03\00\00\00")
        (global $served (export "served") (mut i32) (i32.const 0))
        (func $serve (export "serve") (param $loaves i32)
            (local $table i32)
            (loop $next
                (global.set $served (i32.add (global.get $served)
                    (call $share (local.get $loaves) (i32.mul (local.get $table) (i32.const 4)))))
                (local.set $table (i32.add (local.get $table) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $table) (i32.const 4)))))
        (func $share (param $loaves i32) (param $address i32) (result i32)
            (i32.div_u (local.get $loaves) (i32.load offset=4096 (local.get $address)))))
"#;

fn main() -> Result<()> {
    let mut config = Config::new();
    config.coredump_on_trap(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let serve = instance.get_typed_func::<i32, ()>(&mut store, "serve")?;

    let error = serve.call(&mut store, 12).unwrap_err();
    println!("{}", error.root_cause());

    // The frames that were active:
    let dump = error
        .downcast_ref::<WasmCoreDump>()
        .expect("the configuration enables dumps");
    for frame in dump.frames() {
        println!("    in {}", frame.func_name().unwrap_or("?"));
    }

    // The memories and globals of the store, exported or not:
    let [memory] = dump.memories() else {
        panic!("the module has one memory");
    };
    let tables: Vec<u8> = (0..4)
        .map(|table| memory.data(&store)[4096 + 4 * table])
        .collect();
    println!("guests at the tables: {tables:?}");
    let [served] = dump.globals() else {
        panic!("the module has one global");
    };
    println!("loaves served so far: {:?}", served.get(&mut store).i32());
    assert_eq!(tables, [4, 2, 0, 3]);

    // The dump as a file for debuggers. docs/core-dumps.md continues with it, and finds the cause of
    // the trap without the store.
    let path = std::env::temp_dir().join("bakery.core");
    let file = dump.serialize(&mut store, "bakery.wat");
    std::fs::write(&path, &file)?;
    assert_eq!(file[..4], *b"\0asm");
    println!("a core dump is in the folder for temporary files");
    Ok(())
}
