//! Random nestings of both forms of exception handling, compared with an interpreter of a few
//! lines. It knows nothing of tables: exceptions and branches are results that pass outwards.

use crate::{call, each_mode, module};
use backstitch::{Caller, Error, ExnRef, ExnRefPre, ExnType, Func, Instance, Store, Tag};
use backstitch::{Engine, FuncType, TagType, Val, ValType};
use std::cell::Cell;
use std::fmt::Write;

/// A label: the number of a block in the program.
type Label = usize;

/// The label of the function's body.
const BODY: Label = 0;

/// An expression with a 32-bit result.
#[derive(Clone, Debug)]
enum Expr {
    Const(i32),
    /// The value, which is added to the log.
    Log(Box<Expr>),
    /// The first value stays on the operand stack while the second one is computed.
    Sub(Box<Expr>, Box<Expr>),
    Block(Label, Box<Expr>),
    /// A loop that computes its body twice; the result is that of the second time.
    Twice(Label, Box<Expr>),
    Br(Label, Box<Expr>),
    /// A branch if the second value is odd; otherwise the first value.
    BrIf(Label, Box<Expr>, Box<Expr>),
    /// Throws an exception of a tag whose payload has the value.
    Throw(Tags, Box<Expr>),
    /// Calls a function of the module.
    Call(usize),
    /// Calls the host, which throws if the value is odd, and returns it otherwise.
    Host(Box<Expr>),
    Try(Label, Box<Expr>, Vec<(Option<Tags>, Expr)>),
    Delegate(Label, Box<Expr>, Label),
    /// Throws the exception of the catch part with this label again.
    Rethrow(Label),
    /// A `try_table` that catches all exceptions of a tag, and computes the second expression with
    /// the payload.
    Table(Label, Tags, Box<Expr>, Box<Expr>),
    /// A `try_table` that catches all exceptions by reference, computes the second expression, and
    /// throws the exception again by `throw_ref` if the result is odd.
    TableRef(Label, Box<Expr>, Box<Expr>),
}

/// The tags, by their payloads, in the order of their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    Number,
    Empty,
    Pair,
    Vector,
}

const TAGS: [Tags; 4] = [Tags::Number, Tags::Empty, Tags::Pair, Tags::Vector];

impl Tags {
    /// Returns the value that comes back from a payload made of a value.
    fn through(self, value: i32) -> i32 {
        match self {
            Tags::Empty => 0,
            Tags::Number | Tags::Vector => value,
            Tags::Pair => value.wrapping_add(5),
        }
    }

    fn payload_type(self) -> &'static str {
        match self {
            Tags::Empty => "",
            Tags::Number => "i32",
            Tags::Pair => "i32 i64",
            Tags::Vector => "v128",
        }
    }

    /// Instructions that make a payload of a number.
    fn make(self) -> &'static str {
        match self {
            Tags::Empty => "drop",
            Tags::Number => "",
            Tags::Pair => "i64.const 5",
            Tags::Vector => "i32x4.splat",
        }
    }

    /// Instructions that make a number of a payload.
    fn unmake(self) -> &'static str {
        match self {
            Tags::Empty => "i32.const 0",
            Tags::Number => "",
            Tags::Pair => "i32.wrap_i64 i32.add",
            Tags::Vector => "i32x4.extract_lane 2",
        }
    }
}

// --- the reference ---

/// An exception, with the value in its payload.
type Exception = (Tags, i32);

/// The reason why an expression has no value.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    Branch(Label, i32),
    Exception(Exception),
    /// An exception that goes on at a label.
    Delegated(Exception, Label),
    OutOfSteps,
}

struct Reference<'a> {
    functions: &'a [Expr],
    log: i32,
    steps: u32,
    /// The exceptions of the catch parts around the expression, by label.
    caught: Vec<(Label, Exception)>,
}

