//! Continuations whose revisions are exhausted.

use super::*;

const GENERATOR: &str = r#"(module
    (type $f (func (result i32)))
    (type $k (cont $f))
    (tag $yield)
    (elem declare func $count)
    (func $count (result i32)
        (local $i i32)
        (loop $again
            (suspend $yield)
            (br_if $again
                (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
        (local.get $i))
    (func $make (export "make") (result contref) (cont.new $k (ref.func $count)))
    ;; What was suspended, or null and what the function has returned.
    (func (export "resume") (param (ref $k)) (result contref i32)
        (block $yielded (result (ref $k))
            (return (ref.null cont) (resume $k (on $yield $yielded) (local.get 0))))
        (i32.const -1)))"#;

/// After the last revision of a number, the continuation gets the first revision of another
/// number, and no reference with the old number becomes valid again.
#[test]
fn a_continuation_outlives_its_number() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, GENERATOR), &[]).unwrap();
    let make = instance.get_func(&mut store, "make").unwrap();
    let resume = instance.get_func(&mut store, "resume").unwrap();
    let mut made = [Val::null_cont_ref()];
    make.call(&mut store, &[], &mut made).unwrap();
    let first = *made[0].unwrap_cont_ref().unwrap();
    let number = first.bits() as u32;
    // Pretend that the continuation has been resumed often.
    let bits = u64::from(number) | ((1 << 31) - 3) << 32;
    let stack = store.inner.stacks.continuation(first.bits()).unwrap();
    store.inner.stacks.stack_mut(stack).reference = bits;
    let mut reference = ContRef::from_bits(bits, store.inner.id()).unwrap();
    let mut numbers = alloc::vec::Vec::new();
    let ended = loop {
        let mut results = [Val::null_cont_ref(), Val::I32(0)];
        let used = [Val::from(reference)];
        resume.call(&mut store, &used, &mut results).unwrap();
        says(
            resume.call(&mut store, &used, &mut results.clone()),
            "already consumed",
        );
        match results[0].unwrap_cont_ref() {
            Some(&suspended) => reference = suspended,
            None => break results[1].unwrap_i32(),
        }
        numbers.push((reference.bits() as u32 == number, reference.bits() >> 32));
        assert_eq!(store.continuations().count(), 1);
    };
    assert_eq!(ended, 4);
    let last = (1 << 31) - 1;
    assert_eq!(
        numbers,
        [(true, last - 1), (true, last), (false, 1), (false, 2)]
    );
    assert_eq!(store.continuations().count(), 0);
    // The old number must not be reused.
    for _ in 0..3 {
        make.call(&mut store, &[], &mut made).unwrap();
        assert_ne!(made[0].unwrap_cont_ref().unwrap().bits() as u32, number);
    }
}
