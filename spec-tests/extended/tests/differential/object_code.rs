//! Code of random modules with objects.

use super::object_types::{Field, Heap, NUMERIC, Ty, Types};
use super::random::Random;
use Heap::{Any, Closure, Object};
use Ty::{F32, F64, I32, I64, Ref, V128};
use std::fmt::Write;

/// Number of bytes of the data segment.
pub const DATA: usize = 64;
/// Number of items of the element segment, which are of type `anyref`.
pub const ITEMS: usize = 6;
/// Number of elements of each table.
pub const ELEMENTS: usize = 6;

/// Tags, as the types of their payload.
pub const TAGS: [[Ty; 2]; 3] = [
    [Ref(Any, true), I32],
    [Ref(Object(0), true), V128],
    [Ref(Heap::Extern, true), I64],
];

/// Type of the elements of each table.
pub const TABLES: [Ty; 3] = [
    Ref(Any, true),
    Ref(Heap::Extern, true),
    Ref(Object(1), true),
];

/// Parameters and results of a function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Types of the parameters.
    pub params: Vec<Ty>,
    /// Types of the results.
    pub results: Vec<Ty>,
}

/// The state that the generators of all functions of a module share.
pub struct Context {
    /// Source of choices.
    pub random: Random,
    /// Types of objects.
    pub types: Types,
    /// Types of globals.
    pub globals: Vec<Ty>,
    /// Signatures of functions. Functions call those after them.
    pub functions: Vec<Signature>,
    /// Number of functions of the type `$closure`.
    pub closures: usize,
}

/// State of the function under construction.
pub struct Body {
    /// Types of the parameters and locals that code assigns.
    locals: Vec<Ty>,
    params: usize,
    /// Types of locals that hold a value for a moment, and which value of that type it is.
    scratch: Vec<(Ty, usize)>,
    /// Index of the first function that may be called.
    first_callee: usize,
    /// Number of expressions that may still be generated.
    budget: usize,
    labels: usize,
    loops: usize,
}

impl Body {
    /// Creates the state of a function that calls those from `first_callee` on.
    pub fn new(params: &[Ty], first_callee: usize, budget: usize) -> Body {
        Body {
            locals: params.to_vec(),
            params: params.len(),
            scratch: Vec::new(),
            first_callee,
            budget,
            labels: 0,
            loops: 0,
        }
    }

    /// Adds a local.
    pub fn add_local(&mut self, ty: Ty) {
        self.locals.push(ty);
    }

    /// Returns the declarations of locals.
    pub fn locals(&self) -> String {
        let mut text = String::new();
        for ty in &self.locals[self.params..] {
            let _ = write!(text, "(local {})", ty.text());
        }
        for (index, (ty, _)) in self.scratch.iter().enumerate() {
            let _ = write!(text, "(local $x{index} {})", ty.text());
        }
        text + "(local $exn exnref) (local $n0 i32) (local $n1 i32)"
    }

    /// Returns the name of a local that holds a value until the next expression.
    pub fn scratch(&mut self, ty: Ty, number: usize) -> String {
        let wanted = (ty.nullable(), number);
        let found = self.scratch.iter().position(|&held| held == wanted);
        let index = found.unwrap_or_else(|| {
            self.scratch.push(wanted);
            self.scratch.len() - 1
        });
        format!("$x{index}")
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("$l{}", self.labels)
    }
}

impl Context {
    /// Returns a constant of a numeric type.
    fn number(&mut self, ty: Ty) -> String {
        match ty {
            I32 => format!("(i32.const {})", self.random.value_32() as i32),
            I64 => format!("(i64.const {})", self.random.value_64() as i64),
            F32 => format!("(f32.const {})", self.random.below(99) as f32 / 4.0),
            F64 => format!("(f64.const {})", self.random.below(9999) as f64 / 8.0),
            _ => {
                let [a, b] = [0; 2].map(|_| self.random.value_64());
                format!("(v128.const i64x2 {a:#x} {b:#x})")
            }
        }
    }

