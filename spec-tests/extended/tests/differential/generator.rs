//! Random modules with nested expressions, which run for long and seldom trap.
//!
//! `wasm-smith` generates all instructions, but its code ends early, mostly by a trap. Here
//! addresses are in bounds, loops terminate, and operands are whole trees that contain assignments,
//! so that locals change while aliases of them are on the operand stack. Exceptions are thrown and
//! caught everywhere, so that the locals and operands in handlers are compared. There are typed
//! function references, too, which `wasm-smith` generates only together with garbage-collected
//! structures.

use super::operators::{ACCESSES, LANES, OPERATORS, PARTIAL, vectors};
use super::random::Random;
use std::fmt::Write;

/// Type of a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ty {
    /// A number.
    I32,
    /// A number.
    I64,
    /// A number.
    F32,
    /// A number.
    F64,
    /// A vector.
    V128,
    /// A nullable reference to a function of one of the module's types.
    Typed(usize),
    /// A nullable reference to any function.
    Funcref,
}

use Ty::{F32, F64, Funcref, I32, I64, Typed, V128};

impl Ty {
    fn text(self) -> String {
        match self {
            I32 => "i32".into(),
            I64 => "i64".into(),
            F32 => "f32".into(),
            F64 => "f64".into(),
            V128 => "v128".into(),
            Typed(ty) => format!("(ref null $t{ty})"),
            Funcref => "funcref".into(),
        }
    }

    /// Returns the type with a name.
    fn named(name: &str) -> Ty {
        match name {
            "i32" => I32,
            "i64" => I64,
            "f32" => F32,
            "v128" => V128,
            _ => F64,
        }
    }

    /// Returns whether this is the type of a number or a vector.
    fn is_numeric(self) -> bool {
        !matches!(self, Typed(_) | Funcref)
    }
}

/// Types of numbers and vectors.
const NUMERIC: [Ty; 5] = [I32, I64, F32, F64, V128];

struct Signature {
    params: Vec<Ty>,
    results: Vec<Ty>,
}

/// Returns a seed's module.
pub fn program(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::new(seed.wrapping_mul(0x1_0001).wrapping_add(77));
    let mut signatures: Vec<Signature> = Vec::new();
    for index in 0..5 {
        let params = random.below(6);
        let results = random.below(4);
        let signature = Signature {
            params: (0..params).map(|_| any(&mut random, index)).collect(),
            results: (0..results).map(|_| any(&mut random, index)).collect(),
        };
        signatures.push(signature);
    }
    signatures.push(Signature {
        params: vec![I32],
        results: vec![I32],
    });
    signatures.push(Signature {
        params: vec![I64, F32, I32],
        results: vec![F64, I64],
    });
    let count = 3 + random.below(6);
    // Each type has at least one function: first the host's two, then one per type.
    let mut functions = vec![5, 6];
    functions.extend(0..signatures.len());
    functions.extend((0..count).map(|_| random.below(signatures.len())));
    let mut module = Module {
        random,
        signatures,
        functions,
        text: String::new(),
    };
    module.write();
    let bytes = wat::parse_str(&module.text)
        .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", module.text));
    Some(bytes)
}

/// Returns a random type. Typed references use the first `known` types of the module.
fn any(random: &mut Random, known: usize) -> Ty {
    match random.below(14) {
        12 | 13 => V128,
        0..4 => I32,
        4..7 => I64,
        7 => F32,
        8 | 9 => F64,
        10 if known > 0 => Typed(random.below(known)),
        _ => Funcref,
    }
}

struct Module {
    random: Random,
    signatures: Vec<Signature>,
    functions: Vec<usize>,
    text: String,
}

/// State of the function under construction.
struct Body {
    locals: Vec<Ty>,
    results: Vec<Ty>,
    /// Type of the value that a branch to each label carries, and whether the label is a loop's.
    labels: Vec<(Option<Ty>, bool)>,
    /// Number of expressions that may still be generated.
    budget: usize,
}

