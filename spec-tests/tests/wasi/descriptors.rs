//! Descriptors: numbers, closing, renumbering, preopened descriptors, streams.

use crate::guest::*;
use backstitch::wasi::{Errno, MemoryInputPipe, MemoryOutputPipe};

#[test]
fn closed_descriptors_are_bad_everywhere() {
    everywhere(|mut guest| {
        for (name, arguments) in [
            ("fd_advise", &[0, 0, 0][..]),
            ("fd_allocate", &[0, 1]),
            ("fd_close", &[]),
            ("fd_datasync", &[]),
            ("fd_fdstat_get", &[0]),
            ("fd_fdstat_set_flags", &[0]),
            ("fd_fdstat_set_rights", &[0, 0]),
            ("fd_filestat_get", &[0]),
            ("fd_filestat_set_size", &[0]),
            ("fd_filestat_set_times", &[0, 0, 0]),
            ("fd_pread", &[0, 0, 0, 0]),
            ("fd_prestat_dir_name", &[0, 0]),
            ("fd_prestat_get", &[0]),
            ("fd_pwrite", &[0, 0, 0, 0]),
            ("fd_read", &[0, 0, 0]),
            ("fd_readdir", &[0, 0, 0, 0]),
            ("fd_renumber", &[3]),
            ("fd_seek", &[0, 0, 0]),
            ("fd_sync", &[]),
            ("fd_tell", &[0]),
            ("fd_write", &[0, 0, 0]),
            ("path_create_directory", &[0, 1]),
            ("path_filestat_get", &[0, 0, 1, 0]),
            ("path_filestat_set_times", &[0, 0, 1, 0, 0, 0]),
            ("path_link", &[0, 0, 1, 3, 0, 1]),
            ("path_open", &[0, 0, 1, 0, 0, 0, 0, 0]),
            ("path_readlink", &[0, 1, 0, 1, 0]),
            ("path_remove_directory", &[0, 1]),
            ("path_rename", &[0, 1, 3, 0, 1]),
            ("path_unlink_file", &[0, 1]),
            ("sock_accept", &[0, 0]),
            ("sock_recv", &[0, 0, 0, 0, 0]),
            ("sock_send", &[0, 0, 0, 0]),
            ("sock_shutdown", &[0]),
        ] {
            for fd in [4, 1000, -1, i64::from(i32::MAX), i64::from(i32::MIN)] {
                let all: Vec<i64> = [&[fd], arguments].concat();
                assert_eq!(guest.call(name, &all), no(Errno::Badf), "{name} of {fd}");
            }
        }
        assert_eq!(
            guest.call("path_symlink", &[0, 1, 9, 0, 1]),
            no(Errno::Badf)
        );
        assert_eq!(guest.call("fd_renumber", &[3, 9]), no(Errno::Badf));
    });
}

#[test]
fn the_lowest_free_number_is_assigned() {
    everywhere(|mut guest| {
        assert_eq!(guest.open("a", CREATE, READ_WRITE), Ok(4));
        assert_eq!(guest.open("b", CREATE, READ_WRITE), Ok(5));
        guest.close(4).unwrap();
        assert_eq!(guest.open("c", CREATE, READ_WRITE), Ok(4));
        guest.close(0).unwrap();
        assert_eq!(guest.open("d", CREATE, READ_WRITE), Ok(0));
        assert_eq!(guest.write(0, b"x"), Ok(1));
    });
}

#[test]
fn renumbering_moves_a_descriptor() {
    everywhere(|mut guest| {
        guest.file("a", b"a");
        guest.file("b", b"bb");
        let a = guest.open("a", 0, right::FD_READ).unwrap();
        let b = guest.open("b", 0, READ_WRITE).unwrap();
        let stat = guest.fdstat(b).unwrap();
        assert_eq!(guest.call("fd_renumber", &[b.into(), a.into()]), Ok(()));
        assert_eq!(guest.fdstat(a), Ok(stat));
        assert_eq!(guest.stat_fd(a).unwrap().size, 2);
        assert_eq!(guest.fdstat(b), no(Errno::Badf));
        for fd in [0, 1, 2, a] {
            assert_eq!(guest.call("fd_renumber", &[fd.into(), fd.into()]), Ok(()));
            assert!(guest.fdstat(fd).is_ok());
        }
    });
}

