//! Forks of stores: a small instance with a suspended call, and memories of 64 MiB and other sizes.

use backstitch::{Config, Engine, Execution, Instance, Linker, Module, Store};
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
    suspended_in(&Engine::default(), bytes, is_full)
}

/// Does the same in a given engine.
fn suspended_in(engine: &Engine, bytes: usize, is_full: bool) -> (Store<()>, Instance, Execution) {
    let module = Module::new(engine, MODULE).expect("the module is valid");
    let mut linker = Linker::new(engine);
    let ask = || -> backstitch::Result<i32> { Err(backstitch::Error::suspend(())) };
    linker.func_wrap("", "ask", ask).expect("the name is free");
    let mut store = Store::new(engine, ());
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

/// The first fork of a store, which copies the contents of its memory.
#[divan::bench(args = [true, false])]
fn first(bencher: Bencher<'_, '_>, is_full: bool) {
    bencher
        .counter(BytesCount::new(LARGE))
        .with_inputs(|| suspended(LARGE, is_full))
        .bench_local_values(|(store, ..)| {
            let fork = store.fork(()).expect("there is memory").into_store();
            (store, fork)
        });
}

/// Further forks of a store whose memory has not changed meanwhile.
#[divan::bench(args = [true, false])]
fn again(bencher: Bencher<'_, '_>, is_full: bool) {
    let (store, ..) = suspended(LARGE, is_full);
    let _first = store.fork(()).expect("there is memory").into_store();
    bencher
        .counter(BytesCount::new(LARGE))
        .bench_local(|| store.fork(()).expect("there is memory").into_store());
}

/// Forks of a fork, of which some pages were written since the last fork.
#[divan::bench(args = [0, 10, 100, 1000])]
fn of_a_fork(bencher: Bencher<'_, '_>, pages: usize) {
    let (store, instance, _) = suspended(LARGE, true);
    let mut fork = store.fork(()).expect("there is memory");
    let instance = fork.get(&instance);
    let mut fork = fork.into_store();
    let memory = instance.get_memory(&mut fork, "memory");
    let memory = memory.expect("the memory is exported");
    bencher.bench_local(|| {
        for page in 0..pages {
            memory.data_mut(&mut fork)[(page * 7919 * 4096) % LARGE] += 1;
        }
        fork.fork(()).expect("there is memory").into_store()
    });
}

/// A hundred forks at once, of which each writes a page.
#[divan::bench]
fn hundred(bencher: Bencher<'_, '_>) {
    let (store, instance, _) = suspended(LARGE, true);
    let fork = |page: usize| {
        let mut fork = store.fork(()).expect("there is memory");
        let instance = fork.get(&instance);
        let mut fork = fork.into_store();
        let memory = instance.get_memory(&mut fork, "memory");
        memory.expect("the memory is exported").data_mut(&mut fork)[page * 4096] = 2;
        fork
    };
    bencher.bench_local(|| (0..100).map(fork).collect::<Vec<_>>());
}

/// A fork of which every page is written: the whole price of sharing.
#[divan::bench]
fn and_written(bencher: Bencher<'_, '_>) {
    let (store, instance, _) = suspended(LARGE, true);
    bencher.counter(BytesCount::new(LARGE)).bench_local(|| {
        let mut fork = store.fork(()).expect("there is memory");
        let instance = fork.get(&instance);
        let mut fork = fork.into_store();
        let memory = instance.get_memory(&mut fork, "memory");
        let memory = memory.expect("the memory is exported").data_mut(&mut fork);
        memory.iter_mut().step_by(4096).for_each(|byte| *byte += 1);
        fork
    });
}

/// Forks of memories of other sizes, copied and shared.
#[divan::bench(args = [1, 4, 16, 64, 256], consts = [false, true])]
fn pages_of_64_kib<const SHARED: bool>(bencher: Bencher<'_, '_>, pages: usize) {
    let mut config = Config::new();
    config.copy_on_write_from(if SHARED { 0 } else { usize::MAX });
    let engine = Engine::new(&config).expect("the configuration is valid");
    let (store, ..) = suspended_in(&engine, pages << 16, true);
    bencher
        .counter(BytesCount::new(pages << 16))
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
