//! Path resolution, invalid paths, and the results of each operation on paths.

use crate::guest::*;
use backstitch::wasi::Errno;

/// Fails unless the error number is one of several that systems return.
#[track_caller]
fn one_of<T: std::fmt::Debug>(answer: Answer<T>, errnos: &[Errno]) {
    let errno = answer.expect_err("the operation fails");
    let numbers: Vec<u16> = errnos.iter().map(|errno| errno.number()).collect();
    assert!(
        numbers.contains(&errno),
        "{errno}, expected one of {errnos:?}"
    );
}

#[test]
fn invalid_paths_are_refused() {
    everywhere(|mut guest| {
        let long = "x".repeat(4097);
        for (path, errno) in [
            (&b""[..], Errno::Noent),
            (b"/", Errno::Perm),
            (b"/f", Errno::Perm),
            (b"f\0", Errno::Inval),
            (b"\0", Errno::Inval),
            (b"f\xff", Errno::Ilseq),
            (long.as_bytes(), Errno::Nametoolong),
            (&long.as_bytes()[..256], Errno::Nametoolong),
            (b"..", Errno::Perm),
            (b"../f", Errno::Perm),
            (b"./../f", Errno::Perm),
            (b"d/../../f", Errno::Perm),
        ] {
            guest.file("f", b"");
            let _ = guest.create_directory("d");
            let shown = String::from_utf8_lossy(path).into_owned();
            let seen = |answer: Answer| assert_eq!(answer, no(errno), "{shown}");
            seen(guest.open(path, 0, right::FD_READ).map(drop));
            seen(guest.open(path, CREATE, READ_WRITE).map(drop));
            seen(guest.stat(path, false).map(drop));
            seen(guest.stat(path, true).map(drop));
            seen(guest.create_directory(path));
            seen(guest.rename("f", path));
            seen(guest.rename(path, "g"));
            seen(guest.link("f", path));
            seen(guest.symlink("f", path));
            seen(guest.read_link(path, 10).map(drop));
            if !path.ends_with(b"..") {
                seen(guest.unlink(path));
                seen(guest.remove_directory(path));
            }
        }
    });
}

#[test]
fn paths_are_normalised() {
    everywhere(|mut guest| {
        guest.create_directory("dir").unwrap();
        guest.create_directory("dir/nested").unwrap();
        guest.file("dir/nested/file", b"here");
        for path in [
            "dir/nested/file",
            "dir/.//nested/../../dir/nested/../nested///./file",
            "./dir/./nested/./file",
            "dir/../dir/nested/file",
        ] {
            assert_eq!(guest.contents(path), b"here", "{path}");
        }
        for path in [
            "dir/nested/",
            "dir/nested///",
            "dir/nested/.",
            "dir/nested/../nested",
        ] {
            let fd = guest.open(path, DIRECTORY, 0).unwrap();
            assert_eq!(guest.fdstat(fd).unwrap().kind, 3, "{path}");
        }
        for path in [
            "dir/nested/file/",
            "dir/nested/file///",
            "dir/nested/file/.",
        ] {
            let opened = guest.open(path, 0, right::FD_READ);
            assert_eq!(opened, no(Errno::Notdir), "{path}");
            assert_eq!(guest.stat(path, true), no(Errno::Notdir), "{path}");
        }
        assert_eq!(guest.open("dir/none/file", 0, 0), no(Errno::Noent));
        assert_eq!(guest.open("dir/nested/file/x", 0, 0), no(Errno::Notdir));

        // Paths cannot leave the directory whose descriptor they are relative to.
        let fd = guest.open_directory("dir/nested");
        let rights = (right::FD_READ, 0);
        for path in ["../nested/file", "..", "../../dir"] {
            assert_eq!(guest.open_as(fd, true, path, 0, rights, 0), no(Errno::Perm));
        }
        assert!(guest.open_as(fd, true, "file", 0, rights, 0).is_ok());
    });
}