/// Yosys does this around other programs that are linked into it.
#[test]
fn standard_output_is_redirected_and_restored() {
    everywhere(|mut guest| {
        let away = guest.open("any", CREATE, READ_WRITE).unwrap();
        let log = guest.open("log", CREATE, READ_WRITE).unwrap();
        assert_eq!(guest.call("fd_renumber", &[1, away.into()]), Ok(()));
        assert_eq!(guest.write(1, b"lost"), no(Errno::Badf));
        assert_eq!(guest.call("fd_renumber", &[log.into(), 1]), Ok(()));
        assert_eq!(guest.write(1, b"to the file"), Ok(11));
        assert_eq!(guest.call("fd_renumber", &[away.into(), 1]), Ok(()));
        assert_eq!(guest.write(1, b"to the output"), Ok(13));
        assert_eq!(guest.contents("log"), b"to the file");
        assert_eq!(guest.stdout.contents(), b"to the output");
    });
}

#[test]
fn preopened_descriptors_can_be_closed_and_replaced() {
    everywhere(|mut guest| {
        assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Ok(()));
        assert_eq!((guest.word(0), guest.word(4)), (0, 1));
        assert_eq!(guest.call("fd_prestat_dir_name", &[3, 64, 1]), Ok(()));
        assert_eq!(guest.bytes(64, 1), b"/");
        assert_eq!(
            guest.call("fd_prestat_dir_name", &[3, 64, 0]),
            no(Errno::Nametoolong)
        );
        for fd in [0, 1, 2] {
            assert_eq!(guest.call("fd_prestat_get", &[fd, 0]), no(Errno::Badf));
        }

        guest.create_directory("d").unwrap();
        let d = guest.open_directory("d");
        assert_eq!(
            guest.call("fd_prestat_get", &[d.into(), 0]),
            no(Errno::Badf)
        );
        let inode = guest.stat_fd(d).unwrap().inode;
        assert_eq!(guest.call("fd_renumber", &[d.into(), 3]), Ok(()));
        assert_eq!(guest.stat_fd(3).unwrap().inode, inode);
        assert_eq!(guest.fdstat(d), no(Errno::Badf));
        guest.close(3).unwrap();
        assert_eq!(guest.call("fd_renumber", &[0, 3]), no(Errno::Badf));
        assert_eq!(guest.call("fd_renumber", &[3, 0]), no(Errno::Badf));
        assert!(guest.fdstat(0).is_ok());
    });
}

#[test]
fn streams_have_no_position() {
    let stdin = MemoryInputPipe::new("line\n");
    let mut guest = Guest::with(On::Memory, |builder| {
        builder.stdin(stdin);
    });
    for fd in 0..3 {
        assert_eq!(guest.seek(fd, 0, 0), no(Errno::Spipe));
        assert_eq!(guest.seek(fd, 0, 1), no(Errno::Spipe));
        assert_eq!(guest.tell(fd), no(Errno::Spipe));
        assert_eq!(guest.pread(fd, 1, 0), no(Errno::Spipe));
        assert_eq!(guest.pwrite(fd, b"x", 0), no(Errno::Spipe));
        assert_eq!(
            guest.call("fd_allocate", &[fd.into(), 0, 1]),
            no(Errno::Spipe)
        );
        assert_eq!(guest.stat_fd(fd).unwrap().size, 0);
    }
    assert_eq!(guest.read(0, 3), Ok(b"lin".to_vec()));
    assert_eq!(guest.read(0, 30), Ok(b"e\n".to_vec()));
    assert_eq!(guest.read(0, 30), Ok(vec![]));
    assert_eq!(guest.write(0, b"x"), no(Errno::Badf));
    assert_eq!(guest.read(1, 1), no(Errno::Badf));
    assert_eq!(guest.write(1, b"out"), Ok(3));
    assert_eq!(guest.write(2, b"forgotten"), Ok(9));
    assert_eq!(guest.stdout.contents(), b"out");
    // Streams that are not terminals have no right to seek, and are character devices.
    assert_eq!(guest.fdstat(0).unwrap().kind, 0);
}

#[test]
fn a_full_output_is_an_error() {
    let stdout = MemoryOutputPipe::new(4);
    let mut guest = Guest::with(On::Memory, |builder| {
        builder.stdout(stdout.clone());
    });
    assert_eq!(guest.write(1, b"123456"), Ok(4));
    assert_eq!(guest.write(1, b"5"), no(Errno::Nospc));
    assert_eq!(guest.write(1, b""), Ok(0));
    assert_eq!(stdout.contents(), b"1234");
}

