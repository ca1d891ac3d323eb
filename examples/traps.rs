//! Traps: their causes, and backtraces with the positions in functions.

use backstitch::*;

const MODULE: &str = r#"
    (module $bakery
        (import "oven" "heat" (func $heat (param i32)))
        (memory 1)
        (table 1 funcref)
        (type $recipe (func))
        (func $bake (export "bake") (param $loaves i32) (param $people i32) (result i32)
            (call $share (local.get $loaves) (local.get $people)))
        (func $share (param $loaves i32) (param $people i32) (result i32)
            (i32.div_s (local.get $loaves) (local.get $people)))
        (func $peek (export "peek") (param i32) (result i64) (i64.load (local.get 0)))
        (func $follow (export "follow") (call_indirect (type $recipe) (i32.const 0)))
        (func $give_up (export "give_up") (unreachable))
        (func $burn (export "burn") (param i32) (call $heat (local.get 0))))
"#;

/// Prints an error with its backtrace, as a program might before it exits.
fn report(what: &str, error: &Error) {
    println!("{what}: {}", error.root_cause());
    let backtrace = error
        .downcast_ref::<WasmBacktrace>()
        .expect("errors of calls have a backtrace");
    for frame in backtrace.frames() {
        println!(
            "    in {} of {} at offset {:#x}, {} into the function",
            frame.func_name().unwrap_or("?"),
            frame.module().name().unwrap_or("?"),
            frame.module_offset().expect("modules keep their offsets"),
            frame.func_offset().expect("modules keep their offsets"),
        );
    }
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, Vec::new());
    let heat = Func::wrap(
        &mut store,
        |mut caller: Caller<'_, Vec<String>>, degrees: i32| {
            // A host function can capture a backtrace at any time.
            let backtrace = WasmBacktrace::capture(&caller);
            let names = backtrace
                .frames()
                .iter()
                .filter_map(|frame| frame.func_name());
            let names: Vec<_> = names.map(String::from).collect();
            caller.data_mut().extend(names);
            ensure!(degrees <= 300, "{degrees} degrees are too hot");
            Ok(())
        },
    );
    let instance = Instance::new(&mut store, &module, &[heat.into()])?;

    let bake = instance.get_typed_func::<(i32, i32), i32>(&mut store, "bake")?;
    assert_eq!(bake.call(&mut store, (12, 4))?, 3);
    let error = bake.call(&mut store, (12, 0)).unwrap_err();
    report("bread for nobody", &error);
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
    let frames = error
        .downcast_ref::<WasmBacktrace>()
        .expect("a backtrace")
        .frames();
    let names: Vec<_> = frames.iter().map(|frame| frame.func_name()).collect();
    assert_eq!(names, [Some("share"), Some("bake")]);

    // The error with its backtrace as text, as `main` would print it.
    println!("{}", format!("{error:?}").trim_end());

    let error = bake.call(&mut store, (i32::MIN, -1)).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerOverflow));

    let peek = instance.get_typed_func::<i32, i64>(&mut store, "peek")?;
    let error = peek.call(&mut store, 65_529).unwrap_err();
    report("behind the shop", &error);
    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));

    let follow = instance.get_typed_func::<(), ()>(&mut store, "follow")?;
    let error = follow.call(&mut store, ()).unwrap_err();
    report("no recipe", &error);
    assert_eq!(error.downcast_ref(), Some(&Trap::IndirectCallToNull));

    let give_up = instance.get_typed_func::<(), ()>(&mut store, "give_up")?;
    let error = give_up.call(&mut store, ()).unwrap_err();
    report("enough", &error);
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));

    // An error of a host function is not a trap, but also has a backtrace.
    let burn = instance.get_typed_func::<i32, ()>(&mut store, "burn")?;
    burn.call(&mut store, 200)?;
    let error = burn.call(&mut store, 900).unwrap_err();
    report("too hot", &error);
    assert!(!error.is::<Trap>());
    assert_eq!(*store.data(), ["burn", "burn"]);

    // The store remains usable after errors.
    assert_eq!(bake.call(&mut store, (6, 3))?, 2);
    Ok(())
}
