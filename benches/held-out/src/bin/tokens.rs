//! A tokenizer that is generated as a state machine, and a calculator of parser combinators.
#![no_main]

use std::fmt::Write;

use logos::Logos;
use support::{Checksum, Random, text};
use winnow::ascii::{digit1, space0};
use winnow::combinator::{alt, delimited, preceded, repeat};
use winnow::prelude::*;

#[derive(Logos, Clone, Copy)]
#[logos(skip r"[ \t\n]+")]
enum Token {
    #[token("fn")]
    Function,
    #[token("let")]
    Let,
    #[regex("[a-zA-Z_][a-zA-Z0-9_]*")]
    Name,
    #[regex(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")]
    Number,
    #[regex(r#""([^"\\]|\\.)*""#)]
    Text,
    #[regex(r"[-+*/=<>!&|]=?")]
    Operator,
    #[regex(r"[(){}\[\],;]")]
    Mark,
}

fn term(input: &mut &str) -> ModalResult<i64> {
    delimited(
        space0,
        alt((digit1.parse_to(), delimited('(', sum, ')'))),
        space0,
    )
    .parse_next(input)
}

fn product(input: &mut &str) -> ModalResult<i64> {
    let first = term.parse_next(input)?;
    repeat(0.., preceded('*', term))
        .fold(move || first, i64::wrapping_mul)
        .parse_next(input)
}

fn sum(input: &mut &str) -> ModalResult<i64> {
    let first = product.parse_next(input)?;
    repeat(0.., preceded('+', product))
        .fold(move || first, i64::wrapping_add)
        .parse_next(input)
}

/// Tokenizes `n` statements, and evaluates their sums.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x70c);
    let mut checksum = Checksum::new();
    let mut source = String::new();
    for _ in 0..n.max(1) {
        let (a, b) = (text::word(&mut random), text::word(&mut random));
        let expression = expression(&mut random, 4);
        writeln!(
            source,
            "let {a} = {expression} + 1.5e3; fn {b}({a}, \"{b}\\n\") {{ {a} <= [0] }}"
        )
        .expect("writing to memory");
        let value = sum.parse(expression.as_str()).expect("a valid expression");
        checksum.word(value.cast_unsigned());
    }
    for (token, range) in Token::lexer(&source).spanned() {
        checksum.word(token.expect("a valid token") as u64 * 1000 + range.len() as u64);
    }
    checksum.finish()
}

fn expression(random: &mut Random, depth: u32) -> String {
    if depth == 0 || random.chance(20) {
        return random.below(1000).to_string();
    }
    let (left, right) = (expression(random, depth - 1), expression(random, depth - 1));
    match random.below(3) {
        0 => format!("{left} + {right}"),
        1 => format!("{left} * {right}"),
        _ => format!("({left} + {right})"),
    }
}
