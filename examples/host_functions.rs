//! Host functions that use the store's data or the guest's memory, have a type that is known only
//! at run time, or fail.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (import "log" "line" (func $line (param i32 i32)))
        (import "math" "scale" (func $scale (param f64) (result f64)))
        (import "math" "pick" (func $pick (param i32 i64 f64) (result i64)))
        (import "door" "open" (func $open (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "a line from the guest")
        (func (export "report") (call $line (i32.const 16) (i32.const 21)))
        (func (export "stray") (call $line (i32.const 65530) (i32.const 21)))
        (func (export "compute") (result i64)
            (call $pick (i32.const 1) (i64.const -7) (call $scale (f64.const 2.5))))
        (func (export "enter") (param i32) (result i32) (call $open (local.get 0))))
"#;

/// Data of the host for one guest.
#[derive(Default)]
struct Guest {
    lines: Vec<String>,
    factor: f64,
}

/// Error of the host for a wrong key.
#[derive(Debug, PartialEq)]
struct WrongKey(i32);

impl std::fmt::Display for WrongKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "key {} does not fit", self.0)
    }
}

impl std::error::Error for WrongKey {}

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<Guest>::new(&engine);

    // The caller gives access to the guest's exports and to the store's data, here to both at the
    // same time.
    linker.func_wrap(
        "log",
        "line",
        |mut caller: Caller<'_, Guest>, at: u32, len: u32| {
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                bail!("a guest that logs has to export its memory");
            };
            let (bytes, guest) = memory.data_and_store_mut(&mut caller);
            let line = bytes
                .get(at as usize..)
                .and_then(|bytes| bytes.get(..len as usize))
                .ok_or_else(|| format_err!("the line at {at} is outside of the memory"))?;
            guest.lines.push(String::from_utf8_lossy(line).into_owned());
            Ok(())
        },
    )?;

    // Parameters and results are ordinary Rust values.
    linker.func_wrap("math", "scale", |caller: Caller<'_, Guest>, x: f64| {
        x * caller.data().factor
    })?;

    // A function whose type is known only at run time gets slices of values.
    let ty = FuncType::new(
        &engine,
        [ValType::I32, ValType::I64, ValType::F64],
        [ValType::I64],
    );
    linker.func_new("math", "pick", ty, |_, params, results| {
        let chosen = 1 + params[0].unwrap_i32() as usize;
        results[0] = match &params[chosen] {
            Val::F64(bits) => Val::I64(f64::from_bits(*bits) as i64),
            other => *other,
        };
        Ok(())
    })?;

    // An error ends the guest's execution, and is returned by the host's call of the guest.
    linker.func_wrap("door", "open", |key: i32| match key {
        42 => Ok(1),
        key => Err(Error::from(WrongKey(key))),
    })?;

    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(
        &engine,
        Guest {
            factor: 4.0,
            ..Guest::default()
        },
    );
    let instance = linker.instantiate(&mut store, &module)?;

    instance
        .get_typed_func::<(), ()>(&mut store, "report")?
        .call(&mut store, ())?;
    println!("logged: {:?}", store.data().lines);
    assert_eq!(store.data().lines, ["a line from the guest"]);

    let stray = instance.get_typed_func::<(), ()>(&mut store, "stray")?;
    let error = stray.call(&mut store, ()).unwrap_err();
    println!("stray line: {}", error.root_cause());
    assert!(error.root_cause().to_string().contains("65530 is outside"));

    let compute = instance.get_typed_func::<(), i64>(&mut store, "compute")?;
    let computed = compute.call(&mut store, ())?;
    println!("computed: {computed}");
    assert_eq!(computed, 10);

    let enter = instance.get_typed_func::<i32, i32>(&mut store, "enter")?;
    assert_eq!(enter.call(&mut store, 42)?, 1);
    let error = enter.call(&mut store, 7).unwrap_err();
    println!("wrong key: {}", error.root_cause());
    assert_eq!(error.downcast_ref(), Some(&WrongKey(7)));
    Ok(())
}
