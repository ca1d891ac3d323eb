//! Plain bodies, and comparison with the validator.

use super::super::bodies::{Workspace, validate_one};
use super::*;
use crate::module::features::{DEFAULT, SUPPORTED};
use crate::module::sections::Sections;
use crate::module::validate::sections;
use alloc::format;
use alloc::string::String;
use core::ops::Range;

/// Every plain instruction, and blocks of all kinds with unreachable code.
const PLAIN: &str = r#"(module
    (type $none (func))
    (type $many (func (param i32 i64 f32 f64) (result f64 f32 i64 i32)))
    (type $pair (func (param i32 i32) (result i32 i32)))
    (type $swap (func (param i32 i64) (result i64 i32)))
    (type $refs (func (param funcref)))
    (import "m" "f" (func $host (type $many)))
    (table 1 funcref) (table $wide i64 1 funcref) (table $external 1 externref)
    (memory MEMORY)
    (global $i (mut i32) (i32.const 0)) (global $l i64 (i64.const 0))
    (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 0))
    (global $r (mut funcref) (ref.null func))
    (func $one (type $pair)
        (local $a i64) (local $b f32) (local $c f32) (local $d f64)
        local.get 0 local.get 1 i32.add i32.eqz
        if (result i64)
            i64.const -1
        else
            local.get $a i64.const 123456789012345 i64.mul
        end
        local.tee $a i64.eqz
        i32.const 1 i32.const -77777777 br_if 0
        block $out (param i32 i32) (result i32 i32)
            loop $again (param i32 i32) (result i32 i32)
                i32.lt_u
                local.get 0 local.get 1 i32.and i32.const 7
                local.get 0
                br_if $again
                local.get 1
                br_table $out $again $out $again
                i32.add drop i64.const 7 drop br $out
            end
        end
        drop drop
        (f32.const 1.5) (f32.const 2.5) f32.copysign f32.sqrt local.set $b
        local.get $b local.get $c i32.const 0 select f64.promote_f32 local.set $d
        local.get $d i64.trunc_f64_s i32.wrap_i64 i64.extend_i32_u local.set $a
        local.get 0 local.get 1)
    (func $two (type $many)
        global.get $i global.set $i global.get $l drop
        global.get $f global.set $f global.get $d global.set $d
        local.get 3 local.get 2 local.get 1 local.get 0 i32.const 0
        block (param i32) i32.const 3 i32.rotl i32.clz drop end
        block i32.const 1 if nop end unreachable i32.add drop drop br 0 end
        local.get 0 i32.popcnt
        if f64.const 0 f32.const 0 i64.const 0 i32.const 0 return end)
    (func $three (type $none)
        i32.const 1 i64.const 2 f32.const 3 f64.const 4 call $host
        drop drop drop drop
        i32.const 1 i64.const 2 f32.const 3 f64.const 4 i32.const 0 call_indirect (type $many)
        drop drop drop drop
        i32.const 0 i32.const 1 call $one drop drop
        f32.const 1 i32.trunc_sat_f32_s drop f64.const 1 i32.trunc_sat_f64_u drop
        f32.const 1 i64.trunc_sat_f32_u drop f64.const 1 i64.trunc_sat_f64_s drop
        i32.const 1 i64.const 1 block (type $swap) i32.const 1 f32.const 1 unreachable end
        drop drop)
    (func $memory (type $none)
        MEMORY_INSTRUCTIONS)
    (func $empty (type $none)))"#;

const NOT_PLAIN: &str = r#"(module
    (type $refs (func (param funcref)))
    (table 1 funcref) (table $wide i64 1 funcref) (memory 1) (memory $other 1)
    (global $r (mut funcref) (ref.null func))
    (elem declare func $f)
    (func $f (drop (ref.func $f)))
    (func (type $refs))
    (func (local funcref))
    (func (call $g (ref.null func)))
    (func $g (type $refs) unreachable)
    (func (drop (global.get $r)))
    (func (call_indirect $wide (i64.const 0)))
    (func (drop (i32.load $other (i32.const 0))))
    (func (drop (memory.size $other)))
    (func (drop (block (result funcref) (ref.null func))))
    (func (return_call 0))
    (func unreachable select drop)
    (func (drop (table.size 0))))"#;

