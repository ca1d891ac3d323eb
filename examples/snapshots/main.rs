//! Snapshots: a generator in WebAssembly is saved to a file in the middle of its loop, and goes on
//! from there: in another store here, or in another process, on another machine.

use backstitch::*;
use std::fs;

/// Yields the Fibonacci numbers, each by a call of the host.
const MODULE: &str = r#"
    (module $fibonacci
        (import "host" "yield" (func $yield (param i64)))
        (func (export "generate") (local $a i64) (local $b i64) (local $sum i64)
            (local.set $b (i64.const 1))
            (loop $again
                (call $yield (local.get $a))
                (local.set $sum (i64.add (local.get $a) (local.get $b)))
                (local.set $a (local.get $b))
                (local.set $b (local.get $sum))
                (br $again))))
"#;

/// Returns the host's functions: one suspends the caller with the number.
fn linker(engine: &Engine) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "yield", |number: i64| -> Result<()> {
        Err(Error::suspend(number))
    })?;
    Ok(linker)
}

/// Prints the next numbers of a generator that was suspended `count` times.
fn print_next(store: &mut Store<()>, generator: &mut Execution, count: usize) -> Result<()> {
    for _ in 0..count {
        let outcome = generator.resume(&mut *store)?;
        let Outcome::Suspended(Suspension::Host(request)) = outcome else {
            bail!("the generator never ends");
        };
        println!("{}", request.downcast_ref::<i64>().expect("a number"));
    }
    Ok(())
}

fn main() -> Result<()> {
    let path = std::env::temp_dir().join("fibonacci.snapshot");
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, ());
    let instance = linker(&engine)?.instantiate(&mut store, &module)?;
    let generate = instance
        .get_func(&mut store, "generate")
        .expect("an export");
    let mut generator = generate.start(&mut store, &[])?;
    print_next(&mut store, &mut generator, 5)?;

    // The file contains the module, so that nothing else is needed to go on.
    let mut file = fs::File::create(&path)?;
    let mut options = SnapshotOptions::new();
    options.embed_modules(true);
    store.snapshot(&mut (), &mut file, &options)?;
    drop((generator, store));
    println!("saved");

    let bytes = fs::read(&path)?;
    let snapshot = Snapshot::parse(&bytes)?;
    let engine = Engine::default();
    let restored = Store::restore(&engine, &linker(&engine)?, &[], &snapshot, &mut ())?;
    let mut store = restored.store;
    for mut generator in restored.executions {
        print_next(&mut store, &mut generator, 5)?;
    }
    fs::remove_file(path)?;
    Ok(())
}