#[test]
fn opening_creates_and_truncates_as_requested() {
    everywhere(|mut guest| {
        assert_eq!(guest.open("f", 0, READ_WRITE), no(Errno::Noent));
        assert_eq!(guest.open("f", TRUNCATE, READ_WRITE), no(Errno::Noent));
        assert!(guest.open("f", CREATE | EXCLUSIVE, READ_WRITE).is_ok());
        assert_eq!(
            guest.open("f", CREATE | EXCLUSIVE, READ_WRITE),
            no(Errno::Exist)
        );
        guest.file("f", b"full");
        assert!(guest.open("f", CREATE, 0).is_ok());
        assert_eq!(guest.contents("f"), b"full");
        assert!(guest.open("f", TRUNCATE, 0).is_ok());
        assert_eq!(guest.contents("f"), b"");
        assert_eq!(guest.open("f", DIRECTORY, 0), no(Errno::Notdir));
        guest.create_directory("d").unwrap();
        assert_eq!(guest.open("d", 0, right::FD_WRITE), no(Errno::Isdir));
        assert_eq!(guest.open("d", DIRECTORY, READ_WRITE), no(Errno::Isdir));
        assert_eq!(guest.open("d", TRUNCATE, 0), no(Errno::Isdir));
        assert_eq!(guest.open("d", CREATE, 0), no(Errno::Isdir));
        for makes in [CREATE, EXCLUSIVE, TRUNCATE] {
            assert_eq!(guest.open("d", DIRECTORY | makes, 0), no(Errno::Inval));
        }
        assert!(guest.open("d", 0, right::FD_READ).is_ok());
        assert!(guest.open_as(ROOT, false, ".", 0, (0, 0), NONBLOCK).is_ok());
        assert_eq!(guest.open("f", 16, 0), no(Errno::Inval));
        assert_eq!(
            guest.open_as(ROOT, true, "f", 0, (0, 0), 32),
            no(Errno::Inval)
        );
        let (at, len) = guest.path("f");
        let lookup = guest.call("path_open", &[3, 2, at, len, 0, 0, 0, 0, 0]);
        assert_eq!(lookup, no(Errno::Inval));
    });
}

#[test]
fn only_directories_have_paths() {
    everywhere(|mut guest| {
        guest.file("f", b"");
        let fd = guest.open("f", 0, READ_WRITE).unwrap();
        for fd in [0, 1, fd] {
            assert_eq!(
                guest.open_as(fd, false, "x", 0, (0, 0), 0),
                no(Errno::Notdir)
            );
            let (path, len) = guest.path("x");
            for name in [
                "path_create_directory",
                "path_remove_directory",
                "path_unlink_file",
            ] {
                assert_eq!(guest.call(name, &[fd.into(), path, len]), no(Errno::Notdir));
            }
            let rename = guest.call("path_rename", &[3, path, len, fd.into(), path, len]);
            assert_eq!(rename, no(Errno::Notdir));
        }
    });
}

#[test]
fn links_are_followed_if_requested() {
    everywhere(|mut guest| {
        guest.create_directory("d").unwrap();
        guest.file("d/f", b"deep");
        guest.symlink("d", "to_d").unwrap();
        guest.symlink("d/f", "to_f").unwrap();
        guest.symlink("none", "dangling").unwrap();
        guest.symlink("loop", "loop").unwrap();
        guest.symlink("b", "a").unwrap();
        guest.symlink("a", "b").unwrap();

        let read = (right::FD_READ, 0);
        assert_eq!(guest.contents("to_f"), b"deep");
        assert_eq!(guest.contents("to_d/f"), b"deep");
        assert_eq!(
            guest.open_as(ROOT, false, "to_f", 0, read, 0),
            no(Errno::Loop)
        );
        assert_eq!(
            guest.open_as(ROOT, false, "dangling", 0, read, 0),
            no(Errno::Loop)
        );
        let nofollow = guest.open_as(ROOT, false, "to_d", DIRECTORY, read, 0);
        one_of(nofollow, &[Errno::Loop, Errno::Notdir]);
        let nofollow = guest.open_as(ROOT, false, "dangling", DIRECTORY, read, 0);
        one_of(nofollow, &[Errno::Loop, Errno::Notdir]);
        assert!(
            guest
                .open_as(ROOT, true, "to_d", DIRECTORY, read, 0)
                .is_ok()
        );
        assert_eq!(guest.open("to_f", DIRECTORY, 0), no(Errno::Notdir));
        assert_eq!(guest.open("dangling", 0, 0), no(Errno::Noent));
        for path in ["loop", "a", "b", "loop/x", "a/x"] {
            assert_eq!(guest.open(path, 0, 0), no(Errno::Loop), "{path}");
            assert_eq!(guest.stat(path, true), no(Errno::Loop), "{path}");
        }
        assert!(guest.stat("loop", false).is_ok());
        assert_eq!(
            guest.open("to_f", CREATE | EXCLUSIVE, READ_WRITE),
            no(Errno::Exist)
        );

        let link = guest.stat("to_f", false).unwrap();
        assert_eq!((link.kind, link.size), (7, 3));
        let file = guest.stat("to_f", true).unwrap();
        assert_eq!((file.kind, file.size), (4, 4));
        guest.unlink("to_d").unwrap();
        guest.unlink("dangling").unwrap();
        assert_eq!(guest.contents("d/f"), b"deep");
    });
}