fn plain_module(address: &str) -> String {
    let mut text = String::new();
    let loads = "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s
        i32.load16_u i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u";
    for load in loads.split_whitespace() {
        text += &format!("(drop ({load} offset=300 ({address}.const 0)))");
    }
    let stores = "i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8
        i64.store16 i64.store32";
    for store in stores.split_whitespace() {
        let ty = &store[..3];
        text += &format!("({store} align=1 ({address}.const 0) ({ty}.const 0))");
    }
    text += &format!(
        "(drop (memory.grow (memory.size)))
        (memory.copy ({address}.const 0) ({address}.const 0) ({address}.const 0))
        (memory.fill ({address}.const 0) (i32.const 0) ({address}.const 0))"
    );
    let memory = if address == "i64" { "i64 1" } else { "1" };
    PLAIN
        .replace("MEMORY_INSTRUCTIONS", &text)
        .replace("MEMORY", memory)
}

/// A module whose bodies are validated in both ways.
struct Subject<'a> {
    sections: Sections<'a>,
    declarations: Declarations,
    stacks: Stacks,
    workspace: Workspace,
}

impl<'a> Subject<'a> {
    fn new(bytes: &'a [u8]) -> Subject<'a> {
        let mut sections = Sections::default();
        sections.read(bytes, DEFAULT).unwrap();
        let resources = sections.resources.as_ref().unwrap();
        Subject {
            declarations: Declarations::new(resources, DEFAULT).unwrap(),
            sections,
            stacks: Stacks::default(),
            workspace: Workspace::default(),
        }
    }

    /// Returns whether the code is a plain and valid body of this function.
    fn is_plain(&mut self, function: u32, code: &[u8]) -> bool {
        let resources = self.sections.resources.as_ref().unwrap();
        let ty = resources.type_index_of_function(function).unwrap();
        is_valid(&self.declarations, resources, &mut self.stacks, ty, code)
    }

    /// Returns whether the validator accepts the code as the body of this function.
    fn is_valid(&mut self, function: u32, code: &[u8]) -> bool {
        let resources = self.sections.resources.as_ref().unwrap();
        let body = sections::body(code, &(0..code.len()), SUPPORTED);
        let workspace = &mut self.workspace;
        validate_one(resources, None, function, &body, SUPPORTED, workspace).is_ok()
    }

    /// Fails if the code is plain and the validator refuses it. Returns whether it is plain.
    #[track_caller]
    fn compare(&mut self, function: u32, code: &[u8]) -> bool {
        let plain = self.is_plain(function, code);
        if plain {
            assert!(self.is_valid(function, code), "{function}: {code:x?}");
        }
        plain
    }

    fn functions(&self) -> impl Iterator<Item = (u32, Range<usize>)> + use<> {
        let bodies = self.sections.bodies.clone();
        (self.sections.first_body..).zip(bodies)
    }
}

#[test]
fn instructions_on_numbers_are_plain() {
    for address in ["i32", "i64"] {
        let bytes = wat::parse_str(plain_module(address)).unwrap();
        let mut subject = Subject::new(&bytes);
        for (function, range) in subject.functions() {
            let code = &bytes[range];
            assert!(subject.is_valid(function, code), "{address} {function}");
            assert!(subject.is_plain(function, code), "{address} {function}");
        }
    }
}

#[test]
fn numeric_instructions_have_the_types_of_the_validator() {
    let types = ["i32", "i64", "f32", "f64"];
    let mut text = String::from("(module");
    for a in types {
        for result in types {
            text += &format!("(func (param {a} {a}) (result {result}) unreachable)");
        }
    }
    let bytes = wat::parse_str(text + ")").unwrap();
    let mut subject = Subject::new(&bytes);
    let mut plain = 0;
    for (function, _) in subject.functions() {
        for opcode in 0x45..=0xc4 {
            for operands in [&[0x20, 0][..], &[0x20, 0, 0x20, 1]] {
                let code = [&[0], operands, &[opcode, 0x0b]].concat();
                assert_eq!(
                    subject.compare(function, &code),
                    subject.is_valid(function, &code),
                    "{code:x?}"
                );
                plain += usize::from(subject.is_plain(function, &code));
            }
        }
    }
    // Each has one type.
    assert_eq!(plain, NUMERIC.len());
}

#[test]
fn the_validator_decides_on_others() {
    let bytes = wat::parse_str(NOT_PLAIN).unwrap();
    let mut subject = Subject::new(&bytes);
    for (function, range) in subject.functions() {
        assert!(
            subject.is_valid(function, &bytes[range.clone()]),
            "{function}"
        );
        assert!(!subject.is_plain(function, &bytes[range]), "{function}");
    }
    // Without one of the features, some instructions must be refused.
    let resources = subject.sections.resources.as_ref().unwrap();
    for feature in FEATURES.iter() {
        assert!(Declarations::new(resources, DEFAULT.difference(feature)).is_none());
    }
}

#[test]
fn limits_are_those_of_the_validator() {
    let bytes = wat::parse_str(
        "(module (type (func (param i32))) (type (func (result i32 i32 i32 i32 i32 i32 i32 i32)))
            (func (param i32)) (func (type 1) unreachable))",
    )
    .unwrap();
    let mut subject = Subject::new(&bytes);
    // 49,999 and 50,000 locals besides the parameter.
    assert!(subject.compare(0, &[1, 0xcf, 0x86, 3, 0x7f, 0x0b]));
    assert!(!subject.compare(0, &[1, 0xd0, 0x86, 3, 0x7f, 0x0b]));
    assert!(!subject.compare(0, &[2, 1, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b]));
    // Calls that push 8 operands each, then instructions that push one, in unreachable code
    // that forgets them.
    for (calls, others) in [
        (1 << 16, 100),
        ((1 << 16) + 1, 0),
        (0, 1 << 18),
        (0, 1 << 19),
    ] {
        let mut code = Vec::from([0]);
        for _ in 0..calls {
            code.extend([0x10, 1]);
        }
        for _ in 0..others {
            code.extend([0x20, 0]);
        }
        code.extend([0x00, 0x0b]);
        let within = calls <= 1 << 16 && code.len() <= MOST_BYTES;
        assert_eq!(subject.compare(0, &code), within, "{calls} {others}");
    }
}