impl Reference<'_> {
    fn call(&mut self, function: usize) -> Result<i32, Leaves> {
        let functions = self.functions;
        let outer = std::mem::take(&mut self.caught);
        let result = self.block(BODY, &functions[function]);
        self.caught = outer;
        result
    }

    /// Computes a block whose label protects nothing.
    fn block(&mut self, label: Label, body: &Expr) -> Result<i32, Leaves> {
        match self.value(body) {
            Err(Leaves::Branch(to, value)) if to == label => Ok(value),
            Err(Leaves::Delegated(exception, to)) if to == label => {
                Err(Leaves::Exception(exception))
            }
            other => other,
        }
    }

    /// Computes a catch part. Without a branch to its label, the result is subtracted from what is
    /// passed of the payload.
    fn part(
        &mut self,
        label: Label,
        exception: Exception,
        passed: Option<i32>,
        body: &Expr,
    ) -> Result<i32, Leaves> {
        self.caught.push((label, exception));
        let result = self.value(body);
        self.caught.pop();
        match result {
            Ok(value) => Ok(passed.map_or(value, |passed| passed.wrapping_sub(value))),
            Err(Leaves::Branch(to, value)) if to == label => Ok(value),
            Err(Leaves::Delegated(exception, to)) if to == label => {
                Err(Leaves::Exception(exception))
            }
            other => other,
        }
    }

    fn value(&mut self, expr: &Expr) -> Result<i32, Leaves> {
        let left = self.steps.checked_sub(1);
        self.steps = left.ok_or(Leaves::OutOfSteps)?;
        match expr {
            Expr::Const(value) => Ok(*value),
            Expr::Log(value) => {
                let value = self.value(value)?;
                self.log = self.log.wrapping_mul(31).wrapping_add(value);
                Ok(value)
            }
            Expr::Sub(one, other) => Ok(self.value(one)?.wrapping_sub(self.value(other)?)),
            Expr::Block(label, body) => self.block(*label, body),
            Expr::Twice(label, body) => {
                self.block(*label, body)?;
                self.block(*label, body)
            }
            Expr::Br(label, value) => Err(Leaves::Branch(*label, self.value(value)?)),
            Expr::BrIf(label, value, condition) => {
                let value = self.value(value)?;
                match self.value(condition)? & 1 {
                    0 => Ok(value),
                    _ => Err(Leaves::Branch(*label, value)),
                }
            }
            Expr::Throw(tag, value) => Err(Leaves::Exception((*tag, self.value(value)?))),
            Expr::Call(function) => self.call(*function),
            Expr::Host(value) => match self.value(value)? {
                value if value & 1 == 0 => Ok(value),
                value => Err(Leaves::Exception((Tags::Number, value))),
            },
            Expr::Try(label, body, parts) => {
                let exception = match self.value(body) {
                    Err(Leaves::Branch(to, value)) if to == *label => return Ok(value),
                    Err(Leaves::Delegated(exception, to)) if to == *label => exception,
                    Err(Leaves::Exception(exception)) => exception,
                    other => return other,
                };
                let catches = |tag: Option<Tags>| tag.is_none_or(|tag| tag == exception.0);
                match parts.iter().find(|(tag, _)| catches(*tag)) {
                    None => Err(Leaves::Exception(exception)),
                    Some((tag, body)) => {
                        let passed = tag.map(|tag| tag.through(exception.1));
                        self.part(*label, exception, passed, body)
                    }
                }
            }
            Expr::Delegate(label, body, to) => match self.value(body) {
                Err(Leaves::Branch(own, value)) if own == *label => Ok(value),
                // The label is protected by the `try`, which delegates.
                Err(Leaves::Delegated(exception, own)) if own == *label => {
                    Err(Leaves::Delegated(exception, *to))
                }
                Err(Leaves::Exception(exception)) => Err(Leaves::Delegated(exception, *to)),
                other => other,
            },
            Expr::Rethrow(label) => {
                let caught = self.caught.iter().rev().find(|(of, _)| of == label);
                Err(Leaves::Exception(caught.expect("a catch part").1))
            }
            Expr::Table(label, tag, body, handler) => {
                let (of, value) = match self.value(body) {
                    Err(Leaves::Branch(to, value)) if to == *label => return Ok(value),
                    Err(Leaves::Delegated(exception, to)) if to == *label => exception,
                    Err(Leaves::Exception(exception)) => exception,
                    other => return other,
                };
                match of == *tag {
                    true => Ok(tag.through(value).wrapping_sub(self.value(handler)?)),
                    false => Err(Leaves::Exception((of, value))),
                }
            }
            Expr::TableRef(label, body, handler) => {
                let exception = match self.value(body) {
                    Err(Leaves::Branch(to, value)) if to == *label => return Ok(value),
                    Err(Leaves::Delegated(exception, to)) if to == *label => exception,
                    Err(Leaves::Exception(exception)) => exception,
                    other => return other,
                };
                match self.value(handler)? {
                    value if value & 1 == 0 => Ok(value),
                    _ => Err(Leaves::Exception(exception)),
                }
            }
        }
    }
}

