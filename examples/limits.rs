//! Limits of memory sizes, table sizes and stack depth.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (memory (export "memory") 1)
        (table (export "table") 4 funcref)
        (func (export "grow_memory") (param i32) (result i32)
            (memory.grow (local.get 0)))
        (func (export "grow_table") (param i32) (result i32)
            (table.grow (ref.null func) (local.get 0)))
        (func $depth (export "depth") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
                (then (i32.const 0))
                (else
                    (i32.add (i32.const 1)
                        (call $depth (i32.sub (local.get 0) (i32.const 1))))))))
"#;

/// A limiter with a common budget for all memories of a store.
struct Budget {
    left: usize,
    refused: usize,
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        match self.left.checked_sub(desired - current) {
            Some(left) => self.left = left,
            None => {
                self.refused += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        ensure!(desired <= 16, "no guest needs {desired} elements");
        Ok(true)
    }
}

fn main() -> Result<()> {
    let mut config = Config::new();
    config.max_wasm_stack(256 << 10);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, MODULE)?;

    // Fixed limits. Growth beyond them fails, with the result -1 for the guest.
    let limits = StoreLimitsBuilder::new()
        .memory_size(3 << 16)
        .table_elements(8)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow_memory = instance.get_typed_func::<i32, i32>(&mut store, "grow_memory")?;
    let grow_table = instance.get_typed_func::<i32, i32>(&mut store, "grow_table")?;
    for pages in [1, 2, 1, 1] {
        println!(
            "{pages} pages more: {}",
            grow_memory.call(&mut store, pages)?
        );
    }
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("the module has this export");
    assert_eq!(memory.size(&store), 3);
    assert_eq!(grow_table.call(&mut store, 4)?, 4);
    assert_eq!(grow_table.call(&mut store, 1)?, -1);

    // The same limits, but growth beyond them traps.
    let limits = StoreLimitsBuilder::new()
        .memory_size(1 << 16)
        .trap_on_grow_failure(true)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow_memory = instance.get_typed_func::<i32, i32>(&mut store, "grow_memory")?;
    assert!(grow_memory.call(&mut store, 1).is_err());

    // A memory whose initial size is too large makes the instantiation fail.
    let limits = StoreLimitsBuilder::new().memory_size(1_000).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    assert!(Instance::new(&mut store, &module, &[]).is_err());

    // A common budget for two instances. Too large a table is an error.
    let mut store = Store::new(
        &engine,
        Budget {
            left: 5 << 16,
            refused: 0,
        },
    );
    store.limiter(|budget| budget);
    let first = Instance::new(&mut store, &module, &[])?;
    let second = Instance::new(&mut store, &module, &[])?;
    let first_grows = first.get_typed_func::<i32, i32>(&mut store, "grow_memory")?;
    let second_grows = second.get_typed_func::<i32, i32>(&mut store, "grow_memory")?;
    assert_eq!(first_grows.call(&mut store, 2)?, 1);
    assert_eq!(second_grows.call(&mut store, 2)?, -1);
    assert_eq!(second_grows.call(&mut store, 1)?, 1);
    println!(
        "left: {} bytes, refused: {}",
        store.data().left,
        store.data().refused
    );
    assert_eq!((store.data().left, store.data().refused), (0, 1));
    let grow_table = first.get_typed_func::<i32, i32>(&mut store, "grow_table")?;
    let error = grow_table.call(&mut store, 100).unwrap_err();
    println!("table: {}", error.root_cause());
    assert_eq!(
        error.root_cause().to_string(),
        "no guest needs 104 elements"
    );

    // Recursion traps at the limit of the stack. The store remains usable.
    let depth = first.get_typed_func::<i32, i32>(&mut store, "depth")?;
    assert_eq!(depth.call(&mut store, 1_000)?, 1_000);
    let error = depth.call(&mut store, 1_000_000).unwrap_err();
    println!("too deep: {}", error.root_cause());
    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    assert_eq!(depth.call(&mut store, 10)?, 10);
    Ok(())
}
