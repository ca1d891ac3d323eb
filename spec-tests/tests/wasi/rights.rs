//! Rights: each is required by certain operations, and a right that was given up cannot be
//! regained.

use crate::guest::*;
use backstitch::wasi::Errno;

/// A right of directories, and a call that requires it.
type OfDirectory = (i64, fn(&mut Guest) -> Answer);
const OF_DIRECTORIES: &[OfDirectory] = &[
    (right::FD_DATASYNC, |guest| guest.call("fd_datasync", &[3])),
    (right::FD_SYNC, |guest| guest.call("fd_sync", &[3])),
    (right::PATH_CREATE_DIRECTORY, |guest| {
        guest.create_directory("new")
    }),
    (right::PATH_CREATE_FILE, |guest| {
        guest.open("new", CREATE, 0).map(drop)
    }),
    (right::PATH_LINK_SOURCE, |guest| guest.link("f", "new")),
    (right::PATH_LINK_TARGET, |guest| guest.link("f", "new")),
    (right::PATH_OPEN, |guest| guest.open("f", 0, 0).map(drop)),
    (right::FD_READDIR, |guest| {
        guest.call("fd_readdir", &[3, DATA.into(), 9, 0, 0])
    }),
    (right::PATH_READLINK, |guest| {
        guest.read_link("l", 9).map(drop)
    }),
    (right::PATH_RENAME_SOURCE, |guest| guest.rename("f", "new")),
    (right::PATH_RENAME_TARGET, |guest| guest.rename("f", "new")),
    (right::PATH_FILESTAT_GET, |guest| {
        guest.stat("f", true).map(drop)
    }),
    (right::PATH_FILESTAT_SET_SIZE, |guest| {
        guest.open("f", TRUNCATE, 0).map(drop)
    }),
    (right::PATH_FILESTAT_SET_TIMES, |guest| {
        let (path, len) = guest.path("f");
        guest.call("path_filestat_set_times", &[3, 0, path, len, 0, 0, 1])
    }),
    (right::FD_FILESTAT_GET, |guest| guest.stat_fd(3).map(drop)),
    (right::FD_FILESTAT_SET_TIMES, |guest| {
        guest.call("fd_filestat_set_times", &[3, 0, 0, 1])
    }),
    (right::PATH_SYMLINK, |guest| guest.symlink("f", "new")),
    (right::PATH_REMOVE_DIRECTORY, |guest| {
        guest.remove_directory("d")
    }),
    (right::PATH_UNLINK_FILE, |guest| guest.unlink("f")),
];

/// A right of files, a call on descriptor 4 that requires it, and the error without the right.
type OfFile = (i64, fn(&mut Guest) -> Answer, Errno);
const OF_FILES: &[OfFile] = &[
    (
        right::FD_DATASYNC,
        |guest| guest.call("fd_datasync", &[4]),
        Errno::Notcapable,
    ),
    (
        right::FD_SYNC,
        |guest| guest.call("fd_sync", &[4]),
        Errno::Notcapable,
    ),
    (
        right::FD_READ,
        |guest| guest.read(4, 1).map(drop),
        Errno::Badf,
    ),
    (
        right::FD_READ,
        |guest| guest.pread(4, 1, 0).map(drop),
        Errno::Badf,
    ),
    (
        right::FD_WRITE,
        |guest| guest.write(4, b"x").map(drop),
        Errno::Badf,
    ),
    (
        right::FD_WRITE,
        |guest| guest.pwrite(4, b"x", 0).map(drop),
        Errno::Badf,
    ),
    (
        right::FD_SEEK,
        |guest| guest.seek(4, 1, 0).map(drop),
        Errno::Notcapable,
    ),
    (
        right::FD_SEEK,
        |guest| guest.pread(4, 1, 0).map(drop),
        Errno::Notcapable,
    ),
    (
        right::FD_SEEK,
        |guest| guest.pwrite(4, b"x", 0).map(drop),
        Errno::Notcapable,
    ),
    (
        right::FD_SEEK | right::FD_TELL,
        |guest| guest.tell(4).map(drop),
        Errno::Notcapable,
    ),
    (
        right::FD_SEEK | right::FD_TELL,
        |guest| guest.seek(4, 0, 1).map(drop),
        Errno::Notcapable,
    ),
    (
        right::FD_FDSTAT_SET_FLAGS,
        |guest| guest.call("fd_fdstat_set_flags", &[4, 0]),
        Errno::Notcapable,
    ),
    (
        right::FD_ADVISE,
        |guest| guest.call("fd_advise", &[4, 0, 1, 0]),
        Errno::Notcapable,
    ),
    (
        right::FD_ALLOCATE,
        |guest| guest.call("fd_allocate", &[4, 0, 1]),
        Errno::Notcapable,
    ),
    (
        right::FD_FILESTAT_GET,
        |guest| guest.stat_fd(4).map(drop),
        Errno::Notcapable,
    ),
    (
        right::FD_FILESTAT_SET_SIZE,
        |guest| guest.call("fd_filestat_set_size", &[4, 1]),
        Errno::Notcapable,
    ),
    (
        right::FD_FILESTAT_SET_TIMES,
        |guest| guest.call("fd_filestat_set_times", &[4, 0, 0, 1]),
        Errno::Notcapable,
    ),
];

