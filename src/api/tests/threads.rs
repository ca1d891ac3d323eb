//! Memories that stores on several threads share. Miri runs these tests.

use super::super::*;
use alloc::format;
use std::thread;

/// Runs a function of one number on two threads, in stores of their own. Returns the first bytes of
/// the memory.
fn two_threads(functions: &str) -> [u8; 32] {
    let engine = Engine::default();
    let text = format!(r#"(module (import "env" "memory" (memory 1 2 shared)) {functions})"#);
    let module = Module::new(&engine, text).unwrap();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 2)).unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .define_shared_memory("env", "memory", &memory)
        .unwrap();
    let program = linker.instantiate_pre(&module).unwrap();
    thread::scope(|scope| {
        for me in [0, 1] {
            let (engine, program) = (&engine, &program);
            scope.spawn(move || {
                let mut store = Store::new(engine, ());
                let instance = program.instantiate(&mut store).unwrap();
                let run = instance
                    .get_typed_func::<i32, ()>(&mut store, "run")
                    .unwrap();
                run.call(&mut store, me).unwrap();
            });
        }
    });
    let mut bytes = [0; 32];
    memory.read(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn atomic_updates_of_two_threads_are_not_lost() {
    let bytes = two_threads(
        r#"(func (export "run") (param i32) (local $n i32)
             (loop $again
               (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
               (drop (i64.atomic.rmw8.add_u (i32.const 5) (i64.const 2)))
               (br_if $again (i32.lt_u
                 (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20)))))"#,
    );
    assert_eq!(bytes[..8], [40, 0, 0, 0, 0, 80, 0, 0]);
}

#[test]
fn threads_write_numbers_side_by_side_and_hand_them_over() {
    let bytes = two_threads(
        r#"(func (export "run") (param $me i32)
             ;; Aligned or not, and next to what the other thread writes.
             (i32.store offset=4 (i32.mul (local.get $me) (i32.const 4)) (i32.const 0x01020304))
             (i64.store offset=13 (i32.mul (local.get $me) (i32.const 8)) (i64.const 1))
             (if (local.get $me)
               (then
                 (memory.fill (i32.const 65530) (i32.const 9) (i32.const 6))
                 (drop (memory.grow (i32.const 1)))
                 (i32.atomic.store (i32.const 0) (i32.const 1))
                 (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
               (else
                 (loop $wait
                   (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
                   (br_if $wait (i32.eqz (i32.atomic.load (i32.const 0)))))
                 (memory.copy (i32.const 29) (i32.const 65534) (i32.const 3)))))"#,
    );
    assert_eq!(bytes[4..12], [4, 3, 2, 1, 4, 3, 2, 1]);
    assert_eq!((bytes[13], bytes[21]), (1, 1));
    assert_eq!(bytes[29..], [9, 9, 0]);
}
