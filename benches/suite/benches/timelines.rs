//! Recordings of about 10⁹ instructions that are read in both directions: the first replay with its
//! checkpoints, and each way to go back.

use backstitch::{
    Breakpoint, Engine, Module, Recorder, Replayer, Store, Timeline, TimelineOptions, Val,
};
use divan::Bencher;
use std::sync::{Arc, Mutex};

/// Renders Markdown with a published crate.
const PROGRAM: &[u8] = include_bytes!("../../workloads/wasm/markdown.wasm");

/// Number of documents: they take about 10⁹ instructions.
const DOCUMENTS: i32 = 3_800;

fn main() {
    divan::main();
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Records the program.
fn record() -> Vec<u8> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let log = Log::default();
    Recorder::new(log.clone())
        .embed_modules(true)
        .start(&mut store)
        .expect("the log can be written");
    let module = Module::new(&engine, PROGRAM).expect("the module is valid");
    let instance = backstitch::Instance::new(&mut store, &module, &[]).expect("it has no imports");
    let run = instance
        .get_func(&mut store, "run")
        .expect("the function is exported");
    let mut results = [Val::I64(0)];
    run.call(&mut store, &[Val::I32(DOCUMENTS)], &mut results)
        .expect("the program runs");
    store.end_recording(0, "").expect("the log can be written");
    log.0.lock().expect("no panic").clone()
}

fn timeline(log: &[u8]) -> Timeline {
    let replayer = Replayer::new(log.to_vec()).expect("it is a recording");
    Timeline::new(replayer, &TimelineOptions::new()).expect("there is memory for checkpoints")
}

/// A replay without checkpoints.
#[divan::bench(sample_count = 5)]
fn replay(bencher: Bencher<'_, '_>) {
    let log = record();
    bencher.bench_local(|| {
        let replayer = Replayer::new(log.clone()).expect("it is a recording");
        let engine = Engine::new(&replayer.config()).expect("the default engine exists");
        replayer.run(&engine).expect("the replay is the same")
    });
}

#[divan::bench(sample_count = 5)]
fn checkpoints(bencher: Bencher<'_, '_>) {
    let log = record();
    bencher.bench_local(|| timeline(&log));
}

/// Goes to instructions in the middle, each far from the last.
#[divan::bench(sample_count = 20)]
fn seek(bencher: Bencher<'_, '_>) {
    let mut timeline = timeline(&record());
    let end = timeline.end();
    let mut at = 0;
    bencher.bench_local(|| {
        at = (at + end / 7 * 3) % end;
        timeline.seek(at).expect("the replay is the same")
    });
}

#[divan::bench(sample_count = 20)]
fn step_back(bencher: Bencher<'_, '_>) {
    let mut timeline = timeline(&record());
    let middle = timeline.end() / 2;
    timeline.seek(middle).expect("the replay is the same");
    bencher.bench_local(|| timeline.step_back().expect("the replay is the same"));
}

/// Looks for a write to bytes that are never written: through the whole recording.
#[divan::bench(sample_count = 5)]
fn last_write_of_none(bencher: Bencher<'_, '_>) {
    let mut timeline = timeline(&record());
    let end = timeline.end();
    bencher.bench_local(|| {
        let write = timeline.last_write(0, 0x1008..0x100c, end);
        assert_eq!(write.expect("the replay is the same"), None);
    });
}

/// Goes back to a breakpoint that was passed once, at the beginning.
#[divan::bench(sample_count = 5)]
fn reverse_continue(bencher: Bencher<'_, '_>) {
    let mut timeline = timeline(&record());
    timeline.seek(0).expect("the replay is the same");
    let backtrace = timeline.backtrace();
    let offset = backtrace.frames()[0].module_offset().expect("a place") as u32;
    let first = Breakpoint { module: 0, offset };
    let end = timeline.end();
    bencher.bench_local(|| {
        timeline.seek(end).expect("the replay is the same");
        let found = timeline.reverse_continue(&[first], None);
        assert!(found.expect("the replay is the same"));
    });
}