#[test]
fn a_links_text_is_truncated_to_the_buffer() {
    everywhere(|mut guest| {
        guest.symlink("some/where", "l").unwrap();
        assert_eq!(guest.read_link("l", 100), Ok(b"some/where".to_vec()));
        assert_eq!(guest.read_link("l", 4), Ok(b"some".to_vec()));
        assert_eq!(guest.read_link("l", 0), Ok(vec![]));
        guest.file("f", b"");
        assert_eq!(guest.read_link("f", 10), no(Errno::Inval));
        assert_eq!(guest.read_link("none", 10), no(Errno::Noent));
    });
}

#[test]
fn links_are_created_only_under_new_names() {
    everywhere(|mut guest| {
        guest.file("f", b"");
        guest.create_directory("d").unwrap();
        assert_eq!(guest.symlink("x", "f"), no(Errno::Exist));
        assert_eq!(guest.symlink("x", "d"), no(Errno::Exist));
        assert_eq!(guest.symlink("x", "d/"), no(Errno::Exist));
        assert_eq!(guest.symlink("x", "f/"), no(Errno::Notdir));
        assert_eq!(guest.symlink("x", "new/"), no(Errno::Noent));
        assert_eq!(guest.symlink("/x", "l"), no(Errno::Perm));
        assert_eq!(guest.symlink("", "l"), no(Errno::Noent));
        assert_eq!(guest.symlink("../../..", "l"), Ok(()));
        assert_eq!(guest.open("l", 0, 0), no(Errno::Perm));
        assert_eq!(guest.symlink("x", "none/l"), no(Errno::Noent));
        assert_eq!(guest.symlink("x", "f/l"), no(Errno::Notdir));
    });
}

#[test]
fn hard_links_are_second_names() {
    everywhere(|mut guest| {
        guest.file("f", b"data");
        guest.create_directory("d").unwrap();
        guest.symlink("none", "s").unwrap();
        assert_eq!(guest.link("f", "g"), Ok(()));
        let (one, other) = (guest.stat("f", false), guest.stat("g", false));
        assert_eq!(one, other);
        assert_eq!(one.unwrap().links, 2);
        assert_eq!(guest.link("f", "g"), no(Errno::Exist));
        assert_eq!(guest.link("f", "f"), no(Errno::Exist));
        assert_eq!(guest.link("f", "d"), no(Errno::Exist));
        assert_eq!(guest.link("none", "h"), no(Errno::Noent));
        assert_eq!(guest.link("f", "none/h"), no(Errno::Noent));
        one_of(guest.link("d", "e"), &[Errno::Perm, Errno::Acces]);
        assert_eq!(guest.link("f", "h/"), no(Errno::Noent));
        assert_eq!(guest.link("s", "t"), Ok(()));
        assert_eq!(guest.stat("t", false).unwrap().kind, 7);
        let (f, f_len) = guest.path("f");
        let (h, h_len) = guest.path("h");
        let follow = guest.call("path_link", &[3, 1, f, f_len, 3, h, h_len]);
        assert_eq!(follow, no(Errno::Inval));
        guest.unlink("f").unwrap();
        assert_eq!(guest.contents("g"), b"data");
    });
}

#[test]
fn files_and_directories_are_removed_by_different_functions() {
    everywhere(|mut guest| {
        guest.file("f", b"");
        guest.create_directory("d").unwrap();
        guest.create_directory("full").unwrap();
        guest.file("full/f", b"");
        guest.symlink("d", "l").unwrap();
        assert_eq!(guest.unlink("f/"), no(Errno::Notdir));
        one_of(guest.unlink("d"), &[Errno::Isdir, Errno::Perm]);
        one_of(guest.unlink("d/"), &[Errno::Isdir, Errno::Perm]);
        assert_eq!(guest.unlink("none"), no(Errno::Noent));
        assert_eq!(guest.remove_directory("f"), no(Errno::Notdir));
        assert_eq!(guest.remove_directory("f/"), no(Errno::Notdir));
        assert_eq!(guest.remove_directory("l"), no(Errno::Notdir));
        assert_eq!(guest.remove_directory("none"), no(Errno::Noent));
        assert_eq!(guest.remove_directory("full"), no(Errno::Notempty));
        assert_eq!(guest.remove_directory("d/"), Ok(()));
        assert_eq!(guest.unlink("l"), Ok(()));
        assert_eq!(guest.unlink("f"), Ok(()));
        assert_eq!(guest.unlink("f"), no(Errno::Noent));
    });
}

