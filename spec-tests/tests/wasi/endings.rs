//! Endings of paths: slashes, `.` and `..` after files, directories and links of any kind.
//! Both hosts answer as Linux does, except where POSIX prefers another number.

use crate::guest::*;
use backstitch::wasi::Errno;

/// Paths to a file of each kind, with each ending.
fn paths() -> impl Iterator<Item = String> {
    let kinds = [
        "file", "dir", "to_file", "to_dir", "dangling", "loop", "none",
    ];
    let ends = ["", "/", "//", "/.", "/./", "/..", "/x"];
    kinds
        .into_iter()
        .flat_map(move |kind| ends.map(|end| format!("{kind}{end}")))
}

fn prepare(guest: &mut Guest) {
    guest.file("file", b"contents");
    guest.file("other", b"");
    guest.create_directory("dir").unwrap();
    guest.create_directory("empty").unwrap();
    guest.symlink("file", "to_file").unwrap();
    guest.symlink("dir", "to_dir").unwrap();
    guest.symlink("missing", "dangling").unwrap();
    guest.symlink("loop", "loop").unwrap();
}

const READ: (i64, i64) = (right::FD_READ, 0);
const WRITE: (i64, i64) = (READ_WRITE, 0);

fn times(guest: &mut Guest, path: &str, follow: i64) -> Answer {
    let (at, len) = guest.path(path);
    guest.call(
        "path_filestat_set_times",
        &[ROOT.into(), follow, at, len, 1_000, 2_000, 5],
    )
}

fn kind(guest: &mut Guest, path: &str, follow: bool) -> Answer<u8> {
    Ok(guest.stat(path, follow)?.kind)
}

fn open(guest: &mut Guest, path: &str, follow: bool, flags: i32, rights: (i64, i64)) -> Answer<u8> {
    let fd = guest.open_as(ROOT, follow, path, flags, rights, 0)?;
    Ok(guest.fdstat(fd).unwrap().kind)
}

type Operation = fn(&mut Guest, &str) -> Answer<u8>;

const OPERATIONS: &[(&str, Operation)] = &[
    ("stat", |guest, path| kind(guest, path, true)),
    ("lstat", |guest, path| kind(guest, path, false)),
    ("utimes", |guest, path| times(guest, path, 1).map(|()| 0)),
    ("lutimes", |guest, path| times(guest, path, 0).map(|()| 0)),
    ("readlink", |guest, path| {
        guest.read_link(path, 100).map(|_| 0)
    }),
    ("open", |guest, path| open(guest, path, true, 0, READ)),
    ("open nofollow", |guest, path| {
        open(guest, path, false, 0, READ)
    }),
    ("open write", |guest, path| {
        open(guest, path, true, 0, WRITE)
    }),
    ("open create", |guest, path| {
        open(guest, path, true, CREATE, WRITE)
    }),
    ("open create nofollow", |guest, path| {
        open(guest, path, false, CREATE, WRITE)
    }),
    ("open exclusive", |guest, path| {
        open(guest, path, true, CREATE | EXCLUSIVE, WRITE)
    }),
    ("open truncate", |guest, path| {
        open(guest, path, true, TRUNCATE, WRITE)
    }),
    ("open directory", |guest, path| {
        open(guest, path, true, DIRECTORY, READ)
    }),
    ("open directory nofollow", |guest, path| {
        open(guest, path, false, DIRECTORY, READ)
    }),
    ("mkdir", |guest, path| {
        guest.create_directory(path).map(|()| 0)
    }),
    ("rmdir", |guest, path| {
        guest.remove_directory(path).map(|()| 0)
    }),
    ("unlink", |guest, path| guest.unlink(path).map(|()| 0)),
    ("symlink to", |guest, path| {
        guest.symlink("file", path).map(|()| 0)
    }),
    ("link from", |guest, path| {
        guest.link(path, "new").map(|()| 0)
    }),
    ("link to", |guest, path| {
        guest.link("file", path).map(|()| 0)
    }),
    ("rename from", |guest, path| {
        guest.rename(path, "new").map(|()| 0)
    }),
    ("rename file to", |guest, path| {
        guest.rename("other", path).map(|()| 0)
    }),
    ("rename directory to", |guest, path| {
        guest.rename("empty", path).map(|()| 0)
    }),
    ("rename link to", |guest, path| {
        guest.rename("dangling", path).map(|()| 0)
    }),
];

