//! Random programs for the observation of frames. Each function has a random operand stack and
//! calls at which the frames are observed. It ends in a trap, if nothing else has trapped before.
//!
//! The code is mostly straight-line, and generated one random step at a time, so that operands of
//! all kinds are live at once: constants, aliases of locals that are assigned later, and results
//! that have not been stored in a slot.

use super::random::Random;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
}

use Ty::{F32, F64, Func, I32, I64, V128};

impl Ty {
    fn name(self) -> &'static str {
        match self {
            I32 => "i32",
            I64 => "i64",
            F32 => "f32",
            F64 => "f64",
            V128 => "v128",
            Func => "funcref",
        }
    }
}

/// Number of functions of a program that the test calls.
pub const FUNCTIONS: usize = 120;

/// Number of imported functions, which have the first indices.
pub const IMPORTED: u32 = 3;

/// Parameters of the functions that the test calls.
const PARAMETERS: [Ty; 5] = [I32, I64, F32, F64, I32];

/// Converts arguments for [`PARAMETERS`] from bits to an engine's values.
macro_rules! values {
    ($value:ident, $bits:expr) => {{
        let [a, b, c, d, e]: [u64; 5] = $bits;
        [
            $value::I32(a as i32),
            $value::I64(b as i64),
            $value::F32(c as u32),
            $value::F64(d),
            $value::I32(e as i32),
        ]
    }};
}
pub(super) use values;

/// Defines a program's imports in an engine's linker. Each import observes the frames.
macro_rules! imports {
    ($linker:expr, $caller:ty, $look:expr) => {{
        let (linker, look) = (&mut $linker, $look);
        linker.func_wrap("host", "look", look).unwrap();
        let mix = move |caller: $caller, a: i64, b: i32| {
            look(caller);
            (a as i32).wrapping_mul(b)
        };
        linker.func_wrap("host", "mix", mix).unwrap();
        let float = move |caller: $caller, a: f64| {
            look(caller);
            a + 0.5
        };
        linker.func_wrap("host", "float", float).unwrap();
    }};
}
pub(super) use imports;

