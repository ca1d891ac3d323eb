//! Contexts that are saved as bytes and restored.

use crate::guest::*;
use backstitch::wasi::{
    Deterministic, Errno, MemoryDirectory, MemoryInputPipe, MemoryOutputPipe, MinimalOutput, Named,
    OutputStream, Retried, ScriptedInput, System, SystemDirectory, WasiCtx, WasiCtxBuilder,
    WasiCtxRestorer,
};
use backstitch::wasi::{DirPerms, FilePerms};
use backstitch::{Outcome, Suspension};
use std::sync::{Arc, Mutex};

fn saved(ctx: &WasiCtx) -> Vec<u8> {
    let mut bytes = Vec::new();
    ctx.save(&mut bytes).expect("the context can be saved");
    bytes
}

fn restored(bytes: &[u8]) -> WasiCtx {
    let restored = WasiCtxRestorer::new().restore(bytes);
    restored.expect("the bytes are those of a context")
}

/// Replaces the guest's context by its restored copy. Returns its bytes.
fn replace(guest: &mut Guest) -> Vec<u8> {
    let bytes = saved(guest.store.data());
    assert_eq!(saved(guest.store.data()), bytes, "the bytes of one state");
    let copy = restored(&bytes);
    assert!(saved(&copy) == bytes, "the bytes of a restored state");
    *guest.store.data_mut() = copy;
    bytes
}

/// A generator of random numbers: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: u64) -> i64 {
        (self.next() % limit) as i64
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.next() as usize % items.len()]
    }
}

/// Names that occur often, so that calls meet the same files.
const PATHS: [&str; 12] = [
    "a", "b", "d", "d/a", "d/e", "d/e/f", "l", "l/a", ".", "d/", "d/../b", "../a",
];

/// Makes a random call, which succeeds often.
fn random_call(guest: &mut Guest, random: &mut Random) -> (&'static str, Answer) {
    let fd = random.pick(&[0, 1, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10]);
    let other_fd = random.pick(&[3, 3, 3, 3, 4, 5, 6, 7]);
    // Of the given descriptors, few are lost.
    let lost = match random.below(30) {
        0 => fd,
        _ => random.pick(&[5, 6, 7, 8, 9, 10]),
    };
    let path = guest.path(random.pick(&PATHS));
    let other = guest.path(random.pick(&PATHS));
    let follow = random.below(2);
    let len = random.below(40);
    let offset = random.below(60);
    // One buffer, and a subscription.
    guest.put(
        8,
        &[DATA.to_le_bytes(), (len as i32).to_le_bytes()].concat(),
    );
    let mut subscription = [0; 48];
    subscription[8] = random.below(3) as u8;
    subscription[16] = random.below(4) as u8;
    subscription[24..32].copy_from_slice(&(random.below(2_000) as u64).to_le_bytes());
    guest.put(512, &subscription);
    let all = i64::from(u32::MAX >> 2);
    let rights = match random.below(6) {
        0 => random.next() as i64 & all,
        _ => all,
    };
    let times = [
        random.below(1 << 40),
        random.below(1 << 40),
        random.below(16),
    ];
    let (name, arguments): (&str, &[i64]) = match random.below(44) {
        0..4 | 36..44 => {
            let open = random.pick(&[
                0,
                0,
                CREATE,
                CREATE,
                DIRECTORY,
                TRUNCATE,
                EXCLUSIVE | CREATE,
            ]);
            let flags = random.pick(&[0, 0, APPEND, DSYNC, NONBLOCK]);
            let arguments = [
                other_fd,
                follow,
                path.0,
                path.1,
                open.into(),
                rights,
                all,
                flags.into(),
                0,
            ];
            ("path_open", &arguments.clone())
        }
        4 => ("fd_close", &[lost]),
        5..8 => ("fd_write", &[fd, 8, 1, 0]),
        8..10 => ("fd_read", &[fd, 8, 1, 0]),
        10 => ("fd_pread", &[fd, 8, 1, offset, 0]),
        11 => ("fd_pwrite", &[fd, 8, 1, offset, 0]),
        12 => ("fd_seek", &[fd, offset - 30, random.below(3), 0]),
        13 => ("fd_tell", &[fd, 0]),
        14..16 => (
            "fd_readdir",
            &[other_fd, DATA.into(), 200, random.below(6), 0],
        ),
        16 => ("fd_renumber", &[lost, 5 + random.below(6)]),
        17 => ("path_create_directory", &[other_fd, path.0, path.1]),
        18 => ("path_create_directory", &[3, path.0, path.1]),
        19 => ("path_remove_directory", &[other_fd, path.0, path.1]),
        20 => ("path_unlink_file", &[other_fd, path.0, path.1]),
        21 => (
            "path_symlink",
            &[path.0, path.1, other_fd, other.0, other.1],
        ),
        22 => (
            "path_rename",
            &[
                other_fd,
                path.0,
                path.1,
                random.pick(&[3, 3, 4, 5]),
                other.0,
                other.1,
            ],
        ),
        23 => (
            "path_link",
            &[
                other_fd,
                0,
                path.0,
                path.1,
                random.pick(&[3, 3, 4, 5]),
                other.0,
                other.1,
            ],
        ),
        24 => (
            "path_readlink",
            &[other_fd, path.0, path.1, DATA.into(), len, 0],
        ),
        25 => ("path_filestat_get", &[other_fd, follow, path.0, path.1, 64]),
        26 => (
            "path_filestat_set_times",
            &[
                other_fd, follow, path.0, path.1, times[0], times[1], times[2],
            ],
        ),
        27 => ("fd_filestat_get", &[fd, 64]),
        28 => ("fd_filestat_set_size", &[fd, random.below(3_000)]),
        29 => ("fd_filestat_set_times", &[fd, times[0], times[1], times[2]]),
        30 => ("fd_fdstat_get", &[fd, 64]),
        31 => ("fd_fdstat_set_flags", &[fd, random.pick(&[0, 1, 4, 5, 16])]),
        32 => match random.below(4) {
            0 => ("fd_fdstat_set_rights", &[lost, rights, rights]),
            _ => ("fd_prestat_get", &[fd, 64]),
        },
        33 => ("random_get", &[DATA.into(), len]),
        34 => ("clock_time_get", &[random.below(4), 1, 64]),
        _ => ("poll_oneoff", &[512, 600, 1, 0]),
    };
    (name, guest.call(name, arguments))
}

