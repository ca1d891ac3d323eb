//! Programs that try to exceed limits get errors, and the host remains intact.

use crate::guest::*;
use backstitch::wasi::Errno;

#[test]
fn endless_opening_is_limited() {
    for on in [On::System, On::Memory] {
        let mut guest = Guest::with(on, |builder| {
            builder.max_descriptors(50);
        });
        guest.file("f", b"");
        let mut opened = 0;
        let errno = loop {
            match guest.open("f", 0, right::FD_READ) {
                Ok(_) => opened += 1,
                Err(errno) => break errno,
            }
        };
        assert_eq!((opened, errno), (46, Errno::Mfile.number()));
        // No file is created if it cannot be opened.
        assert_eq!(guest.open("new", CREATE, READ_WRITE), no(Errno::Mfile));
        assert_eq!(guest.stat("new", true), no(Errno::Noent));
        guest.close(20).unwrap();
        assert_eq!(guest.open("f", 0, right::FD_READ), Ok(20));
    }
}

#[test]
fn there_is_a_default_limit_for_descriptors() {
    let mut guest = Guest::on(On::Memory);
    let opened = (0..2000)
        .take_while(|_| guest.open(".", 0, 0).is_ok())
        .count();
    assert_eq!(opened, 1020);
}

#[test]
fn endless_writing_is_limited() {
    let mut guest = Guest::on(On::Memory);
    let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
    // Far more than the quota, and slightly more.
    for size in [1_i64 << 40, i64::MAX, 300 << 20] {
        let set = guest.call("fd_filestat_set_size", &[fd.into(), size]);
        assert!([Errno::Nospc, Errno::Dquot].map(no).contains(&set));
    }
    assert_eq!(guest.pwrite(fd, b"x", 1 << 40), no(Errno::Nospc));
    let chunk = vec![7; 100_000];
    let mut written = 0_u64;
    let errno = loop {
        match guest.write(fd, &chunk) {
            Ok(count) => written += u64::from(count),
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::Nospc.number());
    assert!((200 << 20..256 << 20).contains(&written));
    guest.unlink("f").unwrap();
    guest.close(fd).unwrap();
    guest.file("g", b"there is room again");
}

#[test]
fn deep_directory_trees_cause_no_deep_recursion() {
    let mut guest = Guest::on(On::Memory);
    let mut at = ROOT;
    for _ in 0..1000 {
        let (path, len) = guest.path("d");
        guest
            .call("path_create_directory", &[at.into(), path, len])
            .unwrap();
        let root = guest.fdstat(ROOT).unwrap();
        let rights = (root.base, root.inheriting);
        let next = guest.open_as(at, false, "d", DIRECTORY, rights, 0).unwrap();
        if at != ROOT {
            guest.close(at).unwrap();
        }
        at = next;
    }
    let path = "d/".repeat(1000);
    assert!(guest.stat(&path, true).is_ok());
    drop(guest);
}

#[test]
fn absurd_sizes_are_refused() {
    everywhere(|mut guest| {
        let fd = i64::from(guest.open("f", CREATE, READ_WRITE).unwrap());
        guest.put(64, &[0xff; 64]);
        for name in ["fd_read", "fd_write"] {
            assert_eq!(guest.call(name, &[fd, 64, 1, 0]), no(Errno::Fault));
            assert_eq!(guest.call(name, &[fd, 64, -1, 0]), no(Errno::Inval));
            assert_eq!(
                guest.call(name, &[fd, 64, i64::from(u32::MAX / 8), 0]),
                no(Errno::Inval)
            );
        }
        // Writes the whole memory several times.
        let whole = [0_u32.to_le_bytes(), (4_u32 << 16).to_le_bytes()].concat();
        guest.put(4096, &whole.repeat(16));
        assert_eq!(guest.call("fd_write", &[fd, 4096, 16, 0]), Ok(()));
        let written = u64::from(guest.word(0));
        assert_eq!(written, 16 * (4 << 16));
        assert_eq!(guest.stat("f", true).unwrap().size, written);
        assert_eq!(
            guest.call("poll_oneoff", &[0, 0, i64::from(u32::MAX / 48), 0]),
            no(Errno::Fault)
        );
        assert_eq!(
            guest.call("fd_readdir", &[3, 0, -1, 0, 0]),
            no(Errno::Fault)
        );
        assert_eq!(guest.call("random_get", &[0, 4 << 16]), Ok(()));
    });
}

#[test]
fn random_arguments_cause_no_panic() {
    let names: Vec<(&str, usize)> = functions().collect();
    everywhere(|mut guest| {
        let mut random = {
            let mut seed = 0x2545_f491_4f6c_dd1d_u64;
            move || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                seed >> 16
            }
        };
        for _ in 0..20_000 {
            let (name, count) = names[random() as usize % names.len()];
            // `poll_oneoff` could wait for long, and `proc_exit` ends the program.
            if ["poll_oneoff", "proc_exit"].contains(&name) {
                continue;
            }
            let arguments: Vec<i64> = (0..count)
                .map(|_| match random() % 6 {
                    0 => random() as i64 % 16,
                    1 => random() as i64 % (4 << 16),
                    2 => (4 << 16) - random() as i64 % 16,
                    3 => -(random() as i64 % 16),
                    4 => 1 << (random() % 64),
                    _ => random() as i64,
                })
                .collect();
            let _ = guest.call(name, &arguments);
        }
    });
}
