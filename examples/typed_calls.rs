//! Two ways to call a function: with a type that the Rust compiler knows, and with values whose
//! types are checked at run time.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (func (export "gcd") (param $a i64) (param $b i64) (result i64)
            (local $rest i64)
            (loop $next
                (if (i64.ne (local.get $b) (i64.const 0))
                    (then
                        (local.set $rest (i64.rem_u (local.get $a) (local.get $b)))
                        (local.set $a (local.get $b))
                        (local.set $b (local.get $rest))
                        (br $next))))
            (local.get $a))
        (func (export "average") (param f32 f32) (result f32)
            (f32.div (f32.add (local.get 0) (local.get 1)) (f32.const 2)))
        (global (export "answer") i32 (i32.const 42)))
"#;

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, MODULE)?;
    let instance = Instance::new(&mut store, &module, &[])?;

    // The type is checked once. After that, calls check nothing.
    let gcd = instance.get_typed_func::<(i64, i64), i64>(&mut store, "gcd")?;
    let result = gcd.call(&mut store, (1_071, 462))?;
    println!("the greatest common divisor of 1071 and 462 is {result}");
    assert_eq!(result, 21);

    // Unsigned integers can be used, too, because WebAssembly's integers have no sign.
    let unsigned = instance.get_typed_func::<(u64, u64), u64>(&mut store, "gcd")?;
    assert_eq!(unsigned.call(&mut store, (u64::MAX, u64::MAX - 2))?, 1);

    // A wrong type is an error before anything runs.
    for refused in [
        instance
            .get_typed_func::<(i32, i32), i64>(&mut store, "gcd")
            .is_err(),
        instance
            .get_typed_func::<(i64, i64), ()>(&mut store, "gcd")
            .is_err(),
        instance
            .get_typed_func::<(), i32>(&mut store, "answer")
            .is_err(),
        instance
            .get_typed_func::<(), i32>(&mut store, "missing")
            .is_err(),
    ] {
        assert!(refused);
    }

    // Without types at compile time, exports can be listed and called with values.
    for export in module.exports() {
        match export.ty() {
            ExternType::Func(ty) => {
                let params: Vec<_> = ty.params().map(|ty| ty.to_string()).collect();
                let results: Vec<_> = ty.results().map(|ty| ty.to_string()).collect();
                println!(
                    "{}: {} -> {}",
                    export.name(),
                    params.join(" "),
                    results.join(" ")
                );
            }
            _ => println!("{}: not a function", export.name()),
        }
    }
    let average = instance
        .get_func(&mut store, "average")
        .expect("the module has this export");
    let mut results = [Val::I32(0)];
    average.call(&mut store, &[1.5_f32.into(), 2.0_f32.into()], &mut results)?;
    println!("the average of 1.5 and 2 is {}", results[0].unwrap_f32());
    assert_eq!(results[0].f32(), Some(1.75));
    assert_eq!(results[0].i32(), None);

    // In this case wrong types are an error of the call.
    assert!(
        average
            .call(&mut store, &[Val::I32(1), Val::I32(2)], &mut results)
            .is_err()
    );
    assert!(average.call(&mut store, &[], &mut results).is_err());
    assert!(
        average
            .call(&mut store, &[1.5_f32.into(), 2.0_f32.into()], &mut [])
            .is_err()
    );
    Ok(())
}