    /// Returns a constant expression of a type, which refers to no local.
    pub fn constant(&mut self, ty: Ty) -> String {
        let Ref(heap, is_nullable) = ty else {
            return self.number(ty);
        };
        if is_nullable && self.random.one_in(3) {
            return format!("(ref.null {})", heap.bottom());
        }
        match heap {
            Any | Heap::Eq if self.random.one_in(2) => {
                let ty = self.random.below(self.types.0.len());
                self.constant(Ref(Object(ty), false))
            }
            Any | Heap::Eq | Heap::I31 => {
                format!("(ref.i31 (i32.const {}))", self.random.value_32() as i32)
            }
            Heap::Struct => self.constant(Ref(Object(0), false)),
            Heap::Array => self.constant(Ref(Object(1), false)),
            Heap::Extern => {
                format!("(extern.convert_any {})", self.constant(Ref(Any, false)))
            }
            Heap::Func | Closure => format!("(ref.func $c{})", self.random.below(self.closures)),
            Object(index) => {
                let ty = self.types.0[index].clone();
                let count = self.random.below(5);
                match (ty.is_array, ty.is_defaultable() && self.random.one_in(2)) {
                    (false, true) => format!("(struct.new_default $t{index})"),
                    (true, true) => format!("(array.new_default $t{index} (i32.const {count}))"),
                    (false, false) => {
                        // Only what must not be null, so that the expression ends.
                        let fields: String =
                            ty.fields.iter().map(|field| self.shallow(*field)).collect();
                        format!("(struct.new $t{index} {fields})")
                    }
                    (true, false) => {
                        let element = self.shallow(ty.fields[0]);
                        format!("(array.new $t{index} {element} (i32.const {count}))")
                    }
                }
            }
        }
    }

    fn shallow(&mut self, field: Field) -> String {
        match field.ty {
            Ref(heap, true) => format!("(ref.null {})", heap.bottom()),
            ty => self.constant(ty),
        }
    }

    fn leaf(&mut self, body: &mut Body, ty: Ty) -> String {
        let choice = self.random.below(8);
        if choice < 5 {
            let fits = |&index: &usize| self.types.fits(body.locals[index], ty);
            let found: Vec<usize> = (0..body.locals.len()).filter(fits).collect();
            if !found.is_empty() {
                return format!("(local.get {})", self.random.pick(&found));
            }
        } else if choice == 5 {
            let fits = |&index: &usize| self.types.fits(self.globals[index], ty);
            let found: Vec<usize> = (0..self.globals.len()).filter(fits).collect();
            if !found.is_empty() {
                return format!("(global.get $g{})", self.random.pick(&found));
            }
        }
        self.constant(ty)
    }

    /// Generates an expression of a type.
    pub fn value(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        if body.budget == 0 || depth > 5 || self.random.one_in(5) {
            return self.leaf(body, ty);
        }
        body.budget -= 1;
        match self.random.below(24) {
            0 => {
                let is_same = |&index: &usize| body.locals[index] == ty;
                let found: Vec<usize> = (0..body.locals.len()).filter(is_same).collect();
                if found.is_empty() {
                    return self.leaf(body, ty);
                }
                let local = *self.random.pick(&found);
                format!("(local.tee {local} {})", self.value(body, ty, depth + 1))
            }
            1 => {
                let [a, b] = [0; 2].map(|_| self.value(body, ty, depth + 1));
                let condition = self.value(body, I32, depth + 1);
                format!("(select (result {}) {a} {b} {condition})", ty.text())
            }
            2 | 3 => {
                let condition = self.value(body, I32, depth + 1);
                let [a, b] = [0; 2]
                    .map(|_| self.statement(body, depth + 1) + &self.value(body, ty, depth + 1));
                let result = ty.text();
                format!("(if (result {result}) {condition} (then {a}) (else {b}))")
            }
            4 => {
                let label = body.label();
                let statement = self.statement(body, depth + 1);
                let [a, b] = [0; 2].map(|_| self.value(body, ty, depth + 1));
                let condition = self.value(body, I32, depth + 1);
                format!(
                    "(block {label} (result {}) {statement} {a} (br_if {label} {condition}) \
                     (drop) {b})",
                    ty.text()
                )
            }
            5 => self.try_(body, ty, depth),
            6 | 7 => self.call(body, ty, depth),
            8..14 => self.read(body, ty, depth),
            _ => match ty {
                Ref(heap, is_nullable) => self.reference(body, heap, is_nullable, depth),
                _ => self.operation(body, ty, depth),
            },
        }
    }

