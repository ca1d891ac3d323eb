//! Mutated snapshots. Each is refused, or restored and run. None causes a panic, and with Miri or a
//! sanitizer none an access outside of the store.
//!
//! `SNAPSHOT_MUTANTS=1000000 cargo test --release -p spec-tests --test hostile -- snapshots` is the
//! long run.

use crate::guard::{panics, survives};
use crate::mutation::mutate;
use crate::random::Random;
use backstitch::{
    Config, CoreDump, Engine, Error, ExternType, Instance, Linker, Module, Outcome, Result,
    Snapshot, SnapshotHost, SnapshotOptions, Store, Val,
};
use std::any::Any;

/// Number of mutants by default.
const MUTANTS: u64 = if cfg!(miri) { 20 } else { 20_000 };

/// Maximum number of snapshots of one program.
const OF_ONE: usize = if cfg!(miri) { 2 } else { 8 };

/// Programs that have something for every part of a snapshot.
const PROGRAMS: [&str; 7] = [
    r#"(module $numbers
        (memory 1 2) (table 4 8 funcref) (elem (i32.const 1) func $deep)
        (global $a (mut f32) (f32.const 0.5)) (global $v (mut v128) (v128.const i64x2 1 2))
        (data $later "later")
        (func $deep (param $n i32) (result i32) (local $x f64) (local $v v128)
            (local.set $v (global.get $v))
            (i32.store (i32.mul (local.get $n) (i32.const 8)) (local.get $n))
            (if (result i32) (local.get $n)
                (then (i32.add (i32.const 3)
                    (call_indirect (param i32) (result i32)
                        (i32.sub (local.get $n) (i32.const 1)) (i32.const 1))))
                (else (memory.copy (i32.const 100) (i32.const 0) (i32.const 50))
                    (i32.load (i32.const 8)))))
        (func (export "main") (param i32) (result i32) (call $deep (local.get 0))))"#,
    r#"(module $objects
        (type $bytes (array (mut i8)))
        (rec (type $node (sub (struct (field (mut (ref null $node))) (field (ref null $list)) (field f64))))
            (type $list (array (mut anyref))))
        (type $leaf (sub $node (struct (field (mut (ref null $node))) (field (ref null $list)) (field f64)
            (field i16))))
        (global $root (mut anyref) (ref.null any))
        (table 3 externref)
        (elem (ref $bytes) (item (array.new_fixed $bytes 2 (i32.const 1) (i32.const 2))))
        (data $letters "abcdefgh")
        (func $grow (param $n i32) (param $next (ref null $node)) (result (ref null $node))
            (local $node (ref $node))
            (local.set $node (struct.new $leaf (local.get $next)
                (array.new $list (ref.i31 (local.get $n)) (local.get $n)) (f64.const 2) (i32.const 7)))
            (global.set $root (local.get $node))
            (table.set (i32.const 1) (extern.convert_any (local.get $node)))
            (drop (array.new_data $bytes $letters (i32.const 1) (i32.const 3)))
            (if (result (ref null $node)) (local.get $n)
                (then (call $grow (i32.sub (local.get $n) (i32.const 1)) (local.get $node)))
                (else (local.get $node))))
        (func (export "main") (param i32) (result i32)
            (struct.get_s $leaf 3 (ref.cast (ref $leaf)
                (call $grow (local.get 0) (ref.null $node))))
            drop
            (array.get_u $bytes (array.new $bytes (i32.const 5) (i32.const 9)) (i32.const 2))))"#,
    r#"(module $continuations
        (type $f (func (param i32) (result i32))) (type $k (cont $f))
        (tag $yield (param i32) (result i32))
        (table $all 4 (ref null $k))
        (func $body (param i32) (result i32)
            (loop $again
                (local.set 0 (suspend $yield (local.get 0)))
                (br_if $again (local.get 0)))
            (i32.const 9))
        (elem declare func $body)
        (func (export "main") (param i32) (result i32) (local $k (ref null $k))
            (local.set $k (cont.new $k (ref.func $body)))
            (table.set $all (i32.const 2) (cont.new $k (ref.func $body)))
            (loop $again (result i32)
                (block $on (result i32 (ref $k))
                    (resume $k (on $yield $on) (local.get 0) (local.get $k))
                    (return))
                (local.set $k)
                (local.set 0)
                (table.set $all (i32.const 1) (local.get $k))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br $again))))"#,
    r#"(module $exceptions
        (tag $t (param i32 externref)) (tag $none)
        (global $caught (mut exnref) (ref.null exn))
        (func $throws (param i32)
            (if (local.get 0) (then (call $throws (i32.sub (local.get 0) (i32.const 1))))
                (else (throw $t (i32.const 4) (ref.null extern)))))
        (func (export "main") (param i32) (result i32)
            (local $e exnref)
            (block $h (result i32 externref exnref)
                (try_table (catch_ref $t $h) (call $throws (local.get 0)))
                (return (i32.const 1)))
            (local.set $e)
            (global.set $caught (local.get $e))
            (drop)
            (loop $again
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $again (local.get 0)))))"#,
    r#"(module $host
        (import "host" "ask" (func $ask (param i32) (result i32)))
        (import "host" "value" (func $value (result externref)))
        (table 2 externref)
        (func $again (param i32) (result i32) (return_call $ask (local.get 0)))
        (func (export "main") (param i32) (result i32)
            (table.set (i32.const 0) (call $value))
            (i32.add (call $ask (local.get 0)) (call $again (local.get 0)))))"#,
    r#"(module $legacy
        (tag $t (param i64))
        (func $throws (throw $t (i64.const 5)))
        (func (export "main") (param i32) (result i32)
            try (result i32)
                call $throws
                i32.const 1
            catch $t
                drop
                loop $again
                    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                    (br_if $again (local.get 0))
                end
                i32.const 3
            end))"#,
    r#"(module $waits
        (memory 1 1 shared)
        (func (export "main") (param i32) (result i32)
            (loop $again
                (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.load (i32.const 8))))"#,
];

