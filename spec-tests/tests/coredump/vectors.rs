//! Vectors in core dumps: in slots, in the accumulator, on suspended stacks and in globals.

use super::parsed::parse;
use super::shop::{dump_of, engines};
use backstitch::coredump::Value;
use backstitch::{CoreDump, Instance, Module, Store};

const TEXT: &str = r#"(module
    (type $f (func (param v128 i32))) (type $k (cont $f))
    (type $g (func (param i32))) (type $half (cont $g))
    (type $h (func (param i64 v128))) (type $waiting (cont $h))
    (memory 1)
    (global i32 (i32.const 1)) (global (mut v128) (v128.const i64x2 5 -6)) (global i64 (i64.const 2))
    (global $bound (mut (ref null $half)) (ref.null $half))
    (global $suspended (mut (ref null $waiting)) (ref.null $waiting))
    (tag $ask (result i64 v128))
    (elem declare func $inner $asks)
    (func $asks (type $f) (suspend $ask) (drop) (drop))
    (func $inner (type $f) (local v128 i64)
        (local.set 2 (i64x2.add (local.get 0) (local.get 0)))
        (local.set 3 (i64.const 9))
        ;; An operand in a slot, then one that the last instruction has made.
        (i64x2.neg (local.get 0))
        (i32.const 65521)
        (v128.xor (local.get 0) (local.get 2))
        (v128.store)
        (drop))
    (func $middle (param i64 v128 f64)
        (v128.const i64x2 7 8)
        (v128.not (local.get 1))
        (f64.const 0.5)
        (call $inner (local.get 1) (i32.const 3))
        (drop) (drop) (drop))
    (func (export "run")
        (global.set $bound
            (cont.bind $k $half (v128.const i64x2 11 12) (cont.new $k (ref.func $inner))))
        (block $asked (result (ref $waiting))
            (resume $k (on $ask $asked)
                (v128.const i64x2 13 14) (i32.const 15) (cont.new $k (ref.func $asks)))
            (return))
        (global.set $suspended)
        (call $middle (i64.const -1) (v128.const i64x2 1 -2) (f64.const 1.5))))"#;

fn vector(low: i64, high: i64) -> Value {
    let low = u128::from(low.cast_unsigned());
    Value::V128(low | u128::from(high.cast_unsigned()) << 64)
}

#[test]
fn c20_vectors_are_complete_wherever_they_are() {
    for engine in engines() {
        let module = Module::new(&engine, TEXT).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        let file = dump_of(&error).serialize(&mut store, "x");
        let dump = CoreDump::parse(&file).unwrap();

        let frames = &dump.threads()[0].frames;
        assert_eq!(frames.len(), 3);
        let given = vector(1, -2);
        assert_eq!(
            frames[0].locals,
            [given, Value::I32(3), vector(2, -4), Value::I64(9)]
        );
        // 1 ^ 2 and -2 ^ -4.
        let operands = [vector(-1, 2), Value::I32(65521), vector(3, 2)];
        assert_eq!(frames[0].operands, operands);
        let f64 = |value: f64| Value::F64(value.to_bits());
        assert_eq!(frames[1].locals, [Value::I64(u64::MAX), given, f64(1.5)]);
        assert_eq!(frames[1].operands, [vector(7, 8), vector(-2, 1), f64(0.5)]);
        assert_eq!(frames[2].operands, []);

        let access = dump.reason().unwrap().access.unwrap();
        assert_eq!((access.address, access.size), (65521, 16));
        let globals: Vec<Value> = dump.globals().iter().map(|global| global.value).collect();
        assert_eq!(globals[..3], [Value::I32(1), vector(5, -6), Value::I64(2)]);

        let bound = dump.stacks().iter().find(|stack| !stack.bound.is_empty());
        assert_eq!(bound.unwrap().bound, [vector(11, 12)]);
        let suspended = dump.threads().iter().find(|thread| {
            let youngest = thread.frames.first();
            youngest.is_some_and(|frame| frame.locals == [vector(13, 14), Value::I32(15)])
        });
        assert!(suspended.is_some(), "{:?}", dump.threads());

        // The standard section has no vectors, but the type of a global.
        let parsed = parse(&file);
        let (_, standard) = &parsed.stacks[0];
        assert_eq!(standard[0].locals[..2], ["missing", "i32 3"]);
        assert!(
            parsed.globals[1].starts_with("V128 V128Const"),
            "{:?}",
            parsed.globals
        );
    }
}
