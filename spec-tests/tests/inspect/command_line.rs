//! A program traps on the command line, and its dump is inspected there.

use crate::command::{Run, backstitch, file};
use backstitch::CoreDump;
use backstitch::coredump::{ModuleIdentity, ReasonKind, StackState};
use std::fs;
use std::path::{Path, PathBuf};

/// A WASI program that prints "open", and then divides by a zero number of customers.
const TILL: &str = r#"(module $till
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "open\n")
  (func $share (param $sum i32) (param $among i32) (result i32)
    (i32.div_u (local.get $sum) (local.get $among)))
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 5))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $share (i32.const 84) (i32.const 0))))
  (func (export "share") (param i32 i32) (result i32)
    (call $share (local.get 0) (local.get 1)))
  (func (export "close") (call $exit (i32.const 3)))
  (func (export "wait") (loop (br 0))))"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

/// Writes a program's file to a folder of the test's own, and removes old dumps there.
fn program(folder: &str, name: &str, program: &str) -> (PathBuf, PathBuf) {
    let path = file(&format!("{folder}/{name}"), program);
    let folder = path.parent().expect("the path has a parent").to_path_buf();
    for dump in dumps(&folder) {
        fs::remove_file(dump).expect("an old dump can be removed");
    }
    (path, folder)
}

/// Returns the dumps in a folder.
fn dumps(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the folder can be listed");
    let files = files.map(|file| file.expect("a file").path());
    let mut dumps: Vec<PathBuf> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "core")
        })
        .collect();
    dumps.sort();
    dumps
}

fn run(program: &Path, pattern: &Path, options: &[&str], arguments: &[&str]) -> Run {
    let start = ["run", "--coredump", text(pattern)];
    backstitch([&start, options, &[text(program)], arguments].concat())
}