fn prepared(mut guest: Guest) -> Guest {
    guest.file("f", b"data");
    guest.create_directory("d").unwrap();
    guest.symlink("f", "l").unwrap();
    guest
}

#[test]
fn each_right_of_a_directory_is_required() {
    for on in [On::System, On::Memory] {
        for (right, operation) in OF_DIRECTORIES {
            let mut guest = prepared(Guest::on(on));
            assert_eq!(operation(&mut guest), Ok(()), "with all rights");

            let mut guest = prepared(Guest::on(on));
            let all = guest.fdstat(ROOT).unwrap();
            guest
                .set_rights(ROOT, all.base & !right, all.inheriting)
                .unwrap();
            assert_eq!(operation(&mut guest), no(Errno::Notcapable), "{right:#x}");
        }
    }
}

#[test]
fn each_right_of_a_file_is_required() {
    for on in [On::System, On::Memory] {
        for (right, operation, errno) in OF_FILES {
            let mut guest = prepared(Guest::on(on));
            assert_eq!(guest.open("f", 0, READ_WRITE), Ok(4));
            assert_eq!(operation(&mut guest), Ok(()), "with all rights");

            let base = guest.fdstat(4).unwrap().base;
            guest.set_rights(4, base & !right, 0).unwrap();
            assert_eq!(operation(&mut guest), no(*errno), "{right:#x}");
        }
    }
}

/// C libraries read a directory's rights before they try an operation.
#[test]
fn a_preopened_directory_has_every_right() {
    // The rights for paths, and the rights of any descriptor in a file system.
    let of_paths = (9..=13).chain(15..=20).chain(24..=26);
    let of_paths = of_paths.fold(0, |rights, bit| rights | 1 << bit);
    let base = of_paths
        | right::FD_READDIR
        | right::FD_FILESTAT_GET
        | right::FD_FILESTAT_SET_TIMES
        | right::FD_SYNC
        | right::FD_DATASYNC;
    let of_files = (0..=8).chain(21..=23).chain([27]);
    let of_files = of_files.fold(0, |rights, bit| rights | 1 << bit);
    everywhere(|mut guest| {
        let root = guest.fdstat(ROOT).unwrap();
        assert_eq!(root.base & base, base);
        assert_eq!(root.inheriting & (base | of_files), base | of_files);
        // Rights that only files have are missing.
        let only_files = right::FD_READ | right::FD_WRITE | right::FD_SEEK | right::FD_TELL;
        let only_files = only_files | right::FD_ALLOCATE | right::FD_FILESTAT_SET_SIZE;
        assert_eq!(root.base & only_files, 0);
        // A subdirectory that is opened with the same rights allows the same operations.
        guest.create_directory("d").unwrap();
        let d = guest.open_directory("d");
        assert_eq!(guest.fdstat(d), Ok(root));
        let nested = guest.open_as(d, false, ".", DIRECTORY, (base, of_files), 0);
        let nested = guest.fdstat(nested.unwrap()).unwrap();
        assert_eq!(nested.base & base, base);
        assert_eq!(nested.inheriting, of_files);
    });
}

#[test]
fn rights_can_only_be_removed() {
    everywhere(|mut guest| {
        guest.file("f", b"");
        let fd = guest.open("f", 0, READ_WRITE).unwrap();
        let all = guest.fdstat(fd).unwrap().base;
        assert_eq!(guest.set_rights(fd, all, 0), Ok(()));
        assert_eq!(guest.set_rights(fd, all & !right::FD_WRITE, 0), Ok(()));
        assert_eq!(guest.fdstat(fd).unwrap().base, all & !right::FD_WRITE);
        assert_eq!(guest.set_rights(fd, all, 0), no(Errno::Notcapable));
        assert_eq!(
            guest.set_rights(fd, right::FD_READ, right::FD_READ),
            no(Errno::Notcapable)
        );
        assert_eq!(guest.set_rights(fd, 1 << 40, 0), no(Errno::Notcapable));
    });
}