/// Returns the text of a seed's program.
pub fn program(seed: u64) -> String {
    let mut text = String::from(
        r#"(module
        (type $unit (func)) (type $mix (func (param i64 i32) (result i32)))
        (import "host" "look" (func $look))
        (import "host" "mix" (func $host_mix (type $mix)))
        (import "host" "float" (func $float (param f64) (result f64)))
        (memory 1 2) (memory $wide i64 1)
        (data (i32.const 64) "\01\02\03\04\05\06\07\08some bytes that are not zero")
        (data $passive "passive")
        (table $table 8 8 funcref) (elem (table $table) (i32.const 1) func $unit $mix $look)
        (elem $declared declare func $unit $mix)
        (global $gi32 (mut i32) (i32.const 7)) (global $gi64 (mut i64) (i64.const -7))
        (global $gf64 (mut f64) (f64.const 0.75))
        (global $gv128 (mut v128) (v128.const i32x4 1 -2 3 -4))
        (func $unit (type $unit) (call $look))
        (func $mix (type $mix) (local i64)
            (local.set 2 (i64.add (local.get 0) (i64.const 5)))
            (i32.add (local.get 1) (call $host_mix (local.get 2) (i32.const 3))))
        (func $deep (param i32 f32) (result f32) (local i32)
            (if (result f32) (i32.eqz (local.get 0))
                (then (call $look) (local.get 1))
                (else (f32.add (f32.const 1.5)
                    (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))))
        "#,
    );
    for index in 0..FUNCTIONS {
        let mut body = Body::new(Random::new(seed << 16 | index as u64));
        body.write();
        let locals: String = body.locals[PARAMETERS.len()..]
            .iter()
            .map(|ty| format!("{} ", ty.name()))
            .collect();
        let _ = writeln!(
            text,
            "(func (export \"f{index}\") (param i32 i64 f32 f64 i32) (local {locals})\n{})",
            body.text
        );
    }
    text.push(')');
    text
}

/// Returns the number of arguments of the call instruction at the beginning of `call`.
pub fn arguments(call: &[u8]) -> usize {
    match call[..2] {
        // A direct call of one of the functions before those that the test calls.
        [0x10, function] => [0, 2, 1, 0, 2, 2][usize::from(function)],
        // A call through a table or of a reference, with a type index.
        [0x11 | 0x14, ty] => [0, 2][usize::from(ty)],
        _ => panic!("no call: {call:x?}"),
    }
}

struct Body {
    random: Random,
    text: String,
    locals: Vec<Ty>,
    /// Types of the operand stack.
    stack: Vec<Ty>,
}

impl Body {
    fn new(mut random: Random) -> Body {
        let mut locals = PARAMETERS.to_vec();
        let more = if random.one_in(30) {
            5_000
        } else {
            random.below(6)
        };
        for _ in 0..more {
            locals.push(*random.pick(&[I32, I32, I64, F32, F64, V128, V128, Func]));
        }
        // The last local is a loop counter.
        locals.push(I32);
        Body {
            random,
            text: String::new(),
            locals,
            stack: Vec::new(),
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn write(&mut self) {
        for _ in 0..2 + self.random.below(22) {
            self.step();
        }
        self.trap();
    }

    /// Returns a random local of a type, most often one of the first four. Returns `None` if there
    /// is none.
    fn local(&mut self, ty: Ty) -> Option<usize> {
        let counter = self.locals.len() - 1;
        let all: Vec<usize> = (0..counter).filter(|&at| self.locals[at] == ty).collect();
        if all.is_empty() {
            return None;
        }
        let bound = if self.random.one_in(4) {
            all.len()
        } else {
            all.len().min(4)
        };
        Some(all[self.random.below(bound)])
    }

    /// Generates code that pushes a value of a type.
    fn push(&mut self, ty: Ty) {
        let local = self.local(ty);
        match (self.random.below(8), local) {
            (0..5, Some(local)) => self.line(&format!("local.get {local}")),
            (5, _) if ty != Func && ty != F32 => {
                self.line(&format!(
                    "global.get $g{}",
                    if ty == F64 { "f64" } else { ty.name() }
                ));
            }
            (6, _) if ty == I32 || ty == I64 => {
                // A sum that remains in an accumulator.
                self.constant(ty);
                self.push_local_or_constant(ty);
                self.line(&format!("{}.add", ty.name()));
            }
            _ => self.constant(ty),
        }
        self.stack.push(ty);
    }

    fn push_local_or_constant(&mut self, ty: Ty) {
        match self.local(ty) {
            Some(local) => self.line(&format!("local.get {local}")),
            None => self.constant(ty),
        }
    }

    fn constant(&mut self, ty: Ty) {
        let small = self.random.below(100) as i64 - 50;
        let any = self.random.bits() as i64;
        let value = if self.random.one_in(3) { any } else { small };
        let line = match ty {
            I32 => format!("i32.const {}", value as i32),
            I64 => format!("i64.const {value}"),
            F32 => format!("f32.const {}.25", value as i16),
            F64 => format!("f64.const {}.125", value as i32),
            V128 => {
                let other = self.random.bits() as i64;
                format!("v128.const i64x2 {value} {other}")
            }
            Func if value % 2 == 0 => "ref.null func".into(),
            Func => "ref.func $mix".into(),
        };
        self.line(&line);
    }

    /// Generates a random step that does not trap.
    fn step(&mut self) {
        let ty = *self
            .random
            .pick(&[I32, I32, I32, I64, F32, F64, V128, V128, Func]);
        match self.random.below(20) {
            0..6 => self.push(ty),
            6 | 7 => self.assign(),
            8..11 => {
                let ty = *self.random.pick(&[I32, I64, F32, F64, V128]);
                self.binary(ty);
            }
            11 => self.convert(),
            12 => self.load(),
            13 => self.store_global(),
            14 => {
                let ty = *self.random.pick(&[I32, I64, F64, V128]);
                self.push(ty);
                self.push(ty);
                self.push(I32);
                self.line("select");
                self.stack.truncate(self.stack.len() - 2);
            }
            15 => self.block(),
            16 => {
                if self.stack.pop().is_some() {
                    self.line("drop");
                }
            }
            _ => self.call(),
        }
    }

    fn assign(&mut self) {
        let Some(&ty) = self.stack.last() else { return };
        let Some(local) = self.local(ty) else { return };
        if self.random.one_in(2) {
            self.line(&format!("local.tee {local}"));
        } else {
            self.line(&format!("local.set {local}"));
            self.stack.pop();
        }
    }

    fn binary(&mut self, ty: Ty) {
        if self.stack.last() != Some(&ty) {
            self.push(ty);
        }
        self.push(ty);
        let op = match ty {
            I32 | I64 => *self
                .random
                .pick(&["add", "sub", "mul", "and", "xor", "shl", "lt_s", "eq"]),
            V128 => return self.vectors(),
            _ => *self
                .random
                .pick(&["add", "sub", "mul", "min", "lt", "copysign"]),
        };
        self.line(&format!("{}.{op}", ty.name()));
        self.stack.truncate(self.stack.len() - 2);
        let compares = matches!(op, "lt_s" | "eq" | "lt");
        self.stack.push(if compares { I32 } else { ty });
    }

    /// Generates an instruction with the two vectors on the stack.
    fn vectors(&mut self) {
        self.stack.pop();
        let op = *self.random.pick(&[
            "v128.xor",
            "v128.andnot",
            "i8x16.swizzle",
            "i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31",
            "i8x16.add",
            "i16x8.sub_sat_s",
            "i32x4.mul",
            "i32x4.lt_s",
            "i64x2.add",
            "i64x2.extmul_high_i32x4_u",
            "f32x4.convert_i32x4_s f32x4.add",
            "f64x2.convert_low_i32x4_u f64x2.max",
        ]);
        self.line(op);
    }

    fn convert(&mut self) {
        let (from, to, op) = *self.random.pick(&[
            (I32, I64, "i64.extend_i32_u"),
            (I32, I64, "i64.extend_i32_s"),
            (I64, I32, "i32.wrap_i64"),
            (I32, F64, "f64.convert_i32_s"),
            (F32, F64, "f64.promote_f32"),
            (F64, I32, "i32.trunc_sat_f64_s"),
            (I32, I32, "i32.eqz"),
            (F64, F64, "f64.neg"),
            (I32, V128, "i8x16.splat"),
            (I64, V128, "i64x2.splat"),
            (F32, V128, "f32x4.splat"),
            (F64, V128, "f64x2.splat"),
            (V128, V128, "v128.not"),
            (V128, V128, "i32.const 3 i16x8.shl"),
            (V128, V128, "i64.const -5 i64x2.replace_lane 1"),
            (V128, I32, "i8x16.extract_lane_s 5"),
            (V128, I32, "i32x4.bitmask"),
            (V128, I64, "i64x2.extract_lane 1"),
            (V128, F32, "f32x4.convert_i32x4_s f32x4.extract_lane 2"),
            (Func, I32, "ref.is_null"),
        ]);
        if self.stack.last() != Some(&from) {
            self.push(from);
        }
        self.line(op);
        self.stack.pop();
        self.stack.push(to);
    }

    fn load(&mut self) {
        self.push(I32);
        self.line("i32.const 1023\ni32.and");
        let (ty, op) = *self.random.pick(&[
            (I32, "i32.load8_u"),
            (I64, "i64.load32_s"),
            (V128, "v128.load"),
            (V128, "v128.load8x8_s"),
            (V128, "v128.load32_splat"),
            (V128, "v128.load64_zero"),
        ]);
        let offset = self.random.below(200);
        self.line(&format!("{op} offset={offset}"));
        self.stack.pop();
        self.stack.push(ty);
    }

    fn store_global(&mut self) {
        let ty = *self.random.pick(&[I32, I64, F64, V128]);
        if self.stack.last() != Some(&ty) {
            self.push(ty);
        }
        self.line(&format!("global.set $g{}", ty.name()));
        self.stack.pop();
    }

    fn block(&mut self) {
        let counter = self.locals.len() - 1;
        let ty = *self.random.pick(&[I32, I64, F32, V128]);
        if self.random.one_in(2) {
            self.push(I32);
            self.stack.pop();
            self.line(&format!("if (result {})", ty.name()));
            self.push_local_or_constant(ty);
            self.line("else");
            self.constant(ty);
            self.line("end");
            self.stack.push(ty);
        } else {
            let looked = if self.random.one_in(2) {
                "call $look"
            } else {
                ""
            };
            self.line(&format!(
                "i32.const 2 local.set {counter} loop {looked}
                local.get {counter} i32.const 1 i32.sub local.tee {counter} br_if 0 end"
            ));
        }
    }

    fn call(&mut self) {
        match self.random.below(7) {
            0 | 1 => self.line("call $look"),
            2 => {
                self.push(I64);
                self.push(I32);
                let callee = *self.random.pick(&[
                    "call $mix",
                    "call $host_mix",
                    "i32.const 2 call_indirect $table (type $mix)",
                    "ref.func $mix call_ref $mix",
                ]);
                self.line(callee);
                self.stack.truncate(self.stack.len() - 2);
                self.stack.push(I32);
            }
            3 => {
                self.push(F64);
                self.line("call $float");
            }
            4 => {
                let depth = self.random.below(4);
                self.line(&format!("i32.const {depth}"));
                self.push(F32);
                self.line("call $deep");
            }
            5 => self.line("call $unit"),
            _ => self.line("i32.const 3 call_indirect $table (type $unit)"),
        }
    }

    /// Generates an address that is out of bounds, in one of several ways.
    fn far_address(&mut self) {
        match self.random.below(6) {
            0 => {
                let address = -1 - self.random.below(90) as i32;
                self.line(&format!("i32.const {address}"));
            }
            1 => self.line("local.get 4 i32.const -65536 i32.or"),
            // The sum of two locals, which is fused with the access.
            2 => self.line(
                "i32.const -70000 local.set 0 i32.const 4000 local.set 4 local.get 0 local.get 4 i32.add",
            ),
            // The sum of the accumulator and a local.
            3 => self.line(
                "i32.const 4096 local.set 4 local.get 0 i32.const 1048576 i32.or local.get 4 i32.add",
            ),
            4 => self.line("i32.const -5 local.tee 4"),
            _ => self.line("local.get 0 i32.const 65535 i32.or i32.const -20 i32.or"),
        }
        self.stack.push(I32);
    }

    fn trap(&mut self) {
        let offset = *self.random.pick(&[0, 0, 1, 8, 1_000, 70_000]);
        match self.random.below(30).saturating_sub(8) {
            0..5 => {
                self.far_address();
                let op = *self.random.pick(&[
                    "i32.load",
                    "i64.load",
                    "f32.load",
                    "f64.load",
                    "i32.load8_s",
                    "i64.load16_u",
                    "v128.load",
                    "v128.load16x4_u",
                    "v128.load8_splat",
                ]);
                self.line(&format!("{op} offset={offset} drop unreachable"));
            }
            5..8 => {
                self.far_address();
                let (ty, op) = *self.random.pick(&[
                    (I32, "i32.store"),
                    (I64, "i64.store8"),
                    (F32, "f32.store"),
                    (F64, "f64.store"),
                    (V128, "v128.store"),
                ]);
                self.push(ty);
                self.line(&format!("{op} offset={offset}"));
            }
            8..11 => {
                let ty = *self.random.pick(&[I32, I64]);
                if self.stack.last() != Some(&ty) {
                    self.push(ty);
                }
                let zero = *self
                    .random
                    .pick(&["T.const 0", "T.const 9 T.const 9 T.sub", "L"]);
                let local = if ty == I32 { 0 } else { 1 };
                let zero = match zero {
                    "L" => format!("T.const 0 local.set {local} local.get {local}"),
                    other => other.into(),
                };
                let op = *self.random.pick(&["div_s", "div_u", "rem_s", "rem_u"]);
                let line = format!("{zero} T.{op} drop").replace('T', ty.name());
                self.line(&line);
            }
            11 => self
                .line("i32.const -2147483648 local.set 0 local.get 0 i32.const -1 i32.div_s drop"),
            12 => self.line("f64.const nan i64.trunc_f64_s drop"),
            13 => {
                self.push(F32);
                self.line("f32.const 1e30 f32.abs i32.trunc_f32_u drop");
            }
            14 => {
                self.push(I64);
                self.push(I32);
                let index = *self.random.pick(&[
                    "i32.const 99",
                    "i32.const 0",
                    "i32.const 1",
                    "local.get 0 i32.const 64 i32.or",
                ]);
                self.line(&format!("{index} call_indirect $table (type $mix) drop"));
            }
            15 => {
                self.push(I64);
                self.push(I32);
                self.line("ref.null $mix call_ref $mix drop");
            }
            16 => self.line("ref.null $unit ref.as_non_null drop"),
            17 => self.line("i32.const 8 table.get $table drop"),
            18 => {
                self.far_address();
                self.push(I32);
                self.line("i32.const 100 memory.fill");
            }
            19 => {
                self.push(I32);
                self.far_address();
                self.line("i32.const 70000 memory.copy");
            }
            20 => self.line("i64.const 65536 i64.load $wide offset=3 drop"),
            _ => self.line("i32.const 0 i32.const 5 i32.const 9 memory.init $passive"),
        }
        self.line("unreachable");
    }
}
