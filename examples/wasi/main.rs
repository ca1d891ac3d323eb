//! A WASI program with the deterministic host: each run on each machine has the same results.

use backstitch::wasi::{
    self, Deterministic, I32Exit, MemoryDirectory, MemoryOutputPipe, WasiCtx, WasiCtxBuilder,
};
use backstitch::{Config, Engine, Linker, Module, Result, Store};

/// Writes four random bytes to a file, prints "written", and exits with a code.
const PROGRAM: &str = r#"
    (module
        (import "wasi_snapshot_preview1" "random_get"
            (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "dicewritten\n")
        (data (i32.const 16) "\40\00\00\00\04\00\00\00") ;; four bytes at 64
        (data (i32.const 24) "\04\00\00\00\08\00\00\00") ;; eight bytes at 4
        (func (export "_start")
            (drop (call $random (i32.const 64) (i32.const 4)))
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)
                (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 32)))
            (drop (call $write (i32.load (i32.const 32)) (i32.const 16) (i32.const 1)
                (i32.const 36)))
            (drop (call $write (i32.const 1) (i32.const 24) (i32.const 1) (i32.const 36)))
            (call $exit (i32.const 3))))
"#;

/// Results of a run: its output, its file, its exit code, and the number of executed instructions.
type Left = (Vec<u8>, Vec<u8>, i32, Option<u64>);

fn run(seed: u64) -> Result<Left> {
    let mut config = Config::new();
    // The clock advances with the number of executed instructions.
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx)?;

    let host = Deterministic::new(seed);
    let files = MemoryDirectory::new(host.time());
    let output = MemoryOutputPipe::new(1 << 16);
    let ctx = WasiCtxBuilder::with_host(host)
        .arg("dice")
        .stdout(output.clone())
        .preopen(files.clone(), "/")
        .build();
    let mut store = Store::new(&engine, ctx);
    store.set_fuel(1_000_000)?;
    let instance = linker.instantiate(&mut store, &Module::new(&engine, PROGRAM)?)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;

    // A program exits with an error, at any depth of calls.
    let code = match start.call(&mut store, ()) {
        Ok(()) => 0,
        Err(error) => error.downcast::<I32Exit>()?.0,
    };
    let fuel = store.fuel_spent();
    Ok((output.contents(), files.read("dice")?, code, fuel))
}

/// Runs the example, which checks its own results.
pub fn main() -> Result<()> {
    let (output, file, code, fuel) = run(1)?;
    assert_eq!((&*output, code), (&b"written\n"[..], 3));
    println!("{}", String::from_utf8_lossy(&output).trim_end());
    println!("{file:?}, exit code {code}, {fuel:?} instructions");
    assert_eq!(run(1)?, (output, file.clone(), code, fuel));
    assert_ne!(run(2)?.1, file);
    Ok(())
}