impl Module {
    fn write(&mut self) {
        self.text.push_str("(module\n");
        for (index, signature) in self.signatures.iter().enumerate() {
            let (params, results) = (list(&signature.params), list(&signature.results));
            let _ = writeln!(
                self.text,
                "(type $t{index} (func (param {params}) (result {results})))"
            );
        }
        self.text.push_str(
            r#"(import "host" "number" (func $f0 (type $t5)))
            (import "host" "pair" (func $f1 (type $t6)))
            (memory (export "memory") 1 3) (memory $m1 (export "wide") i64 1 2)
            (global $gi32 (export "gi32") (mut i32) (i32.const 5))
            (global $gi64 (export "gi64") (mut i64) (i64.const -5))
            (global $gf32 (export "gf32") (mut f32) (f32.const 0.5))
            (global $gf64 (export "gf64") (mut f64) (f64.const -0.5))
            (global $gv128 (export "gv128") (mut v128) (v128.const i32x4 1 -2 3 -4))
            (tag $ei32 (param i32)) (tag $ei64 (param i64))
            (tag $ef32 (param f32)) (tag $ef64 (param f64)) (tag $ev128 (param v128))
            "#,
        );
        let all: Vec<String> = (0..self.functions.len())
            .map(|index| format!("$f{index}"))
            .collect();
        let _ = writeln!(
            self.text,
            "(table $table (export \"table\") 32 40 funcref) (elem (i32.const 0) func {})",
            all.join(" ")
        );
        for index in 2..self.functions.len() {
            self.function(index);
        }
        for ty in NUMERIC.map(Ty::text) {
            let _ = writeln!(
                self.text,
                "(func $throw_{ty} (param i32 {ty}) (if (i32.eq (i32.and (local.get 0) \
                 (i32.const 3)) (i32.const 3)) (then (throw $e{ty} (local.get 1)))))"
            );
        }
        self.text.push_str(")\n");
    }

    fn function(&mut self, index: usize) {
        let ty = self.functions[index];
        let signature = &self.signatures[ty];
        let (mut locals, results) = (signature.params.clone(), signature.results.clone());
        // The host cannot pass typed function references.
        let export = locals.iter().all(|ty| !matches!(ty, Typed(_)));
        let name = if export {
            format!("(export \"f{index}\")")
        } else {
            String::new()
        };
        let params = locals.len();
        let more = if self.random.one_in(20) {
            300
        } else {
            2 + self.random.below(8)
        };
        for _ in 0..more {
            let ty = any(&mut self.random, self.signatures.len());
            locals.push(ty);
        }
        // The counters of loops are the last locals, which other code does not assign.
        let counters = 40;
        let _ = write!(
            self.text,
            "(func $f{index} {name} (type $t{ty}) (local {}) (local {})",
            list(&locals[params..]),
            "i32 ".repeat(counters)
        );
        let budget = 40 + self.random.below(150);
        let mut body = Body {
            locals,
            results,
            labels: Vec::new(),
            budget,
        };
        let mut code = String::new();
        let statements = 1 + self.random.below(6);
        for _ in 0..statements {
            let statement = self.statement(&mut body, 0);
            code.push_str(&statement);
        }
        if self.random.one_in(4) {
            code.push_str(&self.tail_call(&mut body));
        } else {
            for ty in body.results.clone() {
                code.push_str(&self.expression(&mut body, ty, 0));
            }
        }
        let _ = writeln!(self.text, "{code})");
    }

