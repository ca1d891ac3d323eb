//! Recordings that are read in both directions.

use super::*;
use crate::{Recorder, Replayer, Timeline, TimelineOptions, TimelineWriter};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::Mutex;

/// A log in memory.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Returns what was written.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_write_is_found_and_each_step_back_was_a_step() {
    let text = r#"
        (module
            (type $f (func)) (type $k (cont $f)) (tag $yield)
            (import "host" "number" (func $number (result i32)))
            (memory 1)
            (func $body
                (i32.store (i32.const 8) (call $number))
                (suspend $yield)
                (i32.store (i32.const 8) (i32.const 0)))
            (elem declare func $body)
            (func (export "main") (local $k (ref null $k))
                (block $on (result (ref $k))
                    (resume $k (on $yield $on) (cont.new $k (ref.func $body)))
                    (return))
                (local.set $k)
                (resume $k (local.get $k))))"#;
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let log = Log::default();
    let recorder = Recorder::new(log.clone()).embed_modules(true);
    recorder.start(&mut store).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "number", || 7).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let main = instance.get_func(&mut store, "main").unwrap();
    main.call(&mut store, &[], &mut []).unwrap();
    store.end_recording(0, "").unwrap();

    let log = log.bytes();
    let mut options = TimelineOptions::new();
    options.interval(5);
    let mut timeline = Timeline::new(Replayer::new(log).unwrap(), &options).unwrap();
    let end = timeline.end();
    let last = timeline.last_write(0, 8..12, end).unwrap().unwrap();
    assert_eq!(last.writer, TimelineWriter::Instruction);
    timeline.seek(last.position).unwrap();
    // The continuation, and the function that has resumed it.
    let offsets = |timeline: &Timeline| -> Vec<_> {
        let backtrace = timeline.backtrace();
        let frames = backtrace.frames().iter();
        frames.map(|frame| frame.module_offset()).collect()
    };
    let here = offsets(&timeline);
    assert_eq!(here.len(), 2);
    let memory = timeline.memory(0).unwrap();
    assert_eq!(memory.data(timeline.store())[8], 7);
    assert!(timeline.step().unwrap() && timeline.step_back().unwrap());
    assert_eq!(
        (timeline.position(), offsets(&timeline)),
        (last.position, here)
    );
    let first = timeline.last_write(0, 8..12, last.position).unwrap();
    assert!(
        first
            .as_ref()
            .is_some_and(|first| first.position < last.position)
    );
    // The function of the host was called before that.
    let called = timeline.last_call(0, 0, end).unwrap().unwrap();
    assert!(called < first.map_or(0, |first| first.position));
    assert!(timeline.last_call(0, 9, end).is_err());
}
