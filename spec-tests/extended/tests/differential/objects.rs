//! Random modules with structures and arrays.
//!
//! Types are in recursion groups, with subtypes and packed fields. Code creates objects in every way,
//! reads and writes them, casts them up and down, throws them, passes them in calls and tail calls,
//! and keeps them in locals, globals, tables and other objects. It seldom traps.
//!
//! Exported functions have numeric parameters and results. `digest` is a number that depends on what
//! globals and tables reach. `root`, `child` and their counts let the host walk all objects without
//! help of the engine, once `drop` has dropped the element segment.

use super::object_code::{
    Body, Context, DATA, ELEMENTS, EXPORTED, ITEMS, Signature, TABLES, TAGS, parameter,
};
use super::object_types::{Field, Heap, Ty, Types};
use super::random::Random;
use Heap::Any;
use Ty::{F32, F64, I32, I64, Ref, V128};
use std::fmt::Write;

/// Number of elements of an array that the digest reads.
const READ: usize = 3;

/// Argument of `drop` with which it has an effect. Random arguments hardly ever have this value.
pub const DROP: i32 = 0x1234_5678;

/// Returns a seed's module.
pub fn program(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::new(seed.wrapping_mul(0x1_0003).wrapping_add(4711));
    let types = Types::generate(&mut random);
    let globals = (0..5).map(|_| types.any(&mut random)).collect();
    let mut functions = Vec::new();
    for _ in 0..3 + random.below(4) {
        let params = random.below(4);
        let results = 1 + random.below(2);
        functions.push(Signature {
            params: (0..params)
                .map(|_| parameter(&types, &mut random))
                .collect(),
            results: (0..results).map(|_| types.any(&mut random)).collect(),
        });
    }
    let closures = 1 + random.below(2);
    let mut context = Context {
        random,
        types,
        globals,
        functions,
        closures,
    };
    let text = module(&mut context);
    let bytes =
        wat::parse_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
    Some(bytes)
}

fn module(context: &mut Context) -> String {
    let mut text =
        String::from("(module\n(type $closure (func (param i32 anyref) (result anyref)))\n");
    text.push_str(&context.types.text());
    for (index, signature) in context.functions.iter().enumerate() {
        let (params, results) = (list(&signature.params), list(&signature.results));
        let _ = writeln!(
            text,
            "(type $s{index} (func (param {params}) (result {results})))"
        );
    }
    text.push_str("(import \"host\" \"number\" (func $host (param i32) (result i32)))\n");
    for index in 0..context.globals.len() {
        let ty = context.globals[index];
        let value = context.constant(ty);
        let _ = writeln!(text, "(global $g{index} (mut {}) {value})", ty.text());
    }
    for (index, ty) in TABLES.iter().enumerate() {
        let value = context.constant(*ty);
        let ty = ty.text();
        let _ = writeln!(
            text,
            "(table $table{index} {ELEMENTS} {} {ty} {value})",
            ELEMENTS + 2
        );
    }
    for (index, payload) in TAGS.iter().enumerate() {
        let _ = writeln!(text, "(tag $e{index} (param {}))", list(payload));
    }
    let items: String = (0..ITEMS)
        .map(|_| format!("(item {})", context.constant(Ref(Any, true))))
        .collect();
    let data: String = (0..DATA)
        .map(|_| format!("\\{:02x}", context.random.below(256)))
        .collect();
    let all: Vec<String> = (0..context.functions.len())
        .map(|index| format!("$f{index}"))
        .collect();
    let closures: Vec<String> = (0..context.closures)
        .map(|index| format!("$c{index}"))
        .collect();
    let _ = writeln!(
        text,
        "(elem $items anyref {items}) (data $data \"{data}\")\n(table $functions funcref (elem {}))\n\
         (elem declare func {})",
        all.join(" "),
        closures.join(" ")
    );
    for index in 0..context.functions.len() {
        let signature = context.functions[index].clone();
        let head = format!("(func $f{index} (type $s{index})");
        text.push_str(&function(context, &head, &signature, index + 1));
    }
    for index in 0..context.closures {
        let signature = Signature {
            params: vec![I32, Ref(Any, true)],
            results: vec![Ref(Any, true)],
        };
        let head = format!("(func $c{index} (type $closure)");
        let callee = context.functions.len();
        text.push_str(&function(context, &head, &signature, callee));
    }
    for index in 0..context.functions.len() {
        text.push_str(&exported(context, index));
    }
    text.push_str(&digest(&context.types));
    text.push_str(&roots(context));
    text.push_str(&children(&context.types));
    text + ")\n"
}

