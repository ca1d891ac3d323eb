//! Files: reading, writing, positions, sizes, times, flags.

use crate::guest::*;
use backstitch::wasi::Errno;

#[test]
fn written_data_can_be_read() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        assert_eq!(guest.write(fd, b"hello world"), Ok(11));
        assert_eq!(guest.tell(fd), Ok(11));
        assert_eq!(guest.seek(fd, 6, 0), Ok(6));
        assert_eq!(guest.read(fd, 100), Ok(b"world".to_vec()));
        assert_eq!(guest.read(fd, 100), Ok(vec![]));
        assert_eq!(guest.seek(fd, -5, 1), Ok(6));
        assert_eq!(guest.seek(fd, -11, 2), Ok(0));
        assert_eq!(guest.seek(fd, 10, 2), Ok(21));
        assert_eq!(guest.write(fd, b"!"), Ok(1));
        assert_eq!(guest.stat_fd(fd).unwrap().size, 22);
        assert_eq!(guest.pread(fd, 3, 10), Ok(b"d\0\0".to_vec()));
    });
}

#[test]
fn invalid_positions_are_refused() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        for (delta, whence) in [(-1, 0), (-1, 1), (-1, 2), (0, 3), (i64::MIN, 1)] {
            assert_eq!(guest.seek(fd, delta, whence), no(Errno::Inval));
        }
        assert_eq!(guest.seek(fd, i64::MAX, 0), Ok(i64::MAX as u64));
        assert_eq!(guest.seek(fd, 1, 1), no(Errno::Inval));
        assert_eq!(guest.write(fd, b"x"), no(Errno::Fbig));
        assert_eq!(guest.pread(fd, 1, -1), no(Errno::Inval));
        assert_eq!(guest.pwrite(fd, b"x", -1), no(Errno::Inval));
    });
}

#[test]
fn reads_and_writes_at_offsets_keep_the_position() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        assert_eq!(guest.pwrite(fd, b"abcdef", 2), Ok(6));
        assert_eq!(guest.tell(fd), Ok(0));
        assert_eq!(guest.pread(fd, 4, 1), Ok(b"\0abc".to_vec()));
        assert_eq!(guest.pread(fd, 4, 7), Ok(b"f".to_vec()));
        assert_eq!(guest.pread(fd, 4, 8), Ok(vec![]));
        assert_eq!(guest.pread(fd, 4, 800), Ok(vec![]));
        assert_eq!(guest.tell(fd), Ok(0));
    });
}

#[test]
fn buffers_are_used_in_order() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        guest.put(DATA, b"abcdef");
        let piece = |at: i32, len: u32| [at.to_le_bytes(), len.to_le_bytes()].concat();
        let pieces = [
            piece(DATA + 3, 3),
            piece(DATA, 0),
            piece(i32::MAX, 0),
            piece(DATA, 2),
        ];
        // An empty buffer outside memory is an error, too.
        guest.put(64, &pieces.concat());
        assert_eq!(
            guest.call("fd_write", &[fd.into(), 64, 4, 0]),
            no(Errno::Fault)
        );
        guest.put(64, &[&pieces[0][..], &pieces[1], &pieces[3]].concat());
        assert_eq!(guest.call("fd_write", &[fd.into(), 64, 3, 0]), Ok(()));
        assert_eq!(guest.word(0), 5);
        assert_eq!(guest.call("fd_pwrite", &[fd.into(), 64, 3, 5, 0]), Ok(()));
        assert_eq!(guest.contents("f"), b"defabdefab");
        guest.put(DATA, &[b'.'; 6]);
        assert_eq!(guest.call("fd_pread", &[fd.into(), 64, 3, 6, 0]), Ok(()));
        assert_eq!(guest.word(0), 4);
        assert_eq!(guest.bytes(DATA, 6), b"b..efa");
        // No buffers, and too many buffers.
        assert_eq!(guest.call("fd_pread", &[fd.into(), 64, 0, 0, 0]), Ok(()));
        assert_eq!(guest.word(0), 0);
        assert_eq!(
            guest.call("fd_read", &[fd.into(), 64, 1025, 0]),
            no(Errno::Inval)
        );
    });
}

