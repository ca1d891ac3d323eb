//! Snapshots: writing and restoring a small instance with a suspended call, and one with a memory of
//! 64 MiB, beside a copy of as many bytes.

use backstitch::{
    Engine, Error, Execution, Linker, Module, Result, Snapshot, SnapshotOptions, Store,
};
use divan::Bencher;
use divan::counter::BytesCount;

const MODULE: &str = r#"(module
    (import "" "ask" (func $ask (result i32)))
    (memory (export "memory") 1 1024)
    (func (export "run") (result i32) (call $ask)))"#;

const LARGE: usize = 64 << 20;

fn main() {
    divan::main();
}

fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    let ask = || -> Result<i32> { Err(Error::suspend(())) };
    linker.func_wrap("", "ask", ask).expect("the name is free");
    linker
}

/// Returns a module, and a store with a full memory of `bytes` bytes and a suspended call.
fn suspended(engine: &Engine, bytes: usize) -> (Module, Store<()>, Execution) {
    let module = Module::new(engine, MODULE).expect("the module is valid");
    let mut store = Store::new(engine, ());
    let instance = linker(engine)
        .instantiate(&mut store, &module)
        .expect("the import is defined");
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("the memory is exported");
    let pages = (bytes / 65536) as u64 - memory.size(&store);
    memory.grow(&mut store, pages).expect("the limit allows it");
    memory.data_mut(&mut store).fill(1);
    let run = instance
        .get_func(&mut store, "run")
        .expect("the function is exported");
    let mut execution = run.start(&mut store, &[]).expect("there is a stack");
    execution.resume(&mut store).expect("the call is suspended");
    (module, store, execution)
}

fn save(store: &mut Store<()>, bytes: &mut Vec<u8>) {
    store
        .snapshot(&mut (), bytes, &SnapshotOptions::new())
        .expect("the store can be saved");
}

/// A copy of 64 MiB into memory that was written before.
#[divan::bench]
fn copy(bencher: Bencher<'_, '_>) {
    let (from, mut to) = (vec![1_u8; LARGE], vec![0_u8; LARGE]);
    bencher
        .counter(BytesCount::new(LARGE))
        .bench_local(|| to.copy_from_slice(divan::black_box(&from)));
}

#[divan::bench(args = [65536, LARGE])]
fn write(bencher: Bencher<'_, '_>, size: usize) {
    let engine = Engine::default();
    let (_, mut store, _execution) = suspended(&engine, size);
    let mut bytes = Vec::with_capacity(size + 65536);
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        bytes.clear();
        save(&mut store, &mut bytes);
    });
}

#[divan::bench(args = [65536, LARGE])]
fn restore(bencher: Bencher<'_, '_>, size: usize) {
    let engine = Engine::default();
    let (module, mut store, _execution) = suspended(&engine, size);
    let mut bytes = Vec::new();
    save(&mut store, &mut bytes);
    let linker = linker(&engine);
    let modules = [module];
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        let snapshot = Snapshot::parse(&bytes).expect("it is a snapshot");
        Store::restore(&engine, &linker, &modules, &snapshot, &mut ())
            .expect("the snapshot is complete")
    });
}
