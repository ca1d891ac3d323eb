//! Parsers: a regular expression matched by backtracking, and sums parsed with combinators.

use std::fmt::Write;

use nom::IResult;
use nom::branch::alt;
use nom::character::complete::{char, digit1, multispace0};
use nom::combinator::map_res;
use nom::multi::fold_many0;
use nom::sequence::{delimited, pair};
use regex_lite::Regex;
use support::{Checksum, Random, text};

fn atom(input: &str) -> IResult<&str, i64> {
    let number = map_res(digit1, str::parse);
    let nested = delimited(char('('), sum, char(')'));
    delimited(multispace0, alt((number, nested)), multispace0)(input)
}

fn product(input: &str) -> IResult<&str, i64> {
    let (rest, first) = atom(input)?;
    let more = pair(alt((char('*'), char('/'))), atom);
    let apply = |left: i64, (operator, right): (char, i64)| match operator {
        '*' => left.wrapping_mul(right),
        _ => left / right.max(1),
    };
    fold_many0(more, move || first, apply)(rest)
}

fn sum(input: &str) -> IResult<&str, i64> {
    let (rest, first) = product(input)?;
    let more = pair(alt((char('+'), char('-'))), product);
    let apply = |left: i64, (operator, right): (char, i64)| match operator {
        '+' => left.wrapping_add(right),
        _ => left.wrapping_sub(right),
    };
    fold_many0(more, move || first, apply)(rest)
}

/// Searches `n` lines for addresses, and evaluates as many sums.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let pattern = r"(\w+)@(\w+)\.(com|org)|[0-9]{3}-[0-9]{4}";
    let pattern = Regex::new(pattern).expect("a pattern");
    let mut random = Random::new(0x4e);
    let mut checksum = Checksum::new();
    for round in 0..n {
        let mut line = String::new();
        for _ in 0..10 {
            let (user, host) = (text::word(&mut random), text::word(&mut random));
            let domain = random.pick(&["org", "net", "com"]);
            let number = random.below(10_000);
            write!(
                line,
                "{user}@{host}.{domain} or {:03}-{number:04}; ",
                round % 1000
            )
            .expect("memory");
        }
        for found in pattern.captures_iter(&line) {
            checksum.word(found.get(0).map_or(0, |all| all.start() as u64));
            checksum.bytes(found.get(1).map_or("", |user| user.as_str()).as_bytes());
        }
        let [a, b, c] = [0; 3].map(|_| random.below(100));
        let terms = format!("(1 + {a}) * ({b} - 7*({c}+3)) / 3 + {a}*2 - (4 * ((5+6)))");
        let (_, value) = sum(&terms).expect("a sum");
        checksum.word(value as u64);
    }
    checksum.finish()
}