/// Generates a function that calls those from `first_callee` on.
fn function(
    context: &mut Context,
    head: &str,
    signature: &Signature,
    first_callee: usize,
) -> String {
    let budget = 20 + context.random.below(90);
    let mut body = Body::new(&signature.params, first_callee, budget);
    for _ in 0..2 + context.random.below(7) {
        let ty = context.types.any(&mut context.random);
        body.add_local(ty);
    }
    let count = 1 + context.random.below(5);
    let statements: String = (0..count)
        .map(|_| context.statement(&mut body, 0))
        .collect();
    let end = context.end(&mut body, &signature.results);
    format!("{head} {} {statements} {end})\n", body.locals())
}

/// Generates an exported function that calls function `index`, and returns a number that depends on
/// its results.
fn exported(context: &mut Context, index: usize) -> String {
    let mut body = Body::new(&EXPORTED, index, 12);
    let arguments = context.arguments(&mut body, index, 2);
    let results = context.functions[index].results.clone();
    let mut code = String::new();
    for number in (0..results.len()).rev() {
        let _ = write!(code, "(local.set $r{number})");
    }
    code.push_str("(i64.const 17)");
    let mut locals = String::new();
    for (number, ty) in results.iter().enumerate() {
        let _ = write!(locals, "(local $r{number} {})", ty.text());
        let bits = bits(*ty, &format!("(local.get $r{number})"), "(i32.const 2)");
        let _ = write!(code, "(i64.mul (i64.const 31)) {bits} (i64.xor)");
    }
    format!(
        "(func (export \"run{index}\") (param {}) (result i64) {} {locals} (call $f{index} \
         {arguments}) {code})\n",
        list(&EXPORTED),
        body.locals()
    )
}

/// Returns code that turns a value into 64 bits. Objects are read to a depth.
fn bits(ty: Ty, value: &str, depth: &str) -> String {
    match ty {
        I32 => format!("(i64.extend_i32_s {value})"),
        I64 => value.into(),
        F32 => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        F64 => format!("(i64.reinterpret_f64 {value})"),
        V128 => format!(
            "(i64.add (i64x2.extract_lane 0 {value}) (i64.rotl (i64x2.extract_lane 1 {value}) \
             (i64.const 7)))"
        ),
        Ref(Heap::Extern, _) => format!("(call $digest (any.convert_extern {value}) {depth})"),
        Ref(heap, _) if heap.is_internal() => format!("(call $digest {value} {depth})"),
        Ref(..) => format!("(i64.extend_i32_u (ref.is_null {value}))"),
    }
}

/// Returns an instruction that reads a field.
fn get(index: usize, is_array: bool, number: usize, field: Field) -> String {
    let sign = if field.packed.is_some() { "_u" } else { "" };
    match is_array {
        true => format!("(array.get{sign} $t{index} (local.get $t) (local.get $i))"),
        false => format!("(struct.get{sign} $t{index} {number} (local.get $t))"),
    }
    .replace("$t)", &format!("$v{index})"))
}

/// Returns code that runs `then` if `$o` is of type `index`, with the object in `$v` and the number.
fn if_type(index: usize, then: &str) -> String {
    format!(
        "(block $not{index} (block $is{index} (result (ref $t{index})) (br_on_cast $is{index} anyref \
         (ref $t{index}) (local.get $o)) (br $not{index})) (local.set $v{index}) {then})"
    )
}

fn typed_locals(types: &Types) -> String {
    (0..types.0.len())
        .map(|index| format!("(local $v{index} (ref null $t{index}))"))
        .collect()
}

/// Generates the function that turns a value into a number.
fn digest(types: &Types) -> String {
    let mut code = String::new();
    // A subtype has a higher number than its supertype.
    for (index, ty) in types.0.iter().enumerate().rev() {
        let mut then = format!("(local.set $h (i64.const {}))", 100 + index);
        for (number, field) in ty.fields.iter().enumerate() {
            let value = get(index, ty.is_array, number, *field);
            let bits = bits(field.ty, &value, "(i32.sub (local.get $d) (i32.const 1))");
            let mix =
                format!("(local.set $h (i64.xor (i64.mul (local.get $h) (i64.const 31)) {bits}))");
            match ty.is_array {
                false => then.push_str(&mix),
                true => {
                    let _ = write!(
                        then,
                        "(local.set $h (i64.add (local.get $h) (i64.extend_i32_u (array.len \
                         (local.get $v{index}))))) (local.set $i (i32.const 0)) (block $end (loop \
                         $more (br_if $end (i32.ge_u (local.get $i) (array.len \
                         (local.get $v{index})))) (br_if $end (i32.eq (local.get $i) \
                         (i32.const {READ}))) {mix} (local.set $i (i32.add (local.get $i) \
                         (i32.const 1))) (br $more)))"
                    );
                }
            }
        }
        then.push_str("(return (local.get $h))");
        code.push_str(&if_type(index, &then));
    }
    format!(
        "(func $digest (param $o anyref) (param $d i32) (result i64) (local $h i64) (local $i i32) {} \
         (if (ref.is_null (local.get $o)) (then (return (i64.const 1)))) \
         (if (i32.eqz (local.get $d)) (then (return (i64.const 2)))) \
         (if (ref.test (ref i31) (local.get $o)) (then (return (i64.extend_i32_s (i31.get_s \
         (ref.cast (ref i31) (local.get $o))))))) {code} (i64.const 3))\n",
        typed_locals(types)
    )
}

