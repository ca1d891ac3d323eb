//! Calls that would wait suspend their execution, so that one thread can run many programs.

use crate::guest::*;
use backstitch::wasi::{
    Blocked, Deterministic, Errno, MemoryInputPipe, MemoryOutputPipe, Retried, WasiCtxBuilder,
};
use backstitch::{Execution, Outcome, Suspension, Val};
use std::time::Duration;

/// Creates a guest whose input arrives later.
fn guest() -> (Guest, MemoryInputPipe) {
    let stdin = MemoryInputPipe::open();
    let guest = Guest::with(On::Memory, |builder| {
        builder.stdin(stdin.clone()).suspend_when_blocked(true);
    });
    (guest, stdin)
}

fn begin(guest: &mut Guest, name: &str, arguments: &[i64]) -> Execution {
    let function = guest.instance.get_func(&mut guest.store, name).unwrap();
    let arguments = values(name, arguments);
    function.start(&mut guest.store, &arguments).unwrap()
}

#[track_caller]
fn blocked(outcome: Outcome) -> Blocked {
    let Outcome::Suspended(Suspension::Host(request)) = outcome else {
        panic!("expected a suspension: {outcome:?}");
    };
    request
        .downcast()
        .expect("WASI has suspended the execution")
}

fn retry(guest: &mut Guest, blocked: Blocked) -> Retried {
    blocked.retry(&mut guest.store, |ctx| ctx).unwrap()
}

#[track_caller]
fn done(retried: Retried) -> Vec<Val> {
    match retried {
        Retried::Done(results) => results,
        Retried::Blocked(blocked) => panic!("still blocked: {blocked:?}"),
    }
}

#[test]
fn a_read_waits_for_input() {
    let (mut guest, stdin) = guest();
    guest.put(8, &[DATA.to_le_bytes(), 10_i32.to_le_bytes()].concat());
    let mut execution = begin(&mut guest, "fd_read", &[0, 8, 1, 0]);
    let waits = blocked(execution.resume(&mut guest.store).unwrap());
    assert_eq!(waits.name(), "fd_read");
    assert!(waits.waits_for_input());
    assert_eq!(waits.timeout(), None);
    // The frames of the suspended program remain.
    assert_eq!(execution.backtrace(&guest.store).frames().len(), 1);
    let Retried::Blocked(waits) = retry(&mut guest, waits) else {
        panic!("expected to be blocked without input");
    };
    stdin.push("come");
    let results = done(retry(&mut guest, waits));
    let outcome = execution.resume_with(&mut guest.store, &results).unwrap();
    assert!(matches!(outcome, Outcome::Done(results) if results[0].unwrap_i32() == 0));
    assert_eq!(guest.word(0), 4);
    assert_eq!(guest.bytes(DATA, 4), b"come");
}

#[test]
fn a_timeout_starts_at_the_first_call() {
    const WAIT: u64 = 5_000_000_000;
    let host = Deterministic::new(1);
    let time = host.time();
    let mut builder = WasiCtxBuilder::with_host(host);
    let ctx = builder.suspend_when_blocked(true).build();
    let mut guest = Guest::of(ctx, MemoryOutputPipe::new(0), None);
    let mut subscription = [0; 48];
    subscription[16] = 1;
    subscription[24..32].copy_from_slice(&WAIT.to_le_bytes());
    guest.put(64, &subscription);
    let mut execution = begin(&mut guest, "poll_oneoff", &[64, 256, 1, 0]);
    let waits = blocked(execution.resume(&mut guest.store).unwrap());
    assert_eq!(waits.timeout(), Some(Duration::from_nanos(WAIT)));
    assert!(!waits.waits_for_input());
    let Retried::Blocked(waits) = retry(&mut guest, waits) else {
        panic!("expected to be blocked at the start");
    };
    // The embedder advances the time.
    time.advance(WAIT - 1);
    let Retried::Blocked(waits) = retry(&mut guest, waits) else {
        panic!("expected to be blocked before the timeout");
    };
    assert_eq!(waits.timeout(), Some(Duration::from_nanos(1)));
    time.advance(1);
    let results = done(retry(&mut guest, waits));
    execution.resume_with(&mut guest.store, &results).unwrap();
    assert_eq!(guest.word(0), 1);
}

#[test]
fn one_thread_runs_many_programs() {
    let mut waiting: Vec<_> = (0..20)
        .map(|_| {
            let (mut guest, stdin) = guest();
            guest.put(8, &[DATA.to_le_bytes(), 10_i32.to_le_bytes()].concat());
            let mut execution = begin(&mut guest, "fd_read", &[0, 8, 1, 0]);
            let waits = blocked(execution.resume(&mut guest.store).unwrap());
            (guest, stdin, execution, waits)
        })
        .collect();
    for (index, (_, stdin, ..)) in waiting.iter().enumerate().rev() {
        stdin.push(index.to_string());
    }
    for (index, (mut guest, _, mut execution, waits)) in waiting.drain(..).enumerate() {
        let results = done(retry(&mut guest, waits));
        execution.resume_with(&mut guest.store, &results).unwrap();
        let len = guest.word(0) as usize;
        assert_eq!(guest.bytes(DATA, len), index.to_string().as_bytes());
    }
}

#[test]
fn a_wait_in_a_synchronous_call_fails() {
    let (mut guest, stdin) = guest();
    guest.put(8, &[DATA.to_le_bytes(), 10_i32.to_le_bytes()].concat());
    let function = guest
        .instance
        .get_func(&mut guest.store, "fd_read")
        .unwrap();
    let arguments = values("fd_read", &[0, 8, 1, 0]);
    let mut results = [Val::I32(0)];
    let error = function
        .call(&mut guest.store, &arguments, &mut results)
        .expect_err("the call cannot wait");
    assert!(format!("{error:#}").contains("asked to suspend"));
    stdin.push("x");
    assert_eq!(guest.read(0, 9), Ok(b"x".to_vec()));
    assert_eq!(guest.write(1, b"y"), Ok(1));
    assert_eq!(guest.read(9, 9), no(Errno::Badf));
}
