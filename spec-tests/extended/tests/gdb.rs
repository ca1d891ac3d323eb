//! Tests the script for GDB in Debian's GDB. This program runs itself under GDB and stops inside
//! nested continuations, in a host call and in the middle of handlers. It compares the script's
//! output there with a backtrace that the program has captured.

use backstitch::{
    Caller, CompilationMode, Config, Dispatch, Engine, Linker, Module, Store, WasmBacktrace,
};
use std::env;
use std::hint::black_box;
use std::process::Command;

/// Environment variable that turns [`inferior`] into the debugged program. Its value is the
/// dispatch backend.
const INFERIOR: &str = "BACKSTITCH_INFERIOR";

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/gdb/backstitch.py"
);

/// A continuation calls the host, which calls WebAssembly again. There a continuation inside a
/// continuation calls the host.
const MODULE: &str = r#"
    (module $shop
        (type $f (func))
        (type $c (cont $f))
        (import "host" "stop" (func $stop))
        (import "host" "enter" (func $enter))
        (elem declare func $sell $serve $wait)
        (func $count (param i32) (result i32)
            (i32.add (local.get 0) (i32.const 1)))
        (func $sell (local i32)
            (call $stop)
            (loop
                (local.set 0 (call $count (local.get 0)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000)))))
        (func $serve (resume $c (cont.new $c (ref.func $sell))))
        (func (export "inner") (resume $c (cont.new $c (ref.func $serve))))
        (func $wait (call $enter))
        (func $open (export "open") (resume $c (cont.new $c (ref.func $wait)))))
"#;

/// Function at which GDB stops the program.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn stopped_in_host() {
    black_box(());
}

/// The debugged program. It is a test, because this program consists of tests; without the
/// environment variable it does nothing.
#[test]
fn inferior() -> backstitch::Result<()> {
    let Ok(dispatch) = env::var(INFERIOR) else {
        return Ok(());
    };
    let mut config = Config::new();
    config.compilation_mode(CompilationMode::Eager);
    config.dispatch(match dispatch.as_str() {
        "loop" => Dispatch::Loop,
        _ => Dispatch::best(),
    });
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, MODULE)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "stop", |caller: Caller<'_, ()>| {
        for frame in WasmBacktrace::capture(&caller).frames() {
            println!(
                "\nexpected: {} {} {} {}",
                frame.func_name().unwrap_or("<wasm function 5>"),
                frame.func_index(),
                frame.code_offset(),
                frame.stack()
            );
        }
        stopped_in_host();
    })?;
    linker.func_wrap("host", "enter", |mut caller: Caller<'_, ()>| {
        let inner = caller.get_export("inner").and_then(|item| item.into_func());
        let inner = inner.expect("the export exists").typed::<(), ()>(&caller)?;
        inner.call(&mut caller, ())
    })?;
    let mut store = Store::new(&engine, ());
    // An unused stack, so that stack numbers differ from depths.
    let other = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let open = instance.get_typed_func::<(), ()>(&mut store, "open")?;
    open.call(&mut store, ())?;
    drop(other);
    Ok(())
}

/// A frame: function name, function index, cell and stack number.
type Shown = (String, u32, u32, u32);

/// Returns the frames that the program has printed.
fn expected(output: &str) -> Vec<Shown> {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("expected: "))
        .map(|line| {
            let words: Vec<&str> = line.rsplitn(4, ' ').collect();
            let number = |at: usize| words[at].parse().expect("a number");
            (words[3].to_owned(), number(2), number(1), number(0))
        })
        .collect()
}

/// Parses a frame that the script has printed: `#0  shop!sell (function 3, body at 0x99, cell 2,
/// instance 0) on stack 5`.
fn shown(line: &str) -> Option<Shown> {
    let (name, rest) = line
        .strip_prefix('#')?
        .split_once('!')?
        .1
        .split_once(" (function ")?;
    let number = |text: &str| text.parse().expect("a number");
    let (function, rest) = rest.split_once(',')?;
    let (_, rest) = rest.split_once("cell ")?;
    let (cell, rest) = rest.split_once(',')?;
    let (_, stack) = rest.split_once("on stack ")?;
    Some((
        name.to_owned(),
        number(function),
        number(cell),
        number(stack),
    ))
}

/// Debugs this program. Returns the output of GDB and of the program.
fn debug(dispatch: &str, commands: &[&str]) -> String {
    let own = env::current_exe().expect("this program has a file");
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set debuginfod enabled off"])
        .args(["-ex", "set breakpoint pending on"])
        .args(["-ex", "break stopped_in_host", "-ex", "run"])
        .args(["-ex", &format!("source {SCRIPT}")]);
    for command in commands {
        gdb.args(["-ex", command]);
    }
    gdb.arg("--args")
        .arg(own)
        .args(["--exact", "inferior", "--nocapture", "--test-threads=1"])
        .env(INFERIOR, dispatch)
        .env("LC_ALL", "C");
    let output = gdb.output().expect("GDB runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{printed}\n{errors}")
}

