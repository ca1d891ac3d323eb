//! `fd_readdir`: entries, cookies, small buffers, and changes while reading.

use crate::guest::*;
use backstitch::wasi::Errno;

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    next: u64,
    inode: u64,
    kind: u8,
    name: String,
}

/// Calls `fd_readdir` once. Returns the complete entries, and the number of bytes written.
fn read_once(guest: &mut Guest, fd: i32, len: u32, cookie: u64) -> Answer<(Vec<Entry>, u32)> {
    guest.call(
        "fd_readdir",
        &[fd.into(), DATA.into(), len.into(), cookie as i64, 0],
    )?;
    let used = guest.word(0);
    let mut rest = &guest.bytes(DATA, used as usize)[..];
    let mut entries = Vec::new();
    while rest.len() >= 24 {
        let long = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
        let (next, inode) = (long(0), long(8));
        let len = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        let kind = rest[20];
        let Some(name) = rest.get(24..24 + len) else {
            break;
        };
        let name = String::from_utf8(name.to_vec()).expect("names are UTF-8");
        entries.push(Entry {
            next,
            inode,
            kind,
            name,
        });
        rest = &rest[24 + len..];
    }
    Ok((entries, used))
}

/// Reads all entries, as the C library does.
fn read_all(guest: &mut Guest, fd: i32, len: u32) -> Vec<Entry> {
    let mut all = Vec::new();
    let mut cookie = 0;
    loop {
        let (entries, used) = read_once(guest, fd, len, cookie).unwrap();
        let Some(last) = entries.last() else {
            assert_eq!(used, 0, "an entry does not fit");
            return all;
        };
        cookie = last.next;
        all.extend(entries);
    }
}

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.name).collect()
}

#[test]
fn the_entries_for_the_directory_and_its_parent_are_first() {
    everywhere(|mut guest| {
        guest.create_directory("d").unwrap();
        let fd = guest.open_directory("d");
        let inode = guest.stat_fd(fd).unwrap().inode;
        let entries = read_all(&mut guest, fd, 4096);
        assert_eq!(names(&entries), [".", ".."]);
        assert_eq!((entries[0].inode, entries[0].kind), (inode, 3));
        assert_eq!(entries[1].kind, 3);
    });
}

#[test]
fn entries_have_types_and_inodes_and_an_order() {
    everywhere(|mut guest| {
        guest.file("file", b"");
        guest.create_directory("directory").unwrap();
        guest.symlink("file", "a link").unwrap();
        let entries = read_all(&mut guest, ROOT, 4096);
        assert_eq!(names(&entries), [".", "..", "a link", "directory", "file"]);
        let kinds: Vec<u8> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [3, 3, 7, 3, 4]);
        for entry in &entries[2..] {
            let stat = guest.stat(&entry.name, false).unwrap();
            assert_eq!((stat.inode, stat.kind), (entry.inode, entry.kind));
        }
    });
}

#[test]
fn reading_continues_from_any_cookie() {
    everywhere(|mut guest| {
        for name in ["a", "b", "c"] {
            guest.file(name, b"");
        }
        let all = read_all(&mut guest, ROOT, 4096);
        for (index, entry) in all.iter().enumerate() {
            let (rest, _) = read_once(&mut guest, ROOT, 4096, entry.next).unwrap();
            assert_eq!(rest, all[index + 1..]);
        }
        for cookie in [6, u64::MAX] {
            assert_eq!(read_once(&mut guest, ROOT, 4096, cookie), Ok((vec![], 0)));
        }
    });
}

#[test]
fn a_buffer_is_filled_completely() {
    everywhere(|mut guest| {
        for name in ["ärger", "日本語のファイル名", "z"] {
            guest.file(name, b"");
        }
        let (all, size) = read_once(&mut guest, ROOT, 4096, 0).unwrap();
        assert_eq!(names(&all), [".", "..", "z", "ärger", "日本語のファイル名"]);
        for len in 0..size {
            let (some, used) = read_once(&mut guest, ROOT, len, 0).unwrap();
            assert_eq!(used, len);
            assert_eq!(some, all[..some.len()]);
        }
        let longest = 24 + "日本語のファイル名".len() as u32;
        assert_eq!(read_all(&mut guest, ROOT, longest), all);
    });
}

#[test]
fn a_thousand_entries_are_read_piece_by_piece() {
    everywhere(|mut guest| {
        for number in 0..1000 {
            guest.file(format!("file.{number:04}"), b"");
        }
        let all = read_all(&mut guest, ROOT, 300);
        assert_eq!(all.len(), 1002);
        assert!(all[2..].is_sorted_by(|one, other| one.name < other.name));
    });
}

#[test]
fn removing_while_reading_skips_nothing() {
    everywhere(|mut guest| {
        for number in 0..20 {
            guest.file(number.to_string(), b"");
        }
        let mut cookie = 0;
        let mut removed = 0;
        loop {
            let (entries, _) = read_once(&mut guest, ROOT, 100, cookie).unwrap();
            let Some(last) = entries.last() else {
                break;
            };
            cookie = last.next;
            for entry in entries.iter().filter(|entry| entry.kind == 4) {
                guest.unlink(&entry.name).unwrap();
                removed += 1;
            }
        }
        assert_eq!(removed, 20);
        // Reading from the start shows the present entries.
        assert_eq!(read_all(&mut guest, ROOT, 100).len(), 2);
        guest.file("new", b"");
        assert_eq!(read_all(&mut guest, ROOT, 100).len(), 3);
    });
}

#[test]
fn only_directories_have_entries() {
    everywhere(|mut guest| {
        let fd = guest.open("f", CREATE, READ_WRITE).unwrap();
        assert_eq!(read_once(&mut guest, fd, 10, 0), no(Errno::Notdir));
        assert_eq!(read_once(&mut guest, 1, 10, 0), no(Errno::Notdir));
    });
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_are_skipped() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let mut guest = Guest::on(On::System);
    let folder = guest.folder.as_ref().unwrap().path().to_path_buf();
    std::fs::write(folder.join(OsStr::from_bytes(b"caf\xe9")), b"").unwrap();
    guest.file("plain", b"");
    let entries = read_all(&mut guest, ROOT, 4096);
    assert_eq!(names(&entries), [".", "..", "plain"]);
    assert_eq!(guest.stat(b"caf\xe9", true), no(Errno::Ilseq));
}