    /// Generates a tail call of a function with the same results, or a return.
    fn tail_call(&mut self, body: &mut Body) -> String {
        let fits = |&index: &usize| self.signatures[self.functions[index]].results == body.results;
        let callees: Vec<usize> = (0..self.functions.len()).filter(fits).collect();
        if callees.is_empty() {
            return self.return_(body);
        }
        let callee = *self.random.pick(&callees);
        let ty = self.functions[callee];
        let arguments = self.arguments(body, ty, 2);
        match self.random.below(3) {
            0 => format!("(return_call $f{callee} {arguments})"),
            1 => format!(
                "(return_call_indirect $table (type $t{ty}) {arguments} (i32.const {callee}))"
            ),
            _ => format!("(return_call_ref $t{ty} {arguments} (ref.func $f{callee}))"),
        }
    }

    fn return_(&mut self, body: &mut Body) -> String {
        let mut code = String::from("(return ");
        for ty in body.results.clone() {
            code.push_str(&self.expression(body, ty, 3));
        }
        code + ")"
    }

    fn arguments(&mut self, body: &mut Body, ty: usize, depth: usize) -> String {
        let params = self.signatures[ty].params.clone();
        params
            .into_iter()
            .map(|ty| self.expression(body, ty, depth + 1))
            .collect()
    }

    fn local(&mut self, body: &Body, ty: Ty) -> Option<usize> {
        let found: Vec<usize> = (0..body.locals.len())
            .filter(|&index| body.locals[index] == ty)
            .collect();
        (!found.is_empty()).then(|| *self.random.pick(&found))
    }

    /// Generates a call. Returns its text and the types of its results.
    fn call(&mut self, body: &mut Body, depth: usize) -> (String, Vec<Ty>) {
        let callee = self.random.below(self.functions.len());
        let ty = self.functions[callee];
        let arguments = self.arguments(body, ty, depth);
        let code = match self.random.below(6) {
            0 => format!("(call_indirect $table (type $t{ty}) {arguments} (i32.const {callee}))"),
            1 => format!("(call_ref $t{ty} {arguments} (ref.func $f{callee}))"),
            2 if self.random.one_in(4) => {
                let reference = self.expression(body, Typed(ty), depth + 1);
                format!("(call_ref $t{ty} {arguments} {reference})")
            }
            3 if self.random.one_in(8) => {
                let index = self.expression(body, I32, depth + 1);
                format!(
                    "(call_indirect $table (type $t{ty}) {arguments} \
                     (i32.and {index} (i32.const 31)))"
                )
            }
            _ => format!("(call $f{callee} {arguments})"),
        };
        (code, self.signatures[ty].results.clone())
    }

    fn address(&mut self, body: &mut Body, depth: usize) -> (String, String) {
        let offset = match self.random.below(4) {
            0 => format!("offset={}", self.random.below(60_000) / 2),
            _ => String::new(),
        };
        if self.random.one_in(4) {
            let address = self.expression(body, I64, depth + 1);
            return (
                format!("$m1 {offset}"),
                format!("(i64.and {address} (i64.const {}))", 0x3fff),
            );
        }
        let address = self.expression(body, I32, depth + 1);
        if self.random.one_in(40) {
            return (offset, address);
        }
        (
            offset,
            format!("(i32.and {address} (i32.const {}))", 0x3fff),
        )
    }

    fn constant(&mut self, ty: Ty) -> String {
        match ty {
            I32 => format!("(i32.const {})", self.random.value_32() as i32),
            I64 => format!("(i64.const {})", self.random.value_64() as i64),
            F32 => format!(
                "(f32.reinterpret_i32 (i32.const {}))",
                self.random.value_32() as i32
            ),
            F64 => match self.random.below(3) {
                0 => format!("(f64.const {})", self.random.below(1000) as f64 / 8.0),
                _ => format!(
                    "(f64.reinterpret_i64 (i64.const {}))",
                    self.random.value_64() as i64
                ),
            },
            V128 => match self.random.below(2) {
                0 => {
                    let [a, b, c, d] = [0; 4].map(|_| self.random.value_32());
                    format!("(v128.const i32x4 {a:#x} {b:#x} {c:#x} {d:#x})")
                }
                _ => {
                    let [a, b] = [0; 2].map(|_| self.random.value_64());
                    format!("(v128.const i64x2 {a:#x} {b:#x})")
                }
            },
            Funcref if self.random.one_in(3) => "(ref.null func)".into(),
            Funcref => format!("(ref.func $f{})", self.random.below(self.functions.len())),
            Typed(ty) if self.random.one_in(4) => format!("(ref.null $t{ty})"),
            Typed(ty) => {
                let fits = |&index: &usize| self.functions[index] == ty;
                let found: Vec<usize> = (0..self.functions.len()).filter(fits).collect();
                format!("(ref.func $f{})", self.random.pick(&found))
            }
        }
    }

