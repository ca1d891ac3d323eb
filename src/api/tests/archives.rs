//! Tests of archives.

use super::*;
use alloc::string::ToString;
use alloc::vec::Vec;

const PROGRAM: &str = r#"(module $program
    (type $point (struct (field i32) (field (mut i64))))
    (type $task (func (result i32)))
    (type $cont (cont $task))
    (tag $fault (param i32))
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (memory 1)
    (table 2 funcref)
    (elem (i32.const 0) func $half $fails)
    (data (i32.const 16) "\2a")
    (func $half (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 2)))
    (func $fails (param i32) (result i32)
        (local $kept i64)
        (local.set $kept (i64.const 7))
        (throw $fault (i32.add (local.get 0) (i32.const 1))))
    (func $task (type $task) (i32.load8_u (i32.const 16)))
    (elem declare func $task)
    (func (export "select") (param i32) (result i32)
        (block $other (block $second (block $first
            (br_table $first $second $other (local.get 0)))
            (return (call $add (i32.const 1) (i32.const 2))))
            (return (resume $cont (cont.new $cont (ref.func $task)))))
        (block $caught (result i32)
            (try_table (result i32) (catch $fault $caught)
                (call_indirect (param i32) (result i32)
                    (local.get 0) (i32.and (local.get 0) (i32.const 1))))))
    (func (export "copies") (param i32 i32) (result i32) (local $x f64) (local $kept f64) (local $more f64)
        ;; One cell makes the two copies within the block, and the copy of the result behind it.
        (block $caught
            (try_table (result i32) (catch_all $caught)
                (drop (br_if 0 (i32.const 1) (local.get 0)))
                (local.set $kept (local.get $x))
                (local.set $more (local.get $x))
                (local.get 1))
            (return))
        (i32.const 5))
    (func (export "point") (result i32)
        (struct.get $point 0 (ref.cast (ref $point)
            (struct.new $point (i32.const 9) (i64.const 1)))))
    (func (export "trap") (param i32) (result i32)
        (i32.load (i32.add (local.get 0) (i32.const 0x10000)))))"#;

/// Returns the results of the calls of `PROGRAM`, with the backtraces of those that trap.
fn outcomes(engine: &Engine, module: &Module) -> Vec<String> {
    let mut linker = Linker::new(engine);
    let added = linker.func_wrap("host", "add", |a: i32, b: i32| a + b);
    added.unwrap();
    let mut store = Store::new(engine, ());
    if store.get_fuel().is_ok() {
        store.set_fuel(1000).unwrap();
    }
    let instance = linker.instantiate(&mut store, module).unwrap();
    let mut outcomes = Vec::new();
    for (name, arguments) in [
        ("select", &[0][..]),
        ("select", &[1]),
        ("select", &[2]),
        ("select", &[3]),
        ("copies", &[0, 3]),
        ("copies", &[1, 3]),
        ("point", &[]),
        ("trap", &[5]),
    ] {
        let function = instance.get_func(&mut store, name).unwrap();
        let arguments: Vec<Val> = arguments.iter().map(|&number| Val::I32(number)).collect();
        let mut results = [Val::I32(0)];
        let outcome = function.call(&mut store, &arguments, &mut results);
        let fuel = store.get_fuel().ok();
        outcomes.push(match outcome {
            Ok(()) => format!("{name}: {:?}, {fuel:?}", results[0].i32()),
            Err(error) => format!("{name}: {error:?}, {fuel:?}"),
        });
    }
    outcomes
}

#[test]
fn modules_from_archives_behave_as_those_from_bytes() {
    let all = [(true, false), (false, false), (true, true)];
    // Miri takes long.
    let configurations = if cfg!(miri) { &all[..1] } else { &all };
    for &(fuel, interruptible) in configurations {
        let mut config = Config::new();
        config.consume_fuel(fuel).interruptible(interruptible);
        let engine = Engine::new(&config).unwrap();
        let original = module(&engine, PROGRAM);
        let archive = original.serialize().unwrap();
        assert_eq!(original.serialize().unwrap(), archive);
        // Another engine numbers types otherwise.
        let config = Config::for_archive(&archive).unwrap();
        let engine = Engine::new(&config).unwrap();
        module(&engine, "(module (type (func (param i64 i64))))");
        let loaded = Module::deserialize_checked(&engine, &archive).unwrap();
        let expected = outcomes(original.engine(), &original);
        assert_eq!(outcomes(&engine, &loaded), expected);
        assert_eq!(expected.len(), 8);
        let trap = [
            "program!<wasm function 7>",
            "memory fault at wasm address 0x10005",
        ];
        assert!(
            trap.iter().all(|part| expected[7].contains(part)),
            "{expected:?}"
        );
        assert_eq!(loaded.name(), original.name());
        // An archive of a module from an archive is the same.
        assert_eq!(loaded.serialize().unwrap(), archive);
        // In one engine, types have the same numbers in listings.
        let loaded = Module::deserialize_checked(original.engine(), &archive).unwrap();
        for function in 1..8 {
            let listing = |module: &Module| module.disassemble(function).unwrap().to_string();
            assert_eq!(listing(&loaded), listing(&original));
        }
    }
}