// --- the text ---

struct Writer {
    text: String,
    /// The labels around the expression; `None` for one that the program does not name.
    labels: Vec<Option<Label>>,
    locals: usize,
}

impl Writer {
    fn depth(&self, label: Label) -> usize {
        let is_it = |of: &Option<Label>| *of == Some(label);
        self.labels
            .iter()
            .rev()
            .position(is_it)
            .expect("a label around it")
    }

    fn open(&mut self, instruction: &str, label: Option<Label>) {
        let _ = writeln!(self.text, "{instruction}");
        self.labels.push(label);
    }

    fn end(&mut self) {
        self.labels.pop();
        self.text += "end\n";
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// Writes the beginning of the blocks around a `try_table`, and what leaves them.
    fn table(&mut self, label: Label, payload: &str, catch: &str, body: &Expr) {
        self.open("block (result i32)", None);
        self.open(&format!("block (result {payload})"), None);
        self.open(&format!("try_table (result i32) ({catch} 0)"), Some(label));
        self.expr(body);
        self.end();
        self.line("br 1");
        self.end();
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Const(value) => self.line(&format!("i32.const {value}")),
            Expr::Log(value) => {
                self.expr(value);
                self.line("call $log");
            }
            Expr::Sub(one, other) => {
                self.expr(one);
                self.expr(other);
                self.line("i32.sub");
            }
            Expr::Block(label, body) => {
                self.open("block (result i32)", Some(*label));
                self.expr(body);
                self.end();
            }
            Expr::Twice(label, body) => {
                let count = self.locals;
                self.locals += 2;
                self.line(&format!("i32.const 0 local.set {count}"));
                self.open("loop", None);
                self.open("block (result i32)", Some(*label));
                self.expr(body);
                self.end();
                self.line(&format!("local.set {}", count + 1));
                let next = format!("local.get {count} i32.const 1 i32.xor local.tee {count}");
                self.line(&format!("{next} br_if 0"));
                self.end();
                self.line(&format!("local.get {}", count + 1));
            }
            Expr::Br(label, value) => {
                self.expr(value);
                self.line(&format!("br {}", self.depth(*label)));
            }
            Expr::BrIf(label, value, condition) => {
                self.expr(value);
                self.expr(condition);
                self.line("i32.const 1 i32.and");
                self.line(&format!("br_if {}", self.depth(*label)));
            }
            Expr::Throw(tag, value) => {
                self.expr(value);
                self.line(&format!("{} throw {}", tag.make(), *tag as u32));
            }
            Expr::Call(function) => self.line(&format!("call $f{function}")),
            Expr::Host(value) => {
                self.expr(value);
                self.line("call $host");
            }
            Expr::Try(label, body, parts) => {
                self.open("try (result i32)", Some(*label));
                self.expr(body);
                for (tag, body) in parts {
                    match tag {
                        Some(tag) if *tag == Tags::Vector => {
                            // The payload stays on the operand stack.
                            let local = self.locals;
                            self.locals += 1;
                            self.line(&format!("catch {}", *tag as u32));
                            self.expr(body);
                            self.line(&format!("local.set {local} {}", tag.unmake()));
                            self.line(&format!("local.get {local} i32.sub"));
                        }
                        Some(tag) => {
                            self.line(&format!("catch {} {}", *tag as u32, tag.unmake()));
                            self.expr(body);
                            self.line("i32.sub");
                        }
                        None => {
                            self.line("catch_all");
                            self.expr(body);
                        }
                    }
                }
                self.end();
            }
            Expr::Delegate(label, body, to) => {
                self.open("try (result i32)", Some(*label));
                self.expr(body);
                self.labels.pop();
                self.line(&format!("delegate {}", self.depth(*to)));
            }
            Expr::Rethrow(label) => self.line(&format!("rethrow {}", self.depth(*label))),
            Expr::Table(label, tag, body, handler) => {
                let catch = format!("catch {}", *tag as u32);
                self.table(*label, tag.payload_type(), &catch, body);
                self.line(tag.unmake());
                self.expr(handler);
                self.line("i32.sub");
                self.end();
            }
            Expr::TableRef(label, body, handler) => {
                self.table(*label, "exnref", "catch_all_ref", body);
                let value = self.locals;
                self.locals += 1;
                self.expr(handler);
                self.line(&format!("local.tee {value} i32.const 1 i32.and"));
                self.open("if (param exnref)", None);
                self.line("throw_ref");
                self.line("else drop");
                self.end();
                self.line(&format!("local.get {value}"));
                self.end();
            }
        }
    }
}

