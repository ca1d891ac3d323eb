//! A host that does anything at random.

use super::{Log, Random, end, engines, replay, timelines};
use backstitch::{
    Caller, Config, Divergence, Engine, ExnRef, ExnRefPre, ExnType, Extern, ExternRef, Func,
    Linker, Module, Recorder, Ref, Replayer, Result, Store, Trap, Val,
};

/// A program that does what the host says.
const PROGRAM: &str = r#"
(module
  (import "host" "act" (func $act (param i32 i64 externref) (result i32)))
  (import "host" "value" (func $value (result externref)))
  (import "host" "function" (func $function (result funcref)))
  (import "host" "pass" (func $pass (param anyref i32) (result anyref f64 i64)))
  (memory (export "memory") 1 8)
  (global $count (export "count") (mut i64) (i64.const 0))
  (global $kept (mut externref) (ref.null extern))
  (table $functions (export "table") 8 100 funcref)
  (tag $thrown (export "tag") (param i32 i64))
  (type $pair (struct (field (mut i32))))
  (type $unit (func))
  (func $mix (param i64)
    (global.set $count
      (i64.mul (i64.add (global.get $count) (local.get 0)) (i64.const 0x9E3779B97F4A7C15))))
  (func $sum
    (local $at i32)
    (loop $again
      (call $mix (i64.load (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 512)))
      (br_if $again (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536))))))
  (func $bump (export "bump") (param i32) (result i32)
    (call $mix (i64.extend_i32_u (local.get 0)))
    (i32.store (i32.const 64) (local.get 0))
    (if (i32.eq (local.get 0) (i32.const 13)) (then (unreachable)))
    (if (i32.gt_u (local.get 0) (i32.const 1000))
      (then (drop (call $act (local.get 0) (i64.const 5) (global.get $kept)))))
    (i32.wrap_i64 (global.get $count)))
  (func $plain (call $mix (i64.const 3)))
  (elem declare func $plain $bump)
  (func (export "run") (param $times i32) (result i64)
    (local $function funcref)
    (local $pair (ref null $pair))
    (loop $again
      (block $after
        (block $caught (result i32 i64)
          (try_table (catch $thrown $caught)
            (call $mix (i64.extend_i32_u
              (call $act (local.get $times) (global.get $count) (global.get $kept))))
            (br $after))
          (unreachable))
        (call $mix)
        (call $mix (i64.extend_i32_u)))
      (global.set $kept (call $value))
      (call $mix (i64.extend_i32_u (ref.is_null (global.get $kept))))
      (local.set $function (call $function))
      (table.set $functions (i32.const 3) (local.get $function))
      (if (ref.test (ref $unit) (local.get $function))
        (then (call_indirect $functions (type $unit) (i32.const 3))))
      (local.set $pair (struct.new $pair (local.get $times)))
      (call $pass (local.get $pair) (local.get $times))
      (call $mix)
      (call $mix (i64.reinterpret_f64))
      (call $mix (i64.extend_i32_u (ref.eq (ref.cast (ref null eq)) (local.get $pair))))
      (call $mix (i64.extend_i32_u (table.size $functions)))
      (drop (memory.grow (i32.const 1)))
      (call $sum)
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (global.get $count)))
"#;

/// The data of the store.
#[derive(Clone)]
struct Host {
    random: Random,
    /// Bytes that the program has received: those written to its memory, and its results.
    received: u64,
    /// Number of nested calls.
    depth: u32,
}

fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "act", act)?;
    linker.func_wrap("host", "value", |mut caller: Caller<'_, Host>| {
        let value = caller.data_mut().random.below(3);
        Result::Ok(match value {
            0 => None,
            _ => Some(ExternRef::new(&mut caller, value)?),
        })
    })?;
    linker.func_wrap("host", "function", |mut caller: Caller<'_, Host>| {
        let table = caller
            .get_export("table")
            .and_then(Extern::into_table)
            .unwrap();
        match caller.data_mut().random.below(4) {
            0 => None,
            1 => caller.get_export("bump").and_then(Extern::into_func),
            2 => Some(Func::wrap(&mut caller, |mut caller: Caller<'_, Host>| {
                caller.data_mut().random.next();
            })),
            _ => match table.get(&mut caller, 3) {
                Some(Ref::Func(function)) => function,
                _ => None,
            },
        }
    })?;
    let ty = Module::new(engine, PROGRAM)?;
    let mut imports = ty.imports().filter(|import| import.name() == "pass");
    let ty = imports.next().unwrap().ty().unwrap_func().clone();
    linker.func_new("host", "pass", ty, |mut caller, arguments, results| {
        let random = &mut caller.data_mut().random;
        results[0] = match random.below(3) {
            0 => Val::null_any_ref(),
            _ => arguments[0],
        };
        results[1] = Val::F64(random.next());
        results[2] = Val::I64(random.next() as i64);
        Ok(())
    })?;
    Ok(linker)
}

/// Does a few things at random.
fn act(
    mut caller: Caller<'_, Host>,
    number: i32,
    _: i64,
    value: Option<backstitch::Rooted<ExternRef>>,
) -> Result<i32> {
    let memory = caller
        .get_export("memory")
        .and_then(Extern::into_memory)
        .unwrap();
    let global = caller
        .get_export("count")
        .and_then(Extern::into_global)
        .unwrap();
    let table = caller
        .get_export("table")
        .and_then(Extern::into_table)
        .unwrap();
    let bump = caller
        .get_export("bump")
        .and_then(Extern::into_func)
        .unwrap();
    for _ in 0..caller.data_mut().random.below(4) {
        let size = memory.data_size(&caller) as u64;
        let mut random = caller.data().random.clone();
        match random.below(11) {
            0 => {
                let bytes: Vec<u8> = (0..random.below(300))
                    .map(|_| random.next() as u8)
                    .collect();
                memory.write(&mut caller, random.below(size - 300) as usize, &bytes)?;
            }
            1 => {
                let bytes = memory.data_mut(&mut caller);
                for _ in 0..random.below(20) {
                    let at = random.below(size) as usize;
                    bytes[at] = random.next() as u8;
                }
            }
            2 => {
                let (bytes, host) = memory.data_and_store_mut(&mut caller);
                host.received += 1;
                bytes[number as u32 as usize % 1000] ^= 1;
            }
            3 => drop(memory.grow(&mut caller, 1)),
            4 => global.set(&mut caller, Val::I64(random.next() as i64))?,
            5 => table.set(&mut caller, random.below(3), Ref::Func(Some(bump)))?,
            6 => drop(table.grow(&mut caller, 1, Ref::Func(None))),
            7 if caller.data().depth < 3 => {
                caller.data_mut().depth += 1;
                caller.data_mut().random = random.clone();
                let mut results = [Val::I32(0)];
                let argument = Val::I32(random.below(2000) as i32);
                let called = bump.call(&mut caller, &[argument], &mut results);
                caller.data_mut().depth -= 1;
                // The error of the program is passed on, or forgotten.
                if random.below(2) == 0 {
                    called?;
                }
                random = caller.data().random.clone();
            }
            8 => {
                let tag = caller.get_export("tag").and_then(Extern::into_tag).unwrap();
                let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
                let allocator = ExnRefPre::new(&mut caller, ty);
                let fields = [Val::I32(random.next() as i32), Val::I64(7)];
                let exception = ExnRef::new(&mut caller, &allocator, &tag, &fields)?;
                caller.data_mut().random = random;
                return caller.throw(exception);
            }
            9 if random.below(12) == 0 => {
                return match random.below(2) {
                    0 => Err(Trap::IntegerOverflow.into()),
                    _ => Err(backstitch::Error::msg("inner").context("outer")),
                };
            }
            _ => drop(value.map(|value| value.ty(&caller))),
        }
        random.next();
        caller.data_mut().random = random;
    }
    Ok(caller.data_mut().random.next() as i32)
}

