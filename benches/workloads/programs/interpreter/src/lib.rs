//! Wasmi, in a version that was a stack machine: a WebAssembly interpreter in
//! WebAssembly. A validator, a translator, and a dispatch loop around a `br_table`.

use support::Checksum;
use wasmi::{Caller, Engine, Func, Instance, Linker, Module, Store, TypedFunc};

const GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.wasm"));

/// Decodes, validates and translates the guest, and runs `n` hundred iterations of it.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let n = n.max(1);
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST).expect("a guest that is valid");
    let mut store: Store<Checksum> = Store::new(&engine, Checksum::new());
    let note = Func::wrap(&mut store, |mut caller: Caller<'_, Checksum>, word: i64| {
        caller.data_mut().word(word as u64);
    });
    let mut linker = Linker::new(&engine);
    linker
        .define("host", "note", note)
        .expect("the only definition");
    let instance: Instance = linker
        .instantiate(&mut store, &module)
        .and_then(|instance| instance.start(&mut store))
        .expect("all imports are there");

    for (name, argument) in [("fibonacci", 6 + n % 10), ("mix", n * 100), ("fail", 0)] {
        let function: TypedFunc<i32, i64> = instance
            .get_typed_func(&store, name)
            .expect("an export of that type");
        match function.call(&mut store, argument) {
            Ok(word) => store.data_mut().word(word as u64),
            Err(error) => {
                let message = error.to_string();
                store.data_mut().bytes(message.as_bytes());
            }
        }
    }
    store.data().finish()
}
