//! Pointers beyond the end of the memory: each function fails with `EFAULT` and does nothing.

use crate::guest::*;
use backstitch::wasi::Errno;

/// The size of the guest's memory.
const END: i64 = 4 << 16;

/// Arguments of a call. The pointers among them, by index, and the sizes of what they point to.
type Call = (&'static str, Vec<i64>, &'static [(usize, i64)]);

/// All functions that use pointers. `file` is open, `path` has one letter, and a piece that
/// stands at 8 has four bytes.
fn calls(file: i64, path: i64) -> Vec<Call> {
    let root = i64::from(ROOT);
    vec![
        ("args_get", vec![64, 72], &[(0, 4), (1, 2)]),
        ("args_sizes_get", vec![64, 72], &[(0, 4), (1, 4)]),
        ("clock_res_get", vec![0, 64], &[(1, 8)]),
        ("clock_time_get", vec![0, 0, 64], &[(2, 8)]),
        ("environ_get", vec![64, 72], &[(0, 4), (1, 4)]),
        ("environ_sizes_get", vec![64, 72], &[(0, 4), (1, 4)]),
        ("fd_fdstat_get", vec![file, 64], &[(1, 24)]),
        ("fd_filestat_get", vec![file, 64], &[(1, 64)]),
        ("fd_pread", vec![file, 8, 1, 0, 64], &[(1, 8), (4, 4)]),
        ("fd_prestat_dir_name", vec![root, 64, 10], &[(1, 10)]),
        ("fd_prestat_get", vec![root, 64], &[(1, 8)]),
        ("fd_pwrite", vec![file, 8, 1, 0, 64], &[(1, 8), (4, 4)]),
        ("fd_read", vec![file, 8, 1, 64], &[(1, 8), (3, 4)]),
        ("fd_readdir", vec![root, 64, 9, 0, 80], &[(1, 9), (4, 4)]),
        ("fd_seek", vec![file, 1, 0, 64], &[(3, 8)]),
        ("fd_tell", vec![file, 64], &[(1, 8)]),
        ("fd_write", vec![file, 8, 1, 64], &[(1, 8), (3, 4)]),
        ("path_create_directory", vec![root, path, 1], &[(1, 1)]),
        (
            "path_filestat_get",
            vec![root, 0, path, 1, 64],
            &[(2, 1), (4, 64)],
        ),
        (
            "path_filestat_set_times",
            vec![root, 0, path, 1, 0, 0, 0],
            &[(2, 1)],
        ),
        (
            "path_link",
            vec![root, 0, path, 1, root, path, 1],
            &[(2, 1), (5, 1)],
        ),
        (
            "path_open",
            vec![root, 0, path, 1, CREATE.into(), 0, 0, 0, 64],
            &[(2, 1), (8, 4)],
        ),
        (
            "path_readlink",
            vec![root, path, 1, 64, 9, 80],
            &[(1, 1), (3, 9), (5, 4)],
        ),
        ("path_remove_directory", vec![root, path, 1], &[(1, 1)]),
        (
            "path_rename",
            vec![root, path, 1, root, path, 1],
            &[(1, 1), (4, 1)],
        ),
        (
            "path_symlink",
            vec![path, 1, root, path, 1],
            &[(0, 1), (3, 1)],
        ),
        ("path_unlink_file", vec![root, path, 1], &[(1, 1)]),
        (
            "poll_oneoff",
            vec![1024, 64, 1, 128],
            &[(0, 48), (1, 32), (3, 4)],
        ),
        ("random_get", vec![64, 9], &[(0, 9)]),
    ]
}

fn set_piece(guest: &mut Guest, pointer: i64, len: i64) {
    let piece = [(pointer as i32).to_le_bytes(), (len as i32).to_le_bytes()];
    guest.put(8, &piece.concat());
}

#[test]
fn no_pointer_leaves_the_memory() {
    for on in [On::System, On::Memory] {
        let mut guest = Guest::with(on, |builder| {
            builder.arg("a").env("a", "b");
        });
        guest.file("file", b"contents");
        let file = guest.open("file", 0, READ_WRITE).unwrap();
        assert_eq!(guest.seek(file, 3, 0), Ok(3));
        let (path, _) = guest.path("x");
        for (name, arguments, pointers) in calls(file.into(), path) {
            set_piece(&mut guest, DATA.into(), 4);
            for &(index, size) in pointers {
                for pointer in [END - size + 1, END, END + 1, i32::MIN.into(), -size, -1] {
                    let mut arguments = arguments.clone();
                    arguments[index] = pointer;
                    let answer = guest.call(name, &arguments);
                    assert_eq!(answer, no(Errno::Fault), "{name}: {index} is {pointer}");
                }
            }
            if ["fd_read", "fd_write", "fd_pread", "fd_pwrite"].contains(&name) {
                for (pointer, len) in [(END - 3, 4), (END + 1, 0), (0, -1), (-1, 1), (-1, -1)] {
                    set_piece(&mut guest, pointer, len);
                    let answer = guest.call(name, &arguments);
                    assert_eq!(answer, no(Errno::Fault), "{name}: {len} at {pointer}");
                }
            }
        }
        // Nothing has been done: no file, no descriptor, no position has changed.
        assert_eq!(guest.stat("x", false), no(Errno::Noent));
        assert_eq!(guest.tell(file), Ok(3));
        assert_eq!(guest.open("file", 0, 0), Ok(file + 1));
        assert_eq!(guest.contents("file"), b"contents");
        // An array or buffer may end with the memory.
        set_piece(&mut guest, END - 4, 4);
        let all = [file.into(), 8, 1, END - 4];
        assert_eq!(guest.call("fd_read", &all), Ok(()));
    }
}
