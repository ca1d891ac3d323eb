//! Executions that are suspended before accesses to shared memories.

use backstitch::{
    AccessKind, Config, Dispatch, Engine, Execution, Instance, Module, Outcome, Store, Suspension,
    Trap, Val,
};

/// Instructions of all kinds. Memory 0 is shared and has 32-bit addresses, memory 1 is shared and has
/// 64-bit addresses, and memory 2 is not shared.
const KINDS: &str = r#"(module
    (memory 1 1 shared)
    (memory i64 1 1 shared)
    (memory 1 1)
    (data $data "abcdef")
    (func $store8 (param i32 i32) (i32.store8 offset=3 (local.get 0) (local.get 1)))
    (func (export "all") (param $at i32) (result i64) (local $v v128)
      ;; Operands of several kinds are below those of the accesses.
      (i64.const 5)
      (f64.add (f64.const 1) (f64.const 2))
      (i32.mul (local.get $at) (i32.const 3))
      (i64.load32_u offset=8 (i32.add (local.get $at) (i32.const 16)))
      (f64.store (i32.const 64) (f64.mul (f64.const 2) (f64.const 3)))
      (f32.load (i32.const 64))
      (call $store8 (local.get $at) (i32.const 7))
      (i64.store 1 (i64.const 128) (i64.load8_s 1 (i64.const 129)))
      (i32.store 2 (i32.const 0) (i32.load 2 (i32.const 4)))
      (local.set $v (v128.load8_lane 0 2 (i32.const 5) (v128.load (i32.const 32))))
      (v128.store64_lane 0 1 (i32.const 40) (local.get $v))
      (v128.store (i32.const 48) (local.get $v))
      (i32.atomic.store16 (i32.const 2) (i32.atomic.load8_u (i32.const 1)))
      (drop (i64.atomic.rmw.add 1 (i64.const 8) (i64.const 1)))
      (drop (i32.atomic.rmw8.cmpxchg_u (i32.const 9) (i32.const 0) (i32.const 1)))
      (drop (memory.atomic.wait32 (i32.const 12) (i32.const 1) (i64.const 0)))
      (drop (memory.atomic.wait64 (i32.const 16) (i64.const 1) (i64.const 0)))
      (drop (memory.atomic.notify offset=4 (i32.const 16) (i32.const 1)))
      (atomic.fence)
      (memory.fill (i32.const 100) (i32.const 1) (i32.const 3))
      (memory.copy (i32.const 104) (i32.const 100) (i32.const 3))
      (memory.copy 2 0 (i32.const 0) (i32.const 100) (i32.const 2))
      (memory.init $data (i32.const 110) (i32.const 1) (i32.const 4))
      (memory.init 2 $data (i32.const 110) (i32.const 1) (i32.const 4))
      ;; All of the operands are in the result.
      drop drop drop
      (i64.add (i64.trunc_f64_s) (i64.const 0))
      (i64.add)))"#;

fn engines() -> impl Iterator<Item = Engine> {
    [Dispatch::Tail, Dispatch::Become, Dispatch::Loop]
        .into_iter()
        .filter_map(|dispatch| {
            let mut config = Config::new();
            config
                .dispatch(dispatch)
                .consume_fuel(true)
                .observe_accesses(true);
            Engine::new(&config).ok()
        })
}

fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    store.set_fuel(1_000_000).unwrap();
    store
}

fn start(store: &mut Store<()>, text: &str, name: &str, arguments: &[Val]) -> Execution {
    let bytes = wat::parse_str(text).unwrap();
    let module = Module::new(store.engine(), &bytes).unwrap();
    let instance = Instance::new(&mut *store, &module, &[]).unwrap();
    let function = instance.get_func(&mut *store, name).unwrap();
    let mut execution = function.start(&mut *store, arguments).unwrap();
    execution.suspend_at_accesses(true);
    execution
}