/// Creates a guest with two file systems and an input, all of which are in memory.
fn guest(seed: u64) -> Guest {
    let host = Deterministic::new(seed);
    let (files, others) = (
        MemoryDirectory::with_capacity(host.time(), 200_000),
        MemoryDirectory::with_capacity(host.time(), 20_000),
    );
    files.write("d/a", "first").unwrap();
    others.write("b", "second").unwrap();
    others.deny("b", Errno::Acces).unwrap();
    let stdout = MemoryOutputPipe::new(1_000);
    let time = host.time();
    let mut builder = WasiCtxBuilder::with_host(host);
    match seed % 2 {
        0 => builder.stdin(MemoryInputPipe::new("some input of the program")),
        _ => builder.stdin(ScriptedInput::new(time, [(5, "soon"), (100_000, "later")])),
    };
    builder
        .args(["program", "argument"])
        .env("NAME", "value")
        .stdout(stdout.clone())
        .preopen(files, "/")
        .preopen(others, "/others")
        .max_descriptors(14)
        .max_file_bytes(40_000);
    if seed.is_multiple_of(3) {
        builder.stderr(stdout.clone());
    }
    Guest::of(builder.build(), stdout, None)
}

#[test]
fn a_restored_context_gives_the_same_answers() {
    let mut succeeded = 0;
    for seed in 0..40 {
        // The context is replaced before each call, or before each seventh one.
        for every in [1, 7] {
            let (mut whole, mut parts) = (guest(seed), guest(seed));
            let (mut random, mut same) = (Random(seed), Random(seed));
            for call in 0..400 {
                if call % every == 0 {
                    replace(&mut parts);
                }
                let expected = random_call(&mut whole, &mut random);
                succeeded += usize::from(expected.1.is_ok());
                let found = random_call(&mut parts, &mut same);
                assert_eq!(found, expected, "call {call} with seed {seed}");
                let (expected, found) = (whole.bytes(0, 40_000), parts.bytes(0, 40_000));
                assert!(
                    found == expected,
                    "memory after call {call} with seed {seed}"
                );
            }
            assert!(saved(whole.store.data()) == saved(parts.store.data()));
            let pipe = parts.store.data().memory_output(1);
            assert_eq!(
                pipe.map(|pipe| pipe.contents()),
                whole
                    .store
                    .data()
                    .memory_output(1)
                    .map(|pipe| pipe.contents())
            );
        }
    }
    println!("{succeeded} calls succeed");
    assert!(succeeded > 9_000);
}

