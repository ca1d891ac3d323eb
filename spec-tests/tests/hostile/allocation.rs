//! A host without memory: whatever cannot be allocated for a guest is an error or a trap,
//! never an abort.
//!
//! One allocation after the other is refused, until one run needs no more than there are.

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

/// Everything that a guest makes a host allocate: its memories, tables and stacks.
fn run(engine: &Engine, module: &Module) -> Result<Vec<i32>> {
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine).instantiate(&mut store, module)?;
    let mut results = Vec::new();
    for name in ["grow", "deep", "grow"] {
        let function = instance.get_func(&mut store, name).unwrap();
        let mut result = [Val::I32(0)];
        function.call(&mut store, &[], &mut result)?;
        results.push(result[0].unwrap_i32());
    }
    Ok(results)
}

#[test]
fn none_can_be_had_after_some() {
    let mut config = Config::new();
    config.max_wasm_stack(4 << 20);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat::parse_str(TEXT).unwrap()).unwrap();
    let (mut refused, mut declined) = (0, 0);
    for allowed in 0.. {
        let (outcome, was_refused) = with_allocations(allowed, || run(&engine, &module));
        if !was_refused {
            assert_eq!(outcome.unwrap(), [6, 5000, 12]);
            break;
        }
        refused += 1;
        match outcome {
            // The guest is told that there is no more, and goes on; or something else did
            // with less.
            Ok(_) => declined += 1,
            Err(error) => is_clear(&error),
        }
    }
    println!("{refused} allocations refused, of which the guest was told of {declined}");
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
