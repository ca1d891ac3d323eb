//! A host that runs out of memory: a failed allocation for a guest is an error or a trap, never an
//! abort.
//!
//! Each run allows one allocation more than the last, until a run succeeds with all of its
//! allocations.

use crate::guard::with_allocations;
use backstitch::{Config, Engine, Error, Linker, Module, Result, Store, Trap, Val};

const TEXT: &str = r#"(module
    (memory $one 1) (memory $two 1 100)
    (table $functions 10 funcref) (table $values 5 externref)
    (func $deep (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.const 1)
                (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "grow") (result i32)
        (i32.add (memory.grow $two (i32.const 3))
            (table.grow $values (ref.null extern) (i32.const 3))))
    (func (export "deep") (result i32) (call $deep (i32.const 5000))))"#;

/// Makes a guest cause all kinds of allocations: memories, tables and stacks.
fn run(store: &mut Store<()>, module: &Module) -> Result<Vec<i32>> {
    let instance = Linker::new(module.engine()).instantiate(&mut *store, module)?;
    let mut results = Vec::new();
    for name in ["grow", "deep", "grow"] {
        let function = instance.get_func(&mut *store, name).unwrap();
        let mut result = [Val::I32(0)];
        function.call(&mut *store, &[], &mut result)?;
        results.push(result[0].unwrap_i32());
    }
    Ok(results)
}

#[test]
fn failed_allocations_are_errors() {
    let mut config = Config::new();
    config.max_wasm_stack(4 << 20);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat::parse_str(TEXT).unwrap()).unwrap();
    let (mut refused, mut declined) = (0, 0);
    for allowed in 0.. {
        let mut store = Store::new(&engine, ());
        let (outcome, was_refused) = with_allocations(allowed, || run(&mut store, &module));
        if !was_refused {
            assert_eq!(outcome.unwrap(), [6, 5000, 12]);
            break;
        }
        refused += 1;
        match outcome {
            // The guest received -1 and continued, or the engine needed less.
            Ok(_) => declined += 1,
            Err(error) => is_clear(&error),
        }
    }
    println!("{refused} allocations refused, {declined} of them without an error");
    assert!(refused >= 8 && declined >= 2);
}

fn is_clear(error: &Error) {
    let text = format!("{error:#}");
    let overflow = error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow);
    assert!(
        overflow || text.contains("cannot allocate that much"),
        "{text}"
    );
}