/// Changes a few bytes.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    for _ in 0..=random.below(3) {
        if mutant.is_empty() {
            break;
        }
        let at = random.below(mutant.len() as u64) as usize;
        match random.below(7) {
            0 => mutant[at] ^= 1 << random.below(8),
            1 => mutant[at] = random.pick(&[0, 1, 2, 3, 0x7f, 0x80, 0xff]),
            2 => mutant.insert(at, random.next() as u8),
            3 => drop(mutant.remove(at)),
            4 => mutant.truncate(at),
            5 => mutant[at] = mutant[at].wrapping_add(random.pick(&[1, 255])),
            _ => {
                // Repeats a part.
                let end = (at + 1 + random.below(8) as usize).min(mutant.len());
                let part = mutant[at..end].to_vec();
                let to = random.below(mutant.len() as u64) as usize;
                mutant.splice(to..to, part);
            }
        }
    }
    mutant
}

#[test]
fn any_bytes_are_an_error_or_a_context() {
    let mut random = Random(17);
    let mut sources = Vec::new();
    for seed in 0..20 {
        let mut guest = guest(seed);
        for _ in 0..60 * (seed % 5) {
            let _ = random_call(&mut guest, &mut random);
        }
        sources.push(saved(guest.store.data()));
    }
    let mut guest = guest(0);
    let (mut refused, mut accepted) = (0, 0);
    for number in 0..100_000 {
        let source = &sources[number % sources.len()];
        let mutant = mutated(source, &mut random);
        let mut restorer = WasiCtxRestorer::new();
        restorer.max_capacity(1 << 20).max_descriptors(1_000);
        let Ok(ctx) = restorer.restore(&mutant) else {
            refused += 1;
            continue;
        };
        accepted += 1;
        *guest.store.data_mut() = ctx;
        for _ in 0..12 {
            let _ = random_call(&mut guest, &mut random);
        }
        // What was accepted can be saved and restored again.
        replace(&mut guest);
    }
    println!("{refused} mutants are refused, {accepted} accepted");
    assert!(refused > 10_000 && accepted > 10_000);
}

#[test]
fn all_prefixes_of_the_bytes_are_refused() {
    let mut guest = guest(1);
    let mut random = Random(3);
    for _ in 0..100 {
        let _ = random_call(&mut guest, &mut random);
    }
    let bytes = saved(guest.store.data());
    for end in 0..bytes.len() {
        WasiCtxRestorer::new().restore(&bytes[..end]).unwrap_err();
    }
    let longer = [&bytes[..], &[0]].concat();
    WasiCtxRestorer::new().restore(&longer).unwrap_err();
}

#[test]
fn files_keep_their_identity() {
    let mut guest = Guest::on(On::Memory);
    guest.file("one", b"abc");
    guest.link("one", "two").unwrap();
    guest.file("gone", b"unlinked");
    let open = guest.open("gone", 0, READ_WRITE).unwrap();
    guest.unlink("gone").unwrap();
    guest.create_directory("empty").unwrap();
    let removed = guest.open_directory("empty");
    guest.remove_directory("empty").unwrap();
    let stat = guest.stat_fd(open).unwrap();
    replace(&mut guest);
    assert_eq!(guest.stat_fd(open), Ok(stat));
    assert_eq!(guest.read(open, 20), Ok(b"unlinked".to_vec()));
    // The two names are of one file, and the removed directory takes no new files.
    let two = guest.open("two", 0, READ_WRITE).unwrap();
    guest.write(two, b"X").unwrap();
    assert_eq!(guest.contents("one"), b"Xbc");
    assert_eq!(guest.stat("one", true).unwrap().links, 2);
    let made = guest.open_as(removed, true, "f", CREATE, (READ_WRITE, 0), 0);
    assert_eq!(made, no(Errno::Noent));
    // Its room is free once the file is closed: the numbers of inodes are used again.
    guest.close(open).unwrap();
    guest.close(removed).unwrap();
    let bytes = saved(guest.store.data());
    assert!(bytes.windows(8).all(|part| part != b"unlinked"));
}