/// The names that an operation may change, with the type and the number of links of each.
fn names(guest: &mut Guest) -> Vec<Answer<(u8, u64)>> {
    const NAMES: &[&str] = &[
        "file", "dir", "to_file", "to_dir", "dangling", "loop", "none", "new", "missing", "other",
        "empty", "dir/x",
    ];
    let mut stat = |name: &&str| {
        let stat = guest.stat(name, false)?;
        // Systems count the links of directories differently.
        Ok((stat.kind, if stat.kind == 3 { 0 } else { stat.links }))
    };
    NAMES.iter().map(&mut stat).collect()
}

#[test]
fn both_hosts_give_the_same_answers() {
    for (name, operation) in OPERATIONS {
        for path in paths() {
            let [system, memory] = [On::System, On::Memory].map(|on| {
                let mut guest = Guest::on(on);
                prepare(&mut guest);
                let answer = operation(&mut guest, &path);
                (answer, names(&mut guest))
            });
            assert_eq!(system, memory, "{name} `{path}`");
        }
    }
}

#[test]
fn answers_are_those_of_a_posix_system() {
    use Errno::*;

    type Expected = (&'static str, &'static str, Result<u8, Errno>);
    const EXPECTED: &[Expected] = &[
        ("lstat", "file/", Err(Notdir)),
        ("lstat", "file/.", Err(Notdir)),
        ("lstat", "to_file", Ok(7)),
        ("lstat", "to_file/", Err(Notdir)),
        ("lstat", "to_file/.", Err(Notdir)),
        ("lstat", "to_dir", Ok(7)),
        ("lstat", "to_dir/", Ok(3)),
        ("lstat", "to_dir/.", Ok(3)),
        ("lstat", "to_dir/..", Ok(3)),
        ("lstat", "dangling", Ok(7)),
        ("lstat", "dangling/", Err(Noent)),
        ("lstat", "dangling/.", Err(Noent)),
        ("lstat", "loop", Ok(7)),
        ("lstat", "loop/", Err(Loop)),
        ("readlink", "file/", Err(Notdir)),
        ("readlink", "to_file/", Err(Notdir)),
        ("readlink", "to_dir/", Err(Inval)),
        ("open create", "file/", Err(Isdir)),
        ("open create", "loop/", Err(Isdir)),
        ("open exclusive", "dir/", Err(Isdir)),
        ("open exclusive", "dir/.", Err(Exist)),
        ("unlink", "dir/", Err(Isdir)),
        ("unlink", "to_dir/", Err(Notdir)),
        ("unlink", "dangling/", Err(Notdir)),
        ("symlink to", "to_dir/", Err(Exist)),
        ("symlink to", "dangling/", Err(Noent)),
        ("link from", "to_dir/", Err(Perm)),
        ("link from", "dangling/", Err(Noent)),
        ("link to", "file/", Err(Notdir)),
        ("link to", "dangling/", Err(Noent)),
        ("rename file to", "dir/", Err(Notdir)),
        ("rename file to", "dir/./", Err(Busy)),
        ("rename file to", "none/./", Err(Noent)),
        ("rename link to", "dangling/", Err(Notdir)),
    ];
    for (name, path, expected) in EXPECTED {
        let (_, operation) = OPERATIONS
            .iter()
            .find(|(other, _)| other == name)
            .expect("an operation");
        everywhere(|mut guest| {
            prepare(&mut guest);
            let expected = expected.map_err(Errno::number);
            assert_eq!(operation(&mut guest, path), expected, "{name} `{path}`");
        });
    }
}

#[test]
fn two_names_of_a_file_are_one_file() {
    everywhere(|mut guest| {
        guest.file("one", b"data");
        guest.link("one", "two").unwrap();
        assert_eq!(guest.rename("one", "two"), Ok(()));
        // POSIX: a rename between two links to one file does nothing.
        assert_eq!(guest.stat("one", false), guest.stat("two", false));
        assert_eq!(guest.stat("one", false).unwrap().links, 2);
        let fd = guest.open("one", 0, READ_WRITE).unwrap();
        assert_eq!(guest.write(fd, b"DA"), Ok(2));
        assert_eq!(guest.contents("two"), b"DAta");
        guest.unlink("one").unwrap();
        assert_eq!(guest.stat("two", false).unwrap().links, 1);
    });
}