/// Builds without vectors read the archives of modules that use none.
#[cfg(feature = "simd")]
#[test]
fn archives_say_whether_code_uses_vectors() {
    let engine = Engine::default();
    let vectors = |text| {
        let archive = module(&engine, text).serialize().unwrap();
        archive[24..32] != [0; 8]
    };
    assert!(!vectors(PROGRAM));
    assert!(vectors(
        "(module (func (param v128) (result v128) (local.get 0)))"
    ));
}

#[test]
#[cfg_attr(miri, ignore = "it takes long, and runs no unsafe code")]
fn archives_for_other_engines_are_refused() {
    let engine = Engine::default();
    let archive = module(&engine, PROGRAM).serialize().unwrap();
    let refuses = |set: fn(&mut Config), text: &str| {
        let mut config = Config::new();
        set(&mut config);
        let engine = Engine::new(&config).unwrap();
        says(Module::deserialize_checked(&engine, &archive), text);
    };
    let fuel = "the archive was made with another value of `Config::consume_fuel`";
    refuses(|config| _ = config.consume_fuel(true), fuel);
    refuses(
        |config| _ = config.epoch_interruption(true),
        "`Config::epoch_interruption`",
    );
    refuses(
        |config| _ = config.interruptible(true),
        "`Config::interruptible`",
    );
    refuses(
        |config| _ = config.observe_accesses(true),
        "`Config::observe_accesses`",
    );
    refuses(
        |config| _ = config.suspend_at_export("f"),
        "`Config::suspend_at_export`",
    );
    let mut config = Config::new();
    config.suspend_at_export("f");
    let probing = Engine::new(&config).unwrap();
    says(
        module(&probing, PROGRAM).serialize(),
        "`Config::suspend_at_export`",
    );
}

#[test]
#[cfg_attr(miri, ignore = "it takes long, and runs no unsafe code")]
fn bytes_that_are_no_archive_are_refused() {
    let engine = Engine::default();
    let text = "(module (func (export \"f\") (result i32) (i32.const 1)))";
    let original = module(&engine, text);
    let archive = original.serialize().unwrap();
    assert_eq!(
        Engine::detect_precompiled(&archive),
        Some(Precompiled::Module)
    );
    assert_eq!(Engine::detect_precompiled(b"\0asm\x01\0\0\0"), None);
    says(
        Module::deserialize_checked(&engine, b"\0asm\x01\0\0\0"),
        "the bytes are not an archive",
    );
    let mut other = archive.clone();
    other[8] += 1;
    let error = Module::deserialize_checked(&engine, &other).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&ArchiveError::OtherVersion));
    for len in 0..archive.len() {
        assert!(Module::deserialize_checked(&engine, &archive[..len]).is_err());
    }
    for at in 0..archive.len() {
        for bit in [0, 3, 7] {
            let mut damaged = archive.clone();
            damaged[at] ^= 1 << bit;
            assert!(
                Module::deserialize_checked(&engine, &damaged).is_err(),
                "byte {at}, bit {bit}"
            );
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes long, and runs no unsafe code")]
fn damaged_code_is_an_error_and_no_panic() {
    let engine = Engine::default();
    let original = module(&engine, PROGRAM);
    let archive = original.serialize().unwrap();
    // What follows the module.
    let code = 76 + original.0.bytes.len();
    let damages = (code..archive.len()).flat_map(|at| [(at, archive[at] ^ 0x55), (at, 0)]);
    for (at, byte) in damages {
        let mut damaged = archive.clone();
        damaged[at] = byte;
        // The code does not run.
        let loaded = crate::module::Module::from_archive(&engine.0, &damaged.into());
        let Ok(loaded) = loaded.map(Module) else {
            continue;
        };
        for function in 1..8 {
            let _ = loaded.disassemble(function).map(|code| code.to_string());
        }
    }
}