#[test]
fn what_only_the_embedder_has_open_is_left_out() {
    let host = Deterministic::new(1);
    let files = MemoryDirectory::new(host.time());
    files.write("f", "secret").unwrap();
    let ctx = WasiCtxBuilder::with_host(host)
        .preopen(files.clone(), "/")
        .build();
    let open = backstitch::wasi::Directory::open(&files, "f", Default::default()).unwrap();
    backstitch::wasi::Directory::unlink_file(&files, "f").unwrap();
    let bytes = saved(&ctx);
    assert!(bytes.windows(6).all(|part| part != b"secret"));
    assert_eq!(saved(&restored(&bytes)), bytes);
    drop(open);
    // This is what the bytes have described.
    assert_eq!(saved(&ctx), bytes);
}

#[test]
fn limits_of_the_embedder_hold() {
    let bytes = saved(guest(1).store.data());
    let limited = |capacity: u64, descriptors: usize| {
        let mut restorer = WasiCtxRestorer::new();
        restorer.max_capacity(capacity).max_descriptors(descriptors);
        restorer.restore(&bytes).map(drop)
    };
    // Two file systems and the standard output.
    let capacity = 200_000 + 20_000 + 1_000;
    limited(capacity, 14).unwrap();
    let error = limited(capacity - 1, 14).unwrap_err().to_string();
    assert!(error.contains("may contain 221000 bytes"), "{error}");
    let error = limited(capacity, 13).unwrap_err().to_string();
    assert!(error.contains("14 descriptors"), "{error}");
}

#[test]
fn a_blocked_call_goes_on_after_it_was_saved() {
    let stdin = MemoryInputPipe::open();
    let mut guest = Guest::with(On::Memory, |builder| {
        builder.stdin(stdin).suspend_when_blocked(true);
    });
    guest.put(8, &[DATA.to_le_bytes(), 10_i32.to_le_bytes()].concat());
    let function = guest.instance.get_func(&mut guest.store, "fd_read");
    let arguments = values("fd_read", &[0, 8, 1, 0]);
    let started = function.unwrap().start(&mut guest.store, &arguments);
    let mut execution = started.unwrap();
    let Outcome::Suspended(Suspension::Host(request)) = execution.resume(&mut guest.store).unwrap()
    else {
        panic!("the input is empty");
    };
    let call: backstitch::wasi::Blocked = request.downcast().unwrap();
    let mut bytes = Vec::new();
    call.save(&mut bytes).unwrap();
    let memory = call.memory();
    assert_eq!(memory, Some(guest.memory));
    replace(&mut guest);
    for end in 0..bytes.len() {
        backstitch::wasi::Blocked::restore(&bytes[..end], memory).unwrap_err();
    }
    let call = backstitch::wasi::Blocked::restore(&bytes, memory).unwrap();
    assert!(call.waits_for_input());
    // The pipe is the restored one.
    guest.store.data().memory_input(0).unwrap().push("come");
    let Retried::Done(results) = call.retry(&mut guest.store, |ctx| ctx).unwrap() else {
        panic!("there is input");
    };
    execution.resume_with(&mut guest.store, &results).unwrap();
    assert_eq!(guest.bytes(DATA, 4), b"come");
}

#[test]
fn streams_of_the_embedder_are_saved_by_name() {
    let make = |output: &Arc<Mutex<Vec<u8>>>| {
        let output = Arc::clone(output);
        MinimalOutput::new(move |bytes| {
            output.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        })
    };
    let output = Arc::default();
    let ctx = WasiCtxBuilder::with_host(Deterministic::new(1))
        .stdout(make(&output))
        .build();
    let error = ctx.save(&mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("descriptor 1"), "{error}");

    let named = Named::new("log", make(&output));
    assert_eq!(named.saved_name(), Some("log"));
    let ctx = WasiCtxBuilder::with_host(Deterministic::new(1))
        .stdout(named)
        .build();
    let bytes = saved(&ctx);
    let error = WasiCtxRestorer::new().restore(&bytes).unwrap_err();
    assert!(error.to_string().contains("`log`"), "{error}");
    let other = Arc::default();
    let mut restorer = WasiCtxRestorer::new();
    restorer.output("log", Named::new("log", make(&other)));
    let ctx = restorer.restore(&bytes).unwrap();
    assert_eq!(saved(&ctx), bytes);
    let mut guest = Guest::of(ctx, MemoryOutputPipe::new(0), None);
    guest.write(1, b"text").unwrap();
    assert_eq!(*other.lock().unwrap(), b"text");
}