/// Generates the functions that return the values of globals and tables.
fn roots(context: &Context) -> String {
    let mut roots = Vec::new();
    let mut mixed = String::from("(i64.const 5)");
    let mut add = |ty: Ty, value: String| {
        let bits = bits(ty, &value, "(i32.const 2)");
        let _ = write!(mixed, "(i64.mul (i64.const 31)) {bits} (i64.xor)");
        match ty {
            Ref(Heap::Extern, _) => roots.push(format!("(any.convert_extern {value})")),
            Ref(heap, _) if heap.is_internal() => roots.push(value),
            _ => {}
        }
    };
    for (index, ty) in context.globals.iter().enumerate() {
        add(*ty, format!("(global.get $g{index})"));
    }
    for (table, ty) in TABLES.iter().enumerate() {
        for index in 0..ELEMENTS {
            add(
                *ty,
                format!("(table.get $table{table} (i32.const {index}))"),
            );
        }
        for index in ELEMENTS..ELEMENTS + 2 {
            let ty = ty.text();
            add(
                TABLES[table],
                format!(
                    "(if (result {ty}) (i32.gt_u (table.size $table{table}) (i32.const {index})) \
                     (then (table.get $table{table} (i32.const {index}))) (else (ref.null {})))",
                    match TABLES[table] {
                        Ref(heap, _) => heap.bottom(),
                        _ => "none",
                    }
                ),
            );
        }
    }
    let mut code = String::new();
    for (index, root) in roots.iter().enumerate() {
        let _ = write!(
            code,
            "(if (i32.eq (local.get 0) (i32.const {index})) (then (return {root})))"
        );
    }
    format!(
        "(func (export \"digest\") (result i64) {mixed})\n\
         (func (export \"drop\") (param i32) (if (i32.eq (local.get 0) (i32.const {DROP})) \
         (then (elem.drop $items))))\n\
         (func (export \"roots\") (result i32) (i32.const {}))\n\
         (func (export \"root\") (param i32) (result anyref) {code} (ref.null none))\n",
        roots.len()
    )
}

/// Generates the functions that return the references in an object.
fn children(types: &Types) -> String {
    let (mut counts, mut reads) = (String::new(), String::new());
    for (index, ty) in types.0.iter().enumerate().rev() {
        let mut fields = Vec::new();
        for (number, field) in ty.fields.iter().enumerate() {
            let value = get(index, ty.is_array, number, *field);
            match field.ty {
                Ref(Heap::Extern, _) => fields.push(format!("(any.convert_extern {value})")),
                Ref(heap, _) if heap.is_internal() => fields.push(value),
                _ => {}
            }
        }
        let count = match ty.is_array && !fields.is_empty() {
            true => format!("(return (array.len (local.get $v{index})))"),
            false => format!("(return (i32.const {}))", fields.len()),
        };
        counts.push_str(&if_type(index, &count));
        let mut read = String::new();
        for (number, value) in fields.iter().enumerate() {
            let _ = match ty.is_array {
                true => write!(read, "(return {value})"),
                false => write!(
                    read,
                    "(if (i32.eq (local.get $i) (i32.const {number})) (then (return {value})))"
                ),
            };
        }
        reads.push_str(&if_type(index, &format!("{read} (return (ref.null none))")));
    }
    let locals = typed_locals(types);
    format!(
        "(func (export \"children\") (param $o anyref) (result i32) {locals} {counts} (i32.const -1))\n\
         (func (export \"child\") (param $o anyref) (param $i i32) (result anyref) {locals} {reads} \
         (ref.null none))\n"
    )
}

fn list(types: &[Ty]) -> String {
    let types: Vec<String> = types.iter().map(|ty| ty.text()).collect();
    types.join(" ")
}