struct Host;

impl SnapshotHost<()> for Host {
    fn save_data(&mut self, (): &()) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn restore_data(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn save_value(&mut self, _: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        Ok(vec![7])
    }

    fn restore_value(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(bytes.to_vec()))
    }
}

fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "ask", |_: i32| -> Result<i32> {
            Err(Error::suspend("question"))
        })
        .unwrap();
    linker
        .func_wrap("host", "value", |mut caller: backstitch::Caller<'_, ()>| {
            backstitch::ExternRef::new(&mut caller, 5_u32).map(Some)
        })
        .unwrap();
    linker
}

/// A module, and snapshots of its program at several suspensions.
struct Program {
    module: Module,
    snapshots: Vec<Vec<u8>>,
}

fn programs(engine: &Engine) -> Vec<Program> {
    let program = |text: &&str| {
        let module = Module::new(engine, wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(engine, ());
        store.set_fuel(1000).unwrap();
        let instance = linker(engine).instantiate(&mut store, &module).unwrap();
        let main = instance.get_func(&mut store, "main").unwrap();
        let mut execution = main.start(&mut store, &[Val::I32(3)]).unwrap();
        let mut snapshots = Vec::new();
        while snapshots.len() < OF_ONE {
            let mut bytes = Vec::new();
            store
                .snapshot(&mut Host, &mut bytes, &SnapshotOptions::new())
                .unwrap();
            snapshots.push(bytes);
            for _ in 0..3 {
                store.set_fuel(1).unwrap();
                match advance(&mut store, &mut execution) {
                    Ok(Outcome::Suspended(_)) => {}
                    _ => return Program { module, snapshots },
                }
            }
        }
        Program { module, snapshots }
    };
    PROGRAMS.iter().map(program).collect()
}

/// Resumes an execution, with an answer if it waits for one.
fn advance(store: &mut Store<()>, execution: &mut backstitch::Execution) -> Result<Outcome> {
    if let Some(ty) = execution.awaits(&*store) {
        let results: Vec<Val> = ty.results().map(|_| Val::I32(2)).collect();
        return execution.resume_with(&mut *store, &results);
    }
    execution.resume(&mut *store)
}

/// Restores a store, and uses all that it has.
fn restore(engine: &Engine, module: &Module, bytes: &[u8]) -> Result<()> {
    let snapshot = Snapshot::parse(bytes)?;
    let modules = std::slice::from_ref(module);
    let restored = Store::restore(engine, &linker(engine), modules, &snapshot, &mut Host)?;
    let mut store = restored.store;
    let dump = backstitch::WasmCoreDump::capture(&mut store).serialize(&mut store, "restored");
    CoreDump::parse(&dump)?;
    store.gc(None)?;
    let mut again = Vec::new();
    store.snapshot(&mut Host, &mut again, &SnapshotOptions::new())?;
    for mut execution in restored.executions {
        for _ in 0..20 {
            store.set_fuel(30)?;
            if !matches!(
                advance(&mut store, &mut execution),
                Ok(Outcome::Suspended(_))
            ) {
                break;
            }
        }
    }
    store.set_fuel(500)?;
    for instance in restored.instances {
        call_main(&mut store, instance)?;
    }
    store.gc(None)
}

fn call_main(store: &mut Store<()>, instance: Instance) -> Result<()> {
    let main = instance.get_export(&mut *store, "main");
    let Some(ExternType::Func(_)) = main.as_ref().map(|main| main.ty(&*store)) else {
        return Err(Error::msg("the module exports `main`"));
    };
    let main = main.and_then(backstitch::Extern::into_func);
    if let Some(main) = main {
        let _ = main.call(&mut *store, &[Val::I32(2)], &mut [Val::I32(0)]);
    }
    Ok(())
}

/// Changes bytes of the extension, which most of the values are in, to others that are as long.
fn change_values(bytes: &mut [u8], random: &mut Random) {
    let name = b"backstitch.coredump";
    let at = bytes.windows(name.len()).position(|window| window == name);
    let first = at.unwrap_or_default() + name.len();
    for _ in 0..[1, 1, 1, 2, 3][random.below(5)] {
        let at = first + random.below(bytes.len() - first);
        bytes[at] = match random.below(4) {
            0 => random.below(256) as u8,
            1 => bytes[at] ^ 1 << random.below(8),
            2 => bytes[at].wrapping_add(1),
            _ => random.below(6) as u8,
        };
    }
}

#[test]
fn s4_broken_snapshots() {
    panics();
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let programs = programs(&engine);
    for program in &programs {
        for snapshot in &program.snapshots {
            restore(&engine, &program.module, snapshot).unwrap();
        }
    }
    let mutants = std::env::var("SNAPSHOT_MUTANTS");
    let mutants = mutants.map_or(MUTANTS, |text| text.parse().unwrap());
    let (mut restored, mut refused) = (0, 0);
    for seed in 0..mutants {
        let mut random = Random::new(seed);
        let program = &programs[random.below(programs.len())];
        let original = &program.snapshots[random.below(program.snapshots.len())];
        let bytes = if random.below(4) == 0 {
            let other = &program.snapshots[random.below(program.snapshots.len())];
            mutate(original, other, &mut random)
        } else {
            let mut bytes = original.clone();
            change_values(&mut bytes, &mut random);
            bytes
        };
        let outcome = survives(
            || format!("seed {seed}"),
            || restore(&engine, &program.module, &bytes),
        );
        match outcome {
            Ok(()) => restored += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    println!("{restored} restored, {refused} refused");
    assert!(restored * 50 > mutants && refused * 50 > mutants);
}