#[test]
fn directories_are_not_files() {
    everywhere(|mut guest| {
        assert_eq!(guest.read(ROOT, 1), no(Errno::Badf));
        assert_eq!(guest.write(ROOT, b"x"), no(Errno::Badf));
        assert_eq!(guest.pread(ROOT, 1, 0), no(Errno::Badf));
        assert_eq!(guest.pwrite(ROOT, b"x", 0), no(Errno::Badf));
        assert_eq!(guest.seek(ROOT, 0, 1), no(Errno::Badf));
        assert_eq!(guest.tell(ROOT), no(Errno::Badf));
        let root = i64::from(ROOT);
        assert_eq!(guest.call("fd_allocate", &[root, 0, 1]), no(Errno::Badf));
        assert_eq!(
            guest.call("fd_filestat_set_size", &[root, 0]),
            no(Errno::Badf)
        );
        assert_eq!(guest.fdstat(ROOT).unwrap().kind, 3);
    });
}

#[test]
fn no_descriptor_is_a_socket() {
    everywhere(|mut guest| {
        let fd = i64::from(guest.open("f", CREATE, READ_WRITE).unwrap());
        for fd in [0, 1, 2, 3, fd] {
            assert_eq!(guest.call("sock_accept", &[fd, 0, 0]), no(Errno::Notsock));
            assert_eq!(
                guest.call("sock_recv", &[fd, 0, 0, 0, 0, 0]),
                no(Errno::Notsock)
            );
            assert_eq!(
                guest.call("sock_send", &[fd, 0, 0, 0, 0]),
                no(Errno::Notsock)
            );
            assert_eq!(guest.call("sock_shutdown", &[fd, 0]), no(Errno::Notsock));
        }
    });
}

#[test]
fn results_must_be_within_memory() {
    const BEYOND: i64 = 4 << 16;
    everywhere(|mut guest| {
        let fd = i64::from(guest.open("f", CREATE, READ_WRITE).unwrap());
        let (path, len) = guest.path("f");
        guest.put(8, &[0; 8]);
        for (name, arguments) in [
            ("args_sizes_get", vec![BEYOND, 0]),
            ("args_sizes_get", vec![0, BEYOND - 3]),
            ("environ_sizes_get", vec![BEYOND, 0]),
            ("clock_time_get", vec![0, 0, BEYOND - 7]),
            ("clock_res_get", vec![0, BEYOND]),
            ("fd_fdstat_get", vec![fd, BEYOND - 23]),
            ("fd_filestat_get", vec![fd, BEYOND - 63]),
            ("fd_prestat_get", vec![3, BEYOND - 7]),
            ("fd_prestat_dir_name", vec![3, BEYOND, 1]),
            ("fd_read", vec![fd, 8, 1, BEYOND]),
            ("fd_read", vec![fd, BEYOND, 1, 0]),
            ("fd_write", vec![fd, -8, 1, 0]),
            ("fd_pread", vec![fd, 8, 1, 0, BEYOND]),
            ("fd_pwrite", vec![fd, 8, 1, 0, -1]),
            ("fd_seek", vec![fd, 0, 1, BEYOND]),
            ("fd_tell", vec![fd, BEYOND]),
            ("fd_readdir", vec![3, BEYOND - 1, 2, 0, 0]),
            ("fd_readdir", vec![3, 0, 2, 0, BEYOND]),
            ("path_filestat_get", vec![3, 0, path, len, BEYOND]),
            ("path_filestat_get", vec![3, 0, BEYOND, 1, 0]),
            ("path_open", vec![3, 0, path, len, 0, 0, 0, 0, BEYOND]),
            ("path_open", vec![3, 0, -1, 2, 0, 0, 0, 0, 0]),
            ("path_readlink", vec![3, path, len, BEYOND, 1, 0]),
            ("path_readlink", vec![3, path, len, 0, 1, BEYOND]),
            ("random_get", vec![BEYOND - 1, 2]),
            ("random_get", vec![-1, -1]),
            ("poll_oneoff", vec![BEYOND, 0, 1, 0]),
            ("poll_oneoff", vec![0, BEYOND, 1, 0]),
            ("poll_oneoff", vec![0, 0, -1, 0]),
            ("poll_oneoff", vec![0, 0, 1, BEYOND]),
        ] {
            assert_eq!(guest.call(name, &arguments), no(Errno::Fault), "{name}");
        }
        // The failed calls have opened no descriptor.
        assert_eq!(guest.open("f", 0, READ_WRITE), Ok(fd as i32 + 1));
    });
}