/// Records a run with this argument. Returns the log, and the end of the program.
fn record(
    engine: &Engine,
    seed: u64,
    times: i32,
) -> (Vec<u8>, Option<u64>, impl PartialEq + std::fmt::Debug) {
    let host = Host {
        random: Random(seed | 1),
        received: 0,
        depth: 0,
    };
    let mut store = Store::new(engine, host);
    if store.get_fuel().is_ok() {
        store.set_fuel(1 << 40).unwrap();
    }
    let log = Log::default();
    Recorder::new(log.clone())
        .embed_modules(seed.is_multiple_of(2))
        .start(&mut store)
        .unwrap();
    let module = Module::new(engine, PROGRAM).unwrap();
    let linker = linker(engine).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut results = [Val::I64(0)];
    let called = run.call(&mut store, &[Val::I32(times)], &mut results);
    let spent = store.fuel_spent();
    let end = end(&mut store, called.map(|()| results.to_vec()));
    store.end_recording(3, "the end").unwrap();
    (log.bytes(), spent, end)
}

#[test]
fn a_host_that_does_anything_is_replayed() {
    let binary = wat::parse_str(PROGRAM).unwrap();
    for counts in [true, false] {
        let mut config = Config::new();
        config.consume_fuel(counts).coredump_on_trap(true);
        let engine = Engine::new(&config).unwrap();
        let mut failed = 0;
        for seed in 1..60 {
            let (log, spent, recorded) = record(&engine, seed * 77_777, 20);
            let mut config = Replayer::new(log.clone()).unwrap().config();
            config.coredump_on_trap(true);
            for engine in engines(&config) {
                let replayed = replay(&log, &engine, &binary);
                let replayed = replayed.unwrap_or_else(|error| panic!("{seed}: {error:?}"));
                assert!(replayed.is_complete);
                assert_eq!((replayed.code, &*replayed.text), (3, "the end"));
                let mut store = replayed.store;
                assert_eq!(store.fuel_spent(), spent, "{seed}");
                let found = end(&mut store, replayed.outcome.unwrap());
                failed += u32::from(found.0.is_err());
                let (a, b) = (format!("{recorded:?}"), format!("{found:?}"));
                assert!(
                    a == b,
                    "{seed}: {}\n{}",
                    &a[..a.len().min(3000)],
                    &b[..b.len().min(3000)]
                );
            }
        }
        assert!(failed > 20, "{failed} programs have failed");
    }
}

#[test]
fn what_is_found_by_going_back_was_seen_by_going_forward() {
    let binary = wat::parse_str(PROGRAM).unwrap();
    for counts in [true, false] {
        let engine = Engine::new(Config::new().consume_fuel(counts)).unwrap();
        for seed in 1..30 {
            let (log, ..) = record(&engine, seed * 77_777, 2);
            timelines::check(&log, &binary, seed);
        }
    }
}

#[test]
fn what_cannot_be_recorded_is_refused_by_name() {
    let engine = Engine::default();
    let text = r#"(module
      (type $s (struct (field (mut i32))))
      (import "host" "make" (func $make (result anyref)))
      (func (export "new") (result anyref) (struct.new $s (i32.const 1)))
      (func (export "run") (drop (call $make))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, None);
    let log = Log::default();
    Recorder::new(log.clone()).start(&mut store).unwrap();
    let mut linker: Linker<Option<Val>> = Linker::new(&engine);
    let ty = module.imports().next().unwrap().ty().unwrap_func().clone();
    linker
        .func_new("host", "make", ty, |mut caller, _, results| {
            let new = caller
                .get_export("new")
                .and_then(Extern::into_func)
                .unwrap();
            new.call(&mut caller, &[], results)
        })
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let error = format!("{:#}", run.call(&mut store, ()).unwrap_err());
    assert!(
        error.contains("cannot record what `host::make` does"),
        "{error}"
    );
    assert!(store.end_recording(0, "").is_err());
    // What was recorded before is replayed.
    let replayer = Replayer::new(log.bytes()).unwrap();
    let engine = Engine::new(&replayer.config()).unwrap();
    let replayed = replay(&log.bytes(), &engine, &wat::parse_str(text).unwrap()).unwrap();
    assert!(!replayed.is_complete);
}