    /// Generates a read of a field, an element, a table or a global.
    fn read(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        if self.random.one_in(5) {
            let fits = |&table: &usize| self.types.fits(TABLES[table], ty);
            let found: Vec<usize> = (0..TABLES.len()).filter(fits).collect();
            if !found.is_empty() {
                let index = self.value(body, I32, depth + 1);
                return format!(
                    "(table.get $table{} (i32.rem_u {index} (i32.const {ELEMENTS})))",
                    self.random.pick(&found)
                );
            }
        }
        let mut found = Vec::new();
        for (index, object) in self.types.0.iter().enumerate() {
            for (number, field) in object.fields.iter().enumerate() {
                if self.types.fits(field.ty, ty) {
                    found.push((index, number, *field));
                }
            }
        }
        if found.is_empty() {
            return self.leaf(body, ty);
        }
        let (index, number, field) = *self.random.pick(&found);
        let sign = match field.packed {
            Some(_) => *self.random.pick(&["_s", "_u"]),
            None => "",
        };
        let object = self.value(body, Ref(Object(index), true), depth + 1);
        let is_array = self.types.0[index].is_array;
        let result = ty.text();
        if self.random.one_in(20) {
            // Traps if the reference is null or the index out of bounds.
            return match is_array {
                false => format!("(struct.get{sign} $t{index} {number} {object})"),
                true => {
                    let element = self.value(body, I32, depth + 1);
                    format!("(array.get{sign} $t{index} {object} {element})")
                }
            };
        }
        let held = body.scratch(Ref(Object(index), true), 0);
        if !is_array {
            let other = self.constant(ty);
            return format!(
                "{object} (local.set {held}) (if (result {result}) (ref.is_null (local.get {held})) \
                 (then {other}) (else (struct.get{sign} $t{index} {number} (local.get {held}))))"
            );
        }
        let element = self.value(body, I32, depth + 1);
        let other = self.constant(ty);
        let at = body.scratch(I32, 0);
        format!(
            "{object} {element} (local.set {at}) (local.set {held}) (if (result {result}) \
             (if (result i32) (ref.is_null (local.get {held})) (then (i32.const 0)) \
             (else (array.len (local.get {held})))) (then (array.get{sign} $t{index} \
             (local.get {held}) (i32.rem_u (local.get {at}) (array.len (local.get {held}))))) \
             (else {other}))"
        )
    }

    /// Generates an operation whose result is a number.
    fn operation(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        let name = ty.text();
        if ty == I32 && self.random.below(3) < 2 {
            let heap = self.internal();
            return match self.random.below(6) {
                0 => {
                    let [a, b] = [0; 2].map(|_| self.value(body, Ref(Heap::Eq, true), depth + 1));
                    format!("(ref.eq {a} {b})")
                }
                1 | 2 => {
                    let object = self.value(body, Ref(Any, true), depth + 1);
                    let wanted = Ref(heap, self.random.one_in(2)).text();
                    format!("(ref.test {wanted} {object})")
                }
                3 => {
                    let ty = self.types.any(&mut self.random);
                    let ty = if matches!(ty, Ref(..)) {
                        ty
                    } else {
                        Ref(heap, true)
                    };
                    format!("(ref.is_null {})", self.value(body, ty, depth + 1))
                }
                4 => {
                    let sign = *self.random.pick(&["s", "u"]);
                    let value = self.value(body, Ref(Heap::I31, false), depth + 1);
                    format!("(i31.get_{sign} {value})")
                }
                _ => {
                    let array = self.value(body, Ref(Heap::Array, true), depth + 1);
                    let held = body.scratch(Ref(Heap::Array, true), 0);
                    format!(
                        "{array} (local.set {held}) (if (result i32) (ref.is_null \
                         (local.get {held})) (then (i32.const -1)) \
                         (else (array.len (local.get {held}))))"
                    )
                }
            };
        }
        let operators: &[&str] = match ty {
            I32 | I64 => &[
                "add", "sub", "mul", "xor", "and", "or", "shl", "shr_u", "rotl",
            ],
            V128 => &["xor", "and", "or", "andnot"],
            _ => &["add", "sub", "mul", "max"],
        };
        let operator = *self.random.pick(operators);
        let [a, b] = [0; 2].map(|_| self.value(body, ty, depth + 1));
        format!("({name}.{operator} {a} {b})")
    }

