//! The minimal host: functions that it does not implement return `ENOSYS`.

use crate::guest::*;
use backstitch::wasi::{
    Clock, Errno, MemoryOutputPipe, Minimal, MinimalInput, MinimalOutput, WasiCtxBuilder,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

fn guest(host: Minimal) -> Guest {
    let stdout = MemoryOutputPipe::new(0);
    Guest::of(WasiCtxBuilder::with_host(host).build(), stdout, None)
}

#[test]
fn missing_parts_are_nosys() {
    let mut guest = guest(Minimal::new());
    for (name, arguments) in [
        ("clock_res_get", &[0, 0][..]),
        ("clock_time_get", &[1, 0, 0]),
        ("random_get", &[0, 8]),
        ("sched_yield", &[]),
    ] {
        assert_eq!(guest.call(name, arguments), no(Errno::Nosys), "{name}");
    }
    // Functions that need no host work. There are no directories.
    assert_eq!(guest.call("args_sizes_get", &[0, 4]), Ok(()));
    assert_eq!(guest.read(0, 8), Ok(vec![]));
    assert_eq!(guest.write(1, b"lost"), Ok(4));
    assert_eq!(guest.fdstat(3), no(Errno::Badf));
    // A time that is not available is reported as an event with an error.
    guest.put(64, &[0; 48]);
    assert_eq!(guest.call("poll_oneoff", &[64, 256, 1, 0]), Ok(()));
    assert_eq!(guest.word(256 + 8) as u16, Errno::Nosys.number());
}

#[test]
fn given_parts_are_used() {
    let ticks = Arc::new(AtomicU64::new(0));
    let exits = Arc::new(Mutex::new(Vec::new()));
    let (clock, sleep, exit) = (Arc::clone(&ticks), Arc::clone(&ticks), Arc::clone(&exits));
    let host = Minimal::new()
        .clock(1_000, move |kind| match kind {
            Clock::Monotonic => Ok(clock.load(Ordering::Relaxed)),
            _ => Err(Errno::Nosys),
        })
        .sleep(move |nanoseconds| {
            // A board may wake up early.
            sleep.fetch_add(nanoseconds.min(300), Ordering::Relaxed);
            Ok(())
        })
        .random(|bytes| {
            bytes.fill(4);
            Ok(())
        })
        .yielding(|| {})
        .on_exit(move |code| exit.lock().unwrap().push(code));
    let mut guest = guest(host);
    assert_eq!(guest.call("clock_res_get", &[1, 0]), Ok(()));
    assert_eq!(guest.long(0), 1_000);
    assert_eq!(guest.call("clock_time_get", &[0, 0, 0]), no(Errno::Nosys));
    assert_eq!(guest.call("random_get", &[0, 4]), Ok(()));
    assert_eq!(guest.word(0), 0x0404_0404);
    let mut subscription = [0; 48];
    subscription[16] = 1;
    subscription[24..32].copy_from_slice(&1_000_u64.to_le_bytes());
    guest.put(64, &subscription);
    assert_eq!(guest.call("poll_oneoff", &[64, 256, 1, 0]), Ok(()));
    assert_eq!(guest.word(256 + 8) as u16, 0);
    assert_eq!(ticks.load(Ordering::Relaxed), 1_000);
    let function = guest
        .instance
        .get_func(&mut guest.store, "proc_exit")
        .unwrap();
    let arguments = values("proc_exit", &[9]);
    assert!(
        function
            .call(&mut guest.store, &arguments, &mut [])
            .is_err()
    );
    assert_eq!(*exits.lock().unwrap(), [9]);
}

#[test]
fn serial_lines_are_streams() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let line = Arc::clone(&sent);
    let mut builder = WasiCtxBuilder::with_host(Minimal::new());
    let mut left = 3;
    builder
        .stdin(MinimalInput::new(move |buffer| {
            let count = buffer.len().min(left);
            left -= count;
            buffer[..count].fill(b'k');
            Ok(count)
        }))
        .stdout(MinimalOutput::new(move |bytes| {
            // A serial line with a short buffer.
            let count = bytes.len().min(2);
            line.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }));
    let mut guest = Guest::of(builder.build(), MemoryOutputPipe::new(0), None);
    assert_eq!(guest.read(0, 2), Ok(b"kk".to_vec()));
    assert_eq!(guest.read(0, 2), Ok(b"k".to_vec()));
    assert_eq!(guest.read(0, 2), Ok(vec![]));
    assert_eq!(guest.write(1, b"abc"), Ok(2));
    assert_eq!(*sent.lock().unwrap(), b"ab");
}