#[test]
fn appending_writes_at_the_end_except_at_offsets() {
    everywhere(|mut guest| {
        guest.file("f", b"12345");
        let rights = READ_WRITE | right::FD_SEEK | right::FD_FDSTAT_SET_FLAGS;
        let fd = guest
            .open_as(ROOT, true, "f", 0, (rights, 0), APPEND)
            .unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, APPEND as u16);
        assert_eq!(guest.write(fd, b"67"), Ok(2));
        assert_eq!(guest.tell(fd), Ok(7));
        assert_eq!(guest.seek(fd, 0, 0), Ok(0));
        assert_eq!(guest.write(fd, b"8"), Ok(1));
        assert_eq!(guest.pwrite(fd, b"X", 0), Ok(1));
        assert_eq!(guest.contents("f"), b"X2345678");
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd.into(), 0]), Ok(()));
        assert_eq!(guest.seek(fd, 1, 0), Ok(1));
        assert_eq!(guest.write(fd, b"Y"), Ok(1));
        assert_eq!(guest.contents("f"), b"XY345678");
    });
}

#[test]
fn only_some_flags_can_be_changed() {
    everywhere(|mut guest| {
        let fd = guest
            .open_as(ROOT, true, "f", CREATE, (READ_WRITE, 0), DSYNC)
            .unwrap();
        let set = |guest: &mut Guest, flags: i32| {
            guest.call("fd_fdstat_set_flags", &[fd.into(), flags.into()])
        };
        assert_eq!(guest.write(fd, b"x"), Ok(1));
        assert_eq!(set(&mut guest, DSYNC | APPEND | NONBLOCK), Ok(()));
        assert_eq!(guest.fdstat(fd).unwrap().flags, 7);
        assert_eq!(set(&mut guest, APPEND), no(Errno::Inval));
        assert_eq!(set(&mut guest, 1 << 5), no(Errno::Inval));
        assert_eq!(set(&mut guest, 1 << 16), no(Errno::Inval));
        assert_eq!(guest.fdstat(fd).unwrap().flags, 7);
        assert_eq!(
            guest.call("fd_fdstat_set_flags", &[ROOT.into(), 0]),
            no(Errno::Badf)
        );
    });
}

#[test]
fn sizes_are_set_and_allocated() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        let size = |guest: &mut Guest| guest.stat_fd(fd).unwrap().size;
        let fd = i64::from(fd);
        assert_eq!(guest.call("fd_allocate", &[fd, 0, 100]), Ok(()));
        assert_eq!(size(&mut guest), 100);
        assert_eq!(guest.call("fd_allocate", &[fd, 10, 10]), Ok(()));
        assert_eq!(size(&mut guest), 100);
        assert_eq!(guest.call("fd_allocate", &[fd, 90, 20]), Ok(()));
        assert_eq!(size(&mut guest), 110);
        assert_eq!(guest.call("fd_allocate", &[fd, 0, 0]), no(Errno::Inval));
        assert_eq!(guest.call("fd_allocate", &[fd, 1, -1]), no(Errno::Fbig));
        assert_eq!(guest.call("fd_filestat_set_size", &[fd, 5]), Ok(()));
        assert_eq!(size(&mut guest), 5);
        assert_eq!(guest.call("fd_filestat_set_size", &[fd, 9]), Ok(()));
        assert_eq!(guest.contents("f"), [0; 9]);
        assert_eq!(
            guest.call("fd_filestat_set_size", &[fd, -1]),
            no(Errno::Fbig)
        );
        assert_eq!(size(&mut guest), 9);
    });
}