    /// Returns a heap type in the hierarchy of `any`.
    fn internal(&mut self) -> Heap {
        match self.random.below(8) {
            0 => Heap::Eq,
            1 => Heap::I31,
            2 => *self.random.pick(&[Heap::Struct, Heap::Array]),
            _ => Object(self.random.below(self.types.0.len())),
        }
    }

    /// Generates a new object, a cast or a conversion.
    fn reference(&mut self, body: &mut Body, heap: Heap, nullable: bool, depth: usize) -> String {
        let choice = self.random.below(8);
        match heap {
            Heap::Extern => {
                let value = self.value(body, Ref(Any, nullable), depth + 1);
                format!("(extern.convert_any {value})")
            }
            Heap::Func | Closure => self.leaf(body, Ref(heap, nullable)),
            Any if choice == 0 => {
                let value = self.value(body, Ref(Heap::Extern, nullable), depth + 1);
                format!("(any.convert_extern {value})")
            }
            _ if choice < 4 && heap != Any => self.cast(body, heap, nullable, depth),
            Object(index) => self.construct(body, index, depth),
            Heap::I31 => format!("(ref.i31 {})", self.value(body, I32, depth + 1)),
            _ => {
                let all: Vec<Heap> = (0..self.types.0.len())
                    .map(Object)
                    .chain([Heap::I31])
                    .filter(|&other| self.types.is_subtype(other, heap))
                    .collect();
                let heap = *self.random.pick(&all);
                self.value(body, Ref(heap, nullable), depth + 1)
            }
        }
    }

    /// Generates a cast of a value of a supertype.
    fn cast(&mut self, body: &mut Body, heap: Heap, is_nullable: bool, depth: usize) -> String {
        let all: Vec<Heap> = (0..self.types.0.len())
            .map(Object)
            .chain([Any, Heap::Eq, Heap::Struct, Heap::Array])
            .filter(|&other| self.types.is_subtype(heap, other))
            .collect();
        let from = Ref(*self.random.pick(&all), true);
        let source = self.value(body, from, depth + 1);
        let other = self.constant(Ref(heap, is_nullable));
        let (from, to) = (from.text(), Ref(heap, is_nullable).text());
        let label = body.label();
        match self.random.below(9) {
            0 => format!("(ref.cast {to} {source})"),
            1..5 => format!(
                "(block {label} (result {to}) {source} (br_on_cast {label} {from} {to}) (drop) \
                 {other})"
            ),
            _ => {
                let done = body.label();
                // A null that the cast accepts does not reach the inner label.
                let rest = from.replace("null ", if is_nullable { "" } else { "null " });
                format!(
                    "(block {done} (result {to}) (block {label} (result {rest}) {source} \
                     (br_on_cast_fail {label} {from} {to}) (br {done})) (drop) {other})"
                )
            }
        }
    }

    /// Generates a new object of a type.
    fn construct(&mut self, body: &mut Body, index: usize, depth: usize) -> String {
        let ty = self.types.0[index].clone();
        if !ty.is_array {
            if ty.is_defaultable() && self.random.one_in(4) {
                return format!("(struct.new_default $t{index})");
            }
            let mut fields = String::new();
            for field in &ty.fields {
                fields.push_str(&self.value(body, field.ty, depth + 1));
            }
            return format!("(struct.new $t{index} {fields})");
        }
        let element = ty.fields[0];
        let length = match self.random.below(40) {
            0 => 3_000,
            1..3 => 200,
            _ => self.random.below(12),
        };
        let (at, count) = self.range(if matches!(element.ty, Ref(..)) {
            ITEMS
        } else {
            DATA / 16
        });
        match self.random.below(6) {
            0 if ty.is_defaultable() => {
                format!("(array.new_default $t{index} (i32.const {length}))")
            }
            1 => {
                let count = self.random.below(6);
                let elements: String = (0..count)
                    .map(|_| self.value(body, element.ty, depth + 1))
                    .collect();
                format!("(array.new_fixed $t{index} {count} {elements})")
            }
            2 | 3 if !matches!(element.ty, Ref(..)) => {
                format!("(array.new_data $t{index} $data (i32.const {at}) (i32.const {count}))")
            }
            2 | 3 if element.ty == Ref(Any, true) => {
                format!("(array.new_elem $t{index} $items (i32.const {at}) (i32.const {count}))")
            }
            _ => {
                let value = self.value(body, element.ty, depth + 1);
                format!("(array.new $t{index} {value} (i32.const {length}))")
            }
        }
    }

