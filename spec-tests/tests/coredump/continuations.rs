//! Core dumps with several stacks.

use backstitch::coredump::{Boundary, Frame, RefKind, StackState, Value};
use backstitch::{Config, CoreDump, Engine, Instance, Module, Store, WasmCoreDump};
use spec_tests::engines::dispatches;

const MODULE: &str = r#"(module
    (type $f (func (param i32 i64))) (type $k (cont $f))
    (type $g (func)) (type $kg (cont $g))
    (tag $yield) (tag $other (param i32))
    (global $fresh (mut (ref null $kg)) (ref.null $kg))
    (global $suspended (mut (ref null $kg)) (ref.null $kg))
    (elem declare func $sleep $die $lost)
    (func $sleep (type $f) (suspend $yield))
    (func $lost (suspend $yield))
    (func $die (param i32 i64) (local f32)
        (local.set 2 (f32.const 1.5))
        (i32.const 11) (i32.div_u (i32.const 1) (i32.const 0)) (drop) (drop))
    (func $suspend (param $k (ref $kg)) (result (ref $kg))
        (block $h (result (ref $kg))
            (resume $kg (on $yield $h) (local.get $k))
            (unreachable)))
    (func (export "run")
        (global.set $fresh
            (cont.bind $k $kg (i32.const 5) (i64.const 6) (cont.new $k (ref.func $sleep))))
        (global.set $suspended
            (call $suspend
                (cont.bind $k $kg (i32.const 7) (i64.const 8) (cont.new $k (ref.func $sleep)))))
        ;; an unreachable continuation
        (drop (call $suspend (cont.new $kg (ref.func $lost))))
        (block $h (result (ref $kg))
            (block $i (result i32 (ref $kg))
                (i32.const 99)
                (resume $k (on $other $i) (on $yield $h) (on $yield switch)
                    (i32.const 1) (i64.const 2) (cont.new $k (ref.func $die)))
                (unreachable))
            (unreachable))
        (drop)))"#;

#[test]
fn c12_attached_stacks_are_one_thread_and_each_detached_continuation_another() {
    for dispatch in dispatches() {
        let mut config = Config::new();
        config.dispatch(dispatch).coredump_on_trap(true);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, MODULE).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
        let bytes = dump.serialize(&mut store, "stacks");
        let dump = CoreDump::parse(&bytes).unwrap();

        let names: Vec<_> = dump.threads().iter().map(|thread| &*thread.name).collect();
        let [fresh, suspended] = ["fresh", "suspended"].map(|state| {
            let end = format!("({state})");
            names.iter().filter(|name| name.ends_with(&end)).count()
        });
        assert_eq!((names.len(), fresh, suspended), (3, 1, 1), "{names:?}");

        // The frames of the continuation that trapped, and of the function that resumed it.
        let main = &dump.threads()[0].frames;
        let functions: Vec<_> = main.iter().map(|frame| frame.function).collect();
        assert_eq!(functions, [2, 4]);
        let details = main[0].details.as_ref().unwrap();
        assert_eq!(details.boundary, Boundary::Continuation);
        assert_eq!(
            main[0].locals,
            [Value::I32(1), Value::I64(2), Value::F32(1.5_f32.to_bits())]
        );
        assert_eq!(
            main[0].operands,
            [Value::I32(11), Value::I32(1), Value::I32(0)]
        );
        assert_eq!(main[1].operands, [Value::I32(99)]);

        let stacks = dump.stacks();
        let stack = |frame: &Frame| frame.details.as_ref().unwrap().stack;
        let of = |frame| &stacks[stack(frame) as usize];
        let (inner, outer) = (of(&main[0]), of(&main[1]));
        assert!(inner.continuation && !outer.continuation);
        assert_eq!(inner.parent, Some(stack(&main[1])));
        assert_eq!(
            (inner.state, outer.state),
            (StackState::Trapped, StackState::Parent)
        );
        let handlers: Vec<_> = inner.handlers.iter().map(|h| (h.tag, h.switch)).collect();
        assert_eq!(handlers, [(1, false), (0, false), (0, true)]);

        let fresh = stacks.iter().find(|stack| stack.state == StackState::Fresh);
        let fresh = fresh.expect("a fresh continuation");
        assert_eq!(fresh.bound, [Value::I32(5), Value::I64(6)]);
        // The globals refer to both by number and revision.
        let named = |stack: &backstitch::coredump::Stack| {
            Value::Ref(
                RefKind::Cont,
                Some(u64::from(stack.number) | stack.revision << 32),
            )
        };
        let suspended = stacks
            .iter()
            .find(|stack| stack.state == StackState::Suspended)
            .expect("a suspended continuation");
        let globals: Vec<_> = dump.globals().iter().map(|global| global.value).collect();
        assert_eq!(globals, [named(fresh), named(suspended)]);
        let sleeping = dump
            .threads()
            .iter()
            .find(|t| t.name.ends_with("(suspended)"));
        let sleeping = &sleeping.unwrap().frames;
        assert_eq!(sleeping[0].locals, [Value::I32(7), Value::I64(8)]);
    }
}
