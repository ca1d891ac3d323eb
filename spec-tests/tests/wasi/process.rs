//! Arguments, environment, randomness, and the end of a program.

use crate::guest::*;
use backstitch::wasi::{self, Errno, I32Exit, WasiCtx, WasiCtxBuilder};
use backstitch::{Engine, Linker, Module, Store, Trap, WasmBacktrace};

/// Reads the strings that `args_get` or `environ_get` has written to memory.
fn strings(guest: &mut Guest, what: &str) -> Vec<String> {
    guest.call(&format!("{what}_sizes_get"), &[0, 4]).unwrap();
    let (count, size) = (guest.word(0), guest.word(4));
    let (pointers, buffer) = (1024, 2048);
    guest
        .call(&format!("{what}_get"), &[pointers, buffer])
        .unwrap();
    let mut end = buffer as i32;
    let strings = (0..count as i32)
        .map(|index| {
            let at = guest.word(pointers as i32 + 4 * index) as i32;
            assert_eq!(at, end, "the strings are adjacent");
            let bytes = guest.bytes(at, 1000);
            let text = bytes.split(|&byte| byte == 0).next().unwrap();
            end = at + text.len() as i32 + 1;
            String::from_utf8(text.to_vec()).unwrap()
        })
        .collect();
    assert_eq!(end as u32, buffer as u32 + size);
    strings
}

#[test]
fn arguments_and_environment_are_those_of_the_context() {
    for on in [On::System, On::Memory] {
        let mut guest = Guest::with(on, |builder| {
            builder
                .args(["program", "", "two words", "ü"])
                .env("NAME", "value")
                .env("EMPTY", "")
                .arg("cut\0off");
        });
        assert_eq!(
            strings(&mut guest, "args"),
            ["program", "", "two words", "ü", "cut"]
        );
        assert_eq!(strings(&mut guest, "environ"), ["NAME=value", "EMPTY="]);
    }
    everywhere(|mut guest| {
        assert_eq!(strings(&mut guest, "args"), [""; 0]);
        assert_eq!(strings(&mut guest, "environ"), [""; 0]);
    });
}

#[test]
fn strings_may_reach_the_end_of_memory_but_not_exceed_it() {
    let mut guest = Guest::with(On::Memory, |builder| {
        builder.args(["abc"]);
    });
    let end = 4 << 16;
    assert_eq!(guest.call("args_get", &[0, end - 4]), Ok(()));
    assert_eq!(guest.bytes(end as i32 - 4, 4), b"abc\0");
    assert_eq!(guest.call("args_get", &[0, end - 3]), no(Errno::Fault));
    assert_eq!(guest.call("args_get", &[end - 3, 0]), no(Errno::Fault));
    assert_eq!(guest.call("args_get", &[end - 4, 0]), Ok(()));
}

#[test]
fn random_bytes_fill_the_buffer() {
    everywhere(|mut guest| {
        assert_eq!(guest.call("random_get", &[64, 1024]), Ok(()));
        let first = guest.bytes(64, 1024);
        assert!(first.iter().any(|&byte| byte != first[0]));
        assert_eq!(guest.call("random_get", &[64, 1024]), Ok(()));
        assert_ne!(guest.bytes(64, 1024), first);
        assert_eq!(guest.call("random_get", &[64, 0]), Ok(()));
        assert_eq!(guest.bytes(64 + 1024, 8), [0; 8]);
    });
}

#[test]
fn signals_cannot_be_raised() {
    everywhere(|mut guest| {
        assert_eq!(guest.call("proc_raise", &[0]), Ok(()));
        assert_eq!(guest.call("proc_raise", &[6]), no(Errno::Notsup));
        assert_eq!(guest.call("proc_raise", &[31]), no(Errno::Inval));
        assert_eq!(guest.call("sched_yield", &[]), Ok(()));
    });
}

/// Runs `_start` of a program in the text format.
fn start(text: &str) -> backstitch::Result<()> {
    let engine = Engine::default();
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx)?;
    let mut store = Store::new(&engine, WasiCtxBuilder::new().build());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text)?)?;
    instance
        .get_typed_func::<(), ()>(&mut store, "_start")?
        .call(&mut store, ())
}

#[test]
fn proc_exit_ends_the_program_at_any_depth() {
    for code in [0, 1, 42, 255, 256, -1] {
        let error = start(&format!(
            r#"(module
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func $deep (param i32)
                    (if (local.get 0)
                        (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
                        (else (call $exit (i32.const {code})))))
                (func (export "_start") (call $deep (i32.const 500)) (unreachable)))"#
        ))
        .expect_err("the program exits");
        let exit = error
            .downcast_ref::<I32Exit>()
            .expect("the error is an exit");
        assert_eq!(*exit, I32Exit(code));
        assert_eq!(exit.process_exit_code(), code as u8);
        assert!(error.downcast_ref::<Trap>().is_none());
    }
}

/// A program exits inside of continuations that wait for each other. The call ends with the exit
/// code, all continuations have ended, and the store remains usable.
#[test]
fn proc_exit_ends_the_program_inside_continuations() -> backstitch::Result<()> {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (type $f (func (param i32)))
        (type $k (cont $f))
        (type $rest (func))
        (type $r (cont $rest))
        (tag $yield)
        (elem declare func $deep)
        (func $calls (param i32)
            (if (local.get 0)
                (then (call $calls (i32.sub (local.get 0) (i32.const 1))))
                (else (call $exit (i32.const 42)))))
        (func $deep (param i32)
            (if (i32.eqz (local.get 0)) (then (suspend $yield) (call $calls (i32.const 100))))
            (try_table (catch_all 0)
                (resume $k (i32.sub (local.get 0) (i32.const 1)) (cont.new $k (ref.func $deep)))))
        (func (export "_start")
            (block $yielded (result (ref $r))
                (resume $k (on $yield $yielded) (i32.const 100) (cont.new $k (ref.func $deep)))
                (return))
            (resume $r)
            (unreachable))
        (func (export "after") (result i32) (i32.const 7)))"#;
    let engine = Engine::default();
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx)?;
    let mut store = Store::new(&engine, WasiCtxBuilder::new().build());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text)?)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    let after = instance.get_typed_func::<(), i32>(&mut store, "after")?;
    for _ in 0..3 {
        let error = start.call(&mut store, ()).expect_err("the program exits");
        assert_eq!(error.downcast_ref(), Some(&I32Exit(42)));
        assert_eq!(store.continuations().count(), 0);
        assert_eq!(after.call(&mut store, ())?, 7);
    }
    Ok(())
}

#[test]
fn a_trap_has_a_backtrace() {
    let error = start(
        r#"(module $crash
            (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
            (memory (export "memory") 1)
            (func $inner (drop (call $yield)) (unreachable))
            (func (export "_start") (call $inner)))"#,
    )
    .expect_err("the program traps");
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    let trace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
    assert_eq!(trace.frames()[0].func_name(), Some("inner"));
}

#[test]
fn functions_with_pointers_need_a_memory() {
    let error = start(
        r#"(module
            (import "wasi_snapshot_preview1" "random_get"
                (func $random (param i32 i32) (result i32)))
            (func (export "_start") (drop (call $random (i32.const 0) (i32.const 1)))))"#,
    )
    .expect_err("there is no memory");
    assert!(format!("{error:#}").contains("`wasi_snapshot_preview1::random_get`"));
    // Functions without pointers need no memory.
    start(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
            (func (export "_start") (drop (call $close (i32.const 1)))))"#,
    )
    .expect("a descriptor is closed");
}
