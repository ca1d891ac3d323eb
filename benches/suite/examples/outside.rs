//! Prints, for recordings of WASI programs, how many bytes the host has written to their memories, and
//! the size of the recording.
//!
//! ```text
//! cargo run --release --manifest-path benches/suite/Cargo.toml --example outside -- LOG...
//! ```
//!
//! The bytes are counted from the calls in the replay, not from the log: what the functions of WASI
//! write according to their specification. Error numbers are not counted.

use backstitch::{Engine, Module, ReplayedCall, Replayer, Result, Val};
use std::fs;
use std::sync::{Arc, Mutex};

/// Counts what comes from outside.
#[derive(Default)]
struct Outside {
    /// Number of bytes so far.
    bytes: u64,
    /// Bytes of the arguments, and of the environment, with the pointers to them.
    lists: [u64; 2],
}

impl Outside {
    /// Adds what a call has written to the memory.
    fn add(&mut self, call: &ReplayedCall<'_>) {
        if !matches!(call.results, Some([Val::I32(0)])) {
            return;
        }
        let argument = |index: usize| match call.arguments[index] {
            Val::I32(word) => word as u32 as usize,
            _ => 0,
        };
        let word = |address: usize| {
            let bytes = call.memory[address..][..4].try_into();
            u64::from(u32::from_le_bytes(bytes.expect("four bytes")))
        };
        let list = |count: usize, size: usize| 4 * word(argument(count)) + word(argument(size));
        self.bytes += match call.name {
            "args_sizes_get" | "environ_sizes_get" => {
                self.lists[usize::from(call.name == "environ_sizes_get")] = list(0, 1);
                8
            }
            "args_get" => self.lists[0],
            "environ_get" => self.lists[1],
            "fd_read" => 4 + word(argument(3)),
            "fd_pread" | "fd_readdir" => 4 + word(argument(4)),
            "path_readlink" => 4 + word(argument(5)),
            "poll_oneoff" => 4 + 32 * word(argument(3)),
            "fd_filestat_get" | "path_filestat_get" => 64,
            "fd_fdstat_get" => 24,
            "fd_prestat_get" | "clock_res_get" | "clock_time_get" | "fd_seek" | "fd_tell" => 8,
            "fd_prestat_dir_name" => argument(2) as u64,
            "random_get" => argument(1) as u64,
            "fd_write" | "fd_pwrite" | "path_open" => 4,
            _ => 0,
        };
    }
}

/// Replays a recording, and returns the number of bytes.
fn count(log: &[u8]) -> Result<u64> {
    let mut replayer = Replayer::new(log)?;
    let engine = Engine::new(&replayer.config())?;
    if let Some(path) = replayer.note("path") {
        replayer.add_module(Module::from_file(&engine, path)?);
    }
    let outside = Arc::new(Mutex::new(Outside::default()));
    let counted = Arc::clone(&outside);
    replayer.on_call(move |call| {
        counted.lock().expect("no panic").add(call);
        Ok(())
    });
    replayer.run(&engine)?;
    let bytes = outside.lock().expect("no panic").bytes;
    Ok(bytes)
}

fn main() -> Result<()> {
    println!("{:>12} {:>12} {:>6}  log", "outside", "recorded", "ratio");
    for path in std::env::args().skip(1) {
        let log = fs::read(&path)?;
        let (outside, recorded) = (count(&log)?, log.len() as u64);
        let ratio = recorded as f64 / outside as f64;
        println!("{outside:>12} {recorded:>12} {ratio:>6.3}  {path}");
    }
    Ok(())
}