fn text_of(functions: &[Expr]) -> String {
    let mut text = String::from(
        r#"(module
        (import "" "number" (tag (param i32)))
        (import "" "host" (func $host (param i32) (result i32)))
        (global $log (export "log") (mut i32) (i32.const 0))
        (func $log (param i32) (result i32)
            (global.set $log
                (i32.add (i32.mul (global.get $log) (i32.const 31)) (local.get 0)))
            (local.get 0))
        "#,
    );
    // The imported tag is the first.
    for tag in TAGS.iter().filter(|tag| **tag != Tags::Number) {
        let _ = writeln!(text, "(tag (param {}))", tag.payload_type());
    }
    for (index, body) in functions.iter().enumerate() {
        let mut writer = Writer {
            text: String::new(),
            labels: vec![Some(BODY)],
            locals: 0,
        };
        writer.expr(body);
        let locals = "i32 ".repeat(writer.locals);
        let _ = writeln!(
            text,
            "(func $f{index} (export \"f{index}\") (result i32) (local {locals})\n{})",
            writer.text
        );
    }
    text + ")"
}

// --- programs ---

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        ((self.0 >> 33) as usize) % end
    }
}

struct Maker<'a> {
    random: &'a mut Random,
    /// The functions that can be called.
    functions: usize,
    next_label: Label,
    labels: Vec<Label>,
    /// The labels of the catch parts around the expression.
    parts: Vec<Label>,
}

impl Maker<'_> {
    fn label(&mut self) -> Label {
        self.next_label += 1;
        self.next_label
    }

    fn tag(&mut self) -> Tags {
        TAGS[self.random.below(TAGS.len())]
    }

    fn any_label(&mut self) -> Label {
        self.labels[self.random.below(self.labels.len())]
    }

    /// Makes an expression within a new label.
    fn within(&mut self, label: Label, size: usize) -> Box<Expr> {
        self.labels.push(label);
        let body = self.expr(size);
        self.labels.pop();
        Box::new(body)
    }

    fn part(&mut self, label: Label, size: usize) -> Expr {
        self.parts.push(label);
        let body = *self.within(label, size);
        self.parts.pop();
        body
    }

    fn boxed(&mut self, size: usize) -> Box<Expr> {
        Box::new(self.expr(size))
    }

    fn expr(&mut self, size: usize) -> Expr {
        if size == 0 {
            return self.leaf();
        }
        let size = size - 1;
        match self.random.below(20) {
            0 => self.leaf(),
            1 => Expr::Log(self.boxed(size)),
            2 | 3 => Expr::Sub(self.boxed(size), self.boxed(size)),
            4 => {
                let label = self.label();
                Expr::Block(label, self.within(label, size))
            }
            5 => {
                let label = self.label();
                Expr::Twice(label, self.within(label, size))
            }
            6 => Expr::Br(self.any_label(), self.boxed(size)),
            7 => Expr::BrIf(self.any_label(), self.boxed(size), self.boxed(size)),
            8 => Expr::Throw(self.tag(), self.boxed(size)),
            9 => Expr::Host(self.boxed(size)),
            10..=14 => {
                let label = self.label();
                let body = self.within(label, size);
                let mut parts = Vec::new();
                for _ in 0..self.random.below(4) {
                    let tag = self.tag();
                    parts.push((Some(tag), self.part(label, size)));
                }
                if self.random.below(2) == 0 {
                    parts.push((None, self.part(label, size)));
                }
                Expr::Try(label, body, parts)
            }
            15 | 16 => {
                let (label, to) = (self.label(), self.any_label());
                Expr::Delegate(label, self.within(label, size), to)
            }
            17 => {
                let (label, tag) = (self.label(), self.tag());
                Expr::Table(label, tag, self.within(label, size), self.boxed(size))
            }
            18 => {
                let label = self.label();
                Expr::TableRef(label, self.within(label, size), self.boxed(size))
            }
            _ => match self.parts.len() {
                0 => Expr::Throw(self.tag(), self.boxed(size)),
                parts => Expr::Rethrow(self.parts[self.random.below(parts)]),
            },
        }
    }

    fn leaf(&mut self) -> Expr {
        match self.random.below(8) {
            0..=2 => Expr::Throw(
                self.tag(),
                Box::new(Expr::Const(self.random.below(100) as i32)),
            ),
            3 if !self.parts.is_empty() => {
                Expr::Rethrow(self.parts[self.random.below(self.parts.len())])
            }
            4 if self.functions != 0 => Expr::Call(self.random.below(self.functions)),
            5 => Expr::Host(Box::new(Expr::Const(self.random.below(100) as i32))),
            _ => Expr::Log(Box::new(Expr::Const(self.random.below(100) as i32))),
        }
    }
}

