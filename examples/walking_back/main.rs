//! Walking back: a test harness that runs a program with random input until it fails, records each run,
//! and goes back in the recording of the failure to its cause.

use backstitch::coredump::Value;
use backstitch::*;
use std::io;
use std::sync::{Arc, Mutex};

/// Splits deliveries among the shelves on which an article lies. Somewhere, it clears a number that is
/// divided by later.
const MODULE: &str = r#"
    (module $store
        (import "host" "random" (func $random (param i32) (result i32)))
        (memory (export "memory") 1)
        ;; Number of shelves of each of eight articles.
        (data (i32.const 0x100) "\03\00\00\00\02\00\00\00\01\00\00\00\04\00\00\00")
        (data (i32.const 0x110) "\01\00\00\00\05\00\00\00\02\00\00\00\03\00\00\00")
        (func $address (param $article i32) (result i32)
            (i32.add (i32.const 0x100) (i32.mul (local.get $article) (i32.const 4))))
        (func $deliver (param $article i32) (param $pieces i32) (result i32)
            (i32.div_u (local.get $pieces) (i32.load (call $address (local.get $article)))))
        (func $add_shelf (param $article i32)
            (i32.store (call $address (local.get $article))
                (i32.add (i32.load (call $address (local.get $article))) (i32.const 1))))
        ;; This writes eight bytes, and a number has four.
        (func $move_in (param $article i32)
            (i64.store (call $address (local.get $article)) (i64.const 1)))
        (func (export "day") (local $left i32) (local $choice i32)
            (local.set $left (i32.const 1000))
            (loop $next
                (local.set $choice (call $random (i32.const 300)))
                (if (i32.eqz (local.get $choice))
                    (then (call $move_in (call $random (i32.const 7))))
                    (else (if (i32.lt_u (local.get $choice) (i32.const 20))
                        (then (call $add_shelf (call $random (i32.const 8))))
                        (else (drop (call $deliver
                            (call $random (i32.const 8)) (local.get $choice)))))))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $next (local.get $left)))))
"#;

/// A recording in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the program with random numbers from a seed. Returns its recording, and whether it has failed.
fn run(engine: &Engine, module: &Module, seed: u64) -> Result<(Vec<u8>, bool)> {
    let mut store = Store::new(engine, seed);
    let log = Log::default();
    Recorder::new(log.clone()).start(&mut store)?;
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        "host",
        "random",
        |mut caller: Caller<'_, u64>, below: u32| {
            let state = caller.data_mut();
            *state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (*state >> 33) as u32 % below
        },
    )?;
    let instance = linker.instantiate(&mut store, module)?;
    let day = instance.get_typed_func::<(), ()>(&mut store, "day")?;
    let failed = day.call(&mut store, ()).is_err();
    store.end_recording(0, "")?;
    let log = log.0.lock().expect("no panic").clone();
    Ok((log, failed))
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut seed = 1;
    let log = loop {
        let (log, failed) = run(&engine, &module, seed)?;
        if failed {
            break log;
        }
        seed += 1;
    };
    println!("seed {seed} fails; the recording has {} bytes", log.len());

    // The recording needs neither the host nor its random numbers.
    let mut replayer = Replayer::new(log)?;
    replayer.add_module(module);
    let mut timeline = Timeline::new(replayer, &TimelineOptions::new())?;

    // The program has ended. One step back, it is about to divide.
    timeline.step_back()?;
    println!("it divides by zero at instruction {}:", timeline.position());
    println!("{}", timeline.backtrace());
    let dump = timeline.core_dump("store");
    let dump = CoreDump::parse(&dump)?;
    let Value::I32(article) = dump.threads()[0].frames[0].locals[0] else {
        panic!("the first parameter is the article");
    };

    // Who has written the number of shelves of this article?
    let address = 0x100 + 4 * u64::from(article);
    let write = timeline.last_write(0, address..address + 4, timeline.position())?;
    let write = write.expect("somebody has written the zero");
    timeline.seek(write.position)?;
    println!("instruction {} has written that:", write.position);
    println!("{}", timeline.backtrace());
    let backtrace = timeline.backtrace();
    assert_eq!(backtrace.frames()[0].func_name(), Some("move_in"));
    Ok(())
}