    fn leaf(&mut self, body: &mut Body, ty: Ty) -> String {
        match self.random.below(8) {
            0 => self.constant(ty),
            1 if ty.is_numeric() => format!("(global.get $g{})", ty.text()),
            _ => match self.local(body, ty) {
                Some(local) => format!("(local.get {local})"),
                None => self.constant(ty),
            },
        }
    }

    /// Generates an expression of a type.
    fn expression(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        if body.budget == 0 || depth > 7 || self.random.one_in(4) {
            return self.leaf(body, ty);
        }
        body.budget -= 1;
        match self.random.below(25) {
            24 => self.try_(body, ty, depth),
            0 | 1 => match self.local(body, ty) {
                Some(local) => {
                    format!(
                        "(local.tee {local} {})",
                        self.expression(body, ty, depth + 1)
                    )
                }
                None => self.leaf(body, ty),
            },
            2 => {
                let [a, b] = [0; 2].map(|_| self.expression(body, ty, depth + 1));
                let condition = self.expression(body, I32, depth + 1);
                let typed = if ty.is_numeric() {
                    String::new()
                } else {
                    format!("(result {})", ty.text())
                };
                format!("(select {typed} {a} {b} {condition})")
            }
            3 | 4 => {
                let condition = self.expression(body, I32, depth + 1);
                body.labels.push((Some(ty), false));
                let [a, b] = [0; 2].map(|_| {
                    let statement = self.statement(body, depth + 1);
                    statement + &self.expression(body, ty, depth + 1)
                });
                body.labels.pop();
                format!(
                    "(if (result {}) {condition} (then {a}) (else {b}))",
                    ty.text()
                )
            }
            5 | 6 => {
                body.labels.push((Some(ty), false));
                let statement = self.statement(body, depth + 1);
                let value = self.expression(body, ty, depth + 1);
                let condition = self.expression(body, I32, depth + 1);
                let other = self.expression(body, ty, depth + 1);
                body.labels.pop();
                let exit = match self.random.below(3) {
                    0 => format!("{value} (br_if 0 {condition}) (drop) {other}"),
                    1 => format!("(br_table 0 0 {value} {condition})"),
                    _ => value,
                };
                format!("(block (result {}) {statement} {exit})", ty.text())
            }
            7 | 8 => {
                body.labels.push((Some(ty), false));
                let (call, results) = self.call(body, depth);
                let other = self.expression(body, ty, depth + 1);
                body.labels.pop();
                let Some(at) = results.iter().position(|&result| result == ty) else {
                    let drops = "(drop) ".repeat(results.len());
                    return format!("(block (result {}) {call} {drops} {other})", ty.text());
                };
                let after = "(drop) ".repeat(results.len() - 1 - at);
                match self.local(body, ty) {
                    Some(local) => {
                        let before = "(drop) ".repeat(at);
                        format!(
                            "(block (result {}) {call} {after} (local.set {local}) {before} \
                             (local.get {local}))",
                            ty.text()
                        )
                    }
                    None if at == 0 => {
                        format!("(block (result {}) {call} {after})", ty.text())
                    }
                    None => {
                        let drops = "(drop) ".repeat(at + 1);
                        let value = self.leaf(body, ty);
                        format!(
                            "(block (result {}) {call} {after} {drops} {value})",
                            ty.text()
                        )
                    }
                }
            }
            _ if !ty.is_numeric() => match self.random.below(3) {
                0 if ty == Funcref => {
                    let index = self.expression(body, I32, depth + 1);
                    format!("(table.get $table (i32.and {index} (i32.const 31)))")
                }
                _ => self.leaf(body, ty),
            },
            9..=11 => {
                let found: Vec<_> = ACCESSES.iter().filter(|access| access.0 == ty).collect();
                let (_, load, _) = **self.random.pick(&found);
                let (memory, address) = self.address(body, depth);
                if ty == V128 && self.random.one_in(3) {
                    let (load, _, lanes) = *self.random.pick(LANES);
                    let lane = self.random.below(lanes);
                    let vector = self.expression(body, V128, depth + 1);
                    return format!("({load} {memory} {lane} {address} {vector})");
                }
                format!("({load} {memory} {address})")
            }
            12 if ty == I32 => match self.random.below(5) {
                0 => "(memory.size)".into(),
                1 => "(table.size $table)".into(),
                2 if self.random.one_in(3) => "(memory.grow (i32.const 1))".into(),
                _ => {
                    let reference = any_reference(&mut self.random, self.signatures.len());
                    format!(
                        "(ref.is_null {})",
                        self.expression(body, reference, depth + 1)
                    )
                }
            },
            13 if ty == I64 => {
                body.labels.push((Some(I64), false));
                let parts = [0; 4].map(|_| self.expression(body, I64, depth + 1));
                body.labels.pop();
                let (op, count) = *self.random.pick(&[
                    ("i64.add128", 4),
                    ("i64.sub128", 4),
                    ("i64.mul_wide_s", 2),
                    ("i64.mul_wide_u", 2),
                ]);
                let join = if self.random.one_in(2) {
                    "i64.xor"
                } else {
                    "i64.sub"
                };
                let parts = parts[..count].join(" ");
                format!("(block (result i64) ({op} {parts}) ({join}))")
            }
            14 if self.random.one_in(4) => self.operator(body, ty, PARTIAL, depth),
            15 | 16 => self.operator(body, ty, &vectors(), depth),
            _ if ty == V128 => self.operator(body, ty, &vectors(), depth),
            _ => self.operator(body, ty, OPERATORS, depth),
        }
    }

