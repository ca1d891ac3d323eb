//! Fuel: a deterministic limit for a guest's execution, counted in instructions.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (func $fibonacci (export "fibonacci") (param $n i32) (result i32)
            (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
                (then (local.get $n))
                (else
                    (i32.add
                        (call $fibonacci (i32.sub (local.get $n) (i32.const 1)))
                        (call $fibonacci (i32.sub (local.get $n) (i32.const 2)))))))
        (func (export "spin") (loop $again (br $again))))
"#;

fn main() -> Result<()> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, MODULE)?;

    // A new store has no fuel, so that nothing can run.
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let fibonacci = instance.get_typed_func::<i32, i32>(&mut store, "fibonacci")?;

    // The cost of a call is the difference in fuel.
    for n in [1, 5, 10, 15] {
        store.set_fuel(1_000_000)?;
        let result = fibonacci.call(&mut store, n)?;
        println!(
            "fibonacci({n}) = {result} for {} fuel",
            1_000_000 - store.get_fuel()?
        );
    }

    // The same call always costs the same.
    let mut costs = Vec::new();
    for _ in 0..2 {
        store.set_fuel(1_000_000)?;
        assert_eq!(fibonacci.call(&mut store, 12)?, 144);
        costs.push(1_000_000 - store.get_fuel()?);
    }
    assert_eq!(costs[0], costs[1]);

    // A call with too little fuel traps, and so does an endless loop.
    store.set_fuel(100)?;
    let error = fibonacci.call(&mut store, 20).unwrap_err();
    println!("with 100 fuel: {}", error.root_cause());
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    store.set_fuel(10_000)?;
    let error = spin.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    println!("left after spinning: {}", store.get_fuel()?);

    // The store can be used again after it gets fuel.
    store.set_fuel(1_000)?;
    assert_eq!(fibonacci.call(&mut store, 6)?, 8);

    // If the engine does not count fuel, `get_fuel` is an error.
    let store = Store::new(&Engine::default(), ());
    assert!(store.get_fuel().is_err());
    Ok(())
}