#[test]
fn stores_that_cannot_be_recorded_are_refused() {
    let log = Log::default();
    let engine = Engine::new(Config::new().interruptible(true)).unwrap();
    let refused = Recorder::new(log.clone()).start(&mut Store::new(&engine, ()));
    assert!(format!("{:#}", refused.unwrap_err()).contains("Config::consume_fuel"));

    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, "(module (memory 1))").unwrap();
    backstitch::Instance::new(&mut store, &module, &[]).unwrap();
    assert!(Recorder::new(log).start(&mut store).is_err());
}

/// Calls that return as they did last take a few bytes together, and their arguments are checked.
#[test]
fn calls_that_return_alike_are_recorded_together() {
    let text = r#"(module
      (import "host" "quiet" (func $quiet (param i32) (result i32)))
      (import "host" "writes" (func $writes (param i32)))
      (memory (export "memory") 1)
      (func (export "run") (result i32)
        (local $at i32) (local $sum i32)
        (loop $again
          (local.set $sum (i32.add (local.get $sum) (call $quiet (local.get $at))))
          (if (i32.eqz (i32.rem_u (local.get $at) (i32.const 100)))
            (then (call $writes (i32.const 8))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $at) (i32.const 1000))))
        (i32.add (local.get $sum) (i32.load (i32.const 8)))))"#;
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let log = Log::default();
    Recorder::new(log.clone()).start(&mut store).unwrap();
    let mut linker: Linker<u32> = Linker::new(&engine);
    linker.func_wrap("host", "quiet", |_: i32| 3).unwrap();
    let writes = |mut caller: Caller<'_, u32>, address: u32| {
        *caller.data_mut() += 11;
        let word = caller.data().to_le_bytes();
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        Ok(memory
            .unwrap()
            .write(&mut caller, address as usize, &word)?)
    };
    linker.func_wrap("host", "writes", writes).unwrap();
    let binary = wat::parse_str(text).unwrap();
    let module = Module::new(&engine, &binary).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run");
    assert_eq!(run.unwrap().call(&mut store, ()).unwrap(), 3110);
    store.end_recording(0, "").unwrap();

    let log = log.bytes();
    assert!(log.len() < 260, "{}", log.len());
    for engine in engines(&Config::new()) {
        let replayed = replay(&log, &engine, &binary).unwrap();
        assert!(replayed.is_complete);
        let results = replayed.outcome.unwrap().unwrap();
        assert_eq!(results[0].unwrap_i32(), 3110);
    }
    let hash = |bytes: &[u8]| backstitch::coredump::ModuleIdentity::of(bytes).sha256;
    let at = log.windows(32).position(|part| part == hash(&binary));
    let at = at.unwrap();
    for (from, to, difference) in [
        (
            "(call $quiet (local.get $at))",
            "(call $quiet (i32.const 500))",
            "other arguments",
        ),
        (
            "const 1000",
            "const 999",
            "returns, and in the recording it calls the host",
        ),
        ("const 1000", "const 1001", "and in the recording it ends"),
    ] {
        let changed = wat::parse_str(text.replace(from, to)).unwrap();
        let mut log = log.clone();
        log[at..at + 32].copy_from_slice(&hash(&changed));
        let error = replay(&log, &engine, &changed).unwrap_err();
        let text = error.to_string();
        assert!(
            error.is::<Divergence>() && text.contains(difference),
            "{text}"
        );
    }
}