    /// Generates an expression that catches exceptions thrown in it.
    fn try_(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        let result = ty.text();
        body.labels.push((Some(ty), false));
        if ty.is_numeric() && self.random.one_in(2) {
            let tag = ty.text();
            body.labels.push((Some(ty), false));
            let statements = self.statement(body, depth + 1) + &self.statement(body, depth + 1);
            let value = self.expression(body, ty, depth + 1);
            body.labels.truncate(body.labels.len() - 2);
            return format!(
                "(block (result {result}) (try_table (result {result}) (catch $e{tag} 0) \
                 {statements} {value}))"
            );
        }
        // Marked as loops, so that no random branch targets these labels.
        body.labels.extend([(None, true), (None, false)]);
        let statements = self.statement(body, depth + 1) + &self.statement(body, depth + 1);
        let value = self.expression(body, ty, depth + 1);
        body.labels.truncate(body.labels.len() - 2);
        let other = self.expression(body, ty, depth + 1);
        body.labels.pop();
        match self.random.below(3) {
            0 => format!(
                "(block (result {result}) (block (try_table (catch_all 0) \
                 {statements} (br 2 {value}))) {other})"
            ),
            1 => format!(
                "(block (result {result}) (block (result exnref) (try_table (catch_all_ref 0) \
                 {statements} (br 2 {value})) (unreachable)) (throw_ref))"
            ),
            _ => format!(
                "(block (result {result}) (block (result i64 exnref) (try_table \
                 (catch_ref $ei64 0) {statements} (br 2 {value})) (unreachable)) (drop) (drop) \
                 {other})"
            ),
        }
    }

