//! Copies of the system's directories in memory.

use crate::guest::*;
use backstitch::wasi::{Deterministic, Errno, MemoryDirectory, MemoryOutputPipe, WasiCtxBuilder};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn guest_with_copy_of(path: &Path) -> Guest {
    let host = Deterministic::new(1);
    let files = MemoryDirectory::copy_of(path, host.time()).expect("the directory can be read");
    let ctx = WasiCtxBuilder::with_host(host).preopen(files, "/").build();
    Guest::of(ctx, MemoryOutputPipe::new(0), None)
}

#[test]
fn a_copy_has_all_files_links_and_directories() {
    let folder = Folder::new();
    let path = folder.path();
    fs::create_dir_all(path.join("a/b")).unwrap();
    fs::write(path.join("a/b/file"), "deep").unwrap();
    symlink("a/b/file", path.join("link")).unwrap();
    symlink("nowhere", path.join("dangling")).unwrap();
    let mut guest = guest_with_copy_of(path);
    assert_eq!(guest.contents("a/b/file"), b"deep");
    assert_eq!(guest.contents("link"), b"deep");
    assert_eq!(guest.stat("dangling", false).unwrap().kind, 7);
    guest.file("a/b/file", b"changed");
    assert_eq!(fs::read(path.join("a/b/file")).unwrap(), b"deep");
}

#[test]
fn hard_links_stay_links() {
    let folder = Folder::new();
    let path = folder.path();
    fs::create_dir(path.join("dir")).unwrap();
    fs::write(path.join("one"), "data").unwrap();
    fs::hard_link(path.join("one"), path.join("dir/two")).unwrap();
    fs::write(path.join("other"), "data").unwrap();
    let mut guest = guest_with_copy_of(path);
    let one = guest.stat("one", false).unwrap();
    assert_eq!(one.links, 2);
    assert_eq!(guest.stat("dir/two", false).unwrap().inode, one.inode);
    assert_eq!(guest.stat("other", false).unwrap().links, 1);
    guest.file("one", b"changed");
    assert_eq!(guest.contents("dir/two"), b"changed");
    assert_eq!(guest.rename("one", "dir/two"), Ok(()));
    assert_eq!(guest.stat("one", false).unwrap().links, 2);
}

#[test]
fn unreadable_files_are_reported_when_they_are_opened() {
    let folder = Folder::new();
    let path = folder.path();
    fs::write(path.join("file"), "readable").unwrap();
    fs::write(path.join("secret"), "not readable").unwrap();
    fs::create_dir(path.join("closed")).unwrap();
    for name in ["secret", "closed"] {
        fs::set_permissions(path.join(name), Permissions::from_mode(0o000)).unwrap();
    }
    // The superuser may read all files.
    let readable = fs::read(path.join("secret")).is_ok();
    let mut guest = guest_with_copy_of(path);
    assert_eq!(guest.contents("file"), b"readable");
    if !readable {
        assert_eq!(guest.open("secret", 0, right::FD_READ), no(Errno::Acces));
        assert_eq!(guest.open("closed", DIRECTORY, 0), no(Errno::Acces));
    }
    for name in ["secret", "closed"] {
        fs::set_permissions(path.join(name), Permissions::from_mode(0o700)).unwrap();
    }
    let missing = MemoryDirectory::copy_of(path.join("none"), Deterministic::new(1).time());
    let error = format!("{:#}", missing.map(drop).unwrap_err());
    assert!(error.contains("cannot open the directory"), "{error}");
}

#[test]
fn denied_files_cannot_be_opened() {
    let host = Deterministic::new(1);
    let files = MemoryDirectory::new(host.time());
    files.write("file", "data").unwrap();
    files.write("dir/inside", "data").unwrap();
    assert_eq!(files.deny("none", Errno::Acces), Err(Errno::Noent));
    files.deny("file", Errno::Acces).unwrap();
    files.deny("dir", Errno::Io).unwrap();
    assert_eq!(files.read("file"), Err(Errno::Acces));
    let ctx = WasiCtxBuilder::with_host(host).preopen(files, "/").build();
    let mut guest = Guest::of(ctx, MemoryOutputPipe::new(0), None);
    assert_eq!(guest.open("file", 0, right::FD_READ), no(Errno::Acces));
    assert_eq!(guest.open("file", TRUNCATE, READ_WRITE), no(Errno::Acces));
    assert_eq!(guest.open("dir", DIRECTORY, 0), no(Errno::Io));
    assert_eq!(guest.open("dir/inside", 0, 0), no(Errno::Io));
    assert_eq!(guest.stat("file", true).unwrap().size, 4);
    assert_eq!(guest.stat("dir", true).unwrap().kind, 3);
    assert_eq!(guest.rename("file", "renamed"), Ok(()));
    assert_eq!(guest.open("renamed", 0, 0), no(Errno::Acces));
    assert_eq!(guest.unlink("renamed"), Ok(()));
}
