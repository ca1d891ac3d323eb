//! Functions with several results, of the guest and of the host.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (import "host" "divide" (func $divide (param i64 i64) (result i64 i64)))
        (func (export "swap") (param i32 f64) (result f64 i32)
            (local.get 1)
            (local.get 0))

        ;; The hundreds, tens and ones of a number.
        (func (export "digits") (param i64) (result i64 i64 i64)
            (local $rest i64)
            (call $divide (local.get 0) (i64.const 100))
            (local.set $rest)
            (call $divide (local.get $rest) (i64.const 10)))

        ;; A loop that keeps its product on the operand stack.
        (func (export "factorial") (param $n i64) (result i64 i64)
            (local $rounds i64)
            (i64.const 1)
            (loop $next (param i64) (result i64)
                (i64.mul (local.get $n))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (local.set $rounds (i64.add (local.get $rounds) (i64.const 1)))
                (br_if $next (i64.ne (local.get $n) (i64.const 0))))
            (local.get $rounds))

        ;; One result of each type.
        (func (export "all") (result i32 i64 f32 f64 externref funcref)
            (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
            (ref.null extern) (ref.null func)))
"#;

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, ());

    // A host function returns several results as a tuple. It may also return an error.
    let divide = Func::wrap(&mut store, |a: i64, b: i64| -> Result<(i64, i64)> {
        let quotient = a
            .checked_div(b)
            .ok_or_else(|| format_err!("{a} / {b} has no result"))?;
        Ok((quotient, a % b))
    });
    let instance = Instance::new(&mut store, &module, &[divide.into()])?;

    // The host gets a guest's results as a tuple, too.
    let swap = instance.get_typed_func::<(i32, f64), (f64, i32)>(&mut store, "swap")?;
    let swapped = swap.call(&mut store, (7, 0.5))?;
    println!("swapped: {swapped:?}");
    assert_eq!(swapped, (0.5, 7));

    let digits = instance.get_typed_func::<i64, (i64, i64, i64)>(&mut store, "digits")?;
    let (hundreds, tens, ones) = digits.call(&mut store, 365)?;
    println!("digits: {hundreds} {tens} {ones}");
    assert_eq!((hundreds, tens, ones), (3, 6, 5));

    let factorial = instance.get_typed_func::<i64, (i64, i64)>(&mut store, "factorial")?;
    let (product, rounds) = factorial.call(&mut store, 20)?;
    println!("20! = {product}, after {rounds} rounds");
    assert_eq!((product, rounds), (2_432_902_008_176_640_000, 20));

    // Without types at compile time, results are written to a slice of values.
    let all = instance
        .get_func(&mut store, "all")
        .expect("the module has this export");
    let ty = all.ty(&store);
    let mut results = vec![Val::I32(0); ty.results().len()];
    all.call(&mut store, &[], &mut results)?;
    for (ty, value) in ty.results().zip(&results) {
        println!(
            "{ty}: {}",
            match value {
                Val::I32(value) => value.to_string(),
                Val::I64(value) => value.to_string(),
                Val::F32(bits) => f32::from_bits(*bits).to_string(),
                Val::F64(bits) => f64::from_bits(*bits).to_string(),
                Val::ExternRef(None) | Val::FuncRef(None) => "null".to_string(),
                other => format!("{other:?}"),
            }
        );
    }
    assert_eq!(results[3].f64(), Some(4.0));
    Ok(())
}
