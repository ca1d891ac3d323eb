//! No sequence of operations on paths leaves a directory.

use crate::guest::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Contents of a file outside, which must be neither seen nor changed.
const SECRET: &[u8] = b"this is outside and nobody's business";

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn of<'a>(&mut self, parts: &[&'a str]) -> &'a str {
        parts[self.below(parts.len())]
    }

    /// Returns a random path that leads down, up, around, and through links.
    fn path(&mut self) -> String {
        const PARTS: &[&str] = &[
            "a", "b", "c", "..", "..", ".", "", "f", "out", "up", "abs", "loop", "x", "secret",
            "inside", "outside", "\u{202e}", "...",
        ];
        let len = 1 + self.below(6);
        let parts: Vec<_> = (0..len).map(|_| self.of(PARTS)).collect();
        let mut path = parts.join("/");
        match self.below(12) {
            0 => path.push('/'),
            1 => path.push_str("/."),
            2 => path.insert(0, '/'),
            3 => path.push_str(&"/y".repeat(300)),
            _ => {}
        }
        path
    }
}

/// Returns the files of a folder with their contents.
fn snapshot(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let contents = fs::read(entry.path()).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), contents)
        })
        .collect();
    all.sort();
    all
}

/// Creates a guest whose directory is `inside`, next to `outside`. It contains links to the outside
/// that the host has created.
#[cfg(unix)]
fn hostile_tree() -> (Guest, Folder) {
    use backstitch::wasi::{DirPerms, FilePerms, MemoryOutputPipe, WasiCtxBuilder};
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
    for made in [&inside, &outside, &inside.join("a/b/c")] {
        fs::create_dir_all(made).unwrap();
    }
    fs::write(outside.join("secret"), SECRET).unwrap();
    fs::write(outside.join("f"), SECRET).unwrap();
    fs::write(inside.join("f"), "inside").unwrap();
    symlink("../outside", inside.join("out")).unwrap();
    symlink("..", inside.join("up")).unwrap();
    symlink("../../..", inside.join("a/b/up")).unwrap();
    symlink(&outside, inside.join("abs")).unwrap();
    symlink(outside.join("secret"), inside.join("secret")).unwrap();
    symlink("loop", inside.join("loop")).unwrap();
    symlink("a/b/../../../outside", inside.join("a/x")).unwrap();
    let stdout = MemoryOutputPipe::new(0);
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(&inside, "/", DirPerms::all(), FilePerms::all())
        .unwrap()
        .build();
    (Guest::of(ctx, stdout, None), folder)
}

/// Returns the inodes of a folder and its contents.
#[cfg(unix)]
fn inodes(folder: &Path) -> BTreeSet<u64> {
    use std::os::unix::fs::MetadataExt;

    let inode = |path: &Path| fs::symlink_metadata(path).unwrap().ino();
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| inode(&entry.unwrap().path()))
        .chain([inode(folder)])
        .collect()
}

/// Executes one random operation. Its results must not come from outside.
#[cfg(unix)]
fn operate(guest: &mut Guest, random: &mut Random, outside: &BTreeSet<u64>) {
    let (path, other) = (random.path(), random.path());
    let follow = random.below(2) == 0;
    let see = |stat: Answer<FileStat>| {
        if let Ok(stat) = stat {
            assert!(!outside.contains(&stat.inode), "{path} is outside");
        }
    };
    match random.below(9) {
        0 => {
            let open = [0, CREATE, CREATE | TRUNCATE, DIRECTORY, CREATE | EXCLUSIVE];
            let open = open[random.below(open.len())];
            let rights = (if open == DIRECTORY { 0 } else { READ_WRITE }, 0);
            let Ok(fd) = guest.open_as(ROOT, follow, &path, open, rights, 0) else {
                return;
            };
            see(guest.stat_fd(fd));
            if let Ok(bytes) = guest.read(fd, 100) {
                assert_ne!(bytes, SECRET, "{path}");
            }
            let _ = guest.write(fd, b"overwritten");
            guest.close(fd).unwrap();
        }
        1 => see(guest.stat(&path, follow)),
        2 => drop(guest.symlink(&other, &path)),
        3 => drop(guest.rename(&path, &other)),
        4 => drop(guest.link(&path, &other)),
        5 => drop(guest.unlink(&path)),
        6 => drop(guest.create_directory(&path)),
        7 => drop(guest.remove_directory(&path)),
        _ => drop(guest.read_link(&path, 100)),
    }
}