    fn operator(&mut self, body: &mut Body, ty: Ty, operators: &str, depth: usize) -> String {
        let gives = |operator: &&str| operator.rsplit(' ').next().map(Ty::named) == Some(ty);
        let found: Vec<&str> = operators
            .split(',')
            .map(str::trim)
            .filter(gives)
            .filter(|name| !name.is_empty())
            .collect();
        if found.is_empty() {
            return self.leaf(body, ty);
        }
        let mut words = self.random.pick(&found).split(' ');
        let name = words.next().unwrap_or("");
        let mut operands: Vec<&str> = words.collect();
        let result = operands.pop().unwrap_or("");
        // The names of comparisons begin with the type of the operands, those of vectors with the
        // shape, all others with the type of the result.
        let compares = ["eq", "ne", "lt", "gt", "le", "ge"].iter().any(|word| {
            name.strip_prefix(word)
                .is_some_and(|rest| matches!(rest, "" | "_s" | "_u" | "z"))
        });
        let family = if compares { operands[0] } else { result };
        let mut code = if name.contains('.') {
            format!("({}", self.immediates(name))
        } else {
            format!("({family}.{name}")
        };
        for operand in operands {
            code.push_str(&self.expression(body, Ty::named(operand), depth + 1));
        }
        code + ")"
    }

    /// Replaces the mark of lanes in a vector instruction's name by immediates.
    fn immediates(&mut self, name: &str) -> String {
        let Some((name, lanes)) = name.split_once('#') else {
            return name.into();
        };
        let (lanes, times) = lanes.split_once('x').unwrap_or((lanes, "1"));
        let number = |text: &str| text.parse::<usize>().expect("a number of lanes");
        let mut code = String::from(name);
        for _ in 0..number(times) {
            let _ = write!(code, " {}", self.random.below(number(lanes)));
        }
        code
    }

    /// Generates a statement.
    fn statement(&mut self, body: &mut Body, depth: usize) -> String {
        if body.budget == 0 || depth > 7 {
            return String::new();
        }
        body.budget -= 1;
        match self.random.below(21) {
            20 => {
                let ty = *self.random.pick(&NUMERIC);
                let condition = self.expression(body, I32, depth + 1);
                let value = self.expression(body, ty, depth + 1);
                format!("{condition} {value} (call $throw_{})", ty.text())
            }
            0..5 => {
                let local = self.random.below(body.locals.len());
                let ty = body.locals[local];
                format!(
                    "(local.set {local} {})",
                    self.expression(body, ty, depth + 1)
                )
            }
            5 => {
                let ty = *self.random.pick(&NUMERIC);
                let value = self.expression(body, ty, depth + 1);
                format!("(global.set $g{} {value})", ty.text())
            }
            6..9 => {
                let (ty, _, store) = *self.random.pick(ACCESSES);
                let (memory, address) = self.address(body, depth);
                let value = self.expression(body, ty, depth + 1);
                if ty == V128 && self.random.one_in(3) {
                    let (_, store, lanes) = *self.random.pick(LANES);
                    let lane = self.random.below(lanes);
                    return format!("({store} {memory} {lane} {address} {value})");
                }
                format!("({store} {memory} {address} {value})")
            }
            9 | 10 => {
                let condition = self.expression(body, I32, depth + 1);
                body.labels.push((None, false));
                let mut code = format!("(if {condition} (then ");
                code.push_str(&self.statement(body, depth + 1));
                code.push_str(&self.statement(body, depth + 1));
                if self.random.one_in(2) {
                    code.push_str(") (else ");
                    code.push_str(&self.statement(body, depth + 1));
                }
                body.labels.pop();
                code + "))"
            }
            11..14 => self.loop_(body, depth),
            14 => {
                body.labels.push((None, false));
                let first = self.statement(body, depth + 1);
                let leave = self.leave(body, depth + 1);
                let second = self.statement(body, depth + 1);
                body.labels.pop();
                format!("(block {first} {leave} {second})")
            }
            15 => {
                let reference = Typed(self.random.below(self.signatures.len()));
                // Marked as a loop, so that no random branch targets the label.
                body.labels.push((None, true));
                let value = self.expression(body, reference, depth + 1);
                let statement = self.statement(body, depth + 1);
                body.labels.pop();
                let Typed(ty) = reference else {
                    return String::new();
                };
                match self.random.below(2) {
                    0 => format!("(block {value} (br_on_null 0) (drop) {statement})"),
                    _ => format!(
                        "(block (result (ref $t{ty})) {value} (br_on_non_null 0) {statement} \
                         {}) (drop)",
                        self.non_null(ty)
                    ),
                }
            }
            16 if self.random.one_in(3) => {
                let index = self.expression(body, I32, depth + 1);
                let value = self.expression(body, Funcref, depth + 1);
                // Only the upper half is changed, so that most indirect calls succeed.
                format!(
                    "(table.set $table (i32.or (i32.and {index} (i32.const 7)) (i32.const 24)) {value})"
                )
            }
            17 if self.random.one_in(6) => self.return_(body),
            18 => {
                let (call, results) = self.call(body, depth);
                let mut code = call;
                for ty in results.into_iter().rev() {
                    match self.local(body, ty) {
                        Some(local) => {
                            let _ = write!(code, "(local.set {local})");
                        }
                        None => code.push_str("(drop)"),
                    }
                }
                code
            }
            _ => {
                let ty = any(&mut self.random, self.signatures.len());
                format!("(drop {})", self.expression(body, ty, depth + 1))
            }
        }
    }

