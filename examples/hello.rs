//! The smallest program that embeds WebAssembly: a module that calls the host to greet.

use backstitch::*;

/// `hello` calls the host to greet, and returns how often it has done so.
const MODULE: &str = r#"
    (module
        (import "host" "greet" (func $greet))
        (global $calls (mut i32) (i32.const 0))
        (func (export "hello") (result i32)
            (call $greet)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (global.get $calls)))
"#;

fn main() -> Result<()> {
    // An engine has the configuration, and what modules share. A program usually creates one.
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;

    // A store owns the instances and their objects, and data of the host.
    let mut store = Store::new(&engine, "world");
    let greet = Func::wrap(&mut store, |caller: Caller<'_, &str>| {
        println!("Hello, {}!", caller.data());
    });

    // Imports are given in the order of the module's imports.
    let instance = Instance::new(&mut store, &module, &[greet.into()])?;
    let hello = instance.get_typed_func::<(), i32>(&mut store, "hello")?;
    assert_eq!(hello.call(&mut store, ())?, 1);

    *store.data_mut() = "again";
    assert_eq!(hello.call(&mut store, ())?, 2);
    Ok(())
}
