//! `poll_oneoff` and the clocks.

use crate::guest::*;
use backstitch::Val;
use backstitch::wasi::{Errno, InputStream, MemoryInputPipe, Readiness, WaitedTooLong};
use std::time::{Duration, Instant};

const SUBSCRIPTIONS: i32 = 1024;
const EVENTS: i32 = 2048;

/// Encodes a subscription to a clock.
fn clock(userdata: u64, id: u32, timeout: u64, flags: u16) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[16..20].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
    bytes[40..42].copy_from_slice(&flags.to_le_bytes());
    bytes
}

/// Encodes a subscription to a descriptor, to read (`tag` 1) or to write (2).
fn descriptor(userdata: u64, tag: u8, fd: u32) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = tag;
    bytes[16..20].copy_from_slice(&fd.to_le_bytes());
    bytes
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    userdata: u64,
    errno: u16,
    kind: u8,
    bytes: u64,
    hangup: bool,
}

fn poll(guest: &mut Guest, subscriptions: &[[u8; 48]]) -> Answer<Vec<Event>> {
    guest.put(SUBSCRIPTIONS, &subscriptions.concat());
    let count = subscriptions.len() as i64;
    guest.call(
        "poll_oneoff",
        &[SUBSCRIPTIONS.into(), EVENTS.into(), count, 0],
    )?;
    let events = (0..guest.word(0) as i32).map(|index| {
        let at = EVENTS + 32 * index;
        Event {
            userdata: guest.long(at),
            errno: guest.word(at + 8) as u16,
            kind: guest.bytes(at + 10, 1)[0],
            bytes: guest.long(at + 16),
            hangup: guest.word(at + 24) as u16 == 1,
        }
    });
    Ok(events.collect())
}

fn now(guest: &mut Guest, id: i64) -> u64 {
    guest.call("clock_time_get", &[id, 0, 0]).unwrap();
    guest.long(0)
}

#[test]
fn clocks_are_monotonic() {
    everywhere(|mut guest| {
        for id in 0..4 {
            assert_eq!(guest.call("clock_res_get", &[id, 0]), Ok(()));
            assert!(guest.long(0) > 0);
            let (first, second) = (now(&mut guest, id), now(&mut guest, id));
            assert!(second >= first);
        }
        // Later than 1998.
        assert!(now(&mut guest, 0) > 900_000_000 * 1_000_000_000);
        for id in [4, -1] {
            assert_eq!(guest.call("clock_res_get", &[id, 0]), no(Errno::Inval));
            assert_eq!(guest.call("clock_time_get", &[id, 0, 0]), no(Errno::Inval));
        }
    });
}

#[test]
fn empty_and_unknown_subscriptions_are_refused() {
    everywhere(|mut guest| {
        assert_eq!(poll(&mut guest, &[]), no(Errno::Inval));
        let mut unknown = clock(0, 0, 0, 0);
        unknown[8] = 3;
        assert_eq!(poll(&mut guest, &[unknown]), no(Errno::Inval));
    });
}

#[test]
fn waiting_lasts_until_the_timeout() {
    const WAIT: u64 = 20_000_000;
    everywhere(|mut guest| {
        for id in [0, 1] {
            let start = now(&mut guest, id.into());
            let events = poll(&mut guest, &[clock(7, id, WAIT, 0)]).unwrap();
            assert_eq!((events.len(), events[0].userdata), (1, 7));
            assert_eq!((events[0].errno, events[0].kind), (0, 0));
            assert!(now(&mut guest, id.into()) >= start + WAIT);
            // A timeout at an absolute time.
            let until = now(&mut guest, id.into()) + WAIT;
            let events = poll(&mut guest, &[clock(8, id, until, 1)]).unwrap();
            assert_eq!(events.len(), 1);
            assert!(now(&mut guest, id.into()) >= until);
            // A timeout at a time in the past.
            assert_eq!(
                poll(&mut guest, &[clock(9, id, start, 1)]).unwrap().len(),
                1
            );
        }
    });
}

#[test]
fn the_earliest_timeout_ends_the_wait() {
    everywhere(|mut guest| {
        let begun = Instant::now();
        let subscriptions = [
            clock(1, 1, u64::MAX, 0),
            clock(2, 1, 1_000, 0),
            clock(3, 0, u64::MAX, 1),
        ];
        let events = poll(&mut guest, &subscriptions).unwrap();
        assert_eq!((events.len(), events[0].userdata), (1, 2));
        assert!(begun.elapsed() < Duration::from_secs(60));
    });
}

