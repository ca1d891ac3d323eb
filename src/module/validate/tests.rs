//! Tests of bodies in the three compilation modes, and of refused modules.

use super::*;
use crate::module::features::DEFAULT;
use crate::module::outline::Outline;
use crate::module::type_registry::TypeRegistry;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

fn check_bytes(bytes: &[u8], allowed: WasmFeatures, bodies: Bodies) -> Result<bool, ModuleError> {
    let mut sections = Sections::default();
    let doubtful = module(&mut sections, bytes, allowed, bodies)?;
    Outline::default().read(&TypeRegistry::default(), &sections)?;
    if doubtful && bodies == Bodies::Now {
        search_bodies(bytes, &sections)?;
    }
    Ok(doubtful)
}

/// Returns whether the module needed the second pass.
fn check(text: &str) -> Result<bool, ModuleError> {
    check_bytes(&wat::parse_str(text).unwrap(), DEFAULT, Bodies::Now)
}

fn refused(text: &str) -> String {
    check(text).unwrap_err().to_string()
}

#[track_caller]
fn assert_needs(text: &str, proposal: &str, named: &str) {
    let error = check(text).unwrap_err();
    assert!(matches!(error, ModuleError::Unsupported { .. }), "{error}");
    let message = error.to_string();
    let expected = format!("needs the {proposal} proposal, which backstitch does not support yet");
    assert!(
        message.contains(&expected) && message.contains(named),
        "{message}"
    );
}

#[test]
fn what_is_supported_passes_at_the_first_look() {
    let text = "(module
        (type $f (func (param i32) (result i32 i64)))
        (import \"a\" \"b\" (func (param (ref null $f)) (result (ref extern))))
        (memory 1) (memory i64 2 3) (memory 7 (pagesize 1))
        (table i64 4 funcref) (table 1 1 externref)
        (table 2 (ref $f) (ref.func $two))
        (global i32 (i32.add (i32.const 1) (i32.const 2)))
        (elem declare func $two)
        (func $two (type $f) (local $x (ref null $f))
            (i64.mul_wide_s (i64.const 1) (i64.const 2)) drop drop
            (local.set $x (ref.func $two))
            (block $none (drop (br_on_null $none (local.get $x))))
            (memory.fill 1 (i64.const 0) (i32.const 0) (i64.const 1))
            (return_call_ref $f (i32.const 1) (local.get $x))))";
    assert_eq!(check(text), Ok(false));
}

#[test]
fn what_only_looks_like_another_proposal_passes() {
    for text in [
        "(module (global i32 (i32.const 1)) (global i32 (global.get 0)))",
        "(module (rec (type $a (func (param (ref null $b)))) (type $b (func))))",
        "(module (type $a (func (result (ref null $a)))))",
        "(module (func (param nullfuncref) (result nullexternref) (ref.null noextern)))",
        "(module (func (local nullfuncref) (drop (ref.null nofunc))))",
    ] {
        assert_eq!(check(text), Ok(false), "{text}");
    }
}

#[test]
fn continuations_need_no_second_look() {
    let text = "(module (type $f (func)) (type $c (cont $f)) (elem declare func 0)
        (func (drop (cont.new $c (ref.func 0)))))";
    assert_eq!(check(text), Ok(false));
}

#[test]
fn modules_of_the_gc_proposal_pass() {
    for text in [
        "(module (type (struct (field i8) (field $x (mut i64)))) (type (array (mut funcref))))",
        "(module (type $a (sub (func))) (type (sub final $a (func))))",
        "(module (type $s (sub (struct))) (rec (type $t (sub $s (struct (field (ref null $u)))))
            (type $u (array (ref null $t)))) (func (param (ref null $t) (ref $u))))",
        "(module (func (param anyref eqref structref arrayref exnref) (local nullref)))",
        "(module (table 1 i31ref) (global eqref (ref.null none)))",
        "(module (global i31ref (ref.i31 (i32.const 1))))",
        "(module (func (param externref) (drop (any.convert_extern (local.get 0)))))",
        "(module (func (drop (ref.null none)) (drop (ref.null noexn)) (drop (ref.null i31))))",
        "(module (rec (type $f (func (param (ref null $c)))) (type $c (cont $f)))
            (table 1 (ref null $c)) (global (ref null cont) (ref.null nocont)))",
    ] {
        assert_eq!(check(text), Ok(false), "{text}");
    }
}

