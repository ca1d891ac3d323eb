//! Forks of stores: a small instance with a suspended call, and memories of 64 MiB.

use backstitch::{Engine, Execution, Instance, Linker, Module, Store};
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

/// Returns a store with a memory of `bytes` bytes, which are not zero if it `is_full`, and with a
/// suspended call.
fn suspended(bytes: usize, is_full: bool) -> (Store<()>, Instance, Execution) {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE).expect("the module is valid");
    let mut linker = Linker::new(&engine);
    let ask = || -> backstitch::Result<i32> { Err(backstitch::Error::suspend(())) };
    linker.func_wrap("", "ask", ask).expect("the name is free");
    let mut store = Store::new(&engine, ());
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("the import is defined");
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("the memory is exported");
    let pages = (bytes / 65536) as u64 - memory.size(&store);
    memory.grow(&mut store, pages).expect("the limit allows it");
    if is_full {
        memory.data_mut(&mut store).fill(1);
    }
    let run = instance
        .get_func(&mut store, "run")
        .expect("the function is exported");
    let mut execution = run.start(&mut store, &[]).expect("there is a stack");
    execution.resume(&mut store).expect("the call is suspended");
    (store, instance, execution)
}

#[divan::bench]
fn small(bencher: Bencher<'_, '_>) {
    let (store, instance, execution) = suspended(65536, false);
    bencher.bench_local(|| {
        let mut fork = store.fork(()).expect("there is memory");
        let handles = (fork.get(&instance), fork.get(&execution));
        (fork.into_store(), handles)
    });
}

#[divan::bench(args = [true, false])]
fn large(bencher: Bencher<'_, '_>, is_full: bool) {
    let (store, ..) = suspended(LARGE, is_full);
    bencher
        .counter(BytesCount::new(LARGE))
        .bench_local(|| store.fork(()).expect("there is memory").into_store());
}

/// A copy of as many bytes into new memory, for comparison.
#[divan::bench]
fn copy(bencher: Bencher<'_, '_>) {
    let bytes = vec![1_u8; LARGE];
    bencher
        .counter(BytesCount::new(LARGE))
        .bench_local(|| bytes.clone());
}