#[test]
fn the_operating_system_is_saved_without_files() {
    let ctx = WasiCtxBuilder::with_host(System::new())
        .inherit_stdio()
        .arg("program")
        .build();
    let bytes = saved(&ctx);
    let mut guest = Guest::of(restored(&bytes), MemoryOutputPipe::new(0), None);
    guest.call("fd_fdstat_get", &[1, 64]).unwrap();
    guest.call("args_sizes_get", &[0, 4]).unwrap();
    assert_eq!((guest.word(0), guest.word(4)), (1, 8));
    // The output of the process can be replaced.
    let pipe = MemoryOutputPipe::new(10);
    let mut restorer = WasiCtxRestorer::new();
    restorer.output("process:stdout", pipe.clone());
    let ctx = restorer.restore(&bytes).unwrap();
    let mut guest = Guest::of(ctx, MemoryOutputPipe::new(0), None);
    guest.write(1, b"text").unwrap();
    assert_eq!(pipe.contents(), b"text");

    let folder = Folder::new();
    let all = (DirPerms::all(), FilePerms::all());
    let directory = SystemDirectory::open(folder.path(), all.0, all.1).unwrap();
    let ctx = WasiCtxBuilder::with_host(Deterministic::new(1))
        .preopen(directory, "/")
        .build();
    let error = ctx.save(&mut Vec::new()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the state of descriptor 3 cannot be saved: it is a directory of the operating system, or \
         of the embedder's"
    );
}

/// The bytes of a small context, so that a change of the format is noticed: it needs a new version.
#[test]
fn the_format_is_that_of_version_1() {
    let host = Deterministic::new(1);
    let files = MemoryDirectory::with_capacity(host.time(), 1_000);
    files.write("f", "x").unwrap();
    let ctx = WasiCtxBuilder::with_host(host)
        .arg("p")
        .preopen(files, "/")
        .build();
    // 2000-01-01T00:00:00Z.
    let time = [0x80, 0x80, 0x8c, 0x92, 0xf5, 0x99, 0xd3, 0x91, 0x0d];
    let inode = |contents: &[u8]| [&[1], contents, &[0], &time, &time, &time].concat();
    let bytes = saved(&ctx);
    let head = [&[15], &b"backstitch.wasi"[..], &[1]].concat();
    assert!(bytes.starts_with(&head));
    let shared = [
        // One time, at 0, and one file system with it, which has 1,000 - 128 - 129 - 1 bytes left.
        &[1, 0, 0, 1, 0, 0xe6, 0x05, 0, 2][..],
        &inode(&[1, 1, 1, b'f', 1]),
        &inode(&[0, 1, b'x']),
    ]
    .concat();
    let rest = &bytes[head.len()..];
    assert_eq!(rest[..shared.len()], shared);
    // One pipe for the input, none for outputs; the host, the argument, no variables.
    let rest = &rest[shared.len()..];
    let host = [
        &[1, 0, 0, 0, 0, 0][..],
        &1_u64.to_le_bytes(),
        &0_u64.to_le_bytes(),
        &[0, 1, 1, b'p', 0],
    ]
    .concat();
    assert_eq!(rest[..host.len()], host);
    // Not suspended, 8 GiB, no longest wait, 1024 descriptors, 4 in use.
    let rest = &rest[host.len()..];
    assert_eq!(
        rest[..10],
        [0, 0x80, 0x80, 0x80, 0x80, 0x20, 0, 0x80, 0x08, 4]
    );
    // The input, with its rights and no flags.
    assert_eq!(rest[10..][..4], [1, 0, 1, 0]);
}