/// Makes a program of several functions, of which each can call those before it.
fn program(random: &mut Random) -> Vec<Expr> {
    let make = |functions| {
        let mut maker = Maker {
            random: &mut *random,
            functions,
            next_label: BODY,
            labels: vec![BODY],
            parts: Vec::new(),
        };
        maker.expr(4)
    };
    (0..5).map(make).collect()
}

/// Runs all functions of a program, and returns for each the result, or the tag of an uncaught
/// exception, and the log.
fn run(engine: &Engine, text: &str) -> Vec<(Option<i32>, i32)> {
    let mut store = Store::new(engine, ());
    // An error if code does not consume fuel.
    let _ = store.set_fuel(1 << 40);
    let ty = TagType::new(FuncType::new(engine, [ValType::I32], []));
    let number = Tag::new(&mut store, &ty).unwrap();
    let host = move |mut caller: Caller<'_, ()>, value: i32| -> Result<i32, Error> {
        if value & 1 == 0 {
            return Ok(value);
        }
        let ty = ExnType::from_tag_type(&number.ty(&caller))?;
        let allocator = ExnRefPre::new(&mut caller, ty);
        let exception = ExnRef::new(&mut caller, &allocator, &number, &[Val::I32(value)])?;
        caller.throw(exception)
    };
    let host = Func::wrap(&mut store, host);
    let imports = [number.into(), host.into()];
    let instance = Instance::new(&mut store, &module(engine, text), &imports).unwrap();
    let functions = text.matches("(func $f").count();
    let run = |index: usize| {
        let log = instance.get_global(&mut store, "log").unwrap();
        log.set(&mut store, Val::I32(0)).unwrap();
        let result = call(&mut store, &instance, &format!("f{index}"), &[]);
        let result = match result {
            Ok(results) => results[0].i32(),
            Err(error) => {
                assert!(store.take_pending_exception().is_some(), "{error:?}");
                None
            }
        };
        (result, log.get(&mut store).i32().unwrap())
    };
    (0..functions).map(run).collect()
}

#[test]
fn nestings_of_both_forms_are_as_in_the_reference() {
    let mut random = Random(1);
    let mut programs = Vec::new();
    let (mut caught, mut uncaught) = (0, 0);
    while programs.len() < 400 {
        let functions = program(&mut random);
        let outcome = |function: usize| {
            let mut reference = Reference {
                functions: &functions,
                log: 0,
                steps: 20_000,
                caught: Vec::new(),
            };
            match reference.call(function) {
                Ok(value) => Some((Some(value), reference.log)),
                Err(Leaves::Exception(_)) => Some((None, reference.log)),
                Err(Leaves::OutOfSteps) => None,
                Err(other) => panic!("{other:?} leaves a function"),
            }
        };
        let expected: Option<Vec<_>> = (0..functions.len()).map(outcome).collect();
        if let Some(expected) = expected {
            caught += expected.iter().filter(|(value, _)| value.is_some()).count();
            uncaught += expected.iter().filter(|(value, _)| value.is_none()).count();
            programs.push((text_of(&functions), expected));
        }
    }
    assert!(caught > 500 && uncaught > 200, "{caught}, {uncaught}");
    let number = Cell::new(0);
    each_mode(
        |config| {
            // Both with and without the cells that charge.
            config.consume_fuel(number.replace(number.get() + 1) % 2 == 1);
        },
        |engine| {
            for (text, expected) in &programs {
                assert_eq!(&run(engine, text), expected, "{text}");
            }
        },
    );
}