#[test]
fn a_changed_program_diverges_at_the_next_call_of_the_host() {
    let text = r#"(module
      (import "host" "a" (func $a (param i32)))
      (import "host" "b" (func $b (param i32)))
      (func $work (param i32)
        (call $a (local.get 0))
        (call $b (i32.const 2)))
      (func (export "run") (call $work (i32.const 1))))"#;
    let config = Config::new().consume_fuel(true).clone();
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1000).unwrap();
    let log = Log::default();
    Recorder::new(log.clone()).start(&mut store).unwrap();
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.func_wrap("host", "a", |_: i32| {}).unwrap();
    linker.func_wrap("host", "b", |_: i32| {}).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap();
    store.end_recording(0, "").unwrap();

    let binary = wat::parse_str(text).unwrap();
    let hash = |bytes: &[u8]| backstitch::coredump::ModuleIdentity::of(bytes).sha256;
    for (from, to, difference) in [
        ("i32.const 2", "i32.const 3", "other arguments"),
        (
            "(call $b (i32",
            "(call $a (i32",
            "`host::a`, and in the recording `host::b`",
        ),
        (
            "(call $b (i32.const 2))",
            "",
            "the program returns, and in the recording it calls",
        ),
        (
            "(call $b (i32.const 2))",
            "unreachable",
            "the program fails, and in the recording it calls",
        ),
        (
            "i32.const 1",
            "i32.add (i32.const 0) (i32.const 1)",
            "another number of instructions",
        ),
    ] {
        let changed = text.replace(from, to);
        let changed = wat::parse_str(changed).unwrap();
        // The log of the changed module, by its hash.
        let mut log = log.bytes();
        let at = log
            .windows(32)
            .position(|bytes| bytes == hash(&binary))
            .unwrap();
        log[at..at + 32].copy_from_slice(&hash(&changed));
        let error = replay(&log, &engine, &changed).unwrap_err();
        let divergence: &Divergence = error.downcast_ref().unwrap_or_else(|| panic!("{error:?}"));
        let text = divergence.to_string();
        assert!(text.contains(difference), "{text}");
        assert!(divergence.instructions.is_some());
        if difference.contains("arguments") || difference.contains("`host") {
            assert_eq!(divergence.backtrace.frames()[0].func_name(), Some("work"));
        }
    }
    let error = replay(&log.bytes(), &engine, b"\0asm\x01\0\0\0").unwrap_err();
    assert!(error.to_string().contains("of another module"), "{error:#}");
}

#[test]
fn a_log_is_hardly_larger_than_what_comes_from_outside() {
    let text = r#"(module
      (import "host" "read" (func $read (param i32 i32 i32) (result i32)))
      (import "host" "time" (func $time (param i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "run") (param $times i32)
        (loop $again
          (drop (call $read (i32.const 1024) (i32.const 4096) (i32.const 64)))
          (drop (call $time (i32.const 72)))
          (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))"#;
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, (Random(9), 0_u64));
    store.set_fuel(1 << 40).unwrap();
    let log = Log::default();
    Recorder::new(log.clone()).start(&mut store).unwrap();
    let mut linker: Linker<(Random, u64)> = Linker::new(&engine);
    linker
        .func_wrap(
            "host",
            "read",
            |mut caller: Caller<'_, (Random, u64)>, to: i32, len: i32, count: i32| {
                let memory = caller
                    .get_export("memory")
                    .and_then(Extern::into_memory)
                    .unwrap();
                let random = &mut caller.data_mut().0;
                let len = random.below(len as u64 + 1) as usize;
                let bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
                memory.write(&mut caller, to as usize, &bytes).unwrap();
                memory
                    .write(&mut caller, count as usize, &(len as u32).to_le_bytes())
                    .unwrap();
                caller.data_mut().1 += len as u64 + 4 + 4;
                0
            },
        )
        .unwrap();
    linker
        .func_wrap(
            "host",
            "time",
            |mut caller: Caller<'_, (Random, u64)>, to: i32| {
                let memory = caller
                    .get_export("memory")
                    .and_then(Extern::into_memory)
                    .unwrap();
                let time = caller.data_mut().0.next().to_le_bytes();
                memory.write(&mut caller, to as usize, &time).unwrap();
                caller.data_mut().1 += 8 + 4;
                0
            },
        )
        .unwrap();
    let module = Module::new(&engine, text).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<i32, ()>(&mut store, "run")
        .unwrap();
    run.call(&mut store, 200).unwrap();
    store.end_recording(0, "").unwrap();
    let (from_outside, len) = (store.data().1, log.bytes().len() as u64);
    assert!(from_outside > 100_000);
    assert!(
        len * 100 < from_outside * 102,
        "{len} bytes for {from_outside}"
    );
}