#[test]
fn directories_are_created() {
    everywhere(|mut guest| {
        guest.file("f", b"");
        assert_eq!(guest.create_directory("d/"), Ok(()));
        assert_eq!(guest.create_directory("d"), no(Errno::Exist));
        assert_eq!(guest.create_directory("f"), no(Errno::Exist));
        assert_eq!(guest.create_directory("."), no(Errno::Exist));
        assert_eq!(guest.create_directory("x/y"), no(Errno::Noent));
        assert_eq!(guest.create_directory("f/y"), no(Errno::Notdir));
        assert_eq!(guest.create_directory("d/y"), Ok(()));
    });
}

#[test]
fn renaming_replaces_only_the_same_kind() {
    everywhere(|mut guest| {
        guest.create_directory("d").unwrap();
        assert_eq!(guest.rename("d", "e"), Ok(()));
        assert_eq!(guest.stat("d", true), no(Errno::Noent));
        guest.create_directory("empty").unwrap();
        assert_eq!(guest.rename("e", "empty"), Ok(()));
        guest.create_directory("full").unwrap();
        guest.file("full/f", b"in");
        assert_eq!(guest.rename("empty", "full"), no(Errno::Notempty));
        guest.file("f", b"1");
        guest.file("g", b"2");
        assert_eq!(guest.rename("empty", "f"), no(Errno::Notdir));
        assert_eq!(guest.rename("f", "empty"), no(Errno::Isdir));
        assert_eq!(guest.rename("f", "g"), Ok(()));
        assert_eq!(guest.contents("g"), b"1");
        assert_eq!(guest.rename("g", "g"), Ok(()));
        assert_eq!(guest.contents("g"), b"1");
        assert_eq!(guest.rename("none", "x"), no(Errno::Noent));
        assert_eq!(guest.rename("g", "none/x"), no(Errno::Noent));
        assert_eq!(guest.rename("full", "full/inside"), no(Errno::Inval));
        one_of(guest.rename("full/f", "g/"), &[Errno::Notdir, Errno::Isdir]);
        assert_eq!(guest.rename("g/", "h"), no(Errno::Notdir));
        one_of(
            guest.rename("g", "h/"),
            &[Errno::Notdir, Errno::Noent, Errno::Isdir],
        );
        assert_eq!(guest.rename("full/", "moved"), Ok(()));
        assert_eq!(guest.rename("moved", "again/"), Ok(()));
        assert_eq!(guest.contents("again/f"), b"in");
        guest.symlink("again", "l").unwrap();
        assert_eq!(guest.rename("l", "m"), Ok(()));
        assert_eq!(guest.stat("m", false).unwrap().kind, 7);
        assert_eq!(guest.rename("again/f", "empty/f"), Ok(()));
        assert_eq!(guest.contents("empty/f"), b"in");
    });
}

#[test]
fn the_status_of_files_and_directories_is_reported() {
    everywhere(|mut guest| {
        guest.file("f", b"12345");
        guest.create_directory("d").unwrap();
        let by_path = guest.stat("f", true).unwrap();
        assert_eq!((by_path.kind, by_path.size, by_path.links), (4, 5, 1));
        let fd = guest.open("f", 0, 0).unwrap();
        let by_fd = guest.stat_fd(fd).unwrap();
        assert_eq!(by_fd.inode, by_path.inode);
        assert_eq!(guest.stat("d", true).unwrap().kind, 3);
        assert_eq!(guest.stat("d/", false).unwrap().kind, 3);
        let root = guest.stat_fd(ROOT).unwrap();
        assert_eq!(guest.stat(".", false).unwrap().inode, root.inode);
        assert_eq!(guest.stat("d/..", false).unwrap().inode, root.inode);
        assert_ne!(by_path.inode, root.inode);
        assert_eq!(guest.stat("none", true), no(Errno::Noent));
        let (path, len) = guest.path("f");
        let flags = guest.call("path_filestat_get", &[3, 2, path, len, 0]);
        assert_eq!(flags, no(Errno::Inval));
    });
}