#[cfg(unix)]
#[test]
fn no_sequence_of_operations_leaves_the_directory() {
    for seed in 0..60 {
        let (mut guest, folder) = hostile_tree();
        let outside = folder.path().join("outside");
        let before = snapshot(&outside);
        let above = fs::read_dir(folder.path()).unwrap().count();
        let mut forbidden = inodes(&outside);
        forbidden.extend(inodes(folder.path()));
        use std::os::unix::fs::MetadataExt;
        forbidden.remove(&fs::metadata(folder.path().join("inside")).unwrap().ino());
        let mut random = Random(seed);
        for _ in 0..400 {
            operate(&mut guest, &mut random, &forbidden);
        }
        assert_eq!(snapshot(&outside), before, "seed {seed}");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            above,
            "seed {seed}"
        );
    }
}

/// Another thread replaces a directory by a link to the outside and back while the program opens
/// files through it.
#[cfg(unix)]
#[test]
fn no_race_leaves_the_directory() {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    let (mut guest, folder) = hostile_tree();
    let inside = folder.path().join("inside");
    fs::create_dir(inside.join("turn")).unwrap();
    fs::write(inside.join("turn/secret"), "harmless").unwrap();
    let before = snapshot(&folder.path().join("outside"));
    let done = AtomicBool::new(false);
    let mut reads = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (turn, away) = (inside.join("turn"), inside.join("away"));
            while !done.load(Ordering::Relaxed) {
                fs::rename(&turn, &away).unwrap();
                symlink("../outside", &turn).unwrap();
                fs::remove_file(&turn).unwrap();
                fs::rename(&away, &turn).unwrap();
            }
        });
        // The other thread may be suspended while the link exists.
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut round = 0;
        while round < 20_000 || (reads == 0 && Instant::now() < deadline) {
            round += 1;
            let follow = round % 2 == 0;
            let rights = (READ_WRITE, 0);
            let Ok(fd) = guest.open_as(ROOT, follow, "turn/secret", 0, rights, 0) else {
                continue;
            };
            reads += 1;
            let bytes = guest.read(fd, 100).unwrap();
            if bytes == SECRET {
                done.store(true, Ordering::Relaxed);
                panic!("round {round} read a file outside");
            }
            guest.close(fd).unwrap();
            let _ = guest.unlink("turn/new");
            let _ = guest.symlink("x", "turn/new");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(reads > 0, "no read succeeded");
    assert_eq!(snapshot(&folder.path().join("outside")), before);
}

/// Paths cannot leave a directory in memory.
#[test]
fn no_sequence_of_operations_leaves_a_directory_in_memory() {
    for seed in 0..60 {
        let mut guest = Guest::on(On::Memory);
        guest.create_directory("inside").unwrap();
        guest.create_directory("inside/a").unwrap();
        guest.create_directory("inside/a/b").unwrap();
        guest.create_directory("outside").unwrap();
        guest.file("outside/secret", SECRET);
        guest.symlink("../outside", "inside/out").unwrap();
        guest.symlink("..", "inside/up").unwrap();
        guest.symlink("../../..", "inside/a/b/up").unwrap();
        let mut random = Random(seed);
        let inside = guest.open_directory("inside");
        guest
            .call("fd_renumber", &[inside.into(), ROOT.into()])
            .unwrap();
        for _ in 0..400 {
            let (path, other) = (random.path(), random.path());
            match random.below(6) {
                0 => {
                    if let Ok(fd) = guest.open(&path, CREATE, READ_WRITE) {
                        assert_ne!(guest.read(fd, 100).unwrap(), SECRET, "{path}");
                        guest.close(fd).unwrap();
                    }
                }
                1 => drop(guest.symlink(&other, &path)),
                2 => drop(guest.rename(&path, &other)),
                3 => drop(guest.link(&path, &other)),
                4 => drop(guest.create_directory(&path)),
                _ => drop(guest.unlink(&path)),
            }
        }
    }
}
