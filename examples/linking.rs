//! Modules that are linked: one exports a memory, a table and functions, another imports them.

use backstitch::*;

/// Stores a sequence of numbers, and a table of functions on them.
const SHELF: &str = r#"
    (module $shelf
        (memory (export "memory") 1)
        (table (export "actions") 2 funcref)
        (global $count (export "count") (mut i32) (i32.const 0))
        (func (export "push") (param $value i32)
            (i32.store
                (i32.mul (global.get $count) (i32.const 4))
                (local.get $value))
            (global.set $count (i32.add (global.get $count) (i32.const 1)))))
"#;

/// Adds numbers to the shelf, and a function of its own to the table.
const WORKER: &str = r#"
    (module $worker
        (type $action (func (param i32) (result i32)))
        (import "shelf" "push" (func $push (param i32)))
        (import "shelf" "memory" (memory 1))
        (import "shelf" "actions" (table 2 funcref))
        (import "shelf" "count" (global $count (mut i32)))
        (import "env" "scale" (global $scale i32))
        (elem (i32.const 0) $read)
        (func $read (type $action)
            (i32.load (i32.mul (local.get 0) (i32.const 4))))
        (func (export "fill") (param $n i32) (result i32)
            (loop $next
                (call $push (i32.mul (local.get $n) (global.get $scale)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $next (local.get $n)))
            (global.get $count))
        (func (export "act") (param $action i32) (param $on i32) (result i32)
            (call_indirect (type $action) (local.get $on) (local.get $action))))
"#;

fn main() -> Result<()> {
    let engine = Engine::default();
    let shelf = Module::new(&engine, SHELF)?;
    let worker = Module::new(&engine, WORKER)?;

    // The imports of a module can be listed before it is instantiated.
    for import in worker.imports() {
        println!("worker needs {}.{}", import.module(), import.name());
    }

    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let shelf = linker.instantiate(&mut store, &shelf)?;
    linker.instance(&mut store, "shelf", shelf)?;

    // One import is still missing, and the error names it.
    let error = linker.instantiate(&mut store, &worker).unwrap_err();
    assert!(format!("{error:#}").contains("env::scale"));
    let ty = GlobalType::new(ValType::I32, Mutability::Const);
    let scale = Global::new(&mut store, ty, Val::I32(10))?;
    linker.define(&mut store, "env", "scale", scale)?;
    let worker = linker.instantiate(&mut store, &worker)?;

    // Both instances share the memory and the global.
    let fill = worker.get_typed_func::<i32, i32>(&mut store, "fill")?;
    let count = fill.call(&mut store, 3)?;
    let memory = shelf
        .get_memory(&mut store, "memory")
        .expect("the module has this export");
    println!("{count} numbers: {:?}", &memory.data(&store)[..12]);
    assert_eq!(
        memory.data(&store)[..12],
        [30, 0, 0, 0, 20, 0, 0, 0, 10, 0, 0, 0]
    );
    let global = shelf
        .get_global(&mut store, "count")
        .expect("the module has this export");
    assert_eq!(global.get(&mut store).unwrap_i32(), 3);

    // The worker has put a function into the shelf's table. The host adds one of its own.
    let act = worker.get_typed_func::<(i32, i32), i32>(&mut store, "act")?;
    assert_eq!(act.call(&mut store, (0, 1))?, 20);
    let error = act.call(&mut store, (1, 1)).unwrap_err();
    println!("empty element: {}", error.root_cause());
    assert_eq!(error.downcast_ref(), Some(&Trap::IndirectCallToNull));
    let negate = Func::wrap(&mut store, |value: i32| -value);
    let actions = shelf
        .get_table(&mut store, "actions")
        .expect("the module has this export");
    actions.set(&mut store, 1, negate.into())?;
    assert_eq!(act.call(&mut store, (1, 5))?, -5);
    assert!(matches!(
        actions.get(&mut store, 0),
        Some(Ref::Func(Some(_)))
    ));

    // A linker can be prepared once, and used for several stores.
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("host", "next", |mut caller: Caller<'_, u32>| {
        *caller.data_mut() += 1;
        *caller.data()
    })?;
    let counter = Module::new(
        &engine,
        r#"(module
            (import "host" "next" (func $next (result i32)))
            (func (export "twice") (result i32) (i32.add (call $next) (call $next))))"#,
    )?;
    let prepared = linker.instantiate_pre(&counter)?;
    for start in [0, 100] {
        let mut store = Store::new(&engine, start);
        let instance = prepared.instantiate(&mut store)?;
        let twice = instance.get_typed_func::<(), i32>(&mut store, "twice")?;
        println!(
            "two numbers from {start} on give {}",
            twice.call(&mut store, ())?
        );
        assert_eq!(*store.data(), start + 2);
    }
    Ok(())
}