    /// Returns a place and a number of items that are seldom out of bounds.
    pub fn range(&mut self, end: usize) -> (usize, usize) {
        let at = self.random.below(end);
        let count = self.random.below(end - at + 1);
        (at, count + usize::from(self.random.one_in(40)) * 100)
    }

    /// Generates a call of a function with a result of the type.
    fn call(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        if ty == Ref(Any, true) && self.random.one_in(3) {
            let number = self.value(body, I32, depth + 1);
            let object = self.value(body, ty, depth + 1);
            let callee = self.constant(Ref(Closure, false));
            return format!("(call_ref $closure {number} {object} {callee})");
        }
        let fits = |&index: &usize| {
            let results = &self.functions[index].results;
            results
                .first()
                .is_some_and(|&result| self.types.fits(result, ty))
        };
        let found: Vec<usize> = (body.first_callee..self.functions.len())
            .filter(fits)
            .collect();
        if found.is_empty() {
            return self.leaf(body, ty);
        }
        let callee = *self.random.pick(&found);
        let call = self.call_of(body, callee, depth);
        call + &"(drop)".repeat(self.functions[callee].results.len() - 1)
    }

    fn call_of(&mut self, body: &mut Body, callee: usize, depth: usize) -> String {
        let arguments = self.arguments(body, callee, depth);
        match self.random.one_in(4) {
            true => format!(
                "(call_indirect $functions (type $s{callee}) {arguments} (i32.const {callee}))"
            ),
            false => format!("(call $f{callee} {arguments})"),
        }
    }

    /// Generates the arguments of a function.
    pub fn arguments(&mut self, body: &mut Body, callee: usize, depth: usize) -> String {
        let params = self.functions[callee].params.clone();
        params
            .into_iter()
            .map(|ty| self.value(body, ty, depth + 1))
            .collect()
    }

    /// Generates the end of a function: a tail call or its results.
    pub fn end(&mut self, body: &mut Body, results: &[Ty]) -> String {
        let fits = |&index: &usize| self.functions[index].results == results;
        let found: Vec<usize> = (body.first_callee..self.functions.len())
            .filter(fits)
            .collect();
        if !found.is_empty() && self.random.one_in(2) {
            let callee = *self.random.pick(&found);
            let arguments = self.arguments(body, callee, 1);
            return match self.random.below(3) {
                0 => format!("(return_call $f{callee} {arguments})"),
                1 => format!("(return_call_ref $s{callee} {arguments} (ref.func $f{callee}))"),
                _ => format!(
                    "(return_call_indirect $functions (type $s{callee}) {arguments} \
                     (i32.const {callee}))"
                ),
            };
        }
        results.iter().map(|&ty| self.value(body, ty, 1)).collect()
    }

    /// Generates an expression that catches exceptions thrown in it.
    fn try_(&mut self, body: &mut Body, ty: Ty, depth: usize) -> String {
        let tag = self.random.below(TAGS.len());
        let [object, number] = TAGS[tag];
        let statements = self.statement(body, depth + 1) + &self.throw(body, depth + 1);
        let value = self.value(body, ty, depth + 1);
        let (done, handler) = (body.label(), body.label());
        let held = body.scratch(number, 0);
        let kept = body.scratch(object, 1);
        let other = match self.types.fits(object, ty) {
            true => format!("(local.get {kept})"),
            false => self.value(body, ty, depth + 1),
        };
        let (catch, payload, keep) = match self.random.one_in(2) {
            true => ("catch_ref", "exnref", "(local.set $exn)"),
            false => ("catch", "", ""),
        };
        let (result, object, number) = (ty.text(), object.text(), number.text());
        format!(
            "(block {done} (result {result}) (block {handler} (result {object} {number} {payload}) \
             (try_table (result {result}) ({catch} $e{tag} {handler}) {statements} {value}) \
             (br {done})) {keep} (local.set {held}) (local.set {kept}) {other})"
        )
    }