/// Another thread interrupts at any time: here, the host does it, so that the test is repeatable.
#[test]
fn interruptions_are_replayed_at_the_same_instruction() {
    const TEXT: &str = r#"(module
      (import "host" "tick" (func $tick (param i32)))
      (memory (export "memory") 2)
      (global $sum (export "sum") (mut i32) (i32.const 0))
      (func $step (param i32) (result i32)
        (memory.fill (i32.const 0) (local.get 0) (i32.const 70000))
        (i32.add (local.get 0) (i32.const 3)))
      (func (export "run") (result i32) (local $count i32)
        (loop $again
          (if (i32.eqz (i32.rem_u (local.get $count) (i32.const 7)))
            (then (call $tick (local.get $count))))
          (global.set $sum (i32.add (global.get $sum) (call $step (local.get $count))))
          (br_if $again (i32.lt_u
            (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 500))))
        (global.get $sum)))"#;
    let binary = wat::parse_str(TEXT).unwrap();
    for epochs in [false, true] {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .interruptible(!epochs)
            .epoch_interruption(epochs)
            .coredump_on_trap(true);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, Random(5));
        store.set_fuel(1 << 40).unwrap();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            Ok(match store.data_mut().below(20) {
                0 => backstitch::UpdateDeadline::Interrupt,
                1..10 => backstitch::UpdateDeadline::Continue(1),
                _ => backstitch::UpdateDeadline::Yield(1),
            })
        });
        let log = Log::default();
        Recorder::new(log.clone()).start(&mut store).unwrap();
        let handle = store.interrupt_handle().ok();
        let mut linker: Linker<Random> = Linker::new(&engine);
        linker
            .func_wrap(
                "host",
                "tick",
                move |caller: Caller<'_, Random>, count: i32| {
                    if count % 3 == 0 {
                        match &handle {
                            Some(handle) => handle.interrupt(),
                            None => caller.engine().increment_epoch(),
                        }
                    }
                },
            )
            .unwrap();
        let module = Module::new(&engine, TEXT).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();
        let mut execution = run.start(&mut store, &[]).unwrap();
        let mut suspensions = 0;
        let outcome = loop {
            match execution.resume(&mut store) {
                Ok(backstitch::Outcome::Suspended(_)) => suspensions += 1,
                Ok(backstitch::Outcome::Done(results)) => break Ok(results),
                Err(error) => break Err(error),
            }
        };
        assert!(suspensions > 3, "{suspensions}");
        store.end_recording(0, "").unwrap();
        let spent = store.fuel_spent();
        let recorded = end(&mut store, outcome);
        let log = log.bytes();
        let mut config = Replayer::new(log.clone()).unwrap().config();
        config.coredump_on_trap(true);
        for engine in engines(&config) {
            let mut replayed = replay(&log, &engine, &binary).unwrap();
            assert!(replayed.is_complete);
            assert_eq!(replayed.store.fuel_spent(), spent);
            let outcome = replayed.outcome.take().unwrap();
            assert!(end(&mut replayed.store, outcome) == recorded, "{epochs}");
        }
    }
}