#[test]
fn files_are_ready_and_errors_are_events() {
    everywhere(|mut guest| {
        guest.file("f", b"12345");
        let fd = guest.open("f", 0, READ_WRITE).unwrap() as u32;
        let subscriptions = [
            descriptor(1, 1, fd),
            descriptor(2, 2, fd),
            descriptor(3, 1, 77),
            descriptor(4, 2, 1),
            descriptor(5, 2, 0),
            descriptor(6, 1, 1),
            clock(7, 9, 0, 0),
            clock(8, 0, 0, 2),
            clock(9, 1, u64::MAX, 0),
        ];
        let events = poll(&mut guest, &subscriptions).unwrap();
        let seen: Vec<_> = events
            .iter()
            .map(|event| (event.userdata, event.errno, event.kind))
            .collect();
        let (bad, invalid) = (Errno::Badf.number(), Errno::Inval.number());
        assert_eq!(
            seen,
            [
                (1, 0, 1),
                (2, 0, 2),
                (3, bad, 1),
                (4, 0, 2),
                (5, bad, 2),
                (6, bad, 1),
                (7, invalid, 0),
                (8, invalid, 0),
            ]
        );
        assert_eq!(events[0].bytes, 5);
    });
}

#[test]
fn input_is_ready_with_data_and_at_its_end() {
    let stdin = MemoryInputPipe::open();
    let mut guest = Guest::with(On::Memory, |builder| {
        builder.stdin(stdin.clone());
    });
    let both = [descriptor(1, 1, 0), clock(2, 1, 1_000_000, 0)];
    // No input can arrive while the only thread waits.
    assert_eq!(poll(&mut guest, &both), no(Errno::Deadlk));
    assert_eq!(guest.read(0, 1), no(Errno::Deadlk));
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[0, NONBLOCK.into()]),
        Ok(())
    );
    assert_eq!(guest.read(0, 1), no(Errno::Again));
    stdin.push("abc");
    let events = poll(&mut guest, &both).unwrap();
    assert_eq!((events[0].userdata, events[0].bytes), (1, 3));
    assert_eq!(guest.read(0, 9), Ok(b"abc".to_vec()));
    stdin.close();
    let events = poll(&mut guest, &both).unwrap();
    assert!(events[0].hangup);
    assert_eq!(guest.read(0, 9), Ok(vec![]));
}

/// An input that can be waited for and never has data.
struct Silence;

impl InputStream for Silence {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Errno> {
        Err(Errno::Again)
    }

    fn ready(&mut self) -> Result<Readiness, Errno> {
        Ok(Readiness::Pending)
    }

    fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        std::thread::sleep(Duration::from_nanos(
            nanoseconds.expect("the wait has a timeout"),
        ));
        Ok(())
    }
}

#[test]
fn endless_waits_are_limited() {
    let limit = Duration::from_millis(30);
    type Subscription = [u8; 48];
    let calls: [(&str, &[i64], &[Subscription]); 4] = [
        (
            "poll_oneoff",
            &[1024, 2048, 1, 0],
            &[clock(0, 1, u64::MAX, 0)],
        ),
        (
            "poll_oneoff",
            &[1024, 2048, 1, 0],
            &[clock(0, 0, u64::MAX, 1)],
        ),
        (
            "poll_oneoff",
            &[1024, 2048, 2, 0],
            &[descriptor(0, 1, 0), clock(0, 1, 1 << 60, 0)],
        ),
        ("fd_read", &[0, 8, 1, 0], &[]),
    ];
    for (name, arguments, subscriptions) in calls {
        let mut guest = Guest::with(On::System, |builder| {
            builder.stdin(Silence).max_wait(limit);
        });
        guest.put(8, &[DATA.to_le_bytes(), 10_i32.to_le_bytes()].concat());
        guest.put(SUBSCRIPTIONS, &subscriptions.concat());
        let function = guest.instance.get_func(&mut guest.store, name).unwrap();
        let begun = Instant::now();
        let error = function
            .call(
                &mut guest.store,
                &values(name, arguments),
                &mut [Val::I32(0)],
            )
            .expect_err("the program ends");
        assert_eq!(error.downcast_ref(), Some(&WaitedTooLong(limit)));
        assert!(begun.elapsed() >= limit);
        // Shorter waits are not limited.
        assert_eq!(poll(&mut guest, &[clock(5, 1, 1_000, 0)]).unwrap().len(), 1);
    }
}

#[test]
fn a_read_returns_the_available_data() {
    let stdin = MemoryInputPipe::open();
    let mut guest = Guest::with(On::Memory, |builder| {
        builder.stdin(stdin.clone());
    });
    stdin.push("abcd");
    // The second buffer could be filled only after a wait.
    let piece = |at: i32, len: u32| [at.to_le_bytes(), len.to_le_bytes()].concat();
    guest.put(
        64,
        &[piece(0, 0), piece(DATA, 4), piece(DATA + 4, 4)].concat(),
    );
    assert_eq!(guest.call("fd_read", &[0, 64, 3, 0]), Ok(()));
    assert_eq!((guest.word(0), guest.bytes(DATA, 4)), (4, b"abcd".to_vec()));
    assert_eq!(guest.call("fd_read", &[0, 64, 1, 0]), Ok(()));
    assert_eq!(guest.word(0), 0);
}
