//! Descriptors that are not regular files: pipes, sockets, terminals, devices, streams.

use crate::guest::*;
use backstitch::Val;
use backstitch::wasi::{Errno, MemoryInputPipe, SystemInput, WaitedTooLong};
use std::fs::File;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

/// A guest with an open pipe of the file system.
fn with_pipe(guest: Guest) -> (Guest, i32) {
    let mut guest = guest;
    let folder = guest.folder.as_ref().expect("the system's files");
    let made = Command::new("mkfifo")
        .arg(folder.path().join("pipe"))
        .status();
    assert!(made.expect("`mkfifo` runs").success());
    // Open for both, so that opening does not wait for the other end.
    let pipe = guest.open("pipe", 0, READ_WRITE).unwrap();
    (guest, pipe)
}

fn errno<T>(answer: Answer<T>) -> Option<Errno> {
    let number = answer.err()?;
    Errno::ALL
        .iter()
        .copied()
        .find(|errno| errno.number() == number)
}

/// Each function with a descriptor of each kind.
#[test]
fn functions_refuse_what_a_kind_cannot_do() {
    use Errno::*;

    let guest = Guest::with(On::System, |builder| {
        builder.stdin(MemoryInputPipe::new("input"));
    });
    let (mut guest, pipe) = with_pipe(guest);
    guest.file("file", b"");
    let file = guest.open("file", 0, READ_WRITE).unwrap();
    assert_eq!(guest.write(pipe, b"piped"), Ok(5));
    let (path, len) = guest.path("x");
    guest.put(8, &[DATA.to_le_bytes(), 1_i32.to_le_bytes()].concat());

    type Expected = Option<Errno>;
    // An input, an output, a pipe, a directory, a regular file.
    let table: &[(&str, &[i64], [Expected; 5])] = &[
        (
            "fd_advise",
            &[0, 1, 0],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        (
            "fd_allocate",
            &[0, 1],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        (
            "fd_datasync",
            &[],
            [Some(Notcapable), None, None, None, None],
        ),
        ("fd_fdstat_get", &[64], [None; 5]),
        (
            "fd_fdstat_set_flags",
            &[0],
            [None, None, None, Some(Badf), None],
        ),
        ("fd_filestat_get", &[64], [None; 5]),
        (
            "fd_filestat_set_size",
            &[1],
            [Some(Inval), Some(Inval), Some(Inval), Some(Badf), None],
        ),
        (
            "fd_pread",
            &[8, 1, 0, 0],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        (
            "fd_prestat_get",
            &[64],
            [Some(Badf), Some(Badf), Some(Badf), None, Some(Badf)],
        ),
        (
            "fd_prestat_dir_name",
            &[64, 1],
            [Some(Badf), Some(Badf), Some(Badf), None, Some(Badf)],
        ),
        (
            "fd_pwrite",
            &[8, 1, 0, 0],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        (
            "fd_readdir",
            &[64, 64, 0, 0],
            [Some(Notdir), Some(Notdir), Some(Notdir), None, Some(Notdir)],
        ),
        (
            "fd_seek",
            &[0, 0, 64],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        (
            "fd_seek",
            &[0, 1, 64],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        ("fd_sync", &[], [Some(Notcapable), None, None, None, None]),
        (
            "fd_tell",
            &[64],
            [Some(Spipe), Some(Spipe), Some(Spipe), Some(Badf), None],
        ),
        (
            "path_create_directory",
            &[path, len],
            [Some(Notdir), Some(Notdir), Some(Notdir), None, Some(Notdir)],
        ),
        (
            "path_filestat_get",
            &[0, path, len, 64],
            [Some(Notdir), Some(Notdir), Some(Notdir), None, Some(Notdir)],
        ),
        (
            "path_remove_directory",
            &[path, len],
            [Some(Notdir), Some(Notdir), Some(Notdir), None, Some(Notdir)],
        ),
        ("sock_accept", &[0, 64], [Some(Notsock); 5]),
        ("sock_recv", &[8, 1, 0, 64, 72], [Some(Notsock); 5]),
        ("sock_send", &[8, 1, 0, 64], [Some(Notsock); 5]),
        ("sock_shutdown", &[0], [Some(Notsock); 5]),
        // Last: these take and give bytes.
        (
            "fd_write",
            &[8, 1, 64],
            [Some(Badf), None, None, Some(Badf), None],
        ),
        (
            "fd_read",
            &[8, 1, 64],
            [None, Some(Badf), None, Some(Badf), None],
        ),
    ];
    for (name, arguments, expected) in table {
        for (fd, expected) in [0, 1, pipe, ROOT, file].into_iter().zip(expected) {
            let all: Vec<i64> = [&[fd.into()], *arguments].concat();
            let answer = guest.call(name, &all);
            assert_eq!(errno(answer), *expected, "{name} of {fd}");
        }
    }
    // What was refused has taken nothing: one byte has been read and one written.
    assert_eq!(guest.read(pipe, 20).unwrap().len(), 5);
    assert_eq!(guest.stat_fd(pipe).unwrap().kind, 0);
}

#[test]
fn pipes_are_waited_for_like_inputs() {
    let (mut guest, pipe) = with_pipe(Guest::on(On::System));
    let subscription = |guest: &mut Guest| {
        let mut bytes = [0; 96];
        bytes[8] = 1;
        bytes[16..20].copy_from_slice(&pipe.to_le_bytes());
        // Or for a millisecond of the monotonic clock.
        bytes[48] = 9;
        bytes[64..68].copy_from_slice(&1_u32.to_le_bytes());
        bytes[72..80].copy_from_slice(&1_000_000_u64.to_le_bytes());
        guest.put(1024, &bytes);
        guest.call("poll_oneoff", &[1024, 2048, 2, 0]).unwrap();
        (guest.word(0), guest.long(2048))
    };
    assert_eq!(subscription(&mut guest), (1, 9));
    let flags = [i64::from(pipe), NONBLOCK.into()];
    assert_eq!(guest.call("fd_fdstat_set_flags", &flags), Ok(()));
    assert_eq!(guest.read(pipe, 1), no(Errno::Again));
    assert_eq!(guest.write(pipe, b"piped"), Ok(5));
    assert_eq!(subscription(&mut guest), (1, 0));
    assert_eq!(guest.read(pipe, 20), Ok(b"piped".to_vec()));

    // A full pipe takes nothing more, instead of waiting for a reader.
    let mut written = 0;
    let errno = loop {
        match guest.write(pipe, &[0; 10_000]) {
            Ok(count) => written += count,
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::Again.number());
    assert!(written >= 4096, "{written}");

    let limit = Duration::from_millis(30);
    let (mut guest, pipe) = with_pipe(Guest::with(On::System, |builder| {
        builder.max_wait(limit);
    }));
    guest.put(8, &[DATA.to_le_bytes(), 1_i32.to_le_bytes()].concat());
    let read = guest
        .instance
        .get_func(&mut guest.store, "fd_read")
        .unwrap();
    let arguments = values("fd_read", &[pipe.into(), 8, 1, 0]);
    let error = read
        .call(&mut guest.store, &arguments, &mut [Val::I32(0)])
        .expect_err("the program ends");
    assert_eq!(error.downcast_ref(), Some(&WaitedTooLong(limit)));
}

#[test]
fn what_is_written_to_pipes_takes_nothing_of_the_files_limit() {
    let (mut guest, pipe) = with_pipe(Guest::with(On::System, |builder| {
        builder.max_file_bytes(4);
    }));
    assert_eq!(guest.write(pipe, b"more than four"), Ok(14));
    guest.file("file", b"four");
}

#[test]
fn sockets_of_the_file_system_cannot_be_opened() {
    let mut guest = Guest::on(On::System);
    let folder = guest.folder.as_ref().expect("the system's files");
    let path = folder.path().join("socket");
    // The names of sockets are short.
    if path.as_os_str().len() > 100 {
        return;
    }
    let _listener = UnixListener::bind(path).expect("a socket");
    assert_eq!(guest.open("socket", 0, right::FD_READ), no(Errno::Nxio));
    assert_eq!(guest.open("socket", CREATE, READ_WRITE), no(Errno::Nxio));
    assert_eq!(guest.open("socket", DIRECTORY, 0), no(Errno::Notdir));
    assert_eq!(guest.stat("socket", true).unwrap().kind, 0);
    assert_eq!(guest.unlink("socket"), Ok(()));
}

/// The C library takes a character device without the rights to seek for a terminal.
#[test]
fn terminals_are_character_devices_that_cannot_seek() {
    let Ok(terminal) = File::options().read(true).write(true).open("/dev/ptmx") else {
        return;
    };
    let mut guest = Guest::with(On::System, |builder| {
        builder.stdin(SystemInput::file(terminal));
    });
    let stat = guest.fdstat(0).unwrap();
    assert_eq!(stat.kind, 2);
    assert_eq!(stat.base & (right::FD_SEEK | right::FD_TELL), 0);
    assert_eq!(guest.stat_fd(0).unwrap().kind, 2);
    assert_eq!(guest.tell(0), no(Errno::Spipe));
    assert_eq!(guest.pread(0, 1, 0), no(Errno::Spipe));
    assert_eq!(guest.call("fd_advise", &[0, 0, 0, 0]), no(Errno::Spipe));
}

/// No time passes on these clocks while a program waits.
#[test]
fn processor_time_is_not_waited_for() {
    everywhere(|mut guest| {
        let begun = Instant::now();
        for clock in [2_u32, 3] {
            for (timeout, flags) in [(1_000_000_u64, 0_u16), (u64::MAX, 0), (u64::MAX, 1), (0, 1)] {
                let mut bytes = [0; 48];
                bytes[0] = 7;
                bytes[16..20].copy_from_slice(&clock.to_le_bytes());
                bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
                bytes[40..42].copy_from_slice(&flags.to_le_bytes());
                guest.put(1024, &bytes);
                assert_eq!(guest.call("poll_oneoff", &[1024, 2048, 1, 0]), Ok(()));
                let errno = guest.word(2048 + 8) as u16;
                assert_eq!((guest.word(0), guest.long(2048)), (1, 7));
                assert_eq!(errno, Errno::Inval.number());
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
    });
}
