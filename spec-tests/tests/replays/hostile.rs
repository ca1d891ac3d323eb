//! Logs that no recorder has written.

use super::{Log, Random, replay};
use backstitch::{
    Caller, Config, Engine, Extern, Linker, Module, Recorder, Replayer, Store, Timeline,
    TimelineOptions, Val,
};

const PROGRAM: &str = r#"
(module
  (import "host" "f" (func $f (param i32 f64 externref) (result i32 externref)))
  (import "host" "g" (func $g (param funcref) (result funcref)))
  (import "host" "h" (func $h (param i32) (result i32)))
  (memory (export "memory") 1 3)
  (table (export "table") 4 20 funcref)
  (global (export "global") (mut i32) (i32.const 1))
  (tag (export "tag") (param i32))
  (func $one (export "one") (param i32) (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.add (local.get 0) (i32.load (i32.const 100))))
  (func $alike (param i32)
    (loop $again
      (drop (call $h (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "run") (result i32)
    (call $f (i32.const 100) (f64.const 1.5) (ref.null extern))
    (drop)
    (drop (call $g (ref.func $one)))
    (call $alike (i32.const 5))
    (i32.add (call $one (i32.const 4)))))
"#;

/// Records a program that passes values of all kinds.
fn record(engine: &Engine) -> Vec<u8> {
    let mut store = Store::new(engine, ());
    if store.get_fuel().is_ok() {
        store.set_fuel(100_000).unwrap();
    }
    let log = Log::default();
    Recorder::new(log.clone())
        .note("a", "b")
        .start(&mut store)
        .unwrap();
    let mut linker: Linker<()> = Linker::new(engine);
    let module = Module::new(engine, PROGRAM).unwrap();
    let mut imports = module
        .imports()
        .map(|import| import.ty().unwrap_func().clone());
    let (f, g) = (imports.next().unwrap(), imports.next().unwrap());
    linker
        .func_new("host", "f", f, |mut caller: Caller<'_, ()>, _, results| {
            let memory = caller
                .get_export("memory")
                .and_then(Extern::into_memory)
                .unwrap();
            memory.write(&mut caller, 102, b"some bytes of the host")?;
            memory.data_mut(&mut caller)[3000] = 1;
            let global = caller
                .get_export("global")
                .and_then(Extern::into_global)
                .unwrap();
            global.set(&mut caller, Val::I32(-7))?;
            let value = backstitch::ExternRef::new(&mut caller, "value")?;
            results[0] = Val::I32(1 << 20);
            results[1] = Val::ExternRef(Some(value));
            Ok(())
        })
        .unwrap();
    linker
        .func_new(
            "host",
            "g",
            g,
            |mut caller: Caller<'_, ()>, arguments, results| {
                let one = caller
                    .get_export("one")
                    .and_then(Extern::into_func)
                    .unwrap();
                one.call(&mut caller, &[Val::I32(5)], &mut [Val::I32(0)])?;
                let table = caller
                    .get_export("table")
                    .and_then(Extern::into_table)
                    .unwrap();
                table.grow(&mut caller, 2, backstitch::Ref::Func(Some(one)))?;
                results[0] = arguments[0];
                Ok(())
            },
        )
        .unwrap();
    linker.func_wrap("host", "h", |_: i32| 7).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut execution = run.start(&mut store, &[]).unwrap();
    execution.set_name(&mut store, "first");
    execution.resume(&mut store).unwrap();
    store.end_recording(0, "").unwrap();
    log.bytes()
}

/// Mutates a log, and replays it.
#[test]
fn any_bytes_are_an_error_or_a_safe_run() {
    let binary = wat::parse_str(PROGRAM).unwrap();
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut complete, mut errors) = (0, 0);
    for counts in [false, true] {
        let engine = Engine::new(Config::new().consume_fuel(counts)).unwrap();
        let log = record(&engine);
        assert!(replay(&log, &engine, &binary).unwrap().is_complete);
        for _ in 0..5_000 {
            let mut mutant = log.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(mutant.len() as u64) as usize;
                match random.below(6) {
                    0 => mutant[at] = random.next() as u8,
                    1 => mutant[at] ^= 1 << random.below(8),
                    2 => drop(mutant.remove(at)),
                    3 => mutant.insert(at, random.next() as u8),
                    4 => mutant.truncate(at.max(8)),
                    _ => {
                        // A piece of the log at another place.
                        let from = random.below(log.len() as u64) as usize;
                        let len = random.below(12) as usize;
                        let piece = log[from..log.len().min(from + len)].to_vec();
                        mutant.splice(at..at, piece);
                    }
                }
            }
            if random.below(8) == 0 {
                read_backwards(&mutant, &binary, &mut random);
            }
            match replay(&mutant, &engine, &binary) {
                Ok(replayed) => complete += u32::from(replayed.is_complete),
                Err(error) => {
                    assert!(!format!("{error:#}").is_empty());
                    errors += 1;
                }
            }
        }
    }
    assert!(
        complete > 20 && errors > 5_000,
        "{complete} complete, {errors} errors"
    );
}

/// Reads a log at any instruction, if it can be read.
fn read_backwards(log: &[u8], binary: &[u8], random: &mut Random) {
    let Ok(mut replayer) = Replayer::new(log.to_vec()) else {
        return;
    };
    let Ok(engine) = Engine::new(&replayer.config()) else {
        return;
    };
    let Ok(module) = Module::new(&engine, binary) else {
        return;
    };
    replayer.add_module(module);
    let mut options = TimelineOptions::new();
    options.interval(1 + random.below(10)).budget(1 << 20);
    let Ok(mut timeline) = Timeline::new(replayer, &options) else {
        return;
    };
    let end = timeline.end();
    let position = random.below(end + 1);
    let start = random.below(4000);
    // Errors are the log's.
    let _ = timeline.seek(position);
    let _ = timeline.step_back();
    let _ = timeline.last_write(0, start..start + 8, end);
    let _ = timeline.backtrace();
    let _ = timeline.core_dump("mutant");
}

/// A log that is cut off anywhere is replayed up to there.
#[test]
fn a_log_that_is_cut_off_is_replayed_up_to_there() {
    let binary = wat::parse_str(PROGRAM).unwrap();
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let log = record(&engine);
    let mut spent = 0;
    for len in 0..log.len() {
        let Ok(replayer) = Replayer::new(&log[..len]) else {
            assert!(spent == 0, "the header is cut off");
            continue;
        };
        drop(replayer);
        let replayed = replay(&log[..len], &engine, &binary).unwrap();
        assert!(!replayed.is_complete, "{len}");
        let now = replayed.store.fuel_spent().unwrap();
        assert!(now >= spent, "{len} bytes: {now} instructions");
        spent = now;
    }
    assert!(spent > 20);
}
