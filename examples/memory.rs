//! Memory access from the host: reading, writing and growing memories, and creating one.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (memory (export "memory") 1 4)
        (data (i32.const 0) "stitch")
        (func (export "size") (result i32) (memory.size))
        (func (export "sum") (param $at i32) (param $len i32) (result i32)
            (local $sum i32)
            (block $done
                (loop $next
                    (br_if $done (i32.eqz (local.get $len)))
                    (local.set $sum
                        (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (local.set $len (i32.sub (local.get $len) (i32.const 1)))
                    (br $next)))
            (local.get $sum)))
"#;

/// Imports a memory that the host creates.
const BORROWER: &str = r#"
    (module
        (import "host" "memory" (memory 1))
        (func (export "double") (param i32)
            (i32.store (local.get 0)
                (i32.mul (i32.load (local.get 0)) (i32.const 2)))))
"#;

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, MODULE)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("the module has this export");

    // As a slice, while nothing runs in the store.
    println!(
        "{} bytes begin with {:?}",
        memory.data_size(&store),
        &memory.data(&store)[..6]
    );
    assert!(memory.data(&store).starts_with(b"stitch"));

    // By copying, which is an error if it is out of bounds.
    memory.write(&mut store, 100, &[1, 2, 3, 4])?;
    let sum = instance.get_typed_func::<(i32, i32), i32>(&mut store, "sum")?;
    assert_eq!(sum.call(&mut store, (100, 4))?, 10);
    let mut buffer = [0; 8];
    memory.read(&store, 98, &mut buffer)?;
    println!("around the four numbers: {buffer:?}");
    assert_eq!(buffer, [0, 0, 1, 2, 3, 4, 0, 0]);
    assert!(memory.read(&store, 65_530, &mut buffer).is_err());
    assert!(memory.write(&mut store, usize::MAX, &buffer).is_err());

    // Growing keeps the contents. The memory's type has the maximum.
    assert_eq!(memory.ty(&store).maximum(), Some(4));
    assert_eq!(memory.grow(&mut store, 2)?, 1);
    let size = instance.get_typed_func::<(), i32>(&mut store, "size")?;
    println!(
        "grown to {} pages, as the guest sees {}",
        memory.size(&store),
        size.call(&mut store, ())?
    );
    assert_eq!(memory.size(&store), 3);
    assert!(memory.grow(&mut store, 2).is_err());
    memory.data_mut(&mut store)[3 * 65_536 - 1] = 200;
    assert_eq!(sum.call(&mut store, (3 * 65_536 - 4, 4))?, 200);

    // An access of the guest beyond the end traps.
    let error = sum.call(&mut store, (3 * 65_536 - 1, 2)).unwrap_err();
    println!("beyond the end: {}", error.root_cause());
    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));

    // A memory that the host creates and a guest imports.
    let shared = Memory::new(&mut store, MemoryType::new(1, Some(1)))?;
    let borrower = Module::new(&engine, BORROWER)?;
    let instance = Instance::new(&mut store, &borrower, &[shared.into()])?;
    shared.write(&mut store, 0, &21_i32.to_le_bytes())?;
    instance
        .get_typed_func::<i32, ()>(&mut store, "double")?
        .call(&mut store, 0)?;
    let bytes = shared.data(&store)[..4].try_into().expect("four bytes");
    println!("doubled: {}", i32::from_le_bytes(bytes));
    assert_eq!(i32::from_le_bytes(bytes), 42);
    Ok(())
}