    /// Generates a statement that sometimes throws an exception.
    fn throw(&mut self, body: &mut Body, depth: usize) -> String {
        let tag = self.random.below(TAGS.len());
        let condition = self.value(body, I32, depth + 1);
        let payload: String = TAGS[tag].map(|ty| self.value(body, ty, depth + 1)).concat();
        format!(
            "(if (i32.eqz (i32.and {condition} (i32.const 3))) (then (throw $e{tag} {payload})))"
        )
    }

    /// Generates a statement.
    pub fn statement(&mut self, body: &mut Body, depth: usize) -> String {
        if body.budget == 0 || depth > 5 {
            return String::new();
        }
        body.budget -= 1;
        match self.random.below(26) {
            0..5 => {
                let local = self.random.below(body.locals.len());
                let value = self.value(body, body.locals[local], depth + 1);
                format!("(local.set {local} {value})")
            }
            5 | 6 => {
                let global = self.random.below(self.globals.len());
                let value = self.value(body, self.globals[global], depth + 1);
                format!("(global.set $g{global} {value})")
            }
            7 => {
                let table = self.random.below(TABLES.len());
                let at = self.random.below(ELEMENTS);
                let value = self.value(body, TABLES[table], depth + 1);
                match self.random.below(4) {
                    0 => format!(
                        "(table.fill $table{table} (i32.const {at}) {value} (i32.const {}))",
                        self.random.below(ELEMENTS - at + 1)
                    ),
                    1 => format!("(drop (table.grow $table{table} {value} (i32.const 1)))"),
                    _ => format!("(table.set $table{table} (i32.const {at}) {value})"),
                }
            }
            8..13 => self.write(body, depth),
            13..16 => self.bulk(body, depth),
            16 => {
                let condition = self.value(body, I32, depth + 1);
                let [a, b] = [0; 2].map(|_| self.statement(body, depth + 1));
                format!("(if {condition} (then {a}) (else {b}))")
            }
            17..20 => self.loop_(body, depth),
            20 => self.throw(body, depth),
            21 => {
                let number = self.value(body, I32, depth + 1);
                format!("(drop (call $host {number}))")
            }
            22 => {
                let condition = self.value(body, I32, depth + 1);
                format!(
                    "(if (i32.eqz (i32.or (i32.and {condition} (i32.const 3)) (ref.is_null \
                     (local.get $exn)))) (then (throw_ref (local.get $exn))))"
                )
            }
            23 if body.first_callee < self.functions.len() => {
                let more = self.functions.len() - body.first_callee;
                let callee = body.first_callee + self.random.below(more);
                let drops = "(drop)".repeat(self.functions[callee].results.len());
                self.call_of(body, callee, depth) + &drops
            }
            _ => {
                let ty = self.types.any(&mut self.random);
                format!("(drop {})", self.value(body, ty, depth + 1))
            }
        }
    }

    /// Generates a loop of a few rounds.
    fn loop_(&mut self, body: &mut Body, depth: usize) -> String {
        if body.loops >= 2 {
            return String::new();
        }
        let counter = format!("$n{}", body.loops);
        let rounds = 1 + self.random.below(if body.loops == 0 { 12 } else { 4 });
        body.loops += 1;
        let count = 1 + self.random.below(3);
        let statements: String = (0..count)
            .map(|_| self.statement(body, depth + 1))
            .collect();
        body.loops -= 1;
        let label = body.label();
        format!(
            "(local.set {counter} (i32.const {rounds})) (loop {label} {statements} (br_if {label} \
             (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"
        )
    }
}

/// Types of the parameters of exported functions.
pub const EXPORTED: [Ty; 3] = [I32, I64, F64];

/// Returns the types that functions may have as parameters.
pub fn parameter(types: &Types, random: &mut Random) -> Ty {
    match (types.any(random), random.one_in(5)) {
        (Ref(heap, _), true) => Ref(heap, false),
        (ty, _) if random.one_in(3) => *random.pick(&[ty, NUMERIC[0]]),
        (ty, _) => ty,
    }
}
