//! The smallest program that embeds WebAssembly: a module that greets by calling the host.

use backstitch::*;

/// `hello` asks the host to greet, and says how often it has done so.
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
    // An engine is made once. It holds the settings and what modules share.
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;

    // A store owns everything that runs, and any data that the host wants at hand.
    let mut store = Store::new(&engine, "world");
    let greet = Func::wrap(&mut store, |caller: Caller<'_, &str>| {
        println!("Hello, {}!", caller.data());
    });

    // Imports are given in the order in which the module lists them.
    let instance = Instance::new(&mut store, &module, &[greet.into()])?;
    let hello = instance.get_typed_func::<(), i32>(&mut store, "hello")?;
    assert_eq!(hello.call(&mut store, ())?, 1);

    *store.data_mut() = "again";
    assert_eq!(hello.call(&mut store, ())?, 2);
    Ok(())
}