#[test]
fn integers_end_where_those_of_the_validator_do() {
    let bytes = wat::parse_str("(module (memory i64 1) (func))").unwrap();
    let mut subject = Subject::new(&bytes);
    for length in 1..12 {
        for last in 0..=0xff {
            for fill in [0x80, 0xff, 0xc0] {
                let mut number = Vec::from([fill; 11]);
                number.truncate(length);
                number[length - 1] = last;
                let code = |before: &[u8], after: &[u8]| [&[0], before, &number, after].concat();
                for code in [
                    code(&[0x41], &[0x1a, 0x0b]),
                    code(&[0x42], &[0x1a, 0x0b]),
                    code(&[0x0c], &[0x0b]),
                    code(&[0x42, 0, 0x29, 3], &[0x1a, 0x0b]),
                ] {
                    assert_eq!(
                        subject.compare(0, &code),
                        subject.is_valid(0, &code),
                        "{code:x?}"
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_is_plain_that_the_validator_refuses() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = move |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % bound as u64) as usize
    };
    let (exhaustive, rounds) = if cfg!(miri) { (0, 20) } else { (256, 20_000) };
    for address in ["i32", "i64"] {
        let bytes = wat::parse_str(plain_module(address)).unwrap();
        let mut subject = Subject::new(&bytes);
        let mut plain = 0;
        for (function, range) in subject.functions() {
            let good = &bytes[range];
            for at in 0..good.len() {
                subject.compare(function, &good[..at]);
                let mut code = Vec::from(good);
                for byte in 0..exhaustive {
                    code[at] = byte as u8;
                    plain += usize::from(subject.compare(function, &code));
                }
            }
            for _ in 0..rounds {
                let mut code = Vec::from(good);
                for _ in 0..=below(4) {
                    let at = below(code.len());
                    // A byte of the code is more often the right one than any byte is.
                    let byte = match below(2) {
                        0 => good[below(good.len())],
                        _ => below(256) as u8,
                    };
                    match below(3) {
                        0 => code.insert(at, byte),
                        1 if code.len() > 1 => drop(code.remove(at)),
                        _ => code[at] = byte,
                    }
                }
                plain += usize::from(subject.compare(function, &code));
            }
        }
        assert!(plain > rounds / 2, "{plain}");
    }
}