#[test]
fn unsupported_proposals_are_named() {
    assert_needs(
        "(module (global (shared mut i32) (i32.const 0)))",
        "shared-everything-threads",
        "global section",
    );
    assert_needs(
        "(module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))",
        "memory-control",
        "function 0",
    );
    let component = check_bytes(b"\0asm\x0d\0\x01\0", DEFAULT, Bodies::Now).unwrap_err();
    assert_eq!(
        component.to_string(),
        "the module at offset 0x0 (a component) needs the component-model proposal, \
         which backstitch does not support yet"
    );
}

#[test]
#[cfg(feature = "simd")]
fn vectors_pass() {
    for text in [
        "(module (func (drop (i32x4.add (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))",
        "(module (global v128 (v128.const i64x2 0 0)))",
        "(module (func (param i32 v128) (result v128) (local v128)
            (i8x16.relaxed_swizzle (local.get 1) (i32x4.splat (local.get 0)))))",
    ] {
        assert_eq!(check(text), Ok(false), "{text}");
    }
}

/// Without the feature, the instructions are not even decoded.
#[test]
#[cfg(not(feature = "simd"))]
fn vectors_are_refused_by_name() {
    for (text, place) in [
        (
            "(module (func) (func (drop (v128.const i64x2 0 0))))",
            "function 1 at offset 0x1b",
        ),
        (
            "(module (func (param v128)))",
            "the type section at offset 0xb (v128)",
        ),
        ("(module (func (local v128)))", "function 0"),
        (
            "(module (global v128 (v128.const i64x2 0 0)))",
            "global section",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(place), "{error}");
        let reason = "needs the simd proposal, which this build of backstitch leaves out";
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn invalid_comes_before_unsupported() {
    let text = "(module (global i31ref (ref.i31 (i32.const 1))) (func)
        (func (result i32) (i64.const 1)))";
    assert_eq!(
        refused(text),
        "function 1 is invalid at offset 0x2b: type mismatch: expected i32, found i64"
    );
    let text = "(module (func (drop (ref.i31 (i32.const 1))) drop))";
    assert!(refused(text).contains("function 0 is invalid"));
}

#[test]
fn invalid_modules_say_where() {
    for (text, expected) in [
        (
            "(module (func (i32.add)))",
            "function 0 is invalid at offset 0x17: type mismatch",
        ),
        (
            "(module (export \"a\" (func 3)))",
            "the export section is invalid at offset 0xb: ",
        ),
        (
            "(module (start 0) (func (param i32)))",
            "the start section is invalid",
        ),
        (
            "(module (data (i32.const 0) \"\"))",
            "the data section is invalid at offset",
        ),
        ("(module (memory 65537))", "the memory section is invalid"),
    ] {
        let message = refused(text);
        assert!(message.starts_with(expected), "{message}");
    }
    let message = |bytes: &[u8]| {
        check_bytes(bytes, DEFAULT, Bodies::Now)
            .unwrap_err()
            .to_string()
    };
    assert!(message(b"").starts_with("the module is invalid at offset 0x0: "));
    assert!(message(b"\0asm\x02\0\0\0").contains("unknown binary version"));
    // A type section with a count of one million and one byte of contents.
    let claim = message(b"\0asm\x01\0\0\0\x01\x04\xc0\x84\x3d\x60");
    assert_eq!(
        claim,
        "the type section is invalid at offset 0xe: unexpected end-of-file"
    );
}

#[test]
fn switched_off_is_invalid() {
    let text = "(module (func (return_call 0)))";
    let bytes = wat::parse_str(text).unwrap();
    let allowed = DEFAULT.difference(WasmFeatures::TAIL_CALL);
    let error = check_bytes(&bytes, allowed, Bodies::Now).unwrap_err();
    assert!(matches!(error, ModuleError::Invalid { .. }), "{error}");
    // The gc proposal, which includes them, must not enable them again.
    let bytes = wat::parse_str("(module (type $f (func)) (func (param (ref $f))))").unwrap();
    let allowed = DEFAULT.difference(WasmFeatures::FUNCTION_REFERENCES);
    let error = check_bytes(&bytes, allowed, Bodies::Now).unwrap_err();
    assert!(matches!(error, ModuleError::Invalid { .. }), "{error}");
    for (off, text) in [
        (WasmFeatures::GC, "(module (type (sub (struct))))"),
        (WasmFeatures::GC, "(module (table 1 i31ref))"),
        (
            WasmFeatures::GC,
            "(module (func (drop (ref.i31 (i32.const 1)))))",
        ),
        (
            WasmFeatures::STACK_SWITCHING,
            "(module (type $f (func)) (type (cont $f)))",
        ),
        (
            WasmFeatures::LEGACY_EXCEPTIONS,
            "(module (func try catch_all end))",
        ),
        // There are no tags without exceptions.
        (
            WasmFeatures::EXCEPTIONS,
            "(module (tag) (func try catch 0 end))",
        ),
    ] {
        let bytes = wat::parse_str(text).unwrap();
        let error = check_bytes(&bytes, DEFAULT.difference(off), Bodies::Now).unwrap_err();
        assert!(matches!(error, ModuleError::Invalid { .. }), "{error}");
    }
    // Switching on an unsupported feature has no effect.
    let text = "(module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))";
    let bytes = wat::parse_str(text).unwrap();
    let error = check_bytes(&bytes, WasmFeatures::all(), Bodies::Now).unwrap_err();
    assert!(matches!(error, ModuleError::Unsupported { .. }), "{error}");
}

#[test]
fn bodies_can_wait() {
    let text = "(module (global i32 (i32.const 1)) (global i32 (global.get 0))
        (memory 1)
        (func) (func (result i32)) (func (memory.discard (i32.const 0) (i32.const 0)))
        (func (drop (ref.null nofunc))))";
    let bytes = wat::parse_str(text).unwrap();
    let mut sections = Sections::default();
    assert!(!module(&mut sections, &bytes, DEFAULT, Bodies::AtFirstCall).unwrap());
    let deferred = Deferred::new(&mut sections, DEFAULT).unwrap();
    let outcome = |index: u32| {
        let body = &sections.bodies[index as usize];
        deferred.validate(&bytes, body, index, &mut Workspace::default())
    };
    assert_eq!(outcome(0), Ok(()));
    assert!(matches!(outcome(1), Err(ModuleError::Invalid { .. })));
    assert!(matches!(outcome(2), Err(ModuleError::Unsupported { .. })));
    assert_eq!(outcome(3), Ok(()));
    // Declarations are validated at once.
    let text = "(module (global i31ref (i32.const 1)))";
    let bytes = wat::parse_str(text).unwrap();
    assert!(check_bytes(&bytes, DEFAULT, Bodies::AtFirstCall).is_err());
}