#[test]
fn each_time_is_set_to_a_value_or_to_now() {
    const ACCESS: i64 = 1;
    const ACCESS_NOW: i64 = 2;
    const MODIFICATION: i64 = 4;
    const MODIFICATION_NOW: i64 = 8;
    everywhere(|mut guest| {
        guest.file("f", b"");
        guest.symlink("f", "l").unwrap();
        let fd = i64::from(guest.open("f", 0, READ_WRITE).unwrap());
        let set = "fd_filestat_set_times";
        let times = |guest: &mut Guest| {
            let stat = guest.stat("f", true).unwrap();
            (stat.accessed, stat.modified)
        };
        let both = ACCESS | MODIFICATION;
        assert_eq!(guest.call(set, &[fd, 5_000, 7_000, both]), Ok(()));
        assert_eq!(times(&mut guest), (5_000, 7_000));
        assert_eq!(guest.call(set, &[fd, 1, 1, 0]), Ok(()));
        assert_eq!(times(&mut guest), (5_000, 7_000));
        assert_eq!(guest.call(set, &[fd, 9_000, 1, ACCESS]), Ok(()));
        assert_eq!(times(&mut guest), (9_000, 7_000));
        assert_eq!(guest.call(set, &[fd, 1, 1, MODIFICATION_NOW]), Ok(()));
        assert_eq!(times(&mut guest).0, 9_000);
        assert!(times(&mut guest).1 > 9_000);
        for flags in [ACCESS | ACCESS_NOW, MODIFICATION | MODIFICATION_NOW, 16] {
            assert_eq!(guest.call(set, &[fd, 1, 1, flags]), no(Errno::Inval));
        }

        let set = "path_filestat_set_times";
        let (path, len) = guest.path("l");
        let root = i64::from(ROOT);
        assert_eq!(
            guest.call(set, &[root, 1, path, len, 2_000, 3_000, both]),
            Ok(())
        );
        assert_eq!(times(&mut guest), (2_000, 3_000));
        assert_eq!(
            guest.call(set, &[root, 0, path, len, 4_000, 6_000, both]),
            Ok(())
        );
        assert_eq!(times(&mut guest), (2_000, 3_000));
        assert_eq!(guest.stat("l", false).unwrap().modified, 6_000);
        for (follow, flags) in [(0, 3), (1, 12), (2, 1), (0, 16)] {
            let call = guest.call(set, &[root, follow, path, len, 1, 1, flags]);
            assert_eq!(call, no(Errno::Inval));
        }
        let (path, len) = guest.path("none");
        let call = guest.call(set, &[root, 0, path, len, 1, 1, 1]);
        assert_eq!(call, no(Errno::Noent));
        // The times of a directory can be set, too.
        let call = guest.call("fd_filestat_set_times", &[root, 1_000, 8_000, both]);
        assert_eq!(call, Ok(()));
        assert_eq!(guest.stat_fd(ROOT).unwrap().modified, 8_000);
    });
}

#[test]
fn there_are_six_kinds_of_advice() {
    everywhere(|mut guest| {
        let fd = i64::from(guest.open("f", CREATE, READ_WRITE).unwrap());
        for advice in 0..=5 {
            assert_eq!(guest.call("fd_advise", &[fd, 0, 10, advice]), Ok(()));
        }
        assert_eq!(guest.call("fd_advise", &[fd, 0, 10, 6]), no(Errno::Inval));
        assert_eq!(guest.call("fd_advise", &[3, 0, 10, 0]), no(Errno::Badf));
        assert_eq!(guest.call("fd_advise", &[1, 0, 10, 0]), no(Errno::Spipe));
    });
}

#[test]
fn descriptors_can_be_synchronised() {
    everywhere(|mut guest| {
        let fd = i64::from(guest.open("f", CREATE, READ_WRITE).unwrap());
        for name in ["fd_sync", "fd_datasync"] {
            assert_eq!(guest.call(name, &[fd]), Ok(()));
            assert_eq!(guest.call(name, &[ROOT.into()]), Ok(()));
            assert_eq!(guest.call(name, &[1]), Ok(()));
            assert_eq!(guest.call(name, &[99]), no(Errno::Badf));
        }
    });
}

#[test]
fn an_open_file_outlives_its_name() {
    everywhere(|mut guest| {
        guest.file("f", b"data");
        let fd = guest.open("f", 0, READ_WRITE).unwrap();
        guest.unlink("f").unwrap();
        assert_eq!(guest.stat("f", true).err(), Some(Errno::Noent.number()));
        guest.file("f", b"other");
        assert_eq!(guest.read(fd, 10), Ok(b"data".to_vec()));
        assert_eq!(guest.write(fd, b"more"), Ok(4));
        assert_eq!(guest.stat_fd(fd).unwrap().links, 0);
        guest.close(fd).unwrap();
        assert_eq!(guest.contents("f"), b"other");
    });
}

#[test]
fn a_quota_bounds_the_size_of_all_files() {
    for on in [On::System, On::Memory] {
        let mut guest = Guest::with(on, |builder| {
            builder.max_file_bytes(10);
        });
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        assert_eq!(guest.write(fd, b"1234567"), Ok(7));
        assert_eq!(guest.write(fd, b"1234567"), Ok(3));
        assert_eq!(guest.write(fd, b"1"), no(Errno::Dquot));
        let fd = i64::from(fd);
        assert_eq!(guest.call("fd_allocate", &[fd, 0, 11]), no(Errno::Dquot));
        assert_eq!(
            guest.call("fd_filestat_set_size", &[fd, 11]),
            no(Errno::Dquot)
        );
        assert_eq!(guest.call("fd_filestat_set_size", &[fd, 1]), Ok(()));
    }
}