fn has_gdb() -> bool {
    let runs = Command::new("gdb").arg("--version").output().is_ok();
    if !runs {
        println!("skipped: there is no GDB (Debian: apt-get install gdb)");
    }
    runs
}

/// Stops in a host call.
fn stop_in_host(dispatch: &str) {
    if !has_gdb() {
        return;
    }
    let output = debug(dispatch, &["wasm-bt", "wasm-stacks", "wasm-bt 1"]);
    let expected = expected(&output);
    let names: Vec<&str> = expected.iter().map(|frame| frame.0.as_str()).collect();
    let wanted = ["sell", "serve", "<wasm function 5>", "wait", "open"];
    assert_eq!(names, wanted, "{output}");
    let frames: Vec<Shown> = output.lines().filter_map(shown).collect();
    let (all, first_stack) = frames.split_at(expected.len());
    assert_eq!(all, expected, "{output}");
    assert_eq!(first_stack, &expected[4..], "{output}");

    // Each stack ends at a boundary that names the next one.
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    let boundaries: Vec<&&str> = lines.iter().filter(|line| line.starts_with("--")).collect();
    let number = |frame: usize| expected[frame].3;
    assert_eq!(
        boundaries,
        [
            &*format!(
                "-- stack {} ends: resumed by stack {} --",
                number(0),
                number(1)
            ),
            &*format!(
                "-- stack {} ends: resumed by stack {} --",
                number(1),
                number(2)
            ),
            &*format!("-- stack {} ends: called by the host --", number(2)),
            &*format!(
                "-- stack {} ends: resumed by stack {} --",
                number(3),
                number(4)
            ),
            &*format!("-- stack {} ends: called by the host --", number(4)),
            &*format!("-- stack {} ends: called by the host --", number(4)),
        ]
        .iter()
        .collect::<Vec<_>>(),
        "{output}"
    );
    let listed = |stack: u32| format!("stack {stack}: running, ");
    for frame in &expected {
        assert!(output.contains(&listed(frame.3)), "{output}");
    }
}

/// Stops at a handler, and then repeatedly a few machine instructions later.
fn stop_in_handlers(dispatch: &str) {
    if !has_gdb() {
        return;
    }
    let to_handler = "python \
        process = Process(); \
        store = stores_of_this_thread(process)[0]; \
        chain = next(process.activations(store.context)) + process.offset('Activation.chain'); \
        frame = store.stands(process.get('StackChain.first', chain)); \
        handler = process.number(frame.ip, process.pointer); \
        gdb.execute(f'tbreak *{handler:#x}'); \
        gdb.execute('continue')";
    let on_and_on = "python \
        [(print('\\nround'), gdb.execute(f'stepi {1 + step % 7}'), gdb.execute('wasm-bt')) \
         for step in range(150)]";
    let output = debug(dispatch, &[to_handler, on_and_on]);
    let base = expected(&output);
    let strip = |frame: &Shown| (frame.0.clone(), frame.1, frame.3);
    let (mut with, mut without) = (0, 0);
    let rounds = output.split("\nround\n").skip(1);
    for round in rounds {
        let frames: Vec<Shown> = round.lines().filter_map(shown).collect();
        let (counting, rest) = match frames.first() {
            Some(frame) if frame.0 == "count" => (true, &frames[1..]),
            _ => (false, &*frames),
        };
        // The position of the youngest function varies; the frames that wait are constant.
        assert_eq!(rest.len(), base.len(), "{round}\n{output}");
        assert_eq!(rest[1..], base[1..], "{round}");
        assert_eq!(strip(&rest[0]), strip(&base[0]), "{round}");
        if counting {
            assert_eq!(frames[0].3, base[0].3, "{round}");
            with += 1;
        } else {
            without += 1;
        }
    }
    assert_eq!(with + without, 150, "{output}");
    assert!(with > 20 && without > 20, "{with} and {without}\n{output}");
    assert!(output.contains("(stepped "), "{output}");
}

#[test]
fn e3_in_a_host_call() {
    stop_in_host("best");
}

#[test]
fn e3_in_a_host_call_of_the_loop() {
    stop_in_host("loop");
}

#[test]
fn e3_in_handlers() {
    stop_in_handlers("best");
}

#[test]
fn e3_in_handlers_of_the_loop() {
    stop_in_handlers("loop");
}