#[test]
fn a_directory_passes_on_only_its_inheriting_rights() {
    everywhere(|mut guest| {
        guest.file("f", b"data");
        guest.create_directory("d").unwrap();
        let root = guest.fdstat(ROOT).unwrap();
        guest
            .set_rights(ROOT, root.base, root.inheriting & !right::FD_WRITE)
            .unwrap();
        let write = guest.open("f", 0, READ_WRITE);
        assert_eq!(write, no(Errno::Notcapable));
        let fd = guest.open("f", 0, right::FD_READ).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().base & READ_WRITE, right::FD_READ);
        // The same holds for a directory that is opened there.
        let d = guest
            .open_as(ROOT, true, "d", DIRECTORY, (root.base, -1), 0)
            .unwrap();
        let inherits = guest.fdstat(d).unwrap().inheriting;
        assert_eq!(inherits, root.inheriting & !right::FD_WRITE);
        let rights = (right::FD_WRITE, 0);
        let write = guest.open_as(d, true, "g", CREATE, rights, 0);
        assert_eq!(write, no(Errno::Notcapable));
        assert_eq!(guest.stat("d/g", true), no(Errno::Noent));
    });
}

/// Two names of a file that are opened with the same rights in two directories have the same
/// status.
#[test]
fn implied_rights_do_not_depend_on_earlier_requests() {
    everywhere(|mut guest| {
        let asked = right::FD_READ | right::FD_FILESTAT_GET | right::PATH_OPEN;
        guest.file("f", b"data");
        guest.create_directory("d").unwrap();
        guest.link("f", "d/l").unwrap();
        let f = guest
            .open_as(ROOT, false, "f", 0, (asked, asked), 0)
            .unwrap();
        let d = guest
            .open_as(ROOT, false, "d", DIRECTORY, (asked, asked), 0)
            .unwrap();
        let l = guest.open_as(d, false, "l", 0, (asked, asked), 0).unwrap();
        assert_eq!(guest.fdstat(l), guest.fdstat(f));
        assert_eq!(guest.seek(l, 2, 0), Ok(2));
        // A right that was given up is not implied any more.
        let stat = guest.fdstat(ROOT).unwrap();
        let rest = stat.inheriting & !right::FD_SEEK;
        guest.set_rights(ROOT, stat.base, rest).unwrap();
        let d = guest.open_directory("d");
        let l = guest.open_as(d, false, "l", 0, (asked, asked), 0).unwrap();
        assert_eq!(guest.seek(l, 2, 0), no(Errno::Notcapable));
    });
}

#[test]
fn reading_and_writing_are_allowed_as_requested() {
    everywhere(|mut guest| {
        guest.file("f", b"data");
        let reading = guest.open("f", 0, right::FD_READ).unwrap();
        assert_eq!(
            guest.fdstat(reading).unwrap().base & READ_WRITE,
            right::FD_READ
        );
        assert_eq!(guest.write(reading, b"x"), no(Errno::Badf));
        let writing = guest.open("f", 0, right::FD_WRITE).unwrap();
        assert_eq!(
            guest.fdstat(writing).unwrap().base & READ_WRITE,
            right::FD_WRITE
        );
        assert_eq!(guest.read(writing, 1), no(Errno::Badf));
        assert_eq!(guest.write(writing, b"x"), Ok(1));
        let neither = guest.open("f", 0, 0).unwrap();
        assert_eq!(guest.read(neither, 1), no(Errno::Badf));
        assert_eq!(guest.write(neither, b"x"), no(Errno::Badf));
        assert!(guest.stat_fd(neither).is_ok());
        // A directory never has the right to seek.
        let directory = guest.open(".", 0, right::FD_SEEK | right::FD_READ).unwrap();
        assert_eq!(guest.fdstat(directory).unwrap().base & right::FD_SEEK, 0);
        assert_eq!(guest.seek(directory, 0, 1), no(Errno::Badf));
        // Unknown bits are ignored.
        let all = guest.open_as(ROOT, true, "f", 0, (-1, -1), 0).unwrap();
        assert_eq!(guest.read(all, 4), Ok(b"xata".to_vec()));
    });
}

#[test]
fn polling_requires_a_right() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        let base = guest.fdstat(fd).unwrap().base;
        guest
            .set_rights(fd, base & !right::POLL_FD_READWRITE, 0)
            .unwrap();
        let mut subscription = [0; 48];
        subscription[8] = 1;
        subscription[16] = fd as u8;
        guest.put(64, &subscription);
        assert_eq!(guest.call("poll_oneoff", &[64, 256, 1, 0]), Ok(()));
        assert_eq!(guest.word(256 + 8) as u16, Errno::Notcapable.number());
    });
}