    fn non_null(&mut self, ty: usize) -> String {
        let fits = |&index: &usize| self.functions[index] == ty;
        let found: Vec<usize> = (0..self.functions.len()).filter(fits).collect();
        format!("(ref.func $f{})", self.random.pick(&found))
    }

    /// Generates a loop of a few rounds.
    fn loop_(&mut self, body: &mut Body, depth: usize) -> String {
        let open = body.labels.iter().filter(|label| label.1).count();
        if open >= 3 {
            return String::new();
        }
        // There is a counter for each depth of nested loops.
        let counter = body.locals.len() + open;
        let rounds = 1 + self.random.below(6);
        body.labels.push((None, true));
        let mut code = format!("(local.set {counter} (i32.const {rounds})) (loop ");
        let statements = 1 + self.random.below(3);
        for _ in 0..statements {
            code.push_str(&self.statement(body, depth + 1));
        }
        body.labels.pop();
        let _ = write!(
            code,
            "(br_if 0 (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"
        );
        code
    }

    /// Generates a branch to an enclosing label that is not a loop's.
    fn leave(&mut self, body: &mut Body, depth: usize) -> String {
        let count = body.labels.len();
        let label = self.random.below(count);
        let (ty, is_loop) = body.labels[count - 1 - label];
        if is_loop {
            return String::new();
        }
        let condition = self.expression(body, I32, depth + 1);
        match ty {
            None if self.random.one_in(3) && body.labels.last() == Some(&(None, false)) => {
                format!("(br_table 0 {label} {condition})")
            }
            None => format!("(br_if {label} {condition})"),
            Some(ty) => {
                let value = self.expression(body, ty, depth + 1);
                format!("(br_if {label} {value} {condition}) (drop)")
            }
        }
    }
}

fn any_reference(random: &mut Random, known: usize) -> Ty {
    if random.one_in(2) {
        Funcref
    } else {
        Typed(random.below(known))
    }
}

fn list(types: &[Ty]) -> String {
    let types: Vec<String> = types.iter().map(|ty| ty.text()).collect();
    types.join(" ")
}
