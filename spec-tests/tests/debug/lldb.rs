//! Sessions with LLDB on dumps of programs in C, C++ and Rust (D4 and D5).

use crate::client::serve;
use crate::command::{backstitch, file, program};
use crate::fixtures::{kitchen, ours};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first version of LLDB with support for WebAssembly, by Debian's name.
const LLDB: &str = "lldb-22";

fn has_lldb() -> bool {
    let works = Command::new(LLDB).arg("--version").output().is_ok();
    if !works {
        println!("skipped: there is no {LLDB} (apt-get install lldb-22)");
    }
    works
}

/// Returns the dump that a program with debugging information leaves, and its module.
fn trapped(name: &str, kind: &str) -> (PathBuf, PathBuf) {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("dwarf/modules/{name}.wasm"));
    let dump = file(&format!("lldb/{name}-{kind}.coredump"), "");
    let text = |path: &Path| path.to_str().expect("the path is text").to_string();
    let arguments = [
        "run",
        "--coredump",
        &text(&dump),
        "--invoke",
        "run",
        &text(&module),
        kind,
    ];
    let run = backstitch(arguments);
    assert_eq!(run.code, Some(134), "{}", run.err);
    (dump, module)
}

/// Lets LLDB execute commands on a dump, and returns its output.
fn debug((dump, module): &(PathBuf, PathBuf), commands: &[&str]) -> String {
    let (text, code) = session([Path::new("--module"), module, dump], commands);
    assert_eq!(code, Some(0), "{text}");
    text
}

/// Lets LLDB execute commands on a program with debugging information, whose function `run` gets the
/// argument `kind`. Returns LLDB's output, and the exit code of the program.
fn live(name: &str, kind: &str, commands: &[&str]) -> (String, Option<i32>) {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("dwarf/modules/{name}.wasm"));
    let arguments = ["--invoke", "run"].map(Path::new);
    let arguments = arguments.into_iter().chain([&*module, Path::new(kind)]);
    session(arguments, commands)
}

