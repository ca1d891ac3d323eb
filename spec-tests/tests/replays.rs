//! Replays of recordings do what the recorded programs have done, in every configuration, and say
//! where they do not.

#[path = "replays/host.rs"]
mod host;
#[path = "replays/hostile.rs"]
mod hostile;
#[path = "replays/programs.rs"]
mod programs;
#[path = "replays/timelines.rs"]
mod timelines;

use backstitch::{
    CompilationMode, Config, CoreDumpOptions, Engine, Error, Module, Replayed, Replayer, Result,
    Store, Val, WasmCoreDump,
};
use spec_tests::engines::dispatches;
use std::io;
use std::sync::{Arc, Mutex};

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pseudo-random numbers.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Returns engines for replays with a configuration: each dispatch backend, and two compilation
/// modes.
fn engines(config: &Config) -> Vec<Engine> {
    let mut engines = Vec::new();
    for dispatch in dispatches() {
        for mode in [CompilationMode::Eager, CompilationMode::Lazy] {
            let mut config = config.clone();
            config.dispatch(dispatch).compilation_mode(mode);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

/// Replays a log with an engine.
fn replay(log: &[u8], engine: &Engine, binary: &[u8]) -> Result<Replayed> {
    let mut replayer = Replayer::new(log.to_vec())?;
    replayer.add_module(Module::new(engine, binary)?);
    replayer.run(engine)
}

/// The end of a program, for comparison: the results or the error, and the core dump.
fn end<T: 'static>(
    store: &mut Store<T>,
    outcome: Result<Vec<Val>>,
) -> (std::result::Result<String, String>, Vec<u8>) {
    let error = match outcome {
        Ok(results) => return (Ok(format!("{results:?}")), Vec::new()),
        Err(error) => error,
    };
    match error.pop_context::<WasmCoreDump>() {
        Ok((dump, error)) => {
            let mut bytes = Vec::new();
            dump.serialize_to(store, "program", &mut bytes, &CoreDumpOptions::new())
                .unwrap();
            (Err(describe(&error)), bytes)
        }
        Err(error) => (Err(describe(&error)), Vec::new()),
    }
}

fn describe(error: &Error) -> String {
    format!("{error:?}")
}