/// Returns the output of `inspect` for a dump, with modules from a folder.
fn inspect(dump: &Path, folder: &Path) -> String {
    let run = backstitch(["inspect", text(dump), "--module", text(folder)]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

#[test]
fn c16_a_wasi_program_traps_and_is_inspected() {
    let (path, folder) = program("till", "till.wat", TILL);
    let pattern = folder.join("%p-%h.core");
    let hash = ModuleIdentity::of(&wat::parse_str(TILL).expect("the text is valid")).sha256;
    let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let dump = folder.join(format!("till-{hash}.core"));

    let ran = run(&path, &pattern, &[], &["an argument"]).expect(134, "open\n");
    let written = format!(
        "Core dump written to `{}`: see `backstitch inspect`",
        text(&dump)
    );
    ran.says(&[&written, "wasm trap: integer divide by zero", "till!share"]);
    assert_eq!(dumps(&folder), [&*dump]);
    let printed = inspect(&dump, &folder);
    for part in [
        "wasm trap: integer divide by zero\n  in till!share(sum=84, among=0)\n  at `i32.div_u`\n",
        "Thread `main`, 2 frames, youngest first:\n   0 ",
        "till!_start()\n",
        &format!("module till: {}\n", text(&path)),
    ] {
        assert!(printed.contains(part), "`{part}` is not in\n{printed}");
    }
    let memory = backstitch(["inspect", text(&dump), "--memory", "16:5"]);
    assert!(memory.out.contains("|open.|"), "{}", memory.out);

    // The same trap writes the same bytes to the same file.
    let bytes = fs::read(&dump).expect("the dump exists");
    run(&path, &pattern, &[], &["an argument"]).expect(134, "open\n");
    assert_eq!(dumps(&folder), [&*dump]);
    assert_eq!(fs::read(&dump).expect("the dump exists"), bytes);
}

#[test]
fn c16_an_invoked_function_traps_and_is_inspected() {
    let (path, folder) = program("invoked", "till.wat", TILL);
    let dump = folder.join("died.core");
    run(&path, &dump, &["--invoke", "share"], &["84", "4"]).expect(0, "21\n");
    run(&path, &dump, &["--invoke", "close"], &[]).expect(3, "");
    assert!(dumps(&folder).is_empty(), "no dump without a trap");
    run(&path, &dump, &["--invoke", "share"], &["-1", "0"]).expect(134, "");
    let printed = inspect(&dump, &folder);
    assert!(
        printed.contains("  in till!share(sum=-1, among=0)\n"),
        "{printed}"
    );

    // Lack of fuel writes a dump, too.
    run(&path, &dump, &["--fuel", "1000", "--invoke", "wait"], &[]).expect(134, "");
    let bytes = fs::read(&dump).expect("the dump exists");
    let parsed = CoreDump::parse(&bytes).expect("the file is a core dump");
    assert_eq!(
        parsed.reason().expect("the reason").kind,
        ReasonKind::OutOfFuel
    );
    assert_eq!(parsed.fuel(), Some(0));
}

#[test]
fn c16_wrong_patterns_and_unwritable_paths() {
    let (path, folder) = program("wrong", "till.wat", TILL);
    // The pattern is parsed before anything runs.
    run(&path, &folder.join("%t.core"), &[], &[])
        .expect(1, "")
        .says(&[
            "`%t` is not a placeholder in the path of the core dump",
            "`%h`",
        ]);
    let nowhere = folder.join("no/such/folder/%p.core");
    run(&path, &nowhere, &[], &[])
        .expect(1, "open\n")
        .says(&["cannot write the core dump", "no/such/folder/till.core"]);
    assert!(dumps(&folder).is_empty());
}

/// A program with two continuations, of which one waits and one traps.
const CHEFS: &str = r#"(module $kitchen
  (type $cook (func (param i32))) (type $chef (cont $cook))
  (type $rest (func)) (type $resting (cont $rest))
  (tag $break)
  (table $bench 4 (ref null $resting))
  (elem declare func $chop $burn)
  (func $chop (type $cook) (suspend $break))
  (func $burn (type $cook) (call $fire (local.get 0)))
  (func $fire (param $pan i32) (unreachable))
  (func (export "_start")
    (table.set $bench (i32.const 1)
      (block $rests (result (ref $resting))
        (resume $chef (on $break $rests) (i32.const 7) (cont.new $chef (ref.func $chop)))
        (unreachable)))
    (resume $chef (i32.const 8) (cont.new $chef (ref.func $burn)))))"#;

#[test]
fn c12_a_program_traps_in_a_continuation() {
    let (path, folder) = program("kitchen", "kitchen.wat", CHEFS);
    let dump = folder.join("kitchen.core");
    run(&path, &dump, &[], &[]).expect(134, "");
    let bytes = fs::read(&dump).expect("the dump exists");
    let parsed = CoreDump::parse(&bytes).expect("the file is a core dump");
    let states: Vec<StackState> = parsed.stacks().iter().map(|stack| stack.state).collect();
    for state in [
        StackState::Parent,
        StackState::Suspended,
        StackState::Trapped,
    ] {
        assert!(states.contains(&state), "{states:?}");
    }
    let printed = inspect(&dump, &folder);
    for part in [
        "kitchen!fire(pan=8)\n",
        "── the end of a continuation ──",
        "(suspended)`, 1 frame",
        "kitchen!chop(7)\n",
        "Stacks, each below the one that waits for it:\n",
        "waits for the stack that it resumed",
        ": trapped",
        ": suspended",
    ] {
        assert!(printed.contains(part), "`{part}` is not in\n{printed}");
    }
}

#[test]
fn c19_the_threads_of_a_deadlock_are_inspected() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/deadlock.wat");
    let (_, folder) = program("deadlock", "till.wat", TILL);
    let dump = folder.join("deadlock.core");
    for arguments in [["--deterministic"], ["--deterministic=3"]] {
        let arguments = &arguments[..];
        let ran = run(&path, &dump, arguments, &[]).expect(134, "");
        ran.says(&["deadlock: all threads wait for a notification"]);
        let printed = backstitch(["inspect", text(&dump), "--module", text(&path)]).out;
        for part in [
            "Thread `main`, waits at address 0x14 of memory 0, 3 frames, youngest first:\n",
            "Thread `thread 1`, waits at address 0x10 of memory 0, 3 frames, youngest first:\n",
            "kitchen!wasi_thread_start(thread=1, argument=0)\n",
        ] {
            assert!(printed.contains(part), "`{part}` is not in\n{printed}");
        }
        assert!(!printed.contains("fuel"), "no limit was set: {printed}");
        let frame = backstitch(["inspect", text(&dump), "--frame", "1:2"]);
        assert_eq!(frame.code, Some(0), "{}", frame.err);
        let json = backstitch(["inspect", text(&dump), "--json"]).out;
        for part in [
            "\"name\": \"thread 1\"",
            "\"state\": \"waiting\"",
            "\"address\": 16\n",
        ] {
            assert!(json.contains(part), "`{part}` is not in\n{json}");
        }
        let page = folder.join("deadlock.html");
        let written = backstitch(["inspect", text(&dump), "--html", text(&page)]);
        assert_eq!(written.code, Some(0), "{}", written.err);
    }
}