/// Starts `backstitch debug` with arguments, and lets LLDB execute commands. Returns LLDB's output and
/// the command's exit code.
fn session<'a>(
    arguments: impl IntoIterator<Item = &'a Path>,
    commands: &[&str],
) -> (String, Option<i32>) {
    let (mut server, address) = serve(arguments);
    let connect = format!("process connect --plugin wasm connect://{address}");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf");
    let map = format!(
        "settings set target.source-map /programs {}",
        source.display()
    );
    let mut lldb = Command::new(LLDB);
    lldb.args([
        "--no-lldbinit",
        "--no-use-colors",
        "--batch",
        "-o",
        &map,
        "-o",
        &connect,
    ]);
    for command in commands {
        lldb.args(["-o", command]);
    }
    // In place of the rest, once a program that runs has failed.
    for command in ["bt", "continue"] {
        lldb.args(["--one-line-on-crash", command]);
    }
    let output = lldb.stdin(Stdio::null()).output().expect("LLDB starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let ended = server.wait().expect("the command ends");
    (text, ended.code())
}

/// Fails unless the output has lines with these parts, in this order.
#[track_caller]
fn has(output: &str, parts: &[&str]) {
    let mut rest = output;
    for part in parts {
        let Some(at) = rest.find(part) else {
            panic!("`{part}` is missing, or not in order:\n{output}");
        };
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn d4_d5_lldb_shows_c() {
    if !has_lldb() {
        return;
    }
    let output = debug(
        &trapped("orders", "1"),
        &[
            "thread list",
            "bt",
            "frame variable",
            "up",
            "frame variable",
            "target variable",
            "memory read 0x400",
        ],
    );
    has(
        &output,
        &[
            "stop reason = wasm trap: integer divide by zero",
            "-> 21  \t    return total / count;",
            "(lldb) thread list",
            "* thread #1: tid = 0x0001",
            "(lldb) bt",
            "frame #0: 0x4000000100000",
            "`quotient(total=45, count=0) at orders.c:21:18 [inlined]",
            "`run(kind=1) at orders.c:73:16",
            "(int) total = 45\n(int) count = 0\n",
            "(int) kind = 1\n(int) total = 45\n",
            "(int[4]) sold = ([0] = 12, [1] = 18, [2] = 6, [3] = 9)",
            "customer = 0x00000428 \"Grace\"",
            "0x00000400: 01 00 00 00 02 00 00 00",
        ],
    );
    let output = debug(&trapped("orders_dwarf5", "3"), &["bt"]);
    has(
        &output,
        &[
            "at orders.c:54:16",
            "at orders.c:55:12",
            "at orders.c:78:16",
        ],
    );
    // Lines and functions remain where optimisation has removed the variables.
    let output = debug(&trapped("orders_optimised", "3"), &["bt", "frame variable"]);
    has(
        &output,
        &[
            "out of bounds memory access",
            "deep(order=<unavailable>, limit=<unavailable>) at orders.c:54:16",
            "at orders.c:55:12",
            "at orders.c:78:16",
            "(const Order *) order = <variable not available>",
        ],
    );
}

#[test]
fn d4_d5_lldb_shows_cpp() {
    if !has_lldb() {
        return;
    }
    let output = debug(
        &trapped("shapes", "1"),
        &["bt", "frame select 3", "frame variable"],
    );
    has(
        &output,
        &[
            "`shapes::Ring::area(this=0x0000",
            ") const at shapes.cpp:34:78",
            "`run(kind=1) at shapes.cpp:74:22",
            "(shapes::Ring) ring = {",
            "at = (x = 3, y = 4)",
            "outer = 9",
            "used = 2",
        ],
    );
    let output = debug(&trapped("shapes_optimised", "1"), &["bt"]);
    has(
        &output,
        &[
            "shapes.cpp:34:78",
            "shapes.cpp:74:65",
            "shapes.cpp:50:22",
            "shapes.cpp:74:22",
        ],
    );
}

#[test]
fn d4_d5_lldb_shows_rust() {
    if !has_lldb() {
        return;
    }
    let commands = [
        "bt",
        "frame select 1",
        "frame variable",
        "up",
        "frame variable",
        "target variable",
    ];
    let output = debug(&trapped("tins", "1"), &commands);
    has(
        &output,
        &[
            "frame #1: ",
            "`tins::open::",
            "strength=3) at tins.rs:",
            "`run(kind=1) at tins.rs:",
            "(int) strength = 3\n",
            "(int) needed = 4\n",
            "(lldb) up",
            "(int) kind = 1\n",
            "label = (data_ptr = \"soup\", length = 4)",
            "size = (__0 = 12, __1 = -1.5)",
            "colour = Green",
            "(unsigned int[3]) weights = ([0] = 10, [1] = 20, [2] = 30)",
            "(char32_t) sign = U+0x000000df",
            "tins::OPENED",
            "= -6",
        ],
    );
    let output = debug(&trapped("parcels_optimised", "1"), &["bt"]);
    has(
        &output,
        &[
            "`__rustc::rust_begin_unwind",
            "parcels.rs:9:5",
            "`run(kind=<unavailable>) at parcels.rs",
        ],
    );
}

#[test]
fn d4_d5_lldb_shows_each_continuation() {
    if !has_lldb() {
        return;
    }
    let module = kitchen(4);
    let dump = file("lldb/kitchen.coredump", ours(&module, "kitchen.wasm"));
    let module = file("lldb/kitchen.wasm", module);
    let commands = [
        "thread list",
        "thread select 4",
        "bt",
        "thread select 2",
        "breakpoint set -a 0x4000000100000059",
    ];
    let output = debug(&(dump, module), &commands);
    has(
        &output,
        &[
            "* thread #1: tid = 0x0001",
            "name = 'main (running)', stop reason = wasm trap: wasm `unreachable`",
            "thread #2: tid = 0x0002, name = 'continuation 2 (fresh)'",
            "kitchen`pause + 1, name = 'continuation 3 (suspended)'",
            "(lldb) bt",
            "kitchen`pause + 1",
            "kitchen`chop + 5",
            "(lldb) breakpoint set",
            "error: 95",
        ],
    );
}

/// Returns the variables of a text that are in one line each: types, names and values.
fn variables(text: &str) -> BTreeSet<(String, String, String)> {
    let of_line = |line: &str| {
        let line = line.trim_start();
        let line = line
            .trim_start_matches("param  ")
            .trim_start_matches("local  ");
        let (ty, rest) = line.strip_prefix('(')?.split_once(") ")?;
        let (name, value) = rest.split_once(" = ")?;
        // LLDB names the namespaces of types.
        let ty = ty.replace("shapes::", "");
        // Structures and arrays have other forms.
        let is_simple = !value.starts_with(['{', '[', '(']);
        is_simple.then(|| (ty, name.to_string(), value.to_string()))
    };
    text.lines().filter_map(of_line).collect()
}

/// `inspect` shows the same variables as LLDB, each with the same type and value.
///
/// In callers of the same function, LLDB 22 shows the variables of the youngest one, so these are left out.
#[test]
fn d2_d4_inspect_shows_what_lldb_shows() {
    if !has_lldb() {
        return;
    }
    for (name, kind, frame, in_lldb) in [
        ("orders", "1", "0", &["0", "1"][..]),
        ("orders", "3", "0", &["0"]),
        ("orders", "3", "6", &["6"]),
        ("shapes", "1", "0", &["0"]),
        ("shapes", "1", "3", &["3"]),
    ] {
        let files = trapped(name, kind);
        let commands: Vec<String> = in_lldb
            .iter()
            .flat_map(|at| [format!("frame select {at}"), "frame variable".to_string()])
            .collect();
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        let by_lldb = variables(&debug(&files, &commands));
        let arguments = ["inspect", "--frame", frame, "--module"].map(std::ffi::OsStr::new);
        let paths = [files.1.as_os_str(), files.0.as_os_str()];
        let run = backstitch([&arguments[..], &paths].concat());
        let ours = variables(&run.out);
        assert_eq!(ours, by_lldb, "{name} {kind}, frame {frame}");
        assert!(!ours.is_empty(), "{name} {kind}, frame {frame}");
    }
}

#[test]
fn d3_d4_lldb_runs_c() {
    if !has_lldb() {
        return;
    }
    let commands = [
        "breakpoint set --file orders.c --line 37",
        "continue",
        "bt",
        "next",
        "next",
        "frame variable *order",
        "finish",
        "breakpoint delete 1",
        "watchpoint set variable sold[1]",
        "continue",
        "frame variable pieces",
        "watchpoint delete 1",
        "breakpoint set --name deep",
        "continue",
        "step",
        "bt",
        "breakpoint delete 2",
        "continue",
    ];
    let (output, code) = live("orders", "3", &commands);
    let expected = [
        // Before the first instruction.
        "run(kind=",
        "stop reason = breakpoint 1.1",
        "orders.c:37",
        "frame #1:",
        "run(kind=3) at orders.c:69",
        "orders.c:38",
        "orders.c:39",
        "customer = 0x",
        "\"Ada\"",
        "stop reason = step out",
        "old value: 0",
        "new value: 15",
        "stop reason = watchpoint 1",
        "(int) pieces = 15",
        "stop reason = breakpoint 2.1",
        "deep(",
        "stop reason = step in",
        "orders.c:55",
        "stop reason = wasm trap: out of bounds memory access",
        "deep(",
        "orders.c:54",
        "run(kind=3) at orders.c:78",
        "Process 1 exited with status = 134",
    ];
    has(&output, &expected);
    assert_eq!(code, Some(134));
}

#[test]
fn d3_d4_lldb_runs_optimised_cpp_and_rust() {
    if !has_lldb() {
        return;
    }
    for (name, file) in [
        ("shapes_optimised", "shapes.cpp"),
        ("parcels", "parcels.rs"),
    ] {
        let breakpoint = "breakpoint set --name run";
        let commands = [breakpoint, "continue", "next", "bt", "continue"];
        let (output, code) = live(name, "1", &commands);
        has(&output, &["run", file, "stop reason = step over", file]);
        assert_ne!(code, Some(1), "{output}");
    }
}

#[test]
fn d3_lldb_starts_programs() {
    if !has_lldb() {
        return;
    }
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/modules/orders.wasm");
    let setting =
        |name: &str, value: &str| format!("settings set -- platform.plugin.wasm.{name} {value}");
    let commands = [
        "platform select wasm".to_string(),
        setting("runtime-path", &program().display().to_string()),
        setting("runtime-args", "debug --invoke run"),
        setting("port-arg", "--listen=127.0.0.1:"),
        "breakpoint set --name add".to_string(),
        "process launch -- 3".to_string(),
        "bt".to_string(),
    ];
    let mut lldb = Command::new(LLDB);
    lldb.args(["--no-lldbinit", "--no-use-colors", "--batch"]);
    for command in &commands {
        lldb.args(["-o", command]);
    }
    let output = lldb.arg(&module).output().expect("LLDB starts");
    let text = String::from_utf8_lossy(&output.stdout);
    has(
        &text,
        &[
            "stop reason = breakpoint",
            "frame #1:",
            "run(kind=3) at orders.c:69",
        ],
    );
}

#[test]
fn d5_lldb_runs_a_recording_in_both_directions() {
    if !has_lldb() {
        return;
    }
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/modules/orders.wasm");
    let log = file("lldb/orders.log", "");
    let text = |path: &Path| path.to_str().expect("the path is text").to_string();
    let (module, log) = (text(&module), text(&log));
    let arguments = ["run", "--record", &log, "--invoke", "run", &module, "3"];
    assert_eq!(backstitch(arguments).code, Some(134));
    let commands = [
        "breakpoint set --name deep",
        "continue",
        "breakpoint delete 1",
        "watchpoint set variable sold[1]",
        "process continue --reverse",
        "bt 1",
        "process continue --reverse",
        // In batch mode, LLDB takes the beginning for a crash, and executes nothing more.
        "process continue --reverse",
    ];
    let (output, code) = session([Path::new(&log)], &commands);
    let expected = [
        "stop reason = history boundary",
        "stop reason = breakpoint 1.1",
        "old value: 18",
        "new value: 15",
        "stop reason = watchpoint 1",
        "pieces_of(",
        "old value: 15",
        "new value: 0",
        "stop reason = history boundary",
        "orders.c:66",
    ];
    has(&output, &expected);
    assert_eq!(code, Some(0), "{output}");
}