#[test]
fn the_first_faulty_body_is_reported() {
    // More than 128 KiB, so that several threads work.
    let nops = "nop ".repeat(50);
    let mut text = String::from("(module");
    for index in 0..3000 {
        text += &match index {
            1000 | 1001 | 1500 | 2999 => format!("(func (result i32) {nops} (i64.const 1))"),
            _ => format!("(func (result i32) {nops} (i32.const 1))"),
        };
    }
    text += ")";
    let bytes = wat::parse_str(text).unwrap();
    for _ in 0..20 {
        let error = check_bytes(&bytes, DEFAULT, Bodies::Now).unwrap_err();
        assert!(
            error.to_string().starts_with("function 1000 is invalid"),
            "{error}"
        );
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let text = "(module $m (type (func (param i32) (result i32)))
        (import \"m\" \"f\" (func (type 0))) (table 1 funcref) (memory 1)
        (global i32 (i32.const 1)) (global i32 (global.get 0)) (export \"f\" (func 1))
        (elem (i32.const 0) func 1) (data (i32.const 0) \"abc\")
        (func $f (type 0) (local i64) (call 0 (local.get 0))))";
    let good = wat::parse_str(text).unwrap();
    for at in 0..good.len() {
        let _ = check_bytes(&good[..at], DEFAULT, Bodies::Now);
        let changes: &[u8] = if cfg!(miri) {
            &[0xff]
        } else {
            &[0, 1, 2, 0x40, 0x60, 0x7f, 0x80, 0xff]
        };
        for &byte in changes {
            let mut bytes: Vec<u8> = good.clone();
            bytes[at] = byte;
            let _ = check_bytes(&bytes, DEFAULT, Bodies::Now);
        }
    }
}