#[test]
fn every_access_to_a_shared_memory_suspends() {
    use AccessKind::{AtomicLoad, AtomicStore, AtomicUpdate, Load, Notify, Store, Wait};
    let mut count = 0;
    for engine in engines() {
        count += 1;
        let mut store = store(&engine);
        let mut execution = start(&mut store, KINDS, "all", &[Val::I32(4)]);
        let mut accesses = Vec::new();
        let mut offsets = Vec::new();
        let results = loop {
            match execution.resume(&mut store).unwrap() {
                Outcome::Done(results) => break results,
                Outcome::Suspended(Suspension::Access(access)) => {
                    accesses.push((access.kind, access.address, access.size));
                    let backtrace = execution.backtrace(&store);
                    offsets.push(backtrace.frames()[0].module_offset().unwrap());
                    // A dump reads all values of all frames.
                    let dump = execution.core_dump(&store);
                    assert!(!dump.serialize(&mut store, "accesses").is_empty());
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(results[0].unwrap_i64(), 8);
        assert_eq!(
            accesses,
            [
                (Load, 28, 4),
                (Store, 64, 8),
                (Load, 64, 4),
                (Store, 7, 1),
                (Load, 129, 1),
                (Store, 128, 8),
                (Load, 32, 16),
                (Load, 5, 1),
                (Store, 40, 8),
                (Store, 48, 16),
                (AtomicLoad, 1, 1),
                (AtomicStore, 2, 2),
                (AtomicUpdate, 8, 8),
                (AtomicUpdate, 9, 1),
                (Wait, 12, 4),
                (Wait, 16, 8),
                (Notify, 20, 4),
                (Store, 100, 3),
                (Load, 100, 3),
                (Store, 104, 3),
                (Load, 100, 2),
                (Store, 110, 4),
            ]
        );
        // Both accesses of a copy are of one instruction.
        let bytes = wat::parse_str(KINDS).unwrap();
        let opcode = |offset: usize| (bytes[offset], bytes[offset + 1]);
        assert_eq!(offsets[18], offsets[19]);
        assert_eq!(opcode(offsets[0]).0, 0x35, "i64.load32_u");
        assert_eq!(opcode(offsets[3]).0, 0x3a, "i32.store8");
        assert_eq!(opcode(offsets[12]), (0xfe, 0x1f), "i64.atomic.rmw.add");
        assert_eq!(opcode(offsets[17]), (0xfc, 11), "memory.fill");
    }
    assert!(count >= 2 || cfg!(not(target_arch = "x86_64")));
}

#[test]
fn an_access_is_performed_when_the_execution_is_resumed() {
    for engine in engines() {
        let mut store = store(&engine);
        let text = r#"(module
            (memory (export "memory") 1 1 shared)
            (func (export "set") (i32.store (i32.const 0) (i32.const 7)))
            (func (export "out") (drop (i32.load (i32.const 65533)))))"#;
        let mut execution = start(&mut store, text, "set", &[]);
        let Outcome::Suspended(Suspension::Access(access)) = execution.resume(&mut store).unwrap()
        else {
            panic!("the function stores");
        };
        assert_eq!(access.memory.data_size(&store), 65536);
        let mut byte = [0];
        access.memory.read(&store, 0, &mut byte).unwrap();
        assert_eq!(byte, [0]);
        assert!(matches!(execution.resume(&mut store), Ok(Outcome::Done(_))));
        access.memory.read(&store, 0, &mut byte).unwrap();
        assert_eq!(byte, [7]);

        let mut execution = start(&mut store, text, "out", &[]);
        let outcome = execution.resume(&mut store).unwrap();
        assert!(matches!(
            outcome,
            Outcome::Suspended(Suspension::Access(access)) if access.address == 65533
        ));
        let error = execution.resume(&mut store).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    }
}

#[test]
fn calls_and_other_executions_do_not_stop_at_accesses() {
    for engine in engines() {
        let mut store = store(&engine);
        let bytes = wat::parse_str(KINDS).unwrap();
        let module = Module::new(&engine, &bytes).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let all = instance.get_func(&mut store, "all").unwrap();
        let mut results = [Val::I64(0)];
        all.call(&mut store, &[Val::I32(4)], &mut results).unwrap();
        assert_eq!(results[0].unwrap_i64(), 8);
        let mut execution = all.start(&mut store, &[Val::I32(4)]).unwrap();
        let outcome = execution.resume(&mut store).unwrap();
        assert!(matches!(outcome, Outcome::Done(_)));
    }
}

#[test]
fn without_the_setting_nothing_is_announced() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = store(&engine);
    let mut execution = start(&mut store, KINDS, "all", &[Val::I32(4)]);
    let outcome = execution.resume(&mut store).unwrap();
    assert!(matches!(outcome, Outcome::Done(_)));
}
